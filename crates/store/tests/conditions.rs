//! Expressions as SQL over the bookshop's rows: which rows they hold for, or which values they give.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
#![allow(dead_code, reason = "each test file uses a part of the common module")]

mod common;

use archwright_plan::Plan;
use archwright_plan::model::{EntityId, Expression, Literal};
use archwright_sql::{Dialect, Parameter, Printer, Scope};
use common::*;
use rusqlite::types::Value;

/// An expression over an entity, as the computed field `probe`.
fn probe(entity: &str, ty: &str, expression: &str) -> (Plan, EntityId, Expression) {
    let field = format!("      probe: {{ type: \"{ty}\", computed: \"{expression}\" }}\n");
    let plan = plan_of_text(&design_with(DESIGN, entity, "    fields:\n", &field));
    let entity = plan.model.entity_named(entity).unwrap();
    let computed = entity.field_named("probe").unwrap().computed.clone();
    let id = entity.id;
    (plan, id, computed.unwrap())
}

/// The value of an expression in each row, by the rows' ids.
fn values(entity: &str, ty: &str, expression: &str) -> Vec<Value> {
    let (plan, entity, expression) = probe(entity, ty, expression);
    let connection = empty_database(&plan);
    insert_rows(&connection);
    let mut printer = Printer::new(&plan, Dialect::Sqlite);
    let text = printer
        .value(&expression, &Scope::alias(entity, "t"))
        .unwrap();
    let statement = printer.finish(text);
    let table = &plan.table(entity).name;
    let sql = format!("SELECT {} FROM {table} t ORDER BY t.id", statement.text);
    let mut prepared = connection
        .prepare(&sql)
        .unwrap_or_else(|error| panic!("{error}\n{sql}"));
    for (index, parameter) in statement.parameters.iter().enumerate() {
        let value = match parameter {
            Parameter::Literal(Literal::Int(number)) => Value::Integer(*number),
            Parameter::Literal(Literal::Text(text)) => Value::Text(text.clone()),
            Parameter::CallerId => Value::Text(uuid(1)),
            Parameter::Now => Value::Integer(NOW),
            other => panic!("{other:?} is not expected"),
        };
        prepared.raw_bind_parameter(index + 1, value).unwrap();
    }
    let mut rows = prepared.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        found.push(row.get(0).unwrap());
    }
    found
}

fn printed(plan: &Plan, entity: EntityId, condition: &Expression, dialect: Dialect) -> String {
    let mut printer = Printer::new(plan, dialect);
    let scope = Scope::alias(entity, "t");
    printer.condition(condition, &scope).unwrap()
}

/// Numbers, and conditions as 0 and 1.
fn check(entity: &str, ty: &str, expression: &str, expected: &[i64]) {
    let expected: Vec<Value> = expected
        .iter()
        .map(|number| Value::Integer(*number))
        .collect();
    assert_eq!(values(entity, ty, expression), expected, "{expression}");
}

fn check_condition(entity: &str, expression: &str, expected: &[i64]) {
    check(entity, "bool", expression, expected);
}

#[test]
fn missing_values_are_equal_to_themselves_only() {
    for (expression, expected) in [
        ("published == null", [0, 0, 1, 1, 0]),
        ("published != '1961-01-01'", [1, 0, 1, 1, 1]),
        ("!(published == '1961-01-01')", [1, 0, 1, 1, 1]),
        ("published > '1970-01-01'", [1, 0, 0, 0, 1]),
        ("!(published > '1970-01-01')", [0, 1, 1, 1, 0]),
    ] {
        check_condition("Book", expression, &expected);
    }
}

#[test]
fn decimals_of_different_scales_compare_by_value() {
    check_condition("Book", "price == 9.9", &[0, 1, 1, 0, 0]);
    check_condition("Book", "price > 12", &[1, 0, 0, 0, 1]);
    check_condition("Book", "price < 12.501", &[1, 1, 1, 1, 0]);
    check_condition("Order", "discount < 0.00", &[0, 1, 0, 0]);
}

#[test]
fn arithmetic_keeps_scales() {
    let dearer = [18_750, 14_850, 14_850, 0, 30_000];
    check("Book", "decimal(15,3)", "price * 1.5", &dearer);
    let one_more = [1350, 1090, 1090, 100, 2100];
    check("Book", "decimal(15,2)", "price + 1", &one_more);
    check("Book", "int?", "stock / 2", &[1, 0, -1, 3, 0]);
    assert_eq!(
        values("Author", "int?", "1 / (1 - 1)"),
        [Value::Null, Value::Null]
    );
}

#[test]
fn relations_are_searched_and_an_empty_one_has_no_row() {
    check_condition("Order", "lines.exists(l, l.price > 10)", &[1, 0, 0, 0]);
    check_condition("Order", "lines.all(l, l.price > 10)", &[0, 0, 1, 1]);
    check("Order", "int", "size(lines)", &[2, 1, 0, 0]);
    check_condition(
        "Order",
        "lines.exists(l, l.book.title == 'Öde Ufer')",
        &[0, 1, 0, 0],
    );
}

