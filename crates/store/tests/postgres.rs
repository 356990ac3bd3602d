//! What only a database server can do: come late, go away, run writes at once, hold tables of somebody else.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

#[path = "common/database.rs"]
mod database;
#[path = "common/design.rs"]
mod design;

use archwright_plan::Plan;
use archwright_plan::model::{ExpressionKind, StepKind, Type};
use archwright_store::{Call, Context, Failure, Keys, OpenError, Reply, Store, StoreOptions};
use database::{Database, Kind};
use design::plan_of_text;
use serde_json::json;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const COUNTERS: &str = r#"
archwright: 1
name: counters
entities:
  Counter:
    fields:
      name: string(1..20), unique
      count: int = 0
    allow: { read: anyone, write: anyone }
operations:
  count:
    route: POST /counters/{name}/count
    by: anyone
    steps:
      - find: { counter: Counter }
        where: name == path.name
      - increment: { counter.count: 1 }
    reply:
      200: { count: counter.count }
"#;

fn plan() -> Plan {
    plan_of_text(COUNTERS)
}

fn options(url: &str) -> StoreOptions {
    StoreOptions {
        url: url.to_owned(),
        readers: 4,
        patience: Duration::ZERO,
        progress: Arc::new(|_| {}),
        secrets: Arc::new(Keys::random().unwrap()),
        file_link: Arc::new(|id, _| id.to_owned()),
    }
}

fn open(url: &str) -> Result<Store, OpenError> {
    Store::open(Arc::new(plan()), options(url))
}

fn context() -> Context {
    Context {
        caller: None,
        now: 1_795_514_400_000,
        request_id: "request".to_owned(),
    }
}

fn call(store: &Store, operation: &str, path: &[&str], body: Option<serde_json::Value>) -> Call {
    let mut operations = store.plan().operations.iter();
    Call {
        operation: operations.position(|one| one.id == operation).unwrap(),
        path: path.iter().map(|part| (*part).to_owned()).collect(),
        body,
        ..Call::default()
    }
}

async fn counter(store: &Store, name: &str) -> Result<String, Failure> {
    let body = json!({ "name": name });
    let call = call(store, "counters.create", &[], Some(body));
    let reply = store.write(call, context()).await?;
    let body: serde_json::Value = serde_json::from_slice(&reply.body.unwrap()).unwrap();
    Ok(body["id"].as_str().unwrap().to_owned())
}

fn read(store: &Store, id: &str) -> Result<Reply, Failure> {
    let (call, context) = (call(store, "counters.get", &[id], None), context());
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| runtime.block_on(store.answer(&call, &context)))
}

fn count(store: &Store, id: &str) -> i64 {
    let body = read(store, id).unwrap().body.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    body["count"].as_i64().unwrap()
}

