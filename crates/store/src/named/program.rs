//! Named operations, and the effects of moves, as statements that are printed once at the start.

use super::compiler::Compiler;
use super::find::{named_entities, named_row};
use super::listing::Listing;
use super::show::Shower;
use super::shown::Shown;
use super::{Environment, steps};
use crate::Failure;
use crate::represent::admit_class;
use crate::write::{Job, by_rule};
use archwright_plan::model::{
    BindingId, EntityId, FieldId, InputPlace, Operation, Otherwise, Shape, SignUp,
};
use archwright_plan::{Alternative, OperationKind, Plan};
use archwright_sql::{Classes, Dialect, Statement, Unsupported};
use std::collections::BTreeMap;

/// By the operation's position in the plan, and by entity and position of the move.
#[derive(Default)]
pub(crate) struct Programs {
    operations: BTreeMap<usize, Program>,
    moves: BTreeMap<(EntityId, usize), Vec<Step>>,
    /// Find the row that an input names.
    named_rows: BTreeMap<EntityId, Statement>,
}

pub(crate) struct Program {
    guard: Vec<(Alternative, Option<Statement>)>,
    pub steps: Vec<Step>,
    /// False where a reader is enough.
    pub writes: bool,
    /// Of success.
    pub status: u16,
    replies: Vec<(u16, Shown)>,
    /// An object of the texts of headers.
    headers: Option<Shown>,
    /// Bodies that steps have for their refusal.
    refusals: Vec<Shown>,
    /// Paths of texts of the body that become passwords.
    pub new_passwords: Vec<Vec<String>>,
    /// The account's field, and the paths of its value and of the password.
    pub sign_in: Option<(FieldId, Vec<String>, Vec<String>)>,
}

pub(crate) struct Step {
    pub condition: Option<Statement>,
    pub otherwise: Otherwise,
    /// Position in the bodies of refusals.
    pub refusal: Option<usize>,
    pub kind: Kind,
}

/// Each statement has one row of one column, or none.
pub(crate) enum Kind {
    Find {
        bind: BindingId,
        row: Statement,
    },
    /// A JSON list of ids, and how many there are in all.
    List {
        bind: BindingId,
        count: Option<BindingId>,
        listing: Listing,
    },
    Guard {
        that: Statement,
    },
    Create {
        bind: BindingId,
        entity: EntityId,
        set: Vec<Assignment>,
        sign_up: Option<SignUp>,
    },
    /// Finds the row with the key, or creates it; `changes` sets fields of one that is there.
    Upsert {
        bind: BindingId,
        entity: EntityId,
        find: Statement,
        key: Vec<Assignment>,
        set: Vec<Assignment>,
        changes: bool,
    },
    Update {
        entity: EntityId,
        row: Statement,
        set: Vec<Assignment>,
        password: Option<Vec<String>>,
    },
    Delete {
        entity: EntityId,
        row: Statement,
    },
    /// The canonical relation with its near and its far row.
    Link {
        relation: FieldId,
        near: Statement,
        far: Statement,
        links: bool,
    },
    Move {
        entity: EntityId,
        row: Statement,
        index: usize,
        /// The plan's operation that has its guard; absent: nobody may.
        operation: Option<usize>,
    },
    SignIn {
        bind: BindingId,
    },
    Token {
        bind: BindingId,
        row: Statement,
    },
    /// A JSON list of values.
    Each {
        bind: BindingId,
        list: Statement,
        steps: Vec<Step>,
    },
}

/// A value for a field.
pub(crate) struct Assignment {
    pub field: FieldId,
    pub value: Statement,
    /// The input that it is, where it is nothing but one: left out, it leaves the field as it is.
    pub input: Option<(InputPlace, Vec<String>)>,
}

