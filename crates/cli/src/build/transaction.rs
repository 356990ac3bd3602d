//! All changes of a build, or none: texts are staged beside the project, then renamed into their places. A journal says
//! how to take it back, whether the build fails or the machine does; until the journal is gone, nothing has happened.

mod journal;
#[cfg(all(test, unix))]
mod tests;

use super::folder::{look, obstacle};
use anyhow::{Context, Result, bail};
use archwright_project::{Change, Content, FOLDER, Found, Hash, LOCK, STAGED};
use journal::{JOURNAL, Journal, Step};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A build is at work, or was interrupted.
pub fn is_unfinished(root: &Path) -> bool {
    root.join(JOURNAL).exists()
}

/// The right to change a folder, which one build has at a time.
pub struct Session<'a> {
    root: &'a Path,
    /// Locked as long as it is open.
    _lock: fs::File,
    /// A build was interrupted before, and has been undone.
    pub recovered: bool,
    /// The folder was not there before.
    is_new: bool,
}

impl<'a> Session<'a> {
    /// Makes the folder where it is missing, and takes back what an interrupted build has left.
    pub fn begin(root: &'a Path) -> Result<Self> {
        let is_new = !root.exists();
        let records = root.join(FOLDER);
        fs::create_dir_all(&records)
            .with_context(|| format!("can't make {}", records.display()))?;
        let lock = lock(root)?;
        let recovered = recover(&mut Disk {
            root,
            before: &mut || Ok(()),
        })?;
        Ok(Self {
            root,
            _lock: lock,
            recovered,
            is_new,
        })
    }

    /// Makes all changes; where one fails, none is made. `tell` hears how many parts in a hundred are done.
    pub fn apply(&self, changes: &[Change], tell: &dyn Fn(usize)) -> Result<()> {
        // Most of it is a file to stage and one to move for each change.
        let (all, mut done, mut told) = (2 * changes.len().max(1), 0, 0);
        let mut count = || {
            done += 1;
            let percent = (done * 100 / all).min(99);
            if percent > told {
                told = percent;
                tell(percent);
            }
            Ok(())
        };
        self.apply_with(changes, &mut count)
    }

    fn apply_with(
        &self,
        changes: &[Change],
        before: &mut dyn FnMut() -> io::Result<()>,
    ) -> Result<()> {
        let Err(error) = apply(
            &mut Disk {
                root: self.root,
                before,
            },
            changes,
        ) else {
            return Ok(());
        };
        let undone = recover(&mut Disk {
            root: self.root,
            before: &mut || Ok(()),
        });
        Err(match undone {
            Ok(_) => error.context("nothing was written"),
            Err(again) => error.context(format!(
                "what was begun could not be taken back ({again:#}); the next build tries again"
            )),
        })
    }
}

/// A folder that was made for nothing goes again.
impl Drop for Session<'_> {
    fn drop(&mut self) {
        let records = self.root.join(FOLDER);
        if fs::read_dir(&records).is_ok_and(|entries| entries.count() == 1) {
            let _ = fs::remove_file(self.root.join(LOCK));
            let _ = fs::remove_dir(records);
        }
        if self.is_new {
            let _ = fs::remove_dir(self.root);
        }
    }
}

/// Held until the file is closed, by whatever end.
fn lock(root: &Path) -> Result<fs::File> {
    let place = root.join(LOCK);
    let is_plain = fs::symlink_metadata(&place).map_or(true, |there| there.is_file());
    if obstacle(root, LOCK)?.is_some() || !is_plain {
        bail!(
            "{} has to be a folder of its own, with no link in it",
            root.join(FOLDER).display()
        );
    }
    let lock = fs::File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(&place);
    let lock = lock.with_context(|| format!("can't write {}", place.display()))?;
    match lock.try_lock() {
        Err(fs::TryLockError::WouldBlock) => {
            bail!("another build is at work in {}", root.display())
        }
        // A file system without locks.
        Err(fs::TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
        result => result.with_context(|| format!("can't lock {}", place.display()))?,
    }
    Ok(lock)
}

/// All that is done to the disk; `before` is asked each time, so that a test can let it fail.
struct Disk<'a> {
    root: &'a Path,
    before: &'a mut dyn FnMut() -> io::Result<()>,
}

impl Disk<'_> {
    fn staged(&self, kind: &str, index: usize) -> PathBuf {
        self.root.join(STAGED).join(kind).join(index.to_string())
    }

    fn make_folder(&mut self, place: &Path) -> Result<()> {
        let made = (self.before)().and_then(|()| fs::create_dir_all(place));
        made.with_context(|| format!("can't make {}", place.display()))
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        let renamed = (self.before)().and_then(|()| fs::rename(from, to));
        renamed.with_context(|| format!("can't move {} to {}", from.display(), to.display()))
    }

    fn remove(&mut self, place: &Path) -> Result<()> {
        let removed = (self.before)().and_then(|()| fs::remove_file(place));
        removed.with_context(|| format!("can't remove {}", place.display()))
    }

    /// `like` has the permissions that stay, but for the right to execute it.
    fn write(&mut self, place: &Path, content: &Content, like: Option<&Path>) -> Result<()> {
        let written = (self.before)().and_then(|()| write(place, content, like));
        written.with_context(|| format!("can't write {}", place.display()))
    }

    /// Empty folders that were made, the deepest first. What somebody put into one stays.
    fn remove_empty(&mut self, folders: &[String]) -> Result<()> {
        for folder in folders.iter().rev() {
            (self.before)()?;
            let _ = fs::remove_dir(self.root.join(folder));
        }
        Ok(())
    }

    fn clear_staged(&mut self) -> Result<()> {
        (self.before)()?;
        let place = self.root.join(STAGED);
        match fs::remove_dir_all(&place) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("can't remove {}", place.display()))
            }
            _ => Ok(()),
        }
    }
}

