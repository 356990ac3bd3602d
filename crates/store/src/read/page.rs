//! A page of a list: which rows, in which order, from where.

use super::cursor::Cursor;
use super::parse::parse;
use super::{Asked, Shown, entity_of};
use crate::connection::Value;
use crate::represent::{
    Builder, QueryKey, RESERVED, Rows, Target, reading_kind, unsupported, write_display, write_text,
};
use crate::{Call, Failure, Reply, Store};
use archwright_plan::model::{Direction, EntityId, FieldId, FieldKind, ToManyKind};
use archwright_plan::{ColumnSource, FilterOperator, ListOptions, Operation};
use archwright_sql::{
    Classes, Dialect, Parameter, Row, SEARCH_COLUMN, Unsupported, search_rowid, search_table,
};
use percent_encoding::{AsciiSet, utf8_percent_encode};

/// The form of a question, without its values: the same form is the same statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Page {
    pub operation: usize,
    /// Values are numbered in this order: filters, search, cursor (sort value, id), limit.
    pub filters: Vec<FilterShape>,
    pub search: bool,
    pub sort: Option<SortShape>,
    /// Goes on behind a row; `true` when that row's sort value is missing.
    pub after: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FilterShape {
    /// Position in `ListOptions::filters`.
    pub filter: usize,
    /// Position in `Filter::operators`.
    pub operator: usize,
    /// Number of values.
    pub values: usize,
    /// For the `null` operator: whether missing values are wanted.
    pub missing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SortShape {
    /// Position in `ListOptions::sorts`.
    pub sort: usize,
    pub descending: bool,
}

impl Page {
    /// The first page without any option.
    pub fn plain(operation: usize) -> Self {
        Self {
            operation,
            filters: Vec::new(),
            search: false,
            sort: None,
            after: None,
        }
    }
}

impl Store {
    pub(super) fn list(
        &self,
        call: &Call,
        operation: &Operation,
        classes: &Classes,
    ) -> Result<Asked, Failure> {
        let entity = entity_of(operation)?;
        let options = options(operation)?;
        let mut question =
            parse(&self.shared, entity, operation, options, call).map_err(Failure::BadRequest)?;
        let most = i64::from(question.limit) + 1;
        question.values.push(Value::Integer(most));
        let key = QueryKey {
            target: Target::Page(question.page),
            classes: classes.clone(),
            shaping: question.shaping,
        };
        Ok(Asked {
            query: self.shared.compiled.query(&self.shared.plan, key)?,
            values: question.values,
            limit: question.limit as usize,
            is_by_id: false,
            shown: Shown::Page {
                question: question.hash,
            },
        })
    }
}

/// The page with what leads to the next one.
pub(super) fn reply(call: &Call, rows: Rows, question: u64, limit: usize) -> Reply {
    let last = rows.last.filter(|_| rows.more);
    let next = last.map(|(id, sort)| Cursor { sort, id, question }.encode());
    let mut body = Vec::with_capacity(rows.json.len() + 64 + rows.spans.len());
    body.extend_from_slice(b"{\"data\":[");
    for (index, span) in rows.spans.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&rows.json[span.clone()]);
    }
    body.extend_from_slice(b"],\"page\":{\"next\":");
    match &next {
        Some(cursor) => write_text(cursor, &mut body),
        None => body.extend_from_slice(b"null"),
    }
    body.extend_from_slice(b",\"limit\":");
    write_display(limit, &mut body);
    body.extend_from_slice(b"}}");
    Reply {
        status: 200,
        body: Some(body),
        next: next.map(|cursor| next_query(&call.query, &cursor)),
        ..Reply::default()
    }
}

pub(super) fn options(operation: &Operation) -> Result<&ListOptions, Failure> {
    operation
        .list
        .as_ref()
        .ok_or_else(|| Failure::Internal(format!("{} has no list options", operation.id)))
}

/// Unreserved characters, and what separates the values of a filter, stay as they are.
const IN_QUERY: &AsciiSet = &RESERVED.remove(b',');

