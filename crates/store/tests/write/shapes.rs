//! Shapes of replies: what the names in them stand for, however deep.

use crate::script::check;

const DESIGN: &str = r#"
archwright: 1
name: shelves
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields: { email: "email, unique" }
    allow: { read: owner }
  Shelf:
    id: int
    fields:
      name: string(1..40), unique
      twin: Shelf?
      books: Book[], by shelf
    allow: { read: anyone, write: signed-in }
  Book:
    fields:
      shelf: Shelf
      name: string(1..40)
      tags: Tag[]
    allow: { read: anyone, write: signed-in }
  Tag:
    id: int
    fields:
      name: string(1..40), unique
      books: Book[], by tags
    allow: { read: anyone, write: signed-in }
views:
  BookView:
    of: Book
    show:
      name: name
      tags: { each: tags, as: t, item: { tag: t.name, book: name, on: shelf.name } }
operations:
  rename:
    route: PATCH /rename/{name}
    by: anyone
    input: { body: { twin: "string(1..40)?", deep?: { mark: int? } } }
    steps:
      - find: { shelf: Shelf }
        where: name == path.name
      - find: { twin: Shelf }
        where: name == body.twin
        if: body.twin != null
      - update: shelf
        set: { twin: twin }
        if: has(body.twin)
    reply: { 200: { twin: shelf.twin.name, given: has(body.twin), deep: has(body.deep), mark: has(body.deep.mark) } }
  shelves:
    route: GET /all
    by: anyone
    input: { query: { mark: "string(1..10)?" } }
    steps:
      - list: { shelves: Shelf }
        sort: [name]
        count: total
    reply:
      200:
        shelves:
          each: shelves
          as: s
          item:
            name: s.name
            books:
              each: s.books
              as: b
              item:
                name: b.name
                at: "s.name + '/' + b.name"
                total: total
                mark: query.mark
                twin: s.twin.name
                same: b.shelf == s
                tags:
                  each: b.tags
                  as: t
                  item: { all: "s.name + '/' + b.name + '/' + t.name", beside: "size(t.books) - size(s.books)", shelf: { show: ShelfView, of: s } }
  some:
    route: GET /some
    by: anyone
    input: { query: { up: bool = true, shelf: "string(1..40)?" } }
    steps:
      - list: { rising: Shelf }
        sort: [name]
      - list: { falling: Shelf }
        sort: [-name]
      - find: { shelf: Shelf }
        where: name == query.shelf
        else: null
    reply:
      200:
        names: { each: "query.up ? rising : falling", as: s, item: { name: s.name, twin?: s.twin.name } }
        many: "size(shelf == null ? rising : falling)"
        books: "(query.up ? shelf.books : shelf.twin.books).count(b, b.name != '')"
        shelf?: { show: ShelfView, of: shelf }
        name?: shelf.name
        chosen: { if: query.up, then: { each: rising, as: r, item: r.name }, else: { count: size(falling) } }
        only?: { if: shelf.name == 'A', then: { show: ShelfView, of: shelf } }
        either: { if: shelf.name == 'A', then: "'a'" }
  viewed:
    route: GET /viewed
    by: anyone
    steps:
      - list: { books: Book }
        sort: [name]
    reply: { 200: { each: books, as: b, show: BookView } }
"#;

const VIEW: &str = r#"  ShelfView:
    of: Shelf
    show: { name: name }
operations:
"#;

#[tokio::test]
async fn names_of_outer_lists_are_seen_in_inner_ones() {
    let design = DESIGN.replace("operations:\n", VIEW);
    check(
        &design,
        &["ada:member"],
        r#"
        ada: POST /v1/tags {"name": "x"} => 201 as x
        ada: POST /v1/tags {"name": "y"} => 201 as y
        ada: POST /v1/shelves {"name": "A"} => 201 as a
        ada: POST /v1/shelves {"name": "B", "twin_id": $a} => 201 as b
        ada: POST /v1/books {"shelf_id": $a, "name": "p", "tag_ids": [$x, $y]} => 201
        ada: POST /v1/books {"shelf_id": $b, "name": "q", "tag_ids": [$x]} => 201
        ada: POST /v1/books {"shelf_id": $b, "name": "r", "tag_ids": []} => 201
        nobody: GET /v1/all?mark=m => 200 {"shelves": [{"name": "A", "books": [{"name": "p", "at": "A/p", "total": 2, "mark": "m", "twin": null, "same": true, "tags": [{"all": "A/p/x", "beside": 1, "shelf": {"name": "A"}}, {"all": "A/p/y", "beside": 0, "shelf": {"name": "A"}}]}]}, {"name": "B", "books": [{"at": "B/q", "total": 2, "mark": "m", "twin": "A", "same": true, "tags": [{"all": "B/q/x", "beside": 0, "shelf": {"name": "B"}}]}, {"at": "B/r", "tags": []}]}]}
        # In a view, bare names are of its row, also where it goes through a list.
        nobody: GET /v1/viewed => 200 [{"name": "p", "tags": [{"tag": "x", "book": "p", "on": "A"}, {"tag": "y", "book": "p", "on": "A"}]}, {"name": "q", "tags": [{"tag": "x", "book": "q", "on": "B"}]}, {"name": "r", "tags": []}]
        "#,
    )
    .await;
}

