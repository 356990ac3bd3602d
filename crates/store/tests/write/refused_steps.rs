//! What a step answers when it can't be done.

use crate::script::check;
use archwright_store::Failure;

const SHOP: &str = r#"
archwright: 1
name: shop
entities:
  Book:
    fields:
      title: string(1..20), unique
      stock: int, min 0 = 1
      size: int = 0
      tags: Tag[]
    checks:
      handy: { that: size < 10, message: Nobody can carry it. }
    allow: { read: anyone, write: anyone }
  Tag:
    fields: { name: "string(1..9)" }
operations:
  take:
    route: POST /books/{id}/take
    by: anyone
    input: { path: { id: uuid } }
    steps:
      - find: { book: Book }
        where: id == path.id
      - increment: { book.stock: -1 }
    reply: { 200: { stock: book.stock } }
  takeLast:
    route: POST /books/{id}/take-last
    by: anyone
    input: { path: { id: uuid } }
    steps:
      - find: { book: Book }
        where: id == path.id
      - increment: { book.stock: -1 }
        else: gone
    reply: { 200: { stock: book.stock }, 410: { error: "'sold out'" } }
  grow:
    route: POST /books/{id}/grow
    by: anyone
    input: { path: { id: uuid }, body: { size: int } }
    steps:
      - find: { book: Book }
        where: id == path.id
      - update: book
        set: { size: body.size }
        else: payment-required
    reply: { 200: { size: book.size }, 402: ~ }
  add:
    route: POST /add
    by: anyone
    input: { body: { title: string(1..20) } }
    steps:
      - create: { book: Book }
        set: { title: body.title }
        else: { 400: { error: "'taken'" } }
    reply: { 201: { title: book.title } }
  keep:
    route: POST /keep
    by: anyone
    input: { body: { title: string(1..20), stock: int } }
    steps:
      - upsert: { book: Book }
        key: { title: body.title }
        set: { size: 11 - body.stock }
        else: gone
    reply: { 200: { size: book.size } }
  label:
    route: POST /books/{id}/label
    by: anyone
    input: { path: { id: uuid } }
    steps:
      - find: { book: Book }
        where: id == path.id
      - create: { tag: Tag }
        set: { name: "'x'" }
      - delete: tag
      - link: { book.tags: tag }
        else: 423
    reply: { 204: ~ }
"#;

#[tokio::test]
async fn a_rule_that_a_step_breaks_is_told_as_the_step_says() {
    let world = check(
        SHOP,
        &[],
        r#"
        nobody: POST /v1/books {"title": "One"} => 201 as book
        nobody: POST /v1/books/$book/take => 200 {"stock": 0}
        nobody: POST /v1/books/$book/take => 409 check
        nobody: POST /v1/books/$book/grow {"size": 9} => 200 {"size": 9}
        nobody: POST /v1/books/$book/label => 423
        nobody: GET /v1/books/$book => 200 {"stock": 0, "size": 9}
        "#,
    )
    .await;
    let id = world.query("SELECT id FROM books").remove(0);
    let told = |failure: Result<_, Failure>| match failure {
        Err(Failure::Status { status, body, .. }) => {
            (status, body.map(|body| String::from_utf8(body).unwrap()))
        }
        other => panic!("{other:?}"),
    };
    let last = format!("nobody: POST /v1/books/{id}/take-last");
    let body = r#"{"error":"sold out"}"#.to_owned();
    assert_eq!(told(world.answer(&last).await), (410, Some(body)));
    let large = format!("nobody: POST /v1/books/{id}/grow {{\"size\": 10}}");
    assert_eq!(told(world.answer(&large).await), (402, Some(String::new())));
}

