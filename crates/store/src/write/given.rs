//! What a body says of a row, once it is read.

use crate::connection::Value;
use archwright_plan::model::{EntityId, FieldId};
use serde_json::Value as Json;

/// What a body sets on one row, in the order of the inputs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    pub columns: Vec<(FieldId, Value)>,
    /// To be looked up; each becomes a column.
    pub references: Vec<Reference>,
    pub links: Vec<Links>,
    pub parts: Vec<Parts>,
    /// Documents that a patch goes into.
    pub merges: Vec<Merge>,
    /// Fields that some callers may not name.
    pub restricted: Vec<Restricted>,
}

/// A row named by its id or natural key.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub at: String,
    pub field: FieldId,
    pub entity: EntityId,
    pub address: Value,
}

/// Rows that a many-to-many relation is to lead to: addresses, and ids once they are found.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    pub field: FieldId,
    pub entity: EntityId,
    pub rows: Vec<(String, Value)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub field: FieldId,
    pub entity: EntityId,
    pub items: Vec<Part>,
}

/// A part: one that is there already, or a new one.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub at: String,
    pub id: Option<Value>,
    pub given: Given,
}

#[derive(Clone, Debug)]
pub(crate) struct Merge {
    pub at: String,
    pub field: FieldId,
    pub patch: Json,
}

#[derive(Clone, Debug)]
pub(crate) struct Restricted {
    /// The key, or for a part's the JSON Pointer.
    pub name: String,
    pub field: FieldId,
}
