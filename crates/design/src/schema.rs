//! The JSON Schema of the language, for editors: keys with descriptions, closed sets, patterns of the short forms.
//!
//! It says less than the reader: whatever the reader accepts validates, and most of what it refuses does not.

mod entities;
mod operations;

use crate::keys;
use serde_json::{Map, Value, json};

const WORD: &str = "^[A-Za-z][A-Za-z0-9_]*$";
const KEBAB: &str = "^[A-Za-z][A-Za-z0-9_-]*$";
const CAPITAL: &str = "^[A-Z][A-Za-z0-9]*$";

/// JSON Schema 2020-12. The committed copy is `schema/archwright.schema.json`.
pub fn json_schema() -> Value {
    let mut root = closed(
        "A backend: what it stores, who may do what, and what it answers.",
        keys::DESIGN,
        vec![
            (
                "archwright",
                json!({ "const": 1, "description": "Version of the design language." }),
            ),
            (
                "name",
                described(pattern(KEBAB), "Name of the design, one word: bookshop."),
            ),
            ("about", text("What it is for, in a sentence or two.")),
            ("api", reference("api")),
            ("stack", reference("stack")),
            (
                "types",
                named(
                    CAPITAL,
                    "field",
                    "Names for types with modifiers: `Isbn: \"string(13), pattern '^97[89]'\"`.",
                ),
            ),
            (
                "roles",
                named(
                    KEBAB,
                    "role",
                    "Who there is, beside anyone, signed-in and owner.",
                ),
            ),
            (
                "entities",
                named(CAPITAL, "entity", "What is stored: `Order`, `OrderLine`."),
            ),
            ("views", named(CAPITAL, "view", "Named ways to show a row.")),
            (
                "operations",
                named(
                    KEBAB,
                    "operation",
                    "Operations beyond create, read, update and delete.",
                ),
            ),
            (
                "seed",
                named(
                    CAPITAL,
                    "seed",
                    "Rows to begin with, for development and tests.",
                ),
            ),
        ],
    );
    root.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    root.insert(
        "$id".to_owned(),
        json!("https://archwright.dev/schema/archwright.schema.json"),
    );
    root.insert("title".to_owned(), json!("Archwright design"));
    root.insert("$defs".to_owned(), definitions());
    Value::Object(root)
}

fn definitions() -> Value {
    let mut all = small();
    all.extend(top());
    all.extend(entities::definitions());
    all.extend(operations::definitions());
    Value::Object(
        all.into_iter()
            .map(|(name, schema)| (name.to_owned(), schema))
            .collect(),
    )
}

type Definitions = Vec<(&'static str, Value)>;

fn small() -> Definitions {
    vec![
        ("text", json!({ "type": ["string", "number", "boolean"] })),
        (
            "expression",
            json!({
                "type": ["string", "number", "boolean", "null"],
                "description": "An expression (CEL): fields by name, `caller`, `now`, `==`, `&&`, `in`, `size(…)`, `rows.exists(r, …)`. \
                                Quote one that begins with a quote or a bracket.",
            }),
        ),
        ("name", pattern(WORD)),
        (
            "names",
            json!({
                "description": "One name, several with commas, or a list.",
                "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
            }),
        ),
        (
            "count",
            described(
                quantity("^[0-9][0-9_]*(\\.[0-9_]+)?\\s*[kKMGB]?$"),
                "A number, with k, M or G where it is large: 40, 10k, 2M.",
            ),
        ),
        (
            "rate",
            json!({
                "type": "string",
                "pattern": "^[0-9][0-9_]*(\\.[0-9_]+)?\\s*[kKMGB]?\\s*/\\s*(s|sec|second|m|min|minute|h|hour|d|day|w|week|month|y|year)$",
                "description": "A rate: 400/s, 10/min, 10k/day.",
            }),
        ),
        (
            "size",
            json!({
                "type": "string",
                "pattern": "^[0-9][0-9_]*(\\.[0-9_]+)?\\s*(B|kB|KB|MB|GB|KiB|MiB|GiB)$",
                "description": "A size: 500KB, 5MB.",
            }),
        ),
        (
            "duration",
            json!({
                "type": "string",
                "pattern": "^[0-9][0-9_]*(\\.[0-9_]+)?\\s*(s|min|m|h|d|w|y)$",
                "description": "A duration: 10s, 15min, 30d.",
            }),
        ),
        (
            "version",
            json!({ "type": "integer", "minimum": 0, "description": "A version of the API." }),
        ),
        (
            "set",
            json!({
                "type": ["object", "null"],
                "propertyNames": { "pattern": WORD },
                "additionalProperties": { "$ref": "#/$defs/expression" },
                "description": "Fields and the expressions that they are set to.",
            }),
        ),
        (
            "grants",
            json!({
                "description": "Who may: `anyone`, `signed-in`, `owner`, `nobody` or a role, each with an optional `when` and a condition, \
                                separated by commas. The long form also takes `after`, a condition on the row that the write leaves.",
                "anyOf": [
                    { "type": "string" },
                    { "$ref": "#/$defs/grant" },
                    { "type": "array", "items": { "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/grant" }] } },
                ],
            }),
        ),
        (
            "grant",
            object_with(
                "One alternative of a rule.",
                keys::GRANT,
                &["by"],
                vec![
                    (
                        "by",
                        described(
                            reference("names"),
                            "Who: anyone, signed-in, owner, nobody, or roles.",
                        ),
                    ),
                    (
                        "when",
                        described(
                            reference("expression"),
                            "Condition on the row before the write; for create, on the new row.",
                        ),
                    ),
                    (
                        "after",
                        described(
                            reference("expression"),
                            "Condition on the row that the write leaves.",
                        ),
                    ),
                ],
            ),
        ),
    ]
}

