//! Replies and views: what a body looks like.

use super::{Context, clip, first_line};
use crate::ast::Shape;
use crate::keys;
use crate::yaml::{Key, Node, NodeKind};

pub fn shape(context: &mut Context<'_>, node: &Node, what: &str) -> Option<Shape> {
    match &node.kind {
        NodeKind::Scalar(..) if node.is_null() => Some(Shape::Nothing(node.span)),
        NodeKind::Scalar(..) => context.text(node, what).map(Shape::Value),
        NodeKind::Sequence(items, _) => {
            let place = first_line(context.sources, node.span);
            let rows = "Write `{ each: rows, as: row, show: View }` for a list of rows";
            let text = &context.sources.get(place.file).text;
            let written = text.get(place.start as usize..place.end as usize);
            let values = items
                .iter()
                .all(|item| matches!(item.kind, NodeKind::Scalar(..)));
            let help = match written.filter(|list| values && list.ends_with(']')) {
                Some(list) => format!(
                    "{rows}, and a list of values as an expression, in quotes: `\"{}\"`.",
                    clip(list)
                ),
                None => format!("{rows}."),
            };
            let message = format!("{what} can't be a fixed list");
            context.report("AW023", place, message, help);
            None
        }
        NodeKind::Mapping(entries, _) if only(entries, keys::SHOW, "show") => show(context, node),
        NodeKind::Mapping(entries, _) if only(entries, keys::EACH, "each") => each(context, node),
        NodeKind::Mapping(entries, _) if only(entries, keys::CHOICE, "if") => choice(context, node),
        NodeKind::Mapping(entries, _) => Some(Shape::Object(object(context, entries), node.span)),
    }
}

/// An object that has the marking key and no others than these is a form of the language, not a body.
pub fn only(entries: &[(Key, Node)], allowed: &[&str], marker: &str) -> bool {
    let named = |name: &str| entries.iter().any(|(key, _)| key.text.value == name);
    named(marker)
        && entries
            .iter()
            .all(|(key, _)| allowed.contains(&key.text.value.as_str()))
}

fn object(context: &mut Context<'_>, entries: &[(Key, Node)]) -> Vec<(crate::ast::Text, Shape)> {
    let mut members = Vec::new();
    for (key, value) in entries {
        if key.text.value.is_empty() {
            context.report(
                "AW013",
                key.text.span,
                "a key of a reply is empty",
                "Give it a name.",
            );
        } else if let Some(shape) = shape(context, value, &format!("`{}`", key.text.value)) {
            members.push((key.text.clone(), shape));
        }
    }
    members
}

fn show(context: &mut Context<'_>, node: &Node) -> Option<Shape> {
    let map = context.map(
        node,
        first_line(context.sources, node.span),
        "a shown row",
        keys::SHOW,
    )?;
    let view = context.optional_text(&map, "show");
    let of = context
        .required(&map, "a shown row", "of")
        .and_then(|of| context.text(of, "`of`"));
    Some(Shape::Show {
        view: view?,
        of: of?,
    })
}

/// One of two shapes.
fn choice(context: &mut Context<'_>, node: &Node) -> Option<Shape> {
    let place = first_line(context.sources, node.span);
    let map = context.map(node, place, "a choice", keys::CHOICE)?;
    let test = context.optional_expression(&map, "if");
    let then = context
        .required(&map, "a choice", "then")
        .and_then(|then| shape(context, then, "`then`"));
    let otherwise = match map.get("else") {
        Some(node) => Some(Box::new(shape(context, node, "`else`")?)),
        None => None,
    };
    Some(Shape::If {
        test: test?,
        then: Box::new(then?),
        otherwise,
    })
}

fn each(context: &mut Context<'_>, node: &Node) -> Option<Shape> {
    let place = first_line(context.sources, node.span);
    let map = context.map(node, place, "a list of rows", keys::EACH)?;
    let list = context.optional_text(&map, "each");
    let name = context
        .required(&map, "a list of rows", "as")
        .and_then(|name| context.text(name, "`as`"));
    let item = match (map.get("show"), map.get("item")) {
        (Some(view), None) => {
            let view = context.text(view, "`show`");
            view.zip(name.clone())
                .map(|(view, of)| Shape::Show { view, of })
        }
        (None, Some(item)) => shape(context, item, "`item`"),
        (both, _) => {
            let message = if both.is_some() {
                "a list of rows has both `show` and `item`"
            } else {
                "a list of rows lacks `show` or `item`"
            };
            context.report(
                "AW023",
                place,
                message,
                "Name a view with `show`, or write the shape of one row under `item`.",
            );
            None
        }
    };
    Some(Shape::Each {
        list: list?,
        name: name?,
        item: Box::new(item?),
    })
}
