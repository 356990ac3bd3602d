//! Rules about other rows, which one request changes before it is judged by the database too.

use crate::script::check;

const PROJECTS: &str = r#"
archwright: 1
name: projects
roles:
  member: { sign-up: open }
entities:
  User:
    account: email
    fields:
      email: email, unique
      level: int?
      homes: Home[], composed
    allow: { read: owner, update: owner when caller.level == null || caller.level > 3 }
  Home:
    fields: { street: string(1..40) }
  Project:
    fields:
      title: string(1..80)
      lead: User, owner
      main: Task?
      lines: Line[], composed
      best: Line?, read-only
    allow:
      read: owner
      create: owner
      update: owner when best == null || best.count < 5
      delete: owner when main != null && main.state == 'closed'
  Line:
    fields:
      what: string(1..40)
      count: int
  Task:
    fields:
      project: Project, on-delete cascade
      owner: User, owner
      state: enum(open, closed) = open
    allow: { read: owner, write: owner }
  Seat:
    fields:
      owner: User, owner
      free: bool = true
    allow: { read: owner, create: owner }
  Booking:
    fields:
      who: User, owner
      seat: Seat
      status: enum(draft, placed) = draft
    allow: { read: owner, create: owner }
    moves:
      place:
        from: draft
        to: placed
        by: { by: owner, when: seat.free, after: "!seat.free" }
        do:
          - update: self.seat
            set: { free: false }
operations:
  pick:
    route: POST /projects/{id}/pick
    by: signed-in
    input: { path: { id: uuid }, body: { count: int } }
    steps:
      - find: { project: Project }
        where: id == path.id && lead == caller
      - find: { line: Line }
        where: self.project.id == path.id && count == body.count
      - update: project
        set: { best: line }
    reply: { 204: ~ }
"#;

#[tokio::test]
async fn what_was_judged_before_a_request_changed_it_is_not_judged_again() {
    check(
        PROJECTS,
        &["ada:member"],
        r#"
        ada: POST /v1/projects {"title": "P", "lines": [{"what": "a", "count": 1}]} => 201 as project
        ada: POST /v1/projects/$project/pick {"count": 1} => 204
        ada: PATCH /v1/projects/$project {"lines": [{"what": "b", "count": 9}, {"what": "c", "count": 1}]} => 200
        ada: POST /v1/tasks {"project_id": "$project", "state": "open"} => 201 as task
        ada: PATCH /v1/projects/$project {"main_id": "$task"} => 200
        ada: DELETE /v1/projects/$project => 403
        ada: PATCH /v1/tasks/$task {"state": "closed"} => 200
        ada: DELETE /v1/projects/$project => 204
        ada: POST /v1/seats {} => 201 as seat
        ada: POST /v1/bookings {"seat_id": "$seat"} => 201 as booking
        ada: POST /v1/bookings/$booking/place => 200 {"status": "placed"}
        ada: PATCH /v1/users/$ada {"level": 1, "homes": [{"street": "x"}]} => 200 {"level": 1}
        ada: PATCH /v1/users/$ada {"level": 5} => 403
        "#,
    )
    .await;
}

const SHOP: &str = r#"
archwright: 1
name: shop
entities:
  Book:
    fields:
      title: string(1..20)
      lines: Line[], by book
      sold: int := lines.sum(l, l.count)
    allow: { read: anyone, write: anyone }
  Order:
    fields:
      name: string(1..20)
      lines: Line[], composed
    allow: { get: anyone, create: anyone, delete: anyone }
    soft-delete: true
  Line:
    fields: { book: Book, count: int }
  Review:
    fields: { line: Line, text: string(1..20) }
    allow: { read: anyone, write: anyone }
operations:
  lines:
    route: GET /lines
    by: anyone
    steps:
      - list: { lines: Line }
        count: total
    reply: { 200: { total: total } }
  addLine:
    route: POST /orders/{id}/lines
    by: anyone
    input: { path: { id: uuid }, body: { book: Book, count: int } }
    steps:
      - find: { order: Order }
        where: id == path.id
      - create: { line: Line }
        set: { order: order, book: body.book, count: body.count }
    reply: { 204: ~ }
"#;

#[tokio::test]
async fn the_parts_of_a_deleted_whole_are_gone_with_it() {
    check(
        SHOP,
        &[],
        r#"
        nobody: POST /v1/books {"title": "One"} => 201 as book
        nobody: POST /v1/orders {"name": "A", "lines": [{"book_id": "$book", "count": 3}]} => 201 as order
        nobody: GET /v1/books/$book => 200 {"sold": 3}
        nobody: GET /v1/lines => 200 {"total": 1}
        nobody: DELETE /v1/orders/$order => 204
        nobody: GET /v1/books/$book?expand=lines => 200 {"sold": 0, "lines": []}
        nobody: GET /v1/lines => 200 {"total": 0}
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_part_can_be_referred_to_where_its_whole_can_only_be_got() {
    let world = check(
        SHOP,
        &[],
        r#"
        nobody: POST /v1/books {"title": "One"} => 201 as book
        nobody: POST /v1/orders {"name": "A", "lines": [{"book_id": "$book", "count": 3}]} => 201 as order
        "#,
    )
    .await;
    let line = world.query("SELECT id FROM lines").remove(0);
    let review = format!(r#"nobody: POST /v1/reviews {{"line_id": "{line}", "text": "good"}}"#);
    assert_eq!(world.answer(&review).await.unwrap().status, 201);
    let order = world.query("SELECT id FROM orders").remove(0);
    let delete = format!("nobody: DELETE /v1/orders/{order}");
    assert!(
        world.answer(&delete).await.is_ok(),
        "a mark keeps what refers to the part"
    );
    assert!(
        world.answer(&review).await.is_err(),
        "the part is not there any more"
    );
}

#[tokio::test]
async fn a_part_that_a_step_creates_comes_last() {
    let mut world = check(
        SHOP,
        &[],
        r#"
        nobody: POST /v1/books {"title": "One"} => 201 as book
        nobody: POST /v1/orders {"name": "A", "lines": [{"book_id": "$book", "count": 1}, {"book_id": "$book", "count": 2}]} => 201 as order
        "#,
    )
    .await;
    world
        .run(
            r#"
        nobody: POST /v1/orders/$order/lines {"book": "$book", "count": 3} => 204
        nobody: POST /v1/orders/$order/lines {"book": "$book", "count": 4} => 204
        nobody: GET /v1/orders/$order => 200 {"lines": [{"count": 1}, {"count": 2}, {"count": 3}, {"count": 4}]}
        "#,
        )
        .await;
}
