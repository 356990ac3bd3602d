//! A design as a tree of texts: what patterns are made of before anything resolves them.

use saphyr_parser::{Event, Parser};

/// A value of a design, in the language's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Reads one YAML document of plain nodes; aliases and tags are not read.
    pub fn read(yaml: &str) -> Result<Self, String> {
        read(yaml)
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a mapping; nothing for other nodes.
    pub fn entries(&self) -> &[(String, Node)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; nothing for other nodes.
    pub fn items(&self) -> &[Node] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        let found = self.entries().iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value)
    }

    pub fn text_at(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::text)
    }

    /// The same tree with each key and text changed.
    pub fn map_text(&self, change: &impl Fn(&str) -> String) -> Node {
        match self {
            Self::Text(text) => Self::Text(change(text)),
            Self::List(items) => {
                Self::List(items.iter().map(|item| item.map_text(change)).collect())
            }
            Self::Map(entries) => Self::Map(
                entries
                    .iter()
                    .map(|(key, value)| (change(key), value.map_text(change)))
                    .collect(),
            ),
        }
    }

    /// True if one of the texts or keys passes the test.
    pub fn any_text(&self, test: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Text(text) => test(text),
            Self::List(items) => items.iter().any(|item| item.any_text(test)),
            Self::Map(entries) => entries
                .iter()
                .any(|(key, value)| test(key) || value.any_text(test)),
        }
    }
}

/// Reads one YAML document of plain nodes; aliases and tags are not read.
pub(crate) fn read(yaml: &str) -> Result<Node, String> {
    let mut events = Vec::new();
    for event in Parser::new_from_str(yaml) {
        events.push(event.map_err(|error| error.to_string())?.0);
    }
    let mut events = events.into_iter();
    events
        .find(|event| matches!(event, Event::DocumentStart(_)))
        .ok_or("no document")?;
    let first = events.next().ok_or("an empty document")?;
    node(first, &mut events)
}

fn node<'a>(
    first: Event<'a>,
    events: &mut impl Iterator<Item = Event<'a>>,
) -> Result<Node, String> {
    match first {
        Event::Scalar(text, ..) => Ok(Node::Text(text.into_owned())),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match events.next().ok_or("a list without end")? {
                    Event::SequenceEnd => return Ok(Node::List(items)),
                    event => items.push(node(event, events)?),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries = Vec::new();
            loop {
                let key = match events.next().ok_or("a mapping without end")? {
                    Event::MappingEnd => return Ok(Node::Map(entries)),
                    Event::Scalar(key, ..) => key.into_owned(),
                    other => return Err(format!("a key that is no text: {other:?}")),
                };
                let value = node(events.next().ok_or("a key without value")?, events)?;
                if value.text() == Some("") {
                    return Err(format!("`{key}` has no value; is a comma to be quoted?"));
                }
                if entries.iter().any(|(known, _)| *known == key) {
                    return Err(format!("`{key}` stands twice"));
                }
                entries.push((key, value));
            }
        }
        other => Err(format!("not a plain node: {other:?}")),
    }
}
