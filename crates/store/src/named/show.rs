//! The shapes of replies: one statement for the reply, and one for each list in it, however long.

use super::Environment;
use crate::Failure;
use crate::connection::{Value, ValueRef};
use crate::represent::{Bindings, Form, Shaping, represent, scalar_form, unsupported, write_plain};
use crate::write::{Job, id_text};
use archwright_plan::Plan;
use archwright_plan::model::{
    EntityId, Expression, ExpressionKind, FieldKind, ScalarType, Shape, Type,
};
use archwright_sql::{Dialect, Parameter, Printer, Row, Scope, Statement, Unsupported};
use std::collections::HashMap;

/// A shape over one row of a statement.
pub(crate) struct Shown {
    /// Absent: nothing is shown.
    statement: Option<Statement>,
    node: Node,
    lists: Vec<List>,
}

/// Rows by the JSON list of their ids, `Value(0)`; column 0 is the id.
struct List(Shown);

enum Node {
    Nothing,
    Value {
        column: usize,
        form: Form,
    },
    /// A JSON list of values.
    Values {
        column: usize,
        form: Form,
    },
    /// The representation of the row with this id.
    Row {
        column: usize,
        entity: EntityId,
    },
    Rows {
        column: usize,
        entity: EntityId,
    },
    /// Null where the id in this column is missing.
    Optional {
        column: usize,
        node: Box<Node>,
    },
    /// `"key":` and its value.
    Object(Vec<(Vec<u8>, Node)>),
    /// Each row of a list of ids.
    Each {
        column: usize,
        list: usize,
    },
}

/// Prints the statement of one shape.
pub(crate) struct Shower<'p> {
    printer: Printer<'p>,
    columns: Vec<String>,
    lists: Vec<List>,
}

impl<'p> Shower<'p> {
    pub fn new(plan: &'p Plan, dialect: Dialect) -> Self {
        Self {
            printer: Printer::new(plan, dialect),
            columns: Vec::new(),
            lists: Vec::new(),
        }
    }

    /// The whole body of a reply.
    pub fn reply(mut self, shape: &Shape) -> Result<Shown, Unsupported> {
        let node = self.node(shape, &Scope::default())?;
        let statement = match (&node, self.columns.is_empty()) {
            (Node::Nothing, _) => None,
            (_, true) => Some(self.printer.finish("SELECT 1".to_owned())),
            (_, false) => Some(
                self.printer
                    .finish(format!("SELECT {}", self.columns.join(", "))),
            ),
        };
        Ok(Shown {
            statement,
            node,
            lists: self.lists,
        })
    }

    /// A shape over the rows of an entity with the ids `Value(0)`.
    fn list(
        mut self,
        entity: EntityId,
        print: impl FnOnce(&mut Self, Row) -> Result<Node, Unsupported>,
    ) -> Result<List, Unsupported> {
        self.columns.push("t.\"id\"".to_owned());
        let row = Row::Alias {
            entity,
            alias: "t".to_owned(),
        };
        let node = print(&mut self, row)?;
        let ids = self.printer.parameter(Parameter::Value(0))?;
        let table = self.printer.table(entity);
        let text = format!(
            "SELECT {} FROM {table} t WHERE t.\"id\" IN ({})",
            self.columns.join(", "),
            self.printer.list_values(&ids, &Type::Row(entity))
        );
        Ok(List(Shown {
            statement: Some(self.printer.finish(text)),
            node,
            lists: self.lists,
        }))
    }

    fn column(&mut self, text: String) -> usize {
        self.columns.push(text);
        self.columns.len() - 1
    }

    fn node(&mut self, shape: &Shape, scope: &Scope) -> Result<Node, Unsupported> {
        match shape {
            Shape::Nothing => Ok(Node::Nothing),
            Shape::Value(value) => self.value(value, scope),
            Shape::Object(parts) => {
                let mut nodes = Vec::with_capacity(parts.len());
                for (name, part) in parts {
                    let key = format!("{}:", serde_json::Value::from(name.as_str()));
                    nodes.push((key.into_bytes(), self.node(part, scope)?));
                }
                Ok(Node::Object(nodes))
            }
            Shape::Show { view, of } => {
                let plan = self.printer.plan;
                let view = plan.model.view(*view);
                if let Type::Rows(entity) = of.ty {
                    let column = self.printer.row_ids(of, scope)?;
                    let column = self.column(column);
                    let list = Shower::new(plan, self.printer.dialect)
                        .list(entity, |shower, row| {
                            shower.node(&view.show, &Scope::row(row))
                        })?;
                    return Ok(self.each(column, list));
                }
                let row = self.printer.row(of, scope)?;
                let node = self.node(&view.show, &Scope::row(row.clone()))?;
                if !of.nullable {
                    return Ok(node);
                }
                let id = self.printer.row_id(&row)?;
                let column = self.column(id);
                Ok(Node::Optional {
                    column,
                    node: Box::new(node),
                })
            }
            Shape::Each {
                list, bind, item, ..
            } => {
                let Type::Rows(entity) = list.ty else {
                    return Err(Unsupported::at(
                        "values that are shown one by one",
                        list.span,
                    ));
                };
                let column = self.printer.row_ids(list, scope)?;
                let column = self.column(column);
                let list = Shower::new(self.printer.plan, self.printer.dialect)
                    .list(entity, |shower, row| {
                        shower.node(item, &Scope::row(row.clone()).bound(*bind, row))
                    })?;
                Ok(self.each(column, list))
            }
        }
    }

