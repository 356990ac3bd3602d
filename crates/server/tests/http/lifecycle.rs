//! Starting and stopping.

use crate::common::{example, options, plan, seed, serve};
use crate::design::NOTES;
use archwright_server::{Seeding, Server, StartError};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Far longer than any step takes.
const PATIENCE: Duration = Duration::from_secs(15);

#[tokio::test]
async fn many_servers_run_in_one_process() {
    let mut servers = Vec::new();
    for _ in 0..12 {
        servers.push(serve(plan(NOTES)).await);
    }
    for (number, server) in servers.iter().enumerate() {
        let title = format!("note {number}");
        server
            .post("/v1/notes", json!({ "title": title }))
            .send()
            .await
            .expect(201);
    }
    for server in &servers {
        let rows = server.get("/v1/notes").send().await.expect(200).json();
        assert_eq!(rows["data"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_runs_is_finished_before_the_server_stops() {
    let mut server = serve(plan(NOTES)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /v1/notes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 13\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut heard = [0; 12];
    // The server has begun to read the body.
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"HTTP/1.1 100");
    let address = server.address;
    let stopped = server.stop();
    stream.write_all(br#"{"title":"a"}"#).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    assert!(answer.contains("HTTP/1.1 201 "), "{answer}");
    tokio::time::timeout(PATIENCE, stopped)
        .await
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn idle_connections_do_not_keep_the_server() {
    let mut server = serve(plan(NOTES)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut heard = [0; 12];
    stream.read_exact(&mut heard).await.unwrap();
    let stopped = server.stop();
    tokio::time::timeout(PATIENCE, stopped)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let server = serve(plan(NOTES)).await;
    let folder = tempfile::tempdir().unwrap();
    let mut taken = options(&folder);
    taken.address = server.address;
    let Err(StartError::Address { address, source }) = Server::bind(plan(NOTES), taken).await
    else {
        panic!("two servers on one port");
    };
    assert_eq!(address, server.address);
    assert_eq!(source.kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn only_an_empty_database_is_seeded() {
    let folder = tempfile::tempdir().unwrap();
    let start = || async {
        let plan = example("bookshop");
        let mut options = options(&folder);
        options.database_url = format!("sqlite://{}", folder.path().join("shop.sqlite").display());
        options.seed = Some(seed(&plan));
        Server::bind(plan, options).await.unwrap()
    };
    let first = start().await;
    assert!(matches!(first.seeding(), Seeding::Filled(rows) if rows > 100));
    let accounts = first.accounts().len();
    drop(first);
    let second = start().await;
    assert_eq!(second.seeding(), Seeding::NotEmpty);
    assert_eq!(second.accounts().len(), accounts);
}

#[tokio::test]
async fn a_database_of_another_design_is_refused_with_the_differences() {
    let folder = tempfile::tempdir().unwrap();
    let start = |design: String| {
        let mut options = options(&folder);
        options.database_url = format!("sqlite://{}", folder.path().join("a.sqlite").display());
        Server::bind(plan(&design), options)
    };
    drop(start(NOTES.to_owned()).await.unwrap());
    let changed = NOTES.replace("size: int,", "weight: int,");
    let refused = start(changed).await.err().unwrap().to_string();
    assert!(refused.contains("notes.weight"), "{refused}");
    assert!(refused.contains("notes.size"), "{refused}");
}
