//! What is legal and still can't be meant: roles, accounts and rows that no request ever reaches.

use super::context::Lowering;
use crate::{Entity, EntityId, FieldKind, Grant, Role, RoleId, Step, StepKind, ToManyKind, Who};
use archwright_diagnostics::{Diagnostic, Span};
use std::collections::BTreeSet;

impl Lowering<'_> {
    /// Looks at a design without errors.
    pub fn suspect(&mut self) {
        let (used, shown) = (self.entities_in_operations(), self.entities_in_relations());
        let mut found = Vec::new();
        self.unattainable(&mut found);
        found.extend(self.open_tenant());
        found.extend(self.unconfined());
        found.extend(self.joined_across_tenants());
        found.extend(self.unused_rates());
        found.extend(self.contradictions());
        found.extend(self.unreachable());
        for id in self.entity_ids() {
            let entity = self.entity(id);
            if entity.part_of.is_none() && !used.contains(&id) {
                self.written_unseen(entity, &mut found);
                self.never_found(entity, &shown, &mut found);
            }
        }
        for diagnostic in found {
            self.report(diagnostic);
        }
    }

    /// Accounts that nobody can have, and roles that nobody can get.
    fn unattainable(&self, found: &mut Vec<Diagnostic>) {
        let Some(account) = &self.account else { return };
        let mut given = BTreeSet::new();
        for operation in &self.operations {
            given_roles(&operation.steps, &mut given);
        }
        let open = (0..self.roles.len()).map(RoleId);
        given.extend(open.filter(|role| self.roles[role.0].sign_up));
        if !self.roles.is_empty() && given.is_empty() {
            let name = self.sources[account.entity.0].name.span;
            let message = format!("nobody can become a `{}`", self.entity(account.entity).name);
            found.push(
                Diagnostic::new("AW283", name, message)
                    .help("open a role to sign-up: `roles: { member: { sign-up: open } }`"),
            );
        }
        for role in unattainable(&self.roles, &given) {
            let name = &self.roles[role.0].name;
            let source = self.role_source(role);
            let help = format!(
                "say who gives it, `{name}: {{ granted-by: {name} }}`, or who gets it, `sign-up: open`"
            );
            found.push(
                Diagnostic::new(
                    "AW280",
                    source.map(|source| source.name.span),
                    format!("nobody can get the role `{name}`"),
                )
                .help(help),
            );
        }
    }

    /// Strangers who choose a tenant by signing up, and then see or change more of it than their own rows.
    fn open_tenant(&self) -> Option<Diagnostic> {
        let account = self.account.as_ref()?;
        let tenant = self.field(self.entity(account.entity).tenant?);
        let names_it = |grant: &Grant| matches!(grant.who, Who::Anyone);
        let settable = tenant.settable.as_ref();
        if tenant.read_only || settable.is_some_and(|grants| !grants.iter().any(names_it)) {
            return None;
        }
        let role = RoleId(self.roles.iter().position(|role| role.sign_up)?);
        let is_open = |grant: &&Grant| match grant.who {
            Who::Anyone | Who::Owner => false,
            Who::SignedIn => grant.when.is_none(),
            Who::Role(who) => grant.when.is_none() && self.roles[role.0].includes.contains(&who),
        };
        let confined = self
            .entities
            .iter()
            .filter(|entity| entity.tenant.is_some());
        let (entity, action) = confined.into_iter().find_map(|entity| {
            let (_, action) = grants(entity).find(|(grant, _)| is_open(grant))?;
            Some((&entity.name, action))
        })?;
        let target = &self.entity(tenant.to_one()?.target).name;
        let name = &self.roles[role.0].name;
        let message = format!(
            "whoever signs up as `{name}` chooses any `{target}`, and may `{action}` each `{entity}` of it"
        );
        let span = self.role_source(role).map(|source| source.name.span);
        let help = format!(
            "let newcomers be a role without rights, and `{name}` be granted: `{name}: {{ granted-by: … }}`"
        );
        Some(Diagnostic::new("AW285", span, message).help(help))
    }

    /// Who changes rows has to name them, and is answered with them.
    fn written_unseen(&self, entity: &Entity, found: &mut Vec<Diagnostic>) {
        let source = self.sources[entity.id.0];
        let access = [
            ("update", &entity.access.update),
            ("delete", &entity.access.delete),
        ];
        for (action, grants) in access {
            let key = source
                .allow
                .iter()
                .find(|allow| allow.action.value == action);
            let key = key.or(source
                .allow
                .iter()
                .find(|allow| allow.action.value == "write"));
            let span = key.map_or(source.name.span, |allow| allow.action.span);
            self.unseen(entity, action, grants, span, found);
        }
        for (index, step) in entity
            .state
            .iter()
            .flat_map(|machine| &machine.moves)
            .enumerate()
        {
            let span = source
                .moves
                .get(index)
                .map_or(step.span, |step| step.name.span);
            self.unseen(entity, &step.name, &step.by, span, found);
        }
    }

    fn unseen(
        &self,
        entity: &Entity,
        action: &str,
        grants: &[Grant],
        span: Span,
        found: &mut Vec<Diagnostic>,
    ) {
        let Some(blind) = grants.iter().find(|grant| !self.sees(entity, grant.who)) else {
            return;
        };
        let who = self.caller_name(blind.who);
        let message = format!(
            "`{who}` may `{action}` a `{}`, and may not see one",
            entity.name
        );
        found.push(Diagnostic::new("AW282", span, message).help(format!(
            "let them read too: `read: {who}`, or at least `get: {who}`"
        )));
    }

    fn sees(&self, entity: &Entity, who: Who) -> bool {
        // Whoever signs in reads the own account by `GET /auth/me`.
        let own = self
            .account
            .as_ref()
            .is_some_and(|account| account.entity == entity.id && who == Who::Owner);
        own || entity
            .access
            .get
            .iter()
            .any(|grant| match (grant.who, who) {
                (Who::Anyone, _) | (Who::SignedIn, Who::SignedIn | Who::Owner | Who::Role(_)) => {
                    true
                }
                (Who::Role(seeing), Who::Role(writing)) => {
                    self.roles[writing.0].includes.contains(&seeing)
                }
                (seeing, writing) => seeing == writing,
            })
    }

    /// Rows that can be read by their id alone, and whose ids no reply shows.
    fn never_found(
        &self,
        entity: &Entity,
        shown: &BTreeSet<EntityId>,
        found: &mut Vec<Diagnostic>,
    ) {
        let access = &entity.access;
        let account = self
            .account
            .as_ref()
            .is_some_and(|account| account.entity == entity.id);
        let findable = !access.list.is_empty()
            || !access.create.is_empty()
            || entity.key.is_some()
            || account
            || shown.contains(&entity.id);
        if access.get.is_empty() || findable {
            return;
        }
        let message = format!("no request finds a `{}`", entity.name);
        found.push(
            Diagnostic::new("AW284", self.sources[entity.id.0].name.span, message)
                .help("allow `list`, or give it a `key` that people know"),
        );
    }

    /// What other rows lead to.
    fn entities_in_relations(&self) -> BTreeSet<EntityId> {
        let mut shown = BTreeSet::new();
        for field in self.entities.iter().flat_map(|entity| &entity.fields) {
            match &field.kind {
                FieldKind::Scalar(_) => {}
                FieldKind::ToOne(relation) => shown.extend([relation.target]),
                FieldKind::ToMany(relation) => {
                    shown.insert(relation.target);
                    if let ToManyKind::Through { entity, .. } = relation.kind {
                        shown.insert(entity);
                    }
                }
            }
        }
        shown
    }
}

