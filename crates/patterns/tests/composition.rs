//! Whatever is chosen and answered, a design without errors and warnings comes out.

mod common;

use archwright_patterns::{Answers, library};
use common::{composed, none, option, problems};

const NO_ANSWERS: Answers = Answers {
    options: std::collections::BTreeMap::new(),
    bindings: std::collections::BTreeMap::new(),
    given: Vec::new(),
    names: std::collections::BTreeMap::new(),
};

/// What is wrong with the design of these patterns under these answers.
fn check(chosen: &[&str], answers: &Answers) -> Option<String> {
    let found = problems(&composed(chosen, answers))?;
    Some(format!("--- {chosen:?} {:?}\n{found}", answers.options))
}

#[test]
fn every_pattern_alone_gives_a_sound_design() {
    let alone = library()
        .iter()
        .filter_map(|pattern| check(&[pattern.id], &NO_ANSWERS));
    none(alone.collect());
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
