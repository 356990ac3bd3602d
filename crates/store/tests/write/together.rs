//! Many writes at once, writes that fail in the middle, and rows put in wholesale.

use crate::database::Database;
use crate::script::{NOW, World, outcome, plan};
use archwright_seed::SeedOptions;
use archwright_store::{Keys, Store, StoreOptions};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test]
async fn a_write_that_fails_in_the_middle_leaves_nothing() {
    let mut world = World::new("bookshop", &["ada:customer", "sue:staff"]).await;
    world
        .run(
            r#"
        sue: POST /v1/categories {"name": "Crime"} => 201
        sue: POST /v1/books {"isbn": "9780000000001", "title": "One", "price": "1.00", "stock": 9, "category_slug": "crime"} => 201
        ada: POST /v1/orders {"lines": [{"book_isbn": "9780000000001"}]} => 201 as order
        "#,
        )
        .await;
    let state = "SELECT (SELECT COUNT(*) FROM orders) || ' ' || (SELECT COUNT(*) FROM order_lines) || ' ' || \
                 (SELECT COUNT(*) FROM audit_entries) || ' ' || (SELECT COUNT(*) FROM idempotency_keys) || ' ' || \
                 (SELECT version FROM orders)";
    let before = world.query(state);
    world
        .run(
            r#"
        # The second line is refused after the order and the first line are there.
        ada: POST /v1/orders [key k] {"lines": [{"book_isbn": "9780000000001"}, {"book_isbn": "9780000000001"}]} => 409 unique /lines/1/order_id, /lines/1/book_isbn
        ada: PATCH /v1/orders/$order {"deliver_to": "Home", "lines": [{"book_isbn": "9780000000001"}, {"book_isbn": "9780000000001"}]} => 409 unique /lines/1/order_id, /lines/1/book_isbn
        "#,
        )
        .await;
    assert_eq!(world.query(state), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_writer_wins_each_version() {
    let mut world = World::new("bookshop", &["sue:staff"]).await;
    world
        .run(r#"sue: POST /v1/authors {"name": "A"} => 201 as author"#)
        .await;
    let world = Arc::new(world);
    for version in 1..=10 {
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let world = world.clone();
                tokio::spawn(async move {
                    let request = world.filled(&format!(
                        "sue: PATCH /v1/authors/$author [if-match {version}] {{\"name\": \"by {task}\"}}"
                    ));
                    world.answer(&request).await
                })
            })
            .collect();
        let mut won = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(reply) => {
                    won += 1;
                    assert_eq!(reply.etag, Some((version + 1).to_string()));
                }
                Err(failure) => assert_eq!(outcome(&failure), "412"),
            }
        }
        assert_eq!(won, 1, "version {version}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_used_at_once_has_its_effect_once() {
    let world = Arc::new(World::new("bookshop", &["ada:customer"]).await);
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.answer("ada: POST /v1/orders [key k] {}").await })
        })
        .collect();
    let mut bodies = Vec::new();
    for task in tasks {
        bodies.push(task.await.unwrap().unwrap().body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    assert_eq!(world.query("SELECT COUNT(*) FROM orders"), ["1"]);
}

/// The made-up rows of each example are taken, and judged as others are.
async fn check_seed(example: &str) {
    let plan = Arc::new(plan(example));
    let options = SeedOptions {
        seed: 1,
        now_ms: NOW,
        scale: 1,
    };
    let rows = archwright_seed::rows(&plan, &options).unwrap();
    let database = Database::new(crate::ON);
    let store = Store::open(
        plan.clone(),
        StoreOptions {
            url: database.url(),
            readers: 1,
            patience: std::time::Duration::ZERO,
            progress: Arc::new(|_| {}),
            secrets: Arc::new(Keys::random().unwrap()),
            file_link: Arc::new(|id, _| id.to_owned()),
        },
    )
    .unwrap();
    assert!(store.is_empty().unwrap());
    let passwords = rows.iter().filter_map(|row| row.account.as_ref());
    let hashes: BTreeMap<String, String> = passwords
        .map(|account| (account.password.clone(), "hash".to_owned()))
        .collect();
    let told = Arc::new(AtomicUsize::new(0));
    let progress = told.clone();
    let count = rows.len();
    store
        .seed(rows, hashes, NOW, move |done| {
            progress.store(done, Ordering::Relaxed);
        })
        .await
        .unwrap();
    assert_eq!(told.load(Ordering::Relaxed), count);
    assert!(!store.is_empty().unwrap());
}

#[tokio::test]
async fn examples_take_their_seeds() {
    for example in ["bookshop", "conduit", "helpdesk", "newsroom", "payments", "profile"] {
        check_seed(example).await;
    }
}

#[tokio::test]
async fn a_seed_with_a_bad_row_leaves_nothing() {
    let plan = Arc::new(plan("bookshop"));
    let options = SeedOptions {
        seed: 1,
        now_ms: NOW,
        scale: 1,
    };
    let mut rows = archwright_seed::rows(&plan, &options).unwrap();
    let last = rows.last().unwrap().clone();
    rows.push(last);
    let world = World::new("bookshop", &[]).await;
    let hashes = rows
        .iter()
        .filter_map(|row| row.account.as_ref())
        .map(|account| (account.password.clone(), "hash".to_owned()))
        .collect();
    assert!(world.store.seed(rows, hashes, NOW, |_| {}).await.is_err());
    assert!(world.store.is_empty().unwrap());
}