#[tokio::test]
async fn a_row_that_cannot_be_made_is_told_as_the_step_says() {
    let world = check(
        SHOP,
        &[],
        r#"
        nobody: POST /v1/add {"title": "One"} => 201 {"title": "One"}
        nobody: POST /v1/keep {"title": "One", "stock": 9} => 200 {"size": 2}
        nobody: POST /v1/keep {"title": "One", "stock": 1} => 410
        nobody: POST /v1/keep {"title": "Two", "stock": 1} => 410
        "#,
    )
    .await;
    let taken = r#"nobody: POST /v1/add {"title": "One"}"#;
    match world.answer(taken).await {
        Err(Failure::Status { status, body, .. }) => {
            let body = body.map(|body| String::from_utf8(body).unwrap());
            assert_eq!(
                (status, body.as_deref()),
                (400, Some(r#"{"error":"taken"}"#))
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.query("SELECT title FROM books"), ["One"]);
}

#[tokio::test]
async fn a_key_that_another_row_has_is_told_at_the_place_of_the_body_that_gives_it() {
    check(
        r#"
archwright: 1
name: keys
entities:
  Thing:
    id: int
    fields:
      code: string(1..20), unique
      owner: string(1..20)
      name: string(1..20)
      status: enum(new, named) = new
    unique: [[owner, name]]
    allow: { read: anyone, write: anyone }
    moves:
      rename:
        from: new
        to: named
        by: anyone
        input: { like: string(1..20) }
        do:
          - create: { other: Thing }
            set: { code: input.like, owner: "'self'", name: "'x'" }
operations:
  ren:
    route: POST /ren/{t}
    by: anyone
    input: { path: { t: Thing }, body: { new: { to: "string(1..20)" } } }
    steps:
      - update: path.t
        set: { code: body.new.to }
    reply: { 200: { t: path.t } }
  give:
    route: POST /give/{t}
    by: anyone
    input: { path: { t: Thing }, body: { to: "string(1..20)" } }
    steps:
      - update: path.t
        set: { owner: body.to, name: "'one'" }
    reply: { 204: ~ }
  same:
    route: POST /same/{t}
    by: anyone
    input: { path: { t: Thing } }
    steps:
      - update: path.t
        set: { code: "'a'" }
    reply: { 204: ~ }
"#,
        &[],
        r#"
        nobody: POST /v1/things {"code": "a", "owner": "ann", "name": "one"} => 201
        nobody: POST /v1/things {"code": "b", "owner": "bob", "name": "two"} => 201
        nobody: POST /v1/ren/2 {"new": {"to": "a"}} => 409 unique /new/to
        nobody: POST /v1/give/2 {"to": "ann"} => 409 unique /to
        # What the body doesn't give is not to be mended there.
        nobody: POST /v1/same/2 => 409 unique
        nobody: POST /v1/things/2/rename {"like": "a"} => 409 unique /like
        nobody: POST /v1/ren/2 {"new": {"to": "c"}} => 200 {"t": {"code": "c"}}
        # An id is digits, as everywhere; what is none is of no row.
        nobody: POST /v1/ren/+2 {"new": {"to": "d"}} => 404
        nobody: POST /v1/ren/-2 {"new": {"to": "d"}} => 404
        nobody: GET /v1/things/+2 => 400 id format
        "#,
    )
    .await;
}

const LOOPS: &str = r#"
archwright: 1
name: loops
entities:
  Tag:
    id: int
    fields:
      name: string(1..40), unique
      rank: int, min 1
      status: enum(calm, wild) = calm
    allow: { read: anyone, create: anyone }
    moves:
      excite:
        from: calm
        to: wild
        by: anyone
        input: { name: string(1..40), rank: int }
        do:
          - create: { other: Tag }
            set: { name: input.name, rank: input.rank }
      double:
        from: calm
        to: wild
        by: anyone
        input: { rank: int }
        do:
          - create: { other: Tag }
            set: { name: "'double'", rank: input.rank * 2 }
operations:
  many:
    route: POST /many
    by: anyone
    input: { body: { times: "int[]", name: string(1..40), rank: int } }
    steps:
      - each: { n: body.times }
        do:
          - create: { tag: Tag }
            set: { name: body.name, rank: body.rank }
    reply: { 204: ~ }
  chosen:
    route: POST /chosen
    by: anyone
    input: { body: { times: "int[]", name: string(1..40) } }
    steps:
      - each: { n: body.times }
        do:
          - each: { m: body.times }
            do:
              - create: { tag: Tag }
                set: { name: body.name, rank: n }
                else: gone
    reply: { 204: ~ }
"#;

#[tokio::test]
async fn steps_of_each_tell_mistakes_as_they_do_outside_of_it() {
    let mut world = check(
        LOOPS,
        &[],
        r#"
        nobody: POST /v1/tags {"name": "known", "rank": 1} => 201 as tag
        nobody: POST /v1/many {"times": [1], "name": "a", "rank": 0} => 422 /rank check
        nobody: POST /v1/many {"times": [1], "name": "known", "rank": 1} => 409 unique /name
        nobody: POST /v1/many {"times": [1, 1], "name": "a", "rank": 1} => 409 unique /name
        nobody: POST /v1/chosen {"times": [1], "name": "known"} => 410
        nobody: POST /v1/chosen {"times": [0], "name": "b"} => 410
        nobody: POST /v1/many {"times": [1], "name": "a", "rank": 1} => 204
        "#,
    )
    .await;
    world
        .run("nobody: POST /v1/chosen {\"times\": [1], \"name\": \"c\"} => 204")
        .await;
    let names = world.query("SELECT name FROM tags ORDER BY name");
    assert_eq!(names, ["a", "c", "known"]);
}

#[tokio::test]
async fn effects_of_a_move_tell_mistakes_of_its_input_at_their_places() {
    check(
        LOOPS,
        &[],
        r#"
        nobody: POST /v1/tags {"name": "known", "rank": 1} => 201 as tag
        nobody: POST /v1/tags/$tag/excite {"name": "a", "rank": 0} => 422 /rank check
        nobody: POST /v1/tags/$tag/excite {"name": "known", "rank": 1} => 409 unique /name
        # What steps work out is no value of the body.
        nobody: POST /v1/tags/$tag/double {"rank": 0} => 409 check
        nobody: POST /v1/tags/$tag/excite {"name": "a", "rank": 1} => 200
        "#,
    )
    .await;
}
