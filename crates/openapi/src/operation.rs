//! Paths and operations.

use crate::object::{object, reference};
use crate::{Context, access, error, example, input, parameter, reply};
use archwright_plan::model::{FieldId, Model, Move, ScalarType};
use archwright_plan::{CallerClass, Input, Operation, OperationKind, Tag, cel};
use serde_json::{Map, Value, json};

/// The tags of all operations, with their titles.
pub(crate) fn tags(context: Context) -> Vec<Value> {
    let model = &context.plan.model;
    let mut tags: Vec<Tag> = Vec::new();
    for operation in &context.plan.operations {
        let tag = Tag::of(operation);
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    let printed = tags.into_iter().map(|tag| {
        let mut printed = object(json!({ "name": tag.title(model) }));
        let about = tag.about(model);
        if !about.is_empty() {
            printed.insert("description".to_owned(), about.into());
        }
        Value::Object(printed)
    });
    printed.collect()
}

pub(crate) fn paths(context: Context) -> Map<String, Value> {
    let mut paths = Map::new();
    for operation in &context.plan.operations {
        let item = paths
            .entry(operation.path.clone())
            .or_insert_with(|| json!({}));
        let method = operation.method.name().to_lowercase();
        item[method] = Value::Object(print(context, operation));
    }
    paths
}

fn print(context: Context, operation: &Operation) -> Map<String, Value> {
    let mut printed = object(json!({
        "operationId": operation.operation_id,
        "tags": [Tag::of(operation).title(&context.plan.model)],
        "summary": operation.summary,
    }));
    let description = description(context, operation);
    if !description.is_empty() {
        printed.insert("description".to_owned(), description.into());
    }
    if operation.until.is_some() {
        printed.insert("deprecated".to_owned(), true.into());
    }
    let parameters = parameter::parameters(context, operation);
    printed.insert("parameters".to_owned(), parameters.into());
    if let Some(body) = body(context, operation) {
        printed.insert("requestBody".to_owned(), body);
    }
    printed.insert("responses".to_owned(), responses(context, operation).into());
    printed.insert("security".to_owned(), access::security(context, operation));
    printed
}

fn responses(context: Context, operation: &Operation) -> Map<String, Value> {
    let mut responses = reply::responses(context, operation);
    for (status, response) in error::responses(context, operation) {
        match responses.get_mut(&status.to_string()) {
            // What is refused before the steps of an operation begin has no reply of its own, nor has what the design
            // gives another status.
            Some(own) if error::is_of_server(context, operation, status) => {
                error::or_problem(context, status, own);
            }
            Some(_) => {}
            None => drop(responses.insert(status.to_string(), response)),
        }
    }
    responses
}

fn made_move<'p>(model: &'p Model, operation: &Operation) -> Option<&'p Move> {
    let OperationKind::Move(index) = operation.kind else {
        return None;
    };
    let machine = model.entity(operation.entity?).state.as_ref()?;
    machine.moves.get(index)
}

fn description(context: Context, operation: &Operation) -> String {
    let model = &context.plan.model;
    let mut paragraphs = Vec::new();
    let mut about = operation.about.clone();
    if let Some(step) = made_move(model, operation) {
        let from: Vec<String> = step.from.iter().map(|state| format!("`{state}`")).collect();
        let from = crate::object::listed(&from, "or");
        let when = step.when.as_ref().map(|when| cel(model, when));
        let when = when.map(|when| format!(", when `{when}`"));
        let when = when.unwrap_or_default();
        about.push_str(&format!(" From {from} to `{}`{when}.", step.to));
    }
    paragraphs.extend(Some(about.trim().to_owned()).filter(|about| !about.is_empty()));
    paragraphs.extend(access::sentence(context, operation));
    if let Some((_, rate)) = model
        .api
        .rates
        .iter()
        .find(|(name, _)| *name == operation.rate)
    {
        let per = match rate.per_seconds {
            1 => "second".to_owned(),
            60 => "minute".to_owned(),
            3_600 => "hour".to_owned(),
            86_400 => "day".to_owned(),
            seconds => format!("{seconds} seconds"),
        };
        paragraphs.push(format!(
            "At most {} requests per {per} (`{}`).",
            rate.count, operation.rate
        ));
    }
    if let Some(until) = operation.until {
        paragraphs.push(format!(
            "Version {until} of the API is the last that has it."
        ));
    }
    paragraphs.join("\n\n")
}

pub(crate) fn has_body(context: Context, operation: &Operation) -> bool {
    body(context, operation).is_some()
}

