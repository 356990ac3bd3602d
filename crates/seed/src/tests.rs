//! Seeded rows keep every rule: verified row by row, on the examples and on designs that make it hard.
#![expect(clippy::unwrap_used, reason = "a missing row fails the test")]

#[path = "../tests/common/mod.rs"]
mod common;

use crate::judge::{self, Scope};
use crate::values::{self, Subject};
use crate::world::{Row, World};
use crate::{SeedError, SeedOptions, known_sign_ins, rows, sign_ins};
use archwright_plan::model::{FieldKind, IdType, Literal, ScalarType};
use archwright_plan::{Plan, SeedRow};
use common::{EXAMPLES, example, planned, sound};
use std::collections::BTreeSet;

const OPTIONS: SeedOptions = SeedOptions {
    seed: 42,
    now_ms: 1_795_478_400_000,
    scale: 1,
};

fn plan_of(text: &str) -> Plan {
    let header = "archwright: 1\nname: hard\n";
    let text = format!("{header}{text}");
    planned(&sound(&[("hard.yaml".to_owned(), text.into_bytes())]))
}

/// Everything that is wrong with the rows.
fn problems(plan: &Plan, rows: &[SeedRow]) -> Vec<String> {
    let mut world = World::new(&plan.model);
    let mut found = Vec::new();
    for row in rows {
        let mut own = Row {
            entity: row.entity,
            id: row.id.clone(),
            values: row
                .values
                .iter()
                .map(|(field, value)| (field.index, value.clone()))
                .collect(),
            links: Default::default(),
            position: row.position,
            account: row.account.clone(),
            tenant: None,
            created_ms: 0,
        };
        for (field, ids) in &row.links {
            own.links.insert(field.index, ids.clone());
        }
        if world.find(row.entity, &row.id).is_some() {
            found.push(format!("id {} twice", row.id));
        }
        world.push(own);
        found.extend(forms(plan, &world, row));
    }
    for row in 0..world.rows.len() {
        found.extend(relations(plan, &world, row));
    }
    found
}

/// What can be said of a row while only earlier ones exist.
fn forms(plan: &Plan, world: &World, row: &SeedRow) -> Vec<String> {
    let entity = plan.model.entity(row.entity);
    let mut found = Vec::new();
    for field in &entity.fields {
        let name = format!("{}.{}", entity.name, field.name);
        let value = row.values.iter().find(|(id, _)| *id == field.id);
        let stored = field.to_many().is_none() && field.computed.is_none();
        match value {
            None if stored && !field.optional => found.push(format!("{name} is missing")),
            Some(_) if !stored => found.push(format!("{name} is not stored")),
            Some((_, Literal::Null)) => found.push(format!("{name} is a stored null")),
            Some((_, value)) => match &field.kind {
                FieldKind::ToOne(relation) => {
                    let Literal::Text(id) = value else {
                        found.push(format!("{name} is no id"));
                        continue;
                    };
                    if !field.optional && world.find(relation.target, id).is_none() {
                        found.push(format!("{name} points forwards or nowhere"));
                    }
                }
                _ => {
                    let subject = Subject::of_field(entity, field, false, OPTIONS.now_ms).unwrap();
                    if !values::accepts(&subject, value) {
                        found.push(format!("{name} can't be {value:?}"));
                    }
                }
            },
            None => {}
        }
    }
    match entity.id_type {
        IdType::Int if row.id.parse::<u32>().is_err() => found.push(format!("id {}", row.id)),
        IdType::Uuid if row.id.len() != 36 => found.push(format!("id {}", row.id)),
        _ => {}
    }
    if entity.part_of.is_some() != row.position.is_some() {
        found.push(format!("{} has a wrong position", entity.name));
    }
    found
}

