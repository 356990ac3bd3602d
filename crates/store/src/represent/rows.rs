//! Runs a query with its children, and joins their JSON.

use super::write::write_value;
use super::{Bindings, ChildKind, Form, Query};
use crate::connection::{Connection, Row, Value, ValueRef};
use crate::{Failure, Fault};
use archwright_plan::limits::EXPANDED_ROWS;
use std::collections::HashMap;
use std::ops::{ControlFlow, Range};

/// Objects, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub json: Vec<u8>,
    pub spans: Vec<Range<usize>>,
    /// For a child: the parent's key of each row.
    groups: Vec<Value>,
    /// How many rows in the JSON of each are there because the request expands relations.
    expanded: Vec<usize>,
    /// The last row's id and sort value.
    pub last: Option<(Value, Value)>,
    /// The last row's version.
    pub version: Option<i64>,
    /// There are rows beyond the limit.
    pub more: bool,
}

impl Rows {
    pub fn first(&self) -> Option<&[u8]> {
        self.spans.first().map(|span| &self.json[span.clone()])
    }
}

/// A place in a row's JSON where a child's JSON belongs.
struct Hole {
    at: usize,
    child: usize,
    key: Value,
}

/// At most `limit` rows.
pub(crate) fn run(
    connection: &Connection,
    query: &Query,
    bindings: &Bindings<'_>,
    limit: usize,
) -> Result<Rows, Failure> {
    let parameters = query.parameters.iter();
    let values = parameters.map(|parameter| bindings.value(parameter));
    let values = values.collect::<Result<Vec<_>, _>>()?;
    let mut rows = Rows::default();
    let mut holes = Vec::new();
    connection.each(&query.text, &values, |row| {
        if rows.spans.len() == limit {
            rows.more = true;
            return Ok(ControlFlow::Break(()));
        }
        if query.is_expanded && rows.spans.len() == EXPANDED_ROWS {
            return Err(too_many());
        }
        rows.expanded.push(usize::from(query.is_expanded));
        let start = rows.json.len();
        write_row(row, query, bindings, &mut rows.json, &mut holes)?;
        rows.spans.push(start..rows.json.len());
        if let Some(group) = query.group {
            rows.groups.push(row.get(group)?);
        } else {
            let sort = query.sort.map_or(Ok(Value::Null), |column| row.get(column));
            rows.last = Some((row.get(0)?, sort?));
            rows.version = query.version.map(|column| row.get(column)).transpose()?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if !query.children.is_empty() {
        fill(connection, query, bindings, &mut rows, &holes)?;
    }
    Ok(rows)
}

fn write_row(
    row: &Row<'_>,
    query: &Query,
    bindings: &Bindings<'_>,
    to: &mut Vec<u8>,
    holes: &mut Vec<Hole>,
) -> Result<(), Failure> {
    to.push(b'{');
    let mut first = true;
    for writer in &query.writers {
        if let Some(visible) = writer.visible
            && row.value(visible)? != ValueRef::Integer(1)
        {
            continue;
        }
        if !first {
            to.push(b',');
        }
        first = false;
        to.extend_from_slice(&writer.key);
        match writer.form {
            Form::Child(child) => {
                let key = row.get(query.children[child].key_column)?;
                holes.push(Hole {
                    at: to.len(),
                    child,
                    key,
                });
            }
            _ => write_value(row, writer.column, &writer.form, bindings, to)?,
        }
    }
    to.push(b'}');
    Ok(())
}

fn too_many() -> Failure {
    Failure::BadRequest(vec![Fault {
        at: "expand".to_owned(),
        code: "too-many",
        message: format!(
            "At most {EXPANDED_ROWS} rows can be expanded at once: ask for fewer rows, or for fewer relations of them."
        ),
    }])
}

/// Runs each child once for all rows, and puts its JSON into the holes, which stand in the order of the text. A row that
/// several lead to counts each time.
fn fill(
    connection: &Connection,
    query: &Query,
    bindings: &Bindings<'_>,
    rows: &mut Rows,
    holes: &[Hole],
) -> Result<(), Failure> {
    let mut fillings = Vec::with_capacity(query.children.len());
    for (index, child) in query.children.iter().enumerate() {
        let keys = holes
            .iter()
            .filter(|hole| hole.child == index)
            .map(|hole| &hole.key);
        let values = [Value::Text(json_keys(keys))];
        let found = run(
            connection,
            &child.query,
            &bindings.with_values(&values),
            usize::MAX,
        )?;
        let mut by_parent: HashMap<Key, Vec<usize>> = HashMap::new();
        for (row, group) in found.groups.iter().enumerate() {
            by_parent.entry(Key::from(group)).or_default().push(row);
        }
        fillings.push((found, by_parent));
    }
    let old = std::mem::take(&mut rows.json);
    let mut new = Vec::with_capacity(old.len() * 2);
    let mut copied = 0;
    let mut next = holes.iter().peekable();
    let mut total: usize = rows.expanded.iter().sum();
    for (span, expanded) in rows.spans.iter_mut().zip(&mut rows.expanded) {
        let start = new.len();
        while let Some(hole) = next.next_if(|hole| hole.at < span.end) {
            new.extend_from_slice(&old[copied..hole.at]);
            copied = hole.at;
            let (found, by_parent) = &fillings[hole.child];
            let members = by_parent
                .get(&Key::from(&hole.key))
                .map_or(&[][..], Vec::as_slice);
            let more: usize = members.iter().map(|row| found.expanded[*row]).sum();
            *expanded += more;
            total += more;
            if total > EXPANDED_ROWS {
                return Err(too_many());
            }
            join(found, members, query.children[hole.child].kind, &mut new);
        }
        new.extend_from_slice(&old[copied..span.end]);
        copied = span.end;
        *span = start..new.len();
    }
    rows.json = new;
    Ok(())
}

fn join(found: &Rows, members: &[usize], kind: ChildKind, to: &mut Vec<u8>) {
    match (kind, members.first()) {
        (ChildKind::One, Some(row)) => to.extend_from_slice(&found.json[found.spans[*row].clone()]),
        (ChildKind::One, None) => to.extend_from_slice(b"null"),
        (ChildKind::Many, _) => {
            to.push(b'[');
            for (index, row) in members.iter().enumerate() {
                if index > 0 {
                    to.push(b',');
                }
                to.extend_from_slice(&found.json[found.spans[*row].clone()]);
            }
            to.push(b']');
        }
    }
}

/// An id, as text or number.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Missing,
    Number(i64),
    Text(String),
}

impl From<&Value> for Key {
    fn from(value: &Value) -> Self {
        match value {
            Value::Integer(number) => Self::Number(*number),
            Value::Text(text) => Self::Text(text.clone()),
            Value::Null | Value::Real(_) | Value::Blob(_) => Self::Missing,
        }
    }
}

fn json_keys<'v>(keys: impl Iterator<Item = &'v Value>) -> String {
    let values = keys.filter_map(|key| match key {
        Value::Integer(number) => Some(serde_json::Value::from(*number)),
        Value::Text(text) => Some(serde_json::Value::from(text.as_str())),
        Value::Null | Value::Real(_) | Value::Blob(_) => None,
    });
    serde_json::Value::Array(values.collect()).to_string()
}
