//! Where a project keeps what the next build has to know: a folder of its own, which is committed with the project.

/// Not `.archwright`: that is where `archwright serve` keeps databases and secrets, which nobody should commit.
pub const FOLDER: &str = ".archwright-build";
pub const MANIFEST: &str = ".archwright-build/manifest.json";
/// What we wrote last into each file, under the hash of the text. Plain text, not compressed: a file that nobody edited
/// is the same object in git as its base, so that the repository does not grow by it.
pub const BASES: &str = ".archwright-build/base";
/// A text for each conflict, until somebody deletes it.
pub const CONFLICTS: &str = ".archwright-build/conflicts";
/// What a build that is at work has staged; there after a crash, and gone after the next build.
pub const STAGED: &str = ".archwright-build/staged";
/// Locked by the build that is at work.
pub const LOCK: &str = ".archwright-build/lock";

/// Files of the folder that never change, written where they are missing.
pub(crate) const FIXED: &[(&str, &str)] = &[
    (
        ".archwright-build/.gitattributes",
        "# Bases are bytes: no other line ends, no noise in reviews.\n\
         base/* -text -diff linguist-generated\n",
    ),
    (".archwright-build/.gitignore", "/lock\n/staged/\n"),
    (
        ".archwright-build/README.md",
        "What `archwright build` has to know the next time: which files are its own, and what it wrote into them last. \
         Commit this folder with the project.\n\
         \n\
         `conflicts/` has a text for each file that a build could not bring up to date by itself. Take over what you \
         need, or move the text over the project's file; delete it, and build again.\n",
    ),
];

/// The text that is put aside for a file in conflict. The suffix keeps linters and test runners away from it.
pub fn beside(path: &str) -> String {
    format!("{CONFLICTS}/{path}.conflict")
}
