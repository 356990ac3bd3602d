//! Expressions of fields and entities: defaults, computed values, checks, and who sees and sets a field.

use super::access::GrantPlace;
use super::context::Lowering;
use super::literals;
use super::names::Form;
use super::typing::{Absent, Scope, expression};
use crate::{
    Check, EntityId, Expression, ExpressionKind, FieldId, FieldKind, Literal, ScalarType, Type,
};
use archwright_design::ast::{self, Text};
use std::collections::BTreeSet;

impl Lowering<'_> {
    pub fn check_expressions(&mut self) {
        for entity in self.entity_ids() {
            for index in 0..self.field_sources[entity.0].len() {
                let id = FieldId { entity, index };
                let source = self.field_sources[entity.0][index];
                if self.broken.contains(&id) {
                    continue;
                }
                if let Some(default) = &source.default {
                    let default = self.default_value(id, default, source.plain_default);
                    self.field_mut(id).default = default;
                }
                if let Some(computed) = &source.computed {
                    let computed = self.computed_value(id, computed);
                    self.field_mut(id).computed = computed;
                }
                self.field_grants(id, source);
            }
            self.check_checks(entity);
            self.default_state(entity);
        }
        self.check_computed();
        self.check_impersonal();
    }

    /// A check holds whoever writes, also where it reads computed fields.
    fn check_impersonal(&mut self) {
        let mut found = Vec::new();
        for check in self.entities.iter().flat_map(|entity| &entity.checks) {
            check.that.walk(&mut |part| {
                if let ExpressionKind::Field { field, .. } = part.kind
                    && self.depends_on_caller(field)
                {
                    found.push((field, part.span));
                }
            });
        }
        for (field, span) in found {
            let message = format!(
                "`{}` depends on the caller, and a check holds whoever writes",
                self.path(field)
            );
            let help = "compare stored fields, or say it under `allow`";
            self.error("AW326", span, message, help);
        }
    }

    /// Whether a field is computed from who asks, directly or through other computed fields.
    fn depends_on_caller(&self, field: FieldId) -> bool {
        let (mut open, mut seen) = (vec![field], BTreeSet::new());
        while let Some(field) = open.pop() {
            let Some(computed) = &self.field(field).computed else {
                continue;
            };
            let mut personal = false;
            computed.walk(&mut |part| match part.kind {
                ExpressionKind::Caller
                | ExpressionKind::SignedIn
                | ExpressionKind::HasRole(_)
                | ExpressionKind::CallerTenant => personal = true,
                ExpressionKind::Field { field, .. } if seen.insert(field) => open.push(field),
                _ => {}
            });
            if personal {
                return true;
            }
        }
        false
    }

    // ---- defaults ----

    fn default_value(&mut self, id: FieldId, text: &Text, plain: bool) -> Option<Expression> {
        if let FieldKind::ToMany(_) = self.field(id).kind {
            return None;
        }
        let whole = text.value.trim();
        let literal = plain
            && !whole.starts_with(['\'', '"'])
            && whole != "null"
            && literals::read_for(self.field(id), whole).is_ok();
        if let Some(scalar) = self.field(id).scalar().cloned()
            && let Some(written) = bare_literal(&scalar, &text.value).or(literal.then_some(whole))
        {
            return match literals::read_for(self.field(id), written) {
                Ok(literal) => Some(expression(
                    ExpressionKind::Literal(literal),
                    scalar.value_type(),
                    false,
                    text.span,
                )),
                Err(why) => {
                    let what = format!("the default of `{}`", self.field(id).name);
                    self.bad_literal(text, &what, &why);
                    None
                }
            };
        }
        // Whether somebody is signed in when a row is made is the access rules' matter: an absent caller leaves the
        // field without a default, and the request is refused for lack of a value.
        let scope = Scope {
            signed_in: true,
            hint: Some(
                "a default does not see the row: write `:=` for a value that is computed from it, and text in `'quotes'`",
            ),
            ..Scope::default()
        };
        let value = self.assigned(text, id, &scope, Absent::Counts)?;
        if self.field(id).scalar().is_some()
            && let Some(written) = constant(&value)
            && let Err(why) = literals::read_for(self.field(id), &written)
        {
            let what = format!("the default of `{}`", self.field(id).name);
            self.bad_literal(text, &what, &why);
            return None;
        }
        Some(value)
    }

    /// A state that has no default begins with its first value.
    fn default_state(&mut self, entity: EntityId) {
        let Some(machine) = &self.entity(entity).state else {
            return;
        };
        let (field, initial) = (machine.field, machine.initial.clone());
        if self.field(field).default.is_none() {
            let span = self.field(field).span;
            let literal = ExpressionKind::Literal(Literal::Text(initial));
            self.field_mut(field).default = Some(expression(literal, Type::Text, false, span));
        }
    }

    // ---- computed values ----

    fn computed_value(&mut self, id: FieldId, text: &Text) -> Option<Expression> {
        let scalar = self.field(id).scalar().cloned()?;
        let typed = self.typed(text, &Scope::rule(id.entity))?;
        let value = self.fit(typed, &scalar)?;
        let shown = !self.field(id).write_only;
        if shown && !self.refuse_write_only(&value) {
            return None;
        }
        if value.nullable && !self.field(id).optional {
            let message = format!("this may be missing, and `{}` is required", self.path(id));
            self.error(
                "AW322",
                value.span,
                message,
                "add `?` to the type, or use `coalesce(value, instead)`",
            );
            return None;
        }
        Some(value)
    }

    // ---- who sees and sets a field ----

    fn field_grants(&mut self, id: FieldId, source: &ast::Field) {
        if let Some(grant) = source.visible.as_ref().and_then(|grants| grants.first())
            && self.entity(id.entity).key == Some(id)
        {
            let message = format!(
                "`{}` addresses rows, so everyone sees it",
                source.name.value
            );
            let help = "remove `visible`, or name another field as the key";
            self.error("AW228", grant.who.span, message, help);
        }
        let visible = source
            .visible
            .as_ref()
            .map(|grants| self.grants(grants, Some(id.entity), GrantPlace::Read));
        let settable = source
            .settable
            .as_ref()
            .map(|grants| self.grants(grants, Some(id.entity), GrantPlace::Read));
        let field = self.field_mut(id);
        (field.visible, field.settable) = (visible, settable);
    }

    // ---- checks ----

    fn check_checks(&mut self, entity: EntityId) {
        let source = self.sources[entity.0];
        for check in &source.checks {
            self.check_name(&check.name, Form::Word, "a check");
            let scope = Scope {
                no_caller: Some((
                    "a check holds whoever writes",
                    "move the condition to `allow`",
                )),
                ..Scope::rule(entity)
            };
            let Some(that) = self.condition(&check.that, &scope) else {
                continue;
            };
            let own_row = self.is_own_row(&that);
            let message = match &check.message {
                Some(message) => message.value.clone(),
                None => format!("This has to hold: {}.", check.that.value.trim()),
            };
            self.entities[entity.0].checks.push(Check {
                name: check.name.value.clone(),
                that,
                message,
                own_row,
            });
        }
    }

    /// Whether a condition can be judged by a row's own columns alone.
    fn is_own_row(&self, expression: &Expression) -> bool {
        match &expression.kind {
            ExpressionKind::Field { of, field } => {
                let field = self.field(*field);
                let stored = self
                    .source(field.id)
                    .is_none_or(|source| source.computed.is_none());
                matches!(of.kind, ExpressionKind::This)
                    && stored
                    && !field.sensitive
                    && field.to_many().is_none()
            }
            ExpressionKind::Id(of) => match &of.kind {
                ExpressionKind::This => true,
                ExpressionKind::Field { .. } => self.is_own_row(of),
                _ => false,
            },
            ExpressionKind::Literal(_) | ExpressionKind::This => true,
            ExpressionKind::Not(_)
            | ExpressionKind::Negate(_)
            | ExpressionKind::Binary { .. }
            | ExpressionKind::List(_)
            | ExpressionKind::Conditional { .. }
            | ExpressionKind::Function { .. } => expression
                .children()
                .into_iter()
                .all(|child| self.is_own_row(child)),
            ExpressionKind::In { item, list } => {
                matches!(list.kind, ExpressionKind::List(_))
                    && self.is_own_row(item)
                    && self.is_own_row(list)
            }
            _ => false,
        }
    }
}

