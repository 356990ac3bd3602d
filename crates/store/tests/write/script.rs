//! Runs a script of requests against a design.
//!
//! A line is `WHO: METHOD PATH [OPTION VALUE] BODY => OUTCOME as NAME`. `$NAME` stands for the id of an earlier reply. An
//! outcome is a status, then for a success a part of the reply's JSON, and for a refusal what was refused.

use crate::database::Database;
use crate::design::model_of;
use archwright_plan::model::{EntityId, FieldKind, Literal, Method, RoleId, ScalarType};
use archwright_plan::{Operation, OperationKind, Plan, SeedAccount, SeedRow};
use archwright_seed::SeedOptions;
use archwright_store::{
    Call, Caller, Context, Failure, Fault, IdempotencyKey, Keys, Reply, Store, StoreOptions,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// 2026-11-24T10:00:00Z
pub const NOW: i64 = 1_795_514_400_000;

/// A design, its database, and the people in it.
pub struct World {
    pub store: Store,
    people: BTreeMap<String, Caller>,
    names: BTreeMap<String, String>,
    pub now: i64,
    /// Dropped after the store, which has connections to it.
    pub database: Database,
}

/// The plan of an example, or of a design as text.
pub fn plan(design: &str) -> Plan {
    let files = match design.contains('\n') {
        true => vec![("design.yaml".to_owned(), design.as_bytes().to_vec())],
        false => example(design),
    };
    let mut model = model_of(&files);
    model.stack.rls |= crate::SECURED;
    archwright_plan::plan(model)
}

fn example(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(name);
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// Runs a script in a database of its own. People are `NAME`, `NAME:ROLE`, or `NAME@TENANT:ROLE`.
pub async fn check(design: &str, people: &[&str], script: &str) -> World {
    let mut world = World::new(design, people).await;
    world.run(script).await;
    world
}

impl World {
    pub async fn new(design: &str, people: &[&str]) -> Self {
        let mut world = Self::empty(design);
        world.settle(people).await;
        world
    }

    /// With made-up rows; the people are called by their ids.
    pub async fn seeded(design: &str) -> Self {
        let mut world = Self::empty(design);
        let options = SeedOptions {
            seed: 1,
            now_ms: NOW,
            scale: 1,
        };
        let rows = archwright_seed::rows(world.store.plan(), &options).unwrap();
        let mut hashes = BTreeMap::new();
        for row in &rows {
            if let Some(account) = &row.account {
                hashes.insert(account.password.clone(), "hash".to_owned());
                let caller = Caller {
                    account_id: row.id.clone(),
                    roles: account.roles.clone(),
                    session_id: "session".to_owned(),
                };
                world.people.insert(row.id.clone(), caller);
            }
        }
        world.store.seed(rows, hashes, NOW, |_| {}).await.unwrap();
        world
    }

    /// What everybody is called by.
    pub fn everybody(&self) -> Vec<String> {
        self.people.keys().cloned().collect()
    }

    fn empty(design: &str) -> Self {
        let database = Database::new(crate::ON);
        let options = StoreOptions {
            url: database.url(),
            readers: 2,
            patience: std::time::Duration::ZERO,
            progress: Arc::new(|_| {}),
            secrets: Arc::new(Keys::random().unwrap()),
            file_link: Arc::new(|id, _| format!("/files/{id}")),
        };
        let store = Store::open(Arc::new(plan(design)), options).unwrap();
        Self {
            store,
            database,
            people: BTreeMap::new(),
            names: BTreeMap::new(),
            now: NOW,
        }
    }

    /// Puts the people and their tenants into the database.
    async fn settle(&mut self, people: &[&str]) {
        let plan = self.store.plan();
        let Some(account) = plan.model.account.clone() else {
            return;
        };
        let mut rows = Vec::new();
        let mut tenants: BTreeMap<&str, String> = BTreeMap::new();
        for (index, person) in people.iter().enumerate() {
            let (name, role) = person.split_once(':').unwrap_or((person, ""));
            let (name, tenant) = name.split_once('@').unwrap_or((name, ""));
            if let (Some(entity), false) = (plan.model.tenant, tenant.is_empty())
                && !tenants.contains_key(tenant)
            {
                let id = seed_id(plan, entity, 100 + tenants.len());
                rows.push(seed_row(plan, entity, &id, tenant, None));
                tenants.insert(tenant, id);
            }
            let id = seed_id(plan, account.entity, index + 1);
            let mut row = seed_row(plan, account.entity, &id, name, tenants.get(tenant));
            let roles: Vec<RoleId> = role
                .split(',')
                .filter(|role| !role.is_empty())
                .map(|role| {
                    let mut roles = plan.model.roles.iter();
                    RoleId(roles.position(|known| known.name == role).unwrap())
                })
                .collect();
            row.account = Some(SeedAccount {
                password: "secret".to_owned(),
                roles: roles.clone(),
            });
            rows.push(row);
            self.names.insert(name.to_owned(), id.clone());
            let caller = Caller {
                account_id: id,
                roles,
                session_id: "session".to_owned(),
            };
            self.people.insert(name.to_owned(), caller);
        }
        for (name, id) in tenants {
            self.names.insert(name.to_owned(), id);
        }
        let hashes = BTreeMap::from([("secret".to_owned(), "hash".to_owned())]);
        self.store.seed(rows, hashes, NOW, |_| {}).await.unwrap();
    }

    pub fn context(&self, who: &str) -> Context {
        Context {
            caller: (who != "nobody").then(|| self.people[who].clone()),
            now: self.now,
            request_id: "request".to_owned(),
        }
    }

    pub async fn run(&mut self, script: &str) {
        for line in script
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            if !line.starts_with('#') {
                self.line(line).await;
            }
        }
    }

    async fn line(&mut self, line: &str) {
        let (line, name) = match line.rsplit_once(" as ") {
            Some((rest, name)) if name.chars().all(char::is_alphanumeric) => (rest, Some(name)),
            _ => (line, None),
        };
        let line = self.filled(line);
        let (request, expected) = line.split_once("=>").unwrap_or_else(|| panic!("{line}"));
        let found = self.answer(request.trim()).await;
        compare(&line, &found, expected.trim());
        if let (Some(name), Ok(reply)) = (name, &found) {
            let body: Value = serde_json::from_slice(reply.body.as_ref().unwrap()).unwrap();
            let id = body["id"]
                .as_str()
                .map_or_else(|| body["id"].to_string(), str::to_owned);
            self.names.insert(name.to_owned(), id);
        }
    }

    /// With ids instead of names.
    pub fn filled(&self, text: &str) -> String {
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let mut filled = text.to_owned();
        for (name, id) in names {
            filled = filled.replace(&format!("${name}"), id);
        }
        filled
    }

    /// Answers `WHO: METHOD PATH [OPTION VALUE] BODY`.
    pub async fn answer(&self, request: &str) -> Result<Reply, Failure> {
        let (who, rest) = request
            .split_once(": ")
            .unwrap_or_else(|| panic!("{request}"));
        let (call, operation) = self.call(rest);
        let context = self.context(who);
        match operation.kind {
            OperationKind::Get | OperationKind::List | OperationKind::Me => {
                self.store.answer(&call, &context).await
            }
            _ => self.store.write(call, context).await,
        }
    }

    pub fn call(&self, request: &str) -> (Call, &Operation) {
        let (method, rest) = request.split_once(' ').unwrap();
        let (target, mut rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (index, values) = route(self.store.plan(), method, path);
        let mut call = Call {
            operation: index,
            path: values,
            query: query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            ..Call::default()
        };
        while let Some((option, after)) = rest
            .trim_start()
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("] ").or(rest.split_once(']')))
            .filter(|(option, _)| option.starts_with("if-match") || option.starts_with("key"))
        {
            match option.split_once(' ').unwrap() {
                ("if-match", version) => call.if_match = Some(version.parse().unwrap()),
                (_, key) => {
                    let mut fingerprint = [0; 32];
                    for (index, byte) in format!("{method} {path} {after}").bytes().enumerate() {
                        fingerprint[index % 32] ^= byte.rotate_left((index / 32) as u32);
                    }
                    let key = key.to_owned();
                    call.idempotency = Some(IdempotencyKey { key, fingerprint });
                }
            }
            rest = after;
        }
        if !rest.trim().is_empty() {
            let body = serde_json::from_str(rest.trim());
            call.body = Some(body.unwrap_or_else(|error| panic!("{error}: {rest}")));
        }
        (call, &self.store.plan().operations[index])
    }

    /// The first column of a query's rows, as text.
    pub fn query(&self, sql: &str) -> Vec<String> {
        self.database.query(sql)
    }
}

fn route(plan: &Plan, method: &str, path: &str) -> (usize, Vec<String>) {
    let wanted: Vec<&str> = path.split('/').collect();
    let matches = |operation: &Operation| {
        let pattern: Vec<&str> = operation.path.split('/').collect();
        if pattern.len() != wanted.len() || name(operation.method) != method {
            return None;
        }
        let mut values = Vec::new();
        for (part, given) in pattern.iter().zip(&wanted) {
            match part.starts_with('{') {
                true => values.push((*given).to_owned()),
                false if part == given => {}
                false => return None,
            }
        }
        Some(values)
    };
    let mut operations = plan.operations.iter().enumerate();
    operations
        .find_map(|(index, operation)| Some((index, matches(operation)?)))
        .unwrap_or_else(|| panic!("no operation {method} {path}"))
}

fn name(method: Method) -> &'static str {
    method.name()
}

