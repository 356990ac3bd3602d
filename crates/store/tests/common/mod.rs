//! A small bookshop, its plan made by hand, with rows to read.

use archwright_plan::Operation;
use archwright_plan::model::*;
use archwright_plan::*;
use archwright_sql::Dialect;
use archwright_store::{Caller as SignedInCaller, Context, Secrets, Store, StoreOptions};
use std::sync::Arc;

pub const USER: EntityId = EntityId(0);
pub const AUTHOR: EntityId = EntityId(1);
pub const BOOK: EntityId = EntityId(2);
pub const ORDER: EntityId = EntityId(3);
pub const LINE: EntityId = EntityId(4);
pub const STAFF: RoleId = RoleId(0);
pub const ADMIN: RoleId = RoleId(1);
/// 2026-11-24T10:00:00.000Z
pub const NOW: i64 = 1_795_514_400_000;

pub fn field_id(entity: EntityId, index: usize) -> FieldId {
    FieldId { entity, index }
}

pub fn uuid(number: u32) -> String {
    format!("00000000-0000-7000-8000-{number:012}")
}

fn span() -> archwright_diagnostics::Span {
    archwright_diagnostics::Span::new(archwright_diagnostics::FileId(0), 0, 0)
}

// ---- expressions ---------------------------------------------------------------------------------------------------

pub fn expression(kind: ExpressionKind, ty: Type, nullable: bool) -> Expression {
    Expression {
        kind,
        ty,
        nullable,
        span: span(),
    }
}

pub fn this(entity: EntityId) -> Expression {
    expression(ExpressionKind::This, Type::Row(entity), false)
}

pub fn caller() -> Expression {
    expression(ExpressionKind::Caller, Type::Row(USER), true)
}

pub fn variable(entity: EntityId) -> Expression {
    expression(
        ExpressionKind::Variable(VariableId(0)),
        Type::Row(entity),
        false,
    )
}

pub fn get(model: &Model, of: Expression, index: usize) -> Expression {
    let Type::Row(entity) = of.ty else {
        panic!("a field of what is no row")
    };
    let field = model.field(field_id(entity, index));
    let ty = match &field.kind {
        FieldKind::ToOne(relation) => Type::Row(relation.target),
        FieldKind::ToMany(relation) => Type::Rows(relation.target),
        FieldKind::Scalar(ScalarType::Int | ScalarType::BigInt) => Type::Int,
        FieldKind::Scalar(ScalarType::Decimal { scale, .. }) => Type::Decimal { scale: *scale },
        FieldKind::Scalar(ScalarType::Date) => Type::Date,
        FieldKind::Scalar(ScalarType::DateTime) => Type::DateTime,
        FieldKind::Scalar(_) => Type::Text,
    };
    let nullable = field.optional || of.nullable;
    expression(
        ExpressionKind::Field {
            of: Box::new(of),
            field: field.id,
        },
        ty,
        nullable,
    )
}

pub fn text(value: &str) -> Expression {
    expression(
        ExpressionKind::Literal(Literal::Text(value.to_owned())),
        Type::Text,
        false,
    )
}

pub fn typed(value: &str, ty: Type) -> Expression {
    expression(
        ExpressionKind::Literal(Literal::Text(value.to_owned())),
        ty,
        false,
    )
}

pub fn int(value: i64) -> Expression {
    expression(
        ExpressionKind::Literal(Literal::Int(value)),
        Type::Int,
        false,
    )
}

pub fn decimal(units: i64, scale: u32) -> Expression {
    expression(
        ExpressionKind::Literal(Literal::Decimal { units, scale }),
        Type::Decimal { scale },
        false,
    )
}

pub fn null() -> Expression {
    expression(ExpressionKind::Literal(Literal::Null), Type::Null, true)
}

