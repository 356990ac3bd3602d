//! The rules of the database itself, on PostgreSQL: asked in plain SQL, past the server, and behind a server that has
//! forgotten its own.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

#[path = "../common/database.rs"]
mod database;
#[path = "../common/design.rs"]
mod design;
mod plain;
mod server;
mod start;

use archwright_plan::Plan;
use archwright_plan::model::RoleId;
use archwright_sql::SecurityNames;
use archwright_store::{Call, Caller, Context, Failure, Keys, Reply, Store, StoreOptions};
use database::{Database, Kind};
use design::plan_of_text;
use serde_json::Value;
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
        let reply = answer(self.store(), &call, &Self::context(who)).unwrap();
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

fn answer(store: &Store, call: &Call, context: &Context) -> Result<Reply, Failure> {
    use tokio::runtime::{Handle, Runtime};
    let answering = store.answer(call, context);
    match Handle::try_current() {
        Ok(runtime) => tokio::task::block_in_place(|| runtime.block_on(answering)),
        Err(_) => Runtime::new().unwrap().block_on(answering),
    }
}
