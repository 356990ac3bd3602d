//! Seeded examples in memory and in databases.

mod postgres;
mod sqlite;

pub use postgres::Postgres;
pub use sqlite::Sqlite;

use archwright_evaluate::{RowRef, Value, World};
use archwright_plan::model::calendar::instant_to_text;
use archwright_plan::model::{EntityId, FieldId, FieldKind, Literal, Model, RoleId, ToManyKind};
use archwright_plan::{ColumnSource, Plan, SeedRow, TablePurpose};
use archwright_seed::SeedOptions;
use archwright_sql::{Classes, Dialect, Parameter, Statement};
use std::collections::BTreeMap;

/// 2026-11-24, a little past ten.
pub const NOW: i64 = 1_795_514_523_456;

pub trait Database {
    fn dialect(&self) -> Dialect;
    fn load(&mut self, plan: &Plan, rows: &Rows);
    /// Two text columns.
    fn query(
        &mut self,
        statement: &Statement,
        asker: &Asker,
        classes: &Classes,
    ) -> Vec<(String, Option<String>)>;
}

#[derive(Clone, Debug, Default)]
pub struct Asker {
    pub account: Option<String>,
    pub roles: Vec<RoleId>,
}

impl Asker {
    pub fn row(&self, plan: &Plan) -> Option<RowRef> {
        let entity = plan.model.account.as_ref()?.entity;
        let id = self.account.clone()?;
        Some(RowRef { entity, id })
    }
}

