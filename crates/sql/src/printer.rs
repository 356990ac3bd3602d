//! Collects the parameters of one statement while its parts are printed.

use crate::{Dialect, Parameter, Statement, Unsupported};
use archwright_plan::model::{BindingId, EntityId, Literal, VariableId};
use archwright_plan::{ColumnSource, Plan, Table, decimal};

/// Prints the parts of one statement. All parts share its numbered parameters and its aliases.
pub struct Printer<'a> {
    pub plan: &'a Plan,
    pub dialect: Dialect,
    parameters: Vec<Parameter>,
    aliases: usize,
    /// FROM clauses that rows of to-one relations can be joined to, the innermost last.
    joined: Vec<Joined>,
    pub(crate) binding: Binding,
}

/// A FROM clause, and what was joined to it.
#[derive(Debug, Default)]
struct Joined {
    /// Of its tables.
    aliases: Vec<String>,
    /// Of the rows that were joined: the SQL of the id that they were found by, and their alias.
    rows: Vec<(EntityId, String, String)>,
    text: String,
}

/// A database plans each join; those beyond are looked up.
const MOST_JOINED: usize = 8;

/// Where the values of parameters come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// They are bound when the statement runs.
    Numbered,
    /// DDL can't bind: literals are printed.
    Inline,
    /// As `Inline`, and what the request is about comes from the settings of its transaction.
    Settings,
}

/// Where a row of an expression is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A table of the FROM clause, by its alias.
    Alias { entity: EntityId, alias: String },
    /// The row that a column constraint is about: bare column names.
    Columns { entity: EntityId },
    /// Known by the SQL of its id only; columns are looked up.
    Key { entity: EntityId, id: String },
}

impl Row {
    pub fn entity(&self) -> EntityId {
        match self {
            Self::Alias { entity, .. } | Self::Columns { entity } | Self::Key { entity, .. } => {
                *entity
            }
        }
    }
}

/// What the names of an expression stand for.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    pub this: Option<Row>,
    pub(crate) variables: Vec<(VariableId, Row)>,
    /// Rows that a shape goes through one by one; other bindings are parameters.
    pub(crate) bindings: Vec<(BindingId, Row)>,
}

impl Scope {
    /// `this` is a row of a table in the FROM clause.
    pub fn alias(entity: EntityId, alias: &str) -> Self {
        Self {
            this: Some(Row::Alias {
                entity,
                alias: alias.to_owned(),
            }),
            ..Self::default()
        }
    }

    /// `this` is the row that a column constraint is about.
    pub fn columns(entity: EntityId) -> Self {
        Self {
            this: Some(Row::Columns { entity }),
            ..Self::default()
        }
    }

    /// `this` is any row.
    pub fn row(this: Row) -> Self {
        Self {
            this: Some(this),
            ..Self::default()
        }
    }

    /// The binding stands for a row of the FROM clause.
    pub fn bound(&self, binding: BindingId, row: Row) -> Self {
        let mut scope = self.clone();
        scope.bindings.push((binding, row));
        scope
    }

    /// The row of the FROM clause that a binding stands for.
    pub fn binding(&self, binding: BindingId) -> Option<Row> {
        let mut bindings = self.bindings.iter().rev();
        let found = bindings.find(|(known, _)| *known == binding);
        found.map(|(_, row)| row.clone())
    }

    pub(crate) fn with(&self, variable: VariableId, row: Row) -> Self {
        let mut scope = self.clone();
        scope.variables.push((variable, row));
        scope
    }
}

impl<'a> Printer<'a> {
    pub fn new(plan: &'a Plan, dialect: Dialect) -> Self {
        Self {
            plan,
            dialect,
            parameters: Vec::new(),
            aliases: 0,
            joined: Vec::new(),
            binding: Binding::Numbered,
        }
    }

    /// For DDL: literals are printed, and nothing can be bound.
    pub(crate) fn inline(plan: &'a Plan, dialect: Dialect) -> Self {
        Self {
            binding: Binding::Inline,
            ..Self::new(plan, dialect)
        }
    }

    /// For policies of PostgreSQL.
    pub(crate) fn settings(plan: &'a Plan) -> Self {
        Self {
            binding: Binding::Settings,
            ..Self::new(plan, Dialect::Postgres)
        }
    }

    pub(crate) fn is_inline(&self) -> bool {
        self.binding != Binding::Numbered
    }

    /// The placeholder of a parameter; equal parameters share one.
    pub fn parameter(&mut self, parameter: Parameter) -> Result<String, Unsupported> {
        if self.is_inline() {
            return self.inlined(&parameter);
        }
        let index = match self.parameters.iter().position(|known| *known == parameter) {
            Some(index) => index,
            None => {
                self.parameters.push(parameter);
                self.parameters.len() - 1
            }
        };
        Ok(self.dialect.placeholder(index + 1))
    }

    fn inlined(&self, parameter: &Parameter) -> Result<String, Unsupported> {
        match parameter {
            Parameter::Literal(Literal::Null) => Ok("NULL".to_owned()),
            Parameter::Literal(Literal::Bool(value)) => Ok(self.dialect.boolean(*value).to_owned()),
            Parameter::Literal(Literal::Int(value)) => Ok(format!("({value})")),
            Parameter::Literal(Literal::Decimal { units, scale }) => {
                Ok(format!("({})", decimal(*units, *scale)))
            }
            Parameter::Literal(Literal::Text(text)) => Ok(self.dialect.text_literal(text)),
            other if self.binding == Binding::Settings => crate::setting::of(self.plan, other)
                .ok_or_else(|| Unsupported::new("a policy that depends on the request's input")),
            _ => Err(Unsupported::new("a constraint that depends on the request")),
        }
    }

