//! How patterns join: anchors, answers, names, origins.

mod common;

use archwright_patterns::{
    Answers, Because, ComposeError, Composition, Entity, GIVEN, Given, Node, compose, library,
    pattern,
};
use common::{composed, option, problems};

fn entity<'a>(composition: &'a Composition, name: &str) -> &'a Entity {
    match composition
        .entities
        .iter()
        .find(|entity| entity.name == name)
    {
        Some(entity) => entity,
        None => panic!("there is no {name}"),
    }
}

fn field<'a>(entity: &'a Entity, name: &str) -> Option<&'a str> {
    entity
        .fields
        .iter()
        .find(|field| field.name == name)
        .and_then(|field| field.value.text())
}

fn readers(entity: &Entity) -> Vec<&str> {
    let rule = entity.allow.iter().find(|rule| rule.name == "read");
    rule.map_or(&[][..], |rule| rule.value.items())
        .iter()
        .filter_map(Node::text)
        .collect()
}

fn bound(anchor: &str, entities: &[&str]) -> Answers {
    let entities = entities.iter().map(|&name| name.to_owned()).collect();
    Answers {
        bindings: [(anchor.to_owned(), entities)].into(),
        ..Answers::default()
    }
}

#[test]
fn what_one_comments_on_decides_who_reads_the_comment() {
    let composition = composed(&["project", "comment"], &Answers::default());
    assert_eq!(
        readers(entity(&composition, "Comment")),
        [
            "signed-in when task.reporter == caller",
            "signed-in when task.project.lead == caller || task.project.members.exists(m, m.account == caller)",
            "owner",
            "staff",
        ]
    );
}

#[test]
fn the_audience_is_handed_on_from_subject_to_subject() {
    let answers = bound("reaction.SUBJECT", &["Comment"]);
    let composition = composed(&["project", "comment", "reaction"], &answers);
    let readers = readers(entity(&composition, "Reaction"));
    assert!(
        readers.contains(&"signed-in when comment.task.reporter == caller"),
        "{readers:?}"
    );
    assert!(
        !readers.iter().any(|reader| reader.starts_with("anyone")),
        "{readers:?}"
    );
}

#[test]
fn an_answer_that_narrows_an_audience_narrows_what_hangs_on_it() {
    let mut answers = bound("reaction.SUBJECT", &["Comment"]);
    answers
        .options
        .insert("comment.approval".to_owned(), "approved".to_owned());
    let composition = composed(&["post", "comment", "reaction"], &answers);
    assert_eq!(problems(&composition), None);
    let readers = readers(entity(&composition, "Reaction"));
    assert_eq!(
        readers[0],
        "anyone when comment.status == 'approved' && comment.post.status == 'published'"
    );
}

#[test]
fn of_several_subjects_exactly_one_is_there() {
    let composition = composed(&["post", "recipe", "comment"], &Answers::default());
    let comment = entity(&composition, "Comment");
    assert_eq!(
        field(comment, "post"),
        Some("Post?, on-delete cascade, immutable, filter")
    );
    assert_eq!(
        field(comment, "recipe"),
        Some("Recipe?, on-delete cascade, immutable, filter")
    );
    let check = comment
        .checks
        .iter()
        .find(|check| check.name == "one_subject");
    let that = check.and_then(|check| check.value.text_at("that"));
    assert_eq!(
        that,
        Some("(post != null ? 1 : 0) + (recipe != null ? 1 : 0) == 1")
    );
    assert!(readers(comment).contains(&"anyone when post != null && post.status == 'published'"));
}

#[test]
fn a_variant_is_ordered_in_the_place_of_its_product() {
    let composition = composed(&["catalogue", "variant", "order"], &Answers::default());
    let line = entity(&composition, "OrderLine");
    assert!(field(line, "variant").is_some() && field(line, "product").is_none());
}

#[test]
fn an_entity_from_elsewhere_gets_what_patterns_add_to_it() {
    let given = Given {
        name: "Film".to_owned(),
        audience: "anyone when it.released, STAFF".to_owned(),
    };
    let answers = Answers {
        given: vec![given],
        ..bound("review.SUBJECT", &["Film"])
    };
    let composition = composed(&["review"], &answers);
    let film = entity(&composition, "Film");
    assert_eq!(film.origin, GIVEN);
    assert_eq!(field(film, "reviews"), Some("Review[], by film"));
    assert!(film.settings.is_empty() && film.allow.is_empty());
    assert_eq!(
        readers(entity(&composition, "Review")),
        ["anyone when film.released", "staff", "owner"]
    );
    assert!(
        composition
            .entities
            .iter()
            .all(|entity| entity.name != "Product"),
        "no fallback is needed"
    );
}

#[test]
fn names_of_entities_and_roles_can_be_changed() {
    let names = [
        ("ACCOUNT", "Reader"),
        ("Product", "Book"),
        ("MEMBER", "reader"),
        ("STAFF", "bookseller"),
    ];
    let names = names
        .map(|(old, new)| (old.to_owned(), new.to_owned()))
        .into();
    let composition = composed(
        &["order", "review"],
        &Answers {
            names,
            ..Answers::default()
        },
    );
    assert_eq!(problems(&composition), None);
    assert_eq!(
        field(entity(&composition, "OrderLine"), "book"),
        Some("Book, on-delete restrict")
    );
    assert_eq!(
        field(entity(&composition, "Order"), "customer"),
        Some("Reader, owner, on-delete restrict")
    );
    let roles: Vec<&str> = composition
        .roles
        .iter()
        .map(|role| role.name.as_str())
        .collect();
    assert_eq!(roles, ["reader", "bookseller", "admin"]);
}

