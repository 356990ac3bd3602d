//! Entities: their keys, rules, moves and workload.

use super::{Context, Map, NameForm, first_line, operation};
use crate::ast::{Account, Allow, Entity, Move, Spanned, Text, Workload};
use crate::keys;
use crate::yaml::{Key, Node, NodeKind};
use archwright_diagnostics::Span;

pub fn entity(context: &mut Context<'_>, name: Text, node: &Node) -> Option<Entity> {
    let map = context.map(node, name.span, "an entity", keys::ENTITY)?;
    let span = name.span.to(node.span);
    let fields = context
        .required(&map, "an entity", "fields")
        .map(|node| context.fields(node, "`fields`"));
    Some(Entity {
        about: context.optional_text(&map, "about"),
        id: id(context, &map),
        key: context.optional_text(&map, "key"),
        plural: context.optional_text(&map, "plural"),
        path: path(context, &map),
        account: map.get("account").and_then(|node| account(context, node)),
        tenant: context.boolean(&map, "tenant"),
        fields: fields.unwrap_or_default(),
        unique: field_lists(context, &map, "unique"),
        index: field_lists(context, &map, "index"),
        checks: map
            .get("checks")
            .map(|node| context.checks(node))
            .unwrap_or_default(),
        allow: map
            .get("allow")
            .map(|node| allow(context, node))
            .unwrap_or_default(),
        state: context.optional_text(&map, "state"),
        moves: moves(context, &map),
        soft_delete: context.boolean(&map, "soft-delete"),
        audit: context.boolean(&map, "audit"),
        timestamps: context.boolean(&map, "timestamps"),
        versioned: context.boolean(&map, "versioned"),
        workload: map.get("workload").and_then(|node| workload(context, node)),
        evolution: context.evolution(&map),
        name,
        span,
    })
}

fn id(context: &mut Context<'_>, map: &Map<'_>) -> Option<Text> {
    let id = context.optional_text(map, "id")?;
    if id.value != "uuid" && id.value != "int" {
        super::design::unknown_word(
            context,
            &id,
            &format!("`id` can't be `{}`", super::clip(&id.value)),
            &["uuid", "int"],
        );
    }
    Some(id)
}

fn path(context: &mut Context<'_>, map: &Map<'_>) -> Option<Text> {
    let path = context.optional_text(map, "path")?;
    if !NameForm::Kebab.fits(&path.value) {
        let help =
            "Write one segment without slashes, of letters, digits, `-` and `_`: `order-lines`.";
        context.report("AW021", path.span, "`path` is no path segment", help);
    }
    Some(path)
}

fn account(context: &mut Context<'_>, node: &Node) -> Option<Account> {
    if !matches!(node.kind, NodeKind::Mapping(..)) {
        return Some(Account {
            sign_in: context.text(node, "`account`")?,
            password_min: None,
        });
    }
    let map = context.map(
        node,
        first_line(context.sources, node.span),
        "`account`",
        keys::ACCOUNT,
    )?;
    let password_min = context.optional_integer(&map, "password");
    let sign_in = context.required(&map, "`account`", "sign-in")?;
    Some(Account {
        sign_in: context.text(sign_in, "`sign-in`")?,
        password_min,
    })
}

/// `[[customer, number], [tenant, slug]]`
fn field_lists(context: &mut Context<'_>, map: &Map<'_>, key: &str) -> Vec<Vec<Text>> {
    let Some(node) = map.get(key) else {
        return Vec::new();
    };
    let mut lists = Vec::new();
    for item in context.sequence(node, &format!("`{key}`")) {
        if matches!(item.kind, NodeKind::Scalar(..)) {
            let message = format!("each entry of `{key}` is a list of fields");
            context.report(
                "AW009",
                item.span,
                message,
                format!("Write the lists within a list: `{key}: [[a, b], [c]]`."),
            );
            return lists;
        }
        let names = context.names(item, &format!("`{key}`"));
        if names.is_empty() {
            context.report(
                "AW010",
                item.span,
                format!("an entry of `{key}` names no field"),
                "Name fields, or remove it.",
            );
        } else {
            lists.push(names);
        }
    }
    lists
}

fn allow(context: &mut Context<'_>, node: &Node) -> Vec<Allow> {
    let Some(map) = context.map(
        node,
        first_line(context.sources, node.span),
        "`allow`",
        keys::ALLOW,
    ) else {
        return Vec::new();
    };
    let known = map
        .entries()
        .iter()
        .filter(|(key, _)| keys::ALLOW.contains(&key.text.value.as_str()));
    known
        .map(|(key, value)| {
            let grants = context.grants(value, &format!("`{}`", key.text.value));
            Allow {
                action: key.text.clone(),
                grants,
            }
        })
        .collect()
}

fn moves(context: &mut Context<'_>, map: &Map<'_>) -> Vec<Move> {
    let entries = map
        .get("moves")
        .and_then(|node| context.entries(node, "`moves`"))
        .unwrap_or_default();
    entries
        .iter()
        .filter_map(|(key, value)| one_move(context, key, value))
        .collect()
}

fn one_move(context: &mut Context<'_>, key: &Key, node: &Node) -> Option<Move> {
    let name = context.named(key, node, "a move", NameForm::Kebab)?;
    let map = context.map(node, name.span, "a move", keys::MOVE)?;
    let from = context
        .required(&map, "a move", "from")
        .map(|node| context.names(node, "`from`"));
    let to = context
        .required(&map, "a move", "to")
        .and_then(|node| context.text(node, "`to`"));
    let by = context
        .required(&map, "a move", "by")
        .map(|node| context.grants(node, "`by`"));
    Some(Move {
        span: name.span.to(node.span),
        about: context.optional_text(&map, "about"),
        from: from.unwrap_or_default(),
        to,
        by: by.unwrap_or_default(),
        when: context.optional_expression(&map, "when"),
        input: map
            .get("input")
            .map(|node| context.fields(node, "`input`"))
            .unwrap_or_default(),
        set: map
            .get("set")
            .map(|node| context.name_value_pairs(node, "`set`"))
            .unwrap_or_default(),
        steps: map
            .get("do")
            .map(|node| operation::steps(context, node, "`do`"))
            .unwrap_or_default(),
        name,
    })
}

fn workload(context: &mut Context<'_>, node: &Node) -> Option<Workload> {
    let entries = context.entries(node, "`workload`")?;
    let mut workload = Workload {
        rows: None,
        growth: None,
        rates: Vec::new(),
    };
    for (key, value) in entries {
        let what = format!("`{}`", key.text.value);
        match key.text.value.as_str() {
            "rows" => workload.rows = context.count(value, &what),
            "growth" => workload.growth = context.rate(value, &what),
            _ => {
                let name = context.named(key, value, "an operation or a move", NameForm::Kebab);
                let rate: Option<Spanned<_>> =
                    name.as_ref().and_then(|_| context.rate(value, &what));
                workload.rates.extend(name.zip(rate));
            }
        }
    }
    Some(workload)
}

/// The place of a key with its value.
pub fn entry_span(key: &Text, value: &Node) -> Span {
    key.span.to(value.span)
}
