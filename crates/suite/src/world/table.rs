//! The rows of one entity, found by their ids, and by what stands in the fields that relations and keys go by.

use super::Row;
use archwright_evaluate::Value;
use archwright_plan::model::Entity;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// Rows that changed since the index was made; with more of them, it is made anew.
const MOST_CHANGED: usize = 48;

/// Copies share the rows, and the index, until one of them is changed.
#[derive(Clone, Default)]
pub struct Table {
    rows: BTreeMap<Rc<str>, Rc<Row>>,
    /// The positions of the fields that the index is for.
    indexed: Rc<[usize]>,
    /// The ids of rows by what they had in each of these fields.
    index: OnceCell<Rc<Index>>,
    /// Rows that came, went, or may have changed since then.
    changed: BTreeSet<Rc<str>>,
}

type Index = Vec<HashMap<Value, Vec<Rc<str>>>>;

impl Table {
    pub fn of(entity: &Entity) -> Self {
        let fields = entity.fields.iter();
        let relations = fields.filter(|field| field.to_one().is_some());
        let relations = relations.map(|field| field.id.index);
        let keys = entity.unique.iter().flat_map(|key| &key.fields);
        let all: BTreeSet<usize> = relations.chain(keys.map(|field| field.index)).collect();
        Self {
            indexed: all.into_iter().collect(),
            ..Self::default()
        }
    }

    pub fn get(&self, id: &str) -> Option<&Row> {
        self.shared(id).map(|row| &**row)
    }

    pub fn shared(&self, id: &str) -> Option<&Rc<Row>> {
        self.rows.get(id)
    }

    pub fn get_mut(&mut self, id: &str) -> Option<&mut Row> {
        let (id, _) = self.rows.get_key_value(id)?;
        let id = id.clone();
        self.note(&id);
        self.rows.get_mut(&id).map(Rc::make_mut)
    }

    pub fn insert(&mut self, id: &str, row: Row) {
        let id: Rc<str> = id.into();
        self.note(&id);
        self.rows.insert(id, Rc::new(row));
    }

    pub fn remove(&mut self, id: &str) -> Option<Row> {
        let (id, row) = self.rows.remove_entry(id)?;
        self.note(&id);
        Some(Rc::unwrap_or_clone(row))
    }

    /// In the order of their ids' text.
    pub fn iter(&self) -> impl Iterator<Item = (&Rc<str>, &Rc<Row>)> {
        self.rows.iter()
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows with the value in the field, in the same order.
    pub fn with(&self, field: usize, value: &Value) -> Vec<(&Rc<str>, &Rc<Row>)> {
        let has = |row: &Row| row.values.get(&field) == Some(value);
        let Some(place) = self.indexed.iter().position(|known| *known == field) else {
            return self.iter().filter(|(_, row)| has(row)).collect();
        };
        let known = self.index()[place].get(value).into_iter().flatten();
        let ids: BTreeSet<&Rc<str>> = known.chain(&self.changed).collect();
        let rows = ids.into_iter().filter_map(|id| self.rows.get_key_value(id));
        rows.filter(|(_, row)| has(row)).collect()
    }

    /// To be called before a copy is changed, so that all copies have the one index.
    pub fn prepare(&self) {
        self.index();
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let of = |field: &usize| {
                let mut ids: HashMap<Value, Vec<Rc<str>>> = HashMap::new();
                for (id, row) in &self.rows {
                    if let Some(value) = row.values.get(field).filter(|value| !value.is_null()) {
                        ids.entry(value.clone()).or_default().push(id.clone());
                    }
                }
                ids
            };
            Rc::new(self.indexed.iter().map(of).collect())
        })
    }

    fn note(&mut self, id: &Rc<str>) {
        if self.index.get().is_none() {
            return;
        }
        self.changed.insert(id.clone());
        if self.changed.len() > MOST_CHANGED {
            self.index.take();
            self.changed.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: i64) -> Row {
        Row {
            values: BTreeMap::from([(0, Value::Int(number))]),
            ..Row::default()
        }
    }

    #[track_caller]
    fn check(table: &Table, number: i64, expected: &[&str]) {
        let found = table.with(0, &Value::Int(number));
        let ids: Vec<&str> = found.iter().map(|(id, _)| &***id).collect();
        assert_eq!(ids, expected);
    }

    #[test]
    fn rows_are_found_by_what_they_have_now_however_often_they_changed() {
        let mut table = Table {
            indexed: [0].into(),
            ..Table::default()
        };
        for id in ["c", "a", "b"] {
            table.insert(id, row(1));
        }
        check(&table, 1, &["a", "b", "c"]);
        let before = table.clone();
        let changed = table.get_mut("b").into_iter();
        changed.for_each(|row| drop(row.values.insert(0, Value::Int(2))));
        table.remove("c");
        table.insert("d", row(2));
        check(&table, 1, &["a"]);
        check(&table, 2, &["b", "d"]);
        check(&before, 1, &["a", "b", "c"]);
        check(&before, 2, &[]);
        for number in 0..100 {
            table.insert(&format!("e{number:03}"), row(number));
        }
        check(&table, 2, &["b", "d", "e002"]);
        check(&table, 99, &["e099"]);
    }

    #[test]
    fn fields_without_an_index_are_looked_through() {
        let mut table = Table::default();
        table.insert("a", row(1));
        check(&table, 1, &["a"]);
        check(&table, 2, &[]);
    }
}
