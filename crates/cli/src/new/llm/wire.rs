//! The forms of request and reply that providers speak.

use super::{Failure, Speaker, Turn};
use serde_json::{Value as Json, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `POST /chat/completions`, which many servers speak.
    OpenAi,
    /// `POST /v1/messages`.
    Anthropic,
}

/// Tokens of an answer: the largest designs have some ten thousand.
const MOST_TOKENS: u32 = 16_000;

/// What is wrong with a reply.
#[derive(Debug, PartialEq, Eq)]
pub enum Problem {
    Refused(String),
    Form(String),
}

impl Problem {
    pub fn at(self, host: &str) -> Failure {
        match self {
            Self::Refused(reason) => Failure::Refused(reason),
            Self::Form(found) => Failure::Form(host.to_owned(), found),
        }
    }
}

impl Dialect {
    pub fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/chat/completions",
            Self::Anthropic => "/v1/messages",
        }
    }

    pub fn headers(self, key: Option<&str>) -> Vec<(&'static str, String)> {
        let key = key.map(str::to_owned);
        match self {
            Self::OpenAi => key
                .map(|key| ("authorization", format!("Bearer {key}")))
                .into_iter()
                .collect(),
            Self::Anthropic => key
                .map(|key| ("x-api-key", key))
                .into_iter()
                .chain([("anthropic-version", "2023-06-01".to_owned())])
                .collect(),
        }
    }

    pub fn body(self, model: &str, system: &str, turns: &[Turn], schema: bool) -> Json {
        let turns = turns.iter().map(|turn| {
            let role = match turn.speaker {
                Speaker::Us => "user",
                Speaker::Model => "assistant",
            };
            json!({ "role": role, "content": turn.text })
        });
        match self {
            Self::OpenAi => {
                let system = json!({ "role": "system", "content": system });
                let messages: Vec<Json> = std::iter::once(system).chain(turns).collect();
                let format = match schema {
                    true => json!({
                        "type": "json_schema",
                        "json_schema": { "name": "design", "strict": false, "schema": form() },
                    }),
                    false => json!({ "type": "json_object" }),
                };
                json!({ "model": model, "messages": messages, "response_format": format })
            }
            Self::Anthropic => json!({
                "model": model,
                "max_tokens": MOST_TOKENS,
                "system": system,
                "messages": turns.collect::<Vec<Json>>(),
                "tools": [{
                    "name": "design",
                    "description": "Hands in the design.",
                    "input_schema": form(),
                }],
                "tool_choice": { "type": "tool", "name": "design" },
            }),
        }
    }

    /// Whether a refused request may do without the schema.
    pub fn blames_schema(self, reply: &Json) -> bool {
        let reason = reply.to_string();
        self == Self::OpenAi
            && ["response_format", "json_schema"]
                .iter()
                .any(|word| reason.contains(word))
    }

    /// The text in which a design should stand.
    pub fn answer(self, reply: &Json) -> Result<String, Problem> {
        match self {
            Self::OpenAi => openai(reply),
            Self::Anthropic => anthropic(reply),
        }
    }
}

fn openai(reply: &Json) -> Result<String, Problem> {
    let choice = &reply["choices"][0];
    let message = &choice["message"];
    if let Some(refusal) = message["refusal"].as_str() {
        return Err(Problem::Refused(short(refusal)));
    }
    if choice["finish_reason"] == "content_filter" {
        return Err(Problem::Refused(
            "its filter held the answer back".to_owned(),
        ));
    }
    let text = message["content"].as_str();
    text.map_or_else(|| Err(form_of(reply)), |text| worded(text.to_owned()))
}

fn anthropic(reply: &Json) -> Result<String, Problem> {
    let blocks = reply["content"].as_array().ok_or_else(|| form_of(reply))?;
    if let Some(tool) = blocks.iter().find(|block| block["type"] == "tool_use") {
        return Ok(tool["input"].to_string());
    }
    let texts = blocks.iter().filter_map(|block| block["text"].as_str());
    let text: String = texts.collect();
    if reply["stop_reason"] == "refusal" {
        return Err(Problem::Refused(short(&text)));
    }
    if blocks.is_empty() {
        return Err(form_of(reply));
    }
    worded(text)
}

/// Words without a bracket hold no design, nor the beginning of one.
fn worded(text: String) -> Result<String, Problem> {
    match text.contains('{') {
        true => Ok(text),
        false => Err(Problem::Refused(short(&text))),
    }
}

fn form_of(reply: &Json) -> Problem {
    Problem::Form(short(&reply.to_string()))
}

/// What an error reply says.
pub fn reason(reply: &Json) -> String {
    let said = reply["error"]["message"]
        .as_str()
        .or(reply["error"].as_str())
        .or(reply["message"].as_str())
        .or(reply.as_str());
    short(said.map_or_else(|| reply.to_string(), str::to_owned).trim())
}

/// On one line, and not too long.
fn short(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|each| if each.is_control() { ' ' } else { each })
        .take(300)
        .collect();
    match line.trim() {
        "" => "it gave no reason".to_owned(),
        line => line.to_owned(),
    }
}

/// Our schema; providers want an object at its root.
fn form() -> Json {
    let mut schema = archwright_design::json_schema();
    schema["type"] = "object".into();
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_dialects_say_what_a_model_answers() {
        let openai = json!({ "choices": [{ "message": { "content": "{}" } }] });
        assert_eq!(Dialect::OpenAi.answer(&openai), Ok("{}".to_owned()));
        let anthropic = json!({ "content": [
            { "type": "text", "text": "Here it is." },
            { "type": "tool_use", "name": "design", "input": { "a": 1 } },
        ] });
        assert_eq!(
            Dialect::Anthropic.answer(&anthropic),
            Ok("{\"a\":1}".to_owned())
        );
    }

    #[test]
    fn a_refusal_is_told_from_a_wrong_form() {
        let refused = |text: &str| Err(Problem::Refused(text.to_owned()));
        let openai =
            |message: Json| Dialect::OpenAi.answer(&json!({ "choices": [{ "message": message }] }));
        assert_eq!(openai(json!({ "refusal": "No.\n" })), refused("No."));
        assert_eq!(
            openai(json!({ "content": "I can't help." })),
            refused("I can't help.")
        );
        let stopped = json!({ "content": [], "stop_reason": "refusal" });
        assert_eq!(
            Dialect::Anthropic.answer(&stopped),
            refused("it gave no reason")
        );
        assert!(matches!(openai(json!({})), Err(Problem::Form(_))));
        assert!(matches!(
            Dialect::Anthropic.answer(&json!([])),
            Err(Problem::Form(_))
        ));
    }

    #[test]
    fn the_reason_of_an_error_is_found_in_each_form() {
        assert_eq!(
            reason(&json!({ "error": { "message": "bad key" } })),
            "bad key"
        );
        assert_eq!(
            reason(&json!({ "error": "no such model" })),
            "no such model"
        );
        assert_eq!(reason(&json!("<html>")), "<html>");
    }
}
