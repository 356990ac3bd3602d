//! Parts that change without a write of their whole: it is another version, and has the audit entry.

use crate::script::check;

const CARTS: &str = r#"
archwright: 1
name: carts
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields: { email: "email, unique" }
    allow: { get: owner }
  Cart:
    fields: { owner: "User, owner", items: "Item[], composed", tags: "Tag[]" }
    audit: true
    allow: { read: owner, write: owner }
  Item:
    fields:
      product: Product?
      brand: "Brand?, on-delete cascade"
      amount: "int = 1"
      notes: "Note[], composed"
  Note: { fields: { text: "string(1..9)" } }
  Product:
    fields: { name: "string(1..9)" }
    allow: { read: member, write: member }
  Brand:
    fields: { name: "string(1..9)" }
    allow: { read: member, write: member }
  Tag:
    key: name
    fields: { name: "slug, unique" }
    allow: { read: member, write: member }
operations:
  annotate:
    route: POST /notes
    by: signed-in
    input: { body: { text: "string(1..9)" } }
    steps:
      - find: { note: Note }
      - update: note
        set: { text: body.text }
    reply: { 204: ~ }
  tag:
    route: POST /tagged
    by: signed-in
    steps:
      - find: { cart: Cart }
      - find: { tag: Tag }
      - link: { cart.tags: tag }
    reply: { 204: ~ }
  twice:
    route: POST /twice
    by: signed-in
    steps:
      - find: { product: Product }
      - delete: product
      - update: product
        set: { name: "'gone'" }
        else: 410
    reply: { 204: ~ }
  again:
    route: POST /again
    by: signed-in
    steps:
      - find: { product: Product }
      - delete: product
      - delete: product
        else: gone
    reply: { 204: ~ }
"#;

const FILLED: &str = r#"
    ada: POST /v1/products {"name": "p"} => 201 as product
    ada: POST /v1/brands {"name": "b"} => 201 as brand
    ada: POST /v1/carts {"items": [{"product_id": "$product", "brand_id": "$brand", "notes": [{"text": "n"}]}]} => 201 as cart
    ada: GET /v1/carts/$cart => 200 {"version": 1}
"#;

#[tokio::test]
async fn a_whole_is_another_version_when_its_parts_change_by_themselves() {
    let script = r#"
        ada: DELETE /v1/products/$product => 204
        ada: GET /v1/carts/$cart => 200 {"version": 2, "items": [{"product_id": null}]}
        ada: POST /v1/notes {"text": "m"} => 204
        ada: GET /v1/carts/$cart => 200 {"version": 3, "items": [{"notes": [{"text": "m"}]}]}
        ada: POST /v1/tags {"name": "red"} => 201
        ada: POST /v1/tagged => 204
        ada: POST /v1/tagged => 204
        ada: GET /v1/carts/$cart => 200 {"version": 4}
        ada: DELETE /v1/brands/$brand => 204
        ada: GET /v1/carts/$cart => 200 {"version": 5, "items": []}
        ada: PATCH /v1/carts/$cart {"items": [{"amount": 1}, {"amount": 2}]} => 200 {"version": 6}
        ada: PATCH /v1/carts/$cart {"items": []} => 200 {"version": 7}
    "#;
    let world = check(CARTS, &["ada:member"], &format!("{FILLED}{script}")).await;
    let audited = "SELECT operation FROM audit_entries WHERE entity = 'Cart' ORDER BY id";
    assert_eq!(
        world.query(audited),
        [
            "carts.create",
            "products.delete",
            "op.annotate",
            "op.tag",
            "brands.delete",
            "carts.update",
            "carts.update"
        ]
    );
    let parts = "SELECT count(*) FROM audit_entries WHERE entity IN ('Item', 'Note')";
    assert_eq!(world.query(parts), ["0"]);
}

#[tokio::test]
async fn a_step_on_a_row_that_an_earlier_one_deleted_ends_as_it_says() {
    let script = r#"
        ada: POST /v1/twice => 410
        ada: POST /v1/again => 410
        ada: GET /v1/products/$product => 200 {"name": "p"}
    "#;
    check(CARTS, &["ada:member"], &format!("{FILLED}{script}")).await;
}

#[tokio::test]
async fn a_unique_value_does_not_change_hands_between_kept_parts_in_one_request() {
    let world = check(
        r#"
archwright: 1
name: boards
entities:
  Board:
    id: int
    fields: { name: "string(1..9)", slots: "Slot[], composed" }
    allow: { read: anyone, write: anyone }
  Slot:
    id: int
    fields: { code: "string(1..9), unique" }
"#,
        &[],
        r#"
        nobody: POST /v1/boards {"name": "b", "slots": [{"code": "x"}, {"code": "y"}]} => 201
        nobody: PATCH /v1/boards/1 {"slots": [{"id": 1, "code": "y"}, {"id": 2, "code": "x"}]} => 409 unique /slots/0/code
        # A value that a part gives up is free for those behind it, and so is that of a part that goes.
        nobody: PATCH /v1/boards/1 {"slots": [{"id": 1, "code": "z"}, {"id": 2, "code": "x"}]} => 200
        nobody: PATCH /v1/boards/1 {"slots": [{"id": 2, "code": "z"}]} => 200
        "#,
    )
    .await;
    assert_eq!(world.query("SELECT code FROM slots"), ["z"]);
}
