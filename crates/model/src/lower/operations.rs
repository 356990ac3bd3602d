//! Named operations: routes, inputs, replies.

use super::access::GrantPlace;
use super::context::{Lowering, one_of, unknown};
use super::inputs::Inputs;
use super::names::Form;
use super::typing::{Bindings, Scope};
use crate::{EntityId, InputField, InputKind, Method, Operation, ScalarType, Shape, Step, Who};
use archwright_design::ast::{self, StepKind, Text};
use archwright_diagnostics::Diagnostic;
use std::collections::BTreeSet;
use std::rc::Rc;

impl Lowering<'_> {
    pub fn check_operations(&mut self) {
        let design = self.design;
        for source in &design.operations {
            self.check_name(&source.name, Form::Operation, "an operation");
            let Some((method, path)) = self.route(source) else {
                // The rest is checked all the same, so that all that is wrong is said at once.
                let path = source.path.as_ref().map(|path| path.value.clone());
                self.operation(source, Method::Post, path.unwrap_or_default());
                continue;
            };
            let operation = self.operation(source, method, path);
            self.operations.push(operation);
        }
        self.check_error_shape();
    }

    fn check_error_shape(&mut self) {
        for (status, shape) in &self.design.api.errors {
            let code = status.as_ref().map(|status| status.value);
            let shape = self.error_shape(shape);
            let known = code.map(|code| {
                u16::try_from(code)
                    .ok()
                    .filter(|code| (400..600).contains(code))
            });
            let code = match (known, status) {
                (Some(None), Some(status)) => {
                    let message = format!("{} is no status of an error", status.value);
                    self.error(
                        "AW358",
                        status.span,
                        message,
                        "use a number from 400 to 599",
                    );
                    continue;
                }
                (known, _) => known.flatten(),
            };
            self.api.errors.extend(shape.map(|shape| (code, shape)));
        }
    }

    // ---- route ----

    fn route(&mut self, source: &ast::Operation) -> Option<(Method, String)> {
        // What is missing or malformed was reported when it was read.
        let (verb, path) = (source.method.as_ref()?, source.path.as_ref()?);
        let method = match &verb.value[..] {
            "GET" => Method::Get,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            _ => return None,
        };
        if !self.check_path(path) {
            return None;
        }
        let trimmed = path.value.trim_end_matches('/');
        Some((method, trimmed.to_owned()))
    }

    fn check_path(&mut self, path: &Text) -> bool {
        let segments = path
            .value
            .strip_prefix('/')
            .unwrap_or(&path.value)
            .trim_end_matches('/');
        let sound = segments.split('/').all(|segment| match parameter(segment) {
            Some(name) => name.starts_with(|first: char| first.is_ascii_lowercase()),
            None => !matches!(segment, "" | "." | ".."),
        });
        let names = parameters(&path.value);
        let distinct: BTreeSet<&str> = names.iter().copied().collect();
        if !sound || distinct.len() != names.len() {
            let message = format!("`{}` is no path", path.value);
            let help = "put a name in braces once, a small letter first: `/articles/{slug}`; leave out `.` and `..`";
            self.error("AW350", path.span, message, help);
            return false;
        }
        true
    }

    // ---- the whole ----

    fn operation(&mut self, source: &ast::Operation, method: Method, path: String) -> Operation {
        if source.by.is_empty() {
            let message = format!("nobody can call `{}`", source.name.value);
            self.report(
                Diagnostic::new("AW278", source.name.span, message).help("say who may with `by`"),
            );
        }
        let path_input = self.path_input(source, &path);
        let query_input = self.input_fields(&source.input_query, Form::Field);
        let header_input = self.header_input(source);
        let body_input = self.body_fields(&source.input_body, 0);
        self.check_flat(&path_input, "path");
        self.check_flat(&query_input, "query");
        self.check_flat(&header_input, "header");
        if let (Method::Get | Method::Delete, Some(field)) = (method, body_input.first()) {
            let message = format!("a {} request has no body", method.name());
            self.error(
                "AW352",
                field.span,
                message,
                "use POST, PUT or PATCH, or put the input into `query`",
            );
        }
        let inputs = Rc::new(Inputs::of_operation(
            &path_input,
            &query_input,
            &header_input,
            &body_input,
        ));
        let by = self.grants(&source.by, None, GrantPlace::Operation);
        let signed_in = !by.is_empty() && by.iter().all(|grant| grant.who != Who::Anyone);
        let mut scope = Scope {
            inputs: Some(inputs),
            unread_path: source.path.is_none(),
            signed_in,
            ..Scope::default()
        };
        let mut bindings = Bindings::default();
        let mut body_input = body_input;
        let steps = self.steps(&source.steps, &mut scope, &mut bindings);
        self.mark_passwords(&steps, &mut body_input);
        scope.token = true;
        let replies = self.replies(source, &steps, &scope, &mut bindings);
        self.refuse_shown_passwords(&steps, &replies, &body_input);
        let headers = self.reply_headers(source, &scope);
        let shown = headers.iter().map(|(_, value)| Shape::Value(value.clone()));
        let shown: Vec<(u16, Shape)> = shown.map(|shape| (200, shape)).collect();
        self.refuse_shown_passwords(&[], &shown, &body_input);
        Operation {
            name: source.name.value.clone(),
            about: source
                .about
                .as_ref()
                .map(|about| about.value.clone())
                .unwrap_or_default(),
            method,
            path,
            by,
            rate: self.rate_class(source, method, &steps),
            unknown: self.unknown(source.unknown.as_ref()),
            path_input,
            query_input,
            header_input,
            body_input,
            steps,
            replies,
            headers,
            workload: source.workload.as_ref().map(|rate| self.checked_rate(rate)),
            evolution: super::entities::evolution(&source.evolution),
            span: source.span,
        }
    }

    fn path_input(&mut self, source: &ast::Operation, path: &str) -> Vec<InputField> {
        let names = parameters(path);
        let declared = self.input_fields(&source.input_path, Form::Field);
        for field in &source.input_path {
            if !path.is_empty() && !names.contains(&&field.name.value[..]) {
                let diagnostic = unknown(
                    "AW352",
                    field.name.span,
                    "name in the path",
                    &field.name.value,
                    names.iter().copied(),
                );
                let help = format!(
                    "add `{{{}}}` to the route, or move the input",
                    field.name.value
                );
                self.report(if diagnostic.help.is_some() {
                    diagnostic
                } else {
                    diagnostic.help(help)
                });
            }
        }
        let span = source.path.as_ref().map_or(source.span, |path| path.span);
        let field = |name: &&str| {
            declared
                .iter()
                .find(|field| field.name == **name)
                .cloned()
                .unwrap_or_else(|| text_input(name, span))
        };
        names.iter().map(field).collect()
    }

    fn header_input(&mut self, source: &ast::Operation) -> Vec<InputField> {
        let mut fields: Vec<InputField> = Vec::new();
        for header in &source.input_header {
            let name = &header.name.value;
            let sound = name.starts_with(|first: char| first.is_ascii_alphabetic())
                && name.len() <= 64
                && name
                    .chars()
                    .all(|next| next.is_ascii_alphanumeric() || next == '-');
            let taken = [
                "authorization",
                "host",
                "content-length",
                "content-type",
                "idempotency-key",
                "if-match",
                "if-none-match",
                "x-request-id",
                "accept",
                "accept-encoding",
                "connection",
                "transfer-encoding",
            ];
            if !sound || taken.contains(&&name.to_ascii_lowercase()[..]) {
                let message = format!("`{name}` can't be an input header");
                self.error(
                    "AW352",
                    header.name.span,
                    message,
                    "use a name of your own such as `X-Signature`",
                );
                continue;
            }
            // The name was checked; a copy under a field's name passes the checks of inputs.
            let mut renamed = header.clone();
            renamed.name.value = "header".to_owned();
            for mut field in self.input_fields(std::slice::from_ref(&renamed), Form::Field) {
                field.name.clone_from(name);
                if fields
                    .iter()
                    .any(|known| known.name.eq_ignore_ascii_case(name))
                {
                    self.repeated(&header.name, "header");
                } else {
                    fields.push(field);
                }
            }
        }
        fields
    }

    fn rate_class(&mut self, source: &ast::Operation, method: Method, steps: &[Step]) -> String {
        let default = match method {
            _ if crate::proves_who(steps) => "sign-in",
            Method::Get => "read",
            _ => "write",
        };
        let Some(rate) = &source.rate else {
            return default.to_owned();
        };
        if !self.api.rates.iter().any(|(name, _)| *name == rate.value) {
            let names = self.api.rates.iter().map(|(name, _)| &name[..]);
            let diagnostic = unknown("AW359", rate.span, "rate class", &rate.value, names);
            self.report(diagnostic);
        }
        rate.value.clone()
    }

    /// Entities that steps and views of operations use.
    pub fn entities_in_operations(&self) -> BTreeSet<EntityId> {
        let mut used = BTreeSet::new();
        for operation in &self.design.operations {
            self.entities_in_steps(&operation.steps, &mut used);
        }
        for step in self.design.entities.iter().flat_map(|entity| &entity.moves) {
            self.entities_in_steps(&step.steps, &mut used);
        }
        for field in self.entities.iter().flat_map(|entity| &entity.fields) {
            if let Some(crate::ToManyKind::Through { entity, .. }) =
                field.to_many().map(|relation| &relation.kind)
            {
                used.insert(*entity);
            }
        }
        used
    }

    fn entities_in_steps(&self, steps: &[ast::Step], used: &mut BTreeSet<EntityId>) {
        for step in steps {
            match &step.kind {
                StepKind::Find { entity, .. }
                | StepKind::List { entity, .. }
                | StepKind::Create { entity, .. }
                | StepKind::Upsert { entity, .. }
                | StepKind::GetOrCreate { entity, .. }
                | StepKind::SignIn { entity, .. } => {
                    used.extend(self.entity_names.get(&entity.value[..]))
                }
                StepKind::Each { steps, .. } => self.entities_in_steps(steps, used),
                _ => {}
            }
        }
    }

    /// What an `else` says: a word for a status, or a number.
    pub fn status_of(&mut self, text: &Text) -> Option<u16> {
        const WORDS: [(&str, u16); 8] = [
            ("not-found", 404),
            ("forbidden", 403),
            ("conflict", 409),
            ("invalid", 422),
            ("unauthorized", 401),
            ("gone", 410),
            ("payment-required", 402),
            ("bad-request", 400),
        ];
        if let Some((_, status)) = WORDS.iter().find(|(word, _)| *word == text.value) {
            return Some(*status);
        }
        if let Some(status) = text
            .value
            .parse()
            .ok()
            .filter(|status| (400..600).contains(status))
        {
            return Some(status);
        }
        let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
        let mut diagnostic = unknown(
            "AW354",
            text.span,
            "outcome",
            &text.value,
            words.iter().copied(),
        );
        if diagnostic.fix.is_none() {
            let help = format!("use {}, or a status from 400 to 599", one_of(&words));
            diagnostic = diagnostic.help(help);
        }
        self.report(diagnostic);
        None
    }
}

fn text_input(name: &str, span: archwright_diagnostics::Span) -> InputField {
    InputField {
        name: name.to_owned(),
        about: String::new(),
        kind: InputKind::Scalar(ScalarType::String { min: 1, max: 255 }),
        optional: false,
        nullable: false,
        default: None,
        min: None,
        max: None,
        pattern: None,
        blank_as_null: false,
        secret: false,
        span,
    }
}

fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn parameters(path: &str) -> Vec<&str> {
    path.split('/').filter_map(parameter).collect()
}

/// The path with its names taken out, so that two that match the same requests are equal.
pub(super) fn pattern(path: &str) -> String {
    let segments: Vec<&str> = path
        .split('/')
        .map(|segment| parameter(segment).map_or(segment, |_| "{}"))
        .collect();
    segments.join("/")
}
