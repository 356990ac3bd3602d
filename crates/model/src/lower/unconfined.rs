//! Rows that belong to a tenant by what they refer to, and that nothing confines to it.

use super::context::Lowering;
use super::suspicions::grants;
use crate::{Entity, EntityId, ExpressionKind, Field, FieldId, Grant, ToManyKind, Who};
use archwright_diagnostics::Diagnostic;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

impl Lowering<'_> {
    /// Entities without a tenant whose rows need a row of a tenant, and that others than their owners may reach.
    pub fn unconfined(&self) -> Vec<Diagnostic> {
        let Some(tenant) = self.tenant else {
            return Vec::new();
        };
        let account = self.account.as_ref().map(|account| account.entity);
        let open = |(id, by): (EntityId, FieldId)| {
            let entity = self.entity(id);
            let confined = entity.tenant.is_some() || entity.part_of.is_some();
            if confined || id == tenant || account == Some(id) {
                return None;
            }
            let (grant, action) = grants(entity).find(|(grant, _)| crosses_tenants(grant))?;
            Some(self.leak(entity, by, tenant, grant, action))
        };
        self.needing(tenant).into_iter().filter_map(open).collect()
    }

    /// Relations between rows that all tenants share, through rows that belong to a tenant: each tenant would see what
    /// the others have joined.
    pub fn joined_across_tenants(&self) -> Vec<Diagnostic> {
        let Some(tenant) = self.tenant else {
            return Vec::new();
        };
        let joined = |field: &Field| {
            let relation = field.to_many()?;
            let ToManyKind::Through { entity, .. } = relation.kind else {
                return None;
            };
            let is_shared = |id| !self.is_of_a_tenant(id);
            let leaks =
                is_shared(field.id.entity) && is_shared(relation.target) && !is_shared(entity);
            leaks.then(|| {
                let between = &self.entity(entity).name;
                let message = format!(
                    "`{}` joins rows that every `{}` shares, through `{between}`, whose rows belong to one",
                    self.path(field.id),
                    self.entity(tenant).name,
                );
                let help = format!(
                    "show each `{between}` instead, `{}: {between}[]`, or give one of the ends a tenant",
                    self.entity(entity).plural
                );
                Diagnostic::new("AW290", field.span, message).help(help)
            })
        };
        let fields = self.entities.iter().flat_map(|entity| &entity.fields);
        fields.filter_map(joined).collect()
    }

    fn is_of_a_tenant(&self, id: EntityId) -> bool {
        let entity = self.entity(id);
        match entity.part_of {
            Some(part) => self.is_of_a_tenant(part.whole),
            None => entity.tenant.is_some() || self.tenant == Some(id),
        }
    }

    /// The entities whose rows need a row of a tenant, directly or through others, by the field that says so.
    fn needing(&self, tenant: EntityId) -> BTreeMap<EntityId, FieldId> {
        let mut users: BTreeMap<EntityId, Vec<FieldId>> = BTreeMap::new();
        for field in self.entities.iter().flat_map(|entity| &entity.fields) {
            if let Some(relation) = field.to_one().filter(|_| !field.optional) {
                users.entry(relation.target).or_default().push(field.id);
            }
        }
        let (mut needing, mut reached) = (BTreeMap::new(), vec![tenant]);
        while let Some(target) = reached.pop() {
            for field in users.remove(&target).unwrap_or_default() {
                if let Entry::Vacant(place) = needing.entry(field.entity) {
                    place.insert(field);
                    reached.push(field.entity);
                }
            }
        }
        needing
    }

    fn leak(
        &self,
        entity: &Entity,
        by: FieldId,
        tenant: EntityId,
        grant: &Grant,
        action: &str,
    ) -> Diagnostic {
        let who = match grant.who {
            Who::Role(role) => &self.roles[role.0].name[..],
            _ => "signed-in",
        };
        let (owner, name) = (&self.entity(tenant).name, &entity.name);
        let message = format!(
            "`{who}` may `{action}` each `{name}` of every `{owner}`: `{name}` has no tenant, and `{}` does not confine it",
            self.field(by).name
        );
        let known = self.entities.iter().find_map(|entity| entity.tenant);
        let field = match self.target_of(by) == Some(tenant) {
            true => &self.field(by).name,
            false => known.map_or(&self.entity(tenant).singular, |known| {
                &self.field(known).name
            }),
        };
        let help = match self.field_named(entity.id, field) {
            Some(_) => format!("mark it as the tenant: `{field}: {owner}, tenant`"),
            None => format!("add `{field}: {owner}, tenant` to its fields"),
        };
        Diagnostic::new("AW286", self.sources[entity.id.0].name.span, message)
            .other(self.field(by).span, "this belongs to a tenant")
            .help(help)
    }
}

/// Rules for anyone and for owners say whose rows they open, and so does a condition about the caller.
fn crosses_tenants(grant: &Grant) -> bool {
    let mut names_caller = false;
    if let Some(when) = &grant.when {
        when.walk(&mut |part| {
            names_caller |= matches!(
                part.kind,
                ExpressionKind::Caller | ExpressionKind::CallerTenant
            );
        });
    }
    !matches!(grant.who, Who::Anyone | Who::Owner) && !names_caller
}
