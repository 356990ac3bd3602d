//! Requests that go away, and servers that say nothing.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

use super::*;
use std::net::TcpListener;

/// Longer than any test waits, and not so long that the server ends it.
const SLOW: &str = "SELECT pg_sleep(25)::text";
const LONG: Duration = Duration::from_secs(15);
const SHORT: Duration = Duration::from_millis(300);

fn lines(most: usize) -> Lines {
    let url = std::env::var("ARCHWRIGHT_TEST_POSTGRES").expect(
        "ARCHWRIGHT_TEST_POSTGRES names a PostgreSQL server; `cargo xtask test` starts one",
    );
    Lines::new(Arc::new(Settings::parse(&url).unwrap()), most)
}

async fn text(lines: &Lines, query: &str) -> String {
    let text = lines.all(query, &[], |row| row.get::<String>(0));
    let text = timeout(LONG, text).await.expect("it waits behind another");
    text.unwrap().remove(0)
}

/// The server process of a connection.
async fn process(line: &Line) -> String {
    let rows = line.query("SELECT pg_backend_pid()::text", &[]).await;
    rows.unwrap()[0].get(0)
}

/// Waits until the server runs nothing slow for a connection.
async fn is_ended(lines: &Lines, process: &str) {
    let count = format!(
        "SELECT count(*)::text FROM pg_stat_activity \
         WHERE pid = {process} AND state = 'active' AND query LIKE '%pg_sleep%'"
    );
    let ended = async {
        while text(lines, &count).await != "0" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(LONG, ended).await.expect("the statement goes on");
}

#[tokio::test]
async fn a_statement_that_nobody_waits_for_keeps_no_one_waiting() {
    let lines = lines(4);
    let mut claim = Some(lines.line().await.unwrap());
    let line = claim.as_ref().unwrap().line.clone();
    let process = process(&line).await;
    let slow = async {
        let claim = claim.take().unwrap();
        let _ = claim.line.query(SLOW, &[]).await;
        claim.answered();
    };
    assert!(timeout(SHORT, slow).await.is_err());
    // The other line is free, and the statements go there.
    for _ in 0..4 {
        assert_eq!(text(&lines, "SELECT 'on'").await, "on");
    }
    is_ended(&lines, &process).await;
    assert!(line.is_lost());
    assert_eq!(text(&lines, "SELECT 'on'").await, "on");
}

#[tokio::test]
async fn a_transaction_that_nobody_waits_for_is_ended() {
    let lines = lines(2);
    let lease = lines.lease().await.unwrap();
    lease.line.send("BEGIN");
    let process = process(&lease.line).await;
    let slow = async move {
        let _ = lease.line.query(SLOW, &[]).await;
        lease.answered();
    };
    assert!(timeout(SHORT, slow).await.is_err());
    // There is one turn, and it comes back with another connection.
    let next = timeout(LONG, lines.lease()).await.unwrap().unwrap();
    assert_ne!(self::process(&next.line).await, process);
    is_ended(&lines, &process).await;
}

#[tokio::test]
async fn a_quick_transaction_that_nobody_waits_for_leaves_its_connection() {
    let lines = lines(2);
    let lease = lines.lease().await.unwrap();
    lease.line.send("BEGIN");
    let process = process(&lease.line).await;
    drop(lease);
    let next = timeout(LONG, lines.lease()).await.unwrap().unwrap();
    assert_eq!(self::process(&next.line).await, process);
    let state = format!("SELECT state FROM pg_stat_activity WHERE pid = {process}");
    assert_eq!(text(&lines, &state).await, "idle");
}

#[tokio::test]
async fn nobody_waits_long_for_a_server_that_says_nothing() {
    // It takes connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = format!("postgres://ann@127.0.0.1:{port}/shop");
    let lines = Arc::new(Lines::new(Arc::new(Settings::parse(&url).unwrap()), 2));
    let waiters: Vec<_> = (0..6)
        .map(|_| {
            let lines = lines.clone();
            tokio::spawn(async move { lines.line().await.is_err() })
        })
        .collect();
    for waiter in waiters {
        assert!(timeout(LONG, waiter).await.expect("it waits on").unwrap());
    }
}
