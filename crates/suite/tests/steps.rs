//! Small designs, each about something that steps and their replies are easily wrong in: the right server passes, and one
//! that breaks the rule does not.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

mod common;

use archwright_plan::Plan;
use archwright_plan::model::{ExpressionKind, Literal, Operation, Otherwise, StepKind};
use archwright_suite::{json, junit, text};
use common::{failed, serve, suite};

const HEAD: &str = "
archwright: 1
name: steps
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields:
      email: email, unique
    allow: { read: owner }
";

/// A design with accounts and these lines.
fn design(lines: &str) -> Plan {
    let text = format!("{HEAD}{lines}");
    let files = [("design.yaml".to_owned(), text.into_bytes())];
    let (model, diagnostics) = archwright_model::check(&archwright_design::read(&files));
    archwright_plan::plan(model.unwrap_or_else(|| panic!("{diagnostics:#?}")))
}

/// The right server passes the cases with this in their names, and each operation is proven.
#[track_caller]
fn passes(lines: &str, only: &str) {
    proves_all_but(&[], lines, only);
}

/// The right server passes the cases with this in their names, and these operations never succeed.
#[track_caller]
fn proves_all_but(unproven: &[&str], lines: &str, only: &str) {
    let plan = design(lines);
    let server = serve(plan.clone(), &plan);
    let report = suite(&plan, &server, Some(only));
    let told = text(&report, &|_| String::new());
    assert!(report.passed() > 0, "{told}");
    assert_eq!(failed(&report), [""; 0], "{told}");
    assert_eq!(report.unproven(), unproven, "{told}");
}

/// A server of the changed plan fails the case.
#[track_caller]
fn catches(lines: &str, case: &str, change: impl FnOnce(&mut Plan)) {
    let plan = design(lines);
    let mut mutant = plan.clone();
    change(&mut mutant);
    let server = serve(mutant, &plan);
    let report = suite(&plan, &server, Some(case));
    let told = text(&report, &|_| String::new());
    assert!(!failed(&report).is_empty(), "{told}");
}

fn named<'a>(plan: &'a mut Plan, name: &str) -> &'a mut Operation {
    let mut operations = plan.model.operations.iter_mut();
    operations.find(|one| one.name == name).unwrap()
}

// ---- rows by their ids -----------------------------------------------------------------------------------------------

const BY_ID: &str = "
  Doc:
    fields: { owner: User, code: 'slug, unique', size: 'int, min 0 = 0' }
    allow: { read: anyone, create: member, update: member }
operations:
  grow:
    route: POST /docs/{id}/grow
    by: member
    steps:
      - find: { doc: Doc }
        where: id == path.id
      - increment: { doc.size: 1 }
    reply: { 200: { size: doc.size } }
";

#[test]
fn rows_are_found_by_their_ids() {
    passes(BY_ID, "op.*");
}

#[test]
fn another_number_is_added() {
    catches(BY_ID, "op.grow/happy/required", |plan| {
        let StepKind::Increment { by, .. } = &mut named(plan, "grow").steps[1].kind else {
            panic!("no increment");
        };
        by.kind = ExpressionKind::Literal(Literal::Int(5));
    });
}

#[test]
fn an_operation_that_never_succeeds_is_not_proven() {
    let plan = design(
        "
  Doc:
    fields: { code: 'slug, unique', size: int? }
    allow: { read: anyone, create: member }
operations:
  lose:
    route: POST /lose/{code}
    by: member
    steps:
      - find: { doc: Doc }
        where: code == path.code
      - delete: doc
      - update: doc
        set: { size: 3 }
    reply: { 200: { code: doc.code } }
",
    );
    let server = serve(plan.clone(), &plan);
    let report = suite(&plan, &server, Some("op.lose/*"));
    let told = text(&report, &|_| String::new());
    assert_eq!(failed(&report), [""; 0], "{told}");
    assert_eq!(report.unproven(), ["op.lose"], "{told}");
    assert!(
        told.contains("NOT PROVEN, since no call is found that succeeds:\n  op.lose\n"),
        "{told}"
    );
}

