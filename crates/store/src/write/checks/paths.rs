//! From a checked row to the rows that its check reads.

use archwright_plan::Plan;
use archwright_plan::model::{
    EntityId, Expression, ExpressionKind, FieldId, FieldKind, Function, ToManyKind, VariableId,
};
use std::collections::{BTreeMap, BTreeSet};

/// From one row to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Along a to-one field.
    To(FieldId),
    /// To the rows whose to-one field leads here.
    From(FieldId),
    /// Along a many-to-many relation: its canonical field, and the one that is followed.
    Linked { canonical: FieldId, field: FieldId },
}

pub(super) type Path = Vec<Step>;

/// Finds what an expression reads of other rows.
pub(super) struct Paths<'p> {
    plan: &'p Plan,
    this: Vec<(EntityId, Path)>,
    variables: BTreeMap<VariableId, Vec<(EntityId, Path)>>,
    found: BTreeMap<(EntityId, Path), BTreeSet<FieldId>>,
    depth: usize,
}

/// Computed fields within computed fields.
const DEPTH: usize = 32;

impl<'p> Paths<'p> {
    pub fn of(
        plan: &'p Plan,
        entity: EntityId,
        expression: &Expression,
    ) -> BTreeMap<(EntityId, Path), BTreeSet<FieldId>> {
        let mut paths = Self {
            plan,
            this: vec![(entity, Vec::new())],
            variables: BTreeMap::new(),
            // The checked row itself counts as read, also by a check that only counts other rows.
            found: BTreeMap::from([((entity, Vec::new()), BTreeSet::new())]),
            depth: 0,
        };
        paths.read(expression);
        paths.found
    }

    fn read(&mut self, expression: &Expression) {
        match &expression.kind {
            ExpressionKind::Quantifier {
                over,
                variable,
                condition,
                ..
            } => {
                let rows = self.rows(over);
                self.variables.insert(*variable, rows);
                self.read(condition);
            }
            ExpressionKind::Aggregate {
                over,
                variable,
                condition,
                value,
                ..
            } => {
                let rows = self.rows(over);
                self.variables.insert(*variable, rows);
                for inner in condition.iter().chain(value) {
                    self.read(inner);
                }
            }
            ExpressionKind::Field { .. } => {
                self.rows(expression);
            }
            _ => {
                for child in expression.children() {
                    self.read(child);
                }
            }
        }
    }

    /// The rows that an expression leads to; what is read on the way is kept.
    fn rows(&mut self, expression: &Expression) -> Vec<(EntityId, Path)> {
        match &expression.kind {
            ExpressionKind::This => self.this.clone(),
            ExpressionKind::Variable(variable) => {
                self.variables.get(variable).cloned().unwrap_or_default()
            }
            ExpressionKind::Field { of, field } => {
                let from = self.rows(of);
                let reached = from.iter().map(|row| self.step(row, *field));
                let reached: Vec<_> = reached.collect();
                reached.into_iter().flatten().collect()
            }
            ExpressionKind::Conditional {
                test,
                then,
                otherwise,
            } => {
                self.read(test);
                let mut rows = self.rows(then);
                rows.extend(self.rows(otherwise));
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

    fn step(&mut self, row: &(EntityId, Path), field: FieldId) -> Vec<(EntityId, Path)> {
        let definition = self.plan.model.field(field);
        let further = |steps: &[Step]| {
            let mut path = row.1.clone();
            path.extend_from_slice(steps);
            path
        };
        match &definition.kind {
            FieldKind::Scalar(_) => {
                match &definition.computed {
                    Some(computed) => self.computed(row, computed),
                    None => self.keep(row.clone(), Some(field)),
                }
                Vec::new()
            }
            FieldKind::ToOne(relation) => {
                self.keep(row.clone(), Some(field));
                self.reach((relation.target, further(&[Step::To(field)])))
            }
            FieldKind::ToMany(relation) => match relation.kind {
                ToManyKind::Inverse { by } | ToManyKind::Composed { by } => {
                    let rows = (relation.target, further(&[Step::From(by)]));
                    self.keep(rows.clone(), Some(by));
                    vec![rows]
                }
                ToManyKind::Linked { canonical, .. } => {
                    self.keep(row.clone(), Some(canonical));
                    self.reach((
                        relation.target,
                        further(&[Step::Linked { canonical, field }]),
                    ))
                }
                ToManyKind::Through { entity, near, far } => {
                    let between = (entity, further(&[Step::From(near)]));
                    self.keep(between.clone(), Some(near));
                    self.keep(between, Some(far));
                    self.reach((relation.target, further(&[Step::From(near), Step::To(far)])))
                }
            },
        }
    }

    /// Rows that are there or not, whatever is read of them.
    fn reach(&mut self, rows: (EntityId, Path)) -> Vec<(EntityId, Path)> {
        self.keep(rows.clone(), None);
        vec![rows]
    }

    fn keep(&mut self, rows: (EntityId, Path), field: Option<FieldId>) {
        self.found.entry(rows).or_default().extend(field);
    }

    fn computed(&mut self, row: &(EntityId, Path), computed: &Expression) {
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
