//! The replies of named operations: bodies by status, and headers.

use super::context::Lowering;
use super::typing::{Bindings, Scope};
use crate::{Expression, Shape, Step, Type};
use archwright_design::ast::{self, Text};

/// Headers that say how a reply is sent, kept or judged.
const SERVERS: [&str; 24] = [
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-security-policy",
    "content-type",
    "date",
    "deprecation",
    "etag",
    "idempotency-replayed",
    "keep-alive",
    "ratelimit",
    "ratelimit-policy",
    "referrer-policy",
    "set-cookie",
    "strict-transport-security",
    "traceparent",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "x-content-type-options",
    "x-request-id",
];

impl Lowering<'_> {
    pub(super) fn replies(
        &mut self,
        source: &ast::Operation,
        steps: &[Step],
        scope: &Scope,
        bindings: &mut Bindings,
    ) -> Vec<(u16, Shape)> {
        let mut replies: Vec<(u16, Shape)> = Vec::new();
        for (status, shape) in &source.replies {
            let failure = u16::try_from(status.value).ok().filter(|code| *code >= 400);
            let known = failure.map(|code| self.known_at(code, steps, scope));
            let shape = self.shape(shape, known.as_ref().unwrap_or(scope), bindings);
            let Some(code) = u16::try_from(status.value)
                .ok()
                .filter(|code| (200..600).contains(code))
            else {
                let message = format!("{} is no status of a reply", status.value);
                self.error(
                    "AW358",
                    status.span,
                    message,
                    "use a number from 200 to 599",
                );
                continue;
            };
            if replies.iter().any(|(known, _)| *known == code) {
                self.error(
                    "AW358",
                    status.span,
                    format!("the status {code} is there twice"),
                    "remove one of them",
                );
                continue;
            }
            let bodiless = matches!(code, 204 | 205 | 304);
            if bodiless && !matches!(shape, None | Some(Shape::Nothing)) {
                let message = format!("a reply with the status {code} has no body");
                self.error(
                    "AW358",
                    status.span,
                    message,
                    "write `~` as its body, or use 200",
                );
            }
            replies.extend(shape.map(|shape| (code, shape)));
        }
        if !source
            .replies
            .iter()
            .any(|(status, _)| (200..300).contains(&status.value))
        {
            let message = format!(
                "the operation `{}` never answers that it succeeded",
                source.name.value
            );
            self.error(
                "AW358",
                source.name.span,
                message,
                "add a reply such as `200: { article: article }`, or `204: ~`",
            );
        }
        replies
    }

    /// The headers of the reply of success.
    pub(super) fn reply_headers(
        &mut self,
        source: &ast::Operation,
        scope: &Scope,
    ) -> Vec<(String, Expression)> {
        let mut replies = source.replies.iter();
        let success = replies.find(|(status, _)| (200..300).contains(&status.value));
        let mut headers: Vec<(String, Expression)> = Vec::new();
        for ast::ReplyHeaders {
            status,
            headers: own,
        } in &source.headers
        {
            if success.is_none_or(|(success, _)| success.value != status.value) {
                let message = "only the reply when nothing fails has headers of its own";
                let help = "move them to the first reply from 200 to 299";
                self.error("AW358", status.span, message, help);
                continue;
            }
            for (name, value) in own {
                if !self.is_reply_header(name) {
                    continue;
                }
                if headers
                    .iter()
                    .any(|(known, _)| known.eq_ignore_ascii_case(&name.value))
                {
                    self.repeated(name, "header");
                    continue;
                }
                let Some(typed) = self.typed(value, scope) else {
                    continue;
                };
                let value = typed.expression;
                if !self.refuse_write_only(&value) {
                    continue;
                }
                if value.ty != Type::Text {
                    let message = format!(
                        "a header is a text, and this is {}",
                        self.describe(&value.ty)
                    );
                    let help = "write a text; `string(number)` makes one of a number";
                    self.error("AW358", value.span, message, help);
                    continue;
                }
                headers.push((name.value.clone(), value));
            }
        }
        headers
    }

    fn is_reply_header(&mut self, name: &Text) -> bool {
        let text = name.value.to_ascii_lowercase();
        let sound = text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text
                .chars()
                .all(|next| next.is_ascii_alphanumeric() || next == '-');
        if !sound {
            let message = format!("`{}` is no name of a header", name.value);
            let help = "write letters, digits and hyphens: `Location`, `X-Total-Count`";
            self.error("AW358", name.span, message, help);
        } else if SERVERS.contains(&&text[..]) || text.starts_with("access-control-") {
            let message = format!("the server itself says `{}`", name.value);
            self.error("AW358", name.span, message, "remove it");
        } else {
            return true;
        }
        false
    }
}
