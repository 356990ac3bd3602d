//! What stands on the disk, as far as a decision needs it.

use crate::{Hash, Manifest};
use std::collections::BTreeMap;

/// A folder as it was found.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub manifest: Option<Manifest>,
    /// By path: everything that is wanted, that the manifest names, that is put aside for them, and the records.
    pub found: BTreeMap<String, Found>,
    /// The texts in the folder of bases, by their names.
    pub bases: BTreeMap<String, Found>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Nothing,
    Text(OnDisk),
    /// Something that is never touched: `a folder`, `a link`, `no text`.
    Other(String),
}

/// A file of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnDisk {
    /// With `\n` at the end of lines, however they end on the disk.
    pub text: String,
    /// All lines end in `\r\n`: git on Windows does that to files that nobody edited.
    pub carriage_returns: bool,
    /// Absent where the system doesn't say.
    pub executable: Option<bool>,
    /// Of the bytes as they are.
    pub bytes: Hash,
}

impl OnDisk {
    /// None where the bytes are no text.
    pub fn read(bytes: Vec<u8>, executable: Option<bool>) -> Option<Self> {
        let hash = Hash::of(&bytes);
        let text = String::from_utf8(bytes).ok()?;
        let ends = text.matches('\n').count();
        let carriage_returns = ends > 0 && text.matches("\r\n").count() == ends;
        Some(Self {
            text: match carriage_returns {
                true => text.replace("\r\n", "\n"),
                false => text,
            },
            carriage_returns,
            executable,
            bytes: hash,
        })
    }

    /// A text in the line ends of this file.
    pub(crate) fn ends_of(&self, text: String) -> String {
        match self.carriage_returns {
            true => text.replace('\n', "\r\n"),
            false => text,
        }
    }
}

impl State {
    pub(crate) fn at(&self, path: &str) -> &Found {
        self.found.get(path).unwrap_or(&Found::Nothing)
    }

    /// The base of that hash, where it is there and undamaged.
    pub(crate) fn base(&self, hash: &Hash) -> Option<&str> {
        match self.bases.get(hash.as_str())? {
            Found::Text(base) if Hash::of(&base.text) == *hash => Some(&base.text),
            _ => None,
        }
    }
}

impl Found {
    pub(crate) fn text(&self) -> Option<&OnDisk> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], text: &str, carriage_returns: bool) {
        let read = OnDisk::read(bytes.to_vec(), None).expect("it is text");
        assert_eq!(
            (&read.text[..], read.carriage_returns),
            (text, carriage_returns)
        );
        assert_eq!(read.ends_of(read.text.clone()).as_bytes(), bytes);
    }

    #[test]
    fn line_ends_of_windows_are_no_edit_and_come_back_when_the_file_is_written() {
        check(b"a\r\nb\r\n", "a\nb\n", true);
        check(b"a\nb\n", "a\nb\n", false);
        check(b"a\r\nb\n", "a\r\nb\n", false);
        check(b"", "", false);
        assert_eq!(OnDisk::read(vec![0xff, 0xfe], None), None);
    }
}
