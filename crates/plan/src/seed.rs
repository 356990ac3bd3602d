//! A row to be put into an empty database, decided in full.

use archwright_model::{EntityId, FieldId, Literal, RoleId};

/// One row. Rows come in an order in which every required reference points backwards; optional references and links
/// may point forwards.
#[derive(Clone, Debug, PartialEq)]
pub struct SeedRow {
    pub entity: EntityId,
    /// Canonical text: a version 7 uuid, or decimal digits.
    pub id: String,
    /// Every stored field that is not missing: scalars as literals of their type, to-one relations as the id's text.
    pub values: Vec<(FieldId, Literal)>,
    /// Canonical many-to-many fields, and the ids that the row is linked to.
    pub links: Vec<(FieldId, Vec<String>)>,
    /// For a part: its place among its siblings.
    pub position: Option<u32>,
    /// For a row of the account entity.
    pub account: Option<SeedAccount>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedAccount {
    /// What the person types; for development only.
    pub password: String,
    pub roles: Vec<RoleId>,
}