fn unknown() -> Value {
    json!({
        "enum": ["refuse", "ignore"],
        "description": "What happens with parameters and keys that nobody declared: refuse (the default) or ignore.",
    })
}

fn top() -> Definitions {
    vec![
        (
            "api",
            object(
                "How the API behaves.",
                keys::API,
                vec![
                    (
                        "base",
                        json!({ "type": "string", "pattern": "^/([A-Za-z0-9._~/-]*[A-Za-z0-9._~-])?$", "description": "Path before all others: /v1." }),
                    ),
                    ("version", reference("version")),
                    (
                        "page",
                        object(
                            "Lengths of lists.",
                            keys::PAGE,
                            vec![
                                (
                                    "default",
                                    json!({ "type": "integer", "minimum": 0, "description": "Rows of a page when the request says nothing." }),
                                ),
                                (
                                    "max",
                                    json!({ "type": "integer", "minimum": 0, "description": "Most rows of a page." }),
                                ),
                            ],
                        ),
                    ),
                    (
                        "body",
                        described(
                            reference("size"),
                            "Largest body of a request, uploads apart.",
                        ),
                    ),
                    (
                        "timeout",
                        described(reference("duration"), "Longest time for a request."),
                    ),
                    ("unknown", unknown()),
                    (
                        "origins",
                        described(
                            reference("names"),
                            "Web origins that may call from a browser.",
                        ),
                    ),
                    (
                        "rates",
                        json!({
                            "type": ["object", "null"],
                            "description": "Rate classes: `sign-in`, `read`, `write`, and names that operations use.",
                            "propertyNames": { "pattern": KEBAB },
                            "additionalProperties": { "$ref": "#/$defs/rate" },
                        }),
                    ),
                    (
                        "tokens",
                        object(
                            "How long a sign-in lasts.",
                            keys::TOKENS,
                            vec![
                                (
                                    "access",
                                    described(reference("duration"), "Life of an access token."),
                                ),
                                (
                                    "refresh",
                                    described(reference("duration"), "Life of a refresh token."),
                                ),
                                (
                                    "scheme",
                                    described(
                                        reference("names"),
                                        "The word before the token in Authorization: Bearer. Of several, the first is the one that documents name.",
                                    ),
                                ),
                            ],
                        ),
                    ),
                    (
                        "errors",
                        described(
                            reference("shape"),
                            "An own shape of errors, over status, code, title, detail, fields, by_field and messages; or one for each status, and `default`.",
                        ),
                    ),
                    (
                        "statuses",
                        json!({
                            "type": ["object", "null"],
                            "description": "The status of a mistake, by its code: bad-request, check, condition-unmet, illegal-move, in-use, invalid, key-reused, unique.",
                            "propertyNames": { "pattern": KEBAB },
                            "additionalProperties": { "type": "integer", "minimum": 400, "maximum": 499 },
                        }),
                    ),
                    (
                        "messages",
                        json!({
                            "type": ["object", "null"],
                            "description": "What is said for a code: required, blank, unique.",
                            "propertyNames": { "pattern": KEBAB },
                            "additionalProperties": { "type": "string" },
                        }),
                    ),
                ],
            ),
        ),
        (
            "stack",
            object(
                "What it runs on.",
                keys::STACK,
                vec![
                    (
                        "framework",
                        text("axum, nestjs, express, fastapi or django."),
                    ),
                    ("database", text("sqlite or postgres.")),
                    ("cache", text("memory or redis.")),
                    (
                        "sign-in",
                        described(reference("names"), "password and providers such as google."),
                    ),
                    ("rls", boolean("Row-level security in the database too.")),
                ],
            ),
        ),
        (
            "role",
            object(
                "A role.",
                keys::ROLE,
                vec![
                    ("about", text("What people of this role do.")),
                    (
                        "sign-up",
                        json!({ "enum": ["open", "closed", true, false], "description": "open: who signs up gets this role." }),
                    ),
                    (
                        "includes",
                        described(reference("names"), "Roles whose rights this one has too."),
                    ),
                    (
                        "granted-by",
                        described(
                            reference("names"),
                            "Roles that may give this role to somebody.",
                        ),
                    ),
                ],
            ),
        ),
        (
            "view",
            object_with(
                "A named way to show a row.",
                keys::VIEW,
                &["of", "show"],
                vec![
                    ("of", described(json!({ "type": "string" }), "The entity.")),
                    ("show", reference("shape")),
                ],
            ),
        ),
        (
            "seed",
            json!({
                "description": "How many rows to make up, rows to write, or both.",
                "anyOf": [
                    { "$ref": "#/$defs/count" },
                    { "$ref": "#/$defs/rows" },
                    object("Rows to make up and rows to write.", keys::SEED, vec![
                        ("rows", described(reference("count"), "How many rows in all.")),
                        ("with", reference("rows")),
                    ]),
                ],
            }),
        ),
        (
            "rows",
            json!({ "type": "array", "items": { "type": "object", "propertyNames": { "pattern": WORD } } }),
        ),
    ]
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn pattern(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "maxLength": crate::lower::MAX_NAME })
}

