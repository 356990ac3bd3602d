//! Reads everything that the callers may read before anything is written.

use crate::client::Request;
use crate::session::Session;
use crate::wire::{from_json, id_from_json, reference_from_json};
use crate::world::Row;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{EntityId, FieldId, ToManyKind};
use archwright_plan::{OperationKind, OutputSource};
use serde_json::Value as Json;

/// Pages of one list that are read; more rows than these can't be held against lists.
const MOST_PAGES: usize = 60;

impl Session<'_> {
    /// Reads all lists as every caller, and then the rows that they name. `Err` says which list is too long.
    pub fn survey(&mut self) -> Result<(), String> {
        let mut read: Vec<(EntityId, Json)> = Vec::new();
        for entity in self.plan.model.entities.iter().map(|entity| entity.id) {
            for actor in 0..self.actors.len() {
                for json in self.read_list(actor, entity)? {
                    read.push((entity, json));
                }
            }
        }
        // The second time, natural keys are known.
        for _ in 0..2 {
            for (entity, json) in &read {
                self.absorb(*entity, json);
            }
        }
        self.read_named();
        for (entity, json) in &read {
            self.absorb(*entity, json);
        }
        Ok(())
    }

    pub fn read_list(&mut self, actor: usize, entity: EntityId) -> Result<Vec<Json>, String> {
        let Some(operation) = self.operation(entity, OperationKind::List) else {
            return Ok(Vec::new());
        };
        if self.judge(actor).admit(operation).is_some() {
            return Ok(Vec::new());
        }
        let expands = self.linked_expands(entity);
        let mut limit = operation.list.as_ref().map_or(20, |list| list.page_max);
        let mut rows = Vec::new();
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let query = format!("limit={limit}{expands}{cursor}");
            let request = self.signed(
                actor,
                Request::new("GET", format!("{}?{query}", operation.path)),
            );
            let reply = self.client.send(&request)?;
            let json = reply.json.unwrap_or_default();
            if reply.status == self.plan.model.api.status("bad-request", 400)
                && limit > 1
                && !expands.is_empty()
            {
                // More rows than one reply expands.
                limit /= 2;
                continue;
            }
            if reply.status != 200 {
                return Ok(rows);
            }
            rows.extend(json["data"].as_array().cloned().unwrap_or_default());
            match json["page"]["next"].as_str() {
                Some(next) => cursor = format!("&cursor={}", crate::wire::encode(next)),
                None => return Ok(rows),
            }
        }
        Err(format!(
            "{} has more than {} rows; the suite compares lists row by row, so give it a smaller database",
            operation.id,
            rows.len()
        ))
    }

    /// Links can only be read by expanding them.
    fn linked_expands(&self, entity: EntityId) -> String {
        let expands = self.plan.resource(entity).expands.iter();
        let linked = expands.filter(|expand| self.canonical(expand.field).is_some());
        let names: Vec<&str> = linked.map(|expand| expand.name.as_str()).collect();
        match names.is_empty() {
            true => String::new(),
            false => format!("&expand={}", names.join(",")),
        }
    }

    fn canonical(&self, field: FieldId) -> Option<FieldId> {
        match self.plan.model.field(field).to_many()?.kind {
            ToManyKind::Linked { canonical, .. } => Some(canonical),
            _ => None,
        }
    }

    /// Takes a row from a reply into the world. What is known already stays as it is.
    pub fn absorb(&mut self, entity: EntityId, json: &Json) -> Option<RowRef> {
        let id = id_from_json(json.get("id")?)?;
        let at = RowRef { entity, id };
        if self.world.get(&at).is_none() {
            self.world.insert(&at, Row::default());
        }
        let resource = self.plan.resource(entity);
        for output in &resource.output {
            if let Some(json) = json.get(&output.json) {
                self.absorb_output(&at, output.source, json);
            }
        }
        for expand in &resource.expands {
            let (Some(canonical), Some(Json::Array(items))) =
                (self.canonical(expand.field), json.get(&expand.name))
            else {
                continue;
            };
            for item in items {
                let Some(other) = self.absorb(expand.target, item) else {
                    continue;
                };
                let (near, far) = match canonical == expand.field {
                    true => (&at, &other),
                    false => (&other, &at),
                };
                if let Some(row) = self.world.get_mut(near) {
                    row.links
                        .entry(canonical.index)
                        .or_default()
                        .insert(far.id.clone());
                }
            }
        }
        Some(at)
    }

    fn absorb_output(&mut self, at: &RowRef, source: OutputSource, json: &Json) {
        let model = &self.plan.model;
        match source {
            OutputSource::Id => {}
            OutputSource::Field(id) => {
                let field = model.field(id);
                let value = field.scalar().and_then(|scalar| from_json(json, scalar));
                if let (None, Some(value)) = (&field.computed, value) {
                    self.learn(at, id, value);
                }
            }
            OutputSource::Reference(id) => {
                let Some(relation) = model.field(id).to_one() else {
                    return;
                };
                if json.is_null() {
                    self.learn(at, id, Value::Null);
                } else if let Some(target) = reference_from_json(&self.world, relation.target, json)
                {
                    self.learn(at, id, Value::Row(target));
                } else if let Some(key) = json.as_str() {
                    self.named_keys
                        .entry(relation.target)
                        .or_default()
                        .push(key.to_owned());
                }
            }
            OutputSource::Parts(id) => {
                let Some(relation) = model.field(id).to_many() else {
                    return;
                };
                let ToManyKind::Composed { by } = relation.kind else {
                    return;
                };
                self.name_parts(at, id, json);
                for (position, item) in json.as_array().into_iter().flatten().enumerate() {
                    let Some(part) = self.absorb(relation.target, item) else {
                        continue;
                    };
                    self.learn(&part, by, Value::Row(at.clone()));
                    if let Some(part) = self.world.get_mut(&part) {
                        part.position = position;
                    }
                }
            }
            OutputSource::Version => {
                if let Some(row) = self.world.get_mut(at) {
                    row.version = json.as_i64();
                }
            }
            OutputSource::Roles => {
                let names = json
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Json::as_str);
                let roles = names.filter_map(|name| {
                    let index = model.roles.iter().position(|role| role.name == name);
                    index.map(archwright_plan::model::RoleId)
                });
                let roles = roles.collect();
                if let Some(row) = self.world.get_mut(at) {
                    row.roles = Some(roles);
                }
            }
        }
    }

    fn learn(&mut self, at: &RowRef, field: FieldId, value: Value) {
        if let Some(row) = self.world.get_mut(at) {
            row.values.insert(field.index, value);
        }
    }

    /// Rows that others refer to and that no list showed, as far as some caller may get them.
    fn read_named(&mut self) {
        let model = &self.plan.model;
        for entity in &model.entities {
            let Some(operation) = self.operation(entity.id, OperationKind::Get) else {
                continue;
            };
            let mut names: Vec<String> = self.unknown_targets(entity.id);
            names.sort();
            names.dedup();
            for name in names {
                for actor in 0..self.actors.len() {
                    let parameter = &operation.parameters[0].name;
                    let path = operation
                        .path
                        .replace(&format!("{{{parameter}}}"), &crate::wire::encode(&name));
                    let request = self.signed(actor, Request::new("GET", path));
                    let reply = self.client.send(&request);
                    if let Ok(reply) = reply
                        && reply.status == 200
                        && let Some(json) = &reply.json
                    {
                        self.absorb(entity.id, json);
                    }
                }
            }
        }
    }

    /// How paths name rows that are referred to, and not known.
    fn unknown_targets(&self, target: EntityId) -> Vec<String> {
        let model = &self.plan.model;
        let mut names = self.named_keys.get(&target).cloned().unwrap_or_default();
        if model.entity(target).key.is_some() {
            return names;
        }
        for field in model.entities.iter().flat_map(|entity| &entity.fields) {
            if field
                .to_one()
                .is_none_or(|relation| relation.target != target)
            {
                continue;
            }
            let rows: Vec<RowRef> = self.world.of(field.id.entity).collect();
            for row in rows {
                if let Some(other) = self.world.target(&row, field.id)
                    && self.world.get(&other).is_none()
                {
                    names.push(other.id);
                }
            }
        }
        names
    }
}
