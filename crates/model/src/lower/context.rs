//! What the passes share: the design, what is resolved so far, and what is wrong.

use super::prepare::Hidden;
use crate::{
    Account, Api, Entity, EntityId, Field, FieldId, FieldKind, Operation, Role, RoleId, Seed,
    Stack, View, ViewId,
};
use archwright_design::ast::{self, Text};
use archwright_diagnostics::{Diagnostic, MAX_DIAGNOSTICS, Span, nearest};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Lowering<'a> {
    /// With aliases put in, and without what is not part of the API version.
    pub design: &'a ast::Design,
    pub hidden: &'a Hidden,
    pub diagnostics: Vec<Diagnostic>,
    pub api: Api,
    pub stack: Stack,
    pub entities: Vec<Entity>,
    /// The syntax of each entity, at its position.
    pub sources: Vec<&'a ast::Entity>,
    /// The syntax of each declared field, at its position; implied fields come after them and have none.
    pub field_sources: Vec<Vec<&'a ast::Field>>,
    pub entity_names: BTreeMap<&'a str, EntityId>,
    pub field_names: Vec<BTreeMap<String, usize>>,
    /// The moves of each entity, by name.
    pub move_names: Vec<BTreeMap<String, usize>>,
    /// Entities with the plural or the path of an earlier one, which was said.
    pub same_named: BTreeSet<EntityId>,
    /// Fields with an error in their type: they exist, but nothing more is said about what uses them.
    pub broken: BTreeSet<FieldId>,
    /// Inputs with an error in their type, by name: uses of them would only repeat it.
    pub broken_inputs: BTreeSet<String>,
    /// Entities that were meant to be parts, by a relation with an error.
    pub meant_as_parts: BTreeSet<EntityId>,
    pub roles: Vec<Role>,
    pub role_names: BTreeMap<&'a str, RoleId>,
    pub account: Option<Account>,
    /// Some entity is meant to be the account, even if it is not right.
    pub account_intended: bool,
    /// The lack of an account was said once.
    pub account_missed: bool,
    pub tenant: Option<EntityId>,
    pub views: Vec<View>,
    pub view_names: BTreeMap<&'a str, ViewId>,
    pub view_sources: Vec<&'a ast::View>,
    /// How many values each view shows, once all are known; none where they show each other in circles.
    pub view_values: Option<Vec<usize>>,
    pub operations: Vec<Operation>,
    pub seeds: Vec<Seed>,
}

