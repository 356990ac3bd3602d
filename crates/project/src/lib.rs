//! The files of a generated project, and whose they are.

/// Who writes a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Written anew with each change of the design.
    Generated,
    /// The team's own: written only where it is missing.
    Once,
}

/// A file of a project, in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Relative, with `/` between its parts.
    pub path: String,
    pub text: String,
    pub kind: Kind,
    pub executable: bool,
}