#[test]
fn what_only_time_brings_about_is_not_proven_and_the_reports_say_why() {
    let plan = design(
        "
  Doc:
    fields:
      code: slug, unique
      due: datetime, read-only = now + duration('36500d')
      late: bool := due < now
    allow: { read: anyone, create: member }
operations:
  archive:
    route: POST /archive/{code}
    by: member
    steps:
      - find: { doc: Doc }
        where: code == path.code
      - guard: doc.late
        else: 409
      - guard: doc.code != 'kept'
        else: 403
      - delete: doc
    reply: { 204: ~ }
",
    );
    let server = serve(plan.clone(), &plan);
    let report = suite(&plan, &server, Some("op.archive/happy/*"));
    let reason = "`step0.late` goes by the clock, and the suite lets no time pass";
    assert_eq!(report.unproven(), ["op.archive"]);
    let told = text(&report, &|_| String::new());
    let end = told.split("NOT PROVEN").nth(1).unwrap();
    assert!(end.contains("op.archive") && end.contains(reason), "{told}");
    let told = json(&report, &|_| String::new());
    assert_eq!(told["unproven"][0]["operation"], "op.archive");
    let why = told["unproven"][0]["reason"].as_str();
    assert!(why.unwrap().ends_with(reason), "{told}");
    let told = junit(&report, &|_| String::new());
    assert!(
        told.contains("<failure message=\"no call is found that succeeds\">"),
        "{told}"
    );
    assert!(told.contains("goes by the clock"), "{told}");
}

// ---- the server's clock and ids -------------------------------------------------------------------------------------

const BY_CLOCK: &str = "
  Visit:
    fields: { code: 'slug, unique', seen_at: datetime?, tag: 'string(1..80)?', day: date? }
    allow: { read: anyone, create: member, update: member }
