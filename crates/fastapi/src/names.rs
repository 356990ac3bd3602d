//! What entities, fields and their values are called in the project.

use archwright_plan::model::{EntityId, FieldId};
use archwright_plan::{ColumnSource, Plan};
use archwright_stack::feature::root_of;
use archwright_stack::name::{free, pascal};

/// Words that a variable, an attribute or a module can't be called.
const RESERVED: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield", "match", "case", "type", "metadata", "registry",
];
/// Modules of the project that no feature may take the name of.
const MODULES: &[&str] = &["core", "auth", "main", "cli", "openapi", "extensions"];
/// Names of modules and of what they import, which a variable would hide.
const IMPORTED: &[&str] = &[
    "session",
    "caller",
    "body",
    "shape",
    "request",
    "query",
    "page",
    "select",
    "func",
    "exists",
    "literal",
    "now",
    "given",
    "made",
    "records",
    "policies",
    "computed",
    "service",
    "schemas",
    "models",
    "problems",
    "references",
    "audit",
    "conditional",
    "enum",
    "date",
    "datetime",
];

#[derive(Clone, Copy)]
pub struct Names<'p> {
    pub plan: &'p Plan,
}

impl Names<'_> {
    /// `OrderLine`
    pub fn class(&self, entity: EntityId) -> String {
        let name = &self.plan.model.entity(entity).name;
        let taken = [
            "Base", "Role", "Caller", "Page", "Sort", "Shape", "Record", "Body", "Index",
        ];
        free(name, |name| taken.contains(&name)).replace('_', "")
    }

    /// `order_line`: a variable.
    pub fn variable(&self, entity: EntityId) -> String {
        self.variable_named(&self.plan.model.entity(entity).singular)
    }

    pub fn variable_named(&self, name: &str) -> String {
        match RESERVED.contains(&name) || IMPORTED.contains(&name) {
            true => format!("{name}_"),
            false => name.to_owned(),
        }
    }

    /// `orders`: the package of the feature that an entity belongs to.
    pub fn package(&self, entity: EntityId) -> String {
        let root = self.plan.model.entity(root_of(&self.plan.model, entity));
        let name = &root.plural;
        match RESERVED.contains(&&name[..]) || MODULES.contains(&&name[..]) {
            true => format!("{name}_"),
            false => name.clone(),
        }
    }

    /// `app.orders.models`
    pub fn module(&self, entity: EntityId, module: &str) -> String {
        format!("app.{}.{module}", self.package(entity))
    }

    /// The attribute of a model for a column.
    pub fn attribute(&self, column: &str) -> String {
        match RESERVED.contains(&column) {
            true => format!("{column}_"),
            false => column.to_owned(),
        }
    }

    /// The attribute that holds something of a row of an entity.
    pub fn column(&self, entity: EntityId, source: ColumnSource) -> Option<String> {
        let column = self.plan.table(entity).column_from(source)?;
        Some(self.attribute(&column.name))
    }

    /// The attribute of a stored field.
    pub fn field(&self, field: FieldId) -> String {
        let column = self.column(field.entity, ColumnSource::Field(field));
        column.unwrap_or_else(|| self.plan.model.field(field).name.clone())
    }

    /// `OrderStatus`: the words of a field.
    pub fn words(&self, field: FieldId) -> String {
        let name = pascal(&self.plan.model.field(field).name);
        format!("{}{name}", self.class(field.entity))
    }

    /// The table of a many-to-many relation, by its canonical field.
    pub fn link(&self, canonical: FieldId) -> String {
        let table = self.plan.link_table(canonical);
        table.map_or_else(String::new, |table| table.name.clone())
    }
}
