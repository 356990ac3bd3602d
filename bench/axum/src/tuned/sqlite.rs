//! On SQLite: a connection for each thread, on which reads run where they come in; one thread that writes, and groups
//! commits.

use crate::auth::{Subject, Tokens};
use crate::reply::{Reply, created, internal, json, not_found, problem, unauthorized};
use crate::writer::{self, Book, Made, NewOrder};
use anyhow::Result;
use archwright_bench_axum::shapes::*;
use archwright_bench_axum::{cursor, json as json_text, now};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Response};
use axum::routing::get;
use rusqlite::{Connection, OptionalExtension, params};
use std::cell::RefCell;
use std::fmt::Write;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

#[derive(Clone)]
struct App(Arc<Inner>);

struct Inner {
    path: String,
    tokens: Tokens,
    jobs: mpsc::Sender<Job>,
}

struct Job {
    subject: Arc<Subject>,
    body: Bytes,
    answer: oneshot::Sender<Reply>,
}

thread_local! {
    static READER: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

fn open(path: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; \
         PRAGMA cache_size = -2000; PRAGMA mmap_size = 67108864; PRAGMA temp_store = MEMORY;",
    )?;
    Ok(connection)
}

fn read(path: &str, work: impl FnOnce(&Connection) -> Result<Response<Body>, Error>) -> Reply {
    READER.with_borrow_mut(|reader| {
        let connection = match reader {
            Some(connection) => connection,
            None => reader.insert(open(path).map_err(internal)?),
        };
        work(connection).map_err(Error::reply)
    })
}

enum Error {
    Sqlite(rusqlite::Error),
    Reply(Box<Response<Body>>),
}

