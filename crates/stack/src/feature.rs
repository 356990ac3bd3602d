//! Features: an entity with its parts, the operations on it, and what it has to do with others.

use archwright_plan::model::{EntityId, FieldId, Model, OnDelete};
use archwright_plan::{Operation, OperationKind, Plan};

/// What stands together in a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    pub root: EntityId,
    /// Its parts and theirs, each after what it is a part of.
    pub parts: Vec<EntityId>,
}

impl Feature {
    /// The root and the parts.
    pub fn entities(&self) -> impl Iterator<Item = EntityId> {
        [self.root].into_iter().chain(self.parts.iter().copied())
    }
}

/// All features, in the order of the design.
pub fn features(model: &Model) -> Vec<Feature> {
    let roots = model.entities.iter().filter(|one| one.part_of.is_none());
    let of = |root: EntityId| {
        let mut found = vec![root];
        let mut next = 0;
        while let Some(whole) = found.get(next).copied() {
            let parts = model.entities.iter();
            let parts = parts.filter(|one| one.part_of.is_some_and(|part| part.whole == whole));
            found.extend(parts.map(|part| part.id));
            next += 1;
        }
        Feature {
            root,
            parts: found.split_off(1),
        }
    };
    roots.map(|root| of(root.id)).collect()
}

/// The entity whose feature an entity belongs to.
pub fn root_of(model: &Model, mut entity: EntityId) -> EntityId {
    while let Some(part) = model.entity(entity).part_of {
        entity = part.whole;
    }
    entity
}

/// The operations on an entity, without those of accounts.
pub fn operations(plan: &Plan, entity: EntityId) -> impl Iterator<Item = &Operation> {
    let own = move |one: &&Operation| {
        let named = matches!(one.kind, OperationKind::Named(_));
        one.entity == Some(entity) && !of_accounts(&one.kind) && !named
    };
    plan.operations.iter().filter(own)
}

/// Signing up, in and out, and what goes with it.
pub fn of_accounts(kind: &OperationKind) -> bool {
    matches!(
        kind,
        OperationKind::SignUp
            | OperationKind::SignIn
            | OperationKind::Refresh
            | OperationKind::SignOut
            | OperationKind::Me
            | OperationKind::ChangePassword
            | OperationKind::SetRoles
    )
}

/// The operation that decides who may refer to a row: the one that reads single rows, or else the list; of a part,
/// that of its root.
pub fn reading(plan: &Plan, entity: EntityId) -> Option<&Operation> {
    let root = root_of(&plan.model, entity);
    let of = |kind: OperationKind| {
        let mut operations = plan.operations.iter();
        operations.find(|one| one.entity == Some(root) && one.kind == kind)
    };
    of(OperationKind::Get).or_else(|| of(OperationKind::List))
}

/// The to-one fields that lead to rows of an entity, and what they say about its deletion.
pub fn referrers(model: &Model, entity: EntityId) -> Vec<(FieldId, OnDelete)> {
    let fields = model.entities.iter().flat_map(|one| &one.fields);
    let leading = fields.filter_map(|field| {
        let relation = field.to_one()?;
        (relation.target == entity).then_some((field.id, relation.on_delete))
    });
    leading.collect()
}
