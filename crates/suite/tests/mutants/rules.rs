//! Moves, checks, keys, lists, versions.

use super::*;

// ---- moves ----------------------------------------------------------------------------------------------------------

#[test]
fn a_forgotten_condition_of_a_move() {
    check("bookshop", "orders.place/when/false", |plan| {
        step(plan, "Order", "place").when = None
    });
}

#[test]
fn a_move_from_too_many_states() {
    check("bookshop", "orders.ship/illegal-from/placed", |plan| {
        step(plan, "Order", "ship").from.push("placed".to_owned());
    });
}

#[test]
fn a_forgotten_effect_of_a_move() {
    check("bookshop", "orders.place/effect/placed_at", |plan| {
        step(plan, "Order", "place").set.remove(0);
    });
}

#[test]
fn a_move_to_another_state() {
    check("payments", "refunds.succeed/from/pending", |plan| {
        step(plan, "Refund", "succeed").to = "failed".to_owned();
    });
}

// ---- checks and keys ------------------------------------------------------------------------------------------------

#[test]
fn a_forgotten_check() {
    check(
        "bookshop",
        "books.create/check/sale_is_cheaper/broken",
        |plan| {
            drop_check(plan, "Book", "sale_is_cheaper");
        },
    );
}

#[test]
fn a_check_that_is_off_by_one() {
    check(
        "bookshop",
        "books.create/check/sale_is_cheaper/edge",
        |plan| {
            let checks = &mut entity(plan, "Book").checks;
            swap(
                &mut checks[0].that,
                BinaryOperator::Less,
                BinaryOperator::LessOrEqual,
            );
        },
    );
}

#[test]
fn a_forgotten_check_over_parts() {
    check(
        "payments",
        "ledger_transactions.create/check/balanced",
        |plan| {
            drop_check(plan, "LedgerTransaction", "balanced");
        },
    );
}

#[test]
fn a_forgotten_key() {
    check("bookshop", "reviews.create/unique/customer+book", |plan| {
        narrow_key(plan, "Review", &["customer", "book"], &[]);
    });
}

#[test]
fn a_key_with_too_small_a_scope() {
    check(
        "payments",
        "payment_intents.create/unique/merchant+reference/other-merchant",
        |plan| {
            narrow_key(
                plan,
                "PaymentIntent",
                &["merchant", "reference"],
                &["reference"],
            );
        },
    );
}

#[test]
fn a_deleted_row_that_keeps_its_key() {
    check("bookshop", "books.create/unique/isbn/freed", |plan| {
        let index = index(plan, "Book");
        plan.tables[index]
            .unique
            .iter_mut()
            .for_each(|one| one.active_only = false);
    });
}

#[test]
fn a_relation_that_takes_rows_along() {
    check(
        "bookshop",
        "categories.delete/on-delete/categories.parent=restrict",
        |plan| {
            on_delete(plan, "Category", "parent", OnDelete::Cascade);
        },
    );
}

// ---- lists, versions, keys of requests ------------------------------------------------------------------------------

#[test]
fn a_forgotten_filter() {
    check("bookshop", "books.list/filter/price.lt", |plan| {
        let list = operation(plan, "books.list").list.as_mut().unwrap();
        list.filters.retain(|one| one.name != "price");
    });
}

#[test]
fn a_forgotten_sort() {
    check("bookshop", "books.list/sort/-price", |plan| {
        operation(plan, "books.list")
            .list
            .as_mut()
            .unwrap()
            .sorts
            .retain(|one| one.name != "price");
    });
}

#[test]
fn a_page_that_is_too_large() {
    check("bookshop", "authors.list/page/most", |plan| {
        operation(plan, "authors.list")
            .list
            .as_mut()
            .unwrap()
            .page_max = 1_000;
    });
}

#[test]
fn a_page_that_is_too_small() {
    check("bookshop", "authors.list/page/default", |plan| {
        operation(plan, "authors.list")
            .list
            .as_mut()
            .unwrap()
            .page_default = 10;
    });
}

#[test]
fn a_version_that_nobody_looks_at() {
    check("bookshop", "books.update/stale", |plan| {
        operation(plan, "books.update").etag = false
    });
}

#[test]
fn a_repeated_request_that_is_done_twice() {
    check("bookshop", "authors.create/idempotency/repeated", |plan| {
        operation(plan, "authors.create").idempotency_key = false;
    });
}
