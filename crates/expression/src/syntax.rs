//! What is refused before the parser runs, and what is said when it fails.

use crate::ast::SyntaxError;
use crate::token::{Token, TokenKind};
use std::ops::Range;

/// Longest expression, in bytes.
const LENGTH: usize = 4096;
/// Deepest nesting of brackets.
const DEPTH: usize = 32;
/// How much stack a bracket takes, measured in operators, and the most of both together.
const BRACKET: usize = 4;
const TREE: usize = 160;
/// Most operators or dots in one chain, and most prefixes of one value.
const CHAIN: usize = 64;
/// Most dots in a row: each may be a table that a query joins.
const DOTS: usize = 16;
const PREFIXES: usize = 4;
const CONDITIONALS: usize = 16;

pub(crate) fn error(
    range: Range<usize>,
    message: impl Into<String>,
    help: Option<&str>,
) -> SyntaxError {
    SyntaxError {
        message: message.into(),
        range,
        help: help.map(str::to_owned),
    }
}

/// The text is too long for anything else to be said.
pub(crate) fn too_long(text: &str) -> Option<SyntaxError> {
    let end = text.len();
    (end > LENGTH).then(|| {
        error(
            0..end,
            format!("the expression is longer than {LENGTH} bytes"),
            Some("move parts into computed fields"),
        )
    })
}

/// How deep the tree gets on one level of brackets; an upper bound.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Operators and dots since the last `&&`, `||`, `,`, `?` or `:`; each makes the tree one deeper.
    chain: usize,
    /// The deepest closed bracket in that chain.
    nested: usize,
    /// The deepest chain that has ended.
    deepest: usize,
}

impl Level {
    fn end_chain(&mut self) {
        self.deepest = self.deepest.max(self.chain + self.nested);
        (self.chain, self.nested) = (0, 0);
    }

    fn depth(self) -> usize {
        self.deepest.max(self.chain + self.nested)
    }
}

/// Limits that keep the parser's recursion shallow, whatever the input.
pub(crate) fn too_deep(text: &str, tokens: &[Token]) -> Option<SyntaxError> {
    let mut levels = vec![Level::default()];
    let (mut prefixes, mut conditionals, mut dots) = (0, 0, 0);
    for token in tokens {
        let word = &text[token.range.clone()];
        prefixes = if token.kind == TokenKind::Prefix {
            prefixes + 1
        } else {
            0
        };
        conditionals += usize::from(word == "?");
        dots = match token.kind {
            _ if word == "." => dots + 1,
            TokenKind::Open | TokenKind::Close => dots,
            kind if kind.ends_value() => dots,
            _ => 0,
        };
        let split = |message: &str| {
            let help = Some("split the expression, or move parts into computed fields");
            Some(error(token.range.clone(), message, help))
        };
        match token.kind {
            TokenKind::Open => levels.push(Level::default()),
            TokenKind::Close if levels.len() > 1 => {
                let closed = levels.pop().unwrap_or_default().depth() + BRACKET;
                if let Some(level) = levels.last_mut() {
                    level.nested = level.nested.max(closed);
                }
            }
            _ => {}
        }
        if let Some(level) = levels.last_mut() {
            match word {
                "&&" | "||" | "," | "?" | ":" => level.end_chain(),
                _ => {
                    level.chain +=
                        usize::from(!token.kind.ends_value() && token.kind != TokenKind::Open)
                }
            }
            if level.chain > CHAIN || level.depth() > TREE {
                return split("the chain of operators is too long");
            }
        }
        if dots > DOTS {
            return split("the chain of dots is too long");
        }
        if levels.len() > DEPTH + 1 {
            return split("the brackets are nested too deeply");
        }
        if prefixes > PREFIXES || conditionals > CONDITIONALS {
            return split("too many of these operators in a row");
        }
    }
    None
}

/// Brackets that don't pair.
pub(crate) fn unbalanced(text: &str, tokens: &[Token]) -> Option<SyntaxError> {
    let mut open: Vec<&Token> = Vec::new();
    for token in tokens {
        match token.kind {
            TokenKind::Open => open.push(token),
            TokenKind::Close => {
                let closing = &text[token.range.clone()];
                let Some(last) = open.pop() else {
                    return Some(error(
                        token.range.clone(),
                        format!("this `{closing}` closes nothing"),
                        Some("remove it"),
                    ));
                };
                let wanted = closing_of(&text[last.range.clone()]);
                if wanted != closing {
                    let message = format!("expected `{wanted}`, found `{closing}`");
                    return Some(error(token.range.clone(), message, None));
                }
            }
            _ => {}
        }
    }
    let last = open.pop()?;
    let (bracket, close) = (
        &text[last.range.clone()],
        closing_of(&text[last.range.clone()]),
    );
    Some(error(
        last.range.clone(),
        format!("this `{bracket}` is never closed"),
        Some(&format!("add `{close}`")),
    ))
}

