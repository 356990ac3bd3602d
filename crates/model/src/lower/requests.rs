//! What standard operations would offer and could not do: filters under names that lists use, new rows that lack values.

use super::context::Lowering;
use crate::{Entity, EntityId, Field, FieldKind, Origin, ToManyKind};
use archwright_design::LIST_PARAMETERS;
use archwright_diagnostics::Diagnostic;

impl Lowering<'_> {
    pub fn check_requests(&mut self) {
        let mut found = Vec::new();
        for entity in &self.entities {
            let fields = entity
                .fields
                .iter()
                .filter(|field| !self.broken.contains(&field.id));
            for field in fields {
                if self.hides_parameter(entity, field) {
                    let message = format!(
                        "`{}` is a parameter of lists, and a filter by this field would be called so too",
                        field.name
                    );
                    found.push(
                        Diagnostic::new("AW202", self.place_of(field.id), message)
                            .help("rename the field"),
                    );
                }
                if self.is_created(entity.id) && self.stays_empty(entity, field) {
                    let message = format!(
                        "`{}` is required and read-only, and nothing gives a new `{}` its value",
                        field.name, entity.name
                    );
                    let help = "give it a default, make it optional with `?`, or drop `read-only`";
                    found.push(
                        Diagnostic::new("AW355", self.place_of(field.id), message).help(help),
                    );
                }
            }
        }
        for diagnostic in found {
            self.report(diagnostic);
        }
    }

    fn hides_parameter(&self, entity: &Entity, field: &Field) -> bool {
        let offered = match field.to_many().map(|relation| &relation.kind) {
            Some(ToManyKind::Linked { .. }) => true,
            Some(_) => false,
            None => field.scalar().is_some() && entity.is_filtered_by(field),
        };
        let listed = entity.part_of.is_none() && !entity.access.list.is_empty();
        listed
            && offered
            && !field.write_only
            && field.visible.is_none()
            && LIST_PARAMETERS.contains(&&field.name[..])
    }

    /// Whether requests create rows: by `create`, by sign-up, or with the whole.
    fn is_created(&self, id: EntityId) -> bool {
        let entity = self.entity(id);
        let account = self.account.as_ref();
        let signs_up = account.is_some_and(|account| account.entity == id)
            && self.roles.iter().any(|role| role.sign_up);
        match entity.part_of {
            // Circles of parts were refused, and are cut.
            Some(part) if part.whole != id => {
                let whole = self.entity(part.whole);
                !whole.access.update.is_empty() || self.is_created(part.whole)
            }
            _ => signs_up || !entity.access.create.is_empty(),
        }
    }

    /// Whether a request can't set it, and nothing else does when the row is made.
    fn stays_empty(&self, entity: &Entity, field: &Field) -> bool {
        let source = self.source(field.id);
        let computed = source.is_some_and(|source| source.computed.is_some());
        let defaults = source.is_some_and(|source| source.default.is_some())
            || field.default.is_some()
            || field.slug_from.is_some();
        field.read_only
            && !field.optional
            && !computed
            && !defaults
            && field.origin == Origin::Declared
            && !matches!(field.kind, FieldKind::ToMany(_))
            && entity.owner != Some(field.id)
            && entity.tenant != Some(field.id)
            && entity.part_of.is_none_or(|part| part.back != field.id)
    }
}
