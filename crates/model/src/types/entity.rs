//! Entities: fields, relations, keys, rules, states.

use super::{EntityId, FieldId, InputField, Literal, Rate, RoleId, ScalarType, Step};
use crate::Expression;
use archwright_diagnostics::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdType {
    /// Version 7, so that the order of ids is the order of creation.
    Uuid,
    Int,
}

#[derive(Clone, Debug)]
pub struct Entity {
    pub id: EntityId,
    /// PascalCase: `OrderLine`.
    pub name: String,
    /// snake_case: `order_line`.
    pub singular: String,
    /// snake_case: `order_lines`.
    pub plural: String,
    /// Path segment: `order-lines`.
    pub path: String,
    pub about: String,
    pub id_type: IdType,
    /// Requests address rows by this field instead of the id.
    pub key: Option<FieldId>,
    /// Declared fields in order, then those that the model adds: `created_at`, `updated_at` ([`Origin`]).
    /// The id, the version, the deletion mark, the password and the roles are not fields.
    pub fields: Vec<Field>,
    /// Each of two or more fields; single ones (and scoped ones, as composite) are here too.
    pub unique: Vec<UniqueKey>,
    /// Asked for by the design.
    pub indexes: Vec<Vec<FieldId>>,
    pub checks: Vec<Check>,
    pub access: Access,
    pub state: Option<StateMachine>,
    /// Set when its rows are parts of another entity's rows: that entity's to-many field, and the to-one field here
    /// that points back. A part has no operations and no access rules of its own.
    pub part_of: Option<PartOf>,
    /// To-one field to the account entity that marks who owns a row. On the account entity itself, absent: a row owns
    /// itself. On a part: absent, the whole's owner counts.
    pub owner: Option<FieldId>,
    /// To-one field to the tenant entity. Reads and writes are confined to the caller's tenant; set from the caller.
    pub tenant: Option<FieldId>,
    pub soft_delete: bool,
    pub audit: bool,
    pub timestamps: bool,
    pub versioned: bool,
    pub workload: Workload,
    pub evolution: Evolution,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartOf {
    pub whole: EntityId,
    /// The composed to-many field of the whole.
    pub field: FieldId,
    /// The to-one field of the part that points back.
    pub back: FieldId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Written by a person.
    Declared,
    /// Added: the back reference of a part, or a timestamp.
    Implied,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub id: FieldId,
    /// As written; the JSON name. To-one relations are shown as `NAME_id` (`NAME_KEY` when the target has a natural
    /// key), see [`Model::json_name`].
    pub name: String,
    pub about: String,
    pub kind: FieldKind,
    pub optional: bool,
    /// Set at creation only.
    pub immutable: bool,
    /// Never taken from a request.
    pub read_only: bool,
    /// Never shown.
    pub write_only: bool,
    /// Encrypted at rest, never logged.
    pub sensitive: bool,
    pub search: bool,
    /// The design asks that lists can be filtered by it.
    pub filter: bool,
    /// The design asks that lists can be sorted by it.
    pub sort: bool,
    /// Numbers: least and greatest value, as literals of the field's type. Dates and datetimes likewise.
    pub min: Option<Literal>,
    pub max: Option<Literal>,
    /// A regular expression (crate `regex` syntax, also valid in ECMAScript), searched, not anchored.
    pub pattern: Option<String>,
    /// A request that gives an empty text means null.
    pub blank_as_null: bool,
    /// Field from which a slug is made when the request gives none, and made anew when that field changes.
    pub slug_from: Option<FieldId>,
    /// Evaluated when the row is created and the request gives no value; sees `caller`, `now`, no row.
    pub default: Option<Expression>,
    /// Evaluated when the row is read; never stored.
    pub computed: Option<Expression>,
    pub example: Option<Literal>,
    /// Absent: whoever may read the row. Otherwise these and no others see it; others don't get the key at all.
    pub visible: Option<Vec<Grant>>,
    /// Absent: whoever may write the row. Otherwise a request by others that names it is refused (403).
    pub settable: Option<Vec<Grant>>,
    pub evolution: Evolution,
    pub origin: Origin,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum FieldKind {
    Scalar(ScalarType),
    ToOne(ToOne),
    ToMany(ToMany),
}

#[derive(Clone, Debug)]
pub struct ToOne {
    pub target: EntityId,
    pub on_delete: OnDelete,
    /// The to-many fields of the target that are this relation's other side.
    pub inverse: Option<FieldId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// The target can't be deleted while this row exists.
    Restrict,
    Cascade,
    SetNull,
}

#[derive(Clone, Debug)]
pub struct ToMany {
    pub target: EntityId,
    pub kind: ToManyKind,
}

#[derive(Clone, Debug)]
pub enum ToManyKind {
    /// The other side of the target's to-one field.
    Inverse { by: FieldId },
    /// Like `Inverse`, but the rows are parts, written with this row.
    Composed { by: FieldId },
    /// A link table of its own. `canonical` is the side that the other one names with `by`, or else the one that was
    /// declared first; it names the table. `inverse` is the other side's field, if the target declares one.
    Linked {
        canonical: FieldId,
        inverse: Option<FieldId>,
    },
    /// Through rows of an entity: its to-one field to this entity, and its to-one field to the target.
    Through {
        entity: EntityId,
        near: FieldId,
        far: FieldId,
    },
}

/// A key over one or more fields, with a stable name: `unique_ENTITY_FIELD…` in snake_case, and a number
/// where an earlier key has that name.
#[derive(Clone, Debug)]
pub struct UniqueKey {
    pub name: String,
    pub fields: Vec<FieldId>,
}

#[derive(Clone, Debug)]
pub struct Check {
    /// Unique in its entity.
    pub name: String,
    pub that: Expression,
    /// Whole sentence for the client.
    pub message: String,
    /// False when it looks at other rows (parts, say): then it is verified after the write, inside the transaction.
    pub own_row: bool,
}

/// Absence of a grant is denial.
#[derive(Clone, Debug, Default)]
pub struct Access {
    pub list: Vec<Grant>,
    pub get: Vec<Grant>,
    pub create: Vec<Grant>,
    pub update: Vec<Grant>,
    pub delete: Vec<Grant>,
}

/// One alternative of a rule; alternatives are joined by "or".
#[derive(Clone, Debug)]
pub struct Grant {
    pub who: Who,
    /// On the row as it is before the write (for `create`, the new row). Sees the row's fields, `caller`, `now`.
    pub when: Option<Expression>,
    /// On the row that the write leaves.
    pub after: Option<Expression>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Anyone,
    SignedIn,
    /// Signed in, and the row is theirs: [`Entity::owner`] (the whole's, for a part), or the account's own row. For
    /// `create`: the new row is theirs; the owner field is set from the caller when the request leaves it out.
    Owner,
    /// Has the role, or one that includes it.
    Role(RoleId),
}

#[derive(Clone, Debug)]
pub struct StateMachine {
    /// An enum field, read-only to requests, whose default is the initial state.
    pub field: FieldId,
    pub initial: String,
    pub moves: Vec<Move>,
}

/// `POST /v1/orders/{id}/NAME`
#[derive(Clone, Debug)]
pub struct Move {
    pub name: String,
    pub about: String,
    pub from: Vec<String>,
    pub to: String,
    pub by: Vec<Grant>,
    /// A condition for everyone, judged before the move; unmet is 409.
    pub when: Option<Expression>,
    pub input: Vec<InputField>,
    /// Fields to set, in order; expressions see the row before the move, `input`, `caller`, `now`.
    pub set: Vec<(FieldId, Expression)>,
    pub steps: Vec<Step>,
    pub span: Span,
}

#[derive(Clone, Debug, Default)]
pub struct Workload {
    /// Rows expected in a year; 0 when unknown.
    pub rows: u64,
    pub growth: Option<Rate>,
    /// Standard operation (`list`, `get`, `create`, `update`, `delete`) or move name.
    pub rates: Vec<(String, Rate)>,
}

#[derive(Clone, Debug, Default)]
pub struct Evolution {
    pub since: Option<u32>,
    /// The last version that has it.
    pub until: Option<u32>,
    pub was: Option<String>,
}

impl Entity {
    pub fn field_named(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether the design asks that lists can be filtered by a field, or an index for something else serves it.
    pub fn is_filtered_by(&self, field: &Field) -> bool {
        let leads = |key: &UniqueKey| key.fields.first() == Some(&field.id);
        let state = self.state.as_ref().map(|machine| machine.field);
        field.filter
            || field.sort
            || field.to_one().is_some()
            || state == Some(field.id)
            || self.unique.iter().any(leads)
    }

    /// Whether a new row gets its owner or its tenant from who creates it, and has to have one.
    pub fn needs_creator(&self, account: Option<EntityId>) -> bool {
        let required = |id: FieldId| !self.fields[id.index].optional;
        let owner = self
            .owner
            .filter(|owner| self.fields[owner.index].settable.is_none());
        // An account is put into its tenant by whoever makes it.
        let tenant = self.tenant.filter(|_| account != Some(self.id));
        owner.is_some_and(required) || tenant.is_some_and(required)
    }
}

impl Field {
    pub fn scalar(&self) -> Option<&ScalarType> {
        match &self.kind {
            FieldKind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    pub fn to_one(&self) -> Option<&ToOne> {
        match &self.kind {
            FieldKind::ToOne(relation) => Some(relation),
            _ => None,
        }
    }

    pub fn to_many(&self) -> Option<&ToMany> {
        match &self.kind {
            FieldKind::ToMany(relation) => Some(relation),
            _ => None,
        }
    }
}
