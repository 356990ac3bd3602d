//! Settings of the whole API that contracts of others ask for: the right server passes every case, one that leaves them
//! aside does not.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

mod common;

use archwright_plan::Plan;
use archwright_plan::model::Unknown;
use archwright_suite::text;
use common::{failed, postgres_database, serve, serve_on, suite};

fn design(text: &str) -> Plan {
    let files = [("design.yaml".to_owned(), text.as_bytes().to_vec())];
    let (model, diagnostics) = archwright_model::check(&archwright_design::read(&files));
    archwright_plan::plan(model.unwrap_or_else(|| panic!("{diagnostics:#?}")))
}

/// The right server passes, on both databases.
#[track_caller]
fn passes(design: &Plan) {
    let servers = [
        serve(design.clone(), design),
        serve_on(postgres_database(), design.clone(), design),
    ];
    for server in servers {
        let report = suite(design, &server, None);
        let told = text(&report, &|_| String::new());
        assert!(report.passed() > 0, "{told}");
        assert_eq!(failed(&report), [""; 0], "{told}");
        assert_eq!(report.unproven(), [""; 0], "{told}");
    }
}

/// A server of the changed plan fails cases with this in their names.
#[track_caller]
fn catches(design: &Plan, cases: &str, change: impl FnOnce(&mut Plan)) {
    let mut mutant = design.clone();
    change(&mut mutant);
    let server = serve(mutant, design);
    let report = suite(design, &server, Some(cases));
    let told = text(&report, &|_| String::new());
    assert!(!failed(&report).is_empty(), "{told}");
}

const LENIENT: &str = "
archwright: 1
name: notes
api: { unknown: ignore }
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields: { email: 'email, unique' }
    allow: { read: owner }
  Note:
    fields: { title: 'string(1..20), filter', size: 'int, min 0 = 0', lines: 'Line[], composed' }
    allow: { read: anyone, write: member }
  Line:
    fields: { text: string(1..20) }
operations:
  add:
    route: POST /add
    by: member
    input: { query: { size: 'int, min 0 = 0' }, body: { note: { title: string(1..20) } } }
    steps:
      - create: { note: Note }
        set: { title: body.note.title, size: query.size }
    reply: { 201: { title: note.title } }
  strict:
    route: POST /strict
    by: member
    unknown: refuse
    input: { body: { title: string(1..20) } }
    reply: { 200: { title: body.title } }
";

#[test]
fn what_nobody_declared_is_left_alone() {
    passes(&design(LENIENT));
}

#[test]
fn a_server_that_refuses_what_it_should_leave_alone_is_found_out() {
    for case in [
        "notes.list/ignored",
        "notes.create/ignored",
        "notes.update/ignored",
        "op.add/ignored",
    ] {
        catches(&design(LENIENT), case, |plan| {
            for operation in &mut plan.operations {
                operation.unknown = Unknown::Refuse;
            }
        });
    }
}

#[test]
fn a_server_that_leaves_alone_what_it_should_refuse_is_found_out() {
    catches(&design(LENIENT), "op.strict/closed/*", |plan| {
        for operation in &mut plan.operations {
            operation.unknown = Unknown::Ignore;
        }
    });
}
