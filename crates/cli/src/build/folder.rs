//! A project's folder as it stands. Nothing is read through a link below it: what a link leads to is not the project's.

use anyhow::{Context, Result, bail};
use archwright_project::{
    BASES, File, Found, Hash, MANIFEST, Manifest, OnDisk, State, Unreadable, paths,
};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

/// Larger files are nothing that we wrote.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// Reads what a build has to know; an unfinished build was seen to before.
pub fn read(folder: &Path, files: &[File]) -> Result<State> {
    if !folder.exists() {
        return Ok(State::default());
    }
    if !folder.is_dir() {
        bail!("{} is no folder", folder.display());
    }
    let manifest = manifest(folder)?;
    let mut found = BTreeMap::new();
    for path in paths(files, manifest.as_ref()) {
        let at = look(folder, &path)?;
        found.insert(path, at);
    }
    Ok(State {
        bases: bases(folder)?,
        manifest,
        found,
    })
}

fn manifest(folder: &Path) -> Result<Option<Manifest>> {
    let text = match look(folder, MANIFEST)? {
        Found::Nothing => return Ok(None),
        Found::Text(text) => text.text,
        Found::Other(what) => bail!("{what} stands where {MANIFEST} belongs"),
    };
    match Manifest::read(&text) {
        Ok(manifest) => Ok(Some(manifest)),
        Err(Unreadable::Newer) => bail!(
            "{} was written by a later version of archwright; build with that version",
            folder.join(MANIFEST).display()
        ),
        Err(Unreadable::Damaged(reason)) => bail!(
            "{} is damaged: {reason}; take it from an earlier commit (without it, a build takes up \
             again what is unedited, and asks about the rest)",
            folder.join(MANIFEST).display()
        ),
    }
}

fn bases(folder: &Path) -> Result<BTreeMap<String, Found>> {
    let mut bases = BTreeMap::new();
    if let Some(what) = obstacle(folder, &format!("{BASES}/any"))? {
        bail!("{what} stands where {BASES} belongs");
    }
    let place = folder.join(BASES);
    let entries = match std::fs::read_dir(&place) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(bases),
        entries => entries.with_context(|| format!("can't read {}", place.display()))?,
    };
    for entry in entries {
        let name = entry
            .with_context(|| format!("can't read {}", place.display()))?
            .file_name();
        let Some(name) = name.to_str().filter(|name| Hash::read(name).is_some()) else {
            continue;
        };
        bases.insert(name.to_owned(), look(folder, &format!("{BASES}/{name}"))?);
    }
    Ok(bases)
}

/// What stands at a path of the project.
pub fn look(folder: &Path, path: &str) -> Result<Found> {
    if let Some(what) = obstacle(folder, path)? {
        return Ok(Found::Other(what));
    }
    let place = folder.join(path);
    let metadata = match std::fs::symlink_metadata(&place) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        metadata => metadata.with_context(|| format!("can't look at {}", place.display()))?,
    };
    Ok(Found::Other(match metadata.file_type() {
        kind if kind.is_symlink() => "a link".to_owned(),
        kind if kind.is_dir() => "a folder".to_owned(),
        kind if !kind.is_file() => "what is no plain file".to_owned(),
        _ if metadata.len() > MOST_BYTES => "a very large file".to_owned(),
        _ => {
            let bytes =
                std::fs::read(&place).with_context(|| format!("can't read {}", place.display()))?;
            match OnDisk::read(bytes, executable(&metadata)) {
                Some(text) => return Ok(Found::Text(text)),
                None => "a file that is no text".to_owned(),
            }
        }
    }))
}

/// What makes a path lead elsewhere, or nowhere: a link or a file where a folder of it should be.
pub fn obstacle(folder: &Path, path: &str) -> std::io::Result<Option<String>> {
    for (end, _) in path.match_indices('/') {
        let above = &path[..end];
        match std::fs::symlink_metadata(folder.join(above)) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(metadata) if metadata.is_symlink() => {
                return Ok(Some(format!("the link `{above}`")));
            }
            Ok(_) => return Ok(Some(format!("the file `{above}`"))),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

#[cfg(unix)]
fn executable(metadata: &std::fs::Metadata) -> Option<bool> {
    use std::os::unix::fs::PermissionsExt;
    Some(metadata.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn executable(_: &std::fs::Metadata) -> Option<bool> {
    None
}
