//! Prints the statements behind a representation, and settles how each column is written.

use super::{QueryKey, Tree};
use crate::Failure;
use crate::read::Page;
use archwright_plan::model::{EntityId, FieldId, IdType, ScalarType};
use archwright_plan::{
    Alternative, ColumnSource, Operation, OperationKind, Output, OutputSource, Plan,
};
use archwright_sql::{
    Classes, Dialect, Guard, Parameter, Phase, Printer, Projection, Row, Scope, Unsupported,
};

/// What a query answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// The row with the id `Value(0)`, whoever asks.
    Row(EntityId),
    /// The row of a Get operation's path parameter `Value(0)`, if its guard allows.
    Get(usize),
    /// A page of a List operation.
    Page(Page),
}

/// A statement and how its columns become JSON.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub text: String,
    pub parameters: Vec<Parameter>,
    pub writers: Vec<KeyWriter>,
    pub children: Vec<Child>,
    pub version: Option<usize>,
    /// Sort column of a page.
    pub sort: Option<usize>,
    /// Of a child: the column that says which parent the row belongs to.
    pub group: Option<usize>,
    /// Its rows are there because the request expands a relation.
    pub is_expanded: bool,
}

impl Query {
    /// Its own and those of its children.
    pub fn texts(&self) -> Vec<String> {
        let mut texts = vec![self.text.clone()];
        texts.extend(self.children.iter().flat_map(|child| child.query.texts()));
        texts
    }
}

/// Where the id is.
pub(crate) const ID_COLUMN: usize = 0;

/// Writes one key.
#[derive(Debug)]
pub(crate) struct KeyWriter {
    /// `"name":`
    pub key: Vec<u8>,
    pub column: usize,
    pub visible: Option<usize>,
    pub form: Form,
}

/// How a stored value looks in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Integer,
    Decimal(u32),
    Bool,
    Instant,
    Json,
    /// Four columns: id, name, type, size.
    File,
    /// Ciphertext of a value's text, in this `TABLE.COLUMN`.
    Sealed(Box<Form>, String),
    /// Filled in from a child query.
    Child(usize),
}

/// Rows of another table that belong into a representation.
#[derive(Debug)]
pub(crate) struct Child {
    /// The parent's column that the rows are found by.
    pub key_column: usize,
    pub kind: ChildKind,
    /// `Value(0)` is the JSON list of the parents' keys.
    pub query: Query,
}

impl Child {
    /// Whether the id of the parent is all that its rows are found by, so that they need not wait for the parent.
    pub fn is_of_row(&self) -> bool {
        self.key_column == ID_COLUMN && self.query.children.is_empty()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChildKind {
    One,
    Many,
}

/// Targets whose plain queries are printed at the start.
pub(crate) fn standard_targets(plan: &Plan) -> Vec<Target> {
    let mut targets: Vec<Target> = plan
        .model
        .entities
        .iter()
        .map(|entity| Target::Row(entity.id))
        .collect();
    for (index, operation) in plan.operations.iter().enumerate() {
        match operation.kind {
            OperationKind::Get => targets.push(Target::Get(index)),
            OperationKind::List => targets.push(Target::Page(Page::plain(index))),
            _ => {}
        }
    }
    targets
}

/// Refuses callers for whom no alternative can ever hold.
pub(crate) fn admit(operation: &Operation, classes: &Classes) -> Result<(), Failure> {
    admit_class(operation.guard.iter(), classes)
}

pub(crate) fn admit_class<'a>(
    mut guard: impl Iterator<Item = &'a Alternative>,
    classes: &Classes,
) -> Result<(), Failure> {
    if guard.any(|alternative| classes.satisfies(alternative.caller)) {
        return Ok(());
    }
    if !classes.signed_in {
        return Err(Failure::Unauthorized);
    }
    Err(Failure::Forbidden {
        detail: "You are not allowed to do this.".to_owned(),
        fields: Vec::new(),
    })
}

pub(crate) fn compile(plan: &Plan, dialect: Dialect, key: &QueryKey) -> Result<Query, Unsupported> {
    let mut builder = Builder::new(plan, dialect, &key.classes);
    builder.rows = match key.target {
        Target::Row(_) => Rows::All,
        Target::Get(_) | Target::Page(_) => Rows::Known,
    };
    let entity = match &key.target {
        Target::Row(entity) => *entity,
        Target::Get(operation) | Target::Page(Page { operation, .. }) => {
            let entity = plan.operations[*operation].entity;
            entity.ok_or_else(|| unsupported("an operation on no entity"))?
        }
    };
    builder.start(entity)?;
    let kept = key.shaping.fields.as_deref();
    builder.representation(entity, kept, &key.shaping.expand)?;
    let end = match &key.target {
        Target::Row(_) => builder.by_id(entity)?,
        Target::Get(operation) => builder.by_path(entity, &plan.operations[*operation])?,
        Target::Page(page) => builder.page(entity, page)?,
    };
    Ok(builder.finish(entity, &end))
}

pub(crate) fn unsupported(what: &str) -> Unsupported {
    Unsupported {
        what: what.to_owned(),
        span: None,
    }
}

/// Which rows a statement sees, where the database judges rows too.
#[derive(Clone, Copy)]
pub(crate) enum Rows {
    /// Those that the caller may know.
    Known,
    /// All: whoever asks knows that the caller may see them.
    All,
}

/// One statement in the making.
pub(crate) struct Builder<'a> {
    pub plan: &'a Plan,
    pub classes: &'a Classes,
    pub rows: Rows,
    /// Of rows below an expanded relation.
    pub is_expanded: bool,
    pub printer: Printer<'a>,
    pub projection: Projection,
    pub query: Query,
}