/// What can be said of a row among all the others.
fn relations(plan: &Plan, world: &World, row: usize) -> Vec<String> {
    let own = &world.rows[row];
    let entity = plan.model.entity(own.entity);
    let mut found = Vec::new();
    if world.repeats_a_key(row) {
        found.push(format!("a key of {} is repeated", entity.name));
    }
    let tenant = |row: usize| {
        let row = &world.rows[row];
        let field = plan.model.entity(row.entity).tenant?;
        Some(row.text(field)?.to_owned())
    };
    for field in &entity.fields {
        let name = format!("{}.{}", entity.name, field.name);
        let mut others = Vec::new();
        if let (FieldKind::ToOne(_), true) = (&field.kind, own.values.contains_key(&field.id.index))
        {
            match world.target(row, field.id) {
                Some(target) => others.push(target),
                None => found.push(format!("{name} points nowhere")),
            }
        }
        if let Some(ids) = own.links.get(&field.id.index) {
            let linked = world.many(row, field.id);
            let distinct: BTreeSet<&usize> = linked.iter().collect();
            if linked.len() != ids.len() || distinct.len() != ids.len() {
                found.push(format!("{name} links nowhere or twice"));
            }
            others.extend(linked);
        }
        for other in others {
            if let (Some(own), Some(theirs)) = (tenant(row), tenant(other))
                && own != theirs
            {
                found.push(format!("{name} leaves the tenant"));
            }
        }
    }
    let scope = Scope {
        this: Some(row),
        now_ms: OPTIONS.now_ms,
        ..Scope::default()
    };
    for check in &entity.checks {
        if !judge::holds(world, &check.that, &scope) {
            found.push(format!("{}: check {}", entity.name, check.name));
        }
    }
    found
}

fn check(plan: &Plan) -> Vec<SeedRow> {
    let rows = rows(plan, &OPTIONS).unwrap();
    assert_eq!(problems(plan, &rows), Vec::<String>::new());
    rows
}

fn count(plan: &Plan, rows: &[SeedRow], entity: &str) -> usize {
    let entity = plan.model.entity_named(entity).unwrap().id;
    rows.iter().filter(|row| row.entity == entity).count()
}

#[test]
fn rows_of_the_examples_keep_every_rule() {
    for name in EXAMPLES {
        let plan = planned(&example(name));
        let rows = check(&plan);
        for seed in &plan.model.seeds {
            let entity = &plan.model.entity(seed.entity).name;
            let made = count(&plan, &rows, entity) as u64;
            assert!(
                made >= seed.rows,
                "{name}: {made} of {} {entity}",
                seed.rows
            );
        }
        for entity in &plan.model.entities {
            let made = count(&plan, &rows, &entity.name);
            assert!(made > 0, "{name}: no {}", entity.name);
        }
    }
}

#[test]
fn other_seeds_keep_the_rules_too() {
    for name in EXAMPLES {
        let plan = planned(&example(name));
        for seed in 0..6 {
            let rows = rows(&plan, &SeedOptions { seed, ..OPTIONS }).unwrap();
            assert_eq!(
                problems(&plan, &rows),
                Vec::<String>::new(),
                "{name} {seed}"
            );
        }
    }
}

#[test]
fn the_same_options_give_the_same_rows() {
    let plan = planned(&example("bookshop"));
    let made = |seed| rows(&plan, &SeedOptions { seed, ..OPTIONS }).unwrap();
    assert_eq!(format!("{:?}", made(1)), format!("{:?}", made(1)));
    assert_ne!(made(1), made(2));
}

#[test]
fn each_state_that_moves_lead_to_has_rows() {
    for name in EXAMPLES {
        let plan = planned(&example(name));
        let rows = check(&plan);
        for entity in &plan.model.entities {
            let Some(machine) = &entity.state else {
                continue;
            };
            let mut reachable: BTreeSet<&str> = BTreeSet::from([machine.initial.as_str()]);
            reachable.extend(machine.moves.iter().map(|made| made.to.as_str()));
            let found: BTreeSet<&str> = rows
                .iter()
                .filter(|row| row.entity == entity.id)
                .filter_map(|row| row.values.iter().find(|(id, _)| *id == machine.field))
                .filter_map(|(_, value)| match value {
                    Literal::Text(state) => Some(state.as_str()),
                    _ => None,
                })
                .collect();
            assert_eq!(found, reachable, "{name}: {}", entity.name);
        }
    }
}

