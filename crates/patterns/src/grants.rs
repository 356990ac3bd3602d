//! Grants as text: `owner when status == 'draft'`.

use crate::draft::Draft;
use crate::expand::replace_words;
use crate::node::Node;

/// The parts of a list, split at the commas that stand outside of brackets and quotes.
pub(crate) fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut quoted) = (0, false);
    for letter in text.chars() {
        match letter {
            '\'' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    let parts = parts.iter().map(|part| part.trim().to_owned());
    parts.filter(|part| !part.is_empty()).collect()
}

/// `who` and its condition.
pub(crate) fn condition(grant: &str) -> (&str, Option<&str>) {
    match grant.split_once(" when ") {
        Some((who, when)) => (who.trim(), Some(when.trim())),
        None => (grant.trim(), None),
    }
}

/// The grant under one more condition.
pub(crate) fn only_if(grant: &str, also: &str) -> String {
    match condition(grant) {
        (who, Some(when)) if when.contains("||") || when.contains('?') => {
            format!("{who} when {also} && ({when})")
        }
        (who, Some(when)) => format!("{who} when {also} && {when}"),
        (who, None) => format!("{who} when {also}"),
    }
}

/// A grant over `it`, from the view of a row that reaches `it` by a way. Where there are several ways, this one has
/// to be taken.
pub(crate) fn seen_through(grant: &str, way: &str, shared: bool) -> String {
    let moved = replace_words(grant, &|word| (word == "it").then(|| way.to_owned()));
    if shared {
        only_if(&moved, &format!("{way} != null"))
    } else {
        moved
    }
}

/// Drops the grants that stand twice or that another one covers.
pub(crate) fn simplify(draft: &mut Draft) {
    for entity in &mut draft.entities {
        for rule in &mut entity.allow {
            let Node::List(grants) = &mut rule.value else {
                continue;
            };
            let mut kept: Vec<Node> = Vec::new();
            for grant in grants.drain(..) {
                if !kept.contains(&grant) {
                    kept.push(grant);
                }
            }
            *grants = kept;
            let has = |who: &str| grants.iter().any(|grant| grant.text() == Some(who));
            let covering: &[&str] = match () {
                () if has("anyone") => &["anyone"],
                () if has("signed-in") => &["signed-in", "anyone"],
                () => &[],
            };
            if !covering.is_empty() {
                grants.retain(|grant| {
                    let Some(text) = grant.text() else {
                        return false;
                    };
                    covering[0] == text || covering[1..].contains(&condition(text).0)
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_within_brackets_and_quotes_split_nothing() {
        assert_eq!(
            split(
                "owner when status in ['a', 'b'], STAFF, anyone when tags.exists(t, t.name == ',')"
            ),
            [
                "owner when status in ['a', 'b']",
                "STAFF",
                "anyone when tags.exists(t, t.name == ',')"
            ]
        );
    }

    #[test]
    fn a_grant_is_seen_through_the_way_to_its_row() {
        assert_eq!(
            seen_through(
                "signed-in when it.author == caller || it.open",
                "it.task",
                true
            ),
            "signed-in when it.task != null && (it.task.author == caller || it.task.open)"
        );
        assert_eq!(seen_through("anyone", "it.task", false), "anyone");
    }
}
