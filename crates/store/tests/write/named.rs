//! Named operations, on the newsroom and on small designs.

use crate::script::check;

const PEOPLE: [&str; 4] = ["ada:writer", "bob:writer", "eve:editor", "uma:writer"];

#[tokio::test]
async fn articles_are_written_listed_and_read() {
    let world = check(
        "newsroom",
        &PEOPLE,
        r#"
        nobody: POST /api/articles {"article": {"title": "T", "description": "d", "body": "b"}} => 401
        ada: POST /api/articles {"article": {"title": "", "body": 1, "more": 1}} => 422 /article/more unknown, /article/title blank, /article/description required, /article/body type
        ada: POST /api/articles {"article": {"title": "Hello World", "description": "d", "body": "b", "tagList": ["news", " design "]}} => 201 {"article": {"slug": "hello-world", "title": "Hello World", "tagList": ["news", "design"], "favorited": false, "favoritesCount": 0, "score": 0, "author": {"username": "ada", "following": false, "bio": null}}}
        bob: POST /api/articles {"article": {"title": "Hello World", "description": "d", "body": "b", "tagList": ["design"]}} => 201 {"article": {"slug": "hello-world-2", "tagList": ["design"], "author": {"username": "bob"}}}
        # Drafts are their author's.
        nobody: GET /api/articles/hello-world => 404
        ada: GET /api/articles/hello-world => 200 {"article": {"slug": "hello-world"}}
        nobody: GET /api/articles => 200 {"articles": [], "articlesCount": 0}
        eve: POST /api/articles/hello-world/publication => 200 {"article": {"slug": "hello-world"}}
        eve: POST /api/articles/hello-world-2/publication => 200
        nobody: GET /api/articles => 200 {"articles": [{"slug": "hello-world-2", "tagList": ["design"], "author": {"username": "bob"}}, {"slug": "hello-world", "tagList": ["news", "design"], "author": {"username": "ada"}}], "articlesCount": 2}
        nobody: GET /api/articles?tag=news => 200 {"articles": [{"slug": "hello-world"}], "articlesCount": 1}
        nobody: GET /api/articles?author=bob => 200 {"articles": [{"slug": "hello-world-2"}], "articlesCount": 1}
        nobody: GET /api/articles?author=bob&tag=design => 200 {"articles": [{"slug": "hello-world-2"}], "articlesCount": 1}
        nobody: GET /api/articles?author=bob&tag=news => 200 {"articles": [], "articlesCount": 0}
        nobody: GET /api/articles?limit=1&offset=1 => 200 {"articles": [{"slug": "hello-world"}], "articlesCount": 2}
        nobody: GET /api/articles?limit=0 => 400 limit too-small
        nobody: GET /api/articles?LIMIT=1 => 400 LIMIT unknown
        nobody: GET /api/articles?limit=x&colour=red => 400 colour unknown, limit type
        nobody: GET /api/articles?limit=1&limit=2 => 400 limit duplicate
        nobody: GET /api/articles/hello-world => 200 {"article": {"slug": "hello-world"}}
        nobody: GET /api/articles/no-such => 404
        "#,
    )
    .await;
    // The first reading was of a draft.
    assert_eq!(
        world.query("SELECT reads FROM articles ORDER BY slug"),
        ["1", "0"]
    );
    assert_eq!(
        world.query("SELECT name FROM tags ORDER BY name"),
        ["design", "news"]
    );
    assert_eq!(
        world.query("SELECT text FROM notices ORDER BY id"),
        ["New: Hello World", "New: Hello World"]
    );
}

