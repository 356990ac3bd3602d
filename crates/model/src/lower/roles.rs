//! Roles and what they include, the account entity, owners, tenants.

use super::context::{CALLERS, Lowering};
use super::names::Form;
use crate::{Account, EntityId, FieldId, FieldKind, Role, RoleId, ScalarType};
use archwright_design::ast;
use archwright_diagnostics::{Diagnostic, Span};
use std::collections::BTreeSet;

/// Most roles of a design.
const ROLES: usize = 200;

impl Lowering<'_> {
    pub fn collect_roles(&mut self) {
        for source in &self.design.roles {
            if self.roles.len() == ROLES {
                let message = format!("there are more than {ROLES} roles");
                let help = "tell people apart by relations and conditions";
                self.error("AW204", source.name.span, message, help);
                break;
            }
            self.check_name(&source.name, Form::Word, "a role");
            if CALLERS.contains(&&source.name.value[..]) {
                let message = format!("the name `{}` has a meaning of its own", source.name.value);
                self.error("AW202", source.name.span, message, "rename the role");
                continue;
            }
            self.role_names
                .insert(&source.name.value, RoleId(self.roles.len()));
            self.roles.push(Role {
                name: source.name.value.clone(),
                about: source
                    .about
                    .as_ref()
                    .map(|about| about.value.clone())
                    .unwrap_or_default(),
                sign_up: source.sign_up.as_ref().is_some_and(|open| open.value),
                includes: Vec::new(),
                granted_by: Vec::new(),
            });
        }
        self.read_includes();
        self.check_sign_up();
    }

    fn read_includes(&mut self) {
        let design = self.design;
        let mut direct: Vec<BTreeSet<RoleId>> = vec![BTreeSet::new(); self.roles.len()];
        for source in &design.roles {
            let Some(role) = self.role_names.get(&source.name.value[..]).copied() else {
                continue;
            };
            for name in &source.includes {
                direct[role.0].extend(self.find_role(name));
            }
            let mut granted_by: Vec<RoleId> = source
                .granted_by
                .iter()
                .filter_map(|name| self.find_role(name))
                .collect();
            granted_by.sort();
            granted_by.dedup();
            self.roles[role.0].granted_by = granted_by;
        }
        for index in 0..self.roles.len() {
            let role = RoleId(index);
            let reached = closure(&direct, role);
            if reached.iter().any(|next| direct[next.0].contains(&role)) {
                self.report_circle(role);
            }
            self.roles[index].includes = reached.into_iter().collect();
        }
    }

    pub fn role_source(&self, role: RoleId) -> Option<&ast::Role> {
        let name = &self.roles[role.0].name;
        let mut sources = self.design.roles.iter();
        sources.find(|source| source.name.value == *name)
    }

    fn report_circle(&mut self, role: RoleId) {
        let name = &self.roles[role.0].name;
        let source = self.role_source(role);
        let span = source.and_then(|source| source.includes.first().map(|first| first.span));
        let message = format!("the role `{name}` includes itself");
        self.report(
            Diagnostic::new("AW271", span, message).help("remove one `includes` of the circle"),
        );
    }

    fn check_sign_up(&mut self) {
        let mut open = self
            .design
            .roles
            .iter()
            .filter(|role| role.sign_up.as_ref().is_some_and(|open| open.value));
        let Some(first) = open.next() else { return };
        let others: Vec<&ast::Role> = open.collect();
        for other in others {
            let span = other.sign_up.as_ref().map(|sign_up| sign_up.span);
            let diagnostic =
                Diagnostic::new("AW272", span, "sign-up is open to two roles".to_owned())
                    .other(first.name.span, "it is open to this role")
                    .help("leave `sign-up: open` at one role; others are given with `granted-by`");
            self.report(diagnostic);
        }
    }

    pub fn collect_accounts(&mut self) {
        self.find_account();
        self.find_tenant();
        for entity in self.entity_ids() {
            self.read_owner(entity);
            self.read_tenant(entity);
        }
        self.check_tenant_of_account();
        if let Some(role) = self.design.roles.first() {
            self.need_account(role.name.span, "roles need accounts");
        }
    }

    /// Reports, once, that somebody would have to sign in and nobody can.
    pub fn need_account(&mut self, span: Span, why: &str) {
        if self.account_intended || self.account_missed {
            return;
        }
        self.account_missed = true;
        self.error(
            "AW273",
            span,
            format!("{why}, and no entity is the account"),
            "add `account: email` to the entity whose rows sign in",
        );
    }

    fn find_account(&mut self) {
        let mut first: Option<Span> = None;
        for entity in self.entity_ids() {
            let source = self.sources[entity.0];
            let Some(account) = &source.account else {
                continue;
            };
            self.account_intended = true;
            if let Some(first) = first {
                let diagnostic = Diagnostic::new(
                    "AW274",
                    account.sign_in.span,
                    "a second entity can't be an account",
                )
                .other(first, "the account")
                .help("keep one account entity and tell people apart by roles");
                self.report(diagnostic);
                continue;
            }
            first = Some(account.sign_in.span);
            self.read_account(entity, account);
        }
    }

    fn read_account(&mut self, entity: EntityId, account: &ast::Account) {
        let password_min = account.password_min.as_ref().map_or(8, |min| min.value);
        if let Some(min) = &account.password_min
            && !(8..=128).contains(&min.value)
        {
            self.error(
                "AW204",
                min.span,
                format!("the least length of a password can't be {}", min.value),
                "use a number from 8 to 128",
            );
        }
        if self.entity(entity).part_of.is_some() {
            let help = "remove `composed` from the relation, or make another entity the account";
            self.error(
                "AW275",
                account.sign_in.span,
                "a part can't be the account",
                help,
            );
        }
        let Some(sign_in) = self.find_field(entity, &account.sign_in) else {
            return;
        };
        let field = self.field(sign_in);
        let text = matches!(
            field.kind,
            FieldKind::Scalar(
                ScalarType::Email
                    | ScalarType::String { .. }
                    | ScalarType::Slug
                    | ScalarType::Phone
            )
        );
        let unique = self
            .entity(entity)
            .unique
            .iter()
            .any(|key| key.fields == [sign_in]);
        let hidden = field.optional
            || field.write_only
            || self
                .source(sign_in)
                .is_none_or(|source| source.computed.is_some());
        if (!text || !unique || hidden) && !self.broken.contains(&sign_in) {
            let message = format!(
                "nobody can sign in by `{}`: it has to be a required, unique text",
                field.name
            );
            let help = format!("write `{}: email, unique`", field.name);
            return self.error("AW275", account.sign_in.span, message, help);
        }
        self.account = Some(Account {
            entity,
            sign_in,
            password_min: password_min as u32,
        });
    }

    fn find_tenant(&mut self) {
        for entity in self.entity_ids() {
            let Some(tenant) = self.sources[entity.0]
                .tenant
                .as_ref()
                .filter(|tenant| tenant.value)
            else {
                continue;
            };
            match self.tenant {
                None => self.tenant = Some(entity),
                Some(first) => {
                    let first = self.entity(first).span;
                    let diagnostic = Diagnostic::new(
                        "AW277",
                        tenant.span,
                        "a second entity can't be the tenant",
                    )
                    .other(first, "the tenant")
                    .help("leave `tenant: true` at one entity");
                    self.report(diagnostic);
                }
            }
        }
    }

    fn marked(
        &self,
        entity: EntityId,
        mark: impl Fn(&ast::Field) -> Option<Span>,
    ) -> Vec<(FieldId, Span)> {
        let fields = self.field_sources[entity.0].iter().enumerate();
        let marked = fields.filter_map(|(index, source)| {
            mark(source).map(|span| (FieldId { entity, index }, span))
        });
        marked
            .filter(|(field, _)| {
                self.field(*field).to_one().is_some() && !self.broken.contains(field)
            })
            .collect()
    }

    fn read_owner(&mut self, entity: EntityId) {
        let marked = self.marked(entity, |source| source.owner);
        for (index, (field, span)) in marked.into_iter().enumerate() {
            if index > 0 {
                self.error(
                    "AW276",
                    span,
                    "a row has one owner",
                    "leave `owner` at one field, and use a condition for the others",
                );
                continue;
            }
            if self.entity(entity).part_of.is_some() {
                let message = "a part is owned like its whole";
                self.error("AW276", span, message, "remove `owner`, or use a condition");
                continue;
            }
            self.need_account(span, "an owner is an account");
            let target = self.target_of(field);
            if let Some(account) = self.account.as_ref().map(|account| account.entity)
                && target != Some(account)
            {
                let message = format!(
                    "the owner has to be a `{}`, the account",
                    self.entity(account).name
                );
                self.error(
                    "AW276",
                    span,
                    message,
                    "move `owner` to a relation to the account, or use a condition",
                );
                continue;
            }
            if self
                .account
                .as_ref()
                .is_some_and(|account| account.entity == entity)
            {
                self.error(
                    "AW276",
                    span,
                    "an account's row owns itself",
                    "remove `owner`",
                );
                continue;
            }
            self.entities[entity.0].owner = Some(field);
        }
    }

    fn read_tenant(&mut self, entity: EntityId) {
        let marked = self.marked(entity, |source| source.tenant);
        for (index, (field, span)) in marked.into_iter().enumerate() {
            if index > 0 {
                self.error(
                    "AW277",
                    span,
                    "a row has one tenant",
                    "leave `tenant` at one field",
                );
                continue;
            }
            if self.entity(entity).part_of.is_some() {
                let message = "a part is in the tenant of its whole";
                self.error("AW277", span, message, "remove `tenant`");
                continue;
            }
            match self.tenant {
                None => self.error(
                    "AW277",
                    span,
                    "no entity is the tenant",
                    "add `tenant: true` to the entity that this leads to",
                ),
                Some(tenant) if self.target_of(field) != Some(tenant) => {
                    let message = format!("the tenant has to be a `{}`", self.entity(tenant).name);
                    self.error(
                        "AW277",
                        span,
                        message,
                        "move `tenant` to the relation to it",
                    );
                }
                Some(_) => {
                    self.need_account(span, "a tenant is known by the account");
                    self.entities[entity.0].tenant = Some(field);
                }
            }
        }
    }

    fn check_tenant_of_account(&mut self) {
        let Some(account) = self.account.as_ref().map(|account| account.entity) else {
            return;
        };
        if self.entity(account).tenant.is_some() {
            return;
        }
        let Some(user) = self.entities.iter().find(|entity| entity.tenant.is_some()) else {
            return;
        };
        let Some(span) = user.tenant.map(|field| self.field(field).span) else {
            return;
        };
        let message = format!(
            "`{}` is confined to the caller's tenant, but a `{}` has none",
            user.name,
            self.entity(account).name
        );
        let account = self.entity(account).span;
        let diagnostic = Diagnostic::new("AW277", span, message)
            .other(account, "the account")
            .help("give the account a relation to the tenant, marked `tenant`");
        self.report(diagnostic);
    }
}

fn closure(direct: &[BTreeSet<RoleId>], from: RoleId) -> BTreeSet<RoleId> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(role) = open.pop() {
        if reached.insert(role) {
            open.extend(&direct[role.0]);
        }
    }
    reached
}
