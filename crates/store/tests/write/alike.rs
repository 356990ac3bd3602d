//! What one database would take, and the other not.

use crate::script::check;

const LIBRARY: &str = r#"
archwright: 1
name: library
entities:
  Book:
    fields:
      title: string(1..200)
      code: uuid, unique
      outer: uuid?
    allow: { read: anyone, create: anyone }
operations:
  one:
    route: GET /one/{key}
    by: anyone
    input: { path: { key: string(1..200) } }
    steps:
      - find: { book: Book }
        where: id == path.key
    reply: { 200: { title: book.title } }
  either:
    route: GET /either/{key}
    by: anyone
    input: { path: { key: string(1..200) } }
    steps:
      - find: { book: Book }
        where: id == path.key || title == path.key || path.key == outer
    reply: { 200: { title: book.title, same: book.id == path.key, other: book.code != path.key } }
  choice:
    route: GET /choice/{key}
    by: anyone
    input: { path: { key: string(1..200) } }
    steps:
      - find: { book: Book }
        where: title == path.key
    reply: { 200: { chosen: "book.title == 'one' ? book.id : path.key", first: "coalesce(book.outer, book.title)", among: "book.id in [path.key, book.title]", below: book.id < path.key } }
  among:
    route: POST /among
    by: anyone
    input: { body: { ids: "string(1..200)[]" } }
    steps:
      - list: { books: Book }
        where: id in body.ids
        sort: [title]
    reply: { 200: { titles: "books.map(b, b.title)", ids: "books.map(b, b.id)" } }
  coded:
    route: GET /coded/{code}
    by: anyone
    input: { path: { code: uuid } }
    steps:
      - find: { book: Book }
        where: code == path.code
    reply: { 200: { title: book.title } }
  keep:
    route: PUT /codes/{code}
    by: anyone
    input: { path: { code: uuid }, body: { title: string(1..200) } }
    steps:
      - upsert: { book: Book }
        key: { code: path.code }
        set: { title: body.title }
    reply: { 200: { title: book.title } }
"#;

#[tokio::test]
async fn a_uuid_in_an_expression_is_a_text_in_lower_case() {
    let world = check(
        LIBRARY,
        &[],
        r#"
        nobody: POST /v1/books {"title": "one", "code": "AAAAAAAA-0000-7000-8000-00000000000A"} => 201 {"code": "aaaaaaaa-0000-7000-8000-00000000000a"} as one
        nobody: POST /v1/books {"title": "two", "code": "aaaaaaaa-0000-7000-8000-00000000000b", "outer": "aaaaaaaa-0000-7000-8000-00000000000c"} => 201 as two
        nobody: GET /v1/one/$one => 200 {"title": "one"}
        nobody: GET /v1/one/junk => 404
        nobody: GET /v1/one/one => 404
        nobody: GET /v1/either/$two => 200 {"title": "two", "same": true, "other": true}
        nobody: GET /v1/either/one => 200 {"title": "one", "same": false, "other": true}
        nobody: GET /v1/either/aaaaaaaa-0000-7000-8000-00000000000c => 200 {"title": "two", "same": false, "other": true}
        nobody: GET /v1/either/junk => 404
        nobody: GET /v1/choice/one => 200 {"chosen": "$one", "first": "one", "among": false, "below": true}
        nobody: GET /v1/choice/two => 200 {"chosen": "two", "first": "aaaaaaaa-0000-7000-8000-00000000000c", "among": false}
        nobody: POST /v1/among {"ids": ["junk", "$two", "$one"]} => 200 {"titles": ["one", "two"], "ids": ["$one", "$two"]}
        nobody: POST /v1/among {"ids": ["junk"]} => 200 {"titles": []}
        nobody: GET /v1/coded/AAAAAAAA-0000-7000-8000-00000000000A => 200 {"title": "one"}
        nobody: PUT /v1/codes/AAAAAAAA-0000-7000-8000-00000000000A {"title": "uno"} => 200 {"title": "uno"}
        nobody: PUT /v1/codes/aaaaaaaa-0000-7000-8000-00000000000e {"title": "three"} => 200 {"title": "three"}
        "#,
    )
    .await;
    assert_eq!(
        world.query("SELECT title FROM books ORDER BY title"),
        ["three", "two", "uno"]
    );
    // A typed input and an id in a path are read as uuids, whose letters may be large; a text is taken as it is.
    let shouted = world.filled("nobody: GET /v1/books/$two").to_uppercase();
    let shouted = shouted.replacen("NOBODY", "nobody", 1);
    let shouted = shouted.replace("/V1/BOOKS/", "/v1/books/");
    assert_eq!(world.answer(&shouted).await.unwrap().status, 200);
    let shouted = shouted.replace("/v1/books/", "/v1/one/");
    let found = world.answer(&shouted).await;
    assert!(
        matches!(found, Err(archwright_store::Failure::NotFound)),
        "{found:?}"
    );
}

