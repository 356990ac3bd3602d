//! Every condition and computed field of the examples, on real databases, against their meaning in memory.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

mod common;

use archwright_evaluate::{Environment, RowRef, Value, evaluate};
use archwright_plan::model::{EntityId, Expression, ExpressionKind, RoleId, Type};
use archwright_plan::{OperationKind, Plan};
use archwright_sql::{Classes, Dialect, Printer, Scope};
use common::{Asker, Database, NOW, Rows, plan_of, plan_of_text};

/// Expressions about one row, with the entity that the row is of.
fn expressions(plan: &Plan) -> Vec<(EntityId, Expression)> {
    let mut found = Vec::new();
    for entity in &plan.model.entities {
        let computed = entity
            .fields
            .iter()
            .filter_map(|field| field.computed.clone());
        let checks = entity.checks.iter().map(|check| check.that.clone());
        let moves = entity.state.iter().flat_map(|machine| &machine.moves);
        let moves: Vec<Expression> = moves
            .flat_map(|one| {
                one.when
                    .iter()
                    .chain(one.set.iter().map(|(_, value)| value))
            })
            .cloned()
            .collect();
        found.extend(
            computed
                .chain(checks)
                .chain(moves)
                .map(|one| (entity.id, one)),
        );
        let resource = plan.resource(entity.id);
        let seen = resource.output.iter().flat_map(|output| &output.visible);
        let set = resource.create.iter().chain(&resource.update);
        let set = set.flat_map(|input| &input.settable);
        let rules = seen
            .chain(set)
            .flat_map(|rule| [rule.when.clone(), rule.after.clone()]);
        found.extend(rules.flatten().map(|one| (entity.id, one)));
    }
    for operation in &plan.operations {
        if let (Some(entity), false) = (
            operation.entity,
            matches!(operation.kind, OperationKind::Named(_)),
        ) {
            let rules = operation.guard.iter();
            let rules = rules.flat_map(|rule| [rule.when.clone(), rule.after.clone()]);
            found.extend(rules.flatten().map(|one| (entity, one)));
        }
    }
    found.retain(|(_, one)| stands_alone(plan, one));
    found
}

/// What depends on the row, the caller and the time alone. A sensitive field's blind index is keyed, so that only the
/// store can compare it.
fn stands_alone(plan: &Plan, expression: &Expression) -> bool {
    let mut alone = true;
    expression.walk(&mut |part| {
        alone &= match &part.kind {
            ExpressionKind::Input { .. }
            | ExpressionKind::Binding(_)
            | ExpressionKind::Map { .. } => false,
            ExpressionKind::Field { field, .. } => !plan.model.field(*field).sensitive,
            _ => true,
        };
    });
    alone
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(value) => Some(value.to_string()),
        Value::Int(value) | Value::DateTime(value) | Value::Duration(value) => {
            Some(value.to_string())
        }
        Value::Decimal { units, scale } => Some(archwright_plan::decimal(*units, *scale)),
        Value::Text(text) => Some(text.clone()),
        Value::Date(day) => Some(archwright_plan::model::calendar::date_to_text(*day)),
        Value::Row(row) => Some(row.id.clone()),
        other => panic!("{other:?} is no single value"),
    }
}

/// How many values were compared.
fn check(plan: &Plan, database: &mut dyn Database) -> usize {
    let rows = Rows::of(plan);
    database.load(plan, &rows);
    let mut compared = 0;
    for (entity, expression) in expressions(plan) {
        for asker in askers(plan, &rows, &expression) {
            compared += compare(plan, &rows, database, entity, &expression, &asker);
        }
    }
    compared
}

/// Nobody, and one account of each role; nobody is enough where the caller doesn't matter, and left out where the rule
/// is for those who are signed in.
fn askers(plan: &Plan, rows: &Rows, expression: &Expression) -> Vec<Asker> {
    let mut askers = vec![Asker::default()];
    if expression.depends_on_caller() {
        let roles = (0..plan.model.roles.len()).map(|role| Some(RoleId(role)));
        askers.extend(
            roles
                .chain([None])
                .filter_map(|role| rows.asker(plan, role)),
        );
    }
    let mut signed_in = false;
    expression.walk(&mut |part| {
        signed_in |= matches!(part.kind, ExpressionKind::Caller) && !part.nullable;
    });
    askers.split_off(signed_in.into())
}

