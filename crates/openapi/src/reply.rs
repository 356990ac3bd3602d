//! Success replies: schemas of rows and lists, headers, links to what can be done next.

use crate::object::{object, reference};
use crate::{Context, example, shape};
use archwright_plan::model::{EntityId, Method, ScalarType};
use archwright_plan::{Operation, OperationKind, OutputSource, PathParameterKind};
use serde_json::{Map, Value, json};

/// All replies of an operation that succeed, by status.
pub(crate) fn responses(context: Context, operation: &Operation) -> Map<String, Value> {
    let mut responses = Map::new();
    if let OperationKind::Named(index) = operation.kind {
        let named = &context.plan.model.operations[index];
        for (status, shapes) in named.bodies() {
            let schemas = shapes.iter();
            let schemas =
                schemas.filter_map(|shape| shape::schema(context, shape, &named.body_input));
            let mut schemas: Vec<Value> = schemas.collect();
            schemas.dedup();
            let example = shapes.first().map(|shape| shape::example(context, shape));
            let content = match schemas.as_slice() {
                [] => None,
                [only] => Some(json!({ "schema": only, "example": example })),
                several => Some(json!({ "schema": { "anyOf": several }, "example": example })),
            };
            let description = if status < 400 { "Done." } else { "Refused." };
            let mut response = response(context, operation, description, content);
            if status == operation.status {
                for (name, value) in &named.headers {
                    let mut header = json!({ "schema": { "type": "string" } });
                    if !value.nullable {
                        header["required"] = true.into();
                    }
                    response["headers"][name] = header;
                }
            }
            responses.insert(status.to_string(), response);
        }
    } else {
        let (description, content) = standard(context, operation);
        let response = response(context, operation, description, content);
        responses.insert(operation.status.to_string(), response);
    }
    if operation.kind == OperationKind::Download {
        let mut part = response(context, operation, "The part that `Range` asks for.", None);
        part["headers"]["Content-Range"] = reference("headers", "Content-Range");
        responses.insert("206".to_owned(), part);
    }
    if context.plan.revalidates(operation) {
        let unchanged = "The client has this version of the row.";
        let mut unchanged = response(context, operation, unchanged, None);
        drop(
            unchanged
                .as_object_mut()
                .map(|response| response.remove("links")),
        );
        responses.insert("304".to_owned(), unchanged);
    }
    responses
}

fn standard(context: Context, operation: &Operation) -> (&'static str, Option<Value>) {
    let Some(entity) = operation.entity else {
        return without_entity(context, operation);
    };
    let row = |description| {
        let schema = shaped(context, operation, entity);
        let example = example::representation(context, entity);
        (
            description,
            Some(json!({ "schema": schema, "example": example })),
        )
    };
    match operation.kind {
        OperationKind::List => {
            let limit = operation.list.as_ref().map_or(20, |list| list.page_default);
            let schema = reference("schemas", &context.names.entity(entity).list);
            let example = example::list(context, entity, limit);
            (
                "A page of rows.",
                Some(json!({ "schema": schema, "example": example })),
            )
        }
        OperationKind::Get | OperationKind::Me => row("The row."),
        OperationKind::Create => row("The new row."),
        OperationKind::Update | OperationKind::Move(_) | OperationKind::SetRoles => {
            row("The row as it is now.")
        }
        OperationKind::Upload(_) => row("The row with its file."),
        _ => without_entity(context, operation),
    }
}

fn without_entity(context: Context, operation: &Operation) -> (&'static str, Option<Value>) {
    match operation.kind {
        OperationKind::SignUp | OperationKind::SignIn | OperationKind::Refresh => {
            let schema = reference("schemas", &context.names.session);
            (
                "Signed in.",
                Some(json!({ "schema": schema, "example": example::session(context) })),
            )
        }
        OperationKind::Me => match &context.plan.model.account {
            Some(account) => {
                let schema = shaped(context, operation, account.entity);
                let example = example::representation(context, account.entity);
                (
                    "The caller's account.",
                    Some(json!({ "schema": schema, "example": example })),
                )
            }
            None => ("Done.", None),
        },
        OperationKind::Link(_) => ("Linked.", None),
        OperationKind::Unlink(_) => ("Not linked any more.", None),
        OperationKind::Delete | OperationKind::RemoveFile(_) => ("Deleted.", None),
        OperationKind::SignOut => ("Signed out.", None),
        _ => ("Done.", None),
    }
}

/// A row, or what `fields` keeps of it.
pub(crate) fn shaped(context: Context, operation: &Operation, entity: EntityId) -> Value {
    let names = context.names.entity(entity);
    let row = reference("schemas", &names.row);
    match operation.shapes_reply {
        true => json!({ "anyOf": [row, reference("schemas", &names.sparse)] }),
        false => row,
    }
}

fn response(
    context: Context,
    operation: &Operation,
    description: &str,
    content: Option<Value>,
) -> Value {
    let mut response = object(json!({ "description": description, "headers": headers(operation) }));
    if operation.kind == OperationKind::Download {
        response.insert("content".to_owned(), downloads(context).into());
    } else if let Some(content) = content {
        response.insert("content".to_owned(), json!({ "application/json": content }));
    }
    let links = links(context, operation);
    if !links.is_empty() {
        response.insert("links".to_owned(), links.into());
    }
    Value::Object(response)
}

