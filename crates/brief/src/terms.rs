//! Names of things: which words of a phrase make the name, and what kind of thing a name promises.

use crate::chunk::Phrase;
use crate::lexicon::{self, Tag};

/// Modifiers that say how many, which or how good, not what.
const EMPTY_MODIFIERS: &[&str] = &[
    "new",
    "own",
    "other",
    "same",
    "different",
    "several",
    "certain",
    "specific",
    "particular",
    "given",
    "following",
    "necessary",
    "corresponding",
    "respective",
    "appropriate",
    "relevant",
    "existing",
    "additional",
    "various",
    "many",
    "such",
    "further",
    "whole",
    "entire",
    "single",
    "current",
    "great",
    "good",
    "old",
    "available",
    "possible",
    "complete",
    "detailed",
    "full",
    "simple",
    "basic",
    "common",
    "important",
    "main",
    "actual",
    "extra",
    "ordinary",
    "normal",
    "regular",
    "local",
    "big",
    "small",
    "large",
    "long",
    "short",
    "best",
    "better",
    "right",
    "wrong",
    "real",
    "usual",
    "unique",
    "selected",
    "chosen",
    "desired",
    "required",
    "optional",
    "related",
    "associated",
    "involved",
    "concerned",
    "interested",
    "registered",
    "submitted",
    "accepted",
    "approved",
    "assigned",
    "planned",
    "scheduled",
    "first",
    "last",
    "next",
    "previous",
    "second",
    "third",
    "few",
    "online",
    "electronic",
    "digital",
    "personal",
    "weekly",
    "monthly",
    "yearly",
    "annual",
    "daily",
    "quarterly",
    "hourly",
    "responsible",
    "multiple",
    "individual",
    "overall",
    "total",
    "exact",
    "similar",
    "special",
    "recent",
    "upcoming",
];

/// Nouns that stand for what follows `of`: `a list of lines`, `a kind of room`.
pub const TRANSPARENT: &[&str] = &[
    "list",
    "set",
    "series",
    "collection",
    "kind",
    "type",
    "sort",
    "piece",
    "pair",
    "variety",
    "range",
    "lot",
    "copy",
    "number",
    "group",
    "family",
    "selection",
    "member",
    "history",
    "overview",
    "detail",
    "part",
    "rest",
    "majority",
];

/// Nouns that name the thing to be built, or nothing in particular.
pub const EMPTY_NOUNS: &[&str] = &[
    "system",
    "app",
    "software",
    "platform",
    "database",
    "website",
    "web site",
    "site",
    "program",
    "solution",
    "product owner",
    "backend",
    "frontend",
    "interface",
    "screen",
    "button",
    "function",
    "functionality",
    "feature",
    "requirement",
    "purpose",
    "scope",
    "information",
    "data",
    "datum",
    "detail",
    "thing",
    "something",
    "case",
    "example",
    "way",
    "fact",
    "time",
    "day",
    "week",
    "month",
    "year",
    "hour",
    "minute",
    "second",
    "moment",
    "end",
    "beginning",
    "start",
    "middle",
    "number",
    "amount",
    "kind",
    "sort",
    "set",
    "part",
    "piece",
    "place",
    "order to",
    "basis",
    "course of",
    "addition",
    "advance",
    "interest",
    "use",
    "need",
    "want",
    "reason",
    "mess",
    "one",
    "other",
    "everyone",
    "process",
    "ability",
    "possibility",
    "life",
    "world",
    "business",
    "goal",
    "idea",
    "help",
    "support",
    "management",
    "overview",
    "instance",
    "side",
    "respect",
    "regard",
    "view",
    "control",
    "charge",
    "holiday",
    "quality",
    "progress",
    "rest",
    "lot",
    "half",
    "pair",
    "total",
    "maximum",
    "minimum",
    "right",
    "api",
    "today",
    "tomorrow",
    "paper file",
    "user interface",
    "track of",
    "mind",
    "turn",
    "sure",
    "care",
    "note of",
    "account of",
    "hand",
    "person who",
    "front desk",
    "anyone",
    "nobody",
    "access",
    "situation",
    "morning",
    "evening",
    "afternoon",
    "night",
    "weekend",
    "majority",
    "variety",
    "lack",
    "chance",
    "attention",
    "sense",
    "advantage",
    "benefit",
    "difference",
    "effect",
    "impact",
    "effort",
    "behalf",
    "hence",
    "context",
    "manner",
    "extent",
];