const JOURNAL: &str = r#"
archwright: 1
name: journal
entities:
  Author:
    key: username
    soft-delete: true
    fields: { username: "slug, unique", articles: "Article[], by author" }
    allow: { read: anyone, write: anyone }
  Article:
    fields:
      author: Author?, on-delete set-null
      title: string(1..200), search
      notes: text(2000)?
      extra: json?
    allow: { read: anyone, write: anyone }
"#;

#[tokio::test]
async fn a_filter_by_a_natural_key_leaves_out_deleted_rows() {
    check(
        JOURNAL,
        &[],
        r#"
        nobody: POST /v1/authors {"username": "bob"} => 201
        nobody: POST /v1/articles {"title": "Old", "author_username": "bob"} => 201
        nobody: DELETE /v1/authors/bob => 204
        nobody: POST /v1/authors {"username": "bob"} => 201
        nobody: POST /v1/articles {"title": "New", "author_username": "bob"} => 201
        nobody: GET /v1/articles?author_username=bob => 200 {"data": [{"title": "New"}]}
        nobody: GET /v1/articles?author_username.in=bob,eve => 200 {"data": [{"title": "New"}]}
        "#,
    )
    .await;
}

#[tokio::test]
async fn words_are_found_whatever_way_their_accents_are_written() {
    let mut world = crate::script::World::new(JOURNAL, &[]).await;
    for title in [
        "Café Zürich",
        "Cafe\u{301} Ze\u{302}\u{301}ro",
        "Αθήνα йод",
        "한국 news",
        "q\u{36f}r",
    ] {
        let line = format!("nobody: POST /v1/articles {{\"title\": \"{title}\"}} => 201");
        world.run(&line).await;
    }
    for (words, titles) in [
        ("cafe", 2),
        ("CAFÉ", 2),
        ("cafe\u{301}", 2),
        ("Zúri", 1),
        ("zero", 1),
        ("αθή", 1),
        ("αθη", 0),
        ("йо", 1),
        ("и\u{306}о", 1),
        ("ио", 0),
        ("한", 1),
        ("news+한국", 1),
        // Accents on their own are no words: with others they don't count, and without they are found nowhere.
        ("\u{345}", 0),
        ("\u{363}", 0),
        ("\u{36f}", 0),
        ("\u{301}+cafe", 2),
        ("\u{345}+\u{36f}+cafe", 2),
        ("'", 0),
        ("cafe'+!zero", 1),
        ("cafe:*+|+news", 0),
        ("\u{93f}", 0),
    ] {
        let found = world
            .answer(&format!("nobody: GET /v1/articles?q={words}"))
            .await;
        let body = found.unwrap().body.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let data = body["data"].as_array().unwrap();
        assert_eq!(data.len(), titles, "{words:?}: {data:#?}");
    }
}

#[tokio::test]
async fn a_document_has_no_nul() {
    check(
        JOURNAL,
        &[],
        r#"
        nobody: POST /v1/articles {"title": "T", "extra": {"a": "\u0000"}} => 422 /extra format
        nobody: POST /v1/articles {"title": "T", "extra": {"a": [{"\u0000": 1}]}} => 422 /extra format
        nobody: POST /v1/articles {"title": "T", "extra": ["\u0000"]} => 422 /extra format
        nobody: POST /v1/articles {"title": "T", "extra": {"\u0001": "\\u0000", "b": [1.5, null, true]}} => 201 {"extra": {"\u0001": "\\u0000"}}
        "#,
    )
    .await;
}

const GOODS: &str = r#"
archwright: 1
name: goods
entities:
  Group:
    id: int
    fields:
      name: string(1..40)
      status: enum(open, shut) = open
      price: bigint = 1
      cost: decimal(18,2) = 1
      above: Group?, on-delete set-null
      groups: Group[], by above
    allow: { read: anyone, write: anyone }
    moves:
      shut:
        from: open
        to: shut
        by: anyone
        do:
          - create: { group: Group }
            set: { name: "'below'", above: self }
  Patient:
    fields:
      number: { type: string(1..40), sensitive: true, unique: true }
      ward: string(1..40)
    allow: { read: anyone }
operations:
  list:
    route: GET /all
    by: anyone
    steps:
      - list: { groups: Group }
        sort: [name]
    reply: { 200: { prices: "groups.map(g, g.price * 1000)", costs: "groups.map(g, g.cost * 100000)", sum: "groups.map(g, g.price * 3)" } }
  admit:
    route: PUT /patients/{number}
    by: anyone
    input: { path: { number: string(1..40) }, body: { ward: string(1..40) } }
    steps:
      - upsert: { patient: Patient }
        key: { number: path.number }
        set: { ward: body.ward }
    reply: { 200: { id: patient.id, ward: patient.ward } }
  know:
    route: POST /patients/{number}/known
    by: anyone
    input: { path: { number: string(1..40) } }
    steps:
      - get-or-create: { patient: Patient }
        key: { number: path.number }
        set: { ward: "'new'" }
    reply: { 200: { ward: patient.ward } }
