//! Steps about accounts: passwords that become credentials or prove who somebody is, and tokens.

use super::context::Lowering;
use super::typing::{Binding, Bindings, Scope};
use crate::{
    EntityId, Expression, ExpressionKind, FieldId, InputField, InputKind, InputPlace,
    PASSWORD_CHARACTERS, RoleId, ScalarType, Shape, SignUp, Step, StepKind, Type,
};
use archwright_design::ast::{StepKind as Source, Text};

/// What a text of the body is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// Who signs in: may also be an e-mail address.
    Name,
    /// A password.
    Required,
    /// A new password, or none.
    MayBeAbsent,
}

impl Lowering<'_> {
    /// What `create` says of the credentials of a new account.
    pub fn sign_up_of(
        &mut self,
        entity: EntityId,
        password: Option<&Text>,
        role: Option<&Text>,
        scope: &Scope,
    ) -> Option<SignUp> {
        let Some(password) = password else {
            if let Some(role) = role {
                let message = "a role is of no use without a password";
                self.error("AW368", role.span, message, "add `password`");
            }
            return None;
        };
        if !self.is_account(entity, password) {
            return None;
        }
        let role = self.role_of_new(password, role);
        let password = self.body_text(password, scope, Presence::Required);
        Some(SignUp {
            password: password?,
            role: role?,
        })
    }

    fn role_of_new(&mut self, password: &Text, role: Option<&Text>) -> Option<RoleId> {
        if let Some(role) = role {
            return self.find_role(role);
        }
        let open = self.roles.iter().position(|role| role.sign_up);
        if open.is_none() {
            let message = "nothing says which role the new account has";
            let help = "add `role: member`, or give one role `sign-up: open`";
            self.error("AW368", password.span, message, help);
        }
        open.map(RoleId)
    }

    /// What `update` makes of the password of an account.
    pub fn new_password(
        &mut self,
        entity: EntityId,
        password: &Text,
        scope: &Scope,
    ) -> Option<Vec<String>> {
        match self.is_account(entity, password) {
            true => self.body_text(password, scope, Presence::MayBeAbsent),
            false => None,
        }
    }

    fn is_account(&mut self, entity: EntityId, place: &Text) -> bool {
        let account = self.account.as_ref().map(|account| account.entity);
        let is = account == Some(entity);
        if !is {
            let message = format!("`{}` does not sign in", self.entity(entity).name);
            let help = "only the entity with `account` has passwords";
            self.error("AW368", place.span, message, help);
        }
        is
    }

    /// The path of a text of the body that is a value of its own.
    fn body_text(&mut self, text: &Text, scope: &Scope, presence: Presence) -> Option<Vec<String>> {
        let typed = self.typed(text, scope)?;
        let plain = matches!(
            (&typed.scalar, presence),
            (Some(ScalarType::String { .. }), _) | (Some(ScalarType::Email), Presence::Name)
        );
        let (nullable, span) = (typed.expression.nullable, typed.expression.span);
        let path = match typed.expression.kind {
            ExpressionKind::Input {
                place: InputPlace::Body,
                path,
            } if plain => path,
            _ => {
                let message = "this has to be a text of the body, and nothing else";
                let help = "name an input of the type `string`: `body.user.password`";
                self.error("AW368", span, message, help);
                return None;
            }
        };
        if nullable && presence != Presence::MayBeAbsent {
            let help = "make the input required";
            self.error("AW368", span, "this may be missing", help);
            return None;
        }
        Some(path)
    }

    pub fn sign_in_step(
        &mut self,
        source: &Source,
        scope: &mut Scope,
        bindings: &mut Bindings,
    ) -> Option<StepKind> {
        let Source::SignIn {
            name,
            entity,
            key,
            password,
        } = source
        else {
            return None;
        };
        let found = self.find_entity(entity);
        let is_account = found.is_some_and(|found| self.is_account(found, entity));
        let key = found
            .filter(|_| is_account)
            .and_then(|found| self.sign_in_key(found, name, key, scope));
        let password = password.as_ref();
        let password =
            password.and_then(|password| self.body_text(password, scope, Presence::Required));
        let bind = self.bind_row(name, found, scope, bindings, false);
        let (key, value) = key?;
        Some(StepKind::SignIn {
            bind,
            name: name.value.clone(),
            key,
            value,
            password: password?,
        })
    }

    fn sign_in_key(
        &mut self,
        entity: EntityId,
        name: &Text,
        key: &[(Text, Text)],
        scope: &Scope,
    ) -> Option<(FieldId, Vec<String>)> {
        let [(field_name, value)] = key else {
            let message = "an account signs in by one field";
            self.error(
                "AW368",
                name.span,
                message,
                "write `key: { email: body.user.email }`",
            );
            return None;
        };
        let field = self.find_field(entity, field_name);
        let value = self.body_text(value, scope, Presence::Name);
        let field = field?;
        self.check_unique_key(entity, name, key);
        let text = self.field(field).scalar().is_some_and(ScalarType::is_text);
        if !text && !self.broken.contains(&field) {
            let message = format!("nobody signs in by `{}`", field_name.value);
            self.error("AW368", field_name.span, message, "name a unique text");
        }
        Some((field, value?))
    }

    pub fn token_step(
        &mut self,
        name: &Text,
        row: &Text,
        scope: &mut Scope,
        bindings: &mut Bindings,
        sometimes: bool,
    ) -> Option<StepKind> {
        if scope.this.is_some() {
            let message = "a move shows no token";
            self.error(
                "AW368",
                name.span,
                message,
                "open the session in an operation",
            );
        }
        let found = self.row(row, scope);
        self.check_binding_name(name, scope);
        let bind = bindings.next();
        scope.bind(Binding {
            name: name.value.clone(),
            id: bind,
            ty: Type::Text,
            nullable: sometimes,
            scalar: None,
        });
        let (expression, entity) = found?;
        self.is_account(entity, row).then_some(StepKind::Token {
            bind,
            name: name.value.clone(),
            row: expression,
        })
    }

    /// Signing in stands first: what it costs to compare a password is spent before the transaction.
    pub fn check_sign_in_place(&mut self, source: &archwright_design::ast::Step, first: bool) {
        let Source::SignIn { name, .. } = &source.kind else {
            return;
        };
        if !first {
            let message = "`sign-in` is not the first step of an operation";
            let help = "move it to the beginning: passwords are compared before the transaction";
            self.error("AW369", name.span, message, help);
        }
        if let Some(condition) = &source.condition {
            let message = "`sign-in` has no condition";
            self.error("AW369", condition.span, message, "remove `if`");
        }
    }

    /// Inputs that are passwords keep to what the account asks of one.
    pub fn mark_passwords(&mut self, steps: &[Step], body: &mut [InputField]) {
        for step in steps {
            match &step.kind {
                StepKind::Create {
                    sign_up: Some(SignUp { password, .. }),
                    ..
                }
                | StepKind::Update {
                    password: Some(password),
                    ..
                } => {
                    let least = self
                        .account
                        .as_ref()
                        .map_or(0, |account| account.password_min);
                    if let Some(input) = input_at(body, password) {
                        self.narrow(input, least);
                    }
                }
                StepKind::SignIn { password, .. } => {
                    if let Some(input) = input_at(body, password) {
                        input.secret = true;
                    }
                }
                StepKind::Each { steps, .. } => self.mark_passwords(steps, body),
                _ => {}
            }
        }
    }

    /// A password is compared and hashed; no step stores it, and no reply shows it.
    pub fn refuse_shown_passwords(
        &mut self,
        steps: &[Step],
        replies: &[(u16, Shape)],
        body: &[InputField],
    ) {
        let mut secrets = Vec::new();
        secret_paths(body, &mut Vec::new(), &mut secrets);
        if secrets.is_empty() {
            return;
        }
        let mut spans = Vec::new();
        let mut look = |expression: &Expression| {
            expression.walk(&mut |part| {
                if let ExpressionKind::Input {
                    place: InputPlace::Body,
                    path,
                } = &part.kind
                    && secrets.iter().any(|secret| secret.starts_with(path))
                {
                    spans.push(part.span);
                }
            });
        };
        in_steps(steps, &mut look);
        for (_, shape) in replies {
            in_shape(shape, &mut look);
        }
        for span in spans {
            let help = "remove it: a password is hashed or compared, and nothing else";
            self.error("AW368", span, "this would show or store a password", help);
        }
    }

    fn narrow(&mut self, input: &mut InputField, least: u32) {
        input.secret = true;
        let InputKind::Scalar(ScalarType::String { min, max }) = &mut input.kind else {
            return;
        };
        (*min, *max) = ((*min).max(least), (*max).min(PASSWORD_CHARACTERS));
        if min > max {
            let message = format!("a password has at least {least} characters");
            let help = format!("write `string({least}..{PASSWORD_CHARACTERS})`");
            self.error("AW368", input.span, message, help);
        }
    }
}

