//! A server that has forgotten its rules.

use crate::design::plan_of_text;
use crate::{CLUB, Who, World, answer, uuid};
use archwright_store::Failure;
use serde_json::json;

/// A server whose guards let everybody do everything; the database's rules are those of the design.
fn careless(design: &str) -> World {
    let mut plan = plan_of_text(design);
    for operation in &mut plan.operations {
        if operation.entity.is_some() {
            operation.guard.truncate(1);
            for alternative in &mut operation.guard {
                alternative.caller = archwright_plan::CallerClass::Anyone;
                alternative.when = None;
                alternative.after = None;
            }
        }
    }
    World::of(plan)
}

#[test]
fn a_server_that_forgets_its_conditions_shows_no_more() {
    let (right, open) = (World::new(), careless(&CLUB.replace(", rls: true", "")));
    assert_eq!(open.listed(Who::Nobody, "orders.list", &[]).len(), 5);
    let careless = careless(CLUB);
    for who in [Who::Nobody, Who::Ada, Who::Bob, Who::Eve] {
        for (operation, table) in [
            ("orders.list", "orders"),
            ("labels.list", "labels"),
            ("notices.list", "notices"),
        ] {
            let known = right.known(who, table);
            let expected = known.split_whitespace().count();
            assert_eq!(
                careless.listed(who, operation, &[]).len(),
                expected,
                "{operation}"
            );
        }
    }
    let order = |world: &World, who, order| {
        let call = world.call("orders.get", &[uuid(order)], None);
        answer(world.store(), &call, &World::context(who)).is_ok()
    };
    assert!(order(&careless, Who::Ada, 21) && order(&careless, Who::Bob, 21));
    assert!(!order(&careless, Who::Eve, 21) && !order(&careless, Who::Nobody, 21));
    // The rows that a reply brings along are judged like all others.
    let labels: usize = careless
        .listed(Who::Ada, "orders.list", &[("expand", "labels")])
        .iter()
        .map(|order| order["labels"].as_array().unwrap().len())
        .sum();
    assert_eq!(labels, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_forgets_its_conditions_writes_no_more() {
    let world = careless(CLUB);
    let note = || Some(json!({ "note": "mine" }));
    let allowed = world
        .write(Who::Ada, "orders.update", &[uuid(21)], note())
        .await;
    assert_eq!(allowed.unwrap(), 200);
    for (who, operation, row, body) in [
        (Who::Eve, "orders.update", 21, note()),
        (Who::Bob, "orders.update", 21, note()),
        (Who::Ada, "orders.update", 22, note()),
        (Who::Ada, "orders.update", 23, Some(json!({ "lines": [] }))),
        (Who::Eve, "orders.place", 21, None),
        (Who::Ada, "orders.pay", 22, None),
        (Who::Ada, "notices.delete", 51, None),
        (
            Who::Ada,
            "notices.update",
            51,
            Some(json!({ "title": "hers" })),
        ),
    ] {
        let refused = world.write(who, operation, &[uuid(row)], body).await;
        assert!(
            matches!(refused, Err(Failure::Internal(_))),
            "{operation}: {refused:?}"
        );
    }
    // What the row that is left is refused for, is told like the rule that it is.
    let spam = Some(json!({ "title": "spam" }));
    let refused = world
        .write(Who::Bob, "notices.update", &[uuid(51)], spam)
        .await;
    assert!(
        matches!(refused, Err(Failure::Forbidden { .. })),
        "{refused:?}"
    );
    let created = json!({ "title": "hers", "open": true });
    let refused = world
        .write(Who::Ada, "notices.create", &[], Some(created))
        .await;
    assert!(
        matches!(refused, Err(Failure::Forbidden { .. })),
        "{refused:?}"
    );
    let linked = world
        .write(Who::Bob, "orders.link-labels", &[uuid(21), uuid(42)], None)
        .await;
    assert!(matches!(linked, Err(Failure::Internal(_))), "{linked:?}");
    assert_eq!(
        world
            .database
            .query("SELECT count(*) FROM orders WHERE note IS NOT NULL OR status = 'paid'"),
        ["1"]
    );
    assert_eq!(world.database.query("SELECT count(*) FROM lines"), ["6"]);
    assert_eq!(
        world
            .database
            .query("SELECT string_agg(title, ' ' ORDER BY id) FROM notices"),
        ["hello later"]
    );
}
