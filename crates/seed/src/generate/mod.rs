//! Makes rows entity by entity: propose, put right, judge, keep or forget.

mod build;
mod moves;
mod rules;

use crate::accounts::{self, Wanted};
use crate::designed::{self, Given};
use crate::repair;
use crate::world::{RowIndex, World};
use crate::{Rng, SeedError, SeedOptions};
use archwright_plan::model::calendar::DAY;
use archwright_plan::model::{EntityId, FieldId, FieldKind, Model, SeedValue, ToManyKind};
use archwright_plan::{Plan, SeedAccount};

/// Proposals for one row before it is given up.
const ATTEMPTS: u32 = 60;
/// Proposals that also have to keep the access rules, and reach the state that they should be in.
const STRICT: u32 = 24;
/// Rows that may fail one after the other before an entity has enough.
const FAILURES: u32 = 3;
const DEFAULT_ROWS: u64 = 12;
/// Rows lie this far back.
const PAST: i64 = 6 * DAY;
const HOUR: i64 = 3_600_000;

/// What is settled about a row before it is proposed.
pub(crate) struct Wish<'p> {
    pub entity: EntityId,
    /// Among the rows of its entity, from 0.
    pub number: usize,
    pub given: Given<'p>,
    pub account: Option<SeedAccount>,
    pub sign_in: Option<String>,
    /// The state that it should come to.
    pub state: Option<String>,
}

pub(crate) struct Generator<'p> {
    pub plan: &'p Plan,
    pub model: &'p Model,
    pub world: World<'p>,
    options: SeedOptions,
    rng: Rng,
    /// Rows and the states that they should still come to, once other rows exist.
    unfinished: Vec<(RowIndex, String)>,
    /// References and links of designed rows to rows that did not exist yet.
    postponed: Vec<(RowIndex, FieldId, &'p SeedValue)>,
    /// Proposals for the present row that repeated a unique key: the more, the less plain the values.
    clashes: u32,
    /// Entities that have their rows, and how many there will be.
    filled: usize,
    entities: usize,
}

impl<'p> Generator<'p> {
    pub fn new(plan: &'p Plan, options: SeedOptions) -> Self {
        let parts = |entity: &&archwright_plan::model::Entity| entity.part_of.is_none();
        Self {
            plan,
            model: &plan.model,
            world: World::new(&plan.model),
            options,
            rng: Rng::new(options.seed),
            unfinished: Vec::new(),
            postponed: Vec::new(),
            clashes: 0,
            filled: 0,
            entities: plan.model.entities.iter().filter(parts).count().max(1),
        }
    }

    /// Makes all rows of an entity, parts included.
    pub fn fill(&mut self, entity: EntityId) -> Result<(), SeedError> {
        self.rng = Rng::new(self.options.seed).branch(&self.model.entity(entity).name);
        let wishes = self.wishes(entity);
        let total = wishes.len();
        let mut failures = 0;
        for wish in wishes {
            let created_ms = self.created(wish.number, total);
            match self.make(&wish, created_ms) {
                Ok(()) => failures = 0,
                Err(reason) if !wish.given.is_empty() => {
                    return Err(SeedError::Designed {
                        entity: self.model.entity(entity).name.clone(),
                        number: wish.number + 1,
                        reason,
                    });
                }
                Err(_) => failures += 1,
            }
            if failures >= FAILURES {
                break;
            }
        }
        self.filled += 1;
        Ok(())
    }

    /// Settles what had to wait for other rows.
    pub fn finish(&mut self) -> Result<(), SeedError> {
        self.settle_postponed()?;
        self.link_later();
        for (row, state) in std::mem::take(&mut self.unfinished) {
            self.advance(row, &state);
        }
        Ok(())
    }

