//! The syntax tree of a design: what was written, unresolved, with places. Each item shows its YAML.
//!
//! Names are not bound here, expressions are not parsed, and numbers are only checked for form.

use archwright_diagnostics::Span;
use std::ops::Range;

/// A scalar as it was written, with the place of each of its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    pub value: String,
    /// The whole scalar, quotes included.
    pub span: Span,
    pub map: TextMap,
}

/// Where the bytes of a [`Text`]'s value stand in the file.
#[derive(Clone, Debug, PartialEq)]
pub enum TextMap {
    /// Byte `i` stands at this offset plus `i` (plain and simply quoted scalars).
    From(u32),
    /// Byte `i` stands at `offsets[i]`; one longer than the value (escapes, folded and block scalars).
    Each(Vec<u32>),
}

impl Text {
    /// The place in the file of a range of bytes of the value.
    pub fn place(&self, range: Range<usize>) -> Span {
        let at = |index: usize| match &self.map {
            TextMap::From(start) => *start as usize + index.min(self.value.len()),
            TextMap::Each(offsets) => offsets
                .get(index)
                .or(offsets.last())
                .map_or(self.span.start as usize, |offset| *offset as usize),
        };
        Span::new(
            self.span.file,
            at(range.start),
            at(range.end.max(range.start)),
        )
    }

    /// A part of this text, places kept.
    pub fn slice(&self, range: Range<usize>) -> Text {
        let value = self.value[range.clone()].to_owned();
        let map = match &self.map {
            TextMap::From(start) => TextMap::From(start + range.start as u32),
            TextMap::Each(offsets) => TextMap::Each(offsets[range.start..=range.end].to_vec()),
        };
        Text {
            value,
            span: self.place(range),
            map,
        }
    }
}

/// A value with the place that it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

/// A whole design: all files merged, in the order of their paths. Lists keep the order of the files.
#[derive(Clone, Debug, Default)]
pub struct Design {
    /// `archwright: 1`
    pub version: Option<Spanned<i64>>,
    /// `name: bookshop`
    pub name: Option<Text>,
    /// `about: Customers order books online.`
    pub about: Option<Text>,
    pub api: Api,
    /// `types: { Isbn: "string(13), pattern '^97[89]'" }`: a name for a type with its modifiers.
    pub types: Vec<Field>,
    pub roles: Vec<Role>,
    pub entities: Vec<Entity>,
    pub views: Vec<View>,
    pub operations: Vec<Operation>,
    pub stack: Stack,
    pub seed: Vec<Seed>,
}

/// ```yaml
/// api:
///   base: /v1                       # default: /v followed by the version
///   version: 1
///   page: { default: 20, max: 100 }
///   body: 1MB
///   timeout: 10s
///   unknown: ignore                 # parameters and keys that nobody declared; refused by default
///   origins: [https://app.example.com]
///   rates: { sign-in: 10/min, read: 1200/min, write: 240/min }
///   tokens: { access: 15min, refresh: 30d, scheme: Bearer }
///   errors: { errors: { body: messages } }       # own error shape; a reply node over `status`, `code`, `title`,
///                                                # `detail`, `fields`, `by_field`, `messages`; or one for each
///                                                # status, and `default`
///   statuses: { invalid: 400, unique: 422 }      # of mistakes, by their codes
///   messages: { required: can't be blank }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Api {
    pub base: Option<Text>,
    pub version: Option<Spanned<i64>>,
    pub page_default: Option<Spanned<i64>>,
    pub page_max: Option<Spanned<i64>>,
    /// Bytes.
    pub body: Option<Spanned<u64>>,
    /// Seconds.
    pub timeout: Option<Spanned<u64>>,
    /// `refuse` or `ignore`: parameters and keys that nobody declared.
    pub unknown: Option<Text>,
    pub origins: Vec<Text>,
    /// Class name (`sign-in`, `read`, `write`, or a name that an operation uses) and its rate.
    pub rates: Vec<(Text, Spanned<Rate>)>,
    /// Seconds.
    pub access_lifetime: Option<Spanned<u64>>,
    /// Seconds.
    pub refresh_lifetime: Option<Spanned<u64>>,
    /// `scheme: Bearer`, or a list.
    pub schemes: Vec<Text>,
    /// The shape of errors; the status absent for all that have none of their own.
    pub errors: Vec<(Option<Spanned<i64>>, Shape)>,
    /// The status of a mistake, by its code.
    pub statuses: Vec<(Text, Spanned<i64>)>,
    /// What is said for a code.
    pub messages: Vec<(Text, Text)>,
}

