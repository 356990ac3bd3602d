//! Writes as the plan says they go: what they leave, and which rules refuse them.

use super::judge::{Judge, Who};
use super::kept::{broken_since, unkept};
use super::program::{Inputs, effects, with_defaults};
use super::{Body, Given, Refusal, inputs_value};
use crate::world::{Row, World};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{
    Expression, ExpressionKind, Field, FieldId, InputPlace, Move, Origin, RoleId, ScalarType,
    ToManyKind,
};
use archwright_plan::{Alternative, Input, InputKind, Operation, OperationKind};
use archwright_seed::slug_of;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// The id of a row that the server has not named yet.
pub const NEW: &str = "~new";
/// What a refusal names where a body refers to a row that the caller may not know of.
pub const UNREADABLE: &str = "a reference";

/// Puts the new row with its parts into the world under provisional ids, and says what refuses it. The caller takes
/// it out again, or gives it the server's ids.
pub fn create(
    world: &mut World,
    operation: &Operation,
    who: &Who,
    body: &Body,
    now: i64,
) -> (RowRef, Vec<Refusal>) {
    let entity = operation
        .entity
        .unwrap_or(archwright_plan::model::EntityId(0));
    let row = RowRef {
        entity,
        id: NEW.to_owned(),
    };
    let inputs = &world.plan.resource(entity).create;
    let before = world.mark();
    let mut refusals = Vec::new();
    let judge = Judge::new(world, who, now);
    refusals.extend(judge.admit(operation));
    refusals.extend(unreadable(&judge, inputs, body, ""));
    let new = new_row(world, &row, who, body, now);
    world.insert(&row, new);
    put_parts(world, &row, who, inputs, body, now);
    let judge = Judge::new(world, who, now);
    refusals.extend(unsettable(&judge, inputs, body, &row));
    if refusals.is_empty() {
        let open = judge.before(&operation.guard, &row);
        if !judge.after(&open, &row) {
            refusals.push(Refusal::new(
                403,
                "forbidden",
                format!("the guard of {}", operation.id),
            ));
        }
    }
    refusals.extend(broken(&judge, &row));
    refusals.extend(broken_since(before.as_ref(), world, who, now).0);
    refusals.extend(unique_faults(world, &row));
    (row, refusals)
}

/// A sign-up: like a create, by nobody, of an account that gets the role that is open.
pub fn sign_up(world: &mut World, body: &Body, now: i64) -> (RowRef, Vec<Refusal>) {
    let entity = world.model().account.as_ref().map(|account| account.entity);
    let entity = entity.unwrap_or(archwright_plan::model::EntityId(0));
    let row = RowRef {
        entity,
        id: NEW.to_owned(),
    };
    let who = Who::default();
    let before = world.mark();
    let mut new = new_row(world, &row, &who, body, now);
    let open = world.model().roles.iter().position(|role| role.sign_up);
    new.roles = Some(open.map(RoleId).into_iter().collect());
    world.insert(&row, new);
    let judge = Judge::new(world, &who, now);
    let mut refusals = broken(&judge, &row);
    refusals.extend(broken_since(before.as_ref(), world, &who, now).0);
    refusals.extend(unique_faults(world, &row));
    (row, refusals)
}

/// The row as a create leaves it.
pub fn new_row(world: &World, at: &RowRef, who: &Who, body: &Body, now: i64) -> Row {
    let model = world.model();
    let entity = model.entity(at.entity);
    let judge = Judge::new(world, who, now);
    let mut row = Row {
        version: (entity.versioned && entity.part_of.is_none()).then_some(1),
        made: true,
        ..Row::default()
    };
    for field in &entity.fields {
        let value = initial(&judge, field, body, &mut row.fresh);
        if let Some(value) = value {
            row.values.insert(field.id.index, value);
        }
        if let Some(Given::Rows(rows)) = body.get(field.id) {
            let ids = rows.iter().map(|row| row.id.clone()).collect();
            row.links.insert(field.id.index, ids);
        }
    }
    for field in &entity.fields {
        let source = field
            .slug_from
            .and_then(|source| row.values.get(&source.index));
        if let (Some(Value::Text(text)), None) = (source.cloned(), body.get(field.id)) {
            let slug = free_slug(world, at, field.id, &slug_of(&text));
            row.values.insert(field.id.index, Value::Text(slug));
        }
    }
    row
}

