//! Named operations, and the effects of moves, as statements that are printed once at the start.

use super::find::{Window, and, named_entities, named_row};
use super::listing::Listing;
use super::show::Shower;
use super::shown::Shown;
use super::{Environment, steps};
use crate::Failure;
use crate::represent::{admit_class, unsupported};
use crate::write::{Job, by_rule};
use archwright_plan::limits::LISTED_ROWS;
use archwright_plan::model::{
    BinaryOperator, BindingId, EntityId, Expression, ExpressionKind, FieldId, FieldKind,
    InputPlace, Operation, Otherwise, Shape, SignUp, StepKind, ToManyKind, Type,
};
use archwright_plan::{Alternative, OperationKind, Plan};
use archwright_sql::{Classes, Dialect, Parameter, Printer, Scope, Statement, Unsupported};
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

pub(super) struct Compiler<'p> {
    pub plan: &'p Plan,
    pub dialect: Dialect,
    /// The entity of the row whose move has these effects.
    this: Option<EntityId>,
    refusals: Vec<Shown>,
    new_passwords: Vec<Vec<String>>,
    sign_in: Option<(FieldId, Vec<String>, Vec<String>)>,
}

impl<'p> Compiler<'p> {
    pub fn new(plan: &'p Plan, dialect: Dialect, this: Option<EntityId>) -> Self {
        Self {
            plan,
            dialect,
            this,
            refusals: Vec::new(),
            new_passwords: Vec::new(),
            sign_in: None,
        }
    }

    pub fn printer(&self) -> Result<(Printer<'p>, Scope), Unsupported> {
        let mut printer = Printer::new(self.plan, self.dialect);
        let scope = self.outside(&mut printer)?;
        Ok((printer, scope))
    }

    /// What names stand for outside of a search.
    pub fn outside(&self, printer: &mut Printer<'p>) -> Result<Scope, Unsupported> {
        match self.this {
            None => Ok(Scope::default()),
            Some(entity) => Ok(Scope::row(printer.row_named(Parameter::RowId, entity)?)),
        }
    }

