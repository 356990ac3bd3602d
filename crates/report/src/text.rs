//! For people: the source line, the place underlined, and what to do.

use crate::place::range;
use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Renderer, Snippet};
use archwright_diagnostics::{Diagnostic, Severity, Sources, Span};

/// Places further apart than this are shown in snippets of their own.
const NEAR_LINES: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Plain,
    /// With ANSI escapes.
    Coloured,
}

/// Each diagnostic with its snippet, then how many there are. Empty for none.
pub fn text(sources: &Sources, diagnostics: &[Diagnostic], paint: Paint) -> String {
    let renderer = match paint {
        Paint::Plain => Renderer::plain(),
        Paint::Coloured => Renderer::styled(),
    };
    let mut output = String::new();
    for diagnostic in diagnostics {
        output.push_str(&renderer.render(&[group(sources, diagnostic)]));
        output.push_str("\n\n");
    }
    output.push_str(&summary(diagnostics));
    output
}

fn group<'a>(sources: &'a Sources, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Advice => Level::NOTE.with_name("advice"),
    };
    let mut group = level
        .primary_title(clean(&diagnostic.message))
        .id(diagnostic.code)
        .elements(snippets(sources, diagnostic));
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(clean(help)));
    }
    group
}

fn snippets<'a>(sources: &'a Sources, diagnostic: &'a Diagnostic) -> Vec<Element<'a>> {
    let mut marks: Vec<(Span, AnnotationKind, Option<String>)> = Vec::new();
    if let Some(span) = diagnostic.span {
        marks.push((
            span,
            AnnotationKind::Primary,
            diagnostic.label.as_deref().map(clean),
        ));
    }
    for other in &diagnostic.others {
        marks.push((
            other.span,
            AnnotationKind::Context,
            Some(clean(&other.message)),
        ));
    }
    let mut elements = Vec::new();
    while let Some((first, ..)) = marks.first() {
        let first = *first;
        let line = sources.line_column(first).0;
        let near = |span: Span| {
            span.file == first.file && sources.line_column(span).0.abs_diff(line) <= NEAR_LINES
        };
        let (shown, rest) = marks.into_iter().partition(|(span, ..)| near(*span));
        marks = rest;
        elements.push(snippet(sources, first, shown).into());
    }
    elements
}

/// Only the lines that are marked are handed over, so that many diagnostics in a long file stay cheap.
fn snippet<'a>(
    sources: &'a Sources,
    first: Span,
    marks: Vec<(Span, AnnotationKind, Option<String>)>,
) -> Snippet<'a, Annotation<'a>> {
    let source = sources.get(first.file);
    let ranges: Vec<_> = marks
        .iter()
        .map(|(span, ..)| range(&source.text, *span))
        .collect();
    let start = ranges.iter().map(|range| range.start).min().unwrap_or(0);
    let end = ranges.iter().map(|range| range.end).max().unwrap_or(start);
    let window_start = source.text[..start]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let window_end = source.text[end..]
        .find('\n')
        .map_or(source.text.len(), |newline| end + newline);
    let line = source.text[..window_start].matches('\n').count() + 1;
    let annotations = marks
        .into_iter()
        .zip(ranges)
        .map(|((_, kind, label), range)| {
            kind.span(range.start - window_start..range.end - window_start)
                .label(label)
        });
    Snippet::source(&source.text[window_start..window_end])
        .line_start(line)
        .path(source.path.as_str())
        .annotations(annotations.collect::<Vec<_>>())
}

/// Text of the design's author must not steer the terminal.
fn clean(text: &str) -> String {
    annotate_snippets::normalize_untrusted_str(text)
}

fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |severity| {
        diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    };
    let kinds = [
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
        (Severity::Advice, "piece of advice", "pieces of advice"),
    ];
    let parts: Vec<String> = kinds
        .into_iter()
        .map(|(severity, one, many)| (count(severity), one, many))
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
        .collect();
    let Some(first) = diagnostics.first() else {
        return String::new();
    };
    format!(
        "{}; `archwright explain {}` says more about a code\n",
        parts.join(", "),
        first.code
    )
}
