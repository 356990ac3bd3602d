//! Each brief ends in a design that checks without errors, whatever the brief.

use archwright_brief::{ADVICE, Choices, Unreadable, design, read, try_read};
use archwright_diagnostics::Severity;
use std::path::Path;

/// What the checker has against the design of a brief.
fn faults(brief: &str, choices: &Choices) -> Vec<String> {
    let written = design(&read(brief), "tried", choices);
    let reading = archwright_design::read(&[(
        "design.yaml".to_owned(),
        written.design.clone().into_bytes(),
    )]);
    let (_, diagnostics) = archwright_model::check(&reading);
    let errors = diagnostics
        .iter()
        .filter(|each| each.severity == Severity::Error);
    errors
        .map(|each| format!("{} {}\n{}", each.code, each.message, written.design))
        .collect()
}

fn check(brief: &str) {
    let found = faults(brief, &Choices::new());
    assert!(found.is_empty(), "{brief}\n{}", found.join("\n"));
}

fn briefs() -> Vec<(String, String)> {
    let mut briefs = Vec::new();
    for folder in ["dev", "heldout"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../bench/brief")
            .join(folder);
        for entry in std::fs::read_dir(folder)
            .expect("the briefs are there")
            .flatten()
        {
            let path = entry.path();
            if path.extension().is_some_and(|ending| ending == "md") {
                let text = std::fs::read_to_string(&path).expect("a brief is text");
                briefs.push((path.display().to_string(), text));
            }
        }
    }
    briefs.sort();
    briefs
}

#[test]
fn every_brief_of_the_bench_gives_a_sound_design_with_every_answer() {
    let briefs = briefs();
    assert!(
        briefs.len() >= 30,
        "only {} briefs were found",
        briefs.len()
    );
    for (path, text) in briefs {
        let found = faults(&text, &Choices::new());
        assert!(found.is_empty(), "{path}\n{}", found.join("\n"));
        // The long ones take long: their questions are the same.
        let long = text.len() > 600 && !path.contains("marketplace");
        let questions = design(&read(&text), "tried", &Choices::new()).questions;
        for question in questions.iter().filter(|_| !long) {
            for option in &question.options {
                let choices = Choices::from([(question.id.clone(), option.id.clone())]);
                let found = faults(&text, &choices);
                assert!(
                    found.is_empty(),
                    "{path} {} {}\n{}",
                    question.id,
                    option.id,
                    found.join("\n")
                );
            }
        }
    }
}

#[test]
fn short_needs_are_answered_from_patterns() {
    for brief in [
        "I need to add a user profile management system so that users can update their personal information and profile pictures.",
        "Working on the payment processing feature today.",
        "A todo list for teams.",
        "We sell shoes online.",
        "Add comments and likes to our blog.",
        "An API for a dog walking service: owners book walks, walkers accept or decline them and get paid.",
        "Booking of meeting rooms.",
        "I want an app like twitter",
    ] {
        check(brief);
    }
}

#[test]
fn patterns_take_the_words_of_the_text() {
    let brief = "Members book courts. The manager sets prices and confirms bookings.";
    check(brief);
    let text = design(&read(brief), "courts", &Choices::new()).design;
    assert!(
        text.contains("  Court:") && !text.contains("Bookable"),
        "{text}"
    );
}

#[test]
fn names_that_the_language_keeps_for_itself_don_t_break_a_design() {
    for brief in [
        "An owner has a password, an id, a version and roles. Each owner owns things. A thing has an id and a caller.",
        "A user is an owner. Anyone signs in. Nobody has a role. A role has a name and a created at date.",
        "Each 3D model has a 2nd name, a 1st price and an x. A model belongs to a café, whose naïve name is kept.",
        "An entity has fields. A field has a type. Each type has a null value and a true value.",
        "Each order has a status (open, open, closed). An order has a status that is open, paid or open.",
        "Admins manage admins. An admin has an admin. A manager manages managers, who manage a manager.",
        "A box contains boxes. Each box belongs to a shelf, each shelf belongs to a room and each room belongs to a box.",
    ] {
        check(brief);
    }
}

