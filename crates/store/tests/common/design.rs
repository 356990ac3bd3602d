//! Plans of designs that have to be free of problems.

use archwright_diagnostics::has_errors;
use archwright_plan::Plan;

/// The model of a design in files, each a name and its bytes.
pub fn model_of(files: &[(String, Vec<u8>)]) -> archwright_plan::model::Model {
    let reading = archwright_design::read(files);
    assert!(
        !has_errors(&reading.diagnostics),
        "{:#?}",
        reading.diagnostics
    );
    let (model, diagnostics) = archwright_model::lower(&reading.design);
    assert!(!has_errors(&diagnostics), "{diagnostics:#?}");
    model.unwrap()
}

/// The plan of a design as text.
#[allow(dead_code, reason = "each binary of tests uses a part of it")]
pub fn plan_of_text(design: &str) -> Plan {
    let files = [("design.yaml".to_owned(), design.as_bytes().to_vec())];
    archwright_plan::plan(model_of(&files))
}
