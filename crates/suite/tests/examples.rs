//! The server passes every case of every example, and what may be skipped is known by name and with its reason.

mod common;

use common::{example, failed, serve, skipped, suite};

#[track_caller]
fn check(name: &str, expected: &[&str]) {
    let plan = example(name);
    let server = serve(plan.clone(), &plan);
    let report = suite(&plan, server.address, None);
    assert!(
        report.failed() == 0,
        "{}\n{:#?}",
        archwright_suite::text(&report, &|_| String::new()),
        failed(&report)
    );
    assert_eq!(skipped(&report), expected);
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
