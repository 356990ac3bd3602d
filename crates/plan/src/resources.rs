//! How rows are shown and written.

use crate::guards::{alternatives, confinement, own_account, role, this};
use crate::{Alternative, Expand, Input, InputKind, Output, OutputSource, Resource};
use archwright_model::naming::references_name;
use archwright_model::{
    Entity, Field, FieldKind, Grant, Model, Origin, RoleId, ScalarType, ToManyKind,
};

pub fn resources(model: &Model) -> Vec<Resource> {
    model
        .entities
        .iter()
        .map(|entity| resource(model, entity))
        .collect()
}

fn resource(model: &Model, entity: &Entity) -> Resource {
    let path = match entity.part_of {
        Some(_) => String::new(),
        None => format!("{}/{}", model.api.base, entity.path),
    };
    Resource {
        entity: entity.id,
        path,
        output: outputs(model, entity),
        expands: entity
            .fields
            .iter()
            .filter_map(|field| expand(entity, field))
            .collect(),
        // Known once all resources are.
        expand_depth: 1,
        create: inputs(model, entity, Write::Create),
        update: inputs(model, entity, Write::Update),
        confinement: confinement(model, this(entity)),
    }
}

fn field_rule(model: &Model, entity: &Entity, grants: Option<&Vec<Grant>>) -> Vec<Alternative> {
    grants
        .map(|grants| alternatives(model, entity.id, grants))
        .unwrap_or_default()
}

/// The to-one field by which a part points at its whole: known from where the part stands.
fn is_back_reference(entity: &Entity, field: &Field) -> bool {
    entity.part_of.is_some_and(|part| part.back == field.id)
}

fn outputs(model: &Model, entity: &Entity) -> Vec<Output> {
    let plain = |json: &str, source| Output {
        json: json.into(),
        source,
        nullable: false,
        visible: Vec::new(),
    };
    let mut outputs = vec![plain("id", OutputSource::Id)];
    for field in &entity.fields {
        outputs.extend(output(model, entity, field));
    }
    if entity.versioned && entity.part_of.is_none() {
        outputs.push(plain("version", OutputSource::Version));
    }
    if model
        .account
        .as_ref()
        .is_some_and(|account| account.entity == entity.id)
    {
        let mut visible = vec![own_account(model, entity.id)];
        visible.extend(
            granting_roles(model)
                .into_iter()
                .map(|granting| role(model, entity.id, granting)),
        );
        outputs.push(Output {
            visible,
            ..plain("roles", OutputSource::Roles)
        });
    }
    outputs
}

/// Roles that may grant some role, each once, in order.
pub fn granting_roles(model: &Model) -> Vec<RoleId> {
    let mut roles: Vec<RoleId> = model
        .roles
        .iter()
        .flat_map(|role| role.granted_by.iter().copied())
        .collect();
    roles.sort();
    roles.dedup();
    roles
}

fn output(model: &Model, entity: &Entity, field: &Field) -> Option<Output> {
    if field.write_only || is_back_reference(entity, field) {
        return None;
    }
    let source = match &field.kind {
        FieldKind::Scalar(_) => OutputSource::Field(field.id),
        FieldKind::ToOne(_) => OutputSource::Reference(field.id),
        FieldKind::ToMany(relation) if matches!(relation.kind, ToManyKind::Composed { .. }) => {
            OutputSource::Parts(field.id)
        }
        FieldKind::ToMany(_) => return None,
    };
    let nullable = match (&field.kind, &field.computed) {
        (FieldKind::ToMany(_), _) => false,
        (_, Some(computed)) => computed.nullable,
        _ => field.optional,
    };
    let visible = field_rule(model, entity, field.visible.as_ref());
    Some(Output {
        json: model.json_name(field.id),
        source,
        nullable,
        visible,
    })
}

fn expand(entity: &Entity, field: &Field) -> Option<Expand> {
    if field.write_only || field.visible.is_some() || is_back_reference(entity, field) {
        return None;
    }
    let (target, many) = match &field.kind {
        FieldKind::Scalar(_) => return None,
        FieldKind::ToOne(relation) => (relation.target, false),
        FieldKind::ToMany(relation) if matches!(relation.kind, ToManyKind::Composed { .. }) => {
            return None;
        }
        FieldKind::ToMany(relation) => (relation.target, true),
    };
    Some(Expand {
        name: field.name.clone(),
        field: field.id,
        target,
        many,
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Write {
    Create,
    Update,
}

fn inputs(model: &Model, entity: &Entity, write: Write) -> Vec<Input> {
    entity
        .fields
        .iter()
        .filter_map(|field| input(model, entity, field, write))
        .collect()
}

/// Whether requests never set the field, whatever they say.
fn is_closed(model: &Model, entity: &Entity, field: &Field, write: Write) -> bool {
    let is_account = model
        .account
        .as_ref()
        .is_some_and(|account| account.entity == entity.id);
    field.read_only
        || field.computed.is_some()
        || field.origin == Origin::Implied
        || is_back_reference(entity, field)
        || (write == Write::Update && field.immutable)
        // Who owns a row, and whose tenant it is in, follows from who calls, unless the design says who may choose.
        || (entity.owner == Some(field.id) && field.settable.is_none())
        || (entity.tenant == Some(field.id) && !(is_account && write == Write::Create))
}

fn input(model: &Model, entity: &Entity, field: &Field, write: Write) -> Option<Input> {
    if is_closed(model, entity, field, write) {
        return None;
    }
    let (json, kind) = match &field.kind {
        FieldKind::Scalar(ScalarType::File { .. }) => return None,
        FieldKind::Scalar(_) => (field.name.clone(), InputKind::Scalar),
        FieldKind::ToOne(relation) => (
            model.json_name(field.id),
            InputKind::Reference(relation.target),
        ),
        FieldKind::ToMany(relation) => match relation.kind {
            ToManyKind::Linked { canonical, .. } if canonical == field.id => (
                links_name(model, field),
                InputKind::References(relation.target),
            ),
            ToManyKind::Composed { .. } => {
                let part = model.entity(relation.target);
                let kind = InputKind::Parts {
                    entity: part.id,
                    create: inputs(model, part, Write::Create),
                    update: inputs(model, part, Write::Update),
                };
                (field.name.clone(), kind)
            }
            _ => return None,
        },
    };
    let many = matches!(field.kind, FieldKind::ToMany(_));
    let given = field.optional
        || field.default.is_some()
        || field.slug_from.is_some()
        || entity.owner == Some(field.id);
    Some(Input {
        json,
        field: field.id,
        kind,
        required: write == Write::Create && !many && !given,
        nullable: field.optional && !many,
        settable: field_rule(model, entity, field.settable.as_ref()),
    })
}

/// The key under which a many-to-many relation takes rows: `author_ids` for `authors`.
fn links_name(model: &Model, field: &Field) -> String {
    let relation = field.to_many();
    let key = relation.and_then(|relation| model.entity(relation.target).key);
    references_name(&field.name, key.map(|key| &model.field(key).name[..]))
}
