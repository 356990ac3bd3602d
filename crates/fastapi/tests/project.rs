//! Which files a project has, and what is refused instead of being left out.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

mod common;

use archwright_diagnostics::{code, fixture};
use archwright_plan::OperationKind;
use archwright_project::Kind;
use common::{built, example, plan_of, text};
use std::collections::BTreeSet;

#[test]
fn a_feature_has_its_modules_and_each_operation_an_endpoint() {
    let plan = example("bookshop");
    let files = built(&plan);
    for module in [
        "computed", "models", "policies", "records", "router", "schemas", "service",
    ] {
        text(&files, &format!("app/orders/{module}.py"));
    }
    let routers = files
        .iter()
        .filter(|file| file.path.ends_with("/router.py"));
    let routers: String = routers.map(|file| file.text.as_str()).collect();
    for operation in &plan.operations {
        let named = format!("name=\"{}\"", operation.operation_id);
        assert!(routers.contains(&named), "{named}");
    }
    assert!(
        plan.operations
            .iter()
            .any(|one| matches!(one.kind, OperationKind::Move(_)))
    );
}

#[test]
fn the_same_design_gives_the_same_bytes() {
    let plan = example("bookshop");
    assert_eq!(built(&plan), built(&plan));
    assert_eq!(built(&plan), built(&example("bookshop")));
}

#[test]
fn each_path_is_relative_and_there_once() {
    let files = built(&example("bookshop"));
    let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths.len(), files.len());
    for path in paths {
        assert!(
            !path.starts_with('/') && !path.contains("..") && !path.contains('\\'),
            "{path}"
        );
    }
}

#[test]
fn the_teams_own_file_is_written_once() {
    let files = built(&example("bookshop"));
    let own: Vec<&str> = files
        .iter()
        .filter(|file| file.kind == Kind::Once)
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(own, ["app/extensions.py"]);
}

#[test]
fn no_file_shows_a_template() {
    for file in built(&example("bookshop")) {
        let is_workflow = file.path.ends_with(".yml");
        for sign in ["{%", "%}", "{{", "}}"] {
            let shows = file.text.contains(sign) && !is_workflow && !file.path.ends_with(".json");
            // Two braces in a row are fine in Python, where one is doubled in a formatted text.
            assert!(
                !shows || sign == "{{" || sign == "}}",
                "{} has {sign}",
                file.path
            );
        }
        assert!(!file.text.contains("undefined"), "{}", file.path);
    }
}

#[test]
fn the_example_of_the_page_fires_its_code() {
    let known = code("AW620").unwrap();
    assert!(
        known
            .page
            .starts_with(&format!("# AW620: {}\n", known.title))
    );
    let plan = plan_of(fixture::page_example(known.page).unwrap());
    let refused = archwright_fastapi::generate(&plan).unwrap_err();
    assert!(
        refused.iter().all(|one| one.code == "AW620"),
        "{refused:#?}"
    );
    assert!(
        refused
            .iter()
            .any(|one| one.message.contains("files") && one.span.is_some())
    );
}

#[test]
fn an_example_is_whole_or_refused() {
    for name in ["conduit", "helpdesk", "newsroom", "payments", "profile"] {
        let refused = archwright_fastapi::generate(&example(name)).unwrap_err();
        let located = refused.iter().filter(|one| one.span.is_some()).count();
        assert!(located > 0, "{name}: {refused:#?}");
        assert!(
            refused
                .iter()
                .all(|one| one.code == "AW620" && one.help.is_some())
        );
    }
}
