//! Whatever is chosen and answered, a design without errors and warnings comes out.

mod common;

use archwright_patterns::{Answers, Composition, library};
use archwright_seed::{SeedOptions, rows};
use common::{checked, composed, none, option, problems};

/// What is wrong with the design of these patterns under these answers.
fn check(chosen: &[&str], answers: &Answers) -> Option<String> {
    let found = problems(&composed(chosen, answers))?;
    Some(format!("--- {chosen:?} {:?}\n{found}", answers.options))
}

#[test]
fn every_pattern_alone_gives_a_sound_design_with_seeded_rows() {
    let mut found = Vec::new();
    for pattern in library() {
        let composition = composed(&[pattern.id], &Answers::default());
        match checked(&composition) {
            Ok(plan) => {
                let options = SeedOptions {
                    seed: 1,
                    now_ms: 1_795_478_400_000,
                    scale: 1,
                };
                match rows(&plan, &options) {
                    Ok(rows)
                        if plan
                            .model
                            .entities
                            .iter()
                            .all(|entity| rows.iter().any(|row| row.entity == entity.id)) => {}
                    Ok(rows) => {
                        let empty = plan
                            .model
                            .entities
                            .iter()
                            .filter(|entity| !rows.iter().any(|row| row.entity == entity.id));
                        let names: Vec<&str> = empty.map(|entity| entity.name.as_str()).collect();
                        found.push(format!("{}: no rows of {names:?}", pattern.id));
                    }
                    Err(error) => found.push(format!("{}: {error}", pattern.id)),
                }
            }
            Err(problems) => found.push(format!("{}:\n{problems}", pattern.id)),
        }
    }
    none(found);
}

#[test]
fn every_answer_to_every_question_gives_a_sound_design() {
    let mut found = Vec::new();
    for pattern in library() {
        for question in &pattern.questions {
            for choice in &question.choices {
                let answers = option(&format!("{}.{}", pattern.id, question.id), &choice.id);
                found.extend(check(&[pattern.id], &answers));
            }
        }
    }
    none(found);
}

#[test]
fn all_patterns_at_once_give_a_sound_design() {
    let all: Vec<&str> = library().iter().map(|pattern| pattern.id).collect();
    none(check(&all, &Answers::default()).into_iter().collect());
}

/// A pair whose entities are all as they are in one of the two alone is as sound as those; only the others are checked.
/// The account gets the fields of both, as it does when all patterns are there at once.
#[test]
fn every_pair_gives_a_sound_design() {
    let plain = |role: &str| (role.to_owned(), role.to_lowercase());
    let answers = Answers {
        names: [plain("MEMBER"), plain("STAFF")].into(),
        ..Answers::default()
    };
    let alone: Vec<Composition> = library()
        .iter()
        .map(|pattern| composed(&[pattern.id], &answers))
        .collect();
    let (mut found, mut checked) = (Vec::new(), 0);
    for (index, one) in library().iter().enumerate() {
        for (other_index, other) in library().iter().enumerate().skip(index + 1) {
            let pair = composed(&[one.id, other.id], &answers);
            let known = |entity| {
                alone[index].entities.contains(entity)
                    || alone[other_index].entities.contains(entity)
            };
            if pair
                .entities
                .iter()
                .any(|entity| entity.name != "User" && !known(entity))
            {
                checked += 1;
                found.extend(check(&[one.id, other.id], &answers));
            }
        }
    }
    println!("{checked} pairs change each other");
    assert!(checked > 200, "{checked}");
    none(found);
}

#[test]
fn the_usual_combinations_give_sound_designs() {
    let combinations: &[&[&str]] = &[
        &[
            "catalogue",
            "variant",
            "inventory",
            "cart",
            "order",
            "payment",
            "refund",
            "coupon",
            "shipment",
            "address",
            "review",
            "wish-list",
        ],
        &[
            "marketplace",
            "order",
            "payment",
            "shipment",
            "review",
            "message",
            "moderation",
            "tag",
        ],
        &[
            "profile",
            "post",
            "comment",
            "reaction",
            "follow",
            "feed",
            "message",
            "notification",
            "media",
            "moderation",
            "tag",
        ],
        &[
            "appointment",
            "payment",
            "invoice",
            "notification",
            "audit",
            "document",
            "consent",
        ],
        &[
            "course",
            "quiz",
            "comment",
            "notification",
            "message",
            "schedule",
            "review",
        ],
        &[
            "organisation",
            "ticketing",
            "knowledge-base",
            "comment",
            "tag",
            "notification",
            "survey",
            "media",
        ],
        &[
            "organisation",
            "subscription",
            "invoice",
            "payment",
            "ledger",
            "api-key",
            "webhook",
            "feature-flag",
            "audit",
            "invitation",
            "role",
        ],
        &[
            "project",
            "comment",
            "tag",
            "media",
            "timesheet",
            "notification",
            "settings",
            "webhook",
        ],
        &[
            "event",
            "payment",
            "waitlist",
            "coupon",
            "review",
            "favourite",
            "newsletter",
        ],
        &[
            "food-delivery",
            "payment",
            "coupon",
            "review",
            "loyalty",
            "notification",
            "address",
        ],
        &[
            "crm",
            "invoice",
            "payment",
            "document",
            "schedule",
            "organisation",
        ],
        &[
            "leave",
            "timesheet",
            "expense",
            "organisation",
            "notification",
            "recruiting",
        ],
        &[
            "booking",
            "payment",
            "review",
            "favourite",
            "place",
            "media",
        ],
        &[
            "loan",
            "review",
            "wish-list",
            "notification",
            "tag",
            "waitlist",
        ],
    ];
    none(
        combinations
            .iter()
            .filter_map(|chosen| check(chosen, &Answers::default()))
            .collect(),
    );
}

#[test]
fn entities_may_have_other_names() {
    let all: Vec<&str> = library().iter().map(|pattern| pattern.id).collect();
    let entities = composed(&all, &Answers::default()).entities;
    let renamed = entities.iter().filter(|entity| entity.name != "User");
    let names = renamed.map(|entity| (entity.name.clone(), format!("Other{}", entity.name)));
    let names = names.chain([("ACCOUNT".to_owned(), "Friend".to_owned())]);
    let answers = Answers {
        names: names.collect(),
        ..Answers::default()
    };
    let mut found: Vec<String> = check(&all, &answers).into_iter().collect();
    found.extend(all.iter().filter_map(|id| check(&[id], &answers)));
    none(found);
}

#[test]
fn tenants_confine_every_pattern() {
    let mut found = Vec::new();
    for pattern in library()
        .iter()
        .filter(|pattern| pattern.id != "organisation")
    {
        let composition = composed(&["organisation", pattern.id], &Answers::default());
        for entity in &composition.entities {
            let confined = entity
                .fields
                .iter()
                .any(|field| field.name == "organisation")
                || entity.name == "Organisation";
            let part = entity.allow.is_empty();
            // Strangers begin an organisation, and see none.
            let mut rules = entity
                .allow
                .iter()
                .filter(|rule| (&entity.name[..], &rule.name[..]) != ("Organisation", "create"));
            let open = rules.any(|rule| rule.value.any_text(&|grant| grant.starts_with("anyone")));
            if !(confined || part) || open {
                found.push(format!("{}: {}", pattern.id, entity.name));
            }
        }
    }
    none(found);
}

#[test]
fn the_same_choice_gives_the_same_text() {
    let chosen = ["review", "order", "organisation", "comment"];
    let text = || composed(&chosen, &Answers::default()).to_yaml("shop", "Sells things.");
    assert_eq!(text(), text());
}
