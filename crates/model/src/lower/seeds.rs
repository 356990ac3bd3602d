//! Rows to begin with: known entities and fields, values of the right kind.

use super::context::Lowering;
use super::literals;
use crate::{EntityId, FieldId, FieldKind, Literal, Seed, SeedValue, ToManyKind};
use archwright_design::ast::{self, SeedValue as Source, Text};

/// Most rows of one entity, and deepest nesting of parts.
const ROWS: u64 = 1_000_000;
const DEPTH: usize = 8;

impl Lowering<'_> {
    pub fn check_seeds(&mut self) {
        let design = self.design;
        for source in &design.seed {
            let Some(entity) = self.find_entity(&source.entity) else {
                continue;
            };
            if let Some(part) = self.entity(entity).part_of {
                let message = format!(
                    "`{}` is part of `{}`, and is seeded with it",
                    source.entity.value,
                    self.path(part.field)
                );
                self.error(
                    "AW390",
                    source.entity.span,
                    message,
                    "put its rows into the whole's",
                );
                continue;
            }
            let rows = self.seed_rows(source);
            let with = source
                .with
                .iter()
                .map(|row| self.seed_row(entity, row, 0))
                .collect();
            self.seeds.push(Seed { entity, rows, with });
        }
    }

    fn seed_rows(&mut self, source: &ast::Seed) -> u64 {
        let given = source.with.len() as u64;
        let Some(rows) = &source.rows else {
            return given;
        };
        if rows.value > ROWS {
            self.error(
                "AW204",
                rows.span,
                format!("{} rows are too many to begin with", rows.value),
                format!("use at most {ROWS}"),
            );
        }
        rows.value.max(given)
    }

    fn seed_row(
        &mut self,
        entity: EntityId,
        row: &[(Text, Source)],
        depth: usize,
    ) -> Vec<(FieldId, SeedValue)> {
        let mut values: Vec<(FieldId, SeedValue)> = Vec::new();
        for (name, value) in row {
            let Some(field) = self.find_field(entity, name) else {
                continue;
            };
            if self.broken.contains(&field) {
                continue;
            }
            values.extend(
                self.seed_value(field, name, value, depth)
                    .map(|value| (field, value)),
            );
        }
        values
    }

    fn seed_value(
        &mut self,
        field: FieldId,
        name: &Text,
        source: &Source,
        depth: usize,
    ) -> Option<SeedValue> {
        if self
            .source(field)
            .is_some_and(|source| source.computed.is_some())
        {
            self.error(
                "AW390",
                name.span,
                format!("`{}` is computed", name.value),
                "remove it",
            );
            return None;
        }
        match (self.field(field).kind.clone(), source) {
            (FieldKind::Scalar(_), Source::Scalar(text)) => self.seed_literal(field, text),
            (FieldKind::ToOne(_), Source::Scalar(text))
                if self.field(field).optional && is_nothing(text) =>
            {
                Some(SeedValue::Literal(Literal::Null))
            }
            (FieldKind::ToOne(_), Source::Scalar(text)) => {
                Some(SeedValue::Reference(text.value.clone()))
            }
            (FieldKind::ToMany(relation), Source::List(items)) => match relation.kind {
                ToManyKind::Linked { .. } => {
                    let texts: Vec<Option<String>> = items
                        .iter()
                        .map(|item| self.seed_text(item, name))
                        .collect();
                    texts
                        .into_iter()
                        .collect::<Option<_>>()
                        .map(SeedValue::References)
                }
                ToManyKind::Composed { .. } if depth < DEPTH => {
                    let parts: Vec<Option<_>> = items
                        .iter()
                        .map(|item| self.seed_part(relation.target, item, name, depth))
                        .collect();
                    parts
                        .into_iter()
                        .collect::<Option<_>>()
                        .map(SeedValue::Parts)
                }
                _ => {
                    let help = "give the rows on the other side a value that leads here";
                    self.error(
                        "AW390",
                        name.span,
                        format!("`{}` can't be seeded from this side", name.value),
                        help,
                    );
                    None
                }
            },
            (FieldKind::ToMany(_), _) => {
                self.error(
                    "AW390",
                    name.span,
                    format!("`{}` takes a list", name.value),
                    "write `[first, second]`",
                );
                None
            }
            (FieldKind::Scalar(_) | FieldKind::ToOne(_), _) => {
                self.error(
                    "AW390",
                    name.span,
                    format!("`{}` takes one value", name.value),
                    "write a single value",
                );
                None
            }
        }
    }

    fn seed_literal(&mut self, field: FieldId, text: &Text) -> Option<SeedValue> {
        if self.field(field).optional && is_nothing(text) {
            return Some(SeedValue::Literal(Literal::Null));
        }
        match literals::read_for(self.field(field), &text.value) {
            Ok(literal) => Some(SeedValue::Literal(literal)),
            Err(why) => {
                let what = format!("a value of `{}`", self.path(field));
                self.bad_literal(text, &what, &why);
                None
            }
        }
    }

    fn seed_text(&mut self, item: &Source, name: &Text) -> Option<String> {
        if let Source::Scalar(text) = item {
            return Some(text.value.clone());
        }
        let message = format!("`{}` takes the keys of rows", name.value);
        self.error("AW390", name.span, message, "write `[first, second]`");
        None
    }

    fn seed_part(
        &mut self,
        part: EntityId,
        item: &Source,
        name: &Text,
        depth: usize,
    ) -> Option<Vec<(FieldId, SeedValue)>> {
        if let Source::Object(row) = item {
            return Some(self.seed_row(part, row, depth + 1));
        }
        let message = format!("`{}` takes the parts themselves", name.value);
        self.error("AW390", name.span, message, "write `[{ quantity: 2 }]`");
        None
    }
}

/// What YAML writes for a value that is missing.
fn is_nothing(text: &Text) -> bool {
    matches!(&text.value[..], "null" | "~" | "")
}
