//! Prints the steps of an operation or a move as statements.

use super::find::{Window, and};
use super::listing::Listing;
use super::program::{Assignment, Kind, Step};
use super::show::Shower;
use super::shown::Shown;
use crate::represent::unsupported;
use archwright_plan::limits::LISTED_ROWS;
use archwright_plan::model::{
    self, BinaryOperator, EntityId, Expression, ExpressionKind, FieldId, FieldKind, Shape,
    StepKind, ToManyKind, Type,
};
use archwright_plan::{OperationKind, Plan};
use archwright_sql::{Dialect, Parameter, Printer, Scope, Statement, Unsupported};

pub(super) struct Compiler<'p> {
    pub plan: &'p Plan,
    pub dialect: Dialect,
    /// The entity of the row whose move has these effects.
    this: Option<EntityId>,
    pub refusals: Vec<Shown>,
    pub new_passwords: Vec<Vec<String>>,
    pub sign_in: Option<(FieldId, Vec<String>, Vec<String>)>,
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

    pub fn condition(&self, condition: &Expression) -> Result<Statement, Unsupported> {
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

    pub fn steps(&mut self, steps: &[model::Step]) -> Result<Vec<Step>, Unsupported> {
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
