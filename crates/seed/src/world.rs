//! The rows made so far, with the lookups that making more of them needs.

use archwright_plan::model::{EntityId, FieldId, FieldKind, Literal, Model, PartOf, ToManyKind};
use archwright_plan::{SeedAccount, SeedRow};
use std::collections::BTreeMap;

/// A row, by its position in the order of creation.
pub(crate) type RowIndex = usize;

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub entity: EntityId,
    pub id: String,
    /// By the field's position in its entity; what is missing has no entry.
    pub values: BTreeMap<usize, Literal>,
    /// Ids of linked rows, by the position of the canonical field.
    pub links: BTreeMap<usize, Vec<String>>,
    pub position: Option<u32>,
    pub account: Option<SeedAccount>,
    /// Id of the tenant that the row belongs to, or is.
    pub tenant: Option<String>,
    pub created_ms: i64,
}

impl Row {
    pub fn text(&self, field: FieldId) -> Option<&str> {
        match self.values.get(&field.index) {
            Some(Literal::Text(text)) => Some(text),
            _ => None,
        }
    }
}

pub(crate) struct World<'p> {
    pub model: &'p Model,
    pub rows: Vec<Row>,
    by_entity: Vec<Vec<RowIndex>>,
    by_id: Vec<BTreeMap<String, RowIndex>>,
    /// Rows whose to-one field holds an id, in order of creation.
    pointing: BTreeMap<(FieldId, String), Vec<RowIndex>>,
    /// Rows whose canonical field links to an id.
    linking: BTreeMap<(FieldId, String), Vec<RowIndex>>,
}

impl<'p> World<'p> {
    pub fn new(model: &'p Model) -> Self {
        let entities = model.entities.len();
        Self {
            model,
            rows: Vec::new(),
            by_entity: vec![Vec::new(); entities],
            by_id: vec![BTreeMap::new(); entities],
            pointing: BTreeMap::new(),
            linking: BTreeMap::new(),
        }
    }

    pub fn of(&self, entity: EntityId) -> &[RowIndex] {
        &self.by_entity[entity.0]
    }

    pub fn find(&self, entity: EntityId, id: &str) -> Option<RowIndex> {
        self.by_id[entity.0].get(id).copied()
    }

    /// The row that a to-one field leads to.
    pub fn target(&self, row: RowIndex, field: FieldId) -> Option<RowIndex> {
        let relation = self.model.field(field).to_one()?;
        self.find(relation.target, self.rows[row].text(field)?)
    }

    /// The rows of a to-many field: parts by their positions, others in order of creation.
    pub fn many(&self, row: RowIndex, field: FieldId) -> Vec<RowIndex> {
        let Some(relation) = self.model.field(field).to_many() else {
            return Vec::new();
        };
        let id = &self.rows[row].id;
        let pointing = |field: FieldId| {
            self.pointing
                .get(&(field, id.clone()))
                .cloned()
                .unwrap_or_default()
        };
        match relation.kind {
            ToManyKind::Inverse { by } => pointing(by),
            ToManyKind::Composed { by } => {
                let mut parts = pointing(by);
                parts.sort_by_key(|part| self.rows[*part].position);
                parts
            }
            ToManyKind::Linked { canonical, .. } if canonical == field => {
                let ids = self.rows[row].links.get(&field.index);
                ids.into_iter()
                    .flatten()
                    .filter_map(|id| self.find(relation.target, id))
                    .collect()
            }
            ToManyKind::Linked { canonical, .. } => self
                .linking
                .get(&(canonical, id.clone()))
                .cloned()
                .unwrap_or_default(),
            ToManyKind::Through { near, far, .. } => {
                let mut found: Vec<RowIndex> = pointing(near)
                    .into_iter()
                    .filter_map(|between| self.target(between, far))
                    .collect();
                found.sort_unstable();
                found.dedup();
                found
            }
        }
    }

    /// The row that a part belongs to.
    pub fn whole(&self, row: RowIndex) -> Option<RowIndex> {
        let PartOf { back, .. } = self.model.entity(self.rows[row].entity).part_of?;
        self.target(row, back)
    }