/// A slug that was made and is taken gets a number.
fn free_slug(world: &World, row: &RowRef, field: FieldId, slug: &str) -> String {
    let entity = world.model().entity(field.entity);
    let is_key = entity.unique.iter().any(|key| key.fields == [field]);
    let id = &*world.named(row).id;
    let taken = |slug: &str| {
        let others = world.entries_with(field, &Value::Text(slug.to_owned()));
        is_key && others.iter().any(|(other, _)| *other != id)
    };
    let numbered = (2..100).map(|number| format!("{slug}-{number}"));
    std::iter::once(slug.to_owned())
        .chain(numbered)
        .find(|slug| !taken(slug))
        .unwrap_or_else(|| slug.to_owned())
}

fn initial(
    judge: &Judge,
    field: &Field,
    body: &Body,
    fresh: &mut BTreeSet<usize>,
) -> Option<Value> {
    if field.computed.is_some() || field.to_many().is_some() {
        return None;
    }
    let entity = judge.world.model().entity(field.id.entity);
    match body.get(field.id) {
        Some(Given::Value(value)) => return Some(unless_blank(field.blank_as_null, value)),
        Some(Given::Row(row)) => return Some(Value::Row(row.clone())),
        _ => {}
    }
    if field.origin == Origin::Implied && field.scalar().is_some() {
        fresh.insert(field.id.index);
        return Some(Value::DateTime(judge.now));
    }
    if let Some(default) = &field.default {
        if of_the_clock(default) {
            fresh.insert(field.id.index);
        }
        return Some(typed(judge.value(default, None), field));
    }
    let account = judge.who.account.as_ref();
    if entity.owner == Some(field.id) {
        return Some(account.map_or(Value::Null, |row| Value::Row(row.clone())));
    }
    if entity.tenant == Some(field.id) {
        let tenant = account.and_then(|row| judge.world.tenant(row));
        return Some(tenant.map_or(Value::Null, Value::Row));
    }
    Some(Value::Null)
}

/// The value, where an empty text may stand for none.
pub fn unless_blank(blank_as_null: bool, value: &Value) -> Value {
    match blank_as_null && *value == Value::Text(String::new()) {
        true => Value::Null,
        false => value.clone(),
    }
}

/// Numbers at the scale of the field.
pub fn typed(value: Value, field: &Field) -> Value {
    match (value, field.scalar()) {
        (Value::Int(value), Some(ScalarType::Decimal { scale, .. })) => Value::Decimal {
            units: i128::from(value) * 10_i128.pow(*scale),
            scale: *scale,
        },
        (Value::Decimal { units, scale: from }, Some(ScalarType::Decimal { scale, .. })) => {
            let units = archwright_evaluate::rescaled(units, from, *scale).unwrap_or(units);
            Value::Decimal {
                units,
                scale: *scale,
            }
        }
        (value, _) => value,
    }
}

/// Whether the value depends on when the server evaluates it.
pub fn of_the_clock(expression: &Expression) -> bool {
    let mut found = false;
    expression.walk(&mut |part| {
        found |= matches!(part.kind, ExpressionKind::Now | ExpressionKind::Today);
    });
    found
}