impl Programs {
    pub fn new(plan: &Plan, dialect: Dialect) -> Result<Self, Unsupported> {
        let mut programs = Self::default();
        for (index, operation) in plan.operations.iter().enumerate() {
            if let OperationKind::Named(named) = operation.kind {
                programs
                    .operations
                    .insert(index, Program::new(plan, dialect, index, named)?);
                for entity in named_entities(&plan.model.operations[named]) {
                    let statement = named_row(plan, dialect, entity)?;
                    programs.named_rows.insert(entity, statement);
                }
            }
        }
        for entity in &plan.model.entities {
            let moves = entity.state.iter().flat_map(|machine| &machine.moves);
            for (index, one) in moves.enumerate() {
                let mut compiler = Compiler::new(plan, dialect, Some(entity.id));
                let steps = compiler.steps(&one.steps)?;
                programs.moves.insert((entity.id, index), steps);
            }
        }
        Ok(programs)
    }

    pub fn of(&self, operation: usize) -> Result<&Program, Failure> {
        let program = self.operations.get(&operation);
        program.ok_or_else(|| Failure::Internal("an operation without steps".to_owned()))
    }

    /// Every statement that they run.
    pub fn statements(&self) -> Vec<&Statement> {
        let mut all: Vec<&Statement> = self.named_rows.values().collect();
        for program in self.operations.values() {
            all.extend(program.guard.iter().filter_map(|(_, when)| when.as_ref()));
            let refusals = program.refusals.iter();
            all.extend(refusals.flat_map(Shown::statements));
            let shown = program
                .replies
                .iter()
                .flat_map(|(_, shown)| shown.statements());
            all.extend(shown);
            all.extend(program.headers.iter().flat_map(Shown::statements));
        }
        let programs = self.operations.values().map(|program| &program.steps);
        let steps = programs.chain(self.moves.values()).flatten();
        steps.for_each(|step| step.statements(&mut all));
        all
    }

    /// Finds a row of an entity by its id or natural key `Value(0)`.
    pub fn named_row(&self, entity: EntityId) -> Result<&Statement, Failure> {
        let statement = self.named_rows.get(&entity);
        statement.ok_or_else(|| Failure::Internal("an input that names no row".to_owned()))
    }

    /// What a move does beyond its row.
    pub fn of_move(&self, entity: EntityId, index: usize) -> &[Step] {
        self.moves.get(&(entity, index)).map_or(&[], Vec::as_slice)
    }
}

impl Program {
    fn new(
        plan: &Plan,
        dialect: Dialect,
        operation: usize,
        named: usize,
    ) -> Result<Self, Unsupported> {
        let definition = &plan.model.operations[named];
        let mut compiler = Compiler::new(plan, dialect, None);
        let mut guard = Vec::new();
        for alternative in &plan.operations[operation].guard {
            let when = alternative.when.as_ref();
            let when = when.map(|when| compiler.condition(when)).transpose()?;
            guard.push((alternative.clone(), when));
        }
        let steps = compiler.steps(&definition.steps)?;
        let mut replies = Vec::new();
        for (status, shape) in &definition.replies {
            replies.push((*status, Shower::new(plan, dialect).reply(shape)?));
        }
        Ok(Self {
            guard,
            writes: definition.writes(),
            steps,
            status: plan.operations[operation].status,
            replies,
            headers: headers(plan, dialect, definition)?,
            refusals: compiler.refusals,
            new_passwords: compiler.new_passwords,
            sign_in: compiler.sign_in,
        })
    }

    /// Refuses callers for whom no alternative can ever hold.
    pub fn admit(&self, classes: &Classes) -> Result<(), Failure> {
        admit_class(
            self.guard.iter().map(|(alternative, _)| alternative),
            classes,
        )
    }

    pub fn allowed(&self, job: &Job<'_>) -> Result<(), Failure> {
        let environment = Environment::default();
        for (alternative, when) in &self.guard {
            if !job.classes.satisfies(alternative.caller) {
                continue;
            }
            match when {
                None => return Ok(()),
                Some(when) if steps::holds(job, &environment, when)? => return Ok(()),
                Some(_) => {}
            }
        }
        Err(by_rule(job.classes, &job.definition().guard))
    }

    /// Whether a reply but that of success has a body of its own.
    pub fn shows_failures(&self) -> bool {
        let mut replies = self.replies.iter();
        !self.refusals.is_empty() || replies.any(|(status, _)| *status != self.status)
    }

