//! Rows of the seed that share what has to be unique: the second of them could not be written.

use super::context::Lowering;
use super::literals;
use crate::{EntityId, FieldId, FieldKind, ScalarType, ToManyKind};
use archwright_design::ast::{SeedValue as Source, Text};
use archwright_diagnostics::{Diagnostic, Span};
use std::collections::BTreeMap;

/// The key's place in its entity, and its values, by the place that gave them first.
type Seen = BTreeMap<(EntityId, usize, Vec<String>), Span>;

impl Lowering<'_> {
    pub fn refuse_seed_twins(&mut self) {
        let design = self.design;
        let (mut seen, mut found, mut wholes) = (Seen::new(), Vec::new(), 0);
        for seed in &design.seed {
            let Some(entity) = self.entity_names.get(&seed.entity.value[..]).copied() else {
                continue;
            };
            for row in &seed.with {
                self.twins(entity, row, None, &mut wholes, &mut seen, &mut found);
            }
        }
        for diagnostic in found {
            self.report(diagnostic);
        }
    }

    fn twins(
        &self,
        entity: EntityId,
        row: &[(Text, Source)],
        whole: Option<usize>,
        wholes: &mut usize,
        seen: &mut Seen,
        found: &mut Vec<Diagnostic>,
    ) {
        *wholes += 1;
        let this = *wholes;
        for (at, key) in self.entity(entity).unique.iter().enumerate() {
            let given: Option<Vec<(String, Span)>> = key
                .fields
                .iter()
                .map(|field| self.seeded(*field, row, whole))
                .collect();
            let Some((last, given)) = given.and_then(|given| {
                let last = given.iter().map(|(_, span)| *span).max()?;
                Some((last, given))
            }) else {
                continue;
            };
            let values = given.into_iter().map(|(value, _)| value).collect();
            let first = *seen.entry((entity, at, values)).or_insert(last);
            if first != last {
                found.push(self.twin(entity, &key.fields, first, last));
            }
        }
        for (name, value) in row {
            let Some(field) = self.field_named(entity, &name.value) else {
                continue;
            };
            if let (FieldKind::ToMany(relation), Source::List(items)) =
                (&self.field(field).kind, value)
                && matches!(relation.kind, ToManyKind::Composed { .. })
            {
                for item in items {
                    if let Source::Object(part) = item {
                        self.twins(relation.target, part, Some(this), wholes, seen, found);
                    }
                }
            }
        }
    }

    /// The value that a row of the seed gives a field, in one form; a part's way back is its whole.
    fn seeded(
        &self,
        field: FieldId,
        row: &[(Text, Source)],
        whole: Option<usize>,
    ) -> Option<(String, Span)> {
        let part = self.entity(field.entity).part_of;
        if part.is_some_and(|part| part.back == field) {
            return Some((whole?.to_string(), Span::default()));
        }
        let known = self.field(field);
        let (_, value) = row.iter().find(|(name, _)| name.value == known.name)?;
        let Source::Scalar(text) = value else {
            return None;
        };
        if known.optional && matches!(&text.value[..], "null" | "~" | "") {
            return None; // A missing value is like no other.
        }
        let value = match known.scalar() {
            Some(ScalarType::Json | ScalarType::File { .. }) => return None,
            Some(scalar) => format!("{:?}", literals::read(scalar, &text.value).ok()?),
            None => text.value.clone(),
        };
        Some((value, text.span))
    }

    fn twin(&self, entity: EntityId, key: &[FieldId], first: Span, second: Span) -> Diagnostic {
        let names: Vec<String> = key
            .iter()
            .map(|field| format!("`{}`", self.field(*field).name))
            .collect();
        let message = format!(
            "two rows of `{}` have the same {}, which is unique",
            self.entity(entity).name,
            names.join(" and ")
        );
        Diagnostic::new("AW390", second, message)
            .other(first, "first here")
            .help("give them different values, or remove one of the rows")
    }
}
