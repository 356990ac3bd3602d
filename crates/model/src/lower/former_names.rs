//! `was`: a former name is one that nothing has any more, and that one thing had.

use super::context::Lowering;
use archwright_design::ast::{Evolution, Text};
use archwright_diagnostics::Diagnostic;
use std::collections::BTreeMap;

/// A thing that may have been called otherwise: its name, and `was`.
type Renamed<'a> = (&'a Text, &'a Evolution);

impl Lowering<'_> {
    pub fn check_former_names(&mut self) {
        let entities: Vec<Renamed<'_>> = self
            .sources
            .iter()
            .map(|entity| (&entity.name, &entity.evolution))
            .collect();
        let mut found = wrong(&entities, "entity");
        for sources in &self.field_sources {
            let fields: Vec<Renamed<'_>> = sources
                .iter()
                .map(|field| (&field.name, &field.evolution))
                .collect();
            found.extend(wrong(&fields, "field"));
        }
        for diagnostic in found {
            self.report(diagnostic);
        }
    }
}

fn wrong(things: &[Renamed<'_>], what: &str) -> Vec<Diagnostic> {
    let by_name: BTreeMap<&str, &Renamed<'_>> = things
        .iter()
        .map(|thing| (&thing.0.value[..], thing))
        .collect();
    let mut former: BTreeMap<&str, &Text> = BTreeMap::new();
    let mut found = Vec::new();
    for (name, evolution) in things {
        let Some(was) = &evolution.was else { continue };
        let (message, other) = match (by_name.get(&was.value[..]), former.insert(&was.value, was)) {
            // Two things may exchange their names: then the other one was called otherwise as well.
            (Some((there, of_there)), _) if of_there.was.is_none() || there.value == name.value => {
                let message = format!("there is the {what} `{}` still", was.value);
                (message, (there.value != name.value).then_some(there.span))
            }
            (_, Some(first)) => {
                let message = format!("another {what} was called `{}`", was.value);
                (message, Some(first.span))
            }
            _ => continue,
        };
        let diagnostic = Diagnostic::new("AW201", was.span, message)
            .help("remove `was` from what was called otherwise");
        found.push(match other {
            Some(other) => diagnostic.other(other, "this one"),
            None => diagnostic,
        });
    }
    found
}