    fn each(&mut self, column: usize, list: List) -> Node {
        self.lists.push(list);
        Node::Each {
            column,
            list: self.lists.len() - 1,
        }
    }

    fn value(&mut self, value: &Expression, scope: &Scope) -> Result<Node, Unsupported> {
        match &value.ty {
            Type::Row(entity) => {
                let row = self.printer.row(value, scope)?;
                let id = self.printer.row_id(&row)?;
                Ok(Node::Row {
                    column: self.column(id),
                    entity: *entity,
                })
            }
            Type::Rows(entity) => {
                let ids = self.printer.row_ids(value, scope)?;
                Ok(Node::Rows {
                    column: self.column(ids),
                    entity: *entity,
                })
            }
            Type::List(item) => {
                let form = form(item, value)?;
                if let ExpressionKind::List(items) = &value.kind {
                    let mut texts = Vec::with_capacity(items.len());
                    for item in items {
                        let text = self.printer.value(item, scope)?;
                        texts.push(self.printer.dialect.list_item(&text, &item.ty));
                    }
                    let text = self.printer.dialect.json_array(&texts);
                    return Ok(Node::Values {
                        column: self.column(text),
                        form,
                    });
                }
                let text = self.printer.value(value, scope)?;
                Ok(Node::Values {
                    column: self.column(text),
                    form,
                })
            }
            ty => {
                let form = self.form(ty, value)?;
                let text = self.printer.value(value, scope)?;
                Ok(Node::Value {
                    column: self.column(text),
                    form,
                })
            }
        }
    }

    fn form(&self, ty: &Type, value: &Expression) -> Result<Form, Unsupported> {
        if let ExpressionKind::Field { field, .. } = value.kind {
            let field = self.printer.plan.model.field(field);
            if field.sensitive {
                return Err(Unsupported::at(
                    "a sensitive field in a shape of its own",
                    value.span,
                ));
            }
            if let FieldKind::Scalar(scalar) = &field.kind
                && !matches!(scalar, ScalarType::File { .. })
            {
                return Ok(scalar_form(scalar));
            }
        }
        form(ty, value)
    }
}

fn form(ty: &Type, value: &Expression) -> Result<Form, Unsupported> {
    Ok(match ty {
        Type::Bool => Form::Bool,
        Type::Int | Type::Duration => Form::Integer,
        Type::Decimal { scale } => Form::Decimal(*scale),
        Type::Text | Type::Date | Type::Null => Form::Text,
        Type::DateTime => Form::Instant,
        Type::Json => Form::Json,
        Type::File => return Err(Unsupported::at("a file in a shape of its own", value.span)),
        _ => return Err(unsupported("a value of this kind in a shape")),
    })
}

/// The objects of a list, by the texts of their ids.
type Written = HashMap<String, Vec<u8>>;

impl Shown {
    pub fn statements(&self) -> Vec<&Statement> {
        let mut all: Vec<&Statement> = self.statement.iter().collect();
        all.extend(self.lists.iter().flat_map(|List(shown)| shown.statements()));
        all
    }

    /// The JSON; nothing where nothing is shown.
    pub fn write(
        &self,
        job: &Job<'_>,
        environment: &Environment,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let Some(statement) = &self.statement else {
            return Ok(None);
        };
        let bindings = job.bindings(&[]).within(environment);
        let rows = rows(job, statement, &bindings)?;
        let lists = self.written_lists(job, environment, &rows)?;
        let row = rows
            .first()
            .ok_or_else(|| Failure::Internal("a reply without a row".to_owned()))?;
        let mut json = Vec::new();
        self.node.write(job, row, &lists, &mut json)?;
        Ok(Some(json))
    }

    /// Each list is read once for all rows.
    fn written_lists(
        &self,
        job: &Job<'_>,
        environment: &Environment,
        rows: &[Vec<Value>],
    ) -> Result<Vec<Written>, Failure> {
        let mut written = Vec::with_capacity(self.lists.len());
        for (index, List(shown)) in self.lists.iter().enumerate() {
            let column = self.node.column_of(index);
            let mut ids = Vec::new();
            for row in rows {
                ids.extend(list_of(&row[column.unwrap_or_default()])?);
            }
            written.push(shown.by_id(job, environment, ids)?);
        }
        Ok(written)
    }

