//! Other names for entities, and so for the fields that lead to them.

use crate::compose::Answers;
use crate::node::Node;
use crate::pattern::Pattern;
use crate::roles;
use heck::ToSnakeCase;
use std::collections::{BTreeMap, BTreeSet};

/// Words of a design and what takes their place.
pub(crate) struct Renames {
    entities: BTreeMap<String, String>,
    fields: BTreeMap<String, String>,
}

impl Renames {
    /// A field is renamed with its entity (`products` with `Product`) where its name always leads to that entity, and
    /// no field has the new name.
    pub fn new(patterns: &[&Pattern], answers: &Answers) -> Self {
        let named = names_of_fields(patterns);
        let mut fields = BTreeMap::new();
        let abstract_name = |name: &str| name.chars().all(|letter| !letter.is_lowercase());
        for (old, new) in answers.names.iter().filter(|(old, _)| !abstract_name(old)) {
            let forms = [old.to_snake_case(), plural(old)];
            for (from, to) in forms.into_iter().zip([new.to_snake_case(), plural(new)]) {
                let leads_there = named
                    .get(&from)
                    .is_some_and(|targets| targets.iter().eq([old]));
                if leads_there && !named.contains_key(&to) {
                    fields.insert(from, to);
                }
            }
        }
        Self {
            entities: answers.names.clone(),
            fields,
        }
    }

    pub fn entity(&self, word: &str) -> Option<String> {
        self.entities.get(word).cloned()
    }

    pub fn field(&self, word: &str) -> Option<String> {
        self.fields.get(word).cloned()
    }
}

fn plural(entity: &str) -> String {
    pluralizer::pluralize(&entity.to_snake_case(), 2, false)
}

/// Each name of a field, with the types of the fields that are called so.
fn names_of_fields(patterns: &[&Pattern]) -> BTreeMap<String, BTreeSet<String>> {
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let fragments = patterns
        .iter()
        .flat_map(|pattern| roles::fragments(pattern));
    for (_, body) in fragments.flat_map(|fragment| &fragment.entities) {
        let moves = body.get("moves").map_or(&[][..], Node::entries);
        let inputs = moves.iter().filter_map(|(_, step)| step.get("input"));
        for fields in body.get("fields").into_iter().chain(inputs) {
            for (name, field) in fields.entries() {
                named
                    .entry(name.clone())
                    .or_default()
                    .insert(type_of(field));
            }
        }
    }
    named
}

/// `Product` of `Product[]?, by category`.
fn type_of(field: &Node) -> String {
    let text = field.text().or(field.text_at("type")).unwrap_or_default();
    let end = text.find(|letter: char| !letter.is_alphanumeric());
    text[..end.unwrap_or(text.len())].to_owned()
}
