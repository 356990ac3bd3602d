//! The components: a schema for each representation and body, shared parameters, headers and error replies.

use crate::object::{closed_object, nullable, object, reference};
use crate::{Context, access, error, example, input, parameter, reply, scalar, shape};
use archwright_plan::model::{Entity, EntityId, duration_in_words};
use archwright_plan::{Operation, OperationKind, Output, OutputSource};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

pub(crate) fn components(context: Context) -> Map<String, Value> {
    let mut components = object(json!({
        "schemas": schemas(context),
        "parameters": parameter::components(context),
        "headers": reply::header_components(),
        "responses": error::components(context),
    }));
    if context.plan.model.account.is_some() {
        let names = access::schemes(context).into_iter();
        let each = names.zip(&context.plan.model.api.schemes);
        let schemes = each.map(|(name, scheme)| (name, security_scheme(context, scheme)));
        let schemes: Map<String, Value> = schemes.collect();
        components.insert("securitySchemes".to_owned(), schemes.into());
    }
    components
}

/// Drops components that nothing refers to, and those that only they referred to.
pub(crate) fn prune(document: &mut Map<String, Value>) {
    loop {
        let mut used = BTreeSet::new();
        for value in document.values() {
            references(value, &mut used);
        }
        let Some(Value::Object(kinds)) = document.get_mut("components") else {
            return;
        };
        let mut dropped = false;
        for (kind, components) in kinds.iter_mut() {
            if let (Value::Object(components), false) = (components, kind == "securitySchemes") {
                let before = components.len();
                components.retain(|name, _| used.contains(&format!("{kind}/{name}")));
                dropped |= components.len() < before;
            }
        }
        if !dropped {
            kinds.retain(|_, components| {
                components.as_object().is_none_or(|inner| !inner.is_empty())
            });
            return;
        }
    }
}

/// `schemas/Book` for each reference into it.
fn references(value: &Value, used: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(target)) = object.get("$ref") {
                let name = target.trim_start_matches("#/components/");
                used.insert(name.split('/').take(2).collect::<Vec<_>>().join("/"));
            }
            object.values().for_each(|inner| references(inner, used));
        }
        Value::Array(items) => items.iter().for_each(|inner| references(inner, used)),
        _ => {}
    }
}

fn security_scheme(context: Context, scheme: &str) -> Value {
    let lifetime = duration_in_words(context.plan.model.api.access_seconds);
    if scheme.eq_ignore_ascii_case("bearer") {
        return json!({
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": format!("The access token of a sign-in. It is good for {lifetime}."),
        });
    }
    json!({
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": format!("`{scheme}`, a space, and the access token of a sign-in."),
    })
}

fn schemas(context: Context) -> Map<String, Value> {
    let plan = context.plan;
    let mut schemas = Map::new();
    for entity in &plan.model.entities {
        add_entity(context, entity, &mut schemas);
    }
    for view in &plan.model.views {
        let schema = shape::schema(context, &view.show, &[]).unwrap_or(json!({ "type": "null" }));
        schemas.insert(context.names.view(view.id).to_owned(), schema);
    }
    schemas.insert(context.names.problem.clone(), error::schema(context));
    if plan
        .operations
        .iter()
        .any(|operation| operation.list.is_some())
    {
        schemas.insert(context.names.page.clone(), page(plan.model.api.page_max));
    }
    if mentions_files(context) {
        schemas.insert(context.names.file.clone(), file());
    }
    if let Some(account) = &plan.model.account {
        schemas.insert(
            context.names.session.clone(),
            session(context, account.entity),
        );
    }
    schemas
}

fn add_entity(context: Context, entity: &Entity, schemas: &mut Map<String, Value>) {
    let names = context.names.entity(entity.id);
    let resource = context.plan.resource(entity.id);
    let has = |wanted: &dyn Fn(&Operation) -> bool| {
        context
            .plan
            .operations
            .iter()
            .any(|operation| operation.entity == Some(entity.id) && wanted(operation))
    };
    schemas.insert(names.row.clone(), row(context, entity));
    let is_account = context
        .plan
        .model
        .account
        .as_ref()
        .is_some_and(|account| account.entity == entity.id);
    if is_account || has(&|operation| operation.shapes_reply) {
        schemas.insert(names.sparse.clone(), sparse(context, entity.id));
    }
    if has(&|operation| operation.kind == OperationKind::List) {
        schemas.insert(names.list.clone(), list(context, entity));
    }
    if has(&|operation| operation.kind == OperationKind::Create) {
        schemas.insert(
            names.create.clone(),
            input::create(context, &resource.create),
        );
    }
    if has(&|operation| operation.kind == OperationKind::Update) {
        schemas.insert(
            names.update.clone(),
            input::update(context, &resource.update),
        );
    }
}

