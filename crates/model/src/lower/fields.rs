//! Fields: their types first, then what depends on other fields, then keys and indexes.

use super::context::Lowering;
use super::entities::evolution;
use super::names::Form;
use super::scalars;
use crate::{
    EntityId, Field, FieldId, FieldKind, LARGEST_INDEXED_BYTES, OnDelete, Origin, ScalarType,
    ToMany, ToManyKind, ToOne, UniqueKey,
};
use archwright_design::ast::{self, Text};
use archwright_design::{RESERVED_FIELDS, RESERVED_OF_ACCOUNTS, TIMESTAMPS};
use archwright_diagnostics::Span;

impl Lowering<'_> {
    pub fn collect_fields(&mut self) {
        for entity in self.entity_ids() {
            let source = self.sources[entity.0];
            for field in &source.fields {
                self.check_field_name(source, field);
                let id = FieldId {
                    entity,
                    index: self.entity(entity).fields.len(),
                };
                let built = self.field_from(field, id);
                self.entities[entity.0].fields.push(built);
                self.field_names[entity.0].insert(field.name.value.clone(), id.index);
                self.field_sources[entity.0].push(field);
            }
        }
    }

    fn check_field_name(&mut self, source: &ast::Entity, field: &ast::Field) {
        self.check_name(&field.name, Form::Field, "a field");
        let name = &field.name.value[..];
        let stamp = TIMESTAMPS.contains(&name);
        if stamp
            && source
                .timestamps
                .as_ref()
                .is_none_or(|timestamps| timestamps.value)
        {
            let message =
                format!("`{name}` is there already: each entity has it unless `timestamps: false`");
            return self.error(
                "AW202",
                field.name.span,
                message,
                "remove the field, or add `timestamps: false` to the entity",
            );
        }
        let credential = source.account.is_some() && RESERVED_OF_ACCOUNTS.contains(&name);
        if credential || RESERVED_FIELDS.contains(&name) {
            let message = format!("the name `{name}` is reserved");
            let help = match name {
                "id" => {
                    "remove the field: each entity has an id; `id: int` on the entity changes its type"
                }
                "version" => "remove the field: `versioned` gives each row a version",
                "password" | "roles" => {
                    "remove the field: an account has a password and roles without it"
                }
                "deleted_at" => "use `soft-delete: true`, or rename the field",
                _ => "rename the field",
            };
            self.error("AW202", field.name.span, message, help);
        }
    }

    fn field_from(&mut self, source: &ast::Field, id: FieldId) -> Field {
        let kind = self.kind(source).unwrap_or_else(|| {
            self.broken.insert(id);
            FieldKind::Scalar(ScalarType::Text {
                min: 0,
                max: crate::TEXT_CHARACTERS,
            })
        });
        let mut field = blank(id, &source.name.value, kind, source.span);
        field.about = source
            .about
            .as_ref()
            .map(|about| about.value.clone())
            .unwrap_or_default();
        field.optional = source.ty.optional;
        field.immutable = source.immutable.is_some();
        field.read_only = source.read_only.is_some() || source.computed.is_some();
        field.write_only = source.write_only.is_some();
        field.sensitive = source.sensitive.is_some();
        field.search = source.search.is_some();
        field.filter = source.filter.is_some();
        field.sort = source.sort.is_some();
        field.blank_as_null = source.blank_as_null.is_some();
        field.evolution = evolution(&source.evolution);
        field
    }

    /// The kind that is written; relations are paired later.
    fn kind(&mut self, source: &ast::Field) -> Option<FieldKind> {
        let ty = &source.ty;
        if scalars::NAMES.contains(&&ty.name.value[..]) {
            if ty.many {
                let message = format!("a field can't hold a list of `{}`", ty.name.value);
                let help = "make an entity for the items (`composed` if they belong to the row), or use `json`";
                self.error("AW220", ty.span, message, help);
                return None;
            }
            return self.scalar(ty).map(FieldKind::Scalar);
        }
        let Some(target) = self.entity_names.get(&ty.name.value[..]).copied() else {
            self.unknown_type(&ty.name);
            return None;
        };
        if let Some(argument) = ty.arguments.first() {
            self.error(
                "AW221",
                argument.span,
                "an entity takes nothing in brackets",
                "remove the brackets",
            );
        }
        if !ty.many {
            return Some(FieldKind::ToOne(ToOne {
                target,
                on_delete: OnDelete::Restrict,
                inverse: None,
            }));
        }
        if ty.optional {
            let message = "a to-many relation is never missing: without rows it is empty";
            self.error("AW222", ty.span, message, "remove the `?`");
        }
        // Every to-many field gets its real kind when relations are paired.
        let placeholder = FieldId {
            entity: target,
            index: 0,
        };
        Some(FieldKind::ToMany(ToMany {
            target,
            kind: ToManyKind::Linked {
                canonical: placeholder,
                inverse: None,
            },
        }))
    }

    /// Adds a field that nobody wrote.
    pub fn imply(&mut self, entity: EntityId, name: &str, kind: FieldKind, span: Span) -> FieldId {
        let id = FieldId {
            entity,
            index: self.entity(entity).fields.len(),
        };
        let mut field = blank(id, name, kind, span);
        field.origin = Origin::Implied;
        self.entities[entity.0].fields.push(field);
        self.field_names[entity.0].insert(name.to_owned(), id.index);
        id
    }

    /// Everything about fields that needs all fields and relations.
    pub fn finish_fields(&mut self) {
        for entity in self.entity_ids() {
            for index in 0..self.field_sources[entity.0].len() {
                self.check_modifiers(FieldId { entity, index });
            }
            self.add_timestamps(entity);
            self.read_keys(entity);
            self.check_shown_names(entity);
        }
    }

    fn add_timestamps(&mut self, entity: EntityId) {
        if !self.entity(entity).timestamps {
            return;
        }
        let span = self.sources[entity.0].name.span;
        for (name, about) in [
            ("created_at", "When the row was made."),
            ("updated_at", "When the row was last changed."),
        ] {
            if self.field_named(entity, name).is_some() {
                continue;
            }
            let id = self.imply(entity, name, FieldKind::Scalar(ScalarType::DateTime), span);
            let field = self.field_mut(id);
            field.read_only = true;
            field.sort = true;
            about.clone_into(&mut field.about);
        }
    }

    fn read_keys(&mut self, entity: EntityId) {
        let source = self.sources[entity.0];
        for index in 0..self.field_sources[entity.0].len() {
            let Some(unique) = &self.field_sources[entity.0][index].unique else {
                continue;
            };
            let own = FieldId { entity, index };
            let mut fields: Vec<FieldId> = unique
                .within
                .iter()
                .filter_map(|name| self.key_part(entity, name))
                .collect();
            fields.push(own);
            self.add_unique(entity, fields, unique.span);
        }
        for names in &source.unique {
            let fields: Vec<FieldId> = names
                .iter()
                .filter_map(|name| self.key_part(entity, name))
                .collect();
            if let (Some(first), true) = (names.first(), fields.len() == names.len()) {
                self.add_unique(entity, fields, first.span);
            }
        }
        for names in &source.index {
            let fields: Vec<FieldId> = names
                .iter()
                .filter_map(|name| self.key_part(entity, name))
                .collect();
            match names.first() {
                Some(first) if self.is_oversized(&fields) => self.oversized(first.span),
                Some(_) if fields.len() == names.len() => {
                    self.entities[entity.0].indexes.push(fields);
                }
                _ => {}
            }
        }
        if let Some(key) = &source.key {
            self.read_natural_key(entity, key);
        }
    }

    fn add_unique(&mut self, entity: EntityId, fields: Vec<FieldId>, span: Span) {
        let names: Vec<String> = fields
            .iter()
            .map(|id| heck::ToSnakeCase::to_snake_case(&self.field(*id).name[..]))
            .collect();
        if fields
            .iter()
            .enumerate()
            .any(|(index, field)| fields[..index].contains(field))
        {
            return self.error(
                "AW228",
                span,
                "a field is in this key twice",
                "name each field once",
            );
        }
        if self.is_oversized(&fields) {
            return self.oversized(span);
        }
        let mut known = self.entity(entity).unique.iter();
        if known.any(|key| key.fields == fields) {
            return self.error(
                "AW201",
                span,
                "this key is there already",
                "remove one of them",
            );
        }
        let name = self.name_of_key(entity, &names.join("_"));
        self.entities[entity.0]
            .unique
            .push(UniqueKey { name, fields });
    }

    /// Whether the texts of a key can be too long for an index, even without a letter of two bytes. Of sensitive fields
    /// it has hashes.
    fn is_oversized(&self, fields: &[FieldId]) -> bool {
        let lengths = fields.iter().map(|id| match self.field(*id) {
            field if field.sensitive => 0,
            field => match field.scalar() {
                Some(ScalarType::String { max, .. }) => *max as usize,
                _ => 0,
            },
        });
        lengths.sum::<usize>() > LARGEST_INDEXED_BYTES
    }

    fn oversized(&mut self, span: Span) {
        let message = format!(
            "the texts of this key can be longer than the {LARGEST_INDEXED_BYTES} bytes that an index holds"
        );
        self.error("AW228", span, message, "give its fields shorter lengths");
    }

    /// `unique_book_isbn`; with a number where another key has that name, which joined words can give two keys.
    fn name_of_key(&self, entity: EntityId, fields: &str) -> String {
        let plain = format!("unique_{}_{fields}", self.entity(entity).singular);
        let keys = || self.entities.iter().flat_map(|entity| &entity.unique);
        let numbered = (2..).map(|number| format!("{plain}_{number}"));
        std::iter::once(plain.clone())
            .chain(numbered)
            .find(|name| keys().all(|key| key.name != *name))
            .unwrap_or(plain)
    }

    /// A field that a key or an index may have.
    fn key_part(&mut self, entity: EntityId, name: &Text) -> Option<FieldId> {
        let id = self.find_field(entity, name)?;
        if self.broken.contains(&id) {
            return None;
        }
        let field = self.field(id);
        let why = match &field.kind {
            FieldKind::ToMany(_) => Some("it holds many rows"),
            FieldKind::Scalar(
                ScalarType::Json | ScalarType::File { .. } | ScalarType::Text { .. },
            ) => Some("its values are too large to be compared"),
            _ if self
                .source(id)
                .is_some_and(|source| source.computed.is_some()) =>
            {
                Some("it is computed, not stored")
            }
            _ => None,
        };
        let Some(why) = why else { return Some(id) };
        let message = format!("`{}` can't be part of a key or an index: {why}", field.name);
        self.error(
            "AW228",
            name.span,
            message,
            "name a stored field with short values",
        );
        None
    }

    fn read_natural_key(&mut self, entity: EntityId, name: &Text) {
        let Some(id) = self.find_field(entity, name) else {
            return;
        };
        if self.broken.contains(&id) {
            return;
        }
        let field = self.field(id);
        let short = matches!(
            field.kind,
            FieldKind::Scalar(
                ScalarType::String { .. }
                    | ScalarType::Slug
                    | ScalarType::Email
                    | ScalarType::Int
                    | ScalarType::BigInt
                    | ScalarType::Uuid
            )
        );
        let alone = self
            .entity(entity)
            .unique
            .iter()
            .any(|key| key.fields == [id]);
        if !short || !alone || field.optional || field.sensitive || field.write_only {
            let message = format!("`{}` can't address rows", field.name);
            let mut keys = self.entity(entity).unique.iter();
            let within = keys.any(|key| key.fields.contains(&id));
            let help = match within && !alone {
                true => format!(
                    "`{}` is unique together with other fields only: name a field that is unique by itself, or leave out `key`",
                    field.name
                ),
                false => {
                    "name a required, unique field of type string, slug, email, int, bigint or uuid"
                        .to_owned()
                }
            };
            return self.error("AW228", name.span, message, help);
        }
        self.entities[entity.0].key = Some(id);
    }
}

pub(super) fn blank(id: FieldId, name: &str, kind: FieldKind, span: Span) -> Field {
    Field {
        id,
        name: name.to_owned(),
        about: String::new(),
        kind,
        optional: false,
        immutable: false,
        read_only: false,
        write_only: false,
        sensitive: false,
        search: false,
        filter: false,
        sort: false,
        min: None,
        max: None,
        pattern: None,
        blank_as_null: false,
        slug_from: None,
        default: None,
        computed: None,
        example: None,
        visible: None,
        settable: None,
        evolution: crate::Evolution::default(),
        origin: Origin::Declared,
        span,
    }
}
