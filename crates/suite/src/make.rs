//! Makes rows through the API alone: who can create them, from what, and which moves bring them to a state.

mod moves;
mod settle;

use crate::oracle::{Body, Given};
use crate::propose::Style;
use crate::seek::Wanted;
use crate::session::{Outcome, Session, Trouble, unreached};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{EntityId, FieldId, RoleId};
use archwright_plan::{InputKind, Operation, OperationKind};

/// Bodies that are tried in memory before it is said that none is found.
const TRIES: usize = 250;
/// Requests for the rows of one case.
const MOST_SPENT: usize = 40;
/// Callers of one kind who try to make the same row.
const MOST_ALIKE: usize = 3;
/// Rows that are made for the sake of others, at most so deep.
const DEPTH: usize = 5;

/// What a row has to be like.
#[derive(Clone, Debug, Default)]
pub struct Want {
    /// The account that owns it.
    pub owner: Option<RowRef>,
    /// An account that does not.
    pub stranger: Option<RowRef>,
    pub tenant: Option<RowRef>,
    pub state: Option<String>,
    pub fixed: Body,
    /// Who makes it, if they may.
    pub maker: Option<usize>,
    /// The one rule that it may break, as refusals name it.
    pub breaks: Option<String>,
    /// Nothing is made for its sake, and it is given up soon.
    pub is_quick: bool,
}

pub type Condition<'a, 'p> = &'a dyn Fn(&Session<'p>, &RowRef) -> bool;

/// What is found; nothing where the way to it was skipped.
pub fn unless_failed<T>(outcome: Outcome<T>) -> Outcome<Option<T>> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(Trouble::Skipped(_) | Trouble::Unreached(_)) => Ok(None),
        Err(failed) => Err(failed),
    }
}

impl<'p> Session<'p> {
    /// A row like that: one that the suite made before, or a new one.
    pub fn obtain(&mut self, entity: EntityId, want: &Want) -> Outcome<RowRef> {
        self.prepare(|session| session.obtained(entity, want))
    }

    fn obtained(&mut self, entity: EntityId, want: &Want) -> Outcome<RowRef> {
        if want.fixed == Body::default() {
            let fits = |row: &RowRef| {
                self.world.get(row).is_some_and(|row| row.made)
                    && self.fits(row, want)
                    && (want.state.is_none() || self.world.state(row) == want.state)
            };
            let found = self
                .world
                .of(entity)
                .filter(|row| !self.is_actor(row))
                .find(fits);
            if let Some(row) = found {
                return Ok(row);
            }
        }
        self.make(entity, want)
    }

    pub fn is_actor(&self, row: &RowRef) -> bool {
        self.actors
            .iter()
            .any(|actor| actor.who.account.as_ref() == Some(row))
    }

    fn fits(&self, row: &RowRef, want: &Want) -> bool {
        let owner = self.world.owner(row);
        let tenant = self.world.tenant(row);
        (want.owner.is_none() || owner == want.owner)
            && (want.stranger.is_none() || owner != want.stranger)
            && (want.tenant.is_none() || tenant.is_none() || tenant == want.tenant)
    }

    /// A new row like that.
    pub fn make(&mut self, entity: EntityId, want: &Want) -> Outcome<RowRef> {
        self.prepare(|session| session.make_with(entity, want, &|_, _| true))
    }

    fn make_with(
        &mut self,
        entity: EntityId,
        want: &Want,
        condition: Condition<'_, 'p>,
    ) -> Outcome<RowRef> {
        let deep = self.making.len() >= DEPTH
            || self.making.iter().filter(|other| **other == entity).count() > 1;
        if self.spent > MOST_SPENT {
            return unreached("too many rows would have to be made");
        }
        if deep {
            return unreached(format!(
                "rows of {} need each other",
                self.plan.model.entity(entity).name
            ));
        }
        self.making.push(entity);
        let made = self.made(entity, want, condition);
        self.making.pop();
        made
    }

