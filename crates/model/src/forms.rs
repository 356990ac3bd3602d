//! What a text of a type looks like: one form for the literals of a design and the values of requests.

use crate::ScalarType;
use regex::Regex;
use std::sync::LazyLock;

/// What a `slug` looks like, as a regular expression (ECMA-262 and RE2 alike).
pub const SLUG_PATTERN: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";

/// What a `phone` looks like: E.164.
pub const PHONE_PATTERN: &str = r"^\+[0-9]{7,15}$";

/// A dot-atom before the at sign, and a host name after it (RFC 5322, without comments and quoted texts).
const EMAIL_PATTERN: &str = r"^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*@[\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?(\.[\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?)*$";

/// `http` or `https`, a host, and what may follow it (RFC 3986).
const URL_PATTERN: &str = r#"^(?i:https?)://([^\s/?#@\\<>"^`{|}]*@)?(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]\\<>"^`{|}%]+)(:[0-9]{0,5})?([/?#][^\s<>"\\^`{|}]*)?$"#;

type Form = LazyLock<Option<Regex>>;

static EMAIL: Form = LazyLock::new(|| Regex::new(EMAIL_PATTERN).ok());
static URL: Form = LazyLock::new(|| Regex::new(URL_PATTERN).ok());
static PHONE: Form = LazyLock::new(|| Regex::new(PHONE_PATTERN).ok());
static SLUG: Form = LazyLock::new(|| Regex::new(SLUG_PATTERN).ok());

impl ScalarType {
    /// Whether a text has the form of an `email`, `url`, `phone` or `slug`, whatever its length; other types have none
    /// that a pattern could say.
    pub fn has_form(&self, text: &str) -> bool {
        let form = match self {
            Self::Email => &EMAIL,
            Self::Url => &URL,
            Self::Phone => &PHONE,
            Self::Slug => &SLUG,
            _ => return true,
        };
        form.as_ref().is_some_and(|form| form.is_match(text))
    }
}
