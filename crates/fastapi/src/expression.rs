//! Expressions as SQLAlchemy's.

use crate::imports::Imports;
use crate::names::Names;
use crate::python::{Python, atom, call, text};
use archwright_plan::model::{FieldId, Function, Literal, ScalarType, Type};
use archwright_plan::{ColumnSource, decimal};
use archwright_stack::Unsupported;
use archwright_stack::expression::{
    Arithmetic, Comparison, Lowered, Query, RowId, RowSource, Selected, Tree,
};
use archwright_stack::name::{constant, free};

/// An expression, and the lines that name the rows which it looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// `line = aliased(OrderLine)`
    pub rows: Vec<String>,
    pub value: Option<Python>,
}

/// Where an expression stands.
pub struct Place<'a> {
    pub names: Names<'a>,
    /// The package of the module that it is printed into.
    pub package: String,
    /// What the row is called that it is about.
    pub this: String,
    /// Names that are taken there.
    pub taken: Vec<String>,
    /// It is the module of computed fields itself.
    pub is_computed: bool,
}

impl Place<'_> {
    /// Prints an expression.
    pub fn print(&self, lowered: &Lowered, imports: &mut Imports) -> Result<Printed, Unsupported> {
        let mut printer = Printer {
            place: self,
            lowered,
            imports,
            names: self.row_names(lowered),
        };
        let value = printer.tree(&lowered.tree)?;
        let rows = (1..lowered.rows.len()).map(RowId);
        let rows = rows.map(|row| printer.declaration(row)).collect();
        Ok(Printed {
            rows,
            value: Some(value),
        })
    }

    fn row_names(&self, lowered: &Lowered) -> Vec<String> {
        let mut names = vec![self.this.clone()];
        for row in &lowered.rows[1..] {
            let name = self.names.variable_named(&row.name);
            let name = free(&name, |name| {
                names.iter().any(|known| known == name)
                    || self.taken.iter().any(|known| known == name)
            });
            names.push(name);
        }
        names
    }
}

struct Printer<'a> {
    place: &'a Place<'a>,
    lowered: &'a Lowered,
    imports: &'a mut Imports,
    names: Vec<String>,
}

type Printing<T> = Result<T, Unsupported>;

