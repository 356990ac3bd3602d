//! Bodies of requests, checked as far as that goes without looking at rows: every bad field at once.

use super::given::{Given, Links, Merge, Part, Parts, Reference, Restricted};
use super::scalar::{self, Patterns, Rules};
use crate::connection::Value;
use crate::unknown::{is_enough, unknown};
use crate::{Failure, Fault};
use archwright_plan::model::{EntityId, FieldId, ScalarType, Unknown};
use archwright_plan::{Input, InputKind, Plan, limits};
use archwright_sql::Classes;
use serde_json::{Map, Value as Json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Create,
    Update,
}

/// Reads bodies, and collects what is wrong with them.
pub(crate) struct Reader<'a> {
    pub plan: &'a Plan,
    pub patterns: &'a Patterns,
    pub classes: &'a Classes,
    pub unknown: Unknown,
    pub faults: Vec<Fault>,
    /// Named, and never to be set by such callers.
    pub forbidden: Vec<String>,
}

impl<'a> Reader<'a> {
    pub fn new(
        plan: &'a Plan,
        patterns: &'a Patterns,
        classes: &'a Classes,
        unknown: Unknown,
    ) -> Self {
        Self {
            unknown,
            plan,
            patterns,
            classes,
            faults: Vec::new(),
            forbidden: Vec::new(),
        }
    }

    pub fn fault(&mut self, at: &str, code: &'static str, message: impl Into<String>) {
        if is_enough(&self.faults) {
            return;
        }
        self.faults.push(Fault {
            at: at.to_owned(),
            code,
            message: message.into(),
        });
    }

