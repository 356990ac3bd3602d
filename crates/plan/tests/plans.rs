//! Designs in, decisions out.
#![expect(
    clippy::unwrap_used,
    reason = "a test whose design has no such part has failed"
)]

use archwright_plan::model::lower;
use archwright_plan::{Hop, Operation, Plan, json, plan, render_text};

fn planned(design: &str) -> Plan {
    let reading =
        archwright_design::read(&[("design.yaml".to_owned(), design.as_bytes().to_vec())]);
    let (model, diagnostics) = lower(&reading.design);
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    plan(model.unwrap_or_else(|| panic!("{diagnostics:?}")))
}

const SHOP: &str = "
archwright: 1
name: shop
roles:
  customer: { sign-up: open }
  staff: { granted-by: admin }
  admin: { includes: staff, granted-by: admin }
entities:
  User:
    account: email
    fields:
      email: email, unique
      phone: phone?, sensitive, filter
    allow: { get: owner }
  Book:
    fields:
      isbn: string(13), unique
      price: money, min 0, filter, sort
      notes: { type: text?, visible: staff }
      authors: Author[]
    allow: { read: anyone, write: staff }
    soft-delete: true
  Author:
    fields: { name: string(80) }
    allow: { read: anyone, create: staff }
  Order:
    fields:
      customer: User, owner
      lines: Line[], composed
      status: enum(draft, placed, paid) = draft
      total: money := lines.sum(l, l.quantity * l.book.price)
    moves:
      place: { from: draft, to: placed, by: owner, when: size(lines) > 0 }
      pay: { from: placed, to: paid, by: staff }
    allow:
      create: customer
      read: owner, staff
      update: owner when status == 'draft'
  Line:
    fields:
      book: Book
      quantity: int, min 1
";

fn operation<'a>(plan: &'a Plan, id: &str) -> &'a Operation {
    plan.operation(id).unwrap_or_else(|| panic!("no {id}"))
}

#[test]
fn a_plan_says_what_checks_read_of_other_rows() {
    let lines = "    checks:
      affordable: { that: 'lines.all(l, l.quantity < 9) && customer.phone != ''+447700900001''', message: Too much. }
      early: { that: status != 'paid', message: Not yet. }
    moves:
      place:";
    let plan = planned(&SHOP.replacen("    moves:\n      place:", lines, 1));
    let model = &plan.model;
    let [order, line, user] =
        ["Order", "Line", "User"].map(|name| model.entity_named(name).unwrap().id);
    let field = |of: archwright_plan::model::EntityId, name: &str| {
        let mut fields = model.entity(of).fields.iter();
        fields.find(|field| field.name == name).unwrap().id
    };
    let back = model.entity(line).part_of.unwrap().back;
    let customer = field(order, "customer");
    // The check that looks at its own row alone is not among them.
    let mut expected = vec![
        (order, vec![], vec![customer]),
        (
            line,
            vec![Hop::From(back)],
            vec![back, field(line, "quantity")],
        ),
        (user, vec![Hop::To(customer)], vec![field(user, "phone")]),
    ];
    let known = plan.watches.iter().map(|watch| {
        assert_eq!((watch.entity, watch.check), (order, 0));
        let reads = watch.reads.iter().copied().collect();
        (watch.of, watch.path.clone(), reads)
    });
    let mut known: Vec<(_, Vec<Hop>, Vec<_>)> = known.collect();
    expected.iter_mut().for_each(|(_, _, reads)| reads.sort());
    expected.sort();
    known.sort();
    assert_eq!(known, expected);
}

/// The lines of one operation in the printed plan.
fn printed<'t>(plan: &Plan, text: &'t str, id: &str) -> Vec<&'t str> {
    let operation = operation(plan, id);
    let head = format!("  {} {}  ", operation.method.name(), operation.path);
    let from = text.find(&head).unwrap();
    let block = text[from..].split("\n\n").next().unwrap();
    block.lines().map(str::trim_end).collect()
}

