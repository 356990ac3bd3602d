//! Makes a text safe for the YAML parser, remembering where each of its characters came from.

use super::tabs;
use archwright_diagnostics::{Diagnostic, FileId, Span};
use std::ops::RangeInclusive;

/// A copy of the file's text: control characters and tabs in indentation replaced, broken lines blanked.
pub struct Prepared {
    pub text: String,
    /// Byte in the file of each character of `text`, and of its end.
    bytes: Vec<u32>,
    /// Something was replaced, so that the text isn't what was written.
    pub repaired: bool,
}

pub fn prepare(file: FileId, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Prepared {
    let mut prepared = Prepared {
        text: String::with_capacity(text.len()),
        bytes: Vec::with_capacity(text.len() + 1),
        repaired: false,
    };
    let widths = tabs::widths(text);
    let (mut in_indentation, mut tabs, mut controls) = (true, Tabs::default(), Vec::new());
    let (mut line, mut begun) = (0, false);
    for (at, character) in text.char_indices() {
        match (character, widths.get(&line)) {
            ('\t' | ' ', Some(width)) if in_indentation => {
                if character == '\t' {
                    tabs.first.get_or_insert(at);
                    tabs.in_line = true;
                }
                let width = if begun { 0 } else { *width };
                begun = true;
                for _ in 0..width {
                    prepared.push(' ', at);
                }
            }
            ('\n' | '\r' | '\t', _) => prepared.push(character, at),
            ('\u{feff}' | '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}', _) => {
                controls.push(at);
                prepared.push(' ', at);
            }
            _ => prepared.push(character, at),
        }
        if character == '\n' {
            tabs.end_line();
            (line, begun) = (line + 1, false);
        }
        in_indentation =
            character == '\n' || (in_indentation && (character == ' ' || character == '\t'));
    }
    prepared.bytes.push(text.len() as u32);
    tabs.end_line();
    prepared.repaired = tabs.first.is_some() || !controls.is_empty();
    let directives = report_directives(file, text, diagnostics);
    if directives > 0 {
        prepared.repaired |= prepared.blank(0..=directives - 1);
    }
    report_tabs(file, text, &tabs, diagnostics);
    report_controls(file, text, &controls, diagnostics);
    prepared
}

impl Prepared {
    fn push(&mut self, character: char, at: usize) {
        self.text.push(character);
        self.bytes.push(at as u32);
    }

    /// The byte in the file of a character of the prepared text.
    pub fn byte(&self, character: usize) -> usize {
        self.bytes
            .get(character)
            .or(self.bytes.last())
            .map_or(0, |byte| *byte as usize)
    }

    /// Puts one character into quotes. False where no character stands.
    pub fn quote(&mut self, at: usize) -> bool {
        let (Some((place, character)), Some(byte)) = (
            self.text.char_indices().nth(at),
            self.bytes.get(at).copied(),
        ) else {
            return false;
        };
        let quoted = format!("'{character}'");
        self.text
            .replace_range(place..place + character.len_utf8(), &quoted);
        self.bytes.splice(at..=at, [byte, byte, byte]);
        true
    }

    /// Replaces the content of these lines (counted from 0) by spaces. False when they were blank already.
    pub fn blank(&mut self, lines: RangeInclusive<usize>) -> bool {
        let mut line = 0;
        let mut changed = false;
        let mut blanked = String::with_capacity(self.text.len());
        for character in self.text.chars() {
            let keep = character == '\n' || character == '\r' || !lines.contains(&line);
            changed |= !keep && !character.is_whitespace();
            blanked.push(if keep { character } else { ' ' });
            line += usize::from(character == '\n');
        }
        self.text = blanked;
        changed
    }
}

/// The YAML parser skips directives in silence, or takes offence at what follows. The number of lines to leave out.
fn report_directives(file: FileId, text: &str, diagnostics: &mut Vec<Diagnostic>) -> usize {
    let (mut at, mut last) = (0, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let content = line.trim_end();
        if content.starts_with('%') {
            if last == 0 {
                let message = "YAML reads this as a directive (`%…`), which designs don't use";
                let help = "Remove the line, and the `---` after it.";
                let place = Span::new(file, at, at + content.len());
                diagnostics.push(Diagnostic::new("AW004", place, message).help(help));
            }
            last = number + 1;
        } else if !content.trim_start().is_empty() && !content.trim_start().starts_with('#') {
            break;
        }
        at += line.len();
    }
    last
}

#[derive(Default)]
struct Tabs {
    first: Option<usize>,
    lines: usize,
    in_line: bool,
}

impl Tabs {
    fn end_line(&mut self) {
        self.lines += usize::from(std::mem::take(&mut self.in_line));
    }
}

fn report_tabs(file: FileId, text: &str, tabs: &Tabs, diagnostics: &mut Vec<Diagnostic>) {
    let Some(first) = tabs.first else { return };
    let end = text[first..]
        .find(|character| character != '\t')
        .map_or(text.len(), |length| first + length);
    let message = match tabs.lines {
        1 => "this line is indented with a tab".to_owned(),
        count => format!("{count} lines are indented with tabs, this one first"),
    };
    diagnostics.push(
        Diagnostic::new("AW002", Span::new(file, first, end), message)
            .help("Indent with two spaces; YAML doesn't allow tabs there."),
    );
}

fn report_controls(
    file: FileId,
    text: &str,
    controls: &[usize],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(first) = controls.first() else {
        return;
    };
    let length = text[*first..].chars().next().map_or(1, char::len_utf8);
    let code = text[*first..].chars().next().map_or(0, u32::from);
    let message = format!(
        "the file holds the control character U+{code:04X} ({} in all)",
        controls.len()
    );
    diagnostics.push(
        Diagnostic::new("AW001", Span::new(file, *first, first + length), message)
            .help("Remove it; a design is plain text in UTF-8."),
    );
}
