//! Who may write what, and what the others are told.

use crate::script::{World, check};
use archwright_plan::model::RoleId;
use archwright_store::Failure;

#[tokio::test]
async fn rows_are_unknown_forbidden_or_beyond_who_is_not_signed_in() {
    check(
        "bookshop",
        &["ada:customer", "bob:customer", "sue:staff"],
        r#"
        nobody: POST /v1/orders {} => 401
        ada: POST /v1/orders {} => 201 {"customer_id": "$ada", "status": "draft"} as order
        ada: PATCH /v1/orders/$order {"deliver_to": "Home"} => 200
        # Bob may not know of it, staff may read but not change it.
        bob: PATCH /v1/orders/$order {"deliver_to": "Mine"} => 404
        bob: PATCH /v1/orders/$order {"nonsense": 1} => 404
        sue: PATCH /v1/orders/$order {"deliver_to": "Desk"} => 403
        sue: PATCH /v1/orders/$order {"nonsense": 1} => 403
        nobody: PATCH /v1/orders/$order {"deliver_to": "Street"} => 401
        bob: DELETE /v1/orders/$order => 404
        sue: DELETE /v1/orders/$order => 403
        ada: PATCH /v1/orders/no-id {"deliver_to": "Home"} => 400 id format
        ada: POST /v1/orders {"customer_id": "$bob"} => 422 /customer_id read-only
        ada: DELETE /v1/orders/$order => 204
        ada: PATCH /v1/orders/$order {"deliver_to": "Home"} => 404
        "#,
    )
    .await;
}

#[tokio::test]
async fn tenants_do_not_meet() {
    check(
        "helpdesk",
        &[
            "ada@acme:requester",
            "ann@acme:agent",
            "gus@globex:agent",
            "lea@acme:lead",
            "gil@globex:lead",
        ],
        r#"
        ada: POST /v2/tickets {"subject": "Help", "question": "Why?"} => 201 as ticket
        gus: PATCH /v2/tickets/$ticket {"subject": "Mine"} => 404
        ann: PATCH /v2/tickets/$ticket {"subject": "Help!"} => 200 {"subject": "Help!"}
        # Somebody of another organisation, and the own.
        ann: PATCH /v2/tickets/$ticket {"assignee_id": "$gus"} => 422 /assignee_id not-found
        ann: PATCH /v2/tickets/$ticket {"assignee_id": "$ann"} => 200 {"assignee_id": "$ann"}
        gil: POST /v2/teams {"name": "First line"} => 201 as globexteam
        lea: POST /v2/teams {"name": "First line"} => 201 as acmeteam
        lea: POST /v2/teams {"name": "First line"} => 409 unique organisation_slug, name
        ann: PATCH /v2/tickets/$ticket {"team_id": $globexteam} => 422 /team_id not-found
        ann: PATCH /v2/tickets/$ticket {"team_id": $acmeteam} => 200
        "#,
    )
    .await;
}

#[tokio::test]
async fn some_fields_are_for_some() {
    check(
        "helpdesk",
        &["ada@acme:requester", "ann@acme:agent"],
        r#"
        ada: POST /v2/tickets {"subject": "Help", "question": "Why?", "priority": "urgent", "due_at": null} => 403 priority, due_at
        ann: POST /v2/tickets {"subject": "Help", "question": "Why?", "priority": "urgent"} => 201 {"priority": "urgent", "requester_id": "$ann"}
        ada: POST /v2/tickets {"subject": "Help", "question": "Why?"} => 201 as ticket
        ada: PATCH /v2/tickets/$ticket {"priority": "low"} => 403 priority
        ann: PATCH /v2/tickets/$ticket {"priority": "low"} => 200
        "#,
    )
    .await;
}

/// `when` and `after` of one alternative, and of a field's.
const BUDGET: &str = r#"
archwright: 1
name: budget
roles:
  member: { sign-up: open }
  boss: { granted-by: boss }
entities:
  User:
    account: email
    fields: { email: "email, unique" }
    allow: { read: owner }
  Claim:
    fields:
      owner: User, owner
      amount: int, min 0
      reason: { type: "string(1..20)?", settable: "owner when amount < 50, boss" }
      is_public: bool = false
    allow:
      read: owner, boss, anyone when is_public
      create: [{ by: owner, after: amount <= 100 }, boss]
      update: [{ by: owner, when: amount < 90, after: amount <= 100 }, boss]
      delete: owner when amount == 0, anyone when is_public && amount == 1
"#;