fn input_at<'i>(fields: &'i mut [InputField], path: &[String]) -> Option<&'i mut InputField> {
    let (first, rest) = path.split_first()?;
    let field = fields.iter_mut().find(|field| field.name == *first)?;
    if rest.is_empty() {
        return Some(field);
    }
    match &mut field.kind {
        InputKind::Object(inner) => input_at(inner, rest),
        _ => None,
    }
}

fn secret_paths(fields: &[InputField], path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    for field in fields {
        path.push(field.name.clone());
        if field.secret {
            found.push(path.clone());
        }
        if let InputKind::Object(inner) = &field.kind {
            secret_paths(inner, path, found);
        }
        path.pop();
    }
}

/// What steps look for, write and refuse with. A condition on what the caller has said itself tells nobody anything.
fn in_steps(steps: &[Step], look: &mut dyn FnMut(&Expression)) {
    for step in steps {
        match &step.kind {
            StepKind::Find { filter, .. } => filter.iter().for_each(&mut *look),
            StepKind::List {
                filter,
                limit,
                offset,
                ..
            } => filter
                .iter()
                .chain(limit)
                .chain(offset)
                .for_each(&mut *look),
            StepKind::Guard { .. } | StepKind::SignIn { .. } => {}
            StepKind::Create { set, .. } => set.iter().for_each(|(_, value)| look(value)),
            StepKind::Update { row, set, .. } => {
                look(row);
                set.iter().for_each(|(_, value)| look(value));
            }
            StepKind::Upsert { key, set, .. } | StepKind::GetOrCreate { key, set, .. } => {
                key.iter().chain(set).for_each(|(_, value)| look(value));
            }
            StepKind::Delete { row } | StepKind::Move { row, .. } | StepKind::Token { row, .. } => {
                look(row);
            }
            StepKind::Link { from, row, .. } | StepKind::Unlink { from, row, .. } => {
                look(from);
                look(row);
            }
            StepKind::Increment { row, by, .. } => {
                look(row);
                look(by);
            }
            StepKind::Each { list, steps, .. } => {
                look(list);
                in_steps(steps, look);
            }
        }
        if let Some(shape) = &step.refusal {
            in_shape(shape, look);
        }
    }
}

fn in_shape(shape: &Shape, look: &mut dyn FnMut(&Expression)) {
    match shape {
        Shape::Nothing => {}
        Shape::Value(value) | Shape::Show { of: value, .. } => look(value),
        Shape::Object(parts) => parts.iter().for_each(|(_, part)| in_shape(part, look)),
        Shape::IfPresent(inner) => in_shape(inner, look),
        Shape::If {
            test,
            then,
            otherwise,
        } => {
            look(test);
            in_shape(then, look);
            otherwise.iter().for_each(|part| in_shape(part, look));
        }
        Shape::Each { list, item, .. } => {
            look(list);
            in_shape(item, look);
        }
    }
}
