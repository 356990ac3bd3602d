//! The type and the limits that an attribute's name asks for.

use super::names;
use crate::concepts::Attribute;

/// What a field is, without uniqueness and the like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldType {
    pub base: String,
    pub optional: bool,
    pub modifiers: Vec<String>,
    pub default: Option<String>,
}

fn typed(base: &str, modifiers: &[&str]) -> FieldType {
    FieldType {
        base: base.to_owned(),
        optional: false,
        modifiers: modifiers.iter().map(|each| (*each).to_owned()).collect(),
        default: None,
    }
}

/// The type of an attribute by what the text says of it, else by the words of its name.
pub fn of(attribute: &Attribute) -> FieldType {
    let mut found = stated(attribute).unwrap_or_else(|| named(&attribute.name));
    if let Some((least, most)) = attribute.range
        && !found.base.starts_with("enum")
    {
        if !matches!(found.base.as_str(), "int" | "money") && !found.base.starts_with("decimal") {
            found = typed("int", &[]);
        }
        found
            .modifiers
            .retain(|each| !each.starts_with("min") && !each.starts_with("max"));
        found.modifiers.push(format!("min {least}"));
        found.modifiers.push(format!("max {most}"));
    }
    found.optional |= attribute.optional || comes_later(&attribute.name);
    found
}

fn stated(attribute: &Attribute) -> Option<FieldType> {
    if attribute.boolean
        || ["is ", "has ", "can ", "whether "]
            .iter()
            .any(|start| attribute.name.starts_with(start))
    {
        return Some(FieldType {
            default: Some("false".to_owned()),
            ..typed("bool", &[])
        });
    }
    let mut values: Vec<String> = Vec::new();
    for value in attribute
        .values
        .iter()
        .filter_map(|value| names::value(value))
    {
        if value.len() <= 40 && !values.contains(&value) && value != "etc" {
            values.push(value);
        }
    }
    // `address (street, town)` and `file (PDF)` list no values of an enum.
    let file = file(&attribute.name).is_some();
    (values.len() > 1 && values.len() <= 64 && !file)
        .then(|| typed(&format!("enum({})", values.join(", ")), &[]))
}

/// Facts that are known only after the row was made.
fn comes_later(name: &str) -> bool {
    let words: Vec<&str> = name.split(' ').collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    has(&[
        "actual",
        "final",
        "optional",
        "returned",
        "completed",
        "withdrawal",
        "closing",
        "termination",
    ]) || has(&[
        "remark",
        "note",
        "outcome",
        "solution",
        "decision",
        "feedback",
        "resolution",
        "middle",
        "fax",
    ]) || matches!(
        name,
        "end date" | "end time" | "return date" | "comment" | "result" | "until"
    )
}

fn file(name: &str) -> Option<FieldType> {
    let head = head(name);
    let images = [
        "photo",
        "picture",
        "image",
        "avatar",
        "logo",
        "cover",
        "portrait",
        "photograph",
        "icon",
        "screenshot",
        "signature",
    ];
    let files = [
        "file",
        "pdf",
        "attachment",
        "cv",
        "resume",
        "manuscript",
        "scan",
        "sheet",
        "document",
    ];
    let media = ["audio", "video", "recording"];
    let has = |list: &[&str]| {
        list.contains(&head)
            || name
                .split(' ')
                .any(|word| list.contains(&word) && head == "file")
    };
    let kind = if has(&images) {
        "file(5MB, image/png, image/jpeg)"
    } else if has(&media) {
        "file(200MB)"
    } else if has(&files) {
        "file(20MB)"
    } else {
        return None;
    };
    Some(FieldType {
        optional: true,
        ..typed(kind, &[])
    })
}

/// The noun that says what it is: `date` in `date of birth`, `price` in `price per night`.
fn head(name: &str) -> &str {
    let core = name.split(" of ").next().unwrap_or(name);
    let core = core.split(" per ").next().unwrap_or(core);
    let core = core.split(" in ").next().unwrap_or(core);
    core.rsplit(' ').next().unwrap_or(core)
}

