//! What the plan lets the database judge of rows, and what it says it can't.
#![expect(
    clippy::unwrap_used,
    reason = "a test whose design has no such part has failed"
)]

use archwright_plan::model::lower;
use archwright_plan::{Permit, Plan, TableSecurity, cel, json, plan, render_text};

const DESK: &str = "
archwright: 1
name: desk
stack: { database: postgres, rls: true }
roles:
  member: { sign-up: open }
  clerk: { granted-by: clerk }
entities:
  User:
    account: email
    fields:
      email: email, unique
      phone: phone?, sensitive, filter
    allow: { get: owner, update: owner when phone == null }
  Case:
    fields:
      author: User, owner
      title: string(1..80)
      code: string(1..8)?, sensitive, unique
      open: bool = true
      parent: Case?
      status: enum(new, done) = new
      steps: Step[], composed
      notes: Note[], by case
    allow:
      read: anyone when status == 'done', owner, clerk when code == 'x'
      create: { by: owner, when: size(steps) > 0, after: parent == null || parent.open }
      update: { by: owner, when: open && size(notes) < 3, after: size(steps) > 0 }
      delete: owner when size(notes) == 0 && open
    moves:
      finish: { from: new, to: done, by: clerk, when: size(steps) > input.least, input: { least: int } }
  Step:
    fields: { what: string(1..80) }
  Note:
    fields: { case: Case, text: string(1..80) }
    allow: { read: anyone }
    soft-delete: true
";

fn planned(design: &str) -> Plan {
    let reading =
        archwright_design::read(&[("design.yaml".to_owned(), design.as_bytes().to_vec())]);
    let (model, diagnostics) = lower(&reading.design);
    plan(model.unwrap_or_else(|| panic!("{diagnostics:?} {:?}", reading.diagnostics)))
}

fn table<'p>(plan: &'p Plan, name: &str) -> &'p TableSecurity {
    let security = plan.row_security.as_ref().unwrap();
    let mut tables = security.tables.iter();
    tables
        .find(|one| plan.tables[one.table].name == name)
        .unwrap()
}

/// Conditions and what is left out, of each permit.
fn check(plan: &Plan, permits: &[Permit], expected: &[(&str, &str)]) {
    let text = |permit: &Permit| {
        let when = permit.when.iter().chain(&permit.after);
        let when: Vec<String> = when.map(|one| cel(&plan.model, one)).collect();
        let left: Vec<String> = permit
            .left_out
            .iter()
            .map(|one| cel(&plan.model, one))
            .collect();
        (when.join("; "), left.join("; "))
    };
    let found: Vec<(String, String)> = permits.iter().map(text).collect();
    let expected = expected.iter();
    let expected: Vec<(String, String)> = expected
        .map(|(when, left)| ((*when).to_owned(), (*left).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_policy_leaves_out_what_the_database_has_no_key_for() {
    let plan = planned(DESK);
    let cases = table(&plan, "cases");
    check(
        &plan,
        &cases.read,
        &[
            ("status == 'done'", ""),
            ("author == caller", ""),
            ("", "code == 'x'"),
        ],
    );
    // Whether an encrypted field is missing can be seen without a key.
    let users = table(&plan, "users");
    check(
        &plan,
        &users.change,
        &[("self == caller && phone == null", "")],
    );
}

#[test]
fn a_policy_leaves_out_what_is_not_written_yet_or_gone_already() {
    let plan = planned(DESK);
    let cases = table(&plan, "cases");
    check(
        &plan,
        &cases.create,
        &[(
            "author == caller",
            "steps.size() > 0; parent == null || parent.open",
        )],
    );
    check(
        &plan,
        &cases.change,
        &[
            (
                "author == caller && open && notes.size() < 3",
                "steps.size() > 0",
            ),
            ("", "steps.size() > input.least"),
        ],
    );
    check(
        &plan,
        &cases.delete,
        &[("author == caller && open", "notes.size() == 0")],
    );
}

#[test]
fn a_part_is_written_by_what_a_request_can_not_change_of_its_whole() {
    let plan = planned(DESK);
    let steps = table(&plan, "steps");
    let written = [("author == caller", "open; notes.size() < 3")];
    check(&plan, &steps.create, &written);
    check(&plan, &steps.delete, &written);
    let case = plan.model.entity(steps.subject);
    assert_eq!(case.name, "Case");
    assert_eq!(steps.path.len(), 1);
}

#[test]
fn changes_set_only_what_some_operation_sets() {
    let plan = planned(DESK);
    assert_eq!(
        table(&plan, "cases").columns,
        [
            "title",
            "code",
            "code_index",
            "open",
            "parent_id",
            "status",
            "updated_at",
            "version"
        ]
    );
    // Deletion is a mark, which no caller sets.
    let notes = table(&plan, "notes");
    assert!(notes.delete.is_empty() && notes.change.is_empty());
}

#[test]
fn it_is_told_and_only_where_the_design_asks_for_it() {
    let plan = planned(DESK);
    let text = render_text(&plan);
    for line in [
        "    change: clerk from status new to done  for cases.finish\n",
        "      judged by the server alone: steps.size() > input.least\n",
        "    create: owner when author == caller of the Case  for cases.update\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let document = serde_json::to_value(json(&plan)).unwrap();
    let cases = document["row_security"].as_array().unwrap().iter();
    let cases = cases
        .filter(|one| one["table"] == "cases")
        .collect::<Vec<_>>();
    assert_eq!(cases[0]["change"][1]["to"], "done");
    assert_eq!(cases[0]["delete"][0]["left_out"][0], "notes.size() == 0");
    let without = planned(&DESK.replace(", rls: true", ""));
    assert!(without.row_security.is_none());
    assert!(!render_text(&without).contains("ROW SECURITY"));
}