/// `400/s`, `10/min`, `2000/h`, `10k/day`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub count: u64,
    pub per_seconds: u64,
}

/// ```yaml
/// roles:
///   customer: { about: Buys books., sign-up: open }
///   staff: { granted-by: admin }
///   admin: { includes: staff, granted-by: admin }
/// ```
#[derive(Clone, Debug)]
pub struct Role {
    pub name: Text,
    pub about: Option<Text>,
    /// `sign-up: open`; who signs up gets this role.
    pub sign_up: Option<Spanned<bool>>,
    /// `includes: staff` or a list.
    pub includes: Vec<Text>,
    /// `granted-by: admin` or a list.
    pub granted_by: Vec<Text>,
}

/// ```yaml
/// entities:
///   Order:
///     about: What a customer buys.
///     id: uuid                       # or int
///     key: number                    # addressed by this unique field instead of the id
///     plural: orders
///     path: orders                   # the resource's path segment
///     account: email                 # this entity signs in by that field
///     tenant: true                   # its rows are the tenants
///     fields: { … }
///     unique: [[customer, number], [tenant, slug]]
///     index: [[status, placed_at]]
///     checks: { dates: starts_at < ends_at }
///     allow: { read: owner, write: staff }
///     state: status                  # default: the enum field named status or state
///     moves: { … }
///     soft-delete: true
///     audit: true                    # the default
///     timestamps: true               # the default: created_at, updated_at
///     versioned: true                # the default: optimistic versioning
///     workload: { rows: 2M, growth: 10k/day, list: 400/s }
///     was: Purchase
///     since: 2
///     until: 3
/// ```
#[derive(Clone, Debug)]
pub struct Entity {
    pub name: Text,
    /// Name and body.
    pub span: Span,
    pub about: Option<Text>,
    pub id: Option<Text>,
    pub key: Option<Text>,
    pub plural: Option<Text>,
    pub path: Option<Text>,
    /// `account: email`, or `account: { sign-in: email, password: 12 }` (least length).
    pub account: Option<Account>,
    pub tenant: Option<Spanned<bool>>,
    pub fields: Vec<Field>,
    pub unique: Vec<Vec<Text>>,
    pub index: Vec<Vec<Text>>,
    pub checks: Vec<Check>,
    pub allow: Vec<Allow>,
    pub state: Option<Text>,
    pub moves: Vec<Move>,
    pub soft_delete: Option<Spanned<bool>>,
    pub audit: Option<Spanned<bool>>,
    pub timestamps: Option<Spanned<bool>>,
    pub versioned: Option<Spanned<bool>>,
    pub workload: Option<Workload>,
    pub evolution: Evolution,
}

#[derive(Clone, Debug)]
pub struct Account {
    pub sign_in: Text,
    pub password_min: Option<Spanned<i64>>,
}

/// `was`: the former name, so that a migration renames; `since` and `until`: API versions, both inclusive.
#[derive(Clone, Debug, Default)]
pub struct Evolution {
    pub since: Option<Spanned<i64>>,
    pub until: Option<Spanned<i64>>,
    pub was: Option<Text>,
}

