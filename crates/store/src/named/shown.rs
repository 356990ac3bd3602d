//! Runs the statements of a shape, and joins their rows to the JSON of a reply.

use super::Environment;
use super::show::{List, Node};
use crate::Failure;
use crate::connection::{Row, Value, ValueRef};
use crate::represent::{Bindings, Form, Shaping, represent, write_plain};
use crate::write::{Job, id_text, within_limit};
use archwright_plan::model::{BindingId, EntityId};
use archwright_sql::Statement;
use std::collections::HashMap;
use std::ops::ControlFlow;

/// A shape over one row of a statement.
pub(crate) struct Shown {
    pub source: Source,
    pub node: Node,
    pub lists: Vec<List>,
}

/// Where the row of a shape comes from.
pub(crate) enum Source {
    /// Nothing is shown.
    Nothing,
    /// It is what steps have bound.
    Bound(Vec<BindingId>),
    Asked(Statement),
}

impl Source {
    fn statement(&self) -> Option<&Statement> {
        match self {
            Self::Asked(statement) => Some(statement),
            Self::Nothing | Self::Bound(_) => None,
        }
    }
}

/// The objects of a list, by the texts of their ids, or of the lists of ids that they and the rows around them have;
/// each with how many rows it shows.
type Written = HashMap<String, (Vec<u8>, usize)>;

/// Rows that are read at once where each brings lists of its own: those may be long.
const PORTION: usize = 100;

impl Shown {
    pub fn statements(&self) -> Vec<&Statement> {
        let mut all: Vec<&Statement> = self.source.statement().into_iter().collect();
        all.extend(self.lists.iter().flat_map(|list| list.shown.statements()));
        all
    }

    /// The JSON; nothing where nothing is shown.
    pub fn write(
        &self,
        job: &Job<'_>,
        environment: &Environment,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let rows = match &self.source {
            Source::Nothing => return Ok(None),
            Source::Bound(bindings) => {
                let values = bindings.iter().map(|binding| environment.binding(*binding));
                vec![values.collect()]
            }
            Source::Asked(statement) => {
                rows(job, statement, &job.bindings(&[]).within(environment))?
            }
        };
        let lists = self.written_lists(job, environment, &rows)?;
        let row = rows
            .first()
            .ok_or_else(|| Failure::Internal("a reply without a row".to_owned()))?;
        let mut json = Vec::new();
        self.node.write(job, &Cells::Kept(row), &lists, &mut json)?;
        Ok(Some(json))
    }

    /// Each list is read once for all rows.
    fn written_lists(
        &self,
        job: &Job<'_>,
        environment: &Environment,
        rows: &[Vec<Value>],
    ) -> Result<Vec<Written>, Failure> {
        let mut written = Vec::with_capacity(self.lists.len());
        for (index, list) in self.lists.iter().enumerate() {
            let mut items = Vec::new();
            for row in rows {
                items.extend(self.node.items(index, &Cells::Kept(row))?);
                within_limit(items.len())?;
            }
            written.push(list.written(job, environment, items)?);
        }
        Ok(written)
    }
}

impl List {
    fn written(
        &self,
        job: &Job<'_>,
        environment: &Environment,
        mut items: Vec<Item>,
    ) -> Result<Written, Failure> {
        items.sort_by(|one, other| one.key.cmp(&other.key));
        items.dedup_by(|one, other| one.key == other.key);
        let mut written = Written::with_capacity(items.len());
        let portion = match self.shown.lists.is_empty() {
            true => items.len().max(1),
            false => PORTION,
        };
        let mut listed = 0;
        for items in items.chunks(portion) {
            let part = self.part(job, environment, items)?;
            listed += part.values().map(|(_, rows)| rows).sum::<usize>();
            within_limit(listed)?;
            written.extend(part);
        }
        Ok(written)
    }