pub fn plan_of(example: &str) -> Plan {
    let folder = format!("{}/../../examples/{example}", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    paths.sort();
    let files = paths
        .iter()
        .map(|path| (path.display().to_string(), std::fs::read(path).unwrap()));
    planned(&files.collect::<Vec<_>>())
}

pub fn plan_of_text(design: &str) -> Plan {
    planned(&[("design.yaml".to_owned(), design.as_bytes().to_vec())])
}

fn planned(files: &[(String, Vec<u8>)]) -> Plan {
    let read = archwright_design::read(files);
    let (model, diagnostics) = archwright_model::lower(&read.design);
    archwright_plan::plan(model.unwrap_or_else(|| panic!("{diagnostics:?}")))
}

pub struct Rows {
    pub model: Model,
    pub rows: Vec<SeedRow>,
    by_row: BTreeMap<RowRef, usize>,
}

impl Rows {
    pub fn of(plan: &Plan) -> Self {
        let options = SeedOptions {
            seed: 7,
            now_ms: NOW,
            scale: 1,
        };
        let rows = archwright_seed::rows(plan, &options).unwrap();
        let by_row = rows
            .iter()
            .enumerate()
            .map(|(index, row)| (reference(row), index));
        Self {
            model: plan.model.clone(),
            by_row: by_row.collect(),
            rows,
        }
    }

    pub fn of_entity(&self, entity: EntityId) -> impl Iterator<Item = &SeedRow> {
        self.rows.iter().filter(move |row| row.entity == entity)
    }

    pub fn asker(&self, plan: &Plan, role: Option<RoleId>) -> Option<Asker> {
        let account = plan.model.account.as_ref()?.entity;
        let has = |row: &&SeedRow| {
            row.account.as_ref().is_some_and(|account| match role {
                Some(role) => account.roles.contains(&role),
                None => account.roles.is_empty(),
            })
        };
        let row = self.of_entity(account).find(has)?;
        Some(Asker {
            account: Some(row.id.clone()),
            roles: row.account.as_ref()?.roles.clone(),
        })
    }

    fn literal(&self, row: &RowRef, field: FieldId) -> Option<&Literal> {
        let row = &self.rows[*self.by_row.get(row)?];
        row.values
            .iter()
            .find(|(known, _)| *known == field)
            .map(|(_, value)| value)
    }

    fn target(&self, row: &RowRef, field: FieldId) -> Option<RowRef> {
        let entity = self.model.field(field).to_one()?.target;
        match self.literal(row, field)? {
            Literal::Text(id) => Some(RowRef {
                entity,
                id: id.clone(),
            }),
            Literal::Int(id) => Some(RowRef {
                entity,
                id: id.to_string(),
            }),
            _ => None,
        }
    }

    fn pointing(&self, entity: EntityId, by: FieldId, to: &RowRef) -> Vec<RowRef> {
        let rows = self.of_entity(entity).map(reference);
        rows.filter(|row| self.target(row, by).as_ref() == Some(to))
            .collect()
    }

    fn links<'a>(&'a self, row: &'a SeedRow, field: FieldId) -> impl Iterator<Item = &'a String> {
        let found = row.links.iter().filter(move |(known, _)| *known == field);
        found.flat_map(|(_, ids)| ids)
    }

    fn many(&self, row: &RowRef, field: FieldId) -> Vec<RowRef> {
        let relation = self.model.field(field).to_many().unwrap();
        match relation.kind {
            ToManyKind::Inverse { by } | ToManyKind::Composed { by } => {
                self.pointing(relation.target, by, row)
            }
            ToManyKind::Linked { canonical, .. } if canonical == field => {
                let this = &self.rows[self.by_row[row]];
                let entity = relation.target;
                self.links(this, field)
                    .map(|id| RowRef {
                        entity,
                        id: id.clone(),
                    })
                    .collect()
            }
            ToManyKind::Linked { canonical, .. } => {
                let rows = self.of_entity(relation.target);
                let linked =
                    rows.filter(|other| self.links(other, canonical).any(|id| *id == row.id));
                linked.map(reference).collect()
            }
            ToManyKind::Through { entity, near, far } => {
                let between = self.pointing(entity, near, row);
                let mut found: Vec<RowRef> = between
                    .iter()
                    .filter_map(|one| self.target(one, far))
                    .collect();
                found.sort();
                found.dedup();
                found
            }
        }
    }
}

fn reference(row: &SeedRow) -> RowRef {
    RowRef {
        entity: row.entity,
        id: row.id.clone(),
    }
}

impl World for Rows {
    fn field(&self, row: &RowRef, field: FieldId) -> Value {
        match &self.model.field(field).kind {
            FieldKind::ToMany(_) => Value::Rows(self.many(row, field)),
            FieldKind::ToOne(_) => self.target(row, field).map_or(Value::Null, Value::Row),
            FieldKind::Scalar(scalar) => match self.literal(row, field) {
                Some(literal) => Value::of_scalar(literal, scalar),
                None => Value::Null,
            },
        }
    }
}

/// Table, columns and values of everything that is stored, as texts that PostgreSQL reads.
pub fn inserts(plan: &Plan, rows: &Rows) -> Vec<(String, Vec<String>, Vec<Option<String>>)> {
    let mut inserts = Vec::new();
    for row in &rows.rows {
        let table = plan.table(row.entity);
        let cells = table.columns.iter().map(|column| {
            let value = match column.source {
                ColumnSource::Id => Some(row.id.clone()),
                ColumnSource::Field(field) => rows.literal(&reference(row), field).map(|value| {
                    let sensitive = plan.model.field(field).sensitive;
                    if sensitive {
                        "\\x00".to_owned()
                    } else {
                        literal_text(value)
                    }
                }),
                ColumnSource::BlindIndex(_) => Some(format!("\\x{}", row.id.replace('-', ""))),
                ColumnSource::Version => Some("1".to_owned()),
                ColumnSource::Position => row.position.map(|position| position.to_string()),
                _ => None,
            };
            (column.name.clone(), value)
        });
        let (columns, values) = cells.unzip();
        inserts.push((table.name.clone(), columns, values));
    }
    for table in &plan.tables {
        let TablePurpose::Link(field) = table.purpose else {
            continue;
        };
        let columns: Vec<String> = [ColumnSource::LinkNear, ColumnSource::LinkFar]
            .map(|source| table.column_from(source).unwrap().name.clone())
            .into();
        for row in rows.of_entity(field.entity) {
            for id in rows.links(row, field) {
                let values = vec![Some(row.id.clone()), Some(id.clone())];
                inserts.push((table.name.clone(), columns.clone(), values));
            }
        }
    }
    inserts
}

fn literal_text(literal: &Literal) -> String {
    match literal {
        Literal::Null => String::new(),
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) => value.to_string(),
        Literal::Decimal { units, scale } => archwright_plan::decimal(*units, *scale),
        Literal::Text(text) => text.clone(),
    }
}

/// What a parameter is bound to, as a text that PostgreSQL reads.
pub fn bound(parameter: &Parameter, asker: &Asker, classes: &Classes) -> Option<String> {
    match parameter {
        Parameter::Literal(literal) => Some(literal_text(literal)),
        Parameter::CallerId => asker.account.clone(),
        Parameter::Uuid(of) => bound(of, asker, classes),
        Parameter::SignedIn => Some(asker.account.is_some().to_string()),
        Parameter::HasRole(role) => Some(classes.has(*role).to_string()),
        Parameter::Now => Some(instant_to_text(NOW)),
        Parameter::Today => Some(instant_to_text(NOW)[..10].to_owned()),
        other => panic!("{other:?} has no value here"),
    }
}
