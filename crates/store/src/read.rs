//! Answers List, Get and Me.

mod cursor;
mod page;
mod parse;
mod value;

pub(crate) use page::{FilterShape, Page, SortShape};
pub(crate) use value::stored_value;

use crate::connection::{Connection, Value};
use crate::represent::{
    Bindings, QueryKey, Shaping, Target, admit, classes, id_value, parse_expand, parse_fields, run,
};
use crate::{Call, Context, Failure, Fault, Reply, Store};
use archwright_plan::model::{EntityId, Unknown};
use archwright_plan::{Operation, OperationKind, PathParameterKind, Plan};
use archwright_sql::Classes;

impl Store {
    /// Answers an operation of kind List, Get or Me. Quick and synchronous.
    pub fn read(&self, call: &Call, context: &Context) -> Result<Reply, Failure> {
        let plan = &self.shared.plan;
        let operation = plan.operations.get(call.operation);
        let operation =
            operation.ok_or_else(|| Failure::Internal("there is no such operation".to_owned()))?;
        let classes = classes(plan, context);
        match operation.kind {
            OperationKind::List => {
                admit(operation, &classes)?;
                self.list(call, operation, context, &classes)
            }
            OperationKind::Get => {
                admit(operation, &classes)?;
                self.get(call, operation, context, &classes)
            }
            OperationKind::Me => self.me(call, operation, context, &classes),
            _ => Err(Failure::Internal(format!("{} is no read", operation.id))),
        }
    }

    fn get(
        &self,
        call: &Call,
        operation: &Operation,
        context: &Context,
        classes: &Classes,
    ) -> Result<Reply, Failure> {
        let entity = entity_of(operation)?;
        let mut faults = Vec::new();
        let shaping = shaping(
            &self.shared.plan,
            entity,
            operation,
            &call.query,
            &mut faults,
        );
        let row = address(&self.shared.plan, operation, &call.path, 0, &mut faults);
        let (Some(row), true) = (row, faults.is_empty()) else {
            return Err(Failure::BadRequest(faults));
        };
        self.one(Target::Get(call.operation), shaping, row, context, classes)
    }

    fn me(
        &self,
        call: &Call,
        operation: &Operation,
        context: &Context,
        classes: &Classes,
    ) -> Result<Reply, Failure> {
        let caller = context.caller.as_ref().ok_or(Failure::Unauthorized)?;
        let account = self
            .shared
            .plan
            .model
            .account
            .as_ref()
            .ok_or(Failure::NotFound)?;
        let mut faults = Vec::new();
        let shaping = shaping(
            &self.shared.plan,
            account.entity,
            operation,
            &call.query,
            &mut faults,
        );
        if !faults.is_empty() {
            return Err(Failure::BadRequest(faults));
        }
        // An account that was deleted after its token was made is nobody.
        let id = id_value(&self.shared.plan, account.entity, &caller.account_id)
            .ok_or(Failure::Unauthorized)?;
        match self.one(Target::Row(account.entity), shaping, id, context, classes) {
            Err(Failure::NotFound) => Err(Failure::Unauthorized),
            other => other,
        }
    }

    fn one(
        &self,
        target: Target,
        shaping: Shaping,
        row: Value,
        context: &Context,
        classes: &Classes,
    ) -> Result<Reply, Failure> {
        let key = QueryKey {
            target,
            classes: classes.clone(),
            shaping,
        };
        let query = self.shared.compiled.query(&self.shared.plan, key)?;
        let values = [row];
        let bindings = Bindings::new(&self.shared, context, classes, &values);
        let rows = self
            .readers
            .with(|connection| snapshot(connection, &query, &bindings, 1))?;
        if rows.spans.is_empty() {
            return Err(Failure::NotFound);
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
    query: &crate::represent::Query,
    bindings: &Bindings<'_>,
    limit: usize,
) -> Result<crate::represent::Rows, Failure> {
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
