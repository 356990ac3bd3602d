//! Servers that break one rule each: the suite of the right plan catches every one, by the case that is about the rule.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

mod common;

use archwright_plan::model::{
    BinaryOperator, Direction, Entity, Expression, ExpressionKind, Field, Function, Literal, Move,
    OnDelete, Otherwise, RoleId, ScalarType, Shape, StepKind,
};
use archwright_plan::{
    CallerClass, CheckKind, Input, InputKind, Operation, Output, OutputSource, Plan,
};
use common::{example, failed, serve, suite};

/// Serves the changed plan, and asks the cases of the right one that have the rule in their name.
#[track_caller]
fn check(name: &str, rule: &str, change: impl FnOnce(&mut Plan)) {
    let plan = example(name);
    let mut mutant = plan.clone();
    change(&mut mutant);
    let server = serve(mutant, &plan);
    let report = suite(&plan, &server, Some(rule));
    assert!(!report.results.is_empty(), "no case has {rule} in its name");
    let failed = failed(&report);
    assert!(
        !failed.is_empty(),
        "nothing tells the mutant from the right server:\n{:#?}",
        report.results
    );
    assert!(failed.iter().all(|case| case.contains(rule)), "{failed:?}");
}

fn operation<'a>(plan: &'a mut Plan, id: &str) -> &'a mut Operation {
    plan.operations.iter_mut().find(|one| one.id == id).unwrap()
}

fn entity<'a>(plan: &'a mut Plan, name: &str) -> &'a mut Entity {
    plan.model
        .entities
        .iter_mut()
        .find(|one| one.name == name)
        .unwrap()
}

fn field<'a>(plan: &'a mut Plan, of: &str, name: &str) -> &'a mut Field {
    entity(plan, of)
        .fields
        .iter_mut()
        .find(|one| one.name == name)
        .unwrap()
}

fn step<'a>(plan: &'a mut Plan, of: &str, name: &str) -> &'a mut Move {
    let machine = entity(plan, of).state.as_mut().unwrap();
    machine
        .moves
        .iter_mut()
        .find(|one| one.name == name)
        .unwrap()
}

fn index(plan: &Plan, name: &str) -> usize {
    plan.model
        .entities
        .iter()
        .position(|one| one.name == name)
        .unwrap()
}

fn output<'a>(plan: &'a mut Plan, of: &str, json: &str) -> &'a mut Output {
    let index = index(plan, of);
    plan.resources[index]
        .output
        .iter_mut()
        .find(|one| one.json == json)
        .unwrap()
}

/// Takes a scalar as an input that the plan keeps closed.
fn open(plan: &mut Plan, of: &str, name: &str) {
    let id = field(plan, of, name).id;
    let index = index(plan, of);
    plan.resources[index].update.push(Input {
        json: name.to_owned(),
        field: id,
        kind: InputKind::Scalar,
        required: false,
        nullable: true,
        settable: Vec::new(),
    });
}

/// Replaces an operator everywhere in an expression.
fn swap(expression: &mut Expression, from: BinaryOperator, to: BinaryOperator) {
    match &mut expression.kind {
        ExpressionKind::Binary {
            operator,
            left,
            right,
        } => {
            if *operator == from {
                *operator = to;
            }
            swap(left, from, to);
            swap(right, from, to);
        }
        ExpressionKind::Quantifier { condition, .. } => swap(condition, from, to),
        _ => {}
    }
}

fn drop_check(plan: &mut Plan, of: &str, name: &str) {
    let index = index(plan, of);
    let position = plan.model.entities[index]
        .checks
        .iter()
        .position(|one| one.name == name)
        .unwrap();
    plan.model.entities[index].checks[position].that = Expression {
        kind: ExpressionKind::Literal(Literal::Bool(true)),
        ..plan.model.entities[index].checks[position].that.clone()
    };
    plan.tables[index]
        .checks
        .retain(|one| !matches!(one.kind, CheckKind::Design(_, at) if at == position));
}

