//! The shapes of replies: one statement for the reply, and one for each list in it, however long.

use super::shown::{Shown, Source};
use crate::represent::{Form, scalar_form, unsupported};
use archwright_plan::Plan;
use archwright_plan::limits::LISTED_ROWS;
use archwright_plan::model::{
    BindingId, EntityId, Expression, ExpressionKind, FieldKind, ScalarType, Shape, Type,
};
use archwright_sql::{Dialect, Parameter, Printer, Row, Scope, Unsupported};

/// The items of a list in a shape.
pub(super) struct List {
    pub shown: Shown,
    /// Whether items are shown with rows around them: see [`Shower::list_within`].
    pub is_within: bool,
}

pub(super) enum Node {
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
    /// The first where the column has a value, or else the second; null where there is none.
    Either {
        column: usize,
        then: Box<Node>,
        otherwise: Option<Box<Node>>,
    },
    /// Of an object: not there where the column is missing.
    IfPresent {
        column: usize,
        node: Box<Node>,
    },
    /// Each row of a list of ids, together with the rows around it whose ids these columns hold.
    Each {
        column: usize,
        around: Vec<usize>,
        list: usize,
    },
}

impl Node {
    /// The column that says whether there is anything to show.
    fn missing_column(&self) -> Option<usize> {
        match self {
            Self::Value { column, .. }
            | Self::Values { column, .. }
            | Self::Row { column, .. }
            | Self::Optional { column, .. }
            | Self::Either {
                column,
                otherwise: None,
                ..
            } => Some(*column),
            _ => None,
        }
    }
}

/// Prints the statement of one shape.
pub(crate) struct Shower<'p> {
    printer: Printer<'p>,
    columns: Vec<String>,
    /// The columns that are no more than what a step has bound.
    bound: Vec<(usize, BindingId)>,
    lists: Vec<List>,
}

impl<'p> Shower<'p> {
    pub fn new(plan: &'p Plan, dialect: Dialect) -> Self {
        Self {
            printer: Printer::new(plan, dialect),
            columns: Vec::new(),
            bound: Vec::new(),
            lists: Vec::new(),
        }
    }

    /// The whole body of a reply.
    pub fn reply(mut self, shape: &Shape) -> Result<Shown, Unsupported> {
        let node = self.node(shape, &Scope::default())?;
        let source = match (&node, self.bound.len() == self.columns.len()) {
            (Node::Nothing, _) => Source::Nothing,
            (_, true) => Source::Bound(self.bound.iter().map(|(_, binding)| *binding).collect()),
            (_, false) => Source::Asked(
                self.printer
                    .finish(format!("SELECT {}", self.columns.join(", "))),
            ),
        };
        Ok(Shown {
            source,
            node,
            lists: self.lists,
        })
    }

