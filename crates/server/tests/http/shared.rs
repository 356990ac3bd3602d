//! Rate limits that copies of the server count together, in Redis, and what becomes of them when Redis is away.

use crate::common::{Running, example, options, plan, seed, serve_with};
use crate::design::NOTES;
use crate::redis::Redis;
use archwright_plan::Plan;
use archwright_server::{RateLimits, Server, StartError};
use serde_json::json;
use std::time::{Duration, Instant};

/// Far longer than any step takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Notes with a limit on reads, whose limits are in Redis.
fn notes(reads: &str) -> Plan {
    let design = NOTES.replace("read: 1000/h", &format!("read: {reads}"));
    plan(&format!("{design}stack: {{ cache: redis }}\n"))
}

async fn copy(plan: Plan, redis: archwright_server::Redis) -> Running {
    serve_with(plan, |options| {
        options.redis = Some(redis);
        options.rate_limits = RateLimits::Planned;
    })
    .await
}

async fn copies(redis: &Redis, reads: &str) -> [Running; 3] {
    let copy = || copy(notes(reads), redis.options());
    [copy().await, copy().await, copy().await]
}

/// Waits until the server says so of Redis.
async fn wait_until(server: &Running, state: &str) {
    let began = Instant::now();
    loop {
        let reply = server.get("/readyz").send().await.expect(200).json();
        if reply == json!({ "status": "ready", "redis": state }) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{reply}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn copies_count_together() {
    let redis = Redis::start();
    let [first, second, third] = copies(&redis, "2/h").await;
    let reply = first.get("/v1/notes").send().await.expect(200);
    assert_eq!(reply.header("ratelimit"), "\"read\";r=1;t=1800");
    assert_eq!(reply.header("ratelimit-policy"), "\"read\";q=2;w=3600");
    let reply = second.get("/v1/notes").send().await.expect(200);
    assert_eq!(reply.header("ratelimit"), "\"read\";r=0;t=3600");
    let reply = third.get("/v1/notes").send().await.expect(429);
    assert_eq!(reply.json()["code"], "rate-limited");
    assert_eq!(reply.header("ratelimit"), "\"read\";r=0;t=3600");
    let wait: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=1_800).contains(&wait), "{wait}");
    // Another class has an allowance of its own.
    let body = json!({ "title": "a" });
    third.post("/v1/notes", body).send().await.expect(201);
}

#[tokio::test]
async fn accounts_are_told_apart_at_every_copy() {
    let redis = Redis::start();
    let mut plan = example("bookshop");
    "redis".clone_into(&mut plan.model.stack.cache.name);
    for (_, rate) in &mut plan.model.api.rates {
        (rate.count, rate.per_seconds) = (2, 86_400);
    }
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("shop.sqlite").display());
    let secrets = archwright_server::Secrets::random().unwrap();
    let copy = || {
        serve_with(plan.clone(), |options| {
            options.seed = Some(seed(&plan));
            options.database_url.clone_from(&database);
            options.secrets = secrets.clone();
            options.redis = Some(redis.options());
            options.rate_limits = RateLimits::Planned;
        })
    };
    let (one, other) = (copy().await, copy().await);
    let (staff, admin) = (one.token("staff").await, other.token("admin").await);
    let read = |server: &Running, token: &str| server.get("/v1/books").token(token).send();
    read(&one, &staff).await.expect(200);
    read(&other, &staff).await.expect(200);
    read(&one, &staff).await.expect(429);
    read(&other, &staff).await.expect(429);
    read(&one, &admin).await.expect(200);
    // Nobody is counted by address.
    other.get("/v1/books").send().await.expect(200);
}

/// What a server says of its limit, request after request.
async fn standings(server: &Running, count: usize) -> Vec<(u16, String)> {
    let mut standings = Vec::new();
    for _ in 0..count {
        let reply = server.get("/v1/notes").send().await;
        standings.push((reply.status, reply.header("ratelimit").to_owned()));
    }
    standings
}

#[tokio::test]
async fn redis_counts_as_the_process_does() {
    let redis = Redis::start();
    // Intervals that are no whole number of microseconds, and so long that nothing comes back meanwhile.
    for reads in ["1/day", "7/day", "11/day"] {
        let design = NOTES.replace("read: 1000/h", &format!("read: {reads}"));
        let own = copy(plan(&design), redis.options()).await;
        let shared = copy(notes(reads), redis.options()).await;
        let count = 13;
        assert_eq!(
            standings(&own, count).await,
            standings(&shared, count).await,
            "{reads}"
        );
        redis.forget();
    }
}

