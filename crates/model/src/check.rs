//! Everything that is wrong with a design that was read, each problem said once.

use crate::{Model, lower};
use archwright_design::{Reading, cut_by_comma};
use archwright_diagnostics::{Diagnostic, MAX_DIAGNOSTICS, Span, has_errors, limit, sort};

/// What lowering says about a name that it does not know. When a part of a file was left out for its syntax, the name
/// may be defined there.
const UNKNOWN_NAMES: [&str; 11] = [
    "AW203", "AW220", "AW227", "AW250", "AW270", "AW273", "AW278", "AW301", "AW302", "AW321",
    "AW364",
];

/// What lowering says about something that is missing: the reader may have said why.
const MISSING: [&str; 5] = ["AW201", "AW278", "AW303", "AW350", "AW358"];

/// What is only worth saying about a design that was read wholly.
const SUSPICIONS: [&str; 7] = [
    "AW280", "AW282", "AW283", "AW284", "AW285", "AW286", "AW375",
];

/// Lowers a design and joins what the reader and lowering say, without what would only repeat the reader. The model is
/// there only if nothing is an error.
pub fn check(reading: &Reading) -> (Option<Model>, Vec<Diagnostic>) {
    let mut diagnostics = reading.diagnostics.clone();
    if diagnostics.len() > MAX_DIAGNOSTICS && has_errors(&diagnostics) {
        return (None, diagnostics);
    }
    let (model, of_model) = lower(&reading.design);
    diagnostics.extend(
        of_model
            .into_iter()
            .filter(|diagnostic| !repeats(diagnostic, reading))
            .map(|diagnostic| mend_cut(diagnostic, reading)),
    );
    sort(&mut diagnostics);
    let model = model.filter(|_| !has_errors(&diagnostics));
    limit(&mut diagnostics);
    (model, diagnostics)
}

/// An expression whose bracket closes behind a comma was cut there by YAML.
fn mend_cut(diagnostic: Diagnostic, reading: &Reading) -> Diagnostic {
    let cut = |span: Span| {
        let text = &reading.sources.get(span.file).text;
        let bracket = text.get(span.start as usize..span.end as usize);
        matches!(bracket, Some("(" | "[")) && cut_by_comma(text, span.start as usize)
    };
    match diagnostic.code == "AW320" && diagnostic.span.is_some_and(cut) {
        true => diagnostic
            .help("put quotes around the whole value: inside `{ }` and `[ ]` a comma ends it"),
        false => diagnostic,
    }
}

fn repeats(diagnostic: &Diagnostic, reading: &Reading) -> bool {
    if !has_errors(&reading.diagnostics) {
        return false;
    }
    if SUSPICIONS.contains(&diagnostic.code) {
        return true;
    }
    if !reading.complete && UNKNOWN_NAMES.contains(&diagnostic.code) {
        return true;
    }
    let Some(span) = diagnostic.span else {
        return diagnostic.code == "AW203"
            && reading.diagnostics.iter().any(|said| said.code == "AW010");
    };
    if diagnostic.code == "AW278" && lacks_its_rules(span, reading) {
        return true;
    }
    reading.diagnostics.iter().any(|said| {
        let Some(place) = said.span else { return false };
        let within = place.file == span.file && place.start <= span.end && span.start <= place.end;
        within && (place == span || MISSING.contains(&diagnostic.code))
    })
}

/// The rules of the entity or the operation with this name could not be read: it may have some.
fn lacks_its_rules(name: Span, reading: &Reading) -> bool {
    let entities = reading
        .design
        .entities
        .iter()
        .map(|entity| (entity.name.span, entity.span));
    let operations = reading
        .design
        .operations
        .iter()
        .map(|operation| (operation.name.span, operation.span));
    let Some((_, whole)) = entities.chain(operations).find(|(place, _)| *place == name) else {
        return false;
    };
    reading.diagnostics.iter().any(|said| {
        let within = |place: Span| {
            place.file == whole.file && whole.start <= place.start && place.end <= whole.end
        };
        matches!(said.code, "AW008" | "AW009" | "AW020") && said.span.is_some_and(within)
    })
}
