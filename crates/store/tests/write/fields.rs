//! What bodies may hold, and what becomes of it.

use crate::script::check;

/// Every type, with bounds.
const TYPES: &str = r#"
archwright: 1
name: types
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields: { email: "email, unique", name: "string(1..50)" }
    allow: { read: owner, update: owner }
  Thing:
    fields:
      owner: User, owner
      code: string(3..5), pattern '^[A-Z]+$'
      note: text(10)?
      small: int?, min 1, max 9
      big: bigint?
      price: decimal(5,2)?, min 0.50, max 99.99
      is_open: bool?
      day: { type: "date?", min: 2020-01-01, max: 2029-12-31 }
      at: { type: "datetime?", min: "2020-01-01T00:00:00Z" }
      other: uuid?
      mail: email?
      page: url?
      phone: phone?
      word: slug?
      colour: enum(red, green)?
      data: json?
    allow: { read: owner, write: owner }
"#;

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once() {
    check(
        TYPES,
        &["ada:member"],
        r#"
        ada: POST /v1/things {} => 422 /code required
        ada: POST /v1/things [] => 422 . type
        ada: POST /v1/things => 422 . type
        ada: POST /v1/things {"code": null} => 422 /code type
        ada: POST /v1/things {"code": "AB", "note": "more than ten", "small": 10, "big": 9007199254740992, "price": "0.49", "is_open": "yes", "day": "2030-01-01", "at": "2019-12-31T23:59:59Z", "other": "x", "mail": "x", "page": "x", "phone": "x", "word": "X", "colour": "blue", "data": "x"} => 422 /code too-short, /note too-long, /small too-large, /big too-large, /price too-small, /is_open type, /day too-large, /at too-small, /other format, /mail format, /page format, /phone format, /word format, /colour one-of, /data type
        ada: POST /v1/things {"code": "abc", "price": "100.00", "day": "2019-12-31", "small": 0} => 422 /code pattern, /small too-small, /price too-large, /day too-small
        ada: POST /v1/things {"code": "ABC", "nonsense": 1, "a/b~c": 1, "version": 2, "owner_id": "x"} => 422 /nonsense unknown, /a~1b~0c unknown, /version read-only, /owner_id read-only
        "#,
    )
    .await;
}