/// The access of one operation, as `plan` prints it.
fn check_access(plan: &Plan, id: &str, expected: &[(&str, bool, Option<&str>, &str)]) {
    let json = serde_json::to_value(json(plan)).unwrap();
    let row = json["matrix"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["operation"] == id)
        .unwrap();
    for (caller, owns, state, answer) in expected {
        let cell = row["cells"].as_array().unwrap().iter().find(|cell| {
            cell["caller"] == *caller && cell["owns"] == *owns && cell["state"].as_str() == *state
        });
        let cell = cell.unwrap_or_else(|| panic!("no cell {caller} {owns} {state:?} in {row}"));
        assert_eq!(cell["answer"], *answer, "{id} {caller} {owns} {state:?}");
    }
}

#[test]
fn access_is_known_for_each_role_owner_and_state() {
    let plan = planned(SHOP);
    check_access(
        &plan,
        "orders.update",
        &[
            ("anonymous", false, Some("draft"), "no"),
            ("customer", true, Some("draft"), "yes"),
            ("customer", true, Some("placed"), "no"),
            ("customer", false, Some("draft"), "no"),
            ("staff", false, Some("draft"), "no"),
        ],
    );
    check_access(
        &plan,
        "orders.pay",
        &[
            ("admin", false, Some("placed"), "yes"),
            ("staff", false, Some("draft"), "no"),
            ("customer", false, Some("placed"), "no"),
        ],
    );
    check_access(
        &plan,
        "books.delete",
        &[
            ("staff", false, None, "yes"),
            ("customer", false, None, "no"),
        ],
    );
}

#[test]
fn conditions_say_nothing_twice_and_durations_are_written_as_in_a_design() {
    let plan = planned(
        "
archwright: 1
name: notes
roles: { member: { sign-up: open } }
entities:
  User: { account: email, fields: { email: 'email, unique' } }
  Note:
    fields: { author: 'User, owner', text: text, open: bool = true }
    allow:
      read: signed-in
      update:
        - { by: member, when: open && text != '' }
        - { by: signed-in, when: text != '' || created_at + duration('15min') > now }
        - { by: member, when: text != '' }
",
    );
    let expected = "if text != '' || created_at + duration('15min') > now";
    check_access(
        &plan,
        "notes.update",
        &[
            ("member", false, None, expected),
            ("anonymous", false, None, "no"),
        ],
    );
}

#[test]
fn operations_are_called_by_a_verb_phrase() {
    let plan = planned(
        "
archwright: 1
name: shop
roles: { staff: { sign-up: open } }
entities:
  User: { account: email, fields: { email: 'email, unique' } }
  Order:
    fields: { status: 'enum(placed, back) = placed' }
    moves:
      send_back: { about: The customer does not want it., from: placed, to: back, by: staff }
    allow: { read: staff, create: staff }
operations:
  closeShop: { about: Nothing is sold today., route: POST /close, by: staff, steps: [], reply: { 204: ~ } }
",
    );
    for (id, summary, about) in [
        (
            "orders.send_back",
            "Send an order back",
            "The customer does not want it.",
        ),
        ("op.closeShop", "Close shop", "Nothing is sold today."),
    ] {
        let operation = operation(&plan, id);
        assert_eq!(operation.summary, summary);
        assert_eq!(operation.about, about);
    }
}

#[test]
fn operations_that_nobody_may_call_are_not_there() {
    let plan = planned(SHOP);
    let ids: Vec<&str> = plan
        .operations
        .iter()
        .map(|operation| operation.id.as_str())
        .collect();
    assert!(
        !ids.contains(&"users.list")
            && !ids.contains(&"orders.delete")
            && !ids.contains(&"lines.list"),
        "{ids:?}"
    );
    for id in [
        "auth.sign-up",
        "users.set-roles",
        "books.link-authors",
        "orders.place",
    ] {
        assert!(ids.contains(&id), "no {id} in {ids:?}");
    }
}

