//! Calls of named operations, foretold by the oracle, and what their replies and lists tell of new rows.

use crate::act::Change;
use crate::client::{Reply, Request};
use crate::oracle::{
    Inputs, NEW, Performed, Shown, Told, adopt, compare, fits, headers, learn, name, own_shape,
    perform, representation, shape,
};
use crate::seek::{Imagined, any_step};
use crate::session::{ANONYMOUS, Outcome, Session, failed, unreached};
use crate::spare::WAITS;
use crate::wire::{encode, id_from_json, reference_to_json, to_json};
use crate::world::World;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{self, InputField, InputKind, InputPlace, Shape, StepKind};
use archwright_plan::{Operation, OperationKind};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::time::Duration;

/// So that no two rows are written in the same millisecond: their order would be a matter of chance.
pub const APART: Duration = Duration::from_millis(2);

/// A call that was answered as foretold.
pub struct Called {
    pub done: Performed,
    pub request: Request,
    pub reply: Reply,
}

impl<'p> Session<'p> {
    /// Of a named operation.
    pub fn definition(&self, operation: &Operation) -> Option<&'p model::Operation> {
        match operation.kind {
            OperationKind::Named(index) => self.plan.model.operations.get(index),
            _ => None,
        }
    }

    pub fn call(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        inputs: &Inputs,
    ) -> Outcome<Called> {
        self.call_with(actor, operation, inputs, &[])
    }

    pub fn call_with(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        inputs: &Inputs,
        headers: &[(&str, String)],
    ) -> Outcome<Called> {
        let with_headers = |request: Request| {
            headers.iter().fold(request, |request, (name, value)| {
                request.header(name, value.clone())
            })
        };
        self.call_changed(actor, operation, inputs, &with_headers)
    }

    /// Sends something else that has to do the same.
    pub fn call_changed(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        inputs: &Inputs,
        change: Change,
    ) -> Outcome<Called> {
        let Some(definition) = self.definition(operation) else {
            return crate::session::skip("no named operation");
        };
        std::thread::sleep(APART);
        let request = change(call_request(&self.world, operation, definition, inputs));
        let before = self.world.clone();
        let who = self.actors[actor].who.clone();
        let now = self.now();
        let done = perform(&mut self.world, operation, definition, &who, inputs, now);
        if self.has_to_wait(&before) {
            self.world = before;
            return unreached(WAITS);
        }
        let result = self.called(actor, operation, definition, request, done);
        if result.is_err() {
            self.world = before;
        }
        result
    }

    fn called(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        definition: &'p model::Operation,
        request: Request,
        mut done: Performed,
    ) -> Outcome<Called> {
        let status = done
            .refusal
            .as_ref()
            .map_or(operation.status, |one| one.status);
        let own = own_shape(definition, &done, status);
        let has_body = own.is_some_and(|own| !matches!(own, Shape::Nothing));
        let asking = match operation.reads_token(&self.plan.model) {
            true => actor,
            false => ANONYMOUS,
        };
        let foretold = own.map(|own| shape(&self.judge(asking), own, &done));
        let (request, reply) = match own {
            Some(_) => self.send_for_own(actor, request)?,
            None => self.send(actor, request)?,
        };
        match (&foretold, &done.refusal) {
            (Some(foretold), _) if has_body => {
                self.expect(&request, &reply, status, Some(&foretold.shown))?;
            }
            (None, Some(refusal)) => {
                self.expect_refusal(&request, &reply, std::slice::from_ref(refusal))?;
            }
            _ => {
                self.expect(&request, &reply, status, None)?;
                if own.is_some() && !reply.bytes.is_empty() {
                    let expected = format!("{status} with nothing in it");
                    return failed(&request, &expected, &reply.shown(), Vec::new());
                }
            }
        }
        if done.refusal.is_none() {
            let headers = headers(&self.judge(asking), definition, &done);
            expect_headers(&request, &reply, &headers)?;
        }
        if let (Some(foretold), None) = (foretold, &done.refusal) {
            let tokens = self.hear(foretold.told, &reply, &mut done);
            self.prove_tokens(actor, &request, tokens, &mut done)?;
            self.discover(&mut done)?;
        }
        self.count_sign_in(&done);
        Ok(Called {
            done,
            request,
            reply,
        })
    }

    /// Takes over the ids and instants that a reply tells, and gives the tokens in it.
    fn hear(
        &mut self,
        told: Vec<(String, Told)>,
        reply: &Reply,
        done: &mut Performed,
    ) -> Vec<(Told, String)> {
        let mut tokens = Vec::new();
        let Some(json) = &reply.json else {
            return tokens;
        };
        let mut renamed: BTreeMap<RowRef, RowRef> = BTreeMap::new();
        for (pointer, told) in told {
            let Some(json) = json.pointer(&pointer) else {
                continue;
            };
            let row = match &told {
                Told::Id(row) | Told::Field(row, _) | Told::Row(row) => row,
                Told::Token(_) | Told::CallerToken => {
                    let token = json.as_str().unwrap_or_default();
                    tokens.push((told, token.to_owned()));
                    continue;
                }
            };
            let at = renamed.get(row).unwrap_or(row).clone();
            let named = match told {
                Told::Id(_) => match id_from_json(json) {
                    Some(id) if at.id.starts_with(NEW) => RowRef {
                        entity: at.entity,
                        id,
                    },
                    _ => continue,
                },
                Told::Field(_, field) => {
                    learn(&mut self.world, &at, field, json);
                    continue;
                }
                Told::Row(_) => {
                    let named = name(&mut self.world, &at, json);
                    adopt(&mut self.world, &named, json);
                    named
                }
                Told::Token(_) | Told::CallerToken => continue,
            };
            if named != at {
                self.world.rename(&at, &named);
                done.rename(&at, &named);
                renamed.insert(at, named);
            }
        }
        tokens
    }

    /// Finds new rows in the lists that show them, and holds them against what they have to be.
    pub fn discover(&mut self, done: &mut Performed) -> Outcome<()> {
        for row in done.created.clone() {
            let list = self.operation(row.entity, OperationKind::List);
            let Some(list) = list.filter(|_| row.id.starts_with(NEW)) else {
                continue;
            };
            let mut readers = 0..self.actors.len();
            let Some(reader) = readers.find(|actor| {
                self.judge(*actor).may_read(&row) && self.judge(*actor).admit(list).is_none()
            }) else {
                continue;
            };
            let request = Request::new("GET", &list.path);
            let items = match self.read_list(reader, row.entity) {
                Ok(items) => items,
                Err(error) => return failed(&request, "a list", &error, Vec::new()),
            };
            let shown = representation(&self.judge(reader), &row);
            let is_new = |item: &&Json| {
                let id = item.get("id").and_then(id_from_json);
                let at = id.map(|id| RowRef {
                    entity: row.entity,
                    id,
                });
                at.is_some_and(|at| self.world.get(&at).is_none())
            };
            let found = items.iter().filter(is_new);
            let found: Vec<&Json> = found.collect();
            let Some(json) = found.iter().find(|item| fits(&shown, item)) else {
                if self.preparing > 0 {
                    continue;
                }
                let mut differences = vec!["a new row of which each key is foretold".to_owned()];
                for item in found {
                    compare(&shown, item, "", &mut differences);
                }
                return failed(
                    &request,
                    "the row that was made on the way",
                    "none like it",
                    differences,
                );
            };
            let named = name(&mut self.world, &row, json);
            adopt(&mut self.world, &named, json);
            done.rename(&row, &named);
        }
        Ok(())
    }

    /// Reads rows by whatever operations show them, and holds the replies against what they have to be.
    pub fn watch(&mut self, rows: &[RowRef]) -> Outcome<()> {
        if self.plan.model.operations.is_empty() {
            return Ok(());
        }
        self.ensure_crew();
        let rows = rows.iter().filter(|row| self.world.is_there(row));
        let rows: Vec<RowRef> = rows.take(MOST_WATCHED).cloned().collect();
        for operation in self.plan.operations.iter() {
            let reads = operation.method == model::Method::Get;
            let Some(definition) = self.definition(operation).filter(|_| reads) else {
                continue;
            };
            let finds = |row: &&RowRef| {
                let of_entity = |kind: &StepKind| match kind {
                    StepKind::Find { entity, .. } | StepKind::List { entity, .. } => {
                        *entity == row.entity
                    }
                    _ => false,
                };
                any_step(&definition.steps, &of_entity)
            };
            for row in rows.iter().filter(finds) {
                self.wishes = vec![row.clone()];
                let shows = |_: &Self, imagined: &Imagined| {
                    let done = imagined.done;
                    done.refusal.is_none() && done.touched.contains(row)
                };
                let found = self.find_call(operation, &Default::default(), WATCH_TRIES, &shows);
                self.wishes.clear();
                if let Some((actor, inputs)) = found {
                    self.call(actor, operation, &inputs)?;
                }
            }
        }
        for row in &rows {
            if self.operation(row.entity, OperationKind::Get).is_some() {
                self.verify(row)?;
            }
        }
        Ok(())
    }
}

