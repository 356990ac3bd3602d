//! On PostgreSQL: a few connections that all requests share, so that statements of different requests travel together.

use crate::auth::{Subject, Tokens};
use crate::reply::{Reply, created, internal, json, not_found, problem, unauthorized};
use crate::writer::{self, Book};
use anyhow::Result;
use archwright_bench_axum::cells::{Cells, hundredths, number, raw};
use archwright_bench_axum::shapes::*;
use archwright_bench_axum::{cursor, json as json_text, now};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_postgres::types::{Json, ToSql};
use tokio_postgres::{Client, NoTls, Row, Statement};
use uuid::Uuid;

const CONNECTIONS: usize = 4;

type Value<'v> = &'v (dyn ToSql + Sync);

impl Subject {
    /// What the session is looked up by.
    fn values(&self) -> [Value<'_>; 2] {
        [&self.session, &self.account]
    }
}

#[derive(Clone)]
struct App(Arc<Inner>);

struct Inner {
    connections: Vec<Connection>,
    next: AtomicUsize,
    tokens: Tokens,
}

struct Connection {
    client: Client,
    book: Statement,
    /// By order; without and with a category.
    books: [[Statement; 3]; 2],
    session: Statement,
    order: Statement,
    lines: Statement,
    /// Orders and their lines: one's own, or everybody's; without and with customers.
    orders: [[(Statement, Statement); 2]; 2],
    found_books: Statement,
    insert: Statement,
}

impl App {
    fn connection(&self) -> &Connection {
        let next = self.0.next.fetch_add(1, Ordering::Relaxed);
        &self.0.connections[next % self.0.connections.len()]
    }
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("{error}");
        }
    });
    Ok(client)
}

pub async fn bookshop(url: &str, tokens: Tokens) -> Result<Router> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(prepare(connect(url).await?).await?);
    }
    let app = App(Arc::new(Inner {
        connections,
        next: AtomicUsize::new(0),
        tokens,
    }));
    Ok(Router::new()
        .route("/v1/books", get(list_books))
        .route("/v1/books/{isbn}", get(read_book))
        .route("/v1/orders", get(list_orders).post(create_order))
        .route("/v1/orders/{id}", get(read_order))
        .with_state(app))
}

