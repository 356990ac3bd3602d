//! One file.

use crate::records::beside;
use crate::{
    Action, Change, Conflict, Content, Entry, File, Found, Hash, Kept, Kind, Merge, OnDisk, State,
    Why, merge,
};

pub(super) struct One<'a> {
    pub path: &'a str,
    /// None where the project has no such file any more.
    pub file: Option<&'a File>,
    pub entry: Option<&'a Entry>,
    pub state: &'a State,
}

/// What becomes of it.
#[derive(Default)]
pub(super) struct Verdict {
    /// None where there is nothing to say.
    pub action: Option<Action>,
    /// What is known of it from now on.
    pub entry: Option<Entry>,
    pub changes: Vec<Change>,
}

/// What is known of a file, once a person has answered, or not, what was put aside for it.
enum Known {
    Nothing,
    Ours(Base),
    Once(Hash),
    Declined,
    /// The project has no such file any more, and the team has been told that its edited one is its own.
    Released,
    Unfinished(Entry),
}

#[derive(Clone)]
struct Base {
    hash: Hash,
    executable: bool,
}

impl One<'_> {
    pub fn decide(&self) -> Verdict {
        let known = self.known();
        if let Known::Unfinished(entry) = known {
            return Verdict {
                action: Some(self.conflict_of(Why::Unfinished)),
                entry: Some(entry),
                changes: Vec::new(),
            };
        }
        let mut verdict = match self.file {
            Some(file) if file.kind == Kind::Once => self.once(file, known),
            Some(file) => self.generated(file, known),
            None => self.unwanted(known),
        };
        if !matches!(verdict.action, Some(Action::Conflict(_)))
            && let Some(aside) = self.untouched_aside()
        {
            verdict
                .changes
                .push(Change::remove(&beside(self.path), aside));
        }
        verdict
    }

    fn disk(&self) -> &Found {
        self.state.at(self.path)
    }

    fn aside(&self) -> &Found {
        self.state.at(&beside(self.path))
    }

    /// What was put aside, where nobody has edited it.
    fn untouched_aside(&self) -> Option<&OnDisk> {
        let Some(Entry::Conflict { beside, .. }) = self.entry else {
            return None;
        };
        self.aside()
            .text()
            .filter(|aside| Hash::of(&aside.text) == *beside)
    }

    fn known(&self) -> Known {
        let (base, executable, offered) = match self.entry {
            None => return Known::Nothing,
            Some(Entry::Once { base }) => return Known::Once(base.clone()),
            Some(Entry::Declined) => return Known::Declined,
            Some(Entry::Generated { base, executable }) => {
                return Known::Ours(Base::new(base, *executable));
            }
            Some(Entry::Conflict {
                base,
                executable,
                offered,
                ..
            }) => (base, *executable, offered),
        };
        if self.untouched_aside().is_some() {
            // Still open: judged anew, for either side may have changed since.
            return base.as_ref().map_or(Known::Nothing, |base| {
                Known::Ours(Base::new(base, executable))
            });
        }
        let is_offered = |disk: &OnDisk| Hash::of(&disk.text) == *offered;
        match (self.aside(), self.disk(), base) {
            (Found::Nothing, _, Some(base)) if self.file.is_none() && base == offered => {
                Known::Released
            }
            (Found::Nothing, Found::Text(_), Some(_)) => {
                Known::Ours(Base::new(offered, executable))
            }
            (Found::Nothing, Found::Text(disk), None) if is_offered(disk) => {
                Known::Ours(Base::new(offered, executable))
            }
            (Found::Nothing, Found::Nothing, None) => Known::Nothing,
            (Found::Nothing, ..) => Known::Declined,
            _ => self
                .entry
                .map_or(Known::Nothing, |entry| Known::Unfinished(entry.clone())),
        }
    }

    /// The team's own: written where nothing is.
    fn once(&self, file: &File, known: Known) -> Verdict {
        let begun = Entry::Once {
            base: Hash::of(&file.text),
        };
        let recorded = match &known {
            Known::Ours(base) => Some(Entry::Once {
                base: base.hash.clone(),
            }),
            Known::Once(base) => Some(Entry::Once { base: base.clone() }),
            _ => None,
        };
        match (self.disk(), &known) {
            (Found::Nothing, Known::Declined) => {
                Verdict::new(Action::Kept(Kept::Without), Entry::Declined)
            }
            (Found::Nothing, _) => Verdict::new(Action::New, begun).with(self.written(file)),
            (Found::Text(disk), _) if disk.text == file.text => {
                Verdict::new(Action::Same, recorded.unwrap_or(begun))
            }
            _ => Verdict {
                action: Some(Action::Kept(Kept::Own)),
                entry: recorded,
                changes: Vec::new(),
            },
        }
    }

    fn generated(&self, file: &File, known: Known) -> Verdict {
        let ours = Entry::of(file);
        match (self.disk(), known) {
            (Found::Text(disk), known) if disk.text == file.text => {
                let base = known.base().map_or(file.executable, |base| base.executable);
                self.settled(file, disk, mode(disk, base, file), Action::Same)
            }
            (Found::Nothing, Known::Declined) => {
                Verdict::new(Action::Kept(Kept::Without), Entry::Declined)
            }
            (_, Known::Declined) => Verdict::new(Action::Kept(Kept::Own), Entry::Declined),
            (Found::Nothing, Known::Ours(base)) => {
                self.conflict(file, Some(base), Why::Deleted, file.text.clone())
            }
            (Found::Nothing, _) => Verdict::new(Action::New, ours).with(self.written(file)),
            (Found::Text(disk), Known::Ours(base)) => self.edited(file, disk, base),
            (Found::Text(disk), Known::Once(begun)) if Hash::of(&disk.text) == begun => {
                self.edited(file, disk, Base::new(&begun, false))
            }
            (Found::Text(_), _) => self.conflict(file, None, Why::InTheWay, file.text.clone()),
            (Found::Other(what), known) => {
                let why = Why::NoText(what.clone());
                self.conflict(file, known.base(), why, file.text.clone())
            }
        }
    }

    /// A file of ours that has another text than it should have now.
    fn edited(&self, file: &File, disk: &OnDisk, base: Base) -> Verdict {
        let mode = mode(disk, base.executable, file);
        if Hash::of(&disk.text) == base.hash {
            let content = Content {
                text: disk.ends_of(file.text.clone()),
                executable: mode,
                precious: false,
            };
            return Verdict::new(Action::Changed, Entry::of(file))
                .with(self.replaced(disk, content));
        }
        if Hash::of(&file.text) == base.hash {
            return self.settled(file, disk, mode, Action::Kept(Kept::Edited));
        }
        let Some(text) = self.state.base(&base.hash) else {
            return self.conflict(file, Some(base), Why::NoBase, file.text.clone());
        };
        match merge(text, &disk.text, &file.text) {
            Merge::Clean(merged) if merged == disk.text => {
                self.settled(file, disk, mode, Action::Kept(Kept::Edited))
            }
            Merge::Clean(merged) => {
                let content = Content {
                    text: disk.ends_of(merged),
                    executable: mode,
                    precious: true,
                };
                Verdict::new(Action::Merged, Entry::of(file)).with(self.replaced(disk, content))
            }
            Merge::Conflict { marked, lines } => {
                self.conflict(file, Some(base), Why::Edited(lines), marked)
            }
        }
    }

    /// The text stays; the mode may change.
    fn settled(&self, file: &File, disk: &OnDisk, mode: bool, action: Action) -> Verdict {
        let entry = Entry::of(file);
        if disk.executable.is_none_or(|executable| executable == mode) {
            return Verdict::new(action, entry);
        }
        let content = Content {
            text: disk.ends_of(disk.text.clone()),
            executable: mode,
            precious: true,
        };
        Verdict::new(Action::Changed, entry).with(self.replaced(disk, content))
    }

    fn unwanted(&self, known: Known) -> Verdict {
        let unused = Verdict {
            action: Some(Action::Kept(Kept::Unused)),
            ..Verdict::default()
        };
        match (self.disk(), known) {
            (Found::Text(disk), Known::Ours(Base { hash, .. }) | Known::Once(hash))
                if Hash::of(&disk.text) == hash =>
            {
                Verdict {
                    action: Some(Action::Removed),
                    entry: None,
                    changes: vec![Change::remove(self.path, disk)],
                }
            }
            (Found::Text(_), Known::Ours(base)) => {
                let text = self.state.base(&base.hash).unwrap_or_default().to_owned();
                let entry = Entry::Conflict {
                    base: Some(base.hash.clone()),
                    executable: base.executable,
                    offered: base.hash,
                    beside: Hash::of(&text),
                };
                self.put_aside(Why::Dropped, entry, text, base.executable)
            }
            (Found::Text(_) | Found::Other(_), Known::Once(_) | Known::Released) => unused,
            _ => Verdict::default(),
        }
    }

    fn conflict(&self, file: &File, base: Option<Base>, why: Why, text: String) -> Verdict {
        let entry = Entry::Conflict {
            base: base.map(|base| base.hash),
            executable: file.executable,
            offered: Hash::of(&file.text),
            beside: Hash::of(&text),
        };
        self.put_aside(why, entry, text, file.executable)
    }

    /// The file stays; a text for the person is put aside, unless there is one that somebody else put there.
    fn put_aside(&self, why: Why, entry: Entry, text: String, executable: bool) -> Verdict {
        let verdict = Verdict::new(self.conflict_of(why), entry);
        let before = match (self.aside(), self.untouched_aside()) {
            (Found::Nothing, _) => None,
            (_, Some(aside)) if aside.text != text => Some(aside),
            _ => return verdict,
        };
        let mut change = Change::write(&beside(self.path), before, text);
        if let Some(content) = &mut change.after {
            (content.executable, content.precious) = (executable, false);
        }
        verdict.with(change)
    }

    fn conflict_of(&self, why: Why) -> Action {
        let beside = beside(self.path);
        Action::Conflict(Conflict { why, beside })
    }

    fn written(&self, file: &File) -> Change {
        let content = Content {
            text: file.text.clone(),
            executable: file.executable,
            precious: false,
        };
        Change {
            path: self.path.to_owned(),
            before: None,
            after: Some(content),
        }
    }

    fn replaced(&self, disk: &OnDisk, content: Content) -> Change {
        Change {
            path: self.path.to_owned(),
            before: Some(disk.bytes.clone()),
            after: Some(content),
        }
    }
}

/// Three-way, as for texts: what the team made of it, and where it left it as it was, what is wanted now.
fn mode(disk: &OnDisk, base: bool, file: &File) -> bool {
    let now = disk.executable.unwrap_or(base);
    if now == base { file.executable } else { now }
}

impl Base {
    fn new(hash: &Hash, executable: bool) -> Self {
        let hash = hash.clone();
        Self { hash, executable }
    }
}

impl Known {
    fn base(self) -> Option<Base> {
        match self {
            Self::Ours(base) => Some(base),
            _ => None,
        }
    }
}

impl Entry {
    fn of(file: &File) -> Self {
        Self::Generated {
            base: Hash::of(&file.text),
            executable: file.executable,
        }
    }
}

impl Verdict {
    fn new(action: Action, entry: Entry) -> Self {
        Self {
            action: Some(action),
            entry: Some(entry),
            changes: Vec::new(),
        }
    }

    fn with(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }
}
