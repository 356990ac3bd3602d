//! `rows fill URL FILE` runs statements; `rows loop PATH KIND SECONDS` is SQLite's floor: the tuned server's statements
//! in a loop, without a server.

use anyhow::{Context, Result, bail};
use archwright_bench_axum::shapes::*;
use rusqlite::{Connection, Rows, params};
use std::time::{Duration, Instant};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["fill", url, file] => fill(url, &std::fs::read_to_string(file)?),
        ["loop", path, kind, seconds] => run(path, kind, Duration::from_secs_f64(seconds.parse()?)),
        _ => bail!("rows fill URL FILE, or rows loop PATH KIND SECONDS"),
    }
}

fn fill(url: &str, text: &str) -> Result<()> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(30))?;
        return Ok(connection.execute_batch(text)?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        Ok(client.batch_execute(text).await?)
    })
}

fn open(path: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; \
         PRAGMA cache_size = -2000; PRAGMA mmap_size = 67108864; PRAGMA temp_store = MEMORY;",
    )?;
    Ok(connection)
}

/// Reads every cell, and does nothing with it.
fn drain(mut rows: Rows<'_>) -> rusqlite::Result<usize> {
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        for column in 0..row.as_ref().column_count() {
            bytes += row.get_ref(column)?.as_bytes().map_or(8, <[u8]>::len);
        }
    }
    Ok(bytes)
}

fn run(path: &str, kind: &str, time: Duration) -> Result<()> {
    let connection = open(path)?;
    let (began, cpu) = (Instant::now(), cpu()?);
    let mut count = 0_u64;
    while began.elapsed() < time {
        for _ in 0..16 {
            count += 1;
            once(&connection, kind, count)?;
        }
        if kind == "insert" {
            connection.execute_batch("COMMIT")?;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let cpu = (self::cpu()? - cpu) as f64 / 1e9;
    println!("{{\"requests\":{count},\"seconds\":{seconds},\"cpu\":{cpu}}}");
    Ok(())
}

/// Nanoseconds that this thread has run.
fn cpu() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/schedstat")?;
    Ok(text.split(' ').next().context("no figure")?.parse()?)
}

fn once(connection: &Connection, kind: &str, count: u64) -> Result<()> {
    let number = (count * 7919) % 20_000 + 1;
    let rating = "ROUND(AVG(r.rating) * 100)";
    let book = format!(
        "SELECT {} FROM books b WHERE b.deleted_at IS NULL",
        book_columns(rating)
    );
    let lines =
        format!("SELECT {LINE_COLUMNS} FROM order_lines l JOIN books b ON b.id = l.book_id");
    match kind {
        "point" => {
            let mut statement = connection.prepare_cached(&format!("{book} AND b.isbn = ?1"))?;
            drain(statement.query([format!("978{number:010}")])?)?;
        }
        "list" => {
            let text = format!("{book}{IN_CATEGORY} ORDER BY {} LIMIT $1", BOOK_ORDERS[2])
                .replace('$', "?");
            let category = ["fiction", "crime", "history", "computing"][number as usize % 4];
            drain(
                connection
                    .prepare_cached(&text)?
                    .query(params![21, category])?,
            )?;
        }
        "nested" => {
            let text = format!(
                "SELECT {ORDER_COLUMNS}, {CUSTOMER_COLUMNS} FROM orders o JOIN users u ON u.id = o.customer_id \
                 ORDER BY o.id DESC LIMIT ?1"
            );
            let mut statement = connection.prepare_cached(&text)?;
            let mut rows = statement.query([21])?;
            let text = format!("{lines} WHERE l.order_id = ?1 ORDER BY l.position");
            let mut lines = connection.prepare_cached(&text)?;
            while let Some(row) = rows.next()? {
                drain(lines.query([row.get_ref(0)?.as_str()?])?)?;
            }
        }
        "signed" => {
            let id = format!("f0000000-0000-7000-8000-{:012x}", number / 100 * 100);
            let text = format!("SELECT {ORDER_COLUMNS} FROM orders o WHERE o.id = ?1");
            drain(connection.prepare_cached(&text)?.query([&id])?)?;
            let text = format!("{lines} WHERE l.order_id = ?1 ORDER BY l.position");
            drain(connection.prepare_cached(&text)?.query([&id])?)?;
        }
        "articles" => {
            let text = format!(
                "SELECT {ARTICLE_COLUMNS} FROM articles a LEFT JOIN users u ON u.id = a.author_id \
                 ORDER BY a.created_at DESC, a.id DESC LIMIT ?1 OFFSET ?2"
            );
            let mut statement = connection.prepare_cached(&text)?;
            let mut rows = statement.query(params![20, (number % 10 * 20) as i64])?;
            let mut tags = connection.prepare_cached(
                "SELECT t.name FROM taggings g JOIN tags t ON t.id = g.tag_id WHERE g.article_id = ?1 ORDER BY g.id",
            )?;
            while let Some(row) = rows.next()? {
                drain(tags.query([row.get_ref(0)?.as_str()?])?)?;
            }
            drain(
                connection
                    .prepare_cached("SELECT COUNT(*) FROM articles")?
                    .query([])?,
            )?;
        }
        "insert" => insert(connection, number, count)?,
        _ => bail!("there is no kind {kind}"),
    }
    Ok(())
}

fn insert(connection: &Connection, number: u64, count: u64) -> Result<()> {
    if count % 16 == 1 {
        connection.execute_batch("BEGIN IMMEDIATE")?;
    }
    let id = uuid::Uuid::now_v7().to_string();
    connection
        .prepare_cached(
            "INSERT INTO orders (id, customer_id, status, deliver_to, created_at, updated_at, version) \
             VALUES (?1, ?2, 'draft', '1 Station Road, Ghent', ?3, ?3, 1)",
        )?
        .execute(params![id, format!("e0000000-0000-7000-8000-{:012x}", number % 5000 + 1), 1])?;
    for position in 0..3 {
        let isbn = format!("978{:010}", (number + position * 7) % 20_000 + 1);
        let book: String = connection
            .prepare_cached("SELECT id FROM books WHERE isbn = ?1 AND deleted_at IS NULL")?
            .query_row([isbn], |row| row.get(0))?;
        connection
            .prepare_cached(
                "INSERT INTO order_lines (id, order_id, book_id, quantity, created_at, updated_at, position) \
                 VALUES (?1, ?2, ?3, 1, 1, 1, ?4)",
            )?
            .execute(params![uuid::Uuid::now_v7().to_string(), id, book, position as i64])?;
    }
    connection
        .prepare_cached(
            "INSERT INTO audit_entries (id, at, account_id, operation, entity, row_id, changes, request_id) \
             VALUES (?1, 1, 'x', 'orders.create', 'Order', ?2, ?3, 'x')",
        )?
        .execute(params![uuid::Uuid::now_v7().to_string(), id, "x".repeat(600)])?;
    Ok(())
}
