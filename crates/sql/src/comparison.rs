//! Comparisons: equality, order, and whether a value is one of several.

use crate::dialect::POSTGRES_TEXT;
use crate::printer::Binding;
use crate::value::{Printed, scale};
use crate::{Dialect, Parameter, Printer, Scope, Unsupported};
use archwright_plan::ColumnSource;
use archwright_plan::model::{
    BinaryOperator, Expression, ExpressionKind, FieldId, Literal, ScalarType, Type,
};

impl Printer<'_> {
    /// Both sides at the larger of the two scales.
    fn aligned(
        &mut self,
        left: &Expression,
        right: &Expression,
        scope: &Scope,
    ) -> Result<(String, String), Unsupported> {
        let ty = match (scale(&left.ty), scale(&right.ty)) {
            (Some(left), Some(right)) => Type::Decimal {
                scale: left.max(right),
            },
            _ => Type::Null,
        };
        Ok((
            self.scaled(left, &ty, scope)?,
            self.scaled(right, &ty, scope)?,
        ))
    }

    pub(crate) fn equality(
        &mut self,
        operator: BinaryOperator,
        left: &Expression,
        right: &Expression,
        scope: &Scope,
    ) -> Printed {
        if let Some(text) = self.stored_uuid(operator, left, right, scope)? {
            return Ok(text);
        }
        let (left_text, right_text) = match (self.sensitive(left), self.sensitive(right)) {
            (Some(field), None) => self.blind(field, left, right, scope)?,
            (None, Some(field)) => self.blind(field, right, left, scope)?,
            (Some(_), Some(_)) => {
                return Err(Unsupported::at("two encrypted fields compared", left.span));
            }
            (None, None) if self.is_uuid(left) && self.is_uuid(right) => {
                (self.uuid(left, scope)?, self.uuid(right, scope)?)
            }
            (None, None) => self.aligned(left, right, scope)?,
        };
        let missing = left.nullable || right.nullable;
        let sign = match (operator == BinaryOperator::Equal, missing) {
            (true, false) => "=",
            (true, true) => self.dialect.same(),
            (false, false) => "<>",
            (false, true) => self.dialect.differs(),
        };
        Ok(format!("({left_text} {sign} {right_text})"))
    }

    /// A uuid of a row against a parameter: compared as uuids, so that an index serves. A text that spells none, in
    /// lower case as ids are written, is no row's.
    fn stored_uuid(
        &mut self,
        operator: BinaryOperator,
        left: &Expression,
        right: &Expression,
        scope: &Scope,
    ) -> Result<Option<String>, Unsupported> {
        let (stored, other) = match (self.is_uuid(left), self.is_uuid(right)) {
            (true, false) => (left, right),
            (false, true) => (right, left),
            _ => return Ok(None),
        };
        let Some(given) = own_parameter(other) else {
            return Ok(None);
        };
        if self.binding != Binding::Numbered || stored.nullable || other.nullable {
            return Ok(None);
        }
        let stored = self.uuid(stored, scope)?;
        let given = self.parameter(Parameter::Uuid(Box::new(given)))?;
        Ok(Some(match operator {
            BinaryOperator::Equal => {
                format!("({given}::uuid IS NOT NULL AND {stored} = {given}::uuid)")
            }
            _ => format!("({given}::uuid IS NULL OR {stored} <> {given}::uuid)"),
        }))
    }

    /// Whether it is a column that PostgreSQL holds as a uuid, and expressions take for a text.
    fn is_uuid(&self, expression: &Expression) -> bool {
        if self.dialect == Dialect::Sqlite || expression.ty != Type::Text {
            return false;
        }
        match &expression.kind {
            ExpressionKind::Id(_) => true,
            ExpressionKind::Field { field, .. } => {
                let field = self.plan.model.field(*field);
                field.computed.is_none() && field.scalar() == Some(&ScalarType::Uuid)
            }
            _ => false,
        }
    }

    fn uuid(&mut self, expression: &Expression, scope: &Scope) -> Printed {
        match &expression.kind {
            ExpressionKind::Id(of) => {
                let row = self.row(of, scope)?;
                self.row_id(&row)
            }
            ExpressionKind::Field { of, field } => {
                let row = self.row(of, scope)?;
                self.field(&row, *field)
            }
            _ => Err(Unsupported::at("a uuid of no row", expression.span)),
        }
    }

    /// A column as expressions see it.
    pub(crate) fn spelled(&self, column: String, expression: &Expression) -> String {
        match self.is_uuid(expression) {
            true => format!("({column})::{POSTGRES_TEXT}"),
            false => column,
        }
    }

    fn sensitive(&self, expression: &Expression) -> Option<FieldId> {
        match expression.kind {
            ExpressionKind::Field { field, .. } if self.plan.model.field(field).sensitive => {
                Some(field)
            }
            _ => None,
        }
    }

    /// An encrypted field is compared by its blind index; with null, by its ciphertext.
    fn blind(
        &mut self,
        field: FieldId,
        encrypted: &Expression,
        other: &Expression,
        scope: &Scope,
    ) -> Result<(String, String), Unsupported> {
        let ExpressionKind::Field { of, .. } = &encrypted.kind else {
            return Err(Unsupported::at("an encrypted value", encrypted.span));
        };
        let row = self.row(of, scope)?;
        if matches!(other.kind, ExpressionKind::Literal(Literal::Null)) {
            let column = self.column(&row, ColumnSource::Field(field))?;
            return Ok((column, "NULL".to_owned()));
        }
        let parameter = own_parameter(other).ok_or_else(|| {
            Unsupported::at(
                "an encrypted field compared with what the database holds",
                other.span,
            )
        })?;
        let column = self.column(&row, ColumnSource::BlindIndex(field));
        let column = column.map_err(|_| {
            Unsupported::at("a comparison of a field without a blind index", other.span)
        })?;
        Ok((
            column,
            self.parameter(Parameter::Blind {
                field,
                of: Box::new(parameter),
            })?,
        ))
    }

    pub(crate) fn ordering(
        &mut self,
        sign: &str,
        left: &Expression,
        right: &Expression,
        scope: &Scope,
    ) -> Printed {
        if self.sensitive(left).or(self.sensitive(right)).is_some() {
            return Err(Unsupported::at("an order of encrypted values", left.span));
        }
        let (left_text, right_text) = self.aligned(left, right, scope)?;
        let text = format!("({left_text} {sign} {right_text})");
        Ok(if left.nullable || right.nullable {
            self.false_if_missing(&text)
        } else {
            text
        })
    }

    pub(crate) fn membership(
        &mut self,
        item: &Expression,
        list: &Expression,
        scope: &Scope,
    ) -> Printed {
        match (&list.kind, &list.ty) {
            (ExpressionKind::List(items), _) if items.is_empty() => {
                Ok(self.dialect.boolean(false).to_owned())
            }
            (ExpressionKind::List(items), _)
                if item.nullable || items.iter().any(|item| item.nullable) =>
            {
                let parts = items
                    .iter()
                    .map(|other| self.equality(BinaryOperator::Equal, item, other, scope));
                let parts: Vec<String> = parts.collect::<Result<_, _>>()?;
                Ok(format!("({})", parts.join(" OR ")))
            }
            (ExpressionKind::List(items), _) => self.one_of(item, items, scope),
            (_, Type::Rows(_)) => {
                let id = self.value(item, scope)?;
                let source = self.source(list, scope)?;
                let row_id = self.row_id(&source.row)?;
                Ok(format!(
                    "EXISTS (SELECT 1 FROM {} WHERE {} AND {row_id} = {id})",
                    source.from, source.condition
                ))
            }
            _ => {
                let id = self.value(item, scope)?;
                let values = self.value(list, scope)?;
                let item_type = match &list.ty {
                    Type::List(item) => item.as_ref(),
                    _ => &item.ty,
                };
                let values = self.list_values(&values, item_type);
                Ok(self.false_if_missing(&format!("({id} IN ({values}))")))
            }
        }
    }

    fn one_of(&mut self, item: &Expression, items: &[Expression], scope: &Scope) -> Printed {
        let scales = items.iter().chain([item]).map(|part| scale(&part.ty));
        let ty = match scales.collect::<Option<Vec<u32>>>() {
            Some(scales) => Type::Decimal {
                scale: scales.into_iter().max().unwrap_or(0),
            },
            None => Type::Null,
        };
        if self.sensitive(item).is_some() || self.is_uuid(item) {
            let parts = items
                .iter()
                .map(|other| self.equality(BinaryOperator::Equal, item, other, scope));
            return Ok(format!(
                "({})",
                parts.collect::<Result<Vec<_>, _>>()?.join(" OR ")
            ));
        }
        let text = self.scaled(item, &ty, scope)?;
        let items = items.iter().map(|item| self.scaled(item, &ty, scope));
        Ok(format!(
            "({text} IN ({}))",
            items.collect::<Result<Vec<_>, _>>()?.join(", ")
        ))
    }
}

/// The parameter that an expression is, where it is nothing else.
fn own_parameter(expression: &Expression) -> Option<Parameter> {
    match &expression.kind {
        ExpressionKind::Literal(literal) => Some(Parameter::Literal(literal.clone())),
        ExpressionKind::Input { place, path } => Some(Parameter::Input {
            place: *place,
            path: path.clone(),
        }),
        ExpressionKind::Binding(binding) => Some(Parameter::Binding(*binding)),
        _ => None,
    }
}