/// Rows that one case looks at again.
const MOST_WATCHED: usize = 3;
const WATCH_TRIES: usize = 12;

impl Performed {
    pub fn rename(&mut self, from: &RowRef, to: &RowRef) {
        if self.touched.remove(from) {
            self.touched.insert(to.clone());
        }
        for row in self.created.iter_mut().filter(|row| *row == from) {
            *row = to.clone();
        }
    }
}

/// What is sent.
fn expect_headers(request: &Request, reply: &Reply, headers: &[(String, Shown)]) -> Outcome<()> {
    let mut differences = Vec::new();
    for (name, shown) in headers {
        match (reply.header(&name.to_ascii_lowercase()), shown) {
            (None, Shown::Exact(Json::Null) | Shown::Anything) => {}
            (None, _) => differences.push(format!("{name}: the header is missing")),
            (Some(text), shown) => {
                let got = Json::from(text);
                compare(shown, &got, name, &mut differences);
            }
        }
    }
    match differences.is_empty() {
        true => Ok(()),
        false => failed(
            request,
            "the headers of the reply",
            &reply.shown(),
            differences,
        ),
    }
}

pub fn call_request(
    world: &World,
    operation: &Operation,
    definition: &model::Operation,
    inputs: &Inputs,
) -> Request {
    let of = |place: InputPlace| {
        let given = inputs.iter().find(|(of, _)| *of == place);
        match given {
            Some((_, Value::Object(members))) => members.clone(),
            _ => BTreeMap::new(),
        }
    };
    let mut path = operation.path.clone();
    for (name, text) in texts(world, &definition.path_input, &of(InputPlace::Path)) {
        path = path.replace(&format!("{{{name}}}"), &encode(&text));
    }
    let query = texts(world, &definition.query_input, &of(InputPlace::Query));
    let query: Vec<String> = query
        .into_iter()
        .map(|(name, text)| format!("{}={}", encode(&name), encode(&text)))
        .collect();
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    let mut request = Request::new(operation.method.name(), path);
    for (name, text) in texts(world, &definition.header_input, &of(InputPlace::Header)) {
        request = request.header(&name.to_lowercase(), text);
    }
    match definition.body_input.is_empty() {
        true => request,
        false => request.json(object(world, &definition.body_input, &of(InputPlace::Body))),
    }
}

