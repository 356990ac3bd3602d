//! Who may do what to rows, and what their fields take.

use super::*;

// ---- access ---------------------------------------------------------------------------------------------------------

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

// ---- fields ---------------------------------------------------------------------------------------------------------

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

// ---- input ----------------------------------------------------------------------------------------------------------

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
