//! What bodies may hold, and what becomes of it.

use crate::script::check;

#[tokio::test]
async fn a_book_is_made_changed_and_deleted() {
    check(
        "bookshop",
        &["ada:staff", "bob:customer"],
        r#"
        ada: POST /v1/categories {"name": "Science Fiction"} => 201 {"slug": "science-fiction", "parent_slug": null, "version": 1} as sf
        ada: POST /v1/authors {"name": "Le Guin"} => 201 as author
        ada: POST /v1/books {"isbn": "9780441478125", "title": "The Left Hand", "price": "12.50", "stock": 3, "category_slug": "science-fiction"} => 201 {"language": "en", "stock": 3, "available": 3, "version": 1}
        bob: GET /v1/books/9780441478125 => 200 {"stock": "<absent>"}
        ada: PATCH /v1/books/9780441478125 {"sale_price": "9.99", "pages": 300} => 200 {"current_price": "9.99", "pages": 300, "version": 2}
        ada: PATCH /v1/books/9780441478125 {"sale_price": null} => 200 {"current_price": "12.50", "pages": 300, "version": 3}
        ada: PATCH /v1/books/9780441478125 {"sale_price": "13.00"} => 422 . check
        bob: PATCH /v1/books/9780441478125 {"pages": 1} => 403
        nobody: PATCH /v1/books/9780441478125 {"pages": 1} => 401
        ada: DELETE /v1/books/9780441478125 => 204
        ada: GET /v1/books/9780441478125 => 404
        ada: DELETE /v1/books/9780441478125 => 404
        "#,
    )
    .await;
}

#[tokio::test]
async fn secrets_are_sealed_and_not_audited() {
    let world = check(
        "bookshop",
        &["ada:customer"],
        r#"
        ada: PATCH /v1/users/$ada {"phone": "+353861234567", "name": "Ada L."} => 200 {"phone": "+353861234567", "name": "Ada L."}
        ada: GET /v1/users/$ada => 200 {"phone": "+353861234567"}
        "#,
    )
    .await;
    assert_eq!(
        world.query("SELECT changes FROM audit_entries"),
        [r#"{"name":{"from":"ada","to":"Ada L."},"phone":{"secret":true}}"#]
    );
    assert_eq!(world.query("SELECT phone FROM users"), ["46 bytes"]);
}
