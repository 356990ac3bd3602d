//! Looks for calls of named operations: inputs with which a call does what a case is about, and calls that make ready
//! for it.

use crate::hints::{Hint, Hints, hints, words};
use crate::make::unless_failed;
use crate::oracle::{Inputs, Judge, Performed, perform};
use crate::session::{MOST_EFFORT, Outcome, Session, skip};
use crate::world::World;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{
    EntityId, Expression, ExpressionKind, FieldId, InputField, InputKind, InputPlace, Method,
    Model, Move, Operation as Definition, RoleId, ScalarType, Shape, StepKind,
};
use archwright_plan::{Operation, OperationKind};
use archwright_seed::values::{Subject, accepts, distinct};
use std::collections::BTreeMap;

/// Inputs that are tried in memory before it is said that none is found.
pub const TRIES: usize = 140;
/// Calls that may make ready for one case.
const ROUNDS: usize = 3;
const HELPERS: usize = 30;
const TRIES_AFTER: usize = 16;
/// Calls of each operation before the first case.
const STAGES: usize = 8;
/// Rows that are looked at for a move.
const STAGED: usize = 20;

/// What a call has to be given.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The callers that come into question; empty: all.
    pub actors: Vec<usize>,
    /// Whether optional inputs are given; absent: at random.
    pub all: Option<bool>,
    /// Whether these are given.
    pub given: Vec<(InputPlace, Vec<String>, bool)>,
    /// The row that an input names.
    pub named: Option<(InputPlace, Vec<String>, RowRef)>,
}

/// A call that is not made.
pub struct Imagined<'a, 'p> {
    pub done: &'a Performed,
    /// The rows as they are; the session has them as the call would leave them.
    pub before: &'a World<'p>,
    pub actor: usize,
    pub inputs: &'a Inputs,
    pub now: i64,
}

/// What a call has to come to.
pub type Goal<'a, 'p> = &'a dyn Fn(&Session<'p>, &Imagined<'_, 'p>) -> bool;

impl<'p> Session<'p> {
    /// Accounts of the suite's own, so that all that refers to them is known, and rows by each of them.
    pub fn ensure_crew(&mut self) {
        if !self.crew.is_empty() {
            return;
        }
        self.words = words(self.plan);
        self.crew.push(crate::session::ANONYMOUS);
        for _ in 0..3 {
            let newcomer = self.prepare(|session| session.newcomer(None));
            self.crew.extend(newcomer.ok());
        }
        for role in (0..self.plan.model.roles.len()).map(RoleId) {
            let newcomer = self.prepare(|session| session.newcomer_of(role, None));
            self.crew.extend(newcomer.ok());
        }
        if self.crew.len() == 1 {
            self.crew.extend(1..self.actors.len());
        }
        for operation in self.named_makers() {
            for _ in 0..STAGES {
                // What goes wrong here goes wrong in the case that is about it.
                let _ = self.prepare(|session| session.once(operation));
            }
        }
    }

    fn once(&mut self, operation: &'p Operation) -> Outcome<()> {
        let done = |_: &Self, imagined: &Imagined| imagined.done.refusal.is_none();
        match self.find_call(operation, &Wanted::default(), TRIES, &done) {
            Some((actor, inputs)) => self.call(actor, operation, &inputs).map(drop),
            None => Ok(()),
        }
    }

