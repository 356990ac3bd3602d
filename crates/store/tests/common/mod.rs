//! A small bookshop with rows to read.

mod design;

pub use design::plan_of_text;

use archwright_plan::model::*;
use archwright_plan::*;
use archwright_sql::Dialect;
use archwright_store::{Caller as SignedInCaller, Context, Secrets, Store, StoreOptions};
use std::sync::Arc;

pub const USER: EntityId = EntityId(0);
pub const BOOK: EntityId = EntityId(2);
pub const ORDER: EntityId = EntityId(3);
pub const STAFF: RoleId = RoleId(0);
pub const ADMIN: RoleId = RoleId(1);
/// 2026-11-24T10:00:00.000Z
pub const NOW: i64 = 1_795_514_400_000;

pub const DESIGN: &str = r#"
archwright: 1
name: bookshop
api: { page: { default: 2, max: 3 } }
roles:
  staff: {}
  admin: { includes: staff }
entities:
  User:
    account: email
    fields:
      email: email, unique
      name: string(1..300)
      phone: { type: phone?, sensitive: true, filter: true, visible: owner }
      orders: Order[], by customer
    allow: { read: "owner, staff" }
    timestamps: false
  Author:
    id: int
    fields:
      name: string(1..300)
      books: Book[], by authors
    allow: { read: anyone }
    timestamps: false
  Book:
    fields:
      title: string(1..300), search
      price: decimal(12,2), filter, sort
      stock: int, filter
      published: date?, filter, sort
      note: { type: text(1000)?, visible: staff }
      authors: Author[], filter
      added_at: datetime
      reprint_of: Book?, on-delete set-null
    allow: { read: anyone }
    timestamps: false
  Order:
    fields:
      customer: User, owner, on-delete restrict
      status: enum(draft, paid), filter
      lines: Line[], composed
      total: decimal(12,2) := lines.sum(l, l.quantity * l.price)
      discount: decimal(12,2)?
    allow: { read: "owner, staff" }
    soft-delete: true
    timestamps: false
  Line:
    fields:
      order: Order
      quantity: int
      price: decimal(12,2)
      book: Book
    timestamps: false
"#;

pub fn uuid(number: u32) -> String {
    format!("00000000-0000-7000-8000-{number:012}")
}

/// The bookshop's design with more text in an entity, after the line that is its first like this.
pub fn design_with(design: &str, entity: &str, line: &str, text: &str) -> String {
    let start = format!("  {entity}:\n");
    let (before, after) = design.split_once(&start).unwrap();
    let after = format!("{start}{after}");
    let (above, below) = after.split_once(line).unwrap();
    format!("{before}{above}{line}{text}{below}")
}

/// The bookshop's plan, with filters that the planner would not offer.
pub fn plan() -> Plan {
    let mut plan = plan_of_text(DESIGN);
    let phone = plan.model.entity(USER).field_named("phone").unwrap().id;
    let mut options = |id: &str, change: &dyn Fn(&mut ListOptions)| {
        let operation = plan.operations.iter_mut().find(|one| one.id == id);
        change(operation.unwrap().list.as_mut().unwrap());
    };
    options("books.list", &|list| {
        for filter in &mut list.filters {
            if filter.name == "authors" {
                filter.operators.push(FilterOperator::In);
            }
        }
    });
    options("users.list", &|list| {
        list.filters.push(Filter {
            name: "phone".to_owned(),
            field: phone,
            operators: vec![FilterOperator::Equal],
            index: String::new(),
        })
    });
    plan
}

/// Reverses the bytes: enough to show that values go through the keys.
pub struct Reversed;

impl Secrets for Reversed {
    fn seal(&self, plaintext: &[u8], _: &str) -> Option<Vec<u8>> {
        Some(plaintext.iter().rev().copied().collect())
    }

    fn open(&self, sealed: &[u8], _: &str) -> Option<Vec<u8>> {
        Some(sealed.iter().rev().copied().collect())
    }

    fn blind_index(&self, _: &str, plaintext: &str) -> Vec<u8> {
        plaintext.bytes().map(|byte| byte ^ 1).collect()
    }
}

