//! Answers List, Get and Me.

mod cursor;
mod page;
mod parse;
mod value;

pub(crate) use page::{FilterShape, Page, SortShape};
pub(crate) use value::stored_value;

use crate::connection::postgres::lines::Wanted;
use crate::connection::{Connection, Value};
use crate::represent::{
    Bindings, Query, QueryKey, Rows, Shaping, Target, admit, classes, id_value, parse_expand,
    parse_fields, run,
};
use crate::unknown::is_enough;
use crate::{Call, Context, Failure, Fault, Reply, Store};
use archwright_plan::model::{EntityId, Unknown};
use archwright_plan::{Operation, OperationKind, PathParameterKind, Plan};
use archwright_sql::Classes;
use std::sync::Arc;

/// What a call asks the database for.
struct Asked {
    query: Arc<Query>,
    values: Vec<Value>,
    limit: usize,
    /// The first value is the row's id.
    is_by_id: bool,
    shown: Shown,
}

/// How the rows become a reply.
enum Shown {
    /// One row, or this failure.
    Row { missing: Failure },
    /// With what a cursor for the next page is good for.
    Page { question: u64 },
}

impl Store {
    /// Answers an operation of kind List, Get or Me. Quick on SQLite; waits for PostgreSQL without a thread.
    pub async fn answer(&self, call: &Call, context: &Context) -> Result<Reply, Failure> {
        let Some(lines) = &self.lines else {
            return self.read(call, context);
        };
        let classes = classes(&self.shared.plan, context);
        let asked = self.asked(call, context, &classes)?;
        let bindings = Bindings::new(&self.shared, context, &classes, &asked.values);
        let id = asked.values.first().filter(|_| asked.is_by_id);
        let limit = asked.limit;
        let rows = lines.rows(&asked.query, &bindings, Wanted { limit, id });
        let rows = rows.await?;
        asked.reply(call, rows)
    }

    /// The same on the thread that it is called on, where nothing else can be done.
    pub fn read(&self, call: &Call, context: &Context) -> Result<Reply, Failure> {
        let classes = classes(&self.shared.plan, context);
        let asked = self.asked(call, context, &classes)?;
        let bindings = Bindings::new(&self.shared, context, &classes, &asked.values);
        let rows = self
            .readers
            .with(|connection| snapshot(connection, &asked.query, &bindings, asked.limit))?;
        asked.reply(call, rows)
    }

    fn asked(&self, call: &Call, context: &Context, classes: &Classes) -> Result<Asked, Failure> {
        let plan = &self.shared.plan;
        let operation = plan.operations.get(call.operation);
        let operation =
            operation.ok_or_else(|| Failure::Internal("there is no such operation".to_owned()))?;
        match operation.kind {
            OperationKind::List => {
                admit(operation, classes)?;
                self.list(call, operation, classes)
            }
            OperationKind::Get => {
                admit(operation, classes)?;
                self.get(call, operation, classes)
            }
            OperationKind::Me => self.me(call, operation, context, classes),
            _ => Err(Failure::Internal(format!("{} is no read", operation.id))),
        }
    }

    fn get(&self, call: &Call, operation: &Operation, classes: &Classes) -> Result<Asked, Failure> {
        let plan = &self.shared.plan;
        let mut faults = Vec::new();
        let entity = entity_of(operation)?;
        let shaping = shaping(plan, entity, operation, &call.query, &mut faults);
        let row = address(plan, operation, &call.path, 0, &mut faults);
        let (Some(row), true) = (row, faults.is_empty()) else {
            return Err(Failure::BadRequest(faults));
        };
        let target = Target::Get(call.operation);
        self.one(target, shaping, row, classes, Failure::NotFound)
    }

    fn me(
        &self,
        call: &Call,
        operation: &Operation,
        context: &Context,
        classes: &Classes,
    ) -> Result<Asked, Failure> {
        let plan = &self.shared.plan;
        let caller = context.caller.as_ref().ok_or(Failure::Unauthorized)?;
        let account = plan.model.account.as_ref().ok_or(Failure::NotFound)?;
        let mut faults = Vec::new();
        let shaping = shaping(plan, account.entity, operation, &call.query, &mut faults);
        if !faults.is_empty() {
            return Err(Failure::BadRequest(faults));
        }
        let id = id_value(plan, account.entity, &caller.account_id).ok_or(Failure::Unauthorized)?;
        // An account that was deleted after its token was made is nobody.
        let target = Target::Row(account.entity);
        self.one(target, shaping, id, classes, Failure::Unauthorized)
    }