pub fn binary(operator: BinaryOperator, left: Expression, right: Expression) -> Expression {
    use BinaryOperator::*;
    let scale = |ty: &Type| {
        if let Type::Decimal { scale } = ty {
            *scale
        } else {
            0
        }
    };
    let number = |scale: u32, all_int: bool| {
        if all_int {
            Type::Int
        } else {
            Type::Decimal { scale }
        }
    };
    let ints = left.ty == Type::Int && right.ty == Type::Int;
    let ty = match operator {
        Add | Subtract if left.ty == Type::Text || left.ty == Type::DateTime => left.ty.clone(),
        Add | Subtract => number(scale(&left.ty).max(scale(&right.ty)), ints),
        Multiply => number(scale(&left.ty) + scale(&right.ty), ints),
        Divide | Remainder => Type::Int,
        _ => Type::Bool,
    };
    let nullable = ty != Type::Bool
        && (left.nullable || right.nullable || matches!(operator, Divide | Remainder));
    expression(
        ExpressionKind::Binary {
            operator,
            left: Box::new(left),
            right: Box::new(right),
        },
        ty,
        nullable,
    )
}

pub fn not(inner: Expression) -> Expression {
    expression(ExpressionKind::Not(Box::new(inner)), Type::Bool, false)
}

pub fn quantifier(quantifier: Quantifier, over: Expression, condition: Expression) -> Expression {
    let kind = ExpressionKind::Quantifier {
        quantifier,
        over: Box::new(over),
        variable: VariableId(0),
        condition: Box::new(condition),
    };
    expression(kind, Type::Bool, false)
}

pub fn aggregate(aggregate: Aggregate, over: Expression, value: Option<Expression>) -> Expression {
    let (ty, nullable) = match (&aggregate, value.as_ref().map(|value| value.ty.clone())) {
        (Aggregate::Count, _) | (_, None) => (Type::Int, false),
        (Aggregate::Sum, Some(ty)) => (ty, false),
        (Aggregate::Avg, Some(Type::Decimal { scale })) => {
            (Type::Decimal { scale: scale + 2 }, true)
        }
        (Aggregate::Avg, Some(_)) => (Type::Decimal { scale: 2 }, true),
        (_, Some(ty)) => (ty, true),
    };
    let kind = ExpressionKind::Aggregate {
        aggregate,
        over: Box::new(over),
        variable: VariableId(0),
        condition: None,
        value: value.map(Box::new),
    };
    expression(kind, ty, nullable)
}

// ---- model ---------------------------------------------------------------------------------------------------------

fn field(entity: EntityId, index: usize, name: &str, kind: FieldKind, optional: bool) -> Field {
    Field {
        id: field_id(entity, index),
        name: name.to_owned(),
        about: String::new(),
        kind,
        optional,
        immutable: false,
        read_only: false,
        write_only: false,
        sensitive: false,
        search: false,
        filter: false,
        sort: false,
        min: None,
        max: None,
        pattern: None,
        slug_from: None,
        default: None,
        computed: None,
        example: None,
        visible: None,
        settable: None,
        evolution: Evolution::default(),
        origin: Origin::Declared,
        span: span(),
    }
}

fn entity(
    id: EntityId,
    name: &str,
    singular: &str,
    fields: Vec<(&str, FieldKind, bool)>,
) -> Entity {
    let fields = fields.into_iter().enumerate();
    Entity {
        id,
        name: name.to_owned(),
        singular: singular.to_owned(),
        plural: format!("{singular}s"),
        path: format!("{singular}s"),
        about: String::new(),
        id_type: if id == AUTHOR {
            IdType::Int
        } else {
            IdType::Uuid
        },
        key: None,
        fields: fields
            .map(|(index, (name, kind, optional))| field(id, index, name, kind, optional))
            .collect(),
        unique: Vec::new(),
        indexes: Vec::new(),
        checks: Vec::new(),
        access: Access::default(),
        state: None,
        part_of: None,
        owner: None,
        tenant: None,
        soft_delete: false,
        audit: false,
        timestamps: false,
        versioned: id != LINE,
        workload: Workload::default(),
        evolution: Evolution::default(),
        span: span(),
    }
}