async fn prepare(client: Client) -> Result<Connection> {
    let books = book_columns("ROUND(AVG(r.rating), 2)");
    let book = format!("SELECT {books} FROM books b WHERE b.deleted_at IS NULL");
    let page = |filter: &str, order: &str| format!("{book}{filter} ORDER BY {order} LIMIT $1");
    let [a, b, c] = BOOK_ORDERS;
    let lines =
        format!("SELECT {LINE_COLUMNS} FROM order_lines l JOIN books b ON b.id = l.book_id");
    let mut orders = Vec::new();
    for (filter, own) in [("o.customer_id = $2", true), ("", false)] {
        let filter = if own {
            format!(" WHERE {filter}")
        } else {
            String::new()
        };
        let ids = format!("SELECT o.id FROM orders o{filter} ORDER BY o.id DESC LIMIT $1");
        let lines =
            format!("{lines} WHERE l.order_id IN ({ids}) ORDER BY l.order_id DESC, l.position");
        for (columns, join) in [
            ("", ""),
            (CUSTOMER_COLUMNS, " JOIN users u ON u.id = o.customer_id"),
        ] {
            let comma = if columns.is_empty() { "" } else { ", " };
            let text = format!(
                "SELECT {ORDER_COLUMNS}{comma}{columns} FROM orders o{join}{filter} ORDER BY o.id DESC LIMIT $1"
            );
            orders.push((client.prepare(&text).await?, client.prepare(&lines).await?));
        }
    }
    let mut orders = orders.into_iter();
    let mut pair = || Some([orders.next()?, orders.next()?]);
    let orders = [pair(), pair()].map(|pair| pair.expect("four statements were prepared"));
    Ok(Connection {
        book: client.prepare(&format!("{book} AND b.isbn = $1")).await?,
        books: [
            [
                client.prepare(&page("", a)).await?,
                client.prepare(&page("", b)).await?,
                client.prepare(&page("", c)).await?,
            ],
            [
                client.prepare(&page(IN_CATEGORY, a)).await?,
                client.prepare(&page(IN_CATEGORY, b)).await?,
                client.prepare(&page(IN_CATEGORY, c)).await?,
            ],
        ],
        session: client
            .prepare(
                "SELECT c.roles FROM auth_sessions s JOIN auth_credentials c ON c.account_id = s.account_id \
                 WHERE s.id = $1 AND s.account_id = $2 AND s.revoked_at IS NULL AND s.expires_at > now()",
            )
            .await?,
        order: client.prepare(&format!("SELECT {ORDER_COLUMNS} FROM orders o WHERE o.id = $1")).await?,
        lines: client.prepare(&format!("{lines} WHERE l.order_id = $1 ORDER BY l.position")).await?,
        orders,
        found_books: client
            .prepare(
                "SELECT isbn, id, COALESCE(sale_price, price) FROM books WHERE isbn = ANY($1) AND deleted_at IS NULL",
            )
            .await?,
        insert: client
            .prepare(
                "WITH o AS (INSERT INTO orders (id, customer_id, status, deliver_to, created_at, updated_at, version) \
                 VALUES ($1, $2, 'draft', $3, $4, $4, 1)), \
                 l AS (INSERT INTO order_lines (id, order_id, book_id, quantity, created_at, updated_at, position) \
                 SELECT l.id, $1, l.book, l.quantity, $4, $4, l.position - 1 \
                 FROM unnest($5::uuid[], $6::uuid[], $7::int[]) WITH ORDINALITY AS l (id, book, quantity, position)) \
                 INSERT INTO audit_entries (id, at, account_id, operation, entity, row_id, changes, request_id) \
                 VALUES ($8, $4, $2::uuid::text, 'orders.create', 'Order', $1::uuid::text, $9, $10)",
            )
            .await?,
        client,
    })
}

async fn read_book(State(app): State<App>, Path(isbn): Path<String>) -> Reply {
    let connection = app.connection();
    let row = connection
        .client
        .query_opt(&connection.book, &[&isbn])
        .await
        .map_err(internal)?;
    let mut body = Vec::with_capacity(1024);
    book(&row.ok_or_else(not_found)?, &mut body);
    Ok(json(body))
}

async fn list_books(State(app): State<App>, RawQuery(query): RawQuery) -> Reply {
    let page = book_page(query.as_deref())
        .ok_or_else(|| problem(400, "what is asked for is not offered"))?;
    let connection = app.connection();
    let statement = &connection.books[usize::from(page.category.is_some())][page.order];
    let most = i64::from(page.limit) + 1;
    let rows = match &page.category {
        Some(category) => connection.client.query(statement, &[&most, category]).await,
        None => connection.client.query(statement, &[&most]).await,
    };
    let rows = rows.map_err(internal)?;
    let mut body = Vec::with_capacity(512 * rows.len() + 128);
    body.extend_from_slice(b"{\"data\":[");
    for (index, row) in rows.iter().take(page.limit as usize).enumerate() {
        if index > 0 {
            body.push(b',');
        }
        book(row, &mut body);
    }
    let next = rows
        .get(page.limit as usize)
        .and(rows.get(page.limit as usize - 1))
        .map(|last| {
            let mut day = Vec::new();
            last.date(6, &mut day);
            let day = String::from_utf8_lossy(&day);
            page.next(day.trim_matches('"'), &last.get::<_, Uuid>(0).to_string())
        });
    page_end(next.as_deref(), page.limit, &mut body);
    Ok(json(body))
}

/// Refuses sessions that have ended, and says whether the caller is staff.
fn confirmed(row: Option<Row>, subject: &Subject) -> Result<bool, Response<Body>> {
    let row = row.ok_or_else(unauthorized)?;
    let Json(roles) = row.get::<_, Json<Vec<&str>>>(0);
    let staff = roles
        .iter()
        .any(|role| *role == "staff" || *role == "admin");
    subject.staff.store(staff, Ordering::Relaxed);
    Ok(staff)
}

