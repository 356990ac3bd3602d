//! Expressions as designs write them, and what they are worth on a few rows.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

use archwright_evaluate::{Environment, EvaluateError, RowRef, Value, World, evaluate, field};
use archwright_plan::model::{EntityId, FieldId, Model, RoleId};
use std::collections::BTreeMap;

/// Computed fields of an order with two lines; the third argument of `check` is the type of the field.
const DESIGN: &str = "
archwright: 1
name: shop
roles:
  customer: { sign-up: open }
  staff: {}
  admin: { includes: staff }
entities:
  User:
    account: email
    fields: { email: 'email, unique', name: 'string(1..40)?' }
    allow: { get: owner }
  Order:
    fields:
      customer: User, owner
      lines: OrderLine[], composed
      note: string(1..40)?
      count: int
      price: money
      discount: money?
      day: date
      at: datetime
      tried: TYPE := EXPRESSION
    allow: { read: owner }
  OrderLine:
    fields: { quantity: int, amount: 'decimal(12,3)?' }
";

struct Rows<'m> {
    model: &'m Model,
    values: BTreeMap<(RowRef, &'static str), Value>,
}

impl World for Rows<'_> {
    fn field(&self, row: &RowRef, field: FieldId) -> Value {
        let name = self.model.field(field).name.as_str();
        let known = self
            .values
            .iter()
            .find(|((of, known), _)| of == row && *known == name);
        known.map_or(Value::Null, |(_, value)| value.clone())
    }
}

fn row(entity: usize, id: &str) -> RowRef {
    RowRef {
        entity: EntityId(entity),
        id: id.to_owned(),
    }
}

fn decimal(units: i128, scale: u32) -> Value {
    Value::Decimal { units, scale }
}

fn rows(model: &Model) -> Rows<'_> {
    let (user, order) = (row(0, "u"), row(1, "o"));
    let (first, second) = (row(2, "a"), row(2, "b"));
    let text = |text: &str| Value::Text(text.to_owned());
    let values = [
        ((user.clone(), "email"), text("ada@example.com")),
        ((order.clone(), "customer"), Value::Row(user)),
        (
            (order.clone(), "lines"),
            Value::Rows(vec![first.clone(), second.clone()]),
        ),
        ((order.clone(), "count"), Value::Int(7)),
        ((order.clone(), "price"), decimal(1_250, 2)),
        ((order.clone(), "day"), Value::Date(20_000)),
        ((order, "at"), Value::DateTime(1_000)),
        ((first.clone(), "quantity"), Value::Int(2)),
        ((first, "amount"), decimal(1_005, 3)),
        ((second, "quantity"), Value::Int(5)),
    ];
    Rows {
        model,
        values: values.into_iter().collect(),
    }
}

fn worth(ty: &str, expression: &str) -> Result<Value, EvaluateError> {
    let quoted = serde_json::to_string(expression).unwrap();
    let long = format!("{{ type: \"{ty}\", computed: {quoted} }}");
    let design = DESIGN.replace("TYPE := EXPRESSION", &long);
    let reading = archwright_design::read(&[("shop.yaml".to_owned(), design.into_bytes())]);
    let (model, diagnostics) = archwright_model::check(&reading);
    let said: Vec<&str> = diagnostics.iter().map(|one| one.message.as_str()).collect();
    let model = model.unwrap_or_else(|| panic!("{expression}: {said:?}"));
    let world = rows(&model);
    let (order, user) = (row(1, "o"), row(0, "u"));
    let environment = Environment {
        model: &model,
        world: &world,
        this: Some(&order),
        caller: Some(&user),
        roles: &[RoleId(2)],
        now_ms: 86_400_000 * 20_000,
        inputs: &[],
        bindings: &[],
    };
    let tried = model.entities[1]
        .fields
        .iter()
        .find(|one| one.name == "tried")
        .unwrap();
    // The field rounds to its own scale; the expression alone has the scale that its type says.
    evaluate(tried.computed.as_ref().unwrap(), &environment)?;
    field(&order, tried.id, &environment)
}