impl<'a> Lowering<'a> {
    pub fn new(design: &'a ast::Design, hidden: &'a Hidden, diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            design,
            hidden,
            diagnostics,
            api: super::api::default_api(),
            stack: super::api::default_stack(),
            entities: Vec::new(),
            sources: Vec::new(),
            field_sources: Vec::new(),
            entity_names: BTreeMap::new(),
            field_names: Vec::new(),
            move_names: Vec::new(),
            same_named: BTreeSet::new(),
            broken: BTreeSet::new(),
            broken_inputs: BTreeSet::new(),
            meant_as_parts: BTreeSet::new(),
            roles: Vec::new(),
            role_names: BTreeMap::new(),
            account: None,
            account_intended: false,
            account_missed: false,
            tenant: None,
            views: Vec::new(),
            view_names: BTreeMap::new(),
            view_sources: Vec::new(),
            view_values: None,
            operations: Vec::new(),
            seeds: Vec::new(),
        }
    }

    /// How many names a misspelt one is compared with: none any more in a design that is wrong all over, so that
    /// hostile input is answered in bounded time.
    pub fn compared_names(&self) -> usize {
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            1_000
        } else {
            0
        }
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report(Diagnostic::new(code, span, message).help(help));
    }

    pub fn entity(&self, id: EntityId) -> &Entity {
        &self.entities[id.0]
    }

    pub fn field(&self, id: FieldId) -> &Field {
        &self.entities[id.entity.0].fields[id.index]
    }

    pub fn field_mut(&mut self, id: FieldId) -> &mut Field {
        &mut self.entities[id.entity.0].fields[id.index]
    }

    pub fn entity_ids(&self) -> impl Iterator<Item = EntityId> + use<> {
        (0..self.entities.len()).map(EntityId)
    }

    /// The syntax of a declared field.
    pub fn source(&self, id: FieldId) -> Option<&'a ast::Field> {
        self.field_sources[id.entity.0].get(id.index).copied()
    }

    pub fn field_named(&self, entity: EntityId, name: &str) -> Option<FieldId> {
        self.field_names[entity.0].get(name).map(|index| FieldId {
            entity,
            index: *index,
        })
    }

    pub fn move_named(&self, entity: EntityId, name: &str) -> Option<usize> {
        self.move_names[entity.0].get(name).copied()
    }

    /// `Order.status`
    pub fn path(&self, id: FieldId) -> String {
        format!("{}.{}", self.entity(id.entity).name, self.field(id).name)
    }

    /// The entity of that name, or a diagnostic.
    pub fn find_entity(&mut self, name: &Text) -> Option<EntityId> {
        if let Some(id) = self.entity_names.get(&name.value[..]) {
            return Some(*id);
        }
        let diagnostic = match self.hidden.entities.get(&name.value) {
            Some(why) => hidden(name.span, &format!("entity `{}`", name.value), why),
            None => unknown(
                "AW250",
                name.span,
                "entity",
                &name.value,
                self.entity_names
                    .keys()
                    .copied()
                    .take(self.compared_names()),
            ),
        };
        self.report(diagnostic);
        None
    }

    /// The field of that name, or a diagnostic.
    pub fn find_field(&mut self, entity: EntityId, name: &Text) -> Option<FieldId> {
        if let Some(id) = self.field_named(entity, &name.value) {
            return Some(id);
        }
        let diagnostic = self.no_field(entity, &name.value, name.span, "AW227");
        self.report(diagnostic);
        None
    }

    pub fn no_field(
        &self,
        entity: EntityId,
        name: &str,
        span: Span,
        code: &'static str,
    ) -> Diagnostic {
        let owner = &self.entity(entity).name;
        if let Some(why) = self.hidden.fields.get(&(owner.clone(), name.to_owned())) {
            return hidden(span, &format!("field `{owner}.{name}`"), why);
        }
        let what = format!("field of {owner}");
        if let Some(relation) = self.relation_behind(entity, name) {
            let message = format!("`{name}` is no {what}");
            return Diagnostic::new(code, span, message).help(format!(
                "write `{relation}.id`, or `{relation}` for the row"
            ));
        }
        // Expressions also know the id, which is no field.
        let id = (code == "AW321").then_some("id");
        let fields = self.field_names[entity.0].keys().map(String::as_str);
        let known = id.into_iter().chain(fields).take(self.compared_names());
        unknown(code, span, &what, name, known)
    }

    /// `customer` for `customer_id`.
    fn relation_behind(&self, entity: EntityId, name: &str) -> Option<String> {
        let stem = name.strip_suffix("_id").or(name.strip_suffix("Id"))?;
        let field = self.field(self.field_named(entity, stem)?);
        field.to_one().map(|_| stem.to_owned())
    }

    /// The role that a rule names, or a diagnostic, which also offers the words for callers of any role.
    pub fn find_role_of_rule(&mut self, name: &Text) -> Option<RoleId> {
        if !self.role_names.contains_key(&name.value[..])
            && let Some(meant) = class_of_callers(&name.value)
        {
            let message = format!("`{}` is no role", name.value);
            let diagnostic = Diagnostic::new("AW270", name.span, message)
                .help(format!("write `{meant}`"))
                .fix(format!("write `{meant}`"), name.span, meant);
            self.report(diagnostic);
            return None;
        }
        self.role_or(name, &CALLERS)
    }

    /// The role of that name, or a diagnostic.
    pub fn find_role(&mut self, name: &Text) -> Option<RoleId> {
        if CALLERS.contains(&&name.value[..]) {
            let message = format!("`{}` is no role", name.value);
            let help = "name a role: this word has a meaning in rules only";
            self.error("AW270", name.span, message, help);
            return None;
        }
        self.role_or(name, &[])
    }

    fn role_or(&mut self, name: &Text, words: &[&str]) -> Option<RoleId> {
        if let Some(id) = self.role_names.get(&name.value[..]) {
            return Some(*id);
        }
        let known = self.role_names.keys().chain(words).copied();
        let known = known.take(self.compared_names());
        let diagnostic = unknown("AW270", name.span, "role", &name.value, known);
        self.report(diagnostic);
        None
    }

    pub fn target_of(&self, id: FieldId) -> Option<EntityId> {
        match &self.field(id).kind {
            FieldKind::Scalar(_) => None,
            FieldKind::ToOne(relation) => Some(relation.target),
            FieldKind::ToMany(relation) => Some(relation.target),
        }
    }

    /// Whether rows of this entity have an owner: their own, their whole's, or themselves.
    pub fn has_owner(&self, entity: EntityId) -> bool {
        let mut current = entity;
        // Composition has no circles once it is checked; the bound holds before that too.
        for _ in 0..=self.entities.len() {
            let entity = self.entity(current);
            if entity.owner.is_some()
                || self
                    .account
                    .as_ref()
                    .is_some_and(|account| account.entity == current)
            {
                return true;
            }
            match entity.part_of {
                Some(part) => current = part.whole,
                None => return false,
            }
        }
        false
    }
}

/// What a rule calls the callers that need no role.
pub(super) const CALLERS: [&str; 4] = ["anyone", "signed-in", "owner", "nobody"];

/// What other languages call them.
fn class_of_callers(name: &str) -> Option<&'static str> {
    Some(match &name.to_ascii_lowercase().replace('_', "-")[..] {
        "everyone" | "everybody" | "anybody" | "all" | "any" | "public" | "anonymous" | "*" => {
            "anyone"
        }
        "authenticated" | "logged-in" | "signedin" | "loggedin" | "user" | "users" => "signed-in",
        "self" | "me" | "author" | "creator" | "caller" => "owner",
        "none" | "noone" | "no-one" => "nobody",
        _ => return None,
    })
}

/// A name that nothing has, with the one that was probably meant.
pub(super) fn unknown<'c>(
    code: &'static str,
    span: Span,
    what: &str,
    name: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Diagnostic {
    let mut candidates: Vec<&str> = candidates.collect();
    let mut seen = BTreeSet::new();
    candidates.retain(|candidate| seen.insert(*candidate));
    let diagnostic = Diagnostic::new(code, span, format!("`{name}` is no {what}"));
    if let Some(meant) = nearest(name, candidates.iter().copied()) {
        return diagnostic.help(format!("did you mean `{meant}`?")).fix(
            format!("write `{meant}`"),
            span,
            meant.to_owned(),
        );
    }
    match candidates.len() {
        0 => diagnostic,
        1..=12 => diagnostic.help(format!("use {}", one_of(&candidates))),
        _ => diagnostic,
    }
}

/// `a`, `b` or `c`.
pub(super) fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

fn hidden(span: Span, what: &str, why: &str) -> Diagnostic {
    Diagnostic::new(
        "AW206",
        span,
        format!("{what} is not part of this API version: {why}"),
    )
    .help(
        "remove what refers to it, give both the same `since` and `until`, or change `api.version`",
    )
}
