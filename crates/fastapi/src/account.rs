//! What signing in is about, and the settings that all modules share.

use crate::imports::Imports;
use crate::names::Names;
use crate::python::sentence;
use crate::view::Scope;
use crate::view::router::admission;
use archwright_plan::model::ScalarType;
use archwright_plan::{OperationKind, Plan, limits, status_title};
use archwright_stack::name::constant;
use serde::Serialize;

/// The entity that signs in.
#[derive(Debug, Serialize)]
pub struct Account {
    pub entity: String,
    pub class: String,
    pub variable: String,
    pub package: String,
    pub table: String,
    pub path: String,
    pub sign_in: String,
    /// What makes of a name what is stored.
    pub normalised: String,
    pub active: String,
    pub password_min: u32,
    pub id_type: String,
    pub address: String,
    pub address_type: String,
    pub sign_up: bool,
}

#[derive(Debug, Serialize)]
pub struct SignInOperation {
    pub kind: String,
    pub path: String,
    pub name: String,
    pub function: String,
    pub rate: String,
    pub about: String,
    pub allowed: String,
    pub parameter: String,
}

#[derive(Debug, Serialize)]
pub struct Role {
    pub name: String,
    pub constant: String,
    pub includes: Vec<String>,
    pub granted_by: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Rate {
    pub name: String,
    pub count: u64,
    pub seconds: u64,
}

#[derive(Debug, Serialize)]
pub struct Limits {
    pub body: u64,
    pub nesting: usize,
    pub values: usize,
    pub key: usize,
    pub expanded: usize,
    pub faults: usize,
    pub password: usize,
    pub page_default: u32,
    pub page_max: u32,
}

#[derive(Debug, Serialize)]
pub struct Tokens {
    pub access: u64,
    pub refresh: u64,
}

#[derive(Debug, Serialize)]
pub struct Title {
    pub status: u16,
    pub text: String,
}

#[derive(Debug, Serialize)]
pub struct SetRoles {
    pub operation: String,
}

/// Numbers and words of the design that modules of the project hold.
#[derive(Debug, Serialize)]
pub struct Settings {
    pub name: String,
    pub title: String,
    pub about: String,
    pub scheme: String,
    pub schemes: String,
    pub roles: Vec<Role>,
    pub sign_up_roles: Vec<String>,
    pub rates: Vec<Rate>,
    pub limits: Limits,
    pub tokens: Tokens,
    pub titles: Vec<Title>,
    pub account: Option<Account>,
    pub operations: Vec<SignInOperation>,
    pub set_roles: Option<SetRoles>,
    pub me_path: String,
}

pub fn settings(plan: &Plan) -> Settings {
    let model = &plan.model;
    let api = &model.api;
    let role_name = |role: &archwright_plan::model::RoleId| constant(&model.role(*role).name);
    let roles = model.roles.iter().map(|role| Role {
        name: role.name.clone(),
        constant: constant(&role.name),
        includes: role.includes.iter().map(role_name).collect(),
        granted_by: role.granted_by.iter().map(role_name).collect(),
    });
    let statuses = [
        400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 415, 422, 429, 500, 503,
    ];
    let schemes: Vec<String> = api
        .schemes
        .iter()
        .map(|one| format!("\"{}\"", one.to_lowercase()))
        .collect();
    Settings {
        name: model.name.clone(),
        title: archwright_plan::words(&model.name),
        about: sentence(&model.about),
        scheme: api.scheme().to_owned(),
        schemes: format!("({},)", schemes.join(", ")),
        roles: roles.collect(),
        sign_up_roles: model
            .roles
            .iter()
            .filter(|role| role.sign_up)
            .map(|role| constant(&role.name))
            .collect(),
        rates: api
            .rates
            .iter()
            .map(|(name, rate)| Rate {
                name: name.clone(),
                count: rate.count,
                seconds: rate.per_seconds,
            })
            .collect(),
        limits: Limits {
            body: api.body_limit,
            nesting: limits::BODY_NESTING,
            values: limits::LISTED_VALUES,
            key: limits::IDEMPOTENCY_KEY_BYTES,
            expanded: limits::EXPANDED_ROWS,
            faults: limits::FAULTS,
            password: limits::PASSWORD_CHARACTERS,
            page_default: api.page_default,
            page_max: api.page_max,
        },
        tokens: Tokens {
            access: api.access_seconds,
            refresh: api.refresh_seconds,
        },
        titles: statuses
            .iter()
            .map(|status| Title {
                status: *status,
                text: status_title(*status).to_owned(),
            })
            .collect(),
        account: account(plan),
        operations: operations(plan),
        me_path: plan
            .operations
            .iter()
            .find(|one| one.kind == OperationKind::Me)
            .map_or(String::new(), |one| one.path.clone()),
        set_roles: plan
            .operations
            .iter()
            .find(|one| one.kind == OperationKind::SetRoles)
            .map(|one| SetRoles {
                operation: one.id.clone(),
            }),
    }
}

fn account(plan: &Plan) -> Option<Account> {
    let model = &plan.model;
    let account = model.account.as_ref()?;
    let names = Names { plan };
    let feature = archwright_stack::feature::Feature {
        root: account.entity,
        parts: Vec::new(),
    };
    let scope = Scope {
        plan,
        names,
        feature: &feature,
    };
    let entity = model.entity(account.entity);
    let lowered = model.field(account.sign_in).scalar() == Some(&ScalarType::Email);
    Some(Account {
        entity: entity.name.clone(),
        class: scope.class(),
        variable: scope.variable(),
        package: scope.package(),
        table: plan.table(account.entity).name.clone(),
        path: plan.resource(account.entity).path.clone(),
        sign_in: names.field(account.sign_in),
        normalised: if lowered { ".lower()" } else { "" }.to_owned(),
        active: scope.active(account.entity),
        password_min: account.password_min,
        id_type: "UUID".to_owned(),
        address: scope.address(account.entity),
        address_type: match scope.address_type(account.entity) {
            "str" => "str",
            _ => "UUID",
        }
        .to_owned(),
        sign_up: plan
            .operations
            .iter()
            .any(|one| one.kind == OperationKind::SignUp),
    })
}

fn operations(plan: &Plan) -> Vec<SignInOperation> {
    let Some(account) = &plan.model.account else {
        return Vec::new();
    };
    let feature = archwright_stack::feature::Feature {
        root: account.entity,
        parts: Vec::new(),
    };
    let scope = Scope {
        plan,
        names: Names { plan },
        feature: &feature,
    };
    let known = plan.operations.iter().filter_map(|one| {
        let (kind, function) = match one.kind {
            OperationKind::SignUp => ("sign-up", "sign_up"),
            OperationKind::SignIn => ("sign-in", "sign_in"),
            OperationKind::Refresh => ("refresh", "refresh"),
            OperationKind::SignOut => ("sign-out", "sign_out"),
            OperationKind::Me => ("me", "me"),
            OperationKind::ChangePassword => ("password", "change_password"),
            OperationKind::SetRoles => ("set-roles", "set_roles"),
            _ => return None,
        };
        let admission = admission(&scope, one, &mut Imports::default());
        let allowed = admission.trim_end_matches(')').split_once(", ");
        Some(SignInOperation {
            kind: kind.to_owned(),
            path: one.path.clone(),
            name: one.operation_id.clone(),
            function: function.to_owned(),
            rate: one.rate.clone(),
            about: format!("{}.", one.summary),
            allowed: allowed.map_or(String::new(), |(_, roles)| format!(", {roles}")),
            parameter: one
                .parameters
                .first()
                .map_or(String::new(), |one| one.name.clone()),
        })
    });
    known.collect()
}
