//! The examples are sound, and between them they use every construct of the language.

mod common;

use archwright_design::ast::*;
use common::{EXAMPLES, example, planned, refuse_errors};
use std::collections::BTreeSet;

/// Every construct, as [`constructs`] names it.
const CONSTRUCTS: &[&str] = &[
    "about",
    "access: after",
    "access: anyone",
    "access: create",
    "access: delete",
    "access: get",
    "access: list",
    "access: long form",
    "access: nobody",
    "access: owner",
    "access: read",
    "access: role",
    "access: signed-in",
    "access: update",
    "access: when",
    "access: write",
    "account",
    "account: password",
    "api: base",
    "api: body",
    "api: errors",
    "api: errors by status",
    "api: messages",
    "api: origins",
    "api: page",
    "api: rates",
    "api: timeout",
    "api: tokens",
    "api: version",
    "audit",
    "check",
    "check: message",
    "entity: index",
    "entity: int id",
    "entity: key",
    "entity: path",
    "entity: plural",
    "entity: since",
    "entity: state",
    "entity: tenant",
    "entity: unique",
    "entity: until",
    "entity: was",
    "field: about",
    "field: blank-as-null",
    "field: by",
    "field: composed",
    "field: computed",
    "field: default",
    "field: example",
    "field: filter",
    "field: from",
    "field: immutable",
    "field: max",
    "field: min",
    "field: named type",
    "field: on-delete cascade",
    "field: on-delete restrict",
    "field: on-delete set-null",
    "field: optional",
    "field: owner",
    "field: pattern",
    "field: read-only",
    "field: search",
    "field: sensitive",
    "field: settable",
    "field: since",
    "field: sort",
    "field: tenant",
    "field: through",
    "field: unique",
    "field: unique within",
    "field: until",
    "field: visible",
    "field: was",
    "field: write-only",
    "move",
    "move: do",
    "move: input",
    "move: several from",
    "move: set",
    "move: when",
    "operation",
    "operation: body",
    "operation: header",
    "operation: never null",
    "operation: object in body",
    "operation: path",
    "operation: query",
    "operation: rate",
    "operation: since",
    "operation: workload",
    "relation: many-to-many",
    "relation: self",
    "relation: to-one",
    "reply: each item",
    "reply: each show",
    "reply: nothing",
    "reply: object",
    "reply: several",
    "reply: show",
    "reply: value",
    "role: granted-by",
    "role: includes",
    "role: sign-up",
    "seed: rows",
    "seed: with",
    "seed: with list",
    "seed: with parts",
    "soft-delete",
    "stack: cache",
    "stack: database",
    "stack: framework",
    "stack: rls",
    "stack: sign-in",
    "step: create",
    "step: create with password",
    "step: create with role",
    "step: delete",
    "step: each",
    "step: else",
    "step: else with a body",
    "step: find",
    "step: find with lock",
    "step: get-or-create",
    "step: guard",
    "step: if",
    "step: increment",
    "step: link",
    "step: list",
    "step: move",
    "step: sign-in",
    "step: token",
    "step: unlink",
    "step: update",
    "step: update with password",
    "step: upsert",
    "timestamps",
    "type: bigint",
    "type: bool",
    "type: date",
    "type: datetime",
    "type: decimal",
    "type: email",
    "type: enum",
    "type: file",
    "type: int",
    "type: json",
    "type: money",
    "type: phone",
    "type: slug",
    "type: string",
    "type: text",
    "type: url",
    "type: uuid",
    "types",
    "versioned",
    "view",
    "workload: growth",
    "workload: rates",
    "workload: rows",
];

const TYPES: &[&str] = &[
    "string", "text", "int", "bigint", "decimal", "money", "bool", "date", "datetime", "uuid",
    "email", "url", "phone", "slug", "enum", "json", "file",
];

/// What a design uses, by name.
#[derive(Default)]
struct Constructs(BTreeSet<String>);

impl Constructs {
    fn note(&mut self, name: impl Into<String>, present: bool) {
        if present {
            self.0.insert(name.into());
        }
    }
}

fn constructs(design: &Design) -> Constructs {
    let mut found = Constructs::default();
    top(design, &mut found);
    for entity in &design.entities {
        entity_constructs(entity, design, &mut found);
    }
    for view in &design.views {
        found.note("view", true);
        view.show.iter().for_each(|shape| reply(shape, &mut found));
    }
    for operation in &design.operations {
        operation_constructs(operation, &mut found);
    }
    found
}

