//! Three copies of a server on one database and one Redis are one server: every request of the suite goes to the next
//! copy.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

mod common;
#[path = "../../server/tests/http/redis.rs"]
mod redis;

use archwright_server::RateLimits;
use common::{Place, Running, example, failed, postgres_database, serve_at, suite_over};
use redis::Redis;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

#[track_caller]
fn check(name: &str) {
    let redis = Redis::start();
    let mut plan = example(name);
    "redis".clone_into(&mut plan.model.stack.cache.name);
    let place = Place {
        folder: Arc::new(tempfile::tempdir().unwrap()),
        database_url: postgres_database(),
        redis: Some(redis.options()),
        // Counted, and never reached.
        rate_limits: RateLimits::Scaled(1_000_000),
    };
    let copies = [(); 3].map(|()| serve_at(&place, plan.clone(), &plan));
    let addresses: Vec<SocketAddr> = copies.iter().map(|copy| copy.address).collect();
    let report = suite_over(&plan, &copies[0], &addresses, None);
    assert!(
        report.failed() == 0,
        "{}\n{:#?}",
        archwright_suite::text(&report, &|_| String::new()),
        failed(&report)
    );
    assert!(report.passed() > 100, "{}", report.passed());
    let answered: Vec<usize> = copies.iter().map(answered).collect();
    let (least, most) = (answered.iter().min(), answered.iter().max());
    // In turn, but for the requests that are not operations.
    assert!(least.unwrap() * 10 > most.unwrap() * 9, "{answered:?}");
}

/// How many requests a copy has answered; it has counted them in Redis.
fn answered(copy: &Running) -> usize {
    let mut stream = TcpStream::connect(copy.address).unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.contains("\nredis_up 1\n"), "Redis is away");
    let lines = text.lines();
    let counts = lines.filter_map(|line| line.strip_prefix("http_requests_total{"));
    counts
        .map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap())
        .sum()
}

#[test]
fn copies_of_the_bookshop_are_one_server() {
    check("bookshop");
}

/// With tenants.
#[test]
fn copies_of_the_helpdesk_are_one_server() {
    check("helpdesk");
}

/// With files.
#[test]
fn copies_of_the_profiles_are_one_server() {
    check("profile");
}