#[test]
fn moves_leave_what_they_set() {
    let plan = planned(&example("bookshop"));
    let rows = check(&plan);
    let order = plan.model.entity_named("Order").unwrap();
    let value = |row: &SeedRow, name: &str| {
        let field = order.field_named(name).unwrap().id;
        row.values
            .iter()
            .find(|(id, _)| *id == field)
            .map(|(_, value)| value.clone())
    };
    let mut shipped = 0;
    for row in rows.iter().filter(|row| row.entity == order.id) {
        let state = value(row, "status");
        if state == Some(Literal::Text("draft".to_owned())) {
            assert_eq!(value(row, "placed_at"), None);
        }
        if state == Some(Literal::Text("shipped".to_owned())) {
            shipped += 1;
            for set in [
                "placed_at",
                "agreed_total",
                "paid_at",
                "shipped_at",
                "tracking",
            ] {
                assert!(value(row, set).is_some(), "{set}");
            }
        }
    }
    assert!(shipped > 0);
}

#[test]
fn each_role_can_sign_in() {
    for name in EXAMPLES {
        let plan = planned(&example(name));
        let rows = check(&plan);
        let found = sign_ins(&rows, &plan);
        for role in &plan.model.roles {
            let own: Vec<&str> = found
                .iter()
                .filter(|sign_in| sign_in.role_name == role.name)
                .map(|sign_in| sign_in.sign_in.as_str())
                .collect();
            let expected = [
                format!("{}@example.com", role.name),
                format!("{}2@example.com", role.name),
            ];
            assert_eq!(own, expected, "{name}");
        }
    }
}

#[test]
fn sign_ins_are_foretold_without_the_rows() {
    let phones = "
archwright: 1
name: phones
roles: { member: { sign-up: open }, boss: { granted-by: boss } }
entities:
  User:
    account: phone
    fields: { phone: 'phone, unique, sensitive' }
    allow: { read: owner }
";
    for name in EXAMPLES {
        let plan = planned(&example(name));
        assert_eq!(
            known_sign_ins(&plan.model).len(),
            2 * plan.model.roles.len()
        );
    }
    let files = [("design.yaml".to_owned(), phones.as_bytes().to_vec())];
    let plan = planned(&sound(&files));
    let mut known = known_sign_ins(&plan.model);
    known.sort_by_key(|sign_in| sign_in.role);
    assert_eq!(known, sign_ins(&check(&plan), &plan));
    assert_eq!(known[0].sign_in, "+447700900000");
}

#[test]
fn the_two_sign_ins_of_a_role_are_of_different_tenants() {
    let plan = planned(&example("helpdesk"));
    let rows = check(&plan);
    let user = plan.model.entity_named("User").unwrap();
    let tenant = |sign_in: &str| {
        let sign_in = Literal::Text(sign_in.to_owned());
        let has = |row: &&SeedRow| row.values.iter().any(|(_, value)| *value == sign_in);
        let row = rows.iter().find(has).unwrap();
        let tenant = user.tenant.unwrap();
        let found = row.values.iter().find(|(id, _)| *id == tenant);
        found.unwrap().1.clone()
    };
    for role in ["requester", "agent", "lead"] {
        let other = tenant(&format!("{role}2@example.com"));
        assert_ne!(tenant(&format!("{role}@example.com")), other, "{role}");
    }
}

