//! Who may do what: access rules of entities, and grants wherever they stand.

use super::context::{Lowering, one_of};
use super::typing::Scope;
use crate::{Access, EntityId, Grant, Who};
use archwright_design::ast::{self, Text};
use archwright_diagnostics::Diagnostic;

/// What a list of grants stands in, and so what they may say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum GrantPlace {
    /// A read, or who sees a field: there is no row that a write leaves.
    Read,
    Write,
    /// A named operation: there is no row at all.
    Operation,
}

impl Lowering<'_> {
    pub fn check_access(&mut self) {
        for entity in self.entity_ids() {
            let source = self.sources[entity.0];
            if let (Some(part), Some(first)) = (self.entity(entity).part_of, source.allow.first()) {
                let message = format!(
                    "`{}` is part of `{}`, whose rules count",
                    self.entity(entity).name,
                    self.path(part.field)
                );
                self.error("AW279", first.action.span, message, "remove `allow` here");
                continue;
            }
            self.entities[entity.0].access = self.access(entity, source);
        }
    }

    fn access(&mut self, entity: EntityId, source: &ast::Entity) -> Access {
        let mut access = Access::default();
        // The broad keys first, so that the specific ones replace what they gave.
        for broad in [true, false] {
            for rule in source
                .allow
                .iter()
                .filter(|rule| matches!(&rule.action.value[..], "read" | "write") == broad)
            {
                self.apply_rule(entity, rule, &mut access);
            }
        }
        access
    }

    fn apply_rule(&mut self, entity: EntityId, rule: &ast::Allow, access: &mut Access) {
        let action = &rule.action.value[..];
        let place = if matches!(action, "read" | "list" | "get") {
            GrantPlace::Read
        } else {
            GrantPlace::Write
        };
        let grants = self.grants(&rule.grants, Some(entity), place);
        if action == "delete" {
            self.refuse_after(&rule.grants, "a deletion leaves no row");
        }
        let targets: [(&str, &str, &mut Vec<Grant>); 5] = [
            ("read", "list", &mut access.list),
            ("read", "get", &mut access.get),
            ("write", "create", &mut access.create),
            ("write", "update", &mut access.update),
            ("write", "delete", &mut access.delete),
        ];
        for (broad, specific, target) in targets {
            if action == broad || action == specific {
                target.clone_from(&grants);
            }
        }
    }

    fn refuse_after(&mut self, grants: &[ast::Grant], why: &str) {
        for after in grants.iter().filter_map(|grant| grant.after.as_ref()) {
            self.error(
                "AW281",
                after.span,
                format!("`after` has no meaning here: {why}"),
                "use `when`",
            );
        }
    }

    /// Resolves alternatives; `nobody` gives none.
    pub fn grants(
        &mut self,
        sources: &[ast::Grant],
        entity: Option<EntityId>,
        place: GrantPlace,
    ) -> Vec<Grant> {
        match place {
            GrantPlace::Read => self.refuse_after(sources, "nothing is written"),
            GrantPlace::Operation => {
                self.refuse_after(sources, "an operation is about no single row")
            }
            GrantPlace::Write => {}
        }
        let mut grants = Vec::new();
        for source in sources {
            if source.who.value == "nobody" {
                if sources.len() > 1 || source.when.is_some() {
                    self.error(
                        "AW281",
                        source.who.span,
                        "`nobody` stands alone",
                        "remove it, or everything beside it",
                    );
                }
                continue;
            }
            let Some(who) = self.who(source, entity, place) else {
                continue;
            };
            let mut scope = match entity {
                Some(entity) => Scope::rule(entity),
                None => Scope::default(),
            };
            scope.signed_in = who != Who::Anyone;
            let when = source
                .when
                .as_ref()
                .map(|when| self.condition(when, &scope));
            let after = source
                .after
                .as_ref()
                .map(|after| self.condition(after, &scope));
            // A condition that is wrong was reported; the grant must not become unconditional.
            if matches!(when, Some(None)) || matches!(after, Some(None)) {
                continue;
            }
            grants.push(Grant {
                who,
                when: when.flatten(),
                after: after.flatten(),
            });
        }
        grants
    }

    fn who(
        &mut self,
        source: &ast::Grant,
        entity: Option<EntityId>,
        place: GrantPlace,
    ) -> Option<Who> {
        match &source.who.value[..] {
            "anyone" => Some(Who::Anyone),
            "signed-in" => {
                self.need_account(source.who.span, "`signed-in` needs accounts");
                Some(Who::SignedIn)
            }
            "owner" => {
                self.need_account(source.who.span, "`owner` needs accounts");
                let known = entity.is_some_and(|entity| self.has_owner(entity));
                if !known && self.account.is_some() {
                    self.no_owner(&source.who, entity, place);
                }
                Some(Who::Owner)
            }
            _ => self.find_role_of_rule(&source.who).map(Who::Role),
        }
    }

    fn no_owner(&mut self, who: &Text, entity: Option<EntityId>, place: GrantPlace) {
        let message = match entity {
            Some(entity) if place != GrantPlace::Operation => {
                format!("`{}` has no owner", self.entity(entity).name)
            }
            _ => "an operation has no owner".to_owned(),
        };
        let relations: Vec<&str> = entity.map_or(Vec::new(), |entity| {
            let account = self.account.as_ref().map(|account| account.entity);
            let fields = self.entity(entity).fields.iter();
            fields
                .filter(|field| {
                    field
                        .to_one()
                        .is_some_and(|relation| Some(relation.target) == account)
                })
                .map(|field| &field.name[..])
                .collect()
        });
        let help = match (&relations[..], entity) {
            (_, None) => "use `signed-in` and a `guard` step".to_owned(),
            ([], _) => "add a relation to the account, marked `owner`".to_owned(),
            (relations, _) => format!("mark {} with `owner`", one_of(relations)),
        };
        self.report(Diagnostic::new("AW276", who.span, message).help(help));
    }
}