    pub fn fresh_alias(&mut self) -> String {
        self.aliases += 1;
        format!("a{}", self.aliases)
    }

    /// From here on, what is read from the rows that those of these tables lead to is read through one join for each
    /// row, until [`Printer::joined`] says what goes behind the FROM clause.
    pub fn join_to(&mut self, aliases: &[&str]) {
        self.joined.push(Joined {
            aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
            ..Joined::default()
        });
    }

    /// ` LEFT JOIN …` for each row, or nothing. No row of the FROM clause is lost by it or comes twice.
    pub fn joined(&mut self) -> String {
        self.joined
            .pop()
            .map_or(String::new(), |joined| joined.text)
    }

    /// The alias under which the row with an id is joined to the FROM clause that the id is a column of, if it may be.
    pub(crate) fn join(&mut self, entity: EntityId, id: &str) -> Option<String> {
        let (table, column) = id.split_once('.')?;
        let is_column =
            column.starts_with('"') && column.ends_with('"') && column.matches('"').count() == 2;
        if !is_column {
            return None;
        }
        let place = self
            .joined
            .iter()
            .position(|joined| joined.aliases.iter().any(|alias| alias == table))?;
        let mut rows = self.joined[place].rows.iter();
        if let Some((.., alias)) = rows.find(|(known, key, _)| *known == entity && key == id) {
            return Some(alias.clone());
        }
        if self.joined[place].rows.len() == MOST_JOINED {
            return None;
        }
        let alias = self.fresh_alias();
        let name = self.table(entity);
        let joined = &mut self.joined[place];
        joined.text.push_str(&format!(
            " LEFT JOIN {name} {alias} ON {alias}.\"id\" = {id}"
        ));
        joined.aliases.push(alias.clone());
        joined.rows.push((entity, id.to_owned(), alias.clone()));
        Some(alias)
    }

    pub fn identifier(&self, name: &str) -> String {
        self.dialect.identifier(name)
    }

    pub fn table(&self, entity: EntityId) -> String {
        self.identifier(&self.plan.table(entity).name)
    }

    /// The name, quoted, of the column that holds something.
    pub(crate) fn column_name(
        &self,
        table: &Table,
        source: ColumnSource,
    ) -> Result<String, Unsupported> {
        let column = table.column_from(source);
        let column = column.ok_or_else(|| {
            Unsupported::new(format!("a column that {} doesn't have", table.name))
        })?;
        Ok(self.identifier(&column.name))
    }

    /// ` AND alias."deleted_at" IS NULL` where the entity is soft-deleted; of a part, also what that says of the row that
    /// it is a part of, however far up. Otherwise nothing.
    pub fn active(&self, entity: EntityId, alias: &str) -> String {
        let mut active = self.unmarked(entity, alias);
        if let Some(part) = &self.plan.model.entity(entity).part_of {
            let whole = format!("{alias}w");
            let above = self.active(part.whole, &whole);
            let back = ColumnSource::Field(part.back);
            if let Some(back) = self.plan.table(entity).column_from(back)
                && !above.is_empty()
            {
                active.push_str(&format!(
                    " AND EXISTS (SELECT 1 FROM {} {whole} WHERE {whole}.\"id\" = {alias}.{}{above})",
                    self.table(part.whole),
                    self.identifier(&back.name)
                ));
            }
        }
        active
    }

    /// The same for a row whose whole is known to be there.
    pub fn unmarked(&self, entity: EntityId, alias: &str) -> String {
        match self.plan.table(entity).column_from(ColumnSource::DeletedAt) {
            Some(column) => format!(" AND {alias}.{} IS NULL", self.identifier(&column.name)),
            None => String::new(),
        }
    }

    /// The statement: its text with what was bound on the way. Parameters of parts that were left out are forgotten,
    /// and the others numbered anew: PostgreSQL can't tell the type of one that is not used.
    pub fn finish(self, text: String) -> Statement {
        let sign = self.dialect.placeholder_sign();
        let mut pieces = text.split(sign);
        let mut numbered = pieces.next().unwrap_or_default().to_owned();
        let mut used: Vec<usize> = Vec::new();
        for piece in pieces {
            let end = piece
                .find(|letter: char| !letter.is_ascii_digit())
                .unwrap_or(piece.len());
            let Some(index) = piece[..end]
                .parse()
                .ok()
                .and_then(|it: usize| it.checked_sub(1))
            else {
                numbered.push(sign);
                numbered.push_str(piece);
                continue;
            };
            let place = match used.iter().position(|known| *known == index) {
                Some(place) => place,
                None => {
                    used.push(index);
                    used.len() - 1
                }
            };
            numbered.push_str(&self.dialect.placeholder(place + 1));
            numbered.push_str(&piece[end..]);
        }
        let parameters = used.into_iter().map(|index| self.parameters[index].clone());
        Statement {
            text: numbered,
            parameters: parameters.collect(),
        }
    }
}
