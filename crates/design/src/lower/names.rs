//! What names look like.

/// Longest name, so that names derived from it fit every database.
pub const MAX_NAME: usize = 48;

/// What a name has to look like to be read. The model is stricter about `_` and capitals, where it can offer the right
/// spelling without losing what refers to the name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NameForm {
    /// Letters, digits and `_`.
    Word,
    /// Also `-`.
    Kebab,
    /// A capital letter first: entities, views and types.
    Capital,
}

impl NameForm {
    pub fn fits(self, name: &str) -> bool {
        let first = name.bytes().next();
        let begins = match self {
            Self::Capital => first.is_some_and(|byte| byte.is_ascii_uppercase()),
            _ => first.is_some_and(|byte| byte.is_ascii_alphabetic()),
        };
        let rest = name.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || byte == b'_' || (byte == b'-' && self == Self::Kebab)
        });
        begins && rest && name.len() <= MAX_NAME
    }

    fn help(self) -> String {
        let form = match self {
            Self::Word => "a letter and use letters, digits and `_`",
            Self::Kebab => "a letter and use letters, digits, `-` and `_`",
            Self::Capital => "a capital letter and use letters and digits",
        };
        format!("Begin with {form}, at most {MAX_NAME}.")
    }

    pub fn help_for(self, name: &str) -> String {
        match self.near(name) {
            Some(near) => format!("Write `{near}`."),
            None => self.help(),
        }
    }

    /// The same words in this form.
    fn near(self, name: &str) -> Option<String> {
        let words = name
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty());
        let near: String = match self {
            Self::Word => words.collect::<Vec<_>>().join("_"),
            Self::Kebab => words.collect::<Vec<_>>().join("-").to_lowercase(),
            Self::Capital => words
                .map(|word| word[..1].to_ascii_uppercase() + &word[1..])
                .collect(),
        };
        (self.fits(&near) && near != name).then_some(near)
    }
}
