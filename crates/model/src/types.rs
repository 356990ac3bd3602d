//! Entities, fields, relations, rules, operations: the resolved design without its syntax.

mod api;
mod entity;
mod operation;
mod scalar;
mod step;

pub use api::*;
pub use entity::*;
pub use operation::*;
pub use scalar::*;
pub use step::*;

/// An entity, by its position in [`Model::entities`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(pub usize);

/// A role, by its position in [`Model::roles`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleId(pub usize);

/// A field, by its entity and its position in [`Entity::fields`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId {
    pub entity: EntityId,
    pub index: usize,
}

/// A view, by its position in [`Model::views`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewId(pub usize);

/// A whole design that holds together.
#[derive(Clone, Debug)]
pub struct Model {
    /// Kebab-case or snake_case word.
    pub name: String,
    pub about: String,
    pub api: Api,
    pub roles: Vec<Role>,
    pub entities: Vec<Entity>,
    pub views: Vec<View>,
    pub operations: Vec<Operation>,
    pub account: Option<Account>,
    /// The entity whose rows are the tenants.
    pub tenant: Option<EntityId>,
    pub stack: Stack,
    pub seeds: Vec<Seed>,
}

#[derive(Clone, Debug)]
pub struct Role {
    pub name: String,
    pub about: String,
    /// Who signs up gets this role. At most one role has it.
    pub sign_up: bool,
    /// All roles that this one includes, itself among them, transitively, sorted.
    pub includes: Vec<RoleId>,
    pub granted_by: Vec<RoleId>,
}

/// The entity that signs in.
#[derive(Clone, Debug)]
pub struct Account {
    pub entity: EntityId,
    /// A unique, required text field of it.
    pub sign_in: FieldId,
    pub password_min: u32,
}

#[derive(Clone, Debug)]
pub struct Seed {
    pub entity: EntityId,
    pub rows: u64,
    pub with: Vec<Vec<(FieldId, SeedValue)>>,
}

#[derive(Clone, Debug)]
pub enum SeedValue {
    Literal(Literal),
    /// The target's natural key, or first unique field, as text.
    Reference(String),
    References(Vec<String>),
    Parts(Vec<Vec<(FieldId, SeedValue)>>),
}

impl Model {
    pub fn entity(&self, id: EntityId) -> &Entity {
        &self.entities[id.0]
    }

    pub fn field(&self, id: FieldId) -> &Field {
        &self.entities[id.entity.0].fields[id.index]
    }

    pub fn role(&self, id: RoleId) -> &Role {
        &self.roles[id.0]
    }

    pub fn view(&self, id: ViewId) -> &View {
        &self.views[id.0]
    }

    pub fn entity_named(&self, name: &str) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.name == name)
    }

    /// The key under which a field stands in a representation: its name; for a to-one relation `NAME_id`, or
    /// `NAME_KEY` when the target is addressed by a natural key.
    pub fn json_name(&self, id: FieldId) -> String {
        let field = self.field(id);
        match &field.kind {
            FieldKind::ToOne(relation) => match self.entity(relation.target).key {
                Some(key) => format!("{}_{}", field.name, self.field(key).name),
                None => format!("{}_id", field.name),
            },
            _ => field.name.clone(),
        }
    }
}
