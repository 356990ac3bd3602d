//! Checks that look at other rows: from a row that is written to the rows whose checks read it.

use crate::world::{Among, Change, World};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{
    Check, EntityId, Expression, ExpressionKind, FieldId, FieldKind, Function, Model, ToManyKind,
    VariableId,
};
use std::collections::{BTreeMap, BTreeSet};

/// From one row to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hop {
    /// To the row that a field leads to.
    To(FieldId),
    /// To the rows whose field leads here.
    From(FieldId),
    /// Along a many-to-many field.
    Linked(FieldId),
}

/// The rows of an entity at the end of a path from the checked row.
type Reached = (EntityId, Vec<Hop>);

#[derive(Debug)]
struct Watch {
    /// Its place among the checks of the entity.
    check: usize,
    path: Vec<Hop>,
    /// What the check reads of the rows at the end.
    reads: BTreeSet<FieldId>,
}

/// By the entity whose rows are read.
#[derive(Debug, Default)]
pub struct Watches(BTreeMap<EntityId, Vec<Watch>>);

impl Watches {
    pub fn of(model: &Model) -> Self {
        let mut all: BTreeMap<EntityId, Vec<Watch>> = BTreeMap::new();
        for entity in &model.entities {
            let checks = entity.checks.iter().enumerate();
            for (check, definition) in checks.filter(|(_, check)| !check.own_row) {
                for ((read, path), reads) in reads(model, entity.id, &definition.that) {
                    all.entry(read)
                        .or_default()
                        .push(Watch { check, path, reads });
                }
            }
        }
        Self(all)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The checked rows, and their checks, that may notice what happened between two states.
    pub fn noticing<'m>(&self, now: &World<'m>, before: &World<'m>) -> Vec<(RowRef, &'m Check)> {
        let mut found: BTreeSet<(RowRef, usize)> = BTreeSet::new();
        for (row, change) in now.changes_since(before) {
            for watch in self.0.get(&row.entity).into_iter().flatten() {
                if let Change::Fields(fields) = &change
                    && fields.is_disjoint(&watch.reads)
                {
                    continue;
                }
                for world in [before, now] {
                    let rows = backwards(world, &watch.path, row.clone());
                    found.extend(rows.into_iter().map(|row| (row, watch.check)));
                }
            }
        }
        let there = found.into_iter().filter(|(row, _)| now.is_there(row));
        let model = now.model();
        there
            .map(|(row, check)| {
                let check = &model.entity(row.entity).checks[check];
                (row, check)
            })
            .collect()
    }
}

/// From a row at the end of a path to the rows at its beginning.
fn backwards(world: &World, path: &[Hop], row: RowRef) -> BTreeSet<RowRef> {
    let mut rows = BTreeSet::from([row]);
    for hop in path.iter().rev() {
        rows = rows
            .iter()
            .flat_map(|row| match hop {
                Hop::To(field) => world.referring(row, *field, Among::All),
                Hop::From(field) => match world.value(row, *field) {
                    Value::Row(target) => vec![target],
                    _ => Vec::new(),
                },
                Hop::Linked(field) => linked(world, *field, row),
            })
            .collect();
    }
    rows
}

/// The rows whose many-to-many field leads to the row.
fn linked(world: &World, field: FieldId, row: &RowRef) -> Vec<RowRef> {
    let near = world.of(field.entity);
    near.filter(|near| world.many(near, field).contains(row))
        .collect()
}

fn reads(
    model: &Model,
    entity: EntityId,
    condition: &Expression,
) -> BTreeMap<Reached, BTreeSet<FieldId>> {
    let mut reader = Reader {
        model,
        this: vec![(entity, Vec::new())],
        variables: BTreeMap::new(),
        // A check that reads nothing of its own row is judged when the row comes.
        found: BTreeMap::from([((entity, Vec::new()), BTreeSet::new())]),
        depth: 0,
    };
    reader.read(condition);
    reader.found
}

struct Reader<'m> {
    model: &'m Model,
    this: Vec<Reached>,
    variables: BTreeMap<VariableId, Vec<Reached>>,
    found: BTreeMap<Reached, BTreeSet<FieldId>>,
    /// Computed fields within computed fields.
    depth: usize,
}