/// Takes fields out of a unique key; without any left, the key is gone.
fn narrow_key(plan: &mut Plan, of: &str, fields: &[&str], kept: &[&str]) {
    let index = index(plan, of);
    let entity = &mut plan.model.entities[index];
    let id = |name: &&str| {
        entity
            .fields
            .iter()
            .find(|one| one.name == **name)
            .unwrap()
            .id
    };
    let (all, some): (Vec<_>, Vec<_>) = (
        fields.iter().map(id).collect(),
        kept.iter().map(id).collect(),
    );
    let table = &mut plan.tables[index];
    let key = table
        .unique
        .iter_mut()
        .find(|one| one.fields == all)
        .unwrap();
    let places: Vec<usize> = some
        .iter()
        .map(|one| all.iter().position(|known| known == one).unwrap())
        .collect();
    key.columns = places
        .iter()
        .map(|place| key.columns[*place].clone())
        .collect();
    key.fields = some.clone();
    table.unique.retain(|one| !one.fields.is_empty());
    let keys = &mut plan.model.entities[index].unique;
    let key = keys.iter_mut().find(|one| one.fields == all).unwrap();
    key.fields = some;
    keys.retain(|one| !one.fields.is_empty());
}

fn on_delete(plan: &mut Plan, of: &str, name: &str, wanted: OnDelete) {
    let id = field(plan, of, name).id;
    if let archwright_plan::model::FieldKind::ToOne(relation) = &mut field(plan, of, name).kind {
        relation.on_delete = wanted;
    }
    let index = index(plan, of);
    let mut keys = plan.tables[index].foreign_keys.iter_mut();
    keys.find(|one| one.field == Some(id)).unwrap().on_delete = wanted;
}

// ---- access --------------------------------------------------------------------------------------------------------

#[test]
fn a_forgotten_alternative_of_a_guard() {
    check(
        "bookshop",
        "orders.cancel/allowed/staff-not-owner",
        |plan| {
            operation(plan, "orders.cancel").guard.remove(1);
        },
    );
}

#[test]
fn a_guard_for_too_many() {
    check("bookshop", "authors.create/denied/customer", |plan| {
        operation(plan, "authors.create").guard[0].caller = CallerClass::SignedIn;
    });
}

#[test]
fn a_guard_for_everybody() {
    check("bookshop", "categories.create/denied/anonymous", |plan| {
        operation(plan, "categories.create").guard[0].caller = CallerClass::Anyone;
    });
}

#[test]
fn a_forgotten_owner() {
    check(
        "bookshop",
        "reviews.update/denied/customer-not-owner",
        |plan| {
            operation(plan, "reviews.update").guard[0].when = None;
        },
    );
}

#[test]
fn a_forgotten_condition_on_what_is_read() {
    check("profile", "users.get/guard-1/unconditional", |plan| {
        operation(plan, "users.get").guard[0].when = None;
    });
}

#[test]
fn a_list_that_filters_nothing() {
    check("bookshop", "orders.list/allowed/customer", |plan| {
        operation(plan, "orders.list").guard[0].when = None;
    });
}

#[test]
fn a_role_that_anybody_grants() {
    check("bookshop", "users.set-roles/not-granted", |plan| {
        let admin = plan
            .model
            .roles
            .iter()
            .position(|one| one.name == "admin")
            .unwrap();
        let customer = plan
            .model
            .roles
            .iter_mut()
            .find(|one| one.name == "customer")
            .unwrap();
        customer.granted_by = vec![RoleId(admin)];
    });
}

#[test]
fn a_row_of_another_tenant() {
    check("helpdesk", "teams.get/tenant/foreign-row", |plan| {
        operation(plan, "teams.get").guard[0].when = None;
    });
}

#[test]
fn a_list_of_all_tenants() {
    check("helpdesk", "teams.list/tenant/list", |plan| {
        operation(plan, "teams.list").guard[0].when = None;
    });
}

// ---- fields --------------------------------------------------------------------------------------------------------

#[test]
fn a_leaked_field() {
    check("bookshop", "books.get/hidden/stock", |plan| {
        output(plan, "Book", "stock").visible.clear();
    });
}

#[test]
fn a_leaked_secret() {
    check("profile", "users.get/never-shown/recovery_hint", |plan| {
        let id = field(plan, "User", "recovery_hint").id;
        let index = index(plan, "User");
        plan.resources[index].output.push(Output {
            json: "recovery_hint".to_owned(),
            source: OutputSource::Field(id),
            nullable: true,
            visible: Vec::new(),
        });
    });
}

#[test]
fn a_field_that_everybody_sets() {
    check("helpdesk", "tickets.create/not-settable/priority", |plan| {
        let index = index(plan, "Ticket");
        let mut inputs = plan.resources[index].create.iter_mut();
        inputs
            .find(|one| one.json == "priority")
            .unwrap()
            .settable
            .clear();
    });
}