    pub fn push(&mut self, row: Row) -> RowIndex {
        let index = self.rows.len();
        let entity = row.entity;
        self.by_entity[entity.0].push(index);
        self.by_id[entity.0].insert(row.id.clone(), index);
        let values: Vec<(usize, Literal)> = row
            .values
            .iter()
            .map(|(field, value)| (*field, value.clone()))
            .collect();
        let links: Vec<(usize, Vec<String>)> = row
            .links
            .iter()
            .map(|(field, ids)| (*field, ids.clone()))
            .collect();
        self.rows.push(Row {
            values: BTreeMap::new(),
            links: BTreeMap::new(),
            ..row
        });
        for (field, value) in values {
            let field = FieldId {
                entity,
                index: field,
            };
            self.set(index, field, Some(value));
        }
        for (field, ids) in links {
            let field = FieldId {
                entity,
                index: field,
            };
            self.link(index, field, ids);
        }
        index
    }

    /// Forgets all rows from this one on.
    pub fn truncate(&mut self, length: usize) {
        while self.rows.len() > length {
            let index = self.rows.len() - 1;
            let entity = self.rows[index].entity;
            let fields: Vec<usize> = self.rows[index].values.keys().copied().collect();
            for field in fields {
                let field = FieldId {
                    entity,
                    index: field,
                };
                self.set(index, field, None);
            }
            let fields: Vec<usize> = self.rows[index].links.keys().copied().collect();
            for field in fields {
                let field = FieldId {
                    entity,
                    index: field,
                };
                self.link(index, field, Vec::new());
            }
            self.by_entity[entity.0].pop();
            if let Some(row) = self.rows.pop() {
                self.by_id[entity.0].remove(&row.id);
            }
        }
    }

    pub fn set(&mut self, row: RowIndex, field: FieldId, value: Option<Literal>) {
        let value = value.filter(|value| *value != Literal::Null);
        let relation = matches!(self.model.field(field).kind, FieldKind::ToOne(_));
        let before = match &value {
            Some(value) => self.rows[row].values.insert(field.index, value.clone()),
            None => self.rows[row].values.remove(&field.index),
        };
        if !relation {
            return;
        }
        if let Some(Literal::Text(id)) = before {
            forget(&mut self.pointing, (field, id), row);
        }
        if let Some(Literal::Text(id)) = value {
            remember(&mut self.pointing, (field, id), row);
        }
    }

    /// Replaces the links of a canonical many-to-many field.
    pub fn link(&mut self, row: RowIndex, field: FieldId, ids: Vec<String>) {
        let before = self.rows[row].links.remove(&field.index);
        for id in before.into_iter().flatten() {
            forget(&mut self.linking, (field, id), row);
        }
        for id in &ids {
            remember(&mut self.linking, (field, id.clone()), row);
        }
        if !ids.is_empty() {
            self.rows[row].links.insert(field.index, ids);
        }
    }

    /// True if another row has the same values in a unique key; a missing value is like no other.
    pub fn repeats_a_key(&self, row: RowIndex) -> bool {
        let own = &self.rows[row];
        let entity = self.model.entity(own.entity);
        entity.unique.iter().any(|key| {
            let values = |row: &Row| -> Option<Vec<Literal>> {
                key.fields
                    .iter()
                    .map(|field| row.values.get(&field.index).cloned())
                    .collect()
            };
            let Some(wanted) = values(own) else {
                return false;
            };
            self.of(own.entity)
                .iter()
                .any(|other| *other != row && values(&self.rows[*other]).as_ref() == Some(&wanted))
        })
    }

    /// The rows in the form in which they leave this crate.
    pub fn into_rows(self) -> Vec<SeedRow> {
        self.rows
            .into_iter()
            .map(|row| {
                let id = |index| FieldId {
                    entity: row.entity,
                    index,
                };
                SeedRow {
                    entity: row.entity,
                    id: row.id,
                    values: row
                        .values
                        .into_iter()
                        .map(|(field, value)| (id(field), value))
                        .collect(),
                    links: row
                        .links
                        .into_iter()
                        .map(|(field, ids)| (id(field), ids))
                        .collect(),
                    position: row.position,
                    account: row.account,
                }
            })
            .collect()
    }
}

fn remember<K: Ord>(index: &mut BTreeMap<K, Vec<RowIndex>>, key: K, row: RowIndex) {
    let rows = index.entry(key).or_default();
    if let Err(place) = rows.binary_search(&row) {
        rows.insert(place, row);
    }
}

fn forget<K: Ord>(index: &mut BTreeMap<K, Vec<RowIndex>>, key: K, row: RowIndex) {
    if let Some(rows) = index.get_mut(&key) {
        rows.retain(|other| *other != row);
        if rows.is_empty() {
            index.remove(&key);
        }
    }
}
