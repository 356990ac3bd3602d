//! What each format prints for the same diagnostics.
#![expect(clippy::unwrap_used, reason = "output that is no JSON fails the test")]

use archwright_diagnostics::{Diagnostic, FileId, Sources, Span};
use archwright_report::{Format, Paint, render};
use serde_json::Value;

const TEXT: &str = "archwright: 1\nname: shöp, x\nentities:\n  Order:\n    feilds: {}\n";

fn sources() -> Sources {
    let mut sources = Sources::default();
    sources.add("./a design/shop.yaml", TEXT);
    sources
}

fn span(part: &str) -> Span {
    let start = TEXT.find(part).unwrap();
    Span::new(FileId(0), start, start + part.len())
}

fn diagnostics() -> Vec<Diagnostic> {
    vec![
        Diagnostic::new("AW006", None, "there is no design file").help("Name one."),
        Diagnostic::new("AW008", span("feilds"), "an entity has no key `feilds`")
            .help("Did you mean `fields`?\n100% sure.")
            .other(span("Order"), "in this entity")
            .fix("Write `fields`", span("feilds"), "fields"),
    ]
}

#[track_caller]
fn check(format: Format, expected: &str) {
    assert_eq!(render(format, &sources(), &diagnostics()), expected);
}

fn parsed(format: Format) -> Value {
    serde_json::from_str(&render(format, &sources(), &diagnostics())).unwrap()
}

#[test]
fn text_shows_the_place_and_the_help() {
    check(
        Format::Text(Paint::Plain),
        "error[AW006]: there is no design file\n |\n = help: Name one.\n\n\
         error[AW008]: an entity has no key `feilds`\n --> ./a design/shop.yaml:5:5\n  |\n4 |   Order:\n  |   ----- in this \
         entity\n5 |     feilds: {}\n  |     ^^^^^^\n  |\n  = help: Did you mean `fields`?\n          100% sure.\n\n\
         2 errors; `archwright explain AW006` says more about a code\n",
    );
}

#[test]
fn text_is_coloured_on_demand_only() {
    assert!(render(Format::Text(Paint::Coloured), &sources(), &diagnostics()).contains('\u{1b}'));
    assert!(!render(Format::Text(Paint::Plain), &sources(), &diagnostics()).contains('\u{1b}'));
}

#[test]
fn text_of_the_author_cannot_steer_the_terminal() {
    let diagnostic = Diagnostic::new("AW008", None, "no key `\u{1b}[31m`").help("x\u{7}");
    let text = render(Format::Text(Paint::Plain), &sources(), &[diagnostic]);
    assert!(!text.contains(['\u{1b}', '\u{7}']), "{text:?}");
}

#[test]
fn json_names_lines_columns_and_offsets() {
    let value = parsed(Format::Json);
    assert_eq!(value["summary"]["errors"], 2);
    assert_eq!(value["diagnostics"][0]["place"], Value::Null);
    let second = &value["diagnostics"][1];
    let expected = serde_json::json!({
        "path": "./a design/shop.yaml", "line": 5, "column": 5, "endLine": 5, "endColumn": 11, "start": 52, "end": 58,
    });
    assert_eq!(second["place"], expected);
    assert_eq!(second["others"][0]["place"]["line"], 4);
    assert_eq!(second["fix"]["replacement"], "fields");
}

#[test]
fn sarif_has_rules_relative_paths_and_stable_fingerprints() {
    let value = parsed(Format::Sarif);
    let run = &value["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][1]["id"], "AW008");
    let result = &run["results"][1];
    assert_eq!(
        (&result["ruleId"], &result["ruleIndex"]),
        (&"AW008".into(), &1.into())
    );
    let location = &result["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "a%20design/shop.yaml");
    assert_eq!(location["region"]["startColumn"], 5);
    assert_eq!(run["results"][0]["locations"], serde_json::json!([]));

    let mut moved = Sources::default();
    moved.add("./a design/shop.yaml", format!("# More.\n{TEXT}"));
    let mut later = diagnostics();
    let place = later[1].span.unwrap();
    later[1].span = Some(Span {
        start: place.start + 8,
        end: place.end + 8,
        ..place
    });
    later[1].others.clear();
    let again: Value = serde_json::from_str(&render(Format::Sarif, &moved, &later)).unwrap();
    assert_eq!(
        again["runs"][0]["results"][1]["partialFingerprints"],
        result["partialFingerprints"]
    );
}

#[test]
fn github_commands_are_escaped() {
    check(
        Format::GitHub,
        "::error title=AW006::there is no design file%0AName one.\n\
         ::error file=a design/shop.yaml,line=5,endLine=5,col=5,endColumn=11,title=AW008::an entity has no key \
         `feilds`%0ADid you mean `fields`?%0A100%25 sure.\n",
    );
}

#[test]
fn places_beyond_the_text_do_no_harm() {
    let odd = Diagnostic::new("AW008", Span::new(FileId(0), 21, 9_999), "odd")
        .other(Span::new(FileId(0), 9_999, 9_999), "end");
    for format in [
        Format::Text(Paint::Plain),
        Format::Json,
        Format::Sarif,
        Format::GitHub,
    ] {
        assert!(render(format, &sources(), std::slice::from_ref(&odd)).contains("odd"));
    }
    assert_eq!(
        render(Format::Text(Paint::Plain), &Sources::default(), &[]),
        ""
    );
}