fn top(design: &Design, found: &mut Constructs) {
    let (api, stack) = (&design.api, &design.stack);
    found.note("about", design.about.is_some());
    found.note("api: base", api.base.is_some());
    found.note("api: body", api.body.is_some());
    found.note("api: errors", !api.errors.is_empty());
    let by_status = api.errors.iter().any(|(status, _)| status.is_some());
    found.note("api: errors by status", by_status);
    found.note("api: messages", !api.messages.is_empty());
    found.note("api: origins", !api.origins.is_empty());
    found.note(
        "api: page",
        api.page_default.is_some() && api.page_max.is_some(),
    );
    found.note("api: rates", !api.rates.is_empty());
    found.note("api: timeout", api.timeout.is_some());
    let tokens = (
        &api.access_lifetime,
        &api.refresh_lifetime,
        api.schemes.first(),
    );
    found.note("api: tokens", matches!(tokens, (Some(_), Some(_), Some(_))));
    found.note("api: version", api.version.is_some());
    found.note("stack: cache", stack.cache.is_some());
    found.note("stack: database", stack.database.is_some());
    found.note("stack: framework", stack.framework.is_some());
    found.note("stack: rls", stack.rls.is_some());
    found.note("stack: sign-in", !stack.sign_in.is_empty());
    found.note("types", !design.types.is_empty());
    for role in &design.roles {
        found.note("role: sign-up", role.sign_up.is_some());
        found.note("role: includes", !role.includes.is_empty());
        found.note("role: granted-by", !role.granted_by.is_empty());
    }
    for seed in &design.seed {
        found.note("seed: rows", seed.rows.is_some());
        found.note("seed: with", !seed.with.is_empty());
        for (_, value) in seed.with.iter().flatten() {
            if let SeedValue::List(items) = value {
                let parts = items
                    .iter()
                    .any(|item| matches!(item, SeedValue::Object(_)));
                found.note(
                    if parts {
                        "seed: with parts"
                    } else {
                        "seed: with list"
                    },
                    true,
                );
            }
        }
    }
}

fn entity_constructs(entity: &Entity, design: &Design, found: &mut Constructs) {
    found.note("account", entity.account.is_some());
    found.note(
        "account: password",
        entity
            .account
            .as_ref()
            .is_some_and(|account| account.password_min.is_some()),
    );
    found.note("audit", entity.audit.is_some());
    found.note("check", !entity.checks.is_empty());
    found.note(
        "check: message",
        entity.checks.iter().any(|check| check.message.is_some()),
    );
    found.note("entity: index", !entity.index.is_empty());
    found.note(
        "entity: int id",
        entity.id.as_ref().is_some_and(|id| id.value == "int"),
    );
    found.note("entity: key", entity.key.is_some());
    found.note("entity: path", entity.path.is_some());
    found.note("entity: plural", entity.plural.is_some());
    found.note("entity: tenant", entity.tenant.is_some());
    found.note("entity: unique", !entity.unique.is_empty());
    found.note("entity: was", entity.evolution.was.is_some());
    found.note("entity: since", entity.evolution.since.is_some());
    found.note("entity: until", entity.evolution.until.is_some());
    found.note("entity: state", entity.state.is_some());
    found.note("soft-delete", entity.soft_delete.is_some());
    found.note("timestamps", entity.timestamps.is_some());
    found.note("versioned", entity.versioned.is_some());
    if let Some(workload) = &entity.workload {
        found.note("workload: growth", workload.growth.is_some());
        found.note("workload: rates", !workload.rates.is_empty());
        found.note("workload: rows", workload.rows.is_some());
    }
    for allow in &entity.allow {
        found.note(format!("access: {}", allow.action.value), true);
        grants(&allow.grants, design, found);
    }
    for field in &entity.fields {
        field_constructs(field, entity, design, found);
    }
    for made in &entity.moves {
        found.note("move", true);
        found.note("move: do", !made.steps.is_empty());
        found.note("move: input", !made.input.is_empty());
        found.note("move: several from", made.from.len() > 1);
        found.note("move: set", !made.set.is_empty());
        found.note("move: when", made.when.is_some());
        steps(&made.steps, found);
    }
}

