//! Bodies of moves, and of a change of roles.

use super::body::{Reader, place};
use super::scalar::{self, Rules};
use crate::connection::Value;
use archwright_plan::limits;
use archwright_plan::model::{self, EntityId, InputField, RoleId};
use serde_json::{Map, Value as Json};

/// What a move or a named operation is given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs {
    pub values: Vec<(Vec<String>, Value)>,
    /// Optional ones that were left out.
    pub absent: Vec<Vec<String>>,
    /// Place, path, entity, and address of rows that are to be looked up.
    pub references: Vec<(String, Vec<String>, EntityId, Value)>,
}

impl Reader<'_> {
    /// The input of a move: each value by the path that expressions call it by.
    pub fn inputs(&mut self, fields: &[InputField], body: Option<&Json>) -> Inputs {
        let mut inputs = Inputs::default();
        let nothing = Map::new();
        let object = match body {
            None => &nothing,
            Some(Json::Object(object)) => object,
            Some(_) => {
                self.fault("", "type", "The body must be a JSON object.");
                return inputs;
            }
        };
        self.fields(fields, object, "", &mut Vec::new(), &mut inputs);
        inputs
    }

    fn fields(
        &mut self,
        fields: &[InputField],
        object: &Map<String, Json>,
        at: &str,
        path: &mut Vec<String>,
        inputs: &mut Inputs,
    ) {
        for name in object.keys() {
            if !fields.iter().any(|field| field.name == *name) {
                let known = fields.iter().map(|field| field.name.as_str());
                self.no_such_key(at, name, known);
            }
        }
        for field in fields {
            let at = place(at, &field.name);
            path.push(field.name.clone());
            let given = object.get(&field.name);
            let given = match field.blank_as_null && given.is_some_and(scalar::is_blank) {
                true => Some(&Json::Null),
                false => given,
            };
            match (given, &field.default) {
                (None, Some(default)) => {
                    let value = default_value(default, &field.kind);
                    inputs.values.push((path.clone(), value));
                }
                (None, None) if field.optional => {
                    inputs.absent.push(path.clone());
                    inputs.values.push((path.clone(), Value::Null));
                }
                (Some(Json::Null), _) if field.nullable => {
                    inputs.values.push((path.clone(), Value::Null));
                }
                (Some(Json::Null), _) => self.fault(&at, "type", "It can't be null."),
                (None, None) => self.fault(&at, "required", "It is required."),
                (Some(value), _) => self.kind(field, value, &at, path, inputs),
            }
            path.pop();
        }
    }

    fn kind(
        &mut self,
        field: &InputField,
        value: &Json,
        at: &str,
        path: &mut Vec<String>,
        inputs: &mut Inputs,
    ) {
        match &field.kind {
            model::InputKind::Scalar(scalar) => {
                let rules = Rules::of_input(field, scalar, self.patterns);
                if let Some(value) = self.keep(at, scalar::stored(rules, value)) {
                    inputs.values.push((path.clone(), value));
                }
            }
            model::InputKind::Reference(entity) => {
                let found = scalar::address(self.plan, *entity, self.patterns, value);
                if let Some(address) = self.keep(at, found) {
                    let (at, path) = (at.to_owned(), path.clone());
                    inputs.references.push((at, path, *entity, address));
                }
            }
            model::InputKind::List(item) => {
                if let Some(value) = self.list(field, item, value, at) {
                    inputs.values.push((path.clone(), value));
                }
            }
            model::InputKind::Object(inner) => match value {
                Json::Object(object) => {
                    // As a whole it is only asked whether it is there.
                    let there = Value::Text("{}".to_owned());
                    inputs.values.push((path.clone(), there));
                    self.fields(inner, object, at, path, inputs);
                }
                _ => self.fault(at, "type", "It must be an object."),
            },
        }
    }

    /// A list of scalars, as the JSON text that SQL reads.
    fn list(
        &mut self,
        field: &InputField,
        item: &model::InputKind,
        value: &Json,
        at: &str,
    ) -> Option<Value> {
        let items = self.items(value, limits::INPUT_ITEMS, at)?;
        let model::InputKind::Scalar(scalar) = item else {
            self.fault(at, "type", "Lists of this kind can't be taken.");
            return None;
        };
        let mut stored = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let rules = Rules::of_input(field, scalar, self.patterns);
            match self.keep(&format!("{at}/{index}"), scalar::stored(rules, item)) {
                Some(Value::Integer(number)) => stored.push(Json::from(number)),
                Some(Value::Text(text)) => stored.push(Json::from(text)),
                _ => {}
            }
        }
        Some(Value::Text(Json::Array(stored).to_string()))
    }

    /// The body of SetRoles.
    pub fn roles(&mut self, body: Option<&Json>) -> Vec<RoleId> {
        let Some(Json::Object(object)) = body else {
            self.fault("", "type", "The body must be a JSON object.");
            return Vec::new();
        };
        for name in object.keys().filter(|name| *name != "roles") {
            self.no_such_key("", name, ["roles"]);
        }
        let Some(value) = object.get("roles") else {
            self.fault("/roles", "required", "It is required.");
            return Vec::new();
        };
        let most = self.plan.model.roles.len();
        let mut roles = Vec::new();
        for (index, item) in self
            .items(value, most, "/roles")
            .unwrap_or_default()
            .iter()
            .enumerate()
        {
            let at = format!("/roles/{index}");
            let mut known = self.plan.model.roles.iter();
            let role = item
                .as_str()
                .and_then(|name| known.position(|role| role.name == name));
            match role.map(RoleId) {
                None => {
                    let names: Vec<&str> = self
                        .plan
                        .model
                        .roles
                        .iter()
                        .map(|role| role.name.as_str())
                        .collect();
                    let message = format!("It must be one of {}.", names.join(", "));
                    self.fault(&at, "one-of", message);
                }
                Some(role) if roles.contains(&role) => {
                    self.fault(&at, "duplicate", "It is in the list already.");
                }
                Some(role) => roles.push(role),
            }
        }
        roles
    }
}

fn default_value(default: &model::Literal, kind: &model::InputKind) -> Value {
    match kind {
        model::InputKind::Scalar(scalar) => super::value::of_literal(default, scalar),
        _ => Value::Null,
    }
}