#[tokio::test]
async fn values_of_the_rows_of_a_list_keep_its_order() {
    check(
        "newsroom",
        &PEOPLE,
        r#"
        ada: POST /api/articles {"article": {"title": "One", "description": "d", "body": "b", "tagList": ["news", "design", "law"]}} => 201
        eve: POST /api/articles/one/publication => 200
        nobody: GET /api/tags => 200 {"tags": ["design", "law", "news"], "counts": [{"name": "design"}, {"name": "law"}, {"name": "news"}]}
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_vote_replaces_the_one_on_the_same_article() {
    check(
        "newsroom",
        &PEOPLE,
        r#"
        ada: POST /api/articles {"article": {"title": "One", "description": "d", "body": "b", "tagList": ["x"]}} => 201
        ada: POST /api/articles {"article": {"title": "Two", "description": "d", "body": "b", "tagList": ["x"]}} => 201
        eve: POST /api/articles/one/publication => 200
        eve: POST /api/articles/two/publication => 200
        bob: PUT /api/articles/one/vote {"value": 1} => 200 {"score": 1, "mine": 1}
        bob: PUT /api/articles/two/vote {"value": 1} => 200 {"score": 1, "mine": 1}
        bob: PUT /api/articles/one/vote {"value": -1} => 200 {"score": -1, "mine": -1}
        bob: PUT /api/articles/two/vote {"value": 1} => 200 {"score": 1, "mine": 1}
        "#,
    )
    .await;
}

const PUBLISHED: &str = r#"
    ada: POST /api/articles {"article": {"title": "One", "description": "d", "body": "b", "tagList": ["x"]}} => 201
    eve: POST /api/articles/one/publication => 200
"#;

async fn published(script: &str) -> crate::script::World {
    check("newsroom", &PEOPLE, &format!("{PUBLISHED}\n{script}")).await
}

#[tokio::test]
async fn what_depends_on_the_caller_is_theirs() {
    let world = published(
        r#"
        bob: POST /api/articles/one/favorite => 200 {"article": {"favorited": true, "favoritesCount": 1}}
        bob: POST /api/articles/one/favorite => 200 {"article": {"favorited": true, "favoritesCount": 1}}
        ada: GET /api/articles/one => 200 {"article": {"favorited": false, "favoritesCount": 1}}
        nobody: GET /api/articles?favorited=bob => 200 {"articles": [{"favorited": false}], "articlesCount": 1}
        nobody: GET /api/articles?favorited=ada => 200 {"articles": [], "articlesCount": 0}
        bob: POST /api/profiles/ada/follow => 200 {"profile": {"username": "ada", "following": true}}
        ada: GET /api/profiles/ada => 200 {"profile": {"username": "ada", "following": false, "email": "<absent>"}}
        nobody: GET /api/profiles/ada => 200 {"profile": {"following": false}}
        bob: GET /api/articles/feed => 200 {"articles": [{"slug": "one", "author": {"username": "ada", "following": true}}], "articlesCount": 1}
        ada: GET /api/articles/feed => 200 {"articles": [], "articlesCount": 0}
        nobody: GET /api/articles/feed => 401
        bob: DELETE /api/articles/one/favorite => 200 {"article": {"favorited": false, "favoritesCount": 0}}
        bob: DELETE /api/profiles/ada/follow => 200 {"profile": {"following": false}}
        "#,
    )
    .await;
    let kept = "SELECT count(*) FROM audit_entries WHERE operation = 'op.favourite'";
    assert_eq!(world.query(kept), ["1"]);
}

#[tokio::test]
async fn a_failed_guard_undoes_everything_and_may_have_a_body_of_its_own() {
    let world = published("").await;
    let refused = world.answer("bob: POST /api/profiles/bob/follow").await;
    let Err(archwright_store::Failure::Status {
        status: 422,
        body: Some(body),
        ..
    }) = refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!(
        String::from_utf8(body).unwrap(),
        r#"{"errors":{"body":["nobody follows themselves"]}}"#
    );
}

#[tokio::test]
async fn an_absent_input_keeps_its_field() {
    published(
        r#"
        bob: PUT /api/articles/one {"article": {"title": "Mine"}} => 403
        ada: PUT /api/articles/one {"article": {"description": "new"}} => 200 {"article": {"slug": "one", "title": "One", "description": "new", "body": "b"}}
        ada: PUT /api/articles/one {"article": {"title": "Two"}} => 200 {"article": {"slug": "two", "title": "Two", "description": "new"}}
        ada: PUT /api/articles/two {"article": {"title": null}} => 422 /article/title required
        ada: DELETE /api/articles/two => 204
        ada: GET /api/articles/two => 404
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_second_vote_replaces_the_first() {
    let world = published(
        r#"
        bob: PUT /api/articles/one/vote {"value": 1} => 200 {"score": 1, "mine": 1}
        uma: PUT /api/articles/one/vote {"value": 1} => 200 {"score": 2, "mine": 1}
        bob: PUT /api/articles/one/vote {"value": -1} => 200 {"score": 0, "mine": -1}
        bob: PUT /api/articles/one/vote {"value": 2} => 422 /value too-large
        "#,
    )
    .await;
    assert_eq!(world.query("SELECT count(*) FROM votes"), ["2"]);
}

#[tokio::test]
async fn lists_are_shown_row_by_row() {
    published(
        r#"
        bob: POST /api/articles/one/comments {"comment": {"body": "first"}} => 200 {"comment": {"body": "first", "author": {"username": "bob"}}}
        uma: POST /api/articles/one/comments {"comment": {"body": "second"}} => 200
        nobody: GET /api/articles/one/comments => 200 {"comments": [{"body": "first", "author": {"username": "bob"}}, {"body": "second", "author": {"username": "uma"}}]}
        nobody: GET /api/tags => 200 {"tags": ["x"], "counts": [{"name": "x", "articles": 1}]}
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_move_has_its_own_rules() {
    check(
        "newsroom",
        &PEOPLE,
        r#"
        ada: POST /api/articles {"article": {"title": "One", "description": "d", "body": "b"}} => 201
        # No tags; then no followers.
        eve: POST /api/articles/one/publication => 409 condition-unmet
        ada: POST /api/articles {"article": {"title": "Two", "description": "d", "body": "b", "tagList": ["x"]}} => 201
        ada: POST /api/articles/two/publication => 403
        eve: POST /api/articles/two/publication => 200
        eve: POST /api/articles/two/publication => 409 illegal-move
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_move_may_have_effects() {
    let design = r#"
archwright: 1
name: shop
entities:
  Order:
    fields:
      notes: string?
      status: enum(open, closed) = open
    moves:
      close:
        from: open
        to: closed
        by: anyone
        input: { why: "string(1..20)" }
        do:
          - update: self
            set: { notes: "'closed: ' + input.why" }
    allow: { read: anyone, create: anyone }
"#;
    check(
        design,
        &[],
        r#"
        nobody: POST /v1/orders {} => 201 {"status": "open", "notes": null} as order
        nobody: POST /v1/orders/$order/close {"why": "done"} => 200 {"status": "closed", "notes": "closed: done"}
        "#,
    )
    .await;
}

const SHOP: &str = r#"
archwright: 1
name: shop
roles:
  member: { sign-up: open }
entities:
  Company:
    tenant: true
    fields: { name: "string(1..40), unique" }
  User:
    account: email
    fields:
      email: email, unique
      company: Company, tenant
    allow: { get: owner }
  Item:
    fields:
      company: Company, tenant
      name: string(1..40)
      stock: int, min 0 = 0
      price: decimal(10,2) = 1
    unique: [[company, name]]
operations:
  putItem:
    route: PUT /items/{name}
    by: member
    input:
      path: { name: string(1..40) }
      body: { stock: "int?", price: "decimal(10,2)?" }
    steps:
      - upsert: { item: Item }
        key: { name: path.name, company: caller.company }
        set: { stock: body.stock, price: body.price }
    reply:
      200: { name: item.name, stock: item.stock, price: item.price, twice: item.price * 2 }
  takeItem:
    route: POST /items/{name}/take
    by: member
    input:
      body: { count: "int, min 1" }
    steps:
      - find: { item: Item }
        where: name == path.name
      - increment: { item.stock: -body.count }
        else: 409
    reply:
      200: { left: item.stock }
      409: { error: "'not enough'" }
  deleteItem:
    route: DELETE /items/{name}
    by: member
    steps:
      - find: { item: Item }
        where: name == path.name
        else: gone
      - delete: item
    reply: { 204: ~ }
"#;

#[tokio::test]
async fn tenants_stay_apart_and_numbers_in_their_range() {
    let world = check(
        SHOP,
        &["ann@north:member", "ben@south:member"],
        r#"
        ann: PUT /v1/items/nail {"stock": 5, "price": "2.50"} => 200 {"name": "nail", "stock": 5, "price": "2.50", "twice": "5.00"}
        ann: PUT /v1/items/nail {"price": "3.00"} => 200 {"stock": 5, "price": "3.00"}
        ben: POST /v1/items/nail/take {"count": 1} => 404
        ben: PUT /v1/items/nail {} => 200 {"stock": 0, "price": "1.00"}
        ann: POST /v1/items/nail/take {"count": 2} => 200 {"left": 3}
        ben: DELETE /v1/items/nail => 204
        ann: POST /v1/items/nail/take {"count": 3} => 200 {"left": 0}
        ann: DELETE /v1/items/nail => 204
        "#,
    )
    .await;
    let gone = world.answer("ann: DELETE /v1/items/nail").await;
    assert!(
        matches!(
            gone,
            Err(archwright_store::Failure::Status { status: 410, .. })
        ),
        "{gone:?}"
    );
}

#[tokio::test]
async fn an_object_that_is_given_is_not_null() {
    let design = r#"
archwright: 1
name: markers
entities:
  Marker:
    fields: { last: string(1..60) }
    allow: { read: anyone }
operations:
  set:
    route: POST /markers
    by: anyone
    input:
      body:
        home?: { last?: string(1..60) }
        away?: { last?: string(1..60) }
    steps:
      - create: { marker: Marker }
        set: { last: body.home.last }
        if: body.home != null && body.home.last != null
    reply:
      200: { home: body.home != null, away: body.away == null, last: body.home.last }
"#;
    let world = check(
        design,
        &[],
        r#"
        nobody: POST /v1/markers {"home": {"last": "5"}} => 200 {"home": true, "away": true, "last": "5"}
        nobody: POST /v1/markers {"home": {}, "away": {}} => 200 {"home": true, "away": false, "last": null}
        nobody: POST /v1/markers {} => 200 {"home": false, "away": true, "last": null}
        "#,
    )
    .await;
    assert_eq!(world.query("SELECT last FROM markers"), ["5"]);
}
