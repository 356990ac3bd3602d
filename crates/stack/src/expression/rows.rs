//! Rows that expressions speak of: found, looked up, and led to by relations.

use super::lower::{Lowerer, Place, Scope, THIS, conjuncts, equal};
use super::{Query, RowId, RowSource, Selected, Tree};
use crate::Unsupported;
use archwright_plan::ColumnSource;
use archwright_plan::model::{
    EntityId, Expression, ExpressionKind, FieldId, FieldKind, ToManyKind, Type,
};

type Result<T> = std::result::Result<T, Unsupported>;

impl Lowerer<'_> {
    pub(super) fn place(&mut self, expression: &Expression, scope: &Scope) -> Result<Place> {
        match &expression.kind {
            ExpressionKind::This => Ok(Place::Row(THIS)),
            ExpressionKind::Variable(variable) => match scope.row(*variable) {
                Some(row) => Ok(Place::Row(row)),
                None => Err(Unsupported::at(
                    "a variable that is no row",
                    expression.span,
                )),
            },
            ExpressionKind::Caller => self.caller(expression),
            ExpressionKind::CallerTenant => {
                let caller = self.caller(expression)?;
                let model = &self.plan.model;
                let account = model.account.as_ref().map(|account| account.entity);
                let field = account.and_then(|account| model.entity(account).tenant);
                let (Some(field), Some(entity)) = (field, model.tenant) else {
                    return Err(Unsupported::at("the caller's tenant", expression.span));
                };
                let id = self.column(caller, ColumnSource::Field(field));
                Ok(Place::Key { entity, id })
            }
            _ => {
                let Type::Row(entity) = expression.ty else {
                    return Err(Unsupported::at(
                        "a field of what is no row",
                        expression.span,
                    ));
                };
                let id = self.value(expression, scope)?;
                Ok(Place::Key { entity, id })
            }
        }
    }

    pub(super) fn caller(&self, expression: &Expression) -> Result<Place> {
        match &self.plan.model.account {
            Some(account) => Ok(Place::Key {
                entity: account.entity,
                id: Tree::CallerId,
            }),
            None => Err(Unsupported::at(
                "a caller without accounts",
                expression.span,
            )),
        }
    }

    pub(super) fn id(&mut self, place: Place) -> Result<Tree> {
        Ok(match place {
            Place::Key { id, .. } => id,
            Place::Row(row) => Tree::Column {
                row,
                column: ColumnSource::Id,
            },
        })
    }

    /// A column of a row; of one that is known by its id it is looked up.
    pub(super) fn column(&mut self, place: Place, column: ColumnSource) -> Tree {
        match place {
            Place::Row(row) => Tree::Column { row, column },
            Place::Key { entity, id } => {
                self.looked_up(entity, id, |row| Tree::Column { row, column })
            }
        }
    }

    pub(super) fn looked_up(
        &mut self,
        entity: EntityId,
        id: Tree,
        value: impl Fn(RowId) -> Tree,
    ) -> Tree {
        let row = self.fresh_of(entity);
        let own = Tree::Column {
            row,
            column: ColumnSource::Id,
        };
        let query = Query {
            rows: vec![row],
            conditions: vec![equal(own, id)],
        };
        Tree::Select {
            query,
            selected: Selected::Value(Box::new(value(row))),
        }
    }

    pub(super) fn field(&mut self, place: Place, field: FieldId) -> Result<Tree> {
        let definition = self.plan.model.field(field);
        if definition.sensitive {
            return Err(Unsupported::at(
                "an encrypted field in an expression",
                definition.span,
            ));
        }
        if matches!(definition.kind, FieldKind::ToMany(_)) {
            return Err(Unsupported::at("rows as a value", definition.span));
        }
        if definition.computed.is_none() {
            return Ok(self.column(place, ColumnSource::Field(field)));
        }
        Ok(match place {
            Place::Row(row) => Tree::Computed { row, field },
            Place::Key { entity, id } => {
                self.looked_up(entity, id, |row| Tree::Computed { row, field })
            }
        })
    }

    /// That a row is not deleted; of a part, nor what it is a part of.
    pub(super) fn active(&mut self, entity: EntityId, row: RowId) -> Vec<Tree> {
        let mut conditions = self.unmarked(entity, row);
        if let Some(part) = self.plan.model.entity(entity).part_of {
            let whole = self.fresh_of(part.whole);
            let above = self.active(part.whole, whole);
            if above.is_empty() {
                self.rows.truncate(whole.0);
                return conditions;
            }
            let back = Tree::Column {
                row,
                column: ColumnSource::Field(part.back),
            };
            let id = Tree::Column {
                row: whole,
                column: ColumnSource::Id,
            };
            let query = Query {
                rows: vec![whole],
                conditions: [equal(id, back)].into_iter().chain(above).collect(),
            };
            conditions.push(Tree::Exists {
                query,
                negated: false,
            });
        }
        conditions
    }

    pub(super) fn unmarked(&self, entity: EntityId, row: RowId) -> Vec<Tree> {
        let column = ColumnSource::DeletedAt;
        let table = self.plan.table(entity);
        let marked = table.column_from(column).is_some();
        let mark = marked.then(|| Tree::IsMissing(Box::new(Tree::Column { row, column })));
        mark.into_iter().collect()
    }

    /// The rows of a to-many relation, and the one of them that a variable stands for.
    pub(super) fn source(&mut self, over: &Expression, scope: &Scope) -> Result<(Query, RowId)> {
        match &over.kind {
            ExpressionKind::Field { of, field } => {
                let place = self.place(of, scope)?;
                self.relation(place, *field)
            }
            ExpressionKind::Filter {
                over,
                variable,
                condition,
            } => {
                let (mut query, row) = self.source(over, scope)?;
                let condition = self.condition(condition, &scope.with(*variable, row))?;
                query.conditions.extend(conjuncts(condition));
                Ok((query, row))
            }
            _ => Err(Unsupported::at(
                "a search through values that are no rows",
                over.span,
            )),
        }
    }

    pub(super) fn relation(&mut self, of: Place, field: FieldId) -> Result<(Query, RowId)> {
        let definition = self.plan.model.field(field);
        let FieldKind::ToMany(relation) = &definition.kind else {
            return Err(Unsupported::at(
                "a search through one value",
                definition.span,
            ));
        };
        let near = self.id(of)?;
        let row = self.fresh_of(relation.target);
        let own = |column| Tree::Column { row, column };
        let mut query = Query {
            rows: vec![row],
            conditions: Vec::new(),
        };
        match relation.kind {
            ToManyKind::Composed { by } => {
                query
                    .conditions
                    .push(equal(own(ColumnSource::Field(by)), near));
                query.conditions.extend(self.unmarked(relation.target, row));
                return Ok((query, row));
            }
            ToManyKind::Inverse { by } => {
                query
                    .conditions
                    .push(equal(own(ColumnSource::Field(by)), near));
            }
            ToManyKind::Linked { canonical, .. } => {
                let (to_this, to_target) = match canonical == field {
                    true => (ColumnSource::LinkNear, ColumnSource::LinkFar),
                    false => (ColumnSource::LinkFar, ColumnSource::LinkNear),
                };
                let link = self.fresh("link", RowSource::Link(canonical));
                let of_link = |column| Tree::Column { row: link, column };
                query.rows.push(link);
                query.conditions.push(equal(of_link(to_this), near));
                query
                    .conditions
                    .push(equal(own(ColumnSource::Id), of_link(to_target)));
            }
            ToManyKind::Through {
                entity,
                near: near_field,
                far,
            } => {
                let between = self.fresh_of(entity);
                let of_between = |field| Tree::Column {
                    row: between,
                    column: ColumnSource::Field(field),
                };
                let mut conditions = vec![
                    equal(of_between(near_field), near),
                    equal(of_between(far), own(ColumnSource::Id)),
                ];
                conditions.extend(self.active(entity, between));
                // A row counts once, however many rows of the entity between lead to it.
                query.conditions.push(Tree::Exists {
                    query: Query {
                        rows: vec![between],
                        conditions,
                    },
                    negated: false,
                });
            }
        }
        query.conditions.extend(self.active(relation.target, row));
        Ok((query, row))
    }
}