#[test]
fn many_to_many_works_from_both_sides() {
    check("Book", "int", "size(authors)", &[1, 1, 1, 0, 1]);
    check("Author", "int", "size(books)", &[2, 2]);
    check(
        "Author",
        "decimal(15,2)?",
        "books.max(b, b.price)",
        &[2000, 990],
    );
}

#[test]
fn deleted_rows_of_a_relation_are_skipped() {
    check("User", "int", "size(orders)", &[2, 1]);
}

#[test]
fn averages_round_half_away_from_zero() {
    let average = "orders.avg(o, o.discount)";
    check("User", "decimal(15,4)?", average, &[-15_000, 500]);
    check(
        "Author",
        "decimal(15,2)?",
        "books.avg(b, b.stock)",
        &[200, -100],
    );
}

#[test]
fn sums_beyond_64_bits_become_the_nearest_number_that_fits() {
    let huge = "books.sum(b, (b.stock + 2) * 9000000000000000 * 1000)";
    check("Author", "bigint", huge, &[i64::MAX; 2]);
    let low = "books.sum(b, (0 - 3 - b.stock) * 9000000000000000 * 1000)";
    check("Author", "bigint", low, &[-i64::MAX; 2]);
    let exact = "books.sum(b, b.stock * 1000000000000000)";
    check(
        "Author",
        "bigint",
        exact,
        &[4_000_000_000_000_000, -2_000_000_000_000_000],
    );
}

#[test]
fn computed_fields_are_written_out_through_relations() {
    check("Order", "decimal(12,2)", "total", &[3490, 15, 0, 0]);
    check("Line", "decimal(12,2)", "order.total", &[3490, 3490, 15]);
    check(
        "User",
        "decimal(15,2)",
        "orders.sum(o, o.total)",
        &[3505, 0],
    );
}

#[test]
fn rows_are_compared_by_id_without_a_join() {
    check_condition("Order", "customer == caller", &[1, 1, 0, 1]);
    let (plan, entity, own) = probe("Order", "bool", "customer == caller");
    let printed = printed(&plan, entity, &own, Dialect::Sqlite);
    assert_eq!(printed, "(t.\"customer_id\" IS ?1)");
    check_condition("Order", "customer.name == caller.name", &[1, 1, 0, 1]);
}

#[test]
fn membership_in_lists_and_relations() {
    check_condition("Book", "stock in [3, -2]", &[1, 0, 1, 0, 0]);
    check_condition(
        "Book",
        "published in ['1974-05-01', '1961-01-01']",
        &[1, 1, 0, 0, 0],
    );
    check_condition("Order", "self in caller.orders", &[1, 1, 0, 0]);
}

#[test]
fn text_functions() {
    check_condition("Book", "title.startsWith('Solaris')", &[0, 1, 1, 0, 0]);
    check_condition("Book", "title.endsWith('again')", &[0, 0, 1, 0, 0]);
    check_condition("Book", "title.endsWith('')", &[1, 1, 1, 1, 1]);
    check_condition("Book", "title.contains('or')", &[0, 0, 0, 0, 1]);
    check("Book", "int", "size(title)", &[16, 7, 14, 8, 18]);
    let lower = values("Book", "string(1..300)", "title.lower()");
    assert_eq!(lower[3], Value::Text("Öde ufer".to_owned()));
}

#[test]
fn numbers_as_texts() {
    let sum = "string(lines.sum(l, l.quantity * l.price))";
    let plain = values(
        "Order",
        "decimal(12,2)",
        "lines.sum(l, l.quantity * l.price)",
    );
    let plain = plain.into_iter().map(|units| match units {
        Value::Integer(units) => Value::Text(format!("{}.{:02}", units / 100, units % 100)),
        other => panic!("{other:?}"),
    });
    let texts = values("Order", "string(1..40)", sum);
    assert_eq!(texts, plain.collect::<Vec<_>>());
    // Rows are looked through once.
    let condition = format!("{sum} < '5'");
    let (plan, entity, expression) = probe("Order", "bool", &condition);
    let printed = |dialect| printed(&plan, entity, &expression, dialect);
    assert_eq!(printed(Dialect::Sqlite).matches("SUM(").count(), 2);
    // Texts are compared by their bytes on both.
    let postgres = printed(Dialect::Postgres);
    assert!(postgres.contains("::text COLLATE \"C\""), "{postgres}");
}

#[test]
fn instants_and_days() {
    check_condition("Book", "date(added_at) == date(now)", &[1; 5]);
    // Before 1970 too.
    let before = values("Book", "date", "date(added_at - duration('20782d'))");
    assert_eq!(before[0], Value::Text("1969-12-31".to_owned()));
    check_condition("Book", "added_at + duration('7d') < now", &[0; 5]);
}

#[test]
fn postgres_compares_in_its_own_words() {
    for (expression, expected) in [
        (
            "published == null",
            "(t.\"published\" IS NOT DISTINCT FROM NULL)",
        ),
        (
            "price > 12.5",
            "(t.\"price\" > round(($1::bigint * 0.1), 2))",
        ),
    ] {
        let (plan, entity, expression) = probe("Book", "bool", expression);
        let printed = printed(&plan, entity, &expression, Dialect::Postgres);
        assert_eq!(printed, expected);
    }
}
