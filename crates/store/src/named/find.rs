//! The rows that steps look for, and those that inputs name: of the caller's tenant.

use super::compiler::Compiler;
use super::program::Kind;
use crate::represent::Builder;
use archwright_plan::Plan;
use archwright_plan::model::{
    BinaryOperator, BindingId, Direction, EntityId, Expression, ExpressionKind, FieldId,
    InputField, InputKind, Operation, Type,
};
use archwright_sql::{Classes, Dialect, Printer, Row, Scope, Statement, Unsupported};
use std::collections::BTreeSet;

/// Which rows of those that are found.
pub(super) struct Window<'a> {
    pub sort: &'a [(FieldId, Direction)],
    pub limit: Option<&'a Expression>,
    pub offset: Option<&'a Expression>,
}

/// ` AND …`, or nothing.
pub(super) fn and<'p>(
    filter: Option<&Expression>,
) -> impl FnOnce(&mut Printer<'p>, &Scope) -> Result<String, Unsupported> {
    move |printer, scope| match filter {
        Some(filter) => printer
            .condition(filter, scope)
            .map(|one| format!(" AND {one}")),
        None => Ok(String::new()),
    }
}

impl<'p> Compiler<'p> {
    /// `SELECT` over the rows of an entity that are there and, for whoever is signed in, of their tenant.
    pub fn rows(
        &self,
        entity: EntityId,
        filter: Option<&Expression>,
        text: impl FnOnce(&str) -> String,
    ) -> Result<Statement, Unsupported> {
        let (mut printer, _) = self.printer()?;
        let rows = self.filtered(&mut printer, entity, and(filter))?;
        Ok(printer.finish(text(&rows)))
    }