    /// Named operations that are no reads.
    fn named_writes(&self) -> Vec<&'p Operation> {
        let operations = self.plan.operations.iter();
        operations
            .filter(|one| self.definition(one).is_some() && one.method != Method::Get)
            .collect()
    }

    /// Those of them that delete nothing.
    fn named_makers(&self) -> Vec<&'p Operation> {
        let mut writes = self.named_writes();
        let deletes = |kind: &StepKind| matches!(kind, StepKind::Delete { .. });
        writes.retain(|one| {
            let steps = self.definition(one).map_or(&[][..], |one| &one.steps);
            !any_step(steps, &deletes)
        });
        writes
    }

    /// A caller and inputs with which the call comes to the goal, on the rows as they are.
    pub fn find_call(
        &mut self,
        operation: &'p Operation,
        wanted: &Wanted,
        tries: usize,
        goal: Goal<'_, 'p>,
    ) -> Option<(usize, Inputs)> {
        let definition = self.definition(operation)?;
        let hints = hints(&self.plan.model, definition);
        let actors = match wanted.actors.is_empty() {
            true => self.crew.clone(),
            false => wanted.actors.clone(),
        };
        for attempt in 0..tries {
            self.effort += 1;
            if self.effort > MOST_EFFORT {
                return None;
            }
            let actor = match attempt < actors.len() {
                true => actors[attempt],
                false => actors[self.rng.below(actors.len())],
            };
            let Some(inputs) = self.propose_inputs(definition, &hints, actor, wanted) else {
                continue;
            };
            let fits = self.imagine_call(
                actor,
                operation,
                definition,
                &inputs,
                |session, imagined| !imagined.done.is_unsure && goal(session, imagined),
            );
            if fits {
                return Some((actor, inputs));
            }
        }
        None
    }

    /// Shows the rows as the call would leave them.
    pub fn imagine_call<T>(
        &mut self,
        actor: usize,
        operation: &Operation,
        definition: &Definition,
        inputs: &Inputs,
        look: impl FnOnce(&mut Self, &Imagined<'_, 'p>) -> T,
    ) -> T {
        let before = self.world.clone();
        let who = self.actors[actor].who.clone();
        let now = self.now();
        let done = perform(&mut self.world, operation, definition, &who, inputs, now);
        let imagined = Imagined {
            done: &done,
            before: &before,
            actor,
            inputs,
            now,
        };
        let seen = look(self, &imagined);
        self.world = before;
        seen
    }

    /// The same, where other calls may have to come first.
    pub fn seek_call(
        &mut self,
        operation: &'p Operation,
        wanted: &Wanted,
        goal: Goal<'_, 'p>,
    ) -> Outcome<(usize, Inputs)> {
        self.ensure_crew();
        if let Some(found) = self.find_call(operation, wanted, TRIES, goal) {
            return Ok(found);
        }
        for _ in 0..ROUNDS {
            if !self.help(operation, wanted, goal)? {
                self.stage()?;
            }
            if let Some(found) = self.find_call(operation, wanted, TRIES, goal) {
                return Ok(found);
            }
        }
        skip(format!(
            "no calls are found that lead {} to what the case is about",
            operation.id
        ))
    }

    /// More rows of all kinds, in more states.
    fn stage(&mut self) -> Outcome<()> {
        for helper in self.named_makers() {
            unless_failed(self.prepare(|session| session.once(helper)))?;
        }
        for operation in &self.plan.operations {
            let (OperationKind::Move(_), Some(entity)) = (&operation.kind, operation.entity) else {
                continue;
            };
            let mut rows = self.made_rows(entity);
            rows.reverse();
            for row in rows.into_iter().take(STAGED) {
                if let Some((actor, given)) = self.mover(&row, operation) {
                    let made =
                        self.prepare(|session| session.shift(actor, operation, &row, &given));
                    unless_failed(made)?;
                    break;
                }
            }
        }
        Ok(())
    }

    /// Makes a call after which the goal can be reached, if one is found.
    fn help(
        &mut self,
        operation: &'p Operation,
        wanted: &Wanted,
        goal: Goal<'_, 'p>,
    ) -> Outcome<bool> {
        let helpers = self.named_writes();
        if helpers.is_empty() {
            return Ok(false);
        }
        for _ in 0..HELPERS {
            let helper = helpers[self.rng.below(helpers.len())];
            let done = |_: &Self, imagined: &Imagined| imagined.done.refusal.is_none();
            let Some((actor, inputs)) = self.find_call(helper, &Wanted::default(), 8, &done) else {
                continue;
            };
            let Some(definition) = self.definition(helper) else {
                continue;
            };
            let helps = self.imagine_call(actor, helper, definition, &inputs, |session, _| {
                let found = session.find_call(operation, wanted, TRIES_AFTER, goal);
                found.is_some()
            });
            if helps {
                self.prepare(|session| session.call(actor, helper, &inputs))?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A new row of an entity that only named operations make.
    pub fn make_by_call(
        &mut self,
        entity: EntityId,
        wanted: &Wanted,
        fits: &dyn Fn(&Session<'p>, &RowRef) -> bool,
    ) -> Outcome<RowRef> {
        self.ensure_crew();
        let name = &self.plan.model.entity(entity).name;
        let mut trouble = format!("nobody can create a row of {name} over the API");
        for operation in self.named_writes() {
            let makes = |kind: &StepKind| match kind {
                StepKind::Create { entity: of, .. }
                | StepKind::Upsert { entity: of, .. }
                | StepKind::GetOrCreate { entity: of, .. } => *of == entity,
                _ => false,
            };
            let steps = self.definition(operation).map_or(&[][..], |one| &one.steps);
            if !any_step(steps, &makes) {
                continue;
            }
            let made = |session: &Session<'p>, imagined: &Imagined| {
                let mut created = imagined.done.created.iter();
                imagined.done.refusal.is_none()
                    && created.any(|row| row.entity == entity && fits(session, row))
            };
            match self.seek_call(operation, wanted, &made) {
                Ok((actor, inputs)) => {
                    let called = self.call(actor, operation, &inputs)?;
                    let mut created = called.done.created.into_iter();
                    if let Some(row) = created.find(|row| row.entity == entity && fits(self, row)) {
                        return Ok(row);
                    }
                }
                Err(crate::session::Trouble::Skipped(reason)) => trouble = reason,
                Err(failed) => return Err(failed),
            }
        }
        skip(trouble)
    }

    /// Makes a call after which a condition holds, if one is found.
    pub fn settle_by_call(&mut self, condition: &dyn Fn(&Session<'p>) -> bool) -> Outcome<bool> {
        let operations = self.named_writes();
        if operations.is_empty() {
            return Ok(false);
        }
        self.ensure_crew();
        for operation in operations {
            let goal = |session: &Session<'p>, imagined: &Imagined| {
                imagined.done.refusal.is_none() && condition(session)
            };
            if let Some((actor, inputs)) =
                self.find_call(operation, &Wanted::default(), TRIES / 2, &goal)
            {
                self.call(actor, operation, &inputs)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn propose_inputs(
        &mut self,
        definition: &Definition,
        hints: &Hints<'_>,
        actor: usize,
        wanted: &Wanted,
    ) -> Option<Inputs> {
        let places = [
            (InputPlace::Path, &definition.path_input),
            (InputPlace::Query, &definition.query_input),
            (InputPlace::Header, &definition.header_input),
            (InputPlace::Body, &definition.body_input),
        ];
        let mut inputs = Vec::new();
        for (place, fields) in places {
            let mut proposer = Proposer {
                place,
                hints,
                actor,
                wanted,
                of: &definition.name,
            };
            let members = proposer.object(self, fields, &mut Vec::new())?;
            inputs.push((place, members));
        }
        Some(inputs)
    }
}

pub fn any_step(steps: &[archwright_plan::model::Step], is: &dyn Fn(&StepKind) -> bool) -> bool {
    steps.iter().any(|step| match &step.kind {
        StepKind::Each { steps, .. } => any_step(steps, is),
        kind => is(kind),
    })
}

/// Whether the oracle knows what an operation does: passwords and tokens are between the server and its accounts.
pub fn is_foretold(model: &Model, definition: &Definition) -> bool {
    let about_accounts = |kind: &StepKind| match kind {
        StepKind::SignIn { .. } | StepKind::Token { .. } => true,
        StepKind::Create { sign_up, .. } => sign_up.is_some(),
        StepKind::Update { password, .. } => password.is_some(),
        _ => false,
    };
    let mut replies = definition.replies.iter();
    !any_step(&definition.steps, &about_accounts)
        && replies.all(|(_, reply)| !tells_token(model, reply))
}

fn tells_token(model: &Model, shape: &Shape) -> bool {
    match shape {
        Shape::Value(value) => {
            let mut found = false;
            value.walk(&mut |part| found |= matches!(part.kind, ExpressionKind::CallerToken));
            found
        }
        Shape::Nothing => false,
        Shape::Object(members) => members.iter().any(|(_, part)| tells_token(model, part)),
        Shape::Show { view, .. } => tells_token(model, &model.view(*view).show),
        Shape::Each { item, .. } => tells_token(model, item),
    }
}

struct Proposer<'a> {
    place: InputPlace,
    hints: &'a Hints<'a>,
    actor: usize,
    wanted: &'a Wanted,
    of: &'a str,
}

impl Proposer<'_> {
    fn object(
        &mut self,
        session: &mut Session,
        fields: &[InputField],
        path: &mut Vec<String>,
    ) -> Option<Value> {
        let mut members = BTreeMap::new();
        for field in fields {
            path.push(field.name.clone());
            if self.is_given(session, field, path) {
                let value = self.value(session, field, &field.kind, path)?;
                members.insert(field.name.clone(), value);
            }
            path.pop();
        }
        Some(Value::Object(members))
    }

    fn is_given(&self, session: &mut Session, field: &InputField, path: &[String]) -> bool {
        let mut given = self.wanted.given.iter();
        if let Some((.., is_given)) = given.find(|(place, wanted, given)| {
            *place == self.place && (wanted == path || *given && wanted.starts_with(path))
        }) {
            return *is_given;
        }
        if !field.optional && field.default.is_none() {
            return true;
        }
        self.wanted.all.unwrap_or_else(|| session.rng.chance(50))
    }

    fn value(
        &mut self,
        session: &mut Session,
        field: &InputField,
        kind: &InputKind,
        path: &mut Vec<String>,
    ) -> Option<Value> {
        match kind {
            InputKind::Object(fields) => self.object(session, fields, path),
            InputKind::Reference(target) => match &self.wanted.named {
                Some((place, wanted, row)) if *place == self.place && wanted == path => {
                    Some(Value::Row(row.clone()))
                }
                _ => session.reference(*target, self.actor).map(Value::Row),
            },
            InputKind::List(item) => {
                let mut items = Vec::new();
                for _ in 0..session.rng.below(4) {
                    items.push(self.value(session, field, item, path)?);
                }
                Some(Value::List(items))
            }
            InputKind::Scalar(scalar) => {
                // An item is like a field of its own.
                let field = InputField {
                    kind: InputKind::Scalar(scalar.clone()),
                    ..field.clone()
                };
                self.scalar(session, &field, scalar, path)
            }
        }
    }

    fn scalar(
        &mut self,
        session: &mut Session,
        field: &InputField,
        scalar: &ScalarType,
        path: &[String],
    ) -> Option<Value> {
        let now = session.now();
        let subject = Subject::of_input(self.of, field, now)?;
        let known = self.hints.of(self.place, path);
        let hinted = !known.is_empty() && session.rng.chance(75);
        if hinted && let Some(value) = self.like(session, &known, scalar, path) {
            let literal = value.to_literal();
            let is_plain = self.place != InputPlace::Header
                || matches!(&value, Value::Text(text) if text.is_ascii());
            if is_plain && literal.is_some_and(|literal| accepts(&subject, &literal)) {
                return Some(value);
            }
        }
        if let ScalarType::Int | ScalarType::BigInt = scalar
            && session.rng.chance(60)
        {
            let bounds = field.min.iter().chain(&field.max);
            let bounds = bounds.map(|bound| Value::of_scalar(bound, scalar));
            let mut numbers: Vec<Value> = bounds.collect();
            numbers.extend([-1, 0, 1, 2, 3].map(Value::Int));
            let number = numbers[session.rng.below(numbers.len())].clone();
            if number
                .to_literal()
                .is_some_and(|one| accepts(&subject, &one))
            {
                return Some(number);
            }
        }
        if let ScalarType::String { .. } | ScalarType::Slug | ScalarType::Text { .. } = scalar {
            session.counter += 1;
            let word = match session.words.is_empty() || session.rng.chance(85) {
                true => "",
                false => session.words[session.rng.below(session.words.len())],
            };
            let text = format!("made-{}{word}", session.counter);
            let literal = archwright_plan::model::Literal::Text(text.clone());
            if accepts(&subject, &literal) {
                return Some(Value::Text(text));
            }
        }
        let literal = distinct(&subject, 8, &mut session.rng)?;
        Some(Value::of_scalar(&literal, scalar))
    }

    /// A value like one of the rows that the input is compared with.
    fn like(
        &self,
        session: &mut Session,
        known: &[Hint<'_>],
        scalar: &ScalarType,
        path: &[String],
    ) -> Option<Value> {
        let hint = &known[session.rng.below(known.len())];
        let value = match hint {
            Hint::Text(text) => Value::Text((*text).to_owned()),
            Hint::Found(field, filter, made) => {
                self.found(session, *field, (filter, *made), path)?
            }
            Hint::Field(field) => {
                let wished = session.wishes.clone();
                let wished = wished.into_iter().filter(|row| row.entity == field.entity);
                let wished: Vec<RowRef> = wished.collect();
                let mut rows = match wished.is_empty() || session.rng.chance(15) {
                    true => session.made_rows(field.entity),
                    false => wished,
                };
                if rows.is_empty() || session.rng.chance(10) {
                    rows = session.world.of(field.entity).collect();
                }
                let row = match rows.is_empty() {
                    true => return None,
                    false => &rows[session.rng.below(rows.len())],
                };
                session.world.value(row, *field)
            }
        };
        match value {
            Value::Text(text)
                if matches!(scalar, ScalarType::String { .. } | ScalarType::Text { .. }) =>
            {
                Some(Value::Text(self.varied(session, text, known)))
            }
            Value::Null => None,
            value => Some(value),
        }
    }

    /// What names a row that a step would find.
    fn found(
        &self,
        session: &mut Session,
        field: FieldId,
        (filter, made): (&Expression, Option<&Move>),
        path: &[String],
    ) -> Option<Value> {
        let rows = match session.wishes.iter().any(|row| row.entity == field.entity) {
            true => session.wishes.clone(),
            false => session.world.of(field.entity).collect(),
        };
        let from = session.rng.below(rows.len().max(1));
        let judge = session.judge(self.actor);
        let mut rows = rows.iter().cycle().skip(from).take(rows.len());
        rows.find_map(|row| {
            let value = (row.entity == field.entity).then(|| session.world.value(row, field))?;
            let mut given = value.clone();
            for name in path.iter().rev() {
                given = Value::Object(BTreeMap::from([(name.clone(), given)]));
            }
            let judge = Judge {
                inputs: &[(self.place, given)],
                ..judge
            };
            let is_ready = made.is_none_or(|one| {
                let state = session.world.state(row).unwrap_or_default();
                let when = one.when.as_ref();
                one.from.contains(&state) && when.is_none_or(|when| judge.holds(when, row))
            });
            (is_ready && judge.holds(filter, row)).then_some(value)
        })
    }

    /// The text itself, or a part of it, or in another form.
    fn varied(&self, session: &mut Session, text: String, known: &[Hint<'_>]) -> String {
        if self.place == InputPlace::Path || session.rng.chance(55) {
            return text;
        }
        let part = 1 + session.rng.below(text.chars().count().max(1));
        match session.rng.below(5) {
            0 => text.chars().take(part).collect(),
            1 => text.chars().skip(part - 1).collect(),
            2 => text.to_uppercase(),
            3 => format!(" {text} "),
            _ => {
                let mut ends = known.iter().filter_map(|hint| match hint {
                    Hint::Text(text) => Some(*text),
                    Hint::Field(_) | Hint::Found(..) => None,
                });
                format!("{text}{}", ends.next().unwrap_or(""))
            }
        }
    }
}
