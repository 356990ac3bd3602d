//! Rows that the design itself gives under `seed`.

use crate::SeedError;
use crate::world::{RowIndex, World};
use archwright_plan::model::{EntityId, Field, FieldId, Literal, Model, ScalarType, SeedValue};

/// What the design says about a row: field and value.
pub(crate) type Given<'p> = &'p [(FieldId, SeedValue)];

/// The value that a row under `seed` gives to a field.
pub(crate) fn value(given: Given<'_>, field: FieldId) -> Option<&SeedValue> {
    given
        .iter()
        .find(|(own, _)| *own == field)
        .map(|(_, value)| value)
}

/// The field by which rows under `seed` are named: the natural key, else the first unique one, else the first text that
/// every row has.
pub(crate) fn naming_field(model: &Model, entity: EntityId) -> Option<FieldId> {
    let entity = model.entity(entity);
    let single = |field: &FieldId| {
        entity
            .unique
            .iter()
            .any(|key| key.fields == std::slice::from_ref(field))
    };
    let ids = || entity.fields.iter().map(|field| field.id);
    let scoped = |field: &FieldId| {
        entity
            .unique
            .iter()
            .any(|key| key.fields.contains(field) && model.field(*field).scalar().is_some())
    };
    entity
        .key
        .or_else(|| ids().find(single))
        .or_else(|| ids().find(scoped))
        .or_else(|| {
            let fields = entity.fields.iter();
            let text = |field: &&Field| field.scalar().is_some_and(ScalarType::is_text);
            fields
                .filter(|field| !field.optional && field.computed.is_none())
                .find(text)
                .map(|field| field.id)
        })
}

/// The row of that name. With a scoped name, one of the same tenant is preferred.
pub(crate) fn named(
    world: &World,
    entity: EntityId,
    name: &str,
    tenant: Option<&str>,
) -> Option<RowIndex> {
    let field = naming_field(world.model, entity)?;
    let fits = |row: &&RowIndex| match world.rows[**row].values.get(&field.index) {
        Some(Literal::Text(text)) => text == name,
        Some(Literal::Int(number)) => number.to_string() == name,
        _ => false,
    };
    let found = || world.of(entity).iter().filter(fits);
    found()
        .find(|row| tenant.is_none() || world.rows[**row].tenant.as_deref() == tenant)
        .or_else(|| found().next())
        .copied()
}

/// There is no row of that name.
pub(crate) fn unknown(model: &Model, field: FieldId, name: &str) -> SeedError {
    SeedError::Unknown {
        entity: model.entity(field.entity).name.clone(),
        field: model.field(field).name.clone(),
        name: name.to_owned(),
    }
}
