//! What a build does with each file, in words for people and programs.

use crate::Lines;

/// One file, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub path: String,
    pub action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    New,
    /// Replaced: nobody had edited it.
    Changed,
    /// As it should be.
    Same,
    /// Has the team's changes and ours now.
    Merged,
    /// The team's, and left so.
    Kept(Kept),
    Removed,
    /// Left as it is; a person has to look.
    Conflict(Conflict),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Ours, edited, and we have nothing new for it.
    Edited,
    /// The team's own from the beginning, or it declined ours.
    Own,
    /// Deleted, and declined.
    Without,
    /// The team's own, which nothing that is generated uses any more.
    Unused,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    pub why: Why,
    /// What was put aside for the person.
    pub beside: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The team and the design changed the same lines.
    Edited(Vec<Lines>),
    /// Edited, and nobody knows from what.
    NoBase,
    /// There before us.
    InTheWay,
    /// By the team; the project still has it.
    Deleted,
    /// Edited, and the project has no such file any more.
    Dropped,
    /// Something that is no file of text.
    NoText(String),
    /// A person works on what was put aside.
    Unfinished,
}

impl Action {
    /// A word that stays, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Same => "same",
            Self::Merged => "merged",
            Self::Kept(_) => "kept",
            Self::Removed => "removed",
            Self::Conflict(_) => "conflict",
        }
    }

    /// Something is left to do: the project is not what the design makes of it.
    pub fn differs(&self) -> bool {
        !matches!(self, Self::Same | Self::Kept(_))
    }
}

impl Kept {
    /// A word that stays, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Own => "own",
            Self::Without => "without",
            Self::Unused => "unused",
        }
    }

    pub fn reason(self) -> &'static str {
        match self {
            Self::Edited => "edited, and the design has nothing new for it",
            Self::Own => "the team's own",
            Self::Without => "deleted by the team",
            Self::Unused => "the team's own, and nothing that is generated uses it any more",
        }
    }
}

impl Why {
    /// A word that stays, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Edited(_) => "edited",
            Self::NoBase => "no-base",
            Self::InTheWay => "in-the-way",
            Self::Deleted => "deleted",
            Self::Dropped => "dropped",
            Self::NoText(_) => "no-text",
            Self::Unfinished => "unfinished",
        }
    }

    pub fn reason(&self) -> String {
        match self {
            Self::Edited(_) => "the team and the design changed the same lines".to_owned(),
            Self::NoBase => {
                "edited, and what it was edited from is not in the records any more".to_owned()
            }
            Self::InTheWay => "there already, and not written by archwright".to_owned(),
            Self::Deleted => "deleted, and the project still has it".to_owned(),
            Self::Dropped => "edited, and the project has no such file any more".to_owned(),
            Self::NoText(what) => format!("{what} is in the way"),
            Self::Unfinished => {
                "what was put aside for it is edited: move that over the file, or delete it"
                    .to_owned()
            }
        }
    }
}
