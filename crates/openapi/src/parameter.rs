//! Path, query and header parameters.

use crate::object::{annotate, object, reference};
use crate::{Context, example, input, scalar};
use archwright_plan::model::{EntityId, InputField, InputKind, Method, Unknown};
use archwright_plan::{
    Filter, FilterOperator, ListOptions, Operation, OperationKind, PathParameter,
    PathParameterKind, limits,
};
use serde_json::{Value, json};

/// All parameters of an operation.
pub(crate) fn parameters(context: Context, operation: &Operation) -> Vec<Value> {
    let mut parameters = Vec::new();
    for parameter in &operation.parameters {
        parameters.push(in_path(context, operation, parameter));
    }
    if let Some(list) = &operation.list {
        parameters.extend(list_parameters(context, list));
    }
    if operation.shapes_reply
        && let Some(entity) = shaped_entity(context, operation)
    {
        if !context.plan.expand_paths(entity).is_empty() {
            parameters.push(reference("parameters", &expand_name(context, entity)));
        }
        parameters.push(fields(context, entity));
    }
    if let OperationKind::Named(index) = operation.kind {
        let named = &context.plan.model.operations[index];
        parameters.extend(
            named
                .query_input
                .iter()
                .map(|field| own(context, field, "query")),
        );
        parameters.extend(
            named
                .header_input
                .iter()
                .map(|field| own(context, field, "header")),
        );
    }
    if operation.idempotency_key {
        parameters.push(reference("parameters", "Idempotency-Key"));
    }
    if operation.etag && operation.method != Method::Get {
        parameters.push(reference("parameters", "If-Match"));
    }
    if context.plan.revalidates(operation) {
        parameters.push(reference("parameters", "If-None-Match"));
    }
    parameters.push(reference("parameters", "X-Request-Id"));
    parameters
}

fn shaped_entity(context: Context, operation: &Operation) -> Option<EntityId> {
    let account = context
        .plan
        .model
        .account
        .as_ref()
        .map(|account| account.entity);
    operation.entity.or(account)
}

/// Parameters that many operations share.
pub(crate) fn components(context: Context) -> Value {
    let api = &context.plan.model.api;
    let mut components = object(json!({
        "X-Request-Id": {
            "name": "X-Request-Id", "in": "header",
            "description": "Names the request in the server's log; made up where it is missing.",
            "schema": { "type": "string" },
        },
    }));
    let operations = &context.plan.operations;
    if operations.iter().any(|operation| operation.idempotency_key) {
        let parameter = json!({
            "name": "Idempotency-Key", "in": "header",
            "description": "The same key with the same request answers what the first one answered, and does nothing twice.",
            "schema": { "type": "string", "minLength": 1, "maxLength": limits::IDEMPOTENCY_KEY_BYTES, "pattern": "^[!-~]+$" },
            "example": "5f0c2c1e-9d6b-4d29-8a53-0d7d5a0c3c11",
        });
        components.insert("Idempotency-Key".to_owned(), parameter);
    }
    if operations.iter().any(|operation| operation.etag) {
        let parameter = json!({
            "name": "If-Match", "in": "header",
            "description": "The `ETag` of the row that the change is meant for; another version is refused (412).",
            "schema": { "type": "string", "pattern": "^\"[0-9]{1,15}\"$" },
            "example": "\"1\"",
        });
        components.insert("If-Match".to_owned(), parameter);
    }
    let revalidates = |operation: &Operation| context.plan.revalidates(operation);
    if operations.iter().any(revalidates) {
        let parameter = json!({
            "name": "If-None-Match", "in": "header",
            "description": "The `ETag` of the row that the client has; the same version is not sent again (304).",
            "schema": { "type": "string" },
            "example": "\"1\"",
        });
        components.insert("If-None-Match".to_owned(), parameter);
    }
    if operations.iter().any(|operation| operation.list.is_some()) {
        let limit = json!({
            "name": "limit", "in": "query",
            "description": "Rows on a page.",
            "schema": {
                "type": "integer", "minimum": 1, "maximum": api.page_max, "default": api.page_default,
            },
        });
        components.insert("limit".to_owned(), limit);
        let cursor = json!({
            "name": "cursor", "in": "query",
            "description": "`page.next` of the page before. Good for the same filters and the same sort.",
            "schema": { "type": "string", "maxLength": 4_096 },
        });
        components.insert("cursor".to_owned(), cursor);
    }
    for entity in &context.plan.model.entities {
        if let Some(parameter) = expand(context, entity.id) {
            components.insert(expand_name(context, entity.id), parameter);
        }
    }
    Value::Object(components)
}

fn in_path(context: Context, operation: &Operation, parameter: &PathParameter) -> Value {
    let model = &context.plan.model;
    let (schema, example, description) = match &parameter.kind {
        PathParameterKind::Id(entity) => (
            scalar::id_in_path(context, *entity),
            example::id(context, *entity),
            format!("The id of the {}.", noun(context, *entity)),
        ),
        PathParameterKind::Key(field) => {
            let definition = model.field(*field);
            let mut schema = definition
                .scalar()
                .map_or(json!({ "type": "string" }), scalar::loose);
            if schema["type"] == "string" && schema.get("format").is_none() {
                annotate(&mut schema, "minLength", 1.into());
            }
            let about = format!(
                "The {} of the {}.",
                definition.name,
                noun(context, field.entity)
            );
            (schema, example::field(context, *field), about)
        }
        PathParameterKind::Token => (
            json!({ "type": "string", "minLength": 1 }),
            json!("eyJmIjoiMDE5YTdiM2MifQ"),
            "The signed token of the link.".to_owned(),
        ),
        PathParameterKind::Input(index) => {
            let OperationKind::Named(named) = operation.kind else {
                return json!({});
            };
            let Some(field) = model.operations[named].path_input.get(*index) else {
                return json!({});
            };
            let mut parameter = object(own(context, field, "path"));
            parameter.insert("required".to_owned(), true.into());
            return Value::Object(parameter);
        }
    };
    json!({
        "name": parameter.name,
        "in": "path",
        "description": description,
        "required": true,
        "schema": schema,
        "example": example,
    })
}