pub fn model() -> Model {
    let scalar = FieldKind::Scalar;
    let string = || FieldKind::Scalar(ScalarType::String { min: 1, max: 300 });
    let money = || {
        FieldKind::Scalar(ScalarType::Decimal {
            precision: 12,
            scale: 2,
        })
    };
    let one = |target, on_delete| {
        FieldKind::ToOne(ToOne {
            target,
            on_delete,
            inverse: None,
        })
    };
    let many = |target, kind| FieldKind::ToMany(ToMany { target, kind });
    let authors = field_id(BOOK, 5);
    let statuses = ["draft", "paid"].map(str::to_owned).to_vec();
    let mut entities = vec![
        entity(
            USER,
            "User",
            "user",
            vec![
                ("email", scalar(ScalarType::Email), false),
                ("name", string(), false),
                ("phone", scalar(ScalarType::Phone), true),
                (
                    "orders",
                    many(
                        ORDER,
                        ToManyKind::Inverse {
                            by: field_id(ORDER, 0),
                        },
                    ),
                    true,
                ),
            ],
        ),
        entity(
            AUTHOR,
            "Author",
            "author",
            vec![
                ("name", string(), false),
                (
                    "books",
                    many(
                        BOOK,
                        ToManyKind::Linked {
                            canonical: authors,
                            inverse: Some(authors),
                        },
                    ),
                    true,
                ),
            ],
        ),
        entity(
            BOOK,
            "Book",
            "book",
            vec![
                ("title", string(), false),
                ("price", money(), false),
                ("stock", scalar(ScalarType::Int), false),
                ("published", scalar(ScalarType::Date), true),
                ("note", scalar(ScalarType::Text { max: 1000 }), true),
                (
                    "authors",
                    many(
                        AUTHOR,
                        ToManyKind::Linked {
                            canonical: authors,
                            inverse: Some(field_id(AUTHOR, 1)),
                        },
                    ),
                    true,
                ),
                ("added_at", scalar(ScalarType::DateTime), false),
                ("reprint_of", one(BOOK, OnDelete::SetNull), true),
            ],
        ),
        entity(
            ORDER,
            "Order",
            "order",
            vec![
                ("customer", one(USER, OnDelete::Restrict), false),
                (
                    "status",
                    scalar(ScalarType::Enum { values: statuses }),
                    false,
                ),
                (
                    "lines",
                    many(
                        LINE,
                        ToManyKind::Composed {
                            by: field_id(LINE, 0),
                        },
                    ),
                    true,
                ),
                ("total", money(), false),
                ("discount", money(), true),
            ],
        ),
        entity(
            LINE,
            "Line",
            "line",
            vec![
                ("order", one(ORDER, OnDelete::Cascade), false),
                ("quantity", scalar(ScalarType::Int), false),
                ("price", money(), false),
                ("book", one(BOOK, OnDelete::Restrict), false),
            ],
        ),
    ];
    entities[USER.0].fields[2].sensitive = true;
    entities[BOOK.0].fields[0].search = true;
    entities[ORDER.0].soft_delete = true;
    entities[ORDER.0].owner = Some(field_id(ORDER, 0));
    entities[LINE.0].part_of = Some(PartOf {
        whole: ORDER,
        field: field_id(ORDER, 2),
        back: field_id(LINE, 0),
    });
    let role = |name: &str, includes: Vec<RoleId>| Role {
        name: name.to_owned(),
        about: String::new(),
        sign_up: false,
        includes,
        granted_by: Vec::new(),
    };
    let rate = Rate {
        count: 100,
        per_seconds: 1,
    };
    let mut model = Model {
        name: "bookshop".to_owned(),
        about: String::new(),
        api: Api {
            base: "/v1".to_owned(),
            version: 1,
            page_default: 2,
            page_max: 3,
            body_limit: 1 << 20,
            timeout_seconds: 10,
            origins: Vec::new(),
            rates: ["sign-in", "read", "write"]
                .map(|name| (name.to_owned(), rate))
                .to_vec(),
            access_seconds: 900,
            refresh_seconds: 86_400,
            scheme: "Bearer".to_owned(),
            errors: None,
        },
        roles: vec![
            role("staff", vec![STAFF]),
            role("admin", vec![STAFF, ADMIN]),
        ],
        entities,
        views: Vec::new(),
        operations: Vec::new(),
        account: Some(Account {
            entity: USER,
            sign_in: field_id(USER, 0),
            password_min: 12,
        }),
        tenant: None,
        stack: Stack {
            framework: None,
            database: "sqlite".to_owned(),
            cache: "memory".to_owned(),
            sign_in: vec!["password".to_owned()],
            rls: false,
        },
        seeds: Vec::new(),
    };
    let product = binary(
        BinaryOperator::Multiply,
        get(&model, variable(LINE), 1),
        get(&model, variable(LINE), 2),
    );
    let total = aggregate(Aggregate::Sum, get(&model, this(ORDER), 2), Some(product));
    model.entities[ORDER.0].fields[3].computed = Some(total);
    model
}

