//! Expressions as trees, rules as branches, entities as features.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

use archwright_diagnostics::fixture;
use archwright_plan::{CallerClass, ColumnSource, Plan, model, plan};
use archwright_stack::expression::{Comparison, Lowered, Lowering, Tree, lower_condition};
use archwright_stack::feature::{features, referrers};
use archwright_stack::guard::{Guard, classes, guard, holds_by_creation};

const DESIGN: &str = "archwright: 1
name: shop
roles:
  member: { sign-up: open }
  staff: {}
entities:
  User:
    account: email
    fields:
      email: email, unique
  Order:
    fields:
      customer: User, owner
      limit: int?
      lines: Line[], composed
      notes: Note[], by order
    allow:
      read: [staff when limit < 5, owner]
      create: owner
      update: staff when notes.exists(n, n.text == 'x')
  Line:
    fields:
      amount: int
  Note:
    fields:
      order: Order
      text: string(1..9)
    soft-delete: true
    allow: { read: anyone }
";

fn shop() -> Plan {
    let reading = archwright_design::read(&fixture::parse(DESIGN).files);
    let (model, diagnostics) = model::lower(&reading.design);
    plan(model.unwrap_or_else(|| panic!("{:#?} {diagnostics:#?}", reading.diagnostics)))
}

/// The condition of the first alternative of an operation that has one.
fn condition(plan: &Plan, operation: &str) -> Lowered {
    let operation = plan.operation(operation).unwrap();
    let when = operation.guard.iter().find_map(|one| one.when.as_ref());
    let options = Lowering {
        caller_is_known: true,
    };
    lower_condition(plan, operation.entity.unwrap(), when.unwrap(), options).unwrap()
}

#[test]
fn an_order_of_what_may_be_missing_says_so() {
    let plan = shop();
    let Tree::Compare {
        operator, missing, ..
    } = condition(&plan, "orders.get").tree
    else {
        panic!("no comparison");
    };
    assert_eq!((operator, missing), (Comparison::Less, true));
}

#[test]
fn a_relation_leads_to_rows_that_are_not_deleted() {
    let plan = shop();
    let lowered = condition(&plan, "orders.update");
    let Tree::Exists { query, negated } = &lowered.tree else {
        panic!("no rows are looked for: {lowered:#?}");
    };
    assert!(!negated);
    let is_mark = |tree: &Tree| {
        matches!(tree, Tree::IsMissing(inner)
            if matches!(**inner, Tree::Column { column: ColumnSource::DeletedAt, .. }))
    };
    assert!(query.conditions.iter().any(is_mark), "{query:#?}");
    let names: Vec<&str> = lowered.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["order", "note"]);
}

#[test]
fn a_caller_who_is_signed_in_is_not_missing() {
    let plan = shop();
    let operation = plan.operation("orders.create").unwrap();
    let when = operation.guard[0].when.as_ref().unwrap();
    for known in [true, false] {
        let options = Lowering {
            caller_is_known: known,
        };
        let lowered = lower_condition(&plan, operation.entity.unwrap(), when, options).unwrap();
        let Tree::Compare { missing, .. } = lowered.tree else {
            panic!("no comparison");
        };
        assert_eq!(missing, !known);
    }
}

#[test]
fn a_rule_comes_to_branches() {
    let plan = shop();
    let read = &plan.operation("orders.get").unwrap().guard;
    let Guard::Branches(branches) = guard(read) else {
        panic!("no branches");
    };
    assert_eq!(branches.len(), 2);
    assert_eq!(classes(read), [CallerClass::SignedIn]);
    assert!(matches!(
        guard(&plan.operation("notes.list").unwrap().guard),
        Guard::Everyone
    ));
    assert!(matches!(guard(&[]), Guard::Nobody));
    let orders = plan.model.entity_named("Order").unwrap().id;
    let create = &plan.operation("orders.create").unwrap().guard;
    assert!(holds_by_creation(&plan, orders, create));
    let update = &plan.operation("orders.update").unwrap().guard;
    assert!(!holds_by_creation(&plan, orders, update));
}

#[test]
fn parts_stand_with_what_they_are_parts_of() {
    let plan = shop();
    let id = |name: &str| plan.model.entity_named(name).unwrap().id;
    let features = features(&plan.model);
    let found: Vec<_> = features
        .iter()
        .map(|one| (one.root, one.parts.clone()))
        .collect();
    let expected = [
        (id("User"), vec![]),
        (id("Order"), vec![id("Line")]),
        (id("Note"), vec![]),
    ];
    assert_eq!(found, expected);
    let referring = referrers(&plan.model, id("Order"));
    assert_eq!(referring.len(), 2);
}