fn put_parts(
    world: &mut World,
    whole: &RowRef,
    who: &Who,
    inputs: &[Input],
    body: &Body,
    now: i64,
) {
    for (field, given) in &body.0 {
        let (Given::Parts(parts), Some(relation)) = (given, world.model().field(*field).to_many())
        else {
            continue;
        };
        let (ToManyKind::Composed { by }, target) = (&relation.kind, relation.target) else {
            continue;
        };
        let update = inputs.iter().find(|input| input.field == *field);
        let Some(InputKind::Parts { .. }) = update.map(|input| &input.kind) else {
            continue;
        };
        let before = world.many(whole, *field);
        let kept: Vec<&RowRef> = parts.iter().filter_map(|part| part.row.as_ref()).collect();
        for gone in before.iter().filter(|row| !kept.contains(row)) {
            world.remove(gone);
        }
        for (position, part) in parts.iter().enumerate() {
            let at = part.row.clone().unwrap_or_else(|| RowRef {
                entity: target,
                id: format!("{NEW}.{}.{position}", field.index),
            });
            match &part.row {
                Some(row) => {
                    assign(world, row, &part.body);
                    touch(world, row, now);
                }
                None => {
                    let mut new = new_row(world, &at, who, &part.body, now);
                    new.values.insert(by.index, Value::Row(whole.clone()));
                    world.insert(&at, new);
                }
            }
            if let Some(row) = world.get_mut(&at) {
                row.position = position;
            }
        }
    }
}

fn assign(world: &mut World, row: &RowRef, body: &Body) {
    for (field, given) in &body.0 {
        match given {
            Given::Value(Value::Json(patch)) => {
                let merged = merged(&world.value(row, *field), patch);
                world.set(row, *field, merged);
            }
            Given::Value(value) => {
                let value = unless_blank(world.model().field(*field).blank_as_null, value);
                world.set(row, *field, value);
            }
            Given::Row(target) => world.set(row, *field, Value::Row(target.clone())),
            Given::Rows(rows) => {
                let ids = rows.iter().map(|row| row.id.clone()).collect();
                if let Some(row) = world.get_mut(row) {
                    row.links.insert(field.index, ids);
                }
            }
            Given::Parts(_) => {}
        }
    }
}

/// A document with a patch in it (RFC 7396).
fn merged(old: &Value, patch: &str) -> Value {
    let parsed = |text: &str| serde_json::from_str::<Json>(text).unwrap_or(Json::Null);
    let old = match old {
        Value::Json(text) => parsed(text),
        _ => Json::Null,
    };
    Value::Json(merge(old, parsed(patch)).to_string())
}

fn merge(old: Json, patch: Json) -> Json {
    let Json::Object(patch) = patch else {
        return patch;
    };
    let mut merged = match old {
        Json::Object(members) => members,
        _ => serde_json::Map::new(),
    };
    for (name, value) in patch {
        match value {
            Json::Null => drop(merged.shift_remove(&name)),
            value => {
                let old = merged.get(&name).cloned().unwrap_or(Json::Null);
                merged.insert(name, merge(old, value));
            }
        }
    }
    Json::Object(merged)
}

/// What each write of a row leaves behind.
pub fn touch(world: &mut World, row: &RowRef, now: i64) {
    let entity = world.model().entity(row.entity);
    let updated = entity
        .fields
        .iter()
        .find(|field| field.origin == Origin::Implied && field.name == "updated_at");
    let updated = updated.map(|field| field.id.index);
    if let Some(row) = world.get_mut(row) {
        row.version = row.version.map(|version| version + 1);
        if let Some(field) = updated {
            row.values.insert(field, Value::DateTime(now));
            row.fresh.insert(field);
        }
    }
}

/// A part's wholes, however far up, are other versions when it changes by itself.
pub fn touch_wholes(world: &mut World, part: &RowRef, now: i64) {
    for whole in world.wholes(part) {
        touch(world, &whole, now);
    }
}

/// Changes the row as a merge patch does, and says what refuses it. The caller puts the old row back where something
/// does.
pub fn update(
    world: &mut World,
    operation: &Operation,
    row: &RowRef,
    who: &Who,
    body: &Body,
    now: i64,
) -> Vec<Refusal> {
    let inputs = &world.plan.resource(row.entity).update;
    let judge = Judge::new(world, who, now);
    if let Some(refusal) = judge.admit_to(operation, row) {
        return vec![refusal];
    }
    let mut refusals = unreadable(&judge, inputs, body, "");
    refusals.extend(unsettable(&judge, inputs, body, row));
    let open = judge.before(&operation.guard, row);
    let before = world.mark();
    assign_columns(world, row, body);
    put_parts(world, row, who, inputs, body, now);
    touch(world, row, now);
    refusals.extend(left(world, operation, &open, row, who, now));
    refusals.extend(broken_since(before.as_ref(), world, who, now).0);
    refusals
}

