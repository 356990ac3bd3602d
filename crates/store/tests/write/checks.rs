//! Checks of the design, over the row and over others.

use crate::script::check;

#[tokio::test]
async fn a_child_may_break_the_check_of_its_parent() {
    check(
        "payments",
        &["ada:merchant", "pat:provider"],
        r#"
        ada: POST /v1/payment-intents {"reference": "r1", "amount": "10.00", "currency": "EUR"} => 201 as intent
        ada: POST /v1/captures {"intent_id": "$intent", "amount": "1.00"} => 403
        ada: POST /v1/payment-intents/$intent/confirm => 200
        pat: POST /v1/payment-intents/$intent/authorise => 200
        ada: POST /v1/captures {"intent_id": "$intent", "amount": "10.01"} => 422 . check
        ada: POST /v1/captures {"intent_id": "$intent", "amount": "6.00"} => 201 as capture
        ada: POST /v1/captures {"intent_id": "$intent", "amount": "4.01"} => 422 . check
        ada: POST /v1/captures {"intent_id": "$intent", "amount": "4.00"} => 201
        ada: GET /v1/payment-intents/$intent => 200 {"captured": "10.00", "net": "10.00"}
        ada: POST /v1/refunds {"capture_id": "$capture", "amount": "4.00"} => 201 {"reason": "requested"} as first
        ada: POST /v1/refunds {"capture_id": "$capture", "amount": "4.00"} => 422 . check
        pat: POST /v1/refunds/$first/fail => 200
        ada: POST /v1/refunds {"capture_id": "$capture", "amount": "4.00"} => 201
        ada: GET /v1/payment-intents/$intent => 200 {"refunded": "4.00", "net": "6.00"}
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_transaction_has_to_balance() {
    check(
        "payments",
        &["ben:bookkeeper"],
        r#"
        ben: POST /v1/ledger-accounts {"code": "bank:eur", "name": "Bank", "kind": "asset", "currency": "EUR"} => 201
        ben: POST /v1/ledger-accounts {"code": "fees:eur", "name": "Fees", "kind": "income", "currency": "EUR"} => 201
        ben: POST /v1/ledger-accounts {"code": "bank:usd", "name": "Bank", "kind": "asset", "currency": "USD"} => 201
        ben: POST /v1/ledger-transactions {"reference": "t1", "currency": "EUR", "entries": [{"account_code": "bank:eur", "amount": "5.00"}]} => 422 . check, . check
        ben: POST /v1/ledger-transactions {"reference": "t1", "currency": "EUR", "entries": [{"account_code": "bank:eur", "amount": "5.00"}, {"account_code": "fees:eur", "amount": "-4.00"}]} => 422 . check
        ben: POST /v1/ledger-transactions {"reference": "t1", "currency": "EUR", "entries": [{"account_code": "bank:usd", "amount": "5.00"}, {"account_code": "fees:eur", "amount": "-5.00"}]} => 422 . check
        ben: POST /v1/ledger-transactions {"reference": "t1", "currency": "EUR", "entries": [{"account_code": "bank:eur", "amount": "5.00"}, {"account_code": "fees:eur", "amount": "0.00"}]} => 422 /entries/1 check
        ben: POST /v1/ledger-transactions {"reference": "t1", "currency": "EUR", "entries": [{"account_code": "bank:eur", "amount": "5.00"}, {"account_code": "fees:eur", "amount": "-5.00"}]} => 201 {"booked_on": "2026-11-24", "entries": [{"amount": "5.00"}, {"amount": "-5.00"}]}
        ben: GET /v1/ledger-accounts/bank:eur => 200 {"balance": "5.00"}
        ben: POST /v1/ledger-transactions {"reference": "t1", "currency": "EUR", "entries": [{"account_code": "bank:eur", "amount": "5.00"}, {"account_code": "fees:eur", "amount": "-5.00"}]} => 409 unique reference
        "#,
    )
    .await;
}

/// Checks that read along every kind of relation.
const WATCHED: &str = r#"
archwright: 1
name: watched
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields: { email: "email, unique" }
    allow: { read: owner }
  Shelf:
    fields:
      owner: User, owner
      label: string(1..20)
      width: int
      books: Book[], by shelf
      tags: Tag[]
    checks:
      room: books.sum(b, b.width) <= width
      few_tags: size(tags) <= 2
      short_tags: tags.all(t, size(t.name) < 5)
    allow: { read: owner, write: owner }
  Book:
    fields:
      owner: User, owner
      shelf: Shelf?
      width: int
      series: Series?
    checks:
      same_tone: series == null || shelf == null || shelf.label.startsWith(series.tone)
    allow: { read: owner, write: owner }
  Series:
    fields: { owner: "User, owner", tone: "string(1..20)" }
    allow: { read: owner, write: owner }
  Tag:
    fields: { owner: "User, owner", name: "string(1..20)" }
    allow: { read: owner, write: owner }
"#;

#[tokio::test]
async fn each_write_that_can_break_a_check_is_judged() {
    check(
        WATCHED,
        &["ada:member"],
        r#"
        ada: POST /v1/shelves {"label": "red one", "width": 10} => 201 as shelf
        ada: POST /v1/shelves {"label": "small", "width": 2} => 201 as small
        ada: POST /v1/books {"shelf_id": "$shelf", "width": 6} => 201 as book
        ada: POST /v1/books {"shelf_id": "$shelf", "width": 5} => 422 . check
        ada: POST /v1/books {"shelf_id": "$shelf", "width": 4} => 201
        # By a field of the child, of the parent, and by moving the child.
        ada: PATCH /v1/books/$book {"width": 7} => 422 . check
        ada: PATCH /v1/shelves/$shelf {"width": 9} => 422 . check
        ada: PATCH /v1/books/$book {"shelf_id": "$small"} => 422 . check
        ada: PATCH /v1/books/$book {"width": 2} => 200
        ada: PATCH /v1/books/$book {"shelf_id": "$small"} => 200
        # Along two relations to one.
        ada: POST /v1/series {"tone": "red"} => 201 as series
        ada: PATCH /v1/books/$book {"series_id": "$series"} => 422 . check
        ada: PATCH /v1/books/$book {"shelf_id": "$shelf", "series_id": "$series"} => 200
        ada: PATCH /v1/shelves/$shelf {"label": "blue one"} => 422 . check
        ada: PATCH /v1/series/$series {"tone": "green"} => 422 . check
        # Along links, from both ends.
        ada: POST /v1/tags {"name": "a"} => 201 as a
        ada: POST /v1/tags {"name": "b"} => 201 as b
        ada: POST /v1/tags {"name": "longer"} => 201 as long
        ada: PATCH /v1/shelves/$shelf {"tag_ids": ["$a", "$b"]} => 200
        ada: PUT /v1/shelves/$shelf/tags/$long => 409 check
        ada: PATCH /v1/shelves/$shelf {"tag_ids": ["$long"]} => 422 . check
        ada: PATCH /v1/tags/$a {"name": "aaaaa"} => 422 . check
        ada: PATCH /v1/tags/$long {"name": "longest"} => 200
        ada: PATCH /v1/tags/$long {"name": "c"} => 200
        ada: PUT /v1/shelves/$shelf/tags/$long => 409 check
        ada: DELETE /v1/shelves/$shelf/tags/$a => 204
        ada: PUT /v1/shelves/$shelf/tags/$long => 204
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_deletion_may_break_a_check_too() {
    check(
        r#"
archwright: 1
name: kept
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields: { email: "email, unique" }
    allow: { read: owner }
  Team:
    fields: { owner: "User, owner", closed: "bool = false", opened: "bool = false", seats: "Seat[], by team" }
    checks:
      somebody: closed || size(seats) >= 1 || !opened
    allow: { read: owner, write: owner }
  Seat:
    fields: { owner: "User, owner", team: "Team, on-delete cascade" }
    allow: { read: owner, write: owner }
"#,
        &["ada:member"],
        r#"
        ada: POST /v1/teams {} => 201 as team
        ada: POST /v1/seats {"team_id": "$team"} => 201 as seat
        ada: PATCH /v1/teams/$team {"opened": true} => 200
        ada: DELETE /v1/seats/$seat => 409 check
        ada: POST /v1/seats {"team_id": "$team"} => 201
        ada: DELETE /v1/seats/$seat => 204
        ada: DELETE /v1/teams/$team => 204
        "#,
    )
    .await;
}

#[tokio::test]
async fn unique_values_are_free_again_after_a_deletion() {
    check(
        "helpdesk",
        &["ada@acme:requester", "ann@acme:agent", "lea@acme:lead", "gus@globex:agent"],
        r#"
        ada: POST /v2/tickets {"subject": "Help", "question": "Why?", "reference": "r1"} => 201 as ticket
        ann: POST /v2/tickets {"subject": "Help", "question": "Why?", "reference": "r1"} => 409 unique organisation_slug, reference
        gus: POST /v2/tickets {"subject": "Help", "question": "Why?", "reference": "r1"} => 201
        ann: POST /v2/tickets {"subject": "Help", "question": "Why?"} => 201
        ann: POST /v2/tickets {"subject": "Help", "question": "Why?"} => 201
        ann: POST /v2/tickets/$ticket/solve {"resolution": "Because."} => 200
        lea: POST /v2/tickets/$ticket/close => 200
        lea: DELETE /v2/tickets/$ticket => 204
        ann: POST /v2/tickets {"subject": "Help", "question": "Why?", "reference": "r1"} => 201
        "#,
    )
    .await;
}