fn closing_of(open: &str) -> &'static str {
    match open {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

/// Words of other languages that stand where an operator has to.
pub(crate) fn foreign_words(text: &str, tokens: &[Token]) -> Vec<SyntaxError> {
    let mut errors = Vec::new();
    for (index, token) in tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.kind == TokenKind::Word)
    {
        let word = text[token.range.clone()].to_ascii_lowercase();
        let after_value = index
            .checked_sub(1)
            .is_some_and(|before| tokens[before].kind.ends_value());
        let before_value = tokens.get(index + 1).is_some_and(|next| {
            matches!(
                next.kind,
                TokenKind::Word
                    | TokenKind::Number
                    | TokenKind::Text
                    | TokenKind::Open
                    | TokenKind::Prefix
            )
        });
        let instead = match &word[..] {
            "and" if after_value => "&&",
            "or" if after_value => "||",
            "is" if after_value => "==",
            "not" if before_value => "!",
            "like" | "ilike" | "contains" | "matches" if after_value => "text.contains('…')",
            "between" if after_value => "value >= 1 && value <= 9",
            "if" if before_value && !after_value => "test ? then : otherwise",
            "in" if tokens
                .get(index + 1)
                .is_some_and(|next| is_list(text, tokens, index + 1, next)) =>
            {
                "in ['a', 'b']"
            }
            _ => continue,
        };
        errors.push(error(
            token.range.clone(),
            format!("`{}` is not an operator here", &text[token.range.clone()]),
            Some(&format!("use `{instead}`")),
        ));
    }
    errors
}

/// Brackets of the wrong kind around values: `('a', 'b')`.
fn is_list(text: &str, tokens: &[Token], index: usize, open: &Token) -> bool {
    let comma = tokens[index..]
        .iter()
        .take_while(|token| token.kind != TokenKind::Close)
        .any(|token| token.kind == TokenKind::Comma);
    comma && &text[open.range.clone()] == "("
}

/// What is wrong at the place where the parser gave up.
pub(crate) fn unexpected(
    text: &str,
    tokens: &[Token],
    offset: usize,
    message: &str,
) -> SyntaxError {
    let index = tokens.iter().position(|token| token.range.end > offset);
    let Some(index) = index else {
        let range = text.trim_end().len()..text.trim_end().len();
        return match tokens.last() {
            None => error(
                0..text.len(),
                "the expression is empty",
                Some("write a condition or a value"),
            ),
            Some(last) if last.kind.ends_value() => {
                error(range, "the expression ends too early", None)
            }
            Some(last) => {
                let message = format!("a value is missing after `{}`", &text[last.range.clone()]);
                error(last.range.clone(), message, None)
            }
        };
    };
    let found = tokens[index].range.clone();
    let word = &text[found.clone()];
    if message.contains("reserved identifier") {
        return reserved(found, word);
    }
    if message.contains("invalid int literal") {
        return error(found, format!("`{word}` is too large for a number"), None);
    }
    if message.contains("invalid string literal") || message.contains("invalid bytes literal") {
        return error(
            found,
            "this text has an escape that does not exist",
            Some("write `\\\\` for a backslash"),
        );
    }
    if message.contains("unsupported syntax") {
        return error(found, "this syntax is not part of the language", None);
    }
    let after_value = index
        .checked_sub(1)
        .is_some_and(|before| tokens[before].kind.ends_value());
    if after_value {
        let help = Some("join conditions with `&&` or `||`; text goes in `'quotes'`");
        return error(
            found,
            format!("expected an operator or the end, found `{word}`"),
            help,
        );
    }
    let compared = index
        .checked_sub(1)
        .is_some_and(|before| matches!(&text[tokens[before].range.clone()], "==" | "!="));
    if word == "in" && compared {
        return reserved(found, word);
    }
    let help = index.checked_sub(1).map(|before| {
        format!(
            "something is missing after `{}`",
            &text[tokens[before].range.clone()]
        )
    });
    error(
        found,
        format!("expected a value, found `{word}`"),
        help.as_deref(),
    )
}

/// A word of the language where a value is needed: that of an enum, or a field's name.
fn reserved(found: Range<usize>, word: &str) -> SyntaxError {
    let help = format!("write `'{word}'` if it is a value, and `self.{word}` if it is a field");
    error(found, format!("`{word}` is a reserved word"), Some(&help))
}
