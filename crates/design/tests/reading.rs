//! What a sound design becomes, and that places stay exact.
#![expect(clippy::unwrap_used, reason = "a missing part fails the test")]

use archwright_design::ast::{
    BodyField, Design, Entity, Field, Rate, SeedValue, Shape, StepKind, Text,
};
use archwright_design::{Reading, read};

fn reading() -> Reading {
    let text = include_bytes!("designs/everything.yaml");
    let reading = read(&[("everything.yaml".to_owned(), text.to_vec())]);
    assert_eq!(reading.diagnostics, []);
    assert!(reading.complete);
    reading
}

fn entity<'d>(design: &'d Design, name: &str) -> &'d Entity {
    design
        .entities
        .iter()
        .find(|entity| entity.name.value == name)
        .unwrap()
}

fn field<'d>(design: &'d Design, name: &str) -> &'d Field {
    entity(design, "Article")
        .fields
        .iter()
        .find(|field| field.name.value == name)
        .unwrap()
}

fn values(texts: &[Text]) -> Vec<&str> {
    texts.iter().map(|text| text.value.as_str()).collect()
}

fn value(text: &Option<Text>) -> Option<&str> {
    text.as_ref().map(|text| text.value.as_str())
}

#[test]
fn the_top_level_is_read() {
    let Design {
        api,
        stack,
        about,
        types,
        roles,
        ..
    } = reading().design;
    assert_eq!(value(&about), Some("A design that uses every construct."));
    assert_eq!(value(&api.base), Some("/api"));
    assert_eq!(api.page_max.unwrap().value, 100);
    assert_eq!(api.body.unwrap().value, 1 << 20);
    assert_eq!(api.refresh_lifetime.unwrap().value, 30 * 86_400);
    assert_eq!(
        values(&api.origins),
        ["https://app.example.com", "https://admin.example.com"]
    );
    assert_eq!(
        api.rates[0].1.value,
        Rate {
            count: 10,
            per_seconds: 60
        }
    );
    assert_eq!(values(&stack.sign_in), ["password", "google"]);
    assert_eq!(value(&types[0].pattern), Some("^97[89]"));
    assert_eq!(roles[0].sign_up.as_ref().map(|open| open.value), Some(true));
    assert_eq!(values(&roles[2].granted_by), ["admin"]);
    assert_eq!(roles[3].name.value, "guest");
}

#[test]
fn short_fields_are_taken_apart() {
    let design = reading().design;
    let expires = field(&design, "expires_at");
    assert_eq!(
        (expires.ty.name.value.as_str(), value(&expires.default)),
        ("datetime", Some("now + duration('7d')"))
    );
    let price = field(&design, "price");
    assert_eq!(values(&price.ty.arguments), ["12", "2"]);
    assert_eq!(
        (value(&price.min), value(&price.max)),
        (Some("0"), Some("1000.50"))
    );
    assert!(price.filter.is_some() && price.sort.is_some() && price.search.is_none());
    let cover = field(&design, "cover");
    assert!(cover.ty.optional && !cover.ty.many);
    assert_eq!(
        values(&cover.ty.arguments),
        ["5MB", "image/png", "image/jpeg"]
    );
    assert_eq!(
        values(&field(&design, "number").unique.as_ref().unwrap().within),
        ["organisation", "author"]
    );
    assert_eq!(
        value(&field(&design, "summary").computed),
        Some("title + ', by ' + author.name")
    );
    assert_eq!(value(&field(&design, "comments").by), Some("article"));
    assert_eq!(value(&field(&design, "tags").through), Some("Tagging"));
    assert_eq!(value(&field(&design, "author").on_delete), Some("cascade"));
    assert_eq!(value(&field(&design, "slug").from), Some("title"));
}

#[test]
fn long_fields_are_read() {
    let design = reading().design;
    let isbn = field(&design, "isbn");
    assert_eq!(value(&isbn.about), Some("Its number: ISBN-13."));
    assert_eq!(value(&isbn.example), Some("9780306406157"));
    assert_eq!(value(&isbn.default), Some("null"));
    assert_eq!(value(&isbn.evolution.was), Some("code"));
    assert_eq!(
        isbn.evolution.until.as_ref().map(|until| until.value),
        Some(3)
    );
    let visible = isbn.visible.as_ref().unwrap();
    assert_eq!(
        (visible[1].who.value.as_str(), value(&visible[1].when)),
        ("owner", Some("status == 'draft'"))
    );
    let settable = isbn.settable.as_ref().unwrap();
    let who: Vec<&str> = settable
        .iter()
        .map(|grant| grant.who.value.as_str())
        .collect();
    assert_eq!(who, ["staff", "owner", "admin"]);
    assert_eq!(
        (value(&settable[2].when), value(&settable[2].after)),
        (Some("a, b"), Some("total <= 100"))
    );
}