/// Sets what the body says, and what follows from it.
pub fn assign_columns(world: &mut World, row: &RowRef, body: &Body) {
    let old = world.get(row).cloned().unwrap_or_default();
    assign(world, row, body);
    slugs(world, row, body, &old);
}

/// A number and so much more; missing where one of them is.
pub fn increased(number: &Value, by: &Value) -> Value {
    let parts = |value: &Value| match value {
        Value::Int(value) => Some((i128::from(*value), 0)),
        Value::Decimal { units, scale } => Some((*units, *scale)),
        _ => None,
    };
    let (Some((units, scale)), Some((more, from))) = (parts(number), parts(by)) else {
        return Value::Null;
    };
    let more = archwright_evaluate::rescaled(more, from, scale).unwrap_or(0);
    match number {
        Value::Int(_) => i64::try_from(units + more).map_or(Value::Null, Value::Int),
        _ => Value::Decimal {
            units: units + more,
            scale,
        },
    }
}

/// Required fields that a write leaves without a value.
pub fn missing(world: &World, row: &RowRef) -> Vec<Refusal> {
    let entity = world.model().entity(row.entity);
    let stored = entity
        .fields
        .iter()
        .filter(|field| !field.optional && field.computed.is_none() && field.to_many().is_none());
    let is_unset = |field: &&Field| {
        let row = world.get(row);
        row.is_some_and(|row| row.values.get(&field.id.index) == Some(&Value::Null))
    };
    stored
        .filter(is_unset)
        .map(|field| match entity.owner == Some(field.id) {
            true => Refusal::new(401, "unauthorized", "an owner"),
            false => Refusal::new(422, "invalid", format!("a value for {}", field.name)),
        })
        .collect()
}

/// Slugs follow the field that they are made from, when that changes.
fn slugs(world: &mut World, row: &RowRef, body: &Body, old: &Row) {
    let fields = &world.model().entity(row.entity).fields;
    for field in fields.iter().filter(|field| !field.immutable) {
        let Some(source) = field.slug_from else {
            continue;
        };
        if body.get(source).is_some()
            && body.get(field.id).is_none()
            && let text @ Value::Text(title) = &world.value(row, source)
            && old.values.get(&source.index) != Some(text)
        {
            let slug = free_slug(world, row, field.id, &slug_of(title));
            world.set(row, field.id, Value::Text(slug));
        }
    }
}

/// Rules on the row that a write left.
fn left(
    world: &World,
    operation: &Operation,
    open: &[&Alternative],
    row: &RowRef,
    who: &Who,
    now: i64,
) -> Vec<Refusal> {
    let judge = Judge::new(world, who, now);
    let mut refusals: Vec<Refusal> = unlawful(&judge, operation, open, row).into_iter().collect();
    refusals.extend(broken(&judge, row));
    refusals.extend(unique_faults(world, row));
    refusals
}

/// No alternative that let the caller through lets them leave such a row.
fn unlawful(
    judge: &Judge,
    operation: &Operation,
    open: &[&Alternative],
    row: &RowRef,
) -> Option<Refusal> {
    let rule = format!("what {} may leave", operation.id);
    (!judge.after(open, row)).then(|| Refusal::new(403, "forbidden", rule))
}

/// What a move does, and what refuses it. The caller puts the rows back where something does.
#[derive(Default)]
pub struct Moved {
    pub refusals: Vec<Refusal>,
    /// Rows that its effects made.
    pub created: Vec<RowRef>,
    pub touched: BTreeSet<RowRef>,
    pub is_unsure: bool,
}

impl Moved {
    fn refused(refusal: Refusal) -> Self {
        Self {
            refusals: vec![refusal],
            ..Self::default()
        }
    }
}