/// All connections of a database but the one that asks.
const CUT: &str = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_to_one_row_at_once_are_all_counted() {
    let database = Database::new(Kind::Postgres);
    let store = Arc::new(open(&database.url()).unwrap());
    let id = counter(&store, "one").await.unwrap();
    let tasks: Vec<_> = (0..40)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let call = call(&store, "op.count", &["one"], None);
                store.write(call, context()).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count(&store, &id), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_rows_that_are_made_at_once_one_has_the_name() {
    let database = Database::new(Kind::Postgres);
    let store = Arc::new(open(&database.url()).unwrap());
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { counter(&store, "same").await })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => made += 1,
            Err(Failure::Conflict { code, fields, .. }) => {
                assert_eq!((code, fields), ("unique", vec!["name".to_owned()]));
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_are_made_anew() {
    let database = Database::new(Kind::Postgres);
    let store = open(&database.url()).unwrap();
    let id = counter(&store, "kept").await.unwrap();
    for round in 0..3 {
        assert!(!database.query(CUT).is_empty());
        // The first that notices, each time another one.
        match round {
            0 => assert_eq!(count(&store, &id), 0),
            1 => drop(counter(&store, "after").await.unwrap()),
            _ => store.ping().unwrap(),
        }
        assert_eq!(count(&store, &id), 0);
    }
    assert_eq!(database.query("SELECT count(*) FROM counters"), ["2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_under_writes_lose_no_write_that_was_told() {
    let database = Database::new(Kind::Postgres);
    let store = Arc::new(open(&database.url()).unwrap());
    let tasks: Vec<_> = (0..60)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { counter(&store, &format!("row {number}")).await })
        })
        .collect();
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        database.query(CUT);
    }
    let mut told = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(id) => {
                assert_eq!(count(&store, &id), 0);
                told += 1;
            }
            // Only where the connection was cut in the middle of a commit, or again and again.
            Err(Failure::Unavailable(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    let kept: usize = database.query("SELECT count(*) FROM counters")[0]
        .parse()
        .unwrap();
    assert!(kept >= told, "{kept} of {told}");
}

/// Passes bytes on to a server, once it is there.
fn forward(listener: TcpListener, server: String) {
    for client in listener.incoming() {
        let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
        let (mut up, mut down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut up, &mut &server));
        std::thread::spawn(move || std::io::copy(&mut down, &mut &client));
    }
}

#[test]
fn the_start_waits_for_a_server_that_comes_late_and_says_so() {
    let database = Database::new(Kind::Postgres);
    let url = database.url();
    let address = url.split(['@', '/']).nth(3).unwrap().to_owned();
    // A port that nobody listens at yet.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let (notes, server) = (told.clone(), address.clone());
    let started = Mutex::new(false);
    let options = StoreOptions {
        patience: Duration::from_secs(60),
        progress: Arc::new(move |what| {
            notes.lock().unwrap().push(what.to_owned());
            let mut started = started.lock().unwrap();
            if !*started {
                let (server, listener) = (server.clone(), TcpListener::bind(port).unwrap());
                std::thread::spawn(move || forward(listener, server));
                *started = true;
            }
        }),
        ..options(&url.replace(&address, &port.to_string()))
    };
    let store = Store::open(Arc::new(plan()), options).unwrap();
    store.ping().unwrap();
    let told = told.lock().unwrap();
    assert!(
        told[0].starts_with("waiting for PostgreSQL, store_") && told[0].contains("127.0.0.1:"),
        "{told:?}"
    );
}

#[test]
fn the_start_does_not_wait_for_ever_nor_for_what_is_refused() {
    let database = Database::new(Kind::Postgres);
    let began = Instant::now();
    let away = "postgres://postgres:secret@127.0.0.1:1/shop";
    let options = StoreOptions {
        patience: Duration::from_millis(200),
        ..options(away)
    };
    let error = Store::open(Arc::new(plan()), options)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("shop on 127.0.0.1:1"), "{error}");
    assert!(!error.contains("secret"), "{error}");
    let missing = StoreOptions {
        patience: Duration::from_secs(300),
        ..self::options(&format!("{}_missing", database.url()))
    };
    let error = Store::open(Arc::new(plan()), missing)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("does not exist"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_database_is_made_once_and_found_again() {
    let database = Database::new(Kind::Postgres);
    assert!(open(&database.url()).unwrap().made_schema());
    assert!(!open(&database.url()).unwrap().made_schema());
}

#[test]
fn copies_that_start_at_once_make_the_schema_once() {
    let database = Database::new(Kind::Postgres);
    let url = database.url();
    let made: usize = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| usize::from(open(&url).unwrap().made_schema())))
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).sum()
    });
    assert_eq!(made, 1);
}

