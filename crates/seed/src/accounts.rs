//! The people who can sign in to a seeded backend: two for each role.

use archwright_plan::model::{Account, Literal, Model, RoleId, ScalarType};
use archwright_plan::{Plan, SeedAccount, SeedRow};

/// What every seeded account signs in with, as long as the design asks for no longer one.
pub const PASSWORD: &str = "archwright-dev-1";

/// Accounts for each role.
const EACH: usize = 2;

/// A sign-in that is printed when a seeded server starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Absent for an account without a role.
    pub role: Option<RoleId>,
    /// The role's name, or `user`.
    pub role_name: String,
    /// What the person types as e-mail address or name.
    pub sign_in: String,
    pub password: String,
}

/// An account that has to be among the seeded ones.
pub(crate) struct Wanted {
    pub roles: Vec<RoleId>,
    /// `staff`, `staff2`
    pub name: String,
    /// Its place among all of them.
    pub place: usize,
}

/// Two accounts for each role, or two without one where there are no roles. The first of each stand before the second
/// ones, so that tenants, which take turns, get each role.
pub(crate) fn wanted(model: &Model) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for number in 0..EACH {
        if model.roles.is_empty() {
            wanted.push(Wanted {
                roles: Vec::new(),
                name: numbered("user", number),
                place: number,
            });
        }
        for (index, role) in model.roles.iter().enumerate() {
            wanted.push(Wanted {
                roles: vec![RoleId(index)],
                name: numbered(&role.name, number),
                place: number * model.roles.len() + index,
            });
        }
    }
    wanted
}

fn numbered(name: &str, number: usize) -> String {
    match number {
        0 => name.to_owned(),
        _ => format!("{name}{}", number + 1),
    }
}

/// What the account types; absent when the sign-in field takes no such text.
pub(crate) fn sign_in_text(model: &Model, account: &Account, wanted: &Wanted) -> Option<String> {
    let name = &wanted.name;
    match model.field(account.sign_in).scalar()? {
        ScalarType::Email => Some(format!("{name}@example.com").to_lowercase()),
        ScalarType::Slug => Some(crate::slug_of(name)),
        // Of the numbers that belong to nobody.
        ScalarType::Phone => Some(format!("+447700900{:03}", wanted.place)),
        ScalarType::String { .. } | ScalarType::Text { .. } => Some(name.clone()),
        _ => None,
    }
}

/// The development password, lengthened where the design asks for more.
pub(crate) fn password(account: &Account) -> String {
    let mut password = PASSWORD.to_owned();
    while password.chars().count() < account.password_min as usize {
        password.push_str("-archwright");
    }
    password
}

/// What somebody who signs up gets.
pub(crate) fn signed_up(model: &Model, account: &Account) -> SeedAccount {
    let roles = model.roles.iter().position(|role| role.sign_up);
    SeedAccount {
        password: password(account),
        roles: roles.map(RoleId).into_iter().collect(),
    }
}

/// The sign-ins that a seeded backend has, whatever else it is seeded with, as far as the design lets them be foretold.
pub fn known_sign_ins(model: &Model) -> Vec<SignIn> {
    let Some(account) = &model.account else {
        return Vec::new();
    };
    let known = wanted(model).into_iter().filter_map(|wanted| {
        let role = wanted.roles.first().copied();
        Some(SignIn {
            role,
            role_name: role.map_or("user".to_owned(), |role| model.role(role).name.clone()),
            sign_in: sign_in_text(model, account, &wanted)?,
            password: password(account),
        })
    });
    known.collect()
}

/// Up to two sign-ins for each role, among the rows that [`crate::rows`] made.
pub fn sign_ins(rows: &[SeedRow], plan: &Plan) -> Vec<SignIn> {
    let model = &plan.model;
    let Some(account) = &model.account else {
        return Vec::new();
    };
    let known: Vec<(&SeedAccount, String)> = rows
        .iter()
        .filter(|row| row.entity == account.entity)
        .filter_map(|row| {
            let (_, value) = row
                .values
                .iter()
                .find(|(field, _)| *field == account.sign_in)?;
            let text = match value {
                Literal::Text(text) => text.clone(),
                Literal::Int(number) => number.to_string(),
                _ => return None,
            };
            Some((row.account.as_ref()?, text))
        })
        .collect();
    let mut found: Vec<SignIn> = Vec::new();
    for wanted in wanted(model) {
        let named = sign_in_text(model, account, &wanted);
        let mut fitting = known.iter().filter(|(account, text)| {
            account.roles == wanted.roles && found.iter().all(|other| other.sign_in != *text)
        });
        let first = fitting.clone().next();
        let Some((account, text)) = fitting
            .find(|(_, text)| Some(text) == named.as_ref())
            .or(first)
        else {
            continue;
        };
        let role = wanted.roles.first().copied();
        found.push(SignIn {
            role,
            role_name: role.map_or("user".to_owned(), |role| model.role(role).name.clone()),
            sign_in: text.clone(),
            password: account.password.clone(),
        });
    }
    found.sort_by_key(|sign_in| sign_in.role);
    found
}
