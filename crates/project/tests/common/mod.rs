//! A project in memory: builds go over it as over a folder, and each change has to find what it was decided on.
#![allow(dead_code, reason = "each test uses a part of it")]

use archwright_project::{
    BASES, Content, Decided, Design, File, Found, Hash, Kind, MANIFEST, Manifest, OnDisk,
    Provenance, State, decide, paths,
};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    pub files: BTreeMap<String, Stored>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub bytes: Vec<u8>,
    pub executable: bool,
}

pub fn generated(path: &str, text: &str) -> File {
    File {
        path: path.to_owned(),
        text: text.to_owned(),
        kind: Kind::Generated,
        executable: false,
    }
}

pub fn once(path: &str, text: &str) -> File {
    let kind = Kind::Once;
    File {
        kind,
        ..generated(path, text)
    }
}

pub fn script(path: &str, text: &str) -> File {
    let executable = true;
    File {
        executable,
        ..generated(path, text)
    }
}

pub fn provenance(design: &str) -> Provenance {
    Provenance {
        archwright: "0.1.0".to_owned(),
        stack: "fastapi".to_owned(),
        design: Design {
            name: "shop".to_owned(),
            hash: Hash::of(design),
        },
    }
}

impl Disk {
    pub fn put(&mut self, path: &str, text: &str) {
        let executable = self.files.get(path).is_some_and(|stored| stored.executable);
        let bytes = text.as_bytes().to_vec();
        self.files
            .insert(path.to_owned(), Stored { bytes, executable });
    }

    pub fn remove(&mut self, path: &str) {
        self.files.remove(path);
    }

    pub fn rename(&mut self, from: &str, to: &str) {
        let stored = self.files.remove(from).expect("it is there");
        self.files.insert(to.to_owned(), stored);
    }

    pub fn text(&self, path: &str) -> Option<&str> {
        let stored = self.files.get(path)?;
        Some(std::str::from_utf8(&stored.bytes).expect("it is text"))
    }

    pub fn manifest(&self) -> Option<Manifest> {
        let text = self.text(MANIFEST)?;
        Some(Manifest::read(text).expect("the manifest reads"))
    }

    /// What a build of these files would do.
    pub fn decide(&self, files: &[File]) -> Decided {
        let design: String = files.iter().map(|file| &file.text[..]).collect();
        decide(files, &provenance(&design), &self.state(files)).expect("the paths are fine")
    }

    /// Builds, and does what was decided.
    pub fn build(&mut self, files: &[File]) -> Decided {
        let decided = self.decide(files);
        for change in &decided.changes {
            let before = self
                .files
                .get(&change.path)
                .map(|stored| Hash::of(&stored.bytes));
            assert_eq!(before, change.before, "{}", change.path);
            match &change.after {
                Some(Content {
                    text, executable, ..
                }) => {
                    let (bytes, executable) = (text.as_bytes().to_vec(), *executable);
                    self.files
                        .insert(change.path.clone(), Stored { bytes, executable });
                }
                None => self.remove(&change.path),
            }
        }
        decided
    }

    fn state(&self, files: &[File]) -> State {
        let manifest = self.manifest();
        let found = paths(files, manifest.as_ref());
        let found = found
            .into_iter()
            .map(|path| (path.clone(), self.found(&path)));
        let bases = self.files.keys().filter_map(|path| {
            let name = path.strip_prefix(BASES)?.strip_prefix('/')?;
            Some((name.to_owned(), self.found(path)))
        });
        State {
            bases: bases.collect(),
            found: found.collect(),
            manifest,
        }
    }

    fn found(&self, path: &str) -> Found {
        let below = format!("{path}/");
        if self.files.keys().any(|other| other.starts_with(&below)) {
            return Found::Other("a folder".to_owned());
        }
        let Some(stored) = self.files.get(path) else {
            return Found::Nothing;
        };
        match OnDisk::read(stored.bytes.clone(), Some(stored.executable)) {
            Some(text) => Found::Text(text),
            None => Found::Other("no text".to_owned()),
        }
    }
}

/// Each path with the name of what became of it, without those that stayed the same.
pub fn said(decided: &Decided) -> Vec<(&str, String)> {
    let said = decided.outcomes.iter().map(|outcome| {
        let name = match &outcome.action {
            archwright_project::Action::Conflict(conflict) => {
                format!("conflict: {}", conflict.why.name())
            }
            action => action.name().to_owned(),
        };
        (&outcome.path[..], name)
    });
    said.filter(|(_, name)| name != "same").collect()
}