    fn by_id(
        &self,
        job: &Job<'_>,
        environment: &Environment,
        ids: Vec<serde_json::Value>,
    ) -> Result<Written, Failure> {
        let (false, Some(statement)) = (ids.is_empty(), &self.statement) else {
            return Ok(Written::new());
        };
        let values = [Value::Text(serde_json::Value::from(ids).to_string())];
        let bindings = job.bindings(&values).within(environment);
        let rows = rows(job, statement, &bindings)?;
        let lists = self.written_lists(job, environment, &rows)?;
        let mut written = Written::with_capacity(rows.len());
        for row in &rows {
            let mut json = Vec::new();
            self.node.write(job, row, &lists, &mut json)?;
            written.insert(id_text(&row[0]), json);
        }
        Ok(written)
    }
}

fn rows(
    job: &Job<'_>,
    statement: &Statement,
    bindings: &Bindings<'_>,
) -> Result<Vec<Vec<Value>>, Failure> {
    let values = crate::represent::bound(statement, &Value::Null, bindings)?;
    job.connection.all(&statement.text, &values, |row| {
        (0..row.width()).map(|column| row.get(column)).collect()
    })
}

impl Node {
    /// The column that holds the ids of a list.
    fn column_of(&self, wanted: usize) -> Option<usize> {
        match self {
            Self::Each { column, list } => (*list == wanted).then_some(*column),
            Self::Optional { node, .. } => node.column_of(wanted),
            Self::Object(parts) => parts.iter().find_map(|(_, node)| node.column_of(wanted)),
            _ => None,
        }
    }

    fn write(
        &self,
        job: &Job<'_>,
        row: &[Value],
        lists: &[Written],
        to: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        match self {
            Self::Nothing => to.extend_from_slice(b"null"),
            Self::Value { column, form } => scalar(form, &row[*column], to)?,
            Self::Values { column, form } if row[*column] == Value::Null => {
                scalar(form, &Value::Null, to)?
            }
            Self::Values { column, form } => {
                let items = list_of(&row[*column])?.into_iter();
                joined(items, to, |item, to| scalar(form, &stored(item), to))?;
            }
            Self::Row { column, entity } => represented(job, *entity, &row[*column], to)?,
            Self::Rows { column, entity } => {
                let items = list_of(&row[*column])?.into_iter();
                joined(items, to, |item, to| {
                    represented(job, *entity, &stored(item), to)
                })?;
            }
            Self::Optional { column, .. } if row[*column] == Value::Null => {
                to.extend_from_slice(b"null")
            }
            Self::Optional { node, .. } => node.write(job, row, lists, to)?,
            Self::Object(parts) => {
                for (index, (key, node)) in parts.iter().enumerate() {
                    to.push(if index == 0 { b'{' } else { b',' });
                    to.extend_from_slice(key);
                    node.write(job, row, lists, to)?;
                }
                to.extend_from_slice(if parts.is_empty() { b"{}" } else { b"}" });
            }
            Self::Each { column, list } => {
                let ids = list_of(&row[*column])?
                    .into_iter()
                    .map(|item| id_text(&stored(item)));
                // A row that is deleted since is not shown.
                let items = ids.filter_map(|id| lists[*list].get(&id));
                joined(items, to, |item, to| {
                    to.extend_from_slice(item);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

fn joined<T>(
    items: impl Iterator<Item = T>,
    to: &mut Vec<u8>,
    mut write: impl FnMut(T, &mut Vec<u8>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    to.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            to.push(b',');
        }
        write(item, to)?;
    }
    to.push(b']');
    Ok(())
}

fn scalar(form: &Form, value: &Value, to: &mut Vec<u8>) -> Result<(), Failure> {
    match value {
        Value::Null => {
            to.extend_from_slice(b"null");
            Ok(())
        }
        value => write_plain(form, ValueRef::from(value), to),
    }
}

fn represented(
    job: &Job<'_>,
    entity: EntityId,
    id: &Value,
    to: &mut Vec<u8>,
) -> Result<(), Failure> {
    let text = id_text(id);
    let shaping = Shaping::default();
    let shown = represent(
        job.connection,
        job.shared,
        entity,
        &text,
        job.context,
        &shaping,
    )?;
    match shown {
        Some(shown) => to.extend_from_slice(&shown.json),
        None => to.extend_from_slice(b"null"),
    }
    Ok(())
}

/// The items of a JSON list; a missing one has none.
pub(super) fn list_of(value: &Value) -> Result<Vec<serde_json::Value>, Failure> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Text(text) => {
            serde_json::from_str(text).map_err(|error| Failure::Internal(error.to_string()))
        }
        _ => Err(Failure::Internal("a list that is none".to_owned())),
    }
}

/// An item of a JSON list, as a column would store it.
pub(super) fn stored(item: serde_json::Value) -> Value {
    match item {
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Bool(value) => Value::Integer(value.into()),
        other => match (other.as_i64(), other.as_f64()) {
            (Some(number), _) => Value::Integer(number),
            (None, number) => number.map_or(Value::Null, Value::Real),
        },
    }
}
