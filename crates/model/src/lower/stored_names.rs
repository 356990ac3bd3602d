//! No two things share a name in the database.

use super::context::Lowering;
use crate::naming::{column_name, link_columns, link_table, snake};
use crate::{EntityId, Field, FieldId, ScalarType, ToManyKind};
use archwright_diagnostics::{Diagnostic, Span};
use std::collections::BTreeMap;

/// Columns that PostgreSQL gives every table (its manual, 5.6).
const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// What the names of a database's own tables begin with (SQLite's file format, 2.6; PostgreSQL's manual, 5.10).
const SYSTEM_TABLES: [&str; 2] = ["sqlite_", "pg_"];

/// What SQLite adds to the name of a full-text table for the tables in which it keeps it (its FTS5 manual, 9).
const OF_SEARCH: [&str; 5] = ["", "_data", "_idx", "_docsize", "_config"];

/// The names of one scope, each with what has it; what no line of the design asks for has no place.
#[derive(Default)]
struct Names {
    known: BTreeMap<String, (String, Option<Span>)>,
    found: Vec<Diagnostic>,
}

impl Names {
    fn taken(names: &[&str], what: &str) -> Self {
        let known = names
            .iter()
            .map(|name| ((*name).to_owned(), (what.to_owned(), None)));
        Self {
            known: known.collect(),
            found: Vec::new(),
        }
    }

    fn claim(&mut self, name: String, what: String, span: Option<Span>, help: &str) {
        let Some((first, place)) = self.known.get(&name) else {
            self.known.insert(name, (what, span));
            return;
        };
        let message = format!("{what} and {first} would both be `{name}` in the database");
        let diagnostic = Diagnostic::new("AW209", span.or(*place), message).help(help);
        self.found.push(match place {
            Some(place) if span.is_some() => diagnostic.other(*place, "the other one"),
            _ => diagnostic,
        });
    }
}

impl Lowering<'_> {
    pub fn check_stored_names(&mut self) {
        let mut found = self.table_names();
        for entity in self.entity_ids() {
            found.extend(self.column_names(entity));
            found.extend(self.names_of_checks(entity));
        }
        for diagnostic in found {
            self.report(diagnostic);
        }
    }

    fn table_names(&self) -> Vec<Diagnostic> {
        let mut names = Names::taken(&self.system_tables(), "a table of the server");
        for id in self.entity_ids() {
            let entity = self.entity(id);
            let place = Some(self.sources[id.0].name.span);
            let what = format!("the table of `{}`", entity.name);
            let help = "give the entity another `plural`";
            if SYSTEM_TABLES
                .iter()
                .any(|start| entity.plural.starts_with(start))
            {
                let message = format!(
                    "`{}` is a name that databases keep for tables of their own",
                    entity.plural
                );
                names
                    .found
                    .push(Diagnostic::new("AW209", place, message).help(help));
            }
            if !self.same_named.contains(&id) {
                names.claim(entity.plural.clone(), what, place, help);
            }
            if entity.fields.iter().any(|field| field.search) {
                for suffix in OF_SEARCH {
                    let what = format!("the full-text index of `{}`", entity.name);
                    names.claim(
                        format!("{}_search{suffix}", entity.plural),
                        what,
                        place,
                        help,
                    );
                }
            }
        }
        for field in self.canonical_links() {
            let near = self.entity(field.id.entity);
            let what = format!("the table of the relation `{}`", self.path(field.id));
            names.claim(
                link_table(near, field),
                what,
                self.place_of(field.id),
                "rename the relation, or give the entity another `plural`",
            );
            names.found.extend(self.link_column_names(field));
        }
        for key in self.entities.iter().flat_map(|entity| &entity.unique) {
            let what = format!("the key over `{}`", self.path(key.fields[0]));
            names.claim(
                key.name.clone(),
                what,
                self.place_of(key.fields[0]),
                "rename one of them",
            );
        }
        names.found
    }

    fn canonical_links(&self) -> Vec<&Field> {
        let fields = self.entities.iter().flat_map(|entity| &entity.fields);
        let is_canonical = |field: &&Field| {
            let kind = field.to_many().map(|relation| &relation.kind);
            matches!(kind, Some(ToManyKind::Linked { canonical, .. }) if *canonical == field.id)
                && !self.broken.contains(&field.id)
        };
        fields.filter(is_canonical).collect()
    }

    fn link_column_names(&self, field: &Field) -> Option<Diagnostic> {
        let target = self.target_of(field.id)?;
        let (near, far) = link_columns(self.entity(field.id.entity), self.entity(target));
        if near != far {
            return None;
        }
        let message = format!(
            "the table of the relation `{}` would have `{near}` twice",
            self.path(field.id)
        );
        Some(
            Diagnostic::new("AW209", self.place_of(field.id), message)
                .help("rename one of the two entities"),
        )
    }

    fn system_tables(&self) -> Vec<&'static str> {
        let mut names = vec!["idempotency_keys", "audit_entries", "schema_info"];
        if self.account_intended {
            names.extend(["auth_credentials", "auth_sessions"]);
        }
        let mut scalars = self
            .entities
            .iter()
            .flat_map(|entity| &entity.fields)
            .filter_map(Field::scalar);
        if scalars.any(|scalar| matches!(scalar, ScalarType::File { .. })) {
            names.push("stored_files");
        }
        names
    }

    fn column_names(&self, id: EntityId) -> Vec<Diagnostic> {
        let entity = self.entity(id);
        let mut own = vec!["id"];
        match entity.part_of {
            Some(_) => own.push("position"),
            None if entity.versioned => own.push("version"),
            None => {}
        }
        if entity.soft_delete {
            own.push("deleted_at");
        }
        if entity.fields.iter().any(|field| field.search) {
            own.extend(["search_rowid", "search_words"]);
        }
        own.extend(SYSTEM_COLUMNS);
        let mut names = Names::taken(&own, "a column that each row has");
        for field in &entity.fields {
            let computed = self
                .source(field.id)
                .is_some_and(|source| source.computed.is_some());
            let Some(column) = column_name(field).filter(|_| !computed) else {
                continue;
            };
            let (place, help) = (self.place_of(field.id), "rename the field");
            // A name that is reserved, or shown twice, was refused.
            if self.source(field.id).is_some()
                && self.diagnostics.iter().any(|said| said.span == place)
            {
                continue;
            }
            if field.sensitive {
                let what = format!("the blind index of `{}`", field.name);
                names.claim(format!("{column}_index"), what, place, help);
            }
            names.claim(column, format!("`{}`", field.name), place, help);
        }
        names.found
    }

    fn names_of_checks(&self, id: EntityId) -> Vec<Diagnostic> {
        let mut names = Names::default();
        let mut seen = Vec::new();
        for check in &self.sources[id.0].checks {
            if seen.contains(&&check.name.value) {
                continue;
            }
            seen.push(&check.name.value);
            let what = format!("the check `{}`", check.name.value);
            let place = Some(check.name.span);
            names.claim(
                snake(&check.name.value),
                what,
                place,
                "rename one of the checks",
            );
        }
        names.found
    }

    /// Where the field is named, or the entity that has it without naming it.
    pub fn place_of(&self, id: FieldId) -> Option<Span> {
        let name = self.source(id).map(|source| source.name.span);
        name.or(Some(self.sources[id.entity.0].name.span))
    }
}