    pub fn keep<T>(&mut self, at: &str, result: Result<T, scalar::Wrong>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err((code, message)) => {
                self.fault(at, code, message);
                None
            }
        }
    }

    /// A whole body of a create or an update.
    pub fn row(&mut self, entity: EntityId, body: Option<&Json>, mode: Mode) -> Given {
        let resource = self.plan.resource(entity);
        let inputs = match mode {
            Mode::Create => &resource.create,
            Mode::Update => &resource.update,
        };
        match body {
            Some(Json::Object(object)) => self.object(entity, inputs, object, "", mode),
            _ => {
                self.fault("", "type", "The body must be a JSON object.");
                Given::default()
            }
        }
    }

    fn object(
        &mut self,
        entity: EntityId,
        inputs: &[Input],
        object: &Map<String, Json>,
        at: &str,
        mode: Mode,
    ) -> Given {
        for name in object.keys() {
            let known = inputs.iter().any(|input| input.json == *name);
            // Which part it is.
            let part = mode == Mode::Update && !at.is_empty() && name == "id";
            if !known && !part {
                self.unknown(entity, inputs, name, at);
            }
        }
        let mut given = Given::default();
        for input in inputs {
            let at_input = place(at, &input.json);
            match object.get(&input.json) {
                None if input.required && mode == Mode::Create => {
                    self.fault(&at_input, "required", "It is required.");
                }
                None => {}
                Some(value) => {
                    self.restrict(input, at, &mut given);
                    self.input(input, value, &at_input, mode, &mut given);
                }
            }
        }
        given
    }

    /// A key that is no input: of the representation, or of nothing.
    fn unknown(&mut self, entity: EntityId, inputs: &[Input], name: &str, at: &str) {
        let outputs = &self.plan.resource(entity).output;
        if outputs.iter().any(|output| output.json == name) {
            let message = "It can't be set by this request.";
            return self.fault(&place(at, name), "read-only", message);
        }
        let known = inputs.iter().map(|input| input.json.as_str());
        self.no_such_key(at, name, known);
    }

    /// A key that nobody declared, which the operation refuses or leaves alone. A body may consist of such keys, and to
    /// say what was meant costs more than to read them: it is done for those that are shown.
    pub fn no_such_key<'k>(
        &mut self,
        at: &str,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        if self.unknown == Unknown::Refuse && !is_enough(&self.faults) {
            let message = unknown("key", name, known);
            self.fault(&place(at, name), "unknown", message);
        }
    }

    fn restrict(&mut self, input: &Input, at: &str, given: &mut Given) {
        if input.settable.is_empty() {
            return;
        }
        let name = match at.is_empty() {
            true => input.json.clone(),
            false => place(at, &input.json),
        };
        let mut alternatives = input.settable.iter();
        if !alternatives.any(|one| self.classes.satisfies(one.caller)) {
            self.forbidden.push(name);
        } else {
            given.restricted.push(Restricted {
                name,
                field: input.field,
            });
        }
    }

    fn input(&mut self, input: &Input, value: &Json, at: &str, mode: Mode, given: &mut Given) {
        let blank_as_null = self.plan.model.field(input.field).blank_as_null;
        if value.is_null() || (blank_as_null && scalar::is_blank(value)) {
            match input.nullable {
                true => given.columns.push((input.field, Value::Null)),
                false => self.fault(at, "type", "It can't be null."),
            }
            return;
        }
        match &input.kind {
            InputKind::Scalar => self.scalar(input.field, value, at, mode, given),
            InputKind::Reference(entity) => {
                let found = scalar::address(self.plan, *entity, self.patterns, value);
                if let Some(address) = self.keep(at, found) {
                    given.references.push(Reference {
                        at: at.to_owned(),
                        field: input.field,
                        entity: *entity,
                        address,
                    });
                }
            }
            InputKind::References(entity) => self.links(input.field, *entity, value, at, given),
            InputKind::Parts {
                entity,
                create,
                update,
            } => {
                let inputs = (create.as_slice(), update.as_slice());
                self.parts(input.field, *entity, inputs, (value, at), mode, given);
            }
        }
    }

    fn scalar(&mut self, field: FieldId, value: &Json, at: &str, mode: Mode, given: &mut Given) {
        let definition = self.plan.model.field(field);
        let Some(scalar) = definition.scalar() else {
            return;
        };
        if *scalar == ScalarType::Json && mode == Mode::Update && value.is_object() {
            given.merges.push(Merge {
                at: at.to_owned(),
                field,
                patch: value.clone(),
            });
            return;
        }
        let rules = Rules::of_field(definition, scalar, self.patterns);
        if let Some(value) = self.keep(at, scalar::stored(rules, value)) {
            given.columns.push((field, value));
        }
    }

    /// The items of a list that is not too long.
    pub fn items<'j>(&mut self, value: &'j Json, most: usize, at: &str) -> Option<&'j [Json]> {
        match value {
            Json::Array(items) if items.len() > most => {
                self.fault(
                    at,
                    "too-many",
                    format!("It must have at most {most} items."),
                );
                None
            }
            Json::Array(items) => Some(items),
            _ => {
                self.fault(at, "type", "It must be a list.");
                None
            }
        }
    }

    fn links(
        &mut self,
        field: FieldId,
        entity: EntityId,
        value: &Json,
        at: &str,
        given: &mut Given,
    ) {
        let Some(items) = self.items(value, limits::BODY_ITEMS, at) else {
            return;
        };
        let mut rows: Vec<(String, Value)> = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let at = format!("{at}/{index}");
            let found = scalar::address(self.plan, entity, self.patterns, item);
            let Some(address) = self.keep(&at, found) else {
                continue;
            };
            match rows.iter().any(|(_, known)| *known == address) {
                true => self.fault(&at, "duplicate", "It is in the list already."),
                false => rows.push((at, address)),
            }
        }
        given.links.push(Links {
            field,
            entity,
            rows,
        });
    }

    fn parts(
        &mut self,
        field: FieldId,
        entity: EntityId,
        (create, update): (&[Input], &[Input]),
        (value, at): (&Json, &str),
        mode: Mode,
        given: &mut Given,
    ) {
        let Some(items) = self.items(value, limits::BODY_ITEMS, at) else {
            return;
        };
        let mut parts: Vec<Part> = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let at = format!("{at}/{index}");
            let Json::Object(object) = item else {
                self.fault(&at, "type", "It must be an object.");
                continue;
            };
            let kept = object.get("id").filter(|_| mode == Mode::Update);
            let Some(kept) = kept else {
                let given = self.object(entity, create, object, &at, Mode::Create);
                parts.push(Part {
                    at,
                    id: None,
                    given,
                });
                continue;
            };
            let at_id = place(&at, "id");
            let id = scalar::id(self.plan, entity, kept);
            let id = self.keep(&at_id, id);
            let given = self.object(entity, update, object, &at, Mode::Update);
            if id.is_some() && parts.iter().any(|part| part.id == id) {
                self.fault(&at_id, "duplicate", "It is in the list already.");
            } else if id.is_some() {
                parts.push(Part { at, id, given });
            }
        }
        given.parts.push(Parts {
            field,
            entity,
            items: parts,
        });
    }

    /// What such callers may never name comes before what is wrong with the rest.
    pub fn refusal(&mut self) -> Option<Failure> {
        if self.forbidden.is_empty() {
            return None;
        }
        Some(super::refuse::fields(std::mem::take(&mut self.forbidden)))
    }
}

/// A JSON Pointer one step further.
pub(crate) fn place(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}
