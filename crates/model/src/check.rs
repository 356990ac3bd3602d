//! Everything that is wrong with a design that was read, each problem said once.

use crate::{Model, lower};
use archwright_design::{Reading, cut_by_comma};
use archwright_diagnostics::{Diagnostic, MAX_DIAGNOSTICS, Span, has_errors, limit, sort};

/// What lowering says about a name that it does not know. When a part of a file was left out for its syntax, the name
/// may be defined there.
const UNKNOWN_NAMES: [&str; 15] = [
    "AW203", "AW220", "AW227", "AW250", "AW251", "AW252", "AW253", "AW270", "AW273", "AW278",
    "AW300", "AW301", "AW302", "AW321", "AW364",
];

/// What lowering says about something that is missing: the reader may have said why.
const MISSING: [&str; 5] = ["AW201", "AW278", "AW303", "AW350", "AW358"];

/// What is only worth saying about a design that was read wholly.
const SUSPICIONS: [&str; 12] = [
    "AW258", "AW280", "AW282", "AW283", "AW284", "AW285", "AW286", "AW287", "AW288", "AW289",
    "AW330", "AW375",
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
            .map(|diagnostic| mend_cut(diagnostic, reading))
            .map(|diagnostic| mend_quotes(diagnostic, reading)),
    );
    // That a `*` needs quotes is of no use where it can't be a value with them.
    let places: Vec<Option<Span>> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.code == "AW301")
        .map(|diagnostic| diagnostic.span)
        .collect();
    diagnostics.retain(|said| said.code != "AW004" || !places.contains(&said.span));
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

/// `set: { note: 'late' }`: the quotes of a text were taken by YAML.
fn mend_quotes(diagnostic: Diagnostic, reading: &Reading) -> Diagnostic {
    let quoted = diagnostic.span.and_then(|span| {
        let text = &reading.sources.get(span.file).text;
        words_in_quotes(text, span.start as usize, span.end as usize)
    });
    match quoted {
        Some(words) if matches!(diagnostic.code, "AW320" | "AW321") && diagnostic.fix.is_none() => {
            diagnostic.help(format!(
                "YAML takes these quotes for its own: a text needs both kinds, `\"'{words}'\"`"
            ))
        }
        _ => diagnostic,
    }
}

/// What stands around a place on its line between one pair of quotes, where that is nothing but words.
fn words_in_quotes(text: &str, start: usize, end: usize) -> Option<&str> {
    let is_word = |character: char| character.is_alphanumeric() || " _-".contains(character);
    let before = text.get(..start)?;
    let first = before.trim_end_matches(is_word).len();
    let quote = before[..first].chars().next_back();
    let quote = quote.filter(|quote| matches!(quote, '\'' | '"'))?;
    let rest = text.get(end..)?;
    let last = end + rest.len() - rest.trim_start_matches(is_word).len();
    let words = text.get(first..last)?;
    let after = text[last..].strip_prefix(quote)?;
    let begins = before[..first - 1]
        .trim_end_matches(' ')
        .ends_with([':', ',', '[', '{', '-']);
    let ends = after.trim_start_matches(' ').chars().next();
    let ends = ends.is_none_or(|next| ",]}#\r\n".contains(next));
    let whole = begins && ends && words.chars().all(is_word);
    whole.then_some(words)
}

fn repeats(diagnostic: &Diagnostic, reading: &Reading) -> bool {
    if !has_errors(&reading.diagnostics) {
        return false;
    }
    if SUSPICIONS.contains(&diagnostic.code) {
        return true;
    }
    if (!reading.complete || lacks_a_section(reading)) && UNKNOWN_NAMES.contains(&diagnostic.code) {
        return true;
    }
    let Some(span) = diagnostic.span else {
        return diagnostic.code == "AW203"
            && reading
                .diagnostics
                .iter()
                .any(|said| matches!(said.code, "AW006" | "AW010"));
    };
    if diagnostic.code == "AW278" && lacks_its_rules(span, reading)
        || diagnostic.code == "AW300" && lacks_a_field(span, reading)
    {
        return true;
    }
    reading.diagnostics.iter().any(|said| {
        let Some(place) = said.span else { return false };
        let within = place.file == span.file && place.start <= span.end && span.start <= place.end;
        let same = place == span && (said.code, diagnostic.code) != ("AW004", "AW301");
        within && (same || MISSING.contains(&diagnostic.code))
    })
}

/// `models:` was not read as `entities:`, so what it declares is not known.
fn lacks_a_section(reading: &Reading) -> bool {
    let meant = |said: &Diagnostic| {
        let fix = said.fix.as_ref();
        said.code == "AW008" && fix.is_some_and(|fix| fix.replacement == "entities")
    };
    reading.design.entities.is_empty() && reading.diagnostics.iter().any(meant)
}

/// A field of the entity around this place could not be read: it may be the one that is missed.
fn lacks_a_field(span: Span, reading: &Reading) -> bool {
    let around = |place: Span, whole: Span| {
        whole.file == place.file && whole.start <= place.start && place.end <= whole.end
    };
    let mut entities = reading.design.entities.iter();
    let Some(entity) = entities.find(|entity| around(span, entity.span)) else {
        return false;
    };
    reading.diagnostics.iter().any(|said| {
        let within = said.span.is_some_and(|place| around(place, entity.span));
        matches!(said.code, "AW009" | "AW010" | "AW013" | "AW017") && within
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
