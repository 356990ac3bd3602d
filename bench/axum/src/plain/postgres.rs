//! On PostgreSQL: a pool of connections, each with its prepared statements.

use crate::auth::{Caller, Subject, Tokens};
use crate::error::Error;
use crate::model::*;
use anyhow::Result;
use archwright_bench_axum::{LARGEST_PAGE, PAGE, cursor, now};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use rust_decimal::Decimal;
use std::collections::HashMap;
use tokio_postgres::{NoTls, Row};
use uuid::Uuid;

#[derive(Clone)]
struct App {
    pool: Pool,
    tokens: Tokens,
}

fn pool(url: &str, connections: usize) -> Result<Pool> {
    let config = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = Manager::from_config(url.parse()?, NoTls, config);
    Ok(Pool::builder(manager).max_size(connections).build()?)
}

pub fn bookshop(url: &str, connections: usize, tokens: Tokens) -> Result<Router> {
    let app = App {
        pool: pool(url, connections)?,
        tokens,
    };
    Ok(Router::new()
        .route("/v1/books", get(list_books))
        .route("/v1/books/{isbn}", get(read_book))
        .route("/v1/orders", get(list_orders).post(create_order))
        .route("/v1/orders/{id}", get(read_order))
        .with_state(app))
}

pub fn conduit(url: &str, connections: usize) -> Result<Router> {
    Ok(Router::new()
        .route("/api/articles", get(list_articles))
        .with_state(pool(url, connections)?))
}

const BOOK: &str = "SELECT b.id, b.isbn, b.title, b.summary, b.language, b.pages, b.published_on, b.price, b.sale_price, \
    c.slug, b.stock - COALESCE((SELECT SUM(l.quantity) FROM order_lines l JOIN orders o ON o.id = l.order_id \
    WHERE l.book_id = b.id AND o.status IN ('placed', 'paid', 'shipped')), 0) AS available, \
    COALESCE(b.sale_price, b.price) AS current_price, \
    (SELECT ROUND(AVG(r.rating), 2) FROM reviews r WHERE r.book_id = b.id) AS rating, \
    b.created_at, b.updated_at, b.version FROM books b JOIN categories c ON c.id = b.category_id \
    WHERE b.deleted_at IS NULL";

