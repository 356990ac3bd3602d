//! What one reply may hold: requests that ask for more are refused, or held to it.

use crate::script::{World, check};
use archwright_plan::limits::FAULTS;
use archwright_store::Failure;

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

const TOPICS: &str = r#"
archwright: 1
name: topics
entities:
  Topic:
    id: int
    fields:
      title: string(1..40), unique
      notes: Note[], by topic
    allow: { read: anyone }
    timestamps: false
    versioned: false
    audit: false
  Note:
    id: int
    fields: { topic: Topic, text: string(1..40) }
    allow: { read: anyone }
    timestamps: false
    versioned: false
    audit: false
operations:
  whole:
    route: GET /whole/{title}
    by: anyone
    steps:
      - find: { topic: Topic }
        where: title == path.title
    reply: { 200: { notes: topic.notes } }
  texts:
    route: GET /texts/{title}
    by: anyone
    steps:
      - find: { topic: Topic }
        where: title == path.title
    reply: { 200: { texts: "topic.notes.map(n, n.text)" } }
  nest:
    route: GET /nest/{title}
    by: anyone
    steps:
      - find: { topic: Topic }
        where: title == path.title
    reply: { 200: { notes: { each: topic.notes, as: n, item: { text: n.text, more: { each: n.topic.notes, as: m, item: { t: m.text, o: n.text } } } } } }
  again:
    route: GET /again/{title}
    by: anyone
    steps:
      - find: { topic: Topic }
        where: title == path.title
    reply: { 200: { notes: { each: topic.notes, as: n, item: { more: { each: n.topic.notes, as: m, item: { most: { each: m.topic.notes, as: o, item: o.text } } } } } } }
  touch:
    route: POST /touch/{title}
    by: anyone
    steps:
      - find: { topic: Topic }
        where: title == path.title
      - each: { note: topic.notes }
        do:
          - update: note
            set: { text: "'y'" }
    reply: { 204: ~ }
"#;

#[tokio::test]
async fn lists_of_a_reply_show_so_many_rows_and_steps_go_through_no_more() {
    let mut world = World::new(TOPICS, &[]).await;
    // The name of each topic is the number of its notes.
    for notes in [21, 22, 99, 100, 10_000, 10_001] {
        world
            .database
            .execute(&format!("INSERT INTO topics (title) VALUES ('{notes}')"));
        world.database.execute(&format!(
            "INSERT INTO notes (topic_id, text) WITH RECURSIVE n(i) AS \
             (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {notes}) \
             SELECT (SELECT max(id) FROM topics), 'x' FROM n"
        ));
    }
    world
        .run(
            r#"
            nobody: GET /v1/whole/99 => 200
            nobody: GET /v1/whole/10001 => 400 . too-many
            nobody: GET /v1/texts/10000 => 200
            nobody: GET /v1/texts/10001 => 400 . too-many
            nobody: GET /v1/nest/99 => 200
            nobody: GET /v1/nest/100 => 400 . too-many
            nobody: GET /v1/nest/10001 => 400 . too-many
            # A row that is shown several times counts each time, with what it shows.
            nobody: GET /v1/again/21 => 200
            nobody: GET /v1/again/22 => 400 . too-many
            nobody: POST /v1/touch/99 => 204
            nobody: POST /v1/touch/10001 => 400 . too-many
            "#,
        )
        .await;
    let changed = "SELECT COUNT(*) FROM notes WHERE text = 'y'";
    assert_eq!(world.query(changed), ["99"]);
}

const WIDE: &str = r#"
archwright: 1
name: wide
entities:
  Tag:
    fields: { name: "string(1..40), filter" }
    allow: { read: anyone, create: anyone }
operations:
  told:
    route: POST /told
    by: anyone
    input: { query: { a: int? }, body: { name: string(1..40)? } }
    steps: [{ create: { tag: Tag }, set: { name: "'a'" } }]
    reply: { 204: ~ }
  ignored:
    route: POST /ignored
    by: anyone
    unknown: ignore
    input: { body: { name: string(1..40)? } }
    steps: [{ create: { tag: Tag }, set: { name: "'a'" } }]
    reply: { 204: ~ }
"#;

/// How many faults a refusal has.
async fn faults(world: &World, request: &str) -> usize {
    match world.answer(request).await {
        Err(Failure::Invalid(faults) | Failure::BadRequest(faults)) => faults.len(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_of_nothing_but_faults_is_told_no_more_than_are_shown() {
    let mut world = World::new(WIDE, &[]).await;
    let many = |form: &dyn Fn(usize) -> String| (0..3_000).map(form).collect::<Vec<_>>();
    let body = format!("{{{}}}", many(&|key| format!("\"a{key}\": 1")).join(", "));
    let query = many(&|name| format!("b{name}=1")).join("&");
    let twice = many(&|_| "a=1".to_owned()).join("&");
    let fields = many(&|name| format!("f{name}")).join(",");
    for request in [
        format!("POST /v1/told {body}"),
        format!("POST /v1/told?{query} {{}}"),
        format!("POST /v1/told?{twice} {{}}"),
        format!("POST /v1/tags {body}"),
        format!("POST /v1/tags?{query} {{\"name\": \"a\"}}"),
        format!("POST /v1/tags?fields={fields} {{\"name\": \"a\"}}"),
        format!("GET /v1/tags?{query}"),
        format!("GET /v1/tags?fields={fields}"),
    ] {
        let found = faults(&world, &format!("nobody: {request}")).await;
        assert_eq!(found, FAULTS + 1, "{}", &request[..40]);
    }
    world
        .run(&format!("nobody: POST /v1/ignored {body} => 204"))
        .await;
}

#[tokio::test]
async fn a_key_that_is_not_there_is_told_with_those_that_are() {
    let world = World::new(WIDE, &[]).await;
    let refused = world
        .answer("nobody: POST /v1/tags {\"name\": \"a\", \"nmae\": 1}")
        .await;
    let Err(Failure::Invalid(faults)) = refused else {
        panic!("{refused:?}");
    };
    let wanted = r#"There is no key "nmae"; did you mean "name"? There are name."#;
    assert_eq!(faults[0].message, wanted);
}