operations:
  see:
    route: PUT /seen/{code}
    by: member
    input: { path: { code: slug } }
    steps:
      - upsert: { v: Visit }
        key: { code: path.code }
        set: { seen_at: now, day: today }
    reply: { 200: { at: v.seen_at, until: \"v.seen_at + duration('1d')\", day: v.day } }
  enter:
    route: POST /entered
    by: member
    input: { body: { code: slug } }
    steps:
      - create: { v: Visit }
        set: { code: body.code, seen_at: now }
      - update: v
        set: { tag: \"'visit ' + v.id\" }
    reply: { 201: { id: v.id, tag: v.tag, at: v.seen_at } }
  call:
    route: POST /called
    by: member
    input: { body: { code: slug } }
    steps:
      - create: { v: Visit }
        set: { code: body.code }
      - update: v
        set: { tag: \"v.id + '!'\", seen_at: now }
    reply: { 201: { told: \"v.id + '?'\", tag: v.tag } }
";

#[test]
fn instants_that_steps_set_are_the_servers_and_texts_have_the_new_rows_id() {
    passes(BY_CLOCK, "op.*");
}

#[test]
fn an_instant_that_is_not_set() {
    catches(BY_CLOCK, "op.see/happy/required", |plan| {
        let StepKind::Upsert { set, .. } = &mut named(plan, "see").steps[0].kind else {
            panic!("no upsert");
        };
        set.remove(0);
    });
}

#[test]
fn a_text_with_an_id_and_something_else() {
    catches(BY_CLOCK, "op.enter/happy/required", |plan| {
        let StepKind::Update { set, .. } = &mut named(plan, "enter").steps[1].kind else {
            panic!("no update");
        };
        let ExpressionKind::Binary { left, .. } = &mut set[0].1.kind else {
            panic!("no sum");
        };
        left.kind = ExpressionKind::Literal(Literal::Text("visitor ".to_owned()));
    });
}

#[test]
fn a_move_does_not_delete_the_row_that_it_shows() {
    proves_all_but(
        &["docs.burn"],
        "
  Folder:
    fields: { size: int = 0 }
    allow: { read: anyone, write: member }
  Doc:
    fields: { folder: 'Folder, on-delete cascade', status: 'enum(kept, burnt) = kept' }
    allow: { read: anyone, write: member }
    moves:
      burn: { from: kept, to: burnt, by: member, do: [ { delete: self.folder } ] }
",
        "docs.burn/*",
    );
}

// ---- slugs and headers -----------------------------------------------------------------------------------------------

#[test]
fn an_empty_title_is_none_and_spaces_around_a_header_are_no_part_of_it() {
    passes(
        "
  Page:
    fields: { title: 'string(1..40)?, blank-as-null', path: 'slug?, from title, blank-as-null' }
    allow: { read: anyone, write: member }
operations:
  echo:
    route: GET /echo
    by: anyone
    input: { header: { X-Short: 'string(1..5)?' } }
    reply: { 200: { short: header.x_short } }
",
        "*",
    );
}

// ---- replies ---------------------------------------------------------------------------------------------------------

#[test]
fn replies_tell_inputs_and_refuse_in_their_own_words() {
    passes(
        "
  Doc:
    fields: { owner: 'User, owner', code: 'slug, unique, immutable', size: 'int, min 0 = 0' }
    allow: { read: anyone, create: member, update: member }
operations:
  echo:
    route: GET /echo
    by: anyone
    input: { query: { a: 'string(1..40)?', n: 'int = 3' } }
    reply: { 200: { a: query.a, n: query.n } }
  paged:
    route: GET /paged
    by: anyone
    input: { query: { limit: 'int, min 1, max 100 = 20', offset: 'int, min 0 = 0' } }
    steps:
      - list: { docs: Doc }
        limit: query.limit
        offset: query.offset
        sort: [code]
        count: total
    reply: { 200: { docs: { each: docs, as: d, item: { code: d.code } }, total: total, limit: query.limit } }
  mine:
    route: GET /mine/{code}
    by: member
    steps:
      - find: { doc: Doc }
        where: code == path.code
        else: { 404: { error: \"'no such doc'\" } }
      - guard: doc.owner == caller
        else: { 403: { error: \"'not yours'\" } }
    reply: { 200: { code: doc.code } }
  shrink:
    route: POST /shrink/{code}
    by: member
    steps:
      - find: { doc: Doc }
        where: code == path.code
      - guard: doc.size > 3
        else: 409
      - update: doc
        set: { size: 3 }
    reply: { 200: { code: doc.code }, 409: { errors: { size: \"['too small']\" } } }
  drop:
    route: POST /drop/{code}
    by: member
    steps:
      - find: { doc: Doc }
        where: code == path.code
      - guard: doc.size > 3
        else: 409
    reply: { 200: ~, 409: ~ }
",
        "op.*",
    );
}

// ---- checks over other rows ------------------------------------------------------------------------------------------

const REFUNDS: &str = "
  Capture:
    fields: { owner: 'User, owner', amount: 'int, min 0', refunds: 'Refund[], by capture' }
    checks:
      refunded: { that: 'refunds.sum(r, r.amount) <= amount', message: Not more than was captured. }
    allow: { read: anyone, create: member, update: owner }
  Refund:
    fields: { capture: Capture, amount: 'int, min 1' }
    allow: { read: anyone, create: member, update: member, delete: member }
operations:
  refund:
    route: POST /captures/{id}/refund
    by: member
    input: { body: { amount: 'int, min 1' } }
    steps:
      - find: { capture: Capture }
        where: id == path.id
      - create: { refund: Refund }
        set: { capture: capture, amount: body.amount }
    reply: { 201: { left: 'capture.amount - capture.refunds.sum(r, r.amount)' } }
";

#[test]
fn writes_break_checks_of_other_rows() {
    for only in ["refunds.*", "captures.*", "op.*"] {
        passes(REFUNDS, only);
    }
}

// ---- what can't be kept ----------------------------------------------------------------------------------------------

const RANGES: &str = "
  Task:
    fields: { code: 'slug, unique', points: 'int, min 0, max 21', note: string(1..20)?, state: 'enum(open, done) = open' }
    allow: { read: anyone, create: member, update: member }
    moves:
      finish: { from: open, to: done, by: member, do: [ { increment: { points: 1 } } ] }
      note: { from: [open, done], to: open, by: member, input: { more: int }, set: { points: points + input.more } }
operations:
  score:
    route: POST /score/{code}
    by: member
    input: { body: { points: int } }
    steps:
      - find: { task: Task }
        where: code == path.code
      - update: task
        set: { points: body.points }
    reply: { 200: { points: task.points } }
  add:
    route: POST /add/{code}
    by: member
    input: { body: { points: int } }
    steps:
      - find: { task: Task }
        where: code == path.code
      - increment: { task.points: body.points }
        else: 402
    reply: { 200: { points: task.points } }
";

#[test]
fn what_steps_and_moves_write_has_to_fit() {
    for only in ["op.*", "tasks.finish*", "tasks.note*"] {
        passes(RANGES, only);
    }
}

const TAKEN: &str = "
  Doc:
    fields: { code: 'slug, unique' }
    allow: { read: anyone, create: anyone, delete: anyone }
  Page:
    fields: { doc: Doc }
    allow: { read: anyone, create: anyone }
operations:
  rename:
    route: PUT /rename/{code}
    by: anyone
    input: { body: { to: slug } }
    steps:
      - find: { doc: Doc }
        where: code == path.code
      - update: doc
        set: { code: body.to }
        else: 402
    reply: { 200: { code: doc.code } }
  drop:
    route: POST /drop/{code}
    by: anyone
    steps:
      - find: { doc: Doc }
        where: code == path.code
      - delete: doc
        else: 418
    reply: { 200: { ok: 'true' } }
";

#[test]
fn refused_writes_are_told_as_the_step_wants() {
    passes(TAKEN, "op.*");
}

#[test]
fn another_status_of_a_refused_update() {
    catches(TAKEN, "op.rename/step-2-update/fails", |plan| {
        named(plan, "rename").steps[1].otherwise = Otherwise::Status(418);
    });
}

#[test]
fn another_status_of_a_refused_deletion() {
    catches(TAKEN, "op.drop/step-2-delete/fails", |plan| {
        named(plan, "drop").steps[1].otherwise = Otherwise::Status(409);
    });
}

// ---- parts -----------------------------------------------------------------------------------------------------------

#[test]
fn wholes_follow_their_parts() {
    passes(
        "
  Album:
    fields: { title: string(1..40), code: 'slug, unique', tracks: 'Track[], composed' }
    allow: { read: anyone, write: member }
  Track:
    fields: { name: string(1..40), plays: int = 0, tags: 'Tag[]' }
  Tag: { fields: { name: 'slug, unique' }, allow: { read: anyone, create: member } }
operations:
  append:
    route: POST /append/{code}
    by: member
    input: { body: { name: string(1..40) } }
    steps:
      - find: { album: Album }
        where: code == path.code
      - create: { track: Track }
        set: { album: album, name: body.name }
    reply: { 201: { name: track.name } }
  play:
    route: POST /play/{id}
    by: member
    steps:
      - find: { track: Track }
        where: id == path.id
      - increment: { track.plays: 1 }
    reply: { 200: { plays: track.plays } }
  tag:
    route: PUT /tag/{id}/{name}
    by: member
    steps:
      - find: { track: Track }
        where: id == path.id
      - find: { tag: Tag }
        where: name == path.name
      - link: { track.tags: tag }
    reply: { 200: { name: tag.name } }
  cut:
    route: POST /cut/{id}
    by: member
    steps:
      - find: { track: Track }
        where: id == path.id
      - delete: track
    reply: { 200: { ok: 'true' } }
",
        "op.*",
    );
}

// ---- empty texts -----------------------------------------------------------------------------------------------------

const BLANK: &str = "
  Doc:
    fields: { code: 'slug, unique', title: 'string(1..20)?, blank-as-null', state: 'enum(a, b) = a' }
    allow: { read: anyone, create: member, update: member }
    moves:
      go: { from: a, to: b, by: member, input: { title: 'string(1..20)?, blank-as-null' }, set: { title: input.title } }
operations:
  note:
    route: PUT /note/{code}
    by: member
    input: { body: { title: 'string(1..20)?, blank-as-null', more: 'string(0..20)?' } }
    steps:
      - find: { doc: Doc }
        where: code == path.code
      - update: doc
        set: { title: body.title }
    reply: { 200: { title: doc.title, more: body.more } }
";

#[test]
fn empty_texts_are_null_where_the_design_says_so() {
    passes(BLANK, "/blank");
}

#[test]
fn an_empty_text_that_is_kept() {
    catches(BLANK, "op.note/body.title/blank", |plan| {
        named(plan, "note").body_input[0].blank_as_null = false;
    });
}

#[test]
fn an_empty_text_that_is_taken_as_null() {
    catches(BLANK, "op.note/body.more/blank", |plan| {
        named(plan, "note").body_input[1].blank_as_null = true;
    });
}

#[test]
fn an_empty_field_that_is_kept() {
    catches(BLANK, "docs.create/blank/title", |plan| {
        let entity = plan.model.entities.iter_mut().find(|one| one.name == "Doc");
        let title = entity
            .unwrap()
            .fields
            .iter_mut()
            .find(|one| one.name == "title");
        title.unwrap().blank_as_null = false;
    });
}

// ---- rows that lose what they refer to -------------------------------------------------------------------------------

const LEFT_BEHIND: &str = "
  Room:
    fields: { name: 'string(1..40), unique', visits: 'Visit[], by room' }
    allow: { read: anyone, write: member }
  Visit:
    fields: { room: Room?, urgency: 'int, min 1, max 5' }
    checks: { urgent_has_room: urgency < 5 || room != null }
    allow: { read: anyone, write: member }
operations:
  close:
    route: DELETE /closed/{name}
    by: member
    steps:
      - find: { room: Room }
        where: name == path.name
      - delete: room
    reply: { 204: ~ }
";

#[test]
fn a_row_goes_only_where_those_that_refer_to_it_do_without() {
    passes(LEFT_BEHIND, "rooms.delete/*");
    passes(LEFT_BEHIND, "op.close/*");
}

// ---- what is left out, and parts that steps make ---------------------------------------------------------------------

const ORDERS: &str = "
  Order:
    fields:
      customer: User, owner
      lines: OrderLine[], composed
      fine: int, read-only = 0
      status: enum(open, closed) = open
      total: int := lines.sum(l, l.n)
    allow: { read: owner, create: owner }
    moves:
      close: { from: open, to: closed, by: owner, input: { fine: 'int, min 0 = 3' }, set: { fine: input.fine } }
  OrderLine:
    fields: { n: 'int, min 1' }
operations:
  quick:
    route: POST /quick
    by: member
    input: { body: { n: 'int, min 1, max 9' } }
    steps:
      - create: { order: Order }
        set: { customer: caller }
      - create: { line: OrderLine }
        set: { order: order, n: body.n }
    reply: { 201: { id: order.id, total: order.total } }
";

#[test]
fn inputs_of_moves_have_their_defaults_and_parts_of_steps_are_there_once() {
    passes(ORDERS, "");
}

#[test]
fn a_move_that_forgets_its_default_is_found_out() {
    catches(ORDERS, "orders.close*", |plan| {
        let mut entities = plan.model.entities.iter_mut();
        let machine = entities.find_map(|entity| entity.state.as_mut()).unwrap();
        machine.moves[0].input[0].default = Some(Literal::Int(0));
    });
}
