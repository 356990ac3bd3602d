//! The files of a project: those that are wanted, and those that are to be written; their paths stay inside.

use crate::records::FOLDER;
use crate::{Hash, OnDisk};
use std::collections::BTreeMap;

/// Whose a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Generated,
    /// The team's own: written only where it is missing.
    Once,
}

/// A file that the project should have. Lines end in `\n`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Relative, with `/` between its parts.
    pub path: String,
    pub text: String,
    pub kind: Kind,
    pub executable: bool,
}

/// One file to be written or removed. All changes of a build happen, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub path: String,
    /// What was read there when this was decided, by the hash of its bytes; none: nothing.
    pub before: Option<Hash>,
    /// None: the file is removed.
    pub after: Option<Content>,
}

/// The bytes of a file that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub text: String,
    pub executable: bool,
    /// Some of it was written by a person, so that it is worth waiting for the disk.
    pub precious: bool,
}

impl Change {
    pub(crate) fn write(path: &str, before: Option<&OnDisk>, text: String) -> Self {
        let content = Content {
            text,
            executable: false,
            precious: false,
        };
        Self {
            path: path.to_owned(),
            before: before.map(|before| before.bytes.clone()),
            after: Some(content),
        }
    }

    pub(crate) fn remove(path: &str, before: &OnDisk) -> Self {
        Self {
            path: path.to_owned(),
            before: Some(before.bytes.clone()),
            after: None,
        }
    }
}

/// A path that no project may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub path: String,
    pub reason: &'static str,
}

/// The paths of a project are its own, apart from each other also where case is not told apart, and outside our records.
pub(crate) fn check_files(files: &[File]) -> Result<(), Refused> {
    let refused = |path: &str, reason| {
        Err(Refused {
            path: path.to_owned(),
            reason,
        })
    };
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for file in files {
        check_path(&file.path)?;
        if file.path.to_lowercase().split('/').next() == Some(FOLDER) {
            return refused(&file.path, "the records stand there");
        }
        if seen.insert(file.path.to_lowercase(), &file.path).is_some() {
            return refused(&file.path, "another file has this path");
        }
    }
    for (lower, path) in &seen {
        let above = lower.match_indices('/').map(|(at, _)| &lower[..at]);
        if above.into_iter().any(|above| seen.contains_key(above)) {
            return refused(path, "a folder of it is a file too");
        }
    }
    Ok(())
}

/// Relative, below the folder, and the same file on every system.
pub fn check_path(path: &str) -> Result<(), Refused> {
    let fine = |part: &str| !matches!(part, "" | "." | "..") && !part.ends_with(['.', ' ']);
    let reason = if path.chars().any(|each| {
        each.is_control() || matches!(each, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
    }) {
        "it has a character that not every system takes"
    } else if path.starts_with('/') {
        "it is not relative"
    } else if !path.split('/').all(fine) {
        "a part of it is empty, leads elsewhere, or ends in a way that not every system takes"
    } else if path
        .split('/')
        .any(|part| part.eq_ignore_ascii_case(".git"))
    {
        "git keeps its own there"
    } else {
        return Ok(());
    };
    Err(Refused {
        path: path.to_owned(),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(paths: &[&str], refused: Option<&str>) {
        let files: Vec<File> = paths.iter().map(|path| file(path)).collect();
        let found = check_files(&files).err().map(|refused| refused.path);
        assert_eq!(found.as_deref(), refused, "{paths:?}");
    }

    fn file(path: &str) -> File {
        File {
            path: path.to_owned(),
            text: String::new(),
            kind: Kind::Generated,
            executable: false,
        }
    }

    #[test]
    fn a_path_stays_below_the_folder() {
        check(&["app/main.py", ".github/workflows/ci.yml", "a..b"], None);
        for path in ["/etc/passwd", "../x", "a/../../x", "./x", "a//b", "a/", ""] {
            check(&[path], Some(path));
        }
        for path in ["C:x", "a\\..\\b", "a\0b", "a\nb", "x:stream", "..."] {
            check(&[path], Some(path));
        }
    }

    #[test]
    fn the_records_and_git_are_out_of_reach() {
        for path in [".archwright-build/manifest.json", ".Archwright-Build/x"] {
            check(&[path], Some(path));
        }
        check(&[".git/config"], Some(".git/config"));
        check(
            &["a/.GIT/hooks/pre-commit"],
            Some("a/.GIT/hooks/pre-commit"),
        );
    }

    #[test]
    fn two_files_never_share_a_place() {
        check(&["a/B.py", "a/b.py"], Some("a/b.py"));
        check(&["a", "a/b"], Some("a/b"));
        check(&["a.b", "a/b", "a.c"], None);
    }
}