// ---- plan ----------------------------------------------------------------------------------------------------------

fn column(name: &str, ty: ColumnType, nullable: bool, source: ColumnSource) -> Column {
    Column {
        name: name.to_owned(),
        ty,
        nullable,
        source,
        reason: String::new(),
    }
}

fn table(name: &str, purpose: TablePurpose, columns: Vec<Column>, key: &[&str]) -> Table {
    Table {
        name: name.to_owned(),
        purpose,
        columns,
        primary_key: key.iter().map(|&name| name.to_owned()).collect(),
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        indexes: Vec::new(),
        search: Vec::new(),
        reason: String::new(),
    }
}

fn field_column(model: &Model, field: &Field) -> Option<Column> {
    let ty = match &field.kind {
        _ if field.sensitive => ColumnType::Bytes,
        _ if field.computed.is_some() => return None,
        FieldKind::ToMany(_) => return None,
        FieldKind::ToOne(_) => ColumnType::Uuid,
        FieldKind::Scalar(ScalarType::Int) => ColumnType::Int32,
        FieldKind::Scalar(ScalarType::Decimal { precision, scale }) => ColumnType::Decimal {
            precision: *precision,
            scale: *scale,
        },
        FieldKind::Scalar(ScalarType::Date) => ColumnType::Date,
        FieldKind::Scalar(ScalarType::DateTime) => ColumnType::Instant,
        FieldKind::Scalar(_) => ColumnType::Text { max: None },
    };
    Some(column(
        &model.json_name(field.id),
        ty,
        field.optional,
        ColumnSource::Field(field.id),
    ))
}

fn entity_table(model: &Model, entity: &Entity) -> Table {
    let id = if entity.id_type == IdType::Int {
        ColumnType::Serial
    } else {
        ColumnType::Uuid
    };
    let mut columns = vec![column("id", id, false, ColumnSource::Id)];
    for field in &entity.fields {
        columns.extend(field_column(model, field));
        if field.sensitive {
            let name = format!("{}_index", field.name);
            columns.push(column(
                &name,
                ColumnType::Bytes,
                true,
                ColumnSource::BlindIndex(field.id),
            ));
        }
    }
    if entity.versioned {
        columns.push(column(
            "version",
            ColumnType::Int32,
            false,
            ColumnSource::Version,
        ));
    }
    if entity.soft_delete {
        columns.push(column(
            "deleted_at",
            ColumnType::Instant,
            true,
            ColumnSource::DeletedAt,
        ));
    }
    if entity.part_of.is_some() {
        columns.push(column(
            "position",
            ColumnType::Int32,
            false,
            ColumnSource::Position,
        ));
    }
    let mut table = table(
        &entity.plural,
        TablePurpose::Entity(entity.id),
        columns,
        &["id"],
    );
    table.search = entity
        .fields
        .iter()
        .filter(|field| field.search)
        .map(|field| field.name.clone())
        .collect();
    for field in &entity.fields {
        table.checks.push(CheckConstraint {
            name: format!("{}_form", field.name),
            kind: CheckKind::FieldDomain(field.id),
        });
        if let Some(relation) = field.to_one() {
            table.foreign_keys.push(ForeignKey {
                name: format!("fk_{}", field.name),
                column: model.json_name(field.id),
                table: model.entity(relation.target).plural.clone(),
                target_column: "id".to_owned(),
                on_delete: relation.on_delete,
                field: Some(field.id),
            });
        }
    }
    table
}

fn index(name: &str, columns: &[&str]) -> Index {
    let columns = columns
        .iter()
        .map(|&name| (name.to_owned(), Direction::Ascending));
    Index {
        name: name.to_owned(),
        columns: columns.collect(),
        active_only: false,
        operations: Vec::new(),
        reason: String::new(),
    }
}