    pub fn found(
        &self,
        entity: EntityId,
        filter: impl FnOnce(&mut Printer<'p>, &Scope) -> Result<String, Unsupported>,
    ) -> Result<Statement, Unsupported> {
        let (mut printer, _) = self.printer()?;
        let rows = self.filtered(&mut printer, entity, filter)?;
        Ok(printer.finish(format!("SELECT t.\"id\" FROM {rows} LIMIT 1")))
    }

    /// `table t WHERE …`
    fn filtered(
        &self,
        printer: &mut Printer<'p>,
        entity: EntityId,
        filter: impl FnOnce(&mut Printer<'p>, &Scope) -> Result<String, Unsupported>,
    ) -> Result<String, Unsupported> {
        let table = printer.within_tenant(entity);
        let active = printer.active(entity, "t");
        let tenant = self.confined(printer, entity)?;
        let filter = filter(printer, &Scope::alias(entity, "t"))?;
        let conditions = format!("{active}{tenant}{filter}");
        // SQLite counts the rows of a table fast where nothing is asked of them.
        Ok(match conditions.strip_prefix(" AND ") {
            Some(conditions) => format!("{table} t WHERE {conditions}"),
            None => format!("{table} t"),
        })
    }

    /// What anyone may do is no secret of a tenant; who is signed in stays in their own.
    fn confined(&self, printer: &mut Printer<'p>, entity: EntityId) -> Result<String, Unsupported> {
        match &self.plan.resource(entity).confinement {
            Some(confinement) => {
                let condition = printer.condition(confinement, &Scope::alias(entity, "t"))?;
                Ok(format!(" AND {condition}"))
            }
            None => Ok(String::new()),
        }
    }

    pub fn list(
        &self,
        entity: EntityId,
        filter: Option<&Expression>,
        window: &Window<'_>,
    ) -> Result<Statement, Unsupported> {
        let (mut printer, outside) = self.printer()?;
        let rows = self.filtered(&mut printer, entity, and(filter))?;
        let row = Row::Alias {
            entity,
            alias: "t".to_owned(),
        };
        let mut order = Vec::new();
        for (field, direction) in window.sort {
            let nullable = self.plan.model.field(*field).optional;
            let column = printer.field(&row, *field)?;
            order.push(self.dialect.ordered(&column, nullable, *direction));
        }
        // Without a sort, newest first; ties in the direction of the first key.
        let falls = window
            .sort
            .first()
            .is_none_or(|(_, direction)| *direction == Direction::Descending);
        order.push(format!("t.\"id\"{}", if falls { " DESC" } else { "" }));
        let most = self.plan.model.api.page_max;
        let limit = match window.limit {
            Some(limit) => {
                let limit = printer.value(limit, &outside)?;
                // What an input asks for is held to a page, as in every other list.
                let limit = format!("coalesce({limit}, {most})");
                let limit = self.dialect.lesser(&limit, &most.to_string());
                self.dialect.greater("0", &limit)
            }
            None => most.to_string(),
        };
        let offset = match window.offset {
            Some(offset) => {
                let offset = printer.value(offset, &outside)?;
                self.dialect.greater("0", &format!("coalesce({offset}, 0)"))
            }
            None => "0".to_owned(),
        };
        let order = order.join(", ");
        Ok(printer.finish(format!(
            "SELECT {} FROM (SELECT t.\"id\" AS id FROM {rows} \
             ORDER BY {order} LIMIT {limit} OFFSET {offset}) found",
            self.dialect.json_list("found.id")
        )))
    }

    pub fn upsert(
        &self,
        bind: BindingId,
        entity: EntityId,
        key: &[(FieldId, Expression)],
        set: &[(FieldId, Expression)],
        changes: bool,
    ) -> Result<Kind, Unsupported> {
        let row = Row::Alias {
            entity,
            alias: "t".to_owned(),
        };
        let find = self.found(entity, |printer, _| {
            let scope = self.outside(printer)?.bound(bind, row);
            let mut conditions = String::new();
            for (field, value) in key {
                let of = Expression {
                    kind: ExpressionKind::Binding(bind),
                    ty: Type::Row(entity),
                    nullable: false,
                    span: value.span,
                };
                let kind = ExpressionKind::Binary {
                    operator: BinaryOperator::Equal,
                    left: Box::new(self.stored(&of, *field)),
                    right: Box::new(value.clone()),
                };
                let same = Expression {
                    kind,
                    ty: Type::Bool,
                    ..of
                };
                conditions.push_str(&format!(" AND {}", printer.condition(&same, &scope)?));
            }
            Ok(conditions)
        })?;
        Ok(Kind::Upsert {
            bind,
            entity,
            find,
            key: self.assignments(key)?,
            set: self.assignments(set)?,
            changes,
        })
    }
}

/// Finds a row by the id or natural key `Value(0)`, whatever the caller may read: what becomes of it is up to the steps.
pub(super) fn named_row(
    plan: &Plan,
    dialect: Dialect,
    entity: EntityId,
) -> Result<Statement, Unsupported> {
    let classes = Classes::anonymous();
    let mut builder = Builder::new(plan, dialect, &classes);
    let (column, value) = (builder.addressed(entity)?, builder.address(entity)?);
    let mut printer = builder.printer;
    let rows = Compiler::new(plan, dialect, None).filtered(&mut printer, entity, |_, _| {
        Ok(format!(" AND {column} = {value}"))
    })?;
    Ok(printer.finish(format!("SELECT t.\"id\" FROM {rows}")))
}

/// The entities whose rows the inputs of an operation name.
pub(super) fn named_entities(operation: &Operation) -> BTreeSet<EntityId> {
    let mut found = BTreeSet::new();
    let places = [
        &operation.path_input,
        &operation.query_input,
        &operation.header_input,
        &operation.body_input,
    ];
    places
        .into_iter()
        .for_each(|fields| gather(fields, &mut found));
    found
}

fn gather(fields: &[InputField], found: &mut BTreeSet<EntityId>) {
    for field in fields {
        of_kind(&field.kind, found);
    }
}

fn of_kind(kind: &InputKind, found: &mut BTreeSet<EntityId>) {
    match kind {
        InputKind::Reference(entity) => drop(found.insert(*entity)),
        InputKind::Object(fields) => gather(fields, found),
        InputKind::List(item) => of_kind(item, found),
        InputKind::Scalar(_) => {}
    }
}
