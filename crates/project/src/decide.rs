//! What becomes of each file: a table of what is wanted, what is known, and what stands on the disk.

mod keep;
mod one;

use crate::file::check_files;
use crate::records::{FIXED, MANIFEST, beside};
use crate::{Action, Change, Design, Entry, File, Found, Manifest, Outcome, Refused, State};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What a manifest says of where a project comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    pub archwright: String,
    pub stack: String,
    pub design: Design,
}

/// All that a build will do; nothing of it is done yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// In the order of their paths.
    pub outcomes: Vec<Outcome>,
    /// All of them, or none.
    pub changes: Vec<Change>,
}

impl Decided {
    /// The project is what the design makes of it, but for what the team made of it: a build would write nothing.
    pub fn matches(&self) -> bool {
        self.changes.is_empty() && !self.outcomes.iter().any(|outcome| outcome.action.differs())
    }

    pub fn has_conflicts(&self) -> bool {
        let conflict = |outcome: &Outcome| matches!(outcome.action, Action::Conflict(_));
        self.outcomes.iter().any(conflict)
    }

    /// Files with an action of this name.
    pub fn count(&self, name: &str) -> usize {
        let named = |outcome: &&Outcome| outcome.action.name() == name;
        self.outcomes.iter().filter(named).count()
    }
}

/// Every path that a decision asks about; the bases are all in one folder.
pub fn paths(files: &[File], manifest: Option<&Manifest>) -> BTreeSet<String> {
    let recorded = manifest
        .into_iter()
        .flat_map(|manifest| manifest.files.keys());
    let ours: BTreeSet<&String> = files
        .iter()
        .map(|file| &file.path)
        .chain(recorded)
        .collect();
    let aside = ours.iter().map(|path| beside(path));
    let fixed = FIXED.iter().map(|(path, _)| (*path).to_owned());
    let mut all: BTreeSet<String> = aside.chain(fixed).collect();
    all.extend(ours.into_iter().cloned());
    all.insert(MANIFEST.to_owned());
    all
}

/// Fails where a wanted file has a path that it can't have.
pub fn decide(files: &[File], provenance: &Provenance, state: &State) -> Result<Decided, Refused> {
    check_files(files)?;
    let files = &unix(files)[..];
    let none = BTreeMap::new();
    let known = state
        .manifest
        .as_ref()
        .map_or(&none, |manifest| &manifest.files);
    let wanted: BTreeMap<&String, &File> = files.iter().map(|file| (&file.path, file)).collect();
    let all: BTreeSet<&String> = wanted.keys().copied().chain(known.keys()).collect();

    let (mut decided, mut entries) = (Decided::default(), BTreeMap::new());
    for path in all {
        let one = one::One {
            path,
            file: wanted.get(path).copied(),
            entry: known.get(path),
            state,
        };
        let verdict = one.decide();
        decided.changes.extend(verdict.changes);
        if let Some(action) = verdict.action {
            let path = path.clone();
            decided.outcomes.push(Outcome { path, action });
        }
        if let Some(entry) = verdict.entry {
            entries.insert(path.clone(), entry);
        }
    }
    record(&mut decided, entries, files, provenance, state);
    Ok(decided)
}

/// Line ends are the disk's business: a design that was written on Windows has some in its texts.
fn unix(files: &[File]) -> Cow<'_, [File]> {
    if !files.iter().any(|file| file.text.contains("\r\n")) {
        return files.into();
    }
    let unix = |file: &File| File {
        text: file.text.replace("\r\n", "\n"),
        ..file.clone()
    };
    files.iter().map(unix).collect()
}

/// Adds what the records need. Where nothing of the project or of what is known of it changes, they stay as they are,
/// whatever the design and the version are: a build that has nothing to do writes nothing.
fn record(
    decided: &mut Decided,
    entries: BTreeMap<String, Entry>,
    files: &[File],
    provenance: &Provenance,
    state: &State,
) {
    let manifest = Manifest {
        archwright: provenance.archwright.clone(),
        stack: provenance.stack.clone(),
        design: provenance.design.clone(),
        files: entries,
    };
    let (needed, unneeded) = keep::bases(&manifest, files, state);
    let fixed = FIXED
        .iter()
        .filter(|(path, _)| *state.at(path) == Found::Nothing);
    let fixed = fixed.map(|(path, text)| Change::write(path, None, (*text).to_owned()));
    let mut changes: Vec<Change> = needed.into_iter().chain(fixed).collect();
    changes.append(&mut decided.changes);
    let before = state.manifest.as_ref().map(|manifest| &manifest.files);
    if !changes.is_empty() || !unneeded.is_empty() || before != Some(&manifest.files) {
        let before = state.at(MANIFEST).text();
        changes.push(Change::write(MANIFEST, before, manifest.print()));
    }
    changes.extend(unneeded);
    decided.changes = changes;
}
