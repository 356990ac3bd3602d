//! The rows as they have to be: what the suite wrote, and what it read before it wrote anything.

mod table;

use crate::watch::Watches;
use archwright_evaluate::{RowRef, Value, World as Facts};
use archwright_plan::Plan;
use archwright_plan::model::{
    EntityId, FieldId, FieldKind, IdType, Literal, Model, RoleId, ToManyKind,
};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use table::Table;

/// A row. A field without an entry is one whose value nobody could read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// By the field's position: stored scalars, and [`Value::Row`] for to-one relations.
    pub values: BTreeMap<usize, Value>,
    /// By the position of the canonical many-to-many field: ids of linked rows.
    pub links: BTreeMap<usize, BTreeSet<String>>,
    /// A part's place among its siblings.
    pub position: usize,
    pub version: Option<i64>,
    /// Of an account.
    pub roles: Option<Vec<RoleId>>,
    /// Soft-deleted: there, and shown to nobody.
    pub deleted: bool,
    /// Fields that the server's clock sets; the next reply tells them.
    pub fresh: BTreeSet<usize>,
    /// The suite wrote it, so that every field of it is known.
    pub made: bool,
    /// That an account signs in with, as far as the suite knows it.
    pub password: Option<String>,
    /// Wrong ones that were tried since the last right one.
    pub wrong: usize,
}

/// How provisional ids begin that only one row ever has.
pub const NUMBERED: &str = "~new#";

impl Row {
    fn is_like(&self, other: &Self) -> bool {
        // Of what the clock set, only that it is there.
        let settled = |row: &Self| -> BTreeMap<usize, Option<Value>> {
            let is_fresh =
                |field: &usize| self.fresh.contains(field) || other.fresh.contains(field);
            let values = row.values.iter();
            values
                .filter(|(field, value)| !is_fresh(field) || !value.is_null())
                .map(|(field, value)| (*field, (!is_fresh(field)).then(|| value.clone())))
                .collect()
        };
        self.links == other.links
            && self.password == other.password
            && self.deleted == other.deleted
            && settled(self) == settled(other)
    }
}

/// Whether deleted rows are looked at too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    Active,
    All,
}

/// All rows that are known.
#[derive(Clone)]
pub struct World<'p> {
    pub plan: &'p Plan,
    /// Shared between copies, each row of them, until one of them is changed.
    rows: Vec<Rc<Table>>,
    /// Computed fields that look at rows which no caller can list, so that nobody can foretell them.
    pub opaque: BTreeSet<FieldId>,
    /// Entities of which no caller can list all rows.
    pub hidden: BTreeSet<EntityId>,
    /// Set when something is looked at that nobody could read.
    pub unsure: Cell<bool>,
    /// Set when something is looked at that the server's clock set, and no reply told yet.
    pub by_clock: Cell<bool>,
    /// Rows that got a provisional id.
    numbers: usize,
    /// The ids that rows got in place of provisional ones.
    names: Rc<BTreeMap<RowRef, RowRef>>,
    /// What the checks of rows read of other rows.
    pub watches: Rc<Watches<'p>>,
}

/// What became of a row between two states.
pub enum Change {
    /// It came or went.
    Whole,
    /// Stored fields, and many-to-many relations by their canonical fields.
    Fields(BTreeSet<FieldId>),
}

impl<'p> World<'p> {
    pub fn new(plan: &'p Plan) -> Self {
        let entities = plan.model.entities.iter();
        let rows = entities.map(|entity| Rc::new(Table::of(entity))).collect();
        Self {
            plan,
            rows,
            opaque: BTreeSet::new(),
            hidden: BTreeSet::new(),
            unsure: Cell::new(false),
            by_clock: Cell::new(false),
            numbers: 0,
            names: Rc::default(),
            watches: Rc::new(Watches::of(plan)),
        }
    }

