//! What happens to a row when another is deleted that it leads to.

use super::context::Lowering;
use crate::{FieldId, FieldKind, OnDelete};

impl Lowering<'_> {
    pub fn set_on_delete(&mut self) {
        for entity in self.entity_ids() {
            let back = self.entity(entity).part_of.map(|part| part.back);
            for index in 0..self.entity(entity).fields.len() {
                let id = FieldId { entity, index };
                if self.field(id).to_one().is_some() {
                    let on_delete = self.on_delete(id, back == Some(id));
                    if let FieldKind::ToOne(relation) = &mut self.field_mut(id).kind {
                        relation.on_delete = on_delete;
                    }
                }
            }
        }
    }

    fn on_delete(&mut self, id: FieldId, back: bool) -> OnDelete {
        let optional = self.field(id).optional;
        let default = match (back, optional) {
            (true, _) => OnDelete::Cascade,
            (false, true) => OnDelete::SetNull,
            (false, false) => OnDelete::Restrict,
        };
        let Some(written) = self.source(id).and_then(|source| source.on_delete.as_ref()) else {
            return default;
        };
        match &written.value[..] {
            "restrict" | "set-null" if back => {
                self.error(
                    "AW255",
                    written.span,
                    "a part goes with its whole",
                    "remove `on-delete`, or write `cascade`",
                );
                default
            }
            "restrict" => OnDelete::Restrict,
            "cascade" => OnDelete::Cascade,
            "set-null" if optional => OnDelete::SetNull,
            "set-null" => {
                let message = format!(
                    "`{}` is required, so it can't be set to nothing",
                    self.field(id).name
                );
                self.error(
                    "AW255",
                    written.span,
                    message,
                    "make the type optional with `?`, or use `restrict` or `cascade`",
                );
                default
            }
            // Another word was reported when it was read.
            _ => default,
        }
    }
}