fn outputs(model: &Model, entity: &Entity) -> Vec<Output> {
    let output = |json: String, source, nullable| Output {
        json,
        source,
        nullable,
        visible: Vec::new(),
    };
    let mut outputs = vec![output("id".to_owned(), OutputSource::Id, false)];
    for field in &entity.fields {
        let source = match &field.kind {
            FieldKind::Scalar(_) => OutputSource::Field(field.id),
            FieldKind::ToOne(_) => OutputSource::Reference(field.id),
            FieldKind::ToMany(ToMany {
                kind: ToManyKind::Composed { .. },
                ..
            }) => OutputSource::Parts(field.id),
            FieldKind::ToMany(_) => continue,
        };
        let back = entity.part_of.is_some_and(|part| part.back == field.id);
        if !back {
            outputs.push(output(model.json_name(field.id), source, field.optional));
        }
    }
    if entity.versioned {
        outputs.push(output("version".to_owned(), OutputSource::Version, false));
    }
    outputs
}

pub fn alternative(caller: CallerClass, when: Option<Expression>) -> Alternative {
    Alternative {
        caller,
        when,
        after: None,
        owner: false,
    }
}

fn resource(model: &Model, entity: &Entity) -> Resource {
    let expands = entity.fields.iter().filter_map(|field| {
        let (target, many) = match &field.kind {
            FieldKind::ToOne(relation) => (relation.target, false),
            FieldKind::ToMany(ToMany {
                kind: ToManyKind::Composed { .. },
                ..
            })
            | FieldKind::Scalar(_) => return None,
            FieldKind::ToMany(relation) => (relation.target, true),
        };
        Some(Expand {
            name: field.name.clone(),
            field: field.id,
            target,
            many,
        })
    });
    Resource {
        entity: entity.id,
        path: format!("/v1/{}", entity.path),
        output: outputs(model, entity),
        expands: expands.collect(),
        create: Vec::new(),
        update: Vec::new(),
    }
}

fn operation(
    entity: &Entity,
    kind: OperationKind,
    name: &str,
    guard: Vec<Alternative>,
) -> Operation {
    let row = kind == OperationKind::Get;
    let parameter = PathParameter {
        name: "id".to_owned(),
        kind: PathParameterKind::Id(entity.id),
    };
    Operation {
        id: format!("{}.{name}", entity.plural),
        operation_id: name.to_owned(),
        summary: String::new(),
        entity: Some(entity.id),
        method: Method::Get,
        path: String::new(),
        parameters: if row { vec![parameter] } else { Vec::new() },
        list: (kind == OperationKind::List).then(|| ListOptions {
            filters: Vec::new(),
            not_filterable: Vec::new(),
            sorts: Vec::new(),
            not_sortable: Vec::new(),
            search: false,
            page_default: 2,
            page_max: 3,
        }),
        kind,
        shapes_reply: true,
        guard,
        status: 200,
        errors: Vec::new(),
        rate: "read".to_owned(),
        idempotency_key: false,
        etag: row,
        workload: None,
        until: None,
        reason: String::new(),
    }
}

