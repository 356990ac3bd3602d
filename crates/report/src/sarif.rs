//! For code-scanning services: SARIF 2.1.0.

use crate::place::{place, range};
use archwright_diagnostics::{CODES, Code, Diagnostic, Severity, Sources, Span};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One run with a rule for each code that occurs.
pub fn sarif(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let rules: Vec<&Code> = CODES
        .iter()
        .filter(|known| {
            diagnostics
                .iter()
                .any(|diagnostic| diagnostic.code == known.code)
        })
        .collect();
    let mut seen = BTreeMap::new();
    let results: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| result(sources, diagnostic, &rules, &mut seen))
        .collect();
    let value = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "archwright",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|code| rule(code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{value:#}\n")
}

fn rule(code: &Code) -> Value {
    let text = code
        .page
        .lines()
        .skip(1)
        .find(|line| !line.trim().is_empty())
        .unwrap_or(code.title);
    json!({
        "id": code.code,
        "shortDescription": { "text": code.title },
        "fullDescription": { "text": text },
        "help": { "text": code.page, "markdown": code.page },
        "defaultConfiguration": { "level": level(code.severity) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

fn result(
    sources: &Sources,
    diagnostic: &Diagnostic,
    rules: &[&Code],
    seen: &mut BTreeMap<u64, usize>,
) -> Value {
    let mut text = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        text = format!("{text}. {help}");
    }
    let related: Vec<Value> = diagnostic
        .others
        .iter()
        .map(|other| {
            let mut location = location(sources, other.span);
            location["message"] = json!({ "text": other.message });
            location
        })
        .collect();
    let mut value = json!({
        "ruleId": diagnostic.code,
        "level": level(diagnostic.severity),
        "message": { "text": text },
        "locations": diagnostic.span.map(|span| location(sources, span)).into_iter().collect::<Vec<_>>(),
        "partialFingerprints": { "archwright/v1": fingerprint(sources, diagnostic, seen) },
    });
    if let Some(index) = rules.iter().position(|code| code.code == diagnostic.code) {
        value["ruleIndex"] = json!(index);
    }
    if !related.is_empty() {
        value["relatedLocations"] = json!(related);
    }
    value
}

fn location(sources: &Sources, span: Span) -> Value {
    let place = place(sources, span);
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(place.path) },
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        },
    } })
}

/// A relative reference: no leading `./` or `/`, and bytes that a URI can't hold escaped.
fn uri(path: &str) -> String {
    let path = path.trim_start_matches("./").trim_start_matches('/');
    let mut output = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            output.push(char::from(byte));
        } else {
            output.push_str(&format!("%{byte:02X}"));
        }
    }
    output
}

/// Stays the same when lines are added above: made of the code, the path, the line's text and, among equals, the order.
fn fingerprint(
    sources: &Sources,
    diagnostic: &Diagnostic,
    seen: &mut BTreeMap<u64, usize>,
) -> String {
    let (path, line) = diagnostic.span.map_or(("", ""), |span| {
        let source = sources.get(span.file);
        let start = range(&source.text, span).start;
        let line_start = source.text[..start]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let line = source.text[line_start..].lines().next().unwrap_or_default();
        (source.path.as_str(), line.trim())
    });
    let hash = fnv1a(&[diagnostic.code, path, line, &diagnostic.message]);
    let order = seen
        .entry(hash)
        .and_modify(|count| *count += 1)
        .or_insert(1);
    format!("{hash:016x}:{order}")
}

/// FNV-1a with 64 bits, parts separated by a byte that no text holds.
fn fnv1a(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
