//! The server passes every case of every example; what can't be asked is known by name, each with its reason.

mod common;

use common::{example, failed, postgres_database, serve_on, skipped, suite};

/// Runs the whole suite on both databases, and skips these cases and no others.
#[track_caller]
fn check(name: &str, unreachable: &[&str]) {
    for database in ["sqlite::memory:".to_owned(), postgres_database()] {
        check_on(database, name, unreachable);
    }
}

#[track_caller]
fn check_on(database: String, name: &str, unreachable: &[&str]) {
    let plan = example(name);
    let server = serve_on(database.clone(), plan.clone(), &plan);
    let report = suite(&plan, &server, None);
    assert!(
        report.failed() == 0,
        "{database}\n{}\n{:#?}",
        archwright_suite::text(&report, &|_| String::new()),
        failed(&report)
    );
    let skipped = skipped(&report);
    let names: Vec<&str> = skipped.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, unreachable, "{database}: {skipped:#?}");
}

#[test]
fn the_bookshop_passes() {
    check("bookshop", &[]);
}

#[test]
fn the_profiles_pass() {
    check("profile", &[]);
}

#[test]
fn the_payments_pass() {
    check("payments", &[]);
}

#[test]
fn the_helpdesk_passes() {
    check("helpdesk", &[]);
}