/// Headers of every reply.
pub(crate) fn common_headers() -> Map<String, Value> {
    ["X-Request-Id", "RateLimit", "RateLimit-Policy"]
        .into_iter()
        .map(|name| (name.to_owned(), reference("headers", name)))
        .collect()
}

fn headers(operation: &Operation) -> Map<String, Value> {
    let mut headers = common_headers();
    let mut add = |name: &str| {
        headers.insert(name.to_owned(), reference("headers", name));
    };
    if operation.etag && operation.status != 204 {
        add("ETag");
    }
    match operation.kind {
        OperationKind::Create | OperationKind::SignUp => add("Location"),
        OperationKind::List => add("Link"),
        OperationKind::Download => {
            add("Content-Disposition");
            add("Accept-Ranges");
            add("ETag");
        }
        _ => {}
    }
    if operation.until.is_some() {
        add("Deprecation");
    }
    headers
}

/// The header components.
pub(crate) fn header_components() -> Value {
    json!({
        "X-Request-Id": {
            "description": "Finds the request in the server's log.",
            "schema": { "type": "string" },
        },
        "RateLimit": {
            "description": "What is left of the rate limit, and in how many seconds it is full again.",
            "schema": { "type": "string" },
        },
        "RateLimit-Policy": {
            "description": "The rate limit: requests and the seconds that they are counted in.",
            "schema": { "type": "string" },
        },
        "Retry-After": {
            "description": "Seconds to wait before the next request.",
            "schema": { "type": "integer", "minimum": 0 },
        },
        "ETag": {
            "description": "The row's version, to be sent back as `If-Match`; of a file, a mark of its bytes.",
            "schema": { "type": "string" },
        },
        "Location": {
            "description": "Where the new row is.",
            "required": true,
            "schema": { "type": "string", "format": "uri-reference" },
        },
        "Link": {
            "description": "The first page and, unless this is the last one, the next (RFC 8288).",
            "schema": { "type": "string" },
        },
        "Allow": {
            "description": "The methods that the path knows.",
            "schema": { "type": "string" },
        },
        "WWW-Authenticate": {
            "description": "How to sign in.",
            "schema": { "type": "string" },
        },
        "Accept-Ranges": {
            "description": "`bytes`: `Range` may ask for a part.",
            "schema": { "type": "string" },
        },
        "Content-Range": {
            "description": "Which part of the file this is, and how long the whole is.",
            "schema": { "type": "string" },
        },
        "Content-Disposition": {
            "description": "The name that the file was uploaded under.",
            "schema": { "type": "string" },
        },
        "Deprecation": {
            "description": "Since when the operation should not be used any more (RFC 9745).",
            "schema": { "type": "string" },
        },
    })
}

/// Media types of all files that can be stored.
fn downloads(context: Context) -> Map<String, Value> {
    let mut types: Vec<&str> = Vec::new();
    let fields = context
        .plan
        .model
        .entities
        .iter()
        .flat_map(|entity| &entity.fields);
    for field in fields {
        if let Some(ScalarType::File { media_types, .. }) = field.scalar() {
            if media_types.is_empty() {
                types = vec!["*/*"];
                break;
            }
            types.extend(media_types.iter().map(String::as_str));
        }
    }
    if types.is_empty() {
        types.push("*/*");
    }
    let binary = json!({ "schema": { "type": "string", "format": "binary" } });
    types
        .into_iter()
        .map(|name| (name.to_owned(), binary.clone()))
        .collect()
}

/// From a new row to what can be done with it.
fn links(context: Context, operation: &Operation) -> Map<String, Value> {
    let mut links = Map::new();
    let (OperationKind::Create, Some(entity)) = (&operation.kind, operation.entity) else {
        return links;
    };
    for other in &context.plan.operations {
        let ([parameter], Some(target)) = (other.parameters.as_slice(), other.entity) else {
            continue;
        };
        let on_row = matches!(
            other.kind,
            OperationKind::Get
                | OperationKind::Update
                | OperationKind::Delete
                | OperationKind::Move(_)
        );
        if target != entity || !on_row {
            continue;
        }
        if let Some(key) = shown_key(context, entity, &parameter.kind) {
            let expression = format!("$response.body#/{key}");
            let link = json!({
                "operationId": other.operation_id,
                "parameters": { parameter.name.clone(): expression },
                "description": link_description(other),
            });
            links.insert(other.operation_id.clone(), link);
        }
    }
    links
}

fn link_description(operation: &Operation) -> String {
    match operation.method {
        Method::Get => "Reads the new row.".to_owned(),
        Method::Delete => "Deletes the new row.".to_owned(),
        _ => format!("{}.", operation.summary.trim_end_matches('.')),
    }
}

/// The key of the representation that the path parameter takes, if everyone sees it.
fn shown_key(context: Context, entity: EntityId, kind: &PathParameterKind) -> Option<String> {
    let wanted = match kind {
        PathParameterKind::Id(_) => OutputSource::Id,
        PathParameterKind::Key(field) => OutputSource::Field(*field),
        _ => return None,
    };
    let outputs = &context.plan.resource(entity).output;
    let output = outputs.iter().find(|output| output.source == wanted)?;
    output.visible.is_empty().then(|| output.json.clone())
}
