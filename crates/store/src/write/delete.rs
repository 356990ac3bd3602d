//! Deletes rows, with what goes with them; or marks them as deleted.
//!
//! What the relations say about deletion holds for marked rows too, so it is done here and not left to the database.
//! Only pairs of many-to-many relations and what the system keeps of an account go by the database's own cascades.

use super::checks::{Change, note};
use super::job::{Job, id_text};
use super::row::{Changes, is_file};
use super::{audit, change, refuse, whole};
use crate::Failure;
use crate::connection::{Value, values};
use archwright_plan::ColumnSource;
use archwright_plan::model::{EntityId, FieldId, OnDelete};
use serde_json::json;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// A row that goes.
#[derive(Clone)]
struct Doomed {
    entity: EntityId,
    id: Value,
    is_hard: bool,
}

/// What a deletion comes to.
#[derive(Default)]
struct Fate {
    /// In the order in which they were found: referring rows come after those that they refer to.
    doomed: Vec<Doomed>,
    /// Where each is in that list.
    places: BTreeMap<(EntityId, String), usize>,
    /// References that are unset.
    unset: Vec<(FieldId, Value)>,
    /// Rows that keep others from being deleted, unless they go too.
    restricting: Vec<(EntityId, Value)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    Active,
    All,
}

/// Deletes a row and what goes with it, with an audit entry for each.
pub(crate) fn row(job: &mut Job<'_>, entity: EntityId, id: &Value) -> Result<(), Failure> {
    delete(job, entity, id, None)
}

/// Deletes a part within a write of its whole, which audits it.
pub(crate) fn part(
    job: &mut Job<'_>,
    entity: EntityId,
    id: &Value,
    whole: &Value,
) -> Result<(), Failure> {
    delete(job, entity, id, Some(whole))
}

fn delete(
    job: &mut Job<'_>,
    entity: EntityId,
    id: &Value,
    written: Option<&Value>,
) -> Result<(), Failure> {
    let is_hard = !job.plan().model.entity(entity).soft_delete;
    let first = Doomed {
        entity,
        id: id.clone(),
        is_hard,
    };
    let fate = fate(job, first)?;
    for (restricting, id) in &fate.restricting {
        if !fate.takes(*restricting, id) {
            return Err(in_use(job, *restricting));
        }
    }
    for one in &fate.doomed {
        note(job, one.entity, &one.id, Change::Whole)?;
    }
    for (field, id) in &fate.unset {
        if !fate.takes(field.entity, id) {
            let changes = change::set(job, field.entity, id, &[(*field, Value::Null)], "")?;
            whole::record(job, field.entity, id, changes)?;
        }
    }
    // Wholes that stay lose a part; they are asked for while it is still there.
    let mut losses = Vec::new();
    for one in &fate.doomed {
        let stays = whole::of(job, one.entity, &one.id)?.filter(|whole| {
            !fate.takes(whole.field.entity, &whole.id) && written != Some(&whole.id)
        });
        losses.extend(stays.map(|whole| (whole, one.id.clone())));
    }
    let (hard, soft): (Vec<Doomed>, Vec<Doomed>) =
        fate.doomed.into_iter().partition(|one| one.is_hard);
    for one in &soft {
        mark(job, one)?;
    }
    remove_all(job, hard)?;
    for (whole, part) in losses {
        whole::through(job, &whole, &part, deleted())?;
    }
    Ok(())
}

/// Follows what refers to a row, and to those that go with it.
fn fate(job: &Job<'_>, first: Doomed) -> Result<Fate, Failure> {
    let mut fate = Fate::default();
    let mut next = 0;
    fate.add(first.entity, first.id, first.is_hard, &mut next);
    while let Some(one) = fate.doomed.get(next).cloned() {
        next += 1;
        for (field, on_delete) in &job.writes().of(one.entity).referrers {
            // A row that is only marked is still there for those that are marked themselves.
            let among = if one.is_hard {
                Among::All
            } else {
                Among::Active
            };
            let definition = job.plan().model.entity(field.entity);
            let is_part = definition.part_of.is_some_and(|part| part.back == *field);
            // The parts of a marked row are hidden with it, and stay.
            if is_part && !one.is_hard && !definition.soft_delete {
                continue;
            }
            let is_hard = one.is_hard || !definition.soft_delete;
            for id in referring(job, *field, &one.id, among)? {
                match on_delete {
                    OnDelete::Restrict => fate.restricting.push((field.entity, id)),
                    OnDelete::SetNull => fate.unset.push((*field, id)),
                    OnDelete::Cascade => fate.add(field.entity, id, is_hard, &mut next),
                }
            }
        }
    }
    Ok(fate)
}

impl Fate {
    /// A row that was to be marked and has to go is looked at again.
    fn add(&mut self, entity: EntityId, id: Value, is_hard: bool, next: &mut usize) {
        let place = self.places.entry((entity, id_text(&id)));
        match place {
            Entry::Vacant(place) => {
                place.insert(self.doomed.len());
                self.doomed.push(Doomed {
                    entity,
                    id,
                    is_hard,
                });
            }
            Entry::Occupied(place) => {
                let known = &mut self.doomed[*place.get()];
                if is_hard && !known.is_hard {
                    known.is_hard = true;
                    *next = (*next).min(*place.get());
                }
            }
        }
    }