#[track_caller]
fn check(ty: &str, expression: &str, expected: Value) {
    assert_eq!(worth(ty, expression), Ok(expected), "{expression}");
}

#[test]
fn missing_values_compare_as_values_of_their_own() {
    for (expression, expected) in [
        ("discount == null", true),
        ("discount != price", true),
        ("discount < price", false),
        ("!(discount < price)", true),
        ("note == customer.name", true),
        ("customer == caller", true),
        ("note in ['a']", false),
        ("discount < price || count == 7", true),
        ("customer.name.startsWith('A')", false),
    ] {
        check("bool", expression, Value::Bool(expected));
    }
    check("int?", "size(note)", Value::Null);
    check("money?", "discount + price", Value::Null);
    check("string?", "coalesce(note, customer.name)", Value::Null);
    check("int?", "count / 0", Value::Null);
}

#[test]
fn numbers_keep_every_digit() {
    check("money", "price * 3 - 0.50", decimal(3_700, 2));
    check("decimal(12,4)", "price * price", decimal(1_562_500, 4));
    check("money", "coalesce(discount, price)", decimal(1_250, 2));
    check("int", "count / 2 + count % 4", Value::Int(6));
    check("int", "-count + abs(2 - count)", Value::Int(-2));
    let text = |text: &str| Value::Text(text.to_owned());
    check("string(1..40)", "'#' + string(count)", text("#7"));
    check("string(1..40)", "string(price)", text("12.50"));
    check("string(1..40)", "string(1 - price)", text("-11.50"));
    check("string(1..40)?", "string(discount)", Value::Null);
    check("bool", "price == 12.5", Value::Bool(true));
    check("money", "count > 6 ? price : 0.00", decimal(1_250, 2));
}

#[test]
fn rows_are_gathered() {
    check("int", "size(lines)", Value::Int(2));
    check("int", "lines.sum(l, l.quantity)", Value::Int(7));
    check("int", "lines.count(l, l.quantity > 2)", Value::Int(1));
    check("int?", "lines.max(l, l.quantity)", Value::Int(5));
    check(
        "int?",
        "lines.filter(l, l.quantity > 9).min(l, l.quantity)",
        Value::Null,
    );
    check("decimal(12,3)", "lines.sum(l, l.amount)", decimal(1_005, 3));
    check(
        "decimal(12,2)?",
        "lines.avg(l, l.quantity)",
        decimal(350, 2),
    );
    check("bool", "lines.all(l, l.quantity > 1)", Value::Bool(true));
    check(
        "bool",
        "lines.exists(l, l.quantity > count)",
        Value::Bool(false),
    );
    check(
        "bool",
        "lines.filter(l, l.quantity > 9).sum(l, l.quantity) == 0",
        Value::Bool(true),
    );
}

#[test]
fn callers_have_their_roles_and_those_that_these_include() {
    check(
        "bool",
        "'staff' in caller.roles && 'admin' in caller.roles",
        Value::Bool(true),
    );
    check("bool", "'customer' in caller.roles", Value::Bool(false));
    check(
        "bool",
        "signed_in && caller.email.endsWith('@example.com')",
        Value::Bool(true),
    );
}

#[test]
fn days_and_instants_are_moved_and_compared() {
    check("bool", "day == today && at < now", Value::Bool(true));
    check(
        "datetime",
        "at + duration('90min')",
        Value::DateTime(5_401_000),
    );
    check("bool", "now - at > duration('7d')", Value::Bool(true));
    check("date", "date(at)", Value::Date(0));
    check("bool", "day > '1999-12-31'", Value::Bool(true));
}

#[test]
fn text_is_joined_and_looked_into() {
    let text = |text: &str| Value::Text(text.to_owned());
    check(
        "string",
        "customer.email.upper() + '!'",
        text("ADA@EXAMPLE.COM!"),
    );
    check("bool", "customer.email.contains('@ex')", Value::Bool(true));
    check("int", "size(customer.email)", Value::Int(15));
}

#[test]
fn a_number_beyond_64_bits_has_no_value() {
    let huge = "count * 1000000000000000000 * 1000";
    assert_eq!(worth("bigint", huge), Err(EvaluateError::Overflow));
}