fn compare(
    plan: &Plan,
    rows: &Rows,
    database: &mut dyn Database,
    entity: EntityId,
    expression: &Expression,
    asker: &Asker,
) -> usize {
    let dialect = database.dialect();
    let mut printer = Printer::new(plan, dialect);
    let text = printer
        .value(expression, &Scope::alias(entity, "t"))
        .unwrap_or_else(|error| panic!("{error:?}: {expression:?}"));
    let text = printed(dialect, &text, &expression.ty);
    let table = &plan.table(entity).name;
    let statement = printer.finish(format!(
        "SELECT CAST(t.\"id\" AS TEXT), {text} FROM \"{table}\" t ORDER BY t.\"id\""
    ));
    let classes = match asker.account {
        Some(_) => Classes::signed_in(&plan.model, &asker.roles),
        None => Classes::anonymous(),
    };
    let found = database.query(&statement, asker, &classes);
    let caller = asker.row(plan);
    assert_eq!(found.len(), rows.of_entity(entity).count());
    for (id, found) in &found {
        let row = RowRef {
            entity,
            id: id.clone(),
        };
        let environment = Environment {
            model: &plan.model,
            world: rows,
            this: Some(&row),
            caller: caller.as_ref(),
            roles: &asker.roles,
            now_ms: NOW,
            inputs: &[],
            bindings: &[],
        };
        let expected = evaluate(expression, &environment).map(|value| shown(&value));
        assert_eq!(
            found,
            &expected.unwrap(),
            "row {id} as {asker:?} of\n{}",
            statement.text
        );
    }
    found.len()
}

/// The value as one text in both databases.
fn printed(dialect: Dialect, text: &str, ty: &Type) -> String {
    match (dialect, ty) {
        (Dialect::Sqlite, Type::Bool) => {
            format!("iif({text} IS NULL, NULL, iif({text}, 'true', 'false'))")
        }
        (Dialect::Sqlite, Type::Decimal { scale }) => format!("decimal_text({text}, {scale})"),
        (Dialect::Sqlite, _) => format!("CAST({text} AS TEXT)"),
        (Dialect::Postgres, Type::DateTime) => {
            format!("CAST(CAST(round(extract(epoch FROM {text}) * 1000) AS bigint) AS text)")
        }
        (Dialect::Postgres, Type::Decimal { scale }) => {
            format!("CAST(round({text}, {scale}) AS text)")
        }
        (Dialect::Postgres, _) => format!("CAST({text} AS text)"),
    }
}

const EXAMPLES: [&str; 5] = ["bookshop", "helpdesk", "newsroom", "payments", "profile"];

#[test]
fn sqlite_and_memory_agree() {
    for example in EXAMPLES {
        assert!(
            check(&plan_of(example), &mut common::Sqlite::open()) > 50,
            "{example}"
        );
    }
}

#[test]
fn postgres_and_memory_agree() {
    for example in EXAMPLES {
        assert!(
            check(&plan_of(example), &mut common::Postgres::open()) > 50,
            "{example}"
        );
    }
}

/// As a client would write them.
#[test]
fn numbers_become_texts() {
    let plan = plan_of_text(
        "
archwright: 1
name: shop
entities:
  Book:
    allow: { read: anyone }
    fields:
      stock: int, min -9, max 9
      price: 'decimal(9,3)?, min -2, max 2'
      stock_text: 'string(1..20) := string(stock)'
      price_text: 'string(1..20)? := string(price)'
      both: 'string(1..40)? := string(stock * 1000000) + string(price * 2 - 1)'
      total: 'string(1..20) := string(size(parts)) + string(parts.sum(p, p.price))'
      parts: Part[], composed
  Part:
    fields: { price: 'money, min -2, max 2' }
seed: { Book: 40 }
",
    );
    assert!(check(&plan, &mut common::Sqlite::open()) >= 160);
    assert!(check(&plan, &mut common::Postgres::open()) >= 160);
}

/// As deep as AW329 allows.
#[test]
fn values_computed_from_each_other_are_as_deep_as_the_model_allows() {
    let chain: String = (1..=79)
        .map(|index| format!("      a{index}: int := a{} + 1\n", index - 1))
        .collect();
    let plan = plan_of_text(&format!(
        "archwright: 1\nname: shop\nentities:\n  Book:\n    allow: {{ read: anyone }}\n    fields:\n      a0: int, max 9\n{chain}seed: {{ Book: 2 }}\n"
    ));
    assert!(check(&plan, &mut common::Sqlite::open()) >= 79);
    assert!(check(&plan, &mut common::Postgres::open()) >= 79);
}