pub fn plan() -> Plan {
    use FilterOperator::*;
    let model = model();
    let mut tables: Vec<Table> = model
        .entities
        .iter()
        .map(|entity| entity_table(&model, entity))
        .collect();
    let link = TablePurpose::Link(field_id(BOOK, 5));
    let near = column("book_id", ColumnType::Uuid, false, ColumnSource::LinkNear);
    let far = column("author_id", ColumnType::Int64, false, ColumnSource::LinkFar);
    tables.push(table(
        "book_authors",
        link,
        vec![near, far],
        &["book_id", "author_id"],
    ));
    let system = |name: &str, ty| column(name, ty, false, ColumnSource::System);
    let text = ColumnType::Text { max: None };
    let credentials = vec![
        system("account_id", ColumnType::Uuid),
        system("roles", ColumnType::Json),
    ];
    tables.push(table(
        "auth_credentials",
        TablePurpose::System(SystemTable::Credentials),
        credentials,
        &["account_id"],
    ));
    let info = vec![system("name", text), system("value", text)];
    tables.push(table(
        "schema_info",
        TablePurpose::System(SystemTable::SchemaInfo),
        info,
        &["name"],
    ));
    tables[BOOK.0].indexes = vec![
        index("books_price", &["price", "id"]),
        index("books_published", &["published", "id"]),
        index("books_stock", &["stock", "id"]),
    ];
    let mut resources: Vec<Resource> = model
        .entities
        .iter()
        .map(|entity| resource(&model, entity))
        .collect();
    resources[BOOK.0].output[5].visible = vec![alternative(CallerClass::Role(STAFF), None)];
    resources[USER.0].output[3].visible = vec![alternative(
        CallerClass::SignedIn,
        Some(binary(BinaryOperator::Equal, this(USER), caller())),
    )];
    let own = |row: Expression| {
        let mut alternative = alternative(
            CallerClass::SignedIn,
            Some(binary(BinaryOperator::Equal, row, caller())),
        );
        alternative.owner = true;
        alternative
    };
    let staff = || alternative(CallerClass::Role(STAFF), None);
    let guards = [
        vec![own(this(USER)), staff()],
        vec![alternative(CallerClass::Anyone, None)],
        vec![alternative(CallerClass::Anyone, None)],
        vec![own(get(&model, this(ORDER), 0)), staff()],
    ];
    let mut operations = Vec::new();
    for (entity, guard) in model.entities.iter().zip(guards) {
        operations.push(operation(
            entity,
            OperationKind::List,
            "list",
            guard.clone(),
        ));
        operations.push(operation(entity, OperationKind::Get, "get", guard));
    }
    operations.push(operation(
        model.entity(USER),
        OperationKind::Me,
        "me",
        own_account(),
    ));
    let list = |index: usize,
                filters: Vec<(&str, usize, Vec<FilterOperator>, &str)>,
                sorts: &[(&str, usize, &str)],
                operations: &mut Vec<Operation>| {
        let entity = EntityId(index / 2);
        if let Some(options) = &mut operations[index].list {
            options.filters = filters
                .into_iter()
                .map(|(name, field, operators, index)| Filter {
                    name: name.to_owned(),
                    field: field_id(entity, field),
                    operators,
                    index: index.to_owned(),
                })
                .collect();
            options.sorts = sorts
                .iter()
                .map(|(name, field, index)| Sort {
                    name: (*name).to_owned(),
                    field: field_id(entity, *field),
                    index: (*index).to_owned(),
                })
                .collect();
            options.search = entity == BOOK;
        }
    };
    let range = || {
        vec![
            Equal,
            NotEqual,
            Less,
            LessOrEqual,
            Greater,
            GreaterOrEqual,
            In,
        ]
    };
    list(
        4,
        vec![
            ("price", 1, range(), "books_price"),
            ("stock", 2, range(), "books_stock"),
            (
                "published",
                3,
                vec![Equal, GreaterOrEqual, Null],
                "books_published",
            ),
            ("note", 4, vec![Equal], "books_note"),
            ("authors", 5, vec![Equal, In], "book_authors"),
        ],
        &[
            ("price", 1, "books_price"),
            ("published", 3, "books_published"),
            ("note", 4, "books_note"),
        ],
        &mut operations,
    );
    list(
        6,
        vec![
            ("customer_id", 0, vec![Equal], "orders_customer"),
            ("status", 1, vec![Equal, In], "orders_status"),
        ],
        &[],
        &mut operations,
    );
    list(
        0,
        vec![("phone", 2, vec![Equal], "users_phone")],
        &[],
        &mut operations,
    );
    Plan {
        model,
        tables,
        resources,
        operations,
        matrix: Vec::new(),
        decisions: Vec::new(),
    }
}

fn own_account() -> Vec<Alternative> {
    vec![alternative(CallerClass::SignedIn, None)]
}

// ---- database ------------------------------------------------------------------------------------------------------

/// Reverses the bytes: enough to show that values go through the keys.
pub struct Reversed;

impl Secrets for Reversed {
    fn seal(&self, plaintext: &[u8], _: &str) -> Option<Vec<u8>> {
        Some(plaintext.iter().rev().copied().collect())
    }

    fn open(&self, sealed: &[u8], _: &str) -> Option<Vec<u8>> {
        Some(sealed.iter().rev().copied().collect())
    }

    fn blind_index(&self, _: &str, plaintext: &str) -> Vec<u8> {
        plaintext.bytes().map(|byte| byte ^ 1).collect()
    }
}

