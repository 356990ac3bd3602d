//! References, links and parts.

use crate::script::check;

const SHOP: &str = r#"
        sue: POST /v1/categories {"name": "Crime"} => 201
        sue: POST /v1/books {"isbn": "9780000000001", "title": "One", "price": "1.00", "stock": 9, "category_slug": "crime"} => 201
        sue: POST /v1/books {"isbn": "9780000000002", "title": "Two", "price": "2.00", "stock": 9, "category_slug": "crime"} => 201
        sue: POST /v1/books {"isbn": "9780000000003", "title": "Three", "price": "3.00", "stock": 9, "category_slug": "crime"} => 201
"#;

#[tokio::test]
async fn a_filter_tells_nothing_of_rows_that_the_caller_may_not_read() {
    check(
        r#"
archwright: 1
name: films
roles:
  member: { sign-up: open }
  clerk: { granted-by: clerk }
entities:
  User:
    account: email
    fields: { email: "email, unique", liked: "Film[]" }
    allow: { read: "owner, clerk", update: owner }
  Film:
    soft-delete: true
    fields: { title: string(1..80), likers: "User[], by liked" }
    allow: { read: anyone, create: clerk, delete: clerk }
"#,
        &["ada:member", "bob:member", "cyd:clerk"],
        r#"
        cyd: POST /v1/films {"title": "Alien"} => 201 as alien
        ada: PUT /v1/users/$ada/liked/$alien => 204
        ada: GET /v1/films?likers=$ada => 200 {"data": [{"title": "Alien"}]}
        cyd: GET /v1/films?likers=$ada => 200 {"data": [{"title": "Alien"}]}
        bob: GET /v1/films?likers=$ada => 200 {"data": []}
        nobody: GET /v1/films?likers=$ada => 200 {"data": []}
        cyd: GET /v1/users?liked=$alien => 200 {"data": [{"email": "ada@example.com"}]}
        cyd: DELETE /v1/films/$alien => 204
        cyd: GET /v1/users?liked=$alien => 200 {"data": []}
        "#,
    )
    .await;
}