/// Makes a move on request.
pub fn shift(
    world: &mut World,
    operation: &Operation,
    row: &RowRef,
    who: &Who,
    given: &[(String, Given)],
    now: i64,
) -> Moved {
    match Judge::new(world, who, now).admit_to(operation, row) {
        Some(refusal) => Moved::refused(refusal),
        None => {
            let before = world.mark();
            let inputs = inputs_value(given);
            let mut moved = make_move(world, operation, row, who, &inputs, now);
            let (others, hangs) = broken_since(before.as_ref(), world, who, now);
            moved.refusals.extend(others);
            let judge = Judge::new(world, who, now);
            moved.refusals.extend(broken(&judge, row));
            moved.is_unsure |= hangs;
            if !world.is_there(row) {
                let rule = "the row that is to be shown is deleted";
                moved.refusals.push(Refusal::new(409, "conflict", rule));
            }
            let told = |refusal| Refusal::of_a_request_to(operation, world.plan, refusal);
            moved.refusals = moved.refusals.into_iter().map(told).collect();
            moved
        }
    }
}

/// Makes a move that the caller may make, with its effects.
pub fn make_move(
    world: &mut World,
    operation: &Operation,
    row: &RowRef,
    who: &Who,
    inputs: &Inputs,
    now: i64,
) -> Moved {
    let row = &world.named(row).clone();
    let Some(step) = step(world, operation) else {
        return Moved::default();
    };
    let given = inputs.iter().find(|(place, _)| *place == InputPlace::Move);
    let whole = with_defaults(&step.input, given.map(|(_, value)| value));
    let inputs = &vec![(InputPlace::Move, whole)];
    let judge = Judge {
        inputs,
        ..Judge::new(world, who, now)
    };
    let state = world.state(row).unwrap_or_default();
    if !step.from.contains(&state) {
        let rule = format!("{} from {state}", operation.id);
        return Moved::refused(Refusal::new(409, "illegal-move", rule));
    }
    if let Some(when) = &step.when
        && !judge.holds(when, row)
    {
        let rule = format!("the condition of {}", operation.id);
        return Moved::refused(Refusal::new(409, "condition-unmet", rule));
    }
    let open = judge.before(&operation.guard, row);
    let set: Vec<(FieldId, Value, bool)> = step
        .set
        .iter()
        .map(|(field, expression)| {
            let value = judge.value(expression, Some(row));
            let value = typed(value, world.model().field(*field));
            (*field, value, of_the_clock(expression))
        })
        .collect();
    if let Some(machine) = &world.model().entity(row.entity).state {
        world.set(row, machine.field, Value::Text(step.to.clone()));
    }
    for (field, value, of_the_clock) in set {
        world.set(row, field, value);
        if let (true, Some(row)) = (of_the_clock, world.get_mut(row)) {
            row.fresh.insert(field.index);
        }
    }
    touch(world, row, now);
    let (mut refusals, hangs) = unkept(&Judge::new(world, who, now), row);
    let effects = effects(world, who, row, inputs, &step.steps, now);
    // What the move itself breaks comes before its effects.
    refusals.extend(effects.refusal);
    refusals.extend(unlawful(
        &Judge::new(world, who, now),
        operation,
        &open,
        row,
    ));
    Moved {
        refusals,
        created: effects.created,
        touched: effects.touched,
        is_unsure: effects.is_unsure || hangs,
    }
}

pub fn step<'p>(world: &World<'p>, operation: &Operation) -> Option<&'p Move> {
    let OperationKind::Move(index) = operation.kind else {
        return None;
    };
    let machine = world.model().entity(operation.entity?).state.as_ref()?;
    machine.moves.get(index)
}

/// What refuses to delete a row.
pub fn removal(
    world: &World,
    operation: &Operation,
    row: &RowRef,
    who: &Who,
    now: i64,
) -> Vec<Refusal> {
    let judge = Judge::new(world, who, now);
    if let Some(refusal) = judge.admit_to(operation, row) {
        return vec![refusal];
    }
    match super::deletion(world, row) {
        Ok(deletion) => {
            let mut after = world.clone();
            deletion.apply(&mut after, now);
            let (mut broken, _) = deletion.breaks(&Judge::new(&after, who, now));
            broken.extend(broken_since(Some(world), &after, who, now).0);
            let told = |refusal| Refusal::of_a_request_to(operation, world.plan, refusal);
            broken.into_iter().map(told).collect()
        }
        Err(rule) => vec![Refusal::new(409, "in-use", rule)],
    }
}

