//! Confines a design to tenants: every row belongs to one, and nothing is unique or public beyond it.

use crate::compose::{Entity, Member};
use crate::draft::Draft;
use crate::grants::condition;
use crate::node::Node;
use heck::ToSnakeCase;

/// Where one entity is the tenant, gives each of the others its tenant field.
pub(crate) fn confine(draft: &mut Draft) {
    let is_tenant = |entity: &&Entity| entity.setting("tenant").is_some();
    let Some(tenant) = draft
        .entities
        .iter()
        .find(is_tenant)
        .map(|entity| entity.name.clone())
    else {
        return;
    };
    let field = tenant.to_snake_case();
    let parts = parts(draft);
    for entity in &mut draft.entities {
        if entity.name == tenant || parts.contains(&entity.name) {
            continue;
        }
        let account = entity.setting("account").is_some();
        match entity
            .fields
            .iter_mut()
            .find(|member| is_tenant_field(&member.value))
        {
            Some(member) => member.name.clone_from(&field),
            None => {
                let value = Node::Text(format!("{tenant}, tenant"));
                let (name, origin) = (field.clone(), "organisation".to_owned());
                entity.fields.insert(
                    0,
                    Member {
                        name,
                        value,
                        origin,
                    },
                );
            }
        }
        for rule in entity.allow.iter_mut() {
            rule.value = signed_in_only(&rule.value);
        }
        if !account {
            within(entity, &field);
        }
    }
}

fn is_tenant_field(field: &Node) -> bool {
    let modifiers = field.text().map(|text| text.split(','));
    modifiers.is_some_and(|mut modifiers| modifiers.any(|modifier| modifier.trim() == "tenant"))
}

/// Entities that are written with another.
fn parts(draft: &Draft) -> Vec<String> {
    let fields = draft.entities.iter().flat_map(|entity| &entity.fields);
    fields.filter_map(|field| part_of(&field.value)).collect()
}

/// `OrderLine` for `OrderLine[], composed`.
pub(crate) fn part_of(field: &Node) -> Option<String> {
    let (ty, composed) = match field {
        Node::Text(text) => (text.split(',').next()?, text.contains("composed")),
        _ => (field.text_at("type")?, field.get("composed").is_some()),
    };
    composed.then(|| ty.trim().trim_end_matches("[]").to_owned())
}

/// What is open to anyone is open to whoever belongs to the tenant.
fn signed_in_only(rule: &Node) -> Node {
    rule.map_text(&|grant| match condition(grant) {
        ("anyone", Some(when)) => format!("signed-in when {when}"),
        ("anyone", None) => "signed-in".to_owned(),
        _ => grant.to_owned(),
    })
}

/// Two tenants may use one name: uniqueness counts within the tenant, and rows are addressed by their ids.
fn within(entity: &mut Entity, tenant: &str) {
    for field in &mut entity.fields {
        field.value = match &field.value {
            Node::Text(text) => Node::Text(unique_within(text, tenant)),
            Node::Map(entries) if field.value.text_at("unique") == Some("true") => {
                let scoped = |(key, value): &(String, Node)| match key.as_str() {
                    "unique" => (
                        key.clone(),
                        Node::Map(vec![(
                            "within".to_owned(),
                            Node::List(vec![Node::Text(tenant.to_owned())]),
                        )]),
                    ),
                    _ => (key.clone(), value.clone()),
                };
                Node::Map(entries.iter().map(scoped).collect())
            }
            other => other.clone(),
        };
    }
    entity.settings.retain(|setting| setting.name != "key");
}

/// Relations are unique within the tenant as they are: the other row belongs to it.
fn unique_within(text: &str, tenant: &str) -> String {
    let relation = text.starts_with(|letter: char| letter.is_uppercase());
    let already = text.contains("unique within");
    if relation || already || !text.contains(", unique") {
        return text.to_owned();
    }
    text.replacen(", unique", &format!(", unique within {tenant}"), 1)
}
