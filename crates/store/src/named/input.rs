//! The typed input of a named operation: from the path, the query, headers and the body.

use super::Environment;
use crate::connection::Value;
use crate::represent::{bound, id_value};
use crate::unknown::is_enough;
use crate::write::{Inputs, Job, Reader};
use crate::{Call, Failure, Fault, Shared};
use archwright_plan::model::{
    EntityId, IdType, InputField, InputKind, InputPlace, Operation, ScalarType, Unknown,
};
use archwright_plan::{OperationKind, PathParameterKind, Plan};
use archwright_sql::Classes;
use serde_json::{Map, Value as Json};

/// A row that an input names.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub place: InputPlace,
    pub path: Vec<String>,
    pub entity: EntityId,
    pub address: Value,
    /// Where a fault is told.
    pub at: String,
}

/// Everything that the call gives, checked as far as that goes without rows.
pub(crate) fn read(
    shared: &Shared,
    call: &Call,
    classes: &Classes,
) -> Result<Environment, Failure> {
    let plan = &shared.plan;
    let operation = definition(plan, call.operation)?;
    let unknown = plan.operations[call.operation].unknown;
    let mut environment = Environment {
        proofs: call.proofs.clone(),
        ..Environment::default()
    };
    let mut take = |place, fields: &[InputField], body: Option<&Json>| {
        let mut reader = Reader::new(plan, &shared.writes.patterns, classes, unknown);
        let inputs = reader.inputs(fields, body);
        keep(&mut environment, place, inputs);
        reader.faults
    };
    let path = in_path(plan, call, operation);
    if !take(InputPlace::Path, &operation.path_input, Some(&path)).is_empty() {
        // No row can have such an address.
        return Err(Failure::NotFound);
    }
    let mut bad = Vec::new();
    let query = by_name(
        plan,
        InputPlace::Query,
        &operation.query_input,
        (&call.query, unknown),
        &mut bad,
    );
    bad.extend(take(
        InputPlace::Query,
        &operation.query_input,
        Some(&query),
    ));
    let headers = by_name(
        plan,
        InputPlace::Header,
        &operation.header_input,
        (&call.headers, unknown),
        &mut bad,
    );
    bad.extend(take(
        InputPlace::Header,
        &operation.header_input,
        Some(&headers),
    ));
    if !bad.is_empty() {
        for fault in &mut bad {
            fault.at = fault.at.trim_start_matches('/').to_owned();
        }
        return Err(Failure::BadRequest(bad));
    }
    if operation.body_input.is_empty() {
        return Ok(environment);
    }
    let faults = take(InputPlace::Body, &operation.body_input, call.body.as_ref());
    match faults.is_empty() {
        true => Ok(environment),
        false => Err(Failure::Invalid(faults)),
    }
}

fn definition(plan: &Plan, operation: usize) -> Result<&Operation, Failure> {
    match plan.operations[operation].kind {
        OperationKind::Named(index) => Ok(&plan.model.operations[index]),
        _ => Err(Failure::Internal("an operation without steps".to_owned())),
    }
}

fn keep(environment: &mut Environment, place: InputPlace, inputs: Inputs) {
    let values = inputs.values.into_iter();
    environment
        .inputs
        .extend(values.map(|(path, value)| (place, path, value)));
    let absent = inputs.absent.into_iter();
    environment.absent.extend(absent.map(|path| (place, path)));
    let references = inputs.references.into_iter();
    environment
        .references
        .extend(references.map(|(at, path, entity, address)| Reference {
            place,
            path,
            entity,
            address,
            at,
        }));
}

fn in_path(plan: &Plan, call: &Call, operation: &Operation) -> Json {
    let parameters = &plan.operations[call.operation].parameters;
    let mut object = Map::new();
    for (parameter, text) in parameters.iter().zip(&call.path) {
        if let PathParameterKind::Input(index) = parameter.kind {
            let field = &operation.path_input[index];
            object.insert(field.name.clone(), as_json(plan, &field.kind, text));
        }
    }
    Json::Object(object)
}

