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
    "AW200" Error "a name in the wrong form";
    "AW201" Error "a name that is taken";
    "AW202" Error "a reserved name";
    "AW203" Error "the design is incomplete";
    "AW204" Error "a setting out of range";
    "AW205" Error "since and until contradict";
    "AW206" Error "not part of this API version";
    "AW207" Error "an unknown choice";
    "AW208" Error "workload of an unknown operation";
    "AW209" Error "one name for two things in the database";
    "AW220" Error "an unknown type";
    "AW221" Error "type arguments that don't fit";
    "AW222" Error "a modifier that doesn't fit the type";
    "AW223" Error "a value that doesn't fit";
    "AW224" Error "a pattern that can't be read";
    "AW225" Error "bounds in the wrong order";
    "AW226" Error "modifiers that contradict each other";
    "AW227" Error "an unknown field";
    "AW228" Error "a field that can't serve here";
    "AW229" Error "a type made of itself";
    "AW250" Error "an unknown entity";
    "AW251" Error "the other side of a relation is unclear";
    "AW252" Error "a `by` that doesn't fit";
    "AW253" Error "a `through` that doesn't fit";
    "AW254" Error "a composition that can't be";
    "AW255" Error "an `on-delete` that doesn't fit";
    "AW256" Error "two fields shown under one name";
    "AW257" Error "a row that needs another before it";
    "AW258" Warning "two lists that are taken for one relation";
    "AW270" Error "an unknown role";
    "AW271" Error "roles that include each other";
    "AW272" Error "two roles open to sign-up";
    "AW273" Error "nobody can sign in";
    "AW274" Error "two account entities";
    "AW275" Error "nobody can sign in by this field";
    "AW276" Error "an owner that can't be";
    "AW277" Error "a tenant that can't be";
    "AW278" Warning "nobody can use this";
    "AW279" Error "rules on a part";
    "AW280" Warning "a role that nobody can get";
    "AW281" Error "a condition that has no meaning here";
    "AW282" Warning "a change to rows that can't be seen";
    "AW283" Warning "nobody can have an account";
    "AW284" Warning "rows that no request finds";
    "AW285" Warning "a tenant that is open to strangers";
    "AW286" Warning "rows that no tenant confines";
    "AW287" Warning "an account that never gets a tenant";
    "AW288" Warning "nobody can begin a tenant";
    "AW289" Warning "a reference that its writer can't see";
    "AW290" Error "rows that a tenant's rows join for all";
    "AW300" Error "no field for the state";
    "AW301" Error "an unknown state";
    "AW302" Warning "a state that is never reached";
    "AW303" Error "an incomplete move";
    "AW320" Error "an expression that can't be read";
    "AW321" Error "an unknown name in an expression";
    "AW322" Error "types that don't fit";
    "AW323" Error "an unknown value of an enum";
    "AW324" Error "an unknown function";
    "AW325" Error "arguments that don't fit";
    "AW326" Error "not possible at this place";
    "AW327" Error "`caller.roles` is used as a value";
    "AW328" Error "a value computed from itself";
    "AW329" Error "a computed value that grows too large";
    "AW330" Warning "a condition that never holds";
    "AW350" Error "a route that can't be used";
    "AW351" Error "two operations with one route";
    "AW352" Error "inputs that don't fit the route";
    "AW354" Error "an unknown outcome";
    "AW355" Error "a new row lacks values";
    "AW356" Error "a field that can't be set here";
    "AW357" Error "a row or a list is needed";
    "AW358" Error "a reply that can't be";
    "AW359" Error "an unknown rate class";
    "AW360" Error "a key that is not unique";
    "AW361" Error "an unknown move";
    "AW362" Error "no relation of many to many";
    "AW364" Error "an unknown or incomplete view";
    "AW365" Error "a view of another entity";
    "AW366" Error "a view that shows itself";
    "AW367" Error "an input that can't be sent there";
    "AW368" Error "a password or token that can't be";
    "AW369" Error "a sign-in that comes too late";
    "AW370" Error "moves that make each other";
    "AW371" Error "a move whose input nobody gives";
    "AW372" Error "a move that deletes its own row";
    "AW373" Error "two operations with one id";
    "AW374" Error "a shape that grows too large";
    "AW375" Warning "a rate class that nothing uses";
    "AW390" Error "a seed that doesn't fit";
    "AW600" Error "the server can't run this yet";
    "AW601" Warning "the server replaces a part of the stack";
    "AW620" Error "the stack can't have this yet";
}

/// The entry of a code such as `AW001`, in any case, or of its number alone: `1`.
pub fn code(code: &str) -> Option<&'static Code> {
    let number = match code.get(..2) {
        Some(prefix) if prefix.eq_ignore_ascii_case("AW") => &code[2..],
        _ => code,
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let wanted = digits.then(|| format!("AW{number:0>3}"))?;
    CODES.iter().find(|known| known.code == wanted)
}
