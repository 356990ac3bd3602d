//! Whatever a person does to a project, and however the design goes on: what the person wrote is there afterwards, and
//! what the person took away stays away. Random, and the same each time.

mod common;

use archwright_project::{CONFLICTS, Entry, FOLDER, File, Kind, beside};
use common::{Disk, generated, said};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};

/// A person, and what they know to be theirs.
#[derive(Default)]
struct Person {
    /// Lines that they wrote and did not take away again, by file.
    lines: BTreeMap<String, BTreeSet<String>>,
    /// Files of their own, whole.
    own: BTreeMap<String, String>,
    deleted: BTreeSet<String>,
    written: usize,
}

#[test]
fn nothing_that_a_person_edited_is_ever_lost() {
    for seed in 0..120 {
        let mut random = Rng::with_seed(seed);
        let (mut disk, mut person) = (Disk::default(), Person::default());
        let mut files = vec![new_file(&mut random, 0)];
        for round in 1..12 {
            design_goes_on(&mut random, &mut files, round);
            disk.build(&files);
            person.holds(&disk, &format!("seed {seed}, round {round}"));
            for _ in 0..random.usize(0..4) {
                person.acts(&mut random, &mut disk, &files);
            }
            person.builds(&mut disk, &files, &format!("seed {seed}, round {round}"));
        }
    }
}

fn new_file(random: &mut Rng, number: usize) -> File {
    let lines = random.usize(0..12);
    let text: String = (0..lines)
        .map(|line| format!("file {number} line {line}\n"))
        .collect();
    let mut file = generated(&format!("app/{number}.py"), &text);
    file.executable = random.bool();
    if random.u8(..) < 40 {
        file.kind = Kind::Once;
    }
    file
}

/// Lines come, go and change; so do files.
fn design_goes_on(random: &mut Rng, files: &mut Vec<File>, round: usize) {
    if random.bool() {
        files.push(new_file(random, round));
    }
    if random.u8(..) < 40 && !files.is_empty() {
        files.swap_remove(random.usize(..files.len()));
    }
    for file in files.iter_mut() {
        let mut lines: Vec<String> = file.text.lines().map(str::to_owned).collect();
        for change in 0..random.usize(0..3) {
            let at = random.usize(..=lines.len());
            let line = format!("round {round} change {change}");
            match random.u8(..3) {
                0 => lines.insert(at, line),
                1 if at < lines.len() => lines[at] = line,
                _ if at < lines.len() => drop(lines.remove(at)),
                _ => {}
            }
        }
        file.text = lines.iter().map(|line| format!("{line}\n")).collect();
    }
}

/// Not so where a file of the person's was in the way: without it, there is room.
fn was_ours(disk: &Disk, path: &str) -> bool {
    let manifest = disk.manifest();
    let entry = manifest
        .as_ref()
        .and_then(|manifest| manifest.files.get(path));
    entry.is_some_and(|entry| !matches!(entry, Entry::Conflict { base: None, .. }))
}

impl Person {
    fn acts(&mut self, random: &mut Rng, disk: &mut Disk, files: &[File]) {
        let theirs = |path: &&String| !path.starts_with(FOLDER);
        let paths: Vec<String> = disk.files.keys().filter(theirs).cloned().collect();
        let aside: Vec<String> = disk
            .files
            .keys()
            .filter(|path| path.starts_with(CONFLICTS))
            .cloned()
            .collect();
        match random.u8(..10) {
            0..5 if !paths.is_empty() => {
                let path = &paths[random.usize(..paths.len())];
                self.edits(random, disk, path);
            }
            5 if !paths.is_empty() => {
                let path = &paths[random.usize(..paths.len())];
                disk.remove(path);
                self.lines.remove(path);
                self.own.remove(path);
                self.deleted.insert(path.clone());
            }
            6 => self.makes_a_file(random, disk, files),
            7 | 8 if !aside.is_empty() => {
                let aside = &aside[random.usize(..aside.len())];
                self.settles(random, disk, aside);
            }
            9 if !aside.is_empty() => {
                let aside = &aside[random.usize(..aside.len())];
                let text = format!("{}{}\n", disk.text(aside).unwrap_or_default(), self.line());
                disk.put(aside, &text);
                self.own.insert(aside.clone(), text);
            }
            _ => {}
        }
    }

    fn edits(&mut self, random: &mut Rng, disk: &mut Disk, path: &str) {
        let mut lines: Vec<String> = disk
            .text(path)
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect();
        let line = self.line();
        let theirs = self.lines.entry(path.to_owned()).or_default();
        let at = random.usize(..=lines.len());
        if random.bool() || at == lines.len() {
            lines.insert(at, line.clone());
        } else {
            theirs.remove(&lines[at]);
            lines[at] = line.clone();
        }
        theirs.insert(line);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        if let Some(own) = self.own.get_mut(path) {
            own.clone_from(&text);
        }
        disk.put(path, &text);
    }

    fn line(&mut self) -> String {
        self.written += 1;
        format!("person {}", self.written)
    }

    /// Where the project may want one of its own later.
    fn makes_a_file(&mut self, random: &mut Rng, disk: &mut Disk, files: &[File]) {
        let path = format!("app/{}.py", random.usize(0..14));
        if disk.files.contains_key(&path) || files.iter().any(|file| file.path == path) {
            return;
        }
        let text = format!("{}\n", self.line());
        disk.put(&path, &text);
        self.deleted.remove(&path);
        self.own.insert(path, text);
    }

    /// Keeps the project's file by deleting what was put aside, or takes that by moving it.
    fn settles(&mut self, random: &mut Rng, disk: &mut Disk, aside: &str) {
        let path = aside[CONFLICTS.len() + 1..]
            .trim_end_matches(".conflict")
            .to_owned();
        assert_eq!(beside(&path), aside);
        self.own.remove(aside);
        if random.bool() {
            disk.remove(aside);
            return;
        }
        disk.rename(aside, &path);
        self.own.remove(&path);
        self.deleted.remove(&path);
        let text = disk.text(&path).unwrap_or_default().to_owned();
        let there = |line: &&String| text.lines().any(|each| each == *line);
        let lines = self.lines.entry(path).or_default();
        *lines = lines.iter().filter(there).cloned().collect();
    }

    fn builds(&mut self, disk: &mut Disk, files: &[File], when: &str) {
        let before = disk.clone();
        let decided = disk.build(files);
        let mut again = before.clone();
        again.build(files);
        assert_eq!(*disk, again, "{when}: the same input gives the same bytes");
        self.holds(disk, when);
        for path in &self.deleted {
            let once = files
                .iter()
                .any(|file| file.path == *path && file.kind == Kind::Once);
            let back = disk.files.contains_key(path) && !before.files.contains_key(path);
            assert!(
                !back || once || !was_ours(&before, path),
                "{when}: {path} came back: {:?}",
                said(&decided)
            );
        }
        let after = disk.decide(files);
        assert_eq!(
            after.changes,
            [],
            "{when}: a second build has nothing to write"
        );
        assert_eq!(after.matches(), !after.has_conflicts(), "{when}");
    }

    fn holds(&self, disk: &Disk, when: &str) {
        for (path, text) in &self.own {
            assert_eq!(
                disk.text(path),
                Some(&text[..]),
                "{when}: {path} is the person's own"
            );
        }
        for (path, lines) in &self.lines {
            let text = disk.text(path).unwrap_or_default();
            for line in lines {
                let found = text.lines().filter(|each| each == line).count();
                assert_eq!(found, 1, "{when}: {path} lost {line:?}:\n{text}");
            }
        }
    }
}
