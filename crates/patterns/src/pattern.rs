//! The library: patterns as they are written in `library/`, read once.

use crate::node::{self, Node};
use std::collections::BTreeMap;
use std::sync::OnceLock;

static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// A small, reviewed design with the questions that an architect would ask about it.
#[derive(Debug)]
pub struct Pattern {
    pub id: &'static str,
    pub title: String,
    pub about: String,
    pub(crate) triggers: Vec<Trigger>,
    /// Patterns in whose place it stands where a text speaks of both.
    pub(crate) covers: Vec<String>,
    /// Words that texts have for an entity: a fund for a campaign, a court for what is booked.
    pub(crate) called: Vec<(String, Vec<Trigger>)>,
    /// Patterns that this one can't do without.
    pub(crate) requires: Vec<String>,
    pub(crate) anchors: Vec<Anchor>,
    pub(crate) offers: Vec<Offer>,
    pub(crate) design: Fragment,
    /// What is added when another pattern is there too (`coupon`) or an anchor means an entity (`PAYABLE is Order`), or
    /// both (`PAYABLE is Order and coupon`).
    pub(crate) joins: Vec<(String, Change)>,
    pub questions: Vec<Question>,
}

/// A word or phrase that speaks for a pattern; with weight 0 a longer one that does not, `follow up` say.
#[derive(Debug)]
pub(crate) struct Trigger {
    pub words: Vec<String>,
    pub weight: u32,
}

/// A name in a pattern that stands for entities of other patterns.
#[derive(Debug)]
pub(crate) struct Anchor {
    pub name: String,
    /// What an entity has to offer to be meant.
    pub quality: String,
    /// The pattern that comes along when nothing fits; without one, what speaks of the anchor is left out.
    pub fallback: Option<String>,
    /// One entity rather than every one that fits.
    pub one: bool,
}

/// What an entity may be to other patterns.
#[derive(Debug)]
pub(crate) struct Offer {
    pub entity: String,
    pub qualities: Vec<String>,
    /// Grants that say who may read a row, called `it`, or an anchor whose audience it shares.
    pub audience: String,
    /// The entity in whose place it stands.
    pub instead_of: Option<String>,
}

/// A part of a design, with anchors in it.
#[derive(Debug, Default)]
pub(crate) struct Fragment {
    pub roles: Vec<(String, Node)>,
    pub entities: Vec<(String, Node)>,
}

/// What a join or an answer does to a design.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub add: Fragment,
    /// `Comment`, `Comment.parent`, `Comment.moves.hide`, `Comment.allow.update`, `Comment.checks.short`.
    pub remove: Vec<String>,
    /// Patterns that come along.
    pub with: Vec<String>,
    /// Audiences that take the place of those of the same entities.
    pub offers: Vec<Offer>,
}

/// A question that an architect would ask.
#[derive(Debug)]
pub struct Question {
    pub id: String,
    pub ask: String,
    pub why: String,
    /// The first is recommended, and is what the pattern's design says.
    pub choices: Vec<Choice>,
}

#[derive(Debug)]
pub struct Choice {
    pub id: String,
    pub gives: String,
    /// Words and phrases of a text that settle the question for this choice.
    pub(crate) said: Vec<Trigger>,
    pub(crate) change: Change,
}

/// All patterns, by id.
pub fn library() -> &'static [Pattern] {
    static LIBRARY: OnceLock<Vec<Pattern>> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let read = |&(id, yaml)| match read(id, yaml) {
            Ok(pattern) => pattern,
            Err(problem) => panic!("the pattern `{id}` is broken: {problem}"),
        };
        FILES.iter().map(read).collect()
    })
}

/// The pattern with an id.
pub fn pattern(id: &str) -> Option<&'static Pattern> {
    library().iter().find(|pattern| pattern.id == id)
}

fn read(id: &'static str, yaml: &str) -> Result<Pattern, String> {
    let node = node::read(yaml)?;
    known(
        &node,
        &[
            "title",
            "about",
            "triggers",
            "covers",
            "called",
            "requires",
            "anchors",
            "offers",
            "roles",
            "entities",
            "joins",
            "questions",
        ],
    )?;
    Ok(Pattern {
        id,
        title: text(&node, "title")?,
        about: text(&node, "about")?,
        triggers: triggers(&node)?,
        covers: texts(node.get("covers")),
        called: entries(&node, "called")
            .iter()
            .map(|(entity, words)| (entity.clone(), phrases(Some(words))))
            .collect(),
        requires: texts(node.get("requires")),
        anchors: each(&node, "anchors", anchor)?,
        offers: each(&node, "offers", offer)?,
        design: fragment(&node),
        joins: each(&node, "joins", |with, node| {
            Ok((with.to_owned(), change(node)?))
        })?,
        questions: each(&node, "questions", question)?,
    })
}