/// What a person wrote into it is worth waiting for the disk; the rest can be generated again.
fn write(place: &Path, content: &Content, like: Option<&Path>) -> io::Result<()> {
    let mut file = fs::File::create_new(place)?;
    file.write_all(content.text.as_bytes())?;
    let fresh = file.metadata()?.permissions();
    let like = match like {
        Some(like) => fs::metadata(like)?.permissions(),
        None => fresh.clone(),
    };
    let wanted = with_mode(like, content.executable);
    if wanted != fresh {
        fs::set_permissions(place, wanted)?;
    }
    if content.precious {
        file.sync_all()?;
    }
    Ok(())
}

/// Executable for whoever may read it.
#[cfg(unix)]
fn with_mode(mut permissions: fs::Permissions, executable: bool) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    let mode = permissions.mode();
    permissions.set_mode(match executable {
        true => mode | (mode & 0o444) >> 2,
        false => mode & !0o111,
    });
    permissions
}

#[cfg(not(unix))]
fn with_mode(permissions: fs::Permissions, _: bool) -> fs::Permissions {
    permissions
}

fn apply(disk: &mut Disk, changes: &[Change]) -> Result<()> {
    let root = disk.root;
    let journal = Journal::of(root, changes)?;
    for kind in ["new", "old"] {
        disk.make_folder(&root.join(STAGED).join(kind))?;
    }
    for (index, change) in changes.iter().enumerate() {
        if let Some(content) = &change.after {
            let like = change.before.as_ref().map(|_| root.join(&change.path));
            disk.write(&disk.staged("new", index), content, like.as_deref())?;
        }
    }
    journal.begin(disk)?;
    for folder in &journal.made {
        disk.make_folder(&root.join(folder))?;
    }
    for (index, change) in changes.iter().enumerate() {
        put(disk, index, change)?;
    }
    // From here on it has happened.
    disk.remove(&root.join(JOURNAL))?;
    let _ = disk.clear_staged();
    prune(root, changes);
    Ok(())
}

/// Takes away what is there, looks whether that is what the decision was about, and puts the new text in its place.
fn put(disk: &mut Disk, index: usize, change: &Change) -> Result<()> {
    let place = disk.root.join(&change.path);
    match &change.before {
        Some(before) => {
            let old = disk.staged("old", index);
            disk.rename(&place, &old)?;
            if Hash::of(fs::read(&old)?) != *before {
                bail!(
                    "{} was changed while the build was at work; build again",
                    change.path
                );
            }
        }
        None if fs::symlink_metadata(&place).is_ok() => {
            bail!(
                "{} was made while the build was at work; build again",
                change.path
            );
        }
        None => {}
    }
    match change.after {
        Some(_) => disk.rename(&disk.staged("new", index), &place),
        None => Ok(()),
    }
}

/// Folders that held nothing but what was removed.
fn prune(root: &Path, changes: &[Change]) {
    for change in changes.iter().filter(|change| change.after.is_none()) {
        let above = Path::new(&change.path).ancestors().skip(1);
        for folder in above.filter(|folder| !folder.as_os_str().is_empty()) {
            if fs::remove_dir(root.join(folder)).is_err() {
                break;
            }
        }
    }
}

/// Takes back a build that has not come to its end, and tells whether there was one. May be interrupted itself.
fn recover(disk: &mut Disk) -> Result<bool> {
    let root = disk.root;
    if let Some(what) = obstacle(root, JOURNAL)? {
        bail!("{what} stands where {STAGED} belongs");
    }
    let journal = Journal::read(root)?;
    if let Some(journal) = &journal {
        for (index, step) in journal.steps.iter().enumerate().rev() {
            undo(disk, index, step)?;
        }
        disk.remove_empty(&journal.made)?;
        disk.remove(&root.join(JOURNAL))?;
    }
    disk.clear_staged()?;
    Ok(journal.is_some())
}

/// What somebody has written there since stays: it has the old text in it as far as a person had written that, because
/// only files that nobody had edited are replaced, and edited ones are merged.
fn undo(disk: &mut Disk, index: usize, step: &Step) -> Result<()> {
    let place = disk.root.join(&step.path);
    let (old, new) = (disk.staged("old", index), disk.staged("new", index));
    let there = look(disk.root, &step.path)?;
    let is_ours =
        matches!((&there, &step.after), (Found::Text(there), Some(after)) if there.bytes == *after);
    match old.exists() {
        true if there == Found::Nothing || is_ours => {
            if let Some(folder) = place.parent() {
                fs::create_dir_all(folder)
                    .with_context(|| format!("can't make {}", folder.display()))?;
            }
            disk.rename(&old, &place)
        }
        false if !step.had && is_ours && !new.exists() => disk.remove(&place),
        _ => Ok(()),
    }
}