#[test]
fn operation_ids_and_routes_are_unique() {
    let plan = planned(SHOP);
    for (index, operation) in plan.operations.iter().enumerate() {
        for other in &plan.operations[index + 1..] {
            assert_ne!(operation.operation_id, other.operation_id);
            assert!(
                (operation.method, &operation.path) != (other.method, &other.path),
                "{}",
                operation.path
            );
        }
    }
}

#[test]
fn requests_never_name_the_owner_the_state_or_what_is_computed() {
    let plan = planned(SHOP);
    let order = plan.model.entity_named("Order").unwrap().id;
    let names: Vec<&str> = plan
        .resource(order)
        .create
        .iter()
        .map(|input| input.json.as_str())
        .collect();
    assert_eq!(names, ["lines"]);
    let book = plan.model.entity_named("Book").unwrap().id;
    let names: Vec<&str> = plan
        .resource(book)
        .create
        .iter()
        .map(|input| input.json.as_str())
        .collect();
    assert_eq!(names, ["isbn", "price", "notes", "author_ids"]);
}

#[test]
fn filters_are_offered_where_an_index_serves_them_and_nobody_can_guess() {
    let plan = planned(SHOP);
    let list = operation(&plan, "books.list").list.as_ref().unwrap();
    let filters: Vec<(&str, &str)> = list
        .filters
        .iter()
        .map(|filter| (filter.name.as_str(), filter.index.as_str()))
        .collect();
    assert_eq!(
        filters,
        [
            ("isbn", "unique_book_isbn"),
            ("price", "index_books_price"),
            ("authors", "index_book_authors_author_id"),
            ("created_at", "index_books_created_at"),
        ]
    );
    assert!(
        list.not_filterable
            .iter()
            .any(|(name, reason)| name == "notes" && reason.contains("guess"))
    );
}

#[test]
fn every_index_that_a_list_names_exists() {
    let plan = planned(SHOP);
    for operation in &plan.operations {
        let Some(list) = &operation.list else {
            continue;
        };
        for index in list
            .filters
            .iter()
            .map(|filter| &filter.index)
            .chain(list.sorts.iter().map(|sort| &sort.index))
        {
            let exists = plan.tables.iter().any(|table| {
                table.indexes.iter().any(|known| known.name == *index)
                    || table.unique.iter().any(|known| known.name == *index)
            });
            assert!(exists || index == "primary key", "{index}");
        }
    }
}

#[test]
fn a_sensitive_field_that_is_looked_up_has_a_blind_index() {
    let plan = planned(SHOP);
    let users = &plan.tables[0];
    let names: Vec<&str> = users
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "id",
            "email",
            "phone",
            "phone_index",
            "created_at",
            "updated_at",
            "version"
        ]
    );
}

#[test]
fn rows_of_another_tenant_are_out_of_every_condition() {
    let plan = planned(
        "
archwright: 1
name: desk
roles: { agent: { sign-up: open } }
entities:
  Company:
    tenant: true
    fields: { name: string(80) }
    allow: { get: signed-in }
  User:
    account: email
    fields: { email: 'email, unique', company: 'Company, tenant' }
    allow: { get: owner }
  Ticket:
    fields: { company: 'Company, tenant', title: string(80) }
    allow: { read: agent, create: agent }
",
    );
    let text = render_text(&plan);
    assert!(
        text.contains("allowed: agent when company == caller.company"),
        "{text}"
    );
    assert!(
        text.contains("allowed: signed-in when self == caller.company"),
        "{text}"
    );
    let ticket = plan.model.entity_named("Ticket").unwrap().id;
    assert!(
        plan.resource(ticket)
            .create
            .iter()
            .all(|input| input.json == "title")
    );
}