    fn made(
        &mut self,
        entity: EntityId,
        want: &Want,
        condition: Condition<'_, 'p>,
    ) -> Outcome<RowRef> {
        let is_account = self
            .plan
            .model
            .account
            .as_ref()
            .is_some_and(|account| account.entity == entity);
        if is_account && self.operation(entity, OperationKind::Create).is_none() {
            return self.made_account(want);
        }
        let name = &self.plan.model.entity(entity).name;
        let Some(operation) = self.operation(entity, OperationKind::Create) else {
            let first = want.state.as_ref();
            let first = first.and_then(|state| self.route(entity, None, state)?.first().copied());
            let fits = |session: &Session<'p>, row: &RowRef| {
                session.fits(row, want)
                    && first.is_none_or(|operation| session.is_ready(operation, row))
                    && condition(session, row)
            };
            return match want.is_quick {
                true => unreached(format!("a row of {name} takes several calls")),
                false => {
                    let owners = (0..self.actors.len()).filter(|actor| {
                        let account = &self.actors[*actor].who.account;
                        want.owner.is_some() && *account == want.owner
                    });
                    let wanted = Wanted {
                        actors: owners.collect(),
                        ..Wanted::default()
                    };
                    let row = self.make_by_call(entity, &wanted, &fits)?;
                    self.finished(row, want)
                }
            };
        };
        let mut trouble = Trouble::Skipped(format!("no caller can create such a row of {name}"));
        let state = want.state.as_ref();
        if let Some(state) = state.filter(|state| self.is_out_of_reach(entity, state)) {
            return unreached(format!("no row of {name} is brought to {state}"));
        }
        if want.owner.is_none() && !want.is_quick && self.is_one_to_one(entity) {
            // The test sign-ins keep the one row that they may have for the cases that are about them.
            if let Some(newcomer) = unless_failed(self.newcomer(None))? {
                return self.made_by(newcomer, operation, want, condition);
            }
        }
        let mut creators = self.creators(entity, operation, want);
        if !self.is_one_to_one(entity) {
            creators = self.unlike(creators);
        }
        for actor in creators {
            match self.made_by(actor, operation, want, condition) {
                Ok(row) => return Ok(row),
                Err(Trouble::Failed(failure)) => return Err(Trouble::Failed(failure)),
                Err(other) => trouble = other,
            }
        }
        Err(trouble)
    }

    /// Whether an account owns at most one row of the entity.
    pub fn is_one_to_one(&self, entity: EntityId) -> bool {
        let entity = self.plan.model.entity(entity);
        let mut keys = entity.unique.iter();
        keys.any(|key| entity.owner.is_some_and(|owner| key.fields == [owner]))
    }

    /// Makes it likelier that a row can be created: by rows to refer to, or by somebody who has none yet.
    pub fn widen(&mut self, entity: EntityId) -> Outcome<()> {
        if self.is_one_to_one(entity) {
            return self.prepare(|session| session.newcomer(None)).map(drop);
        }
        match self.make(entity, &Want::default()) {
            Err(Trouble::Failed(failure)) => Err(Trouble::Failed(failure)),
            _ => Ok(()),
        }
    }

    fn made_account(&mut self, want: &Want) -> Outcome<RowRef> {
        let like = want.tenant.as_ref().and_then(|tenant| {
            (0..self.actors.len()).find(|actor| self.tenant_of(*actor).as_ref() == Some(tenant))
        });
        let actor = self.newcomer(like)?;
        let account = self.actors[actor].who.account.clone();
        account.ok_or_else(|| Trouble::Skipped("no account was made".to_owned()))
    }

    /// Callers who may try, the owner first.
    fn creators(&self, entity: EntityId, operation: &Operation, want: &Want) -> Vec<usize> {
        let owner_field = self.plan.model.entity(entity).owner;
        let inputs = &self.plan.resource(entity).create;
        let chosen =
            owner_field.is_some_and(|field| inputs.iter().any(|input| input.field == field));
        let mut creators: Vec<usize> = (0..self.actors.len())
            .filter(|actor| self.judge(*actor).admit(operation).is_none())
            .filter(|actor| {
                let account = &self.actors[*actor].who.account;
                let owned = owner_field.is_none() || chosen;
                let tenant = self.tenant_of(*actor);
                (owned || want.owner.is_none() || *account == want.owner)
                    && (owned || want.stranger.is_none() || *account != want.stranger)
                    && (want.tenant.is_none() || tenant.is_none() || tenant == want.tenant)
            })
            .collect();
        let owners: Vec<RowRef> = want
            .fixed
            .0
            .iter()
            .filter_map(|(_, given)| match given {
                Given::Row(row) => self.world.owner(row),
                _ => None,
            })
            .collect();
        creators.sort_by_key(|actor| {
            let account = &self.actors[*actor].who.account;
            let owns = account
                .as_ref()
                .is_some_and(|account| owners.contains(account));
            (want.maker != Some(*actor), *account != want.owner, !owns)
        });
        creators
    }

    fn made_by(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        want: &Want,
        condition: Condition<'_, 'p>,
    ) -> Outcome<RowRef> {
        let Some(body) = self.find_body(actor, operation, want, condition)? else {
            return unreached(format!(
                "no body is found that makes such a row by {}",
                operation.id
            ));
        };
        let Some(row) = self.create(actor, operation, &body)?.row else {
            return unreached("the row is refused, as it should be");
        };
        self.finished(row, want)
    }

    /// A body that the rules accept and that leaves a row as it is wanted; the rows that it refers to are made where
    /// those that are there don't do.
    pub fn find_body(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        want: &Want,
        condition: Condition<'_, 'p>,
    ) -> Outcome<Option<Body>> {
        if let Some(body) = self.search_create(actor, operation, want, condition) {
            return Ok(Some(body));
        }
        let entity = operation.entity.unwrap_or(EntityId(0));
        if want.is_quick || self.judge(actor).admit(operation).is_some() {
            return Ok(None);
        }
        for (field, target) in self.references(entity) {
            if want.fixed.get(field).is_some() {
                continue;
            }
            for wanted in self.possible_targets(actor, target, &want.fixed) {
                for is_new in [false, true] {
                    let found = match is_new {
                        false => self.obtain(target, &wanted),
                        true => self.make(target, &wanted),
                    };
                    let Some(row) = unless_failed(found)? else {
                        break;
                    };
                    let mut nearer = want.clone();
                    nearer.fixed.set(field, Given::Row(row));
                    if let Some(body) = self.search_create(actor, operation, &nearer, condition) {
                        return Ok(Some(body));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Of callers with the same roles in the same tenant, the first few.
    fn unlike(&self, actors: Vec<usize>) -> Vec<usize> {
        let mut seen: Vec<(&[RoleId], Option<RowRef>)> = Vec::new();
        let mut few = actors;
        few.retain(|actor| {
            let kind = (&*self.who(*actor).roles, self.tenant_of(*actor));
            let like = seen.iter().filter(|known| **known == kind).count();
            seen.push(kind);
            like < MOST_ALIKE
        });
        few
    }

    /// A caller and a body that leaves a row as it is wanted.
    pub fn find_caller_and_body(
        &mut self,
        operation: &'p Operation,
        want: &Want,
        condition: Condition<'_, 'p>,
    ) -> Outcome<(usize, Body)> {
        let entity = operation.entity.unwrap_or(EntityId(0));
        if self.is_one_to_one(entity) {
            self.widen(entity)?;
        }
        for actor in self.creators(entity, operation, want) {
            let found = |session: &mut Self| session.find_body(actor, operation, want, condition);
            if let Some(body) = self.prepare(|session| session.afresh(found))? {
                return Ok((actor, body));
            }
        }
        unreached(format!(
            "no body is found for {} that the case needs",
            operation.id
        ))
    }

    /// Rows that the suite made itself.
    pub fn made_rows(&self, entity: EntityId) -> Vec<RowRef> {
        let made = self.world.entries(entity).filter(|(_, row)| row.made);
        made.map(|(id, _)| RowRef {
            entity,
            id: id.to_owned(),
        })
        .collect()
    }

    /// What a row that is referred to may have to be like: of the caller, in any state, with the numbers that the
    /// body has.
    fn possible_targets(&self, actor: usize, target: EntityId, fixed: &Body) -> Vec<Want> {
        let account = self.actors[actor].who.account.clone();
        let tenant = self.tenant_of(actor);
        let numbers = self.same_numbers(target, fixed);
        let is_owned = self.plan.model.entity(target).owner.is_some();
        let owners = if is_owned {
            vec![account, None]
        } else {
            vec![None]
        };
        let mut wants = Vec::new();
        for state in self.states(target) {
            for owner in &owners {
                let want = Want {
                    owner: owner.clone(),
                    maker: Some(actor),
                    tenant: tenant.clone(),
                    state: state.clone(),
                    fixed: numbers.clone(),
                    ..Want::default()
                };
                wants.push(want);
            }
        }
        wants
    }

    /// The numbers of a body, for the fields of another entity that take them.
    fn same_numbers(&self, target: EntityId, fixed: &Body) -> Body {
        let mut same = Body::default();
        for input in &self.plan.resource(target).create {
            let number = fixed.0.iter().find(|(_, given)| match given {
                Given::Value(value @ Value::Decimal { .. }) => self.accepts(input.field, value),
                _ => false,
            });
            if let (InputKind::Scalar, Some((_, given))) = (&input.kind, number) {
                same.set(input.field, given.clone());
            }
        }
        same
    }

    fn finished(&mut self, row: RowRef, want: &Want) -> Outcome<RowRef> {
        match &want.state {
            Some(state) => self.bring(&row, state).map(|()| row),
            None => Ok(row),
        }
    }

    /// Required references first, since a row can't do without them.
    fn references(&self, entity: EntityId) -> Vec<(FieldId, EntityId)> {
        let mut found: Vec<(bool, FieldId, EntityId)> = Vec::new();
        for input in &self.plan.resource(entity).create {
            match &input.kind {
                InputKind::Reference(target) => found.push((!input.required, input.field, *target)),
                InputKind::Parts { create, .. } => {
                    // Rows that parts refer to only have to be there.
                    for inner in create {
                        if let InputKind::Reference(target) = inner.kind {
                            found.push((true, inner.field, target));
                        }
                    }
                }
                InputKind::Scalar | InputKind::References(_) => {}
            }
        }
        found.sort_by_key(|(optional, ..)| *optional);
        found
            .into_iter()
            .map(|(_, field, target)| (field, target))
            .collect()
    }

    /// All states, the initial one first; one absent state for entities without.
    pub fn states(&self, entity: EntityId) -> Vec<Option<String>> {
        let Some(machine) = &self.plan.model.entity(entity).state else {
            return vec![None];
        };
        let mut states = vec![Some(machine.initial.clone())];
        for step in &machine.moves {
            if !states.contains(&Some(step.to.clone())) {
                states.push(Some(step.to.clone()));
            }
        }
        states
    }

    /// A body that the oracle accepts and that leaves a row as it is wanted.
    pub fn search_create(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        want: &Want,
        condition: Condition<'_, 'p>,
    ) -> Option<Body> {
        let entity = operation.entity?;
        let inputs = &self.plan.resource(entity).create;
        let first = want
            .state
            .as_ref()
            .and_then(|state| self.route(entity, None, state)?.first().copied());
        // Where the guard may be broken, a denial says nothing.
        let mut is_denied = want.breaks.is_none();
        let tries = if want.is_quick { TRIES / 6 } else { TRIES };
        for attempt in 0..tries {
            // The caller may not, whatever the body says.
            if attempt > 30 && is_denied {
                return None;
            }
            let style = match attempt % 3 {
                0 => Style::Whole,
                _ => Style::Varied,
            };
            let mut fixed = want.fixed.clone();
            if let (Some(field), Some(owner)) = (self.plan.model.entity(entity).owner, &want.owner)
                && inputs.iter().any(|input| input.field == field)
            {
                fixed.set(field, Given::Row(owner.clone()));
            }
            let body = self.propose(inputs, actor, &fixed, style)?;
            let good = self.imagine_create(actor, operation, &body, |session, row, refusals| {
                is_denied &= refusals.iter().any(|refusal| refusal.status == 403);
                let ready = attempt > TRIES / 2
                    || first.is_none_or(|operation| session.is_ready(operation, row));
                let sound = match &want.breaks {
                    Some(rule) => refusals.iter().all(|refusal| refusal.rule == *rule),
                    None => refusals.is_empty(),
                };
                sound && session.fits(row, want) && ready && condition(session, row)
            });
            if good {
                return Some(body);
            }
        }
        None
    }
}