    fn takes(&self, entity: EntityId, id: &Value) -> bool {
        self.places.contains_key(&(entity, id_text(id)))
    }
}

/// The ids of the rows whose field leads to a row.
pub(crate) fn referring(
    job: &Job<'_>,
    field: FieldId,
    target: &Value,
    among: Among,
) -> Result<Vec<Value>, Failure> {
    let table = job.plan().table(field.entity);
    let quoted = |name: &str| job.dialect().identifier(name);
    let column = table.column_from(ColumnSource::Field(field));
    let column = column.ok_or_else(|| Failure::Internal("a field without a column".to_owned()))?;
    let active = match table.column_from(ColumnSource::DeletedAt) {
        Some(column) if among == Among::Active => {
            format!(" AND {} IS NULL", quoted(&column.name))
        }
        _ => String::new(),
    };
    let text = format!(
        "SELECT \"id\" FROM {} WHERE {} = ?1{active} ORDER BY \"id\"",
        quoted(&table.name),
        quoted(&column.name)
    );
    job.connection
        .all(&text, std::slice::from_ref(target), |row| row.get(0))
}

fn in_use(job: &Job<'_>, by: EntityId) -> Failure {
    let name = job.plan().model.entity(by).plural.replace('_', " ");
    Failure::Conflict {
        code: "in-use",
        detail: format!("There are {name} that refer to it."),
        fields: Vec::new(),
    }
}

/// The audit of a part is its whole's.
fn record(job: &Job<'_>, entity: EntityId, id: &Value, changes: Changes) -> Result<(), Failure> {
    match job.plan().model.entity(entity).part_of {
        Some(_) => Ok(()),
        None => audit::record(job, entity, id, changes),
    }
}

fn mark(job: &mut Job<'_>, one: &Doomed) -> Result<(), Failure> {
    let table = job.plan().table(one.entity);
    let column = table.column_from(ColumnSource::DeletedAt);
    let column =
        column.ok_or_else(|| Failure::Internal("a row that can't be marked".to_owned()))?;
    let quoted = |name: &str| job.dialect().identifier(name);
    let version = match table.column_from(ColumnSource::Version) {
        Some(column) => format!(", {0} = {0} + 1", quoted(&column.name)),
        None => String::new(),
    };
    let text = format!(
        "UPDATE {0} SET {1} = ?2{version} WHERE \"id\" = ?1 AND {1} IS NULL",
        quoted(&table.name),
        quoted(&column.name)
    );
    let values = values![one.id.clone(), job.context.now];
    if job.connection.execute(&text, &values)? == 0 {
        return Err(Failure::NotFound);
    }
    record(job, one.entity, &one.id, deleted())
}

fn deleted() -> Changes {
    let mut changes = Changes::new();
    changes.insert("deleted".to_owned(), json!(true));
    changes
}

/// Referring rows first; where the order is not clear from that, whatever nothing refers to any more.
fn remove_all(job: &mut Job<'_>, mut rows: Vec<Doomed>) -> Result<(), Failure> {
    while !rows.is_empty() {
        let before = rows.len();
        let mut kept = Vec::new();
        for one in rows.into_iter().rev() {
            match remove(job, &one)? {
                true => record(job, one.entity, &one.id, deleted())?,
                false => kept.push(one),
            }
        }
        kept.reverse();
        if kept.len() == before {
            return Err(in_use(job, kept[0].entity));
        }
        rows = kept;
    }
    Ok(())
}

/// Whether nothing referred to the row any more.
fn remove(job: &mut Job<'_>, one: &Doomed) -> Result<bool, Failure> {
    let files = files(job, one)?;
    let table = job.dialect().identifier(&job.plan().table(one.entity).name);
    let text = format!("DELETE FROM {table} WHERE \"id\" = ?1");
    let id = std::slice::from_ref(&one.id);
    match job.connection.attempt(&text, id)? {
        Ok(0) => return Err(Failure::NotFound),
        Ok(_) => {}
        Err(error) if error.is_foreign_key() => return Ok(false),
        Err(error) => return Err(refuse::failure(job.plan(), one.entity, "", error)),
    }
    for file in files {
        drop_file(job, file)?;
    }
    Ok(true)
}

/// The stored files that a row names.
fn files(job: &Job<'_>, one: &Doomed) -> Result<Vec<String>, Failure> {
    let fields: Vec<FieldId> = job
        .plan()
        .model
        .entity(one.entity)
        .fields
        .iter()
        .filter(|field| is_file(field))
        .map(|field| field.id)
        .collect();
    let mut files = Vec::new();
    for field in fields {
        if let Value::Text(file) = change::stored(job, field, &one.id)? {
            files.push(file);
        }
    }
    Ok(files)
}

/// Forgets a stored file that no row names any more, and lets its bytes be deleted after the commit.
pub(crate) fn drop_file(job: &mut Job<'_>, file: String) -> Result<(), Failure> {
    let text = "DELETE FROM \"stored_files\" WHERE \"id\" = ?1";
    job.connection.execute(text, &values![file.clone()])?;
    job.dropped_files.push(file);
    Ok(())
}
