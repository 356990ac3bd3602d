//! From files to one syntax tree: the entry of this crate.

use crate::ast::Design;
use crate::lower;
use crate::yaml::{self, MAX_FILE_BYTES, Node};
use archwright_diagnostics::{Diagnostic, FileId, Sources, Span};
use std::collections::BTreeSet;

/// Files of one design.
const MAX_FILES: usize = 500;
/// Bytes of all files of a design.
const MAX_BYTES: usize = 4 << 20;

/// Everything that could be read, and everything that is wrong.
#[derive(Clone, Debug)]
pub struct Reading {
    pub sources: Sources,
    pub design: Design,
    /// In the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    /// False when a part of a file was left out because of its syntax: then names may be missing from the tree, and
    /// what later stages say about unknown names may be wrong.
    pub complete: bool,
}

/// Reads all files of a design, given as path and content; a folder's files are merged in the order of their paths.
/// All problems are reported in one run.
pub fn read(files: &[(String, Vec<u8>)]) -> Reading {
    let mut files: Vec<&(String, Vec<u8>)> = files.iter().collect();
    files.sort();
    let mut sources = Sources::default();
    let mut diagnostics = Vec::new();
    let (mut roots, mut broken, mut complete) = (Vec::new(), Vec::new(), true);
    if files.is_empty() {
        let help = "Name a design file, or a folder with files that end in .yaml or .yml.";
        diagnostics.push(Diagnostic::new("AW006", None, "there is no design file").help(help));
    }
    if files.len() > MAX_FILES
        || files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > MAX_BYTES.max(MAX_FILE_BYTES)
    {
        complete = false;
        let message = format!(
            "the design has more than {MAX_FILES} files or more than {} MiB",
            MAX_BYTES >> 20
        );
        diagnostics.push(
            Diagnostic::new("AW003", None, message)
                .help("Check that the path names the design's own folder."),
        );
        for (path, _) in files.drain(..) {
            sources.add(path.as_str(), "");
        }
    }
    for (path, bytes) in files {
        let file = load(path, bytes, &mut sources, &mut diagnostics);
        let Some(file) = file else {
            complete = false;
            continue;
        };
        let parsed = yaml::parse(file, &sources.get(file).text, &mut diagnostics);
        complete &= parsed.complete;
        if !parsed.complete {
            broken.push(file);
        }
        match parsed.root {
            Some(root) => roots.push(root),
            None if parsed.complete => diagnostics.push(empty(file, path)),
            None => {}
        }
    }
    let mut reading = finish(&roots, sources, diagnostics, broken);
    reading.complete = complete;
    reading
}

fn finish(
    roots: &[Node],
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
    broken: Vec<FileId>,
) -> Reading {
    let mut context = lower::Context {
        sources: &sources,
        diagnostics,
        names: Default::default(),
        broken,
    };
    let design = lower::design(&mut context, roots);
    let mut diagnostics = context.diagnostics;
    // What can't be a value even in quotes needs none.
    let places: BTreeSet<Option<Span>> = diagnostics
        .iter()
        .filter(|said| said.code != "AW004")
        .map(|said| said.span)
        .collect();
    diagnostics.retain(|said| said.code != "AW004" || !places.contains(&said.span));
    archwright_diagnostics::sort(&mut diagnostics);
    diagnostics.dedup();
    archwright_diagnostics::limit(&mut diagnostics);
    Reading {
        sources,
        design,
        diagnostics,
        complete: true,
    }
}

fn load(
    path: &str,
    bytes: &[u8],
    sources: &mut Sources,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<FileId> {
    if bytes.len() > MAX_FILE_BYTES {
        let file = sources.add(path, "");
        diagnostics.push(
            Diagnostic::new("AW003", Span::new(file, 0, 0), format!("`{path}` is larger than 1 MiB"))
                .help("Split the design into several files in one folder, for instance one for each domain."),
        );
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(sources.add(path, text)),
        Err(error) => {
            let file = sources.add(path, String::from_utf8_lossy(bytes));
            let at = error.valid_up_to();
            let place = Span::new(file, at, at + '\u{fffd}'.len_utf8());
            diagnostics.push(
                Diagnostic::new(
                    "AW001",
                    place,
                    format!("`{path}` is not UTF-8 from byte {at} on"),
                )
                .help("Save the file as UTF-8."),
            );
            None
        }
    }
}

fn empty(file: FileId, path: &str) -> Diagnostic {
    Diagnostic::new("AW006", Span::new(file, 0, 0), format!("`{path}` is empty"))
        .help("Begin with `archwright: 1`, `name:` and `entities:`, or remove the file.")
}
