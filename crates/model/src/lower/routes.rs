//! No two operations answer the same requests or have the same id, whether the design names them or implies them.

use super::context::Lowering;
use super::operations::pattern;
use crate::naming::{camel, downloads, segment};
use crate::{Entity, Field, Method, ScalarType, ToManyKind};
use archwright_diagnostics::{Diagnostic, Span};
use std::collections::BTreeMap;

/// What the server offers by itself, below no base.
const OF_SERVER: [(Method, &str); 9] = [
    (Method::Get, "/"),
    (Method::Get, "/reference"),
    (Method::Get, "/healthz"),
    (Method::Get, "/readyz"),
    (Method::Get, "/metrics"),
    (Method::Get, "/openapi.json"),
    (Method::Get, "/problems/{}"),
    (Method::Get, "/.well-known/jwks.json"),
    (Method::Post, "/dev/sign-in/{}"),
];

/// Below it stand the scripts, styles and pictures of its pages.
const PAGES: &str = "/_page";

struct Known {
    /// Absent for what the server offers beside the operations.
    id: Option<String>,
    method: Method,
    path: String,
    /// As a sentence names it: `` `list` of `Book` ``.
    what: String,
    place: Option<Span>,
}

impl Lowering<'_> {
    pub fn check_routes(&mut self) {
        let all: Vec<Known> = self
            .of_server()
            .into_iter()
            .chain(self.of_accounts())
            .chain(self.of_entities())
            .chain(self.of_files())
            .chain(self.named())
            .collect();
        let mut found = same_routes(&all);
        found.extend(same_ids(&all));
        found.extend(self.hidden_by_accounts());
        found.extend(hidden_by_pages(&all));
        for diagnostic in found {
            self.report(diagnostic);
        }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.api.base)
    }

    fn of_server(&self) -> Vec<Known> {
        let known = |(method, path): &(Method, &str)| Known {
            id: None,
            method: *method,
            path: (*path).to_owned(),
            what: "the server".to_owned(),
            place: None,
        };
        OF_SERVER.iter().map(known).collect()
    }

    fn of_accounts(&self) -> Vec<Known> {
        let Some(account) = &self.account else {
            return Vec::new();
        };
        let known = |name: &str, method| Known {
            id: Some(format!("auth.{name}")),
            method,
            path: self.at(&format!("/auth/{name}")),
            what: format!("`{name}` of accounts"),
            place: None,
        };
        let mut all = vec![
            known("sign-in", Method::Post),
            known("refresh", Method::Post),
            known("sign-out", Method::Post),
            known("me", Method::Get),
            known("password", Method::Put),
        ];
        if self.roles.iter().any(|role| role.sign_up) {
            all.push(known("sign-up", Method::Post));
        }
        if self.roles.iter().any(|role| !role.granted_by.is_empty()) {
            all.push(self.of_row(
                self.entity(account.entity),
                "set-roles",
                Method::Put,
                "/roles",
            ));
        }
        all
    }

    /// An operation on one row: its path is the row's with `rest` behind it.
    fn of_row(&self, entity: &Entity, name: &str, method: Method, rest: &str) -> Known {
        Known {
            path: self.at(&format!("/{}/{{}}{rest}", entity.path)),
            ..self.of_all(entity, name, method)
        }
    }

    /// An operation on the rows together.
    fn of_all(&self, entity: &Entity, name: &str, method: Method) -> Known {
        Known {
            id: Some(format!("{}.{name}", entity.plural)),
            method,
            path: self.at(&format!("/{}", entity.path)),
            what: format!("`{name}` of `{}`", entity.name),
            place: Some(self.sources[entity.id.0].name.span),
        }
    }

    fn of_entities(&self) -> Vec<Known> {
        let mut all = Vec::new();
        for entity in &self.entities {
            if entity.part_of.is_some() || self.same_named.contains(&entity.id) {
                continue;
            }
            let access = &entity.access;
            if !access.list.is_empty() {
                all.push(self.of_all(entity, "list", Method::Get));
            }
            if !access.create.is_empty() {
                all.push(self.of_all(entity, "create", Method::Post));
            }
            for (grants, name, method) in [
                (&access.get, "get", Method::Get),
                (&access.update, "update", Method::Patch),
                (&access.delete, "delete", Method::Delete),
            ] {
                if !grants.is_empty() {
                    all.push(self.of_row(entity, name, method, ""));
                }
            }
            self.of_moves(entity, &mut all);
            if !access.update.is_empty() {
                for field in entity.fields.iter().filter(|field| !field.read_only) {
                    self.of_field(entity, field, &mut all);
                }
            }
        }
        all
    }

    fn of_moves(&self, entity: &Entity, all: &mut Vec<Known>) {
        let moves = entity.state.iter().flat_map(|machine| &machine.moves);
        for (step, source) in moves.zip(&self.sources[entity.id.0].moves) {
            let rest = format!("/{}", segment(&step.name));
            all.push(Known {
                place: Some(source.name.span),
                what: format!("the move `{}` of `{}`", step.name, entity.name),
                ..self.of_row(entity, &step.name, Method::Post, &rest)
            });
        }
    }

    /// What links rows to a row, and what uploads its files.
    fn of_field(&self, entity: &Entity, field: &Field, all: &mut Vec<Known>) {
        if self.broken.contains(&field.id) {
            return;
        }
        let segment = segment(&field.name);
        let mut add = |verb: &str, method, rest: String| {
            all.push(Known {
                what: format!("`{verb}` of `{}`", self.path(field.id)),
                place: self.place_of(field.id),
                ..self.of_row(entity, &format!("{verb}-{segment}"), method, &rest)
            });
        };
        let kind = field.to_many().map(|relation| &relation.kind);
        if matches!(kind, Some(ToManyKind::Linked { canonical, .. }) if *canonical == field.id) {
            add("link", Method::Put, format!("/{segment}/{{}}"));
            add("unlink", Method::Delete, format!("/{segment}/{{}}"));
        }
        if matches!(field.scalar(), Some(ScalarType::File { .. })) {
            add("upload", Method::Put, format!("/{segment}"));
            if field.optional {
                add("remove", Method::Delete, format!("/{segment}"));
            }
        }
    }

    fn of_files(&self) -> Option<Known> {
        let mut fields = self.entities.iter().flat_map(|entity| &entity.fields);
        let file = fields.find(|field| matches!(field.scalar(), Some(ScalarType::File { .. })))?;
        Some(Known {
            id: Some("files.download".to_owned()),
            method: Method::Get,
            path: self.at(&format!("/{}/{{}}", downloads(&self.entities))),
            what: "the download of files".to_owned(),
            place: self.place_of(file.id),
        })
    }

    fn named(&self) -> Vec<Known> {
        let known = |operation: &crate::Operation| {
            let mut sources = self.design.operations.iter();
            let source = sources.find(|source| source.name.value == operation.name);
            let place = source.map(|source| {
                let path = source.path.as_ref();
                path.map_or(source.name.span, |path| path.span)
            });
            Known {
                id: Some(camel(&operation.name)),
                method: operation.method,
                path: self.at(&operation.path),
                what: format!("`{}`", operation.name),
                place,
            }
        };
        self.operations.iter().map(known).collect()
    }

    /// Entities whose rows would stand where accounts sign in: a row with the key `me` could not be reached.
    fn hidden_by_accounts(&self) -> Vec<Diagnostic> {
        let accounts = self.account.is_some();
        let hidden = self
            .entities
            .iter()
            .filter(|entity| accounts && entity.path == "auth" && entity.part_of.is_none());
        hidden
            .map(|entity| {
                let message = format!("accounts sign in below the path of `{}`", entity.name);
                let place = self.sources[entity.id.0].name.span;
                Diagnostic::new("AW351", place, message).help("give the entity another `path`")
            })
            .collect()
    }
}

