//! Bodies of requests, before they are JSON.

use crate::wire::{id_to_json, reference_to_json, to_json};
use crate::world::World;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{FieldId, InputField, InputKind as MoveInput, InputPlace};
use archwright_plan::{Input, InputKind};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// What a body says of each field that it names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body(pub Vec<(FieldId, Given)>);

#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    Value(Value),
    /// A reference.
    Row(RowRef),
    /// All links of a many-to-many relation.
    Rows(Vec<RowRef>),
    Parts(Vec<Part>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The part that is kept and changed; absent: a new one.
    pub row: Option<RowRef>,
    pub body: Body,
}

impl Body {
    pub fn get(&self, field: FieldId) -> Option<&Given> {
        let mut given = self.0.iter();
        given.find(|(id, _)| *id == field).map(|(_, given)| given)
    }

    pub fn set(&mut self, field: FieldId, given: Given) {
        match self.0.iter_mut().find(|(id, _)| *id == field) {
            Some((_, known)) => *known = given,
            None => self.0.push((field, given)),
        }
    }

    pub fn without(mut self, field: FieldId) -> Self {
        self.0.retain(|(id, _)| *id != field);
        self
    }

    /// What is sent.
    pub fn json(&self, world: &World, inputs: &[Input]) -> Json {
        let mut members = Map::new();
        for (field, given) in &self.0 {
            if let Some(input) = inputs.iter().find(|input| input.field == *field) {
                members.insert(input.json.clone(), json(world, input, given));
            }
        }
        Json::Object(members)
    }
}

fn json(world: &World, input: &Input, given: &Given) -> Json {
    match given {
        Given::Value(value) => match world.model().field(input.field).scalar() {
            Some(scalar) => to_json(value, scalar),
            None => Json::Null,
        },
        Given::Row(row) => reference_to_json(world, row),
        Given::Rows(rows) => {
            let rows = rows.iter().map(|row| reference_to_json(world, row));
            Json::Array(rows.collect())
        }
        Given::Parts(parts) => {
            let InputKind::Parts { create, update, .. } = &input.kind else {
                return Json::Null;
            };
            let parts = parts.iter().map(|part| match &part.row {
                None => part.body.json(world, create),
                Some(row) => {
                    let mut json = part.body.json(world, update);
                    json["id"] = id_to_json(world.model(), row);
                    json
                }
            });
            Json::Array(parts.collect())
        }
    }
}

/// The input of a move as expressions see it.
pub fn inputs_value(given: &[(String, Given)]) -> Vec<(InputPlace, Value)> {
    let members: BTreeMap<String, Value> = given
        .iter()
        .filter_map(|(name, given)| match given {
            Given::Value(value) => Some((name.clone(), value.clone())),
            Given::Row(row) => Some((name.clone(), Value::Row(row.clone()))),
            Given::Rows(_) | Given::Parts(_) => None,
        })
        .collect();
    vec![(InputPlace::Move, Value::Object(members))]
}

/// The input of a move as it is sent.
pub fn move_json(world: &World, fields: &[InputField], given: &[(String, Given)]) -> Json {
    let mut members = Map::new();
    for (name, given) in given {
        let Some(field) = fields.iter().find(|field| field.name == *name) else {
            continue;
        };
        let json = match (given, &field.kind) {
            (Given::Value(value), MoveInput::Scalar(scalar)) => to_json(value, scalar),
            (Given::Row(row), _) => reference_to_json(world, row),
            _ => Json::Null,
        };
        members.insert(name.clone(), json);
    }
    Json::Object(members)
}