#[test]
fn a_read_only_field_that_is_taken() {
    check("bookshop", "orders.update/closed/tracking", |plan| {
        open(plan, "Order", "tracking")
    });
}

#[test]
fn an_immutable_field_that_changes() {
    check("bookshop", "books.update/closed/isbn", |plan| {
        open(plan, "Book", "isbn")
    });
}

#[test]
fn a_default_that_is_another() {
    check("bookshop", "books.create/default/language", |plan| {
        let default = field(plan, "Book", "language").default.as_mut().unwrap();
        default.kind = ExpressionKind::Literal(Literal::Text("fr".to_owned()));
    });
}

#[test]
fn a_computed_value_that_is_another() {
    check("bookshop", "orders.create/happy", |plan| {
        let computed = field(plan, "OrderLine", "amount")
            .computed
            .as_mut()
            .unwrap();
        swap(computed, BinaryOperator::Multiply, BinaryOperator::Add);
    });
}

// ---- input ---------------------------------------------------------------------------------------------------------

#[test]
fn a_forgotten_length() {
    check("bookshop", "authors.create/invalid/name/too-long", |plan| {
        if let archwright_plan::model::FieldKind::Scalar(ScalarType::String { max, .. }) =
            &mut field(plan, "Author", "name").kind
        {
            *max = 1_000;
        }
    });
}

#[test]
fn a_forgotten_least_value() {
    check(
        "bookshop",
        "books.create/invalid/price/below-least",
        |plan| {
            field(plan, "Book", "price").min = None;
        },
    );
}

#[test]
fn a_forgotten_pattern() {
    check("bookshop", "books.create/invalid/isbn/pattern", |plan| {
        field(plan, "Book", "isbn").pattern = None;
    });
}

#[test]
fn a_forgotten_media_type() {
    check("profile", "users.upload-picture/wrong-type", |plan| {
        if let archwright_plan::model::FieldKind::Scalar(ScalarType::File { media_types, .. }) =
            &mut field(plan, "User", "picture").kind
        {
            media_types.clear();
        }
    });
}

#[test]
fn a_password_that_is_too_short() {
    check(
        "profile",
        "auth.sign-up/invalid/password/too-short",
        |plan| {
            plan.model.account.as_mut().unwrap().password_min = 1;
        },
    );
}

// ---- moves ---------------------------------------------------------------------------------------------------------

#[test]
fn a_forgotten_condition_of_a_move() {
    check("bookshop", "orders.place/when/false", |plan| {
        step(plan, "Order", "place").when = None
    });
}

#[test]
fn a_move_from_too_many_states() {
    check("bookshop", "orders.ship/illegal-from/placed", |plan| {
        step(plan, "Order", "ship").from.push("placed".to_owned());
    });
}

#[test]
fn a_forgotten_effect_of_a_move() {
    check("bookshop", "orders.place/effect/placed_at", |plan| {
        step(plan, "Order", "place").set.remove(0);
    });
}

#[test]
fn a_move_to_another_state() {
    check("payments", "refunds.succeed/from/pending", |plan| {
        step(plan, "Refund", "succeed").to = "failed".to_owned();
    });
}

// ---- checks and keys -----------------------------------------------------------------------------------------------

#[test]
fn a_forgotten_check() {
    check(
        "bookshop",
        "books.create/check/sale_is_cheaper/broken",
        |plan| {
            drop_check(plan, "Book", "sale_is_cheaper");
        },
    );
}

#[test]
fn a_check_that_is_off_by_one() {
    check(
        "bookshop",
        "books.create/check/sale_is_cheaper/edge",
        |plan| {
            let checks = &mut entity(plan, "Book").checks;
            swap(
                &mut checks[0].that,
                BinaryOperator::Less,
                BinaryOperator::LessOrEqual,
            );
        },
    );
}

#[test]
fn a_forgotten_check_over_parts() {
    check(
        "payments",
        "ledger_transactions.create/check/balanced",
        |plan| {
            drop_check(plan, "LedgerTransaction", "balanced");
        },
    );
}

#[test]
fn a_forgotten_key() {
    check("bookshop", "reviews.create/unique/customer+book", |plan| {
        narrow_key(plan, "Review", &["customer", "book"], &[]);
    });
}

#[test]
fn a_key_with_too_small_a_scope() {
    check(
        "payments",
        "payment_intents.create/unique/merchant+reference/other-merchant",
        |plan| {
            narrow_key(
                plan,
                "PaymentIntent",
                &["merchant", "reference"],
                &["reference"],
            );
        },
    );
}

