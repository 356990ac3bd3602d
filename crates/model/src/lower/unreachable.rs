//! Rows that nobody can make, though rules allow it: of tenants before the first sign-up, of what needs a row unseen.

use super::context::Lowering;
use crate::{Entity, EntityId, Field, FieldId, Grant, RoleId, Step, StepKind, Who};
use archwright_diagnostics::Diagnostic;

impl Lowering<'_> {
    pub fn unreachable(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        found.extend(self.no_first_tenant());
        found.extend(self.without_tenant_for_ever());
        for entity in &self.entities {
            if entity.part_of.is_none() {
                found.extend(self.unseen_references(entity));
            }
        }
        found
    }

    // ---- tenants ----

    /// Signing up takes a tenant, and making a tenant takes an account.
    fn no_first_tenant(&self) -> Option<Diagnostic> {
        let account = self.entity(self.account.as_ref()?.entity);
        let by = self.field(account.tenant?);
        let tenant = self.entity(self.tenant?);
        let role = self.roles.iter().position(|role| role.sign_up);
        if by.optional || role.is_none() {
            return None;
        }
        let anyone = |grants: &[Grant]| grants.iter().any(|grant| grant.who == Who::Anyone);
        let made = |operation: &crate::Operation| {
            anyone(&operation.by) && makes(&operation.steps, tenant.id)
        };
        if anyone(&tenant.access.create) || self.operations.iter().any(made) {
            return None;
        }
        let name = &tenant.name;
        let message = format!(
            "nobody can sign up: that takes one `{name}`, and nobody without an account can make it"
        );
        let help = format!(
            "let strangers begin one, by `create: anyone` or by an operation with `by: anyone` that creates the `{name}` and its first `{}`",
            account.name
        );
        let place = self.sources[tenant.id.0].name.span;
        Some(
            Diagnostic::new("AW288", place, message)
                .other(by.span, "signing up takes this")
                .help(help),
        )
    }

    /// Who signs up without a tenant is in none, until something gives them one.
    fn without_tenant_for_ever(&self) -> Option<Diagnostic> {
        let account = self.entity(self.account.as_ref()?.entity);
        let field = self.field(account.tenant?);
        if !field.optional || self.is_set_later(account, field) {
            return None;
        }
        let name = &self.entity(self.tenant?).name;
        let message = format!(
            "a `{}` without a `{name}` never gets one, and meets no row of any `{name}`",
            account.name
        );
        let help = format!(
            "write `{}: {name}, tenant` if everybody is in one, or give it later by a step: `update: caller`, `set: {{ {}: … }}`",
            field.name, field.name
        );
        Some(Diagnostic::new("AW287", field.span, message).help(help))
    }

    fn is_set_later(&self, account: &Entity, field: &Field) -> bool {
        let settable = field.settable.as_ref().is_some_and(|who| !who.is_empty());
        let by_request =
            settable && !field.immutable && !field.read_only && !account.access.update.is_empty();
        let moves = self.entities.iter().flat_map(|entity| &entity.state);
        let mut moves = moves.flat_map(|machine| &machine.moves);
        let mut operations = self.operations.iter();
        let set = |set: &[(FieldId, crate::Expression)]| set.iter().any(|(to, _)| *to == field.id);
        by_request
            || operations.any(|operation| updates(&operation.steps, field.id))
            || moves.any(|step| set(&step.set) || updates(&step.steps, field.id))
    }

    // ---- references ----

    /// The server looks references up as the caller: one to rows that the caller can't read is never found.
    fn unseen_references(&self, entity: &Entity) -> Vec<Diagnostic> {
        let source = self.sources[entity.id.0];
        let rule = |action: &str| {
            source
                .allow
                .iter()
                .find(|allow| allow.action.value == action)
        };
        let Some(rule) = rule("create").or_else(|| rule("write")) else {
            return Vec::new();
        };
        let needed = entity.fields.iter().filter(|field| {
            let from_caller = entity.owner == Some(field.id) || entity.tenant == Some(field.id);
            let given = field.read_only || field.default.is_some() || field.computed.is_some();
            !field.optional && !from_caller && !given
        });
        let unseen = needed.filter_map(|field| {
            let target = self.read_with(field.to_one()?.target);
            let mut grants = entity.access.create.iter();
            let grant = grants.find(|grant| self.never_sees(target, grant.who))?;
            Some((field, target, grant))
        });
        let said = unseen.map(|(field, target, grant)| {
            let who = self.caller_name(grant.who);
            let message = format!(
                "`{who}` may create a `{}`, and can't name its `{}`: they see no `{}`",
                entity.name, field.name, target.name
            );
            let help = format!(
                "let them read what they name: `get: {}` in `{}`",
                match grant.who {
                    Who::Owner => "signed-in",
                    _ => who,
                },
                target.name
            );
            Diagnostic::new("AW289", rule.action.span, message)
                .other(field.span, "each needs one")
                .help(help)
        });
        said.collect()
    }

    /// What is read where a row of this entity is: itself, or the whole that it is a part of.
    fn read_with(&self, mut entity: EntityId) -> &Entity {
        while let Some(part) = self.entity(entity).part_of {
            entity = part.whole;
        }
        self.entity(entity)
    }

    /// Whether no rule lets such a caller read a row, whoever they are beside it.
    fn never_sees(&self, target: &Entity, who: Who) -> bool {
        let access = &target.access;
        let reading = if access.get.is_empty() {
            &access.list
        } else {
            &access.get
        };
        let newcomer = self.roles.iter().position(|role| role.sign_up).map(RoleId);
        let has = |role: RoleId| match who {
            Who::Role(own) => self.roles[own.0].includes.contains(&role),
            // Who is signed in has at least the role of newcomers.
            _ => newcomer.is_some_and(|own| self.roles[own.0].includes.contains(&role)),
        };
        !reading.iter().any(|grant| match grant.who {
            Who::Role(role) => has(role),
            Who::Anyone | Who::SignedIn | Who::Owner => true,
        })
    }

    pub fn caller_name(&self, who: Who) -> &str {
        match who {
            Who::Anyone => "anyone",
            Who::SignedIn => "signed-in",
            Who::Owner => "owner",
            Who::Role(role) => &self.roles[role.0].name,
        }
    }
}

/// Whether steps make a row of this entity.
fn makes(steps: &[Step], wanted: EntityId) -> bool {
    steps.iter().any(|step| match &step.kind {
        StepKind::Create { entity, .. }
        | StepKind::Upsert { entity, .. }
        | StepKind::GetOrCreate { entity, .. } => *entity == wanted,
        StepKind::Each { steps, .. } => makes(steps, wanted),
        _ => false,
    })
}

/// Whether steps give a field another value.
fn updates(steps: &[Step], field: FieldId) -> bool {
    steps.iter().any(|step| match &step.kind {
        StepKind::Update { set, .. } | StepKind::Upsert { set, .. } => {
            set.iter().any(|(to, _)| *to == field)
        }
        StepKind::Each { steps, .. } => updates(steps, field),
        _ => false,
    })
}
