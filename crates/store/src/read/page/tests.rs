//! What a list's statement works out, and by which index.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

use super::*;
use crate::common::{bookshop, context};
use crate::represent::{Shaping, classes};

fn question_text(store: &Store, query: &[(&str, &str)]) -> String {
    let plan = store.plan();
    let mut operations = plan.operations.iter();
    let position = operations.position(|one| one.id == "books.list").unwrap();
    let operation = &plan.operations[position];
    let query = query.iter();
    let call = Call {
        operation: position,
        query: query
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        ..Call::default()
    };
    let question = parse(
        &store.shared,
        entity_of(operation).unwrap(),
        operation,
        options(operation).unwrap(),
        &call,
    );
    let key = QueryKey {
        target: Target::Page(question.unwrap().page),
        classes: classes(plan, &context(None)),
        shaping: Shaping::default(),
    };
    store.shared.compiled.query(plan, key).unwrap().text.clone()
}

/// The index that answers a list, without sorting the rows first.
fn check(query: &[(&str, &str)], index: &str) {
    let folder = tempfile::tempdir().unwrap();
    let store = bookshop(folder.path());
    let text = format!("EXPLAIN QUERY PLAN {}", question_text(&store, query));
    // The last column says what the step does.
    let steps = store
        .readers
        .with(|connection| connection.all(&text, &[], |row| row.get::<String>(row.width() - 1)));
    let steps = steps.unwrap();
    assert!(steps[0].contains(index), "{query:?}: {steps:?}");
    let sorts = steps.iter().any(|step| step.contains("TEMP B-TREE"));
    assert!(!sorts, "{query:?}: {steps:?}");
}

#[test]
fn only_the_rows_of_a_page_are_worked_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = bookshop(folder.path());
    let text = |query: &[(&str, &str)]| question_text(&store, query);
    let found_first = |text: String| text.contains("IN (SELECT t.\"id\" FROM \"books\" t WHERE");
    assert!(found_first(text(&[("stock", "3"), ("sort", "price")])));
    assert!(!found_first(text(&[("price", "3"), ("sort", "price")])));
    assert!(!found_first(text(&[("stock", "3")])));
}

#[test]
fn filters_and_sorts_use_the_index_that_the_plan_names() {
    check(&[], "sqlite_autoindex_books_1");
    check(&[("sort", "price")], "index_books_price");
    check(&[("sort", "-price")], "index_books_price");
    check(&[("sort", "-published")], "index_books_published");
    check(&[("price", "9.90")], "index_books_price");
    check(&[("published", "1961-01-01")], "index_books_published");
    let between = [("price.gte", "5"), ("price.lt", "10"), ("sort", "-price")];
    check(&between, "index_books_price");
}