#[tokio::test]
async fn parts_are_made_kept_changed_and_replaced() {
    let mut world = check("bookshop", &["ada:customer", "sue:staff"], SHOP).await;
    world
        .run(
            r#"
        ada: POST /v1/orders {"lines": [{"quantity": 0}, {"book_isbn": "9780000000009"}, 7, {"book_isbn": "x", "nonsense": 1, "id": "x"}]} => 422 /lines/0/book_isbn required, /lines/0/quantity too-small, /lines/2 type, /lines/3/nonsense unknown, /lines/3/id read-only, /lines/3/book_isbn pattern, /lines/1/book_isbn not-found
        ada: POST /v1/orders {"lines": {}} => 422 /lines type
        ada: POST /v1/orders {"lines": [{"book_isbn": "9780000000001"}, {"book_isbn": "9780000000001"}]} => 409 unique /lines/1/order_id, /lines/1/book_isbn
        ada: POST /v1/orders {"lines": [{"book_isbn": "9780000000001", "quantity": 2}, {"book_isbn": "9780000000002"}]} => 201 {"total": "4.00", "lines": [{"book_isbn": "9780000000001", "quantity": 2, "amount": "2.00"}, {"book_isbn": "9780000000002", "quantity": 1}]} as order
        "#,
        )
        .await;
    let [first, second] = &world.query("SELECT id FROM order_lines ORDER BY position")[..] else {
        panic!("two lines")
    };
    let script = r#"
        ada: PATCH /v1/orders/$order {"lines": [{"id": "FIRST", "quantity": null}, {"id": "FIRST"}, {"id": "00000000-0000-7000-8000-000000000000"}, {"id": 7}]} => 422 /lines/0/quantity type, /lines/1/id duplicate, /lines/3/id type, /lines/2/id not-found
        ada: PATCH /v1/orders/$order {"lines": [{"id": "SECOND", "quantity": 5}, {"book_isbn": "9780000000003"}, {"id": "FIRST"}]} => 200 {"version": 2, "lines": [{"id": "SECOND", "book_isbn": "9780000000002", "quantity": 5}, {"book_isbn": "9780000000003"}, {"id": "FIRST", "quantity": 2}]}
        ada: PATCH /v1/orders/$order {"lines": [{"id": "FIRST"}]} => 200 {"lines": [{"id": "FIRST"}]}
        ada: PATCH /v1/orders/$order {"deliver_to": "Home"} => 200 {"lines": [{"id": "FIRST"}]}
        ada: POST /v1/orders {"lines": [{"book_isbn": "9780000000002"}]} => 201 as other
        ada: PATCH /v1/orders/$other {"lines": [{"id": "FIRST"}]} => 422 /lines/0/id not-found
        ada: PATCH /v1/orders/$order {"lines": []} => 200 {"lines": []}
        ada: PATCH /v1/orders/$order {"lines": null} => 422 /lines type
        "#;
    let script = script.replace("FIRST", first).replace("SECOND", second);
    world.run(&script).await;
    let many = vec![r#"{"book_isbn": "9780000000001"}"#; 101].join(", ");
    world
        .run(&format!(
            r#"ada: POST /v1/orders {{"lines": [{many}]}} => 422 /lines too-many"#
        ))
        .await;
}

#[tokio::test]
async fn many_to_many_relations_are_set_and_linked_one_at_a_time() {
    let mut world = check("bookshop", &["ada:customer", "sue:staff"], SHOP).await;
    world
        .run(
            r#"
        sue: POST /v1/authors {"name": "A"} => 201 as a
        sue: POST /v1/authors {"name": "B"} => 201 as b
        sue: PATCH /v1/books/9780000000001 {"author_ids": ["$a", "$b"]} => 200 {"version": 2}
        sue: PATCH /v1/books/9780000000001 {"author_ids": ["$b", "$b", "x", "$ada"]} => 422 /author_ids/1 duplicate, /author_ids/2 format, /author_ids/3 not-found
        sue: PATCH /v1/books/9780000000001 {"author_ids": ["$b"]} => 200
        ada: GET /v1/books/9780000000001?expand=authors => 200 {"authors": [{"name": "B"}], "version": 3}
        ada: PUT /v1/books/9780000000001/authors/$a => 403
        nobody: PUT /v1/books/9780000000001/authors/$a => 401
        sue: PUT /v1/books/9780000000001/authors/$a => 204
        sue: PUT /v1/books/9780000000001/authors/$a => 204
        sue: PUT /v1/books/9780000000001/authors/$ada => 404
        sue: PUT /v1/books/9780000000009/authors/$a => 404
        sue: PUT /v1/books/9780000000001/authors/x => 400 author_id format
        ada: GET /v1/books/9780000000001?expand=authors => 200 {"authors": [{"name": "A"}, {"name": "B"}], "version": 4}
        sue: DELETE /v1/books/9780000000001/authors/$a => 204
        sue: DELETE /v1/books/9780000000001/authors/$a => 204
        sue: DELETE /v1/books/9780000000001/authors/$ada => 404
        ada: GET /v1/books/9780000000001?expand=authors => 200 {"authors": [{"name": "B"}], "version": 5}
        sue: PATCH /v1/books/9780000000001 {"author_ids": []} => 200
        ada: GET /v1/books/9780000000001?expand=authors => 200 {"authors": []}
        "#,
        )
        .await;
    assert_eq!(
        world
            .query("SELECT changes FROM audit_entries WHERE operation LIKE 'books.%link-authors'")
            .len(),
        2
    );
}

#[tokio::test]
async fn a_row_may_follow_rows_of_its_own_kind() {
    check(
        "profile",
        &["ada:member", "bob:member"],
        r#"
        ada: PUT /v1/users/$ada/follows/$bob => 204
        ada: GET /v1/users/$bob => 200 {"followed_by_me": true, "follower_count": 1}
        bob: GET /v1/users/$ada => 200 {"followed_by_me": false, "follower_count": 0}
        bob: PATCH /v1/users/$bob {"is_public": false} => 200
        # What is linked can be unlinked, though it can't be read any more.
        ada: GET /v1/users/$bob => 404
        ada: DELETE /v1/users/$ada/follows/$bob => 204
        ada: DELETE /v1/users/$ada/follows/$bob => 404
        ada: PUT /v1/users/$ada/follows/$bob => 404
        "#,
    )
    .await;
}

#[tokio::test]
async fn parts_of_parts_go_the_same_way() {
    check(
        r#"
archwright: 1
name: nested
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields: { email: "email, unique" }
    allow: { read: owner }
  Form:
    fields: { owner: "User, owner", pages: "Page[], composed" }
    allow: { read: owner, write: owner }
  Page:
    fields: { title: "string(1..9)", boxes: "Box[], composed" }
  Box:
    fields: { label: "string(1..9)" }
"#,
        &["ada:member"],
        r#"
        ada: POST /v1/forms {"pages": [{"title": "1", "boxes": [{"label": ""}]}]} => 422 /pages/0/boxes/0/label blank
        ada: POST /v1/forms {"pages": [{"title": "1", "boxes": [{"label": "a"}, {"label": "b"}]}, {"title": "2"}]} => 201 {"pages": [{"boxes": [{"label": "a"}, {"label": "b"}]}, {"boxes": []}]} as form
        ada: PATCH /v1/forms/$form {"pages": [{"title": "3", "boxes": [{"label": "c"}]}]} => 200 {"pages": [{"title": "3", "boxes": [{"label": "c"}]}]}
        ada: DELETE /v1/forms/$form => 204
        "#,
    )
    .await;
}
