//! The record of the last build: a line for each file, so that git merges the records of two branches as it does code.

use crate::{Hash, check_path};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

const FORMAT: u64 = 1;

/// What the last build that wrote something left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The version of archwright that wrote it.
    pub archwright: String,
    pub stack: String,
    pub design: Design,
    pub files: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Design {
    pub name: String,
    pub hash: Hash,
}

/// What is known of one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Ours; `base` is what we wrote last, or last merged into it.
    Generated { base: Hash, executable: bool },
    /// The team's own, begun with this text.
    Once { base: Hash },
    /// The team has what it has there, and wants none of ours.
    Declined,
    /// Left as it is until a person has seen to it.
    Conflict {
        /// None where no file of ours was there before.
        base: Option<Hash>,
        executable: bool,
        /// The text that it should have had.
        offered: Hash,
        /// What was put aside for the person.
        beside: Hash,
    },
}

/// Why a manifest can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// A later version wrote it.
    Newer,
    /// What is wrong with it.
    Damaged(String),
}

impl Manifest {
    /// Sorted, and the same bytes for the same records.
    pub fn print(&self) -> String {
        let mut text = format!(
            "{{\n  \"format\": {FORMAT},\n  \"archwright\": {},\n  \"stack\": {},\n  \"design\": {},\n  \"files\": {{",
            json!(self.archwright),
            json!(self.stack),
            json!({ "name": self.design.name, "hash": self.design.hash.as_str() }),
        );
        for (index, (path, entry)) in self.files.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(text, "{comma}\n    {}: {}", json!(path), entry.json());
        }
        text.push_str(if self.files.is_empty() {
            "}\n}\n"
        } else {
            "\n  }\n}\n"
        });
        text
    }

    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| Unreadable::Damaged(error.to_string()))?;
        match value["format"].as_u64() {
            Some(FORMAT) => {}
            Some(format) if format > FORMAT => return Err(Unreadable::Newer),
            _ => return Err(damaged("format")),
        }
        let text = |value: &Value, key: &str| {
            let text = value[key].as_str().map(str::to_owned);
            text.ok_or_else(|| damaged(key))
        };
        let files = value["files"].as_object().ok_or_else(|| damaged("files"))?;
        Ok(Self {
            archwright: text(&value, "archwright")?,
            stack: text(&value, "stack")?,
            design: Design {
                name: text(&value["design"], "name")?,
                hash: hash(&value["design"], "hash").ok_or_else(|| damaged("design"))?,
            },
            files: entries(files)?,
        })
    }

    /// The texts that a later merge may start from.
    pub(crate) fn bases(&self) -> impl Iterator<Item = &Hash> {
        self.files
            .values()
            .flat_map(|entry| match entry {
                Entry::Generated { base, .. } => [Some(base), None],
                Entry::Conflict { base, offered, .. } => [base.as_ref(), Some(offered)],
                Entry::Once { .. } | Entry::Declined => [None, None],
            })
            .flatten()
    }
}

fn entries(files: &Map<String, Value>) -> Result<BTreeMap<String, Entry>, Unreadable> {
    let entry = |(path, value): (&String, &Value)| {
        let entry = Entry::read(value).filter(|_| check_path(path).is_ok());
        entry
            .map(|entry| (path.clone(), entry))
            .ok_or_else(|| damaged(path))
    };
    files.iter().map(entry).collect()
}

fn damaged(what: &str) -> Unreadable {
    Unreadable::Damaged(format!("`{what}` is missing or makes no sense"))
}

fn hash(value: &Value, key: &str) -> Option<Hash> {
    value[key].as_str().and_then(Hash::read)
}

impl Entry {
    fn json(&self) -> Value {
        let mut value = match self {
            Self::Generated { base, .. } => json!({ "is": "generated", "base": base.as_str() }),
            Self::Once { base } => json!({ "is": "once", "base": base.as_str() }),
            Self::Declined => json!({ "is": "declined" }),
            Self::Conflict {
                base,
                offered,
                beside,
                ..
            } => json!({
                "is": "conflict",
                "base": base.as_ref().map(Hash::as_str),
                "offered": offered.as_str(),
                "beside": beside.as_str(),
            }),
        };
        if let Self::Generated {
            executable: true, ..
        }
        | Self::Conflict {
            executable: true, ..
        } = self
        {
            value["executable"] = json!(true);
        }
        value
    }

    fn read(value: &Value) -> Option<Self> {
        let executable = match value.get("executable") {
            Some(executable) => executable.as_bool()?,
            None => false,
        };
        Some(match value["is"].as_str()? {
            "generated" => Self::Generated {
                base: hash(value, "base")?,
                executable,
            },
            "once" => Self::Once {
                base: hash(value, "base")?,
            },
            "declined" => Self::Declined,
            "conflict" => Self::Conflict {
                base: match &value["base"] {
                    Value::Null => None,
                    _ => Some(hash(value, "base")?),
                },
                executable,
                offered: hash(value, "offered")?,
                beside: hash(value, "beside")?,
            },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let hash = Hash::of;
        let files = [
            (
                "run.sh",
                Entry::Generated {
                    base: hash("a"),
                    executable: true,
                },
            ),
            (
                "app/bücher.py",
                Entry::Generated {
                    base: hash("b"),
                    executable: false,
                },
            ),
            ("app/hooks.py", Entry::Once { base: hash("c") }),
            ("Dockerfile", Entry::Declined),
            (
                "x",
                Entry::Conflict {
                    base: None,
                    executable: false,
                    offered: hash("d"),
                    beside: hash("d"),
                },
            ),
            (
                "y",
                Entry::Conflict {
                    base: Some(hash("e")),
                    executable: true,
                    offered: hash("f"),
                    beside: hash("g"),
                },
            ),
        ];
        Manifest {
            archwright: "0.1.0".to_owned(),
            stack: "fastapi".to_owned(),
            design: Design {
                name: "shop".to_owned(),
                hash: hash("design"),
            },
            files: files.map(|(path, entry)| (path.to_owned(), entry)).into(),
        }
    }

    #[test]
    fn a_manifest_reads_back_and_has_a_line_for_each_file() {
        let text = manifest().print();
        assert_eq!(Manifest::read(&text), Ok(manifest()));
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| line.contains("\"is\""))
            .collect();
        assert_eq!(lines.len(), 6, "{text}");
        assert!(lines[0].starts_with("    \"Dockerfile\": "), "{text}");
        let none = Manifest {
            files: BTreeMap::new(),
            ..manifest()
        };
        assert_eq!(Manifest::read(&none.print()), Ok(none));
    }

    #[test]
    fn a_manifest_that_would_lead_out_of_the_folder_is_damaged() {
        for (from, to) in [
            ("run.sh", "../run.sh"),
            ("x\":", "/x\":"),
            (Hash::of("b").as_str(), "../../b"),
        ] {
            let text = manifest().print();
            assert!(text.contains(from), "{from}");
            let read = Manifest::read(&text.replace(from, to));
            assert!(
                matches!(read, Err(Unreadable::Damaged(_))),
                "{to}: {read:?}"
            );
        }
    }

    #[test]
    fn what_is_cut_off_or_of_a_later_format_is_told_apart() {
        let text = manifest().print();
        assert!(matches!(
            Manifest::read(&text[..90]),
            Err(Unreadable::Damaged(_))
        ));
        let later = text.replace("\"format\": 1", "\"format\": 2");
        assert_eq!(Manifest::read(&later), Err(Unreadable::Newer));
        assert!(matches!(Manifest::read("{}"), Err(Unreadable::Damaged(_))));
    }
}
