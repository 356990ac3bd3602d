//! Who may: the alternatives of a guard, for a class of callers, as SQL.

use crate::{Dialect, Parameter, Printer, Scope, Statement, Unsupported};
use archwright_plan::model::{EntityId, Expression, Model, RoleId};
use archwright_plan::{Alternative, CallerClass, ColumnSource, Plan};

/// What is known about a caller before any row is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Classes {
    pub signed_in: bool,
    /// Held roles and those they include, sorted.
    pub roles: Vec<RoleId>,
}

impl Classes {
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// Of somebody who was granted these roles.
    pub fn signed_in(model: &Model, granted: &[RoleId]) -> Self {
        let mut roles: Vec<RoleId> = granted
            .iter()
            .filter(|role| role.0 < model.roles.len())
            .flat_map(|role| model.role(*role).includes.clone())
            .collect();
        roles.sort_unstable();
        roles.dedup();
        Self {
            signed_in: true,
            roles,
        }
    }

    pub fn has(&self, role: RoleId) -> bool {
        self.roles.binary_search(&role).is_ok()
    }

    pub fn satisfies(&self, class: CallerClass) -> bool {
        match class {
            CallerClass::Anyone => true,
            CallerClass::SignedIn => self.signed_in,
            CallerClass::Role(role) => self.signed_in && self.has(role),
        }
    }
}

/// Which condition of an alternative is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// `when`: on the row before the write, or the one that is read.
    Before,
    /// `after`: on the row that the write leaves.
    After,
}

impl Phase {
    pub fn of(self, alternative: &Alternative) -> Option<&Expression> {
        match self {
            Self::Before => alternative.when.as_ref(),
            Self::After => alternative.after.as_ref(),
        }
    }
}

/// What a guard comes to for a class of callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// No alternative is for such callers.
    Nobody,
    /// Every row.
    Every,
    /// Rows that meet this condition.
    Rows(String),
}

impl Guard {
    /// To be put behind a WHERE clause's other conditions.
    pub fn and(&self, dialect: Dialect) -> String {
        match self {
            Self::Nobody => format!(" AND {}", dialect.boolean(false)),
            Self::Every => String::new(),
            Self::Rows(condition) => format!(" AND {condition}"),
        }
    }
}

impl Printer<'_> {
    /// The alternatives that are for such callers, joined by OR.
    pub fn guard(
        &mut self,
        alternatives: &[Alternative],
        phase: Phase,
        classes: &Classes,
        scope: &Scope,
    ) -> Result<Guard, Unsupported> {
        let open: Vec<&Alternative> = alternatives
            .iter()
            .filter(|one| classes.satisfies(one.caller))
            .collect();
        if open.is_empty() {
            return Ok(Guard::Nobody);
        }
        // Looked at before anything is printed: a parameter of a condition that is dropped would stay unused.
        let Some(needed) = open
            .into_iter()
            .map(|one| phase.of(one))
            .collect::<Option<Vec<_>>>()
        else {
            return Ok(Guard::Every);
        };
        let mut conditions = Vec::new();
        for condition in needed {
            conditions.push(self.condition(condition, scope)?);
        }
        Ok(Guard::Rows(match conditions.as_slice() {
            [one] => one.clone(),
            many => format!("({})", many.join(" OR ")),
        }))
    }
}

/// One row, one column for each alternative, in order: 1 where its condition holds on the row with the id
/// [`Parameter::RowId`] (also where it has none). No row: there is no such row, or it is deleted.
pub fn alternatives_statement(
    plan: &Plan,
    entity: EntityId,
    alternatives: &[&Alternative],
    phase: Phase,
    dialect: Dialect,
) -> Result<Statement, Unsupported> {
    let mut printer = Printer::new(plan, dialect);
    let scope = Scope::alias(entity, "t");
    let mut columns = Vec::new();
    for alternative in alternatives {
        columns.push(match phase.of(alternative) {
            Some(condition) => printer.condition(condition, &scope)?,
            None => dialect.boolean(true).to_owned(),
        });
    }
    if columns.is_empty() {
        columns.push("NULL".to_owned());
    }
    let table = printer.table(entity);
    let id = printer.column_name(plan.table(entity), ColumnSource::Id)?;
    let row = printer.parameter(Parameter::RowId)?;
    let active = printer.active(entity, "t");
    Ok(printer.finish(format!(
        "SELECT {} FROM {table} t WHERE t.{id} = {row}{active}",
        columns.join(", ")
    )))
}
