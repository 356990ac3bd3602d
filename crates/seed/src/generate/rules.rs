//! What the design asks of rows: checks, and somebody who may write them.

use super::Generator;
use crate::judge::{self, Scope};
use crate::world::RowIndex;
use archwright_plan::model::{Entity, EntityId, Expression, FieldId, FieldKind};
use archwright_plan::{Alternative, CallerClass, OperationKind};
use std::collections::BTreeSet;

/// Accounts that are tried as callers.
const CALLERS: usize = 24;

impl Generator<'_> {
    /// The name of a check that does not hold on the row, its parts, what it is part of, or what it refers to.
    pub fn broken_check(&self, row: RowIndex) -> Option<String> {
        let mut near = BTreeSet::from([row]);
        self.add_parts(row, &mut near);
        self.add_wholes(row, &mut near);
        for made in near.clone() {
            let entity = self.model.entity(self.world.rows[made].entity);
            for field in &entity.fields {
                near.extend(self.world.target(made, field.id));
            }
        }
        near.into_iter().find_map(|row| {
            let entity = self.model.entity(self.world.rows[row].entity);
            let broken = entity
                .checks
                .iter()
                .find(|check| !self.keeps(row, &check.that));
            broken.map(|check| check.name.clone())
        })
    }

    fn add_parts(&self, row: RowIndex, near: &mut BTreeSet<RowIndex>) {
        let entity = self.model.entity(self.world.rows[row].entity);
        for field in composed(entity) {
            for part in self.world.many(row, field) {
                if near.insert(part) {
                    self.add_parts(part, near);
                }
            }
        }
    }

    fn add_wholes(&self, row: RowIndex, near: &mut BTreeSet<RowIndex>) {
        let mut row = row;
        while let Some(whole) = self.world.whole(row) {
            if !near.insert(whole) {
                break;
            }
            row = whole;
        }
    }

    /// True if the check holds on the row, as it will when somebody looks.
    pub fn keeps(&self, row: RowIndex, check: &Expression) -> bool {
        let scope = Scope {
            this: Some(row),
            now_ms: self.options.now_ms,
            ..Scope::default()
        };
        judge::holds(&self.world, check, &scope)
    }

    /// True if the API would have let somebody create the row. Parts come with their whole, accounts by signing up.
    pub fn may_be_created(&self, row: RowIndex) -> bool {
        let entity = self.world.rows[row].entity;
        let account = self.model.account.as_ref();
        let create = self.plan.operations.iter().find(|operation| {
            operation.kind == OperationKind::Create && operation.entity == Some(entity)
        });
        let Some(create) = create.filter(|_| account.is_none_or(|it| it.entity != entity)) else {
            return true;
        };
        self.allowed(row, &create.guard, self.world.rows[row].created_ms)
            .is_some()
    }

    /// A caller to whom one of the alternatives applies; the inner absence is somebody who is not signed in.
    pub fn allowed(
        &self,
        row: RowIndex,
        guard: &[Alternative],
        now_ms: i64,
    ) -> Option<Option<RowIndex>> {
        let mut callers: Vec<Option<RowIndex>> = self.callers(row).into_iter().map(Some).collect();
        callers.push(None);
        callers.into_iter().find(|caller| {
            guard.iter().any(|alternative| {
                let scope = Scope {
                    this: Some(row),
                    caller: *caller,
                    now_ms,
                    ..Scope::default()
                };
                let holds = |condition: &Option<Expression>| {
                    condition
                        .as_ref()
                        .is_none_or(|that| judge::holds(&self.world, that, &scope))
                };
                self.is_of(alternative.caller, *caller)
                    && holds(&alternative.when)
                    && holds(&alternative.after)
            })
        })
    }

    fn is_of(&self, class: CallerClass, caller: Option<RowIndex>) -> bool {
        match (class, caller) {
            (CallerClass::Anyone, _) => true,
            (_, None) => false,
            (CallerClass::SignedIn, Some(_)) => true,
            (CallerClass::Role(role), Some(caller)) => {
                let mut roles = judge::roles(&self.world, caller).iter();
                roles.any(|own| self.model.role(*own).includes.contains(&role))
            }
        }
    }

    /// Accounts that might write the row: its owner, then others of its tenant, each role early.
    fn callers(&self, row: RowIndex) -> Vec<RowIndex> {
        let mut callers: Vec<RowIndex> = self.owner_of(row).into_iter().collect();
        let tenant = &self.world.rows[row].tenant;
        for account in self.accounts() {
            let theirs = &self.world.rows[account].tenant;
            let together = tenant.is_none() || theirs.is_none() || theirs == tenant;
            if together && !callers.contains(&account) && callers.len() < CALLERS {
                callers.push(account);
            }
        }
        callers
    }

    pub fn accounts(&self) -> Vec<RowIndex> {
        let account = self.model.account.as_ref();
        account.map_or(Vec::new(), |account| self.world.of(account.entity).to_vec())
    }

    fn owner_of(&self, row: RowIndex) -> Option<RowIndex> {
        let mut row = row;
        loop {
            let entity = self.model.entity(self.world.rows[row].entity);
            if let Some(owner) = entity.owner {
                return self.world.target(row, owner);
            }
            match self.world.whole(row) {
                Some(whole) => row = whole,
                None => return None,
            }
        }
    }

    /// The ids of all tenants, for an entity whose rows belong to one.
    pub fn tenants(&self, entity: EntityId) -> Vec<String> {
        match (self.model.tenant, self.model.entity(entity).tenant) {
            (Some(tenant), Some(_)) => {
                let rows = self.world.of(tenant).iter();
                rows.map(|row| self.world.rows[*row].id.clone()).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The composed fields of an entity.
pub(super) fn composed(entity: &Entity) -> Vec<FieldId> {
    let is_composed = |kind: &FieldKind| match kind {
        FieldKind::ToMany(relation) => {
            matches!(
                relation.kind,
                archwright_plan::model::ToManyKind::Composed { .. }
            )
        }
        _ => false,
    };
    entity
        .fields
        .iter()
        .filter(|field| is_composed(&field.kind))
        .map(|field| field.id)
        .collect()
}
