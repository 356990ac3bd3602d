//! Expressions as SQL over the bookshop's rows: which rows they hold for, or which values they give.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
#![allow(dead_code, reason = "each test file uses a part of the common module")]

mod common;

use archwright_plan::model::*;
use archwright_sql::{Dialect, Parameter, Printer, Scope};
use common::*;
use rusqlite::types::Value;

/// The value of an expression in each row, by the rows' ids.
fn values(entity: EntityId, expression: &Expression) -> Vec<Value> {
    let plan = plan();
    let connection = empty_database(&plan);
    insert_rows(&connection);
    let mut printer = Printer::new(&plan, Dialect::Sqlite);
    let text = printer
        .value(expression, &Scope::alias(entity, "t"))
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

fn check(entity: EntityId, expression: Expression, expected: &[i64]) {
    let expected: Vec<Value> = expected
        .iter()
        .map(|number| Value::Integer(*number))
        .collect();
    assert_eq!(values(entity, &expression), expected, "{expression:?}");
}

use BinaryOperator::*;

#[test]
fn missing_values_are_equal_to_themselves_only() {
    let model = model();
    let published = || get(&model, this(BOOK), 3);
    check(BOOK, binary(Equal, published(), null()), &[0, 0, 1, 1, 0]);
    check(
        BOOK,
        binary(NotEqual, published(), typed("1961-01-01", Type::Date)),
        &[1, 0, 1, 1, 1],
    );
    check(
        BOOK,
        not(binary(Equal, published(), typed("1961-01-01", Type::Date))),
        &[1, 0, 1, 1, 1],
    );
    check(
        BOOK,
        binary(Greater, published(), typed("1970-01-01", Type::Date)),
        &[1, 0, 0, 0, 1],
    );
    check(
        BOOK,
        not(binary(
            Greater,
            published(),
            typed("1970-01-01", Type::Date),
        )),
        &[0, 1, 1, 1, 0],
    );
}

#[test]
fn decimals_of_different_scales_compare_by_value() {
    let model = model();
    let price = || get(&model, this(BOOK), 1);
    check(
        BOOK,
        binary(Equal, price(), decimal(99, 1)),
        &[0, 1, 1, 0, 0],
    );
    check(BOOK, binary(Greater, price(), int(12)), &[1, 0, 0, 0, 1]);
    check(
        BOOK,
        binary(Less, price(), decimal(12_501, 3)),
        &[1, 1, 1, 1, 0],
    );
    check(
        ORDER,
        binary(Less, get(&model, this(ORDER), 4), decimal(0, 2)),
        &[0, 1, 0, 0],
    );
}

#[test]
fn arithmetic_keeps_scales() {
    let model = model();
    let price = || get(&model, this(BOOK), 1);
    check(
        BOOK,
        binary(Multiply, price(), decimal(15, 1)),
        &[18_750, 14_850, 14_850, 0, 30_000],
    );
    check(
        BOOK,
        binary(Add, price(), int(1)),
        &[1350, 1090, 1090, 100, 2100],
    );
    check(
        BOOK,
        binary(Divide, get(&model, this(BOOK), 2), int(2)),
        &[1, 0, -1, 3, 0],
    );
    let by_zero = binary(Divide, int(1), binary(Subtract, int(1), int(1)));
    assert_eq!(values(AUTHOR, &by_zero), [Value::Null, Value::Null]);
}

#[test]
fn relations_are_searched_and_an_empty_one_has_no_row() {
    let model = model();
    let lines = || get(&model, this(ORDER), 2);
    let dear = || binary(Greater, get(&model, variable(LINE), 2), int(10));
    check(
        ORDER,
        quantifier(Quantifier::Exists, lines(), dear()),
        &[1, 0, 0, 0],
    );
    check(
        ORDER,
        quantifier(Quantifier::All, lines(), dear()),
        &[0, 0, 1, 1],
    );
    check(
        ORDER,
        aggregate(Aggregate::Count, lines(), None),
        &[2, 1, 0, 0],
    );
    let title = get(&model, get(&model, variable(LINE), 3), 0);
    let named = quantifier(
        Quantifier::Exists,
        lines(),
        binary(Equal, title, text("Öde Ufer")),
    );
    check(ORDER, named, &[0, 1, 0, 0]);
}

#[test]
fn many_to_many_works_from_both_sides() {
    let model = model();
    check(
        BOOK,
        aggregate(Aggregate::Count, get(&model, this(BOOK), 5), None),
        &[1, 1, 1, 0, 1],
    );
    check(
        AUTHOR,
        aggregate(Aggregate::Count, get(&model, this(AUTHOR), 1), None),
        &[2, 2],
    );
    let prices = get(&model, variable(BOOK), 1);
    check(
        AUTHOR,
        aggregate(Aggregate::Max, get(&model, this(AUTHOR), 1), Some(prices)),
        &[2000, 990],
    );
}

#[test]
fn deleted_rows_of_a_relation_are_skipped() {
    let model = model();
    check(
        USER,
        aggregate(Aggregate::Count, get(&model, this(USER), 3), None),
        &[2, 1],
    );
}

#[test]
fn averages_round_half_away_from_zero() {
    let model = model();
    let discount = || get(&model, variable(ORDER), 4);
    let average = aggregate(Aggregate::Avg, get(&model, this(USER), 3), Some(discount()));
    check(USER, average, &[-15_000, 500]);
    let stocks = aggregate(
        Aggregate::Avg,
        get(&model, this(AUTHOR), 1),
        Some(get(&model, variable(BOOK), 2)),
    );
    check(AUTHOR, stocks, &[200, -100]);
}

#[test]
fn computed_fields_are_written_out_through_relations() {
    let model = model();
    check(ORDER, get(&model, this(ORDER), 3), &[3490, 15, 0, 0]);
    let of_line = get(&model, get(&model, this(LINE), 0), 3);
    check(LINE, of_line, &[3490, 3490, 15]);
    let totals = aggregate(
        Aggregate::Sum,
        get(&model, this(USER), 3),
        Some(get(&model, variable(ORDER), 3)),
    );
    check(USER, totals, &[3505, 0]);
}

#[test]
fn rows_are_compared_by_id_without_a_join() {
    let model = model();
    let own = binary(Equal, get(&model, this(ORDER), 0), caller());
    check(ORDER, own.clone(), &[1, 1, 0, 1]);
    let plan = plan();
    let printed =
        archwright_sql::condition(&plan, &own, &Scope::alias(ORDER, "t"), Dialect::Sqlite).unwrap();
    assert_eq!(printed.text, "(t.\"customer_id\" IS ?1)");
    let name = get(&model, caller(), 1);
    check(
        ORDER,
        binary(Equal, get(&model, get(&model, this(ORDER), 0), 1), name),
        &[1, 1, 0, 1],
    );
}

#[test]
fn membership_in_lists_and_relations() {
    let model = model();
    let list = |items: Vec<Expression>| {
        expression(
            ExpressionKind::List(items),
            Type::List(Box::new(Type::Int)),
            false,
        )
    };
    let within = |item: Expression, list: Expression| {
        expression(
            ExpressionKind::In {
                item: Box::new(item),
                list: Box::new(list),
            },
            Type::Bool,
            false,
        )
    };
    let stock = || get(&model, this(BOOK), 2);
    check(
        BOOK,
        within(stock(), list(vec![int(3), int(-2)])),
        &[1, 0, 1, 0, 0],
    );
    check(BOOK, within(stock(), list(vec![])), &[0, 0, 0, 0, 0]);
    let published = get(&model, this(BOOK), 3);
    check(
        BOOK,
        within(
            published,
            list(vec![null(), typed("1961-01-01", Type::Date)]),
        ),
        &[0, 1, 1, 1, 0],
    );
    let orders = get(&model, caller(), 3);
    check(ORDER, within(this(ORDER), orders), &[1, 1, 0, 0]);
}

#[test]
fn text_functions() {
    let model = model();
    let title = || get(&model, this(BOOK), 0);
    let function = |function, arguments: Vec<Expression>, ty| {
        expression(
            ExpressionKind::Function {
                function,
                arguments,
            },
            ty,
            false,
        )
    };
    check(
        BOOK,
        function(
            Function::StartsWith,
            vec![title(), text("Solaris")],
            Type::Bool,
        ),
        &[0, 1, 1, 0, 0],
    );
    check(
        BOOK,
        function(Function::EndsWith, vec![title(), text("again")], Type::Bool),
        &[0, 0, 1, 0, 0],
    );
    check(
        BOOK,
        function(Function::EndsWith, vec![title(), text("")], Type::Bool),
        &[1, 1, 1, 1, 1],
    );
    check(
        BOOK,
        function(Function::Contains, vec![title(), text("or")], Type::Bool),
        &[0, 0, 0, 0, 1],
    );
    check(
        BOOK,
        function(Function::Size, vec![title()], Type::Int),
        &[16, 7, 14, 8, 18],
    );
    let lower = values(BOOK, &function(Function::Lower, vec![title()], Type::Text));
    assert_eq!(lower[3], Value::Text("Öde ufer".to_owned()));
}

#[test]
fn instants_and_days() {
    let model = model();
    let added = || get(&model, this(BOOK), 6);
    let day = expression(
        ExpressionKind::Function {
            function: Function::Date,
            arguments: vec![added()],
        },
        Type::Date,
        false,
    );
    check(
        BOOK,
        binary(Equal, day, typed("2026-11-24", Type::Date)),
        &[1; 5],
    );
    let before = |text: &str| {
        expression(
            ExpressionKind::Function {
                function: Function::Date,
                arguments: vec![typed(text, Type::DateTime)],
            },
            Type::Date,
            false,
        )
    };
    assert_eq!(
        values(AUTHOR, &before("1969-12-31T23:59:59.999Z"))[0],
        Value::Text("1969-12-31".to_owned())
    );
    let week = expression(
        ExpressionKind::Literal(Literal::Int(604_800_000)),
        Type::Duration,
        false,
    );
    let now = expression(ExpressionKind::Now, Type::DateTime, false);
    check(BOOK, binary(Less, binary(Add, added(), week), now), &[0; 5]);
}

#[test]
fn postgres_compares_in_its_own_words() {
    let model = model();
    let plan = plan();
    let published = get(&model, this(BOOK), 3);
    let same = binary(Equal, published, null());
    let dear = binary(Greater, get(&model, this(BOOK), 1), decimal(125, 1));
    for (expression, expected) in [
        (same, "(t.\"published\" IS NOT DISTINCT FROM NULL)"),
        (dear, "(t.\"price\" > $1::numeric)"),
    ] {
        let scope = Scope::alias(BOOK, "t");
        let printed =
            archwright_sql::condition(&plan, &expression, &scope, Dialect::Postgres).unwrap();
        assert_eq!(printed.text, expected);
    }
}
