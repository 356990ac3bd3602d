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
}

/// The entry of a code such as `AW001`, in any case.
pub fn code(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|known| known.code.eq_ignore_ascii_case(code))
}
