//! What a sound design means: the model that it lowers to.
#![expect(clippy::unwrap_used, reason = "a failed test is a panic")]

use archwright_diagnostics::Severity;
use archwright_model::{
    Aggregate, Entity, ExpressionKind, FieldKind, InputKind, Literal, Model, OnDelete, Origin,
    Otherwise, ScalarType, Shape, StepKind, ToManyKind, Type, Who, lower,
};

fn model(text: &str) -> Model {
    let text = format!("archwright: 1\nname: shop\n{text}");
    let reading = archwright_design::read(&[("design.yaml".to_owned(), text.into_bytes())]);
    let (model, diagnostics) = lower(&reading.design);
    let all: Vec<_> = reading
        .diagnostics
        .iter()
        .chain(&diagnostics)
        .filter(|one| one.severity == Severity::Error)
        .collect();
    assert!(all.is_empty(), "{all:#?}");
    model.unwrap()
}

fn entity<'m>(model: &'m Model, name: &str) -> &'m Entity {
    model.entity_named(name).unwrap()
}

/// Each relation of an entity in a line.
fn relations(model: &Model, name: &str) -> Vec<String> {
    let path = |id| {
        format!(
            "{}.{}",
            model.entity(id_entity(id)).name,
            model.field(id).name
        )
    };
    let show = |kind: &FieldKind| match kind {
        FieldKind::Scalar(_) => None,
        FieldKind::ToOne(relation) => Some(format!(
            "{:?} inverse {:?}",
            relation.on_delete,
            relation.inverse.map(path)
        )),
        FieldKind::ToMany(relation) => Some(match &relation.kind {
            ToManyKind::Inverse { by } => format!("inverse of {}", path(*by)),
            ToManyKind::Composed { by } => format!("composed by {}", path(*by)),
            ToManyKind::Linked { canonical, inverse } => {
                format!(
                    "linked as {} with {:?}",
                    path(*canonical),
                    inverse.map(path)
                )
            }
            ToManyKind::Through { entity, near, far } => {
                format!(
                    "through {}: {} and {}",
                    model.entity(*entity).name,
                    path(*near),
                    path(*far)
                )
            }
        }),
    };
    let fields = entity(model, name).fields.iter();
    fields
        .filter_map(|field| show(&field.kind).map(|shown| format!("{}: {shown}", field.name)))
        .collect()
}

fn id_entity(id: archwright_model::FieldId) -> archwright_model::EntityId {
    id.entity
}

#[test]
fn names_follow_from_the_entity() {
    let model = model(
        "entities:\n  OrderLine: { fields: { title: string } }\n  Person: { fields: { title: string } }\n  Staff: { plural: staff, path: team, fields: { title: string } }\n",
    );
    let names: Vec<_> = model
        .entities
        .iter()
        .map(|entity| [&entity.singular[..], &entity.plural, &entity.path])
        .collect();
    assert_eq!(
        names,
        [
            ["order_line", "order_lines", "order-lines"],
            ["person", "people", "people"],
            ["staff", "staff", "team"]
        ]
    );
}

