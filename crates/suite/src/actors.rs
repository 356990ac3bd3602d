//! Who calls: the test sign-ins, accounts that sign up, and one without a role.

use crate::client::Request;
use crate::oracle::Who;
use crate::session::{ANONYMOUS, Actor, Outcome, Session, skip, unreached};
use archwright_plan::OperationKind;
use archwright_plan::model::{FieldKind, RoleId};
use serde_json::json;

/// A name and a password that the server knows, for a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The role's name; for designs without roles, and for an account without one, `none`.
    pub role: String,
    pub name: String,
    pub password: String,
}

impl Session<'_> {
    /// Signs in with what the user gave.
    pub fn sign_in_all(&mut self, sign_ins: &[SignIn]) -> Result<(), String> {
        self.actors.push(Actor {
            name: "anonymous".to_owned(),
            ..Actor::default()
        });
        if self.plan.model.account.is_none() {
            return Ok(());
        }
        for sign_in in sign_ins {
            let same = self
                .actors
                .iter()
                .filter(|actor| actor.name.split('/').next() == Some(&sign_in.role))
                .count();
            let name = match same {
                0 => sign_in.role.clone(),
                _ => format!("{}/{}", sign_in.role, same + 1),
            };
            self.actors.push(Actor {
                name,
                sign_in: sign_in.name.clone(),
                password: sign_in.password.clone(),
                ..Actor::default()
            });
            let actor = self.actors.len() - 1;
            self.sign_in(actor).map_err(|status| {
                format!(
                    "can't sign in as {} (for the role {}): the server answered {status}; give accounts with --sign-in, see --help",
                    sign_in.name, sign_in.role
                )
            })?;
        }
        Ok(())
    }

    /// Gets tokens and the account; `Err` has the status, or what went wrong.
    pub fn sign_in(&mut self, actor: usize) -> Result<(), String> {
        let account = self.plan.model.account.as_ref().ok_or("no accounts")?;
        let operation = self
            .operation_of(OperationKind::SignIn)
            .ok_or("no sign-in")?;
        let field = &self.plan.model.field(account.sign_in).name;
        let known = &self.actors[actor];
        let body = json!({ field: known.sign_in, "password": known.password });
        let request = Request::new("POST", &operation.path).json(body);
        let reply = self.client.send(&request)?;
        let json = reply.json.unwrap_or_default();
        let token = |name: &str| json[name].as_str().map(str::to_owned);
        if reply.status != 200 || token("access_token").is_none() {
            return Err(reply.status.to_string());
        }
        let entity = account.entity;
        let (access, refresh) = (token("access_token"), token("refresh_token"));
        self.actors[actor].access = access;
        self.actors[actor].refresh = refresh;
        let row = self
            .absorb(entity, &json["account"])
            .ok_or("no account in the reply")?;
        let password = self.actors[actor].password.clone();
        if let Some(row) = self.world.get_mut(&row) {
            row.password = Some(password);
        }
        let roles = self.world.get(&row).and_then(|row| row.roles.clone());
        self.actors[actor].who = Who {
            account: Some(row),
            roles: roles.unwrap_or_default(),
        };
        Ok(())
    }

    /// The first actor whose only role this is.
    pub fn of_role(&self, role: Option<RoleId>) -> Option<usize> {
        self.all_of_role(role).first().copied()
    }

    pub fn all_of_role(&self, role: Option<RoleId>) -> Vec<usize> {
        let wanted: Vec<RoleId> = role.into_iter().collect();
        let actors = self.actors.iter().enumerate();
        let fitting =
            actors.filter(|(_, actor)| actor.who.account.is_some() && actor.who.roles == wanted);
        fitting.map(|(index, _)| index).collect()
    }

    /// The tenant that the actor's account belongs to.
    pub fn tenant_of(&self, actor: usize) -> Option<archwright_evaluate::RowRef> {
        let account = self.actors[actor].who.account.as_ref()?;
        self.world.tenant(account)
    }

    /// An account that has just signed up, in the tenant of another actor where there are tenants.
    pub fn newcomer(&mut self, like: Option<usize>) -> Outcome<usize> {
        self.afresh(|session| session.signed_up(like))
    }

    fn signed_up(&mut self, like: Option<usize>) -> Outcome<usize> {
        let Some(operation) = self.operation_of(OperationKind::SignUp) else {
            return skip("nobody can sign up");
        };
        let entity = operation
            .entity
            .unwrap_or(archwright_plan::model::EntityId(0));
        let mut fixed = crate::oracle::Body::default();
        let tenant_field = self.plan.model.entity(entity).tenant;
        let tenant = like.and_then(|like| self.tenant_of(like));
        if let (Some(field), Some(tenant)) = (tenant_field, tenant) {
            fixed.set(field, crate::oracle::Given::Row(tenant));
        }
        let name = format!("newcomer-{}", self.actors.len());
        for _ in 0..200 {
            let style = crate::propose::Style::Varied;
            let inputs = &self.plan.resource(entity).create;
            let Some(body) = self.propose(inputs, ANONYMOUS, &fixed, style) else {
                continue;
            };
            if self.imagine_sign_up(&body, |_, _, refusals| refusals.is_empty()) {
                return self.sign_up(operation, &body, name);
            }
        }
        unreached("no sign-up is found that keeps the rules")
    }

    /// A new account with the role; where nobody may take it away, with the one too that everybody gets who signs up.
    pub fn newcomer_of(&mut self, role: RoleId, like: Option<usize>) -> Outcome<usize> {
        let newcomer = self.prepare(|session| session.newcomer(like))?;
        let own = self.actors[newcomer].who.roles.clone();
        if own.contains(&role) {
            return Ok(newcomer);
        }
        let Some(row) = self.actors[newcomer].who.account.clone() else {
            return skip("no account was made");
        };
        let Some(operation) = self.operation(row.entity, OperationKind::SetRoles) else {
            return skip("nobody can give roles");
        };
        let both: Vec<RoleId> = own.into_iter().chain([role]).collect();
        for wanted in [vec![role], both] {
            for other in 1..self.actors.len() {
                if self
                    .role_refusals(other, operation, &row, &wanted)
                    .is_empty()
                {
                    self.prepare(|session| session.set_roles(other, operation, &row, &wanted))?;
                    return Ok(newcomer);
                }
            }
        }
        skip("no test sign-in can give the role")
    }

    /// A new account without a role.
    pub fn newcomer_without_role(&mut self) -> Outcome<usize> {
        let newcomer = self.prepare(|session| session.newcomer(None))?;
        if self.actors[newcomer].who.roles.is_empty() {
            return Ok(newcomer);
        }
        let row = self.actors[newcomer].who.account.clone();
        let row = row.and_then(|row| {
            let operation = self.operation(row.entity, OperationKind::SetRoles)?;
            Some((row, operation))
        });
        if let Some((row, operation)) = row {
            for other in 1..self.actors.len() {
                if self.role_refusals(other, operation, &row, &[]).is_empty() {
                    self.prepare(|session| session.set_roles(other, operation, &row, &[]))?;
                    return Ok(newcomer);
                }
            }
        }
        skip("whoever signs up has a role, and nobody may take it")
    }

    /// Takes the role from an account that others of its role can spare, so that there is one without a role.
    /// Gives the account and its role, to be given back.
    pub fn without_role(&mut self) -> Option<(usize, Vec<RoleId>)> {
        let entity = self.plan.model.account.as_ref()?.entity;
        let operation = self.operation(entity, OperationKind::SetRoles)?;
        for actor in (1..self.actors.len()).rev() {
            let Some(role) = self.actors[actor].role() else {
                continue;
            };
            let includes = |actor: &Actor| {
                let mut roles = actor.who.roles.iter();
                roles.any(|own| self.plan.model.role(*own).includes.contains(&role))
            };
            let others = self
                .actors
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != actor);
            if !others.clone().any(|(_, other)| includes(other))
                || self.all_of_role(Some(role)).len() < 2
            {
                continue;
            }
            let row = self.actors[actor].who.account.clone()?;
            let granting: Vec<usize> = others.map(|(index, _)| index).collect();
            for other in granting {
                let judge = self.judge(other);
                let may = judge.admit_to(operation, &row).is_none()
                    && self
                        .plan
                        .model
                        .role(role)
                        .granted_by
                        .iter()
                        .any(|granting| judge.is_of(archwright_plan::CallerClass::Role(*granting)));
                if may && self.set_roles(other, operation, &row, &[]).is_ok() {
                    self.actors[actor].name = "no-role".to_owned();
                    self.sign_in(actor).ok()?;
                    return Some((actor, vec![role]));
                }
            }
        }
        None
    }

    /// Gives roles back that [`Self::without_role`] took.
    pub fn restore_roles(&mut self, actor: usize, roles: &[RoleId]) {
        let entity = self
            .plan
            .model
            .account
            .as_ref()
            .map(|account| account.entity);
        let operation = entity.and_then(|entity| self.operation(entity, OperationKind::SetRoles));
        let (Some(operation), Some(row)) = (operation, self.actors[actor].who.account.clone())
        else {
            return;
        };
        for other in 1..self.actors.len() {
            if self.judge(other).admit_to(operation, &row).is_none()
                && self.set_roles(other, operation, &row, roles).is_ok()
                && self.actors[actor].who.roles == roles
            {
                return;
            }
        }
    }

    /// Computed fields that look at rows which nobody among the callers can list in full.
    pub fn find_opaque(&mut self) {
        let model = &self.plan.model;
        let hidden: Vec<bool> = model
            .entities
            .iter()
            .map(|entity| !self.is_listed(entity.id))
            .collect();
        let entities = model.entities.iter().map(|entity| entity.id);
        self.world.hidden = entities.filter(|entity| hidden[entity.0]).collect();
        let mut opaque = std::collections::BTreeSet::new();
        loop {
            let before = opaque.len();
            for field in model.entities.iter().flat_map(|entity| &entity.fields) {
                let Some(computed) = &field.computed else {
                    continue;
                };
                let mut found = false;
                computed.walk(&mut |part| {
                    let archwright_plan::model::ExpressionKind::Field { field: inner, .. } =
                        &part.kind
                    else {
                        return;
                    };
                    let hides = match &model.field(*inner).kind {
                        FieldKind::ToMany(relation) => hidden[relation.target.0],
                        _ => false,
                    };
                    found |= hides || opaque.contains(inner);
                });
                if found {
                    opaque.insert(field.id);
                }
            }
            if opaque.len() == before {
                break;
            }
        }
        self.world.opaque = opaque;
    }

    /// Whether some caller lists all rows of the entity, those of other tenants apart.
    fn is_listed(&self, entity: archwright_plan::model::EntityId) -> bool {
        let definition = self.plan.model.entity(entity);
        if let Some(part) = definition.part_of {
            return self.is_listed(part.whole);
        }
        let Some(operation) = self.operation(entity, OperationKind::List) else {
            return false;
        };
        operation.guard.iter().any(|alternative| {
            let some =
                (0..self.actors.len()).any(|actor| self.judge(actor).is_of(alternative.caller));
            let open = alternative.when.as_ref().is_none_or(is_tenancy);
            some && open && !alternative.owner
        })
    }
}

/// Whether the condition says no more than that the row is of the caller's tenant.
pub fn is_tenancy(condition: &archwright_plan::model::Expression) -> bool {
    use archwright_plan::model::{BinaryOperator, ExpressionKind};
    match &condition.kind {
        ExpressionKind::Binary {
            operator: BinaryOperator::Equal,
            right,
            ..
        } => matches!(right.kind, ExpressionKind::CallerTenant),
        _ => false,
    }
}
