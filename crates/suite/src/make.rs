//! Makes rows through the API alone: who can create them, from what, and which moves bring them to a state.

use crate::oracle::{Body, Given, create, shift, step, update};
use crate::propose::Style;
use crate::session::{Outcome, Session, Trouble, skip};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{EntityId, FieldId, ToManyKind};
use archwright_plan::{InputKind, Operation, OperationKind};
use std::collections::{BTreeMap, VecDeque};

/// Bodies that are tried in memory before it is said that none is found.
const TRIES: usize = 250;
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
    /// Nothing is made for its sake, and it is given up soon.
    pub is_quick: bool,
}

type Condition<'a, 'p> = &'a dyn Fn(&Session<'p>, &RowRef) -> bool;

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
        if deep {
            return skip(format!(
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
            return skip(format!("nobody can create a row of {name} over the API"));
        };
        let mut trouble = Trouble::Skipped(format!("no caller can create such a row of {name}"));
        for actor in self.creators(entity, operation, want) {
            match self.made_by(actor, operation, want, condition) {
                Ok(row) => return Ok(row),
                Err(Trouble::Failed(failure)) => return Err(Trouble::Failed(failure)),
                Err(other) => trouble = other,
            }
        }
        if want.owner.is_none() && !want.is_quick && self.is_one_to_one(entity) {
            // Everybody has one already.
            let newcomer = self.newcomer(None)?;
            return self.made_by(newcomer, operation, want, condition);
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
            (*account != want.owner, !owns)
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
        if let Some(row) = self.try_create(actor, operation, want, condition)? {
            return self.finished(row, want);
        }
        let entity = operation.entity.unwrap_or(EntityId(0));
        if want.is_quick {
            return skip("no such row is found at once");
        }
        for (field, target) in self.references(entity) {
            if want.fixed.get(field).is_some() {
                continue;
            }
            for state in self.states(target) {
                let account = self.actors[actor].who.account.clone();
                let tenant = self.tenant_of(actor);
                for owner in [account, None] {
                    let wanted = Want {
                        owner,
                        tenant: tenant.clone(),
                        state: state.clone(),
                        ..Want::default()
                    };
                    let made = match self.obtain(target, &wanted) {
                        Ok(row) => row,
                        Err(Trouble::Failed(failure)) => return Err(Trouble::Failed(failure)),
                        Err(Trouble::Skipped(_)) => continue,
                    };
                    let mut nearer = want.clone();
                    nearer.fixed.set(field, Given::Row(made));
                    if let Some(row) = self.try_create(actor, operation, &nearer, condition)? {
                        return self.finished(row, want);
                    }
                }
            }
        }
        skip(format!(
            "no body is found that makes such a row by {}",
            operation.id
        ))
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

    /// Creates the first proposal that the rules accept.
    fn try_create(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        want: &Want,
        condition: Condition<'_, 'p>,
    ) -> Outcome<Option<RowRef>> {
        let Some(body) = self.search_create(actor, operation, want, condition) else {
            return Ok(None);
        };
        let done = self.create(actor, operation, &body)?;
        Ok(done.row)
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
        let now = self.now();
        let first = want
            .state
            .as_ref()
            .and_then(|state| self.route(entity, None, state)?.first().copied());
        let mut is_denied = true;
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
            let body = self.propose(entity, inputs, actor, &fixed, style)?;
            let who = self.actors[actor].who.clone();
            let (row, refusals) = create(&mut self.world, operation, &who, &body, now);
            is_denied &= refusals.iter().any(|refusal| refusal.status == 403);
            let ready =
                attempt > TRIES / 2 || first.is_none_or(|operation| self.is_ready(operation, &row));
            let good =
                refusals.is_empty() && self.fits(&row, want) && ready && condition(self, &row);
            for (row, _) in self.world.snapshot(&row) {
                self.world.remove(&row);
            }
            if good {
                return Some(body);
            }
        }
        None
    }

    /// Whether a move's condition holds already.
    fn is_ready(&self, operation: &Operation, row: &RowRef) -> bool {
        let when = step(&self.world, operation).and_then(|step| step.when.as_ref());
        when.is_none_or(|when| self.judge(0).holds(when, row))
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

    /// Makes one move, by whoever may.
    pub fn advance(&mut self, row: &RowRef, operation: &'p Operation) -> Outcome<usize> {
        if let Some((actor, given)) = self.mover(row, operation) {
            self.shift(actor, operation, row, &given)?;
            return Ok(actor);
        }
        if let Some(when) = step(&self.world, operation).and_then(|step| step.when.as_ref()) {
            let holds = |session: &Session<'p>, row: &RowRef| session.judge(0).holds(when, row);
            self.settle(row, &holds)?;
        }
        match self.mover(row, operation) {
            Some((actor, given)) => {
                self.shift(actor, operation, row, &given)?;
                Ok(actor)
            }
            None => skip(format!(
                "no caller can make {} with such a row",
                operation.id
            )),
        }
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
        let before = self.world.snapshot(row);
        let refusals = shift(&mut self.world, operation, row, &who, given, now);
        self.world.restore(row, before);
        refusals.is_empty()
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
            if let Some((actor, operation, body)) = self.search_update_for(&other, row, condition) {
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
                    Err(Trouble::Skipped(_)) => break,
                    Ok(_) if condition(self, row) => return Ok(()),
                    Ok(_) => {}
                }
            }
        }
        skip("no change of the row is found that the case needs")
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
        let now = self.now();
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
                let body = self.propose(row.entity, inputs, actor, &Body::default(), style)?;
                let who = self.actors[actor].who.clone();
                let before = self.world.snapshot(row);
                let refusals = update(&mut self.world, operation, row, &who, &body, now);
                let good = refusals.is_empty() && condition(self, of);
                self.world.restore(row, before);
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
        match self.make_with(entity, &quick, condition) {
            Ok(row) => return Ok(row),
            Err(Trouble::Failed(failure)) => return Err(Trouble::Failed(failure)),
            Err(Trouble::Skipped(_)) => {}
        }
        for state in self.states(entity) {
            let want = Want {
                state,
                ..Want::default()
            };
            let row = match self.make(entity, &want) {
                Ok(row) => row,
                Err(Trouble::Failed(failure)) => return Err(Trouble::Failed(failure)),
                Err(Trouble::Skipped(_)) => continue,
            };
            match self.settle(&row, condition) {
                Ok(()) => return Ok(row),
                Err(Trouble::Failed(failure)) => return Err(Trouble::Failed(failure)),
                Err(Trouble::Skipped(_)) => {}
            }
        }
        skip("no row is found that the case needs")
    }
}
