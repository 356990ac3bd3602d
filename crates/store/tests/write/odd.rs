//! Odd requests, thousands of them: none is the server's own failure, and none leaves what no row may be.

use crate::database::Kind;
use crate::script::{NOW, World};
use archwright_plan::model::{EntityId, FieldId, InputField, InputKind, Literal, ScalarType};
use archwright_plan::{self as plan, ColumnSource, OperationKind, PathParameterKind, Plan};
use archwright_seed::Rng;
use archwright_seed::values::{Subject, valid};
use archwright_sql::{Dialect, Parameter, Printer, Scope};
use archwright_store::{Call, Failure, IdempotencyKey};
use serde_json::{Map, Value, json};

const ROUNDS: usize = 25;

struct Odd<'w> {
    world: &'w World,
    rng: Rng,
}

impl Odd<'_> {
    fn plan(&self) -> &Plan {
        self.world.store.plan()
    }

    /// The id or natural key of some row, mostly.
    fn address(&mut self, entity: EntityId) -> Value {
        let plan = self.plan();
        let table = plan.table(entity);
        let source = match plan.model.entity(entity).key {
            Some(key) => ColumnSource::Field(key),
            None => ColumnSource::Id,
        };
        let column = &table.column_from(source).unwrap().name;
        let known = self
            .world
            .query(&format!("SELECT \"{column}\" FROM \"{}\"", table.name));
        let is_number = matches!(
            plan.model.entity(entity).id_type,
            archwright_plan::model::IdType::Int
        ) && source == ColumnSource::Id;
        if known.is_empty() || self.rng.chance(5) {
            return self.nonsense();
        }
        let text = known[self.rng.below(known.len())].clone();
        match text.parse::<i64>() {
            Ok(number) if is_number => json!(number),
            _ => json!(text),
        }
    }

    fn nonsense(&mut self) -> Value {
        let all = [
            json!(null),
            json!(true),
            json!(-1),
            json!(0),
            json!(9_007_199_254_740_993_i64),
            json!(1e300),
            json!(0.5),
            json!(""),
            json!("\u{0}"),
            json!("😀'\"; --"),
            json!("x".repeat(70_000)),
            json!("00000000-0000-7000-8000-000000009999"),
            json!("99999999999999999.99"),
            json!([]),
            json!([null, [1], {}]),
            json!({}),
            json!({"id": null, "a": {"b": [{}]}}),
        ];
        all[self.rng.below(all.len())].clone()
    }

    fn literal(&self, literal: &Literal, scalar: &ScalarType) -> Value {
        match literal {
            Literal::Null => Value::Null,
            Literal::Bool(value) => json!(value),
            Literal::Int(value) => json!(value),
            Literal::Decimal { units, scale } => json!(plan::decimal(*units, *scale)),
            Literal::Text(text) if *scalar == ScalarType::Json => {
                serde_json::from_str(text).unwrap()
            }
            Literal::Text(text) => json!(text),
        }
    }

    fn scalar(&mut self, field: FieldId) -> Value {
        let mut rng = self.rng.branch("value");
        self.rng.next_u64();
        let plan = self.plan();
        let (entity, definition) = (plan.model.entity(field.entity), plan.model.field(field));
        let subject = Subject::of_field(entity, definition, false, NOW);
        let value = subject.and_then(|subject| valid(&subject, &mut rng));
        match (value, definition.scalar()) {
            (Some(value), Some(scalar)) => self.literal(&value, scalar),
            _ => Value::Null,
        }
    }

    fn object(&mut self, inputs: &[plan::Input], is_patch: bool) -> Value {
        let mut object = Map::new();
        for input in inputs {
            let wanted = if input.required { 97 } else { 40 };
            if self.rng.chance(if is_patch { 30 } else { wanted }) {
                let value = match self.rng.chance(4) {
                    true => self.nonsense(),
                    false => self.input(input, is_patch),
                };
                object.insert(input.json.clone(), value);
            }
        }
        if self.rng.chance(2) {
            object.insert("version".to_owned(), self.nonsense());
        }
        Value::Object(object)
    }

    fn input(&mut self, input: &plan::Input, is_patch: bool) -> Value {
        match &input.kind {
            plan::InputKind::Scalar => self.scalar(input.field),
            plan::InputKind::Reference(entity) => self.address(*entity),
            plan::InputKind::References(entity) => {
                let count = self.rng.below(4);
                (0..count).map(|_| self.address(*entity)).collect()
            }
            plan::InputKind::Parts {
                entity,
                create,
                update,
            } => {
                let count = self.rng.below(4);
                let part = |odd: &mut Self| {
                    if !is_patch || odd.rng.chance(50) {
                        return odd.object(create, false);
                    }
                    let mut kept = odd.object(update, true);
                    kept["id"] = odd.address(*entity);
                    kept
                };
                (0..count).map(|_| part(self)).collect()
            }
        }
    }

    fn inputs(&mut self, fields: &[InputField]) -> Value {
        let mut object = Map::new();
        for field in fields {
            let mut rng = self.rng.branch("input");
            self.rng.next_u64();
            let subject = Subject::of_input("", field, NOW);
            let value = subject.and_then(|subject| valid(&subject, &mut rng));
            let value = match (value, &field.kind) {
                (Some(value), InputKind::Scalar(scalar)) if self.rng.chance(90) => {
                    self.literal(&value, scalar)
                }
                _ => self.nonsense(),
            };
            object.insert(field.name.clone(), value);
        }
        Value::Object(object)
    }

    fn body(&mut self, kind: &OperationKind, entity: EntityId) -> Option<Value> {
        if self.rng.chance(2) {
            return Some(self.nonsense());
        }
        let resource = self.world.store.plan().resource(entity);
        match kind {
            OperationKind::Create => Some(self.object(&resource.create, false)),
            OperationKind::Update => Some(self.object(&resource.update, true)),
            OperationKind::Move(index) => {
                let machine = self.world.store.plan().model.entity(entity).state.as_ref();
                Some(self.inputs(&machine.unwrap().moves[*index].input))
            }
            OperationKind::SetRoles => {
                let roles = &self.world.store.plan().model.roles;
                let roles = roles.iter().filter(|_| self.rng.chance(50));
                let names: Vec<&str> = roles.map(|role| role.name.as_str()).collect();
                Some(json!({ "roles": names }))
            }
            _ => None,
        }
    }

    fn call(&mut self, index: usize) -> Call {
        let operation = &self.world.store.plan().operations[index];
        let mut path = Vec::new();
        for parameter in &operation.parameters {
            let value = match &parameter.kind {
                PathParameterKind::Id(entity) => self.address(*entity),
                PathParameterKind::Key(field) => self.address(field.entity),
                PathParameterKind::Token | PathParameterKind::Input(_) => Value::Null,
            };
            path.push(
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            );
        }
        let key = format!("key {}", self.rng.below(5));
        Call {
            operation: index,
            path,
            body: self.body(&operation.kind, operation.entity.unwrap()),
            if_match: self.rng.chance(10).then(|| self.rng.between(1, 3)),
            idempotency: self.rng.chance(10).then(|| IdempotencyKey {
                key,
                fingerprint: [self.rng.below(3) as u8; 32],
            }),
            ..Call::default()
        }
    }
}

