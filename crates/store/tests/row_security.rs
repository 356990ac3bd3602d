//! The rules of the database itself, on PostgreSQL: asked in plain SQL, past the server, and behind a server that has
//! forgotten its own.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

#[path = "common/database.rs"]
mod database;
#[path = "common/design.rs"]
mod design;

use archwright_plan::Plan;
use archwright_plan::model::RoleId;
use archwright_sql::SecurityNames;
use archwright_store::{Call, Caller, Context, Failure, Keys, Store, StoreOptions};
use database::{Database, Kind};
use design::plan_of_text;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// 2026-11-24T10:00:00.000Z
const NOW: i64 = 1_795_514_400_000;

const CLUB: &str = r#"
archwright: 1
name: club
stack: { database: postgres, rls: true }
roles:
  member: { sign-up: open }
  clerk: { granted-by: clerk }
entities:
  Company:
    tenant: true
    fields: { name: "string(1..80), unique" }
    allow: { get: signed-in }
  User:
    account: email
    fields:
      company: Company, tenant, immutable
      email: email, unique
      likes: Notice[]
    allow: { read: "owner, clerk", update: owner }
  Order:
    fields:
      company: Company, tenant
      customer: User, owner
      status: enum(draft, placed, paid) = draft
      note: string(1..80)?
      lines: Line[], composed
      labels: Label[]
      due_at: datetime?
    allow:
      read:
        - owner
        - { by: clerk, when: "labels.all(l, l.name != 'secret')" }
      create: owner
      update: owner when status == 'draft'
      delete: clerk
    moves:
      place: { from: draft, to: placed, by: owner }
      pay: { from: placed, to: paid, by: clerk when due_at == null || due_at > now }
    soft-delete: true
  Line:
    fields:
      what: string(1..80)
      count: int, min 1
  Label:
    fields:
      company: Company, tenant
      name: string(1..80)
      orders: Order[], by labels
    allow:
      read: clerk, signed-in when orders.exists(o, o.customer == caller)
      write: clerk
  Notice:
    fields:
      title: string(1..80)
      open: bool = false
    allow:
      read: anyone when open, clerk
      create: { by: clerk, after: "title != 'spam'" }
      update: { by: clerk, after: "title != 'spam'" }
      delete: clerk
operations:
  shout:
    route: POST /shout
    by: signed-in
    steps:
      - list: { rows: Order }
        count: total
    reply:
      200: { total: total }
"#;

/// Ada and Bob are of company 1, Bob its clerk; Eve is of company 2.
const ROWS: &str = "
INSERT INTO companies (id, name, created_at, updated_at, version) SELECT id(n), 'company ' || n, now(), now(), 1 FROM generate_series(1, 2) n;
INSERT INTO users (id, company_id, email, created_at, updated_at, version) VALUES
    (id(11), id(1), 'ada@example.com', now(), now(), 1), (id(12), id(1), 'bob@example.com', now(), now(), 1),
    (id(13), id(2), 'eve@example.com', now(), now(), 1);
INSERT INTO auth_credentials (account_id, password_hash, roles, failed_count) SELECT id, '!', '[]', 0 FROM users;
INSERT INTO orders (id, company_id, customer_id, status, deleted_at, created_at, updated_at, version) VALUES
    (id(21), id(1), id(11), 'draft', NULL, now(), now(), 1), (id(22), id(1), id(11), 'placed', NULL, now(), now(), 1),
    (id(23), id(1), id(12), 'draft', NULL, now(), now(), 1), (id(24), id(2), id(13), 'draft', NULL, now(), now(), 1),
    (id(25), id(1), id(11), 'draft', now(), now(), now(), 1), (id(26), id(1), id(11), 'draft', NULL, now(), now(), 1);
INSERT INTO lines (id, order_id, what, count, position, created_at, updated_at) SELECT id(n + 10), id(n), 'tea', 1, 0, now(), now() FROM generate_series(21, 26) n;
INSERT INTO labels (id, company_id, name, created_at, updated_at, version) VALUES
    (id(41), id(1), 'gift', now(), now(), 1), (id(42), id(1), 'secret', now(), now(), 1), (id(43), id(2), 'gift', now(), now(), 1);
INSERT INTO order_labels VALUES (id(21), id(41)), (id(26), id(42)), (id(24), id(43));
INSERT INTO notices (id, title, open, created_at, updated_at, version) VALUES
    (id(51), 'hello', true, now(), now(), 1), (id(52), 'later', false, now(), now(), 1);
";

fn uuid(number: u32) -> String {
    format!("00000000-0000-7000-8000-{number:012}")
}

