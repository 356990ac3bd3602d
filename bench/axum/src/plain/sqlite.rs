//! On SQLite: a pool of connections, used from threads that may block.

use crate::auth::{Caller, Subject, Tokens};
use crate::error::Error;
use crate::model::*;
use crate::postgres::limit;
use anyhow::Result;
use archwright_bench_axum::{cursor, now};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use deadpool_sqlite::{Config, Hook, HookError, Pool, Runtime};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use rust_decimal::Decimal;
use std::collections::HashMap;
use uuid::Uuid;

#[derive(Clone)]
struct App {
    pool: Pool,
    tokens: Tokens,
}

fn pool(path: &str, connections: usize) -> Result<Pool> {
    let builder = Config::new(path)
        .builder(Runtime::Tokio1)?
        .max_size(connections);
    let prepare = Hook::async_fn(|connection, _| {
        Box::pin(async move {
            let set = connection.interact(|connection| {
                connection.busy_timeout(std::time::Duration::from_secs(5))?;
                connection.execute_batch(
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;",
                )
            });
            match set.await {
                Ok(Ok(())) => Ok(()),
                other => Err(HookError::message(format!("{other:?}"))),
            }
        })
    });
    Ok(builder.post_create(prepare).build()?)
}

/// Runs work on a thread that may block.
async fn run<T: Send + 'static>(
    pool: &Pool,
    work: impl FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let connection = pool.get().await?;
    connection
        .interact(work)
        .await
        .map_err(|error| Error::Internal(error.to_string()))?
}

pub fn bookshop(path: &str, connections: usize, tokens: Tokens) -> Result<Router> {
    let app = App {
        pool: pool(path, connections)?,
        tokens,
    };
    Ok(Router::new()
        .route("/v1/books", get(list_books))
        .route("/v1/books/{isbn}", get(read_book))
        .route("/v1/orders", get(list_orders).post(create_order))
        .route("/v1/orders/{id}", get(read_order))
        .with_state(app))
}

pub fn conduit(path: &str, connections: usize) -> Result<Router> {
    Ok(Router::new()
        .route("/api/articles", get(list_articles))
        .with_state(pool(path, connections)?))
}

const BOOK: &str = "SELECT b.id, b.isbn, b.title, b.summary, b.language, b.pages, b.published_on, b.price, b.sale_price, \
    c.slug, b.stock - COALESCE((SELECT SUM(l.quantity) FROM order_lines l JOIN orders o ON o.id = l.order_id \
    WHERE l.book_id = b.id AND o.status IN ('placed', 'paid', 'shipped')), 0) AS available, \
    COALESCE(b.sale_price, b.price) AS current_price, \
    (SELECT ROUND(AVG(r.rating) * 100) FROM reviews r WHERE r.book_id = b.id) AS rating, \
    b.created_at, b.updated_at, b.version FROM books b JOIN categories c ON c.id = b.category_id \
    WHERE b.deleted_at IS NULL";

fn money(row: &Row<'_>, column: &str) -> rusqlite::Result<Decimal> {
    Ok(Decimal::new(row.get(column)?, 2))
}

