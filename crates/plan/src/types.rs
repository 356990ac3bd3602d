//! Tables, representations, operations, the access matrix, and the reasons.

use crate::Watch;
use crate::limits::SEARCHED_BYTES;
use archwright_model::{
    Direction, EntityId, Expression, FieldId, LARGEST_INDEXED_BYTES, Method, Model, Rate, RoleId,
    Unknown,
};

/// The whole architecture of one design. The same design gives the same plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the plan was made from; field types, relations and expressions live there. Steps, and shapes of replies,
    /// follow relations only to rows of the caller's tenant (see [`Resource::confinement`]).
    pub model: Model,
    /// Entity tables first, in the model's order, then link tables, then the system's own.
    pub tables: Vec<Table>,
    /// One for each entity, at the entity's position.
    pub resources: Vec<Resource>,
    pub operations: Vec<Operation>,
    pub matrix: Vec<MatrixRow>,
    pub decisions: Vec<Decision>,
    /// Absent where the design does not ask for it.
    pub row_security: Option<RowSecurity>,
    /// What checks read of other rows.
    pub watches: Vec<Watch>,
}

/// A choice that is no property of one table or operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What it is about: `ids`, `entity Book`, `search`.
    pub subject: String,
    pub choice: String,
    pub reason: String,
}

// ---- storage -------------------------------------------------------------------------------------------------------

#[derive(Clone, Debug)]
pub struct Table {
    /// snake_case plural.
    pub name: String,
    pub purpose: TablePurpose,
    pub columns: Vec<Column>,
    pub primary_key: Vec<String>,
    pub unique: Vec<UniqueConstraint>,
    pub foreign_keys: Vec<ForeignKey>,
    pub checks: Vec<CheckConstraint>,
    pub indexes: Vec<Index>,
    /// Columns of a full-text index beside the table, in the fields' order; empty: none.
    pub search: Vec<String>,
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TablePurpose {
    Entity(EntityId),
    /// Rows of a many-to-many relation; the canonical side's field.
    Link(FieldId),
    System(SystemTable),
}

/// Tables that every backend with accounts (the first two) or at all (the others) has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemTable {
    /// `auth_credentials`: account_id, password_hash, roles (a JSON list), failed_count, locked_until.
    Credentials,
    /// `auth_sessions`: id, account_id, token_hash of the current refresh token, created_at, expires_at, revoked_at.
    Sessions,
    /// `idempotency_keys`: key, caller, fingerprint, status, headers, body, created_at, expires_at.
    Idempotency,
    /// `audit_entries`: id, at, account_id, operation, entity, row_id, changes, request_id.
    Audit,
    /// `stored_files`: id, path on disk, name, type, size, sha256, created_at.
    Files,
    /// `schema_info`: name, value: the fingerprint of the schema that the database was made for.
    SchemaInfo,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub ty: ColumnType,
    pub nullable: bool,
    pub source: ColumnSource,
    pub reason: String,
}

/// Target-neutral stored types; each back end maps them in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    Uuid,
    /// Filled in by the database.
    Serial,
    Int32,
    Int64,
    /// SQLite stores the unscaled integer.
    Decimal {
        precision: u32,
        scale: u32,
    },
    Bool,
    /// SQLite stores `YYYY-MM-DD`.
    Date,
    /// Milliseconds; SQLite stores them since 1970 as an integer.
    Instant,
    /// At most this many characters, where there is a limit.
    Text {
        max: Option<u32>,
    },
    Json,
    /// Ciphertext and hashes.
    Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnSource {
    Id,
    /// A stored scalar (for `sensitive`: its ciphertext; for `file`: the id of its row in `stored_files`), or a to-one
    /// relation's foreign key.
    Field(FieldId),
    /// Keyed hash of a sensitive field, so that it can be unique or looked up.
    BlindIndex(FieldId),
    /// Starts at 1, one more with each write.
    Version,
    /// Set when the row is soft-deleted.
    DeletedAt,
    /// Position of a part among its siblings, from 0.
    Position,
    /// Link table: the id of the canonical side's row.
    LinkNear,
    /// Link table: the id of the row it is linked to.
    LinkFar,
    System,
}