/// References that the caller may not know of.
fn unreadable(judge: &Judge, inputs: &[Input], body: &Body, place: &str) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let refused = |pointer: String| Refusal::new(422, "invalid", UNREADABLE).at(pointer);
    for (field, given) in &body.0 {
        let Some(input) = inputs.iter().find(|input| input.field == *field) else {
            continue;
        };
        let pointer = format!("{place}/{}", input.json);
        match given {
            Given::Row(row) if !judge.may_read(row) => refusals.push(refused(pointer)),
            Given::Rows(rows) => {
                let bad = rows
                    .iter()
                    .enumerate()
                    .filter(|(_, row)| !judge.may_read(row));
                refusals.extend(bad.map(|(index, _)| refused(format!("{pointer}/{index}"))));
            }
            Given::Parts(parts) => {
                let InputKind::Parts { create, update, .. } = &input.kind else {
                    continue;
                };
                for (index, part) in parts.iter().enumerate() {
                    let inputs = if part.row.is_some() { update } else { create };
                    let place = format!("{pointer}/{index}");
                    refusals.extend(unreadable(judge, inputs, &part.body, &place));
                }
            }
            Given::Row(_) | Given::Value(_) => {}
        }
    }
    refusals
}

/// Fields that the caller may not name.
fn unsettable(judge: &Judge, inputs: &[Input], body: &Body, row: &RowRef) -> Vec<Refusal> {
    let named = inputs
        .iter()
        .filter(|input| body.get(input.field).is_some());
    let closed =
        named.filter(|input| !input.settable.is_empty() && !judge.passes(&input.settable, row));
    closed
        .map(|input| {
            let rule = format!("who may set {}", input.json);
            Refusal::new(403, "forbidden", rule).at(format!("/{}", input.json))
        })
        .collect()
}

/// Checks that the row, its parts, or those of the row that it is part of break.
pub fn broken(judge: &Judge, row: &RowRef) -> Vec<Refusal> {
    let model = judge.world.model();
    let entity = model.entity(row.entity);
    let mut refusals = Vec::new();
    for check in entity
        .checks
        .iter()
        .filter(|check| !judge.holds(&check.that, row))
    {
        refusals.push(Refusal::new(
            422,
            "invalid",
            format!("the check {}", check.name),
        ));
    }
    for field in judge.world.composed(row.entity) {
        for part in judge.world.many(row, field) {
            refusals.extend(broken(judge, &part));
        }
    }
    refusals
}

/// Unique keys that the row, or one of its parts, shares with another row.
pub fn unique_faults(world: &World, row: &RowRef) -> Vec<Refusal> {
    let model = world.model();
    let mut refusals = Vec::new();
    for key in &model.entity(row.entity).unique {
        let Some(found) = world.get(row) else {
            continue;
        };
        let own = key.fields.iter().map(|field| {
            let value = found.values.get(&field.index);
            value.filter(|value| !value.is_null())
        });
        let Some(own) = own.collect::<Option<Vec<&Value>>>() else {
            continue;
        };
        let has_own = |other: &Row| {
            let mut pairs = key.fields.iter().zip(&own);
            pairs.all(|(field, own)| other.values.get(&field.index) == Some(own))
        };
        let id = &*world.named(row).id;
        let (Some(first), Some(value)) = (key.fields.first(), own.first()) else {
            continue;
        };
        let mut others = world.entries_with(*first, value).into_iter();
        if others.any(|(other, values)| other != id && has_own(values)) {
            let taken = Refusal::new(409, "unique", format!("the key {}", key.name));
            let places = key.fields.iter().map(|field| model.json_name(*field));
            refusals.push(places.fold(taken, |taken, name| taken.at(format!("/{name}"))));
        }
    }
    for field in world.composed(row.entity) {
        for part in world.many(row, field) {
            // Where the part stands in the body is not known here.
            refusals.extend(
                unique_faults(world, &part)
                    .into_iter()
                    .map(|taken| Refusal {
                        pointers: Vec::new(),
                        ..taken
                    }),
            );
        }
    }
    refusals
}