fn grants(grants: &[Grant], design: &Design, found: &mut Constructs) {
    for grant in grants {
        let who = grant.who.value.as_str();
        let role = design.roles.iter().any(|role| role.name.value == who);
        found.note(format!("access: {}", if role { "role" } else { who }), true);
        found.note("access: when", grant.when.is_some());
        found.note("access: after", grant.after.is_some());
        found.note("access: long form", grant.after.is_some());
    }
}

fn field_constructs(field: &Field, entity: &Entity, design: &Design, found: &mut Constructs) {
    let evolution = &field.evolution;
    for (name, present) in [
        ("about", field.about.is_some()),
        ("blank-as-null", field.blank_as_null.is_some()),
        ("by", field.by.is_some()),
        ("composed", field.composed.is_some()),
        ("computed", field.computed.is_some()),
        ("default", field.default.is_some()),
        ("example", field.example.is_some()),
        ("filter", field.filter.is_some()),
        ("from", field.from.is_some()),
        ("immutable", field.immutable.is_some()),
        ("max", field.max.is_some()),
        ("min", field.min.is_some()),
        ("optional", field.ty.optional),
        ("owner", field.owner.is_some()),
        ("pattern", field.pattern.is_some()),
        ("read-only", field.read_only.is_some()),
        ("search", field.search.is_some()),
        ("sensitive", field.sensitive.is_some()),
        ("settable", field.settable.is_some()),
        ("since", evolution.since.is_some()),
        ("sort", field.sort.is_some()),
        ("tenant", field.tenant.is_some()),
        ("through", field.through.is_some()),
        ("unique", field.unique.is_some()),
        ("until", evolution.until.is_some()),
        ("visible", field.visible.is_some()),
        ("was", evolution.was.is_some()),
        ("write-only", field.write_only.is_some()),
    ] {
        found.note(format!("field: {name}"), present);
    }
    let scoped = field
        .unique
        .as_ref()
        .is_some_and(|unique| !unique.within.is_empty());
    found.note("field: unique within", scoped);
    if let Some(on_delete) = &field.on_delete {
        found.note(format!("field: on-delete {}", on_delete.value), true);
    }
    let named = &field.ty.name.value;
    found.note(
        "field: named type",
        design.types.iter().any(|ty| ty.name.value == *named),
    );
    found.note(format!("type: {named}"), TYPES.contains(&named.as_str()));
    let relation = design
        .entities
        .iter()
        .any(|target| target.name.value == *named);
    let plain = field.by.is_none() && field.composed.is_none() && field.through.is_none();
    found.note("relation: to-one", relation && !field.ty.many);
    found.note("relation: many-to-many", relation && field.ty.many && plain);
    found.note("relation: self", *named == entity.name.value);
}

fn operation_constructs(operation: &Operation, found: &mut Constructs) {
    found.note("operation", true);
    found.note("operation: path", !operation.input_path.is_empty());
    found.note("operation: query", !operation.input_query.is_empty());
    found.note("operation: header", !operation.input_header.is_empty());
    found.note("operation: body", !operation.input_body.is_empty());
    let nested = |field: &BodyField| matches!(field, BodyField::Object { .. });
    found.note(
        "operation: object in body",
        operation.input_body.iter().any(nested),
    );
    fn given(field: &BodyField) -> bool {
        match field {
            BodyField::Given(_) => true,
            BodyField::Object { fields, .. } => fields.iter().any(given),
            BodyField::Leaf(_) => false,
        }
    }
    found.note(
        "operation: never null",
        operation.input_body.iter().any(given),
    );
    found.note("operation: rate", operation.rate.is_some());
    found.note("operation: since", operation.evolution.since.is_some());
    found.note("operation: workload", operation.workload.is_some());
    found.note("reply: several", operation.replies.len() > 1);
    for (_, shape) in &operation.replies {
        reply(shape, found);
    }
    steps(&operation.steps, found);
}