/// Nouns that name an entity only where the text says more of them.
const VAGUE_NOUNS: &[&str] = &[
    "person",
    "people",
    "document",
    "page",
    "question",
    "answer",
    "item",
    "element",
    "object",
    "entity",
    "attribute",
    "class",
    "value",
    "area",
    "level",
    "state",
    "condition",
    "term",
    "line",
    "point",
    "money",
    "mistake",
    "role",
    "sequence",
    "dashboard",
    "error",
    "relation",
    "relationship",
    "association",
    "phone",
    "text",
    "content",
    "sum",
    "evidence",
    "tool",
    "problem",
    "issue",
    "step",
    "action",
    "option",
    "rule",
    "work",
    "job",
    "list",
    "type",
    "member",
    "user",
    "list",
    "credit card",
    "web page",
    "home page",
    "description",
    "specification",
    "web",
    "internet",
    "computer",
    "company",
    "organisation",
    "organization",
    "city",
    "town",
    "country",
    "cash",
    "card",
    "adult",
    "child",
    "participant",
    "staff",
    "change",
    "copy",
    "row",
    "party",
    "account",
    "date",
    "name",
    "place",
    "paper",
];

pub fn is_vague(name: &str) -> bool {
    VAGUE_NOUNS.contains(&name)
}

/// Heads that name a property of something nearly always.
const PROPERTY_HEADS: &[&str] = &[
    "name",
    "number",
    "code",
    "id",
    "identifier",
    "date",
    "time",
    "day",
    "month",
    "year",
    "address",
    "email",
    "e-mail",
    "mail",
    "phone",
    "telephone",
    "mobile",
    "fax",
    "price",
    "cost",
    "fee",
    "amount",
    "rate",
    "percentage",
    "quantity",
    "weight",
    "height",
    "width",
    "length",
    "size",
    "area",
    "volume",
    "capacity",
    "duration",
    "age",
    "birthday",
    "birth",
    "gender",
    "sex",
    "title",
    "description",
    "summary",
    "remark",
    "text",
    "status",
    "state",
    "type",
    "category",
    "kind",
    "level",
    "priority",
    "severity",
    "score",
    "grade",
    "rating",
    "rank",
    "colour",
    "color",
    "brand",
    "make",
    "model",
    "language",
    "nationality",
    "country",
    "city",
    "town",
    "street",
    "zip",
    "postcode",
    "password",
    "username",
    "nickname",
    "avatar",
    "photo",
    "picture",
    "image",
    "logo",
    "url",
    "link",
    "website",
    "latitude",
    "longitude",
    "location",
    "position",
    "coordinate",
    "temperature",
    "humidity",
    "speed",
    "mileage",
    "power",
    "unit",
    "version",
    "isbn",
    "barcode",
    "iban",
    "salary",
    "wage",
    "balance",
    "total",
    "discount",
    "budget",
    "income",
    "deadline",
    "timestamp",
    "reason",
    "purpose",
    "subject",
    "topic",
    "content",
    "abstract",
    "keyword",
    "synopsis",
    "biography",
    "bio",
    "comment",
    "note",
    "outcome",
    "result",
    "condition",
    "theme",
    "genre",
    "format",
    "frequency",
    "period",
    "season",
    "semester",
    "function",
    "specialty",
    "speciality",
    "affiliation",
    "dosage",
    "dose",
    "strength",
    "surname",
    "initial",
    "initials",
    "signature",
    "motivation",
    "feedback",
    "confidence",
    "indicator",
    "flag",
    "count",
    "maximum",
    "minimum",
    "limit",
    "threshold",
    "value",
    "measurement unit",
    "formula",
    "acronym",
    "abbreviation",
    "manufacturer",
    "author",
    "composer",
    "breed",
    "species",
    "plate",
    "extension",
    "quality",
    "difficulty",
    "preference",
    "expiry",
    "validity",
    "postal",
    "iban",
    "profession",
    "occupation",
    "education",
    "experience",
    "advance",
    "territory",
];

/// Properties by both words.
const PROPERTY_NAMES: &[&str] = &[
    "blood group",
    "blood type",
    "age group",
    "licence plate",
    "license plate",
    "number plate",
    "running time",
    "area of law",
    "shoe size",
];