/// One request comes back sooner than a clock of microseconds can tell.
#[tokio::test]
async fn a_limit_that_nobody_reaches_is_counted_too() {
    let redis = Redis::start();
    let server = serve_with(notes("1000/s"), |options| {
        options.redis = Some(redis.options());
        options.rate_limits = RateLimits::Scaled(u32::MAX);
    });
    let server = server.await;
    for _ in 0..3 {
        let reply = server.get("/v1/notes").send().await.expect(200);
        assert_eq!(
            reply.header("ratelimit-policy"),
            "\"read\";q=4294967295;w=1"
        );
    }
    // A script that fails is a Redis that is away.
    let reply = server.get("/readyz").send().await.expect(200);
    assert_eq!(reply.json(), json!({ "status": "ready", "redis": "up" }));
}

#[tokio::test]
async fn requests_are_given_back() {
    let redis = Redis::start();
    let [first, second, _] = copies(&redis, "1/s").await;
    first.get("/v1/notes").send().await;
    let began = Instant::now();
    while second.get("/v1/notes").send().await.status != 200 {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn the_loss_and_the_return_of_redis_are_survived() {
    let mut redis = Redis::start();
    let [first, second, _] = copies(&redis, "2/h").await;
    let metric = |server: &Running| server.get("/metrics").send();
    let up = String::from_utf8(metric(&first).await.body.to_vec()).unwrap();
    assert!(up.contains("\nredis_up 1\n"), "{up}");
    first.get("/v1/notes").send().await.expect(200);
    second.get("/v1/notes").send().await.expect(200);
    first.get("/v1/notes").send().await.expect(429);

    redis.stop();
    // Each counts for itself from now on.
    for server in [&first, &second] {
        server.get("/v1/notes").send().await.expect(200);
        server.get("/v1/notes").send().await.expect(200);
        server.get("/v1/notes").send().await.expect(429);
        wait_until(server, "away").await;
    }
    let up = String::from_utf8(metric(&first).await.body.to_vec()).unwrap();
    assert!(up.contains("\nredis_up 0\n"), "{up}");

    redis.start_again();
    wait_until(&first, "up").await;
    wait_until(&second, "up").await;
    first.get("/v1/notes").send().await.expect(200);
    second.get("/v1/notes").send().await.expect(200);
    first.get("/v1/notes").send().await.expect(429);
}

#[tokio::test]
async fn a_redis_that_does_not_answer_keeps_nobody_waiting() {
    let redis = Redis::start();
    let patience = Duration::from_secs(3);
    let options = archwright_server::Redis {
        patience,
        ..redis.options()
    };
    let server = copy(notes("1000/h"), options).await;
    redis.freeze();
    let began = Instant::now();
    for _ in 0..40 {
        server.get("/v1/notes").send().await.expect(200);
    }
    // One request waits for it, and not each.
    assert!(began.elapsed() < patience * 20);
    wait_until(&server, "away").await;
}

#[tokio::test]
async fn a_server_starts_before_its_redis() {
    let mut redis = Redis::start();
    redis.stop();
    let server = copy(notes("2/h"), redis.options()).await;
    server.get("/v1/notes").send().await.expect(200);
    wait_until(&server, "away").await;
    redis.start_again();
    wait_until(&server, "up").await;
    let other = copy(notes("2/h"), redis.options()).await;
    server.get("/v1/notes").send().await.expect(200);
    other.get("/v1/notes").send().await.expect(200);
    server.get("/v1/notes").send().await.expect(429);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&folder);
    options.redis = Some(archwright_server::Redis {
        url: "http://me:s3cret@localhost".to_owned(),
        patience: PATIENCE,
    });
    let refused = Server::bind(notes("2/h"), options).await.err().unwrap();
    assert!(matches!(refused, StartError::Redis(_)), "{refused}");
    let told = refused.to_string();
    assert!(told.contains("redis://HOST:PORT"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
}

#[tokio::test]
async fn what_redis_refuses_for_good_is_no_outage() {
    let redis = Redis::start();
    let with = |change: &dyn Fn(&str) -> String| {
        let mut asked = redis.options();
        asked.url = change(&asked.url);
        asked
    };
    let refused = async |asked: archwright_server::Redis| {
        let folder = tempfile::tempdir().unwrap();
        let mut options = options(&folder);
        options.redis = Some(asked);
        options.rate_limits = RateLimits::Planned;
        match Server::bind(notes("2/h"), options).await {
            Err(error @ StartError::RedisRefused(_)) => error.to_string(),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it is let in"),
        }
    };
    let told = refused(with(&|url| url.replace("//", "//ann:s3cret@"))).await;
    assert!(
        told.contains("user, password and database number"),
        "{told}"
    );
    assert!(!told.contains("s3cret"), "{told}");
    let told = refused(with(&|url| format!("{url}/999"))).await;
    assert!(told.contains("database"), "{told}");
    redis.ask("CONFIG SET requirepass s3cret");
    refused(redis.options()).await;
    refused(with(&|url| url.replace("//", "//:wrong@"))).await;
    let right = with(&|url| url.replace("//", "//:s3cret@"));
    drop(copy(notes("2/h"), right).await);
}