/// A field, short or long. The short form is
/// `TYPE[?][[]] {, MODIFIER} [= DEFAULT | := EXPRESSION]`:
///
/// ```yaml
/// email: email, unique
/// phone: phone?, sensitive
/// slug: slug, unique, from title
/// number: int, unique within organisation        # several: within organisation+year
/// price: money, min 0, filter, sort
/// status: enum(draft, placed) = draft
/// placed_at: datetime?, read-only
/// expires_at: datetime = now + duration('7d')
/// avatar: file(5MB, image/png, image/jpeg)?
/// customer: Customer, owner, on-delete restrict
/// lines: OrderLine[], composed
/// authors: Author[]                              # many-to-many
/// comments: Comment[], by article                # the other side of Comment.article
/// students: Student[], through Enrolment
/// total: money := lines.sum(l, l.quantity * l.price)
/// isbn: { type: string(13), pattern: "^97[89]", unique: true, about: …, example: …, visible: staff, settable: staff }
/// ```
#[derive(Clone, Debug)]
pub struct Field {
    pub name: Text,
    /// Name and value.
    pub span: Span,
    pub about: Option<Text>,
    pub ty: TypeText,
    pub unique: Option<Unique>,
    pub immutable: Option<Span>,
    pub read_only: Option<Span>,
    pub write_only: Option<Span>,
    pub sensitive: Option<Span>,
    pub search: Option<Span>,
    pub filter: Option<Span>,
    pub sort: Option<Span>,
    pub owner: Option<Span>,
    pub tenant: Option<Span>,
    pub composed: Option<Span>,
    /// `by article`: the to-one (or many-to-many) field of the target that this is the other side of.
    pub by: Option<Text>,
    /// `through Enrolment`
    pub through: Option<Text>,
    /// `on-delete cascade`, `restrict` or `set-null`.
    pub on_delete: Option<Text>,
    pub min: Option<Text>,
    pub max: Option<Text>,
    /// `pattern '^97[89]'`
    pub pattern: Option<Text>,
    /// Requests that give an empty text mean null.
    pub blank_as_null: Option<Span>,
    /// `from title`: a slug is made from this field.
    pub from: Option<Text>,
    /// After `=`: a literal or an expression, evaluated when the row is created.
    pub default: Option<Text>,
    /// The default stands under `default:`, where text is a literal wherever it can be one.
    pub plain_default: bool,
    /// After `:=`: an expression, evaluated when the row is read.
    pub computed: Option<Text>,
    pub example: Option<Text>,
    /// Who may see it, beside who may read the row; absent: all of those.
    pub visible: Option<Vec<Grant>>,
    /// Who may set it, beside who may write the row; absent: all of those.
    pub settable: Option<Vec<Grant>>,
    pub evolution: Evolution,
}

/// `string(1..120)?`, `enum(draft, placed)`, `file(5MB, image/png)`, `OrderLine[]`.
#[derive(Clone, Debug)]
pub struct TypeText {
    pub name: Text,
    /// What stands in the brackets, split at commas and trimmed.
    pub arguments: Vec<Text>,
    pub optional: bool,
    pub many: bool,
    pub span: Span,
}

/// `unique`, or `unique within organisation`.
#[derive(Clone, Debug)]
pub struct Unique {
    pub within: Vec<Text>,
    pub span: Span,
}

/// `dates: starts_at < ends_at`, or `dates: { that: starts_at < ends_at, message: It ends before it starts. }`
#[derive(Clone, Debug)]
pub struct Check {
    pub name: Text,
    pub that: Text,
    pub message: Option<Text>,
}

/// `update: owner when status == 'draft', staff`. The key is one of `read` (= `list` and `get`), `list`, `get`,
/// `write` (= `create`, `update`, `delete`), `create`, `update`, `delete`.
#[derive(Clone, Debug)]
pub struct Allow {
    pub action: Text,
    pub grants: Vec<Grant>,
}

/// One alternative: `owner when status == 'draft'`, or
/// `{ by: owner, when: status == 'draft', after: total <= 100 }`. Short forms are separated by commas, each with its
/// own `when`; `by` of the long form may be a list. `when` judges the row before the write (the new row for
/// `create`), `after` the row that the write leaves.
#[derive(Clone, Debug)]
pub struct Grant {
    /// `anyone`, `signed-in`, `owner`, `nobody`, or a role.
    pub who: Text,
    pub when: Option<Text>,
    pub after: Option<Text>,
}

