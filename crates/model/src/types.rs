//! Entities, fields, relations, rules, operations: the resolved design without its syntax.

use crate::{Expression, Type};
use archwright_diagnostics::Span;

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
pub struct Api {
    /// With a leading slash, without a trailing one: `/v1`; may be empty.
    pub base: String,
    pub version: u32,
    pub page_default: u32,
    pub page_max: u32,
    /// Bytes of a request body, uploads apart.
    pub body_limit: u64,
    pub timeout_seconds: u64,
    pub origins: Vec<String>,
    /// Always holds `sign-in`, `read`, `write`.
    pub rates: Vec<(String, Rate)>,
    pub access_seconds: u64,
    pub refresh_seconds: u64,
    /// The word before the token in `Authorization`: `Bearer`.
    pub scheme: String,
    /// Shapes of error replies: those of one status, and the one of all others, without a status. Their expressions see
    /// the bindings 0 to 6: `status`, `code`, `title`, `detail`, `fields`, `by_field`, `messages`.
    pub errors: Vec<(Option<u16>, Shape)>,
    /// What is said for a code, instead of our own sentence.
    pub messages: Vec<(String, String)>,
}

impl Api {
    /// The design's own shape of an error; absent: problem details (RFC 9457).
    pub fn error_shape(&self, status: u16) -> Option<&Shape> {
        let of = |wanted| self.errors.iter().find(move |(known, _)| *known == wanted);
        of(Some(status))
            .or_else(|| of(None))
            .map(|(_, shape)| shape)
    }

