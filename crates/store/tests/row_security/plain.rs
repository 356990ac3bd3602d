//! Plain SQL in the roles, past the server.

use crate::{Who, World, uuid};

#[test]
fn rows_of_others_and_of_other_tenants_are_invisible() {
    let world = World::new();
    for (who, orders, users, labels, notices) in [
        (Who::Nobody, "", "", "", "51"),
        (Who::Ada, "21 22 26", "11", "41 42", "51"),
        // A clerk, but not of what is secret, nor of another company, nor of what is deleted.
        (Who::Bob, "21 22 23", "11 12", "41 42", "51 52"),
        (Who::Eve, "24", "13", "43", "51"),
    ] {
        assert_eq!(world.known(who, "orders"), orders);
        assert_eq!(world.known(who, "users"), users);
        assert_eq!(world.known(who, "labels"), labels);
        assert_eq!(world.known(who, "notices"), notices);
        let companies = match who {
            Who::Nobody => "",
            Who::Eve => "2",
            _ => "1",
        };
        assert_eq!(world.known(who, "companies"), companies);
    }
}

#[test]
fn parts_and_pairs_are_known_with_their_rows() {
    let world = World::new();
    for (who, lines, pairs) in [
        (Who::Nobody, "", "0"),
        (Who::Ada, "31 32 36", "2"),
        (Who::Bob, "31 32 33", "1"),
        (Who::Eve, "34", "1"),
    ] {
        assert_eq!(world.known(who, "lines"), lines);
        let counted = world.ask("reader", who, "SELECT count(*) FROM order_labels");
        assert_eq!(counted, pairs);
    }
}

#[test]
fn rows_are_added_in_ones_own_name_only() {
    let world = World::new();
    let order = |company: u32, customer: u32| {
        format!(
            "INSERT INTO orders (id, company_id, customer_id, status, created_at, updated_at, version) \
             VALUES (id(29), id({company}), id({customer}), 'draft', now(), now(), 1)"
        )
    };
    let refused = "refused: new row violates row-level security policy for table \"orders\"";
    for (who, company, customer, expected) in [
        (Who::Ada, 1, 11, "1 changed"),
        (Who::Ada, 1, 12, refused),
        (Who::Ada, 2, 11, refused),
        (Who::Bob, 1, 11, refused),
        (Who::Nobody, 1, 11, refused),
    ] {
        assert_eq!(
            world.ask("writer", who, &order(company, customer)),
            expected
        );
    }
    let notice = "INSERT INTO notices (id, title, open, created_at, updated_at, version) \
                  VALUES (id(59), 'TITLE', true, now(), now(), 1)";
    let notice = |who, title: &str| world.ask("writer", who, &notice.replace("TITLE", title));
    assert_eq!(notice(Who::Bob, "news"), "1 changed");
    assert!(notice(Who::Bob, "spam").starts_with("refused: new row violates"));
    assert!(notice(Who::Ada, "news").starts_with("refused: new row violates"));
}

#[test]
fn changes_and_deletions_reach_ones_own_rows_only() {
    let world = World::new();
    let ask = |who, sql: &str| world.ask("writer", who, sql);
    // Ada's drafts; what is placed, or deleted and hers, she may still move nowhere.
    assert_eq!(
        ask(Who::Nobody, "UPDATE orders SET note = 'mine'"),
        "0 changed"
    );
    let named = |order: u32| {
        format!(
            "SET LOCAL archwright.row = '{}'; UPDATE orders SET note = 'mine' WHERE id = id({order})",
            uuid(order)
        )
    };
    assert_eq!(ask(Who::Ada, &named(21)), "1 changed");
    assert_eq!(ask(Who::Ada, &named(23)), "0 changed", "Bob's");
    assert_eq!(ask(Who::Ada, &named(24)), "0 changed", "of another company");
    assert_eq!(ask(Who::Ada, &named(22)), "0 changed", "placed");
    // A row that is not named is not there.
    assert_eq!(
        ask(Who::Ada, "UPDATE orders SET note = 'x' WHERE id = id(21)"),
        "0 changed"
    );
    let note = "refused: permission denied for table orders";
    assert_eq!(
        ask(Who::Ada, "UPDATE orders SET customer_id = id(12)"),
        note
    );
    assert_eq!(ask(Who::Ada, "UPDATE orders SET deleted_at = NULL"), note);
    assert_eq!(ask(Who::Ada, "DELETE FROM orders"), note);
    assert_eq!(ask(Who::Ada, "DELETE FROM notices"), "0 changed");
    assert_eq!(ask(Who::Bob, "DELETE FROM notices"), "2 changed");
    let spam = ask(Who::Bob, "UPDATE notices SET title = 'spam'");
    assert!(spam.starts_with("refused: new row violates"), "{spam}");
    assert_eq!(
        ask(Who::Bob, "UPDATE notices SET title = 'news'"),
        "2 changed"
    );
}