fn book(row: &Row) -> Book {
    Book {
        id: row.get("id"),
        isbn: row.get("isbn"),
        title: row.get("title"),
        summary: row.get("summary"),
        language: row.get("language"),
        pages: row.get("pages"),
        published_on: row.get("published_on"),
        price: row.get("price"),
        sale_price: row.get("sale_price"),
        category_slug: row.get("slug"),
        available: row.get("available"),
        current_price: row.get("current_price"),
        rating: row.get("rating"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
        version: row.get("version"),
    }
}

async fn read_book(State(app): State<App>, Path(isbn): Path<String>) -> Result<Json<Book>, Error> {
    let client = app.pool.get().await?;
    let statement = client
        .prepare_cached(&format!("{BOOK} AND b.isbn = $1"))
        .await?;
    let row = client
        .query_opt(&statement, &[&isbn])
        .await?
        .ok_or(Error::NotFound)?;
    Ok(Json(book(&row)))
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
    let filter = if query.category_slug.is_some() {
        " AND c.slug = $2"
    } else {
        ""
    };
    let client = app.pool.get().await?;
    let statement = client
        .prepare_cached(&format!("{BOOK}{filter} ORDER BY {order} LIMIT $1"))
        .await?;
    let most = i64::from(limit) + 1;
    let rows = match &query.category_slug {
        Some(category) => client.query(&statement, &[&most, category]).await?,
        None => client.query(&statement, &[&most]).await?,
    };
    let mut data: Vec<Book> = rows.iter().map(book).collect();
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

pub fn limit(given: Option<u32>) -> Result<u32, Error> {
    let limit = given.unwrap_or(PAGE);
    match (1..=LARGEST_PAGE).contains(&limit) {
        true => Ok(limit),
        false => Err(Error::Invalid("limit is from 1 to 100")),
    }
}

/// Whose session it is, with the roles of this instant.
async fn caller(client: &Object, subject: &Subject) -> Result<Caller, Error> {
    let text = "SELECT s.account_id, c.roles FROM auth_sessions s \
        JOIN auth_credentials c ON c.account_id = s.account_id JOIN users u ON u.id = s.account_id \
        WHERE s.id = $1 AND s.account_id = $2 AND s.revoked_at IS NULL AND s.expires_at > now()";
    let statement = client.prepare_cached(text).await?;
    let row = client
        .query_opt(&statement, &[&subject.session, &subject.account])
        .await?;
    let row = row.ok_or(Error::Unauthorized)?;
    let roles: tokio_postgres::types::Json<Vec<String>> = row.get(1);
    Ok(Caller {
        account: row.get(0),
        roles: roles.0,
    })
}

const ORDER: &str = "SELECT o.id, o.customer_id, o.status, o.deliver_to, COALESCE(o.agreed_total, \
    (SELECT SUM(l.quantity * COALESCE(b.sale_price, b.price)) FROM order_lines l JOIN books b ON b.id = l.book_id \
    WHERE l.order_id = o.id), 0.00) AS total, o.agreed_total, o.tracking, o.placed_at, o.paid_at, o.shipped_at, \
    o.created_at, o.updated_at, o.version";

fn order(row: &Row) -> Order {
    Order {
        id: row.get("id"),
        customer_id: row.get("customer_id"),
        lines: Vec::new(),
        status: row.get("status"),
        deliver_to: row.get("deliver_to"),
        total: row.get("total"),
        agreed_total: row.get("agreed_total"),
        tracking: row.get("tracking"),
        placed_at: row.get("placed_at"),
        paid_at: row.get("paid_at"),
        shipped_at: row.get("shipped_at"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
        version: row.get("version"),
        customer: None,
    }
}

fn customer(row: &Row) -> Customer {
    Customer {
        id: row.get("customer_id"),
        email: row.get("email"),
        name: row.get("name"),
        phone: None,
        newsletter: row.get("newsletter"),
        created_at: row.get("customer_created_at"),
        updated_at: row.get("customer_updated_at"),
        version: row.get("customer_version"),
    }
}

async fn fill_lines(client: &Object, orders: &mut [Order]) -> Result<(), Error> {
    let text = "SELECT l.order_id, l.id, b.isbn, l.quantity, l.quantity * COALESCE(b.sale_price, b.price) AS amount, \
        l.created_at, l.updated_at FROM order_lines l JOIN books b ON b.id = l.book_id \
        WHERE l.order_id = ANY($1) ORDER BY l.order_id, l.position";
    let statement = client.prepare_cached(text).await?;
    let ids: Vec<Uuid> = orders.iter().map(|order| order.id).collect();
    let mut by_order: HashMap<Uuid, Vec<Line>> = HashMap::new();
    for row in client.query(&statement, &[&ids]).await? {
        by_order.entry(row.get("order_id")).or_default().push(Line {
            id: row.get("id"),
            book_isbn: row.get("isbn"),
            quantity: row.get("quantity"),
            amount: row.get("amount"),
            created_at: row.get("created_at"),
            updated_at: row.get("updated_at"),
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
    let client = app.pool.get().await?;
    let caller = caller(&client, &subject).await?;
    let statement = client
        .prepare_cached(&format!(
            "{ORDER} FROM orders o WHERE o.id = $1 AND (o.customer_id = $2 OR $3)"
        ))
        .await?;
    let row = client
        .query_opt(&statement, &[&id, &caller.account, &caller.is_staff()])
        .await?;
    let mut found = [order(&row.ok_or(Error::NotFound)?)];
    fill_lines(&client, &mut found).await?;
    let [order] = found;
    Ok(Json(order))
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
    let client = app.pool.get().await?;
    let caller = caller(&client, &subject).await?;
    let text = match expands {
        true => format!(
            "{ORDER}, u.email, u.name, u.newsletter, u.created_at AS customer_created_at, \
             u.updated_at AS customer_updated_at, u.version AS customer_version \
             FROM orders o JOIN users u ON u.id = o.customer_id"
        ),
        false => format!("{ORDER} FROM orders o"),
    };
    let statement = client
        .prepare_cached(&format!(
            "{text} WHERE o.customer_id = $1 OR $2 ORDER BY o.id DESC LIMIT $3"
        ))
        .await?;
    let most = i64::from(limit) + 1;
    let mut rows = client
        .query(&statement, &[&caller.account, &caller.is_staff(), &most])
        .await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let mut data: Vec<Order> = rows
        .iter()
        .map(|row| {
            let mut order = order(row);
            order.customer = expands.then(|| customer(row));
            order
        })
        .collect();
    fill_lines(&client, &mut data).await?;
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
    let mut client = app.pool.get().await?;
    let caller = caller(&client, &subject).await?;
    new.check().map_err(Error::Invalid)?;
    let transaction = client.transaction().await?;
    let text = "SELECT isbn, id, COALESCE(sale_price, price) FROM books WHERE isbn = ANY($1) AND deleted_at IS NULL";
    let statement = transaction.prepare_cached(text).await?;
    let isbns: Vec<&str> = new
        .lines
        .iter()
        .map(|line| line.book_isbn.as_str())
        .collect();
    let rows = transaction.query(&statement, &[&isbns]).await?;
    let known: HashMap<String, (Uuid, Decimal)> = rows
        .iter()
        .map(|row| (row.get(0), (row.get(1), row.get(2))))
        .collect();
    let at = DateTime::<Utc>::from_timestamp_millis(now()).ok_or(Error::Invalid("no time"))?;
    let id = Uuid::now_v7();
    let text = "INSERT INTO orders (id, customer_id, status, deliver_to, created_at, updated_at, version) \
        VALUES ($1, $2, 'draft', $3, $4, $4, 1)";
    let statement = transaction.prepare_cached(text).await?;
    transaction
        .execute(&statement, &[&id, &caller.account, &new.deliver_to, &at])
        .await?;
    let text = "INSERT INTO order_lines (id, order_id, book_id, quantity, created_at, updated_at, position) \
        VALUES ($1, $2, $3, $4, $5, $5, $6)";
    let statement = transaction.prepare_cached(text).await?;
    let (mut lines, mut books) = (Vec::new(), Vec::new());
    for (position, line) in new.lines.iter().enumerate() {
        let (book, price) = known
            .get(&line.book_isbn)
            .ok_or(Error::Invalid("there is no such book"))?;
        let line_id = Uuid::now_v7();
        transaction
            .execute(
                &statement,
                &[&line_id, &id, book, &line.quantity, &at, &(position as i32)],
            )
            .await?;
        lines.push((line_id, *price));
        books.push(*book);
    }
    let line_ids: Vec<Uuid> = lines.iter().map(|(id, _)| *id).collect();
    let changes = new.changes(caller.account, &books, &line_ids);
    let text = "INSERT INTO audit_entries (id, at, account_id, operation, entity, row_id, changes, request_id) \
        VALUES ($1, $2, $3, 'orders.create', 'Order', $4, $5, $6)";
    let statement = transaction.prepare_cached(text).await?;
    let request_id = Uuid::now_v7().to_string();
    transaction
        .execute(
            &statement,
            &[
                &Uuid::now_v7(),
                &at,
                &caller.account.to_string(),
                &id.to_string(),
                &changes,
                &request_id,
            ],
        )
        .await?;
    transaction.commit().await?;
    let order = new.order(id, caller.account, lines, at);
    Ok((
        StatusCode::CREATED,
        [("location", format!("/v1/orders/{id}"))],
        Json(order),
    )
        .into_response())
}

async fn list_articles(
    State(pool): State<Pool>,
    Query(query): Query<ArticleQuery>,
) -> Result<Json<Articles>, Error> {
    let (limit, offset) = (limit(query.limit)?, query.offset.unwrap_or(0));
    let client = pool.get().await?;
    let text = "SELECT a.id, a.slug, a.title, a.description, a.created_at, a.updated_at, \
        (SELECT COUNT(*) FROM user_favourites f WHERE f.article_id = a.id) AS favourites, \
        u.username, u.bio, u.image FROM articles a LEFT JOIN users u ON u.id = a.author_id \
        ORDER BY a.created_at DESC, a.id DESC LIMIT $1 OFFSET $2";
    let statement = client.prepare_cached(text).await?;
    let rows = client
        .query(&statement, &[&i64::from(limit), &i64::from(offset)])
        .await?;
    let statement = client
        .prepare_cached("SELECT COUNT(*) FROM articles")
        .await?;
    let articles_count = client.query_one(&statement, &[]).await?.get(0);
    let text = "SELECT g.article_id, t.name FROM taggings g JOIN tags t ON t.id = g.tag_id \
        WHERE g.article_id = ANY($1) ORDER BY g.article_id, g.id";
    let statement = client.prepare_cached(text).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    let mut tags: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in client.query(&statement, &[&ids]).await? {
        tags.entry(row.get(0)).or_default().push(row.get(1));
    }
    let article = |row: &Row| Article {
        slug: row.get("slug"),
        title: row.get("title"),
        description: row.get("description"),
        tag_list: tags.remove(&row.get("id")).unwrap_or_default(),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
        favorited: false,
        favorites_count: row.get("favourites"),
        author: Profile {
            username: row.get("username"),
            bio: row.get("bio"),
            image: row.get("image"),
            following: false,
        },
    };
    let articles = rows
        .iter()
        .map({
            let mut article = article;
            move |row| article(row)
        })
        .collect();
    Ok(Json(Articles {
        articles,
        articles_count,
    }))
}
