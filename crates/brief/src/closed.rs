//! Words of the closed classes, and newer words that the lexicon lacks.

use crate::lexicon::Tag;

/// Nouns of computing and of business that are younger than the lexicon.
pub const MODERN_NOUNS: &[&str] = &[
    "api",
    "app",
    "avatar",
    "backlog",
    "barcode",
    "blog",
    "checkout",
    "chatbot",
    "dataset",
    "download",
    "ebook",
    "enrolment",
    "geofence",
    "hashtag",
    "hotspot",
    "inbox",
    "login",
    "logon",
    "metadata",
    "newsfeed",
    "onboarding",
    "playlist",
    "podcast",
    "popup",
    "pickup",
    "roadmap",
    "signup",
    "smartphone",
    "spreadsheet",
    "sprint",
    "timeline",
    "timesheet",
    "timeslot",
    "timestamp",
    "todo",
    "upload",
    "upvote",
    "url",
    "username",
    "vlog",
    "waitlist",
    "wallet",
    "webhook",
    "webinar",
    "website",
    "whitelist",
    "wiki",
    "wishlist",
    "workflow",
    "workspace",
    "rsvp",
    "cv",
    "id",
    "pdf",
    "qr",
    "gps",
    "vat",
    "iban",
    "isbn",
    "sku",
    "pin",
    "dob",
    "sensor",
    "widget",
    "reminder",
    "itinerary",
    "mentee",
    "attendee",
    "assignee",
    "invitee",
    "reviewer",
    "approver",
    "requester",
    "organiser",
    "uploader",
    "freelancer",
    "startup",
    "coworking",
    "carpool",
    "rideshare",
    "moderator",
    "admin",
    "cancellation",
];

pub const MODERN_VERBS: &[&str] = &[
    "upload",
    "download",
    "upvote",
    "downvote",
    "blog",
    "log",
    "login",
    "geocode",
    "tag",
    "message",
    "email",
    "text",
    "autosave",
    "enrol",
    "unsubscribe",
    "refund",
    "reschedule",
    "rsvp",
    "onboard",
    "invoice",
    "timestamp",
    "filter",
    "sync",
    "scan",
    "like",
    "follow",
    "unfollow",
    "repost",
    "share",
    "configure",
    "prioritise",
    "prioritize",
    "digitise",
    "organise",
    "categorise",
    "anonymise",
    "notify",
    "submit",
    "swap",
];

/// They end in `s` and are singular, or have no singular that anyone uses.
pub const NEVER_PLURAL: &[&str] = &[
    "address",
    "status",
    "bus",
    "class",
    "process",
    "access",
    "business",
    "canvas",
    "gas",
    "lens",
    "news",
    "series",
    "species",
    "campus",
    "bonus",
    "basis",
    "analysis",
    "diagnosis",
    "thesis",
    "emphasis",
    "progress",
    "success",
    "mathematics",
    "physics",
    "electronics",
    "statistics",
    "analytics",
    "logistics",
    "economics",
    "graphics",
    "premises",
    "headquarters",
    "always",
    "perhaps",
    "besides",
    "afterwards",
    "towards",
    "this",
    "its",
    "his",
    "is",
    "was",
    "has",
    "as",
    "us",
    "yes",
    "gps",
    "sms",
    "address",
    "atlas",
    "virus",
    "census",
    "focus",
    "genus",
    "plus",
    "minus",
    "versus",
    "less",
    "unless",
    "across",
    "express",
    "overseas",
    "indoors",
    "outdoors",
    "sometimes",
    "dress",
    "press",
    "stress",
    "witness",
    "illness",
    "fitness",
    "wellness",
    "harness",
    "fortress",
    "mattress",
];

/// Verbs whose past is their base.
pub const SAME_PAST: &[&str] = &[
    "set", "put", "cut", "hit", "let", "read", "split", "shut", "cost", "cast", "hurt", "spread",
];

const fn one(tag: Tag) -> &'static [(Tag, f32)] {
    match tag {
        Tag::Determiner => &[(Tag::Determiner, 1.0)],
        Tag::Pronoun => &[(Tag::Pronoun, 1.0)],
        Tag::Modal => &[(Tag::Modal, 1.0)],
        Tag::Be => &[(Tag::Be, 1.0)],
        Tag::Have => &[(Tag::Have, 1.0)],
        Tag::Preposition => &[(Tag::Preposition, 1.0)],
        Tag::Conjunction => &[(Tag::Conjunction, 1.0)],
        Tag::Relative => &[(Tag::Relative, 1.0)],
        Tag::Subordinator => &[(Tag::Subordinator, 1.0)],
        Tag::Number => &[(Tag::Number, 1.0)],
        Tag::Adverb => &[(Tag::Adverb, 1.0)],
        Tag::To => &[(Tag::To, 1.0)],
        Tag::Possessive => &[(Tag::Possessive, 1.0)],
        Tag::Adjective => &[(Tag::Adjective, 1.0)],
        _ => &[(Tag::Punctuation, 1.0)],
    }
}