#[test]
fn a_deleted_row_that_keeps_its_key() {
    check("bookshop", "books.create/unique/isbn/freed", |plan| {
        let index = index(plan, "Book");
        plan.tables[index]
            .unique
            .iter_mut()
            .for_each(|one| one.active_only = false);
    });
}

#[test]
fn a_relation_that_takes_rows_along() {
    check(
        "bookshop",
        "categories.delete/on-delete/categories.parent=restrict",
        |plan| {
            on_delete(plan, "Category", "parent", OnDelete::Cascade);
        },
    );
}

// ---- lists, versions, keys of requests -----------------------------------------------------------------------------

#[test]
fn a_forgotten_filter() {
    check("bookshop", "books.list/filter/price.lt", |plan| {
        let list = operation(plan, "books.list").list.as_mut().unwrap();
        list.filters.retain(|one| one.name != "price");
    });
}

#[test]
fn a_forgotten_sort() {
    check("bookshop", "books.list/sort/-price", |plan| {
        operation(plan, "books.list")
            .list
            .as_mut()
            .unwrap()
            .sorts
            .retain(|one| one.name != "price");
    });
}

#[test]
fn a_page_that_is_too_large() {
    check("bookshop", "authors.list/page/most", |plan| {
        operation(plan, "authors.list")
            .list
            .as_mut()
            .unwrap()
            .page_max = 1_000;
    });
}

#[test]
fn a_page_that_is_too_small() {
    check("bookshop", "authors.list/page/default", |plan| {
        operation(plan, "authors.list")
            .list
            .as_mut()
            .unwrap()
            .page_default = 10;
    });
}

#[test]
fn a_version_that_nobody_looks_at() {
    check("bookshop", "books.update/stale", |plan| {
        operation(plan, "books.update").etag = false
    });
}

#[test]
fn a_repeated_request_that_is_done_twice() {
    check("bookshop", "authors.create/idempotency/repeated", |plan| {
        operation(plan, "authors.create").idempotency_key = false;
    });
}

// ---- named operations ----------------------------------------------------------------------------------------------

fn named<'a>(plan: &'a mut Plan, name: &str) -> &'a mut archwright_plan::model::Operation {
    let mut operations = plan.model.operations.iter_mut();
    operations.find(|one| one.name == name).unwrap()
}

fn show<'a>(plan: &'a mut Plan, view: &str) -> &'a mut Vec<(String, Shape)> {
    let mut views = plan.model.views.iter_mut();
    match &mut views.find(|one| one.name == view).unwrap().show {
        Shape::Object(parts) => parts,
        other => panic!("{other:?}"),
    }
}

/// What is left of `left && right` without its right side.
fn without_right(expression: &mut Expression) {
    if let ExpressionKind::Binary { left, .. } = &mut expression.kind {
        *expression = (**left).clone();
    }
}

#[test]
fn a_forgotten_step_that_guards() {
    check("newsroom", "op.reviseArticle/step-2-guard/fails", |plan| {
        named(plan, "reviseArticle").steps.remove(1);
    });
}

#[test]
fn a_guard_that_says_the_opposite() {
    check("newsroom", "op.follow/step-2-guard/fails", |plan| {
        if let StepKind::Guard { that } = &mut named(plan, "follow").steps[1].kind {
            swap(that, BinaryOperator::NotEqual, BinaryOperator::Equal);
        }
    });
}

#[test]
fn a_forgotten_link() {
    check("newsroom", "op.favourite/step-2-link/matters", |plan| {
        named(plan, "favourite").steps.remove(1);
    });
}

#[test]
fn a_forgotten_unlink() {
    check("newsroom", "op.unfollow/step-2-unlink/matters", |plan| {
        named(plan, "unfollow").steps.remove(1);
    });
}

#[test]
fn a_vote_that_is_counted_twice() {
    check("newsroom", "op.vote/step-3-increment/if/true", |plan| {
        named(plan, "vote").steps.remove(2);
    });
}

#[test]
fn a_forgotten_effect_of_a_move_on_another_row() {
    check("newsroom", "articles.retract/do/create-1", |plan| {
        step(plan, "Article", "retract").steps.clear();
    });
}

#[test]
fn a_row_that_is_found_in_any_state() {
    check(
        "newsroom",
        "op.favourite/step-1-find/where/without-2",
        |plan| {
            if let StepKind::Find { filter, .. } = &mut named(plan, "favourite").steps[0].kind {
                without_right(filter.as_mut().unwrap());
            }
        },
    );
}