#[test]
fn roles_take_the_terms_of_their_field_where_the_patterns_agree() {
    let roles = |chosen: &[&str]| -> Vec<String> {
        composed(chosen, &Answers::default())
            .roles
            .into_iter()
            .map(|role| role.name)
            .collect()
    };
    assert_eq!(roles(&["ticketing"]), ["requester", "agent", "admin"]);
    assert_eq!(roles(&["cart", "order"]), ["customer", "staff", "admin"]);
    assert_eq!(roles(&["order", "ticketing"]), ["member", "agent", "admin"]);
}

#[test]
fn an_answer_changes_the_design_and_closes_the_question() {
    let open = |answers: &Answers| composed(&["payment"], answers).questions;
    let before = open(&Answers::default());
    assert!(
        before
            .iter()
            .any(|question| question.id == "payment.refunds")
    );
    let answers = option("payment.refunds", "no");
    assert!(
        open(&answers)
            .iter()
            .all(|question| question.id != "payment.refunds")
    );
    let without = composed(&["payment"], &answers);
    assert!(
        without
            .entities
            .iter()
            .all(|entity| entity.name != "Refund")
    );
}

#[test]
fn questions_come_in_the_order_of_what_they_change() {
    let questions =
        composed(&["organisation", "comment", "payment"], &Answers::default()).questions;
    let weights: Vec<usize> = questions.iter().map(|question| question.weight).collect();
    assert!(weights.is_sorted_by(|one, next| one >= next), "{weights:?}");
    assert_eq!(questions[0].id, "organisation.belonging");
}

#[test]
fn questions_tell_what_each_answer_changes() {
    let questions = composed(&["comment"], &Answers::default()).questions;
    let threads = questions
        .iter()
        .find(|question| question.id == "comment.threads");
    let threaded = threads.map(|question| question.choices[1].changes.clone());
    assert_eq!(
        threaded,
        Some(vec![
            "Comment.answers".to_owned(),
            "Comment.replies".to_owned()
        ])
    );
}

#[test]
fn every_element_names_the_pattern_that_brought_it() {
    let composition = composed(&["comment", "organisation"], &Answers::default());
    let post = entity(&composition, "Post");
    let origin = |name: &str| {
        post.fields
            .iter()
            .find(|field| field.name == name)
            .map(|field| field.origin.as_str())
    };
    assert_eq!(origin("title"), Some("post"));
    assert_eq!(origin("comments"), Some("comment"));
    assert_eq!(origin("organisation"), Some("organisation"));
    for entity in &composition.entities {
        assert!(
            pattern(&entity.origin).is_some(),
            "{} comes from {}",
            entity.name,
            entity.origin
        );
    }
}

#[test]
fn what_comes_along_says_why() {
    let because = |chosen: &[&str], id: &str| {
        let patterns = composed(chosen, &Answers::default()).patterns;
        patterns
            .into_iter()
            .find(|own| own.id == id)
            .map(|own| own.because)
    };
    assert_eq!(because(&["comment"], "comment"), Some(Because::Chosen));
    assert_eq!(
        because(&["comment"], "post"),
        Some(Because::NeededBy("comment".to_owned()))
    );
    assert_eq!(
        because(&["feed"], "follow"),
        Some(Because::NeededBy("feed".to_owned()))
    );
    assert_eq!(
        because(&["payment"], "refund"),
        Some(Because::AnswerTo("payment.refunds".to_owned()))
    );
}

#[test]
fn answers_that_fit_nothing_are_refused() {
    let refused = |chosen: &[&str], answers: &Answers| match compose(chosen, answers) {
        Ok(_) => panic!("{chosen:?} {answers:?} was taken"),
        Err(error) => error.to_string(),
    };
    let plain = Answers::default();
    assert_eq!(refused(&["coment"], &plain), "there is no pattern `coment`");
    assert_eq!(
        compose(&["coment"], &plain),
        Err(ComposeError::UnknownPattern("coment".to_owned()))
    );
    assert_eq!(
        refused(&["post"], &option("post.colour", "red")),
        "there is no question `post.colour`"
    );
    assert_eq!(
        refused(&["post"], &option("post.approval", "maybe")),
        "`maybe` is no answer to `post.approval`"
    );
    assert_eq!(
        refused(&["post"], &bound("post.SUBJECT", &["Post"])),
        "there is no anchor `post.SUBJECT`"
    );
    assert_eq!(
        refused(&["comment"], &bound("comment.SUBJECT", &["Film"])),
        "`comment.SUBJECT` can't be `Film`: no chosen pattern has it, and it is not given"
    );
}

#[test]
fn every_recommended_answer_is_the_design_without_answers() {
    for own in library() {
        let answers = own.questions.iter().map(|question| {
            (
                format!("{}.{}", own.id, question.id),
                question.choices[0].id.clone(),
            )
        });
        let answered = composed(
            &[own.id],
            &Answers {
                options: answers.collect(),
                ..Answers::default()
            },
        );
        let plain = composed(&[own.id], &Answers::default());
        assert_eq!(answered.entities, plain.entities, "{}", own.id);
    }
}
