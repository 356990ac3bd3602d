//! A run leaves the test accounts such that the next one can start.

mod common;

use archwright_plan::Plan;
use archwright_suite::text;
use common::{failed, serve, suite};

const USER: &str = "
archwright: 1
name: again
entities:
  User:
    account: email
    fields: { email: 'email, unique', name: 'string(1..40)?' }
    allow: { read: 'owner, clerk', update: 'owner, clerk', delete: clerk }
";

const OPERATIONS: &str = "
operations:
  rename:
    route: PUT /email
    by: signed-in
    input: { body: { email: email } }
    steps:
      - update: caller
        set: { email: body.email }
    reply: { 200: { email: caller.email } }
  leave:
    route: DELETE /account
    by: signed-in
    steps:
      - delete: caller
    reply: { 204: ~ }
";

const OPEN: &str = "
roles: { clerk: { granted-by: clerk }, guest: { sign-up: open, granted-by: clerk } }
";

const CLOSED: &str = "
roles: { clerk: { granted-by: clerk }, guest: { granted-by: clerk } }
";

fn design(parts: &[&str]) -> Plan {
    let files = [("design.yaml".to_owned(), parts.concat().into_bytes())];
    let (model, diagnostics) = archwright_model::check(&archwright_design::read(&files));
    archwright_plan::plan(model.unwrap_or_else(|| panic!("{diagnostics:#?}")))
}

/// Gives the names of the cases of the last run, in their order.
#[track_caller]
fn passes(parts: &[&str], runs: usize) -> Vec<String> {
    let plan = design(parts);
    let server = serve(plan.clone(), &plan);
    let mut names = Vec::new();
    for run in 0..runs {
        let report = suite(&plan, &server, None);
        let told = text(&report, &|_| String::new());
        assert_eq!(failed(&report), [""; 0], "run {run}: {told}");
        assert_eq!(report.unproven(), [""; 0], "run {run}: {told}");
        names = report.results.into_iter().map(|one| one.name).collect();
    }
    names
}

#[test]
fn new_names_of_test_accounts_are_undone() {
    passes(&[USER, CLOSED], 2);
}

#[test]
fn operations_that_change_or_delete_accounts_are_called_by_accounts_of_the_suite() {
    passes(&[USER, OPEN, OPERATIONS], 2);
}

#[test]
fn what_takes_a_test_account_where_nobody_signs_up_comes_last() {
    let names = passes(&[USER, CLOSED, OPERATIONS], 1);
    let last = names.iter().rev().take(4);
    let last: Vec<&str> = last.map(String::as_str).collect();
    let takes = |name: &&str| name.starts_with("op.rename") || name.starts_with("op.leave");
    assert!(last.iter().all(takes), "{last:?}");
}
