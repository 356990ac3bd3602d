//! What a build is about to do, written before it does any of it.

use super::super::folder::obstacle;
use super::Disk;
use anyhow::{Context, Result, bail};
use archwright_project::{Change, Content, Hash, check_path};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

pub const JOURNAL: &str = ".archwright-build/staged/journal.json";
const DRAFT: &str = ".archwright-build/staged/journal.draft";

pub struct Journal {
    /// Folders that were not there, each after those above it.
    pub made: Vec<String>,
    pub steps: Vec<Step>,
}

pub struct Step {
    pub path: String,
    /// Something was there before.
    pub had: bool,
    /// Of the bytes that come there.
    pub after: Option<Hash>,
}

impl Journal {
    /// Fails where a folder of a path is none, or leads elsewhere.
    pub fn of(root: &Path, changes: &[Change]) -> Result<Self> {
        let paths = changes.iter().map(|change| &change.path[..]);
        let above = paths.flat_map(|path| path.match_indices('/').map(|(end, _)| &path[..end]));
        let mut made = Vec::new();
        for folder in above.collect::<BTreeSet<&str>>() {
            if let Some(what) = obstacle(root, &format!("{folder}/"))? {
                bail!("{what} is in the way");
            }
            if !root.join(folder).exists() {
                made.push(folder.to_owned());
            }
        }
        let step = |change: &Change| Step {
            path: change.path.clone(),
            had: change.before.is_some(),
            after: change.after.as_ref().map(|content| Hash::of(&content.text)),
        };
        Ok(Self {
            made,
            steps: changes.iter().map(step).collect(),
        })
    }

    /// On the disk, as a whole or not at all.
    pub fn begin(&self, disk: &mut Disk) -> Result<()> {
        let step =
            |step: &Step| json!([step.path, step.had, step.after.as_ref().map(Hash::as_str)]);
        let steps: Vec<Value> = self.steps.iter().map(step).collect();
        let content = Content {
            text: format!("{}\n", json!({ "made": self.made, "steps": steps })),
            executable: false,
            precious: true,
        };
        let draft = disk.root.join(DRAFT);
        disk.write(&draft, &content, None)?;
        disk.rename(&draft, &disk.root.join(JOURNAL))
    }

    /// None where there is none. It may come with a project from anywhere, so that its paths are judged too.
    pub fn read(root: &Path) -> Result<Option<Self>> {
        let place = root.join(JOURNAL);
        let text = match std::fs::read_to_string(&place) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("can't read {}", place.display()))?,
        };
        let journal = serde_json::from_str(&text)
            .ok()
            .and_then(|value| Self::of_value(&value));
        let Some(journal) = journal else {
            bail!("{} is no journal of a build; delete it", place.display());
        };
        let paths = journal.steps.iter().map(|step| &step.path);
        for path in paths.chain(&journal.made) {
            if let Some(what) = obstacle(root, path)? {
                bail!("{what} is in the way of {path}");
            }
        }
        Ok(Some(journal))
    }

    fn of_value(value: &Value) -> Option<Self> {
        let path = |value: &Value| {
            let path = value.as_str()?;
            check_path(path).is_ok().then(|| path.to_owned())
        };
        let step = |value: &Value| {
            Some(Step {
                path: path(&value[0])?,
                had: value[1].as_bool()?,
                after: match &value[2] {
                    Value::Null => None,
                    hash => Some(Hash::read(hash.as_str()?)?),
                },
            })
        };
        Some(Self {
            made: value["made"]
                .as_array()?
                .iter()
                .map(path)
                .collect::<Option<_>>()?,
            steps: value["steps"]
                .as_array()?
                .iter()
                .map(step)
                .collect::<Option<_>>()?,
        })
    }
}
