//! Settings of the whole API, and the stack.

use super::Shape;
use archwright_diagnostics::Span;

#[derive(Clone, Debug)]
pub struct Api {
    /// With a leading slash, without a trailing one: `/v1`; may be empty.
    pub base: String,
    pub version: u32,
    pub page_default: u32,
    pub page_max: u32,
    /// Bytes of a request body, uploads apart.
    pub body_limit: u64,
    pub timeout_seconds: u64,
    /// Where an operation says nothing of its own.
    pub unknown: Unknown,
    pub origins: Vec<String>,
    /// Always holds `sign-in`, `read`, `write`.
    pub rates: Vec<(String, Rate)>,
    pub access_seconds: u64,
    pub refresh_seconds: u64,
    /// The words that may stand before the token in `Authorization`: `Bearer`. At least one; the first is the one that
    /// documents name.
    pub schemes: Vec<String>,
    /// Shapes of error replies: those of one status, and the one of all others, without a status. Their expressions see
    /// the bindings 0 to 6: `status`, `code`, `title`, `detail`, `fields`, `by_field`, `messages`. An entry of `fields` has
    /// the parts [`ENTRY_PARTS`].
    pub errors: Vec<(Option<u16>, Shape)>,
    /// Statuses of mistakes by their codes, instead of our own.
    pub statuses: Vec<(String, u16)>,
    /// What is said for a code, instead of our own sentence.
    pub messages: Vec<(String, String)>,
}

/// What an entry of `fields` says of one value: its place (`article/tagList/0`), the name of its field (`tagList`), the
/// code, and a sentence.
pub const ENTRY_PARTS: [&str; 4] = ["name", "field", "code", "detail"];

/// What happens with parameters of the query and keys of the body that nobody declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    Refuse,
    Ignore,
}

impl Unknown {
    pub fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Ignore => "ignore",
        }
    }
}

impl Api {
    /// The word before the token in `Authorization`, where one is to be named.
    pub fn scheme(&self) -> &str {
        self.schemes.first().map_or("Bearer", String::as_str)
    }

    /// The design's own shape of an error; absent: problem details (RFC 9457).
    pub fn error_shape(&self, status: u16) -> Option<&Shape> {
        let of = |wanted| self.errors.iter().find(move |(known, _)| *known == wanted);
        of(Some(status))
            .or_else(|| of(None))
            .map(|(_, shape)| shape)
    }

    /// The status of a mistake, where the design has one for its code.
    pub fn status(&self, code: &str, usual: u16) -> u16 {
        let mut statuses = self.statuses.iter();
        let found = statuses.find(|(known, _)| known == code);
        found.map_or(usual, |(_, status)| *status)
    }

    pub fn message(&self, code: &str) -> Option<&str> {
        let mut messages = self.messages.iter();
        let found = messages.find(|(known, _)| known == code);
        found.map(|(_, text)| text.as_str())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub count: u64,
    pub per_seconds: u64,
}

#[derive(Clone, Debug)]
pub struct Stack {
    pub framework: Option<String>,
    /// `sqlite` or `postgres`.
    pub database: Choice,
    /// `memory` or `redis`.
    pub cache: Choice,
    /// `password` and provider names.
    pub sign_in: Vec<Choice>,
    pub rls: bool,
}

#[derive(Clone, Debug)]
pub struct Choice {
    pub name: String,
    /// Absent where the design leaves it to us.
    pub span: Option<Span>,
}