pub fn options(path: &std::path::Path) -> StoreOptions {
    StoreOptions {
        url: format!("sqlite://{}", path.display()),
        readers: 1,
        secrets: Arc::new(Reversed),
        file_link: Arc::new(|id: &str, _: &Context| format!("/files/{id}")),
    }
}

/// The bookshop with its rows: users 1 and 2, authors 1 and 2, books 11 to 15, orders 21 to 23.
pub fn bookshop(folder: &std::path::Path) -> Store {
    let path = folder.join("bookshop.sqlite");
    let store = Store::open(Arc::new(plan()), options(&path)).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    insert_rows(&connection);
    store
}

pub fn empty_database(plan: &Plan) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    for statement in archwright_sql::ddl(plan, Dialect::Sqlite).unwrap() {
        connection
            .execute_batch(&statement)
            .unwrap_or_else(|error| panic!("{error}\n{statement}"));
    }
    connection
}

pub fn insert_rows(connection: &rusqlite::Connection) {
    let phone: String = "+4915112345678".chars().rev().collect();
    let blind: Vec<u8> = Reversed.blind_index("users.phone", "+4915112345678");
    let user = "INSERT INTO users (id, email, name, phone, phone_index, version) VALUES (?1, ?2, ?3, ?4, ?5, 1)";
    connection
        .execute(
            user,
            (
                uuid(1),
                "ada@example.com",
                "Ada \"A\"",
                phone.as_bytes(),
                blind,
            ),
        )
        .unwrap();
    let nothing: Option<Vec<u8>> = None;
    connection
        .execute(
            user,
            (uuid(2), "bob@example.com", "Bob", &nothing, &nothing),
        )
        .unwrap();
    for (id, name) in [(1, "Le Guin"), (2, "Lem")] {
        connection
            .execute(
                "INSERT INTO authors (id, name, version) VALUES (?1, ?2, 1)",
                (id, name),
            )
            .unwrap();
    }
    let book = "INSERT INTO books (id, title, price, stock, published, note, added_at, reprint_of_id, version) \
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 3)";
    for (id, title, price, stock, published, note, reprint) in [
        (
            11,
            "The Dispossessed",
            1250,
            3,
            Some("1974-05-01"),
            Some("cheap"),
            None,
        ),
        (12, "Solaris", 990, 0, Some("1961-01-01"), None, None),
        (13, "Solaris, again", 990, -2, None, None, Some(uuid(12))),
        (14, "Öde Ufer", 0, 7, None, None, None),
        (
            15,
            "The Word for World",
            2000,
            1,
            Some("1972-01-01"),
            Some("dear"),
            None,
        ),
    ] {
        connection
            .execute(
                book,
                (uuid(id), title, price, stock, published, note, NOW, reprint),
            )
            .unwrap();
    }
    for (book, author) in [(11, 1), (15, 1), (12, 2), (13, 2)] {
        connection
            .execute(
                "INSERT INTO book_authors VALUES (?1, ?2)",
                (uuid(book), author),
            )
            .unwrap();
    }
    let order = "INSERT INTO orders (id, customer_id, status, discount, version, deleted_at) VALUES (?1, ?2, ?3, ?4, 1, ?5)";
    for (id, customer, status, discount, deleted) in [
        (21, 1, "draft", None, None),
        (22, 1, "paid", Some(-150), None),
        (23, 2, "draft", Some(5), None),
        (24, 1, "draft", None, Some(NOW)),
    ] {
        connection
            .execute(order, (uuid(id), uuid(customer), status, discount, deleted))
            .unwrap();
    }
    let line = "INSERT INTO lines (id, order_id, quantity, price, book_id, position) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    for (id, order, quantity, price, book, position) in [
        (31, 21, 1, 990, 12, 1),
        (32, 21, 2, 1250, 11, 0),
        (33, 22, 3, 5, 14, 0),
    ] {
        connection
            .execute(
                line,
                (uuid(id), uuid(order), quantity, price, uuid(book), position),
            )
            .unwrap();
    }
}

pub fn context(caller: Option<(u32, Vec<RoleId>)>) -> Context {
    let caller = caller.map(|(id, roles)| SignedInCaller {
        account_id: uuid(id),
        roles,
        session_id: "session".to_owned(),
    });
    Context {
        caller,
        now: NOW,
        request_id: "request".to_owned(),
    }
}
