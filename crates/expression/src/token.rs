//! Tokens of an expression: for limits before the parser runs, for ranges, and for messages that people understand.

use crate::ast::SyntaxError;
use std::ops::Range;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub range: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Word,
    Number,
    Text,
    Open,
    Close,
    Comma,
    Dot,
    /// `!` and `-`, which also stand before a value.
    Prefix,
    Operator,
}

impl TokenKind {
    /// True if a value may end with it.
    pub(crate) fn ends_value(self) -> bool {
        matches!(self, Self::Word | Self::Number | Self::Text | Self::Close)
    }
}

/// Splits a text the way the parser's lexer does, and reports what that lexer would stumble over.
pub(crate) fn scan(text: &str) -> (Vec<Token>, Vec<SyntaxError>) {
    let mut scanner = Scanner {
        text,
        at: 0,
        tokens: Vec::new(),
        errors: Vec::new(),
    };
    while scanner.at < text.len() {
        scanner.step();
    }
    (scanner.tokens, scanner.errors)
}

/// Operators of other languages, the longer ones first, and what stands in their place.
const FOREIGN: [(&str, &str); 6] = [
    ("===", "compare with `==`"),
    ("!==", "compare with `!=`"),
    ("<>", "compare with `!=`"),
    ("=>", "name the row first: `rows.exists(x, x.name == 'a')`"),
    ("?.", "write `.`: what is missing stays missing on the way"),
    ("??", "use `coalesce(value, instead)`"),
];

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    errors: Vec<SyntaxError>,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn step(&mut self) {
        let Some(first) = self.rest().chars().next() else {
            return;
        };
        match first {
            ' ' | '\t' | '\n' | '\r' | '\u{c}' => self.at += 1,
            '/' if self.rest().starts_with("//") => {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len())
            }
            '0'..='9' => self.number(),
            '.' if self.rest()[1..].starts_with(|next: char| next.is_ascii_digit()) => {
                self.number()
            }
            '_' | 'a'..='z' | 'A'..='Z' => self.word(),
            '\'' | '"' => self.string(0),
            _ => self.symbol(first),
        }
    }

    fn push(&mut self, kind: TokenKind, length: usize) {
        self.tokens.push(Token {
            kind,
            range: self.at..self.at + length,
        });
        self.at += length;
    }

    fn number(&mut self) {
        let bytes = self.rest().as_bytes();
        let digits = |from: usize| {
            bytes[from..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count()
        };
        if bytes.starts_with(b"0x") {
            let hexadecimal = bytes[2..]
                .iter()
                .take_while(|byte| byte.is_ascii_hexdigit())
                .count();
            return self.push(TokenKind::Number, 2 + hexadecimal);
        }
        let mut length = digits(0);
        if bytes.get(length) == Some(&b'.') && digits(length + 1) > 0 {
            length += 1 + digits(length + 1);
        }
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits((length + 1 + sign).min(bytes.len()));
            length += if exponent > 0 { 1 + sign + exponent } else { 0 };
        }
        if matches!(bytes.get(length), Some(b'u' | b'U')) {
            length += 1;
        }
        self.push(TokenKind::Number, length);
    }

    fn word(&mut self) {
        let length = self
            .rest()
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        let quoted = self.rest()[length..].starts_with(['\'', '"']);
        let prefix = matches!(
            &self.rest()[..length].to_ascii_lowercase()[..],
            "r" | "b" | "br" | "rb"
        );
        if quoted && prefix {
            return self.string(length);
        }
        self.push(TokenKind::Word, length);
    }

    /// A quoted text whose quote stands after `prefix` bytes (`r`, `b`).
    fn string(&mut self, prefix: usize) {
        let raw = self.rest()[..prefix].contains(['r', 'R']);
        let body = &self.rest()[prefix..];
        let quote = &body[..1];
        let triple =
            body.len() >= 3 && body[1..].starts_with(quote) && body[2..].starts_with(quote);
        let close = if triple {
            quote.repeat(3)
        } else {
            quote.to_owned()
        };
        let mut index = close.len();
        let mut wrong_escapes = Vec::new();
        while let Some(next) = body[index..].chars().next() {
            if body[index..].starts_with(&close) {
                let length = prefix + index + close.len();
                for offset in wrong_escapes {
                    self.errors.push(SyntaxError {
                        message: "this escape does not exist".to_owned(),
                        range: offset..offset + 1,
                        help: Some("write `\\\\` for a backslash".to_owned()),
                    });
                }
                return self.push(TokenKind::Text, length);
            }
            if !triple && matches!(next, '\n' | '\r') {
                break;
            }
            index += next.len_utf8();
            if next == '\\' && !raw {
                let escaped = body[index..].chars().next().unwrap_or('\\');
                if !"abfnrtv\\?\"'`xXuU01234567".contains(escaped) {
                    wrong_escapes.push(self.at + prefix + index - 1);
                }
                index += body[index..].chars().next().map_or(0, char::len_utf8);
            }
        }
        self.errors.push(SyntaxError {
            message: "this text is never closed".to_owned(),
            range: self.at..self.at + prefix + index,
            help: Some(format!("end it with {quote}")),
        });
        self.push(TokenKind::Text, prefix + index);
    }

    fn symbol(&mut self, first: char) {
        const DOUBLE: [&str; 6] = ["==", "!=", "<=", ">=", "&&", "||"];
        if let Some((operator, help)) = FOREIGN
            .iter()
            .find(|(operator, _)| self.rest().starts_with(operator))
        {
            let message = format!("`{operator}` is not an operator");
            self.wrong(operator.len(), message, help);
            return self.push(TokenKind::Operator, operator.len());
        }
        if DOUBLE
            .iter()
            .any(|operator| self.rest().starts_with(operator))
        {
            return self.push(TokenKind::Operator, 2);
        }
        let kind = match first {
            '(' | '[' | '{' => TokenKind::Open,
            ')' | ']' | '}' => TokenKind::Close,
            ',' => TokenKind::Comma,
            '.' => TokenKind::Dot,
            '!' | '-' => TokenKind::Prefix,
            '+' | '*' | '/' | '%' | '<' | '>' | '?' | ':' => TokenKind::Operator,
            _ => return self.unknown(first),
        };
        self.push(kind, 1);
    }

    fn unknown(&mut self, first: char) {
        let length = match first {
            '=' | '&' | '|' | '`' | '‘' | '’' | '“' | '”' => first.len_utf8(),
            _ if first.is_whitespace() || first.is_control() => first.len_utf8(),
            _ => self.rest().find(is_known).unwrap_or(self.rest().len()),
        };
        let message = format!("`{}` has no meaning here", &self.rest()[..length]);
        match first {
            '=' => self.wrong(1, "`=` does not compare".to_owned(), "use `==`"),
            '&' => self.wrong(1, message, "use `&&`"),
            '|' => self.wrong(1, message, "use `||`"),
            '‘' | '’' | '“' | '”' => {
                self.wrong(length, message, "use the straight quote `'`")
            }
            '`' => self.wrong(1, message, "put text in `'quotes'`"),
            _ if first.is_whitespace() || first.is_control() => {
                let message = format!("the character U+{:04X} has no meaning here", first as u32);
                self.wrong(length, message, "put a plain space in its place")
            }
            _ => self.wrong(
                length,
                message,
                "put text in `'quotes'`; names are letters, digits and `_`",
            ),
        }
        self.push(TokenKind::Operator, length);
    }

    fn wrong(&mut self, length: usize, message: String, help: &str) {
        let range = self.at..self.at + length;
        self.errors.push(SyntaxError {
            message,
            range,
            help: Some(help.to_owned()),
        });
    }
}

/// True for what ends a run of characters that no expression has, which is reported as one.
fn is_known(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || letter.is_ascii_alphanumeric()
        || "_'\"`‘’“”()[]{},.!-+*/%<>?:=&|".contains(letter)
}
