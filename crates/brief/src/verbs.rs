//! What verbs promise about their subjects and objects.

use crate::chunk::VerbGroup;

/// The subject has the object: `an order has lines`.
const HAS: &[&str] = &[
    "have", "contain", "include", "comprise", "hold", "show", "state", "list", "carry", "possess", "feature",
    "specify", "record", "own", "store", "mention", "keep", "indicate", "cover", "require", "get", "receive",
    "involve", "define", "need", "bear", "display", "report", "accept", "detail", "represent", "take",
];

/// An organisation or a system writes the object down.
const RECORDS: &[&str] = &[
    "record", "store", "keep", "hold", "register", "save", "note", "log", "track", "maintain", "know", "capture",
    "remember", "collect", "enter", "document", "need", "want", "require", "specify", "list", "give", "provide",
    "include", "indicate", "add", "state", "have", "manage", "fill", "write", "see", "set", "define", "supply", "show",
    "ask", "model", "administer", "retain", "measure", "mention", "describe", "report", "determine", "track", "assign",
];

/// In the passive with a list of properties as subject.
const RECORDED: &[&str] = &[
    "record", "store", "keep", "hold", "register", "save", "note", "log", "track", "maintain", "know", "capture",
    "enter", "document", "need", "require", "specify", "list", "include", "add", "state", "give", "define", "fill",
    "describe", "measure", "provide", "supply", "determine", "retain", "indicate", "set", "print", "display", "show",
    "calculate", "write", "mention", "ask", "concern", "associate",
];

const IDENTIFIES: &[&str] = &[
    "identify", "describe", "characterize", "characterise", "know", "define", "determine", "specify", "denote",
    "distinguish", "label",
];

/// The object comes into being.
const MAKES: &[&str] = &[
    "create", "make", "add", "register", "book", "submit", "place", "open", "issue", "write", "publish", "report",
    "schedule", "upload", "define", "send", "request", "order", "generate", "raise", "plan", "post", "file", "enter",
    "record", "log", "give", "set", "fill", "draw", "start", "organise", "organize", "prescribe", "manage", "maintain",
    "edit", "delete", "update", "remove", "cancel", "buy", "import", "announce", "launch", "configure", "invite",
    "rate", "list", "sign", "take", "offer", "sell", "view", "track", "approve", "assign", "receive", "lodge",
];

/// `a garden is divided into plots`
const DIVIDES: &[&str] = &["divide", "split", "organize", "organise", "group", "structure", "partition", "break", "compose", "make", "build", "consist", "comprise"];

/// Verbs of looking, which tie nobody to anything.
const LOOKS: &[&str] = &[
    "see", "view", "browse", "search", "find", "look", "read", "know", "want", "need", "use", "manage", "check", "get",
    "access", "print", "export", "filter", "sort", "like", "wish", "show", "keep", "edit", "delete", "remove", "update",
];

pub fn has(verb: &VerbGroup) -> bool {
    !verb.passive && HAS.contains(&verb.lemma.as_str())
}

pub fn records(verb: &VerbGroup) -> bool {
    !verb.passive && RECORDS.contains(&verb.lemma.as_str())
}

pub fn recorded(verb: &VerbGroup) -> bool {
    (verb.passive || verb.reduced) && RECORDED.contains(&verb.lemma.as_str())
}

pub fn identifies(verb: &VerbGroup) -> bool {
    (verb.passive || verb.reduced) && IDENTIFIES.contains(&verb.lemma.as_str())
}

pub fn makes(verb: &VerbGroup) -> bool {
    MAKES.contains(&verb.lemma.as_str())
}

pub fn divides(verb: &VerbGroup) -> bool {
    DIVIDES.contains(&verb.lemma.as_str())
}

pub fn looks(verb: &VerbGroup) -> bool {
    LOOKS.contains(&verb.lemma.as_str())
}