const DEPTH: usize = 32;

impl Reader<'_> {
    fn read(&mut self, expression: &Expression) {
        let (over, variable, inner) = match &expression.kind {
            ExpressionKind::Field { .. } => {
                self.rows(expression);
                return;
            }
            ExpressionKind::Quantifier {
                over,
                variable,
                condition,
                ..
            } => (over, variable, vec![condition]),
            ExpressionKind::Aggregate {
                over,
                variable,
                condition,
                value,
                ..
            } => (over, variable, condition.iter().chain(value).collect()),
            ExpressionKind::Map {
                over,
                variable,
                value,
            } => (over, variable, vec![value]),
            _ => {
                for child in expression.children() {
                    self.read(child);
                }
                return;
            }
        };
        let rows = self.rows(over);
        self.variables.insert(*variable, rows);
        for inner in inner {
            self.read(inner);
        }
    }

    /// The rows that an expression leads to.
    fn rows(&mut self, expression: &Expression) -> Vec<Reached> {
        match &expression.kind {
            ExpressionKind::This => self.this.clone(),
            ExpressionKind::Variable(variable) => {
                self.variables.get(variable).cloned().unwrap_or_default()
            }
            ExpressionKind::Field { of, field } => {
                let from = self.rows(of);
                from.iter()
                    .flat_map(|row| self.along(row, *field))
                    .collect()
            }
            ExpressionKind::Conditional {
                test,
                then,
                otherwise,
            } => {
                self.read(test);
                [self.rows(then), self.rows(otherwise)].concat()
            }
            ExpressionKind::Filter {
                over,
                variable,
                condition,
            } => {
                let rows = self.rows(over);
                self.variables.insert(*variable, rows.clone());
                self.read(condition);
                rows
            }
            ExpressionKind::Function {
                function: Function::Coalesce,
                arguments,
            } => arguments.iter().flat_map(|one| self.rows(one)).collect(),
            _ => {
                self.read(expression);
                Vec::new()
            }
        }
    }

    fn along(&mut self, row: &Reached, id: FieldId) -> Vec<Reached> {
        let model = self.model;
        let field = model.field(id);
        let further = |hops: &[Hop]| [&row.1, hops].concat();
        match &field.kind {
            FieldKind::Scalar(_) => {
                match &field.computed {
                    Some(computed) => self.computed(row, computed),
                    None => self.keep(row, Some(id)),
                }
                Vec::new()
            }
            FieldKind::ToOne(relation) => {
                self.keep(row, Some(id));
                self.reach((relation.target, further(&[Hop::To(id)])), None)
            }
            FieldKind::ToMany(relation) => match relation.kind {
                ToManyKind::Inverse { by } | ToManyKind::Composed { by } => {
                    self.reach((relation.target, further(&[Hop::From(by)])), Some(by))
                }
                ToManyKind::Linked { canonical, .. } => {
                    self.keep(row, Some(canonical));
                    self.reach((relation.target, further(&[Hop::Linked(id)])), None)
                }
                ToManyKind::Through { entity, near, far } => {
                    let between = (entity, further(&[Hop::From(near)]));
                    self.keep(&between, Some(near));
                    self.keep(&between, Some(far));
                    let hops = further(&[Hop::From(near), Hop::To(far)]);
                    self.reach((relation.target, hops), None)
                }
            },
        }
    }

    fn reach(&mut self, rows: Reached, by: Option<FieldId>) -> Vec<Reached> {
        self.keep(&rows, by);
        vec![rows]
    }

    fn keep(&mut self, rows: &Reached, field: Option<FieldId>) {
        self.found.entry(rows.clone()).or_default().extend(field);
    }

    fn computed(&mut self, row: &Reached, computed: &Expression) {
        if self.depth == DEPTH {
            return;
        }
        self.depth += 1;
        let this = std::mem::replace(&mut self.this, vec![row.clone()]);
        let variables = std::mem::take(&mut self.variables);
        self.read(computed);
        self.this = this;
        self.variables = variables;
        self.depth -= 1;
    }
}