fn hidden_by_pages(all: &[Known]) -> Vec<Diagnostic> {
    let below = |known: &&Known| {
        let rest = known.path.strip_prefix(PAGES);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let hidden = |known: &Known| {
        let message = format!("what the server's pages need stands below `{PAGES}`");
        Diagnostic::new("AW351", known.place, message).help("begin the path otherwise")
    };
    all.iter().filter(below).map(hidden).collect()
}

fn same_routes(all: &[Known]) -> Vec<Diagnostic> {
    let mut routes: BTreeMap<(Method, String), &Known> = BTreeMap::new();
    let mut found = Vec::new();
    for known in all {
        let path = match &known.path[..] {
            "" => "/",
            path => path,
        };
        let Some(first) = routes.get(&(known.method, pattern(path))) else {
            routes.insert((known.method, pattern(path)), known);
            continue;
        };
        let method = known.method.name();
        let message = format!("{} has this route too: {method} {path}", first.what);
        found.push(beside(
            first,
            Diagnostic::new("AW351", known.place, message)
                .help("change the verb or the path of one of them"),
        ));
    }
    found
}

/// Operations that differ in their routes and not in their ids.
fn same_ids(all: &[Known]) -> Vec<Diagnostic> {
    let mut ids: BTreeMap<String, &Known> = BTreeMap::new();
    let mut found = Vec::new();
    for known in all {
        let Some(id) = known.id.as_deref().map(camel) else {
            continue;
        };
        let Some(first) = ids.get(&id) else {
            ids.insert(id, known);
            continue;
        };
        if (known.method, pattern(&known.path)) == (first.method, pattern(&first.path)) {
            continue;
        }
        let message = format!("{} and {} would both be `{id}`", known.what, first.what);
        found.push(beside(
            first,
            Diagnostic::new("AW373", known.place, message).help("rename one of them"),
        ));
    }
    found
}

fn beside(first: &Known, diagnostic: Diagnostic) -> Diagnostic {
    match first.place.filter(|place| diagnostic.span != Some(*place)) {
        Some(place) => diagnostic.other(place, "the other operation"),
        None => diagnostic,
    }
}