    pub fn message(&self, code: &str) -> Option<&str> {
        let mut messages = self.messages.iter();
        let found = messages.find(|(known, _)| known == code);
        found.map(|(_, text)| text.as_str())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub count: u64,
    pub per_seconds: u64,
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

/// The largest `bigint`, and the negated smallest: JSON numbers beyond it are not exact everywhere (RFC 8259, section 6).
pub const LARGEST_BIGINT: i64 = (1 << 53) - 1;

/// Most characters of a password: hashing is not to be given more work.
pub const PASSWORD_CHARACTERS: u32 = 256;

/// The greatest size of a `json` value as text.
pub const LARGEST_JSON_BYTES: usize = 16 * 1024;

/// Bytes of all texts in an entry of an index. PostgreSQL's B-tree holds entries of 2704 bytes, with the other columns.
pub const LARGEST_INDEXED_BYTES: usize = 2_600;

/// The most characters of a `text` that names no limit.
pub const TEXT_CHARACTERS: u32 = 65_536;

/// Values on the wire: see each. A stored type is the planner's choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScalarType {
    /// Length in characters.
    String {
        min: u32,
        max: u32,
    },
    /// Long text; length in characters (default at most 65,536).
    Text {
        min: u32,
        max: u32,
    },
    /// 32 bits.
    Int,
    /// A JSON number within ±(2^53 - 1), so that every client can read it.
    BigInt,
    /// A JSON string with exactly `scale` digits after the point: `"12.50"`. Precision at most 18.
    Decimal {
        precision: u32,
        scale: u32,
    },
    Bool,
    /// `2026-11-24`
    Date,
    /// RFC 3339 in UTC with milliseconds: `2026-11-24T10:00:00.000Z`.
    DateTime,
    Uuid,
    /// Lower-cased.
    Email,
    /// `http://` or `https://`.
    Url,
    /// [`crate::PHONE_PATTERN`]
    Phone,
    /// [`crate::SLUG_PATTERN`]
    Slug,
    Enum {
        values: Vec<String>,
    },
    /// An object or a list of at most [`LARGEST_JSON_BYTES`].
    Json,
    /// Shown as `{ "url", "name", "type", "size" }`; uploaded by an operation of its own.
    File {
        max_bytes: u64,
        media_types: Vec<String>,
    },
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

/// A field of a request that belongs to no entity.
#[derive(Clone, Debug)]
pub struct InputField {
    pub name: String,
    pub about: String,
    pub kind: InputKind,
    /// May be left out.
    pub optional: bool,
    /// May be null.
    pub nullable: bool,
    pub default: Option<Literal>,
    pub min: Option<Literal>,
    pub max: Option<Literal>,
    pub pattern: Option<String>,
    /// An empty text means null.
    pub blank_as_null: bool,
    /// A password: of the body, and not to be shown or kept.
    pub secret: bool,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum InputKind {
    Scalar(ScalarType),
    /// Takes the id (or natural key) of a row.
    Reference(EntityId),
    /// Of at most 1,000 items.
    List(Box<InputKind>),
    Object(Vec<InputField>),
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

#[derive(Clone, Debug)]
pub struct View {
    pub id: ViewId,
    pub name: String,
    pub of: EntityId,
    /// Over a row as `This`. Bindings of its own `each` are numbered from 0, apart from those of an operation.
    pub show: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A named operation: a short transaction, then a reply.
#[derive(Clone, Debug)]
pub struct Operation {
    pub name: String,
    pub about: String,
    pub method: Method,
    /// Below the API's base, with `{names}`.
    pub path: String,
    pub by: Vec<Grant>,
    /// A key of [`Api::rates`].
    pub rate: String,
    pub path_input: Vec<InputField>,
    pub query_input: Vec<InputField>,
    pub header_input: Vec<InputField>,
    pub body_input: Vec<InputField>,
    pub steps: Vec<Step>,
    pub replies: Vec<(u16, Shape)>,
    pub workload: Option<Rate>,
    pub evolution: Evolution,
    pub span: Span,
}

/// What the shapes of errors call `by_field`: an object of lists of texts.
pub const BY_FIELD: BindingId = BindingId(5);

/// A name that a step binds, by its position among all bindings of its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BindingId(pub usize);

#[derive(Clone, Debug)]
pub struct Step {
    pub kind: StepKind,
    pub condition: Option<Expression>,
    pub otherwise: Otherwise,
    /// The body of the reply with the status of `otherwise`.
    pub refusal: Option<Shape>,
    pub span: Span,
}

/// What happens when a step finds nothing or a guard fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// A problem reply with this status.
    Status(u16),
    /// Bind null and go on (`find` only).
    Null,
}

#[derive(Clone, Debug)]
pub enum StepKind {
    Find {
        bind: BindingId,
        name: String,
        entity: EntityId,
        filter: Option<Expression>,
        lock: bool,
    },
    List {
        bind: BindingId,
        name: String,
        entity: EntityId,
        filter: Option<Expression>,
        sort: Vec<(FieldId, Direction)>,
        limit: Option<Expression>,
        offset: Option<Expression>,
        /// Binds the number of all matching rows.
        count: Option<(BindingId, String)>,
    },
    Guard {
        that: Expression,
    },
    Create {
        bind: BindingId,
        name: String,
        entity: EntityId,
        set: Vec<(FieldId, Expression)>,
        /// Of an account that can sign in.
        sign_up: Option<SignUp>,
    },
    Upsert {
        bind: BindingId,
        name: String,
        entity: EntityId,
        key: Vec<(FieldId, Expression)>,
        set: Vec<(FieldId, Expression)>,
    },
    GetOrCreate {
        bind: BindingId,
        name: String,
        entity: EntityId,
        key: Vec<(FieldId, Expression)>,
        set: Vec<(FieldId, Expression)>,
    },
    /// `row` is a row-typed expression (a binding or `caller`). An absent input keeps the field.
    Update {
        row: Expression,
        set: Vec<(FieldId, Expression)>,
        /// The path of the body's text that becomes the account's password; ends its other sessions.
        password: Option<Vec<String>>,
    },
    Delete {
        row: Expression,
    },
    Link {
        from: Expression,
        relation: FieldId,
        row: Expression,
    },
    Unlink {
        from: Expression,
        relation: FieldId,
        row: Expression,
    },
    Increment {
        row: Expression,
        field: FieldId,
        by: Expression,
    },
    Move {
        row: Expression,
        entity: EntityId,
        name: String,
    },
    /// Binds the account whose unique field has one text of the body, and whose password is another one. The first step
    /// of its operation.
    SignIn {
        bind: BindingId,
        name: String,
        key: FieldId,
        value: Vec<String>,
        password: Vec<String>,
    },
    /// Opens a session of an account, and binds its access token.
    Token {
        bind: BindingId,
        name: String,
        row: Expression,
    },
    Each {
        bind: BindingId,
        name: String,
        list: Expression,
        steps: Vec<Step>,
    },
}

pub(crate) fn proves_who(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.kind {
        StepKind::Create { sign_up, .. } => sign_up.is_some(),
        StepKind::SignIn { .. } => true,
        StepKind::Each { steps, .. } => proves_who(steps),
        _ => false,
    })
}

/// What a new account signs in with.
#[derive(Clone, Debug)]
pub struct SignUp {
    /// The path of a required text of the body.
    pub password: Vec<String>,
    pub role: RoleId,
}

impl Operation {
    /// Whether a step makes an account that can sign in, or signs in to one.
    pub fn proves_who(&self) -> bool {
        proves_who(&self.steps)
    }

    /// Whether a step changes anything.
    pub fn writes(&self) -> bool {
        fn any(steps: &[Step]) -> bool {
            steps.iter().any(|step| match &step.kind {
                StepKind::Find { .. } | StepKind::List { .. } | StepKind::Guard { .. } => false,
                StepKind::Each { steps, .. } => any(steps),
                _ => true,
            })
        }
        any(&self.steps)
    }

    /// The bodies of its replies by status: its own, then those of steps that refuse.
    pub fn bodies(&self) -> Vec<(u16, Vec<&Shape>)> {
        fn refusals<'a>(steps: &'a [Step], found: &mut Vec<(u16, &'a Shape)>) {
            for step in steps {
                if let (Otherwise::Status(status), Some(shape)) = (step.otherwise, &step.refusal) {
                    found.push((status, shape));
                }
                if let StepKind::Each { steps, .. } = &step.kind {
                    refusals(steps, found);
                }
            }
        }
        let mut all: Vec<(u16, &Shape)> = Vec::new();
        all.extend(self.replies.iter().map(|(status, shape)| (*status, shape)));
        refusals(&self.steps, &mut all);
        let mut bodies: Vec<(u16, Vec<&Shape>)> = Vec::new();
        for (status, shape) in all {
            match bodies.iter_mut().find(|(known, _)| *known == status) {
                Some((_, shapes)) => shapes.push(shape),
                None => bodies.push((status, vec![shape])),
            }
        }
        bodies
    }

    /// Whether passwords, or tokens that prove who somebody is, are in what it takes or gives.
    pub fn handles_secrets(&self) -> bool {
        fn any(steps: &[Step]) -> bool {
            steps.iter().any(|step| match &step.kind {
                StepKind::Create { sign_up, .. } => sign_up.is_some(),
                StepKind::Update { password, .. } => password.is_some(),
                StepKind::SignIn { .. } | StepKind::Token { .. } => true,
                StepKind::Each { steps, .. } => any(steps),
                _ => false,
            })
        }
        any(&self.steps)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

#[derive(Clone, Debug)]
pub enum Shape {
    /// A row is shown as its entity's default representation.
    Value(Expression),
    Nothing,
    Object(Vec<(String, Shape)>),
    Show {
        view: ViewId,
        of: Expression,
    },
    Each {
        list: Expression,
        bind: BindingId,
        name: String,
        item: Box<Shape>,
    },
}

#[derive(Clone, Debug)]
pub struct Stack {
    pub framework: Option<String>,
    /// `sqlite` or `postgres`.
    pub database: Choice,
    /// `memory` or `redis`.
    pub cache: Choice,
    /// `password` and provider names.
    pub sign_in: Vec<Choice>,
    pub rls: bool,
}

#[derive(Clone, Debug)]
pub struct Choice {
    pub name: String,
    /// Absent where the design leaves it to us.
    pub span: Option<Span>,
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

/// A value of a scalar type, in the form that [`ScalarType`] gives for the wire where it is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    /// `units` over ten to the power of `scale`: 12.50 is `{ 1250, 2 }`.
    Decimal {
        units: i64,
        scale: u32,
    },
    /// Strings, enums, dates, datetimes (milliseconds, UTC, canonical form), uuids, JSON text.
    Text(String),
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

impl ScalarType {
    pub fn is_text(&self) -> bool {
        matches!(
            self,
            Self::String { .. }
                | Self::Text { .. }
                | Self::Email
                | Self::Url
                | Self::Phone
                | Self::Slug
                | Self::Enum { .. }
        )
    }

    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::BigInt | Self::Decimal { .. })
    }

    /// The type of its values in expressions.
    pub fn value_type(&self) -> Type {
        match self {
            Self::Int | Self::BigInt => Type::Int,
            Self::Decimal { scale, .. } => Type::Decimal { scale: *scale },
            Self::Bool => Type::Bool,
            Self::Date => Type::Date,
            Self::DateTime => Type::DateTime,
            Self::Json => Type::Json,
            Self::File { .. } => Type::File,
            Self::String { .. }
            | Self::Text { .. }
            | Self::Uuid
            | Self::Email
            | Self::Url
            | Self::Phone
            | Self::Slug
            | Self::Enum { .. } => Type::Text,
        }
    }

    /// The fewest and the most characters of a text of the type; `None` where its form settles them, or it is no text.
    pub fn characters(&self) -> Option<(u32, u32)> {
        match self {
            Self::String { min, max } | Self::Text { min, max } => Some((*min, *max)),
            // RFC 5321, 4.5.3.1.3, less the angle brackets.
            Self::Email => Some((3, 254)),
            Self::Url => Some((8, 2_048)),
            Self::Phone => Some((8, 16)),
            Self::Slug => Some((1, 100)),
            _ => None,
        }
    }

    /// The word of the language for it, without arguments.
    pub fn name(&self) -> &'static str {
        match self {
            Self::String { .. } => "string",
            Self::Text { .. } => "text",
            Self::Int => "int",
            Self::BigInt => "bigint",
            Self::Decimal { .. } => "decimal",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Uuid => "uuid",
            Self::Email => "email",
            Self::Url => "url",
            Self::Phone => "phone",
            Self::Slug => "slug",
            Self::Enum { .. } => "enum",
            Self::Json => "json",
            Self::File { .. } => "file",
        }
    }
}