async fn read_order(State(app): State<App>, headers: HeaderMap, Path(id): Path<Uuid>) -> Reply {
    let subject = app.0.tokens.subject(&headers)?;
    let connection = app.connection();
    let client = &connection.client;
    let (who, this) = (subject.values(), [&id as Value<'_>]);
    let (session, order, lines) = tokio::try_join!(
        client.query_opt(&connection.session, &who),
        client.query_opt(&connection.order, &this),
        client.query(&connection.lines, &this),
    )
    .map_err(internal)?;
    let staff = confirmed(session, &subject)?;
    let order = order
        .filter(|row| staff || row.get::<_, Uuid>(1) == subject.account)
        .ok_or_else(not_found)?;
    let mut body = Vec::with_capacity(1536);
    order_start(&order, &mut body);
    for (index, row) in lines.iter().enumerate() {
        line(row, index == 0, &mut body);
    }
    order_end(&order, false, &mut body);
    Ok(json(body))
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
    let connection = app.connection();
    let client = &connection.client;
    let most = i64::from(limit) + 1;
    // What the caller was last is a good guess, so that all is asked for at once.
    let mut guess = subject.is_staff();
    let (orders, lines) = loop {
        let (orders, lines) = &connection.orders[usize::from(guess)][usize::from(expands)];
        let own: [Value<'_>; 2] = [&most, &subject.account];
        let who = subject.values();
        let values = if guess { &own[..1] } else { &own[..] };
        let (session, orders, lines) = tokio::try_join!(
            client.query_opt(&connection.session, &who),
            client.query(orders, values),
            client.query(lines, values),
        )
        .map_err(internal)?;
        let staff = confirmed(session, &subject)?;
        if staff == guess {
            break (orders, lines);
        }
        guess = staff;
    };
    let mut body = Vec::with_capacity(1536 * orders.len() + 128);
    body.extend_from_slice(b"{\"data\":[");
    let mut lines = lines.iter().peekable();
    for (index, order) in orders.iter().take(limit as usize).enumerate() {
        if index > 0 {
            body.push(b',');
        }
        order_start(order, &mut body);
        let id = raw(order, 0);
        let mut first = true;
        while let Some(row) = lines.next_if(|row| raw(row, 0) == id) {
            line(row, first, &mut body);
            first = false;
        }
        order_end(order, expands, &mut body);
    }
    let next = orders
        .get(limit as usize)
        .and(orders.get(limit as usize - 1))
        .map(|last| {
            cursor::encode(
                None,
                &last.get::<_, Uuid>(0).to_string(),
                cursor::question(&["orders.list"]),
            )
        });
    page_end(next.as_deref(), limit, &mut body);
    Ok(json(body))
}

async fn create_order(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Reply {
    let subject = app.0.tokens.subject(&headers)?;
    let connection = app.connection();
    let client = &connection.client;
    let new = writer::parse(&body)?;
    let isbns: Vec<&str> = new.lines.iter().map(|line| &*line.book_isbn).collect();
    let (who, named) = (subject.values(), [&isbns as Value<'_>]);
    let (session, found) = tokio::try_join!(
        client.query_opt(&connection.session, &who),
        client.query(&connection.found_books, &named),
    )
    .map_err(internal)?;
    confirmed(session, &subject)?;
    let book = |isbn: &&str| {
        let row = found.iter().find(|row| row.get::<_, &str>(0) == *isbn)?;
        Some(Book {
            id: row.get(1),
            price: raw(row, 2).map_or(0, hundredths),
        })
    };
    let books: Option<Vec<Book>> = isbns.iter().map(book).collect();
    let books = books.ok_or_else(|| problem(422, "there is no such book"))?;
    let made = new.made(now());
    let at = DateTime::<Utc>::from_timestamp_millis(made.at).unwrap_or_default();
    let ids: Vec<Uuid> = books.iter().map(|book| book.id).collect();
    let quantities: Vec<i32> = new.lines.iter().map(|line| line.quantity).collect();
    let changes = new.changes(&made, subject.account, &books);
    let changes = JsonBytes(&changes);
    let (audit, request_id) = (Uuid::now_v7(), Uuid::now_v7().to_string());
    client
        .execute(
            &connection.insert,
            &[
                &made.id,
                &subject.account,
                &new.deliver_to.as_deref(),
                &at,
                &made.lines,
                &ids,
                &quantities,
                &audit,
                &changes,
                &request_id,
            ],
        )
        .await
        .map_err(internal)?;
    Ok(created(
        format!("/v1/orders/{}", made.id),
        new.shown(&made, subject.account, &books),
    ))
}

/// JSON text as `jsonb`.
#[derive(Debug)]
struct JsonBytes<'a>(&'a [u8]);

impl tokio_postgres::types::ToSql for JsonBytes<'_> {
    fn to_sql(
        &self,
        _: &tokio_postgres::types::Type,
        out: &mut bytes::BytesMut,
    ) -> Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(&[1]);
        out.extend_from_slice(self.0);
        Ok(tokio_postgres::types::IsNull::No)
    }

    fn accepts(ty: &tokio_postgres::types::Type) -> bool {
        *ty == tokio_postgres::types::Type::JSONB
    }

    tokio_postgres::types::to_sql_checked!();
}

#[derive(Clone)]
struct Articles(Arc<(Vec<(Client, [Statement; 3])>, AtomicUsize)>);

pub async fn conduit(url: &str) -> Result<Router> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = connect(url).await?;
        let page = "ORDER BY a.created_at DESC, a.id DESC LIMIT $1 OFFSET $2";
        let statements = [
            client
                .prepare(&format!(
                    "SELECT {ARTICLE_COLUMNS} FROM articles a LEFT JOIN users u ON u.id = a.author_id {page}"
                ))
                .await?,
            client
                .prepare(&format!(
                    "SELECT g.article_id, t.name FROM taggings g JOIN tags t ON t.id = g.tag_id \
                     WHERE g.article_id IN (SELECT a.id FROM articles a {page}) ORDER BY g.article_id, g.id"
                ))
                .await?,
            client.prepare("SELECT COUNT(*) FROM articles").await?,
        ];
        connections.push((client, statements));
    }
    let state = Articles(Arc::new((connections, AtomicUsize::new(0))));
    Ok(Router::new()
        .route("/api/articles", get(list_articles))
        .with_state(state))
}

async fn list_articles(State(app): State<Articles>, RawQuery(query): RawQuery) -> Reply {
    let page = article_page(query.as_deref())
        .ok_or_else(|| problem(400, "what is asked for is not offered"))?;
    let (limit, offset) = (i64::from(page.0), i64::from(page.1));
    let next = app.0.1.fetch_add(1, Ordering::Relaxed);
    let (client, [articles, tags, count]) = &app.0.0[next % app.0.0.len()];
    let page: [Value<'_>; 2] = [&limit, &offset];
    let (articles, tags, count) = tokio::try_join!(
        client.query(articles, &page),
        client.query(tags, &page),
        client.query_one(count, &[]),
    )
    .map_err(internal)?;
    let mut by_article: HashMap<&[u8], Vec<&Row>> = HashMap::new();
    for row in &tags {
        by_article
            .entry(raw(row, 0).unwrap_or_default())
            .or_default()
            .push(row);
    }
    let mut body = Vec::with_capacity(640 * articles.len() + 64);
    body.extend_from_slice(b"{\"articles\":[");
    for (index, article) in articles.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        article_start(article, &mut body);
        let tags = raw(article, 0).and_then(|id| by_article.get(id));
        for (index, tag) in tags.into_iter().flatten().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            json_text::text(raw(tag, 1).unwrap_or_default(), &mut body);
        }
        article_end(article, &mut body);
    }
    body.extend_from_slice(b"],\"articlesCount\":");
    json_text::integer(raw(&count, 0).map_or(0, number), &mut body);
    body.push(b'}');
    Ok(json(body))
}
