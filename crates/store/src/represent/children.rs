//! Prints the statements of the rows within a representation: parts, and what a request expands.

use super::compile::{Builder, Child, ChildKind, Form, unsupported};
use super::{ID_COLUMN, Tree};
use archwright_plan::limits::EXPANDED_ROWS;
use archwright_plan::model::{EntityId, FieldId, ToManyKind, Type};
use archwright_plan::{ColumnSource, Expand, OperationKind};
use archwright_sql::{Parameter, Row, Unsupported};

impl Builder<'_> {
    /// A child's statement: grouped by its first extra column.
    fn child(
        &mut self,
        key_column: usize,
        kind: ChildKind,
        of: Builder<'_>,
        entity: EntityId,
        end: &str,
    ) -> Form {
        // One more tells that there are too many.
        let most = match of.is_expanded {
            true => format!(" LIMIT {}", EXPANDED_ROWS + 1),
            false => String::new(),
        };
        let query = of.finish(entity, &format!("{end}{most}"));
        self.query.children.push(Child {
            key_column,
            kind,
            query,
        });
        Form::Child(self.query.children.len() - 1)
    }

    pub(super) fn parts(&mut self, field: FieldId, tree: &Tree) -> Result<Form, Unsupported> {
        let relation = self.plan.model.field(field).to_many();
        let relation = relation.ok_or_else(|| unsupported("parts of one value"))?;
        let (ToManyKind::Composed { by } | ToManyKind::Inverse { by }) = relation.kind else {
            return Err(unsupported("parts of a relation that is not composed"));
        };
        let entity = relation.target;
        let mut part = Builder::new(self.plan, self.printer.dialect, self.classes);
        part.rows = self.rows;
        part.is_expanded = self.is_expanded;
        part.start(entity)?;
        part.representation(entity, None, tree)?;
        let back = part
            .printer
            .column(&Self::this(entity), ColumnSource::Field(by))?;
        part.query.group = Some(part.projection.push(back.clone()));
        let whole = self.plan.model.field(by).to_one();
        let keys = part.keys(whole.map_or(entity, |whole| whole.target))?;
        let active = part.printer.unmarked(entity, "t");
        let order = match self.plan.table(entity).column_from(ColumnSource::Position) {
            Some(_) => part
                .printer
                .column(&Self::this(entity), ColumnSource::Position)?,
            None => part.printer.column(&Self::this(entity), ColumnSource::Id)?,
        };
        let end = format!(" WHERE {back} IN ({keys}){active} ORDER BY {back}, {order}");
        Ok(self.child(ID_COLUMN, ChildKind::Many, part, entity, &end))
    }

    /// The ids of rows of an entity, in a list.
    fn keys(&mut self, entity: EntityId) -> Result<String, Unsupported> {
        let list = self.printer.parameter(Parameter::Value(0))?;
        Ok(self.printer.list_values(&list, &Type::Row(entity)))
    }

    pub(super) fn expand(&mut self, expand: &Expand, tree: &Tree) -> Result<Form, Unsupported> {
        let entity = expand.target;
        let mut target = Builder::new(self.plan, self.printer.dialect, self.classes);
        target.is_expanded = true;
        target.start(entity)?;
        target.representation(entity, None, tree)?;
        if expand.many {
            let end = target.many(expand)?;
            return Ok(self.child(ID_COLUMN, ChildKind::Many, target, entity, &end));
        }
        let key = self.printer.column(
            &Self::this(expand.field.entity),
            ColumnSource::Field(expand.field),
        )?;
        let key_column = self.projection.push(key);
        target.query.group = Some(0);
        let id = target
            .printer
            .column(&Self::this(entity), ColumnSource::Id)?;
        let keys = target.keys(entity)?;
        let active = target.printer.active(entity, "t");
        let guard = target.readable(entity, &OperationKind::Get, "t")?;
        let guard = guard.and(self.printer.dialect);
        let end = format!(" WHERE {id} IN ({keys}){active}{guard}");
        Ok(self.child(key_column, ChildKind::One, target, entity, &end))
    }

    /// At most a page for each parent, by id. The inner statement finds the pairs, the outer one reads the rows.
    fn many(&mut self, expand: &Expand) -> Result<String, Unsupported> {
        let entity = expand.target;
        let table = self.printer.known(entity);
        let keys = self.keys(expand.field.entity)?;
        let row = Row::Alias {
            entity,
            alias: "r".to_owned(),
        };
        let id = self.printer.column(&row, ColumnSource::Id)?;
        let relation = self.plan.model.field(expand.field).to_many();
        let relation = relation.ok_or_else(|| unsupported("a list of one row"))?;
        let (from, parent) = match relation.kind {
            ToManyKind::Inverse { by } | ToManyKind::Composed { by } => (
                format!("{table} r"),
                self.printer.column(&row, ColumnSource::Field(by))?,
            ),
            ToManyKind::Linked { canonical, .. } => {
                let (link, near, far) = self.printer.link(canonical, expand.field)?;
                (
                    format!("{link} l JOIN {table} r ON {id} = l.{far}"),
                    format!("l.{near}"),
                )
            }
            ToManyKind::Through {
                entity: between,
                near,
                far,
            } => {
                let row = Row::Alias {
                    entity: between,
                    alias: "l".to_owned(),
                };
                let near = self.printer.column(&row, ColumnSource::Field(near))?;
                let far = self.printer.column(&row, ColumnSource::Field(far))?;
                let pairs = format!(
                    "(SELECT DISTINCT {near} AS near, {far} AS far FROM {} l WHERE {near} IN ({keys}){})",
                    self.printer.table(between),
                    self.printer.active(between, "l")
                );
                (
                    format!("{pairs} l JOIN {table} r ON {id} = l.far"),
                    "l.near".to_owned(),
                )
            }
        };
        let active = self.printer.active(entity, "r");
        let guard = self
            .readable(entity, &OperationKind::List, "r")?
            .and(self.printer.dialect);
        self.query.group = Some(self.projection.push("p.k".to_owned()));
        let this_id = self.printer.column(&Self::this(entity), ColumnSource::Id)?;
        let limit = self.plan.model.api.page_max;
        self.projection.joins.insert_str(
            0,
            &format!(
                " JOIN (SELECT {parent} AS k, {id} AS i, \
                 row_number() OVER (PARTITION BY {parent} ORDER BY {id}) AS n \
                 FROM {from} WHERE {parent} IN ({keys}){active}{guard}) p ON p.i = {this_id}"
            ),
        );
        Ok(format!(" WHERE p.n <= {limit} ORDER BY p.k, p.n"))
    }
}