#[tokio::test]
async fn values_take_their_canonical_form() {
    check(
        TYPES,
        &["ada:member"],
        r#"
        ada: POST /v1/things {"code": "ABC", "at": "2026-11-24T12:00:00+02:00", "mail": "Ada@Example.COM", "other": "019A7B3C-5E00-7000-8000-000000000001", "price": "12.50", "day": "2024-02-29", "small": 1.0, "data": {"b": [1], "a": null}} => 201 {"code": "ABC", "at": "2026-11-24T10:00:00.000Z", "mail": "ada@example.com", "other": "019a7b3c-5e00-7000-8000-000000000001", "price": "12.50", "day": "2024-02-29", "small": 1, "data": {"b": [1], "a": null}, "note": null, "owner_id": "$ada", "created_at": "2026-11-24T10:00:00.000Z"} as thing
        ada: PATCH /v1/things/$thing {"data": {"b": null, "c": {"d": 1}}, "at": null} => 200 {"data": {"c": {"d": 1}}, "at": null, "code": "ABC"}
        ada: PATCH /v1/things/$thing {"data": {"c": {"e": 2}}} => 200 {"data": {"c": {"d": 1, "e": 2}}}
        ada: PATCH /v1/things/$thing {"data": [1]} => 200 {"data": [1]}
        ada: PATCH /v1/things/$thing {"data": null} => 200 {"data": null}
        ada: PATCH /v1/things/$thing {"code": null} => 422 /code type
        ada: PATCH /v1/things/$thing {} => 200 {"code": "ABC"}
        ada: PATCH /v1/things/$thing => 422 . type
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_document_that_grows_beyond_its_size_is_refused() {
    let half = "x".repeat(9_000);
    check(
        TYPES,
        &["ada:member"],
        &format!(
            r#"
            ada: POST /v1/things {{"code": "ABC", "data": {{"a": "{half}"}}}} => 201 as thing
            ada: PATCH /v1/things/$thing {{"data": {{"b": "{half}"}}}} => 422 /data too-long
            "#
        ),
    )
    .await;
}

#[tokio::test]
async fn a_book_is_made_changed_and_deleted() {
    check(
        "bookshop",
        &["ada:staff", "bob:customer"],
        r#"
        ada: POST /v1/categories {"name": "Science Fiction"} => 201 {"slug": "science-fiction", "parent_slug": null, "version": 1} as sf
        ada: POST /v1/authors {"name": "Le Guin"} => 201 as author
        ada: POST /v1/books {"isbn": "9780441478125", "title": "The Left Hand", "price": "12.50", "stock": 3, "category_slug": "science-fiction", "author_ids": ["$author"]} => 201 {"language": "en", "stock": 3, "available": 3, "version": 1}
        bob: GET /v1/books/9780441478125?expand=authors => 200 {"stock": "<absent>", "authors": [{"name": "Le Guin"}]}
        ada: PATCH /v1/books/9780441478125 {"isbn": "9780441478126"} => 422 /isbn read-only
        ada: PATCH /v1/books/9780441478125?expand=category {"sale_price": "9.99", "pages": 300} => 200 {"current_price": "9.99", "pages": 300, "version": 2, "category": {"name": "Science Fiction"}}
        ada: PATCH /v1/books/9780441478125?fields=version {"sale_price": null} => 200 {"current_price": "<absent>", "version": 3}
        ada: PATCH /v1/books/9780441478125?limit=1 {"sale_price": null} => 400 limit unknown
        ada: PATCH /v1/books/9780441478125 {"sale_price": "13.00"} => 422 . check
        bob: PATCH /v1/books/9780441478125 {"pages": 1} => 403
        nobody: PATCH /v1/books/9780441478125 {"pages": 1} => 401
        ada: PATCH /v1/books/9780000000000 {"pages": 1} => 404
        ada: DELETE /v1/books/9780441478125 => 204
        ada: GET /v1/books/9780441478125 => 404
        ada: DELETE /v1/books/9780441478125 => 404
        "#,
    )
    .await;
}

#[tokio::test]
async fn slugs_follow_their_source_and_evade_those_that_are_taken() {
    check(
        "bookshop",
        &["ada:staff"],
        r#"
        ada: POST /v1/categories {"name": "Été & Crème!"} => 201 {"slug": "ete-creme"}
        ada: POST /v1/categories {"name": "Ete Creme"} => 201 {"slug": "ete-creme-2"}
        ada: POST /v1/categories {"name": "ete creme", "slug": "mine"} => 201 {"slug": "mine"}
        ada: POST /v1/categories {"name": "x", "slug": "mine"} => 409 unique slug
        ada: POST /v1/categories {"name": "???"} => 201 {"slug": "untitled"}
        ada: PATCH /v1/categories/mine {"name": "New name"} => 200 {"slug": "new-name"}
        ada: PATCH /v1/categories/new-name {"name": "New name"} => 200 {"slug": "new-name"}
        ada: PATCH /v1/categories/new-name {"name": "ete creme"} => 200 {"slug": "ete-creme-3"}
        ada: PATCH /v1/categories/ete-creme-3 {"name": "Other", "slug": "fixed"} => 200 {"slug": "fixed"}
        "#,
    )
    .await;
}

/// A slug that is null stays null, and one whose source goes stays what it is.
#[tokio::test]
async fn a_slug_is_made_where_the_request_leaves_it_out() {
    check(
        r#"
archwright: 1
name: slugs
entities:
  Page:
    fields: { title: "string(1..40)?, blank-as-null", path: "slug?, from title, blank-as-null" }
    allow: { read: anyone, write: anyone }
"#,
        &[],
        r#"
        nobody: POST /v1/pages {"title": "One page", "path": null} => 201 {"path": null}
        nobody: POST /v1/pages {"title": "One page", "path": ""} => 201 {"path": null}
        nobody: POST /v1/pages {"title": "One page"} => 201 {"path": "one-page"} as page
        nobody: PATCH /v1/pages/$page {"title": "Two", "path": null} => 200 {"path": null}
        nobody: PATCH /v1/pages/$page {"title": "Three"} => 200 {"path": "three"}
        nobody: PATCH /v1/pages/$page {"title": ""} => 200 {"title": null, "path": "three"}
        "#,
    )
    .await;
}

#[tokio::test]
async fn defaults_are_worked_out_when_the_row_is_made() {
    check(
        "helpdesk",
        &["ada@acme:requester", "lea@acme:lead"],
        r#"
        ada: POST /v2/tickets {"subject": "Help", "question": "Why?"} => 201 {"priority": "normal", "due_at": "2026-11-27T10:00:00.000Z", "status": "open", "channel": "web", "requester_id": "$ada", "organisation_slug": "acme", "reference": null} as ticket
        lea: POST /v2/teams {"name": "First line"} => 201 {"organisation_slug": "acme"} as team
        lea: POST /v2/memberships {"team_id": $team, "user_id": "$ada"} => 201 {"since_day": "2026-11-24", "duty": "member"}
        lea: POST /v2/memberships {"team_id": $team, "user_id": "$ada"} => 409 unique team_id, user_id
        "#,
    )
    .await;
}

#[tokio::test]
async fn sensitive_fields_are_sealed_and_unique() {
    let world = check(
        "profile",
        &["ada:member", "bob:member", "sue:support"],
        r#"
        ada: PATCH /v1/users/$ada {"phone": "+353861234567", "recovery_hint": "the cat"} => 200 {"phone": "+353861234567", "recovery_hint": "<absent>"}
        bob: GET /v1/users/$ada => 200 {"phone": "<absent>"}
        ada: POST /v1/documents {"kind": "passport", "number": "P1234567", "expires_on": "2030-01-01"} => 201 {"number": "P1234567"} as document
        bob: POST /v1/documents {"kind": "passport", "number": "P1234567", "expires_on": "2030-01-01"} => 409 unique number
        bob: POST /v1/documents {"kind": "passport", "number": "P7654321", "expires_on": "2030-01-01"} => 201
        ada: PATCH /v1/documents/$document {"number": "P7654321"} => 409 unique number
        ada: PATCH /v1/documents/$document {"number": "P0000001"} => 200 {"number": "P0000001"}
        bob: POST /v1/documents {"kind": "passport", "number": "P1234567", "expires_on": "2030-01-01"} => 201
        ada: PATCH /v1/users/$ada {"phone": null} => 200 {"phone": null}
        "#,
    )
    .await;
    for column in ["number FROM documents", "recovery_hint FROM users"] {
        let stored = world.query(&format!("SELECT {column}"));
        assert!(
            stored.iter().any(|value| value.ends_with(" bytes")),
            "{stored:?}"
        );
    }
}

#[tokio::test]
async fn numbers_beyond_64_bits_are_no_failure_of_the_server() {
    check(
        r#"
archwright: 1
name: large
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields: { email: "email, unique" }
    allow: { read: owner }
  Pile:
    fields:
      owner: User, owner
      grains: Grain[], composed
      kept: decimal(18,2)?, read-only
      status: enum(loose, kept) = loose
      worth: decimal(18,2) := grains.sum(g, g.count * g.price)
      mean: decimal(18,4)? := grains.avg(g, g.price)
    moves:
      keep: { from: loose, to: kept, by: owner, set: { kept: worth } }
    allow: { read: owner, write: owner }
  Grain:
    fields: { count: bigint, price: "decimal(18,2)" }
"#,
        &["ada:member"],
        r#"
        ada: POST /v1/piles {"grains": [{"count": 3, "price": "0.50"}, {"count": -1, "price": "2.00"}]} => 201 {"worth": "-0.50", "mean": "1.2500"} as small
        ada: POST /v1/piles/$small/keep => 200 {"kept": "-0.50"}
        ada: POST /v1/piles {"grains": [{"count": 9007199254740991, "price": "9999999999999999.99"}, {"count": 9007199254740991, "price": "9999999999999999.99"}]} => 201 {"worth": "92233720368547758.07"} as large
        ada: POST /v1/piles/$large/keep => 409 check
        ada: GET /v1/piles => 200
        "#,
    )
    .await;
}

#[tokio::test]
async fn documents_are_shown_without_spaces_between_their_parts() {
    let world = crate::script::World::new(TYPES, &["ada:member"]).await;
    let create = r#"ada: POST /v1/things {"code": "ABC", "data": {"a": [1, 2], "b": "x: \"y, z\\\\ \""}}"#;
    let reply = world.answer(create).await.unwrap();
    let body = String::from_utf8(reply.body.unwrap()).unwrap();
    let wanted = r#""data":{"a":[1,2],"b":"x: \"y, z\\\\ \""}"#;
    assert!(body.contains(wanted), "{body}");
}
