//! The rows of a to-many relation, and the columns of a row, as SQL.

use crate::{Printer, Row, Scope, Unsupported};
use archwright_plan::ColumnSource;
use archwright_plan::model::{
    EntityId, Expression, ExpressionKind, FieldId, FieldKind, ToManyKind, Type,
};

/// Rows to look through: FROM clause, join condition, and the alias of the rows.
pub struct Source {
    pub from: String,
    pub condition: String,
    pub row: Row,
    /// Of the FROM clause's tables.
    aliases: Vec<String>,
}

impl Printer<'_> {
    /// The SQL of a stored column of a row.
    pub fn column(&mut self, row: &Row, source: ColumnSource) -> Result<String, Unsupported> {
        let plan = self.plan;
        let name = self.column_name(plan.table(row.entity()), source)?;
        match row {
            Row::Alias { alias, .. } => Ok(format!("{alias}.{name}")),
            Row::Columns { .. } => Ok(name),
            Row::Key { id, .. } if source == ColumnSource::Id => Ok(id.clone()),
            Row::Key { entity, id } => {
                if let Some(alias) = self.join(*entity, id) {
                    return Ok(format!("{alias}.{name}"));
                }
                let alias = self.fresh_alias();
                let table = self.table(*entity);
                let key = self.column_name(plan.table(*entity), ColumnSource::Id)?;
                Ok(format!(
                    "(SELECT {alias}.{name} FROM {table} {alias} WHERE {alias}.{key} = {id})"
                ))
            }
        }
    }

    /// The id of a row.
    pub fn row_id(&mut self, row: &Row) -> Result<String, Unsupported> {
        self.column(row, ColumnSource::Id)
    }

    /// Prints what is read from rows of a source, and joins to it what that needs.
    pub(crate) fn read_from<T>(
        &mut self,
        source: &mut Source,
        print: impl FnOnce(&mut Self) -> Result<T, Unsupported>,
    ) -> Result<T, Unsupported> {
        let aliases: Vec<&str> = source.aliases.iter().map(String::as_str).collect();
        self.join_to(&aliases);
        let printed = print(self);
        source.from.push_str(&self.joined());
        printed
    }

    /// The rows that an expression of type `Rows` stands for, without deleted ones.
    pub(crate) fn source(
        &mut self,
        over: &Expression,
        scope: &Scope,
    ) -> Result<Source, Unsupported> {
        match (&over.kind, &over.ty) {
            (ExpressionKind::Field { of, field }, _) => {
                let row = self.row(of, scope)?;
                self.relation(&row, *field)
            }
            (
                ExpressionKind::Filter {
                    over,
                    variable,
                    condition,
                },
                _,
            ) => {
                let mut source = self.source(over, scope)?;
                let inner = scope.with(*variable, source.row.clone());
                let condition =
                    self.read_from(&mut source, |printer| printer.condition(condition, &inner))?;
                source.condition = format!("{} AND {condition}", source.condition);
                Ok(source)
            }
            (
                ExpressionKind::Binding(_) | ExpressionKind::Conditional { .. },
                Type::Rows(entity),
            ) => {
                let list = self.ordered_ids(over, scope)?;
                let values = self.list_values(&list, &Type::Row(*entity));
                let (row, alias) = self.aliased(*entity);
                let id = self.row_id(&row)?;
                let active = self.active(*entity, &alias);
                Ok(Source {
                    from: format!("{} {alias}", self.table(*entity)),
                    condition: format!("{id} IN ({values}){active}"),
                    row,
                    aliases: vec![alias],
                })
            }
            _ => Err(Unsupported::at(
                "a search through values that are no rows",
                over.span,
            )),
        }
    }

    /// The JSON list of rows that a step found, or of a choice of rows.
    fn ordered_ids(&mut self, over: &Expression, scope: &Scope) -> Result<String, Unsupported> {
        match over.kind {
            ExpressionKind::Binding(binding) => self.parameter(crate::Parameter::Binding(binding)),
            _ => self.row_ids(over, scope),
        }
    }

    /// Rows that a step found, or a choice of rows, and what puts them in their order.
    pub(crate) fn ordered_rows(
        &mut self,
        over: &Expression,
        entity: EntityId,
        scope: &Scope,
    ) -> Result<(Source, String), Unsupported> {
        let list = self.ordered_ids(over, scope)?;
        let (row, alias) = self.aliased(entity);
        let id = self.row_id(&row)?;
        let active = self.active(entity, &alias);
        let item = self.fresh_alias();
        let cast = self.dialect.cast(&Type::Row(entity), self.plan);
        let items = self
            .dialect
            .placed_items(&list, &item, cast.unwrap_or("text"));
        let source = Source {
            from: format!(
                "{} JOIN {} {alias} ON {id} = {}",
                items.from,
                self.table(entity),
                items.value
            ),
            condition: format!("TRUE{active}"),
            row,
            aliases: vec![alias],
        };
        Ok((source, items.place))
    }

    fn aliased(&mut self, entity: EntityId) -> (Row, String) {
        let alias = self.fresh_alias();
        (
            Row::Alias {
                entity,
                alias: alias.clone(),
            },
            alias,
        )
    }

    /// The rows of a to-many field of a row.
    pub fn relation(&mut self, of: &Row, field: FieldId) -> Result<Source, Unsupported> {
        let plan = self.plan;
        let definition = plan.model.field(field);
        let FieldKind::ToMany(relation) = &definition.kind else {
            return Err(Unsupported::at(
                "a search through one value",
                definition.span,
            ));
        };
        let near = self.row_id(of)?;
        let (row, alias) = self.aliased(relation.target);
        let table = self.table(relation.target);
        let active = match relation.kind {
            ToManyKind::Composed { .. } => self.unmarked(relation.target, &alias),
            _ => self.active(relation.target, &alias),
        };
        match relation.kind {
            ToManyKind::Inverse { by } | ToManyKind::Composed { by } => {
                let back = self.column(&row, ColumnSource::Field(by))?;
                Ok(Source {
                    from: format!("{table} {alias}"),
                    condition: format!("{back} = {near}{active}"),
                    row,
                    aliases: vec![alias],
                })
            }
            ToManyKind::Linked { canonical, .. } => {
                let (link, to_this, to_target) = self.link(canonical, field)?;
                let through = self.fresh_alias();
                let condition = format!("{through}.{to_this} = {near}{active}");
                // A link is deleted with its rows: each has one, which need not be looked at unless it may be hidden.
                if active.is_empty() && plan.row_security.is_none() {
                    let id = format!("{through}.{to_target}");
                    return Ok(Source {
                        from: format!("{link} {through}"),
                        condition,
                        row: Row::Key {
                            entity: relation.target,
                            id,
                        },
                        aliases: vec![through],
                    });
                }
                let id = self.row_id(&row)?;
                Ok(Source {
                    from: format!(
                        "{link} {through} JOIN {table} {alias} ON {id} = {through}.{to_target}"
                    ),
                    condition,
                    row,
                    aliases: vec![through, alias],
                })
            }
            ToManyKind::Through {
                entity,
                near: near_field,
                far,
            } => {
                let id = self.row_id(&row)?;
                let (between, through) = self.aliased(entity);
                let far = self.column(&between, ColumnSource::Field(far))?;
                let back = self.column(&between, ColumnSource::Field(near_field))?;
                let between_active = self.active(entity, &through);
                let between_table = self.table(entity);
                Ok(Source {
                    from: format!("{table} {alias}"),
                    // A row counts once, however many rows of the entity between lead to it.
                    condition: format!(
                        "{id} IN (SELECT {far} FROM {between_table} {through} \
                         WHERE {back} = {near}{between_active}){active}"
                    ),
                    row,
                    aliases: vec![alias],
                })
            }
        }
    }

    /// A link table, its column to the rows that have the field, and its column to the field's target rows.
    pub fn link(
        &self,
        canonical: FieldId,
        field: FieldId,
    ) -> Result<(String, String, String), Unsupported> {
        let table = self.plan.link_table(canonical);
        let table =
            table.ok_or_else(|| Unsupported::new("a many-to-many relation without a table"))?;
        let near = self.column_name(table, ColumnSource::LinkNear)?;
        let far = self.column_name(table, ColumnSource::LinkFar)?;
        let name = self.identifier(&table.name);
        Ok(if canonical == field {
            (name, near, far)
        } else {
            (name, far, near)
        })
    }
}
