//! What one reply may hold: requests that ask for more are refused, or held to it.

use crate::script::{World, check};

const SHELVES: &str = r#"
archwright: 1
name: shelves
entities:
  Shelf:
    id: int
    fields:
      name: string(1..40)
      books: Book[], by shelf
    allow: { read: anyone, update: anyone }
    timestamps: false
    versioned: false
    audit: false
  Book:
    id: int
    fields:
      shelf: Shelf
      label: Label
      name: string(1..40)
      pages: Page[], composed
    allow: { read: anyone }
    timestamps: false
    versioned: false
    audit: false
  Label:
    id: int
    fields:
      name: string(1..40)
      tags: Tag[], by label
    allow: { read: anyone }
    timestamps: false
    versioned: false
    audit: false
  Tag:
    id: int
    fields: { label: Label }
    allow: { read: anyone }
    timestamps: false
    versioned: false
    audit: false
  Page:
    id: int
    fields: { text: string(1..40) }
    timestamps: false
    versioned: false
    audit: false
"#;

/// A hundred shelves with a hundred and one books each, which have one label with a hundred tags.
async fn shelves() -> World {
    let world = World::new(SHELVES, &[]).await;
    let numbers = |to: usize| {
        format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {to})")
    };
    world.database.execute(&format!(
        "INSERT INTO shelves (name) {} SELECT 's' || i FROM n",
        numbers(100)
    ));
    world
        .database
        .execute("INSERT INTO labels (name) VALUES ('l')");
    world.database.execute(&format!(
        "INSERT INTO tags (label_id) {} SELECT 1 FROM n",
        numbers(100)
    ));
    world.database.execute(&format!(
        "INSERT INTO books (shelf_id, label_id, name) {} SELECT (i - 1) / 101 + 1, 1, 'b' || i FROM n",
        numbers(10_100)
    ));
    world
}

#[tokio::test]
async fn a_reply_expands_so_many_rows_and_no_more() {
    let mut world = shelves().await;
    world
        .run(
            r#"
            # A hundred of each shelf.
            nobody: GET /v1/shelves?limit=100&expand=books => 200
            nobody: GET /v1/shelves?limit=100&expand=books.label => 400 expand too-many
            nobody: GET /v1/shelves?limit=50&expand=books.label => 200
            # A row that several lead to is in the reply each time.
            nobody: GET /v1/books?limit=100&expand=label.tags => 400 expand too-many
            nobody: GET /v1/books?limit=99&expand=label.tags => 200
            nobody: GET /v1/shelves/1?expand=books.label.tags => 400 expand too-many
            nobody: PATCH /v1/shelves/1?expand=books.label.tags {"name": "new"} => 400 expand too-many
            nobody: GET /v1/shelves/1?expand=books => 200 {"name": "s1"}
            "#,
        )
        .await;
    assert_eq!(world.query("SELECT name FROM shelves WHERE id = 1"), ["s1"]);
    // Parts of what is expanded are in the reply because of it.
    world
        .database
        .execute("INSERT INTO pages (book_id, text, position) SELECT id, 'p', 0 FROM books WHERE id <= 101");
    world
        .run(
            r#"
            nobody: GET /v1/shelves?limit=100&expand=books => 400 expand too-many
            nobody: GET /v1/shelves?limit=99&expand=books => 200
            nobody: GET /v1/books?limit=100 => 200
            "#,
        )
        .await;
}

#[tokio::test]
async fn a_list_step_is_held_to_the_largest_page() {
    check(
        r#"
archwright: 1
name: things
api: { page: { default: 2, max: 3 } }
entities:
  Thing:
    id: int
    fields: { name: string(1..40) }
    allow: { read: anyone, create: anyone }
operations:
  all:
    route: GET /all
    by: anyone
    input: { query: { limit: "int?" } }
    steps:
      - list: { things: Thing }
        sort: [name]
        limit: query.limit
        count: total
    reply: { 200: { names: { each: things, as: t, item: t.name }, total: total } }
"#,
        &[],
        r#"
        nobody: POST /v1/things {"name": "a"} => 201
        nobody: POST /v1/things {"name": "b"} => 201
        nobody: POST /v1/things {"name": "c"} => 201
        nobody: POST /v1/things {"name": "d"} => 201
        nobody: GET /v1/all => 200 {"names": ["a", "b", "c"], "total": 4}
        nobody: GET /v1/all?limit=2 => 200 {"names": ["a", "b"], "total": 4}
        nobody: GET /v1/all?limit=1000000 => 200 {"names": ["a", "b", "c"], "total": 4}
        nobody: GET /v1/all?limit=-1 => 200 {"names": [], "total": 4}
        "#,
    )
    .await;
}