impl Error {
    fn reply(self) -> Response<Body> {
        match self {
            Self::Sqlite(error) => internal(error),
            Self::Reply(reply) => *reply,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Response<Body>> for Error {
    fn from(reply: Response<Body>) -> Self {
        Self::Reply(Box::new(reply))
    }
}

/// All that the work reads is of one state of the database.
fn snapshot<T>(
    connection: &Connection,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let done = work();
    connection.prepare_cached("COMMIT")?.execute([])?;
    done
}

pub fn bookshop(path: &str, tokens: Tokens) -> Result<Router> {
    let (jobs, waiting) = mpsc::channel(1024);
    let writer = open(path)?;
    std::thread::spawn(move || write(&writer, waiting));
    let app = App(Arc::new(Inner {
        path: path.to_owned(),
        tokens,
        jobs,
    }));
    Ok(Router::new()
        .route("/v1/books", get(list_books))
        .route("/v1/books/{isbn}", get(read_book))
        .route("/v1/orders", get(list_orders).post(create_order))
        .route("/v1/orders/{id}", get(read_order))
        .with_state(app))
}

const RATING: &str = "ROUND(AVG(r.rating) * 100)";

thread_local! {
    /// Texts of statements, which the connections know them by.
    static TEXTS: Texts = Texts::new();
}

struct Texts {
    book: String,
    books: [[String; 3]; 2],
    order: String,
    lines: String,
    orders: [[String; 2]; 2],
    page_lines: String,
}

impl Texts {
    fn new() -> Self {
        let book = format!(
            "SELECT {} FROM books b WHERE b.deleted_at IS NULL",
            book_columns(RATING)
        );
        let books = ["".to_owned(), IN_CATEGORY.replace('$', "?")].map(|filter| {
            BOOK_ORDERS.map(|order| format!("{book}{filter} ORDER BY {order} LIMIT ?1"))
        });
        let lines =
            format!("SELECT {LINE_COLUMNS} FROM order_lines l JOIN books b ON b.id = l.book_id");
        let orders = [" WHERE o.customer_id = ?2", ""].map(|filter| {
            [("", ""), (CUSTOMER_COLUMNS, " JOIN users u ON u.id = o.customer_id")].map(|(columns, join)| {
                let comma = if columns.is_empty() { "" } else { ", " };
                format!("SELECT {ORDER_COLUMNS}{comma}{columns} FROM orders o{join}{filter} ORDER BY o.id DESC LIMIT ?1")
            })
        });
        Self {
            book: format!("{book} AND b.isbn = ?1"),
            books,
            order: format!(
                "SELECT {ORDER_COLUMNS} FROM orders o WHERE o.id = ?1 AND (o.customer_id = ?2 OR ?3)"
            ),
            page_lines: format!("{lines} WHERE l.order_id = ?1 ORDER BY l.position"),
            lines: format!("{lines} WHERE l.order_id = ?1 ORDER BY l.position"),
            orders,
        }
    }
}

async fn read_book(State(app): State<App>, Path(isbn): Path<String>) -> Reply {
    read(&app.0.path, |connection| {
        TEXTS.with(|texts| {
            let mut statement = connection.prepare_cached(&texts.book)?;
            let mut rows = statement.query([&isbn])?;
            let Some(row) = rows.next()? else {
                return Err(not_found().into());
            };
            let mut body = Vec::with_capacity(1024);
            book(row, &mut body);
            Ok(json(body))
        })
    })
}

async fn list_books(State(app): State<App>, RawQuery(query): RawQuery) -> Reply {
    let page = book_page(query.as_deref())
        .ok_or_else(|| problem(400, "what is asked for is not offered"))?;
    read(&app.0.path, |connection| {
        TEXTS.with(|texts| {
            let text = &texts.books[usize::from(page.category.is_some())][page.order];
            let mut statement = connection.prepare_cached(text)?;
            statement.raw_bind_parameter(1, i64::from(page.limit) + 1)?;
            if let Some(category) = &page.category {
                statement.raw_bind_parameter(2, category)?;
            }
            let mut body = Vec::with_capacity(12 * 1024);
            body.extend_from_slice(b"{\"data\":[");
            let (mut count, mut last, mut next) = (0, (String::new(), String::new()), None);
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                if count == page.limit {
                    next = Some(page.next(&last.0, &last.1));
                    break;
                }
                if count > 0 {
                    body.push(b',');
                }
                book(row, &mut body);
                count += 1;
                if count == page.limit {
                    last = (
                        row.get::<_, Option<String>>(6)?.unwrap_or_default(),
                        row.get(0)?,
                    );
                }
            }
            page_end(next.as_deref(), page.limit, &mut body);
            Ok(json(body))
        })
    })
}

/// Refuses sessions that have ended, and says whether the caller is staff.
fn confirmed(connection: &Connection, subject: &Subject) -> Result<bool, Error> {
    let text = "SELECT c.roles FROM auth_sessions s JOIN auth_credentials c ON c.account_id = s.account_id \
        WHERE s.id = ?1 AND s.account_id = ?2 AND s.revoked_at IS NULL AND s.expires_at > ?3";
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query(params![subject.session_text, subject.account_text, now()])?;
    let row = rows.next()?.ok_or_else(unauthorized)?;
    let roles: Vec<&str> =
        serde_json::from_str(row.get_ref(0)?.as_str().unwrap_or_default()).unwrap_or_default();
    Ok(roles
        .iter()
        .any(|role| *role == "staff" || *role == "admin"))
}

fn write_lines(
    connection: &Connection,
    text: &str,
    order: &str,
    to: &mut Vec<u8>,
) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query([order])?;
    let mut first = true;
    while let Some(row) = rows.next()? {
        line(row, first, to);
        first = false;
    }
    Ok(())
}

async fn read_order(State(app): State<App>, headers: HeaderMap, Path(id): Path<Uuid>) -> Reply {
    let subject = app.0.tokens.subject(&headers)?;
    let id = id.to_string();
    read(&app.0.path, |connection| {
        snapshot(connection, || {
            TEXTS.with(|texts| {
                let staff = confirmed(connection, &subject)?;
                let mut statement = connection.prepare_cached(&texts.order)?;
                let mut rows = statement.query(params![id, subject.account_text, staff])?;
                let Some(row) = rows.next()? else {
                    return Err(not_found().into());
                };
                let mut body = Vec::with_capacity(1536);
                order_start(row, &mut body);
                write_lines(connection, &texts.lines, &id, &mut body)?;
                order_end(row, false, &mut body);
                Ok(json(body))
            })
        })
    })
}

async fn list_orders(
    State(app): State<App>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Reply {
    let page = order_page(query.as_deref())
        .ok_or_else(|| problem(400, "what is asked for is not offered"))?;
    let (expands, limit) = page;
    let subject = app.0.tokens.subject(&headers)?;
    read(&app.0.path, |connection| {
        snapshot(connection, || {
            TEXTS.with(|texts| {
                let staff = confirmed(connection, &subject)?;
                let text = &texts.orders[usize::from(staff)][usize::from(expands)];
                let mut statement = connection.prepare_cached(text)?;
                statement.raw_bind_parameter(1, i64::from(limit) + 1)?;
                if !staff {
                    statement.raw_bind_parameter(2, &subject.account_text)?;
                }
                let mut body = Vec::with_capacity(32 * 1024);
                body.extend_from_slice(b"{\"data\":[");
                let (mut count, mut last, mut next) = (0, String::new(), None);
                let mut rows = statement.raw_query();
                while let Some(row) = rows.next()? {
                    if count == limit {
                        next = Some(cursor::encode(
                            None,
                            &last,
                            cursor::question(&["orders.list"]),
                        ));
                        break;
                    }
                    if count > 0 {
                        body.push(b',');
                    }
                    order_start(row, &mut body);
                    let id = row.get_ref(0)?.as_str().unwrap_or_default();
                    write_lines(connection, &texts.page_lines, id, &mut body)?;
                    order_end(row, expands, &mut body);
                    count += 1;
                    if count == limit {
                        id.clone_into(&mut last);
                    }
                }
                page_end(next.as_deref(), limit, &mut body);
                Ok(json(body))
            })
        })
    })
}

async fn create_order(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Reply {
    let subject = app.0.tokens.subject(&headers)?;
    let (answer, answered) = oneshot::channel();
    let gone = |_| problem(503, "the server is stopping");
    app.0
        .jobs
        .send(Job {
            subject,
            body,
            answer,
        })
        .await
        .map_err(|_| problem(503, "the server is stopping"))?;
    answered.await.map_err(gone)?
}

const MOST_TOGETHER: usize = 64;

fn write(connection: &Connection, mut waiting: mpsc::Receiver<Job>) {
    let run = |text: &str| {
        connection
            .prepare_cached(text)
            .and_then(|mut statement| statement.execute([]))
    };
    while let Some(first) = waiting.blocking_recv() {
        if let Err(error) = run("BEGIN IMMEDIATE") {
            let _ = first.answer.send(Err(internal(error)));
            continue;
        }
        let mut answers = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next {
            let _ = run("SAVEPOINT job");
            let done = insert(connection, &job).map_err(Error::reply);
            if done.is_err() {
                let _ = run("ROLLBACK TO job");
            }
            let _ = run("RELEASE job");
            answers.push((job.answer, done));
            next = if answers.len() < MOST_TOGETHER {
                waiting.try_recv().ok()
            } else {
                None
            };
        }
        let committed = run("COMMIT");
        for (answer, done) in answers {
            let _ = answer.send(match &committed {
                Ok(_) => done,
                Err(error) => Err(internal(error)),
            });
        }
    }
}

fn insert(connection: &Connection, job: &Job) -> Result<Response<Body>, Error> {
    let subject = &job.subject;
    confirmed(connection, subject)?;
    let new = writer::parse(&job.body)?;
    let mut books = Vec::with_capacity(new.lines.len());
    for line in &new.lines {
        let text = "SELECT id, COALESCE(sale_price, price) FROM books WHERE isbn = ?1 AND deleted_at IS NULL";
        let mut statement = connection.prepare_cached(text)?;
        let found = statement.query_row([&line.book_isbn], |row| {
            let id = row.get_ref(0)?.as_str().unwrap_or_default();
            Ok(Book {
                id: Uuid::parse_str(id).unwrap_or_default(),
                price: row.get(1)?,
            })
        });
        books.push(
            found
                .optional()?
                .ok_or_else(|| problem(422, "there is no such book"))?,
        );
    }
    let made = new.made(now());
    insert_rows(connection, subject, &new, &made, &books)?;
    Ok(created(
        format!("/v1/orders/{}", made.id),
        new.shown(&made, subject.account, &books),
    ))
}

fn insert_rows(
    connection: &Connection,
    subject: &Subject,
    new: &NewOrder<'_>,
    made: &Made,
    books: &[Book],
) -> Result<(), Error> {
    let mut id = String::with_capacity(36);
    let _ = write!(id, "{}", made.id);
    connection
        .prepare_cached(
            "INSERT INTO orders (id, customer_id, status, deliver_to, created_at, updated_at, version) \
             VALUES (?1, ?2, 'draft', ?3, ?4, ?4, 1)",
        )?
        .execute(params![id, subject.account_text, new.deliver_to, made.at])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO order_lines (id, order_id, book_id, quantity, created_at, updated_at, position) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)",
    )?;
    for (position, ((line, book), line_id)) in
        new.lines.iter().zip(books).zip(&made.lines).enumerate()
    {
        let values = params![
            line_id.to_string(),
            id,
            book.id.to_string(),
            line.quantity,
            made.at,
            position as i64
        ];
        insert.execute(values)?;
    }
    let changes = new.changes(made, subject.account, books);
    let changes = std::str::from_utf8(&changes).unwrap_or_default();
    connection
        .prepare_cached(
            "INSERT INTO audit_entries (id, at, account_id, operation, entity, row_id, changes, request_id) \
             VALUES (?1, ?2, ?3, 'orders.create', 'Order', ?4, ?5, ?6)",
        )?
        .execute(params![
            Uuid::now_v7().to_string(),
            made.at,
            subject.account_text,
            id,
            changes,
            Uuid::now_v7().to_string()
        ])?;
    Ok(())
}

pub fn conduit(path: &str) -> Router {
    Router::new()
        .route("/api/articles", get(list_articles))
        .with_state(Arc::<str>::from(path))
}

async fn list_articles(State(path): State<Arc<str>>, RawQuery(query): RawQuery) -> Reply {
    let page = article_page(query.as_deref())
        .ok_or_else(|| problem(400, "what is asked for is not offered"))?;
    let text = const_text();
    read(&path, |connection| {
        snapshot(connection, || {
            let mut statement = connection.prepare_cached(&text)?;
            let mut tags = connection.prepare_cached(
                "SELECT t.name FROM taggings g JOIN tags t ON t.id = g.tag_id WHERE g.article_id = ?1 ORDER BY g.id",
            )?;
            let mut body = Vec::with_capacity(16 * 1024);
            body.extend_from_slice(b"{\"articles\":[");
            let mut rows = statement.query([page.0, page.1])?;
            let mut first = true;
            while let Some(row) = rows.next()? {
                if !std::mem::take(&mut first) {
                    body.push(b',');
                }
                article_start(row, &mut body);
                let mut names = tags.query([row.get_ref(0)?.as_str().unwrap_or_default()])?;
                let mut first_name = true;
                while let Some(name) = names.next()? {
                    if !std::mem::take(&mut first_name) {
                        body.push(b',');
                    }
                    json_text::text(name.get_ref(0)?.as_bytes().unwrap_or_default(), &mut body);
                }
                article_end(row, &mut body);
            }
            let mut count = connection.prepare_cached("SELECT COUNT(*) FROM articles")?;
            body.extend_from_slice(b"],\"articlesCount\":");
            json_text::integer(count.query_row([], |row| row.get(0))?, &mut body);
            body.push(b'}');
            Ok(json(body))
        })
    })
}

fn const_text() -> String {
    format!(
        "SELECT {ARTICLE_COLUMNS} FROM articles a LEFT JOIN users u ON u.id = a.author_id \
         ORDER BY a.created_at DESC, a.id DESC LIMIT ?1 OFFSET ?2"
    )
}
