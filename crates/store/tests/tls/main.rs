//! TLS to a real PostgreSQL: who is trusted, who is not, and what is said then.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

mod cluster;
#[path = "../common/database.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod database;
#[path = "../common/design.rs"]
mod design;

use archwright_store::{Call, Context, Keys, OpenError, Store, StoreOptions};
use cluster::{Cluster, Issuer, Takes};
use database::{Database, Kind};
use design::plan_of_text;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

const NOTES: &str = "
archwright: 1
name: notes
entities:
  Note:
    fields: { text: text, marks: \"Mark[], composed\" }
    allow: { read: anyone, write: anyone }
  Mark:
    fields: { word: string(1..20)? }
  Tag:
    fields: { word: string(1..20) }
    allow: { read: anyone }
";

fn open(url: &str) -> Result<Store, OpenError> {
    let options = StoreOptions {
        url: url.to_owned(),
        readers: 2,
        patience: Duration::ZERO,
        progress: Arc::new(|_| {}),
        secrets: Arc::new(Keys::random().unwrap()),
        file_link: Arc::new(|id, _| id.to_owned()),
    };
    Store::open(Arc::new(plan_of_text(NOTES)), options)
}

#[track_caller]
fn refused(url: &str, parts: &[&str]) {
    let Err(error) = open(url) else {
        panic!("{url} is taken");
    };
    let told = error.to_string();
    for part in parts {
        assert!(told.contains(part), "{url}: no {part:?} in {told}");
    }
    assert!(!told.contains("s3cret"), "{told}");
}

fn call(store: &Store, operation: &str, body: Option<Value>) -> (Call, Context) {
    let mut operations = store.plan().operations.iter();
    let call = Call {
        operation: operations.position(|one| one.id == operation).unwrap(),
        body,
        ..Call::default()
    };
    let context = Context {
        caller: None,
        now: 1_795_514_400_000,
        request_id: "request".to_owned(),
    };
    (call, context)
}

/// Writes more than one record of TLS holds, and reads all of it.
async fn use_it(store: &Store) {
    let text = "a longer text. ".repeat(1_300);
    for _ in 0..8 {
        let (call, context) = call(store, "notes.create", Some(json!({ "text": text })));
        store.write(call, context).await.unwrap();
    }
    let (call, context) = call(store, "notes.list", None);
    // Waited for by a thread, and by the runtime: over a connection of its own, as they have parts, and over a shared one.
    let replies = [
        store.read(&call, &context),
        store.answer(&call, &context).await,
    ];
    let (tags, tags_context) = self::call(store, "tags.list", None);
    store.answer(&tags, &tags_context).await.unwrap();
    for reply in replies {
        let body: Value = serde_json::from_slice(&reply.unwrap().body.unwrap()).unwrap();
        let notes = body["data"].as_array().unwrap();
        assert!(notes.len() >= 8);
        assert!(
            notes
                .iter()
                .all(|note| note["text"] == *text.trim_end() || note["text"] == *text)
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_who_the_url_says() {
    let cluster = Cluster::start(Issuer::Authority, Takes::Encrypted);
    // Without a word about it, what can be encrypted is: the server takes nothing else.
    use_it(&open(&cluster.url("127.0.0.1", "")).unwrap()).await;
    for mode in ["prefer", "require"] {
        drop(open(&cluster.url("127.0.0.1", &format!("sslmode={mode}"))).unwrap());
    }
    let plain = cluster.url("127.0.0.1", "sslmode=disable");
    refused(&plain, &["no encryption"]);

    let (ca, other) = (cluster.file("ca.pem"), cluster.file("other.pem"));
    let with = |host: &str, mode: &str, root: &str| {
        cluster.url(host, &format!("sslmode={mode}&sslrootcert={root}"))
    };
    use_it(&open(&with("localhost", "verify-full", &ca)).unwrap()).await;
    drop(open(&with("127.0.0.1", "verify-ca", &ca)).unwrap());
    drop(open(&with("127.0.0.1", "require", &ca)).unwrap());

    // Another name than the certificate's.
    let wrong_name = with("127.0.0.1", "verify-full", &ca);
    refused(
        &wrong_name,
        &["certificate is not accepted", "127.0.0.1", "localhost"],
    );
    // An authority that nobody has named.
    for mode in ["verify-full", "verify-ca", "require"] {
        refused(
            &with("localhost", mode, &other),
            &["nobody who is trusted", "sslrootcert"],
        );
    }
    // Those that are trusted are named for a purpose.
    let root = |root: &str| cluster.url("localhost", &format!("sslrootcert={root}"));
    use_it(&open(&root(&ca)).unwrap()).await;
    refused(&root(&other), &["nobody who is trusted", "sslrootcert"]);
    refused(&root("system"), &["nobody who is trusted", "sslrootcert"]);
    // An address is where the host is, and not what it is called.
    let there = |host: &str, address: &str| {
        let query = format!("hostaddr={address}&sslmode=verify-full&sslrootcert={ca}");
        cluster.url(host, &query)
    };
    refused(&there("localhost", "127.0.0.2"), &["refused"]);
    refused(
        &there("db.invalid", "127.0.0.1"),
        &["certificate is not accepted", "db.invalid"],
    );
    drop(open(&there("localhost", "127.0.0.1")).unwrap());
    let by_the_system = cluster.url("localhost", "sslmode=verify-full");
    refused(&by_the_system, &["nobody who is trusted", "sslrootcert"]);
    refused(
        &with("localhost", "verify-ca", "/no/such.pem"),
        &["/no/such.pem", "can't be read"],
    );
    refused(
        &with("localhost", "verify-ca", &cluster.file("about")),
        &["holds no certificate"],
    );
}

/// Whether each connection of the store is encrypted, as the server sees it.
const ENCRYPTED: &str = "SELECT s.ssl::text FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                         WHERE a.client_port > 0";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_connections_are_encrypted_where_the_server_would_take_others() {
    let cluster = Cluster::start(Issuer::Authority, Takes::All);
    let plain = open(&cluster.url("127.0.0.1", "sslmode=disable")).unwrap();
    use_it(&plain).await;
    assert!(cluster.query(ENCRYPTED).contains(&"false".to_owned()));
    drop(plain);
    // Those of this store may be about to end.
    let old = cluster.query("SELECT pid::text FROM pg_stat_activity WHERE client_port > 0");
    let store = open(&cluster.url("127.0.0.1", "sslmode=require")).unwrap();
    use_it(&store).await;
    let own = |what: &str| {
        let others = old.join(", ");
        let others = if others.is_empty() { "0" } else { &others };
        cluster.query(&format!("{what} AND pid NOT IN ({others})"))
    };
    let encrypted = own(ENCRYPTED);
    // One that writes, one that a thread waits for, one that is shared by reads, one that a read has for itself.
    assert!(encrypted.len() >= 4, "{encrypted:?}");
    assert!(encrypted.iter().all(|one| one == "true"), "{encrypted:?}");
}

/// Each is made anew in the same way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encrypted_connections_that_are_cut_are_made_anew() {
    let cluster = Cluster::start(Issuer::Authority, Takes::All);
    let store = open(&cluster.url("127.0.0.1", "sslmode=require")).unwrap();
    use_it(&store).await;
    for _ in 0..3 {
        let cut =
            "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE client_port > 0";
        assert!(cluster.query(cut).len() >= 4);
        use_it(&store).await;
        let encrypted = cluster.query(ENCRYPTED);
        assert!(encrypted.iter().all(|one| one == "true"), "{encrypted:?}");
    }
}

/// The proof of the password holds the hash of the server's certificate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_is_bound_to_the_connection() {
    let cluster = Cluster::start(Issuer::Authority, Takes::Encrypted);
    let bound = cluster.url("127.0.0.1", "sslmode=require&channel_binding=require");
    use_it(&open(&bound).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_signs_itself_is_trusted_when_it_is_named() {
    let cluster = Cluster::start(Issuer::Itself, Takes::Encrypted);
    let named = format!(
        "sslmode=verify-ca&sslrootcert={}",
        cluster.file("server.pem")
    );
    use_it(&open(&cluster.url("localhost", &named)).unwrap()).await;
    let full = named.replace("verify-ca", "verify-full");
    refused(
        &cluster.url("localhost", &full),
        &["certificate is not accepted", "localhost"],
    );
    let unnamed = cluster.url("localhost", "sslmode=verify-ca");
    refused(&unnamed, &["nobody who is trusted", "sslrootcert"]);
}

/// The server of the test run has no TLS.
#[test]
fn a_server_without_tls_is_refused_where_it_has_to_have_it() {
    let database = Database::new(Kind::Postgres);
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = format!("{}?sslmode={mode}", database.url());
        refused(&url, &["the server has no TLS", "sslmode"]);
    }
    for mode in ["disable", "prefer"] {
        open(&format!("{}?sslmode={mode}", database.url())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_host_may_be_as_secure_as_the_url_says() {
    let database = Database::new(Kind::Postgres);
    let plain = database.url();
    let plain = plain.split(['@', '/']).nth(3).unwrap();
    let cluster = Cluster::start(Issuer::Authority, Takes::Encrypted);
    let url = cluster.url("localhost", "sslmode=require");
    let both = url.replace("localhost", &format!("{plain},localhost"));
    use_it(&open(&both).unwrap()).await;
    let twice = url.replace(
        &format!("localhost:{}", cluster.port),
        &format!("{plain},{plain}"),
    );
    refused(&twice, &["the server has no TLS"]);
}

/// Says that it has TLS, and has none.
fn broken_tls(server: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, server) = (client.unwrap(), server.clone());
            std::thread::spawn(move || {
                let mut asked = [0; 8];
                if client.peek(&mut asked).unwrap() == 8 && asked[4..] == [4, 210, 22, 47] {
                    client.read_exact(&mut asked).unwrap();
                    client.write_all(b"Sorry, there is none after all").unwrap();
                    return;
                }
                let mut server = TcpStream::connect(server).unwrap();
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
                let _ = std::io::copy(&mut server, &mut client);
            });
        }
    });
    port
}

#[test]
fn where_tls_was_left_open_a_handshake_that_fails_is_no_end() {
    let database = Database::new(Kind::Postgres);
    let url = database.url();
    let address = url.split(['@', '/']).nth(3).unwrap();
    let port = broken_tls(address.to_owned());
    let url = url.replace(address, &format!("127.0.0.1:{port}"));
    refused(
        &format!("{url}?sslmode=require"),
        &["TLS with the server failed"],
    );
    open(&format!("{url}?sslmode=prefer")).unwrap();
}
