//! Who creates a row has to see what it refers to.

use super::draft::Draft;

/// Lets the roles that create rows of the text's entities read what these rows need.
pub fn see_what_they_name(draft: &mut Draft) {
    let mut missing: Vec<(String, String)> = Vec::new();
    let own = draft
        .entities
        .iter()
        .filter(|entity| !entity.note.contains("pattern"));
    for entity in own {
        let creators = entity.allow.iter().filter(|rule| rule.name == "create");
        let creators: Vec<&str> = creators.flat_map(|rule| subjects(&rule.value)).collect();
        for field in &entity.fields {
            let Some(target) = needed(&field.value) else {
                continue;
            };
            let roles = creators.iter().filter(|role| **role != "owner");
            missing.extend(roles.map(|role| (target.clone(), (*role).to_owned())));
        }
    }
    for (target, role) in missing {
        let entity = draft
            .entities
            .iter_mut()
            .find(|entity| entity.name == target && !entity.note.contains("pattern"));
        let rules = entity.into_iter().flat_map(|entity| &mut entity.allow);
        for rule in rules.filter(|rule| rule.name == "read") {
            let known = |known: &str| known == role || matches!(known, "anyone" | "signed-in");
            if !subjects(&rule.value).any(known) {
                rule.value = format!("{}, {role}", rule.value);
            }
        }
    }
}

/// Who is meant by grants, without their conditions.
fn subjects(grants: &str) -> impl Iterator<Item = &str> {
    grants
        .split(", ")
        .filter_map(|grant| grant.split(" when ").next())
}

/// The entity that a field needs a row of.
fn needed(value: &str) -> Option<String> {
    let end = value
        .find(|letter: char| !letter.is_alphanumeric())
        .unwrap_or(value.len());
    let (target, rest) = value.split_at(end);
    let needed = target.starts_with(|first: char| first.is_uppercase())
        && !rest.starts_with(['?', '['])
        && !rest.contains("owner");
    needed.then(|| target.to_owned())
}