    /// `SELECT` what is printed.
    fn select(
        &self,
        print: impl FnOnce(&mut Printer<'p>, &Scope) -> Result<String, Unsupported>,
    ) -> Result<Statement, Unsupported> {
        let (mut printer, scope) = self.printer()?;
        let text = print(&mut printer, &scope)?;
        Ok(printer.finish(format!("SELECT {text}")))
    }

    fn condition(&self, condition: &Expression) -> Result<Statement, Unsupported> {
        self.select(|printer, scope| printer.condition(condition, scope))
    }

    fn value(&self, value: &Expression) -> Result<Statement, Unsupported> {
        self.select(|printer, scope| printer.value(value, scope))
    }

    pub fn assignments(
        &self,
        set: &[(FieldId, Expression)],
    ) -> Result<Vec<Assignment>, Unsupported> {
        let each = set.iter().map(|(field, value)| {
            let input = match &value.kind {
                ExpressionKind::Input { place, path } => Some((*place, path.clone())),
                _ => None,
            };
            Ok(Assignment {
                field: *field,
                value: self.select(|printer, scope| printer.assigned(value, *field, scope))?,
                input,
            })
        });
        each.collect()
    }

    fn steps(&mut self, steps: &[archwright_plan::model::Step]) -> Result<Vec<Step>, Unsupported> {
        let each = steps.iter().map(|step| {
            let condition = step.condition.as_ref();
            Ok(Step {
                condition: condition.map(|one| self.condition(one)).transpose()?,
                otherwise: step.otherwise,
                refusal: step
                    .refusal
                    .as_ref()
                    .map(|body| self.refusal(body))
                    .transpose()?,
                kind: self.kind(&step.kind)?,
            })
        });
        each.collect()
    }

    fn refusal(&mut self, body: &Shape) -> Result<usize, Unsupported> {
        self.refusals
            .push(Shower::new(self.plan, self.dialect).reply(body)?);
        Ok(self.refusals.len() - 1)
    }

    fn kind(&mut self, kind: &StepKind) -> Result<Kind, Unsupported> {
        Ok(match kind {
            StepKind::Find {
                bind,
                entity,
                filter,
                ..
            } => Kind::Find {
                bind: *bind,
                row: self.found(*entity, and(filter.as_ref()))?,
            },
            StepKind::List {
                bind,
                entity,
                filter,
                sort,
                limit,
                offset,
                count,
                ..
            } => {
                let window = Window {
                    sort,
                    limit: limit.as_ref(),
                    offset: offset.as_ref(),
                };
                let count = count.as_ref().map(|(bind, _)| *bind);
                Kind::List {
                    bind: *bind,
                    count,
                    listing: Listing::new(filter.as_ref(), |filter| {
                        let mut statements = vec![self.list(*entity, filter, &window)?];
                        if count.is_some() {
                            let text = |rows: &str| format!("SELECT COUNT(*) FROM {rows}");
                            statements.push(self.rows(*entity, filter, text)?);
                        }
                        Ok(statements)
                    })?,
                }
            }
            StepKind::Guard { that } => Kind::Guard {
                that: self.condition(that)?,
            },
            StepKind::Create {
                bind,
                entity,
                set,
                sign_up,
                ..
            } => {
                let passwords = sign_up.iter().map(|sign_up| sign_up.password.clone());
                self.new_passwords.extend(passwords);
                Kind::Create {
                    bind: *bind,
                    entity: *entity,
                    set: self.assignments(set)?,
                    sign_up: sign_up.clone(),
                }
            }
            StepKind::Upsert {
                bind,
                entity,
                key,
                set,
                ..
            } => self.upsert(*bind, *entity, key, set, true)?,
            StepKind::GetOrCreate {
                bind,
                entity,
                key,
                set,
                ..
            } => self.upsert(*bind, *entity, key, set, false)?,
            StepKind::Update { row, set, password } => {
                self.new_passwords.extend(password.clone());
                Kind::Update {
                    entity: entity_of(row)?,
                    row: self.value(row)?,
                    set: self.assignments(set)?,
                    password: password.clone(),
                }
            }
            StepKind::Delete { row } => Kind::Delete {
                entity: entity_of(row)?,
                row: self.value(row)?,
            },
            StepKind::Link {
                from,
                relation,
                row,
            } => self.link(from, *relation, row, true)?,
            StepKind::Unlink {
                from,
                relation,
                row,
            } => self.link(from, *relation, row, false)?,
            StepKind::Increment { row, field, by } => Kind::Update {
                entity: entity_of(row)?,
                row: self.value(row)?,
                set: vec![Assignment {
                    field: *field,
                    value: self.sum(row, *field, by)?,
                    input: None,
                }],
                password: None,
            },
            StepKind::SignIn {
                bind,
                key,
                value,
                password,
                ..
            } => {
                self.sign_in = Some((*key, value.clone(), password.clone()));
                Kind::SignIn { bind: *bind }
            }
            StepKind::Token { bind, row, .. } => Kind::Token {
                bind: *bind,
                row: self.value(row)?,
            },
            StepKind::Move { row, entity, name } => self.moved(row, *entity, name)?,
            StepKind::Each {
                bind, list, steps, ..
            } => Kind::Each {
                bind: *bind,
                list: match list.ty {
                    Type::Rows(_) => self.select(|printer, scope| {
                        printer.row_ids_within(LISTED_ROWS, list, scope)
                    })?,
                    _ => self.value(list)?,
                },
                steps: self.steps(steps)?,
            },
        })
    }

    fn link(
        &self,
        from: &Expression,
        relation: FieldId,
        row: &Expression,
        links: bool,
    ) -> Result<Kind, Unsupported> {
        let kind = self
            .plan
            .model
            .field(relation)
            .to_many()
            .map(|relation| &relation.kind);
        let Some(ToManyKind::Linked { canonical, .. }) = kind else {
            return Err(Unsupported::at(
                "a link through an entity of its own",
                row.span,
            ));
        };
        let (near, far) = if *canonical == relation {
            (from, row)
        } else {
            (row, from)
        };
        Ok(Kind::Link {
            relation: *canonical,
            near: self.value(near)?,
            far: self.value(far)?,
            links,
        })
    }

    /// What the field of a row holds, and so much more.
    fn sum(
        &self,
        row: &Expression,
        field: FieldId,
        by: &Expression,
    ) -> Result<Statement, Unsupported> {
        let stored = self.stored(row, field);
        let ty = stored.ty.clone();
        let kind = ExpressionKind::Binary {
            operator: BinaryOperator::Add,
            left: Box::new(stored),
            right: Box::new(by.clone()),
        };
        let sum = Expression {
            kind,
            ty,
            nullable: true,
            span: by.span,
        };
        self.select(|printer, scope| printer.assigned(&sum, field, scope))
    }

    /// What a row has in a field.
    pub fn stored(&self, row: &Expression, field: FieldId) -> Expression {
        let definition = self.plan.model.field(field);
        let ty = match &definition.kind {
            FieldKind::Scalar(scalar) => scalar.value_type(),
            FieldKind::ToOne(relation) => Type::Row(relation.target),
            FieldKind::ToMany(relation) => Type::Rows(relation.target),
        };
        Expression {
            kind: ExpressionKind::Field {
                of: Box::new(row.clone()),
                field,
            },
            ty,
            nullable: definition.optional,
            span: row.span,
        }
    }

    fn moved(&self, row: &Expression, entity: EntityId, name: &str) -> Result<Kind, Unsupported> {
        let machine = self.plan.model.entity(entity).state.as_ref();
        let index =
            machine.and_then(|machine| machine.moves.iter().position(|one| one.name == name));
        let index = index.ok_or_else(|| unsupported("a move that there is not"))?;
        let mut operations = self.plan.operations.iter();
        let operation = operations
            .position(|one| one.entity == Some(entity) && one.kind == OperationKind::Move(index));
        Ok(Kind::Move {
            entity,
            row: self.value(row)?,
            index,
            operation,
        })
    }
}

fn entity_of(row: &Expression) -> Result<EntityId, Unsupported> {
    match row.ty {
        Type::Row(entity) => Ok(entity),
        _ => Err(Unsupported::at("a step on what is no row", row.span)),
    }
}