/// The readings of a word of a closed class.
pub fn tags(word: &str) -> Option<&'static [(Tag, f32)]> {
    Some(match word {
        "a" | "an" | "the" | "each" | "every" | "any" | "some" | "all" | "no" | "both"
        | "either" | "neither" | "another" | "this" | "these" | "those" | "several" | "many"
        | "few" | "various" | "multiple" | "much" | "more" | "most" | "its" | "their" | "his"
        | "my" | "our" | "your" | "such" | "numerous" | "certain" | "enough" | "fewer" | "zero" => {
            one(Tag::Determiner)
        }
        "her" => &[(Tag::Determiner, 1.0), (Tag::Pronoun, 0.2)],
        "i" | "you" | "he" | "she" | "it" | "we" | "they" | "them" | "him" | "us" | "me"
        | "itself" | "himself" | "themselves" | "herself" | "everyone" | "everybody"
        | "someone" | "somebody" | "anyone" | "anybody" | "nobody" | "nothing" | "something"
        | "anything" | "everything" | "he/she" | "s/he" | "she/he" | "him/her" | "others"
        | "none" | "ones" | "mine" | "theirs" | "oneself" => one(Tag::Pronoun),
        "his/her" | "her/his" => one(Tag::Determiner),
        "can" | "could" | "may" | "might" | "must" | "shall" | "should" | "will" | "would"
        | "cannot" | "can't" | "won't" | "'ll" | "'d" | "mustn't" | "shouldn't" | "couldn't"
        | "needn't" => one(Tag::Modal),
        "do" | "does" | "did" | "don't" | "doesn't" | "didn't" => {
            &[(Tag::Modal, 0.6), (Tag::Base, 0.0)]
        }
        "be" | "is" | "are" | "was" | "were" | "been" | "being" | "isn't" | "aren't" | "'re"
        | "'m" | "am" | "wasn't" | "weren't" => one(Tag::Be),
        "have" | "has" | "had" | "having" | "'ve" | "hasn't" | "haven't" => one(Tag::Have),
        "to" => one(Tag::To),
        "of" | "in" | "on" | "at" | "by" | "for" | "with" | "from" | "into" | "onto" | "upon"
        | "about" | "between" | "among" | "within" | "without" | "through" | "during"
        | "against" | "per" | "under" | "over" | "via" | "towards" | "toward" | "across"
        | "along" | "around" | "behind" | "beside" | "besides" | "near" | "inside" | "outside"
        | "throughout" | "despite" | "except" | "concerning" | "regarding" | "above" | "below"
        | "beyond" | "amongst" | "like" | "off" | "out" | "up" | "down" => match word {
            "like" => &[(Tag::Preposition, 1.0), (Tag::Base, 0.8)],
            "about" | "around" | "over" => &[(Tag::Preposition, 1.0)],
            _ => one(Tag::Preposition),
        },
        "and" | "or" | "but" | "nor" | "and/or" | "&" | "plus" => one(Tag::Conjunction),
        "who" | "whom" | "which" | "whose" => one(Tag::Relative),
        "that" => &[
            (Tag::Relative, 1.0),
            (Tag::Determiner, 0.3),
            (Tag::Subordinator, 0.8),
        ],
        "if" | "because" | "while" | "when" | "whenever" | "where" | "whereas" | "although"
        | "though" | "unless" | "until" | "since" | "once" | "whether" | "how" | "what" | "why"
        | "after" | "before" | "than" => match word {
            "after" | "before" | "until" | "since" => {
                &[(Tag::Subordinator, 0.5), (Tag::Preposition, 0.7)]
            }
            "than" => one(Tag::Preposition),
            _ => one(Tag::Subordinator),
        },
        "as" => &[(Tag::Preposition, 1.0), (Tag::Subordinator, 0.4)],
        "so" => &[(Tag::Subordinator, 0.6), (Tag::Adverb, 0.6)],
        "not" | "n't" | "also" | "only" | "then" | "always" | "never" | "often" | "usually"
        | "sometimes" | "too" | "just" | "already" | "again" | "still" | "even" | "very"
        | "there" | "here" | "however" | "therefore" | "additionally" | "furthermore"
        | "moreover" | "finally" | "first" | "later" | "afterwards" | "now" | "online"
        | "together" | "automatically" | "exactly" | "currently" | "instead" | "otherwise"
        | "thus" | "well" | "ago" | "away" | "back" | "else" | "ever" | "hence" | "likewise"
        | "maybe" | "perhaps" | "quite" | "rather" | "simply" | "soon" | "twice" | "yet"
        | "normally" | "typically" | "possibly" | "e.g" | "i.e" | "etc" | "namely"
        | "optionally" => match word {
            "first" => &[(Tag::Adjective, 1.0), (Tag::Adverb, 0.5)],
            _ => one(Tag::Adverb),
        },
        "one" | "two" | "three" | "four" | "five" | "six" | "seven" | "eight" | "nine" | "ten"
        | "eleven" | "twelve" | "fifteen" | "twenty" | "thirty" | "forty" | "fifty" | "sixty"
        | "hundred" | "thousand" | "million" | "hundreds" | "thousands" | "millions" | "dozen"
        | "dozens" | "half" | "billion" => one(Tag::Number),
        "other" | "own" | "same" | "different" | "new" | "specific" | "individual" | "last"
        | "next" | "particular" | "following" | "respective" => match word {
            "individual" => &[(Tag::Adjective, 1.0), (Tag::Noun, 0.8)],
            _ => one(Tag::Adjective),
        },
        "least" => one(Tag::Adverb),
        "'s" | "'" => one(Tag::Possessive),
        "able" => one(Tag::Adjective),
        "want" | "need" => &[(Tag::Base, 2.5), (Tag::Noun, 0.6)],
        "wants" | "needs" => &[(Tag::Present, 2.5), (Tag::Plural, 0.6)],
        "including" | "include" | "includes" => match word {
            "including" => one(Tag::Preposition),
            "include" => &[(Tag::Base, 1.0)],
            _ => &[(Tag::Present, 1.0)],
        },
        "according" => one(Tag::Preposition),
        _ => return None,
    })
}

/// The base of a word of a closed class.
pub fn lemma(word: &str) -> &str {
    match word {
        "is" | "are" | "was" | "were" | "been" | "being" | "am" => "be",
        "has" | "had" | "having" => "have",
        "wants" => "want",
        "needs" => "need",
        "includes" => "include",
        "does" | "did" => "do",
        "an" => "a",
        other => other,
    }
}
