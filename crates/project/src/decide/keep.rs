//! The bases: those that a later merge may start from are kept, and no others.

use crate::records::BASES;
use crate::{Change, File, Found, Hash, Manifest, State};
use std::collections::{BTreeMap, BTreeSet};

/// The bases to write, and those to remove. One that is missing or damaged is written again where its text is known.
pub(super) fn bases(
    manifest: &Manifest,
    files: &[File],
    state: &State,
) -> (Vec<Change>, Vec<Change>) {
    let needed: BTreeSet<&Hash> = manifest.bases().collect();
    let missing: BTreeSet<&Hash> = needed
        .iter()
        .copied()
        .filter(|hash| state.base(hash).is_none())
        .collect();
    let texts = match missing.is_empty() {
        true => BTreeMap::new(),
        false => known_texts(files, state),
    };
    let path = |name: &str| format!("{BASES}/{name}");
    let written = missing.into_iter().filter_map(|hash| {
        let before = state.bases.get(hash.as_str()).and_then(Found::text);
        let text = texts.get(hash)?;
        Some(Change::write(
            &path(hash.as_str()),
            before,
            (*text).to_owned(),
        ))
    });
    let removed = state.bases.iter().filter_map(|(name, found)| {
        let hash = Hash::read(name)?;
        let unneeded = found.text().filter(|_| !needed.contains(&hash))?;
        Some(Change::remove(&path(name), unneeded))
    });
    (written.collect(), removed.collect())
}

fn known_texts<'a>(files: &'a [File], state: &'a State) -> BTreeMap<Hash, &'a str> {
    let wanted = files.iter().map(|file| &file.text[..]);
    let found = state.found.values().filter_map(Found::text);
    let all = wanted.chain(found.map(|found| &found.text[..]));
    all.map(|text| (Hash::of(text), text)).collect()
}
