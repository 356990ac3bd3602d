//! Settings of the whole API that contracts of others ask for: the right server passes every case, one that leaves them
//! aside does not.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

mod common;

use archwright_plan::Plan;
use archwright_plan::model::{Operation, Shape, Unknown};
use archwright_suite::text;
use common::{failed, postgres_database, serve, serve_on, suite};

fn design(text: &str) -> Plan {
    let files = [("design.yaml".to_owned(), text.as_bytes().to_vec())];
    let (model, diagnostics) = archwright_model::check(&archwright_design::read(&files));
    archwright_plan::plan(model.unwrap_or_else(|| panic!("{diagnostics:#?}")))
}

/// The right server passes, on both databases.
#[track_caller]
fn passes(design: &Plan) {
    let servers = [
        serve(design.clone(), design),
        serve_on(postgres_database(), design.clone(), design),
    ];
    for server in servers {
        let report = suite(design, &server, None);
        let told = text(&report, &|_| String::new());
        assert!(report.passed() > 0, "{told}");
        assert_eq!(failed(&report), [""; 0], "{told}");
        assert_eq!(report.unproven(), [""; 0], "{told}");
    }
}

/// A server of the changed plan fails cases with this in their names.
#[track_caller]
fn catches(design: &Plan, cases: &str, change: impl FnOnce(&mut Plan)) {
    let mut mutant = design.clone();
    change(&mut mutant);
    let server = serve(mutant, design);
    let report = suite(design, &server, Some(cases));
    let told = text(&report, &|_| String::new());
    assert!(!failed(&report).is_empty(), "{told}");
}

const LENIENT: &str = "
archwright: 1
name: notes
api: { unknown: ignore }
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields: { email: 'email, unique' }
    allow: { read: owner }
  Note:
    fields: { title: 'string(1..20), filter', size: 'int, min 0 = 0', lines: 'Line[], composed' }
    allow: { read: anyone, write: member }
  Line:
    fields: { text: string(1..20) }
operations:
  add:
    route: POST /add
    by: member
    input: { query: { size: 'int, min 0 = 0' }, body: { note: { title: string(1..20) } } }
    steps:
      - create: { note: Note }
        set: { title: body.note.title, size: query.size }
    reply: { 201: { title: note.title } }
  strict:
    route: POST /strict
    by: member
    unknown: refuse
    input: { body: { title: string(1..20) } }
    reply: { 200: { title: body.title } }
";

#[test]
fn what_nobody_declared_is_left_alone() {
    passes(&design(LENIENT));
}

#[test]
fn a_server_that_refuses_what_it_should_leave_alone_is_found_out() {
    for case in [
        "notes.list/ignored",
        "notes.create/ignored",
        "notes.update/ignored",
        "op.add/ignored",
    ] {
        catches(&design(LENIENT), case, |plan| {
            for operation in &mut plan.operations {
                operation.unknown = Unknown::Refuse;
            }
        });
    }
}

#[test]
fn a_server_that_leaves_alone_what_it_should_refuse_is_found_out() {
    catches(&design(LENIENT), "op.strict/closed/*", |plan| {
        for operation in &mut plan.operations {
            operation.unknown = Unknown::Ignore;
        }
    });
}

const OWN: &str = r#"
archwright: 1
name: notes
api:
  statuses: { invalid: 400, bad-request: 400, unique: 422, key-reused: 409, in-use: 403 }
  errors:
    400:
      message: detail
      errors: { each: fields, as: f, item: { field: f.field, at: f.name, code: f.code, why: "f.code == 'required' ? 'missing' : 'wrong'" } }
    default: { message: detail, code: code }
  tokens: { scheme: [token, Bearer] }
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields: { email: "email, unique" }
    allow: { read: owner }
  Shelf:
    id: int
    fields: { name: "string(1..20), unique", notes: "Note[], by shelf" }
    allow: { read: anyone, write: member }
  Note:
    fields:
      title: string(1..20), unique
      size: int, min -9, max 9 = 0
      price: "decimal(9,2)?, min -5, max 5"
      about: string(1..20)?
      shelf: Shelf?, on-delete restrict
    allow: { read: anyone, write: member }
views:
  ShelfView:
    of: Shelf
    show: { id: id, url: "'/shelves/' + string(id)" }
  NoteView:
    of: Note
    show:
      title: title
      about?: about
      price?: string(price)
      shelf?: { show: ShelfView, of: shelf }
      large: { if: size > 5, then: { size: size }, else: "'no'" }
      small?: { if: size < 0, then: size }