    fn part(
        &self,
        job: &Job<'_>,
        environment: &Environment,
        items: &[Item],
    ) -> Result<Written, Failure> {
        let shown = &self.shown;
        let (false, Some(statement)) = (items.is_empty(), shown.source.statement()) else {
            return Ok(Written::new());
        };
        let ids = items.iter().map(|item| item.ids.clone()).collect();
        let values = [Value::Text(serde_json::Value::Array(ids).to_string())];
        let bindings = job.bindings(&values).within(environment);
        let mut written = Written::with_capacity(items.len());
        let mut write = |row: &Cells<'_>, lists: &[Written]| {
            let mut json = Vec::new();
            let (_, listed) = job.listing(|| shown.node.write(job, row, lists, &mut json))?;
            written.insert(self.key(row, items)?, (json, listed + 1));
            Ok::<_, Failure>(())
        };
        if shown.lists.is_empty() && !shown.node.asks() {
            let values = crate::represent::bound(statement, &Value::Null, &bindings)?;
            job.connection.each(&statement.text, &values, |row| {
                write(&Cells::Read(row), &[])?;
                Ok(ControlFlow::Continue(()))
            })?;
            return Ok(written);
        }
        let rows = rows(job, statement, &bindings)?;
        let lists = shown.written_lists(job, environment, &rows)?;
        for row in &rows {
            write(&Cells::Kept(row), &lists)?;
        }
        Ok(written)
    }

    /// Of the item that a row is.
    fn key(&self, row: &Cells<'_>, items: &[Item]) -> Result<String, Failure> {
        let key = match (self.is_within, row.value(0)?) {
            (true, ValueRef::Integer(position)) => {
                let item = usize::try_from(position).ok();
                let item = item.and_then(|position| items.get(position));
                item.map(|item| item.key.clone())
            }
            _ => Some(id_text(&row.get(0)?)),
        };
        key.ok_or_else(|| Failure::Internal("an item of no list".to_owned()))
    }
}

/// A row of a statement: as it comes, or kept until all are there.
enum Cells<'r> {
    Read(&'r Row<'r>),
    Kept(&'r [Value]),
}

impl Cells<'_> {
    fn value(&self, column: usize) -> Result<ValueRef<'_>, Failure> {
        match self {
            Self::Read(row) => row.value(column),
            Self::Kept(row) => Ok(ValueRef::from(&row[column])),
        }
    }

    fn get(&self, column: usize) -> Result<Value, Failure> {
        match self {
            Self::Read(row) => row.get(column),
            Self::Kept(row) => Ok(row[column].clone()),
        }
    }
}

/// An item of a list in a shape.
struct Item {
    /// Its id; or that with those of the rows around it, as a list.
    ids: serde_json::Value,
    key: String,
}

impl Item {
    fn new(id: serde_json::Value, around: &[serde_json::Value]) -> Self {
        if around.is_empty() {
            let key = id_text(&stored(id.clone()));
            return Self { ids: id, key };
        }
        let ids: Vec<_> = [id].into_iter().chain(around.iter().cloned()).collect();
        let ids = serde_json::Value::Array(ids);
        let key = ids.to_string();
        Self { ids, key }
    }
}

fn rows(
    job: &Job<'_>,
    statement: &Statement,
    bindings: &Bindings<'_>,
) -> Result<Vec<Vec<Value>>, Failure> {
    let values = crate::represent::bound(statement, &Value::Null, bindings)?;
    job.connection.all(&statement.text, &values, |row| {
        (0..row.width()).map(|column| row.get(column)).collect()
    })
}