/// Texts as the JSON that a body would have; names that nobody declared stay, to be refused. The names of headers
/// ignore case (RFC 9110, 5.1), those of a query don't.
fn by_name(
    plan: &Plan,
    place: InputPlace,
    fields: &[InputField],
    (given, unknown): (&[(String, String)], Unknown),
    bad: &mut Vec<Fault>,
) -> Json {
    let is_name = |field: &InputField, name: &str| match place {
        InputPlace::Header => field.name.eq_ignore_ascii_case(name),
        _ => field.name == name,
    };
    let mut object = Map::new();
    for (name, text) in given {
        let field = fields.iter().find(|field| is_name(field, name));
        let (name, value) = match field {
            Some(field) => (&field.name, as_json(plan, &field.kind, text)),
            None => (name, Json::from(text.as_str())),
        };
        match (object.get_mut(name), field.map(|field| &field.kind)) {
            (Some(Json::Array(items)), Some(InputKind::List(_))) => {
                if let Json::Array(more) = value {
                    items.extend(more);
                }
            }
            (Some(_), None) if unknown == Unknown::Ignore => {}
            (Some(_), _) if is_enough(bad) => break,
            (Some(_), _) => bad.push(Fault {
                at: name.clone(),
                code: "duplicate",
                message: "It is given more than once.".to_owned(),
            }),
            (None, _) => {
                object.insert(name.clone(), value);
            }
        }
    }
    Json::Object(object)
}

/// A text that is no value of the kind stays a text, and is refused as one.
fn as_json(plan: &Plan, kind: &InputKind, text: &str) -> Json {
    let plain = || Json::from(text);
    match kind {
        InputKind::Scalar(ScalarType::Int | ScalarType::BigInt) => match text.parse::<i64>() {
            // As in a body, where no number begins so.
            Ok(number) if !text.starts_with('+') => Json::from(number),
            _ => plain(),
        },
        InputKind::Scalar(ScalarType::Bool) => {
            text.parse::<bool>().map_or_else(|_| plain(), Json::from)
        }
        InputKind::Scalar(ScalarType::Json) => {
            serde_json::from_str(text).unwrap_or_else(|_| plain())
        }
        InputKind::List(item) => {
            let items = text.split(',').filter(|item| !item.is_empty());
            items.map(|text| as_json(plan, item, text)).collect()
        }
        InputKind::Reference(entity) => {
            let entity = plan.model.entity(*entity);
            let key = entity.key.and_then(|key| plan.model.field(key).scalar());
            match (key, entity.id_type) {
                (Some(key), _) => as_json(plan, &InputKind::Scalar(key.clone()), text),
                (None, IdType::Int) => match id_value(plan, entity.id, text) {
                    Some(Value::Integer(id)) => Json::from(id),
                    _ => plain(),
                },
                (None, IdType::Uuid) => plain(),
            }
        }
        InputKind::Scalar(_) | InputKind::Object(_) => plain(),
    }
}

/// Looks up the rows that inputs name.
pub(crate) fn resolve(job: &mut Job<'_>, environment: &mut Environment) -> Result<(), Failure> {
    let (mut bad, mut faults) = (Vec::new(), Vec::new());
    for reference in std::mem::take(&mut environment.references) {
        match named_row(job, reference.entity, &reference.address)? {
            Some(id) => environment
                .inputs
                .push((reference.place, reference.path, id)),
            None if reference.place == InputPlace::Path => return Err(Failure::NotFound),
            None => {
                let mut fault = Fault {
                    at: reference.at,
                    code: "not-found",
                    message: "There is no such row.".to_owned(),
                };
                match reference.place {
                    InputPlace::Body => faults.push(fault),
                    _ => {
                        fault.at = fault.at.trim_start_matches('/').to_owned();
                        bad.push(fault);
                    }
                }
            }
        }
    }
    match (bad.is_empty(), faults.is_empty()) {
        (false, _) => Err(Failure::BadRequest(bad)),
        (true, false) => Err(Failure::Invalid(faults)),
        (true, true) => Ok(()),
    }
}

fn named_row(job: &Job<'_>, entity: EntityId, address: &Value) -> Result<Option<Value>, Failure> {
    let statement = job.shared.programs.named_row(entity)?;
    let values = std::slice::from_ref(address);
    let values = bound(statement, &Value::Null, &job.bindings(values))?;
    job.connection
        .first(&statement.text, &values, |row| row.get(0))
}
