//! Access rules: who, and under which condition.

use super::{Context, NameForm, clip, first_line};
use crate::ast::{Grant, Text};
use crate::yaml::{Node, NodeKind};
use crate::{keys, split};

impl Context<'_> {
    pub fn grants(&mut self, node: &Node, what: &str) -> Vec<Grant> {
        match &node.kind {
            NodeKind::Sequence(items, _) => items
                .iter()
                .flat_map(|item| self.grant_item(item, what))
                .collect(),
            _ => self.grant_item(node, what),
        }
    }

    fn grant_item(&mut self, node: &Node, what: &str) -> Vec<Grant> {
        if let NodeKind::Mapping(..) = &node.kind {
            return self.long_grant(node, what);
        }
        let Some(text) = self.text(node, what) else {
            return Vec::new();
        };
        split::commas(&text.value)
            .into_iter()
            .filter_map(|part| self.short_grant(&text, part))
            .collect()
    }

    fn long_grant(&mut self, node: &Node, what: &str) -> Vec<Grant> {
        let place = first_line(self.sources, node.span);
        let Some(map) = self.map(node, place, what, keys::GRANT) else {
            return Vec::new();
        };
        let (when, after) = (
            self.optional_expression(&map, "when"),
            self.optional_expression(&map, "after"),
        );
        let who = self
            .required(&map, what, "by")
            .map(|by| self.names(by, "`by`"))
            .unwrap_or_default();
        who.into_iter()
            .filter_map(|who| self.who(&who))
            .map(|who| Grant {
                who,
                when: when.clone(),
                after: after.clone(),
            })
            .collect()
    }

    /// `owner when status == 'draft'`
    fn short_grant(&mut self, text: &Text, part: std::ops::Range<usize>) -> Option<Grant> {
        let part = split::trimmed(text, part);
        let (who, rest) = split::word(&part);
        if who.value.is_empty() {
            self.report(
                "AW020",
                text.span,
                "nothing stands between two commas of this rule",
                "Remove the comma.",
            );
            return None;
        }
        let who = self.who(&who)?;
        if rest.value.is_empty() {
            return Some(Grant {
                who,
                when: None,
                after: None,
            });
        }
        let (keyword, condition) = split::word(&rest);
        match keyword.value.as_str() {
            "when" if condition.value.is_empty() => {
                self.report(
                    "AW020",
                    keyword.span,
                    "no condition follows `when`",
                    "Write an expression after it, or remove the word.",
                );
                None
            }
            "when" => Some(Grant {
                who,
                when: Some(condition),
                after: None,
            }),
            "or" | "and" | "|" | "||" => {
                let help = "Separate alternatives by commas: `owner, staff`. A condition goes after `when`.";
                self.report(
                    "AW020",
                    keyword.span,
                    format!("a rule isn't joined by `{}`", keyword.value),
                    help,
                );
                None
            }
            other => {
                let message = format!(
                    "`when` is expected after `{}`, not `{}`",
                    who.value,
                    clip(other)
                );
                self.report(
                    "AW020",
                    keyword.span,
                    message,
                    "Write `WHO when CONDITION`, with commas between alternatives.",
                );
                None
            }
        }
    }

    fn who(&mut self, who: &Text) -> Option<Text> {
        if NameForm::Kebab.fits(&who.value) {
            return Some(who.clone());
        }
        let message = format!(
            "`{}` is nobody who can be granted something",
            clip(&who.value)
        );
        self.report(
            "AW020",
            who.span,
            message,
            "Name a role, or write anyone, signed-in, owner or nobody.",
        );
        None
    }
}