/// `id(21)` stands for the id of row 21.
fn filled(sql: &str) -> String {
    let mut filled = String::new();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once("id(") {
        let (inside, end) = after.split_once(')').unwrap();
        filled.push_str(before);
        let number = format!("lpad(({inside})::text, 12, '0')");
        match before.chars().last() {
            Some(letter) if letter.is_alphanumeric() || letter == '_' => {
                filled.push_str(&format!("id({inside})"));
            }
            _ => filled.push_str(&format!("('00000000-0000-7000-8000-' || {number})::uuid")),
        }
        rest = end;
    }
    filled + rest
}

struct World {
    plan: Arc<Plan>,
    store: Option<Store>,
    names: SecurityNames,
    database: Database,
}

#[derive(Clone, Copy, PartialEq)]
enum Who {
    Nobody,
    Ada,
    Bob,
    Eve,
}

impl World {
    fn new() -> Self {
        Self::of(plan_of_text(CLUB))
    }

    fn of(plan: Plan) -> Self {
        let database = Database::new(Kind::Postgres);
        let plan = Arc::new(plan);
        let url = database.url();
        let store = open(&url, &plan);
        database.execute(&filled(ROWS));
        Self {
            names: SecurityNames::new(url.rsplit('/').next().unwrap(), "public"),
            store: Some(store),
            plan,
            database,
        }
    }

    /// Closes the store, and opens the database again with another plan.
    fn reopen(&mut self, plan: &Arc<Plan>) {
        self.store.take();
        self.store = Some(open(&self.database.url(), plan));
    }

    fn role(&self, plain: &str) -> &str {
        match plain {
            "reader" => &self.names.reader,
            "writer" => &self.names.writer,
            _ => &self.names.steps,
        }
    }

    /// What a role gets for a statement in a transaction with the settings of a caller: the first column of rows, or how
    /// many rows were changed, or why it is refused. Nothing is kept.
    fn ask(&self, role: &str, who: Who, sql: &str) -> String {
        let role = self.role(role);
        let settings = match who {
            Who::Nobody => String::new(),
            who => {
                let (id, tenant, roles) = match who {
                    Who::Ada => (11, 1, "member"),
                    Who::Bob => (12, 1, "clerk,member"),
                    _ => (13, 2, "member"),
                };
                format!(
                    "SET LOCAL archwright.caller = '{}'; SET LOCAL archwright.tenant = '{}'; \
                     SET LOCAL archwright.roles = '{roles}';",
                    uuid(id),
                    uuid(tenant)
                )
            }
        };
        self.database.attempt(
            &format!("BEGIN; {settings} SET LOCAL ROLE \"{role}\""),
            &filled(sql),
        )
    }

    fn known(&self, who: Who, table: &str) -> String {
        let rows = self.ask(
            "reader",
            who,
            &format!("SELECT id FROM {table} ORDER BY id"),
        );
        let numbers = rows.split(',').filter(|row| !row.is_empty());
        let numbers = numbers.map(|id| id.rsplit('-').next().unwrap().trim_start_matches('0'));
        numbers.collect::<Vec<_>>().join(" ")
    }

    fn context(who: Who) -> Context {
        let caller = |id, roles: &[usize]| Caller {
            account_id: uuid(id),
            roles: roles.iter().map(|role| RoleId(*role)).collect(),
            session_id: "session".to_owned(),
        };
        Context {
            caller: match who {
                Who::Nobody => None,
                Who::Ada => Some(caller(11, &[0])),
                Who::Bob => Some(caller(12, &[0, 1])),
                Who::Eve => Some(caller(13, &[0])),
            },
            now: NOW,
            request_id: "request".to_owned(),
        }
    }