/// The text of a value that an expression has whoever asks: `'draft'`, `(3)`, `-(3)`.
fn constant(expression: &Expression) -> Option<String> {
    match &expression.kind {
        ExpressionKind::Literal(Literal::Text(text)) => Some(text.clone()),
        ExpressionKind::Literal(Literal::Bool(value)) => Some(value.to_string()),
        ExpressionKind::Literal(Literal::Int(value)) => Some(value.to_string()),
        ExpressionKind::Literal(Literal::Decimal { units, scale }) => {
            Some(literals::decimal_text(*units, *scale))
        }
        ExpressionKind::Negate(inner) => constant(inner).map(|text| match text.strip_prefix('-') {
            Some(positive) => positive.to_owned(),
            None => format!("-{text}"),
        }),
        _ => None,
    }
}

/// A default that is a value as it stands, without quotes: `draft`, `12.50`, `true`, `2026-01-01`.
fn bare_literal<'t>(scalar: &ScalarType, text: &'t str) -> Option<&'t str> {
    let text = text.trim();
    let word = text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|next| next.is_ascii_alphanumeric() || matches!(next, '_' | '-'));
    let begins_with_digit = text
        .trim_start_matches('-')
        .starts_with(|first: char| first.is_ascii_digit());
    let known_name = matches!(text, "now" | "today" | "caller" | "signed_in" | "null");
    let bare = match scalar {
        ScalarType::Enum { values } if values.iter().any(|value| value == text) => true,
        ScalarType::Enum { .. }
        | ScalarType::String { .. }
        | ScalarType::Text { .. }
        | ScalarType::Slug => word && !known_name,
        ScalarType::Uuid => word && text.len() == 36,
        ScalarType::Int | ScalarType::BigInt | ScalarType::Decimal { .. } => {
            begins_with_digit && !text.contains([' ', '+', '*', '/'])
        }
        ScalarType::Date | ScalarType::DateTime => begins_with_digit,
        ScalarType::Bool => word && !known_name,
        ScalarType::Json => text.starts_with(['{', '[']),
        // None of these is an expression too.
        ScalarType::Email | ScalarType::Url | ScalarType::Phone => {
            literals::read(scalar, text).is_ok()
        }
        ScalarType::File { .. } => false,
    };
    bare.then_some(text)
}
