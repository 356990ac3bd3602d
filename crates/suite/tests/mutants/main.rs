//! Servers that break one rule each: the suite of the right plan catches every one, by the case that is about the rule.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

#[path = "../common/mod.rs"]
mod common;
mod conduit;
mod newsroom;
mod rows;
mod rules;
mod tenants;

use archwright_plan::model::{
    BinaryOperator, Direction, Entity, Expression, ExpressionKind, Field, Function, Literal, Move,
    OnDelete, Otherwise, RoleId, ScalarType, Shape, StepKind, ViewId,
};
use archwright_plan::{
    CallerClass, CheckKind, Input, InputKind, Operation, Output, OutputSource, Plan,
};
use common::{example, failed, serve, suite};

/// Serves the changed plan, and asks the cases of the right one that have the rule in their name.
#[track_caller]
fn check(name: &str, rule: &str, change: impl FnOnce(&mut Plan)) {
    let plan = example(name);
    let mut mutant = plan.clone();
    change(&mut mutant);
    let server = serve(mutant, &plan);
    let report = suite(&plan, &server, Some(rule));
    assert!(!report.results.is_empty(), "no case has {rule} in its name");
    let failed = failed(&report);
    assert!(
        !failed.is_empty(),
        "nothing tells the mutant from the right server:\n{:#?}",
        report.results
    );
}

fn operation<'a>(plan: &'a mut Plan, id: &str) -> &'a mut Operation {
    plan.operations.iter_mut().find(|one| one.id == id).unwrap()
}

fn entity<'a>(plan: &'a mut Plan, name: &str) -> &'a mut Entity {
    plan.model
        .entities
        .iter_mut()
        .find(|one| one.name == name)
        .unwrap()
}

fn field<'a>(plan: &'a mut Plan, of: &str, name: &str) -> &'a mut Field {
    entity(plan, of)
        .fields
        .iter_mut()
        .find(|one| one.name == name)
        .unwrap()
}

fn step<'a>(plan: &'a mut Plan, of: &str, name: &str) -> &'a mut Move {
    let machine = entity(plan, of).state.as_mut().unwrap();
    machine
        .moves
        .iter_mut()
        .find(|one| one.name == name)
        .unwrap()
}

fn index(plan: &Plan, name: &str) -> usize {
    plan.model
        .entities
        .iter()
        .position(|one| one.name == name)
        .unwrap()
}

fn output<'a>(plan: &'a mut Plan, of: &str, json: &str) -> &'a mut Output {
    let index = index(plan, of);
    plan.resources[index]
        .output
        .iter_mut()
        .find(|one| one.json == json)
        .unwrap()
}

/// Takes a scalar as an input that the plan keeps closed.
fn open(plan: &mut Plan, of: &str, name: &str) {
    let id = field(plan, of, name).id;
    let index = index(plan, of);
    plan.resources[index].update.push(Input {
        json: name.to_owned(),
        field: id,
        kind: InputKind::Scalar,
        required: false,
        nullable: true,
        settable: Vec::new(),
    });
}

/// Replaces an operator everywhere in an expression.
fn swap(expression: &mut Expression, from: BinaryOperator, to: BinaryOperator) {
    match &mut expression.kind {
        ExpressionKind::Binary {
            operator,
            left,
            right,
        } => {
            if *operator == from {
                *operator = to;
            }
            swap(left, from, to);
            swap(right, from, to);
        }
        ExpressionKind::Quantifier { condition, .. } => swap(condition, from, to),
        _ => {}
    }
}

fn drop_check(plan: &mut Plan, of: &str, name: &str) {
    let index = index(plan, of);
    let position = plan.model.entities[index]
        .checks
        .iter()
        .position(|one| one.name == name)
        .unwrap();
    plan.model.entities[index].checks[position].that = Expression {
        kind: ExpressionKind::Literal(Literal::Bool(true)),
        ..plan.model.entities[index].checks[position].that.clone()
    };
    plan.tables[index]
        .checks
        .retain(|one| !matches!(one.kind, CheckKind::Design(_, at) if at == position));
}

/// Takes fields out of a unique key; without any left, the key is gone.
fn narrow_key(plan: &mut Plan, of: &str, fields: &[&str], kept: &[&str]) {
    let index = index(plan, of);
    let entity = &mut plan.model.entities[index];
    let id = |name: &&str| {
        entity
            .fields
            .iter()
            .find(|one| one.name == **name)
            .unwrap()
            .id
    };
    let (all, some): (Vec<_>, Vec<_>) = (
        fields.iter().map(id).collect(),
        kept.iter().map(id).collect(),
    );
    let table = &mut plan.tables[index];
    let key = table
        .unique
        .iter_mut()
        .find(|one| one.fields == all)
        .unwrap();
    let places: Vec<usize> = some
        .iter()
        .map(|one| all.iter().position(|known| known == one).unwrap())
        .collect();
    key.columns = places
        .iter()
        .map(|place| key.columns[*place].clone())
        .collect();
    key.fields = some.clone();
    table.unique.retain(|one| !one.fields.is_empty());
    let keys = &mut plan.model.entities[index].unique;
    let key = keys.iter_mut().find(|one| one.fields == all).unwrap();
    key.fields = some;
    keys.retain(|one| !one.fields.is_empty());
}

fn on_delete(plan: &mut Plan, of: &str, name: &str, wanted: OnDelete) {
    let id = field(plan, of, name).id;
    if let archwright_plan::model::FieldKind::ToOne(relation) = &mut field(plan, of, name).kind {
        relation.on_delete = wanted;
    }
    let index = index(plan, of);
    let mut keys = plan.tables[index].foreign_keys.iter_mut();
    keys.find(|one| one.field == Some(id)).unwrap().on_delete = wanted;
}

fn named<'a>(plan: &'a mut Plan, name: &str) -> &'a mut archwright_plan::model::Operation {
    let mut operations = plan.model.operations.iter_mut();
    operations.find(|one| one.name == name).unwrap()
}

fn show<'a>(plan: &'a mut Plan, view: &str) -> &'a mut Vec<(String, Shape)> {
    let mut views = plan.model.views.iter_mut();
    match &mut views.find(|one| one.name == view).unwrap().show {
        Shape::Object(parts) => parts,
        other => panic!("{other:?}"),
    }
}

/// What is left of `left && right` without its right side.
fn without_right(expression: &mut Expression) {
    if let ExpressionKind::Binary { left, .. } = &mut expression.kind {
        *expression = (**left).clone();
    }
}

/// Shows one more field of the row that a view is of.
fn leak(plan: &mut Plan, view: &str, name: &str) {
    let of = plan.model.views.iter().find(|one| one.name == view);
    let entity = plan.model.entity(of.unwrap().of).name.clone();
    let id = field(plan, &entity, name).id;
    let parts = show(plan, view);
    let mut leaked = parts[0].1.clone();
    if let Shape::Value(value) = &mut leaked
        && let ExpressionKind::Field { field, .. } = &mut value.kind
    {
        *field = id;
    }
    parts.push((name.to_owned(), leaked));
}