#[test]
fn states_change_by_moves_only() {
    let world = World::new();
    let set = |who, order: u32, state: &str| {
        let sql = format!(
            "SET LOCAL archwright.row = '{}'; UPDATE orders SET status = '{state}' WHERE id = id({order})",
            uuid(order)
        );
        world.ask("writer", who, &sql)
    };
    let refused = "refused: new row violates row-level security policy for table \"orders\"";
    assert_eq!(set(Who::Ada, 21, "placed"), "1 changed");
    assert_eq!(set(Who::Ada, 21, "paid"), refused, "no move of hers");
    assert_eq!(set(Who::Bob, 22, "paid"), "1 changed");
    assert_eq!(set(Who::Bob, 22, "draft"), refused, "no move at all");
    assert_eq!(
        set(Who::Bob, 21, "paid"),
        "0 changed",
        "from the wrong state"
    );
    assert_eq!(set(Who::Ada, 22, "paid"), "0 changed", "the clerk's move");
    assert_eq!(set(Who::Eve, 22, "paid"), "0 changed");
}

#[test]
fn parts_and_pairs_are_written_like_their_rows() {
    let world = World::new();
    let line = |who, order: u32| {
        let sql = format!(
            "INSERT INTO lines (id, order_id, what, count, position, created_at, updated_at) \
             VALUES (id(39), id({order}), 'tea', 1, 1, now(), now())"
        );
        world.ask("writer", who, &sql)
    };
    assert_eq!(line(Who::Ada, 21), "1 changed");
    for (who, order) in [
        (Who::Ada, 22),
        (Who::Ada, 23),
        (Who::Bob, 21),
        (Who::Nobody, 21),
    ] {
        assert!(
            line(who, order).starts_with("refused: new row violates"),
            "{order}"
        );
    }
    assert_eq!(
        world.ask("writer", Who::Ada, "DELETE FROM lines"),
        "2 changed"
    );
    assert_eq!(
        world.ask("writer", Who::Ada, "UPDATE lines SET count = 7"),
        "2 changed"
    );
    let pair = |who, order: u32, label: u32| {
        let sql = format!("INSERT INTO order_labels VALUES (id({order}), id({label}))");
        world.ask("writer", who, &sql)
    };
    assert_eq!(pair(Who::Ada, 26, 41), "1 changed");
    for (order, label) in [(22, 41), (23, 41), (21, 43)] {
        assert!(pair(Who::Ada, order, label).starts_with("refused: new row violates"));
    }
    assert_eq!(
        world.ask("writer", Who::Ada, "DELETE FROM order_labels"),
        "2 changed"
    );
    assert_eq!(
        world.ask("writer", Who::Eve, "DELETE FROM order_labels"),
        "1 changed"
    );
}

#[test]
fn the_role_that_changes_rows_reads_none_and_nobody_reads_what_is_the_systems() {
    let world = World::new();
    let denied = |role: &str, sql: &str| {
        let answer = world.ask(role, Who::Bob, sql);
        assert!(
            answer.starts_with("refused: permission denied"),
            "{role}: {sql}: {answer}"
        );
    };
    denied("writer", "SELECT note FROM orders");
    denied("reader", "UPDATE orders SET note = 'x'");
    for role in ["reader", "writer", "steps"] {
        for table in [
            "auth_credentials",
            "auth_sessions",
            "audit_entries",
            "idempotency_keys",
            "schema_info",
        ] {
            denied(role, &format!("SELECT 1 FROM {table}"));
        }
    }
    assert_eq!(world.ask("writer", Who::Bob, "SELECT id FROM orders"), "");
}

#[test]
fn steps_of_named_operations_stay_in_the_callers_tenant() {
    let world = World::new();
    let count = |who, set: &str| {
        let sql = format!("{set} SELECT count(*) FROM orders");
        world.ask("steps", who, &sql)
    };
    assert_eq!(count(Who::Ada, ""), "5");
    assert_eq!(count(Who::Eve, ""), "1");
    assert_eq!(count(Who::Nobody, ""), "0");
    assert_eq!(
        count(Who::Nobody, "SET LOCAL archwright.tenant = 'any';"),
        "6"
    );
}