fn seed_id(plan: &Plan, entity: EntityId, number: usize) -> String {
    match plan.model.entity(entity).id_type {
        archwright_plan::model::IdType::Uuid => {
            format!("00000000-0000-7000-8000-{number:012}")
        }
        archwright_plan::model::IdType::Int => number.to_string(),
    }
}

/// A row whose required fields follow from a name.
fn seed_row(
    plan: &Plan,
    entity: EntityId,
    id: &str,
    name: &str,
    tenant: Option<&String>,
) -> SeedRow {
    let mut values = Vec::new();
    let definition = plan.model.entity(entity);
    for field in definition
        .fields
        .iter()
        .filter(|field| !field.optional && field.computed.is_none())
    {
        let text = |text: &str| Literal::Text(text.to_owned());
        let value = match &field.kind {
            FieldKind::Scalar(ScalarType::Email) => text(&format!("{name}@example.com")),
            FieldKind::Scalar(ScalarType::DateTime) => text("2026-01-01T00:00:00.000Z"),
            FieldKind::Scalar(ScalarType::Bool) => Literal::Bool(true),
            FieldKind::Scalar(ScalarType::Int) => Literal::Int(1),
            FieldKind::Scalar(ScalarType::String { max: 2, .. }) => text("IE"),
            FieldKind::Scalar(_) => text(name),
            FieldKind::ToOne(_) if definition.tenant == Some(field.id) => text(tenant.unwrap()),
            FieldKind::ToOne(_) | FieldKind::ToMany(_) => continue,
        };
        values.push((field.id, value));
    }
    SeedRow {
        entity,
        id: id.to_owned(),
        values,
        links: Vec::new(),
        position: None,
        account: None,
    }
}

