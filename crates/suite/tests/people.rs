//! People with one row each, made by themselves or by somebody who appoints them: the right server passes.

mod common;

use archwright_suite::text;
use common::{failed, postgres_database, serve, serve_on, suite};

const STAFF: &str = "
archwright: 1
name: staff
roles:
  member: { sign-up: open }
  trainer: { granted-by: admin }
  admin: { includes: trainer, granted-by: admin }
entities:
  User:
    account: email
    fields: { email: 'email, unique' }
    allow: { read: 'owner, admin' }
  Trainer:
    fields:
      user: { type: User, owner: true, unique: true, settable: admin }
      remark: string(1..200)?
    allow:
      read: owner, admin
      create: trainer
      update: owner, admin
      delete: admin
";

#[test]
fn who_signs_up_gets_the_role_that_a_row_of_their_own_needs() {
    let files = [("design.yaml".to_owned(), STAFF.as_bytes().to_vec())];
    let (model, diagnostics) = archwright_model::check(&archwright_design::read(&files));
    let plan = archwright_plan::plan(model.unwrap_or_else(|| panic!("{diagnostics:#?}")));
    let servers = [
        serve(plan.clone(), &plan),
        serve_on(postgres_database(), plan.clone(), &plan),
    ];
    for server in servers {
        let report = suite(&plan, &server, None);
        let told = text(&report, &|_| String::new());
        assert_eq!(failed(&report), [""; 0], "{told}");
        assert_eq!(report.unproven(), [""; 0], "{told}");
    }
}