fn body(context: Context, operation: &Operation) -> Option<Value> {
    let model = &context.plan.model;
    match (&operation.kind, operation.entity) {
        (OperationKind::Create, Some(entity)) => {
            let schema = reference("schemas", &context.names.entity(entity).create);
            let example = example::create(context, &context.plan.resource(entity).create);
            Some(json_body(schema, example))
        }
        (OperationKind::Update, Some(entity)) => {
            let schema = reference("schemas", &context.names.entity(entity).update);
            let example = example::update(context, &context.plan.resource(entity).update);
            let content = json!({ "schema": schema, "example": example });
            Some(json!({
                "required": true,
                "content": {
                    "application/merge-patch+json": content.clone(),
                    "application/json": content,
                },
            }))
        }
        (OperationKind::Move(index), Some(entity)) => {
            let step = model.entity(entity).state.as_ref()?.moves.get(*index)?;
            own_body(context, operation, &step.input)
        }
        (OperationKind::Named(index), _) => {
            let inputs = &model.operations[*index].body_input;
            own_body(context, operation, inputs)
        }
        (OperationKind::Upload(field), _) => Some(upload(context, *field)),
        _ => sign_in_body(context, operation),
    }
}

fn json_body(schema: Value, example: Map<String, Value>) -> Value {
    json!({
        "required": true,
        "content": { "application/json": { "schema": schema, "example": example } },
    })
}

fn own_body(
    context: Context,
    operation: &Operation,
    inputs: &[archwright_plan::model::InputField],
) -> Option<Value> {
    if inputs.is_empty() {
        return None;
    }
    let required = inputs.iter().any(input::is_required);
    let mut body = json_body(
        input::fields(context, inputs, operation.unknown),
        example::inputs(context, inputs),
    );
    body["required"] = required.into();
    Some(body)
}

fn sign_in_body(context: Context, operation: &Operation) -> Option<Value> {
    let model = &context.plan.model;
    let account = model.account.as_ref()?;
    let sign_in = &model.field(account.sign_in).name;
    let password = "correct horse battery staple";
    let string = json!({ "type": "string" });
    let (schema, example) = match operation.kind {
        OperationKind::SignUp => {
            // Nobody is signed in yet: what only some may set is refused here.
            let open = |input: &&Input| {
                let mut alternatives = input.settable.iter();
                input.settable.is_empty()
                    || alternatives.any(|one| one.caller == CallerClass::Anyone)
            };
            let inputs = context.plan.resource(account.entity).create.iter();
            let inputs: Vec<Input> = inputs.filter(open).cloned().collect();
            let inputs = &inputs[..];
            let mut example = example::create(context, inputs);
            example.insert(
                "password".to_owned(),
                long_enough(password, account.password_min).into(),
            );
            return Some(json_body(
                input::sign_up(context, inputs, account.password_min),
                example,
            ));
        }
        OperationKind::SignIn => (
            json!({ sign_in: string, "password": input::password() }),
            json!({ sign_in: example::field(context, account.sign_in), "password": password }),
        ),
        OperationKind::Refresh => (
            json!({ "refresh_token": string }),
            json!({ "refresh_token": example::session(context)["refresh_token"] }),
        ),
        OperationKind::ChangePassword => (
            json!({
                "current_password": input::password(),
                "new_password": input::new_password(account.password_min),
            }),
            json!({
                "current_password": password,
                "new_password": long_enough("staple battery horse correct", account.password_min),
            }),
        ),
        OperationKind::SetRoles => {
            let names: Vec<&str> = model
                .roles
                .iter()
                .take(1)
                .map(|role| role.name.as_str())
                .collect();
            (
                json!({ "roles": input::roles(context) }),
                json!({ "roles": names }),
            )
        }
        _ => return None,
    };
    let properties = object(schema);
    let required = properties.keys().cloned().collect();
    let schema = input::taken(operation.unknown, properties, required);
    Some(json_body(schema, object(example)))
}

fn long_enough(password: &str, min: u32) -> String {
    crate::plausible::fit(password, min as usize, 256)
}

/// The bytes themselves, or a form with one file.
fn upload(context: Context, field: FieldId) -> Value {
    let (max_bytes, media_types) = match context.plan.model.field(field).scalar() {
        Some(ScalarType::File {
            max_bytes,
            media_types,
        }) => (*max_bytes, media_types.clone()),
        _ => (0, Vec::new()),
    };
    let binary = json!({ "type": "string", "format": "binary", "maxLength": max_bytes });
    let form = json!({
        "schema": {
            "type": "object",
            "properties": { "file": binary.clone() },
            "required": ["file"],
            "additionalProperties": false,
        },
    });
    let mut content = Map::new();
    let types = match media_types.is_empty() {
        true => vec!["application/octet-stream".to_owned()],
        false => media_types,
    };
    for name in types {
        content.insert(name, json!({ "schema": binary.clone() }));
    }
    content.insert("multipart/form-data".to_owned(), form);
    json!({
        "required": true,
        "description": format!("At most {max_bytes} bytes; the type is found out from the bytes."),
        "content": content,
    })
}
