//! Entities and their names; everything else of them is filled in by later passes.

use super::context::Lowering;
use super::names::Form;
use crate::{Access, Entity, EntityId, Evolution, IdType, Workload};
use archwright_design::ast;
use archwright_diagnostics::Diagnostic;
use heck::{ToKebabCase, ToSnakeCase};
use std::collections::BTreeMap;

impl Lowering<'_> {
    pub fn collect_entities(&mut self) {
        let (mut plurals, mut paths) = (BTreeMap::new(), BTreeMap::new());
        for source in &self.design.entities {
            self.check_name(&source.name, Form::Pascal, "an entity");
            let id = EntityId(self.entities.len());
            self.entity_names.insert(&source.name.value, id);
            let entity = self.entity_from(source, id);
            let of_plural = *plurals.entry(entity.plural.clone()).or_insert(id);
            let of_path = *paths.entry(entity.path.clone()).or_insert(id);
            let (other, what, same) = match of_plural == id {
                true => (of_path, "path", format!("/{}", entity.path)),
                false => (of_plural, "plural", entity.plural.clone()),
            };
            if other != id {
                let message = format!(
                    "`{}` and `{}` would have the same {what} `{same}`",
                    self.entity(other).name,
                    entity.name
                );
                let help = format!("give one of them a `{what}`");
                self.error("AW201", source.name.span, message, help);
                self.same_named.insert(id);
            }
            self.entities.push(entity);
            self.sources.push(source);
            self.field_names.push(BTreeMap::new());
            self.move_names.push(BTreeMap::new());
            self.field_sources.push(Vec::new());
        }
    }

    fn entity_from(&mut self, source: &ast::Entity, id: EntityId) -> Entity {
        let singular = source.name.value.to_snake_case();
        let plural = match &source.plural {
            Some(plural) => {
                self.check_name(plural, Form::Word, "a plural");
                plural.value.to_snake_case()
            }
            None => plural(&singular),
        };
        let path = match &source.path {
            Some(path) => {
                self.check_name(path, Form::Word, "a path segment");
                path.value.clone()
            }
            None => plural.to_kebab_case(),
        };
        let on = |setting: &Option<ast::Spanned<bool>>, default| {
            setting.as_ref().map_or(default, |setting| setting.value)
        };
        Entity {
            id,
            name: source.name.value.clone(),
            singular,
            plural,
            path,
            about: source
                .about
                .as_ref()
                .map(|about| about.value.clone())
                .unwrap_or_default(),
            id_type: id_type(source),
            key: None,
            fields: Vec::new(),
            unique: Vec::new(),
            indexes: Vec::new(),
            checks: Vec::new(),
            access: Access::default(),
            state: None,
            part_of: None,
            owner: None,
            tenant: None,
            soft_delete: on(&source.soft_delete, false),
            audit: on(&source.audit, true),
            timestamps: on(&source.timestamps, true),
            versioned: on(&source.versioned, true),
            workload: self.workload(source),
            evolution: evolution(&source.evolution),
            span: source.span,
        }
    }

    fn workload(&mut self, source: &ast::Entity) -> Workload {
        let Some(workload) = &source.workload else {
            return Workload::default();
        };
        let standard = ["list", "get", "create", "update", "delete"];
        let mut rates = Vec::new();
        for (name, rate) in &workload.rates {
            let known = standard
                .into_iter()
                .chain(source.moves.iter().map(|step| &step.name.value[..]));
            if !known.clone().any(|known| known == name.value) {
                let diagnostic = super::context::unknown(
                    "AW208",
                    name.span,
                    "operation of this entity",
                    &name.value,
                    known,
                );
                self.report(diagnostic);
                continue;
            }
            rates.push((name.value.clone(), self.checked_rate(rate)));
        }
        Workload {
            rows: workload.rows.as_ref().map_or(0, |rows| rows.value),
            growth: workload
                .growth
                .as_ref()
                .map(|growth| super::api::rate(growth.value)),
            rates,
        }
    }

    /// Entities that nobody can use, once it is known which ones operations use.
    pub fn warn_unused(&mut self) {
        let used: std::collections::BTreeSet<EntityId> = self.entities_in_operations();
        for id in self.entity_ids() {
            let entity = self.entity(id);
            let source = self.sources[id.0];
            let account = source.account.is_some();
            if !source.allow.is_empty()
                || entity.part_of.is_some()
                || self.meant_as_parts.contains(&id)
                || account
                || used.contains(&id)
            {
                continue;
            }
            let message = format!("nobody can use `{}`", entity.name);
            let diagnostic = Diagnostic::new("AW278", source.name.span, message)
                .help("say who may: `allow: { read: anyone, write: staff }`");
            self.report(diagnostic);
        }
    }
}

/// `order_lines` for `order_line`: only the last word has a plural.
fn plural(singular: &str) -> String {
    let (stem, last) = singular
        .rsplit_once('_')
        .map_or(("", singular), |(stem, last)| (stem, last));
    let last = pluralizer::pluralize(last, 2, false).to_snake_case();
    if stem.is_empty() {
        last
    } else {
        format!("{stem}_{last}")
    }
}

pub(super) fn evolution(source: &ast::Evolution) -> Evolution {
    let version = |bound: &Option<ast::Spanned<i64>>| {
        bound
            .as_ref()
            .and_then(|bound| u32::try_from(bound.value).ok())
    };
    Evolution {
        since: version(&source.since),
        until: version(&source.until),
        was: source.was.as_ref().map(|was| was.value.clone()),
    }
}

/// Another word was reported when it was read.
fn id_type(source: &ast::Entity) -> IdType {
    match source.id.as_ref().map(|id| &id.value[..]) {
        Some("int") => IdType::Int,
        _ => IdType::Uuid,
    }
}
