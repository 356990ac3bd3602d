//! Tests of diagnostics as data: a design with the expected diagnostics as carets under its lines.
//!
//! ```text
//! archwright: 1
//! ! AW010 a diagnostic without a place
//! nmae: shop
//! ^^^^ AW008 no key `nmae` | Did you mean `name`
//! # file: second.yaml
//! roles: {}
//! ```
//!
//! A line of carets points at the line above it and isn't part of the file. After the code come parts, separated by
//! ` | `, each of which must occur in the message, the label or the help. `~~~~` marks another place of some
//! diagnostic, with a part of its message. Every diagnostic must be expected, and every expectation met.

use crate::{Diagnostic, Sources, Span};

/// File, line and columns (in characters), all counted from 0.
type Place = (usize, usize, usize, usize);

/// A fixture taken apart.
#[derive(Clone, Debug, Default)]
pub struct Fixture {
    pub files: Vec<(String, Vec<u8>)>,
    expected: Vec<Expectation>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Expectation {
    /// Absent for no place.
    place: Option<Place>,
    /// False for another place of a diagnostic.
    primary: bool,
    text: String,
}

/// Separates the files of a fixture from what is expected of them. Text before the first `# file:` line is `design.yaml`.
pub fn parse(text: &str) -> Fixture {
    let mut fixture = Fixture::default();
    let mut name = "design.yaml".to_owned();
    let mut lines: Vec<&str> = Vec::new();
    let mut finish = |name: &str, lines: &mut Vec<&str>| {
        if !lines.is_empty() {
            let content = lines.join("\n") + "\n";
            fixture.files.push((name.to_owned(), content.into_bytes()));
            lines.clear();
        }
        fixture.files.len()
    };
    let mut expected = Vec::new();
    let mut file = 0;
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("# file: ") {
            file = finish(&name, &mut lines);
            name = path.trim().to_owned();
        } else if let Some(expectation) = expectation(line, file, lines.len()) {
            expected.push(expectation);
        } else {
            lines.push(line);
        }
    }
    finish(&name, &mut lines);
    fixture.expected = expected;
    fixture
}

fn expectation(line: &str, file: usize, lines_before: usize) -> Option<Expectation> {
    let content = line.trim_start();
    let start = line.len() - content.len();
    if let Some(text) = content.strip_prefix("! AW") {
        return Some(Expectation {
            place: None,
            primary: true,
            text: format!("AW{text}"),
        });
    }
    let mark = content
        .chars()
        .next()
        .filter(|mark| *mark == '^' || *mark == '~')?;
    let text = content.trim_start_matches(mark);
    let end = start + content.len() - text.len();
    let text = text.strip_prefix(' ')?.trim();
    let primary = mark == '^';
    if text.is_empty() || (primary && !text.starts_with("AW")) {
        return None;
    }
    Some(Expectation {
        place: Some((file, lines_before.checked_sub(1)?, start, end)),
        primary,
        text: text.to_owned(),
    })
}

/// Nothing if the diagnostics are those that the fixture expects; otherwise what differs, and the fixture as it would
/// have to be written.
pub fn compare(
    fixture: &Fixture,
    sources: &Sources,
    diagnostics: &[Diagnostic],
) -> Result<(), String> {
    let mut problems = Vec::new();
    let mut open: Vec<&Expectation> = fixture
        .expected
        .iter()
        .filter(|expectation| expectation.primary)
        .collect();
    for diagnostic in diagnostics {
        match open
            .iter()
            .position(|expectation| meets(expectation, sources, diagnostic))
        {
            Some(index) => {
                open.remove(index);
            }
            None => problems.push(format!(
                "not expected: {} {}",
                diagnostic.code, diagnostic.message
            )),
        }
    }
    problems.extend(
        open.iter()
            .map(|expectation| format!("not reported: {}", expectation.text)),
    );
    for expectation in fixture
        .expected
        .iter()
        .filter(|expectation| !expectation.primary)
    {
        let others = diagnostics.iter().flat_map(|diagnostic| &diagnostic.others);
        let met = others
            .filter(|other| Some(place(sources, other.span)) == expectation.place)
            .any(|other| other.message.contains(&expectation.text));
        if !met {
            problems.push(format!("no other place: {}", expectation.text));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "{}\n\n{}",
            problems.join("\n"),
            annotate(sources, diagnostics)
        ))
    }
}

fn meets(expectation: &Expectation, sources: &Sources, diagnostic: &Diagnostic) -> bool {
    let at = diagnostic.span.map(|span| place(sources, span));
    let said = format!(
        "{} {}\n{}\n{}",
        diagnostic.code,
        diagnostic.message,
        diagnostic.label.as_deref().unwrap_or_default(),
        diagnostic.help.as_deref().unwrap_or_default()
    );
    let (code, parts) = expectation
        .text
        .split_once(' ')
        .unwrap_or((&expectation.text, ""));
    at == expectation.place
        && diagnostic.code == code
        && parts.split(" | ").all(|part| said.contains(part.trim()))
}

