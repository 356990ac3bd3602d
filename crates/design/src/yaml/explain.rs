//! Turns the YAML parser's complaint into a sentence about what was probably meant, and says which lines to leave out
//! when the rest of the file is read.

use super::{Failure, MAX_DEPTH, MAX_NODES, prepare::Prepared};
use crate::{keys, split};
use archwright_diagnostics::{Diagnostic, FileId, Span};
use std::ops::RangeInclusive;

pub(crate) struct Culprit {
    pub diagnostic: Diagnostic,
    /// Counted from 0.
    pub lines: RangeInclusive<usize>,
    /// It would be sound if the character were in quotes: nothing has to be left out.
    pub quotable: bool,
}

/// The complaint in context.
struct Scene<'a> {
    file: FileId,
    text: &'a str,
    info: &'a str,
    /// Byte of the complaint.
    at: usize,
    open_bracket: Option<usize>,
}

/// Where to point, what to say, what to do.
struct Finding {
    code: &'static str,
    start: usize,
    end: usize,
    message: String,
    help: String,
    fix: Option<(String, String)>,
}

pub(crate) fn explain(file: FileId, text: &str, prepared: &Prepared, failure: &Failure) -> Culprit {
    let at = prepared.byte(failure.at).min(text.len());
    let scene = Scene {
        file,
        text,
        info: &failure.info,
        at,
        open_bracket: failure.open_bracket,
    };
    let finding = if failure.is_limit {
        scene.limit()
    } else {
        scene.find()
    };
    let mut diagnostic = Diagnostic::new(
        finding.code,
        Span::new(file, finding.start, finding.end),
        finding.message,
    )
    .help(finding.help);
    if let Some((title, replacement)) = finding.fix {
        diagnostic = diagnostic.fix(
            title,
            Span::new(scene.file, finding.start, finding.end),
            replacement,
        );
    }
    Culprit {
        diagnostic,
        lines: scene.lines_from(finding.start),
        quotable: !failure.is_limit && finding.code == "AW004" && scene.is_star(),
    }
}

