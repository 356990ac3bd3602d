//! The forms that names have to have, and what a name in another form should be.

use super::context::Lowering;
use archwright_design::MAX_NAME;
use archwright_design::ast::Text;
use archwright_diagnostics::Diagnostic;
use heck::{ToKebabCase, ToSnakeCase, ToUpperCamelCase};

#[derive(Clone, Copy)]
pub(super) enum Form {
    /// `OrderLine`
    Pascal,
    /// `placed_at` or `placedAt`
    Field,
    /// `sign-up` or `sign_up`
    Word,
    /// A word, or `signUp`
    Operation,
}

impl Form {
    fn holds(self, name: &str) -> bool {
        let mut characters = name.chars();
        let Some(first) = characters.next() else {
            return false;
        };
        let separated = |name: &str| {
            !name.ends_with(['-', '_']) && !name.contains("--") && !name.contains("__")
        };
        name.len() <= MAX_NAME
            && match self {
                Self::Pascal => {
                    first.is_ascii_uppercase()
                        && characters.all(|next| next.is_ascii_alphanumeric())
                }
                Self::Field => {
                    first.is_ascii_lowercase()
                        && characters.all(|next| next.is_ascii_alphanumeric() || next == '_')
                        && separated(name)
                }
                Self::Operation => {
                    first.is_ascii_lowercase()
                        && characters
                            .all(|next| next.is_ascii_alphanumeric() || matches!(next, '-' | '_'))
                        && separated(name)
                }
                Self::Word => {
                    first.is_ascii_lowercase()
                        && characters.all(|next| {
                            next.is_ascii_lowercase()
                                || next.is_ascii_digit()
                                || matches!(next, '-' | '_')
                        })
                        && separated(name)
                }
            }
    }

    fn corrected(self, name: &str) -> String {
        let ascii: String = name
            .chars()
            .map(|next| {
                if next.is_ascii_alphanumeric() {
                    next
                } else {
                    ' '
                }
            })
            .collect();
        match self {
            Self::Pascal => ascii.to_upper_camel_case(),
            Self::Field => ascii.to_snake_case(),
            Self::Word | Self::Operation => ascii.to_kebab_case(),
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Pascal => "PascalCase (`OrderLine`)",
            Self::Field => "snake_case or camelCase (`placed_at`, `placedAt`)",
            Self::Operation => "words joined by `-` or `_`, or camelCase (`sign-up`, `signUp`)",
            Self::Word => "lower-case words joined by `-` or `_` (`sign-up`)",
        }
    }
}

impl Lowering<'_> {
    /// Reports a name in the wrong form.
    pub fn check_name(&mut self, name: &Text, form: Form, what: &str) {
        if form.holds(&name.value) {
            return;
        }
        if name.value.len() > MAX_NAME {
            let message = format!("the name of {what} is longer than {MAX_NAME} characters");
            return self.error("AW200", name.span, message, "shorten it");
        }
        let message = format!(
            "`{}` is not written as the name of {what} is: {}",
            name.value,
            form.describe()
        );
        let diagnostic = Diagnostic::new("AW200", name.span, message);
        let corrected = form.corrected(&name.value);
        let diagnostic = if form.holds(&corrected) {
            diagnostic.help(format!("write `{corrected}`")).fix(
                format!("write `{corrected}`"),
                name.span,
                corrected,
            )
        } else {
            diagnostic.help(
                "begin with a letter, and use letters of the English alphabet and digits only",
            )
        };
        self.report(diagnostic);
    }

    pub fn repeated(&mut self, name: &Text, what: &str) {
        let message = format!("the {what} `{}` stands twice", name.value);
        self.error("AW201", name.span, message, "rename or remove one of them");
    }
}
