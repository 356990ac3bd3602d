//! The columns from which a representation is written.

use crate::{Classes, Guard, Phase, Printer, Row, Scope, Unsupported};
use archwright_plan::model::{EntityId, FieldId, ScalarType};
use archwright_plan::{ColumnSource, Output, OutputSource, Resource};

/// The select list of a representation, over the alias `t`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projection {
    pub columns: Vec<String>,
    /// What goes between the FROM clause's table and WHERE, with a leading space.
    pub joins: String,
    pub slots: Vec<Slot>,
}

/// One key of a representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its position in `Resource::output`.
    pub output: usize,
    /// The first of its columns (a file has four: id, name, type, size); parts have none.
    pub column: Option<usize>,
    /// The column that says whether this caller sees the key in this row; absent: always.
    pub visible: Option<usize>,
}

impl Projection {
    /// Where a column is; it is added unless it is there already.
    pub fn push(&mut self, column: String) -> usize {
        let known = self.columns.iter().position(|known| *known == column);
        known.unwrap_or_else(|| {
            self.columns.push(column);
            self.columns.len() - 1
        })
    }
}

impl Printer<'_> {
    /// Adds the kept outputs that such a caller may see.
    pub fn project(
        &mut self,
        resource: &Resource,
        keep: &dyn Fn(&Output) -> bool,
        classes: &Classes,
        projection: &mut Projection,
    ) -> Result<(), Unsupported> {
        let scope = Scope::alias(resource.entity, "t");
        self.join_to(&["t"]);
        for (index, output) in resource
            .output
            .iter()
            .enumerate()
            .filter(|(_, output)| keep(output))
        {
            let visible = match self.visibility(output, classes, &scope)? {
                Guard::Nobody => continue,
                Guard::Every => None,
                Guard::Rows(condition) => Some(projection.push(condition)),
            };
            let column = self.output(resource.entity, output, projection)?;
            projection.slots.push(Slot {
                output: index,
                column,
                visible,
            });
        }
        let joined = self.joined();
        projection.joins.push_str(&joined);
        Ok(())
    }

    /// For which rows such a caller sees a key.
    pub fn visibility(
        &mut self,
        output: &Output,
        classes: &Classes,
        scope: &Scope,
    ) -> Result<Guard, Unsupported> {
        if output.visible.is_empty() {
            return Ok(Guard::Every);
        }
        self.guard(&output.visible, Phase::Before, classes, scope)
    }

    fn output(
        &mut self,
        entity: EntityId,
        output: &Output,
        to: &mut Projection,
    ) -> Result<Option<usize>, Unsupported> {
        let row = Row::Alias {
            entity,
            alias: "t".to_owned(),
        };
        let column = match output.source {
            OutputSource::Id => self.column(&row, ColumnSource::Id)?,
            OutputSource::Version => self.column(&row, ColumnSource::Version)?,
            OutputSource::Parts(_) => return Ok(None),
            OutputSource::Roles => {
                let id = self.column(&row, ColumnSource::Id)?;
                format!(
                    "(SELECT c.\"roles\" FROM \"auth_credentials\" c WHERE c.\"account_id\" = {id})"
                )
            }
            OutputSource::Reference(field) => self.reference(&row, field)?,
            OutputSource::Field(field) => {
                let file = matches!(
                    self.plan.model.field(field).scalar(),
                    Some(ScalarType::File { .. })
                );
                if file {
                    return self.file(&row, field, to).map(Some);
                }
                self.field(&row, field)?
            }
        };
        Ok(Some(to.push(column)))
    }

    /// The id of a to-one relation's row, or its natural key.
    fn reference(&mut self, row: &Row, field: FieldId) -> Result<String, Unsupported> {
        let id = self.column(row, ColumnSource::Field(field))?;
        let target = self
            .plan
            .model
            .field(field)
            .to_one()
            .map(|relation| relation.target);
        match target.and_then(|target| Some((target, self.plan.model.entity(target).key?))) {
            Some((entity, key)) => self.column(&Row::Key { entity, id }, ColumnSource::Field(key)),
            None => Ok(id),
        }
    }

    fn file(
        &mut self,
        row: &Row,
        field: FieldId,
        to: &mut Projection,
    ) -> Result<usize, Unsupported> {
        let id = self.column(row, ColumnSource::Field(field))?;
        let alias = self.fresh_alias();
        to.joins.push_str(&format!(
            " LEFT JOIN \"stored_files\" {alias} ON {alias}.\"id\" = {id}"
        ));
        let first = to.push(format!("{alias}.\"id\""));
        for name in ["name", "type", "size"] {
            to.push(format!("{alias}.\"{name}\""));
        }
        Ok(first)
    }
}

#[cfg(test)]
mod tests {
    use super::Projection;

    #[test]
    fn a_column_is_read_once() {
        let mut projection = Projection::default();
        let places = ["t.\"id\"", "t.\"version\"", "t.\"id\""];
        let places = places.map(|column| projection.push(column.to_owned()));
        assert_eq!(places, [0, 1, 0]);
        assert_eq!(projection.columns.len(), 2);
    }
}