impl Scene<'_> {
    fn limit(&self) -> Finding {
        let message = match self.info {
            "too deep" => {
                format!("more than {MAX_DEPTH} levels of lists and mappings within each other")
            }
            _ => format!("more than {MAX_NODES} keys and values in one file"),
        };
        self.finding(
            "AW003",
            self.at..self.at + 1,
            &message,
            "Split the design into several files in one folder.",
        )
    }

    fn find(&self) -> Finding {
        let info = self.info;
        if info.starts_with("invalid trailing content") {
            self.text_after_quote()
        } else if info.contains("quoted scalar")
            && !info.contains("escape")
            && !info.contains("hexadecimal")
        {
            self.unclosed_quote()
        } else if info.contains("quoted scalar") {
            self.bad_escape()
        } else if info.contains("recursion limit") {
            self.limit_of_brackets()
        } else if info.contains("unknown anchor")
            || info.contains("anchor")
            || info.contains("alias")
        {
            self.anchor()
        } else if info.contains("tag") || info.contains("TAG") || info.contains("handle") {
            self.feature("a tag (`!name`)")
        } else if info.contains("directive") || info.contains("YAML document") {
            self.feature("a directive (`%…`)")
        } else if let Some(bracket) = self.open_bracket {
            self.in_brackets(bracket)
        } else {
            self.in_block()
        }
    }

    fn in_block(&self) -> Finding {
        match self.info {
            "mapping values are not allowed in this context" | "illegal placement of ':' indicator" => self.colon(),
            "simple key expect ':'" | "simple key expected" => self.no_key(self.previous_line(self.at)),
            "misplaced bracket" => self.finding(
                "AW002",
                self.at..self.at + 1,
                &format!("this `{}` closes nothing", self.character()),
                "Remove it, or put the value in quotes.",
            ),
            "block sequence entries are not allowed in this context" => self.finding(
                "AW002",
                self.at..self.at + 1,
                "a list can't begin on the line of its key",
                "Put each `- item` on a line of its own below the key, or write the list as [a, b].",
            ),
            info if info.starts_with("unexpected character") || info.contains("cannot start with") => self.reserved(),
            info if info.contains("did not find expected key") => {
                self.text_after_bracket().unwrap_or_else(|| self.indentation())
            }
            info if info.contains("'-' indicator") => {
                let (start, end) = self.content(self.line_start(self.at));
                self.finding(
                    "AW002",
                    start..end,
                    "a list goes on with a line that isn't an item",
                    "Begin the line with `- `, or indent it to the level that it belongs to.",
                )
            }
            info if info.contains("tab") => {
                let (start, _) = self.content(self.line_start(self.at));
                self.finding("AW002", self.at..start.max(self.at + 1), "a tab stands where only spaces may", "Use spaces.")
            }
            info if info.contains("indentation") || info.contains("indented") => self.indentation(),
            info => self.other(info),
        }
    }

    fn other(&self, info: &str) -> Finding {
        let (start, end) = self.content(self.line_start(self.at));
        let start = if (start..end).contains(&self.at) {
            self.at
        } else {
            start
        };
        self.finding(
            "AW002",
            start..end,
            &format!("this is not YAML: {info}"),
            "If this is one text, put it in quotes.",
        )
    }

    /// `when: 'staff' in caller.roles`
    fn text_after_quote(&self) -> Finding {
        let line = self.line_start(self.at);
        let closing = self.text[line..self.at]
            .rfind(['\'', '"'])
            .map_or(line, |found| line + found);
        let quote = if self.text[closing..].starts_with('\'') {
            '\''
        } else {
            '"'
        };
        let opening = self.text[line..closing]
            .find(quote)
            .map_or(closing, |found| line + found);
        let (_, line_end) = self.content(line);
        let end = self.text[opening..line_end]
            .find(" #")
            .map_or(line_end, |comment| opening + comment);
        let value = self.text[opening..end].trim_end();
        let help = "Put the whole value in quotes of the other kind; YAML takes the first pair for its own.";
        let mut finding = self.finding(
            "AW002",
            opening..opening + value.len(),
            "more text follows after the closing quote",
            help,
        );
        if self.open_bracket.is_none() && quote == '\'' && !value.contains(['"', '\\']) {
            finding.help = format!("Put the whole value in double quotes: \"{value}\".");
            finding.fix = Some((
                "Put the value in double quotes".to_owned(),
                format!("\"{value}\""),
            ));
        }
        finding
    }

    /// `create: { by: owner }, clerk`
    fn text_after_bracket(&self) -> Option<Finding> {
        let (start, end) = self.content(self.line_start(self.at));
        let line = &self.text[start..end];
        let colon = line.find(": ")? + 2;
        let value = line[colon..].trim_start();
        let opening = value.starts_with(['{', '[']).then(|| end - value.len())?;
        let closing = opening + split::closing_bracket(value)?;
        let rest = self.text[closing + 1..end].trim_start();
        if rest.is_empty() || rest.starts_with('#') {
            return None;
        }
        let message = format!(
            "more text follows after the closing `{}`",
            &self.text[closing..=closing]
        );
        let first = &self.text[opening..=closing];
        let help = match rest.strip_prefix(',').map(str::trim) {
            Some(second) if !second.is_empty() => {
                format!("Write several values as a list: `[{first}, {second}]`.")
            }
            _ => "Remove it: the value ends with its bracket.".to_owned(),
        };
        Some(self.finding("AW002", end - rest.len()..end, &message, &help))
    }

    fn unclosed_quote(&self) -> Finding {
        let start = match self.character() {
            '\'' | '"' => self.at,
            _ => self.text[..self.at].rfind(['\'', '"']).unwrap_or(self.at),
        };
        let end = self.end_of_line(start);
        self.finding(
            "AW002",
            start..end,
            "this quote is never closed",
            "Add the closing quote.",
        )
    }

    fn bad_escape(&self) -> Finding {
        let end = self.end_of_line(self.at);
        let help =
            "In double quotes a backslash begins an escape: use single quotes, or write `\\\\`.";
        self.finding(
            "AW002",
            self.at..end,
            "a backslash here begins no escape that YAML knows",
            help,
        )
    }

    fn limit_of_brackets(&self) -> Finding {
        let message =
            format!("more than {MAX_DEPTH} levels of lists and mappings within each other");
        self.finding("AW003", self.at..self.at + 1, &message, "Remove brackets.")
    }

    fn anchor(&self) -> Finding {
        if !self.is_star() {
            return self.feature("an anchor or alias (`&name`, `*name`)");
        }
        let message = "YAML takes `*` for the beginning of an alias, which designs don't use";
        let help = "Write out what is meant; a text that begins with `*` needs quotes.";
        self.finding("AW004", self.at..self.at + 1, message, help)
    }

    /// A `*` alone, which people write for all there is.
    fn is_star(&self) -> bool {
        let rest = self.text[self.at..].strip_prefix('*');
        rest.is_some_and(|rest| {
            rest.is_empty() || rest.starts_with([' ', ',', '}', ']', '\n', '\r'])
        })
    }

    fn feature(&self, what: &str) -> Finding {
        let line_end = self.end_of_line(self.at);
        let end = self.text[self.at..line_end]
            .find(' ')
            .map_or(line_end, |length| self.at + length);
        let message = format!("YAML reads this as {what}, which designs don't use");
        let help = "If this is a text or an expression, put it in quotes: \"!published\".";
        self.finding("AW004", self.at..end, &message, help)
    }

    fn in_brackets(&self, bracket: usize) -> Finding {
        let opening = &self.text[bracket..=bracket];
        let closing = if opening == "{" { '}' } else { ']' };
        let same_line = self.line_start(bracket) == self.line_start(self.at);
        if same_line && matches!(self.character(), '[' | '{' | ']' | '}') {
            let message = format!(
                "`{}` stands in a value inside `{opening} {closing}`",
                self.character()
            );
            let help =
                "Put quotes around the value: inside brackets, YAML takes `[ ] { } ,` for its own.";
            return self.finding("AW002", self.at..self.at + 1, &message, help);
        }
        if same_line && self.info.starts_with("illegal placement")
            || self.info.starts_with("mapping values")
        {
            return self.colon();
        }
        if same_line && self.at < self.content(bracket).1 {
            let help = format!(
                "Put quotes around a value that contains `[ ] {{ }} ,`; separate entries by commas; close with `{closing}`."
            );
            let message = format!("this does not fit between `{opening}` and `{closing}`");
            return self.finding("AW002", self.at..self.at + 1, &message, &help);
        }
        let message =
            format!("this `{opening}` is not closed before the text goes on in the outer mapping");
        self.finding(
            "AW002",
            bracket..bracket + 1,
            &message,
            &format!("Add the closing `{closing}`; indent lines between the brackets."),
        )
    }

    /// A colon that can't be: a second one in a line, or the first one after a line that was taken for a text.
    fn colon(&self) -> Finding {
        let line = self.line_start(self.at);
        let (start, end) = self.content(line);
        let before = self
            .text
            .get(start..self.at)
            .unwrap_or_default()
            .trim_start_matches("- ");
        let second = before.contains(": ") || before.contains(['\'', '"', '{', '[']);
        if second {
            let word = before.rsplit([' ', ',']).next().unwrap_or_default();
            let is_modifier = before.contains(',')
                && (keys::MODIFIERS.contains(&word) || keys::FIELD.contains(&word));
            let help = if is_modifier {
                "Modifiers have no colon: `int, min 0 = 1`. For keys, write the field as a mapping: `{ type: int, min: 0 }`."
            } else {
                "Put quotes around the whole value; YAML takes a colon and a space for a key."
            };
            return self.finding(
                "AW002",
                self.at..self.at + 1,
                "a second `: ` in the same value",
                help,
            );
        }
        let previous = self.previous_line(line);
        let (previous_start, previous_end) = self.content(previous);
        if self.text[previous_start..previous_end].contains(": ") {
            let help = "Remove the value from the line above to nest keys under it, or indent this line like the one above.";
            return self.finding(
                "AW002",
                start..end,
                "this line is nested under a key that already has a value",
                help,
            );
        }
        self.no_key(previous)
    }

    fn no_key(&self, line: usize) -> Finding {
        let (start, end) = self.content(line);
        let content = &self.text[start..end];
        let message = "this line is neither `key: value` nor a list item";
        let help = match content.find(':') {
            Some(_) => "Put a space after the colon: `key: value`.",
            None => "Add a colon and a value, or remove the line.",
        };
        self.finding("AW002", start..end, message, help)
    }

    fn indentation(&self) -> Finding {
        let (start, end) = self.content(self.line_start(self.at));
        let help = "Indent the keys of one mapping by the same number of spaces.";
        self.finding(
            "AW002",
            start..end,
            "this line's indentation fits none of the lines above",
            help,
        )
    }

    fn reserved(&self) -> Finding {
        let line_end = self.end_of_line(self.at);
        let end = self.text[self.at..line_end]
            .find(" #")
            .map_or(line_end, |comment| self.at + comment);
        let message = format!("a YAML value can't begin with `{}`", self.character());
        self.finding("AW002", self.at..end, &message, "Put the value in quotes.")
    }

    fn finding(
        &self,
        code: &'static str,
        range: std::ops::Range<usize>,
        message: &str,
        help: &str,
    ) -> Finding {
        let start = range.start.min(self.text.len());
        let mut end = range.end.clamp(start, self.text.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        Finding {
            code,
            start,
            end,
            message: message.to_owned(),
            help: help.to_owned(),
            fix: None,
        }
    }

    fn character(&self) -> char {
        self.text[self.at..].chars().next().unwrap_or(' ')
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// The start of the last line before `at`'s line that holds more than a comment; `at`'s own line if there is none.
    fn previous_line(&self, at: usize) -> usize {
        let mut line = self.line_start(at);
        while line > 0 {
            let previous = self.line_start(line - 1);
            let (start, end) = self.content(previous);
            if start < end && !self.text[start..end].starts_with('#') {
                return previous;
            }
            line = previous;
        }
        self.line_start(at)
    }

    /// Where the line that holds `at` ends, space at its end left out; `at` itself if it stands there.
    fn end_of_line(&self, at: usize) -> usize {
        self.content(self.line_start(at)).1.max(at)
    }

    /// The line at `line` without indentation and trailing space.
    fn content(&self, line: usize) -> (usize, usize) {
        let rest = &self.text[line..];
        let content = rest.find('\n').map_or(rest, |newline| &rest[..newline]);
        let start = line + content.len() - content.trim_start().len();
        (start, (line + content.trim_end().len()).max(start))
    }

    /// The line at `start` with the lines that are nested under it.
    fn lines_from(&self, start: usize) -> RangeInclusive<usize> {
        let line = self.line_start(start);
        let first = self.text[..line].matches('\n').count();
        let indentation = self.content(line).0 - line;
        let mut last = first;
        for (index, text) in self.text[line..].split('\n').enumerate().skip(1) {
            let content = text.trim_start();
            if !content.is_empty() && text.len() - content.len() <= indentation {
                break;
            }
            last = first + index;
        }
        first..=last
    }
}
