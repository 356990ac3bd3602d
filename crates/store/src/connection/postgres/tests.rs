//! What is sent at once, and when nothing is sent any more.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

use super::*;
use crate::connection::{CallTime, Connection as Either};
use std::time::Duration;

fn url() -> String {
    std::env::var("ARCHWRIGHT_TEST_POSTGRES")
        .expect("ARCHWRIGHT_TEST_POSTGRES names a PostgreSQL server; `cargo xtask test` starts one")
}

fn connected(url: &str, role: Role) -> Connection {
    connect(&Settings::parse(url).unwrap(), role).unwrap()
}

/// Over the server's own socket, which holds less than a connection does, where there is one.
fn local(role: Role) -> Connection {
    let known = connected(&url(), Role::Reader);
    let shown = |name: &str| {
        let text = format!(
            "SELECT current_setting('{name}'), current_user::text, current_database()::text"
        );
        known.texts(&text).unwrap().remove(0)
    };
    let (folders, user, database) = shown("unix_socket_directories");
    let (port, ..) = shown("port");
    let folder = folders.split(',').next().unwrap().trim();
    match std::path::Path::new(&format!("{folder}/.s.PGSQL.{port}")).exists() {
        true => {
            let folder = folder.replace('/', "%2F");
            connected(
                &format!("postgres://{user}@{folder}:{port}/{database}"),
                role,
            )
        }
        false => connected(&url(), role),
    }
}

#[test]
fn many_questions_travel_in_portions_that_are_answered() {
    let connection = local(Role::Reader);
    let asked = |count: usize, bytes: usize| -> Vec<(&str, Vec<Value>)> {
        let value = Value::Text("x".repeat(bytes));
        (0..count)
            .map(|_| ("SELECT ?1::text", vec![value.clone()]))
            .collect()
    };
    // Small ones, and such as fill what any connection holds.
    for (count, bytes) in [(10_000, 100), (30, 1_000_000), (1, 5_000_000), (0, 0)] {
        let mut seen = vec![0; count];
        let asked = asked(count, bytes);
        let read = connection.together(&asked, &mut |index, row| {
            let text: String = row.get(0)?;
            seen[index] += text.len();
            Ok(ControlFlow::Continue(()))
        });
        read.unwrap();
        assert_eq!(seen, vec![bytes; count]);
    }
}

#[test]
fn many_changes_travel_in_portions_that_are_answered() {
    let connection = local(Role::Writer);
    connection
        .batch("CREATE TEMPORARY TABLE rows (number int PRIMARY KEY)")
        .unwrap();
    connection.begin();
    for number in 0..20_000 {
        let sent = connection.defer(
            "INSERT INTO rows VALUES (?1::int8)",
            vec![Value::Integer(number)],
        );
        assert_eq!(sent.unwrap(), number as usize);
    }
    assert!(connection.refusal().is_none());
    // The first of a later portion is still the one that is told.
    for number in [30_000, 7, 8] {
        let sent = connection.defer(
            "INSERT INTO rows VALUES (?1::int8)",
            vec![Value::Integer(number)],
        );
        sent.unwrap();
    }
    let (number, _) = connection.refusal().unwrap();
    assert_eq!(number, 20_001);
}

#[test]
fn a_call_that_has_had_its_time_sends_no_further_statement() {
    let connection = Either::Postgres(connected(&url(), Role::Writer));
    let late = CallTime::of(Duration::ZERO).run(|| {
        let read = connection.first("SELECT 1", &[], |_| Ok(()));
        let together = connection.firsts(&[("SELECT 1", vec![])], |_| Ok(()));
        let deferred = connection.defer("SELECT 1", vec![]).map_err(Failure::from);
        [read.map(drop), together.map(drop), deferred.map(drop)]
    });
    for late in late {
        assert!(matches!(late, Err(Failure::Unavailable(_))), "{late:?}");
    }
    let in_time = CallTime::of(Duration::MAX).run(|| connection.first("SELECT 1", &[], |_| Ok(())));
    assert_eq!(in_time.unwrap(), Some(()));
}