operations:
  add:
    route: POST /add
    by: member
    input: { body: { note: { title: string(1..20), about?: "string(1..20)", size: "int, min -9, max 9 = 0" } } }
    steps:
      - create: { note: Note }
        set: { title: body.note.title, about: body.note.about, size: body.note.size }
        else: 410
    reply:
      201:
        headers: { Location: "'/notes/' + note.title + '/' + string(note.size)", X-About: note.about }
        body: { show: NoteView, of: note }
  store:
    route: POST /store
    by: member
    input: { body: { name: string(1..20) } }
    steps:
      - create: { shelf: Shelf }
        set: { name: body.name }
    reply: { 201: { headers: { Location: "'/shelves/' + string(shelf.id)" }, body: { show: ShelfView, of: shelf } } }
  notes:
    route: GET /all
    by: anyone
    steps:
      - list: { notes: Note }
        sort: title
        limit: 5
    reply: { 200: { notes: { each: notes, as: n, show: NoteView } } }
  change:
    route: PATCH /change/{title}
    by: member
    input: { path: { title: string(1..20) }, body: { about: "string(1..20)?" } }
    steps:
      - find: { note: Note }
        where: title == path.title
      - update: note
        set: { about: "coalesce(body.about, 'none')" }
        if: has(body.about)
    reply: { 200: { about: note.about, given: has(body.about) } }
  one:
    route: GET /one/{title}
    by: anyone
    input: { path: { title: string(1..20) } }
    steps:
      - find: { note: Note }
        where: title == path.title
    reply: { 200: { headers: { X-About: note.about }, body: { show: NoteView, of: note } } }
"#;

#[test]
fn statuses_headers_and_keys_that_are_left_out_are_foretold() {
    passes(&design(OWN));
}

fn named<'a>(plan: &'a mut Plan, name: &str) -> &'a mut Operation {
    let mut operations = plan.model.operations.iter_mut();
    operations.find(|one| one.name == name).unwrap()
}

#[test]
fn a_server_with_other_statuses_is_found_out() {
    for case in [
        "notes.create/invalid/*",
        "op.add/invalid/*",
        "notes.create/unique*",
    ] {
        catches(&design(OWN), case, |plan| plan.model.api.statuses.clear());
    }
}

#[test]
fn a_server_with_other_headers_is_found_out() {
    for case in ["op.add/happy/*", "op.one/happy/*"] {
        catches(&design(OWN), case, |plan| {
            for name in ["add", "one"] {
                named(plan, name).headers.clear();
            }
        });
    }
}

#[test]
fn a_server_that_chooses_the_other_shape_is_found_out() {
    catches(&design(OWN), "op.add/happy/*", |plan| {
        let mut views = plan.model.views.iter_mut();
        let view = views.find(|view| view.name == "NoteView");
        let Shape::Object(parts) = &mut view.unwrap().show else {
            panic!("no object");
        };
        for (_, part) in parts {
            if let Shape::If {
                then,
                otherwise: Some(otherwise),
                ..
            } = part
            {
                std::mem::swap(then, otherwise);
            }
        }
    });
}

#[test]
fn a_server_that_shows_null_for_a_key_that_is_left_out_is_found_out() {
    catches(&design(OWN), "op.add/happy/*", |plan| {
        let view = plan
            .model
            .views
            .iter_mut()
            .find(|view| view.name == "NoteView");
        let Shape::Object(parts) = &mut view.unwrap().show else {
            panic!("no object");
        };
        for (_, part) in parts {
            if let Shape::IfPresent(inner) = part {
                *part = (**inner).clone();
            }
        }
    });
}

/// Steps in loops and in moves, whose mistakes are told at their places; and keys that hang on a condition.
const PLACES: &str = r#"
archwright: 1
name: places
api:
  errors:
    404: { code: code, why?: { if: status == 404, then: "status == 404 ? null : detail" } }
entities:
  Tag:
    id: int
    fields:
      name: string(1..40), unique
      about: string(1..40)?
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
  show:
    route: GET /show/{name}
    by: anyone
    steps:
      - find: { tag: Tag }
        where: name == path.name
    reply:
      200:
        name: tag.name
        about?: { if: "tag.rank > 0", then: tag.about }
        never?: { if: "tag.rank < 0", then: tag.about }
"#;

#[test]
fn mistakes_have_their_places_and_conditions_their_keys() {
    passes(&design(PLACES));
}