/// The same query with another cursor.
fn next_query(query: &[(String, String)], cursor: &str) -> String {
    let mut text = String::new();
    let kept = query
        .iter()
        .filter(|(name, _)| name != "cursor")
        .map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in kept.chain([("cursor", cursor)]) {
        if !text.is_empty() {
            text.push('&');
        }
        text.extend(utf8_percent_encode(name, IN_QUERY));
        text.push('=');
        text.extend(utf8_percent_encode(value, IN_QUERY));
    }
    text
}

impl Builder<'_> {
    /// What follows the FROM clause of a page.
    pub(crate) fn page(&mut self, entity: EntityId, page: &Page) -> Result<String, Unsupported> {
        let operation = &self.plan.operations[page.operation];
        let options = operation
            .list
            .as_ref()
            .ok_or_else(|| unsupported("a list without options"))?;
        let mut conditions = vec![
            self.printer.active(entity, "t"),
            self.operation_guard(entity, operation)?,
        ];
        let mut values = 0;
        for filter in &page.filters {
            let condition = self.filter(entity, options, filter, values)?;
            conditions.push(condition);
            values += filter.values;
        }
        if page.search {
            let condition = self.search(entity, values)?;
            conditions.push(condition);
            values += 1;
        }
        let this = Self::this(entity);
        let id = self.printer.column(&this, ColumnSource::Id)?;
        let sort = match page.sort {
            Some(shape) => {
                let field = options.sorts[shape.sort].field;
                let column = self.printer.field(&this, field)?;
                Some(((column, self.plan.model.field(field).optional), shape))
            }
            None => None,
        };
        if let Some(missing) = page.after {
            let field = page.sort.map(|shape| options.sorts[shape.sort].field);
            let position = self.position(entity, field, values)?;
            conditions.push(self.after(&id, sort.as_ref(), missing, &position)?);
            values += 2;
        }
        let order = match &sort {
            Some(((column, nullable), shape)) => {
                let direction = match shape.descending {
                    true => Direction::Descending,
                    false => Direction::Ascending,
                };
                self.query.sort = Some(self.projection.push(column.clone()));
                let dialect = self.printer.dialect;
                let key = dialect.ordered(column, *nullable, direction);
                format!("{key}, {}", dialect.ordered(&id, false, direction))
            }
            None => format!("{id} DESC"),
        };
        let limit = self.printer.parameter(Parameter::Value(values))?;
        let conditions = conditions.concat();
        let conditions = match conditions.strip_prefix(" AND ") {
            Some(conditions) => format!(" WHERE {conditions}"),
            None => String::new(),
        };
        let end = format!("{conditions} ORDER BY {order} LIMIT {limit}");
        if self.is_in_order(entity, options, page) {
            return Ok(end);
        }
        // SQLite works out all columns of every row that it sorts: the rows of the page are found first.
        let table = self.printer.known(entity);
        Ok(format!(
            " WHERE {id} IN (SELECT {id} FROM {table} t{end}) ORDER BY {order}"
        ))
    }

    /// Whether rows are met in their order, so that no more of them are read than are shown; PostgreSQL sees to that
    /// by itself.
    fn is_in_order(&self, entity: EntityId, options: &ListOptions, page: &Page) -> bool {
        let Some(sort) = page.sort else {
            return !page.search;
        };
        let sort = options.sorts[sort.sort].field;
        let filters = page.filters.iter();
        let filters = filters.filter(|shape| options.filters[shape.filter].field != sort);
        let column = |field| {
            let column = self
                .plan
                .table(entity)
                .column_from(ColumnSource::Field(field));
            column.map(|column| column.name.as_str())
        };
        let equal = filters.map(|shape| {
            let filter = &options.filters[shape.filter];
            let is_equal = filter.operators[shape.operator] == FilterOperator::Equal;
            column(filter.field).filter(|_| is_equal)
        });
        let equal: Option<Vec<&str>> = equal.collect();
        let serves = |equal: &[&str]| {
            let mut indexes = self.plan.table(entity).indexes.iter();
            indexes.any(|index| {
                let names = index.columns.iter().map(|(name, _)| name.as_str());
                let names: Vec<&str> = names.collect();
                names.len() > equal.len()
                    && equal.iter().all(|name| names[..equal.len()].contains(name))
                    && Some(names[equal.len()]) == column(sort)
            })
        };
        let dialect = self.printer.dialect;
        dialect == Dialect::Postgres
            || !page.search && equal.is_some_and(|equal| equal.is_empty() || serves(&equal))
    }

    /// The sort value and the id of the row that a page goes on behind.
    fn position(
        &mut self,
        entity: EntityId,
        field: Option<FieldId>,
        first: usize,
    ) -> Result<(String, String), Unsupported> {
        let source = field.map(ColumnSource::Field);
        let stored = source.filter(|source| self.plan.table(entity).column_from(*source).is_some());
        let sort = match stored {
            Some(source) => self.stored_value(entity, source, first)?,
            None => self.printer.parameter(Parameter::Value(first))?,
        };
        Ok((
            sort,
            self.stored_value(entity, ColumnSource::Id, first + 1)?,
        ))
    }

    /// Rows behind the cursor. Missing values come before all others.
    fn after(
        &mut self,
        id: &str,
        sort: Option<&((String, bool), SortShape)>,
        missing: bool,
        (sort_value, id_value): &(String, String),
    ) -> Result<String, Unsupported> {
        let Some(((column, nullable), shape)) = sort else {
            return Ok(format!(" AND {id} < {id_value}"));
        };
        Ok(match (shape.descending, missing) {
            (false, true) => {
                format!(" AND (({column} IS NULL AND {id} > {id_value}) OR {column} IS NOT NULL)")
            }
            (false, false) => format!(" AND ({column}, {id}) > ({sort_value}, {id_value})"),
            (true, true) => format!(" AND {column} IS NULL AND {id} < {id_value}"),
            (true, false) if *nullable => {
                format!(" AND (({column}, {id}) < ({sort_value}, {id_value}) OR {column} IS NULL)")
            }
            (true, false) => format!(" AND ({column}, {id}) < ({sort_value}, {id_value})"),
        })
    }

    fn filter(
        &mut self,
        entity: EntityId,
        options: &ListOptions,
        shape: &FilterShape,
        first: usize,
    ) -> Result<String, Unsupported> {
        let filter = &options.filters[shape.filter];
        let operator = filter.operators[shape.operator];
        let mut values = Vec::with_capacity(shape.values);
        for index in 0..shape.values {
            values.push(self.filter_value(filter.field, first + index)?);
        }
        let is_relation = self.plan.model.field(filter.field).to_many().is_some();
        let condition = match (is_relation, operator) {
            (true, FilterOperator::Equal | FilterOperator::In) => {
                self.linked(filter.field, &values.join(", "))?
            }
            (true, _) => return Err(unsupported("an order of rows in a filter")),
            _ => self.compared(entity, filter.field, operator, shape.missing, &values)?,
        };
        Ok(format!(" AND {condition}"))
    }

    /// A value as the column holds it: natural keys become ids, and sensitive values hashes.
    fn filter_value(&mut self, field: FieldId, index: usize) -> Result<String, Unsupported> {
        let definition = self.plan.model.field(field);
        if definition.sensitive {
            return self.printer.parameter(Parameter::Blind {
                field,
                of: Box::new(Parameter::Value(index)),
            });
        }
        let target = match &definition.kind {
            FieldKind::ToOne(relation) => relation.target,
            FieldKind::ToMany(relation) => relation.target,
            FieldKind::Scalar(_) => {
                return self.stored_value(field.entity, ColumnSource::Field(field), index);
            }
        };
        let Some(key) = self.plan.model.entity(target).key else {
            return self.stored_value(target, ColumnSource::Id, index);
        };
        let value = self.stored_value(target, ColumnSource::Field(key), index)?;
        let alias = self.printer.fresh_alias();
        let row = Row::Alias {
            entity: target,
            alias: alias.clone(),
        };
        let id = self.printer.column(&row, ColumnSource::Id)?;
        let column = self.printer.column(&row, ColumnSource::Field(key))?;
        Ok(format!(
            "(SELECT {id} FROM {} {alias} WHERE {column} = {value}{})",
            self.printer.table(target),
            self.printer.active(target, &alias)
        ))
    }

    fn compared(
        &mut self,
        entity: EntityId,
        field: FieldId,
        operator: FilterOperator,
        missing: bool,
        values: &[String],
    ) -> Result<String, Unsupported> {
        let definition = self.plan.model.field(field);
        let this = Self::this(entity);
        let column = if definition.sensitive && operator != FilterOperator::Null {
            self.printer
                .column(&this, ColumnSource::BlindIndex(field))?
        } else {
            self.printer.field(&this, field)?
        };
        let sign = match operator {
            FilterOperator::Null if missing => return Ok(format!("{column} IS NULL")),
            FilterOperator::Null => return Ok(format!("{column} IS NOT NULL")),
            FilterOperator::In => return Ok(format!("{column} IN ({})", values.join(", "))),
            FilterOperator::Equal => "=",
            FilterOperator::NotEqual => self.printer.dialect.differs(),
            FilterOperator::Less => "<",
            FilterOperator::LessOrEqual => "<=",
            FilterOperator::Greater => ">",
            FilterOperator::GreaterOrEqual => ">=",
        };
        let value = values
            .first()
            .ok_or_else(|| unsupported("a filter without a value"))?;
        Ok(format!("{column} {sign} {value}"))
    }

    /// Rows that are linked to any of these, if the caller may read it.
    fn linked(&mut self, field: FieldId, values: &str) -> Result<String, Unsupported> {
        let relation = self.plan.model.field(field).to_many();
        let Some((ToManyKind::Linked { canonical, .. }, target)) =
            relation.map(|relation| (&relation.kind, relation.target))
        else {
            return Err(unsupported("a filter by rows that are not linked"));
        };
        let (link, near, far) = self.printer.link(*canonical, field)?;
        let (alias, row) = (self.printer.fresh_alias(), self.printer.fresh_alias());
        let this = Self::this(field.entity);
        let id = self.printer.column(&this, ColumnSource::Id)?;
        let guard = self.readable(target, &reading_kind(self.plan, target), &row)?;
        let hidden = guard.and(self.printer.dialect) + &self.printer.active(target, &row);
        let readable = match &hidden[..] {
            "" => String::new(),
            _ => {
                let linked = Row::Alias {
                    entity: target,
                    alias: row.clone(),
                };
                let id = self.printer.column(&linked, ColumnSource::Id)?;
                let table = self.printer.table(target);
                format!(
                    " AND EXISTS (SELECT 1 FROM {table} {row} WHERE {id} = {alias}.{far}{hidden})"
                )
            }
        };
        Ok(format!(
            "{id} IN (SELECT {alias}.{near} FROM {link} {alias} WHERE {alias}.{far} IN ({values}){readable})"
        ))
    }

    /// Rows whose searchable columns, which everybody sees, have the words.
    fn search(&mut self, entity: EntityId, value: usize) -> Result<String, Unsupported> {
        let table = self.plan.table(entity);
        let words = self.printer.parameter(Parameter::Value(value))?;
        if self.printer.dialect == Dialect::Postgres {
            let column = self.printer.identifier(SEARCH_COLUMN);
            return Ok(format!(
                " AND t.{column} @@ to_tsquery('simple', {words}::text)"
            ));
        }
        let rowid = search_rowid(table).ok_or_else(|| unsupported("a search without an index"))?;
        let rowid = self.printer.identifier(rowid);
        let search = self.printer.identifier(&search_table(table));
        Ok(format!(
            " AND t.{rowid} IN (SELECT rowid FROM {search} WHERE {search} MATCH {words})"
        ))
    }
}

#[cfg(test)]
mod tests;
