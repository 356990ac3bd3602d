//! The part of the schema about entities: fields, rules, moves.

use super::{
    Definitions, KEBAB, WORD, boolean, described, field_lists, named, object, object_with, pattern,
    reference, text,
};
use crate::keys;
use serde_json::{Value, json};

pub fn definitions() -> Definitions {
    vec![
        (
            "entity",
            object_with(
                "What is stored as a row.",
                keys::ENTITY,
                &["fields"],
                vec![
                    ("about", text("What a row of it is.")),
                    ("was", text("The former name, so that a migration renames.")),
                    ("since", reference("version")),
                    ("until", reference("version")),
                    (
                        "id",
                        json!({ "enum": ["uuid", "int"], "description": "Type of the id; default uuid." }),
                    ),
                    (
                        "key",
                        text("A unique field by which rows are addressed instead of the id."),
                    ),
                    (
                        "plural",
                        text("The plural, where it isn't the obvious one."),
                    ),
                    (
                        "path",
                        described(pattern(KEBAB), "The path segment of the resource."),
                    ),
                    (
                        "account",
                        json!({
                            "description": "Rows of this entity sign in, by this field.",
                            "anyOf": [{ "type": "string" }, object_with("Sign-in.", keys::ACCOUNT, &["sign-in"], vec![
                                ("sign-in", text("The field that holds the name.")),
                                ("password", json!({ "type": "integer", "minimum": 0, "description": "Least length of a password." })),
                            ])],
                        }),
                    ),
                    ("tenant", boolean("Rows of this entity are the tenants.")),
                    ("fields", named(WORD, "field", "The fields.")),
                    (
                        "unique",
                        field_lists("Fields that are unique together: [[customer, number]]."),
                    ),
                    (
                        "index",
                        field_lists("Fields to index together: [[status, placed_at]]."),
                    ),
                    (
                        "checks",
                        json!({
                            "type": ["object", "null"],
                            "description": "Conditions that hold for every row.",
                            "propertyNames": { "pattern": KEBAB },
                            "additionalProperties": { "$ref": "#/$defs/check" },
                        }),
                    ),
                    (
                        "allow",
                        object(
                            "Who may do what; what isn't allowed is denied.",
                            keys::ALLOW,
                            keys::ALLOW
                                .iter()
                                .map(|key| {
                                    (*key, described(reference("grants"), allow_description(key)))
                                })
                                .collect(),
                        ),
                    ),
                    (
                        "state",
                        text(
                            "The enum field that moves change; default: the one named status or state.",
                        ),
                    ),
                    ("moves", named(KEBAB, "move", "The legal changes of state.")),
                    ("soft-delete", boolean("Deleted rows are kept and hidden.")),
                    ("audit", boolean("Every write is recorded; default true.")),
                    (
                        "timestamps",
                        boolean("created_at and updated_at; default true."),
                    ),
                    (
                        "versioned",
                        boolean("Lost updates are detected; default true."),
                    ),
                    (
                        "workload",
                        json!({
                            "type": ["object", "null"],
                            "description": "Rows, growth, and rates of operations and moves by name.",
                            "properties": { "rows": { "$ref": "#/$defs/count" }, "growth": { "$ref": "#/$defs/rate" } },
                            "propertyNames": { "pattern": KEBAB },
                            "additionalProperties": { "$ref": "#/$defs/rate" },
                        }),
                    ),
                ],
            ),
        ),
        (
            "check",
            json!({ "anyOf": [{ "$ref": "#/$defs/expression" }, object_with("A check with its message.", keys::CHECK, &["that"], vec![
            ("that", reference("expression")),
            ("message", text("A whole sentence for the client.")),
        ])] }),
        ),
        (
            "move",
            object_with(
                "A legal change of state; an endpoint of its own.",
                keys::MOVE,
                &["from", "to", "by"],
                vec![
                    ("about", text("What it means.")),
                    (
                        "from",
                        described(reference("names"), "States that it starts from."),
                    ),
                    ("to", text("The state that it leads to.")),
                    ("by", reference("grants")),
                    (
                        "when",
                        described(
                            reference("expression"),
                            "Condition for everyone; unmet is 409.",
                        ),
                    ),
                    (
                        "input",
                        named(
                            WORD,
                            "field",
                            "Fields of the request's body, seen as `input.NAME`.",
                        ),
                    ),
                    ("set", reference("set")),
                    (
                        "do",
                        described(reference("steps"), "Further steps of the same transaction."),
                    ),
                ],
            ),
        ),
        (
            "field",
            json!({ "anyOf": [{ "$ref": "#/$defs/short-field" }, { "$ref": "#/$defs/long-field" }] }),
        ),
        (
            "short-field",
            json!({
                "type": "string",
                "pattern": "^\\s*[A-Za-z][A-Za-z0-9_]*\\s*(\\([\\s\\S]*\\))?(\\?|\\[\\])*\\s*($|,|:?=)",
                "description": "TYPE, then `?` for optional and `[]` for a list, then modifiers after commas, then `= DEFAULT` or `:= EXPRESSION`: \
                                `string(1..120)?, search`, `enum(draft, placed) = draft`, `Customer, owner`, `Order[], by customer`.",
            }),
        ),
        (
            "long-field",
            object_with(
                "A field as a mapping.",
                keys::FIELD,
                &["type"],
                long_field(),
            ),
        ),
    ]
}

