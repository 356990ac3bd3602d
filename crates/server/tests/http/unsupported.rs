//! What the server can't run is refused, not left out.

use crate::common::{example, plan};
use archwright_diagnostics::{code, fixture};
use archwright_server::{Asked, Environment, unsupported};

/// Codes and messages, without places.
fn told(plan: &archwright_plan::Plan, database_url: Option<&str>) -> Vec<(&'static str, String)> {
    let asked = Asked {
        environment: Environment::Development,
        database_url,
        redis_url: None,
    };
    all_told(plan, asked)
}

fn all_told(plan: &archwright_plan::Plan, asked: Asked<'_>) -> Vec<(&'static str, String)> {
    unsupported(plan, asked)
        .into_iter()
        .map(|one| (one.code, one.message))
        .collect()
}

#[test]
fn the_example_of_each_page_fires_its_code() {
    for known in ["AW600", "AW601"] {
        let page = code(known).unwrap().page;
        let headline = format!("# {known}: {}\n", code(known).unwrap().title);
        assert!(page.starts_with(&headline), "{headline}");
        let told = told(&plan(fixture::page_example(page).unwrap()), None);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].0, known);
    }
}

#[test]
fn examples_that_are_served_need_no_more_than_the_server_has() {
    for name in ["bookshop", "conduit", "profile", "payments"] {
        assert_eq!(told(&example(name), None), [], "{name}");
    }
    let [(code, message)] = &told(&example("helpdesk"), None)[..] else {
        panic!("one thing is replaced");
    };
    assert_eq!(*code, "AW601");
    assert!(message.contains("row-level security"), "{message}");
    let postgres = Some("postgres://me@localhost/help");
    assert_eq!(told(&example("helpdesk"), postgres), []);
}

#[test]
fn postgres_is_replaced_when_the_user_says_so() {
    let design = "archwright: 1
name: shop
stack: { database: postgres }
entities:
  Book:
    fields: { title: string }
    allow: { read: anyone }
";
    let codes = |url| -> Vec<&str> { told(&plan(design), url).iter().map(|one| one.0).collect() };
    assert_eq!(codes(None), ["AW600"]);
    assert_eq!(codes(Some("sqlite::memory:")), ["AW601"]);
    assert_eq!(codes(Some("postgres://me@localhost/shop")), [""; 0]);
}

#[test]
fn redis_is_there_where_the_design_and_the_user_say_so() {
    let check = |cache: &str, redis_url, environment, expected: &[&str]| {
        let design = format!(
            "archwright: 1\nname: shop\nstack: {{ cache: {cache} }}\nentities:\n  Book:\n    \
             fields: {{ title: string }}\n    allow: {{ read: anyone }}\n"
        );
        let asked = Asked {
            environment,
            database_url: None,
            redis_url,
        };
        let told = all_told(&plan(&design), asked);
        let codes: Vec<&str> = told.iter().map(|one| one.0).collect();
        assert_eq!(
            codes, expected,
            "{cache} {redis_url:?} {environment:?}: {told:?}"
        );
    };
    use Environment::{Development, Production};
    let url = Some("redis://localhost");
    check("redis", url, Development, &[]);
    check("redis", url, Production, &[]);
    check("redis", None, Development, &["AW601"]);
    check("redis", None, Production, &["AW600"]);
    check("memory", None, Production, &[]);
    check("memory", url, Production, &["AW601"]);
}