fn compare(line: &str, found: &Result<Reply, Failure>, expected: &str) {
    let (status, rest) = expected.split_once(' ').unwrap_or((expected, ""));
    match found {
        Err(failure) => assert_eq!(outcome(failure), expected, "{line}"),
        Ok(reply) => {
            let body = reply.body.as_deref().unwrap_or(b"null");
            let body: Value = serde_json::from_slice(body).unwrap();
            assert_eq!(reply.status.to_string(), status, "{line}\n{body:#}");
            if !rest.is_empty() {
                let wanted = serde_json::from_str(rest);
                let wanted: Value = wanted.unwrap_or_else(|error| panic!("{error}: {rest}"));
                assert!(holds(&body, &wanted), "{line}\n{body:#}");
            }
        }
    }
}

/// Whether all that is wanted is there; lists have to be as long. The text `<absent>` wants no such key.
fn holds(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| match found.get(name) {
                Some(found) => holds(found, wanted),
                None => wanted == "<absent>",
            })
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| holds(a, b))
        }
        (found, wanted) => found == wanted,
    }
}

/// `422 /title too-long, /pages type`
pub fn outcome(failure: &Failure) -> String {
    let listed = |faults: &[Fault]| {
        let each = faults.iter().map(|fault| {
            let at = if fault.at.is_empty() { "." } else { &fault.at };
            assert!(fault.message.ends_with('.'), "{}", fault.message);
            format!("{at} {}", fault.code)
        });
        each.collect::<Vec<_>>().join(", ")
    };
    match failure {
        Failure::BadRequest(faults) => format!("400 {}", listed(faults)),
        Failure::Unauthorized => "401".to_owned(),
        Failure::Forbidden { fields, .. } => format!("403 {}", fields.join(", ")).trim().to_owned(),
        Failure::NotFound => "404".to_owned(),
        Failure::Conflict { code, fields, .. } => format!("409 {code} {}", fields.join(", "))
            .trim()
            .to_owned(),
        Failure::PreconditionFailed => "412".to_owned(),
        Failure::Invalid(faults) => format!("422 {}", listed(faults)),
        Failure::Status { status, .. } => status.to_string(),
        Failure::KeyReused => "422 key-reused".to_owned(),
        other => format!("{other:?}"),
    }
}