impl Node {
    /// What a row has of one of the lists.
    fn items(&self, wanted: usize, row: &Cells<'_>) -> Result<Vec<Item>, Failure> {
        match self {
            Self::Each {
                column,
                around,
                list,
            } if *list == wanted => {
                let around = around.iter().map(|column| Ok(id_json(row.value(*column)?)));
                let around = around.collect::<Result<Vec<_>, Failure>>()?;
                let ids = items_of(row.value(*column)?)?.into_iter();
                Ok(ids.map(|id| Item::new(id, &around)).collect())
            }
            Self::Optional { node, .. } | Self::IfPresent { node, .. } => node.items(wanted, row),
            Self::Either {
                column,
                then,
                otherwise,
            } => match (row.value(*column)?, otherwise) {
                (ValueRef::Null, Some(node)) => node.items(wanted, row),
                (ValueRef::Null, None) => Ok(Vec::new()),
                _ => then.items(wanted, row),
            },
            Self::Object(parts) => {
                let mut items = Vec::new();
                for (_, node) in parts {
                    items.extend(node.items(wanted, row)?);
                }
                Ok(items)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn is_there(&self, row: &Cells<'_>) -> Result<bool, Failure> {
        Ok(match self {
            Self::IfPresent { column, .. } => !matches!(row.value(*column)?, ValueRef::Null),
            _ => true,
        })
    }

    /// Whether a row of it needs statements of its own.
    fn asks(&self) -> bool {
        match self {
            Self::Row { .. } | Self::Rows { .. } | Self::Each { .. } => true,
            Self::Optional { node, .. } | Self::IfPresent { node, .. } => node.asks(),
            Self::Either {
                then, otherwise, ..
            } => then.asks() || otherwise.as_ref().is_some_and(|node| node.asks()),
            Self::Object(parts) => parts.iter().any(|(_, node)| node.asks()),
            Self::Nothing | Self::Value { .. } | Self::Values { .. } => false,
        }
    }

    fn write(
        &self,
        job: &Job<'_>,
        row: &Cells<'_>,
        lists: &[Written],
        to: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        match self {
            Self::Nothing => to.extend_from_slice(b"null"),
            Self::Value { column, form } => scalar(form, row.value(*column)?, to)?,
            Self::Values { column, form } => match row.value(*column)? {
                ValueRef::Null => to.extend_from_slice(b"null"),
                list => {
                    let items = items_of(list)?;
                    job.list(items.len())?;
                    joined(items.into_iter(), to, |item, to| {
                        scalar(form, ValueRef::from(&stored(item)), to)
                    })?;
                }
            },
            Self::Row { column, entity } => {
                job.list(1)?;
                represented(job, *entity, &row.get(*column)?, to)?;
            }
            Self::Rows { column, entity } => {
                let items = items_of(row.value(*column)?)?;
                job.list(items.len())?;
                joined(items.into_iter(), to, |item, to| {
                    represented(job, *entity, &stored(item), to)
                })?;
            }
            Self::Optional { column, node } => match row.value(*column)? {
                ValueRef::Null => to.extend_from_slice(b"null"),
                _ => node.write(job, row, lists, to)?,
            },
            Self::Either {
                column,
                then,
                otherwise,
            } => match (row.value(*column)?, otherwise) {
                (ValueRef::Null, Some(node)) => node.write(job, row, lists, to)?,
                (ValueRef::Null, None) => to.extend_from_slice(b"null"),
                _ => then.write(job, row, lists, to)?,
            },
            Self::IfPresent { node, .. } => node.write(job, row, lists, to)?,
            Self::Object(parts) => {
                to.push(b'{');
                let mut is_first = true;
                for (key, node) in parts {
                    if !node.is_there(row)? {
                        continue;
                    }
                    if !std::mem::replace(&mut is_first, false) {
                        to.push(b',');
                    }
                    to.extend_from_slice(key);
                    node.write(job, row, lists, to)?;
                }
                to.push(b'}');
            }
            Self::Each { list, .. } => {
                let items = self.items(*list, row)?.into_iter();
                // A row that is deleted since is not shown.
                let items = items.filter_map(|item| lists[*list].get(&item.key));
                joined(items, to, |(json, rows), to| {
                    job.list(*rows)?;
                    to.extend_from_slice(json);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

fn joined<T>(
    items: impl Iterator<Item = T>,
    to: &mut Vec<u8>,
    mut write: impl FnMut(T, &mut Vec<u8>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    to.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            to.push(b',');
        }
        write(item, to)?;
    }
    to.push(b']');
    Ok(())
}

fn scalar(form: &Form, value: ValueRef<'_>, to: &mut Vec<u8>) -> Result<(), Failure> {
    match value {
        ValueRef::Null => {
            to.extend_from_slice(b"null");
            Ok(())
        }
        value => write_plain(form, value, to),
    }
}

fn represented(
    job: &Job<'_>,
    entity: EntityId,
    id: &Value,
    to: &mut Vec<u8>,
) -> Result<(), Failure> {
    let text = id_text(id);
    let shaping = Shaping::default();
    let shown = represent(
        job.connection,
        job.shared,
        entity,
        &text,
        job.context,
        &shaping,
    )?;
    match shown {
        Some(shown) => to.extend_from_slice(&shown.json),
        None => to.extend_from_slice(b"null"),
    }
    Ok(())
}

/// The items of a JSON list; a missing one has none.
pub(super) fn list_of(value: &Value) -> Result<Vec<serde_json::Value>, Failure> {
    items_of(ValueRef::from(value))
}

fn items_of(value: ValueRef<'_>) -> Result<Vec<serde_json::Value>, Failure> {
    match value {
        ValueRef::Null => Ok(Vec::new()),
        ValueRef::Text(text) => {
            serde_json::from_slice(text).map_err(|error| Failure::Internal(error.to_string()))
        }
        _ => Err(Failure::Internal("a list that is none".to_owned())),
    }
}

/// An item of a JSON list, as a column would store it.
pub(super) fn stored(item: serde_json::Value) -> Value {
    match item {
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Bool(value) => Value::Integer(value.into()),
        other => match (other.as_i64(), other.as_f64()) {
            (Some(number), _) => Value::Integer(number),
            (None, number) => number.map_or(Value::Null, Value::Real),
        },
    }
}

fn id_json(id: ValueRef<'_>) -> serde_json::Value {
    match id {
        ValueRef::Integer(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => serde_json::Value::Null,
    }
}
