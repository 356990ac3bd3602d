//! The replies of named operations: bodies by status, and headers.

use super::{Context, clip, first_line, shape};
use crate::ast::{ReplyHeaders, Shape, Spanned, Text};
use crate::keys;
use crate::yaml::{Node, NodeKind};

pub fn replies(
    context: &mut Context<'_>,
    node: &Node,
) -> (Vec<(Spanned<i64>, Shape)>, Vec<ReplyHeaders>) {
    let entries = context.entries(node, "`reply`").unwrap_or_default();
    let mut replies = Vec::new();
    let mut headers = Vec::new();
    for (key, value) in entries {
        let status = key
            .text
            .value
            .parse::<i64>()
            .ok()
            .filter(|status| (200..600).contains(status));
        let Some(status) = status else {
            let message = format!("`{}` is no status of a reply", clip(&key.text.value));
            context.report(
                "AW023",
                key.text.span,
                message,
                "Write the body under its status: `reply: { 200: { … } }`.",
            );
            continue;
        };
        let status = Spanned {
            value: status,
            span: key.text.span,
        };
        let shape = match &value.kind {
            NodeKind::Mapping(parts, _) if shape::only(parts, keys::REPLY, "headers") => {
                let (own, shape) = with_headers(context, value);
                headers.push(ReplyHeaders {
                    status: status.clone(),
                    headers: own,
                });
                shape
            }
            _ => shape::shape(context, value, "a reply"),
        };
        replies.extend(shape.map(|shape| (status, shape)));
    }
    (replies, headers)
}

/// `{ headers: { Location: … }, body: … }`; without a body it has none.
fn with_headers(context: &mut Context<'_>, node: &Node) -> (Vec<(Text, Text)>, Option<Shape>) {
    let place = first_line(context.sources, node.span);
    let Some(map) = context.map(node, place, "a reply", keys::REPLY) else {
        return (Vec::new(), None);
    };
    let mut headers = Vec::new();
    let entries = map.get("headers");
    let entries = entries.and_then(|node| context.entries(node, "`headers`"));
    for (key, value) in entries.unwrap_or_default() {
        let what = format!("`{}`", key.text.value);
        let value = context.expression(value, &what);
        headers.extend(value.map(|value| (key.text.clone(), value)));
    }
    let body = match map.get("body") {
        Some(body) => shape::shape(context, body, "`body`"),
        None => Some(Shape::Nothing(place)),
    };
    (headers, body)
}
