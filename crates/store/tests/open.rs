//! Databases that fit a design, and databases that don't.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
#![allow(dead_code, reason = "each test file uses a part of the common module")]

mod common;

use archwright_store::{OpenError, Store};
use common::*;
use std::sync::Arc;

/// What is told about a database that was changed by this statement.
fn check_refusal(change: &str, expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.sqlite");
    drop(Store::open(Arc::new(plan()), options(&path)).unwrap());
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch(change)
        .unwrap();
    match Store::open(Arc::new(plan()), options(&path)) {
        Err(OpenError::Differs(differences)) => assert_eq!(differences, expected, "{change}"),
        Err(error) => panic!("{error}"),
        Ok(_) => assert!(expected.is_empty(), "{change} was not noticed"),
    }
}

#[test]
fn a_database_is_opened_again() {
    check_refusal("INSERT INTO authors (name, version) VALUES ('Lem', 1)", &[]);
}

#[test]
fn differences_are_named() {
    check_refusal(
        "DROP INDEX index_books_price",
        &["the index index_books_price is missing"],
    );
    check_refusal(
        "CREATE TABLE other (id INTEGER)",
        &["the table other is not part of the design bookshop"],
    );
    check_refusal(
        "ALTER TABLE authors RENAME COLUMN version TO revision",
        &[
            "the column authors.version (INTEGER not null) is missing",
            "the column authors.revision is not part of the design",
        ],
    );
}

#[test]
fn urls_that_mean_nothing_are_refused() {
    for url in [
        "",
        "postgres://x:y",
        "mysql://x",
        "sqlite://",
        "database.sqlite",
    ] {
        let options = archwright_store::StoreOptions {
            url: url.to_owned(),
            ..options(std::path::Path::new("x"))
        };
        assert!(
            matches!(
                Store::open(Arc::new(plan()), options),
                Err(OpenError::Url(_))
            ),
            "{url}"
        );
    }
}

#[test]
fn a_database_in_memory_leaves_nothing_behind() {
    let options = archwright_store::StoreOptions {
        url: "sqlite::memory:".to_owned(),
        ..options(std::path::Path::new("x"))
    };
    let store = Store::open(Arc::new(plan()), options).unwrap();
    assert_eq!(store.plan().model.name, "bookshop");
}

#[test]
fn constraints_of_the_design_hold_in_the_database() {
    let check = "    checks:\n      title: title != \"O'Hara; --\"\n";
    let design = design_with(DESIGN, "Book", "  Book:\n", check);
    let unique = "    unique: [[customer, status]]\n";
    let plan = plan_of_text(&design_with(&design, "Order", "  Order:\n", unique));
    let connection = empty_database(&plan);
    insert_rows(&connection);
    let refusal = |sql: &str| {
        connection
            .execute_batch(sql)
            .map_err(|error| error.to_string())
    };
    let order = |id: u32| {
        format!(
            "INSERT INTO orders VALUES ('{}', '{}', 'draft', NULL, 1, NULL)",
            uuid(id),
            uuid(1)
        )
    };
    for (sql, expected) in [
        (
            "UPDATE books SET title = 'O''Hara; --'",
            "CHECK constraint failed: check_book_title",
        ),
        (
            order(25).as_str(),
            "UNIQUE constraint failed: orders.customer_id, orders.status",
        ),
        (
            "UPDATE orders SET status = 'lost'",
            "CHECK constraint failed: domain_order_status",
        ),
        (
            "UPDATE books SET stock = 'many'",
            "cannot store TEXT value in INTEGER column books.stock",
        ),
        (
            "UPDATE lines SET book_id = 'none'",
            "FOREIGN KEY constraint failed",
        ),
    ] {
        connection
            .execute_batch("PRAGMA foreign_keys = ON")
            .unwrap();
        assert_eq!(refusal(sql), Err(expected.to_owned()), "{sql}");
    }
    refusal("UPDATE orders SET deleted_at = 1 WHERE status = 'draft'").unwrap();
    refusal(&order(25)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_new_database_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.sqlite");
    let store = Store::open(Arc::new(plan()), options(&path)).unwrap();
    for entry in folder.path().read_dir().unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
    }
    drop(store);
}