#[track_caller]
fn check_differences(change: &str, expected: &[&str]) {
    let database = Database::new(Kind::Postgres);
    drop(open(&database.url()).unwrap());
    database.execute(change);
    match open(&database.url()).err() {
        Some(OpenError::Differs(differences)) => assert_eq!(differences, expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn tables_that_do_not_fit_are_refused_by_name() {
    check_differences(
        "ALTER TABLE counters ALTER count TYPE bigint",
        &["the column counters.count is bigint not null, and should be integer not null"],
    );
    check_differences(
        "CREATE TABLE of_others (id int)",
        &["the table of_others in the schema public is not part of the design counters"],
    );
    check_differences("DROP TABLE counters", &["the table counters is missing"]);
    check_differences(
        "DROP INDEX unique_counter_name",
        &[
            "the index counters.unique_counter_name (CREATE UNIQUE INDEX unique_counter_name ON counters \
           USING btree (name)) is missing",
        ],
    );
}

#[test]
fn a_statement_that_the_database_does_not_take_stops_the_start() {
    let mut plan = plan();
    let StepKind::Find {
        filter: Some(filter),
        ..
    } = &mut plan.model.operations[0].steps[0].kind
    else {
        panic!("no filter");
    };
    let ExpressionKind::Binary { right, .. } = &mut filter.kind else {
        panic!("no comparison");
    };
    // A text beside an instant, as no design can have them.
    (right.kind, right.ty) = (ExpressionKind::Now, Type::DateTime);
    let database = Database::new(Kind::Postgres);
    match Store::open(Arc::new(plan), options(&database.url())).err() {
        Some(OpenError::Refused { reason, statement }) => {
            assert!(reason.contains("text = timestamp"), "{reason}");
            assert!(statement.contains("\"counters\""), "{statement}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_postgres_cannot_hold_is_refused_with_its_place() {
    let database = Database::new(Kind::Postgres);
    let store = open(&database.url()).unwrap();
    match counter(&store, "a\0b").await {
        Err(Failure::Invalid(faults)) => assert_eq!(faults[0].at, "/name"),
        other => panic!("{other:?}"),
    }
}

const ORDERS: &str = r#"
archwright: 1
name: orders
entities:
  Book:
    fields: { title: "string(1..40)" }
    allow: { read: anyone, create: anyone }
  Order:
    fields:
      note: text(0..400000)?
      lines: Line[], composed
    allow: { read: anyone, create: anyone }
  Line:
    fields:
      book: Book
      place: int, unique
"#;

/// A client that sends nothing for so long waits for answers.
const QUIET: Duration = Duration::from_millis(100);

/// Passes bytes on to a server, and counts how often the client waits for it. It gets no answer before it has sent all,
/// so that neither two flights can be taken for one, nor one that comes in pieces for two.
fn counting(server: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let flights = Arc::new(AtomicUsize::new(0));
    let count = flights.clone();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
            client.set_read_timeout(Some(QUIET)).unwrap();
            let instant = Duration::from_millis(1);
            server.set_read_timeout(Some(instant)).unwrap();
            let count = count.clone();
            std::thread::spawn(move || passed_on(client, server, &count));
        }
    });
    (address.to_string(), flights)
}

/// Until one of them is gone.
fn passed_on(mut client: TcpStream, mut server: TcpStream, flights: &AtomicUsize) {
    let mut bytes = vec![0; 1 << 16];
    let mut has_sent = false;
    loop {
        match client.read(&mut bytes) {
            Ok(length @ 1..) => {
                has_sent = true;
                server.write_all(&bytes[..length]).unwrap();
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                flights.fetch_add(usize::from(has_sent), Ordering::SeqCst);
                has_sent = false;
                while let Ok(length @ 1..) = server.read(&mut bytes) {
                    client.write_all(&bytes[..length]).unwrap();
                }
            }
            Ok(0) | Err(_) => return,
        }
    }
}

async fn made(store: &Store, operation: &str, body: serde_json::Value) -> serde_json::Value {
    let call = call(store, operation, &[], Some(body));
    let reply = store.write(call, context()).await.unwrap();
    serde_json::from_slice(&reply.body.unwrap()).unwrap()
}

fn order(book: &serde_json::Value, places: [i64; 3]) -> serde_json::Value {
    let lines = places.map(|place| json!({ "book_id": book["id"], "place": place }));
    json!({ "note": "x".repeat(300), "lines": lines })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_statements_of_a_write_travel_together() {
    let database = Database::new(Kind::Postgres);
    let url = database.url();
    let server = url.split(['@', '/']).nth(3).unwrap();
    let (address, sent) = counting(server.to_owned());
    let plan = Arc::new(plan_of_text(ORDERS));
    let store = Store::open(plan, options(&url.replace(server, &address))).unwrap();
    let book = made(&store, "books.create", json!({ "title": "one" })).await;
    // The first one prepares its statements.
    made(&store, "orders.create", order(&book, [1, 2, 3])).await;
    let before = sent.load(Ordering::SeqCst);
    let order = made(&store, "orders.create", order(&book, [4, 5, 6])).await;
    let flights = sent.load(Ordering::SeqCst) - before;
    // The books; the rows with the question whether they are allowed; the audit with what is shown; the end.
    assert_eq!(flights, 4);
    assert_eq!(order["lines"][2]["place"], 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_is_refused_is_told_at_its_place_and_nothing_is_left() {
    let database = Database::new(Kind::Postgres);
    let plan = Arc::new(plan_of_text(ORDERS));
    let store = Store::open(plan, options(&database.url())).unwrap();
    let book = made(&store, "books.create", json!({ "title": "one" })).await;
    for _ in 0..3 {
        let body = Some(order(&book, [1, 2, 1]));
        let refused = store.write(call(&store, "orders.create", &[], body), context());
        match refused.await {
            Err(Failure::Conflict { code, fields, .. }) => {
                assert_eq!(
                    (code, fields),
                    ("unique", vec!["/lines/2/place".to_owned()])
                );
            }
            other => panic!("{other:?}"),
        }
        for table in ["orders", "lines", "audit_entries WHERE entity = 'Order'"] {
            let left = database.query(&format!("SELECT count(*) FROM {table}"));
            assert_eq!(left, ["0"], "{table}");
        }
    }
    made(&store, "orders.create", order(&book, [1, 2, 3])).await;
}

/// It comes in many pieces, and its parts after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_row_is_read_with_its_parts() {
    let database = Database::new(Kind::Postgres);
    let plan = Arc::new(plan_of_text(ORDERS));
    let store = Store::open(plan, options(&database.url())).unwrap();
    let book = made(&store, "books.create", json!({ "title": "one" })).await;
    let mut body = order(&book, [1, 2, 3]);
    body["note"] = json!("a long note. ".repeat(30_000));
    let order = made(&store, "orders.create", body.clone()).await;
    assert_eq!(order["note"], body["note"]);
    let get = call(&store, "orders.get", &[order["id"].as_str().unwrap()], None);
    let read = store.answer(&get, &context()).await.unwrap().body.unwrap();
    let read: serde_json::Value = serde_json::from_slice(&read).unwrap();
    assert_eq!(read, order);
}