/// A row as replies show it. Keys of expanded relations are there when `expand` asks for them.
fn row(context: Context, entity: &Entity) -> Value {
    let resource = context.plan.resource(entity.id);
    let mut properties = Map::new();
    let mut required = Vec::new();
    for output in &resource.output {
        properties.insert(output.json.clone(), property(context, entity.id, output));
        if output.visible.is_empty() && output.source != OutputSource::Roles {
            required.push(output.json.clone());
        }
    }
    for expand in &resource.expands {
        let target = reference("schemas", &context.names.entity(expand.target).row);
        let mut schema = match expand.many {
            true => json!({
                "type": "array", "items": target, "maxItems": context.plan.model.api.page_max,
            }),
            false => nullable(target),
        };
        let description = format!("With `expand={}`.", expand.name);
        crate::object::annotate(&mut schema, "description", description.into());
        properties.entry(expand.name.clone()).or_insert(schema);
    }
    let mut schema = closed_object(properties, required);
    if !entity.about.is_empty() {
        crate::object::annotate(&mut schema, "description", entity.about.trim().into());
    }
    schema
}

fn property(context: Context, entity: EntityId, output: &Output) -> Value {
    let model = &context.plan.model;
    let mut schema = match output.source {
        OutputSource::Id => scalar::id(context, entity),
        OutputSource::Field(field) => scalar::output(context, model.field(field), output.nullable),
        OutputSource::Reference(field) => reference_to(context, field, output.nullable),
        OutputSource::Parts(field) => match model.field(field).to_many() {
            Some(relation) => json!({
                "type": "array",
                "items": reference("schemas", &context.names.entity(relation.target).row),
            }),
            None => json!({ "type": "array" }),
        },
        OutputSource::Version => json!({
            "type": "integer", "minimum": 1, "description": "One more with each change.",
        }),
        OutputSource::Roles => input::roles(context),
    };
    if !output.visible.is_empty() {
        let said = schema
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let who = access::alternatives(context, Some(entity), &output.visible, "by");
        let description = format!("{said} Seen {who}.").trim().to_owned();
        crate::object::annotate(&mut schema, "description", description.into());
    }
    schema
}

fn reference_to(
    context: Context,
    field: archwright_plan::model::FieldId,
    is_nullable: bool,
) -> Value {
    let definition = context.plan.model.field(field);
    let schema = match definition.to_one() {
        Some(relation) => scalar::row(context, relation.target),
        None => json!({}),
    };
    let mut schema = match is_nullable {
        true => nullable(schema),
        false => schema,
    };
    scalar::describe(&mut schema, definition);
    schema
}

/// The same keys, of which `fields` may have left out any.
fn sparse(context: Context, entity: EntityId) -> Value {
    let row = &context.names.entity(entity).row;
    let resource = context.plan.resource(entity);
    let outputs = resource.output.iter().map(|output| &output.json);
    let keys = outputs.chain(resource.expands.iter().map(|expand| &expand.name));
    let properties: Map<String, Value> = keys
        .map(|key| {
            (
                key.clone(),
                reference("schemas", &format!("{row}/properties/{key}")),
            )
        })
        .collect();
    let mut schema = closed_object(properties, Vec::new());
    let description = format!(
        "What `fields` keeps of a {}.",
        archwright_plan::words(row).to_lowercase()
    );
    crate::object::annotate(&mut schema, "description", description.into());
    schema
}

fn list(context: Context, entity: &Entity) -> Value {
    let shaped = context
        .plan
        .operations
        .iter()
        .find(|operation| {
            operation.entity == Some(entity.id) && operation.kind == OperationKind::List
        })
        .map_or(json!({}), |operation| {
            reply::shaped(context, operation, entity.id)
        });
    let properties = object(json!({
        "data": { "type": "array", "items": shaped, "maxItems": context.plan.model.api.page_max },
        "page": reference("schemas", &context.names.page),
    }));
    closed_object(properties, vec!["data".to_owned(), "page".to_owned()])
}

fn page(max: u32) -> Value {
    json!({
        "type": "object",
        "properties": {
            "next": {
                "type": ["string", "null"],
                "description": "The `cursor` of the next page; null on the last one.",
            },
            "limit": { "type": "integer", "minimum": 1, "maximum": max },
        },
        "required": ["next", "limit"],
        "additionalProperties": false,
    })
}

fn mentions_files(context: Context) -> bool {
    let mut fields = context
        .plan
        .model
        .entities
        .iter()
        .flat_map(|entity| &entity.fields);
    fields.any(|field| {
        matches!(
            field.scalar(),
            Some(archwright_plan::model::ScalarType::File { .. })
        )
    })
}

fn file() -> Value {
    json!({
        "type": "object",
        "properties": {
            "url": {
                "type": "string", "format": "uri-reference",
                "description": "Where the bytes are; signed, and good for a while.",
            },
            "name": { "type": "string", "description": "The name that it was uploaded under." },
            "type": { "type": "string", "description": "Media type, found out from the bytes." },
            "size": { "type": "integer", "minimum": 0, "description": "In bytes." },
        },
        "required": ["url", "name", "type", "size"],
        "additionalProperties": false,
    })
}

fn session(context: Context, account: EntityId) -> Value {
    let token_type = example::session(context)["token_type"].clone();
    json!({
        "type": "object",
        "properties": {
            "access_token": { "type": "string", "description": "For the `Authorization` header." },
            "token_type": { "type": "string", "enum": [token_type] },
            "expires_in": { "type": "integer", "minimum": 0, "description": "Seconds until the access token expires." },
            "refresh_token": { "type": "string", "description": "Good for one refresh." },
            "account": reference("schemas", &context.names.entity(account).row),
        },
        "required": ["access_token", "token_type", "expires_in", "refresh_token", "account"],
        "additionalProperties": false,
    })
}
