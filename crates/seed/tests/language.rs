//! Each example of the language reference is a sound design.

mod common;

use common::{planned, repository, sound};
use serde_json::Value;
use std::collections::BTreeSet;

/// What stands around a fragment.
const AROUND: &str = r#"
archwright: 1
name: example
roles:
  member: { sign-up: open }
  editor: { granted-by: admin }
  admin: { granted-by: admin }
entities:
  User:
    account: email
    fields:
      email: email, unique
      articles: Article[], by author
      likes: Article[]
    allow: { read: owner }
  Article:
    key: slug
    fields:
      slug: slug, unique, from title
      title: string(1..200)
      subtitle: string(1..200)?
      status: enum(draft, published, closed) = draft
      author: User, owner
      tags: Tag[]
      likers: User[], by likes
      reads: int = 0
      published_at: datetime?
    allow: { read: anyone }
  Tag:
    fields: { name: "string(1..40), unique" }
    allow: { read: anyone }
"#;

struct Block {
    line: usize,
    language: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let text = std::fs::read_to_string(repository("docs/language.md")).expect("docs/language.md");
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (line, content) in text.lines().enumerate() {
        match (content.strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                let language = language.to_owned();
                open = Some(Block {
                    line: line + 1,
                    language,
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(content);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

fn indented(text: &str, spaces: usize) -> String {
    let margin = " ".repeat(spaces);
    text.lines()
        .map(|line| format!("{margin}{line}\n"))
        .collect()
}

/// The block as a design of its own.
fn completed(block: &Block) -> Option<String> {
    let text = &block.text;
    Some(match block.language.as_str() {
        "yaml" if text.contains("archwright:") => text.clone(),
        "yaml" => format!("archwright: 1\nname: example\n{text}"),
        "yaml fields" => format!(
            "{AROUND}  Thing:\n    allow: {{ read: anyone }}\n    fields:\n{}",
            indented(text, 6)
        ),
        "yaml entity" => format!("{AROUND}  Thing:\n{}", indented(text, 4)),
        "yaml operation" => {
            format!("{AROUND}operations:\n  example:\n{}", indented(text, 4))
        }
        "cel" => {
            let rules: String = text
                .lines()
                .map(|line| format!("        - {{ by: anyone, when: \"{line}\" }}\n"))
                .collect();
            let article = "      published_at: datetime?\n    allow: { read: anyone }\n";
            let judged = format!("      published_at: datetime?\n    allow:\n      read:\n{rules}");
            AROUND.replace(article, &judged)
        }
        _ => return None,
    })
}

#[test]
fn each_example_of_the_reference_has_a_plan() {
    let blocks = blocks();
    for block in &blocks {
        let Some(design) = completed(block) else {
            continue;
        };
        let name = format!("language.md, block of line {}", block.line);
        let reading = sound(&[(name, design.into_bytes())]);
        planned(&reading);
    }
    let designs = blocks
        .iter()
        .filter(|block| completed(block).is_some())
        .count();
    assert!(designs >= 20, "only {designs} examples were found");
}

/// Names of properties anywhere in the schema that editors use.
fn keys(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                found.extend(properties.keys().cloned());
            }
            members.values().for_each(|member| keys(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

#[test]
fn each_key_of_the_language_is_described() {
    let read = |path: &str| std::fs::read_to_string(repository(path)).expect(path);
    let text = read("docs/language.md");
    let schema: Value =
        serde_json::from_str(&read("schema/archwright.schema.json")).expect("the schema is JSON");
    let mut known = BTreeSet::new();
    keys(&schema, &mut known);
    assert!(known.len() > 60, "only {} keys were found", known.len());
    let missing: Vec<&String> = known
        .iter()
        .filter(|key| {
            let forms = [format!("`{key}"), format!("{key}:"), format!("`{key}`")];
            !forms.iter().any(|form| text.contains(form.as_str()))
        })
        .collect();
    assert!(
        missing.is_empty(),
        "docs/language.md says nothing about {missing:?}"
    );
}