    pub fn model(&self) -> &'p Model {
        &self.plan.model
    }

    /// The row, deleted or not.
    pub fn get(&self, row: &RowRef) -> Option<&Row> {
        let row = self.named(row);
        self.rows[row.entity.0].get(&row.id)
    }

    pub fn get_mut(&mut self, row: &RowRef) -> Option<&mut Row> {
        let row = self.named(row).clone();
        self.of_mut(row.entity).get_mut(&row.id)
    }

    fn of_mut(&mut self, entity: EntityId) -> &mut Table {
        let table = &mut self.rows[entity.0];
        table.prepare();
        Rc::make_mut(table)
    }

    /// The row by the id that it has now.
    pub fn named<'a>(&'a self, row: &'a RowRef) -> &'a RowRef {
        // No other ids are replaced.
        match row.id.starts_with(NUMBERED) {
            true => self.names.get(row).unwrap_or(row),
            false => row,
        }
    }

    /// A provisional id of its own. Later ones are larger.
    pub fn numbered(&mut self) -> String {
        self.numbers += 1;
        format!("{NUMBERED}{:06}", self.numbers)
    }

    pub fn is_hidden(&self, entity: EntityId) -> bool {
        self.hidden.contains(&entity)
    }

    /// Whether the rows are the same, versions and what the clock sets apart.
    pub fn has_rows_of(&self, other: &World) -> bool {
        self.rows.iter().zip(&other.rows).all(|(own, other)| {
            let mut pairs = own.iter().zip(other.iter());
            let is_same =
                |own: &Rc<Row>, other: &Rc<Row>| Rc::ptr_eq(own, other) || own.is_like(other);
            Rc::ptr_eq(own, other)
                || own.len() == other.len()
                    && pairs.all(|((id, own), (known, other))| id == known && is_same(own, other))
        })
    }

    /// The rows as they are now, where a check may ask for them once others are written.
    pub fn mark(&self) -> Option<Self> {
        (!self.watches.is_empty()).then(|| self.clone())
    }

    /// The rows that are not as they were, and what of them.
    pub fn changes_since(&self, before: &World) -> Vec<(RowRef, Change)> {
        let mut changes = Vec::new();
        for (index, (now, then)) in self.rows.iter().zip(&before.rows).enumerate() {
            if Rc::ptr_eq(now, then) {
                continue;
            }
            let entity = EntityId(index);
            let at = |id: &Rc<str>| RowRef {
                entity,
                id: id.to_string(),
            };
            let gone = then.iter().filter(|(id, _)| now.get(id).is_none());
            changes.extend(gone.map(|(id, _)| (at(id), Change::Whole)));
            for (id, row) in now.iter() {
                match then.shared(id) {
                    Some(old) if Rc::ptr_eq(row, old) => {}
                    Some(old) if row.deleted == old.deleted => {
                        self.changed(&at(id), row, old, &mut changes);
                    }
                    _ => changes.push((at(id), Change::Whole)),
                }
            }
        }
        changes
    }

    fn changed(&self, at: &RowRef, row: &Row, old: &Row, changes: &mut Vec<(RowRef, Change)>) {
        let field = |index: usize| FieldId {
            entity: at.entity,
            index,
        };
        let of = |index: &usize| row.values.get(index) != old.values.get(index);
        let all: BTreeSet<usize> = row
            .values
            .keys()
            .chain(old.values.keys())
            .copied()
            .collect();
        let mut fields: BTreeSet<FieldId> = all.into_iter().filter(of).map(field).collect();
        let all: BTreeSet<usize> = row.links.keys().chain(old.links.keys()).copied().collect();
        let none = BTreeSet::new();
        for index in all {
            let now = row.links.get(&index).unwrap_or(&none);
            let then = old.links.get(&index).unwrap_or(&none);
            let Some(relation) = self.model().field(field(index)).to_many() else {
                continue;
            };
            for id in now.symmetric_difference(then) {
                fields.insert(field(index));
                let far = RowRef {
                    entity: relation.target,
                    id: id.clone(),
                };
                changes.push((far, Change::Fields(BTreeSet::from([field(index)]))));
            }
        }
        if !fields.is_empty() {
            changes.push((at.clone(), Change::Fields(fields)));
        }
    }

    /// Gives a row another id, wherever it is named; also in texts that were made from a provisional one.
    pub fn rename(&mut self, from: &RowRef, to: &RowRef) {
        if let Some(row) = self.remove(from) {
            self.insert(to, row);
        }
        if from.id.starts_with(NUMBERED) {
            Rc::make_mut(&mut self.names).insert(from.clone(), to.clone());
        }
        let model = self.model();
        let old = Value::Row(from.clone());
        for (entity, rows) in model.entities.iter().zip(&mut self.rows) {
            let is_within = |value: &Value| matches!(value, Value::Text(text) if from.id.starts_with(NUMBERED) && text.contains(&from.id));
            let names = |row: &Row| {
                let mut links = row.links.values();
                let mut values = row.values.values();
                values.any(|value| *value == old || is_within(value))
                    || links.any(|ids| ids.contains(&from.id))
            };
            let naming = rows.iter().filter(|(_, row)| names(row));
            let naming: Vec<Rc<str>> = naming.map(|(id, _)| id.clone()).collect();
            if naming.is_empty() {
                continue;
            }
            let table = Rc::make_mut(rows);
            for id in naming {
                let Some(row) = table.get_mut(&id) else {
                    continue;
                };
                for value in row.values.values_mut() {
                    match value {
                        Value::Text(text) if from.id.starts_with(NUMBERED) => {
                            *text = text.replace(&from.id, &to.id);
                        }
                        value if *value == old => *value = Value::Row(to.clone()),
                        _ => {}
                    }
                }
                for (field, ids) in &mut row.links {
                    let relation = entity.fields[*field].to_many();
                    let leads = relation.is_some_and(|relation| relation.target == from.entity);
                    if leads && ids.remove(&from.id) {
                        ids.insert(to.id.clone());
                    }
                }
            }
        }
    }

    pub fn is_opaque(&self, field: FieldId) -> bool {
        self.opaque.contains(&field)
    }

    /// True if the row is there and not deleted.
    pub fn is_there(&self, row: &RowRef) -> bool {
        self.get(row).is_some_and(|row| !row.deleted)
    }

    /// The stored value; missing where it is unknown.
    pub fn value(&self, row: &RowRef, field: FieldId) -> Value {
        let value = self.get(row).and_then(|row| row.values.get(&field.index));
        value.cloned().unwrap_or(Value::Null)
    }

    pub fn set(&mut self, row: &RowRef, field: FieldId, value: Value) {
        if let Some(row) = self.get_mut(row) {
            row.values.insert(field.index, value);
        }
    }

    pub fn insert(&mut self, at: &RowRef, row: Row) {
        self.of_mut(at.entity).insert(&at.id, row);
    }

    pub fn remove(&mut self, row: &RowRef) -> Option<Row> {
        let row = self.named(row).clone();
        self.of_mut(row.entity).remove(&row.id)
    }

    /// Rows of an entity that are not deleted, in the order of their ids' text.
    pub fn of(&self, entity: EntityId) -> impl Iterator<Item = RowRef> + '_ {
        let rows = self.rows[entity.0].iter().filter(|(_, row)| !row.deleted);
        rows.map(move |(id, _)| RowRef {
            entity,
            id: id.to_string(),
        })
    }

    /// The same rows themselves, each with its id.
    pub fn entries(&self, entity: EntityId) -> impl Iterator<Item = (&str, &Row)> {
        let rows = self.rows[entity.0].iter();
        rows.filter(|(_, row)| !row.deleted)
            .map(|(id, row)| (&**id, &**row))
    }

    /// Those of them with the value in the field.
    pub fn entries_with(&self, field: FieldId, value: &Value) -> Vec<(&str, &Row)> {
        let rows = self.rows[field.entity.0].with(field.index, value);
        let rows = rows.into_iter().filter(|(_, row)| !row.deleted);
        rows.map(|(id, row)| (&**id, &**row)).collect()
    }

    /// The row that a to-one field leads to.
    pub fn target(&self, row: &RowRef, field: FieldId) -> Option<RowRef> {
        match self.get(row)?.values.get(&field.index)? {
            Value::Row(target) => Some(target.clone()),
            _ => None,
        }
    }

    /// Rows whose to-one field leads to this row; parts in their order.
    pub fn pointing(&self, row: &RowRef, by: FieldId) -> Vec<RowRef> {
        self.referring(row, by, Among::Active)
    }

    pub fn referring(&self, row: &RowRef, by: FieldId, among: Among) -> Vec<RowRef> {
        let row = self.named(row);
        let entity = by.entity;
        let rows = self.rows[entity.0].with(by.index, &Value::Row(row.clone()));
        let there = rows.into_iter();
        let there = there.filter(|(_, other)| among == Among::All || !other.deleted);
        let at = |id: &Rc<str>| RowRef {
            entity,
            id: id.to_string(),
        };
        let mut found: Vec<(usize, RowRef)> =
            there.map(|(id, other)| (other.position, at(id))).collect();
        found.sort();
        found.into_iter().map(|(_, row)| row).collect()
    }

    /// The rows of a to-many field, parts in their order and others by their ids.
    pub fn many(&self, row: &RowRef, field: FieldId) -> Vec<RowRef> {
        let mut rows = self.related(row, field);
        let relation = self.model().field(field).to_many();
        let is_numbered = relation.is_some_and(|relation| {
            let target = self.model().entity(relation.target);
            target.id_type == IdType::Int && !matches!(relation.kind, ToManyKind::Composed { .. })
        });
        if is_numbered {
            // New ones are not numbered yet, and come last.
            rows.sort_by_key(|row| row.id.parse::<i64>().unwrap_or(i64::MAX));
        }
        rows
    }

    fn related(&self, row: &RowRef, field: FieldId) -> Vec<RowRef> {
        let row = self.named(row);
        let Some(relation) = self.model().field(field).to_many() else {
            return Vec::new();
        };
        match relation.kind {
            ToManyKind::Inverse { by } | ToManyKind::Composed { by } => self.pointing(row, by),
            ToManyKind::Linked { canonical, .. } if canonical == field => {
                let linked = self
                    .get(row)
                    .and_then(|row| row.links.get(&canonical.index));
                let linked = linked.into_iter().flatten().map(|id| RowRef {
                    entity: relation.target,
                    id: id.clone(),
                });
                linked.filter(|row| self.is_there(row)).collect()
            }
            ToManyKind::Linked { canonical, .. } => self
                .of(canonical.entity)
                .filter(|other| self.is_linked(other, canonical, &row.id))
                .collect(),
            ToManyKind::Through { near, far, .. } => {
                let between = self.pointing(row, near);
                let mut found: Vec<RowRef> = between
                    .iter()
                    .filter_map(|row| self.target(row, far))
                    .filter(|row| self.is_there(row))
                    .collect();
                found.sort();
                found.dedup();
                found
            }
        }
    }

    pub fn is_linked(&self, row: &RowRef, canonical: FieldId, far: &str) -> bool {
        let links = self
            .get(row)
            .and_then(|row| row.links.get(&canonical.index));
        links.is_some_and(|links| links.contains(far))
    }

    /// All rows that refer to a row of the suite's own are known.
    fn is_made(&self, row: &RowRef) -> bool {
        self.get(row).is_some_and(|row| row.made)
    }

    /// Whether a relation of a row leads to rows that nobody lists.
    fn hides(&self, field: FieldId) -> bool {
        let relation = self.model().field(field).to_many();
        relation.is_some_and(|relation| match relation.kind {
            ToManyKind::Inverse { by } | ToManyKind::Composed { by } => self.is_hidden(by.entity),
            ToManyKind::Linked { canonical, .. } => self.is_hidden(canonical.entity),
            ToManyKind::Through { entity, .. } => self.is_hidden(entity),
        })
    }

    /// The row that a part belongs to.
    pub fn whole(&self, part: &RowRef) -> Option<RowRef> {
        let of = self.model().entity(part.entity).part_of?;
        self.target(part, of.back)
    }

    /// The wholes that a part is in, the innermost first.
    pub fn wholes(&self, part: &RowRef) -> Vec<RowRef> {
        let mut wholes: Vec<RowRef> = Vec::new();
        while let Some(whole) = self.whole(wholes.last().unwrap_or(part)) {
            wholes.push(whole);
        }
        wholes
    }

    /// Whose row it is.
    pub fn owner(&self, row: &RowRef) -> Option<RowRef> {
        let account = self.model().account.as_ref()?.entity;
        match self.model().entity(row.entity).owner {
            Some(field) => self.target(row, field),
            None if row.entity == account => Some(row.clone()),
            None => self.whole(row).and_then(|whole| self.owner(&whole)),
        }
    }

    /// The tenant that a row belongs to, or is.
    pub fn tenant(&self, row: &RowRef) -> Option<RowRef> {
        let tenant = self.model().tenant?;
        match self.model().entity(row.entity).tenant {
            Some(field) => self.target(row, field),
            None if row.entity == tenant => Some(row.clone()),
            None => self.whole(row).and_then(|whole| self.tenant(&whole)),
        }
    }

    /// The value of the state field.
    pub fn state(&self, row: &RowRef) -> Option<String> {
        let machine = self.model().entity(row.entity).state.as_ref()?;
        match self.value(row, machine.field) {
            Value::Text(state) => Some(state),
            _ => None,
        }
    }

    /// Takes a row and its parts out, so that they can be put back.
    pub fn snapshot(&self, row: &RowRef) -> Vec<(RowRef, Row)> {
        let mut kept: Vec<(RowRef, Row)> = Vec::new();
        kept.extend(self.get(row).map(|found| (row.clone(), found.clone())));
        for field in self.composed(row.entity) {
            for part in self.many(row, field) {
                kept.extend(self.get(&part).map(|found| (part.clone(), found.clone())));
            }
        }
        kept
    }

    /// Puts a snapshot back in place of whatever the row and its parts are now.
    pub fn restore(&mut self, row: &RowRef, snapshot: Vec<(RowRef, Row)>) {
        for (now, _) in self.snapshot(row) {
            self.remove(&now);
        }
        for (at, row) in snapshot {
            self.insert(&at, row);
        }
    }

    /// Fields whose rows are parts of the entity's rows.
    pub fn composed(&self, entity: EntityId) -> Vec<FieldId> {
        let fields = self.model().entity(entity).fields.iter();
        let composed = fields.filter(|field| {
            field
                .to_many()
                .is_some_and(|relation| matches!(relation.kind, ToManyKind::Composed { .. }))
        });
        composed.map(|field| field.id).collect()
    }
}

impl Facts for World<'_> {
    fn field(&self, row: &RowRef, field: FieldId) -> Value {
        match self.model().field(field).kind {
            FieldKind::ToMany(_) => {
                if !self.is_made(row) && self.hides(field) {
                    self.unsure.set(true);
                }
                Value::Rows(self.many(row, field))
            }
            FieldKind::Scalar(_) | FieldKind::ToOne(_) => {
                let known = self
                    .get(row)
                    .map(|row| row.values.contains_key(&field.index));
                if known != Some(true) && !self.is_made(row) {
                    self.unsure.set(true);
                }
                let is_fresh = |row: &Row| row.fresh.contains(&field.index);
                if self.get(row).is_some_and(is_fresh) {
                    self.by_clock.set(true);
                }
                self.value(row, field)
            }
        }
    }
}

/// A literal as the value of a field.
pub fn literal(literal: &Literal, model: &Model, field: FieldId) -> Value {
    match model.field(field).scalar() {
        Some(scalar) => Value::of_scalar(literal, scalar),
        None => Value::Null,
    }
}
