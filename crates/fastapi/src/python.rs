//! Python expressions, laid out as a formatter would: on one line where they fit, and otherwise one part a line.

/// The longest line.
pub const WIDTH: usize = 120;

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Python {
    /// Names, literals: what is never broken.
    Atom(String),
    Attribute(Box<Python>, String),
    Call(Box<Python>, Vec<Python>),
    Named(String, Box<Python>),
    List(Vec<Python>),
    Set(Vec<Python>),
    /// Keys that are texts already.
    Dict(Vec<(String, Python)>),
    /// Both sides and what stands between them.
    Binary(Box<Python>, &'static str, Box<Python>),
    /// What stands before it: `~`, `-`.
    Prefixed(&'static str, Box<Python>),
}

pub fn atom(text: impl Into<String>) -> Python {
    Python::Atom(text.into())
}

/// A call of a function by its name.
pub fn call(name: &str, arguments: Vec<Python>) -> Python {
    Python::Call(Box::new(atom(name)), arguments)
}

/// A text as a literal, in the quotes that need the fewest escapes.
pub fn text(text: &str) -> String {
    let quote = match text.matches('"').count() > text.matches('\'').count() {
        true => '\'',
        false => '"',
    };
    let mut literal = String::from(quote);
    for letter in text.chars() {
        match letter {
            letter if letter == quote || letter == '\\' => literal.extend(['\\', letter]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            letter if letter.is_control() => {
                literal.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => literal.push(letter),
        }
    }
    literal.push(quote);
    literal
}

/// What a docstring or a comment says, on one line.
pub fn sentence(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words
        .join(" ")
        .replace('\\', "\\\\")
        .replace("\"\"\"", "'''")
}

impl Python {
    pub fn dot(self, name: &str) -> Self {
        Self::Attribute(Box::new(self), name.to_owned())
    }

    /// A call of a method.
    pub fn call(self, method: &str, arguments: Vec<Self>) -> Self {
        Self::Call(Box::new(self.dot(method)), arguments)
    }

    pub fn binary(self, operator: &'static str, right: Self) -> Self {
        Self::Binary(Box::new(self), operator, Box::new(right))
    }

    /// On one line.
    pub fn flat(&self) -> String {
        match self {
            Self::Atom(text) => text.clone(),
            Self::Attribute(of, name) => format!("{}.{name}", of.operand()),
            Self::Call(callee, arguments) => format!("{}({})", callee.flat(), joined(arguments)),
            Self::Named(name, value) => format!("{name}={}", value.flat()),
            Self::List(items) => format!("[{}]", joined(items)),
            Self::Set(items) => format!("{{{}}}", joined(items)),
            Self::Dict(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| format!("{key}: {}", value.flat()));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
            Self::Binary(left, operator, right) => {
                format!("{} {operator} {}", left.operand(), right.operand())
            }
            Self::Prefixed(sign, of) => format!("{sign}{}", of.operand()),
        }
    }

    /// As a part of something that binds closer.
    fn operand(&self) -> String {
        match self {
            Self::Binary(..) | Self::Prefixed(..) => format!("({})", self.flat()),
            _ => self.flat(),
        }
    }

    /// As the one thing between two brackets, on lines of its own.
    fn enclosed(&self, indent: usize, after: usize) -> String {
        let flat = self.flat();
        if indent + flat.chars().count() + after <= WIDTH {
            return flat;
        }
        match self {
            Self::Call(..) if self.links() > 1 => self.chain(indent),
            Self::Binary(left, operator, right) => {
                let left = left.side(indent, 0);
                let right = right.side(indent, operator.len() + 1);
                format!("{left}\n{}{operator} {right}", spaces(indent))
            }
            Self::Prefixed(sign, of) => format!("{sign}{}", of.side(indent, sign.len())),
            _ => self.laid_out(indent, 0, after),
        }
    }

    /// A side of an operator, within brackets that are open already.
    fn side(&self, indent: usize, before: usize) -> String {
        let flat = self.operand();
        match self {
            _ if indent + before + flat.chars().count() <= WIDTH => flat,
            Self::Call(..) if self.links() > 1 => self.chain(indent),
            _ => self.laid_out(indent, before, 0),
        }
    }

    /// Behind `before` on a line that is indented by so many spaces, with `after` behind it.
    pub fn laid_out(&self, indent: usize, before: usize, after: usize) -> String {
        let flat = self.flat();
        if indent + before + flat.chars().count() + after <= WIDTH {
            return flat;
        }
        match self {
            Self::Call(..) if self.links() > 1 => {
                let deep = spaces(indent + 4);
                format!(
                    "(\n{deep}{}\n{})",
                    self.enclosed(indent + 4, 0),
                    spaces(indent)
                )
            }
            Self::Call(callee, arguments) if !arguments.is_empty() => {
                let head = match callee.as_ref() {
                    Self::Attribute(of, name) if of.is_call() => {
                        let fits = indent + before + callee.flat().chars().count() < WIDTH;
                        match fits {
                            true => callee.flat(),
                            false => {
                                let tail = format!(".{name}({})", joined(arguments));
                                let of = of.laid_out(indent, before, 0);
                                if indent + 1 + tail.len() + after <= WIDTH {
                                    return format!("{of}{tail}");
                                }
                                format!("{of}.{name}")
                            }
                        }
                    }
                    callee => callee.flat(),
                };
                format!("{head}({})", broken(arguments, indent))
            }
            Self::Named(name, value) => {
                format!(
                    "{name}={}",
                    value.laid_out(indent, before + name.len() + 1, after)
                )
            }
            Self::List(items) => format!("[{}]", broken(items, indent)),
            Self::Set(items) => format!("{{{}}}", broken(items, indent)),
            Self::Dict(entries) => {
                let deep = spaces(indent + 4);
                let lines = entries.iter().map(|(key, value)| {
                    let value = value.laid_out(indent + 4, key.len() + 2, 1);
                    format!("{deep}{key}: {value},\n")
                });
                format!("{{\n{}{}}}", lines.collect::<String>(), spaces(indent))
            }
            Self::Binary(..) => {
                let deep = spaces(indent + 4);
                format!(
                    "(\n{deep}{}\n{})",
                    self.enclosed(indent + 4, 0),
                    spaces(indent)
                )
            }
            Self::Prefixed(sign, of) => {
                format!("{sign}{}", of.laid_out(indent, before + sign.len(), after))
            }
            _ => flat,
        }
    }

    /// How many calls of methods follow one another.
    fn links(&self) -> usize {
        match self {
            Self::Call(callee, _) => match callee.as_ref() {
                Self::Attribute(of, _) if of.is_call() => 1 + of.links(),
                _ => 0,
            },
            _ => 0,
        }
    }

    fn is_call(&self) -> bool {
        matches!(self, Self::Call(..))
    }

    /// One call a line.
    fn chain(&self, indent: usize) -> String {
        let Self::Call(callee, arguments) = self else {
            return self.operand();
        };
        let (head, name) = match callee.as_ref() {
            Self::Attribute(of, name) if of.is_call() => {
                let head = format!("{}\n{}", of.chain(indent), spaces(indent));
                (head, format!(".{name}"))
            }
            callee => (String::new(), callee.flat()),
        };
        let flat = format!("{name}({})", joined(arguments));
        if indent + flat.chars().count() <= WIDTH || arguments.is_empty() {
            return format!("{head}{flat}");
        }
        format!("{head}{name}({})", broken(arguments, indent))
    }
}

fn joined(parts: &[Python]) -> String {
    let parts: Vec<String> = parts.iter().map(Python::flat).collect();
    parts.join(", ")
}

/// One part a line, each with a comma; a single one as it is.
fn broken(parts: &[Python], indent: usize) -> String {
    let inner = indent + 4;
    if let [only] = parts
        && !matches!(only, Python::Named(..))
    {
        let only = only.enclosed(inner, 0);
        return format!("\n{}{only}\n{}", spaces(inner), spaces(indent));
    }
    let mut text = String::from("\n");
    for part in parts {
        let part = part.enclosed(inner, 1);
        text.push_str(&format!("{}{part},\n", spaces(inner)));
    }
    text + &spaces(indent)
}

fn spaces(count: usize) -> String {
    " ".repeat(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_on_one_line() {
        let value = call("select", vec![atom("book.id")]);
        let value = value.call("where", vec![atom("book.price").binary("<", atom("5"))]);
        assert_eq!(
            value.laid_out(4, 7, 0),
            "select(book.id).where(book.price < 5)"
        );
    }

    #[test]
    fn a_long_chain_has_one_call_a_line() {
        let long = "x".repeat(60);
        let value = call("select", vec![atom(&long)]);
        let value = value.call("where", vec![atom(&long), atom("b")]);
        let value = value.call("exists", Vec::new());
        let expected = format!(
            "(\n        select({long})\n        .where({long}, b)\n        .exists()\n    )"
        );
        assert_eq!(value.laid_out(4, 7, 0), expected);
    }

    #[test]
    fn long_arguments_stand_one_a_line() {
        let long = atom("x".repeat(60));
        let value = call("or_", vec![long.clone(), long.clone()]);
        let expected = format!("or_(\n    {0},\n    {0},\n)", long.flat());
        assert_eq!(value.laid_out(0, 0, 0), expected);
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(text("it's\\\n\u{1}"), r#""it's\\\n\u0001""#);
        assert_eq!(text("a \"b\""), r#"'a "b"'"#);
        assert_eq!(text("it's \"b\""), r#"'it\'s "b"'"#);
        assert_eq!(sentence("a\n  \"\"\" b"), "a ''' b");
    }
}
