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
        "DROP INDEX books_price",
        &["the index books_price is missing"],
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
    for url in ["", "postgres://x", "sqlite://", "database.sqlite"] {
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