fn long_field() -> Vec<(&'static str, Value)> {
    let mut properties = vec![
        (
            "type",
            described(
                reference("short-field"),
                "Type, and modifiers if you like: `string(13)`.",
            ),
        ),
        ("about", text("What it holds.")),
        ("was", text("The former name, so that a migration renames.")),
        ("since", reference("version")),
        ("until", reference("version")),
        (
            "unique",
            json!({
                "description": "Unique, or unique within other fields.",
                "anyOf": [{ "type": ["boolean", "string"] }, object("Scope.", keys::UNIQUE, vec![("within", reference("names"))])],
            }),
        ),
        (
            "on-delete",
            json!({ "enum": keys::ON_DELETE, "description": "What happens when the target is deleted." }),
        ),
        (
            "pattern",
            json!({ "type": "string", "format": "regex", "description": "A regular expression that the text must match." }),
        ),
        (
            "default",
            described(
                reference("expression"),
                "Value of a new row when the request gives none.",
            ),
        ),
        (
            "computed",
            described(
                reference("expression"),
                "Evaluated when the row is read; never stored.",
            ),
        ),
        ("example", reference("text")),
        (
            "visible",
            described(
                reference("grants"),
                "Who may see it; absent: whoever may read the row.",
            ),
        ),
        (
            "settable",
            described(
                reference("grants"),
                "Who may set it; absent: whoever may write the row.",
            ),
        ),
    ];
    for (key, about) in [
        ("immutable", "Set at creation only."),
        ("read-only", "Never taken from a request."),
        ("write-only", "Never shown."),
        ("sensitive", "Encrypted at rest, never logged."),
        ("search", "Found by full-text search."),
        ("filter", "Lists can be filtered by it."),
        ("sort", "Lists can be sorted by it."),
        ("owner", "The account that owns the row."),
        ("tenant", "The tenant that the row belongs to."),
        ("composed", "The rows are parts, written with this row."),
        ("blank-as-null", "An empty text in a request means null."),
    ] {
        properties.push((key, boolean(about)));
    }
    for (key, about) in [
        (
            "by",
            "The field of the target that this is the other side of.",
        ),
        ("through", "The entity between the two sides."),
        ("min", "The least value."),
        ("max", "The greatest value."),
        ("from", "The field that the slug is made from."),
    ] {
        properties.push((key, text(about)));
    }
    properties
}

fn allow_description(key: &str) -> &'static str {
    match key {
        "read" => "Who may list and get.",
        "list" => "Who may list.",
        "get" => "Who may get one row.",
        "write" => "Who may create, update and delete.",
        "create" => "Who may create.",
        "update" => "Who may update.",
        _ => "Who may delete.",
    }
}