pub fn options(path: &std::path::Path) -> StoreOptions {
    StoreOptions {
        url: format!("sqlite://{}", path.display()),
        readers: 1,
        patience: std::time::Duration::ZERO,
        progress: Arc::new(|_| {}),
        secrets: Arc::new(Reversed),
        file_link: Arc::new(|id: &str, _: &Context| format!("/files/{id}")),
    }
}

/// The bookshop with its rows: users 1 and 2, authors 1 and 2, books 11 to 15, orders 21 to 23.
pub fn bookshop(folder: &std::path::Path) -> Store {
    let path = folder.join("bookshop.sqlite");
    let store = Store::open(Arc::new(plan()), options(&path)).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    insert_rows(&connection);
    store
}

pub fn empty_database(plan: &Plan) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    for statement in archwright_sql::ddl(plan, Dialect::Sqlite).unwrap() {
        connection
            .execute_batch(&statement)
            .unwrap_or_else(|error| panic!("{error}\n{statement}"));
    }
    connection
}

pub fn insert_rows(connection: &rusqlite::Connection) {
    let phone: String = "+4915112345678".chars().rev().collect();
    let blind: Vec<u8> = Reversed.blind_index("users.phone", "+4915112345678");
    let user = "INSERT INTO users (id, email, name, phone, phone_index, version) VALUES (?1, ?2, ?3, ?4, ?5, 1)";
    connection
        .execute(
            user,
            (
                uuid(1),
                "ada@example.com",
                "Ada \"A\"",
                phone.as_bytes(),
                blind,
            ),
        )
        .unwrap();
    let nothing: Option<Vec<u8>> = None;
    connection
        .execute(
            user,
            (uuid(2), "bob@example.com", "Bob", &nothing, &nothing),
        )
        .unwrap();
    for (id, name) in [(1, "Le Guin"), (2, "Lem")] {
        connection
            .execute(
                "INSERT INTO authors (id, name, version) VALUES (?1, ?2, 1)",
                (id, name),
            )
            .unwrap();
    }
    let book = "INSERT INTO books (id, title, price, stock, published, note, added_at, reprint_of_id, version) \
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 3)";
    for (id, title, price, stock, published, note, reprint) in [
        (
            11,
            "The Dispossessed",
            1250,
            3,
            Some("1974-05-01"),
            Some("cheap"),
            None,
        ),
        (12, "Solaris", 990, 0, Some("1961-01-01"), None, None),
        (13, "Solaris, again", 990, -2, None, None, Some(uuid(12))),
        (14, "Öde Ufer", 0, 7, None, None, None),
        (
            15,
            "The Word for World",
            2000,
            1,
            Some("1972-01-01"),
            Some("dear"),
            None,
        ),
    ] {
        connection
            .execute(
                book,
                (uuid(id), title, price, stock, published, note, NOW, reprint),
            )
            .unwrap();
    }
    for (book, author) in [(11, 1), (15, 1), (12, 2), (13, 2)] {
        connection
            .execute(
                "INSERT INTO book_authors VALUES (?1, ?2)",
                (uuid(book), author),
            )
            .unwrap();
    }
    let order = "INSERT INTO orders (id, customer_id, status, discount, version, deleted_at) VALUES (?1, ?2, ?3, ?4, 1, ?5)";
    for (id, customer, status, discount, deleted) in [
        (21, 1, "draft", None, None),
        (22, 1, "paid", Some(-150), None),
        (23, 2, "draft", Some(5), None),
        (24, 1, "draft", None, Some(NOW)),
    ] {
        connection
            .execute(order, (uuid(id), uuid(customer), status, discount, deleted))
            .unwrap();
    }
    let line = "INSERT INTO lines (id, order_id, quantity, price, book_id, position) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    for (id, order, quantity, price, book, position) in [
        (31, 21, 1, 990, 12, 1),
        (32, 21, 2, 1250, 11, 0),
        (33, 22, 3, 5, 14, 0),
    ] {
        connection
            .execute(
                line,
                (uuid(id), uuid(order), quantity, price, uuid(book), position),
            )
            .unwrap();
    }
}

pub fn context(caller: Option<(u32, Vec<RoleId>)>) -> Context {
    let caller = caller.map(|(id, roles)| SignedInCaller {
        account_id: uuid(id),
        roles,
        session_id: "session".to_owned(),
    });
    Context {
        caller,
        now: NOW,
        request_id: "request".to_owned(),
    }
}
