//! Who may do what to which row.

use super::Refusal;
use crate::world::World;
use archwright_evaluate::{Environment, RowRef, Value, evaluate, field};
use archwright_plan::model::{BindingId, EntityId, Expression, FieldId, InputPlace, RoleId};
use archwright_plan::{Alternative, CallerClass, Operation, OperationKind, Output, OutputSource};

/// A caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// Absent for nobody.
    pub account: Option<RowRef>,
    /// Granted roles, without those that they include.
    pub roles: Vec<RoleId>,
}

/// A caller at an instant, over the rows.
#[derive(Clone, Copy)]
pub struct Judge<'a, 'p> {
    pub world: &'a World<'p>,
    pub who: &'a Who,
    pub now: i64,
    pub inputs: &'a [(InputPlace, Value)],
    pub bindings: &'a [(BindingId, Value)],
}

impl<'a, 'p> Judge<'a, 'p> {
    pub fn new(world: &'a World<'p>, who: &'a Who, now: i64) -> Self {
        Self {
            world,
            who,
            now,
            inputs: &[],
            bindings: &[],
        }
    }

    fn environment<'b>(&'b self, this: Option<&'b RowRef>) -> Environment<'b> {
        Environment {
            model: self.world.model(),
            world: self.world,
            this: this.map(|row| self.world.named(row)),
            caller: self.who.account.as_ref(),
            roles: &self.who.roles,
            now_ms: self.now,
            inputs: self.inputs,
            bindings: self.bindings,
        }
    }

    /// Missing where there is no value, a number beyond 64 bits for example.
    pub fn value(&self, expression: &Expression, this: Option<&RowRef>) -> Value {
        evaluate(expression, &self.environment(this)).unwrap_or(Value::Null)
    }

    /// The value, and whether it hangs on what nobody could read.
    pub fn told(&self, expression: &Expression, this: Option<&RowRef>) -> (Value, bool) {
        self.watching(|| self.value(expression, this))
    }

    /// Looks at rows, and says whether at some of which too little is known.
    pub fn watching<T>(&self, look: impl FnOnce() -> T) -> (T, bool) {
        let before = self.world.unsure.replace(false);
        let seen = look();
        (seen, self.world.unsure.replace(before))
    }

    /// The value, and whether it hangs on what the server's clock said.
    pub fn timed(&self, look: impl FnOnce() -> Value) -> (Value, bool) {
        let before = self.world.by_clock.replace(false);
        let seen = look();
        (seen, self.world.by_clock.replace(before))
    }

    pub fn holds(&self, expression: &Expression, row: &RowRef) -> bool {
        self.value(expression, Some(row)) == Value::Bool(true)
    }

    /// A stored or computed field.
    pub fn field(&self, row: &RowRef, id: FieldId) -> Value {
        field(row, id, &self.environment(Some(row))).unwrap_or(Value::Null)
    }

    pub fn is_of(&self, class: CallerClass) -> bool {
        match class {
            CallerClass::Anyone => true,
            CallerClass::SignedIn => self.who.account.is_some(),
            CallerClass::Role(role) => {
                let model = self.world.model();
                let mut roles = self.who.roles.iter();
                self.who.account.is_some()
                    && roles.any(|own| model.role(*own).includes.contains(&role))
            }
        }
    }

    /// Alternatives that are for the caller and whose condition holds on the row.
    pub fn before<'g>(&self, guard: &'g [Alternative], row: &RowRef) -> Vec<&'g Alternative> {
        let open = guard.iter().filter(|one| self.is_of(one.caller));
        open.filter(|one| one.when.as_ref().is_none_or(|when| self.holds(when, row)))
            .collect()
    }

    pub fn passes(&self, guard: &[Alternative], row: &RowRef) -> bool {
        !self.before(guard, row).is_empty()
    }

    /// Whether one of these alternatives also holds on the row that a write leaves.
    pub fn after(&self, alternatives: &[&Alternative], row: &RowRef) -> bool {
        alternatives.iter().any(|one| {
            one.after
                .as_ref()
                .is_none_or(|after| self.holds(after, row))
        })
    }

    /// Refuses callers for whom no alternative can ever hold.
    pub fn admit(&self, operation: &Operation) -> Option<Refusal> {
        if operation.guard.iter().any(|one| self.is_of(one.caller)) {
            return None;
        }
        let rule = format!("the guard of {}", operation.id);
        Some(match self.who.account {
            None => Refusal::new(401, "unauthorized", rule),
            Some(_) => Refusal::new(403, "forbidden", rule),
        })
    }

    /// No alternative holds: signing in may help, or nothing does.
    pub fn by_rule(&self, operation: &Operation) -> Refusal {
        let rule = format!("the guard of {}", operation.id);
        let helps = operation
            .guard
            .iter()
            .any(|one| one.caller != CallerClass::Anyone);
        match self.who.account.is_none() && helps {
            true => Refusal::new(401, "unauthorized", rule),
            false => Refusal::new(403, "forbidden", rule),
        }
    }

    /// Refuses callers by the row: 404 where they may not know of it.
    pub fn admit_to(&self, operation: &Operation, row: &RowRef) -> Option<Refusal> {
        if let Some(refusal) = self.admit(operation) {
            return Some(refusal);
        }
        let rule = format!("the guard of {}", operation.id);
        if !self.world.is_there(row) {
            return Some(Refusal::new(404, "not-found", "a row that is not there"));
        }
        if self.passes(&operation.guard, row) {
            return None;
        }
        Some(
            match self.may_read(row) && operation.kind != OperationKind::Get {
                true => Refusal::new(403, "forbidden", rule),
                false => Refusal::new(404, "not-found", rule),
            },
        )
    }

    /// Whether the caller may know of the row.
    pub fn may_read(&self, row: &RowRef) -> bool {
        if let Some(whole) = self.world.whole(row) {
            return self.may_read(&whole);
        }
        self.world.is_there(row)
            && reading(self.world, row.entity).is_some_and(|guard| self.passes(guard, row))
    }

    pub fn sees(&self, output: &Output, row: &RowRef) -> bool {
        output.visible.is_empty() || self.passes(&output.visible, row)
    }

    /// Whether the caller sees a field of a row that they may read.
    pub fn sees_field(&self, row: &RowRef, id: FieldId) -> bool {
        let outputs = self.world.plan.resource(row.entity).output.iter();
        let mut shown = outputs.filter(|output| {
            output.source == OutputSource::Field(id) || output.source == OutputSource::Reference(id)
        });
        shown.next().is_none_or(|output| self.sees(output, row))
    }
}

/// The guard that says who may know of an entity's rows.
pub fn reading<'p>(world: &World<'p>, entity: EntityId) -> Option<&'p [Alternative]> {
    let of = |kind: OperationKind| {
        let mut operations = world.plan.operations.iter();
        operations.find(|one| one.entity == Some(entity) && one.kind == kind)
    };
    let reading = of(OperationKind::Get).or_else(|| of(OperationKind::List))?;
    Some(&reading.guard)
}
