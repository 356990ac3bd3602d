//! What is read out of sentences.

use archwright_brief::{Concepts, read};
use std::fmt::Write;

/// The model as text: `order: date, total`, `order - line`.
fn print(concepts: &Concepts) -> String {
    let mut text = String::new();
    for entity in &concepts.entities {
        let names: Vec<&str> = entity
            .attributes
            .iter()
            .map(|each| each.name.as_str())
            .collect();
        writeln!(text, "{}: {}", entity.name, names.join(", ")).expect("text grows");
    }
    for relation in &concepts.relations {
        let name = |at: usize| &concepts.entities[at].name;
        writeln!(text, "{} - {}", name(relation.from), name(relation.to)).expect("text grows");
    }
    text
}

fn check(brief: &str, expected: &[&str]) {
    let found = print(&read(brief));
    for line in expected {
        assert!(
            found.lines().any(|each| each == *line),
            "no `{line}` in\n{found}"
        );
    }
}

#[test]
fn lists_after_have_are_attributes_or_relations() {
    check(
        "Each order has a number, a date and one or more lines. A line has a quantity and a price.",
        &[
            "order: number, date",
            "line: quantity, price",
            "order - line",
        ],
    );
}

#[test]
fn what_is_recorded_for_each_row_belongs_to_the_row() {
    check(
        "The club has members. For each member the club records the name and the date of birth.",
        &["member: name, date of birth"],
    );
    check(
        "Members book courts. We store the name, the address and the phone number of every member.",
        &["member: name, address, phone number"],
    );
}

#[test]
fn pronouns_look_back() {
    check(
        "A parcel is sent by a shop. It has a weight and a size. A shop has a name.",
        &["parcel: weight, size", "parcel - shop"],
    );
}

#[test]
fn the_noun_of_a_verb_stands_between_what_the_verb_ties() {
    check(
        "Members lease plots. A lease has a start date. A plot has a size. A member has a name.",
        &["lease: start date", "lease - member", "lease - plot"],
    );
}

#[test]
fn kinds_are_related_to_what_they_are_kinds_of() {
    check(
        "A customer is either a private person or a company. A customer has a name. A company has a VAT number.",
        &[
            "company: vat number",
            "customer: name",
            "company - customer",
        ],
    );
}

#[test]
fn user_stories_name_actors_and_what_they_want() {
    check(
        "As a trainer, I want to create a workout plan for a member, so that he gets fit.\nAs a member, I want to book a class.",
        &["trainer: ", "workout plan: ", "member: ", "class: "],
    );
}

#[test]
fn labelled_lists_are_attributes() {
    check(
        "- Chemicals: name, CAS number, hazard class.\n- Containers: every container holds one chemical and has a barcode.",
        &[
            "chemical: name, cas number, hazard class",
            "container: barcode",
            "container - chemical",
        ],
    );
}

#[test]
fn the_same_text_gives_the_same_model() {
    let text = include_str!("../../../bench/brief/dev/prose-car-rental.md");
    assert_eq!(print(&read(text)), print(&read(text)));
}

#[test]
fn no_text_makes_the_reader_fail() {
    let long = "An order has a line, ".repeat(60_000);
    let deep = "(".repeat(10_000);
    for text in [
        "",
        " \n\t",
        "...",
        "'s's's",
        "1 2 3",
        "<b><<<",
        "# \n- \n1.",
        "É ß 漢字 🙂 ’s",
        "for each for each of the of the",
        &long,
        &deep,
    ] {
        read(text);
    }
}