fn texts(
    world: &World,
    fields: &[InputField],
    given: &BTreeMap<String, Value>,
) -> Vec<(String, String)> {
    let each = fields.iter().filter_map(|field| {
        let text = match json(world, &field.kind, given.get(&field.name)?) {
            Json::String(text) => text,
            Json::Array(items) => {
                let items = items.iter().map(|item| match item {
                    Json::String(text) => text.clone(),
                    other => other.to_string(),
                });
                items.collect::<Vec<_>>().join(",")
            }
            other => other.to_string(),
        };
        Some((field.name.clone(), text))
    });
    each.collect()
}

fn object(world: &World, fields: &[InputField], given: &BTreeMap<String, Value>) -> Json {
    let members = fields.iter().filter_map(|field| {
        let value = given.get(&field.name)?;
        Some((field.name.clone(), json(world, &field.kind, value)))
    });
    Json::Object(members.collect::<Map<_, _>>())
}

fn json(world: &World, kind: &InputKind, value: &Value) -> Json {
    match (kind, value) {
        (_, Value::Null) => Json::Null,
        (InputKind::Scalar(scalar), value) => to_json(value, scalar),
        (InputKind::Reference(_), Value::Row(row)) => reference_to_json(world, row),
        (InputKind::List(item), Value::List(items)) => {
            items.iter().map(|value| json(world, item, value)).collect()
        }
        (InputKind::Object(fields), Value::Object(members)) => object(world, fields, members),
        _ => Json::Null,
    }
}
