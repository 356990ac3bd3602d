//! Small designs with cases that several calls have to lead to, each of which alone changes no reply: the suite goes
//! there by direction, under whatever seed.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

mod common;

use archwright_plan::Plan;
use archwright_plan::model::{Direction, StepKind};
use archwright_suite::text;
use common::{failed, postgres_database, serve, serve_on, skipped, suite};

/// Posts are shown once they are approved, endorsed by whom the request names, and by somebody whom the caller watches.
const BOARD: &str = "
archwright: 1
name: board
roles:
  member: { sign-up: open }
  chair: { granted-by: chair }
entities:
  User:
    account: email
    key: name
    fields:
      email: { type: email, unique: true, visible: owner }
      name: slug, unique
      watches: User[]
      endorses: Post[]
  Post:
    key: code
    fields:
      code: slug, unique
      author: User, owner, on-delete cascade
      status: enum(draft, approved, closed) = draft
      approved_at: datetime?, read-only
      endorsed_by: User[], by endorses
    moves:
      approve: { from: draft, to: approved, by: chair, set: { approved_at: now } }
      close: { from: [draft, approved], to: closed, by: chair }
operations:
  write:
    route: POST /posts
    by: signed-in
    input: { body: { code: slug } }
    steps:
      - create: { post: Post }
        set: { code: body.code, author: caller }
    reply: { 201: { code: post.code, status: post.status } }
  approve:
    route: POST /posts/{code}/approval
    by: signed-in
    steps:
      - find: { post: Post }
        where: code == path.code
      - move: { post: approve }
    reply: { 200: { code: post.code, status: post.status } }
  endorse:
    route: PUT /posts/{code}/endorsement
    by: signed-in
    steps:
      - find: { post: Post }
        where: code == path.code && status == 'approved'
      - link: { caller.endorses: post }
    reply: { 200: { code: post.code } }
  watch:
    route: PUT /people/{name}/watched
    by: signed-in
    steps:
      - find: { user: User }
        where: name == path.name
      - link: { caller.watches: user }
    reply: { 200: { name: user.name } }
  board:
    route: GET /board
    by: signed-in
    input: { query: { by: slug, offset: 'int, min 0 = 0' } }
    steps:
      - list: { posts: Post }
        where: >
          status == 'approved' && author in caller.watches
          && endorsed_by.exists(u, u.name == query.by)
        sort: -approved_at
        offset: query.offset
    reply: { 200: { posts: { each: posts, as: p, item: { code: p.code } } } }
";

fn board() -> Plan {
    let files = [("design.yaml".to_owned(), BOARD.as_bytes().to_vec())];
    let (model, diagnostics) = archwright_model::check(&archwright_design::read(&files));
    archwright_plan::plan(model.unwrap_or_else(|| panic!("{diagnostics:#?}")))
}

#[test]
fn a_list_has_several_rows_each_of_which_took_several_calls() {
    let plan = board();
    let servers = [
        serve(plan.clone(), &plan),
        serve_on(postgres_database(), plan.clone(), &plan),
    ];
    for server in servers {
        let report = suite(&plan, &server, Some("op.board/*"));
        let told = text(&report, &|_| String::new());
        assert_eq!(failed(&report), [""; 0], "{told}");
        assert_eq!(skipped(&report), [("", ""); 0], "{told}");
    }
}

/// A server of the changed plan fails the case.
#[track_caller]
fn catches(case: &str, change: impl FnOnce(&mut StepKind)) {
    let plan = board();
    let mut mutant = plan.clone();
    let mut operations = mutant.model.operations.iter_mut();
    let board = operations.find(|one| one.name == "board").unwrap();
    change(&mut board.steps[0].kind);
    let server = serve(mutant, &plan);
    let report = suite(&plan, &server, Some(case));
    let told = text(&report, &|_| String::new());
    assert_eq!(failed(&report), [case], "{told}");
}

#[test]
fn another_order_of_such_rows_is_caught() {
    catches("op.board/step-1-list/sort", |list| {
        if let StepKind::List { sort, .. } = list {
            sort[0].1 = Direction::Ascending;
        }
    });
}

#[test]
fn a_forgotten_offset_among_such_rows_is_caught() {
    catches("op.board/window", |list| {
        if let StepKind::List { offset, .. } = list {
            *offset = None;
        }
    });
}