#[test]
fn moves_and_named_operations_are_printed_step_by_step() {
    let plan = planned(
        "
archwright: 1
name: press
roles:
  writer: { sign-up: open }
entities:
  User:
    account: email
    fields: { email: { type: email, unique: true } }
  Article:
    key: slug
    fields:
      slug: slug, unique
      author: User, owner
      tags: Tag[]
      reads: int, read-only = 0
      status: enum(draft, published) = draft
    allow: { read: anyone }
    moves:
      publish:
        from: draft
        to: published
        by: owner
        input: { note: string(1..80)? }
        do:
          - increment: { self.reads: 1 }
  Tag: { fields: { name: 'string(1..40), unique' } }
operations:
  label:
    route: PUT /articles/{slug}/tags
    by: signed-in
    input:
      query: { limit: 'int, min 1, max 9 = 5' }
      body: { names: 'string(1..40)[]' }
    steps:
      - find: { article: Article }
        where: slug == path.slug
      - guard: article.author == caller
        else: 409
      - each: { name: body.names }
        do:
          - get-or-create: { tag: Tag }
            key: { name: name }
          - link: { article.tags: tag }
    reply:
      200: { slug: article.slug, tags: { each: article.tags, as: t, item: { name: t.name } } }
",
    );
    let text = render_text(&plan);
    let printed = |id: &str| printed(&plan, &text, id);
    for line in [
        "    move: from draft to published",
        "    input: { note: string(1..80)? }",
        "    - increment: { self.reads: 1 }; else: 409",
    ] {
        let block = printed("articles.publish");
        assert!(block.contains(&line), "{line} in {block:#?}");
    }
    for line in [
        "    path: { slug: string(1..255) }",
        "    query: { limit: int, min 1, max 9 = 5 }",
        "    body: { names: string(1..40)[] }",
        "    - find: { article: Article }; where: slug == path.slug; else: 404",
        "    - guard: article.author == caller; else: 409",
        "    - each: { name: body.names }",
        "      - get-or-create: { tag: Tag }; key: { name: name }",
        "      - link: { article.tags: tag }; else: 409",
        "    reply 200: { slug: article.slug, tags: { each: article.tags, as: t, item: { name: t.name } } }",
    ] {
        let block = printed("op.label");
        assert!(block.contains(&line), "{line} in {block:#?}");
    }
    let json = serde_json::to_value(json(&plan)).unwrap();
    let of = |id: &str| {
        let operations = json["operations"].as_array().unwrap();
        operations.iter().find(|one| one["id"] == id).unwrap()
    };
    assert_eq!(of("articles.publish")["move"]["to"], "published");
    assert_eq!(of("articles.publish")["program"], serde_json::Value::Null);
    let steps = &of("op.label")["program"]["steps"];
    assert_eq!(steps[1]["guard"], "article.author == caller");
    assert_eq!(steps[1]["else"], 409);
    assert_eq!(steps[2]["do"][1]["link"]["article.tags"], "tag");
}