#[tokio::test]
async fn the_row_that_is_left_is_judged_too() {
    check(
        BUDGET,
        &["ada:member", "max:boss"],
        r#"
        ada: POST /v1/claims {"amount": 101} => 403
        max: POST /v1/claims {"amount": 101} => 201 {"owner_id": "$max"}
        ada: POST /v1/claims {"amount": 80} => 201 as claim
        ada: PATCH /v1/claims/$claim {"amount": 101} => 403
        ada: GET /v1/claims/$claim => 200 {"amount": 80, "version": 1}
        ada: PATCH /v1/claims/$claim {"amount": 95} => 200
        ada: PATCH /v1/claims/$claim {"amount": 1} => 403
        max: PATCH /v1/claims/$claim {"amount": 1000} => 200
        ada: DELETE /v1/claims/$claim => 403
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_field_may_be_set_on_some_rows() {
    check(
        BUDGET,
        &["ada:member"],
        r#"
        ada: POST /v1/claims {"amount": 60, "reason": "Lunch"} => 403 reason
        ada: POST /v1/claims {"amount": 40, "reason": "Lunch"} => 201 as claim
        ada: PATCH /v1/claims/$claim {"reason": "Dinner"} => 200
        ada: PATCH /v1/claims/$claim {"amount": 60} => 200
        ada: PATCH /v1/claims/$claim {"reason": null} => 403 reason
        ada: PATCH /v1/claims/$claim {"amount": 40, "reason": null} => 403 reason
        "#,
    )
    .await;
}

#[tokio::test]
async fn signing_in_is_asked_for_where_it_may_help() {
    check(
        BUDGET,
        &["ada:member"],
        r#"
        ada: POST /v1/claims {"amount": 2, "is_public": true} => 201 as shown
        ada: POST /v1/claims {"amount": 2} => 201 as hidden
        nobody: DELETE /v1/claims/$shown => 401
        nobody: DELETE /v1/claims/$hidden => 404
        ada: PATCH /v1/claims/$shown {"amount": 1} => 200
        nobody: DELETE /v1/claims/$shown => 204
        "#,
    )
    .await;
}

#[tokio::test]
async fn roles_are_given_and_taken_by_those_that_grant_them() {
    let world = check(
        "bookshop",
        &["ada:customer", "sue:staff", "max:admin"],
        r#"
        max: PUT /v1/users/$ada/roles {"roles": ["customer", "staff"]} => 200 {"roles": ["customer", "staff"]}
        max: PUT /v1/users/$ada/roles {"roles": ["staff"]} => 403 roles
        sue: PUT /v1/users/$ada/roles {"roles": ["staff"]} => 403
        nobody: PUT /v1/users/$ada/roles {"roles": ["staff"]} => 401
        max: PUT /v1/users/$sue/roles {"roles": []} => 200 {"roles": [], "version": 2}
        max: PUT /v1/users/$sue/roles {"roles": ["admin", "staff"]} => 200 {"roles": ["admin", "staff"]}
        max: PUT /v1/users/$sue/roles {"roles": ["king", "staff", "staff"], "more": 1} => 422 /more unknown, /roles/0 one-of, /roles/2 duplicate
        max: PUT /v1/users/$sue/roles {} => 422 /roles required
        max: PUT /v1/users/$sue/roles {"roles": "staff"} => 422 /roles type
        "#,
    )
    .await;
    assert_eq!(
        world.query("SELECT changes FROM audit_entries ORDER BY id LIMIT 1"),
        [r#"{"roles":{"to":["customer","staff"],"from":["customer"]}}"#]
    );
}

#[tokio::test]
async fn an_operator_gives_a_role_whoever_grants_it() {
    let world = World::new("bookshop", &["ada:customer"]).await;
    let mut roles = world.store.plan().model.roles.iter();
    let admin = RoleId(roles.position(|role| role.name == "admin").unwrap());
    let (ada, nobody) = (world.filled("$ada"), world.context("nobody"));
    let give = || world.store.appoint(ada.clone(), admin, nobody.clone());
    assert!(give().await.unwrap());
    assert!(!give().await.unwrap());
    assert_eq!(
        world.query("SELECT roles FROM auth_credentials"),
        [r#"["customer","admin"]"#]
    );
    assert_eq!(world.query("SELECT version FROM users"), ["2"]);
    assert_eq!(
        world.query("SELECT changes FROM audit_entries WHERE account_id IS NULL"),
        [r#"{"roles":{"to":["customer","admin"],"from":["customer"]}}"#]
    );
    let unknown = "00000000-0000-7000-8000-000000000000".to_owned();
    let gone = world.store.appoint(unknown, admin, nobody.clone()).await;
    assert!(matches!(gone, Err(Failure::NotFound)));
}

#[tokio::test]
async fn the_fields_of_a_part_are_for_the_owner_of_its_whole() {
    check(
        r#"
archwright: 1
name: parts
roles:
  member: { sign-up: open }
  desk: { granted-by: desk }
entities:
  User:
    account: email
    fields: { email: "email, unique" }
    allow: { read: owner }
  Order:
    fields: { customer: "User, owner", lines: "Line[], composed" }
    allow: { read: "owner, desk", create: owner, update: "owner, desk" }
  Line:
    fields:
      name: string(1..9)
      wish: { type: "string(1..9)?", settable: owner, visible: owner }
"#,
        &["ada:member", "dan:desk"],
        r#"
        ada: POST /v1/orders {"lines": [{"name": "a", "wish": "blue"}]} => 201 {"lines": [{"wish": "blue"}]} as order
        dan: GET /v1/orders/$order => 200 {"lines": [{"name": "a", "wish": "<absent>"}]}
        dan: PATCH /v1/orders/$order {"lines": [{"name": "b"}]} => 200
        dan: PATCH /v1/orders/$order {"lines": [{"name": "b", "wish": "red"}]} => 403 /lines/0/wish
        "#,
    )
    .await;
}

#[tokio::test]
async fn an_account_that_somebody_else_makes_has_no_password_and_no_roles() {
    let world = check(
        r#"
archwright: 1
name: made
roles:
  member: { sign-up: open, granted-by: boss }
  boss: { granted-by: boss }
entities:
  User:
    account: email
    fields: { email: "email, unique" }
    allow: { read: "owner, boss", create: boss }
"#,
        &["max:boss"],
        r#"
        max: POST /v1/users {"email": "new@example.com"} => 201 {"roles": []} as new
        max: PUT /v1/users/$new/roles {"roles": ["member"]} => 200 {"roles": ["member"]}
        "#,
    )
    .await;
    assert_eq!(
        world.query("SELECT password_hash FROM auth_credentials ORDER BY account_id DESC LIMIT 1"),
        ["!"]
    );
}
