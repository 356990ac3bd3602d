//! The concept model: what a brief says, each part with where it comes from.

/// Where a part of the model comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A sentence says it.
    Stated { sentence: usize },
    /// It follows from a sentence by a rule.
    Implied { sentence: usize, rule: &'static str },
}

impl Source {
    pub fn sentence(&self) -> usize {
        match self {
            Self::Stated { sentence } | Self::Implied { sentence, .. } => *sentence,
        }
    }
}

/// A sentence of the brief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Without markup.
    pub text: String,
    /// The line at which its paragraph begins, from 1.
    pub line: usize,
}

#[derive(Clone, Debug)]
pub struct Concepts {
    pub sentences: Vec<Sentence>,
    pub entities: Vec<Entity>,
    pub relations: Vec<Relation>,
    pub acts: Vec<Act>,
    pub contradictions: Vec<Contradiction>,
    /// Sentences that nothing was taken from.
    pub unread: Vec<usize>,
    /// Mostly user stories.
    pub story: bool,
    /// The text was too long to be read wholly.
    pub cut: bool,
}

/// Somebody does something to rows.
#[derive(Clone, Debug)]
pub struct Act {
    /// Words in singular: `lab manager`.
    pub actor: String,
    pub verb: String,
    pub entity: usize,
    /// Only they may.
    pub only: bool,
    pub negated: bool,
    /// Their own rows.
    pub own: bool,
    pub sentence: usize,
}

/// Two sentences that can't both hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    pub about: String,
    pub first: usize,
    pub second: usize,
}

/// The states of an entity's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct States {
    /// Steps one after the other, each with its alternatives; one value a step where the text gives no order.
    pub steps: Vec<Vec<String>>,
    pub ordered: bool,
    pub sentence: usize,
}

/// How many rows to expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    pub count: u64,
    /// `day`, `year`; absent for a stock of rows.
    pub per: Option<String>,
    pub sentence: usize,
}

#[derive(Clone, Debug)]
pub struct Entity {
    /// Lower-case words in singular: `order line`.
    pub name: String,
    /// Somebody rather than something.
    pub person: bool,
    pub attributes: Vec<Attribute>,
    pub states: Option<States>,
    pub amounts: Vec<Amount>,
    /// Speaks in user stories.
    pub actor: bool,
    /// Does something, in whatever sentence.
    pub acts: bool,
    pub source: Source,
}

#[derive(Clone, Debug)]
pub struct Attribute {
    pub name: String,
    /// The values that the text lists.
    pub values: Vec<String>,
    pub unique: bool,
    pub optional: bool,
    /// `whether …`
    pub boolean: bool,
    /// `from 1 to 10`
    pub range: Option<(i64, i64)>,
    pub source: Source,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationKind {
    /// `from` has or does something with `to`.
    Tie,
    /// `from` consists of `to`.
    Part,
    /// `from` is a kind of `to`.
    Kind,
}

#[derive(Clone, Debug)]
pub struct Relation {
    /// Positions among the entities.
    pub from: usize,
    pub to: usize,
    pub kind: RelationKind,
    pub verb: String,
    /// The text says that one of `from` may have many of `to`.
    pub many: bool,
    /// The text says that one of `to` may have many of `from`.
    pub back: bool,
    /// All that the text says is that it may be.
    pub may: bool,
    pub source: Source,
}

impl Relation {
    pub fn between(&self, a: usize, b: usize) -> bool {
        (self.from, self.to) == (a, b) || (self.from, self.to) == (b, a)
    }
}
