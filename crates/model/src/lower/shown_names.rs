//! No two keys of a representation or a body are the same.

use super::context::Lowering;
use crate::naming::references_name;
use crate::{EntityId, FieldId, FieldKind, ToManyKind};
use archwright_diagnostics::Diagnostic;
use std::collections::BTreeMap;

impl Lowering<'_> {
    /// No two keys of a representation are the same.
    pub fn check_shown_names(&mut self, entity: EntityId) {
        let mut shown: BTreeMap<String, FieldId> = BTreeMap::new();
        for index in 0..self.entity(entity).fields.len() {
            let id = FieldId { entity, index };
            for name in self.shown_names(id) {
                let Some(other) = shown.insert(name.clone(), id).filter(|other| *other != id)
                else {
                    continue;
                };
                let place = |id: FieldId| {
                    self.source(id)
                        .map_or(self.entity(entity).span, |source| source.name.span)
                };
                let message = format!(
                    "`{}` and `{}` would both be shown as `{name}`",
                    self.field(other).name,
                    self.field(id).name
                );
                let diagnostic = Diagnostic::new("AW256", place(id), message)
                    .other(place(other), "the other field")
                    .help("rename one of them; a relation is shown with its target's key or `id` behind its name");
                self.report(diagnostic);
            }
        }
    }

    fn written_key(&self, entity: EntityId) -> Option<&str> {
        let key = self.sources[entity.0].key.as_ref();
        key.map(|key| &key.value[..])
    }

    fn shown_names(&self, id: FieldId) -> Vec<String> {
        let field = self.field(id);
        if self.broken.contains(&id) {
            return Vec::new();
        }
        match &field.kind {
            FieldKind::ToOne(relation) => {
                let key = self.written_key(relation.target).unwrap_or("id");
                vec![field.name.clone(), format!("{}_{key}", field.name)]
            }
            FieldKind::ToMany(relation) if matches!(relation.kind, ToManyKind::Linked { .. }) => {
                let key = self.written_key(relation.target);
                vec![field.name.clone(), references_name(&field.name, key)]
            }
            _ => vec![field.name.clone()],
        }
    }
}