    fn one(
        &self,
        target: Target,
        shaping: Shaping,
        row: Value,
        classes: &Classes,
        missing: Failure,
    ) -> Result<Asked, Failure> {
        let plan = &self.shared.plan;
        let key = QueryKey {
            target: target.clone(),
            classes: classes.clone(),
            shaping,
        };
        Ok(Asked {
            query: self.shared.compiled.query(plan, key)?,
            values: vec![row],
            limit: 1,
            is_by_id: match target {
                Target::Row(_) => true,
                Target::Get(operation) => {
                    let entity = plan.operations[operation].entity;
                    entity.is_some_and(|entity| plan.model.entity(entity).key.is_none())
                }
                Target::Page(_) => false,
            },
            shown: Shown::Row { missing },
        })
    }
}

impl Asked {
    fn reply(self, call: &Call, rows: Rows) -> Result<Reply, Failure> {
        let missing = match self.shown {
            Shown::Page { question } => return Ok(page::reply(call, rows, question, self.limit)),
            Shown::Row { missing } => missing,
        };
        if rows.first().is_none() {
            return Err(missing);
        }
        let etag = rows.version.map(|version| version.to_string());
        Ok(Reply {
            status: 200,
            body: Some(rows.json),
            etag,
            ..Reply::default()
        })
    }
}

/// `expand` and `fields`; every other parameter is a fault.
pub(crate) fn shaping(
    plan: &Plan,
    entity: EntityId,
    operation: &Operation,
    query: &[(String, String)],
    faults: &mut Vec<Fault>,
) -> Shaping {
    let mut shaping = Shaping::default();
    for (name, text) in query {
        if is_enough(faults) {
            break;
        }
        match name.as_str() {
            "expand" if operation.shapes_reply => {
                shaping.expand = parse_expand(plan, entity, text, faults)
            }
            "fields" if operation.shapes_reply => {
                shaping.fields = Some(parse_fields(plan.resource(entity), text, faults));
            }
            _ if operation.unknown == Unknown::Ignore => {}
            _ if operation.shapes_reply => faults.push(parse::unknown(name, parse::SHAPING)),
            _ => faults.push(parse::unknown(name, [])),
        }
    }
    shaping
}

/// The id or natural key in a place of the path, as it is stored.
pub(crate) fn address(
    plan: &Plan,
    operation: &Operation,
    path: &[String],
    place: usize,
    faults: &mut Vec<Fault>,
) -> Option<Value> {
    let (parameter, text) = operation.parameters.get(place).zip(path.get(place))?;
    let value = match parameter.kind {
        PathParameterKind::Id(entity) => id_value(plan, entity, text),
        PathParameterKind::Key(field) => stored_value(plan, field, text),
        PathParameterKind::Token | PathParameterKind::Input(_) => None,
    };
    if value.is_none() {
        faults.push(Fault {
            at: parameter.name.clone(),
            code: "format",
            message: format!("{text:?} is no {} of this resource.", parameter.name),
        });
    }
    value
}

/// A query with children sees one state of the database.
fn snapshot(
    connection: &Connection,
    query: &Query,
    bindings: &Bindings<'_>,
    limit: usize,
) -> Result<Rows, Failure> {
    let shared = bindings.shared;
    let work = || run(connection, query, bindings, limit);
    match (&shared.security, query.children.is_empty()) {
        (None, true) => work(),
        (None, false) => connection.snapshot(work),
        (Some(_), _) => shared.reading(connection, bindings.context, bindings.classes, work),
    }
}

fn entity_of(operation: &Operation) -> Result<EntityId, Failure> {
    operation
        .entity
        .ok_or_else(|| Failure::Internal(format!("{} is on no entity", operation.id)))
}
