//! What a permit asks of a row, as SQL.

use super::table::TablePolicies;
use crate::{Parameter, Printer, Row, Scope, Unsupported, setting};
use archwright_plan::model::{Expression, ExpressionKind, FieldKind, Model, Type};
use archwright_plan::{CallerClass, ColumnSource, Permit, TablePurpose, TableSecurity};

/// What a permit is asked about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// The row as it is: `when`, and the state that a move starts from.
    Before,
    /// A new row: `when` and `after`.
    New,
    /// The row `o` as it was together with the row `t` that is left.
    Both,
}

impl TablePolicies<'_> {
    /// The permits on the row `t`, or on what it leads to.
    pub fn outside(
        &self,
        printer: &mut Printer<'_>,
        permits: &[Permit],
        asks: Asks,
    ) -> Result<String, Unsupported> {
        let row = match self.table.purpose {
            TablePurpose::Link(field) => Row::Key {
                entity: field.entity,
                id: format!(
                    "t.{}",
                    printer.column_name(self.table, ColumnSource::LinkNear)?
                ),
            },
            TablePurpose::Entity(entity) => Row::Alias {
                entity,
                alias: "t".to_owned(),
            },
            TablePurpose::System(_) => return Err(Unsupported::new("rules of a system table")),
        };
        self.about(printer, self.one, row, permits, asks)
    }

    /// The permits on the row that another one leads to, which has to be there.
    pub fn about(
        &self,
        printer: &mut Printer<'_>,
        one: &TableSecurity,
        row: Row,
        permits: &[Permit],
        asks: Asks,
    ) -> Result<String, Unsupported> {
        let start = matches!(row, Row::Alias { .. }) && one.path.is_empty();
        if start {
            let mut ways = Vec::new();
            for permit in permits {
                ways.push(self.way(printer, permit, &Scope::row(row.clone()), asks)?);
            }
            return Ok(format!("({})", any(ways)));
        }
        let mut row = row;
        for field in &one.path {
            let id = printer.column(&row, ColumnSource::Field(*field))?;
            let target = self.plan.model.field(*field).to_one();
            let target = target
                .ok_or_else(|| Unsupported::new("a part without a whole"))?
                .target;
            row = Row::Key { entity: target, id };
        }
        let id = printer.row_id(&row)?;
        let alias = printer.fresh_alias();
        let scope = Scope::alias(one.subject, &alias);
        let mut ways = Vec::new();
        for permit in permits {
            ways.push(self.way(printer, permit, &scope, asks)?);
        }
        let table = printer.table(one.subject);
        let key = printer.column_name(self.plan.table(one.subject), ColumnSource::Id)?;
        let active = printer.active(one.subject, &alias);
        Ok(format!(
            "EXISTS (SELECT 1 FROM {table} {alias} WHERE {alias}.{key} = {id}{active} AND ({}))",
            any(ways)
        ))
    }

    /// All that one permit asks for.
    pub fn way(
        &self,
        printer: &mut Printer<'_>,
        permit: &Permit,
        scope: &Scope,
        asks: Asks,
    ) -> Result<String, Unsupported> {
        let mut parts = Vec::new();
        if permit.caller != CallerClass::Anyone {
            parts.push(gate(printer, permit.caller)?);
        }
        if let Some(when) = &permit.when {
            parts.push(printer.condition(when, scope)?);
        }
        parts.extend(self.transition(printer, permit, scope, asks)?);
        if let Some(after) = permit.after.as_ref().filter(|_| asks != Asks::Before) {
            let left = match asks {
                Asks::Both => Scope::alias(self.one.subject, "t"),
                _ => scope.clone(),
            };
            parts.push(printer.condition(after, &left)?);
        }
        Ok(match parts.is_empty() {
            true => "TRUE".to_owned(),
            false => format!("({})", parts.join(" AND ")),
        })
    }

    /// The states before and after.
    fn transition(
        &self,
        printer: &mut Printer<'_>,
        permit: &Permit,
        scope: &Scope,
        asks: Asks,
    ) -> Result<Vec<String>, Unsupported> {
        let machine = self.plan.model.entity(self.one.subject).state.as_ref();
        let (Some(machine), Some(before)) = (machine, &scope.this) else {
            return Ok(Vec::new());
        };
        let left = Row::Alias {
            entity: self.one.subject,
            alias: "t".to_owned(),
        };
        let state = |printer: &mut Printer<'_>, row: &Row| {
            printer.column(row, ColumnSource::Field(machine.field))
        };
        let mut parts = Vec::new();
        if let Some(transition) = &permit.transition {
            let mut from = Vec::new();
            for name in &transition.from {
                from.push(setting::text(printer, name)?);
            }
            let before = state(printer, before)?;
            parts.push(format!("{before} IN ({})", from.join(", ")));
        }
        if asks == Asks::Both {
            let after = state(printer, &left)?;
            let wanted = match &permit.transition {
                Some(transition) => setting::text(printer, &transition.to)?,
                None => state(printer, before)?,
            };
            parts.push(format!("{after} = {wanted}"));
        }
        Ok(parts)
    }
}

/// That the caller is of a class.
pub(super) fn gate(printer: &mut Printer<'_>, class: CallerClass) -> Result<String, Unsupported> {
    let signed_in = printer.flag(Parameter::SignedIn)?;
    match class {
        CallerClass::Anyone => Ok("TRUE".to_owned()),
        CallerClass::SignedIn => Ok(signed_in),
        CallerClass::Role(role) => {
            let role = printer.flag(Parameter::HasRole(role))?;
            Ok(format!("({signed_in} AND {role})"))
        }
    }
}

pub(super) fn any(ways: Vec<String>) -> String {
    match ways.is_empty() {
        true => "FALSE".to_owned(),
        false => ways.join(" OR "),
    }
}

/// Whether a condition looks at other rows than the one that it is about. The caller's tenant is a setting.
pub(super) fn leaves(model: &Model, expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Field { of, field } => {
            let field = model.field(*field);
            match (&of.kind, &field.kind, &field.computed) {
                (ExpressionKind::This, FieldKind::Scalar(_), Some(computed)) => {
                    leaves(model, computed)
                }
                (ExpressionKind::This, FieldKind::Scalar(_) | FieldKind::ToOne(_), _) => false,
                _ => true,
            }
        }
        ExpressionKind::Quantifier { .. }
        | ExpressionKind::Aggregate { .. }
        | ExpressionKind::Filter { .. }
        | ExpressionKind::Map { .. } => true,
        ExpressionKind::In { list, .. } if matches!(list.ty, Type::Rows(_)) => true,
        _ => expression
            .children()
            .into_iter()
            .any(|part| leaves(model, part)),
    }
}
