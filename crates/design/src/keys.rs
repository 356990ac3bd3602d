//! The closed sets of keys of the language, each in its canonical order: the reader checks against them, the formatter
//! sorts by them, the schema is tested against them.

/// Names that no field may have: every representation or expression uses them for something else.
pub const RESERVED_FIELDS: &[&str] = &[
    "id",
    "version",
    "self",
    "caller",
    "now",
    "today",
    "signed_in",
    "true",
    "false",
    "null",
    "in",
    "deleted_at",
];
/// Names that no field of the account entity may have: an account has both without them.
pub const RESERVED_OF_ACCOUNTS: &[&str] = &["password", "roles"];
/// Parameters of every list, so no filter can be called so.
pub const LIST_PARAMETERS: &[&str] = &["limit", "cursor", "sort", "fields", "expand", "q"];
/// Names of the fields that `timestamps` gives.
pub const TIMESTAMPS: &[&str] = &["created_at", "updated_at"];

/// Of a design file.
pub const DESIGN: &[&str] = &[
    "archwright",
    "name",
    "about",
    "api",
    "stack",
    "types",
    "roles",
    "entities",
    "views",
    "operations",
    "seed",
];
pub const API: &[&str] = &[
    "base", "version", "page", "body", "timeout", "unknown", "origins", "rates", "tokens",
    "errors", "statuses", "messages",
];
pub const PAGE: &[&str] = &["default", "max"];
pub const TOKENS: &[&str] = &["access", "refresh", "scheme"];
pub const STACK: &[&str] = &["framework", "database", "cache", "sign-in", "rls"];
pub const ROLE: &[&str] = &["about", "sign-up", "includes", "granted-by"];
pub const ENTITY: &[&str] = &[
    "about",
    "was",
    "since",
    "until",
    "id",
    "key",
    "plural",
    "path",
    "account",
    "tenant",
    "fields",
    "unique",
    "index",
    "checks",
    "allow",
    "state",
    "moves",
    "soft-delete",
    "audit",
    "timestamps",
    "versioned",
    "workload",
];
pub const ACCOUNT: &[&str] = &["sign-in", "password"];
pub const FIELD: &[&str] = &[
    "type",
    "about",
    "was",
    "since",
    "until",
    "unique",
    "immutable",
    "read-only",
    "write-only",
    "sensitive",
    "search",
    "filter",
    "sort",
    "owner",
    "tenant",
    "composed",
    "by",
    "through",
    "on-delete",
    "min",
    "max",
    "pattern",
    "blank-as-null",
    "from",
    "default",
    "computed",
    "example",
    "visible",
    "settable",
];
pub const UNIQUE: &[&str] = &["within"];
pub const CHECK: &[&str] = &["that", "message"];
pub const ALLOW: &[&str] = &["read", "list", "get", "write", "create", "update", "delete"];
pub const GRANT: &[&str] = &["by", "when", "after"];
pub const MOVE: &[&str] = &["about", "from", "to", "by", "when", "input", "set", "do"];
pub const VIEW: &[&str] = &["of", "show"];
pub const OPERATION: &[&str] = &[
    "about", "since", "until", "was", "route", "by", "rate", "unknown", "input", "steps", "reply",
    "workload",
];
pub const INPUT: &[&str] = &["path", "query", "header", "body"];
pub const SEED: &[&str] = &["rows", "with"];
/// Of a reply with headers.
pub const REPLY: &[&str] = &["headers", "body"];
pub const SHOW: &[&str] = &["show", "of"];
pub const CHOICE: &[&str] = &["if", "then", "else"];
pub const EACH: &[&str] = &["each", "as", "show", "item"];

/// Words after the type of a field's short form.
pub const MODIFIERS: &[&str] = &[
    "unique",
    "immutable",
    "read-only",
    "write-only",
    "sensitive",
    "search",
    "filter",
    "sort",
    "owner",
    "tenant",
    "composed",
    "by",
    "through",
    "on-delete",
    "min",
    "max",
    "pattern",
    "blank-as-null",
    "from",
    "example",
    "was",
    "since",
    "until",
];

/// The verbs of steps, each with the keys that it takes beside `if`.
pub const STEPS: &[(&str, &[&str])] = &[
    ("find", &["where", "lock", "else"]),
    ("list", &["where", "sort", "limit", "offset", "count"]),
    ("guard", &["else"]),
    ("create", &["set", "password", "role", "else"]),
    ("upsert", &["key", "set", "else"]),
    ("get-or-create", &["key", "set", "else"]),
    ("update", &["set", "password", "else"]),
    ("delete", &["else"]),
    ("link", &["else"]),
    ("unlink", &["else"]),
    ("increment", &["else"]),
    ("move", &["else"]),
    ("sign-in", &["key", "password", "else"]),
    ("token", &[]),
    ("each", &["do"]),
];
pub const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];
pub const ON_DELETE: &[&str] = &["restrict", "cascade", "set-null"];

/// Words that people bring from elsewhere, and what the language calls the same thing.
pub const SYNONYMS: &[(&str, &str)] = &[
    ("access", "allow"),
    ("add", "create"),
    ("attributes", "fields"),
    ("columns", "fields"),
    ("description", "about"),
    ("destroy", "delete"),
    ("doc", "about"),
    ("edit", "update"),
    ("endpoints", "operations"),
    ("indexes", "index"),
    ("indices", "index"),
    ("insert", "create"),
    ("models", "entities"),
    ("modify", "update"),
    ("onDelete", "on-delete"),
    ("patch", "update"),
    ("permissions", "allow"),
    ("properties", "fields"),
    ("relations", "fields"),
    ("remove", "delete"),
    ("response", "reply"),
    ("responses", "reply"),
    ("returns", "reply"),
    ("states", "moves"),
    ("tables", "entities"),
    ("transitions", "moves"),
    ("validations", "checks"),
    ("version", "archwright"),
    ("view", "get"),
];

/// Words from elsewhere that say what a key of the language says in another way: the word, the key, and how.
pub const ADVICE: &[(&str, &str, &str)] = &[
    (
        "decrement",
        "increment",
        "Write `increment` with a negative number: `increment: { book.stock: -1 }`.",
    ),
    (
        "optional",
        "type",
        "Write `?` after the type of what may be missing: `type: text?`.",
    ),
    (
        "required",
        "type",
        "Leave it out: what may be missing has a `?` after its type, and all else is required.",
    ),
];

pub fn advice(word: &str, allowed: &[&str]) -> Option<&'static str> {
    let mut known = ADVICE.iter();
    let known = known.find(|(known, key, _)| *known == word && allowed.contains(key))?;
    Some(known.2)
}

/// The same as [`SYNONYMS`] for the verbs of steps.
pub const VERBS: &[(&str, &str)] = &[
    ("add", "create"),
    ("assert", "guard"),
    ("attach", "link"),
    ("check", "guard"),
    ("detach", "unlink"),
    ("ensure", "guard"),
    ("fetch", "find"),
    ("for", "each"),
    ("foreach", "each"),
    ("get", "find"),
    ("insert", "create"),
    ("load", "find"),
    ("login", "sign-in"),
    ("loop", "each"),
    ("patch", "update"),
    ("query", "list"),
    ("read", "find"),
    ("remove", "delete"),
    ("require", "guard"),
    ("save", "upsert"),
    ("select", "find"),
    ("transition", "move"),
];