#[test]
fn steps_about_accounts_are_printed_and_take_no_idempotency_key() {
    let plan = planned(
        "
archwright: 1
name: club
api:
  errors: { 404: { said: detail } }
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields: { email: 'email, unique', motto: 'text(1..99)?' }
operations:
  enter:
    route: POST /enter
    by: anyone
    input: { body: { email: string, password: string } }
    steps:
      - sign-in: { user: User }
        key: { email: body.email }
        password: body.password
        else: { 403: { said: \"'no'\" } }
      - token: { token: user }
    reply: { 200: { token: token } }
  join:
    route: POST /join
    by: anyone
    input: { body: { email: email, password: string, motto: 'text(1..99)?, blank-as-null' } }
    steps:
      - create: { user: User }
        set: { email: body.email, motto: body.motto }
        password: body.password
    reply: { 201: { email: user.email } }
  change:
    route: PUT /me
    by: signed-in
    input: { body: { password?: string } }
    steps:
      - update: caller
        password: body.password
    reply: { 200: { token: caller.token } }
",
    );
    let text = render_text(&plan);
    for line in [
        "    - sign-in: { user: User }; key: { email: body.email }; password: body.password; else: { 403: { said: 'no' } }",
        "    - token: { token: user }",
        "    body: { email: email, password: string(8..255), motto: text(1..99)?, blank-as-null }",
        "    - create: { user: User }; set: { email: body.email, motto: body.motto }; password: body.password; role: member",
        "    body: { password?: string(8..255) }",
        "    - update: caller; password: body.password; else: 409",
        "    reply 200: { token: caller.token }",
        "  errors: The shapes of the design, every bad field at once.",
    ] {
        assert!(
            text.lines().any(|printed| printed.trim_end() == line),
            "{line} in {text}"
        );
    }
    let join = operation(&plan, "op.join");
    assert!(!join.idempotency_key && !join.reads_token(&plan.model));
    assert!(operation(&plan, "op.change").reads_token(&plan.model));
    let json = serde_json::to_value(json(&plan)).unwrap();
    let operations = json["operations"].as_array().unwrap();
    let enter = operations
        .iter()
        .find(|one| one["id"] == "op.enter")
        .unwrap();
    assert_eq!(enter["rate"], "sign-in");
    assert_eq!(enter["program"]["steps"][0]["else"]["403"]["said"], "'no'");
}

#[test]
fn expressions_are_printed_as_a_design_may_write_them() {
    let plan = planned(
        "
archwright: 1
name: shop
entities:
  Book:
    allow: { read: anyone }
    fields:
      title: string
      n: int
operations:
  touch:
    route: POST /books/{id}/touch
    by: anyone
    input: { header: { X-Device: string(1..20) } }
    steps:
      - find: { title: Book }
        where: id == path.id
      - find: { other: Book }
        where: self.title == title.title && n != -(-5) && self.title != header.x_device
    reply: { 204: ~ }
",
    );
    let text = render_text(&plan);
    let filter = "self.title == title.title && n != -(-5) && self.title != header.x_device";
    assert!(text.contains(filter), "{text}");
}

#[test]
fn links_and_files_take_who_may_update_and_who_may_set() {
    let plan = planned(
        "
archwright: 1
name: notes
roles: { member: { sign-up: open }, editor: { includes: member, granted-by: editor } }
entities:
  User:
    account: email
    fields: { email: 'email, unique' }
    allow: { get: owner }
  Note:
    fields:
      author: User, owner
      tags: { type: 'Tag[]', settable: editor }
      fixed: 'Tag[], immutable'
      picture: { type: 'file?', settable: member }
    allow: { read: member, create: member, update: [owner, editor] }
  Tag: { fields: { name: 'string, unique' } }
",
    );
    let text = render_text(&plan);
    let allowed = |id: &str| -> Vec<String> {
        let lines = printed(&plan, &text, id);
        let lines = lines
            .iter()
            .filter_map(|line| line.strip_prefix("    allowed: "));
        lines.map(str::to_owned).collect()
    };
    let own = "editor when author == caller";
    assert_eq!(allowed("notes.link-tags"), [own, "editor"]);
    assert_eq!(allowed("notes.unlink-tags"), [own, "editor"]);
    assert_eq!(
        allowed("notes.upload-picture")[0],
        "member when author == caller"
    );
    assert_eq!(
        allowed("notes.upload-picture")[1],
        "editor when 'member' in caller.roles"
    );
    assert!(plan.operation("notes.link-fixed").is_none());
}

#[test]
fn joined_words_give_no_two_keys_or_indexes_one_name() {
    let plan = planned(
        "
archwright: 1
name: names
entities:
  User:
    fields:
      tag_name: string, unique
      first: string
      name: string
      first_name: string, unique
      a: int
      b: int
      a_b: int, filter
      other: Other[]
    unique: [[first, name]]
    index: [[a, b], [a_b]]
    allow: { read: anyone }
  UserTag:
    fields: { name: 'string, unique' }
    allow: { read: anyone }
  Other:
    fields: { friends: 'Other[]' }
    allow: { read: anyone }
",
    );
    let mut names: Vec<&str> = plan.tables.iter().map(|table| &table.name[..]).collect();
    for table in &plan.tables {
        names.extend(table.unique.iter().map(|key| &key.name[..]));
        names.extend(table.indexes.iter().map(|index| &index.name[..]));
    }
    let distinct: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
    let users = plan
        .tables
        .iter()
        .find(|table| table.name == "users")
        .unwrap();
    let indexed: Vec<Vec<&str>> = users
        .indexes
        .iter()
        .map(|index| index.columns.iter().map(|(name, _)| &name[..]).collect())
        .collect();
    let count = |columns: &[&str]| indexed.iter().filter(|known| *known == columns).count();
    assert_eq!(count(&["a", "b", "id"]), 1, "{indexed:?}");
    assert_eq!(count(&["a_b", "id"]), 1, "{indexed:?}");
    assert_eq!(count(&["a_b"]), 0, "one index serves both");
    let friends = plan
        .tables
        .iter()
        .find(|table| table.name == "other_friends")
        .unwrap();
    assert_eq!(friends.primary_key, ["other_id", "another_id"]);
}

#[test]
fn what_steps_answer_with_is_among_the_errors() {
    let plan = planned(
        "
archwright: 1
name: notes
roles: { member: { sign-up: open } }
entities:
  User: { account: email, fields: { email: 'email, unique' } }
  Note:
    fields:
      paid: bool
      status: enum(draft, sent) = draft
    allow: { read: member }
    moves:
      send:
        from: draft
        to: sent
        by: member
        do: [{ guard: self.paid, else: payment-required }]
operations:
  sendAll:
    route: POST /notes/send
    by: member
    input: { body: { notes: 'uuid[]', first: uuid } }
    steps:
      - find: { first: Note }
        where: id == body.first
      - guard: first.paid
        else: 423
      - each: { one: body.notes }
        do:
          - find: { note: Note }
            where: id == one
          - guard: note.paid
            else: gone
      - move: { first: send }
    reply: { 204: ~ }
",
    );
    let codes = |id| -> Vec<(u16, String)> {
        let errors = operation(&plan, id).errors.iter();
        errors
            .filter(|case| !matches!(case.status, 400 | 401 | 403 | 409 | 413 | 415 | 422 | 429))
            .map(|case| (case.status, case.code.clone()))
            .collect()
    };
    let case = |status, code: &str| (status, code.to_owned());
    assert_eq!(
        codes("notes.send"),
        [
            case(404, "not-found"),
            case(412, "precondition-failed"),
            case(402, "payment-required"),
        ]
    );
    assert_eq!(
        codes("op.sendAll"),
        [
            case(402, "payment-required"),
            case(404, "not-found"),
            case(410, "gone"),
            case(423, "locked"),
        ]
    );
}

/// Each move makes the next one twice: what they answer with is looked up once for each.
#[test]
fn moves_that_make_others_again_and_again_are_planned() {
    let moves: String = (0..7)
        .map(|index| {
            let next = format!("move: {{ self: m{} }}", index + 1);
            format!("      m{index}: {{ from: [a, b], to: a, by: member, do: [{{ {next} }}, {{ {next} }}] }}\n")
        })
        .collect();
    let plan = planned(&format!(
        "
archwright: 1
name: notes
roles: {{ member: {{ sign-up: open }} }}
entities:
  User: {{ account: email, fields: {{ email: 'email, unique' }} }}
  Note:
    fields: {{ status: 'enum(a, b) = a' }}
    allow: {{ read: member }}
    moves:
{moves}      m7: {{ from: a, to: b, by: member, do: [{{ guard: 'size(self.id) > 3', else: gone }}] }}
"
    ));
    let errors = &operation(&plan, "notes.m0").errors;
    assert!(errors.iter().any(|case| case.status == 410), "{errors:?}");
}

#[test]
fn only_operations_that_set_something_meet_unique_values() {
    let plan = planned(
        "
archwright: 1
name: notes
roles: { member: { sign-up: open } }
entities:
  User: { account: email, fields: { email: 'email, unique' } }
  Note: { fields: { text: 'string(1..9), unique' }, allow: { read: member } }
  Line: { fields: { text: text }, allow: { read: member } }
operations:
  ask: { route: POST /ask, by: member, steps: [{ list: { notes: Note } }], reply: { 204: ~ } }
  drop: { route: POST /drop, by: member, steps: [{ find: { note: Note } }, { delete: note }], reply: { 204: ~ } }
  note: { route: POST /note, by: member, steps: [{ create: { line: Line }, set: { text: \"'a'\" } }], reply: { 204: ~ } }
  add: { route: POST /add, by: member, steps: [{ create: { note: Note }, set: { text: \"'a'\" } }], reply: { 204: ~ } }
",
    );
    let unique = |id| {
        let mut errors = operation(&plan, id).errors.iter();
        errors.any(|case| case.code == "unique")
    };
    assert_eq!(
        ["op.ask", "op.drop", "op.note", "op.add"].map(unique),
        [false, false, false, true]
    );
}

#[test]
fn a_move_whose_steps_write_can_break_a_rule() {
    let plan = planned(
        "
archwright: 1
name: shelves
entities:
  Shelf:
    fields: { status: 'enum(calm, wild) = calm', size: 'int = 1' }
    allow: { read: anyone }
    moves:
      excite:
        from: calm
        to: wild
        by: anyone
        input: { pages: int }
        do: [{ create: { book: Book }, set: { shelf: self, pages: input.pages } }]
      calm:
        from: wild
        to: calm
        by: anyone
        input: { size: int }
        set: { size: input.size }
  Book:
    fields: { shelf: Shelf, pages: 'int, min 1' }
    allow: { read: anyone }
",
    );
    let breaks = |id| {
        let mut errors = operation(&plan, id).errors.iter();
        errors.any(|case| (case.status, &case.code[..]) == (409, "check"))
    };
    assert!(breaks("shelves.excite"));
    assert!(!breaks("shelves.calm"));
}

#[test]
fn the_plan_names_the_entities_that_no_tenant_confines() {
    let design = |country: &str| {
        format!(
            "
archwright: 1
name: desk
roles: {{ agent: {{ sign-up: open }} }}
entities:
  Company: {{ tenant: true, fields: {{ name: string(80) }}, allow: {{ get: signed-in }} }}
  User:
    account: email
    fields: {{ email: 'email, unique', company: 'Company, tenant' }}
    allow: {{ get: owner }}
{country}"
        )
    };
    let country = "  Country: { fields: { name: string }, allow: { read: anyone } }\n";
    for (country, choice) in [
        (
            "",
            "Rows are confined to the caller's Company in every query.",
        ),
        (
            country,
            "Rows are confined to the caller's Company in every query, but those of `Country`: they have no tenant.",
        ),
    ] {
        let plan = planned(&design(country));
        let mut decisions = plan.decisions.iter();
        let tenancy = decisions.find(|decision| decision.subject == "tenancy");
        assert_eq!(tenancy.unwrap().choice, choice);
    }
}

#[test]
fn who_is_not_signed_in_creates_no_row_that_needs_an_owner() {
    let plan = planned(
        "
archwright: 1
name: notes
roles: { member: { sign-up: open } }
entities:
  User: { account: email, fields: { email: 'email, unique' } }
  Owned:
    fields: { author: 'User, owner', text: text }
    allow: { read: anyone, create: anyone }
  Free:
    fields: { author: 'User?, owner', text: text }
    allow: { read: anyone, create: anyone }
  Given:
    fields: { author: { type: User, owner: true, settable: anyone }, text: text }
    allow: { read: anyone, create: anyone }
",
    );
    check_access(&plan, "owneds.create", &[("anonymous", false, None, "no")]);
    check_access(&plan, "owneds.list", &[("anonymous", false, None, "yes")]);
    check_access(&plan, "frees.create", &[("anonymous", false, None, "yes")]);
    check_access(&plan, "givens.create", &[("anonymous", false, None, "yes")]);
}
