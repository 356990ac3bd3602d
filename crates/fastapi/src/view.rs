//! What each file says, settled from the plan before any template is filled in.

pub mod computed;
pub mod models;
pub mod policies;
pub mod records;
pub mod router;
pub mod schemas;
pub mod service;

use crate::expression::{Place, Printed};
use crate::imports::Imports;
use crate::names::Names;
use archwright_plan::model::{EntityId, Model};
use archwright_plan::{ColumnSource, Operation, OperationKind, Plan};
use archwright_stack::Unsupported;
use archwright_stack::expression::Lowered;
use archwright_stack::feature::{Feature, operations};
use archwright_stack::name::{snaked, spoken};
use serde::Serialize;

pub type Result<T> = std::result::Result<T, Unsupported>;

/// A feature of the design, for whoever prints its modules.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub plan: &'a Plan,
    pub names: Names<'a>,
    pub feature: &'a Feature,
}

/// A function of a module.
#[derive(Debug, Serialize)]
pub struct Function {
    pub name: String,
    pub parameters: String,
    pub result: String,
    pub about: String,
    pub lines: Vec<String>,
}

impl<'a> Scope<'a> {
    pub fn model(&self) -> &'a Model {
        &self.plan.model
    }

    pub fn root(&self) -> EntityId {
        self.feature.root
    }

    pub fn package(&self) -> String {
        self.names.package(self.root())
    }

    pub fn class(&self) -> String {
        self.names.class(self.root())
    }

    pub fn variable(&self) -> String {
        self.names.variable(self.root())
    }

    /// `order line`
    pub fn spoken(&self, entity: EntityId) -> String {
        spoken(&self.model().entity(entity).singular)
    }

    /// `order lines`
    pub fn spoken_plural(&self, entity: EntityId) -> String {
        spoken(&self.model().entity(entity).plural)
    }

    /// `an order line`
    pub fn one(&self, entity: EntityId) -> String {
        let name = self.spoken(entity);
        let article = match name.starts_with(['a', 'e', 'i', 'o', 'u']) && !name.starts_with("us") {
            true => "an",
            false => "a",
        };
        format!("{article} {name}")
    }

    pub fn operations(&self) -> impl Iterator<Item = &'a Operation> {
        operations(self.plan, self.root())
    }

    pub fn operation(&self, kind: &OperationKind) -> Option<&'a Operation> {
        self.operations().find(|one| one.kind == *kind)
    }

    pub fn is_account(&self, entity: EntityId) -> bool {
        let account = self.model().account.as_ref();
        account.is_some_and(|account| account.entity == entity)
    }

    /// The place of an expression in a module of this feature.
    pub fn place(&self, this: &str, taken: &[&str]) -> Place<'a> {
        Place {
            names: self.names,
            package: self.package(),
            this: this.to_owned(),
            taken: taken.iter().map(|name| (*name).to_owned()).collect(),
            is_computed: false,
        }
    }

    /// An expression about a row, which is called by its class.
    pub fn printed(
        &self,
        entity: EntityId,
        lowered: &Lowered,
        imports: &mut Imports,
    ) -> Result<Printed> {
        self.place(&self.names.class(entity), &["caller", "session"])
            .print(lowered, imports)
    }

    /// `, Book.deleted_at.is_(None)`: that a row is not deleted, behind other conditions.
    pub fn active(&self, entity: EntityId) -> String {
        match self.names.column(entity, ColumnSource::DeletedAt) {
            Some(column) => format!(", {}.{column}.is_(None)", self.names.class(entity)),
            None => String::new(),
        }
    }

    /// The attribute that requests name rows by.
    pub fn address(&self, entity: EntityId) -> String {
        match self.model().entity(entity).key {
            Some(key) => self.names.field(key),
            None => "id".to_owned(),
        }
    }

    pub fn address_type(&self, entity: EntityId) -> &'static str {
        match self.model().entity(entity).key {
            Some(_) => "str",
            None => "Guid",
        }
    }

    /// How modules of this feature call the module of another.
    pub fn other(&self, entity: EntityId, module: &str, imports: &mut Imports) -> String {
        let package = self.names.package(entity);
        match package == self.package() {
            true => {
                imports.from(&format!("app.{package}"), module);
                module.to_owned()
            }
            false => {
                let alias = format!("{package}_{module}");
                imports.from(&format!("app.{package}"), &format!("{module} as {alias}"));
                alias
            }
        }
    }

    /// Imports the class of an entity, and gives its name.
    pub fn imported(&self, entity: EntityId, imports: &mut Imports) -> String {
        let class = self.names.class(entity);
        imports.from(&self.names.module(entity, "models"), &class);
        class
    }
}

/// The name of an operation within its feature: `place` of `orders.place`, `link_authors` of `books.link-authors`.
pub fn action(operation: &Operation) -> String {
    let name = operation.id.rsplit('.').next().unwrap_or(&operation.id);
    snaked(name)
}

/// `may_place`
pub fn policy(operation: &Operation) -> String {
    match operation.kind {
        OperationKind::Get => "may_read".to_owned(),
        _ => format!("may_{}", action(operation)),
    }
}
