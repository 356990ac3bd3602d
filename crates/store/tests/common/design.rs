//! Plans of designs that have to be free of problems.

use archwright_diagnostics::has_errors;
use archwright_plan::Plan;

/// The plan of a design in files, each a name and its bytes.
pub fn plan_of(files: &[(String, Vec<u8>)]) -> Plan {
    let reading = archwright_design::read(files);
    assert!(
        !has_errors(&reading.diagnostics),
        "{:#?}",
        reading.diagnostics
    );
    let (model, diagnostics) = archwright_model::lower(&reading.design);
    assert!(!has_errors(&diagnostics), "{diagnostics:#?}");
    archwright_plan::plan(model.unwrap())
}

/// The plan of a design as text.
pub fn plan_of_text(design: &str) -> Plan {
    plan_of(&[("design.yaml".to_owned(), design.as_bytes().to_vec())])
}