#[test]
fn text_that_is_no_brief_is_refused_with_the_reason() {
    let refused = |text: &str| try_read(text).err();
    assert_eq!(refused(" \n \t"), Some(Unreadable::Empty));
    assert_eq!(refused("..."), Some(Unreadable::Empty));
    assert_eq!(
        refused(
            "Wir brauchen eine Anwendung, mit der unsere Kunden ihre Bestellungen verfolgen und Rechnungen bezahlen können."
        ),
        Some(Unreadable::Foreign)
    );
    assert_eq!(
        refused("Nous voulons gérer les commandes de nos clients et leurs factures chaque mois."),
        Some(Unreadable::Foreign)
    );
    assert_eq!(
        refused("我们需要一个订单管理系统。客户可以下订单。"),
        Some(Unreadable::Foreign)
    );
    assert_eq!(
        refused("It should be good and very nice."),
        Some(Unreadable::Nothing)
    );
    assert_eq!(
        refused(
            "Necesitamos una aplicación para que los clientes reserven mesas y el dueño confirme cada reserva."
        ),
        Some(Unreadable::Foreign)
    );
    for gibberish in ["asdf", "asdf asdf", "Xqzt."] {
        assert_eq!(refused(gibberish), Some(Unreadable::Nothing), "{gibberish}");
    }
    assert!(try_read("crm").is_ok(), "a pattern's name says enough");
    assert!(ADVICE.contains("for example"));
}

#[test]
fn what_the_brief_answers_is_not_asked() {
    let written = |brief: &str, choices: &Choices| design(&read(brief), "tried", choices);
    let brief = "Students hand in their homework, and teachers grade it.";
    let answered = written(brief, &Choices::new());
    let question = answered
        .questions
        .iter()
        .find(|question| question.id == "course.homework");
    let question = question.expect("it is noted");
    assert_eq!(question.settled.as_deref(), Some("homework"));
    assert_eq!(question.options[0].id, "yes");
    assert!(answered.design.contains("  HandIn:"), "{}", answered.design);
    assert!(
        answered
            .design
            .contains("yes, as the brief says (homework)"),
        "{}",
        answered.design
    );
    let other = Choices::from([("course.homework".to_owned(), "no".to_owned())]);
    let other = written(brief, &other);
    assert!(!other.design.contains("  HandIn:"), "{}", other.design);
    assert!(
        other
            .questions
            .iter()
            .any(|question| question.id == "course.homework")
    );
}

#[test]
fn people_and_things_of_patterns_are_called_as_in_the_text() {
    let written = |brief: &str| design(&read(brief), "tried", &Choices::new()).design;
    let walks = written("An app where dog owners book walks with dog walkers nearby.");
    for expected in ["  DogWalker:", "  Walk:", "  dog-walker:", "  dog-owner:"] {
        assert!(walks.contains(expected), "no {expected:?} in\n{walks}");
    }
    let body = &walks[walks.find("\nentities:").unwrap_or(0)..];
    assert!(
        !body.contains("Helper") && !body.contains("helper"),
        "{body}"
    );
    let films =
        written("We rent out films. Customers rent films and pay a fine when they are late.");
    assert!(
        films.contains("  Film:") && films.contains("  Rental:"),
        "{films}"
    );
}

#[test]
fn bad_english_is_read_as_far_as_it_goes() {
    let concepts = try_read(
        "customer can makes order. order have many item and total price. admin see all order",
    )
    .expect("it is English enough");
    let names: Vec<&str> = concepts
        .entities
        .iter()
        .map(|entity| entity.name.as_str())
        .collect();
    assert!(
        names.contains(&"order") && names.contains(&"customer"),
        "{names:?}"
    );
}

#[test]
fn contradictions_are_named_with_both_sentences() {
    let concepts = read(
        "Each animal belongs to exactly one owner. An owner has a name. An animal belongs to at least two owners.",
    );
    assert_eq!(concepts.contradictions.len(), 1);
    let found = &concepts.contradictions[0];
    assert_eq!((found.first, found.second), (0, 2));
}

#[test]
fn numbers_states_limits_and_rules_end_in_the_design() {
    let brief = "Customers place orders. An order has a number, a date and a total price. A customer has a name and an email. \
        An order is submitted, then reviewed, and either accepted or rejected. Only the clerk can review orders. \
        A review has a score from 1 to 5. There are about two million orders a year. The order number must be unique. \
        Each order is shipped to an address.";
    let text = design(&read(brief), "shop", &Choices::new()).design;
    for expected in [
        "rows: 2M",
        "min 1, max 5",
        "enum(submitted, reviewed, accepted, rejected)",
        "to: rejected",
        "total_price: money, min 0",
        "email: email, unique",
        "# stated [5]",
    ] {
        assert!(text.contains(expected), "no `{expected}` in\n{text}");
    }
}

#[test]
fn a_megabyte_is_read_as_far_as_promised() {
    let text =
        "Each order has a line, a date and a price. A customer places orders. ".repeat(15_000);
    let concepts = read(&text);
    assert!(concepts.cut);
    assert!(
        design(&concepts, "long", &Choices::new())
            .design
            .contains("too long")
    );
}

#[test]
fn names_that_the_server_needs_are_left_to_it() {
    check(
        "Members write audit entries. An audit entry has a text, a limit and a position. \
         Members upload files. A file has a name, an attachment and a sort. \
         An order has lines. A line has a position and a quantity.",
    );
}