/// Words of a name with the type that they ask for; the first that fits counts.
const HEADS: &[(&[&str], &str, &[&str])] = &[
    (&["email", "e-mail", "mail"], "email", &[]),
    (&["phone", "telephone", "mobile", "fax"], "phone", &[]),
    (&["website", "url", "link", "homepage"], "url", &[]),
    (
        &["timestamp", "time", "moment", "start", "end"],
        "datetime",
        &[],
    ),
    (
        &[
            "date", "birthday", "birth", "deadline", "day", "expiry", "validity", "begin",
        ],
        "date",
        &[],
    ),
    (
        &[
            "price",
            "cost",
            "fee",
            "amount",
            "salary",
            "wage",
            "rent",
            "deposit",
            "budget",
            "balance",
            "sum",
            "fare",
            "rate",
            "tax",
            "refund",
            "tip",
            "bonus",
            "income",
            "revenue",
            "advance",
            "total",
            "charge",
            "payment",
            "fine",
            "premium",
            "commission",
            "dividend",
            "money",
        ],
        "money",
        &["min 0"],
    ),
    (
        &["percentage", "percent", "discount", "ratio", "share"],
        "decimal(5,2)",
        &["min 0", "max 100"],
    ),
    (&["latitude"], "decimal(9,6)", &["min -90", "max 90"]),
    (&["longitude"], "decimal(9,6)", &["min -180", "max 180"]),
    (
        &[
            "weight",
            "height",
            "width",
            "length",
            "depth",
            "area",
            "volume",
            "temperature",
            "humidity",
            "power",
            "speed",
            "energy",
            "distance",
            "load",
            "pressure",
            "value",
            "consumption",
            "dose",
            "payload",
            "litre",
            "litres",
            "elevation",
        ],
        "decimal(12,3)",
        &[],
    ),
    (
        &[
            "quantity",
            "count",
            "capacity",
            "age",
            "stock",
            "mileage",
            "seats",
            "pages",
            "copies",
            "participants",
            "points",
            "score",
            "rating",
            "grade",
            "duration",
            "minutes",
            "hours",
            "days",
            "maximum",
            "minimum",
            "level",
            "floor",
            "priority",
            "sequence",
            "position",
            "credit",
            "credits",
            "repetition",
            "set",
            "attempts",
            "bed",
            "seat",
        ],
        "int",
        &["min 0"],
    ),
    (&["year"], "int", &["min 1000", "max 9999"]),
    (
        &[
            "description",
            "text",
            "comment",
            "comments",
            "note",
            "notes",
            "remark",
            "remarks",
            "abstract",
            "biography",
            "bio",
            "reason",
            "motivation",
            "content",
            "body",
            "summary",
            "synopsis",
            "feedback",
            "report",
            "message",
            "explanation",
            "instruction",
            "instructions",
            "history",
            "details",
            "question",
            "answer",
            "plan",
            "condition",
        ],
        "text(5000)",
        &[],
    ),
    (&["address", "location", "venue"], "string(1..300)", &[]),
    (
        &["name", "title", "subject", "headline"],
        "string(1..200)",
        &["search"],
    ),
    (
        &[
            "code",
            "isbn",
            "barcode",
            "iban",
            "number",
            "plate",
            "reference",
            "sku",
            "serial",
            "acronym",
            "extension",
        ],
        "string(1..60)",
        &[],
    ),
];

/// Words whose numbers are counted rather than names.
const INSTANCES: &[&str] = &[
    "number of",
    "amount of",
    "quantity of",
    "count of",
    "minimum number",
    "maximum number",
];

/// What must not be read by whoever gets at the disk.
const SENSITIVE: &[&str] = &[
    "passport",
    "iban",
    "bank",
    "social",
    "tax",
    "medical",
    "allergy",
    "allergies",
    "diagnosis",
    "blood",
    "insurance",
    "licence",
    "secret",
];

fn named(name: &str) -> FieldType {
    if let Some(file) = file(name) {
        return file;
    }
    let head = head(name);
    let counted = INSTANCES.iter().any(|start| name.starts_with(start));
    let words: Vec<&str> = name.split(' ').collect();
    let found = if counted {
        typed("int", &["min 0"])
    } else if words.contains(&"whether") {
        typed("bool", &[])
    } else if head == "number"
        && words
            .iter()
            .any(|word| matches!(*word, "phone" | "telephone" | "mobile" | "cell" | "fax"))
    {
        typed("phone", &[])
    } else if head == "address"
        && words
            .iter()
            .any(|word| matches!(*word, "email" | "e-mail" | "mail"))
    {
        typed("email", &[])
    } else if head == "time"
        && words.iter().any(|word| {
            matches!(
                *word,
                "opening" | "closing" | "delivery" | "lead" | "running" | "waiting"
            )
        })
    {
        typed("string(1..60)", &[])
    } else {
        HEADS
            .iter()
            .find(|(heads, _, _)| heads.contains(&head))
            .map_or_else(
                || typed("string(1..200)", &[]),
                |(_, base, modifiers)| typed(base, modifiers),
            )
    };
    let secret = words.iter().any(|word| SENSITIVE.contains(word))
        && found.base.starts_with("string")
        || found.base == "phone";
    let mut found = found;
    if secret {
        found.modifiers.retain(|each| each != "search");
        found.modifiers.push("sensitive".to_owned());
    }
    found
}

impl FieldType {
    /// The short form.
    pub fn print(&self, unique: bool) -> String {
        let mut text = self.base.clone();
        if self.optional && self.default.is_none() {
            text.push('?');
        }
        if unique && !self.base.starts_with("file") && !self.base.starts_with("text") {
            text.push_str(", unique");
        }
        for modifier in &self.modifiers {
            text.push_str(", ");
            text.push_str(modifier);
        }
        if let Some(default) = &self.default {
            text.push_str(" = ");
            text.push_str(default);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ask_for_types() {
        for (name, expected) in [
            ("e-mail address", "email"),
            ("phone number", "phone, sensitive"),
            ("price per night", "money, min 0"),
            ("date of birth", "date"),
            ("number of seats", "int, min 0"),
            ("invoice number", "string(1..60)"),
            ("photo", "file(5MB, image/png, image/jpeg)?"),
            ("title", "string(1..200), search"),
            ("remark", "text(5000)?"),
            ("latitude", "decimal(9,6), min -90, max 90"),
            ("is correct", "bool = false"),
            ("start time", "datetime"),
        ] {
            let attribute = Attribute {
                name: name.to_owned(),
                values: Vec::new(),
                unique: false,
                optional: false,
                boolean: false,
                range: None,
                source: crate::Source::Stated { sentence: 0 },
            };
            assert_eq!(of(&attribute).print(false), expected, "{name}");
        }
    }
}