impl<'a> Builder<'a> {
    pub fn new(plan: &'a Plan, dialect: Dialect, classes: &'a Classes) -> Self {
        let printer = Printer::new(plan, dialect);
        Self {
            plan,
            classes,
            rows: Rows::Known,
            is_expanded: false,
            printer,
            projection: Projection::default(),
            query: Query::default(),
        }
    }

    pub fn this(entity: EntityId) -> Row {
        Row::Alias {
            entity,
            alias: "t".to_owned(),
        }
    }

    pub fn start(&mut self, entity: EntityId) -> Result<(), Unsupported> {
        let id = self.printer.column(&Self::this(entity), ColumnSource::Id)?;
        self.projection.push(id);
        if self
            .plan
            .table(entity)
            .column_from(ColumnSource::Version)
            .is_some()
        {
            let version = self
                .printer
                .column(&Self::this(entity), ColumnSource::Version)?;
            self.query.version = Some(self.projection.push(version));
        }
        Ok(())
    }

    pub fn representation(
        &mut self,
        entity: EntityId,
        kept: Option<&[usize]>,
        tree: &Tree,
    ) -> Result<(), Unsupported> {
        let resource = self.plan.resource(entity);
        let keep = |output: &Output| {
            kept.is_none_or(|kept| {
                kept.iter()
                    .any(|index| std::ptr::eq(&resource.output[*index], output))
            })
        };
        self.printer
            .project(resource, &keep, self.classes, &mut self.projection)?;
        for slot in std::mem::take(&mut self.projection.slots) {
            let output = &resource.output[slot.output];
            let (column, form) = match (slot.column, output.source) {
                (_, OutputSource::Parts(field)) => {
                    let inner = tree.parts.get(&slot.output);
                    (0, self.parts(field, inner.unwrap_or(&Tree::default()))?)
                }
                (Some(column), source) => (column, self.form(entity, source)),
                (None, _) => return Err(unsupported("an output without a column")),
            };
            self.writer(&output.json, column, slot.visible, form);
        }
        for (index, inner) in &tree.expands {
            let expand = &resource.expands[*index];
            let form = self.expand(expand, inner)?;
            self.writer(&expand.name, 0, None, form);
        }
        Ok(())
    }

    fn writer(&mut self, name: &str, column: usize, visible: Option<usize>, form: Form) {
        let key = format!("{}:", serde_json::Value::from(name)).into_bytes();
        self.query.writers.push(KeyWriter {
            key,
            column,
            visible,
            form,
        });
    }

    fn form(&self, entity: EntityId, source: OutputSource) -> Form {
        match source {
            OutputSource::Id => self.id_form(entity),
            OutputSource::Version => Form::Integer,
            OutputSource::Roles => Form::Json,
            OutputSource::Parts(_) => Form::Text,
            OutputSource::Reference(field) => self.reference_form(field),
            OutputSource::Field(field) => {
                let definition = self.plan.model.field(field);
                let form = definition.scalar().map_or(Form::Text, scalar_form);
                if definition.sensitive {
                    Form::Sealed(Box::new(form), column_place(self.plan, field))
                } else {
                    form
                }
            }
        }
    }

    fn id_form(&self, entity: EntityId) -> Form {
        match self.plan.model.entity(entity).id_type {
            IdType::Uuid => Form::Text,
            IdType::Int => Form::Integer,
        }
    }

    fn reference_form(&self, field: FieldId) -> Form {
        let Some(relation) = self.plan.model.field(field).to_one() else {
            return Form::Text;
        };
        match self.plan.model.entity(relation.target).key {
            Some(key) => self
                .plan
                .model
                .field(key)
                .scalar()
                .map_or(Form::Text, scalar_form),
            None => self.id_form(relation.target),
        }
    }

