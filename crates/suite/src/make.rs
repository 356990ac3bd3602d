//! Makes rows through the API alone: who can create them, from what, and which moves bring them to a state.

use crate::oracle::{Body, Given, shift, step};
use crate::propose::Style;
use crate::seek::{Wanted, any_step};
use crate::session::{Outcome, Session, Trouble, skip, unreached};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{
    EntityId, Expression, ExpressionKind, FieldId, RoleId, StepKind, ToManyKind,
};
use archwright_plan::{InputKind, Operation, OperationKind};
use std::collections::{BTreeMap, VecDeque};

/// Bodies that are tried in memory before it is said that none is found.
const TRIES: usize = 250;
/// Requests for the rows of one case.
const MOST_SPENT: usize = 40;
/// Callers of one kind who try to make the same row.
const MOST_ALIKE: usize = 3;
/// Searches in a row for what brings a move's condition about.
const MOST_STUCK: usize = 3;
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

    /// Whether a move's condition holds already.
    fn is_ready(&self, operation: &Operation, row: &RowRef) -> bool {
        let when = step(&self.world, operation).and_then(|step| step.when.as_ref());
        when.is_none_or(|when| self.is_met(when, row))
    }

    /// Whether the condition holds, for some caller where it is about them.
    fn is_met(&self, when: &Expression, row: &RowRef) -> bool {
        let mut names_caller = false;
        when.walk(&mut |part| {
            names_caller |= matches!(
                part.kind,
                ExpressionKind::Caller
                    | ExpressionKind::CallerTenant
                    | ExpressionKind::SignedIn
                    | ExpressionKind::HasRole(_)
            );
        });
        match names_caller {
            true => (0..self.actors.len()).any(|actor| self.judge(actor).holds(when, row)),
            false => self.judge(0).holds(when, row),
        }
    }

    /// The moves that lead to a state, the fewest.
    fn route(&self, entity: EntityId, from: Option<&str>, to: &str) -> Option<Vec<&'p Operation>> {
        let machine = self.plan.model.entity(entity).state.as_ref()?;
        let start = from.unwrap_or(&machine.initial).to_owned();
        let mut known: BTreeMap<String, Vec<&'p Operation>> =
            BTreeMap::from([(start.clone(), Vec::new())]);
        let mut next = VecDeque::from([start]);
        while let Some(state) = next.pop_front() {
            let route = known[&state].clone();
            if state == to {
                return Some(route);
            }
            for (index, step) in machine.moves.iter().enumerate() {
                if !step.from.contains(&state) || known.contains_key(&step.to) {
                    continue;
                }
                let Some(operation) = self.operation(entity, OperationKind::Move(index)) else {
                    continue;
                };
                let mut longer = route.clone();
                longer.push(operation);
                known.insert(step.to.clone(), longer);
                next.push_back(step.to.clone());
            }
        }
        None
    }

    /// Moves a row to a state.
    pub fn bring(&mut self, row: &RowRef, state: &str) -> Outcome<()> {
        self.prepare(|session| session.brought(row, state))
    }

    fn brought(&mut self, row: &RowRef, state: &str) -> Outcome<()> {
        let from = self.world.state(row).unwrap_or_default();
        let Some(route) = self.route(row.entity, Some(&from), state) else {
            return skip(format!("no moves lead from {from} to {state}"));
        };
        for operation in route {
            self.advance(row, operation)?;
        }
        Ok(())
    }

    /// A row in a state, one on which the move's condition holds where there is one.
    pub fn obtain_for(&mut self, operation: &'p Operation, state: &str) -> Outcome<RowRef> {
        let entity = operation.entity.unwrap_or(EntityId(0));
        let want = Want {
            state: Some(state.to_owned()),
            ..Want::default()
        };
        let row = self.obtain(entity, &want)?;
        if self.is_ready(operation, &row) {
            return Ok(row);
        }
        let is_ready = |session: &Self, row: &RowRef| {
            session.world.state(row).as_deref() == Some(state)
                && session.world.get(row).is_some_and(|row| row.made)
                && session.is_ready(operation, row)
        };
        if let Some(found) = self.world.of(entity).find(|row| is_ready(self, row)) {
            return Ok(found);
        }
        let ready = |session: &Self, row: &RowRef| session.is_ready(operation, row);
        let made = self.prepare(|session| session.make_with(entity, &want, &ready));
        Ok(unless_failed(made)?.unwrap_or(row))
    }

    /// Makes one move, by whoever may.
    pub fn advance(&mut self, row: &RowRef, operation: &'p Operation) -> Outcome<usize> {
        if let Some((actor, given)) = self.mover(row, operation) {
            self.shift(actor, operation, row, &given)?;
            return Ok(actor);
        }
        let holder = (&*operation.id, self.roles_of_owner(row));
        let is_stuck = self.is_stuck(&holder);
        if let Some(when) = step(&self.world, operation).and_then(|step| step.when.as_ref())
            && !is_stuck
        {
            *self.stuck.entry(holder.clone()).or_default() += 1;
            let holds = |session: &Session<'p>, row: &RowRef| session.is_met(when, row);
            self.settle(row, &holds)?;
        }
        match self.mover(row, operation) {
            Some((actor, given)) => {
                self.shift(actor, operation, row, &given)?;
                self.stuck.remove(&holder);
                Ok(actor)
            }
            None => unreached(format!(
                "no caller can make {} with such a row",
                operation.id
            )),
        }
    }

    /// Nothing that was tried brought the move's condition about: trying it again, for case after case, would take most
    /// of a run's time.
    fn is_stuck(&self, of: &(&'p str, Vec<RoleId>)) -> bool {
        self.stuck.get(of).is_some_and(|times| *times >= MOST_STUCK)
    }

    fn roles_of_owner(&self, row: &RowRef) -> Vec<RoleId> {
        let owner = self.world.owner(row);
        let mut actors = self.actors.iter();
        let known = actors.find(|actor| owner.is_some() && actor.who.account == owner);
        known.map_or_else(Vec::new, |actor| actor.who.roles.clone())
    }

    /// Whether no row is in the state, and none is brought there as far as was tried.
    pub fn is_out_of_reach(&self, entity: EntityId, state: &str) -> bool {
        let mut rows = self.world.of(entity);
        let route = self.route(entity, None, state);
        !rows.any(|row| self.world.state(&row).as_deref() == Some(state))
            && route.is_none_or(|route| {
                let mut stuck = self.stuck.iter().filter(|(of, _)| self.is_stuck(of));
                stuck.any(|((id, _), _)| route.iter().any(|one| one.id == *id))
            })
    }

    /// A caller who may make the move now, and its input.
    pub fn mover(
        &mut self,
        row: &RowRef,
        operation: &'p Operation,
    ) -> Option<(usize, Vec<(String, Given)>)> {
        let fields = &step(&self.world, operation)?.input;
        for actor in 1..self.actors.len() {
            for _ in 0..8 {
                let Some(given) = self.move_input(row.entity, fields, actor) else {
                    break;
                };
                if self.try_shift(actor, operation, row, &given) {
                    return Some((actor, given));
                }
            }
        }
        None
    }

    /// Whether a move would be made, in memory.
    pub fn try_shift(
        &mut self,
        actor: usize,
        operation: &Operation,
        row: &RowRef,
        given: &[(String, Given)],
    ) -> bool {
        let now = self.now();
        let who = self.actors[actor].who.clone();
        let before = self.world.clone();
        let moved = shift(&mut self.world, operation, row, &who, given, now);
        let is_made = moved.refusals.is_empty() && !self.has_to_wait(&before);
        self.world = before;
        is_made
    }

    /// Rows that the effects of a move find or change.
    pub fn effects_of(
        &mut self,
        actor: usize,
        operation: &Operation,
        row: &RowRef,
        given: &[(String, Given)],
    ) -> Vec<RowRef> {
        let now = self.now();
        let who = self.actors[actor].who.clone();
        let before = self.world.clone();
        let moved = shift(&mut self.world, operation, row, &who, given, now);
        self.world = before;
        let is_old = |touched: &RowRef| self.world.is_there(touched);
        moved.touched.into_iter().filter(is_old).collect()
    }

    /// Changes a row, or what belongs to it, until a condition holds.
    pub fn settle(&mut self, row: &RowRef, condition: Condition<'_, 'p>) -> Outcome<()> {
        self.prepare(|session| session.settled(row, condition))
    }

    fn settled(&mut self, row: &RowRef, condition: Condition<'_, 'p>) -> Outcome<()> {
        if condition(self, row) {
            return Ok(());
        }
        if let Some((actor, operation, body)) = self.search_update(row, condition) {
            self.update(actor, operation, row, &body)?;
            return Ok(());
        }
        for other in self.referred_rows(row) {
            self.hints = self.numbers_that_meet(row, &other);
            let found = self.search_update_for(&other, row, condition);
            self.hints.clear();
            if let Some((actor, operation, body)) = found {
                self.update(actor, operation, &other, &body)?;
                return Ok(());
            }
        }
        for (entity, field) in self.children(row.entity) {
            for _ in 0..2 {
                let mut want = Want::default();
                want.fixed.set(field, Given::Row(row.clone()));
                match self.make(entity, &want) {
                    Err(Trouble::Failed(failure)) => return Err(Trouble::Failed(failure)),
                    Err(Trouble::Skipped(_) | Trouble::Unreached(_)) => break,
                    Ok(_) if condition(self, row) => return Ok(()),
                    Ok(_) => {}
                }
            }
        }
        match self
            .settle_by_call(&|session| session.world.is_there(row) && condition(session, row))?
        {
            true => Ok(()),
            false => unreached("no change of the row is found that the case needs"),
        }
    }

    /// Numbers for the fields of one row with which its computed numbers would be just those of another row or of its
    /// parts, as far as they follow the field one by one.
    fn numbers_that_meet(&self, row: &RowRef, other: &RowRef) -> Vec<Value> {
        let judge = self.judge(0);
        let int = |value: &Value| match value {
            Value::Int(value) => Some(*value),
            _ => None,
        };
        let ints = |row: &RowRef, is_computed: bool| -> Vec<i64> {
            let fields = self.plan.model.entity(row.entity).fields.iter();
            fields
                .filter(|field| field.scalar().is_some() && field.computed.is_some() == is_computed)
                .filter_map(|field| int(&judge.field(row, field.id)))
                .collect()
        };
        let wanted = self.world.snapshot(row).into_iter();
        let wanted: Vec<i64> = wanted.flat_map(|(row, _)| ints(&row, false)).collect();
        let (stored, computed) = (ints(other, false), ints(other, true));
        let mut numbers = Vec::new();
        for (stored, computed) in stored
            .iter()
            .flat_map(|one| computed.iter().map(move |two| (one, two)))
        {
            numbers.extend(
                wanted
                    .iter()
                    .map(|wanted| Value::Int(stored + wanted - computed)),
            );
        }
        numbers
    }

    /// Rows that this one or its parts refer to.
    fn referred_rows(&self, row: &RowRef) -> Vec<RowRef> {
        let mut found: Vec<RowRef> = Vec::new();
        for (at, known) in self.world.snapshot(row) {
            let whole = self
                .plan
                .model
                .entity(at.entity)
                .part_of
                .map(|part| part.back.index);
            for (index, value) in &known.values {
                match value {
                    Value::Row(other) if Some(*index) != whole && !found.contains(other) => {
                        found.push(other.clone());
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// Entities whose rows are created with a reference to rows of this one.
    fn children(&self, entity: EntityId) -> Vec<(EntityId, FieldId)> {
        let fields = self.plan.model.entity(entity).fields.iter();
        fields
            .filter_map(|field| match field.to_many()?.kind {
                ToManyKind::Inverse { by } => Some((by.entity, by)),
                ToManyKind::Through { entity, near, .. } => Some((entity, near)),
                _ => None,
            })
            .filter(|(child, _)| self.operation(*child, OperationKind::Create).is_some())
            .collect()
    }

    /// A patch that leaves the row as it is wanted.
    pub fn search_update(
        &mut self,
        row: &RowRef,
        condition: Condition<'_, 'p>,
    ) -> Option<(usize, &'p Operation, Body)> {
        self.search_update_for(row, row, condition)
    }

    /// A patch of one row that leaves another as it is wanted.
    fn search_update_for(
        &mut self,
        row: &RowRef,
        of: &RowRef,
        condition: Condition<'_, 'p>,
    ) -> Option<(usize, &'p Operation, Body)> {
        let operation = self.operation(row.entity, OperationKind::Update)?;
        let inputs = &self.plan.resource(row.entity).update;
        for actor in 0..self.actors.len() {
            if self.judge(actor).admit_to(operation, row).is_some() {
                continue;
            }
            for attempt in 0..TRIES / 2 {
                let style = if attempt % 2 == 0 {
                    Style::Few
                } else {
                    Style::Varied
                };
                let body = self.propose(inputs, actor, &Body::default(), style)?;
                let good =
                    self.imagine_update(actor, operation, row, &body, |session, refusals| {
                        refusals.is_empty() && condition(session, of)
                    });
                if good {
                    return Some((actor, operation, body));
                }
            }
        }
        None
    }

    /// A row for which a condition holds: one that is there, a new one, or one that is brought to it.
    pub fn seek(&mut self, entity: EntityId, condition: Condition<'_, 'p>) -> Outcome<RowRef> {
        self.prepare(|session| session.sought(entity, condition))
    }

    fn sought(&mut self, entity: EntityId, condition: Condition<'_, 'p>) -> Outcome<RowRef> {
        let rows: Vec<RowRef> = self.world.of(entity).collect();
        let made = |row: &&RowRef| self.world.get(row).is_some_and(|row| row.made);
        let (own, others): (Vec<&RowRef>, Vec<&RowRef>) = rows.iter().partition(made);
        if let Some(row) = own
            .into_iter()
            .chain(others)
            .find(|row| condition(self, row))
        {
            return Ok(row.clone());
        }
        let quick = Want {
            is_quick: true,
            ..Want::default()
        };
        if let Some(row) = unless_failed(self.make_with(entity, &quick, condition))? {
            return Ok(row);
        }
        let states = self.states(entity).into_iter();
        let wants: Vec<Want> = states
            .map(|state| Want {
                state,
                ..Want::default()
            })
            .collect();
        let mut rows: Vec<RowRef> = Vec::new();
        for want in &wants {
            rows.extend(unless_failed(self.make(entity, want))?);
            if let Some(row) = rows.last().filter(|row| condition(self, row)) {
                return Ok(row.clone());
            }
        }
        for row in rows {
            if unless_failed(self.settle(&row, condition))?.is_some() {
                return Ok(row);
            }
        }
        for want in &wants {
            for row in self.make_by_others(entity, want)? {
                if unless_failed(self.settle(&row, condition))?.is_some() {
                    return Ok(row);
                }
            }
        }
        match self.is_makeable(entity) {
            true => unreached("no row is found that the case needs"),
            false => skip(format!(
                "nobody can create a row of {} over the API",
                self.plan.model.entity(entity).name
            )),
        }
    }

    /// Whether anything at all makes rows of the entity.
    pub fn is_makeable(&self, entity: EntityId) -> bool {
        let definition = self.plan.model.entity(entity);
        if let Some(part) = definition.part_of {
            return self.is_makeable(part.whole);
        }
        let kinds = [OperationKind::Create, OperationKind::SignUp];
        let mut kinds = kinds.into_iter();
        let makes = |kind: &StepKind| match kind {
            StepKind::Create { entity: of, .. }
            | StepKind::Upsert { entity: of, .. }
            | StepKind::GetOrCreate { entity: of, .. } => *of == entity,
            _ => false,
        };
        let model = &self.plan.model;
        let machines = model.entities.iter().filter_map(|one| one.state.as_ref());
        let effects = machines.flat_map(|machine| machine.moves.iter().map(|one| &one.steps));
        let mut steps = model.operations.iter().map(|one| &one.steps).chain(effects);
        kinds.any(|kind| self.operation(entity, kind).is_some())
            || steps.any(|steps| any_step(steps, &makes))
    }

    /// New rows by two callers of each role who can make one, the first of all apart.
    fn make_by_others(&mut self, entity: EntityId, want: &Want) -> Outcome<Vec<RowRef>> {
        let mut rows: Vec<RowRef> = Vec::new();
        let create = self.operation(entity, OperationKind::Create);
        let (Some(operation), true) = (create, self.making.is_empty()) else {
            return Ok(rows);
        };
        let creators = self.creators(entity, operation, want);
        let mut seen: Vec<Vec<RoleId>> = Vec::new();
        for (index, actor) in creators.into_iter().enumerate() {
            let roles = self.who(actor).roles.clone();
            let like = seen.iter().filter(|known| **known == roles).count();
            if index > 0 && like < 2 {
                let made = self.made_by(actor, operation, want, &|_, _| true);
                rows.extend(unless_failed(made)?);
            }
            seen.push(roles);
        }
        Ok(rows)
    }
}
