//! What must hold for any input; each function panics where it doesn't. The targets here give them damaged inputs, and
//! `crates/cli/tests/regressions.rs` those that were once answered wrongly.

use archwright_design::Reading;
use archwright_diagnostics::{CODES, Diagnostic, fixture, has_errors};
use archwright_model::Model;
use archwright_openapi::{DocumentOptions, document};
use archwright_plan::{json, plan, render_text};
use archwright_report::{Format, Paint, render};

/// The reader answers any bytes, and each place that it names lies in the text.
pub fn read(bytes: &[u8]) {
    let reading = archwright_design::read(&[("design.yaml".to_owned(), bytes.to_vec())]);
    sound(&reading, &reading.diagnostics);
}

/// Formatting twice changes nothing, and the same codes are reported before and after.
pub fn format(text: &str) {
    let Ok(once) = archwright_design::format(text) else {
        return;
    };
    assert_eq!(
        archwright_design::format(&once).as_deref(),
        Ok(once.as_str()),
        "formatted twice"
    );
    let codes = |text: &str| codes(&checked(&files_of(text)).2);
    assert_eq!(codes(text), codes(&once), "formatted to {once}");
}

/// A design is either sound or told what is wrong; a sound one always has the same plan and document, and formatting
/// changes neither. Lines such as `# file: orders.yaml` begin the next file.
pub fn check(text: &str) {
    let files = fixture::parse(text).files;
    let (reading, model, diagnostics) = checked(&files);
    sound(&reading, &diagnostics);
    assert_eq!(model.is_none(), has_errors(&diagnostics));
    for form in [
        Format::Text(Paint::Plain),
        Format::Json,
        Format::Sarif,
        Format::GitHub,
    ] {
        render(form, &reading.sources, &diagnostics);
    }
    let Some(model) = model else { return };
    let first = printed(model);
    assert_eq!(checked(&files).1.map(printed), Some(first.clone()));
    let formatted = files.iter().map(|(path, bytes)| {
        let text = String::from_utf8_lossy(bytes);
        let formatted = archwright_design::format(&text).expect("a sound design can be formatted");
        (path.clone(), formatted.into_bytes())
    });
    let formatted: Vec<_> = formatted.collect();
    assert_eq!(
        checked(&formatted).1.map(printed),
        Some(first),
        "formatting changed the meaning"
    );
}

/// An expression is read or told what is wrong, and so is a design that has it as a check, a computed value and a
/// condition.
pub fn expression(text: &str) {
    match archwright_expression::parse(text) {
        Ok(tree) => assert!(text.get(tree.range).is_some()),
        Err(errors) => {
            assert!(!errors.is_empty());
            assert!(
                errors
                    .iter()
                    .all(|error| text.get(error.range.clone()).is_some())
            );
        }
    }
    let quoted = serde_json::to_string(text).expect("text is JSON");
    check(&SHOP.replace("EXPRESSION", &quoted));
}

/// Something of each kind that an expression can name.
const SHOP: &str = r#"
archwright: 1
name: shop
roles: { customer: { sign-up: open }, staff: { granted-by: staff } }
entities:
  User:
    account: email
    fields: { email: "email, unique", phone: "phone?, sensitive", favourites: "Book[]" }
    allow: { read: owner }
  Book:
    fields:
      owner: User?, owner
      title: string
      price: decimal(8,2)
      sale: money?
      stock: int
      status: enum(draft, done)
      printed_on: date?
      read_at: datetime
      lines: Line[], composed
      computed: { type: string?, computed: EXPRESSION }
      number: { type: "decimal(18,4)?", computed: EXPRESSION }
    checks: { it: EXPRESSION }
    allow: { read: { by: [owner, staff], when: EXPRESSION }, create: staff }
    moves: { finish: { from: draft, to: done, by: staff, when: EXPRESSION, set: { title: EXPRESSION } } }
  Line:
    fields: { quantity: int, price: money, book: Book }
"#;

fn files_of(text: &str) -> Vec<(String, Vec<u8>)> {
    vec![("design.yaml".to_owned(), text.as_bytes().to_vec())]
}

fn checked(files: &[(String, Vec<u8>)]) -> (Reading, Option<Model>, Vec<Diagnostic>) {
    let reading = archwright_design::read(files);
    let (model, diagnostics) = archwright_model::check(&reading);
    (reading, model, diagnostics)
}

fn printed(model: Model) -> String {
    let plan = plan(model);
    let document = document(&plan, &DocumentOptions::default());
    let json = serde_json::to_string(&json(&plan)).unwrap_or_else(|error| error.to_string());
    format!("{}\n{json}\n{document}", render_text(&plan))
}

fn codes(diagnostics: &[Diagnostic]) -> Vec<&'static str> {
    let mut codes: Vec<&str> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect();
    codes.sort_unstable();
    codes
}

/// Each diagnostic has a page, and its places lie in the text.
fn sound(reading: &Reading, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        assert!(
            CODES.iter().any(|known| known.code == diagnostic.code),
            "{diagnostic:?}"
        );
        let others = diagnostic.others.iter().map(|other| &other.span);
        let fixes = diagnostic.fix.iter().map(|fix| &fix.span);
        for span in diagnostic.span.iter().chain(others).chain(fixes) {
            let text = &reading.sources.get(span.file).text;
            let covered = text.get(span.start as usize..span.end as usize);
            assert!(covered.is_some(), "{diagnostic:?}");
        }
    }
}