#[derive(Clone, Debug)]
pub struct UniqueConstraint {
    pub name: String,
    pub columns: Vec<String>,
    /// The fields to name in a conflict reply.
    pub fields: Vec<FieldId>,
    /// Only rows that are not soft-deleted count.
    pub active_only: bool,
}

#[derive(Clone, Debug)]
pub struct ForeignKey {
    pub name: String,
    pub column: String,
    pub table: String,
    pub target_column: String,
    pub on_delete: archwright_model::OnDelete,
    /// Absent on link and system tables.
    pub field: Option<FieldId>,
}

#[derive(Clone, Debug)]
pub struct CheckConstraint {
    pub name: String,
    pub kind: CheckKind,
}

#[derive(Clone, Debug)]
pub enum CheckKind {
    /// A check of the design over the row alone: entity and its position in `Entity::checks`.
    Design(EntityId, usize),
    /// Lengths, ranges, enum values and forms of one field, a second line of defence behind request validation.
    FieldDomain(FieldId),
}

#[derive(Clone, Debug)]
pub struct Index {
    pub name: String,
    pub columns: Vec<(String, Direction)>,
    pub active_only: bool,
    /// Ids of the operations that need it.
    pub operations: Vec<String>,
    pub reason: String,
}

// ---- representation ------------------------------------------------------------------------------------------------

/// How an entity's rows are shown and written.
#[derive(Clone, Debug)]
pub struct Resource {
    pub entity: EntityId,
    /// `/v1/order-lines`; for a part, empty.
    pub path: String,
    /// Keys of a representation, in order.
    pub output: Vec<Output>,
    /// What `?expand=` accepts at this level.
    pub expands: Vec<Expand>,
    /// How many relations deep its paths go.
    pub expand_depth: usize,
    /// Body of a create (and, for the account entity, of a sign-up, which adds `password`).
    pub create: Vec<Input>,
    /// Body of a merge patch.
    pub update: Vec<Input>,
    /// What a row has to be for a step to find it, or an input of a named operation to name it: of the caller's tenant,
    /// or any where nobody is signed in. Absent: any.
    pub confinement: Option<Expression>,
}