    /// The body of a failure with this status: that of the step that refused, or else the operation's. Empty where that
    /// is nothing; `None` where there is none.
    pub fn told(
        &self,
        job: &Job<'_>,
        environment: &Environment,
        status: u16,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let refusal = environment.refusal;
        let own = refusal.and_then(|index| self.refusals.get(index));
        let mut replies = self.replies.iter();
        let reply = replies.find(|(known, _)| *known == status);
        match own.or(reply.map(|(_, shown)| shown)) {
            Some(shown) => Ok(Some(shown.write(job, environment)?.unwrap_or_default())),
            None => Ok(None),
        }
    }

    /// The headers of the reply when nothing fails.
    pub fn headers(
        &self,
        job: &Job<'_>,
        environment: &Environment,
    ) -> Result<Vec<(String, String)>, Failure> {
        let Some(shown) = &self.headers else {
            return Ok(Vec::new());
        };
        let json = shown.write(job, environment)?.unwrap_or_default();
        let headers: BTreeMap<String, String> = serde_json::from_slice(&json)
            .map_err(|error| Failure::Internal(format!("headers that are no texts: {error}")))?;
        Ok(headers.into_iter().collect())
    }

    /// The body of a reply with this status: nothing when the operation has none of its own.
    pub fn shown(
        &self,
        job: &Job<'_>,
        environment: &Environment,
        status: u16,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let reply = self.replies.iter().find(|(known, _)| *known == status);
        match reply {
            Some((_, shown)) => shown.write(job, environment),
            None => Ok(None),
        }
    }
}

/// The headers of a reply as an object, those that are missing left out.
fn headers(
    plan: &Plan,
    dialect: Dialect,
    definition: &Operation,
) -> Result<Option<Shown>, Unsupported> {
    if definition.headers.is_empty() {
        return Ok(None);
    }
    let headers = definition.headers.iter().map(|(name, value)| {
        let value = Shape::IfPresent(Box::new(Shape::Value(value.clone())));
        (name.clone(), value)
    });
    let shape = Shape::Object(headers.collect());
    Shower::new(plan, dialect).reply(&shape).map(Some)
}

impl Step {
    /// What it writes into the fields of its row.
    pub fn assignments(&self) -> impl Iterator<Item = &Assignment> {
        let (key, set): (&[Assignment], &[Assignment]) = match &self.kind {
            Kind::Create { set, .. } | Kind::Update { set, .. } => (&[], set),
            Kind::Upsert { key, set, .. } => (key, set),
            _ => (&[], &[]),
        };
        key.iter().chain(set)
    }

    /// Whether it changes rows that earlier steps bound.
    pub fn is_about_rows(&self) -> bool {
        matches!(
            self.kind,
            Kind::Update { .. } | Kind::Delete { .. } | Kind::Link { .. }
        )
    }

    fn statements<'s>(&'s self, all: &mut Vec<&'s Statement>) {
        all.extend(&self.condition);
        let mut assigned = |set: &'s [Assignment]| all.extend(set.iter().map(|one| &one.value));
        match &self.kind {
            Kind::Create { set, .. } | Kind::Update { set, .. } => assigned(set),
            Kind::Upsert { key, set, .. } => [key, set].into_iter().for_each(|set| assigned(set)),
            _ => {}
        }
        match &self.kind {
            Kind::Create { .. } | Kind::SignIn { .. } => {}
            Kind::Find { row, .. }
            | Kind::Token { row, .. }
            | Kind::Upsert { find: row, .. }
            | Kind::Update { row, .. }
            | Kind::Delete { row, .. }
            | Kind::Move { row, .. } => all.push(row),
            Kind::List { listing, .. } => all.extend(listing.statements()),
            Kind::Guard { that } => all.push(that),
            Kind::Link { near, far, .. } => all.extend([near, far]),
            Kind::Each { list, steps, .. } => {
                all.push(list);
                steps.iter().for_each(|step| step.statements(all));
            }
        }
    }
}
