//! Rows of other tenants, out of reach for steps and inputs.

use super::*;

/// Steps and inputs of named operations that keep to no tenant.
fn unconfine(plan: &mut Plan, of: &str) {
    let index = index(plan, of);
    plan.resources[index].confinement = None;
}

#[test]
fn a_step_that_finds_parts_of_another_tenant() {
    check("notes", "op.star/step-1-find/tenant", |plan| {
        unconfine(plan, "Line");
    });
}

#[test]
fn a_step_that_lists_parts_of_all_tenants() {
    check("notes", "op.lines/step-1-list/tenant", |plan| {
        unconfine(plan, "Line");
    });
}

#[test]
fn an_input_that_names_a_row_of_another_tenant() {
    check("notes", "op.answer/body.note/tenant", |plan| {
        unconfine(plan, "Note");
    });
}

#[test]
fn a_path_that_names_a_part_of_another_tenant() {
    check("notes", "op.lineNamed/path.line/tenant", |plan| {
        unconfine(plan, "Line");
    });
}

#[test]
fn a_relation_that_leads_to_rows_of_all_tenants() {
    check("notes", "op.topic/happy", |plan| {
        let (_, Shape::Object(parts)) = &mut named(plan, "topic").replies[0] else {
            panic!("no object");
        };
        let Shape::Each { list, .. } = &mut parts[0].1 else {
            panic!("no list");
        };
        let ExpressionKind::Filter { over, .. } = &list.kind else {
            panic!("not narrowed: {list:?}");
        };
        *list = (**over).clone();
    });
}
