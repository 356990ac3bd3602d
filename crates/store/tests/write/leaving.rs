//! Who changes their tenant takes what they are with them.

use crate::script::check;

/// Accounts found companies of their own, and take what refers to them with them.
const LEAVING: &str = r#"
archwright: 1
name: leaving
roles: { member: { sign-up: open } }
entities:
  Company:
    tenant: true
    fields: { name: string(1..60) }
    allow: { create: anyone, read: signed-in }
  User:
    account: email
    fields:
      email: email, unique
      name: string(1..60)
      company: Company, tenant
    allow: { read: signed-in, update: owner }
  Task:
    id: int
    fields:
      company: Company, tenant
      title: string(1..60)
      assignee: User
    allow: { create: signed-in, read: signed-in }
operations:
  start:
    route: POST /start
    by: signed-in
    input: { body: { name: string(1..60) } }
    steps:
      - create: { company: Company }
        set: { name: body.name }
      - update: caller
        set: { company: company }
    reply: { 200: { id: company.id } }
  who:
    route: GET /who
    by: signed-in
    steps:
      - list: { tasks: Task }
      - list: { mine: Task }
        where: assignee == caller
        count: own
    reply: { 200: { own: own, tasks: { each: tasks, as: t, item: { title: t.title, company: t.company.name, name: t.assignee.name, mine: t.assignee == caller, other: t.assignee != caller } } } }
"#;

#[tokio::test]
async fn who_left_a_tenant_is_not_shown_to_it() {
    let people = ["ada@acme:member", "abe@acme:member"];
    check(
        LEAVING,
        &people,
        r#"
        ada: POST /v1/tasks {"title": "t", "assignee_id": "$abe"} => 201
        ada: POST /v1/tasks {"title": "u", "assignee_id": "$ada"} => 201
        ada: GET /v1/who => 200 {"own": 1, "tasks": [{"name": "ada", "mine": true, "other": false}, {"company": "acme", "name": "abe", "mine": false, "other": true}]}
        abe: GET /v1/who => 200 {"own": 1}
        abe: POST /v1/start {"name": "new"} => 200
        abe: PATCH /v1/users/$abe {"name": "secret"} => 200
        ada: GET /v1/users/$abe => 404
        ada: GET /v1/who => 200 {"own": 1, "tasks": [{"name": "ada", "mine": true, "other": false}, {"company": "acme", "name": null, "mine": false, "other": true}]}
        abe: GET /v1/who => 200 {"own": 0, "tasks": []}
        "#,
    )
    .await;
}
