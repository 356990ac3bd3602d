//! Pairs relations: which field is the other side of which, where a link table is needed, what is part of what.

use super::context::{Lowering, one_of};
use crate::{EntityId, FieldId, FieldKind, OnDelete, PartOf, ToManyKind, ToOne};
use archwright_design::ast::{self, Text};
use archwright_diagnostics::{Diagnostic, Span};
use heck::ToSnakeCase;
use std::collections::{BTreeMap, BTreeSet};

/// How many fields an unclear relation names as its possible other side.
const CANDIDATES: usize = 5;

/// Relation fields by the entity that has them and the entity they lead to.
type Between = BTreeMap<(EntityId, EntityId), Vec<FieldId>>;

#[derive(Default)]
struct Relations {
    to_one: Between,
    /// To-many fields without `composed`, `by` and `through`.
    plain: Between,
    /// To-one fields that a `by`, a composition or a `through` names.
    claimed: BTreeSet<FieldId>,
    /// To-many fields that a field of the other side names with `by`: the field that names them.
    named: BTreeMap<FieldId, FieldId>,
}

impl Lowering<'_> {
    pub fn pair_relations(&mut self) {
        self.compose();
        let relations = self.survey();
        for entity in self.entity_ids() {
            for index in 0..self.entity(entity).fields.len() {
                let id = FieldId { entity, index };
                if let (FieldKind::ToMany(relation), Some(source)) =
                    (&self.field(id).kind, self.source(id))
                {
                    let target = relation.target;
                    if source.composed.is_none() {
                        self.pair(id, target, source, &relations);
                    }
                }
            }
        }
        self.set_on_delete();
        self.refuse_endless();
    }

    // ---- composition ----

    fn compose(&mut self) {
        for entity in self.entity_ids() {
            for index in 0..self.field_sources[entity.0].len() {
                let id = FieldId { entity, index };
                let source = self.field_sources[entity.0][index];
                if let (FieldKind::ToMany(relation), Some(_)) =
                    (&self.field(id).kind, source.composed)
                {
                    let part = relation.target;
                    self.compose_one(id, part, source);
                }
            }
        }
        self.refuse_circles();
    }

    fn compose_one(&mut self, id: FieldId, part: EntityId, source: &ast::Field) {
        self.meant_as_parts.insert(part);
        if let Some(other) = self.entity(part).part_of {
            let message = format!(
                "`{}` is part of `{}` already",
                self.entity(part).name,
                self.path(other.field)
            );
            let other = self.field(other.field).span;
            let diagnostic = Diagnostic::new("AW254", source.span, message)
                .other(other, "part of this")
                .help("remove `composed` here, or make an entity of its own for these parts");
            self.broken.insert(id);
            return self.report(diagnostic);
        }
        let Some(back) = self.back_reference(id, part, source) else {
            self.broken.insert(id);
            return;
        };
        if let FieldKind::ToOne(relation) = &mut self.field_mut(back).kind {
            relation.inverse = Some(id);
        }
        self.set_kind(id, ToManyKind::Composed { by: back });
        self.entities[part.0].part_of = Some(PartOf {
            whole: id.entity,
            field: id,
            back,
        });
    }

    fn back_reference(
        &mut self,
        id: FieldId,
        part: EntityId,
        source: &ast::Field,
    ) -> Option<FieldId> {
        if let Some(by) = &source.by {
            let field = self.find_other_side(part, by, id.entity)?;
            if self
                .field(field)
                .to_one()
                .is_none_or(|relation| relation.target != id.entity)
            {
                self.wrong_other_side(by, part, id.entity);
                return None;
            }
            return self.required_back(field, by.span);
        }
        let candidates = self.to_ones(part, id.entity);
        match candidates[..] {
            [] => self.imply_back(id, part, source),
            [field] => self.required_back(field, source.span),
            _ => {
                self.ambiguous(id, source.span, &candidates);
                None
            }
        }
    }

    fn required_back(&mut self, field: FieldId, span: Span) -> Option<FieldId> {
        if self.field(field).optional {
            let message = format!(
                "`{}` is optional, but a part always has its whole",
                self.path(field)
            );
            self.error(
                "AW254",
                span,
                message,
                "remove the `?` there, or `composed` here",
            );
            return None;
        }
        Some(field)
    }

    fn imply_back(&mut self, id: FieldId, part: EntityId, source: &ast::Field) -> Option<FieldId> {
        let name = self.entity(id.entity).singular.clone();
        if let Some(taken) = self.field_named(part, &name) {
            let message = format!(
                "`{}` is in the way of the reference to the whole",
                self.path(taken)
            );
            self.error(
                "AW254",
                source.span,
                message,
                "rename that field, or make it a relation to the whole",
            );
            return None;
        }
        let kind = FieldKind::ToOne(ToOne {
            target: id.entity,
            on_delete: OnDelete::Cascade,
            inverse: None,
        });
        let back = self.imply(part, &name, kind, source.span);
        self.field_mut(back).immutable = true;
        Some(back)
    }

    fn refuse_circles(&mut self) {
        for entity in self.entity_ids() {
            let mut current = entity;
            for _ in 0..self.entities.len() {
                let Some(part) = self.entity(current).part_of else {
                    break;
                };
                current = part.whole;
                if current == entity {
                    let field = self.entity(entity).part_of.map(|part| part.field);
                    let span =
                        field.map_or(self.entity(entity).span, |field| self.field(field).span);
                    let message =
                        format!("`{}` would be a part of itself", self.entity(entity).name);
                    self.error(
                        "AW254",
                        span,
                        message,
                        "remove `composed` from one of the relations of the circle",
                    );
                    // Nothing more is said about the ways back that the circle implies.
                    if let Some(part) = self.entities[entity.0].part_of.take() {
                        self.broken.extend([part.field, part.back]);
                    }
                    break;
                }
            }
        }
    }

    // ---- pairing ----

    fn survey(&self) -> Relations {
        let mut relations = Relations::default();
        for entity in self.entity_ids() {
            for field in &self.entity(entity).fields {
                if let FieldKind::ToOne(relation) = &field.kind {
                    relations
                        .to_one
                        .entry((entity, relation.target))
                        .or_default()
                        .push(field.id);
                }
                let (FieldKind::ToMany(relation), Some(source)) =
                    (&field.kind, self.source(field.id))
                else {
                    continue;
                };
                if source.composed.is_some() {
                    if let ToManyKind::Composed { by } = relation.kind {
                        relations.claimed.insert(by);
                    }
                } else if source.through.is_none() {
                    match &source.by {
                        None => relations
                            .plain
                            .entry((entity, relation.target))
                            .or_default()
                            .push(field.id),
                        Some(by) => self.survey_by(field.id, relation.target, by, &mut relations),
                    }
                }
            }
        }
        relations
    }

    fn survey_by(&self, id: FieldId, target: EntityId, by: &Text, relations: &mut Relations) {
        let Some(other) = self.field_named(target, &by.value) else {
            return;
        };
        if self.field(other).to_one().is_some() {
            relations.claimed.insert(other);
        } else if other != id {
            relations.named.entry(other).or_insert(id);
        }
    }

    fn pair(&mut self, id: FieldId, target: EntityId, source: &ast::Field, relations: &Relations) {
        if let Some(through) = &source.through {
            return self.pair_through(id, target, through, source);
        }
        if let Some(by) = &source.by {
            return self.pair_by(id, target, by, relations);
        }
        if let Some(other) = relations.named.get(&id).copied() {
            return self.link(id, Some(other));
        }
        let empty = Vec::new();
        let back = relations.to_one.get(&(target, id.entity)).unwrap_or(&empty);
        let free: Vec<FieldId> = back
            .iter()
            .copied()
            .filter(|field| !relations.claimed.contains(field))
            .collect();
        let many = relations.plain.get(&(target, id.entity)).unwrap_or(&empty);
        let many: Vec<FieldId> = many
            .iter()
            .copied()
            .filter(|other| *other != id && !relations.named.contains_key(other))
            .collect();
        let own = relations.plain.get(&(id.entity, target)).unwrap_or(&empty);
        let own = own
            .iter()
            .filter(|field| !relations.named.contains_key(field))
            .count();
        let itself = target == id.entity;
        match (&free[..], &many[..]) {
            ([], []) => self.link(id, None),
            ([], _) if itself => self.link(id, None),
            ([], [other]) if own == 1 => {
                self.suspect_sides(id, *other);
                self.link(id, Some(*other));
            }
            ([only], []) if own == 1 && self.reads_as_all_of(id, target) => {
                self.inverse(id, *only, source.span);
            }
            ([only], []) if own == 1 => self.doubtful(id, *only, source.span),
            _ => {
                let candidates: Vec<FieldId> = free.iter().chain(&many).copied().collect();
                self.ambiguous(id, source.span, &candidates);
            }
        }
    }

    /// Whether the field is called as the rows are (`order_lines`, `lines`): all of them that lead back, and not some
    /// that are picked.
    fn reads_as_all_of(&self, id: FieldId, target: EntityId) -> bool {
        let (name, plural) = (
            self.field(id).name.to_snake_case(),
            &self.entity(target).plural,
        );
        let before = plural.strip_suffix(&name);
        before.is_some_and(|before| before.is_empty() || before.ends_with('_'))
    }

    /// `likes: Article[]` and `Article.readers: User[]`: one relation, or two? Said at the second of them, unless both are
    /// called as the rows are.
    fn suspect_sides(&mut self, id: FieldId, other: FieldId) {
        let plain =
            self.reads_as_all_of(id, other.entity) && self.reads_as_all_of(other, id.entity);
        if plain || id < other {
            return;
        }
        let message = format!(
            "`{}` and `{}` are taken for two sides of one relation",
            self.path(other),
            self.path(id)
        );
        let (field, back) = (&self.field(id).name, &self.field(other).name);
        let (near, far) = (
            &self.entity(other.entity).name,
            &self.entity(id.entity).name,
        );
        let help = format!(
            "say so: `{field}: {near}[], by {back}`; for two relations name another side of this one: `in_{field}: {far}[], by {field}` in `{near}`"
        );
        let (here, there) = (self.field(id).span, self.field(other).span);
        let diagnostic = Diagnostic::new("AW258", here, message)
            .other(there, "its other side")
            .help(help);
        self.report(diagnostic);
    }

    /// `favourites: Article[]` beside `Article.author: User`: the articles that one wrote, or that one picked?
    fn doubtful(&mut self, id: FieldId, only: FieldId, span: Span) {
        self.broken.insert(id);
        let (field, back) = (&self.field(id).name, &self.field(only).name);
        let (near, far) = (self.entity(id.entity), self.entity(only.entity));
        let message = format!(
            "the other side of `{}` is unclear: it could be `{}`, or links of its own",
            self.path(id),
            self.path(only)
        );
        let help = format!(
            "add `, by {back}`, or `in_{field}: {}[], by {field}` to `{}` for many to many",
            near.name, far.name
        );
        self.error("AW251", span, message, help);
    }

    fn pair_by(&mut self, id: FieldId, target: EntityId, by: &Text, relations: &Relations) {
        let Some(other) = self.find_other_side(target, by, id.entity) else {
            self.broken.insert(id);
            return;
        };
        let leads_back = self.target_of(other) == Some(id.entity);
        match &self.field(other).kind {
            FieldKind::ToOne(_) if leads_back => self.inverse(id, other, by.span),
            FieldKind::ToMany(_) if leads_back && other != id => {
                let other_source = self.source(other);
                let free = other_source
                    .is_some_and(|source| source.composed.is_none() && source.through.is_none());
                let mutual = other_source
                    .and_then(|source| source.by.as_ref())
                    .is_none_or(|by| by.value == self.field(id).name);
                let first = relations.named.get(&other) == Some(&id);
                if free && mutual && first {
                    return self.link(id, Some(other));
                }
                self.taken_side(id, other, by.span);
            }
            _ => {
                self.wrong_other_side(by, target, id.entity);
                self.broken.insert(id);
            }
        }
    }

    /// The field that `by` names, unless it has an error itself, which was said.
    fn find_other_side(&mut self, of: EntityId, by: &Text, to: EntityId) -> Option<FieldId> {
        if let Some(field) = self.field_named(of, &by.value) {
            return (!self.broken.contains(&field)).then_some(field);
        }
        let diagnostic = self.no_field(of, &by.value, by.span, "AW227");
        let back = self.entity(of).fields.iter();
        let back = back.filter(|field| self.target_of(field.id) == Some(to));
        let names: Vec<&str> = back.map(|field| &field.name[..]).collect();
        let help = match &names[..] {
            _ if diagnostic.fix.is_some() => None,
            [] => Some(format!(
                "add a field to `{}` that leads back: `{}: {}`",
                self.entity(of).name,
                by.value,
                self.entity(to).name
            )),
            names => Some(format!("use {}", one_of(names))),
        };
        self.report(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
        None
    }

    fn taken_side(&mut self, id: FieldId, other: FieldId, span: Span) {
        let message = format!("`{}` has another other side already", self.path(other));
        self.broken.insert(id);
        self.error(
            "AW252",
            span,
            message,
            "name another field, or remove one of the two",
        );
    }

    fn wrong_other_side(&mut self, by: &Text, target: EntityId, entity: EntityId) {
        let message = format!(
            "`{}.{}` is no relation to `{}`",
            self.entity(target).name,
            by.value,
            self.entity(entity).name
        );
        self.error(
            "AW252",
            by.span,
            message,
            "name the field of the other entity that leads back here",
        );
    }

    fn inverse(&mut self, id: FieldId, by: FieldId, span: Span) {
        let taken = self
            .field(by)
            .to_one()
            .and_then(|relation| relation.inverse)
            .is_some_and(|inverse| inverse != id);
        if taken {
            return self.taken_side(id, by, span);
        }
        if let FieldKind::ToOne(relation) = &mut self.field_mut(by).kind {
            relation.inverse = Some(id);
        }
        self.set_kind(id, ToManyKind::Inverse { by });
    }

    fn link(&mut self, id: FieldId, inverse: Option<FieldId>) {
        // The side that names the other with `by` is the other side of that one.
        let names = |field: FieldId| self.source(field).is_some_and(|source| source.by.is_some());
        let canonical = match inverse {
            Some(inverse) if names(id) && !names(inverse) => inverse,
            Some(inverse) if names(inverse) && !names(id) => id,
            Some(inverse) => inverse.min(id),
            None => id,
        };
        self.set_kind(id, ToManyKind::Linked { canonical, inverse });
    }

    fn pair_through(&mut self, id: FieldId, target: EntityId, through: &Text, source: &ast::Field) {
        let Some(entity) = self.find_entity(through) else {
            self.broken.insert(id);
            return;
        };
        match self.sides(id, target, entity, source) {
            Some((near, far)) => self.set_kind(id, ToManyKind::Through { entity, near, far }),
            None => {
                self.broken.insert(id);
            }
        }
    }

    fn sides(
        &mut self,
        id: FieldId,
        target: EntityId,
        entity: EntityId,
        source: &ast::Field,
    ) -> Option<(FieldId, FieldId)> {
        let mut near = self.to_ones(entity, id.entity);
        if let Some(by) = &source.by {
            let field = self.find_other_side(entity, by, id.entity)?;
            if !near.contains(&field) {
                self.wrong_other_side(by, entity, id.entity);
                return None;
            }
            near = vec![field];
        }
        let far: Vec<FieldId> = self
            .to_ones(entity, target)
            .into_iter()
            .filter(|field| near.len() > 1 || !near.contains(field))
            .collect();
        if let ([near], [far]) = (&near[..], &far[..]) {
            return Some((*near, *far));
        }
        let name = &self.entity(entity).name;
        let (message, help) = if near.is_empty() || far.is_empty() {
            let lacking = if near.is_empty() { id.entity } else { target };
            let message = format!(
                "`{name}` has no relation to one `{}`",
                self.entity(lacking).name
            );
            (message, "give it a field to each of the two entities")
        } else {
            let message = format!("`{name}` has several relations that could be meant");
            (message, "say which one leads back here with `by`")
        };
        self.error(
            "AW253",
            source
                .through
                .as_ref()
                .map_or(source.span, |through| through.span),
            message,
            help,
        );
        None
    }

    fn to_ones(&self, from: EntityId, to: EntityId) -> Vec<FieldId> {
        let fields = self.entity(from).fields.iter();
        fields
            .filter(|field| field.to_one().is_some_and(|relation| relation.target == to))
            .map(|field| field.id)
            .collect()
    }

    fn ambiguous(&mut self, id: FieldId, span: Span, candidates: &[FieldId]) {
        self.broken.insert(id);
        let named = candidates.iter().take(CANDIDATES);
        let mut names: Vec<String> = named.map(|field| self.path(*field)).collect();
        if candidates.len() > CANDIDATES {
            names.push(format!("{} others", candidates.len() - CANDIDATES));
        }
        let message = match &names[..] {
            [] => format!("the other side of `{}` is unclear", self.path(id)),
            names => format!(
                "the other side of `{}` is unclear: it could be {}",
                self.path(id),
                names.join(" or ")
            ),
        };
        let example = candidates.first().map_or("by FIELD".to_owned(), |field| {
            format!("by {}", self.field(*field).name)
        });
        self.error("AW251", span, message, format!("name it: `{example}`"));
    }

    fn set_kind(&mut self, id: FieldId, kind: ToManyKind) {
        if let FieldKind::ToMany(relation) = &mut self.field_mut(id).kind {
            relation.kind = kind;
        }
    }
}