async fn check(example: &str) {
    let world = World::seeded(example).await;
    let mut odd = Odd {
        world: &world,
        rng: Rng::new(7),
    };
    let mut everybody = world.everybody();
    everybody.push("nobody".to_owned());
    let writes: Vec<usize> = world
        .store
        .plan()
        .operations
        .iter()
        .enumerate()
        .filter(|(_, operation)| {
            use OperationKind::*;
            matches!(
                operation.kind,
                Create | Update | Delete | Move(_) | Link(_) | Unlink(_) | RemoveFile(_) | SetRoles
            )
        })
        .map(|(index, _)| index)
        .collect();
    let mut done = 0;
    for _ in 0..ROUNDS {
        for &index in &writes {
            let call = odd.call(index);
            let who = everybody[odd.rng.below(everybody.len())].clone();
            let operation = &world.store.plan().operations[index];
            // Few deletions, so that something is left to write to.
            if operation.kind == OperationKind::Delete && odd.rng.chance(80) {
                continue;
            }
            let told = format!("{who}: {} {:?} {:?}", operation.id, call.path, call.body);
            match world.store.write(call, world.context(&who)).await {
                Ok(_) => done += 1,
                Err(failure @ (Failure::Internal(_) | Failure::Unavailable(_))) => {
                    panic!("{failure:?}\n{told}")
                }
                Err(_) => {}
            }
        }
    }
    assert!(done >= ROUNDS, "{example}: only {done} succeeded");
    if crate::ON == Kind::Sqlite {
        let broken = world.query("SELECT \"table\" FROM pragma_foreign_key_check");
        assert_eq!(broken, Vec::<String>::new(), "{example}");
        assert_eq!(world.query("PRAGMA integrity_check"), ["ok"], "{example}");
    }
    every_check_holds(&world);
}

/// Each check of the design, on each row that is not deleted.
fn every_check_holds(world: &World) {
    let plan = world.store.plan();
    let dialect = match crate::ON {
        Kind::Sqlite => Dialect::Sqlite,
        Kind::Postgres => Dialect::Postgres,
    };
    for entity in &plan.model.entities {
        let scope = Scope::alias(entity.id, "t");
        for check in &entity.checks {
            let mut printer = Printer::new(plan, dialect);
            let condition = printer.condition(&check.that, &scope).unwrap();
            let condition = printer.finish(condition);
            let active = if entity.soft_delete {
                " AND t.deleted_at IS NULL"
            } else {
                ""
            };
            let mut text = format!(
                "SELECT COUNT(*) FROM {} t WHERE NOT {}{active}",
                plan.table(entity.id).name,
                condition.text
            );
            for (index, parameter) in condition.parameters.iter().enumerate().rev() {
                let value = match parameter {
                    Parameter::Literal(Literal::Int(number)) => number.to_string(),
                    Parameter::Literal(Literal::Text(text)) => format!("'{text}'"),
                    other => panic!("{other:?} in a check"),
                };
                text = text.replace(&dialect.placeholder(index + 1), &value);
            }
            let broken = world.query(&text);
            assert_eq!(broken, ["0"], "{}: {}", entity.name, check.message);
        }
    }
}

#[tokio::test]
async fn a_bookshop_takes_no_harm() {
    check("bookshop").await;
}

#[tokio::test]
async fn a_helpdesk_takes_no_harm() {
    check("helpdesk").await;
}

#[tokio::test]
async fn payments_take_no_harm() {
    check("payments").await;
}

#[tokio::test]
async fn profiles_take_no_harm() {
    check("profile").await;
}