/// What a name promises before any sentence is weighed: above 0 a property, below 0 a thing of its own.
pub fn property(name: &str) -> f32 {
    let head = name.rsplit(' ').next().unwrap_or(name);
    let compound = head.len() < name.len();
    if PROPERTY_NAMES.contains(&name) {
        return 1.0;
    }
    if PROPERTY_HEADS.contains(&head) {
        // `treatment type`, `storage location`: things of their own as often as properties.
        let thing = compound
            && matches!(
                head,
                "type"
                    | "location"
                    | "model"
                    | "category"
                    | "position"
                    | "comment"
                    | "note"
                    | "author"
                    | "result"
                    | "experience"
                    | "photo"
                    | "picture"
            );
        return if thing { 0.55 } else { 1.0 };
    }
    let field = lexicon::entry(head).and_then(|entry| entry.field);
    if compound {
        // `order line`, `charging point`: the field of the head says little about the pair.
        return match field {
            Some(b'p') => -1.0,
            Some(b'e') => 0.4,
            Some(b'u' | b'z') => 0.3,
            Some(b'h' | b'x' | b's' | b'j') => 0.0,
            _ => -0.2,
        };
    }
    match field {
        // attribute, quantity, time, shape, state, possession
        Some(b'e') => 0.7,
        Some(b'u' | b'z') => 0.6,
        Some(b'x' | b'w' | b's') => 0.3,
        // cognition, communication, feeling, relation, phenomenon
        Some(b'j' | b'v' | b'q' | b'k') => 0.2,
        Some(b'h') => 0.0,
        // act, event, process
        Some(b'b' | b'i' | b't') => -0.2,
        // person, group
        Some(b'p') => -1.0,
        Some(b'l') => -0.5,
        _ => -0.2,
    }
}

pub fn is_organisation(name: &str) -> bool {
    let head = name.rsplit(' ').next().unwrap_or(name);
    let field = lexicon::entry(head).and_then(|entry| entry.field);
    matches!(field, Some(b'l' | b'b' | b'd' | b'i')) && !is_person(name)
}

pub fn is_person(name: &str) -> bool {
    let head = name.rsplit(' ').next().unwrap_or(name);
    if matches!(
        head,
        "admin" | "staff" | "personnel" | "kid" | "vip" | "mentee" | "sysadmin" | "superuser"
    ) {
        return true;
    }
    match lexicon::entry(head) {
        Some(entry) => entry.field == Some(b'p'),
        None => {
            head.ends_with("er")
                || head.ends_with("or")
                || head.ends_with("ist")
                || head.ends_with("ee")
        }
    }
}

/// The name of what a phrase is about: base forms, without what says how many or which. Empty for a pronoun.
pub fn name(phrase: &Phrase) -> String {
    words(phrase, false).join(" ")
}

/// Like [`name`], with the participles and adjectives that tell one property from another: `actual fee`.
pub fn full_name(phrase: &Phrase) -> String {
    words(phrase, true).join(" ")
}

fn words(phrase: &Phrase, full: bool) -> Vec<String> {
    let last = phrase.words.len().saturating_sub(1);
    phrase
        .words
        .iter()
        .enumerate()
        .filter(|(at, word)| {
            *at == last
                || !match word.tag {
                    Tag::Adjective => {
                        !full && EMPTY_MODIFIERS.contains(&word.lower.as_str())
                            || full
                                && matches!(
                                    word.lower.as_str(),
                                    "new"
                                        | "own"
                                        | "given"
                                        | "limited"
                                        | "fixed"
                                        | "unique"
                                        | "other"
                                        | "certain"
                                        | "possible"
                                        | "several"
                                        | "specific"
                                        | "single"
                                        | "different"
                                )
                    }
                    Tag::Past | Tag::Gerund if word.tag == Tag::Past => !full,
                    Tag::Number => true,
                    _ => !full && EMPTY_MODIFIERS.contains(&word.lower.as_str()),
                }
        })
        .map(|(at, word)| {
            if at == last || word.tag == Tag::Plural {
                word.lemma.clone()
            } else {
                word.lower.clone()
            }
        })
        .collect()
}

/// Whether a name stands for nothing that a backend stores.
pub fn is_empty(name: &str) -> bool {
    let head = name.rsplit(' ').next().unwrap_or(name);
    name.is_empty()
        || EMPTY_NOUNS.contains(&name)
        || !head.chars().any(char::is_alphabetic)
        || head.chars().count() < 2
        || matches!(
            head,
            "system" | "app" | "software" | "platform" | "functionality" | "information" | "etc"
        )
        || !name.contains(' ') && EMPTY_MODIFIERS.contains(&name)
}
