//! What goes with a row that is deleted.

use super::kept::broken_by_itself;
use super::write::{touch, touch_wholes};
use super::{Judge, Refusal};
use crate::world::{Among, World};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{FieldId, OnDelete};

/// Everything that a deletion does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deletion {
    /// The row and what goes with it.
    pub gone: Vec<RowRef>,
    /// Fields that lose their reference.
    pub unset: Vec<(RowRef, FieldId)>,
}

/// What deleting a row does; `Err` names the relations that forbid it. What the relations say holds for rows that are
/// only hidden too.
pub fn deletion(world: &World, row: &RowRef) -> Result<Deletion, String> {
    let mut deletion = Deletion::default();
    let mut restricting: Vec<(RowRef, FieldId)> = Vec::new();
    gather(world, row, &mut deletion, &mut restricting);
    // Whatever goes too restricts nothing.
    match restricting
        .iter()
        .find(|(row, _)| !deletion.gone.contains(row))
    {
        None => Ok(deletion),
        Some((_, field)) => Err(rule(world, *field)),
    }
}

/// How a refusal names the relation that forbids a deletion.
pub fn rule(world: &World, field: FieldId) -> String {
    let model = world.model();
    let (entity, field) = (&model.entity(field.entity).name, &model.field(field).name);
    format!("{entity}.{field} on-delete restrict")
}

fn gather(
    world: &World,
    row: &RowRef,
    deletion: &mut Deletion,
    restricting: &mut Vec<(RowRef, FieldId)>,
) {
    if deletion.gone.contains(row) {
        return;
    }
    deletion.gone.push(row.clone());
    let model = world.model();
    let is_soft = model.entity(row.entity).soft_delete;
    for (field, on_delete) in pointing_fields(world, row) {
        let referring = model.entity(field.entity);
        let is_part = referring.part_of.is_some_and(|part| part.back == field);
        // The parts of a hidden row are hidden with it, and stay.
        if is_part && is_soft && !referring.soft_delete {
            continue;
        }
        let among = if is_soft { Among::Active } else { Among::All };
        for other in world.referring(row, field, among) {
            match on_delete {
                OnDelete::Restrict => restricting.push((other, field)),
                OnDelete::Cascade => gather(world, &other, deletion, restricting),
                OnDelete::SetNull => deletion.unset.push((other, field)),
            }
        }
    }
}

/// To-one fields that lead to the row's entity.
fn pointing_fields(world: &World, row: &RowRef) -> Vec<(FieldId, OnDelete)> {
    let fields = world
        .model()
        .entities
        .iter()
        .flat_map(|entity| &entity.fields);
    fields
        .filter_map(|field| {
            let relation = field.to_one()?;
            (relation.target == row.entity).then_some((field.id, relation.on_delete))
        })
        .collect()
}

impl Deletion {
    /// Checks that rows break once they refer to nothing; and whether that hangs on what nobody could read.
    pub fn breaks(&self, judge: &Judge) -> (Vec<Refusal>, bool) {
        let left = self.unset.iter().map(|(row, _)| row);
        let left = left.filter(|row| !self.gone.contains(row));
        let mut all = (Vec::new(), false);
        for (broken, hangs) in left.map(|row| broken_by_itself(judge, row)) {
            all.0.extend(broken);
            all.1 |= hangs;
        }
        all
    }

    pub fn apply(&self, world: &mut World, now: i64) {
        for (row, field) in self
            .unset
            .iter()
            .filter(|(row, _)| !self.gone.contains(row))
        {
            world.set(row, *field, Value::Null);
            touch(world, row, now);
            touch_wholes(world, row, now);
        }
        for row in &self.gone {
            // A whole that goes too tells nothing of its parts.
            if let Some(whole) = world.whole(row).filter(|whole| !self.gone.contains(whole)) {
                touch(world, &whole, now);
                touch_wholes(world, &whole, now);
            }
        }
        for row in &self.gone {
            let soft = world.model().entity(row.entity).soft_delete;
            match world.get_mut(row) {
                Some(found) if soft => found.deleted = true,
                _ => drop(world.remove(row)),
            }
        }
    }
}
