//! The folder of a database's files. Whoever copies a database copies its identity and the records of its files too, so
//! that several databases know the same files. Each keeps its own in a folder that says whose it is, reads those of the
//! others, and deletes none of theirs.

use super::make_folder;
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// In a folder: where the database lives that it belongs to.
const NOTE: &str = "database";

pub(crate) struct Folder {
    own: PathBuf,
    /// Where folders of copies are, and how their names begin.
    beside: Option<(PathBuf, String)>,
}

impl Folder {
    /// Of a database that has no copies.
    pub(crate) fn alone(own: PathBuf) -> Self {
        Self { own, beside: None }
    }

    /// Below `all`: that of the identity, or, where it belongs to a database that lives in another place, one of this
    /// database's own.
    pub(crate) fn of(all: PathBuf, identity: &str, place: &str) -> io::Result<Self> {
        let mut own = all.join(identity);
        let owner = owner(&own, place)?;
        if owner != place {
            let mark = Sha256::digest(place.as_bytes());
            let mark: String = mark[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            own = all.join(format!("{identity}-{mark}"));
            self::owner(&own, place)?;
            tracing::warn!(
                original = owner,
                place,
                folder = %own.display(),
                "the database is a copy: files of the original are shown and never deleted, its own are kept apart"
            );
        }
        Ok(Self {
            own,
            beside: Some((all, identity.to_owned())),
        })
    }

    pub(super) fn own(&self) -> &Path {
        &self.own
    }

    /// Where the bytes are that belong at this place in a folder.
    pub(super) fn find(&self, place: &Path) -> PathBuf {
        let own = self.own.join(place);
        let is_there = |path: &PathBuf| path.symlink_metadata().is_ok();
        if is_there(&own) {
            return own;
        }
        let mut others = self.others().map(|folder| folder.join(place));
        others.find(is_there).unwrap_or(own)
    }

    fn others(&self) -> impl Iterator<Item = PathBuf> {
        let beside = self.beside.iter().filter_map(|(all, identity)| {
            let entries = std::fs::read_dir(all).ok()?;
            let paths = entries.flatten().map(|entry| entry.path());
            Some(paths.filter(move |path| {
                let name = path.file_name().and_then(|name| name.to_str());
                name.is_some_and(|name| name.starts_with(identity.as_str()))
            }))
        });
        beside.flatten()
    }
}

/// Where the database lives that a folder belongs to; one that belongs to nobody is this database's from now on.
fn owner(folder: &Path, place: &str) -> io::Result<String> {
    make_folder(folder)?;
    let note = folder.join(NOTE);
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(place.as_bytes())?;
    new.as_file().sync_all()?;
    match new.persist_noclobber(&note) {
        Ok(_) => Ok(place.to_owned()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(std::fs::read_to_string(&note)?.trim().to_owned())
        }
        Err(error) => Err(error.error),
    }
}