#[derive(Clone, Debug)]
pub struct Output {
    pub json: String,
    pub source: OutputSource,
    pub nullable: bool,
    /// Alternatives under which the caller sees the key; empty: always. Otherwise the key is left out.
    pub visible: Vec<Alternative>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputSource {
    Id,
    /// A stored or computed scalar, or a file.
    Field(FieldId),
    /// The id or natural key of a to-one relation's row.
    Reference(FieldId),
    /// The parts of a composed relation: representations of the part's resource, in order.
    Parts(FieldId),
    /// An integer, only on versioned entities.
    Version,
    /// The account's own roles, a list of names; only on the account entity. Seen by the account itself and by roles
    /// that may grant.
    Roles,
}

#[derive(Clone, Debug)]
pub struct Expand {
    /// The relation's name, and the key under which the row or rows are put.
    pub name: String,
    pub field: FieldId,
    pub target: EntityId,
    /// A list of at most `page_max` rows, by id; otherwise one row or null.
    pub many: bool,
}

#[derive(Clone, Debug)]
pub struct Input {
    pub json: String,
    pub field: FieldId,
    pub kind: InputKind,
    /// Must be present in a create. Never true in an update.
    pub required: bool,
    /// Accepts null (which unsets it).
    pub nullable: bool,
    /// Alternatives under which the caller may name it; empty: always. Otherwise naming it is 403.
    pub settable: Vec<Alternative>,
}

#[derive(Clone, Debug)]
pub enum InputKind {
    /// A value of the field's scalar type.
    Scalar,
    /// Id or natural key of a row that the caller may read.
    Reference(EntityId),
    /// Many-to-many: at most 100 ids or natural keys of rows that the caller may read, distinct; replaces the links.
    /// The JSON name is `SINGULAR_ids` or `SINGULAR_KEYs` of the field's name: `author_ids`.
    References(EntityId),
    /// Composed parts, at most 100. Create: objects of `create` inputs. Update: replaces all; an item with `id` keeps
    /// and changes that part (its other keys as in a patch), one without creates one.
    Parts {
        entity: EntityId,
        create: Vec<Input>,
        update: Vec<Input>,
    },
}

// ---- operations ----------------------------------------------------------------------------------------------------

#[derive(Clone, Debug)]
pub struct Operation {
    /// Stable, unique: `orders.list`, `orders.place`, `auth.sign-in`, `op.favourite`.
    pub id: String,
    /// camelCase, unique: `listOrders`.
    pub operation_id: String,
    /// A short verb phrase for documents.
    pub summary: String,
    /// What the design says of it; may be empty.
    pub about: String,
    pub kind: OperationKind,
    pub entity: Option<EntityId>,
    pub method: Method,
    /// From the root: `/v1/orders/{id}/place`.
    pub path: String,
    pub parameters: Vec<PathParameter>,
    pub list: Option<ListOptions>,
    /// Takes `expand` and `fields`.
    pub shapes_reply: bool,
    /// Alternatives under which the operation is allowed; none: nobody. For `List`, conditions filter the rows.
    pub guard: Vec<Alternative>,
    /// Success status.
    pub status: u16,
    pub errors: Vec<ErrorCase>,
    /// A key of `Api::rates`.
    pub rate: String,
    /// Takes `Idempotency-Key`.
    pub idempotency_key: bool,
    /// What happens with parameters and keys of the body that nobody declared.
    pub unknown: Unknown,
    /// Takes `If-Match`, answers `ETag`.
    pub etag: bool,
    pub workload: Option<Rate>,
    /// The last API version that has it, when that is known.
    pub until: Option<u32>,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// GET on the collection.
    List,
    /// GET on a row.
    Get,
    /// POST on the collection: 201 with `Location` and the representation.
    Create,
    /// PATCH on a row, JSON Merge Patch: 200 with the representation.
    Update,
    /// DELETE on a row: 204.
    Delete,
    /// POST `/{id}/NAME`: 200 with the representation. Index into `StateMachine::moves`.
    Move(usize),
    /// PUT `/{id}/RELATION/{other}`: 204, also when it was linked already. Guarded like an update.
    Link(FieldId),
    /// DELETE `/{id}/RELATION/{other}`: 204, also when it was not linked.
    Unlink(FieldId),
    /// PUT `/{id}/FIELD` with the bytes as body or `multipart/form-data` with one part: 200 with the representation.
    /// Guarded like an update.
    Upload(FieldId),
    /// DELETE `/{id}/FIELD`: 204.
    RemoveFile(FieldId),
    /// GET `/files/{token}` (`/stored-files/{token}` where an entity has that path): the bytes. The signed token is the permission.
    Download,
    /// POST `/auth/sign-up`: `create` inputs of the account entity and `password`; 201 with tokens and account.
    SignUp,
    /// POST `/auth/sign-in`: the sign-in field and `password`; 200 with tokens.
    SignIn,
    /// POST `/auth/refresh`: `refresh_token`; 200 with tokens.
    Refresh,
    /// POST `/auth/sign-out`: 204; revokes the session of the access token.
    SignOut,
    /// GET `/auth/me`: 200 with the account's representation.
    Me,
    /// PUT `/auth/password`: `current_password`, `new_password`; 204; ends the account's other sessions.
    ChangePassword,
    /// PUT `/ACCOUNTS/{id}/roles`: `roles`; 200 with the representation. Each role that is added or taken must be
    /// granted by a role of the caller's.
    SetRoles,
    /// Index into `Model::operations`.
    Named(usize),
}

/// One way to be allowed: the caller is of the class, and the conditions hold. Ownership and tenancy are already part
/// of the conditions.
#[derive(Clone, Debug)]
pub struct Alternative {
    pub caller: CallerClass,
    /// On the row before the write; for a create, on the new row.
    pub when: Option<Expression>,
    /// On the row that the write leaves.
    pub after: Option<Expression>,
    /// The alternative came from `owner`: documents say so instead of printing the condition.
    pub owner: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallerClass {
    Anyone,
    SignedIn,
    /// Has the role, or one that includes it.
    Role(RoleId),
}

#[derive(Clone, Debug)]
pub struct PathParameter {
    pub name: String,
    pub kind: PathParameterKind,
}

#[derive(Clone, Debug)]
pub enum PathParameterKind {
    /// The id of a row of this entity.
    Id(EntityId),
    /// The natural key of a row.
    Key(FieldId),
    /// An opaque signed token.
    Token,
    /// A named operation's own input, by its position in `path_input`.
    Input(usize),
}

#[derive(Clone, Debug)]
pub struct ListOptions {
    pub filters: Vec<Filter>,
    /// Field and the reason why no filter is offered.
    pub not_filterable: Vec<(String, String)>,
    pub sorts: Vec<Sort>,
    pub not_sortable: Vec<(String, String)>,
    /// `?q=`: all words, in any of the searchable fields.
    pub search: bool,
    pub page_default: u32,
    pub page_max: u32,
}

/// `?NAME=value` (equal) and `?NAME.OPERATOR=value`.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The key of the representation; for a many-to-many relation the field's name.
    pub name: String,
    pub field: FieldId,
    pub operators: Vec<FilterOperator>,
    /// The index that serves it.
    pub index: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterOperator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// Comma-separated, at most 50.
    In,
    /// `true` or `false`.
    Null,
}

impl FilterOperator {
    /// The suffix after the dot; empty for equality.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "",
            Self::NotEqual => "ne",
            Self::Less => "lt",
            Self::LessOrEqual => "lte",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "gte",
            Self::In => "in",
            Self::Null => "null",
        }
    }
}