fn steps(list: &[Step], found: &mut Constructs) {
    for step in list {
        found.note("step: if", step.condition.is_some());
        found.note("step: else", step.otherwise.is_some());
        found.note("step: else with a body", step.refusal.is_some());
        let name = match &step.kind {
            StepKind::Find { lock, .. } => {
                found.note("step: find with lock", *lock);
                "find"
            }
            StepKind::List { .. } => "list",
            StepKind::Guard { .. } => "guard",
            StepKind::Create { password, role, .. } => {
                found.note("step: create with password", password.is_some());
                found.note("step: create with role", role.is_some());
                "create"
            }
            StepKind::Upsert { .. } => "upsert",
            StepKind::GetOrCreate { .. } => "get-or-create",
            StepKind::Update { password, .. } => {
                found.note("step: update with password", password.is_some());
                "update"
            }
            StepKind::Delete { .. } => "delete",
            StepKind::Link { .. } => "link",
            StepKind::Unlink { .. } => "unlink",
            StepKind::Increment { .. } => "increment",
            StepKind::Move { .. } => "move",
            StepKind::SignIn { .. } => "sign-in",
            StepKind::Token { .. } => "token",
            StepKind::Each { steps: inner, .. } => {
                steps(inner, found);
                "each"
            }
        };
        found.note(format!("step: {name}"), true);
    }
}

fn reply(shape: &Shape, found: &mut Constructs) {
    match shape {
        Shape::Value(_) => found.note("reply: value", true),
        Shape::Nothing(_) => found.note("reply: nothing", true),
        Shape::Show { .. } => found.note("reply: show", true),
        Shape::Object(fields, _) => {
            found.note("reply: object", true);
            fields.iter().for_each(|(_, inner)| reply(inner, found));
        }
        Shape::If {
            then, otherwise, ..
        } => {
            found.note("reply: if", true);
            reply(then, found);
            otherwise.iter().for_each(|inner| reply(inner, found));
        }
        Shape::Each { item, .. } => {
            let shown = matches!(**item, Shape::Show { .. });
            found.note(
                if shown {
                    "reply: each show"
                } else {
                    "reply: each item"
                },
                true,
            );
            reply(item, found);
        }
    }
}

#[test]
fn each_example_reads_without_a_problem() {
    for name in EXAMPLES {
        let reading = example(name);
        assert!(reading.diagnostics.is_empty(), "{name}");
        assert!(reading.complete, "{name}");
    }
}

#[test]
fn together_they_use_every_construct() {
    let found: BTreeSet<String> = EXAMPLES
        .iter()
        .flat_map(|name| constructs(&example(name).design).0)
        .collect();
    let missing: Vec<&&str> = CONSTRUCTS
        .iter()
        .filter(|construct| !found.contains(**construct))
        .collect();
    assert!(missing.is_empty(), "no example uses {missing:?}");
}

/// Every kind of part that an expression has, as a model prints it.
const EXPRESSIONS: &[&str] = &[
    "Caller",
    "SignedIn",
    "HasRole(",
    "Now",
    "Today",
    "Variable(",
    "Binding(",
    "Input {",
    "Id(",
    "Not(",
    "Negate(",
    "In {",
    "List(",
    "Conditional {",
    "Map {",
    "operator: And",
    "operator: Or",
    "operator: Equal",
    "operator: NotEqual",
    "operator: Less",
    "operator: LessOrEqual",
    "operator: Greater",
    "operator: GreaterOrEqual",
    "operator: Add",
    "operator: Subtract",
    "operator: Multiply",
    "operator: Divide",
    "operator: Remainder",
    "quantifier: Exists",
    "quantifier: All",
    "aggregate: Count",
    "aggregate: Sum",
    "aggregate: Min",
    "aggregate: Max",
    "aggregate: Avg",
    "condition: Some(",
    "function: Size",
    "function: Lower",
    "function: Upper",
    "function: Trim",
    "function: StartsWith",
    "function: EndsWith",
    "function: Contains",
    "function: Date",
    "function: Coalesce",
    "function: Abs",
];

#[test]
fn together_their_expressions_use_every_operator_and_function() {
    let models: String = EXAMPLES
        .iter()
        .map(|name| format!("{:?}", planned(&example(name)).model))
        .collect();
    let missing: Vec<&&str> = EXPRESSIONS
        .iter()
        .filter(|part| !models.contains(**part))
        .collect();
    assert!(missing.is_empty(), "no example uses {missing:?}");
}

#[test]
fn each_example_has_a_plan() {
    for name in EXAMPLES {
        let reading = example(name);
        let (_, diagnostics) = archwright_model::lower(&reading.design);
        let quiet: Vec<_> = diagnostics
            .iter()
            .map(|diagnostic| &diagnostic.message)
            .collect();
        refuse_errors(&reading.sources, &diagnostics);
        assert!(quiet.is_empty(), "{name}: {quiet:?}");
        assert!(!planned(&reading).operations.is_empty(), "{name}");
    }
}
