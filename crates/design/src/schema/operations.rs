//! The part of the schema about operations: steps, replies, inputs.

use super::{
    Definitions, WORD, boolean, described, named, object, object_with, reference, text, unknown,
};
use crate::keys;
use serde_json::{Map, Value, json};

pub fn definitions() -> Definitions {
    vec![
        ("operation", object_with("A named operation: a short transaction, then a reply.", keys::OPERATION, &["route", "by"], vec![
            ("about", text("What it does.")),
            ("since", reference("version")),
            ("until", reference("version")),
            ("was", text("The former name.")),
            ("route", json!({
                "type": "string",
                "pattern": "^\\s*(GET|POST|PUT|PATCH|DELETE)\\s+/([A-Za-z0-9._~-]+|\\{[A-Za-z][A-Za-z0-9_]*\\})?(/([A-Za-z0-9._~-]+|\\{[A-Za-z][A-Za-z0-9_]*\\}))*\\s*$",
                "description": "Method and path: POST /articles/{slug}/favorite.",
            })),
            ("by", reference("grants")),
            ("rate", text("A class of api.rates.")),
            ("unknown", unknown()),
            ("input", reference("input")),
            ("steps", reference("steps")),
            ("reply", json!({
                "type": ["object", "null"],
                "description": "Status and body; the first is the answer when no step says otherwise.",
                "propertyNames": { "pattern": "^[2-5][0-9][0-9]$" },
                "additionalProperties": { "anyOf": [{ "$ref": "#/$defs/reply" }, { "$ref": "#/$defs/shape" }] },
            })),
            ("workload", described(reference("rate"), "How often it is called: 40/s.")),
        ])),
        ("input", object("What the request carries.", keys::INPUT, vec![
            ("path", named(WORD, "field", "Parameters of the path; one without an entry is a string.")),
            ("query", named(WORD, "field", "Parameters of the query.")),
            ("header", json!({
                "type": ["object", "null"],
                "description": "Headers.",
                "propertyNames": { "pattern": "^[A-Za-z][A-Za-z0-9_-]*$" },
                "additionalProperties": { "$ref": "#/$defs/field" },
            })),
            ("body", reference("body")),
        ])),
        ("body", json!({
            "type": ["object", "null"],
            "description": "Fields of the body, and objects of them. `?` after a name: it may be left out, and is never null.",
            "propertyNames": { "pattern": "^[A-Za-z][A-Za-z0-9_]*\\??$" },
            "additionalProperties": { "anyOf": [{ "$ref": "#/$defs/field" }, { "$ref": "#/$defs/body" }] },
        })),
        ("shape", json!({
            "description": "A value, an object of shapes, a shown row, a list of rows, or ~ for no body. `?` after a key: it is left out where its value is missing.",
            "anyOf": [
                { "type": ["string", "number", "boolean", "null"] },
                { "$ref": "#/$defs/show" },
                { "$ref": "#/$defs/each" },
                { "$ref": "#/$defs/choice" },
                { "type": "object", "additionalProperties": { "$ref": "#/$defs/shape" } },
            ],
        })),
        ("reply", object_with("A body with headers.", keys::REPLY, &["headers"], vec![
            ("headers", json!({
                "type": ["object", "null"],
                "description": "Headers, each a text: Location, Link, X-Total-Count.",
                "propertyNames": { "pattern": "^[A-Za-z][A-Za-z0-9-]*$" },
                "additionalProperties": { "$ref": "#/$defs/expression" },
            })),
            ("body", described(reference("shape"), "The body; none where it is left out.")),
        ])),
        ("show", object_with("A row, shown by a view.", keys::SHOW, &["show", "of"], vec![
            ("show", text("The view.")),
            ("of", described(reference("expression"), "The row.")),
        ])),
        ("each", object_with("A list of rows.", keys::EACH, &["each", "as"], vec![
            ("each", described(reference("expression"), "The rows.")),
            ("as", text("Name for one of them.")),
            ("show", text("The view for each.")),
            ("item", described(reference("shape"), "The shape for each, instead of a view.")),
        ])),
        ("choice", object_with("One of two shapes.", keys::CHOICE, &["if", "then"], vec![
            ("if", described(reference("expression"), "Which of them.")),
            ("then", described(reference("shape"), "The shape where it holds.")),
            ("else", described(reference("shape"), "The shape where it does not; null where this is left out.")),
        ])),
        ("steps", json!({
            "type": ["array", "null"],
            "description": "Steps of one transaction, in order.",
            "items": { "oneOf": keys::STEPS.iter().map(|(verb, _)| reference(&format!("step-{verb}"))).collect::<Vec<_>>() },
        })),
    ]
    .into_iter()
    .chain(keys::STEPS.iter().map(|(verb, own)| (name(verb), step(verb, own))))
    .collect()
}

