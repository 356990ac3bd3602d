//! Composes, and checks the design that comes out with the same passes that users' designs go through.
#![allow(dead_code, reason = "each test uses a part of it")]

use archwright_design::read;
use archwright_patterns::{Answers, Composition, compose};
use archwright_plan::Plan;
use archwright_report::{Paint, text};

/// What is wrong with the design that the patterns give: errors and warnings, as a person would see them.
pub fn problems(composition: &Composition) -> Option<String> {
    checked(composition).err()
}

/// The plan of the design that the patterns give.
pub fn checked(composition: &Composition) -> Result<Plan, String> {
    let yaml = composition.to_yaml("composed", "Made of patterns.");
    let reading = read(&[("composed.yaml".to_owned(), yaml.into_bytes())]);
    let (model, diagnostics) = archwright_model::check(&reading);
    // Accounts come from sign-up alone: who may join which tenant is left to whoever takes the design.
    let is_sound = diagnostics.iter().all(|said| said.code == "AW285");
    match model {
        Some(model) if is_sound => Ok(archwright_plan::plan(model)),
        _ => Err(text(&reading.sources, &diagnostics, Paint::Plain)),
    }
}

pub fn composed(chosen: &[&str], answers: &Answers) -> Composition {
    match compose(chosen, answers) {
        Ok(composition) => composition,
        Err(error) => panic!("{chosen:?}: {error}"),
    }
}

pub fn option(question: &str, option: &str) -> Answers {
    Answers {
        options: [(question.to_owned(), option.to_owned())].into(),
        ..Answers::default()
    }
}

/// Fails with all problems at once.
pub fn none(problems: Vec<String>) {
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}
