//! Runs a query with its children, and joins their JSON.

use super::write::{write_display, write_text, write_value};
use super::{Bindings, Child, ChildKind, Form, Query};
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
    /// The id and sort value of the row at the limit, where there are so many.
    pub last: Option<(Value, Value)>,
    /// That row's version.
    pub version: Option<i64>,
    /// There are rows beyond the limit.
    pub more: bool,
}

impl Rows {
    pub fn first(&self) -> Option<&[u8]> {
        self.spans.first().map(|span| &self.json[span.clone()])
    }

    fn by_parent(&self) -> HashMap<Key<'_>, Vec<usize>> {
        let mut rows: HashMap<Key<'_>, Vec<usize>> = HashMap::new();
        for (row, group) in self.groups.iter().enumerate() {
            rows.entry(Key::of(group)).or_default().push(row);
        }
        rows
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
    let mut reading = Reading::new(query, bindings, limit);
    connection.each(&query.text, &reading.values()?, |row| reading.add(row))?;
    let mut fillings = Vec::with_capacity(query.children.len());
    for (index, child) in query.children.iter().enumerate() {
        let keys = reading.keys(index);
        let bindings = bindings.with_values(&keys);
        fillings.push(run(connection, &child.query, &bindings, usize::MAX)?);
    }
    reading.filled(&fillings)
}

/// The row with an id. What lies below it is asked for together with it, where it hangs on nothing but the id.
pub(crate) fn run_one(
    connection: &Connection,
    query: &Query,
    bindings: &Bindings<'_>,
    id: &Value,
) -> Result<Rows, Failure> {
    let children = &query.children;
    if children.is_empty() || !children.iter().all(Child::is_of_row) {
        return run(connection, query, bindings, 1);
    }
    let keys = listed([id].into_iter());
    let below = bindings.with_values(&keys);
    let mut readings = vec![Reading::new(query, bindings, 1)];
    let children = children.iter();
    readings.extend(children.map(|child| Reading::new(&child.query, &below, usize::MAX)));
    let asked = readings.iter();
    let asked = asked.map(|reading| Ok((reading.query.text.as_str(), reading.values()?)));
    let asked = asked.collect::<Result<Vec<_>, Failure>>()?;
    connection.together(&asked, |index, row| readings[index].add(row))?;
    let mut readings = readings.into_iter();
    let Some(own) = readings.next() else {
        return Ok(Rows::default());
    };
    let children = readings.map(|reading| reading.filled(&[]));
    own.filled(&children.collect::<Result<Vec<_>, _>>()?)
}

/// An answer as it comes in.
pub(crate) struct Reading<'a> {
    query: &'a Query,
    bindings: &'a Bindings<'a>,
    limit: usize,
    rows: Rows,
    holes: Vec<Hole>,
}

impl<'a> Reading<'a> {
    pub fn new(query: &'a Query, bindings: &'a Bindings<'a>, limit: usize) -> Self {
        Self {
            query,
            bindings,
            limit,
            rows: Rows::default(),
            holes: Vec::new(),
        }
    }

    /// What the query's parameters are bound to.
    pub fn values(&self) -> Result<Vec<Value>, Failure> {
        let parameters = self.query.parameters.iter();
        parameters
            .map(|parameter| self.bindings.value(parameter))
            .collect()
    }

    /// Takes a row, and says whether more are wanted.
    pub fn add(&mut self, row: &Row<'_>) -> Result<ControlFlow<()>, Failure> {
        let (query, rows) = (self.query, &mut self.rows);
        if rows.spans.len() == self.limit {
            rows.more = true;
            return Ok(ControlFlow::Break(()));
        }
        if query.is_expanded && rows.spans.len() == EXPANDED_ROWS {
            return Err(too_many());
        }
        rows.expanded.push(usize::from(query.is_expanded));
        let start = rows.json.len();
        write_row(row, query, self.bindings, &mut rows.json, &mut self.holes)?;
        rows.spans.push(start..rows.json.len());
        if let Some(group) = query.group {
            rows.groups.push(row.get(group)?);
        } else if rows.spans.len() == self.limit {
            let sort = query.sort.map_or(Ok(Value::Null), |column| row.get(column));
            rows.last = Some((row.get(0)?, sort?));
            rows.version = query.version.map(|column| row.get(column)).transpose()?;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The keys that a child's rows are found by, as its `Value(0)`.
    pub fn keys(&self, child: usize) -> [Value; 1] {
        let holes = self.holes.iter().filter(|hole| hole.child == child);
        listed(holes.map(|hole| &hole.key))
    }

    /// The rows, with those of each child put into the holes.
    pub fn filled(mut self, children: &[Rows]) -> Result<Rows, Failure> {
        if !children.is_empty() {
            fill(self.query, &mut self.rows, &self.holes, children)?;
        }
        Ok(self.rows)
    }
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

/// Puts the children's JSON into the holes, which stand in the order of the text. A row that several lead to counts each
/// time.
fn fill(query: &Query, rows: &mut Rows, holes: &[Hole], children: &[Rows]) -> Result<(), Failure> {
    let children: Vec<(&Rows, HashMap<Key<'_>, Vec<usize>>)> = children
        .iter()
        .map(|found| (found, found.by_parent()))
        .collect();
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
            let (found, by_parent) = &children[hole.child];
            let members = by_parent
                .get(&Key::of(&hole.key))
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
enum Key<'v> {
    Missing,
    Number(i64),
    Text(&'v str),
}

impl<'v> Key<'v> {
    fn of(value: &'v Value) -> Self {
        match value {
            Value::Integer(number) => Self::Number(*number),
            Value::Text(text) => Self::Text(text),
            Value::Null | Value::Real(_) | Value::Blob(_) => Self::Missing,
        }
    }
}

/// Keys as a child's query takes them.
pub(crate) fn listed<'v>(keys: impl Iterator<Item = &'v Value>) -> [Value; 1] {
    let mut list = vec![b'['];
    for key in keys {
        let end = list.len();
        match key {
            Value::Integer(number) => write_display(number, &mut list),
            Value::Text(text) => write_text(text, &mut list),
            Value::Null | Value::Real(_) | Value::Blob(_) => continue,
        }
        if end > 1 {
            list.insert(end, b',');
        }
    }
    list.push(b']');
    // What is written is text.
    [Value::Text(String::from_utf8(list).unwrap_or_default())]
}
