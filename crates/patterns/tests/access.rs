//! What no pattern may allow, and what each has to allow to be of use.

mod common;

use archwright_patterns::{Answers, library};
use archwright_plan::model::{EntityId, Model, RoleId};
use archwright_plan::{Alternative, CallerClass, Input, InputKind, Operation, OperationKind, Plan};
use common::{checked, composed, none};

fn plans() -> impl Iterator<Item = (&'static str, Plan)> {
    library().iter().map(
        |pattern| match checked(&composed(&[pattern.id], &Answers::default())) {
            Ok(plan) => (pattern.id, plan),
            Err(problems) => panic!("{}:\n{problems}", pattern.id),
        },
    )
}

fn writes(operation: &Operation) -> bool {
    use OperationKind::{Create, Delete, Link, Move, RemoveFile, Unlink, Update, Upload};
    matches!(
        operation.kind,
        Create | Update | Delete | Move(_) | Link(_) | Unlink(_) | Upload(_) | RemoveFile(_)
    )
}

/// Strangers begin a tenant, as nobody can sign up before there is one, and write nothing else.
#[test]
fn nobody_writes_without_signing_in() {
    let mut open = Vec::new();
    for (id, plan) in plans() {
        let begins = |operation: &Operation| {
            operation.kind == OperationKind::Create
                && operation.entity.is_some()
                && operation.entity == plan.model.tenant
        };
        let writes = plan.operations.iter().filter(|operation| writes(operation));
        let writes = writes.filter(|operation| !begins(operation));
        let open_writes = writes.filter(|operation| {
            operation
                .guard
                .iter()
                .any(|alternative| alternative.caller == CallerClass::Anyone)
        });
        open.extend(open_writes.map(|operation| format!("{id}: {}", operation.id)));
    }
    none(open);
}

/// A request may name only rows that its caller may read: a relation to rows that nobody of those who write may read
/// could never be set.
#[test]
fn whoever_writes_a_row_may_read_what_it_refers_to() {
    let mut stuck = Vec::new();
    for (id, plan) in plans() {
        for operation in plan
            .operations
            .iter()
            .filter(|operation| operation.kind == OperationKind::Create)
        {
            let Some(entity) = operation.entity else {
                continue;
            };
            for input in inputs(&plan.resource(entity).create) {
                let (InputKind::Reference(target) | InputKind::References(target)) = input.kind
                else {
                    continue;
                };
                let writers = if input.settable.is_empty() {
                    &operation.guard
                } else {
                    &input.settable
                };
                let able = writers.iter().any(|writer| may_read(&plan, writer, target));
                if !able {
                    stuck.push(format!("{id}: {} can't name {}", operation.id, input.json));
                }
            }
        }
    }
    none(stuck);
}

/// The inputs, and those of the parts.
fn inputs(all: &[Input]) -> Vec<&Input> {
    let mut found = Vec::new();
    for input in all {
        match &input.kind {
            InputKind::Parts { create, .. } => found.extend(inputs(create)),
            _ => found.push(input),
        }
    }
    found
}

/// Whether some row of the target may be read; a part is read with its whole. That an account may read itself says nothing about others.
fn may_read(plan: &Plan, writer: &Alternative, target: EntityId) -> bool {
    let whole = plan
        .model
        .entity(target)
        .part_of
        .as_ref()
        .map(|part| part.field.entity);
    let target = whole.unwrap_or(target);
    let account = plan
        .model
        .account
        .as_ref()
        .is_some_and(|account| account.entity == target);
    let reads = plan.operations.iter().filter(|operation| {
        operation.entity == Some(target)
            && matches!(operation.kind, OperationKind::Get | OperationKind::List)
    });
    let mut grants = reads.flat_map(|operation| &operation.guard);
    grants
        .any(|grant| !(account && grant.owner) && covers(&plan.model, writer.caller, grant.caller))
}

fn covers(model: &Model, caller: CallerClass, wanted: CallerClass) -> bool {
    match (caller, wanted) {
        (_, CallerClass::Anyone) => true,
        (CallerClass::Anyone, _) => false,
        (_, CallerClass::SignedIn) => true,
        (CallerClass::Role(own), CallerClass::Role(role)) => {
            own == role || includes(model, own, role)
        }
        (CallerClass::SignedIn, CallerClass::Role(_)) => false,
    }
}

fn includes(model: &Model, own: RoleId, role: RoleId) -> bool {
    model.role(own).includes.contains(&role)
}

#[test]
fn what_is_secret_is_never_shown() {
    let mut shown = Vec::new();
    for (id, plan) in plans() {
        for entity in &plan.model.entities {
            let secrets = entity.fields.iter().filter(|field| {
                ["hash", "secret", "token"]
                    .iter()
                    .any(|word| field.name.contains(word))
            });
            let open = secrets.filter(|field| !field.write_only);
            shown.extend(open.map(|field| format!("{id}: {}.{}", entity.name, field.name)));
        }
    }
    none(shown);
}

#[test]
fn phones_are_encrypted_unless_they_belong_to_a_business() {
    const BUSINESSES: &[&str] = &["Place", "Supplier"];
    let mut plain = Vec::new();
    for (id, plan) in plans() {
        for entity in plan
            .model
            .entities
            .iter()
            .filter(|entity| !BUSINESSES.contains(&entity.name.as_str()))
        {
            let phones = entity
                .fields
                .iter()
                .filter(|field| field.name.ends_with("phone") && !field.sensitive);
            plain.extend(phones.map(|field| format!("{id}: {}.{}", entity.name, field.name)));
        }
    }
    none(plain);
}
