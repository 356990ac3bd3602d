//! What verbs promise about their subjects and objects.

use crate::chunk::VerbGroup;

/// The subject has the object: `an order has lines`.
const HAS: &str = "\
    have contain include comprise hold show state list carry possess feature specify record own store \
    mention keep indicate cover require get receive involve define need bear display report accept detail \
    represent take";

/// Somebody or a system writes something down.
const RECORDS: &str = "\
    record store keep hold register save note log track maintain know capture enter document need require \
    specify list give provide include indicate add state fill write set define supply show ask retain \
    measure mention describe determine";

/// The same, only with who writes as the subject.
const RECORDS_ACTIVE: &str = "\
    remember collect want have manage see model administer report assign";

/// The same, only in the passive with a list of properties as the subject.
const RECORDS_PASSIVE: &str = "print display calculate concern associate";

const IDENTIFIES: &str = "\
    identify describe characterize characterise know define determine specify denote distinguish label";

/// The object comes into being.
const MAKES: &str = "\
    create make add register book submit place open issue write publish report schedule upload define send \
    request order generate raise plan post file enter record log give set fill draw start organise organize \
    prescribe manage maintain edit delete update remove cancel buy import announce launch configure invite \
    rate list sign take offer sell view track approve assign receive lodge";

/// `a garden is divided into plots`
const DIVIDES: &str = "\
    divide split organize organise group structure partition break compose make build consist comprise";

/// Verbs of looking, which tie nobody to anything.
const LOOKS: &str = "\
    see view browse search find look read know want need use manage check get access print export filter \
    sort like wish show keep edit delete remove update";

fn is_one_of(words: &str, word: &str) -> bool {
    words.split(' ').any(|each| each == word)
}

pub fn has(verb: &VerbGroup) -> bool {
    !verb.passive && verb.particle.is_none() && is_one_of(HAS, &verb.lemma)
}

pub fn records(verb: &VerbGroup) -> bool {
    !verb.passive && (is_one_of(RECORDS, &verb.lemma) || is_one_of(RECORDS_ACTIVE, &verb.lemma))
}

pub fn recorded(verb: &VerbGroup) -> bool {
    (verb.passive || verb.reduced)
        && (is_one_of(RECORDS, &verb.lemma) || is_one_of(RECORDS_PASSIVE, &verb.lemma))
}

pub fn identifies(verb: &VerbGroup) -> bool {
    (verb.passive || verb.reduced) && is_one_of(IDENTIFIES, &verb.lemma)
}

pub fn makes(verb: &VerbGroup) -> bool {
    is_one_of(MAKES, &verb.lemma)
}

pub fn divides(verb: &VerbGroup) -> bool {
    is_one_of(DIVIDES, &verb.lemma)
}

pub fn looks(verb: &VerbGroup) -> bool {
    is_one_of(LOOKS, &verb.lemma)
}

/// Verbs by which staff look after rows: they tie nobody to the row.
const ADMINISTERS: &str = "\
    add create define configure manage remove delete edit update maintain set suspend change modify \
    administer correct control monitor block ban archive";

pub fn administers(verb: &str) -> bool {
    is_one_of(ADMINISTERS, verb)
}

/// Verbs whose noun has another stem.
const NOUNS: &[(&str, &[&str])] = &[
    ("lend", &["loan", "lending"]),
    ("borrow", &["loan", "lending"]),
    ("buy", &["purchase", "order"]),
    ("order", &["order"]),
    ("sell", &["sale"]),
    ("choose", &["choice", "selection"]),
    ("pick", &["choice"]),
    ("hire", &["rental", "hire"]),
    ("rent", &["rental", "rent agreement", "lease"]),
    ("enrol", &["enrolment", "enrollment"]),
    ("enroll", &["enrolment", "enrollment"]),
    ("tick", &["check-in"]),
    ("join", &["membership", "participation"]),
    ("play", &["role", "game", "match"]),
    ("employ", &["employment"]),
    ("like", &["like"]),
    ("favourite", &["favourite"]),
    ("complain", &["complaint"]),
    ("grade", &["grade", "grading"]),
    ("score", &["score"]),
    ("sit", &["attempt", "sitting"]),
    ("sign", &["signup", "sign-up", "registration"]),
    ("ship", &["shipment"]),
    ("give", &["donation", "gift"]),
];

const ENDINGS: &[&str] = &[
    "ing", "ment", "ion", "al", "ance", "ence", "ure", "ery", "iry", "ication",
];

/// Prepositions and verbs that put one thing at another: the plural after them counts nothing.
pub fn places(verb: &str) -> bool {
    matches!(
        verb,
        "in" | "at"
            | "on"
            | "of"
            | "for"
            | "with"
            | "by"
            | "to"
            | "from"
            | "belong"
            | "part"
            | "when"
            | "about"
            | "locate"
            | "store"
            | "place"
            | "keep"
            | "assign"
            | "relate"
            | "link"
            | "concern"
            | "refer"
            | "group"
    )
}

/// Whether a noun names what a verb does: `reserve`, `reservation`.
pub fn is_noun_of(noun: &str, verb: &str) -> bool {
    let head = noun.rsplit(' ').next().unwrap_or(noun);
    if noun == verb {
        return true;
    }
    if NOUNS
        .iter()
        .any(|(each, nouns)| *each == verb && nouns.contains(&head))
    {
        return true;
    }
    let common = head
        .bytes()
        .zip(verb.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    common >= 3
        && common + 2 >= verb.len()
        && ENDINGS.iter().any(|ending| head.ends_with(ending))
        && head.len() + 1 >= verb.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_are_known_by_their_verbs() {
        for (verb, noun) in [
            ("reserve", "table reservation"),
            ("subscribe", "subscription"),
            ("apply", "application"),
            ("rate", "rating"),
            ("lend", "loan"),
            ("suspend", "suspension"),
            ("attend", "attendance"),
            ("deliver", "delivery"),
        ] {
            assert!(is_noun_of(noun, verb), "{verb} {noun}");
        }
        for (verb, noun) in [
            ("register", "registrar"),
            ("manage", "manager"),
            ("book", "author"),
            ("play", "playlist"),
        ] {
            assert!(!is_noun_of(noun, verb), "{verb} {noun}");
        }
    }
}
