//! Rules and expressions as they are printed.

mod common;

use common::{built, plan_of, text};

/// A design with one entity beside the accounts, of which some lines differ.
fn design(fields: &str, rest: &str) -> String {
    format!(
        "archwright: 1
name: shop
roles:
  member: {{ sign-up: open }}
  staff: {{ granted-by: admin }}
  admin: {{ includes: staff, granted-by: admin }}
entities:
  User:
    account: email
    fields:
      email: email, unique
  Item:
    fields:
      name: string(1..50)
{fields}
{rest}
"
    )
}

#[track_caller]
fn check(fields: &str, rest: &str, path: &str, expected: &str) {
    let files = built(&plan_of(&design(fields, rest)));
    let found = text(&files, path);
    assert!(found.contains(expected), "{found}");
}

#[test]
fn a_rule_is_a_condition_of_a_query() {
    let expected = "    if caller.has(Role.STAFF):
        return true()
    if caller.signed_in:
        return item.owner_id == caller.id
    return false()
";
    let fields = "      owner: User, owner";
    let rest = "    allow: { read: [owner, staff], create: owner }";
    check(fields, rest, "app/items/policies.py", expected);
}

#[test]
fn a_missing_value_counts_as_false_and_equals_itself() {
    let fields = "      least: int?\n      most: int?";
    let rule = |condition: &str| format!("    allow: {{ read: staff when {condition} }}");
    let path = "app/items/policies.py";
    let less = "func.coalesce(item.least < item.most, false())";
    check(fields, &rule("least < most"), path, less);
    let same = "item.least.is_not_distinct_from(item.most)";
    check(fields, &rule("least == most"), path, same);
    check(fields, &rule("least == null"), path, "item.least.is_(None)");
    check(
        fields,
        &rule("least != null"),
        path,
        "item.least.is_not(None)",
    );
}

#[test]
fn words_and_decimals_are_written_as_their_types() {
    let fields = "      size: enum(small, extra_large) = small\n      price: money";
    let rest = "    allow: { read: staff when size == 'extra_large' && price > 5 }";
    let path = "app/items/policies.py";
    check(fields, rest, path, "item.size == ItemSize.EXTRA_LARGE");
    check(
        fields,
        rest,
        path,
        "item.price > literal(Decimal(\"5.00\"), FixedPoint(18, 2))",
    );
}

#[test]
fn a_text_of_the_design_stays_a_text() {
    let fields = "      note: string(1..50)?";
    let rest = r#"    allow: { read: "staff when note == 'a\"); import os'" }"#;
    let expected = r#"item.note.is_not_distinct_from('a"); import os')"#;
    check(fields, rest, "app/items/policies.py", expected);
}

#[test]
fn rows_of_a_relation_are_asked_for_in_the_database() {
    let fields = "      parent: Item?\n      children: Item[], by parent\n      \
                  weight: int = 1\n      total: int := children.sum(c, c.weight)";
    let rest = "    allow: { read: anyone }";
    let expected = "    item_2 = aliased(Item)
    return type_coerce(
        select(func.coalesce(func.sum(item_2.weight), 0))
        .select_from(item_2)
        .where(item_2.parent_id == item.id)
        .correlate_except(item_2)
        .scalar_subquery(),
        Whole,
    )
";
    check(fields, rest, "app/items/computed.py", expected);
}

#[test]
fn what_a_body_takes_is_in_its_schema() {
    let fields = "      price: money, min 0.01\n      code: string(3..3), pattern '^[a-z]+$'\n      pages: int?, max 9";
    let rest = "    allow: { read: anyone, write: staff }";
    let path = "app/items/schemas.py";
    let price = "price: Annotated[Decimal, Fixed(15, 2, least=\"0.01\")]\n";
    check(fields, rest, path, price);
    check(
        fields,
        rest,
        path,
        "code: Annotated[str, Sized(3, 3, pattern=r\"^[a-z]+$\")]\n",
    );
    let pages = "pages: Annotated[Int, Field(ge=-2147483648, le=9)] | None = None\n";
    check(fields, rest, path, pages);
}
