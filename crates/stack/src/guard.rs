//! Rules as branches: whoever is of a class, and under which condition.

use archwright_plan::model::{EntityId, Expression};
use archwright_plan::{Alternative, CallerClass, Condition, Plan};

/// What a rule comes to.
#[derive(Clone, Debug)]
pub enum Guard<'p> {
    Nobody,
    /// Whoever calls, every row.
    Everyone,
    /// Those without a condition first; one that holds is enough.
    Branches(Vec<Branch<'p>>),
}

#[derive(Clone, Copy, Debug)]
pub struct Branch<'p> {
    pub caller: CallerClass,
    /// On the row; absent: every row.
    pub condition: Option<&'p Expression>,
    pub alternative: &'p Alternative,
}

/// The rule about a row as it is.
pub fn guard(alternatives: &[Alternative]) -> Guard<'_> {
    let branches = alternatives.iter().map(|alternative| Branch {
        caller: alternative.caller,
        condition: alternative.when.as_ref(),
        alternative,
    });
    let mut branches: Vec<Branch<'_>> = branches.collect();
    if branches.is_empty() {
        return Guard::Nobody;
    }
    let is_open = |branch: &Branch<'_>| branch.condition.is_none();
    if (branches.iter()).any(|one| is_open(one) && one.caller == CallerClass::Anyone) {
        return Guard::Everyone;
    }
    branches.sort_by_key(|branch| !is_open(branch));
    Guard::Branches(branches)
}

impl Guard<'_> {
    /// Whether it asks for the row, and not for the caller alone.
    pub fn judges_rows(&self) -> bool {
        match self {
            Guard::Nobody | Guard::Everyone => false,
            Guard::Branches(branches) => branches.iter().any(|one| one.condition.is_some()),
        }
    }
}

/// The classes of which a caller has to be one, each once; none: whoever calls.
pub fn classes(alternatives: &[Alternative]) -> Vec<CallerClass> {
    let mut classes: Vec<CallerClass> = alternatives.iter().map(|one| one.caller).collect();
    classes.sort_unstable();
    classes.dedup();
    if classes.contains(&CallerClass::Anyone) {
        return Vec::new();
    }
    if classes.contains(&CallerClass::SignedIn) {
        return vec![CallerClass::SignedIn];
    }
    classes
}

/// Whether every row that such a caller makes is one that the rule allows: it says no more than that the row is theirs,
/// and the owner is taken from them.
pub fn holds_by_creation(plan: &Plan, entity: EntityId, alternatives: &[Alternative]) -> bool {
    let owner = plan.model.entity(entity).owner;
    let chosen = owner.is_some_and(|owner| plan.model.field(owner).settable.is_some());
    alternatives.iter().all(|one| {
        let unconditional = one.when.is_none() && one.after.is_none();
        let own = one.owner && !chosen && owner.is_some();
        unconditional || own && plan.condition(Some(entity), one) == Condition::default()
    })
}