/// Who may see or change rows that are there, and by which action.
pub(super) fn grants(entity: &Entity) -> impl Iterator<Item = (&Grant, &str)> {
    let access = &entity.access;
    let standard = [
        ("list", &access.list),
        ("get", &access.get),
        ("update", &access.update),
        ("delete", &access.delete),
    ];
    let moves = entity.state.iter().flat_map(|machine| &machine.moves);
    let moves = moves.map(|step| (step.name.as_str(), &step.by));
    let all = standard.into_iter().chain(moves);
    all.flat_map(|(action, grants)| grants.iter().map(move |grant| (grant, action)))
}

/// Roles of accounts that steps make.
fn given_roles(steps: &[Step], given: &mut BTreeSet<RoleId>) {
    for step in steps {
        match &step.kind {
            StepKind::Create {
                sign_up: Some(sign_up),
                ..
            } => {
                given.insert(sign_up.role);
            }
            StepKind::Each { steps, .. } => given_roles(steps, given),
            _ => {}
        }
    }
}

/// Roles that no sign-up and no grant leads to. A circle of grants counts as attainable: its first member is appointed
/// outside of the API.
fn unattainable(roles: &[Role], signed_up: &BTreeSet<RoleId>) -> Vec<RoleId> {
    let mut attainable = vec![true; roles.len()];
    loop {
        let lost = (0..roles.len()).find(|index| {
            let given = |by: &RoleId| attainable[by.0];
            let includes = |(other, role): (usize, &Role)| {
                other != *index && attainable[other] && role.includes.contains(&RoleId(*index))
            };
            attainable[*index]
                && !signed_up.contains(&RoleId(*index))
                && !roles[*index].granted_by.iter().any(given)
                && !roles.iter().enumerate().any(includes)
        });
        let Some(lost) = lost else { break };
        attainable[lost] = false;
    }
    (0..roles.len())
        .filter(|index| !attainable[*index])
        .map(RoleId)
        .collect()
}