fn maybe_money(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Decimal>> {
    let units: Option<i64> = row.get(column)?;
    Ok(units.map(|units| Decimal::new(units, 2)))
}

fn instant(row: &Row<'_>, column: &str) -> rusqlite::Result<DateTime<Utc>> {
    Ok(maybe_instant(row, column)?.unwrap_or_default())
}

fn maybe_instant(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<DateTime<Utc>>> {
    let at: Option<i64> = row.get(column)?;
    Ok(at.and_then(DateTime::from_timestamp_millis))
}

fn id(row: &Row<'_>, column: &str) -> rusqlite::Result<Uuid> {
    let text: String = row.get(column)?;
    Ok(Uuid::parse_str(&text).unwrap_or_default())
}

fn book(row: &Row<'_>) -> rusqlite::Result<Book> {
    let published: Option<String> = row.get("published_on")?;
    let rating: Option<f64> = row.get("rating")?;
    Ok(Book {
        id: id(row, "id")?,
        isbn: row.get("isbn")?,
        title: row.get("title")?,
        summary: row.get("summary")?,
        language: row.get("language")?,
        pages: row.get("pages")?,
        published_on: published.and_then(|text| text.parse().ok()),
        price: money(row, "price")?,
        sale_price: maybe_money(row, "sale_price")?,
        category_slug: row.get("slug")?,
        available: row.get("available")?,
        current_price: money(row, "current_price")?,
        rating: rating.map(|hundredths| Decimal::new(hundredths as i64, 2)),
        created_at: instant(row, "created_at")?,
        updated_at: instant(row, "updated_at")?,
        version: row.get("version")?,
    })
}

async fn read_book(State(app): State<App>, Path(isbn): Path<String>) -> Result<Json<Book>, Error> {
    let found = run(&app.pool, move |connection| {
        let mut statement = connection.prepare_cached(&format!("{BOOK} AND b.isbn = ?1"))?;
        Ok(statement.query_row([isbn], book).optional()?)
    });
    found.await?.map(Json).ok_or(Error::NotFound)
}

async fn list_books(
    State(app): State<App>,
    Query(query): Query<BookQuery>,
) -> Result<Json<Page<Book>>, Error> {
    let limit = limit(query.limit)?;
    let order = match query.sort.as_deref() {
        None => "b.id DESC",
        Some("published_on") => "b.published_on NULLS FIRST, b.id",
        Some("-published_on") => "b.published_on DESC NULLS LAST, b.id DESC",
        Some(_) => return Err(Error::Invalid("sort is published_on or -published_on")),
    };
    let category = query.category_slug.clone();
    let mut data = run(&app.pool, move |connection| {
        let filter = if category.is_some() {
            " AND c.slug = ?2"
        } else {
            ""
        };
        let mut statement =
            connection.prepare_cached(&format!("{BOOK}{filter} ORDER BY {order} LIMIT ?1"))?;
        let most = i64::from(limit) + 1;
        let rows = match category {
            Some(category) => statement
                .query_map(params![most, category], book)?
                .collect(),
            None => statement
                .query_map([most], book)?
                .collect::<rusqlite::Result<Vec<Book>>>(),
        };
        Ok(rows?)
    })
    .await?;
    let next = (data.len() > limit as usize).then(|| {
        data.truncate(limit as usize);
        let last = data.last()?;
        let mut parts = vec!["books.list"];
        parts.extend(
            query
                .category_slug
                .as_deref()
                .map(|value| ["category_slug", value])
                .into_iter()
                .flatten(),
        );
        parts.extend(
            query
                .sort
                .as_deref()
                .map(|value| ["sort", value])
                .into_iter()
                .flatten(),
        );
        let sort = query
            .sort
            .as_ref()
            .and(last.published_on)
            .map(|day| day.to_string());
        Some(cursor::encode(
            sort.as_deref(),
            &last.id.to_string(),
            cursor::question(&parts),
        ))
    });
    Ok(Json(Page {
        data,
        page: Next {
            next: next.flatten(),
            limit,
        },
    }))
}

/// Whose session it is, with the roles of this instant.
fn caller(connection: &Connection, subject: &Subject) -> Result<Caller, Error> {
    let text = "SELECT c.roles FROM auth_sessions s \
        JOIN auth_credentials c ON c.account_id = s.account_id JOIN users u ON u.id = s.account_id \
        WHERE s.id = ?1 AND s.account_id = ?2 AND s.revoked_at IS NULL AND s.expires_at > ?3";
    let mut statement = connection.prepare_cached(text)?;
    let values = params![
        subject.session.to_string(),
        subject.account.to_string(),
        now()
    ];
    let roles: Option<String> = statement.query_row(values, |row| row.get(0)).optional()?;
    let roles = serde_json::from_str(&roles.ok_or(Error::Unauthorized)?)?;
    Ok(Caller {
        account: subject.account,
        roles,
    })
}

const ORDER: &str = "SELECT o.id, o.customer_id, o.status, o.deliver_to, COALESCE(o.agreed_total, \
    (SELECT SUM(l.quantity * COALESCE(b.sale_price, b.price)) FROM order_lines l JOIN books b ON b.id = l.book_id \
    WHERE l.order_id = o.id), 0) AS total, o.agreed_total, o.tracking, o.placed_at, o.paid_at, o.shipped_at, \
    o.created_at, o.updated_at, o.version";

fn order(row: &Row<'_>) -> rusqlite::Result<Order> {
    Ok(Order {
        id: id(row, "id")?,
        customer_id: id(row, "customer_id")?,
        lines: Vec::new(),
        status: row.get("status")?,
        deliver_to: row.get("deliver_to")?,
        total: money(row, "total")?,
        agreed_total: maybe_money(row, "agreed_total")?,
        tracking: row.get("tracking")?,
        placed_at: maybe_instant(row, "placed_at")?,
        paid_at: maybe_instant(row, "paid_at")?,
        shipped_at: maybe_instant(row, "shipped_at")?,
        created_at: instant(row, "created_at")?,
        updated_at: instant(row, "updated_at")?,
        version: row.get("version")?,
        customer: None,
    })
}

fn with_customer(row: &Row<'_>) -> rusqlite::Result<Order> {
    let customer = Customer {
        id: id(row, "customer_id")?,
        email: row.get("email")?,
        name: row.get("name")?,
        phone: None,
        newsletter: row.get("newsletter")?,
        created_at: instant(row, "customer_created_at")?,
        updated_at: instant(row, "customer_updated_at")?,
        version: row.get("customer_version")?,
    };
    Ok(Order {
        customer: Some(customer),
        ..order(row)?
    })
}

fn fill_lines(connection: &Connection, orders: &mut [Order]) -> Result<(), Error> {
    let text = "SELECT l.order_id, l.id, b.isbn, l.quantity, l.quantity * COALESCE(b.sale_price, b.price) AS amount, \
        l.created_at, l.updated_at FROM order_lines l JOIN books b ON b.id = l.book_id \
        WHERE l.order_id IN (SELECT value FROM json_each(?1)) ORDER BY l.order_id, l.position";
    let mut statement = connection.prepare_cached(text)?;
    let ids: Vec<Uuid> = orders.iter().map(|order| order.id).collect();
    let mut by_order: HashMap<Uuid, Vec<Line>> = HashMap::new();
    let mut rows = statement.query([serde_json::to_string(&ids)?])?;
    while let Some(row) = rows.next()? {
        by_order
            .entry(id(row, "order_id")?)
            .or_default()
            .push(Line {
                id: id(row, "id")?,
                book_isbn: row.get("isbn")?,
                quantity: row.get("quantity")?,
                amount: money(row, "amount")?,
                created_at: instant(row, "created_at")?,
                updated_at: instant(row, "updated_at")?,
            });
    }
    for order in orders {
        order.lines = by_order.remove(&order.id).unwrap_or_default();
    }
    Ok(())
}

async fn read_order(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<Json<Order>, Error> {
    let subject = app.tokens.subject(&headers)?;
    let found = run(&app.pool, move |connection| {
        let transaction = connection.transaction()?;
        let caller = caller(&transaction, &subject)?;
        let text = format!("{ORDER} FROM orders o WHERE o.id = ?1 AND (o.customer_id = ?2 OR ?3)");
        let mut statement = transaction.prepare_cached(&text)?;
        let values = params![
            id.to_string(),
            caller.account.to_string(),
            caller.is_staff()
        ];
        let Some(order) = statement.query_row(values, order).optional()? else {
            return Err(Error::NotFound);
        };
        let mut found = [order];
        fill_lines(&transaction, &mut found)?;
        let [order] = found;
        Ok(order)
    });
    Ok(Json(found.await?))
}

async fn list_orders(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): Query<OrderQuery>,
) -> Result<Json<Page<Order>>, Error> {
    let limit = limit(query.limit)?;
    let expands = match query.expand.as_deref() {
        None => false,
        Some("customer") => true,
        Some(_) => return Err(Error::Invalid("expand is customer")),
    };
    let subject = app.tokens.subject(&headers)?;
    let (data, more) = run(&app.pool, move |connection| {
        let transaction = connection.transaction()?;
        let caller = caller(&transaction, &subject)?;
        let text = match expands {
            true => format!(
                "{ORDER}, u.email, u.name, u.newsletter, u.created_at AS customer_created_at, \
                 u.updated_at AS customer_updated_at, u.version AS customer_version \
                 FROM orders o JOIN users u ON u.id = o.customer_id"
            ),
            false => format!("{ORDER} FROM orders o"),
        };
        let mine = if caller.is_staff() {
            ""
        } else {
            "WHERE o.customer_id = ?2"
        };
        let text = format!("{text} {mine} ORDER BY o.id DESC LIMIT ?1");
        let mut statement = transaction.prepare_cached(&text)?;
        statement.raw_bind_parameter(1, i64::from(limit) + 1)?;
        if !caller.is_staff() {
            statement.raw_bind_parameter(2, caller.account.to_string())?;
        }
        let read = if expands { with_customer } else { order };
        let mut data = Vec::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            data.push(read(row)?);
        }
        let more = data.len() > limit as usize;
        data.truncate(limit as usize);
        fill_lines(&transaction, &mut data)?;
        Ok((data, more))
    })
    .await?;
    let next = data.last().filter(|_| more).map(|last| {
        cursor::encode(
            None,
            &last.id.to_string(),
            cursor::question(&["orders.list"]),
        )
    });
    Ok(Json(Page {
        data,
        page: Next { next, limit },
    }))
}

async fn create_order(
    State(app): State<App>,
    headers: HeaderMap,
    Json(new): Json<NewOrder>,
) -> Result<Response, Error> {
    let subject = app.tokens.subject(&headers)?;
    new.check().map_err(Error::Invalid)?;
    let order = run(&app.pool, move |connection| {
        insert(connection, &subject, new)
    })
    .await?;
    let location = format!("/v1/orders/{}", order.id);
    Ok((StatusCode::CREATED, [("location", location)], Json(order)).into_response())
}

fn insert(connection: &mut Connection, subject: &Subject, new: NewOrder) -> Result<Order, Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let caller = caller(&transaction, subject)?;
    let (id, at) = (Uuid::now_v7(), now());
    let account = caller.account.to_string();
    transaction
        .prepare_cached(
            "INSERT INTO orders (id, customer_id, status, deliver_to, created_at, updated_at, version) \
             VALUES (?1, ?2, 'draft', ?3, ?4, ?4, 1)",
        )?
        .execute(params![id.to_string(), account, new.deliver_to, at])?;
    let (mut lines, mut books) = (Vec::new(), Vec::new());
    for (position, line) in new.lines.iter().enumerate() {
        let found: Option<(String, i64)> = transaction
            .prepare_cached(
                "SELECT id, COALESCE(sale_price, price) FROM books WHERE isbn = ?1 AND deleted_at IS NULL",
            )?
            .query_row([&line.book_isbn], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (book, price) = found.ok_or(Error::Invalid("there is no such book"))?;
        let line_id = Uuid::now_v7();
        transaction
            .prepare_cached(
                "INSERT INTO order_lines (id, order_id, book_id, quantity, created_at, updated_at, position) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)",
            )?
            .execute(params![line_id.to_string(), id.to_string(), book, line.quantity, at, position as i64])?;
        lines.push((line_id, Decimal::new(price, 2)));
        books.push(Uuid::parse_str(&book)?);
    }
    let line_ids: Vec<Uuid> = lines.iter().map(|(id, _)| *id).collect();
    let changes = new.changes(caller.account, &books, &line_ids).to_string();
    transaction
        .prepare_cached(
            "INSERT INTO audit_entries (id, at, account_id, operation, entity, row_id, changes, request_id) \
             VALUES (?1, ?2, ?3, 'orders.create', 'Order', ?4, ?5, ?6)",
        )?
        .execute(params![
            Uuid::now_v7().to_string(),
            at,
            account,
            id.to_string(),
            changes,
            Uuid::now_v7().to_string()
        ])?;
    transaction.commit()?;
    let at = DateTime::<Utc>::from_timestamp_millis(at).unwrap_or_default();
    Ok(new.order(id, caller.account, lines, at))
}

async fn list_articles(
    State(pool): State<Pool>,
    Query(query): Query<ArticleQuery>,
) -> Result<Json<Articles>, Error> {
    let (limit, offset) = (limit(query.limit)?, query.offset.unwrap_or(0));
    let found = run(&pool, move |connection| {
        let transaction = connection.transaction()?;
        let text = "SELECT a.id, a.slug, a.title, a.description, a.created_at, a.updated_at, \
            (SELECT COUNT(*) FROM user_favourites f WHERE f.article_id = a.id) AS favourites, \
            u.username, u.bio, u.image FROM articles a LEFT JOIN users u ON u.id = a.author_id \
            ORDER BY a.created_at DESC, a.id DESC LIMIT ?1 OFFSET ?2";
        let mut statement = transaction.prepare_cached(text)?;
        let rows =
            statement.query_map([limit, offset], |row| Ok((row.get("id")?, article(row)?)))?;
        let rows = rows.collect::<rusqlite::Result<Vec<(String, Article)>>>()?;
        let mut statement = transaction.prepare_cached("SELECT COUNT(*) FROM articles")?;
        let articles_count = statement.query_row([], |row| row.get(0))?;
        let text = "SELECT g.article_id, t.name FROM taggings g JOIN tags t ON t.id = g.tag_id \
            WHERE g.article_id IN (SELECT value FROM json_each(?1)) ORDER BY g.article_id, g.id";
        let mut statement = transaction.prepare_cached(text)?;
        let ids: Vec<&str> = rows.iter().map(|(id, _)| id.as_str()).collect();
        let mut tags: HashMap<String, Vec<String>> = HashMap::new();
        let mut found = statement.query([serde_json::to_string(&ids)?])?;
        while let Some(row) = found.next()? {
            tags.entry(row.get(0)?).or_default().push(row.get(1)?);
        }
        let articles = rows.into_iter().map(|(id, article)| Article {
            tag_list: tags.remove(&id).unwrap_or_default(),
            ..article
        });
        Ok(Articles {
            articles: articles.collect(),
            articles_count,
        })
    });
    Ok(Json(found.await?))
}

fn article(row: &Row<'_>) -> rusqlite::Result<Article> {
    Ok(Article {
        slug: row.get("slug")?,
        title: row.get("title")?,
        description: row.get("description")?,
        tag_list: Vec::new(),
        created_at: instant(row, "created_at")?,
        updated_at: instant(row, "updated_at")?,
        favorited: false,
        favorites_count: row.get("favourites")?,
        author: Profile {
            username: row.get("username")?,
            bio: row.get("bio")?,
            image: row.get("image")?,
            following: false,
        },
    })
}