    /// Which rows such callers may read; the parts of a row, if they may read that.
    pub fn readable(
        &mut self,
        entity: EntityId,
        kind: &OperationKind,
        alias: &str,
    ) -> Result<Guard, Unsupported> {
        let scope = Scope::alias(entity, alias);
        if let Some(part) = self.plan.model.entity(entity).part_of {
            let whole = self.printer.fresh_alias();
            let inner = self.readable(part.whole, kind, &whole)?;
            let Guard::Rows(condition) = inner else {
                return Ok(inner);
            };
            let row = Row::Alias {
                entity: part.whole,
                alias: whole.clone(),
            };
            let id = self.printer.column(&row, ColumnSource::Id)?;
            let row = Row::Alias {
                entity,
                alias: alias.to_owned(),
            };
            let back = self.printer.column(&row, ColumnSource::Field(part.back))?;
            let table = self.printer.table(part.whole);
            let active = self.printer.active(part.whole, &whole);
            return Ok(Guard::Rows(format!(
                "EXISTS (SELECT 1 FROM {table} {whole} WHERE {id} = {back}{active} AND {condition})"
            )));
        }
        let operation = self
            .plan
            .operations
            .iter()
            .find(|one| one.entity == Some(entity) && one.kind == *kind);
        let alternatives: &[Alternative] = operation.map_or(&[], |operation| &operation.guard);
        self.printer
            .guard(alternatives, Phase::Before, self.classes, &scope)
    }

    fn by_id(&mut self, entity: EntityId) -> Result<String, Unsupported> {
        let id = self.printer.column(&Self::this(entity), ColumnSource::Id)?;
        let value = self.stored(entity, ColumnSource::Id)?;
        Ok(format!(
            " WHERE {id} = {value}{}",
            self.printer.active(entity, "t")
        ))
    }

    fn by_path(&mut self, entity: EntityId, operation: &Operation) -> Result<String, Unsupported> {
        let found = self.addressed(entity)?;
        let value = self.address(entity)?;
        let active = self.printer.active(entity, "t");
        let guard = self.operation_guard(entity, operation)?;
        Ok(format!(" WHERE {found} = {value}{active}{guard}"))
    }

    /// The column that requests name rows by.
    pub fn addressed(&mut self, entity: EntityId) -> Result<String, Unsupported> {
        let source = self.address_source(entity);
        self.printer.column(&Self::this(entity), source)
    }

    fn address_source(&self, entity: EntityId) -> ColumnSource {
        match self.plan.model.entity(entity).key {
            Some(key) => ColumnSource::Field(key),
            None => ColumnSource::Id,
        }
    }

    /// What a request names a row by, `Value(0)`.
    pub fn address(&mut self, entity: EntityId) -> Result<String, Unsupported> {
        self.stored(entity, self.address_source(entity))
    }

    fn stored(&mut self, entity: EntityId, source: ColumnSource) -> Result<String, Unsupported> {
        self.stored_value(entity, source, 0)
    }

    /// A value as a column stores it.
    pub fn stored_value(
        &mut self,
        entity: EntityId,
        source: ColumnSource,
        index: usize,
    ) -> Result<String, Unsupported> {
        let column = self.plan.table(entity).column_from(source);
        let column = column.ok_or_else(|| unsupported("a value without a column"))?;
        self.printer.stored(Parameter::Value(index), column.ty)
    }

    pub fn operation_guard(
        &mut self,
        entity: EntityId,
        operation: &Operation,
    ) -> Result<String, Unsupported> {
        let scope = Scope::alias(entity, "t");
        let guard = self
            .printer
            .guard(&operation.guard, Phase::Before, self.classes, &scope)?;
        Ok(guard.and(self.printer.dialect))
    }

    pub fn finish(mut self, entity: EntityId, end: &str) -> Query {
        let table = match self.rows {
            Rows::Known => self.printer.known(entity),
            Rows::All => self.printer.table(entity),
        };
        let text = format!(
            "SELECT {} FROM {table} t{}{end}",
            self.projection.columns.join(", "),
            self.projection.joins
        );
        let statement = self.printer.finish(text);
        self.query.text = statement.text;
        self.query.parameters = statement.parameters;
        self.query.is_expanded = self.is_expanded;
        self.query
    }
}

/// `TABLE.COLUMN` of a stored field.
pub(crate) fn column_place(plan: &Plan, field: FieldId) -> String {
    let table = plan.table(field.entity);
    let column = table.column_from(ColumnSource::Field(field));
    format!(
        "{}.{}",
        table.name,
        column.map_or("", |column| column.name.as_str())
    )
}

pub(crate) fn scalar_form(scalar: &ScalarType) -> Form {
    match scalar {
        ScalarType::Int | ScalarType::BigInt => Form::Integer,
        ScalarType::Decimal { scale, .. } => Form::Decimal(*scale),
        ScalarType::Bool => Form::Bool,
        ScalarType::DateTime => Form::Instant,
        ScalarType::Json => Form::Json,
        ScalarType::File { .. } => Form::File,
        _ => Form::Text,
    }
}