#[tokio::test]
async fn one_row_in_several_lists_is_shown_with_each_of_them() {
    let design = DESIGN.replace("operations:\n", VIEW);
    let design = format!(
        "{design}{}",
        r#"
  tags:
    route: GET /tagged
    by: anyone
    steps:
      - list: { books: Book }
        sort: [name]
    reply:
      200: { each: books, as: b, item: { each: b.tags, as: t, item: "b.name + t.name" } }
"#
    );
    check(
        &design,
        &["ada:member"],
        r#"
        nobody: GET /v1/tagged => 200 []
        ada: POST /v1/tags {"name": "x"} => 201 as x
        ada: POST /v1/shelves {"name": "A"} => 201 as a
        ada: POST /v1/books {"shelf_id": $a, "name": "p", "tag_ids": [$x]} => 201
        ada: POST /v1/books {"shelf_id": $a, "name": "q", "tag_ids": [$x]} => 201
        nobody: GET /v1/tagged => 200 [["px"], ["qx"]]
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_condition_chooses_between_rows_and_missing_keys_are_left_out() {
    let design = DESIGN.replace("operations:\n", VIEW);
    check(
        &design,
        &["ada:member"],
        r#"
        ada: POST /v1/shelves {"name": "A"} => 201 as a
        ada: POST /v1/shelves {"name": "B", "twin_id": $a} => 201 as b
        ada: POST /v1/books {"shelf_id": $a, "name": "p"} => 201
        nobody: GET /v1/some => 200 {"names": [{"name": "A", "twin": "<absent>"}, {"name": "B", "twin": "A"}], "many": 2, "books": 0, "shelf": "<absent>", "name": "<absent>", "chosen": ["A", "B"], "only": "<absent>", "either": null}
        nobody: GET /v1/some?up=false&shelf=B => 200 {"names": [{"name": "B", "twin": "A"}, {"name": "A", "twin": "<absent>"}], "many": 2, "books": 1, "shelf": {"name": "B"}, "name": "B", "chosen": {"count": 2}, "only": "<absent>", "either": null}
        nobody: GET /v1/some?shelf=A => 200 {"names": [{"name": "A"}, {"name": "B"}], "books": 1, "shelf": {"name": "A"}, "only": {"name": "A"}, "either": "a"}
        "#,
    )
    .await;
}

#[tokio::test]
async fn what_is_left_out_and_what_is_null_are_told_apart() {
    let design = DESIGN.replace("operations:\n", VIEW);
    check(
        &design,
        &["ada:member"],
        r#"
        ada: POST /v1/shelves {"name": "A"} => 201 as a
        ada: POST /v1/shelves {"name": "B"} => 201 as b
        nobody: PATCH /v1/rename/B {"twin": "A"} => 200 {"twin": "A", "given": true, "deep": false, "mark": false}
        nobody: PATCH /v1/rename/B {} => 200 {"twin": "A", "given": false}
        nobody: PATCH /v1/rename/B {"deep": {}} => 200 {"twin": "A", "given": false, "deep": true, "mark": false}
        nobody: PATCH /v1/rename/B {"twin": null, "deep": {"mark": null}} => 200 {"twin": null, "given": true, "deep": true, "mark": true}
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_choice_of_lists_keeps_the_order_of_the_chosen_one() {
    let design = r#"
archwright: 1
name: ordering
entities:
  Shelf:
    id: int
    fields: { name: "string(1..20), sort" }
    allow: { read: anyone, create: anyone }
operations:
  names:
    route: GET /names
    by: anyone
    input: { query: { up: bool = true } }
    steps:
      - list: { rising: Shelf }
        sort: [name]
      - list: { falling: Shelf }
        sort: [-name]
    reply:
      200:
        mapped: "(query.up ? rising : falling).map(s, s.name)"
        plain: "falling.map(s, s.name)"
        each: { each: "query.up ? rising : falling", as: s, item: s.name }
"#;
    check(
        design,
        &[],
        r#"
        nobody: POST /v1/shelves {"name": "b"} => 201
        nobody: POST /v1/shelves {"name": "a"} => 201
        nobody: POST /v1/shelves {"name": "c"} => 201
        nobody: GET /v1/names => 200 {"mapped": ["a", "b", "c"], "plain": ["c", "b", "a"], "each": ["a", "b", "c"]}
        nobody: GET /v1/names?up=false => 200 {"mapped": ["c", "b", "a"], "plain": ["c", "b", "a"], "each": ["c", "b", "a"]}
        "#,
    )
    .await;
}