/// The sources with every diagnostic as carets under its line.
pub fn annotate(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut output = String::new();
    for diagnostic in diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.span.is_none())
    {
        output.push_str(&format!("! {}\n", said(diagnostic)));
    }
    let placed: Vec<(&Diagnostic, Place)> = diagnostics
        .iter()
        .filter_map(|diagnostic| Some((diagnostic, place(sources, diagnostic.span?))))
        .collect();
    for (file, source) in sources.files.iter().enumerate() {
        if sources.files.len() > 1 {
            output.push_str(&format!("# file: {}\n", source.path));
        }
        let lines = source.text.lines().count().max(1);
        for (number, line) in source
            .text
            .lines()
            .chain(std::iter::repeat(""))
            .take(lines)
            .enumerate()
        {
            output.push_str(line);
            output.push('\n');
            for (diagnostic, (_, _, start, end)) in placed
                .iter()
                .filter(|(_, at)| (at.0, at.1) == (file, number))
            {
                output.push_str(&format!(
                    "{}{} {}\n",
                    " ".repeat(*start),
                    "^".repeat(end - start),
                    said(diagnostic)
                ));
            }
            for other in diagnostics.iter().flat_map(|diagnostic| &diagnostic.others) {
                let (other_file, line, start, end) = place(sources, other.span);
                if (other_file, line) == (file, number) {
                    output.push_str(&format!(
                        "{}{} {}\n",
                        " ".repeat(start),
                        "~".repeat(end - start),
                        other.message
                    ));
                }
            }
        }
    }
    output
}

fn said(diagnostic: &Diagnostic) -> String {
    let mut text = format!("{} {}", diagnostic.code, diagnostic.message);
    for part in diagnostic.label.iter().chain(&diagnostic.help) {
        text.push_str(" | ");
        text.push_str(part);
    }
    text
}

/// File, line and columns on that line, counted from 0; at least one column wide.
fn place(sources: &Sources, span: Span) -> Place {
    let (line, column) = sources.line_column(span);
    let text = &sources.get(span.file).text;
    let covered = text
        .get(span.start as usize..span.end as usize)
        .unwrap_or_default();
    let width = covered
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end()
        .chars()
        .count()
        .max(1);
    (
        span.file.0 as usize,
        line - 1,
        column - 1,
        column - 1 + width,
    )
}

/// The first ```` ```yaml ```` block of a code's page.
pub fn page_example(page: &str) -> Option<&str> {
    let start = page.find("```yaml\n")? + "```yaml\n".len();
    let length = page[start..].find("\n```")?;
    Some(&page[start..start + length + 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(fixture: &Fixture) -> Sources {
        let mut sources = Sources::default();
        for (path, bytes) in &fixture.files {
            sources.add(path, String::from_utf8_lossy(bytes));
        }
        sources
    }

    #[test]
    fn carets_name_the_place_above() {
        let fixture = parse("a: 1\nnmae: x\n^^^^ AW008 no key | name\n# file: b.yaml\nc: 2\n");
        assert_eq!(fixture.files[0].1, b"a: 1\nnmae: x\n");
        let sources = sources(&fixture);
        let span = Span::new(crate::FileId(0), 5, 9);
        let right = Diagnostic::new("AW008", span, "there is no key `nmae`").help("Write `name`.");
        assert_eq!(
            compare(&fixture, &sources, std::slice::from_ref(&right)),
            Ok(())
        );
        assert!(
            compare(&fixture, &sources, &[])
                .is_err_and(|text| text.contains("not reported: AW008"))
        );
        let elsewhere = Diagnostic {
            span: Some(Span::new(crate::FileId(0), 6, 9)),
            ..right
        };
        assert!(
            compare(&fixture, &sources, &[elsewhere])
                .is_err_and(|text| text.contains("not expected: AW008"))
        );
    }

    #[test]
    fn an_annotated_text_is_a_fixture() {
        let fixture = parse("a: é x\nb: 2\n");
        let sources = sources(&fixture);
        let diagnostics =
            [Diagnostic::new("AW009", Span::new(crate::FileId(0), 6, 7), "wrong").help("Do it.")];
        let annotated = annotate(&sources, &diagnostics);
        assert_eq!(annotated, "a: é x\n     ^ AW009 wrong | Do it.\nb: 2\n");
        assert_eq!(compare(&parse(&annotated), &sources, &diagnostics), Ok(()));
    }
}