fn triggers(node: &Node) -> Result<Vec<Trigger>, String> {
    let mut triggers = BTreeMap::new();
    for (weight, phrases) in entries(node, "triggers") {
        let weight = weight.parse().map_err(|_| format!("no weight: {weight}"))?;
        for phrase in texts(Some(phrases)) {
            if triggers
                .insert(phrase.clone(), trigger(&phrase, weight))
                .is_some()
            {
                return Err(format!("the trigger `{phrase}` stands twice"));
            }
        }
    }
    Ok(triggers.into_values().collect())
}

fn phrases(node: Option<&Node>) -> Vec<Trigger> {
    let phrases = texts(node);
    phrases.iter().map(|phrase| trigger(phrase, 1)).collect()
}

fn trigger(phrase: &str, weight: u32) -> Trigger {
    let words = phrase.split(' ').map(crate::stem::stem).collect();
    Trigger { words, weight }
}

fn anchor(name: &str, node: &Node) -> Result<Anchor, String> {
    known(node, &["quality", "fallback", "one"])?;
    Ok(Anchor {
        name: name.to_owned(),
        quality: text(node, "quality")?,
        fallback: node.text_at("fallback").map(str::to_owned),
        one: node.text_at("one") == Some("true"),
    })
}

fn offer(entity: &str, node: &Node) -> Result<Offer, String> {
    known(node, &["qualities", "audience", "instead-of"])?;
    Ok(Offer {
        entity: entity.to_owned(),
        qualities: texts(node.get("qualities")),
        audience: text(node, "audience")?,
        instead_of: node.text_at("instead-of").map(str::to_owned),
    })
}

fn question(id: &str, node: &Node) -> Result<Question, String> {
    known(node, &["ask", "why", "options"])?;
    let choices = each(node, "options", |id, node| {
        known(node, &["gives", "said", "add", "remove", "with", "offers"])?;
        Ok(Choice {
            id: id.to_owned(),
            gives: text(node, "gives")?,
            said: phrases(node.get("said")),
            change: change(node)?,
        })
    })?;
    if choices.len() < 2 {
        return Err(format!("the question `{id}` leaves no choice"));
    }
    Ok(Question {
        id: id.to_owned(),
        ask: text(node, "ask")?,
        why: text(node, "why")?,
        choices,
    })
}

fn change(node: &Node) -> Result<Change, String> {
    known(node, &["gives", "said", "add", "remove", "with", "offers"])?;
    if let Some(add) = node.get("add") {
        known(add, &["roles", "entities"])?;
    }
    Ok(Change {
        add: node.get("add").map(fragment).unwrap_or_default(),
        remove: texts(node.get("remove")),
        with: texts(node.get("with")),
        offers: each(node, "offers", offer)?,
    })
}

fn fragment(node: &Node) -> Fragment {
    Fragment {
        roles: entries(node, "roles").to_vec(),
        entities: entries(node, "entities").to_vec(),
    }
}

fn entries<'a>(node: &'a Node, key: &str) -> &'a [(String, Node)] {
    node.get(key).map_or(&[], Node::entries)
}

fn each<T>(
    node: &Node,
    key: &str,
    read: impl Fn(&str, &Node) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let entries = entries(node, key).iter();
    entries.map(|(name, value)| read(name, value)).collect()
}

fn text(node: &Node, key: &str) -> Result<String, String> {
    let text = node.text_at(key).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or(format!("`{key}` is missing"))
}

fn texts(node: Option<&Node>) -> Vec<String> {
    let items = node.map_or(&[][..], Node::items);
    items
        .iter()
        .filter_map(Node::text)
        .map(str::to_owned)
        .collect()
}

fn known(node: &Node, keys: &[&str]) -> Result<(), String> {
    match node
        .entries()
        .iter()
        .find(|(key, _)| !keys.contains(&key.as_str()))
    {
        Some((key, _)) => Err(format!("the key `{key}` is unknown")),
        None => Ok(()),
    }
}
