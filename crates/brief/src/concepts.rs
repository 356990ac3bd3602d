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
}

#[derive(Clone, Debug)]
pub struct Entity {
    /// Lower-case words in singular: `order line`.
    pub name: String,
    /// Somebody rather than something.
    pub person: bool,
    pub attributes: Vec<Attribute>,
    pub source: Source,
}

#[derive(Clone, Debug)]
pub struct Attribute {
    pub name: String,
    /// The values that the text lists.
    pub values: Vec<String>,
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
    pub source: Source,
}

impl Relation {
    pub fn between(&self, a: usize, b: usize) -> bool {
        (self.from, self.to) == (a, b) || (self.from, self.to) == (b, a)
    }
}