/// `?sort=NAME` or `?sort=-NAME`, one key; ties are broken by id. Without `sort`: by id descending, newest first.
#[derive(Clone, Debug)]
pub struct Sort {
    pub name: String,
    pub field: FieldId,
    pub index: String,
}

/// A problem reply that the operation can give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorCase {
    pub status: u16,
    /// Whether the design gives it another status than the usual one. A reply of an operation's own is not for it.
    pub is_moved: bool,
    /// The last part of the problem's `type` and its `code`: `not-found`, `conflict`, `invalid`.
    pub code: String,
    /// When it is given, for documents.
    pub when: String,
}

// ---- row-level security ---------------------------------------------------------------------------------------------

/// What the database itself lets a caller know and write of each table with rows of the design, for databases that
/// judge rows. It knows rows and no operations: a row may be changed by whoever may make some change of it.
#[derive(Clone, Debug)]
pub struct RowSecurity {
    pub tables: Vec<TableSecurity>,
}

#[derive(Clone, Debug)]
pub struct TableSecurity {
    /// Its position in [`Plan::tables`].
    pub table: usize,
    /// The entity that all conditions are about.
    pub subject: EntityId,
    /// The to-one fields that lead from a row (of links, from the near row) to the subject's row; none: it is the row.
    pub path: Vec<FieldId>,
    /// Who knows a row that is not deleted. Of links, of both rows.
    pub read: Vec<Permit>,
    /// Who may add a row; `when` and `after` are both about the new one.
    pub create: Vec<Permit>,
    pub change: Vec<Permit>,
    pub delete: Vec<Permit>,
    /// The columns that changes may set.
    pub columns: Vec<String>,
    /// That the row, a part by its whole, is of the caller's tenant.
    pub tenancy: Option<Expression>,
    pub reason: String,
}