    fn call(&self, operation: &str, path: &[String], body: Option<Value>) -> Call {
        let mut operations = self.plan.operations.iter();
        Call {
            operation: operations.position(|one| one.id == operation).unwrap(),
            path: path.to_vec(),
            body,
            ..Call::default()
        }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    /// How many rows a list shows.
    fn listed(&self, who: Who, operation: &str, query: &[(&str, &str)]) -> Vec<Value> {
        let mut call = self.call(operation, &[], None);
        let query = query.iter();
        call.query = query
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let reply = self.store().read(&call, &Self::context(who)).unwrap();
        let body: Value = serde_json::from_slice(&reply.body.unwrap()).unwrap();
        body["data"].as_array().unwrap().clone()
    }

    async fn write(
        &self,
        who: Who,
        operation: &str,
        path: &[String],
        body: Option<Value>,
    ) -> Result<u16, Failure> {
        let call = self.call(operation, path, body);
        let reply = self.store().write(call, Self::context(who)).await?;
        Ok(reply.status)
    }
}

fn open(url: &str, plan: &Arc<Plan>) -> Store {
    let options = StoreOptions {
        url: url.to_owned(),
        readers: 2,
        patience: Duration::ZERO,
        progress: Arc::new(|_| {}),
        secrets: Arc::new(Keys::random().unwrap()),
        file_link: Arc::new(|id, _| id.to_owned()),
    };
    Store::open(plan.clone(), options).unwrap_or_else(|error| panic!("{error}"))
}

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
        world.store().read(&call, &World::context(who)).is_ok()
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

#[test]
fn rules_follow_the_design_at_each_start() {
    let mut world = World::new();
    let count = "SELECT count(*) FROM pg_policies WHERE schemaname = 'public'";
    let made = world.database.query(count);
    // What somebody has taken away is put back.
    world
        .database
        .execute("DROP POLICY \"archwright read\" ON orders");
    world
        .database
        .execute("CREATE POLICY \"archwright more\" ON orders USING (true)");
    assert_eq!(world.known(Who::Ada, "orders"), "21 22 23 24 25 26");
    world.reopen(&world.plan.clone());
    assert_eq!(world.database.query(count), made);
    assert_eq!(world.known(Who::Ada, "orders"), "21 22 26");
    // A design that says otherwise changes them.
    let wider = CLUB.replace("        - owner\n", "        - signed-in\n");
    world.reopen(&Arc::new(plan_of_text(&wider)));
    assert_eq!(world.known(Who::Ada, "orders"), "21 22 23 26");
    let without = CLUB.replace(", rls: true", "");
    world.reopen(&Arc::new(plan_of_text(&without)));
    assert_eq!(world.database.query(count), ["0"]);
    let denied = world.ask("reader", Who::Ada, "SELECT 1 FROM orders");
    assert_eq!(denied, "refused: permission denied for table orders");
    assert_eq!(world.listed(Who::Ada, "orders.list", &[]).len(), 3);
}

#[test]
fn a_server_that_does_not_own_the_tables_is_refused() {
    let mut world = World::new();
    world.store.take();
    let (url, name) = (
        world.database.url(),
        format!("guest_{}", std::process::id()),
    );
    let roles = format!(
        "\"{}\", \"{}\", \"{}\"",
        world.names.reader, world.names.writer, world.names.steps
    );
    world.database.execute(&format!(
        "CREATE ROLE {name} LOGIN; GRANT {roles} TO {name}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}; \
         GRANT ALL ON SCHEMA public TO {name}"
    ));
    world.reopen(&world.plan.clone());
    world.store.take();
    let guest = url.replacen("postgres@", &format!("{name}@"), 1);
    let options = StoreOptions {
        url: guest,
        readers: 1,
        patience: Duration::ZERO,
        progress: Arc::new(|_| {}),
        secrets: Arc::new(Keys::random().unwrap()),
        file_link: Arc::new(|id, _| id.to_owned()),
    };
    let refused = Store::open(world.plan.clone(), options);
    world
        .database
        .execute(&format!("DROP OWNED BY {name}; DROP ROLE {name}"));
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("has to own the table"), "{refused}");
}

#[test]
fn the_owner_of_a_database_needs_no_more_than_to_create_roles() {
    let database = Database::new(Kind::Postgres);
    let url = database.url();
    let (name, user) = (
        url.rsplit('/').next().unwrap(),
        format!("shop_{}", std::process::id()),
    );
    database.execute(&format!(
        "CREATE ROLE {user} LOGIN CREATEROLE; ALTER DATABASE {name} OWNER TO {user}"
    ));
    let plan = Arc::new(plan_of_text(CLUB));
    let own = url.replacen("postgres@", &format!("{user}@"), 1);
    for _ in 0..2 {
        let store = open(&own, &plan);
        let call = Call {
            operation: plan
                .operations
                .iter()
                .position(|one| one.id == "notices.list")
                .unwrap(),
            ..Call::default()
        };
        let reply = store.read(&call, &World::context(Who::Nobody)).unwrap();
        assert_eq!(reply.status, 200);
    }
    let owner =
        database.query("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'");
    database.execute(&format!("REASSIGN OWNED BY {user} TO postgres"));
    let names = SecurityNames::new(name, "public");
    let roles = format!(
        "\"{}\", \"{}\", \"{}\"",
        names.reader, names.writer, names.steps
    );
    database.execute(&format!(
        "REVOKE {roles} FROM {user}; DROP OWNED BY {user}; DROP ROLE {user}"
    ));
    assert_eq!(owner, [user]);
}