impl Printer<'_> {
    fn row(&self, row: RowId) -> &str {
        &self.names[row.0]
    }

    fn declaration(&mut self, row: RowId) -> String {
        let name = self.row(row).to_owned();
        match self.lowered.rows[row.0].source {
            RowSource::Entity(entity) => {
                let class = self.place.names.class(entity);
                self.imports.from("sqlalchemy.orm", "aliased");
                let module = self.place.names.module(entity, "models");
                self.imports.from(&module, &class);
                format!("{name} = aliased({class})")
            }
            RowSource::Link(field) => {
                let table = self.place.names.link(field);
                let module = self.place.names.module(field.entity, "models");
                self.imports.from(&module, &table);
                format!("{name} = {table}.alias()")
            }
        }
    }

    fn column(&self, row: RowId, column: ColumnSource) -> Python {
        let names = self.place.names;
        match self.lowered.rows[row.0].source {
            RowSource::Entity(entity) => {
                let attribute = names.column(entity, column).unwrap_or_default();
                atom(self.row(row)).dot(&attribute)
            }
            RowSource::Link(field) => {
                let table = names.plan.link_table(field);
                let column = table.and_then(|table| table.column_from(column));
                let name = column.map_or("", |column| column.name.as_str());
                atom(self.row(row)).dot("c").dot(name)
            }
        }
    }

    fn sqlalchemy(&mut self, name: &str, arguments: Vec<Python>) -> Python {
        self.imports.from("sqlalchemy", name);
        call(name, arguments)
    }

    fn function(&mut self, name: &str, arguments: Vec<Python>) -> Python {
        self.imports.from("sqlalchemy", "func");
        atom("func").call(name, arguments)
    }

    fn helper(&mut self, name: &str, arguments: Vec<Python>) -> Python {
        self.imports.from("app.core.sql", name);
        call(name, arguments)
    }

    fn trees(&mut self, trees: &[Tree]) -> Printing<Vec<Python>> {
        trees.iter().map(|tree| self.tree(tree)).collect()
    }

    fn tree(&mut self, tree: &Tree) -> Printing<Python> {
        Ok(match tree {
            Tree::Literal(literal, ty) => self.literal(literal, ty),
            Tree::Column { row, column } => self.column(*row, *column),
            Tree::Computed { row, field } => self.computed(*row, *field),
            Tree::CallerId => atom("caller").dot("id"),
            Tree::SignedIn => {
                let value = atom("caller").dot("signed_in");
                self.sqlalchemy("literal", vec![value])
            }
            Tree::HasRole(role) => {
                let role = constant(&self.place.names.plan.model.role(*role).name);
                self.imports.from("app.core.callers", "Role");
                let value = atom("caller").call("has", vec![atom(format!("Role.{role}"))]);
                self.sqlalchemy("literal", vec![value])
            }
            Tree::Now => {
                self.imports.from("app.core.clock", "now");
                self.imports.from("app.core.columns", "Instant");
                self.sqlalchemy("literal", vec![call("now", Vec::new()), atom("Instant")])
            }
            Tree::Today => {
                self.imports.from("app.core.clock", "now");
                let today = call("now", Vec::new()).call("date", Vec::new());
                self.sqlalchemy("literal", vec![today])
            }
            Tree::Input { name, .. } => atom("given").dot(name),
            Tree::Not(inner) => match inner.as_ref() {
                Tree::IsMissing(inner) => self.tree(inner)?.call("is_not", vec![atom("None")]),
                inner => {
                    let inner = self.tree(inner)?;
                    self.sqlalchemy("not_", vec![inner])
                }
            },
            Tree::And(all) => {
                let all = self.trees(all)?;
                self.sqlalchemy("and_", all)
            }
            Tree::Or(any) => {
                let any = self.trees(any)?;
                self.sqlalchemy("or_", any)
            }
            Tree::Compare {
                operator,
                left,
                right,
                missing,
            } => self.comparison(*operator, (left, right), *missing)?,
            Tree::IsMissing(inner) => self.tree(inner)?.call("is_", vec![atom("None")]),
            Tree::OneOf {
                item,
                items,
                missing,
            } => {
                let words = self.words_of(item);
                let items = items.iter().map(|one| self.word(one, words));
                let items = items.collect::<Printing<Vec<Python>>>()?;
                let found = self.tree(item)?.call("in_", vec![Python::List(items)]);
                self.or_false(found, *missing)
            }
            Tree::OrFalse(inner) => {
                let inner = self.tree(inner)?;
                self.or_false(inner, true)
            }
            Tree::Arithmetic {
                operator,
                left,
                right,
            } => {
                let sign = match operator {
                    Arithmetic::Add => "+",
                    Arithmetic::Subtract => "-",
                    Arithmetic::Multiply => "*",
                };
                let (left, right) = (self.tree(left)?, self.tree(right)?);
                left.binary(sign, right)
            }
            Tree::Negate(inner) => Python::Prefixed("-", Box::new(self.tree(inner)?)),
            Tree::Joined(left, right) => {
                let (left, right) = (self.tree(left)?, self.tree(right)?);
                left.call("concat", vec![right])
            }
            Tree::If {
                test,
                then,
                otherwise,
            } => {
                let (test, then) = (self.tree(test)?, self.tree(then)?);
                let otherwise = self.tree(otherwise)?;
                self.imports.from("sqlalchemy", "case");
                let branch = atom(format!("({}, {})", test.flat(), then.flat()));
                let otherwise = Python::Named("else_".to_owned(), Box::new(otherwise));
                call("case", vec![branch, otherwise])
            }
            Tree::Coalesce(values) => {
                let values = self.trees(values)?;
                self.function("coalesce", values)
            }
            Tree::Rescale { value, from, to } => {
                let value = self.tree(value)?;
                let scales = [from, to].map(|scale| atom(scale.to_string()));
                self.helper("rescaled", [value].into_iter().chain(scales).collect())
            }
            Tree::Call {
                function,
                arguments,
                missing,
            } => self.called(*function, arguments, *missing)?,
            Tree::Exists { query, negated } => {
                let id = self.column(query.rows[0], ColumnSource::Id);
                let found = self.query(query, id)?.call("exists", Vec::new());
                match negated {
                    true => Python::Prefixed("~", Box::new(found)),
                    false => found,
                }
            }
            Tree::Select { query, selected } => {
                let value = self.selected(selected)?;
                let found = self.query(query, value)?;
                found.call("scalar_subquery", Vec::new())
            }
        })
    }

    fn or_false(&mut self, value: Python, missing: bool) -> Python {
        if !missing {
            return value;
        }
        let otherwise = self.sqlalchemy("false", Vec::new());
        self.function("coalesce", vec![value, otherwise])
    }

    fn selected(&mut self, selected: &Selected) -> Printing<Python> {
        Ok(match selected {
            Selected::Value(value) => self.tree(value)?,
            Selected::Count => self.function("count", Vec::new()),
            Selected::Sum(value) => {
                let value = self.tree(value)?;
                let sum = self.function("sum", vec![value]);
                self.function("coalesce", vec![sum, atom("0")])
            }
            Selected::Min(value) => {
                let value = self.tree(value)?;
                self.function("min", vec![value])
            }
            Selected::Max(value) => {
                let value = self.tree(value)?;
                self.function("max", vec![value])
            }
            Selected::Average { value, scale } => {
                let value = self.tree(value)?;
                self.helper("average", vec![value, atom(scale.to_string())])
            }
        })
    }

    fn query(&mut self, query: &Query, value: Python) -> Printing<Python> {
        let rows = query.rows.iter().map(|row| atom(self.row(*row)));
        let rows: Vec<Python> = rows.collect();
        let conditions = self.trees(&query.conditions)?;
        let selected = self.sqlalchemy("select", vec![value]);
        let from = selected.call("select_from", vec![rows[0].clone()]);
        let found = from.call("where", conditions);
        Ok(found.call("correlate_except", rows))
    }

    fn computed(&mut self, row: RowId, field: FieldId) -> Python {
        let names = self.place.names;
        let package = names.package(field.entity);
        let function = computed_name(names, field);
        if self.place.is_computed && package == self.place.package {
            return call(&function, vec![atom(self.row(row))]);
        }
        let module = match package == self.place.package {
            true => {
                self.imports.from(&format!("app.{package}"), "computed");
                "computed".to_owned()
            }
            false => {
                let alias = format!("{package}_computed");
                let name = format!("computed as {alias}");
                self.imports.from(&format!("app.{package}"), &name);
                alias
            }
        };
        atom(module).call(&function, vec![atom(self.row(row))])
    }

    /// The field whose words a side of a comparison has.
    fn words_of(&self, tree: &Tree) -> Option<FieldId> {
        let field = match tree {
            Tree::Column {
                column: ColumnSource::Field(field),
                ..
            } => field,
            Tree::Select {
                selected: Selected::Value(value),
                ..
            } => return self.words_of(value),
            _ => return None,
        };
        let scalar = self.place.names.plan.model.field(*field).scalar();
        matches!(scalar, Some(ScalarType::Enum { .. })).then_some(*field)
    }

    /// A value that is compared with a field of these words.
    fn word(&mut self, tree: &Tree, words: Option<FieldId>) -> Printing<Python> {
        match (tree, words) {
            (Tree::Literal(Literal::Text(word), _), Some(field)) => {
                let class = self.place.names.words(field);
                let module = self.place.names.module(field.entity, "models");
                self.imports.from(&module, &class);
                Ok(atom(format!("{class}.{}", constant(word))))
            }
            _ => self.tree(tree),
        }
    }

    fn comparison(
        &mut self,
        operator: Comparison,
        (left, right): (&Tree, &Tree),
        missing: bool,
    ) -> Printing<Python> {
        // A plain value of Python has no operators of SQL.
        let is_plain = |tree: &Tree| {
            matches!(
                tree,
                Tree::CallerId | Tree::Input { .. } | Tree::Literal(..)
            )
        };
        let swapped = is_plain(left) && !is_plain(right);
        let (first, second) = if swapped {
            (right, left)
        } else {
            (left, right)
        };
        let (of_first, of_second) = (self.words_of(first), self.words_of(second));
        let first_text = self.word(first, of_second)?;
        let second_text = self.word(second, of_first)?;
        let first_text = match first {
            first if is_plain(first) => self.sqlalchemy("literal", vec![first_text]),
            _ => first_text,
        };
        let (sign, other) = match (operator, swapped) {
            (Comparison::Equal, _) => ("==", "is_not_distinct_from"),
            (Comparison::NotEqual, _) => ("!=", "is_distinct_from"),
            (Comparison::Less, false) | (Comparison::Greater, true) => ("<", ""),
            (Comparison::LessOrEqual, false) | (Comparison::GreaterOrEqual, true) => ("<=", ""),
            (Comparison::Greater, false) | (Comparison::Less, true) => (">", ""),
            (Comparison::GreaterOrEqual, false) | (Comparison::LessOrEqual, true) => (">=", ""),
        };
        Ok(match (missing, other) {
            (true, "") => {
                let compared = first_text.binary(sign, second_text);
                self.or_false(compared, true)
            }
            (true, method) => first_text.call(method, vec![second_text]),
            (false, _) => first_text.binary(sign, second_text),
        })
    }

    fn called(
        &mut self,
        function: Function,
        arguments: &[Tree],
        missing: bool,
    ) -> Printing<Python> {
        let mut printed = self.trees(arguments)?;
        let value = match function {
            Function::Size => self.function("length", printed),
            Function::Lower => self.function("lower", printed),
            Function::Upper => self.function("upper", printed),
            Function::Trim => self.function("trim", printed),
            Function::Abs => self.function("abs", printed),
            Function::StartsWith | Function::EndsWith | Function::Contains => {
                let method = match function {
                    Function::StartsWith => "startswith",
                    Function::EndsWith => "endswith",
                    _ => "contains",
                };
                let part = printed.pop().unwrap_or_else(|| atom("\"\""));
                let of = printed.pop().unwrap_or_else(|| atom("\"\""));
                let escape = Python::Named("autoescape".to_owned(), Box::new(atom("True")));
                let found = of.call(method, vec![part, escape]);
                self.or_false(found, missing)
            }
            _ => return Err(Unsupported::new("this function")),
        };
        Ok(value)
    }

    fn literal(&mut self, literal: &Literal, ty: &Type) -> Python {
        match (literal, ty) {
            (Literal::Null, _) => self.sqlalchemy("null", Vec::new()),
            (Literal::Bool(true), _) => self.sqlalchemy("true", Vec::new()),
            (Literal::Bool(false), _) => self.sqlalchemy("false", Vec::new()),
            (Literal::Int(value), Type::Decimal { scale }) => self.decimal(*value, 0, *scale),
            (Literal::Int(value), _) => atom(value.to_string()),
            (Literal::Decimal { units, scale }, Type::Decimal { scale: wanted }) => {
                self.decimal(*units, *scale, *wanted)
            }
            (Literal::Decimal { units, scale }, _) => self.decimal(*units, *scale, *scale),
            (Literal::Text(value), Type::Date) => {
                self.imports.from("datetime", "date");
                atom("date").call("fromisoformat", vec![atom(text(value))])
            }
            (Literal::Text(value), Type::DateTime) => {
                self.imports.from("datetime", "datetime");
                atom("datetime").call("fromisoformat", vec![atom(text(value))])
            }
            (Literal::Text(value), _) => atom(text(value)),
        }
    }

    fn decimal(&mut self, units: i64, from: u32, to: u32) -> Python {
        let power = 10_i128.pow(to.saturating_sub(from));
        let shown = decimal(i128::from(units) * power, to.max(from));
        self.imports.from("decimal", "Decimal");
        self.imports.from("app.core.columns", "FixedPoint");
        let value = call("Decimal", vec![atom(text(&shown))]);
        let ty = call("FixedPoint", vec![atom("18"), atom(to.to_string())]);
        self.sqlalchemy("literal", vec![value, ty])
    }
}

/// The function that gives a computed field.
pub fn computed_name(names: Names<'_>, field: FieldId) -> String {
    let definition = names.plan.model.field(field);
    let entity = names.plan.model.entity(field.entity);
    match entity.part_of {
        // Parts share the module of what they are a part of.
        Some(_) => format!("{}_{}", entity.singular, definition.name),
        None => names.variable_named(&definition.name),
    }
}