"#;

#[tokio::test]
async fn the_row_of_a_move_is_the_one_that_its_effects_name() {
    check(
        GOODS,
        &[],
        r#"
        nobody: POST /v1/groups {"name": "one"} => 201 {"id": 1}
        nobody: POST /v1/groups/1/shut => 200 {"status": "shut"}
        nobody: GET /v1/groups/2 => 200 {"name": "below", "above_id": 1}
        nobody: PATCH /v1/groups/2 {"above_id": 2} => 200
        nobody: DELETE /v1/groups/2 => 204
        nobody: DELETE /v1/groups/1 => 204
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_number_of_a_list_beyond_64_bits_is_the_nearest_that_fits() {
    check(
        GOODS,
        &[],
        r#"
        nobody: POST /v1/groups {"name": "a", "price": 9007199254740991, "cost": "9999999999999999.99"} => 201
        nobody: POST /v1/groups {"name": "b", "price": -9007199254740991, "cost": "-9999999999999999.99"} => 201
        nobody: POST /v1/groups {"name": "c", "price": 7, "cost": "0.07"} => 201
        nobody: GET /v1/all => 200 {"prices": [9007199254740991000, -9007199254740991000, 7000], "costs": ["92233720368547758.07", "-92233720368547758.07", "7000.00"]}
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_row_is_found_by_a_sensitive_key() {
    let world = check(
        GOODS,
        &[],
        r#"
        nobody: PUT /v1/patients/A1 {"ward": "north"} => 200 {"ward": "north"}
        nobody: PUT /v1/patients/A1 {"ward": "south"} => 200 {"ward": "south"}
        nobody: POST /v1/patients/A1/known => 200 {"ward": "south"}
        nobody: POST /v1/patients/A2/known => 200 {"ward": "new"}
        nobody: POST /v1/patients/A2/known => 200 {"ward": "new"}
        "#,
    )
    .await;
    assert_eq!(world.query("SELECT count(*) FROM patients"), ["2"]);
}

const LONG: &str = r#"
archwright: 1
name: links
entities:
  Link:
    fields:
      ref: string(1..2600), unique
      note: string(1..40)
      url: url?, filter
      left: string(1..1200)?
      right: string(1..1200)?
      story: text(1000000)?, search
    unique: [[left, right, note]]
    allow: { read: anyone, write: anyone }
operations:
  rename:
    route: PUT /renamed/{link}
    by: anyone
    input: { path: { link: Link }, body: { ref: string(1..9000) } }
    steps:
      - update: path.link
        set: { ref: body.ref }
    reply: { 204: ~ }
"#;

/// Letters that no compression makes shorter.
fn random_letters(count: usize) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let letters = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from_u32(0x4e00 + (state % 20_000) as u32).unwrap()
    });
    letters.take(count).collect()
}

#[tokio::test]
async fn texts_that_an_index_cannot_hold_are_refused() {
    let mut world = crate::script::World::new(LONG, &[]).await;
    let (long, longest) = (random_letters(900), "x".repeat(2_600));
    let exact = random_letters(866);
    let url = format!("https://example.com/{}", random_letters(1_000));
    let half = random_letters(430);
    // Distinct words, each of three bytes.
    let story = |count: usize| {
        let words = (0..count).map(|number| format!("{number:06x} "));
        words.collect::<String>()
    };
    let (story, epic) = (story(71_000), story(72_000));
    for line in [
        format!(r#"{{"ref": "{long}", "note": "n"}} => 422 /ref too-long"#),
        format!(r#"{{"ref": "{exact}", "note": "n"}} => 201"#),
        format!(r#"{{"ref": "{exact}", "note": "n"}} => 409 unique ref"#),
        format!(r#"{{"ref": "{longest}", "note": "n"}} => 201 as longest"#),
        format!(r#"{{"ref": "u", "note": "n", "url": "{url}"}} => 422 /url too-long"#),
        format!(r#"{{"ref": "l", "note": "n", "left": "{long}"}} => 422 /left too-long"#),
        format!(r#"{{"ref": "k", "note": "n", "left": "{half}", "right": "{half}"}} => 422 /left too-long"#),
        format!(r#"{{"ref": "s", "note": "n", "story": "{epic}"}} => 422 /story too-long"#),
        format!(r#"{{"ref": "t", "note": "n", "story": "{story}"}} => 201"#),
    ] {
        world.run(&format!("nobody: POST /v1/links {line}")).await;
    }
    for line in [
        format!(r#"nobody: PATCH /v1/links/$longest {{"ref": "{long}"}} => 422 /ref too-long"#),
        format!(r#"nobody: PUT /v1/renamed/$longest {{"ref": "{long}"}} => 422 /ref too-long"#),
        r#"nobody: PATCH /v1/links/$longest {"ref": "short"} => 200"#.to_owned(),
    ] {
        world.run(&line).await;
    }
}
