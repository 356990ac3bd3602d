//! The registry of codes. A code never changes its meaning; a page lives in `pages/CODE.md`.

use crate::Severity;

/// One kind of problem; `page` is Markdown: what it means, why it matters, an example that fires, what to do.
pub struct Code {
    pub code: &'static str,
    pub severity: Severity,
    /// A headline in a few words, for lists.
    pub title: &'static str,
    pub page: &'static str,
}

macro_rules! codes {
    ($($code:literal $severity:ident $title:literal;)*) => {
        /// All codes, in order.
        pub static CODES: &[Code] = &[$(Code {
            code: $code,
            severity: Severity::$severity,
            title: $title,
            page: include_str!(concat!("../pages/", $code, ".md")),
        }),*];
    };
}

codes! {
    "AW001" Error "the file can't be read";
    "AW002" Error "this is not valid YAML";
    "AW003" Error "too large or too deep";
    "AW004" Error "a YAML feature that designs don't use";
    "AW005" Error "several documents in one file";
    "AW006" Error "there is nothing to read";
    "AW007" Error "the same key twice";
    "AW008" Error "an unknown key";
    "AW009" Error "the wrong kind of value";
    "AW010" Error "something required is missing";
    "AW011" Error "a design includes no files";
    "AW012" Error "declared in two files";
    "AW013" Error "an unusable name";
    "AW014" Error "an unknown word";
    "AW015" Error "a malformed number or truth value";
    "AW016" Error "a malformed quantity";
    "AW017" Error "a malformed type";
    "AW018" Error "an unknown or malformed modifier";
    "AW019" Error "a modifier that is repeated or out of place";
    "AW020" Error "a malformed access rule";
    "AW021" Error "a malformed route or path";
    "AW022" Error "a malformed step";
    "AW023" Error "a malformed reply";
    "AW024" Error "an unknown language version";
}

/// The entry of a code such as `AW001`, in any case.
pub fn code(code: &str) -> Option<&'static Code> {
    CODES
        .iter()
        .find(|known| known.code.eq_ignore_ascii_case(code))
}
