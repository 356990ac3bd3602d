//! The server passes every case of every example; what may be skipped is known by name.

mod common;

use common::{example, failed, postgres_database, serve_on, skipped, suite};

/// Runs the whole suite on both databases. Cases that are skipped have to be among the known ones, where a `*` stands for anything.
#[track_caller]
fn check(name: &str, known: &[&str]) {
    for database in ["sqlite::memory:".to_owned(), postgres_database()] {
        check_on(database, name, known);
    }
}

#[track_caller]
fn check_on(database: String, name: &str, known: &[&str]) {
    let plan = example(name);
    let server = serve_on(database.clone(), plan.clone(), &plan);
    let report = suite(&plan, server.address, None);
    assert!(
        report.failed() == 0,
        "{database}\n{}\n{:#?}",
        archwright_suite::text(&report, &|_| String::new()),
        failed(&report)
    );
    let strange: Vec<String> = skipped(&report)
        .into_iter()
        .filter(|case| {
            !known
                .iter()
                .any(|known| archwright_suite::is_wanted(case, Some(known)))
        })
        .collect();
    assert!(
        strange.is_empty(),
        "skipped on {database}, and not known to be: {strange:#?}"
    );
}

/// Only the server can sign a token that has expired.
const EXPIRED: &str = "tokens/expired";

#[test]
fn the_bookshop_passes() {
    check(
        "bookshop",
        &[
            EXPIRED,
            // No change that the API takes brings a stock to the very number that an order asks for.
            "orders.place/when/edge-2",
            // A row that is being created can't refer to itself.
            "categories.create/check/not_its_own_parent/broken",
            "books.delete/on-delete/order_lines.book=restrict",
        ],
    );
}

#[test]
fn the_profiles_pass() {
    check(
        "profile",
        &[
            EXPIRED,
            // Whoever signs up has a role, and an account without one has its settings already.
            "users.delete/allowed/no-role-owner",
            "settings.create/allowed/no-role-owner",
            "documents.verify/when/*",
            "settings.create/check/whole_quiet_hours/broken",
            "settings.create/idempotency/other-body",
            "settings.list/page/*",
            "users.delete/on-delete/documents.decided_by=set-null",
        ],
    );
}

#[test]
fn the_payments_pass() {
    check(
        "payments",
        &[
            EXPIRED,
            // A capture takes a merchant, so that intents of others are never captured.
            "payment_intents.*/state=captured",
            "captures.create/edge/amount/large",
            "refunds.create/edge/amount/large",
            "captures.create/check/within_the_intent/edge-1",
            "captures.create/idempotency/*",
            "refunds.create/denied/merchant/when=false",
            "refunds.get/denied/merchant/*/when=false",
            // An intent expires after a week.
            "payment_intents.confirm/when/false",
            "payment_intents.retry/when/false",
        ],
    );
}

#[test]
fn the_helpdesk_passes() {
    check(
        "helpdesk",
        &[
            EXPIRED,
            // Minutes and weeks have to pass.
            "comments.update/denied/*/when=false",
            "tickets.reopen/when/false",
            // Whatever the one rule lets through, another one does too.
            "tickets.create/guard-2/needed",
            "comments.list/guard-2/without-1",
            "comments.get/guard-2/without-1",
            "tags.list/guard-2/without-1",
            "tags.get/guard-2/without-1",
            "comments.create/guard-1/without-1",
            "comments.update/set/internal",
            "users.delete/on-delete/comments.author=restrict",
            // The suite changes tenants by their fields alone, since it can't make any.
            "organisations.update/stale",
            "organisations.update/fresh",
        ],
    );
}