#[test]
fn types_have_their_defaults_and_limits() {
    let model = model(
        "types: { Isbn: \"string(13), pattern '^9', unique\" }\nentities:\n  Book:\n    fields:\n      a: string\n      b: string(9)\n      c: string(0..9)\n      d: money\n      e: file?\n      f: Isbn?\n      g: enum(x, y) = y\n      h: money = 3\n      i: datetime = 2026-01-01T01:00:00+01:00\n",
    );
    let book = entity(&model, "Book");
    let scalars: Vec<_> = book
        .fields
        .iter()
        .take(5)
        .map(|field| field.scalar().unwrap().clone())
        .collect();
    assert_eq!(
        scalars,
        [
            ScalarType::String { min: 1, max: 255 },
            ScalarType::String { min: 1, max: 9 },
            ScalarType::String { min: 0, max: 9 },
            ScalarType::Decimal {
                precision: 15,
                scale: 2
            },
            ScalarType::File {
                max_bytes: 5 << 20,
                media_types: Vec::new()
            },
        ]
    );
    let isbn = book.field_named("f").unwrap();
    assert!(isbn.optional);
    assert_eq!(isbn.pattern.as_deref(), Some("^9"));
    assert_eq!(book.unique[0].name, "unique_book_f");
    let default = |name: &str| match &book
        .field_named(name)
        .unwrap()
        .default
        .as_ref()
        .unwrap()
        .kind
    {
        ExpressionKind::Literal(literal) => literal.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(default("g"), Literal::Text("y".to_owned()));
    assert_eq!(
        default("h"),
        Literal::Decimal {
            units: 300,
            scale: 2
        }
    );
    assert_eq!(
        default("i"),
        Literal::Text("2026-01-01T00:00:00.000Z".to_owned())
    );
}

#[test]
fn timestamps_are_implied_unless_declined() {
    let model = model(
        "entities:\n  A: { fields: { x: int } }\n  B: { timestamps: false, fields: { x: int } }\n",
    );
    let names = |name: &str| {
        entity(&model, name)
            .fields
            .iter()
            .map(|field| field.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("A"), ["x", "created_at", "updated_at"]);
    assert_eq!(names("B"), ["x"]);
    let stamp = entity(&model, "A").field_named("created_at").unwrap();
    assert!(stamp.read_only && stamp.sort && stamp.origin == Origin::Implied);
}

#[test]
fn parts_get_a_reference_to_their_whole() {
    let model = model(
        "entities:\n  Order:\n    fields:\n      lines: Line[], composed\n  Line: { fields: { quantity: int } }\n",
    );
    assert_eq!(
        relations(&model, "Order"),
        ["lines: composed by Line.order"]
    );
    assert_eq!(
        relations(&model, "Line"),
        ["order: Cascade inverse Some(\"Order.lines\")"]
    );
    let back = entity(&model, "Line").field_named("order").unwrap();
    assert!(back.immutable && !back.optional && back.origin == Origin::Implied);
    assert_eq!(entity(&model, "Line").part_of.unwrap().back, back.id);
}

#[test]
fn relations_are_paired() {
    let model = model(
        "entities:\n  User:\n    fields:\n      name: string\n      articles: Article[], by author\n      favourites: Article[]\n      follows: User[]\n      followers: User[], by follows\n      boss: User?\n      team: Team, on-delete cascade\n      courses: Course[], through Enrolment\n  Article:\n    fields:\n      author: User\n      fans: User[], by favourites\n      tags: Tag[]\n  Tag:\n    fields:\n      articles: Article[]\n      parent: Tag?\n      children: Tag[], by parent\n  Team:\n    fields:\n      users: User[]\n  Course: { fields: { title: string } }\n  Enrolment: { fields: { student: User, course: Course } }\n",
    );
    assert_eq!(
        relations(&model, "User"),
        [
            "articles: inverse of Article.author",
            "favourites: linked as User.favourites with Some(\"Article.fans\")",
            "follows: linked as User.follows with Some(\"User.followers\")",
            "followers: linked as User.follows with Some(\"User.follows\")",
            "boss: SetNull inverse None",
            "team: Cascade inverse Some(\"Team.users\")",
            "courses: through Enrolment: Enrolment.student and Enrolment.course",
        ]
    );
    assert_eq!(
        relations(&model, "Article"),
        [
            "author: Restrict inverse Some(\"User.articles\")",
            "fans: linked as User.favourites with Some(\"User.favourites\")",
            "tags: linked as Article.tags with Some(\"Tag.articles\")",
        ]
    );
    assert_eq!(
        relations(&model, "Tag"),
        [
            "articles: linked as Article.tags with Some(\"Article.tags\")",
            "parent: SetNull inverse Some(\"Tag.children\")",
            "children: inverse of Tag.parent",
        ]
    );
    assert_eq!(relations(&model, "Team"), ["users: inverse of User.team"]);
}

#[test]
fn a_self_relation_through_an_entity_needs_its_near_side() {
    let model = model(
        "entities:\n  User:\n    fields:\n      friends: User[], through Friendship, by one\n  Friendship: { fields: { one: User, other: User } }\n",
    );
    assert_eq!(
        relations(&model, "User"),
        ["friends: through Friendship: Friendship.one and Friendship.other"]
    );
}

const ACCOUNTS: &str = "roles:\n  customer: { sign-up: open }\n  staff: {}\n  admin: { includes: staff, granted-by: admin }\nentities:\n  User:\n    account: email\n    fields:\n      email: email, unique\n      name: string\n      favourites: Book[]\n    allow: { read: owner }\n";

fn with_accounts(text: &str) -> Model {
    model(&format!("{ACCOUNTS}{text}"))
}

#[test]
fn roles_include_themselves_and_what_they_name() {
    let model = with_accounts("  Book: { fields: { title: string } }\n");
    let includes: Vec<Vec<usize>> = model
        .roles
        .iter()
        .map(|role| role.includes.iter().map(|role| role.0).collect())
        .collect();
    assert_eq!(includes, [vec![0], vec![1], vec![1, 2]]);
    assert_eq!(model.account.as_ref().unwrap().password_min, 8);
}

#[test]
fn a_specific_action_replaces_what_the_broad_one_gave() {
    let model = with_accounts(
        "  Book:\n    fields: { title: string, seller: User, liked_by: 'User[], by favourites' }\n    allow:\n      get: nobody\n      read: anyone, staff\n      update: staff when title != 'x'\n      write: admin\n",
    );
    let access = &entity(&model, "Book").access;
    let who = |grants: &[archwright_model::Grant]| {
        grants.iter().map(|grant| grant.who).collect::<Vec<_>>()
    };
    let role = |name: &str| {
        Who::Role(archwright_model::RoleId(
            model
                .roles
                .iter()
                .position(|role| role.name == name)
                .unwrap(),
        ))
    };
    assert_eq!(who(&access.list), [Who::Anyone, role("staff")]);
    assert_eq!(who(&access.get), []);
    assert_eq!(who(&access.create), [role("admin")]);
    assert_eq!(who(&access.update), [role("staff")]);
    assert!(access.update[0].when.is_some());
    assert_eq!(who(&access.delete), [role("admin")]);
}

#[test]
fn states_begin_with_the_default_or_the_first_value() {
    let initial = |field: &str| {
        let text = format!(
            "  Book:\n    fields:\n      phase: {field}\n    state: phase\n    allow: {{ read: staff }}\n    moves:\n      go: {{ from: a, to: b, by: staff }}\n      back: {{ from: b, to: a, by: staff }}\n"
        );
        entity(&with_accounts(&text), "Book")
            .state
            .as_ref()
            .unwrap()
            .initial
            .clone()
    };
    assert_eq!(initial("enum(a, b)"), "a");
    assert_eq!(initial("enum(a, b) = b"), "b");
}

#[test]
fn conditions_are_bound_and_typed() {
    let model = with_accounts(
        "  Book:\n    fields:\n      price: money\n      seller: User?\n      liked_by: User[], by favourites\n      lines: Line[]\n      total: money := lines.filter(l, l.open).sum(l, l.quantity * price)\n    checks:\n      cheap: price < 100\n      few: size(lines) < 10\n    allow: { read: staff when seller == caller && 'admin' in caller.roles && price >= 1 }\n  Line: { fields: { book: Book, quantity: int, open: bool } }\n",
    );
    let book = entity(&model, "Book");
    let total = book
        .field_named("total")
        .unwrap()
        .computed
        .as_ref()
        .unwrap();
    assert_eq!(total.ty, Type::Decimal { scale: 2 });
    let ExpressionKind::Aggregate {
        aggregate: Aggregate::Sum,
        condition: Some(_),
        value: Some(_),
        ..
    } = &total.kind
    else {
        panic!("{total:?}")
    };
    assert_eq!(
        book.checks
            .iter()
            .map(|check| check.own_row)
            .collect::<Vec<_>>(),
        [true, false]
    );
    let mut literals = Vec::new();
    book.checks[0].that.walk(&mut |part| {
        if let ExpressionKind::Literal(literal) = &part.kind {
            literals.push(literal.clone());
        }
    });
    assert_eq!(
        literals,
        [Literal::Decimal {
            units: 10_000,
            scale: 2
        }]
    );
    let condition = book.access.list[0].when.as_ref().unwrap();
    assert!(condition.depends_on_caller());
    let mut roles = 0;
    condition
        .walk(&mut |part| roles += usize::from(matches!(part.kind, ExpressionKind::HasRole(_))));
    assert_eq!(roles, 1);
}

#[test]
fn moves_hold_what_they_set() {
    let model = with_accounts(
        "  Book:\n    fields:\n      status: enum(draft, done)\n      note: string?\n    allow: { read: staff }\n    moves:\n      finish: { from: draft, to: done, by: staff when note == null, when: note != 'x', set: { note: input.note }, input: { note: string } }\n",
    );
    let book = entity(&model, "Book");
    let machine = book.state.as_ref().unwrap();
    let step = &machine.moves[0];
    assert_eq!(
        (&machine.initial[..], &step.from[..], &step.to[..]),
        ("draft", &["draft".to_owned()][..], "done")
    );
    assert!(
        book.field_named("status").unwrap().read_only
            && book.field_named("status").unwrap().default.is_some()
    );
    assert!(step.when.is_some() && step.by[0].when.is_some());
    assert_eq!(step.set[0].0, book.field_named("note").unwrap().id);
}

#[test]
fn operations_resolve_step_by_step() {
    let model = with_accounts(
        "  Book:\n    key: slug\n    fields:\n      slug: slug, unique, from title\n      title: string\n      tags: Tag[]\n    allow: { read: anyone }\n  Tag:\n    fields:\n      name: string, unique\nviews:\n  Card: { of: Book, show: { title: title, tags: 'tags.map(t, t.name)' } }\noperations:\n  favourite:\n    route: POST /books/{slug}/favourite\n    by: signed-in\n    input:\n      body: { tags: \"string[]?\", book: { title: string? } }\n    steps:\n      - find: { book: Book }\n        where: slug == path.slug\n      - link: { caller.favourites: book }\n      - update: book\n        set: { title: body.book.title }\n      - each: { name: body.tags }\n        if: body.tags != null\n        do:\n          - get-or-create: { tag: Tag }\n            key: { name: name }\n          - link: { book.tags: tag }\n      - find: { other: Book }\n        where: title == 'x'\n        else: null\n      - guard: other == null\n        else: conflict\n    reply: { 200: { book: { show: Card, of: book } } }\n",
    );
    let operation = &model.operations[0];
    assert_eq!(
        (
            operation.method.name(),
            &operation.path[..],
            &operation.rate[..]
        ),
        ("POST", "/books/{slug}/favourite", "write")
    );
    let outcomes: Vec<Otherwise> = operation.steps.iter().map(|step| step.otherwise).collect();
    assert_eq!(outcomes[0], Otherwise::Status(404));
    assert_eq!(outcomes[4], Otherwise::Null);
    assert_eq!(outcomes[5], Otherwise::Status(409));
    let StepKind::Find { bind, .. } = operation.steps[0].kind else {
        panic!()
    };
    let StepKind::Update { row, .. } = &operation.steps[2].kind else {
        panic!()
    };
    assert!(matches!(row.kind, ExpressionKind::Binding(id) if id == bind));
    let StepKind::Each { steps, .. } = &operation.steps[3].kind else {
        panic!()
    };
    assert_eq!(steps.len(), 2);
    let (200, Shape::Object(parts)) = &operation.replies[0] else {
        panic!()
    };
    assert!(matches!(&parts[0].1, Shape::Show { view, .. } if model.view(*view).name == "Card"));
    assert_eq!(operation.path_input[0].name, "slug");
}

#[test]
fn what_a_condition_says_is_there_is_there() {
    with_accounts(
        "  Book:\n    fields:\n      title: string\n      stock: int?\n      half: { type: int, computed: \"stock != null ? stock : 0\" }\n    allow: { read: anyone }\noperations:\n  use:\n    route: POST /use\n    by: signed-in\n    input: { body: { count: \"int?\" } }\n    steps:\n      - find: { book: Book }\n        where: title == 'x'\n        else: null\n      - guard: book != null && book.stock != null\n      - increment: { book.stock: body.count }\n        if: body.count != null\n    reply: { 204: ~ }\n",
    );
}

#[test]
fn elements_of_other_versions_are_left_out() {
    let model = model(
        "api: { version: 2 }\nentities:\n  A: { fields: { x: int, y: { type: int, until: 1 }, z: { type: int, since: 3 } } }\n  B: { since: 3, fields: { x: int } }\n",
    );
    assert_eq!(model.entities.len(), 1);
    assert_eq!(entity(&model, "A").fields[0].name, "x");
    assert_eq!(entity(&model, "A").fields.len(), 3);
    assert_eq!(model.api.base, "/v2");
}

#[test]
fn on_delete_is_kept_as_written() {
    let model = model(
        "entities:\n  A: { fields: { x: int } }\n  B:\n    fields:\n      one: A?, on-delete restrict\n      two: A, on-delete cascade\n",
    );
    let kinds: Vec<OnDelete> = entity(&model, "B")
        .fields
        .iter()
        .filter_map(|field| field.to_one().map(|one| one.on_delete))
        .collect();
    assert_eq!(kinds, [OnDelete::Restrict, OnDelete::Cascade]);
}

#[test]
fn passwords_of_steps_keep_to_what_the_account_asks() {
    let text = "archwright: 1\nname: club\napi: { errors: { default: { e: by_field }, 404: { e: detail } } }\nroles: { staff: { granted-by: staff } }\nentities:\n  User:\n    account: { sign-in: email, password: 12 }\n    fields: { email: \"email, unique\" }\n    allow: { read: owner }\noperations:\n  join:\n    route: POST /join\n    by: anyone\n    input: { body: { user: { email: email, password: \"string(1..9999)\" }, name?: string } }\n    steps:\n      - create: { user: User }\n        set: { email: body.user.email }\n        password: body.user.password\n        role: staff\n      - token: { token: user }\n    reply: { 201: { token: token } }\n  me:\n    route: GET /me\n    by: signed-in\n    reply: { 200: { token: caller.token } }\n";
    let reading = archwright_design::read(&[("design.yaml".to_owned(), text.into())]);
    // Nobody is told that no role is open to sign-up: an operation gives it.
    let (model, diagnostics) = archwright_model::check(&reading);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    let model = model.unwrap();
    let [join, me] = model.operations.as_slice() else {
        panic!()
    };
    assert_eq!((&join.rate[..], &me.rate[..]), ("sign-in", "read"));
    assert!(join.proves_who() && join.handles_secrets() && !me.handles_secrets());
    let InputKind::Object(user) = &join.body_input[0].kind else {
        panic!()
    };
    assert!(user[1].secret && !user[0].secret);
    assert!(matches!(
        user[1].kind,
        InputKind::Scalar(ScalarType::String { min: 12, max: 256 })
    ));
    let name = &join.body_input[1];
    assert!(name.optional && !name.nullable);
    let shape = |status| {
        model
            .api
            .error_shape(status)
            .map(|shape| format!("{shape:?}"))
    };
    assert_ne!(shape(404), shape(422));
    assert!(shape(422).unwrap().contains("BindingId(5)"));
    let (200, Shape::Object(parts)) = &me.replies[0] else {
        panic!()
    };
    let Shape::Value(token) = &parts[0].1 else {
        panic!()
    };
    assert!(matches!(token.kind, ExpressionKind::CallerToken) && !token.nullable);
}

#[test]
fn an_alias_of_an_alias_of_an_alias_is_the_last_ones_type() {
    let aliases: String = (0..4000)
        .map(|index| format!("  T{index}: T{}\n", index + 1))
        .collect();
    let model = model(&format!(
        "types:\n{aliases}  T4000: string(7..9)\nentities:\n  Book: {{ fields: {{ a: T0, b: T3999? }} }}\n"
    ));
    let book = entity(&model, "Book");
    for name in ["a", "b"] {
        let scalar = book.field_named(name).unwrap().scalar();
        assert_eq!(scalar, Some(&ScalarType::String { min: 7, max: 9 }));
    }
}

#[test]
fn values_are_computed_from_each_other_step_by_step() {
    let chain: String = (1..=79)
        .map(|index| format!("      a{index}: int := a{} + 1\n", index - 1))
        .collect();
    let model = model(&format!(
        "entities:\n  Book:\n    fields:\n      a0: int\n{chain}"
    ));
    assert!(
        entity(&model, "Book")
            .field_named("a79")
            .unwrap()
            .computed
            .is_some()
    );
}

#[test]
fn an_optional_relation_of_a_seed_may_be_missing() {
    let model = model(
        "
entities:
  A:
    fields: { name: string, p: 'A?' }
    allow: { read: anyone }
seed:
  A:
    - { name: first, p: null }
    - { name: second, p: first }
",
    );
    let values: Vec<String> = model.seeds[0]
        .with
        .iter()
        .map(|row| format!("{:?}", row[1].1))
        .collect();
    assert_eq!(values, ["Literal(Null)", "Reference(\"first\")"]);
}

#[test]
fn text_under_default_is_a_literal_where_it_can_be_one() {
    let model = model(
        "
entities:
  A:
    fields:
      greeting: { type: string, default: Hello world }
      word: { type: string, default: today }
      quoted: { type: string, default: \"'it' + 's'\" }
      mail: { type: email, default: a@b.example }
      site: { type: url, default: 'https://x.example' }
      when: { type: 'enum(now, today)', default: now }
      at: { type: datetime, default: now }
      short: enum(now, today) = now
      day: date = today
    allow: { read: anyone }
",
    );
    let a = entity(&model, "A");
    let literal = |name: &str| match &a.field_named(name).unwrap().default.as_ref()?.kind {
        ExpressionKind::Literal(Literal::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let literals: Vec<Option<String>> = a
        .fields
        .iter()
        .filter(|field| field.origin == Origin::Declared)
        .map(|field| literal(&field.name))
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        literals,
        [
            text("Hello world"),
            text("today"),
            None,
            text("a@b.example"),
            text("https://x.example"),
            text("now"),
            None,
            text("now"),
            None,
        ]
    );
}

#[test]
fn values_of_modifiers_may_stand_in_quotes() {
    let model = model(
        "
entities:
  A:
    fields:
      title: string, example 'The Left, Hand'
      day: date, min '2020-01-01', max \"2030-01-01\"
    allow: { read: anyone }
",
    );
    let a = entity(&model, "A");
    let text = |text: &str| Some(Literal::Text(text.to_owned()));
    assert_eq!(a.fields[0].example, text("The Left, Hand"));
    assert_eq!(a.fields[1].min, text("2020-01-01"));
    assert_eq!(a.fields[1].max, text("2030-01-01"));
}