    fn wishes(&self, entity: EntityId) -> Vec<Wish<'p>> {
        let seed = self.model.seeds.iter().find(|seed| seed.entity == entity);
        let given: Vec<Given<'p>> = seed.map_or(Vec::new(), |seed| {
            seed.with.iter().map(Vec::as_slice).collect()
        });
        let states = self.states(entity);
        let default = DEFAULT_ROWS.max(3 * states.len() as u64);
        let rows = seed.map_or(default, |seed| seed.rows);
        let rows = rows.saturating_mul(u64::from(self.options.scale.max(1)));
        let mut people = self.people(entity, &given);
        let total = (rows as usize).max(given.len()).max(people.len());
        (0..total)
            .map(|number| {
                let person = (!people.is_empty()).then(|| people.remove(0));
                let (account, sign_in) = match person {
                    Some((account, sign_in)) => (Some(account), sign_in),
                    None => (self.newcomer(entity), None),
                };
                let given = given.get(number).copied().unwrap_or_default();
                Wish {
                    entity,
                    number,
                    given,
                    account,
                    sign_in,
                    state: self.goal(entity, given, number, &states),
                }
            })
            .collect()
    }

    /// Rows take turns: first through the tenants, then through the states.
    fn goal(
        &self,
        entity: EntityId,
        given: Given<'_>,
        number: usize,
        states: &[String],
    ) -> Option<String> {
        let machine = self.model.entity(entity).state.as_ref()?;
        if let Some(SeedValue::Literal(archwright_plan::model::Literal::Text(state))) =
            designed::value(given, machine.field)
        {
            return Some(state.clone());
        }
        let turn = number / self.tenants(entity).len().max(1);
        states.get(turn % states.len().max(1)).cloned()
    }

    /// Accounts that have to exist, those of designed rows first.
    fn people(&self, entity: EntityId, given: &[Given<'p>]) -> Vec<(SeedAccount, Option<String>)> {
        let Some(account) = self
            .model
            .account
            .as_ref()
            .filter(|account| account.entity == entity)
        else {
            return Vec::new();
        };
        let mut wanted: Vec<Wanted> = accounts::wanted(self.model);
        let mut people = Vec::new();
        for row in given {
            let own = match designed::value(row, account.sign_in) {
                Some(SeedValue::Literal(archwright_plan::model::Literal::Text(text))) => {
                    Some(text.clone())
                }
                _ => None,
            };
            // A designed row with the address of one of the printed sign-ins is that sign-in.
            let place = wanted.iter().position(|wanted| {
                own.is_some() && accounts::sign_in_text(self.model, account, wanted) == own
            });
            let mut person = accounts::signed_up(self.model, account);
            if let Some(place) = place {
                person.roles = wanted.remove(place).roles;
            }
            people.push((person, own));
        }
        for wanted in wanted {
            let text = accounts::sign_in_text(self.model, account, &wanted);
            let person = SeedAccount {
                password: accounts::password(account),
                roles: wanted.roles,
            };
            people.push((person, text));
        }
        people
    }

    fn newcomer(&self, entity: EntityId) -> Option<SeedAccount> {
        let account = self.model.account.as_ref()?;
        (account.entity == entity).then(|| accounts::signed_up(self.model, account))
    }

    /// Later rows are younger, and rows of a later entity are younger than those that they may refer to.
    fn created(&self, number: usize, total: usize) -> i64 {
        let window = (PAST - HOUR) / self.entities as i64;
        let start = self.options.now_ms - PAST + window * self.filled as i64;
        start + window * (number as i64 + 1) / (total as i64 + 1)
    }

    /// Proposes until a row with its parts keeps every rule; says why the last proposal did not.
    fn make(&mut self, wish: &Wish<'p>, created_ms: i64) -> Result<(), String> {
        let length = self.world.rows.len();
        let postponed = self.postponed.len();
        let mut reason = String::new();
        self.clashes = 0;
        for attempt in 0..ATTEMPTS {
            self.world.truncate(length);
            self.postponed.truncate(postponed);
            match self.propose(wish, attempt, created_ms) {
                Ok(()) => return Ok(()),
                Err(why) => reason = why,
            }
            if reason == build::NOTHING_TO_REFER_TO {
                break;
            }
        }
        self.world.truncate(length);
        self.postponed.truncate(postponed);
        Err(reason)
    }

    fn propose(&mut self, wish: &Wish<'p>, attempt: u32, created_ms: i64) -> Result<(), String> {
        let start = self.world.rows.len();
        let row = self.build(wish, attempt, created_ms)?;
        for made in start..self.world.rows.len() {
            if self.world.repeats_a_key(made) {
                self.clashes += 1;
                let name = &self.model.entity(self.world.rows[made].entity).name;
                return Err(format!("a unique key of {name} is taken"));
            }
        }
        if self.broken_check(row).is_some() {
            repair::repair(self, start, wish);
        }
        if let Some(check) = self.broken_check(row) {
            return Err(format!("the check `{check}` does not hold"));
        }
        if (start..self.world.rows.len()).any(|made| self.world.repeats_a_key(made)) {
            self.clashes += 1;
            return Err("a unique key is taken".to_owned());
        }
        let strict = attempt < STRICT && wish.given.is_empty();
        if strict && !self.may_be_created(row) {
            return Err("nobody may create it".to_owned());
        }
        let Some(state) = &wish.state else {
            return Ok(());
        };
        if !self.advance(row, state) {
            if attempt < STRICT / 2 {
                return Err(format!("it does not come to the state `{state}`"));
            }
            self.unfinished.push((row, state.clone()));
        }
        Ok(())
    }

    fn settle_postponed(&mut self) -> Result<(), SeedError> {
        for (row, field, value) in std::mem::take(&mut self.postponed) {
            match value {
                SeedValue::Reference(name) => {
                    let target = self.referred(row, field, name)?;
                    let id = self.world.rows[target].id.clone();
                    let id = archwright_plan::model::Literal::Text(id);
                    self.world.set(row, field, Some(id));
                }
                SeedValue::References(names) => {
                    let targets: Result<Vec<RowIndex>, SeedError> = names
                        .iter()
                        .map(|name| self.referred(row, field, name))
                        .collect();
                    self.join(row, field, &targets?);
                }
                SeedValue::Literal(_) | SeedValue::Parts(_) => {}
            }
        }
        Ok(())
    }

    fn referred(&self, row: RowIndex, field: FieldId, name: &str) -> Result<RowIndex, SeedError> {
        let target = match &self.model.field(field).kind {
            FieldKind::ToOne(relation) => relation.target,
            FieldKind::ToMany(relation) => relation.target,
            FieldKind::Scalar(_) => return Err(designed::unknown(self.model, field, name)),
        };
        let tenant = self.world.rows[row].tenant.as_deref();
        designed::named(&self.world, target, name, tenant)
            .ok_or_else(|| designed::unknown(self.model, field, name))
    }

    /// Links a row to others by either side of a many-to-many relation, beside the links that it has.
    fn join(&mut self, row: RowIndex, field: FieldId, targets: &[RowIndex]) {
        let canonical = match &self.model.field(field).kind {
            FieldKind::ToMany(relation) => match relation.kind {
                ToManyKind::Linked { canonical, .. } => canonical,
                _ => return,
            },
            _ => return,
        };
        for target in targets {
            let (near, far) = match canonical == field {
                true => (row, *target),
                false => (*target, row),
            };
            let id = self.world.rows[far].id.clone();
            let mut ids = self.world.rows[near]
                .links
                .get(&canonical.index)
                .cloned()
                .unwrap_or_default();
            if !ids.contains(&id) {
                ids.push(id);
                self.world.link(near, canonical, ids);
            }
        }
    }
}