#[test]
fn entities_carry_their_rules() {
    let design = reading().design;
    let article = entity(&design, "Article");
    assert_eq!(values(&article.unique[0]), ["author", "number"]);
    assert_eq!(values(&article.index[1]), ["price"]);
    assert_eq!(
        value(&article.checks[1].message),
        Some("It costs something.")
    );
    let update = &article.allow[2];
    assert_eq!(
        value(&update.grants[0].when),
        Some("status == 'draft' && !(price in [1, 2])")
    );
    assert_eq!(
        (update.grants[1].who.value.as_str(), update.grants.len()),
        ("staff", 2)
    );
    assert_eq!(
        value(&article.allow[3].grants[0].when),
        Some("status != 'published'")
    );
    let retract = &article.moves[1];
    assert_eq!(
        (values(&retract.from), value(&retract.to)),
        (vec!["published", "draft"], Some("retracted"))
    );
    assert_eq!(
        (retract.by.len(), retract.input.len(), retract.steps.len()),
        (2, 1, 1)
    );
    let workload = article.workload.as_ref().unwrap();
    assert_eq!(workload.rows.as_ref().unwrap().value, 2_000_000);
    assert_eq!(
        workload.rates[1].1.value,
        Rate {
            count: 1_000,
            per_seconds: 1
        }
    );
    let account = entity(&design, "User").account.as_ref().unwrap();
    assert_eq!(
        (
            account.sign_in.value.as_str(),
            account.password_min.as_ref().unwrap().value
        ),
        ("email", 12)
    );
}

#[test]
fn operations_are_read_step_by_step() {
    let design = reading().design;
    let operation = &design.operations[0];
    assert_eq!(
        (value(&operation.method), value(&operation.path)),
        (Some("POST"), Some("/articles/{slug}/favorite"))
    );
    assert_eq!(value(&operation.input_query[0].default), Some("20"));
    let BodyField::Object {
        name,
        optional: true,
        fields,
        ..
    } = &operation.input_body[0]
    else {
        panic!("no object")
    };
    assert_eq!((name.value.as_str(), fields.len()), ("article", 3));
    let BodyField::Leaf(tags) = &fields[1] else {
        panic!("no leaf")
    };
    assert!(tags.ty.many && tags.ty.optional);
    let BodyField::Leaf(kind) = &fields[2] else {
        panic!("no leaf")
    };
    assert_eq!(value(&kind.about), Some("The kind."));
    assert_eq!(operation.steps.len(), 13);
    assert!(matches!(
        &operation.steps[0].kind,
        StepKind::Find { lock: true, .. }
    ));
    assert_eq!(value(&operation.steps[1].otherwise), Some("null"));
    assert!(
        matches!(&operation.steps[2].kind, StepKind::List { sort, .. } if values(sort) == ["-created_at", "title"])
    );
    assert_eq!(
        value(&operation.steps[3].condition),
        Some("body.article != null")
    );
    assert!(matches!(&operation.steps[12].kind, StepKind::Each { steps, .. } if steps.len() == 1));
    let Shape::Object(members, _) = &operation.replies[0].1 else {
        panic!("no object")
    };
    assert!(
        matches!(&members[0].1, Shape::Show { .. }) && matches!(&members[2].1, Shape::Each { .. })
    );
    assert!(matches!(&operation.replies[1], (status, Shape::Nothing(_)) if status.value == 204));
    assert!(matches!(&operation.replies[2], (_, Shape::Value(text)) if text.value == "missing"));
}

#[test]
fn seeds_are_numbers_rows_or_both() {
    let seed = reading().design.seed;
    assert_eq!(seed[0].rows.as_ref().unwrap().value, 40);
    assert_eq!((seed[1].with.len(), seed[1].rows.is_none()), (1, true));
    assert_eq!(
        (seed[2].with.len(), seed[2].rows.as_ref().unwrap().value),
        (1, 2_000)
    );
    assert!(
        matches!(&seed[2].with[0][2].1, SeedValue::List(items) if matches!(&items[0], SeedValue::Object(row) if row.len() == 2))
    );
}

/// Every text that the tree holds stands at its place in the file, byte for byte.
#[test]
fn places_are_exact() {
    let text = "archwright: 1\nname: x\nabout: \"caf\\u00e9 ü and \\\"more\\\"\"\nentities:\n  A:\n    checks:\n      \
        a: 'it''s é == ''ü'''\n      b: >-\n        folded\n        über text\n      c: one\n        two ß\n    fields: {}\n";
    let reading = read(&[("a.yaml".to_owned(), text.as_bytes().to_vec())]);
    assert_eq!(reading.diagnostics, []);
    let check = |text: &Text, part: &str, written: &str| {
        let start = text.value.find(part).unwrap();
        let place = text.place(start..start + part.len());
        let source = &reading.sources.get(place.file).text;
        assert_eq!(
            &source[place.start as usize..place.end as usize],
            written,
            "{part} in {}",
            text.value
        );
    };
    let design = &reading.design;
    check(design.about.as_ref().unwrap(), "é ü", "\\u00e9 ü");
    check(design.about.as_ref().unwrap(), "more", "more");
    let checks = &design.entities[0].checks;
    check(&checks[0].that, "s é", "s é");
    check(&checks[0].that, "ü", "ü");
    check(&checks[1].that, "über text", "über text");
    check(&checks[1].that, "folded über", "folded\n        über");
    check(&checks[2].that, "two ß", "two ß");
}