fn quantity(pattern: &str) -> Value {
    json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": pattern }] })
}

fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = json!(description);
    schema
}

fn text(description: &str) -> Value {
    json!({ "type": ["string", "number", "boolean"], "description": description })
}

fn boolean(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

fn field_lists(description: &str) -> Value {
    json!({ "type": ["array", "null"], "items": { "type": "array", "items": { "type": "string" }, "minItems": 1 }, "description": description })
}

/// A mapping from names of a form to definitions.
fn named(form: &str, definition: &str, description: &str) -> Value {
    json!({
        "type": ["object", "null"],
        "description": description,
        "propertyNames": { "pattern": form, "maxLength": crate::lower::MAX_NAME },
        "additionalProperties": { "$ref": format!("#/$defs/{definition}") },
    })
}

/// A mapping with these keys and no others. The order is that of `keys`; a test checks that both name the same.
fn closed(
    description: &str,
    keys: &[&str],
    mut properties: Vec<(&'static str, Value)>,
) -> Map<String, Value> {
    properties.sort_by_key(|(name, _)| {
        keys.iter()
            .position(|key| key == name)
            .unwrap_or(keys.len())
    });
    let properties: Map<String, Value> = properties
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect();
    let mut schema = Map::new();
    schema.insert("description".to_owned(), json!(description));
    schema.insert("type".to_owned(), json!(["object", "null"]));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

fn object(description: &str, keys: &[&str], properties: Vec<(&'static str, Value)>) -> Value {
    Value::Object(closed(description, keys, properties))
}

fn object_with(
    description: &str,
    keys: &[&str],
    required: &[&str],
    properties: Vec<(&'static str, Value)>,
) -> Value {
    let mut schema = closed(description, keys, properties);
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("required".to_owned(), json!(required));
    Value::Object(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schema: &Value, keys: &[&str]) {
        let named: Vec<&str> = schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str())
            .collect();
        assert_eq!(named, keys);
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            assert!(
                property["description"].is_string() || property["$ref"].is_string(),
                "{key} has no description"
            );
        }
    }

    #[test]
    fn the_schema_knows_the_keys_that_the_reader_knows() {
        let schema = json_schema();
        check(&schema, keys::DESIGN);
        let sets = [
            ("api", keys::API),
            ("stack", keys::STACK),
            ("role", keys::ROLE),
            ("entity", keys::ENTITY),
            ("long-field", keys::FIELD),
            ("grant", keys::GRANT),
            ("move", keys::MOVE),
            ("view", keys::VIEW),
            ("operation", keys::OPERATION),
            ("input", keys::INPUT),
            ("show", keys::SHOW),
            ("each", keys::EACH),
        ];
        for (name, keys) in sets {
            check(&schema["$defs"][name], keys);
        }
        check(
            &schema["$defs"]["entity"]["properties"]["allow"],
            keys::ALLOW,
        );
    }
}
