//! What the checks of rows read of other rows: whoever writes a row has to know whose check may notice.

use archwright_model::{
    EntityId, Expression, ExpressionKind, FieldId, FieldKind, Function, Model, ToManyKind,
    VariableId,
};
use std::collections::{BTreeMap, BTreeSet};

/// A check that looks at other rows, and one of the ways that it takes to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The entity whose rows are checked, and the position in its `checks`.
    pub entity: EntityId,
    pub check: usize,
    /// From the checked row to the rows that are read; empty where that is the checked row itself.
    pub path: Vec<Hop>,
    /// The entity at the end of the path.
    pub of: EntityId,
    /// What is read of the rows there; a many-to-many relation stands for its links, by its canonical field.
    pub reads: BTreeSet<FieldId>,
}

/// From one row to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hop {
    /// Along a to-one field.
    To(FieldId),
    /// To the rows whose to-one field leads here.
    From(FieldId),
    /// Along a many-to-many relation: its canonical field, and the one that is followed.
    Linked { canonical: FieldId, field: FieldId },
}

/// All of them, in the order of the checks. A check of its own row alone needs none.
pub fn watches(model: &Model) -> Vec<Watch> {
    let mut all = Vec::new();
    for entity in &model.entities {
        let checks = entity.checks.iter().enumerate();
        for (check, definition) in checks.filter(|(_, check)| !check.own_row) {
            let found = Reader::of(model, entity.id, &definition.that);
            all.extend(found.into_iter().map(|((of, path), reads)| Watch {
                entity: entity.id,
                check,
                path,
                of,
                reads,
            }));
        }
    }
    all
}

/// The rows of an entity at the end of a path from the checked row.
type Reached = (EntityId, Vec<Hop>);

struct Reader<'m> {
    model: &'m Model,
    this: Vec<Reached>,
    variables: BTreeMap<VariableId, Vec<Reached>>,
    found: BTreeMap<Reached, BTreeSet<FieldId>>,
    depth: usize,
}

/// Computed fields within computed fields.
const DEPTH: usize = 32;

impl Reader<'_> {
    fn of(
        model: &Model,
        entity: EntityId,
        condition: &Expression,
    ) -> BTreeMap<Reached, BTreeSet<FieldId>> {
        let mut reader = Reader {
            model,
            this: vec![(entity, Vec::new())],
            variables: BTreeMap::new(),
            // The checked row itself counts as read, also by a check that only counts other rows.
            found: BTreeMap::from([((entity, Vec::new()), BTreeSet::new())]),
            depth: 0,
        };
        reader.read(condition);
        reader.found
    }

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
                    self.reach(
                        (
                            relation.target,
                            further(&[Hop::Linked {
                                canonical,
                                field: id,
                            }]),
                        ),
                        None,
                    )
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