fn name(verb: &str) -> &'static str {
    match verb {
        "find" => "step-find",
        "list" => "step-list",
        "guard" => "step-guard",
        "create" => "step-create",
        "upsert" => "step-upsert",
        "get-or-create" => "step-get-or-create",
        "update" => "step-update",
        "delete" => "step-delete",
        "link" => "step-link",
        "unlink" => "step-unlink",
        "increment" => "step-increment",
        "move" => "step-move",
        "sign-in" => "step-sign-in",
        "token" => "step-token",
        _ => "step-each",
    }
}

fn step(verb: &str, own: &[&str]) -> Value {
    let mut properties = Map::new();
    properties.insert(verb.to_owned(), described(subject(verb), about(verb)));
    for key in own {
        properties.insert((*key).to_owned(), property(key));
    }
    properties.insert(
        "if".to_owned(),
        described(reference("expression"), "The step runs only then."),
    );
    let mut required = vec![verb];
    required.extend(match verb {
        "upsert" | "get-or-create" => vec!["key"],
        "sign-in" => vec!["key", "password"],
        "each" => vec!["do"],
        _ => Vec::new(),
    });
    let mut schema = json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    if verb == "update" {
        schema["anyOf"] = json!([{ "required": ["set"] }, { "required": ["password"] }]);
    }
    schema
}

fn subject(verb: &str) -> Value {
    match verb {
        "guard" | "update" | "delete" => reference("expression"),
        _ => json!({
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": { "$ref": "#/$defs/expression" },
        }),
    }
}

fn about(verb: &str) -> &'static str {
    match verb {
        "find" => "Looks one row up: { article: Article }.",
        "list" => "Looks rows up: { articles: Article }.",
        "guard" => "Goes on only if this holds.",
        "create" => "Creates a row: { comment: Comment }.",
        "upsert" => "Creates a row or updates the one with this key: { vote: Vote }.",
        "get-or-create" => "Takes the row with this key, or creates it: { tag: Tag }.",
        "update" => "Changes fields of a row.",
        "delete" => "Deletes a row.",
        "link" => "Adds a row to a relation: { caller.favourites: article }.",
        "unlink" => "Takes a row out of a relation: { caller.favourites: article }.",
        "increment" => "Adds to a number: { book.stock: -line.quantity }.",
        "move" => "Makes a move: { order: ship }.",
        "sign-in" => "Finds the account whose password this is: { user: User }.",
        "token" => "Opens a session of an account, and binds its access token: { token: user }.",
        _ => "Runs steps for each item of a list: { tag: body.tagList }.",
    }
}

fn property(key: &str) -> Value {
    match key {
        "where" => described(reference("expression"), "Which rows."),
        "lock" => boolean("Keeps others from changing the row until the end."),
        "else" => {
            json!({
                "description": "The answer when nothing is found, the guard fails or the write is refused: not-found, forbidden, a status, or null; or { 404: BODY }.",
                "anyOf": [
                    { "type": ["string", "integer", "null"] },
                    {
                        "type": "object",
                        "minProperties": 1,
                        "maxProperties": 1,
                        "additionalProperties": { "$ref": "#/$defs/shape" },
                    },
                ],
            })
        }
        "sort" => described(
            reference("names"),
            "Fields to sort by; `-` before one for descending.",
        ),
        "limit" => described(reference("expression"), "Most rows."),
        "offset" => described(reference("expression"), "Rows to skip."),
        "count" => text("Name for the number of all matching rows."),
        "password" => described(
            reference("expression"),
            "A text of the input that is the account's password.",
        ),
        "role" => text("The role of the new account; by default the one with `sign-up: open`."),
        "set" => reference("set"),
        "key" => described(reference("set"), "Fields that identify the row."),
        _ => described(reference("steps"), "The steps."),
    }
}
