//! Moves from state to state.

use crate::script::{NOW, World, check};

const SHOP: &str = r#"
        sue: POST /v1/categories {"name": "Crime"} => 201
        sue: POST /v1/books {"isbn": "9780441478125", "title": "Gaudy Night", "price": "8.00", "stock": 3, "category_slug": "crime"} => 201
"#;

#[tokio::test]
async fn an_order_goes_its_way() {
    let mut world = check(
        "bookshop",
        &["ada:customer", "bob:customer", "sue:staff"],
        SHOP,
    )
    .await;
    world
        .run(
            r#"
        ada: POST /v1/orders {} => 201 as order
        ada: POST /v1/orders/$order/place => 409 condition-unmet
        ada: PATCH /v1/orders/$order {"status": "paid"} => 422 /status read-only
        ada: PATCH /v1/orders/$order {"deliver_to": "Home", "lines": [{"book_isbn": "9780441478125", "quantity": 4}]} => 200 {"total": "32.00"}
        ada: POST /v1/orders/$order/place => 409 condition-unmet
        ada: PATCH /v1/orders/$order {"lines": [{"book_isbn": "9780441478125", "quantity": 2}]} => 200 {"total": "16.00", "status": "draft", "version": 3}
        bob: POST /v1/orders/$order/place => 404
        sue: POST /v1/orders/$order/place => 403
        nobody: POST /v1/orders/$order/place => 401
        sue: POST /v1/orders/$order/pay => 409 illegal-move
        ada: POST /v1/orders/$order/place {"now": true} => 422 /now unknown
        ada: POST /v1/orders/$order/place [if-match 2] => 412
        ada: POST /v1/orders/$order/place [if-match 3] => 200 {"status": "placed", "agreed_total": "16.00", "placed_at": "2026-11-24T10:00:00.000Z", "version": 4}
        ada: POST /v1/orders/$order/place => 409 illegal-move
        ada: PATCH /v1/orders/$order {"deliver_to": "Away"} => 403
        ada: PATCH /v1/orders/$order {"status": "paid"} => 403
        sue: POST /v1/orders/$order/pay {} => 200 {"status": "paid"}
        ada: POST /v1/orders/$order/cancel => 403
        sue: POST /v1/orders/$order/ship => 422 /tracking required
        sue: POST /v1/orders/$order/ship {"tracking": "x", "more": 1} => 422 /more unknown, /tracking too-short
        sue: POST /v1/orders/$order/ship {"tracking": "AN 1234"} => 200 {"status": "shipped", "tracking": "AN 1234", "shipped_at": "2026-11-24T10:00:00.000Z"}
        sue: POST /v1/orders/$order/cancel => 409 illegal-move
        "#,
        )
        .await;
    assert_eq!(
        world.query("SELECT changes FROM audit_entries WHERE operation = 'orders.ship'"),
        [
            r#"{"status":{"to":"shipped","from":"paid"},"tracking":{"to":"AN 1234","from":null},"shipped_at":{"to":"2026-11-24T10:00:00.000Z","from":null}}"#
        ]
    );
}

#[tokio::test]
async fn a_move_may_unset_and_refer_to_the_caller() {
    check(
        "profile",
        &["ada:member", "sue:support"],
        r#"
        ada: POST /v1/documents {"kind": "passport", "number": "P1234567", "expires_on": "2020-01-01"} => 201 as document
        sue: POST /v1/documents/$document/verify => 409 condition-unmet
        sue: POST /v1/documents/$document/reject {"reason": "It has expired."} => 200 {"status": "rejected", "decided_by_id": "$sue", "reason": "It has expired."}
        ada: POST /v1/documents/$document/resubmit => 200 {"status": "submitted", "decided_by_id": null, "reason": null, "decided_at": null}
        "#,
    )
    .await;
}