/// ```yaml
/// moves:
///   place: { from: draft, to: placed, by: owner, when: size(lines) > 0, set: { placed_at: now } }
///   ship: { from: [paid, packed], to: shipped, by: staff, input: { tracking: string(40) },
///           set: { tracking: input.tracking }, do: [ …steps… ] }
/// ```
#[derive(Clone, Debug)]
pub struct Move {
    pub name: Text,
    pub span: Span,
    pub about: Option<Text>,
    pub from: Vec<Text>,
    pub to: Option<Text>,
    pub by: Vec<Grant>,
    pub when: Option<Text>,
    /// Short-form fields of the request's body.
    pub input: Vec<Field>,
    pub set: Vec<(Text, Text)>,
    pub steps: Vec<Step>,
}

/// `workload: { rows: 2M, growth: 10k/day, list: 400/s, get: 1k/s, place: 5/s }`
#[derive(Clone, Debug)]
pub struct Workload {
    pub rows: Option<Spanned<u64>>,
    pub growth: Option<Spanned<Rate>>,
    /// Operation or move name, and its rate.
    pub rates: Vec<(Text, Spanned<Rate>)>,
}

/// A named way to show a row: `views: { Profile: { of: User, show: { username: username, … } } }`.
#[derive(Clone, Debug)]
pub struct View {
    pub name: Text,
    pub of: Option<Text>,
    pub show: Option<Shape>,
}

/// ```yaml
/// operations:
///   favourite:
///     about: Marks an article as a favourite of the caller.
///     route: POST /articles/{slug}/favorite        # below api.base
///     by: signed-in
///     rate: write                                  # a class of api.rates
///     unknown: ignore                              # instead of api.unknown
///     input:
///       path: { slug: slug }                       # a path name without an entry is a string
///       query: { limit: "int, min 1, max 100 = 20" }
///       header: { X-Signature: string(64) }
///       body: { article: { title: string(1..200), tagList: "string(1..40)[]?" } }
///     steps: [ … ]
///     reply: { 200: { article: { show: ArticleView, of: article } } }
///     workload: 40/s
/// ```
#[derive(Clone, Debug)]
pub struct Operation {
    pub name: Text,
    pub span: Span,
    pub about: Option<Text>,
    /// The verb of `route`.
    pub method: Option<Text>,
    /// The path of `route`, with `{names}`.
    pub path: Option<Text>,
    pub by: Vec<Grant>,
    pub rate: Option<Text>,
    pub unknown: Option<Text>,
    pub input_path: Vec<Field>,
    pub input_query: Vec<Field>,
    pub input_header: Vec<Field>,
    pub input_body: Vec<BodyField>,
    pub steps: Vec<Step>,
    /// Status and body, in order. The first is what the operation answers when no step says otherwise.
    pub replies: Vec<(Spanned<i64>, Shape)>,
    pub headers: Vec<ReplyHeaders>,
    pub workload: Option<Spanned<Rate>>,
    pub evolution: Evolution,
}

/// `201: { headers: { Location: … }, body: … }`
#[derive(Clone, Debug)]
pub struct ReplyHeaders {
    pub status: Spanned<i64>,
    pub headers: Vec<(Text, Text)>,
}

/// A field of a body: a leaf in short or long form, or an object of further fields.
#[derive(Clone, Debug)]
pub enum BodyField {
    Leaf(Field),
    /// `title?: string`: may be left out, and is never null.
    Given(Field),
    Object {
        name: Text,
        optional: bool,
        fields: Vec<BodyField>,
        span: Span,
    },
}

/// One step of a transaction: a mapping with one verb as its first key. Steps see earlier bindings, `path`, `query`,
/// `header`, `body`, `caller`, `now`.
#[derive(Clone, Debug)]
pub struct Step {
    pub kind: StepKind,
    pub span: Span,
    /// `if: body.tags != null`: the step runs only then.
    pub condition: Option<Text>,
    /// `else: not-found`, or a status.
    pub otherwise: Option<Text>,
    /// `else: { 404: { errors: … } }`: the body of that status.
    pub refusal: Option<Shape>,
}