    /// A shape over the rows of an entity with the ids `Value(0)`; column 0 is the id.
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
        self.printer.join_to(&["t"]);
        let node = print(&mut self, row)?;
        let joined = self.printer.joined();
        let ids = self.printer.parameter(Parameter::Value(0))?;
        let table = self.printer.table(entity);
        let text = format!(
            "SELECT {} FROM {table} t{joined} WHERE t.\"id\" IN ({})",
            self.columns.join(", "),
            self.printer.list_values(&ids, &Type::Row(entity))
        );
        Ok(List {
            shown: Shown {
                source: Source::Asked(self.printer.finish(text)),
                node,
                lists: self.lists,
            },
            is_within: false,
        })
    }

    /// A shape over rows of an entity together with rows around them: `Value(0)` is a list of lists of ids, first that
    /// of the row, then those of the rows around it. Column 0 is the position in it.
    fn list_within(
        mut self,
        entity: EntityId,
        around: &[(Name, Row)],
        print: impl FnOnce(&mut Self, Row, &Scope) -> Result<Node, Unsupported>,
    ) -> Result<List, Unsupported> {
        let dialect = self.printer.dialect;
        let lists = self.printer.parameter(Parameter::Value(0))?;
        let (from, position) = dialect.json_lists(&lists, "k");
        self.columns.push(position);
        let mut scope = Scope::default();
        for (index, (name, row)) in around.iter().enumerate() {
            let entity = row.entity();
            let id = self.printer.listed_id("k", index + 1, entity);
            let row = Row::Key { entity, id };
            match name {
                Name::This => scope.this = Some(row),
                Name::Binding(binding) => scope = scope.bound(*binding, row),
            }
        }
        let row = Row::Alias {
            entity,
            alias: "t".to_owned(),
        };
        self.printer.join_to(&["t"]);
        let node = print(&mut self, row, &scope)?;
        let joined = self.printer.joined();
        let table = self.printer.table(entity);
        let text = format!(
            "SELECT {} FROM {from} JOIN {table} t ON t.\"id\" = {}{joined}",
            self.columns.join(", "),
            self.printer.listed_id("k", 0, entity)
        );
        Ok(List {
            shown: Shown {
                source: Source::Asked(self.printer.finish(text)),
                node,
                lists: self.lists,
            },
            is_within: true,
        })
    }

    fn column(&mut self, text: String) -> usize {
        self.columns.push(text);
        self.columns.len() - 1
    }

    /// The column of a list of rows or of a number, which are the same when they are only passed on.
    fn passed_on(&mut self, text: String, value: &Expression) -> usize {
        let column = self.column(text);
        if let ExpressionKind::Binding(binding) = value.kind
            && matches!(value.ty, Type::Rows(_) | Type::Int)
        {
            self.bound.push((column, binding));
        }
        column
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
            Shape::If {
                test,
                then,
                otherwise,
            } => {
                let test = self.printer.condition(test, scope)?;
                let column = self.column(format!("CASE WHEN {test} THEN 1 END"));
                let otherwise = otherwise.as_ref();
                Ok(Node::Either {
                    column,
                    then: Box::new(self.node(then, scope)?),
                    otherwise: otherwise
                        .map(|part| self.node(part, scope).map(Box::new))
                        .transpose()?,
                })
            }
            Shape::IfPresent(inner) => {
                let node = self.node(inner, scope)?;
                Ok(match node.missing_column() {
                    Some(column) => Node::IfPresent {
                        column,
                        node: Box::new(node),
                    },
                    None => node,
                })
            }
            Shape::Show { view, of } => {
                let plan = self.printer.plan;
                let view = plan.model.view(*view);
                if let Type::Rows(entity) = of.ty {
                    let column = self.printer.row_ids_within(LISTED_ROWS, of, scope)?;
                    let column = self.column(column);
                    let list = Shower::new(plan, self.printer.dialect)
                        .list(entity, |shower, row| {
                            shower.node(&view.show, &Scope::row(row))
                        })?;
                    return Ok(self.each(column, Vec::new(), list));
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
                let column = self.printer.row_ids_within(LISTED_ROWS, list, scope)?;
                let column = self.passed_on(column, list);
                let around = named_rows(item, scope);
                let shower = Shower::new(self.printer.plan, self.printer.dialect);
                if around.is_empty() {
                    let list = shower.list(entity, |shower, row| {
                        shower.node(item, &Scope::default().bound(*bind, row))
                    })?;
                    return Ok(self.each(column, Vec::new(), list));
                }
                let mut ids = Vec::with_capacity(around.len());
                for (_, row) in &around {
                    let id = self.printer.row_id(row)?;
                    ids.push(self.column(id));
                }
                let list = shower.list_within(entity, &around, |shower, row, scope| {
                    shower.node(item, &scope.bound(*bind, row))
                })?;
                Ok(self.each(column, ids, list))
            }
        }
    }

    fn each(&mut self, column: usize, around: Vec<usize>, list: List) -> Node {
        self.lists.push(list);
        Node::Each {
            column,
            around,
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
                let ids = self.printer.row_ids_within(LISTED_ROWS, value, scope)?;
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
                    column: self.passed_on(text, value),
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

/// What a shape calls a row around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    This,
    Binding(BindingId),
}

/// The rows of a scope that a shape inside of it speaks of.
fn named_rows(shape: &Shape, scope: &Scope) -> Vec<(Name, Row)> {
    let mut found: Vec<(Name, Row)> = Vec::new();
    names(shape, &mut |part| {
        let named = match part.kind {
            ExpressionKind::This => scope.this.clone().map(|row| (Name::This, row)),
            ExpressionKind::Binding(binding) => {
                let row = scope.binding(binding);
                row.map(|row| (Name::Binding(binding), row))
            }
            _ => None,
        };
        if let Some((name, row)) = named
            && found.iter().all(|(known, _)| *known != name)
        {
            found.push((name, row));
        }
    });
    found
}

/// Calls `visit` on all that a shape is made of, but for views, which name the rows that they show alone.
fn names(shape: &Shape, visit: &mut dyn FnMut(&Expression)) {
    match shape {
        Shape::Nothing => {}
        Shape::Value(of) | Shape::Show { of, .. } => of.walk(&mut |part| visit(part)),
        Shape::Object(parts) => parts.iter().for_each(|(_, part)| names(part, visit)),
        Shape::IfPresent(inner) => names(inner, visit),
        Shape::If {
            test,
            then,
            otherwise,
        } => {
            test.walk(&mut |part| visit(part));
            names(then, visit);
            otherwise.iter().for_each(|part| names(part, visit));
        }
        Shape::Each { list, item, .. } => {
            list.walk(&mut |part| visit(part));
            names(item, visit);
        }
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