#[tokio::test]
async fn without_a_body_to_mend_a_broken_check_is_a_conflict() {
    let design = r#"
archwright: 1
name: stock
entities:
  Item:
    fields:
      left: int = 1
      status: enum(kept, sold) = kept
    checks:
      some_left: { that: left >= 0, message: There are none left. }
    moves:
      sell: { from: kept, to: sold, by: anyone, set: { left: left - 2 } }
      give: { from: kept, to: sold, by: anyone, input: { count: int }, set: { left: left - input.count } }
    allow: { read: anyone, create: anyone }
operations:
  take:
    route: POST /items/{id}/take
    input: { path: { id: uuid } }
    by: anyone
    steps:
      - find: { item: Item }
        where: id == path.id
      - increment: { item.left: -2 }
    reply: { 204: ~ }
  takeSome:
    route: POST /items/{id}/take-some
    by: anyone
    input: { path: { id: uuid }, body: { count: int } }
    steps:
      - find: { item: Item }
        where: id == path.id
      - update: item
        set: { left: item.left - body.count }
    reply: { 204: ~ }
"#;
    check(
        design,
        &[],
        r#"
        nobody: POST /v1/items {} => 201 {"left": 1} as item
        nobody: POST /v1/items/$item/sell => 409 check
        nobody: POST /v1/items/$item/sell {} => 409 check
        nobody: POST /v1/items/$item/sell {"count": 2} => 422 /count unknown
        nobody: POST /v1/items/$item/give {"count": 2} => 422 . check
        nobody: POST /v1/items/$item/take => 409 check
        nobody: POST /v1/items/$item/take-some {"count": 2} => 409 check
        nobody: POST /v1/items/$item/take-some {"count": 1} => 204
        nobody: GET /v1/items/$item => 200 {"left": 0, "status": "kept"}
        "#,
    )
    .await;
}

#[tokio::test]
async fn conditions_look_at_the_clock() {
    let mut world = World::new("helpdesk", &["ada@acme:requester", "ann@acme:agent"]).await;
    world
        .run(
            r#"
        ada: POST /v2/tickets {"subject": "Help", "question": "Why?"} => 201 as ticket
        ann: POST /v2/tickets/$ticket/solve {"resolution": "Because."} => 200
        "#,
        )
        .await;
    world.now = NOW + 15 * 86_400_000;
    world
        .run("ada: POST /v2/tickets/$ticket/reopen => 409 condition-unmet")
        .await;
    world.now = NOW + 13 * 86_400_000;
    world
        .run(r#"ada: POST /v2/tickets/$ticket/reopen => 200 {"resolution": null, "updated_at": "2026-12-07T10:00:00.000Z"}"#)
        .await;
}

#[tokio::test]
async fn inputs_have_types_defaults_and_references() {
    check(
        r#"
archwright: 1
name: inputs
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields: { email: "email, unique" }
    allow: { read: owner }
  Task:
    fields:
      owner: User, owner
      status: enum(open, given) = open
      keeper: User?, read-only
      hours: int?, read-only, min 0
      price: decimal(6,2)?, read-only
      word: string(1..5)?, read-only
    moves:
      give:
        from: open
        to: given
        by: owner
        when: input.price > 1 && size(input.words) < 3 && !('no' in input.words)
        input:
          keeper: User
          hours: int, min 1, max 8 = 2
          price: decimal(6,1)
          words: "string(1..3)[]"
          word: string(1..10)?
        set: { keeper: input.keeper, hours: input.hours * 2, price: input.price, word: input.word }
    allow: { read: owner, write: owner }
"#,
        &["ada:member", "bob:member"],
        r#"
        ada: POST /v1/tasks {} => 201 as task
        ada: POST /v1/tasks/$task/give {"keeper": "$bob", "price": "2.5", "words": []} => 422 /keeper not-found
        ada: POST /v1/tasks/$task/give {"keeper": "$bob", "price": "2.50", "hours": 9, "words": ["a", "long word"]} => 422 /hours too-large, /price format, /words/1 too-long, /keeper not-found
        ada: POST /v1/tasks/$task/give {"keeper": "$ada", "price": "1.0", "words": []} => 409 condition-unmet
        ada: POST /v1/tasks/$task/give {"keeper": "$ada", "price": "2.5", "words": ["no"]} => 409 condition-unmet
        ada: POST /v1/tasks/$task/give {"keeper": "$ada", "price": "2.5", "words": ["a", "b", "c"]} => 409 condition-unmet
        ada: POST /v1/tasks/$task/give {"keeper": "$ada", "price": "2.5", "words": ["a"], "word": "too long"} => 422 /word check
        ada: POST /v1/tasks/$task/give {"keeper": "$ada", "price": "2.5", "words": ["a"], "word": null} => 200 {"keeper_id": "$ada", "hours": 4, "price": "2.50", "word": null, "status": "given"}
        "#,
    )
    .await;
}