/// The verbs.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// `find: { article: Article }`, `where: slug == path.slug`, `lock: true`. One row; `else` defaults to `not-found`,
    /// `else: null` binds null.
    Find {
        name: Text,
        entity: Text,
        filter: Option<Text>,
        lock: bool,
    },
    /// `list: { articles: Article }`, `where: …`, `sort: -created_at`, `limit: query.limit`, `offset: query.offset`,
    /// `count: total`.
    List {
        name: Text,
        entity: Text,
        filter: Option<Text>,
        sort: Vec<Text>,
        limit: Option<Text>,
        offset: Option<Text>,
        count: Option<Text>,
    },
    /// `guard: article.author == caller`, `else: forbidden`.
    Guard { that: Text },
    /// `create: { comment: Comment }`, `set: { body: body.comment.body, article: article }`; of an account also
    /// `password: body.user.password`, `role: member`.
    Create {
        name: Text,
        entity: Text,
        set: Vec<(Text, Text)>,
        password: Option<Text>,
        role: Option<Text>,
    },
    /// `upsert: { vote: Vote }`, `key: { user: caller, post: post }`, `set: { value: body.value }`.
    Upsert {
        name: Text,
        entity: Text,
        key: Vec<(Text, Text)>,
        set: Vec<(Text, Text)>,
    },
    /// `get-or-create: { tag: Tag }`, `key: { name: item }`, `set: {}`.
    GetOrCreate {
        name: Text,
        entity: Text,
        key: Vec<(Text, Text)>,
        set: Vec<(Text, Text)>,
    },
    /// `update: article`, `set: { title: body.article.title }`: an absent input keeps the field. Of an account also
    /// `password: body.user.password`.
    Update {
        row: Text,
        set: Vec<(Text, Text)>,
        password: Option<Text>,
    },
    /// `delete: article`
    Delete { row: Text },
    /// `link: { caller.favourites: article }`
    Link { relation: Text, row: Text },
    /// `unlink: { caller.favourites: article }`
    Unlink { relation: Text, row: Text },
    /// `increment: { book.stock: -line.quantity }`
    Increment { field: Text, by: Text },
    /// `move: { order: ship }`
    Move { row: Text, name: Text },
    /// `sign-in: { user: User }`, `key: { email: body.user.email }`, `password: body.user.password`.
    SignIn {
        name: Text,
        entity: Text,
        key: Vec<(Text, Text)>,
        password: Option<Text>,
    },
    /// `token: { token: user }`
    Token { name: Text, row: Text },
    /// `each: { tag: body.article.tagList }`, `do: [ … ]`
    Each {
        name: Text,
        list: Text,
        steps: Vec<Step>,
    },
}

/// The shape of a reply.
#[derive(Clone, Debug)]
pub enum Shape {
    /// An expression; a row is shown as its entity's default representation. `~` is no body.
    Value(Text),
    Nothing(Span),
    /// `{ article: …, total: … }`; `reason?: …` is left out where it is missing.
    Object(Vec<(Text, Shape)>, Span),
    /// `{ show: ArticleView, of: article }`
    Show {
        view: Text,
        of: Text,
    },
    /// `{ if: article.hidden, then: …, else: … }`; nothing where the condition does not hold and there is no `else`.
    If {
        test: Text,
        then: Box<Shape>,
        otherwise: Option<Box<Shape>>,
    },
    /// `{ each: articles, as: a, show: ArticleView }`, or `item:` with a shape instead of `show`.
    Each {
        list: Text,
        name: Text,
        item: Box<Shape>,
    },
}

/// `stack: { framework: axum, database: postgres, cache: redis, sign-in: [password, google], rls: true }`
#[derive(Clone, Debug, Default)]
pub struct Stack {
    pub framework: Option<Text>,
    pub database: Option<Text>,
    pub cache: Option<Text>,
    pub sign_in: Vec<Text>,
    pub rls: Option<Spanned<bool>>,
}

/// `seed: { Book: 40, Author: { rows: 5, with: [ { name: Ursula K. Le Guin } ] } }`; a list alone is `with`.
#[derive(Clone, Debug)]
pub struct Seed {
    pub entity: Text,
    pub rows: Option<Spanned<u64>>,
    pub with: Vec<Vec<(Text, SeedValue)>>,
}

/// A to-one field takes the text of the target's natural key or first unique field; a to-many field takes a list of
/// such texts, or of mappings when it is composed.
#[derive(Clone, Debug)]
pub enum SeedValue {
    Scalar(Text),
    List(Vec<SeedValue>),
    Object(Vec<(Text, SeedValue)>),
}