#[test]
fn a_forgotten_filter_of_a_list() {
    // The last part of the condition is that on `favorited`.
    check("newsroom", "op.listArticles/step-1-list/where", |plan| {
        if let StepKind::List { filter, .. } = &mut named(plan, "listArticles").steps[0].kind {
            without_right(filter.as_mut().unwrap());
        }
    });
}

#[test]
fn another_order_of_a_list() {
    check("newsroom", "op.listArticles/step-1-list/sort", |plan| {
        if let StepKind::List { sort, .. } = &mut named(plan, "listArticles").steps[0].kind {
            sort[0].1 = Direction::Ascending;
        }
    });
}

#[test]
fn a_forgotten_offset() {
    check("newsroom", "op.listArticles/window", |plan| {
        if let StepKind::List { offset, .. } = &mut named(plan, "listArticles").steps[0].kind {
            *offset = None;
        }
    });
}

#[test]
fn a_list_of_the_rows_of_all() {
    check("newsroom", "op.listComments/happy/required", |plan| {
        if let StepKind::List { filter, .. } = &mut named(plan, "listComments").steps[1].kind {
            *filter = None;
        }
    });
}

#[test]
fn another_status_of_a_refusal() {
    check("newsroom", "op.follow/step-2-guard/fails", |plan| {
        named(plan, "follow").steps[1].otherwise = Otherwise::Status(409);
    });
}

#[test]
fn a_view_that_leaks_a_field() {
    check("newsroom", "op.profile/happy/required", |plan| {
        let email = field(plan, "User", "email").id;
        let parts = show(plan, "Profile");
        let mut leaked = parts[0].1.clone();
        if let Shape::Value(value) = &mut leaked
            && let ExpressionKind::Field { field, .. } = &mut value.kind
        {
            *field = email;
        }
        parts.push(("email".to_owned(), leaked));
    });
}

#[test]
fn an_update_that_empties_what_was_left_out() {
    check(
        "newsroom",
        "op.reviseArticle/body.article.description/absent",
        |plan| {
            let StepKind::Update { set, .. } = &mut named(plan, "reviseArticle").steps[3].kind
            else {
                panic!("no update");
            };
            // No longer the input alone: its absence is a missing value like any other, which becomes an empty text.
            let (_, value) = &mut set[1];
            let given = value.clone();
            let empty = Expression {
                kind: ExpressionKind::Literal(Literal::Text(String::new())),
                ..given.clone()
            };
            value.kind = ExpressionKind::Function {
                function: Function::Coalesce,
                arguments: vec![given, empty],
            };
        },
    );
}

#[test]
fn a_named_operation_for_everybody() {
    check("newsroom", "op.writeArticle/denied/anonymous", |plan| {
        operation(plan, "op.writeArticle").guard[0].caller = CallerClass::Anyone;
    });
}

/// Steps and inputs of named operations that keep to no tenant.
fn unconfine(plan: &mut Plan, of: &str) {
    let index = index(plan, of);
    plan.resources[index].confinement = None;
}

#[test]
fn a_step_that_finds_parts_of_another_tenant() {
    check("notes", "op.star/step-1-find/tenant", |plan| {
        unconfine(plan, "Line");
    });
}

#[test]
fn a_step_that_lists_parts_of_all_tenants() {
    check("notes", "op.lines/step-1-list/tenant", |plan| {
        unconfine(plan, "Line");
    });
}

#[test]
fn an_input_that_names_a_row_of_another_tenant() {
    check("notes", "op.answer/body.note/tenant", |plan| {
        unconfine(plan, "Note");
    });
}

#[test]
fn a_path_that_names_a_part_of_another_tenant() {
    check("notes", "op.lineNamed/path.line/tenant", |plan| {
        unconfine(plan, "Line");
    });
}

#[test]
fn a_relation_that_leads_to_rows_of_all_tenants() {
    check("notes", "op.topic/happy", |plan| {
        let (_, Shape::Object(parts)) = &mut named(plan, "topic").replies[0] else {
            panic!("no object");
        };
        let Shape::Each { list, .. } = &mut parts[0].1 else {
            panic!("no list");
        };
        let ExpressionKind::Filter { over, .. } = &list.kind else {
            panic!("not narrowed: {list:?}");
        };
        *list = (**over).clone();
    });
}