/// One way to be allowed, without what a database can't judge.
#[derive(Clone, Debug)]
pub struct Permit {
    /// Ids of the operations that it comes from.
    pub operations: Vec<String>,
    pub caller: CallerClass,
    /// It came from `owner`.
    pub owner: bool,
    /// On the row before the write, or the one that is read or made.
    pub when: Option<Expression>,
    /// Of a move; every other change keeps the state.
    pub transition: Option<Transition>,
    /// On the row that the write leaves.
    pub after: Option<Expression>,
    /// What else the operations ask for, and only the server judges.
    pub left_out: Vec<Expression>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    pub from: Vec<String>,
    pub to: String,
}

// ---- access matrix -------------------------------------------------------------------------------------------------

/// Who may call one operation, on rows in each state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixRow {
    /// `Operation::id`.
    pub operation: String,
    pub cells: Vec<MatrixCell>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixCell {
    pub caller: Caller,
    /// The state of the row; absent when the entity has no states or the operation no row.
    pub state: Option<String>,
    pub answer: Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    Anonymous,
    /// Signed in with exactly this role and what it includes (none: no role); `owns` says whether the row is theirs
    /// (always false where rows have no owner).
    SignedIn {
        role: Option<RoleId>,
        owns: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    /// Depends on what the row holds; the rest of the condition as CEL text.
    If(String),
}

impl Plan {
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    pub fn resource(&self, entity: EntityId) -> &Resource {
        &self.resources[entity.0]
    }

    /// The table that holds an entity's rows.
    pub fn table(&self, entity: EntityId) -> &Table {
        &self.tables[entity.0]
    }

    /// The link table of a many-to-many relation, by its canonical side's field.
    pub fn link_table(&self, canonical: FieldId) -> Option<&Table> {
        self.tables
            .iter()
            .find(|table| table.purpose == TablePurpose::Link(canonical))
    }
}

impl Table {
    /// The most bytes that a text of the column may have, so that every index of the table holds its rows; `None`: as
    /// many as its type lets it have. Columns of an index share what it holds: short ones take what they need.
    pub fn most_bytes(&self, column: &str) -> Option<usize> {
        let unique = self
            .unique
            .iter()
            .map(|unique| unique.columns.iter().collect());
        let indexes = self.indexes.iter();
        let indexes = indexes.map(|index| index.columns.iter().map(|(name, _)| name).collect());
        let entries = unique
            .chain(indexes)
            .map(|columns| (columns, LARGEST_INDEXED_BYTES));
        let searched = (self.search.iter().collect(), SEARCHED_BYTES);
        let shares =
            entries
                .chain([searched])
                .filter_map(|(columns, bytes): (Vec<&String>, usize)| {
                    self.share(column, &columns, bytes)
                });
        shares.min()
    }

    fn share(&self, column: &str, columns: &[&String], mut bytes: usize) -> Option<usize> {
        let mut texts: Vec<(usize, &Column)> = columns
            .iter()
            .filter_map(|name| self.columns.iter().find(|column| column.name == **name))
            .filter_map(|column| match column.ty {
                // UTF-8 takes four bytes for a character at most.
                ColumnType::Text { max } => {
                    Some((max.map_or(usize::MAX, |max| max as usize * 4), column))
                }
                _ => None,
            })
            .collect();
        texts.sort_by_key(|(most, _)| *most);
        let count = texts.len();
        for (index, (most, text)) in texts.into_iter().enumerate() {
            let share = most.min(bytes / (count - index));
            if text.name == column {
                return (share < most).then_some(share);
            }
            bytes -= share;
        }
        None
    }

    pub fn column_from(&self, source: ColumnSource) -> Option<&Column> {
        self.columns.iter().find(|column| column.source == source)
    }
}