fn noun(context: Context, entity: EntityId) -> String {
    archwright_plan::words(&context.plan.model.entity(entity).singular).to_lowercase()
}

/// An input of a named operation.
fn own(context: Context, field: &InputField, place: &str) -> Value {
    let mut schema = input::field(context, field, Unknown::Refuse);
    let description = schema
        .as_object_mut()
        .and_then(|schema| schema.shift_remove("description"));
    if field.blank_as_null {
        schema = json!({ "anyOf": [schema, { "enum": [""] }] });
    }
    let mut parameter = object(json!({ "name": field.name, "in": place }));
    if let Some(description) = description {
        parameter.insert("description".to_owned(), description);
    }
    parameter.insert("required".to_owned(), input::is_required(field).into());
    if matches!(field.kind, InputKind::List(_)) && place == "query" {
        parameter.insert("style".to_owned(), "form".into());
        parameter.insert("explode".to_owned(), false.into());
    }
    parameter.insert("schema".to_owned(), schema);
    Value::Object(parameter)
}

fn list_parameters(context: Context, list: &ListOptions) -> Vec<Value> {
    let mut parameters = Vec::new();
    if list.search {
        parameters.push(json!({
            "name": "q", "in": "query",
            "description": "Words to search for; rows hold all of them, each as the beginning of a word.",
            "schema": { "type": "string", "maxLength": limits::SEARCH_CHARACTERS },
        }));
    }
    for filter in &list.filters {
        for operator in &filter.operators {
            parameters.push(filter_parameter(context, filter, *operator));
        }
    }
    if !list.sorts.is_empty() {
        parameters.push(sort(list));
    }
    parameters.push(reference("parameters", "limit"));
    parameters.push(reference("parameters", "cursor"));
    parameters
}

fn sort(list: &ListOptions) -> Value {
    let values: Vec<String> = list
        .sorts
        .iter()
        .flat_map(|sort| [sort.name.clone(), format!("-{}", sort.name)])
        .collect();
    let description = "The one key of the order; `-` before the name turns it round. Newest first where it is missing.";
    json!({
        "name": "sort", "in": "query",
        "description": description,
        "schema": { "type": "string", "enum": values },
    })
}

fn filter_parameter(context: Context, filter: &Filter, operator: FilterOperator) -> Value {
    let field = context.plan.model.field(filter.field);
    let name = match operator.name() {
        "" => filter.name.clone(),
        suffix => format!("{}.{suffix}", filter.name),
    };
    let meaning = match operator {
        FilterOperator::Equal => "is",
        FilterOperator::NotEqual => "is not",
        FilterOperator::Less => "is less than",
        FilterOperator::LessOrEqual => "is at most",
        FilterOperator::Greater => "is greater than",
        FilterOperator::GreaterOrEqual => "is at least",
        FilterOperator::In => "is one of",
        FilterOperator::Null => "is missing",
    };
    let description = match operator {
        FilterOperator::Null => format!(
            "`true`: rows whose `{}` is missing; `false`: all others.",
            filter.name
        ),
        FilterOperator::In => format!(
            "Rows whose `{}` {meaning} these values, separated by commas.",
            filter.name
        ),
        _ => format!("Rows whose `{}` {meaning} this value.", filter.name),
    };
    let mut parameter = object(json!({ "name": name, "in": "query", "description": description }));
    let schema = match operator {
        FilterOperator::Null => json!({ "type": "boolean" }),
        FilterOperator::In => {
            parameter.insert("style".to_owned(), "form".into());
            parameter.insert("explode".to_owned(), false.into());
            json!({
                "type": "array",
                "items": scalar::filter(context, field),
                "minItems": 1,
                "maxItems": limits::LISTED_VALUES,
            })
        }
        _ => scalar::filter(context, field),
    };
    parameter.insert("schema".to_owned(), schema);
    if field.evolution.until.is_some() {
        parameter.insert("deprecated".to_owned(), true.into());
    }
    Value::Object(parameter)
}

/// `expand=customer,lines.book`, the same for each operation that shows rows of the entity.
fn expand(context: Context, entity: EntityId) -> Option<Value> {
    let paths = context.plan.expand_paths(entity);
    if paths.is_empty() {
        return None;
    }
    let schema = json!({ "type": "array", "items": { "type": "string", "enum": paths }, "maxItems": limits::EXPANDED_PATHS });
    Some(json!({
        "name": "expand", "in": "query",
        "description": format!(
            "Relations whose rows are put into the reply, {} rows in all; more are refused with 400.",
            limits::EXPANDED_ROWS
        ),
        "style": "form",
        "explode": false,
        "schema": schema,
    }))
}

fn expand_name(context: Context, entity: EntityId) -> String {
    format!("expand-{}", context.names.entity(entity).row)
}

/// `fields=id,title`
fn fields(context: Context, entity: EntityId) -> Value {
    let names: Vec<&str> = context
        .plan
        .resource(entity)
        .output
        .iter()
        .map(|output| output.json.as_str())
        .collect();
    json!({
        "name": "fields", "in": "query",
        "description": "The keys to keep in the reply; all where it is missing.",
        "style": "form",
        "explode": false,
        "schema": { "type": "array", "items": { "type": "string", "enum": names } },
    })
}