#[test]
fn what_is_too_narrow_gives_fewer_rows() {
    let plan = plan_of(
        "
entities:
  Flag:
    fields: { kind: \"enum(a, b, c), unique\", digit: \"int, min 1, max 9, unique\" }
    allow: { read: anyone }
seed: { Flag: 50 }
",
    );
    let rows = check(&plan);
    assert_eq!(count(&plan, &rows, "Flag"), 3);
}

#[test]
fn hard_rules_are_kept() {
    let plan = plan_of(
        "
roles: { member: { sign-up: open } }
entities:
  User:
    account: { sign-in: handle, password: 30 }
    fields:
      handle: slug, unique
      mentor: User?
    allow: { read: owner }
  Node:
    id: int
    fields:
      parent: Node?, on-delete cascade
      code: string(6), unique, pattern '^[A-Z]{3}[0-9]{3}$'
      low: int, min -5, max 5
      high: int, min -5, max 5
      share: decimal(5,2), min 0, max 1
      opens: datetime
      closes: datetime
    checks:
      order: low < high
      dates: opens < closes
      sum: low + high != 0
    allow: { read: anyone }
  Split:
    fields:
      title: string(1..3), unique
      pieces: Piece[], composed
    checks:
      whole: pieces.sum(p, p.percent) == 100
      few: size(pieces) >= 2 && size(pieces) <= 4
      some: pieces.exists(p, p.main)
    allow: { read: anyone }
  Piece:
    fields:
      node: Node
      percent: decimal(5,2), min 0.01, max 100
      main: bool
      notes: Remark[], composed
    unique: [[split, node]]
  Remark:
    fields: { text: string(1..10) }
  Profile:
    fields:
      user: User, owner, unique
      nickname: string(1..20)?, unique
    allow: { read: owner, create: owner }
seed: { Split: 30, Node: 40, Profile: 100 }
",
    );
    let rows = check(&plan);
    assert_eq!(count(&plan, &rows, "Split"), 30);
    assert_eq!(count(&plan, &rows, "Node"), 40);
    assert_eq!(count(&plan, &rows, "Profile"), count(&plan, &rows, "User"));
    for sign_in in sign_ins(&rows, &plan) {
        assert!(sign_in.password.len() >= 30);
        assert!(["member", "member2"].contains(&sign_in.sign_in.as_str()));
    }
}

#[test]
fn designed_rows_are_as_designed() {
    let plan = plan_of(
        "
entities:
  Book:
    fields: { title: \"string(1..40), unique\", authors: \"Author[]\", pages: \"int, min 1\" }
    allow: { read: anyone }
  Author:
    fields: { name: \"string(1..40), unique\", rival: \"Author?\", books: \"Book[], by authors\" }
    allow: { read: anyone }
seed:
  Author: [{ name: Ann, rival: Bea }, { name: Bea, books: [First] }]
  Book: { rows: 3, with: [{ title: First, pages: 7, authors: [Ann] }] }
",
    );
    let rows = check(&plan);
    let id = |text: &str| {
        let text = Literal::Text(text.to_owned());
        let has = |row: &&SeedRow| row.values.iter().any(|(_, value)| *value == text);
        rows.iter().find(has).unwrap()
    };
    let first = id("First");
    let (_, linked) = &first.links[0];
    assert_eq!(linked, &[id("Ann").id.clone(), id("Bea").id.clone()]);
    assert!(
        first
            .values
            .iter()
            .any(|(_, value)| *value == Literal::Int(7))
    );
    let bea = Literal::Text(id("Bea").id.clone());
    assert!(id("Ann").values.iter().any(|(_, value)| *value == bea));
    assert_eq!(count(&plan, &rows, "Author"), 2);
}

#[test]
fn impossible_designs_say_why() {
    let circle = plan_of(
        "
entities:
  A: { fields: { parts: 'P[], composed' }, allow: { read: anyone } }
  P: { fields: { b: B } }
  B: { fields: { a: A }, allow: { read: anyone } }
",
    );
    let entities = vec!["A".to_owned(), "B".to_owned()];
    assert_eq!(rows(&circle, &OPTIONS), Err(SeedError::Circle { entities }));
    let unknown = plan_of(
        "
entities:
  A: { fields: { name: \"string, unique\", next: \"A?\" }, allow: { read: anyone } }
seed: { A: [{ name: x, next: y }] }
",
    );
    assert_eq!(
        rows(&unknown, &OPTIONS),
        Err(SeedError::Unknown {
            entity: "A".to_owned(),
            field: "next".to_owned(),
            name: "y".to_owned(),
        })
    );
    let broken = plan_of(
        "
entities:
  A: { fields: { n: int }, checks: { small: n < 5 }, allow: { read: anyone } }
seed: { A: [{ n: 7 }] }
",
    );
    assert_eq!(
        rows(&broken, &OPTIONS),
        Err(SeedError::Designed {
            entity: "A".to_owned(),
            number: 1,
            reason: "the check `small` does not hold".to_owned(),
        })
    );
}

#[test]
fn files_stay_empty() {
    let plan = planned(&example("profile"));
    for row in check(&plan) {
        for (field, _) in &row.values {
            let scalar = plan.model.field(*field).scalar();
            assert!(!matches!(scalar, Some(ScalarType::File { .. })));
        }
    }
}

#[test]
fn many_rows_take_seconds_at_most() {
    let plan = planned(&example("bookshop"));
    let options = SeedOptions {
        scale: 10,
        ..OPTIONS
    };
    let made = rows(&plan, &options).unwrap();
    assert!(made.len() > 1500, "{}", made.len());
    assert_eq!(problems(&plan, &made), Vec::<String>::new());
}
