//! Expressions as SQL. Every Bool is 0 or 1 and never missing, unless the expression itself may be missing.

use crate::dialect::from_units;
use crate::printer::Binding;
use crate::{Dialect, Parameter, Printer, Row, Scope, Source, Unsupported};
use archwright_plan::model::calendar::instant_from_text;
use archwright_plan::model::{
    Aggregate, BinaryOperator, EntityId, Expression, ExpressionKind, FieldId, FieldKind, Function,
    Literal, Quantifier, ScalarType, Type, VariableId,
};
use archwright_plan::{ColumnSource, ColumnType};

pub(crate) type Printed = Result<String, Unsupported>;

impl Printer<'_> {
    /// A condition: true or false, a missing value counts as false.
    pub fn condition(&mut self, expression: &Expression, scope: &Scope) -> Printed {
        let text = self.value(expression, scope)?;
        Ok(if expression.nullable {
            self.false_if_missing(&text)
        } else {
            text
        })
    }

    pub(crate) fn false_if_missing(&self, text: &str) -> String {
        format!("COALESCE({text}, {})", self.dialect.boolean(false))
    }

    /// A value: rows stand for their ids, instants and durations for milliseconds, decimals for unscaled integers of
    /// their type's scale (where the dialect stores them so), uuids for their text.
    pub fn value(&mut self, expression: &Expression, scope: &Scope) -> Printed {
        match &expression.kind {
            ExpressionKind::Literal(literal) => self.literal(literal, &expression.ty),
            ExpressionKind::This
            | ExpressionKind::Caller
            | ExpressionKind::CallerTenant
            | ExpressionKind::Variable(_) => {
                let row = self.row(expression, scope)?;
                self.row_id(&row)
            }
            ExpressionKind::CallerToken => self.typed(Parameter::CallerToken, &Type::Text),
            ExpressionKind::SignedIn => self.typed(Parameter::SignedIn, &Type::Bool),
            ExpressionKind::HasRole(role) => self.typed(Parameter::HasRole(*role), &Type::Bool),
            ExpressionKind::Now => self.typed(Parameter::Now, &Type::DateTime),
            ExpressionKind::Today => self.typed(Parameter::Today, &Type::Date),
            ExpressionKind::Binding(binding) => match scope.binding(*binding) {
                Some(row) => self.row_id(&row),
                None => self.typed(Parameter::Binding(*binding), &expression.ty),
            },
            ExpressionKind::Input { place, path } => {
                let parameter = Parameter::Input {
                    place: *place,
                    path: path.clone(),
                };
                self.typed(parameter, &expression.ty)
            }
            ExpressionKind::Given { place, path } => {
                let parameter = Parameter::Given {
                    place: *place,
                    path: path.clone(),
                };
                self.typed(parameter, &Type::Bool)
            }
            ExpressionKind::Field { of, field } => {
                let row = self.row(of, scope)?;
                let text = self.field(&row, *field)?;
                Ok(self.spelled(text, expression))
            }
            ExpressionKind::Id(of) => {
                let row = self.row(of, scope)?;
                let text = self.row_id(&row)?;
                Ok(self.spelled(text, expression))
            }
            ExpressionKind::Not(inner) => Ok(format!("(NOT {})", self.condition(inner, scope)?)),
            ExpressionKind::Negate(inner) => {
                let text = self.value(inner, scope)?;
                Ok(format!("(- {})", self.wide(text, &expression.ty)))
            }
            ExpressionKind::Binary {
                operator,
                left,
                right,
            } => self.binary(expression, *operator, left, right, scope),
            ExpressionKind::In { item, list } => self.membership(item, list, scope),
            ExpressionKind::Conditional {
                test,
                then,
                otherwise,
            } => {
                let test = self.condition(test, scope)?;
                let then = self.scaled(then, &expression.ty, scope)?;
                let otherwise = self.scaled(otherwise, &expression.ty, scope)?;
                Ok(format!(
                    "(CASE WHEN {test} THEN {then} ELSE {otherwise} END)"
                ))
            }
            ExpressionKind::Quantifier {
                quantifier,
                over,
                variable,
                condition,
            } => self.quantifier(*quantifier, over, *variable, condition, scope),
            ExpressionKind::Aggregate {
                aggregate,
                over,
                variable,
                condition,
                value,
            } => {
                let parts = AggregateParts {
                    over,
                    variable: *variable,
                    condition: condition.as_deref(),
                    value: value.as_deref(),
                };
                self.aggregate(expression, *aggregate, &parts, scope)
            }
            ExpressionKind::Function {
                function,
                arguments,
            } => self.function(expression, *function, arguments, scope),
            ExpressionKind::Map {
                over,
                variable,
                value,
            } => self.map(over, *variable, value, scope),
            ExpressionKind::Filter { .. } => self.row_ids(expression, scope),
            ExpressionKind::List(_) => Err(Unsupported::at("a list as a value", expression.span)),
            ExpressionKind::Part { .. } => {
                Err(Unsupported::at("a part of an error", expression.span))
            }
        }
    }

    fn literal(&mut self, literal: &Literal, ty: &Type) -> Printed {
        let literal = match (literal, ty) {
            (Literal::Null, _) => return Ok("NULL".to_owned()),
            (literal, Type::Decimal { .. })
                if self.is_inline() && self.dialect == Dialect::Postgres =>
            {
                literal.clone()
            }
            (Literal::Text(text), Type::DateTime) if self.dialect.instants_are_integers() => {
                let instant = instant_from_text(text);
                Literal::Int(
                    instant.ok_or_else(|| Unsupported::new(format!("{text:?} as an instant")))?,
                )
            }
            (Literal::Decimal { units, scale }, _) => {
                let units = match ty {
                    Type::Decimal { scale: wanted } if wanted >= scale => 10_i64
                        .checked_pow(wanted - scale)
                        .and_then(|power| units.checked_mul(power)),
                    _ => Some(*units),
                };
                Literal::Int(
                    units.ok_or_else(|| Unsupported::new("a number of more than 18 digits"))?,
                )
            }
            (Literal::Int(value), Type::Decimal { scale }) => {
                let units = 10_i64
                    .checked_pow(*scale)
                    .and_then(|power| value.checked_mul(power));
                Literal::Int(
                    units.ok_or_else(|| Unsupported::new("a number of more than 18 digits"))?,
                )
            }
            (literal, _) => literal.clone(),
        };
        self.typed(Parameter::Literal(literal), ty)
    }

    /// A parameter whose type PostgreSQL need not guess: places that share it may take it for different ones.
    pub(crate) fn typed(&mut self, parameter: Parameter, ty: &Type) -> Printed {
        let text = self.parameter(parameter)?;
        Ok(match (self.dialect, ty) {
            (Dialect::Postgres, Type::Decimal { scale }) if !self.is_inline() => {
                from_units(&text, *scale)
            }
            (_, Type::Text) if self.binding != Binding::Numbered => text,
            _ => match self.dialect.cast(ty, self.plan) {
                Some(cast) => format!("{text}::{cast}"),
                None => text,
            },
        })
    }

    /// A parameter in the form in which a column stores values.
    pub fn stored(&mut self, parameter: Parameter, ty: ColumnType) -> Printed {
        let text = self.parameter(parameter)?;
        Ok(self.dialect.converted(&text, ty))
    }

    /// A parameter that is true or false.
    pub fn flag(&mut self, parameter: Parameter) -> Printed {
        self.typed(parameter, &Type::Bool)
    }

    /// The values of a JSON list.
    pub fn list_values(&self, list: &str, ty: &Type) -> String {
        let cast = self.dialect.cast(ty, self.plan).unwrap_or("text");
        self.dialect.list_values(list, ty, cast)
    }

    /// An id in one of the lists of [`Dialect::json_lists`].
    pub fn listed_id(&self, alias: &str, index: usize, entity: EntityId) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("json_extract({alias}.value, '$[{index}]')"),
            Dialect::Postgres => {
                let cast = self.dialect.cast(&Type::Row(entity), self.plan);
                format!("({alias}.value->>{index})::{}", cast.unwrap_or("text"))
            }
        }
    }

    /// Whole numbers are calculated without a limit, whatever their columns have, so that a result that is too large is
    /// no error: the reader takes the nearest one that fits.
    fn wide(&self, text: String, ty: &Type) -> String {
        match (self.dialect, ty) {
            (Dialect::Postgres, Type::Int) => format!("({text})::numeric"),
            _ => text,
        }
    }

    /// A JSON list of a value of each row.
    fn map(
        &mut self,
        over: &Expression,
        variable: VariableId,
        value: &Expression,
        scope: &Scope,
    ) -> Printed {
        let (mut source, order) = match (&over.kind, &over.ty) {
            (
                ExpressionKind::Binding(_) | ExpressionKind::Conditional { .. },
                Type::Rows(entity),
            ) => self.ordered_rows(over, *entity, scope)?,
            _ => {
                let source = self.source(over, scope)?;
                let order = self.natural_order(&source)?;
                (source, order)
            }
        };
        let inner = scope.with(variable, source.row.clone());
        let text = self.read_from(&mut source, |printer| printer.value(value, &inner))?;
        let text = self.dialect.list_item(&text, &value.ty);
        self.listed(&source, &text, &order)
    }

    /// The ids of rows as a JSON list.
    pub(crate) fn row_ids(&mut self, over: &Expression, scope: &Scope) -> Printed {
        self.ids(over, scope, "")
    }

    /// The ids of rows as a JSON list: of more than so many rows, one more, which tells that there are too many.
    pub fn row_ids_within(&mut self, most: usize, over: &Expression, scope: &Scope) -> Printed {
        self.ids(over, scope, &format!(" LIMIT {}", most + 1))
    }

    fn ids(&mut self, over: &Expression, scope: &Scope, limit: &str) -> Printed {
        if matches!(over.kind, ExpressionKind::Binding(_)) {
            return self.value(over, scope);
        }
        if let ExpressionKind::Conditional {
            test,
            then,
            otherwise,
        } = &over.kind
        {
            let test = self.condition(test, scope)?;
            let then = self.ids(then, scope, limit)?;
            let otherwise = self.ids(otherwise, scope, limit)?;
            return Ok(self.dialect.either_list(&test, &then, &otherwise));
        }
        if let ExpressionKind::Literal(Literal::Null) = over.kind {
            return Ok("NULL".to_owned());
        }
        let source = self.source(over, scope)?;
        let id = self.row_id(&source.row)?;
        let order = self.natural_order(&source)?;
        self.listed(&source, &id, &format!("{order}{limit}"))
    }

    /// Parts by their position, other rows in the order of their ids.
    fn natural_order(&mut self, source: &Source) -> Printed {
        match self.column(&source.row, ColumnSource::Position) {
            Ok(position) => Ok(position),
            Err(_) => self.row_id(&source.row),
        }
    }

    fn listed(&mut self, source: &Source, value: &str, order: &str) -> Printed {
        let alias = self.fresh_alias();
        let list = self.dialect.json_list(&format!("{alias}.v"));
        Ok(format!(
            "(SELECT {list} FROM (SELECT {value} AS v FROM {} WHERE {} ORDER BY {order}) {alias})",
            source.from, source.condition
        ))
    }

    /// The row that an expression of type `Row` stands for.
    pub fn row(&mut self, expression: &Expression, scope: &Scope) -> Result<Row, Unsupported> {
        match &expression.kind {
            ExpressionKind::This => {
                let this = scope.this.clone();
                this.ok_or_else(|| Unsupported::at("a row where there is none", expression.span))
            }
            ExpressionKind::Variable(variable) => {
                let found = scope
                    .variables
                    .iter()
                    .rev()
                    .find(|(known, _)| known == variable);
                let found = found.map(|(_, row)| row.clone());
                found.ok_or_else(|| Unsupported::at("a variable that is no row", expression.span))
            }
            ExpressionKind::Caller => self.caller(),
            ExpressionKind::Binding(binding) if let Some(row) = scope.binding(*binding) => Ok(row),
            ExpressionKind::CallerTenant => {
                let caller = self.caller()?;
                let account = self.plan.model.entity(caller.entity());
                let tenant = account.tenant.zip(self.plan.model.tenant);
                if let (Some((_, entity)), Binding::Settings) = (tenant, self.binding) {
                    let cast = self.dialect.cast(&Type::Row(entity), self.plan);
                    let id = crate::setting::tenant_id(cast.unwrap_or("text"));
                    return Ok(Row::Key { entity, id });
                }
                let (field, entity) = tenant.ok_or_else(|| {
                    Unsupported::at("the caller's tenant without tenants", expression.span)
                })?;
                let id = self.column(&caller, ColumnSource::Field(field))?;
                Ok(Row::Key { entity, id })
            }
            _ => {
                let Type::Row(entity) = expression.ty else {
                    return Err(Unsupported::at(
                        "a field of what is no row",
                        expression.span,
                    ));
                };
                let id = self.value(expression, scope)?;
                Ok(Row::Key { entity, id })
            }
        }
    }

    pub(crate) fn caller(&mut self) -> Result<Row, Unsupported> {
        let account = self.plan.model.account.as_ref();
        let account =
            account.ok_or_else(|| Unsupported::new("the caller of a design without accounts"))?;
        let entity = account.entity;
        self.row_named(Parameter::CallerId, entity)
    }

    /// The row whose id is a parameter.
    pub fn row_named(
        &mut self,
        parameter: Parameter,
        entity: EntityId,
    ) -> Result<Row, Unsupported> {
        let id = self.typed(parameter, &Type::Row(entity))?;
        Ok(Row::Key { entity, id })
    }

    /// A scalar's value, or the id of a to-one relation's row. Computed fields are written out, at their own scale.
    pub fn field(&mut self, row: &Row, field: FieldId) -> Printed {
        let plan = self.plan;
        let definition = plan.model.field(field);
        if matches!(definition.kind, FieldKind::ToMany(_)) {
            return Err(Unsupported::at("rows as a value", definition.span));
        }
        let Some(computed) = &definition.computed else {
            return self.column(row, ColumnSource::Field(field));
        };
        let ty = definition
            .scalar()
            .map_or(Type::Null, ScalarType::value_type);
        self.scaled(computed, &ty, &Scope::row(row.clone()))
    }

    /// The value as the column of a field stores it.
    pub fn assigned(&mut self, expression: &Expression, field: FieldId, scope: &Scope) -> Printed {
        let scalar = self.plan.model.field(field).scalar();
        let ty = scalar.map_or(Type::Null, ScalarType::value_type);
        self.scaled(expression, &ty, scope)
    }

    /// The value at the scale of a type.
    pub(crate) fn scaled(&mut self, expression: &Expression, ty: &Type, scope: &Scope) -> Printed {
        let text = self.value(expression, scope)?;
        match (scale(&expression.ty), scale(ty)) {
            (Some(from), Some(to)) => self.rescale(text, from, to),
            _ => Ok(text),
        }
    }

    /// Rounds half away from zero when digits are lost.
    fn rescale(&mut self, text: String, from: u32, to: u32) -> Printed {
        if !self.dialect.unscaled_decimals() {
            // Results keep so many digits as their type says: the reader takes them for units.
            return Ok(if from != to {
                format!("round({text}, {to})")
            } else {
                text
            });
        }
        let power = 10_i64.checked_pow(from.abs_diff(to));
        let power = power.ok_or_else(|| Unsupported::new("more than 18 digits after the point"))?;
        if from <= to {
            return Ok(if from == to {
                text
            } else {
                format!("({text} * {power})")
            });
        }
        let half = power / 2;
        if !text.contains("SELECT") {
            return Ok(format!(
                "(({text} + CASE WHEN {text} < 0 THEN -{half} ELSE {half} END) / {power})"
            ));
        }
        // A subquery is named, so that it is written once.
        let alias = self.fresh_alias();
        Ok(format!(
            "(SELECT ({alias}.n + CASE WHEN {alias}.n < 0 THEN -{half} ELSE {half} END) / {power} \
             FROM (SELECT {text} AS n) {alias})"
        ))
    }

    fn binary(
        &mut self,
        whole: &Expression,
        operator: BinaryOperator,
        left: &Expression,
        right: &Expression,
        scope: &Scope,
    ) -> Printed {
        match operator {
            BinaryOperator::And => Ok(format!(
                "({} AND {})",
                self.condition(left, scope)?,
                self.condition(right, scope)?
            )),
            BinaryOperator::Or => Ok(format!(
                "({} OR {})",
                self.condition(left, scope)?,
                self.condition(right, scope)?
            )),
            BinaryOperator::Equal | BinaryOperator::NotEqual => {
                self.equality(operator, left, right, scope)
            }
            BinaryOperator::Less => self.ordering("<", left, right, scope),
            BinaryOperator::LessOrEqual => self.ordering("<=", left, right, scope),
            BinaryOperator::Greater => self.ordering(">", left, right, scope),
            BinaryOperator::GreaterOrEqual => self.ordering(">=", left, right, scope),
            BinaryOperator::Add if whole.ty == Type::Text => {
                let (left, right) = (self.value(left, scope)?, self.value(right, scope)?);
                Ok(format!("({left} || {right})"))
            }
            BinaryOperator::Add => self.sum("+", whole, left, right, scope),
            BinaryOperator::Subtract => self.sum("-", whole, left, right, scope),
            BinaryOperator::Multiply => {
                let (first, second) = (self.value(left, scope)?, self.value(right, scope)?);
                let first = self.wide(first, &left.ty);
                let text = format!("({first} * {})", self.wide(second, &right.ty));
                match (scale(&left.ty), scale(&right.ty), scale(&whole.ty)) {
                    (Some(left), Some(right), Some(wanted)) => {
                        self.rescale(text, left + right, wanted)
                    }
                    _ => Ok(text),
                }
            }
            BinaryOperator::Divide | BinaryOperator::Remainder => {
                let (left, right) = (self.value(left, scope)?, self.value(right, scope)?);
                let left = self.wide(left, &Type::Int);
                let sign = if operator == BinaryOperator::Divide {
                    "/"
                } else {
                    "%"
                };
                Ok(self.dialect.divide(sign, &left, &right))
            }
        }
    }

    fn sum(
        &mut self,
        sign: &str,
        whole: &Expression,
        left: &Expression,
        right: &Expression,
        scope: &Scope,
    ) -> Printed {
        let types = (&left.ty, &right.ty);
        let left = self.scaled(left, &whole.ty, scope)?;
        let right = self.scaled(right, &whole.ty, scope)?;
        if self.dialect == Dialect::Postgres {
            match types {
                (Type::DateTime, Type::DateTime) => {
                    return Ok(format!(
                        "(round(extract(epoch FROM ({left} - {right})) * 1000))::bigint"
                    ));
                }
                (Type::DateTime, _) => {
                    return Ok(format!(
                        "({left} {sign} {right} * interval '1 millisecond')"
                    ));
                }
                (_, Type::DateTime) => {
                    return Ok(format!(
                        "({left} * interval '1 millisecond' {sign} {right})"
                    ));
                }
                _ => {}
            }
        }
        let left = self.wide(left, &whole.ty);
        Ok(format!("({left} {sign} {right})"))
    }

    fn quantifier(
        &mut self,
        quantifier: Quantifier,
        over: &Expression,
        variable: VariableId,
        condition: &Expression,
        scope: &Scope,
    ) -> Printed {
        let mut source = self.source(over, scope)?;
        let inner = scope.with(variable, source.row.clone());
        let condition =
            self.read_from(&mut source, |printer| printer.condition(condition, &inner))?;
        let (outside, inside) = match quantifier {
            Quantifier::Exists => ("", ""),
            Quantifier::All => ("NOT ", "NOT "),
        };
        Ok(format!(
            "({outside}EXISTS (SELECT 1 FROM {} WHERE {} AND {inside}{condition}))",
            source.from, source.condition
        ))
    }

    fn aggregate(
        &mut self,
        whole: &Expression,
        aggregate: Aggregate,
        parts: &AggregateParts<'_>,
        scope: &Scope,
    ) -> Printed {
        let mut source = self.source(parts.over, scope)?;
        let inner = scope.with(parts.variable, source.row.clone());
        let (value, filter) = self.read_from(&mut source, |printer| {
            let value = match (aggregate, parts.value) {
                (Aggregate::Count, _) => None,
                (_, Some(value)) => Some(printer.scaled(value, &whole.ty, &inner)?),
                (_, None) => return Err(Unsupported::at("an aggregate of nothing", whole.span)),
            };
            let filter = match parts.condition {
                Some(condition) => format!(" AND {}", printer.condition(condition, &inner)?),
                None => String::new(),
            };
            Ok((value, filter))
        })?;
        let rows = format!("FROM {} WHERE {}{filter}", source.from, source.condition);
        Ok(match (aggregate, value) {
            (Aggregate::Min, Some(value)) => format!("(SELECT MIN({value}) {rows})"),
            (Aggregate::Max, Some(value)) => format!("(SELECT MAX({value}) {rows})"),
            (Aggregate::Sum, Some(value)) => {
                let alias = self.fresh_alias();
                let (sum, from) = self.dialect.sum(&value, &rows, &alias);
                let sum = self.wide(format!("COALESCE({sum}, 0)"), &whole.ty);
                format!("(SELECT {sum} {from})")
            }
            (Aggregate::Avg, Some(value)) => self.average(&value, &whole.ty, &rows),
            (_, _) => format!("(SELECT COUNT(*) {rows})"),
        })
    }

    /// Rounds half away from zero, in integers.
    fn average(&mut self, value: &str, ty: &Type, rows: &str) -> String {
        if !self.dialect.unscaled_decimals() {
            let scale = scale(ty).unwrap_or(0);
            return format!("(SELECT round(AVG({value}), {scale}) {rows})");
        }
        let alias = self.fresh_alias();
        let (sum, from) = self.dialect.sum(value, rows, &alias);
        let count = format!("COUNT({alias}.n)");
        format!(
            "(SELECT (2 * {sum} + CASE WHEN {sum} < 0 THEN -{count} ELSE {count} END) / (2 * {count}) {from})"
        )
    }

    fn function(
        &mut self,
        whole: &Expression,
        function: Function,
        arguments: &[Expression],
        scope: &Scope,
    ) -> Printed {
        let mut texts = Vec::with_capacity(arguments.len());
        for argument in arguments {
            texts.push(self.scaled(argument, &whole.ty, scope)?);
        }
        let missing = arguments.iter().any(|argument| argument.nullable);
        match (function, texts.as_slice()) {
            (Function::Size, [text]) => {
                let is_list = matches!(arguments[0].ty, Type::List(_));
                Ok(self.dialect.size(text, is_list))
            }
            (Function::Lower, [text]) => Ok(self.dialect.lower(text)),
            (Function::Upper, [text]) => Ok(self.dialect.upper(text)),
            (Function::Trim, [text]) => Ok(self.dialect.trim(text)),
            (Function::StartsWith, [text, part]) => Ok(self.total(
                missing,
                format!("(substr({text}, 1, length({part})) = {part})"),
            )),
            (Function::EndsWith, [text, part]) => Ok(self.total(
                missing,
                format!(
                    "(length({text}) >= length({part}) \
                     AND substr({text}, length({text}) - length({part}) + 1) = {part})"
                ),
            )),
            (Function::Contains, [text, part]) => {
                let position = self.dialect.position(text, part);
                Ok(self.total(missing, format!("({position} > 0)")))
            }
            (Function::Duration, [text]) => Ok(text.clone()),
            (Function::Date, [text]) => Ok(self.dialect.date_of(text)),
            (Function::Coalesce, [text]) => Ok(text.clone()),
            (Function::Coalesce, [_, ..]) => Ok(format!("COALESCE({})", texts.join(", "))),
            (Function::Abs, [text]) => Ok(format!("abs({})", self.wide(text.clone(), &whole.ty))),
            (Function::String, [text]) => Ok(self.text_of(text, scale(&arguments[0].ty))),
            _ => Err(Unsupported::at(
                "a function with these arguments",
                whole.span,
            )),
        }
    }

    /// A subquery is named, so that it is written once.
    fn text_of(&mut self, number: &str, scale: Option<u32>) -> String {
        if !number.contains("SELECT") {
            return self.dialect.text_of(number, scale);
        }
        let alias = self.fresh_alias();
        let text = self.dialect.text_of(&format!("{alias}.n"), scale);
        format!("(SELECT {text} FROM (SELECT {number} AS n) {alias})")
    }

    fn total(&self, missing: bool, text: String) -> String {
        if missing {
            self.false_if_missing(&text)
        } else {
            text
        }
    }
}

struct AggregateParts<'e> {
    over: &'e Expression,
    variable: VariableId,
    condition: Option<&'e Expression>,
    value: Option<&'e Expression>,
}

/// Digits after the point of a number; `None` for what is no number.
pub(crate) fn scale(ty: &Type) -> Option<u32> {
    match ty {
        Type::Int => Some(0),
        Type::Decimal { scale } => Some(*scale),
        _ => None,
    }
}
