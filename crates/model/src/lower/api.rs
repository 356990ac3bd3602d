//! Settings of the whole API, the stack, and the design's own name.

use super::context::{Lowering, one_of, unknown};
use super::names::Form;
use crate::{Api, Choice, Rate, Stack, Unknown};
use archwright_design::ast::{self, Spanned, Text};
use archwright_diagnostics::{Diagnostic, nearest};
use std::collections::BTreeSet;

/// Codes of problems and of single fields that `messages` may have a text for.
const CODES: &[&str] = &[
    "bad-request",
    "blank",
    "check",
    "condition-unmet",
    "conflict",
    "duplicate",
    "forbidden",
    "format",
    "gone",
    "illegal-move",
    "in-use",
    "invalid",
    "method-not-allowed",
    "not-found",
    "one-of",
    "pattern",
    "payment-required",
    "precondition-failed",
    "rate-limited",
    "read-only",
    "required",
    "timeout",
    "too-large",
    "too-long",
    "too-many",
    "too-short",
    "too-small",
    "type",
    "unauthorized",
    "unavailable",
    "unique",
    "unknown",
    "unsupported-media-type",
];

/// Codes of mistakes that may have another status. Those of others come with headers, or mean what they say to every
/// client.
const MISTAKES: &[&str] = &[
    "bad-request",
    "check",
    "condition-unmet",
    "illegal-move",
    "in-use",
    "invalid",
    "key-reused",
    "unique",
];

/// Statuses that ask for headers or for another request.
const PROTOCOL: [i64; 10] = [401, 405, 406, 407, 411, 412, 416, 417, 426, 429];

pub(super) fn default_api() -> Api {
    let per_minute = |name: &str, count| {
        (
            name.to_owned(),
            Rate {
                count,
                per_seconds: 60,
            },
        )
    };
    Api {
        base: "/v1".to_owned(),
        version: 1,
        page_default: 20,
        page_max: 100,
        body_limit: 1 << 20,
        timeout_seconds: 10,
        unknown: Unknown::Refuse,
        origins: Vec::new(),
        rates: vec![
            per_minute("sign-in", 10),
            per_minute("read", 1200),
            per_minute("write", 240),
        ],
        access_seconds: 900,
        refresh_seconds: 30 * 86_400,
        schemes: vec!["Bearer".to_owned()],
        errors: Vec::new(),
        statuses: Vec::new(),
        messages: Vec::new(),
    }
}

pub(super) fn default_stack() -> Stack {
    let ours = |name: &str| Choice {
        name: name.to_owned(),
        span: None,
    };
    Stack {
        framework: None,
        database: ours("sqlite"),
        cache: ours("memory"),
        sign_in: vec![ours("password")],
        rls: false,
    }
}

pub(super) fn rate(rate: ast::Rate) -> Rate {
    Rate {
        count: rate.count,
        per_seconds: rate.per_seconds,
    }
}

impl Lowering<'_> {
    pub fn read_api(&mut self) {
        self.read_name();
        let api = &self.design.api;
        self.api.version = self.number(api.version.as_ref(), 1, 10_000, 1, "API version") as u32;
        self.api.page_max =
            self.number(api.page_max.as_ref(), 1, 1000, 100, "greatest page size") as u32;
        let default = i64::from(self.api.page_max.min(20));
        let page_max = i64::from(self.api.page_max);
        self.api.page_default =
            self.number(api.page_default.as_ref(), 1, page_max, default, "page size") as u32;
        self.api.body_limit = self.amount(
            api.body.as_ref(),
            1024,
            100 << 20,
            1 << 20,
            "body limit in bytes",
        );
        self.api.timeout_seconds =
            self.amount(api.timeout.as_ref(), 1, 300, 10, "timeout in seconds");
        self.api.access_seconds = self.amount(
            api.access_lifetime.as_ref(),
            30,
            86_400,
            900,
            "access token's lifetime in seconds",
        );
        let month = 30 * 86_400;
        self.api.refresh_seconds = self.amount(
            api.refresh_lifetime.as_ref(),
            60,
            365 * 86_400,
            month,
            "refresh token's lifetime in seconds",
        );
        self.api.unknown = self.unknown(api.unknown.as_ref());
        self.read_base();
        self.read_schemes();
        self.read_origins();
        self.read_rates();
        self.read_statuses();
        self.read_messages();
        self.read_stack();
    }

    fn read_name(&mut self) {
        let design = self.design;
        if let Some(version) = &design.version
            && version.value != 1
        {
            let message = format!(
                "this tool reads version 1 of the language, not {}",
                version.value
            );
            self.error("AW204", version.span, message, "write `archwright: 1`");
        }
        match &design.name {
            Some(name) => self.check_name(name, Form::Word, "a design"),
            None => {
                let diagnostic = Diagnostic::new("AW203", None, "the design has no name");
                self.report(diagnostic.help("add `name: bookshop` at the top of one file"));
            }
        }
        if design.entities.is_empty() && design.operations.is_empty() {
            let diagnostic = Diagnostic::new(
                "AW203",
                design.name.as_ref().map(|name| name.span),
                "the design has no entities",
            );
            self.report(diagnostic.help("add `entities:` with at least one"));
        }
    }

    fn number(
        &mut self,
        value: Option<&Spanned<i64>>,
        min: i64,
        max: i64,
        default: i64,
        what: &str,
    ) -> i64 {
        let Some(value) = value else { return default };
        if value.value < min || value.value > max {
            let message = format!("the {what} can't be {}", value.value);
            self.error(
                "AW204",
                value.span,
                message,
                format!("use a number from {min} to {max}"),
            );
            return default;
        }
        value.value
    }

    fn amount(
        &mut self,
        value: Option<&Spanned<u64>>,
        min: u64,
        max: u64,
        default: u64,
        what: &str,
    ) -> u64 {
        let Some(value) = value else { return default };
        if value.value < min || value.value > max {
            let message = format!("the {what} can't be {}", value.value);
            self.error(
                "AW204",
                value.span,
                message,
                format!("use a value from {min} to {max}"),
            );
            return default;
        }
        value.value
    }

    /// What the text says, or what holds for the API as a whole.
    pub fn unknown(&mut self, text: Option<&Text>) -> Unknown {
        let known = [Unknown::Refuse, Unknown::Ignore];
        let names = known.map(Unknown::name);
        let chosen = self.choice(text, &names, "value of `unknown`");
        let chosen =
            chosen.and_then(|chosen| known.into_iter().find(|one| one.name() == chosen.name));
        chosen.unwrap_or(self.api.unknown)
    }

    fn read_base(&mut self) {
        let Some(base) = &self.design.api.base else {
            self.api.base = format!("/v{}", self.api.version);
            return;
        };
        let trimmed = base.value.trim_matches('/');
        let sound = trimmed
            .chars()
            .all(|next| next.is_ascii_alphanumeric() || "-_./~".contains(next));
        if !sound || trimmed.contains("//") || trimmed.contains("..") {
            let message = format!("`{}` is no path", base.value);
            return self.error("AW204", base.span, message, "write a path such as `/v1`");
        }
        self.api.base = if trimmed.is_empty() {
            String::new()
        } else {
            format!("/{trimmed}")
        };
    }

    fn read_schemes(&mut self) {
        let mut schemes: Vec<String> = Vec::new();
        for scheme in &self.design.api.schemes {
            let text = &scheme.value;
            let sound = !text.is_empty()
                && text
                    .chars()
                    .all(|next| next.is_ascii_alphanumeric() || next == '-');
            if !sound {
                let message = format!("`{text}` is no authorization scheme");
                let help = "write one word such as `Bearer`";
                self.error("AW204", scheme.span, message, help);
            } else if schemes.iter().any(|known| known.eq_ignore_ascii_case(text)) {
                self.repeated(scheme, "authorization scheme");
            } else {
                schemes.push(text.clone());
            }
        }
        if !schemes.is_empty() {
            self.api.schemes = schemes;
        }
    }

    fn read_origins(&mut self) {
        for origin in &self.design.api.origins {
            let host = origin
                .value
                .strip_prefix("https://")
                .or(origin.value.strip_prefix("http://"));
            if host
                .is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' ', '?', '#']))
            {
                self.api.origins.push(origin.value.clone());
                continue;
            }
            let message = format!("`{}` is no origin", origin.value);
            self.error(
                "AW204",
                origin.span,
                message,
                "write scheme and host without a path: `https://app.example.com`",
            );
        }
    }

    fn read_rates(&mut self) {
        let defaults = self.api.rates.len();
        for (name, value) in &self.design.api.rates {
            self.check_name(name, Form::Word, "a rate class");
            let value = self.checked_rate(value);
            let mut known = self.api.rates[..defaults].iter_mut();
            match known.find(|(known, _)| *known == name.value) {
                Some((_, known)) => *known = value,
                None => self.api.rates.push((name.value.clone(), value)),
            }
        }
    }

    /// Classes that limit nothing, most often a misspelt one of ours.
    pub fn unused_rates(&self) -> Vec<Diagnostic> {
        let rates = default_api().rates;
        let ours = || rates.iter().map(|(name, _)| &name[..]);
        let used = self.operations.iter().map(|operation| &operation.rate[..]);
        let known: BTreeSet<&str> = ours().chain(used).collect();
        let unused = self.design.api.rates.iter().map(|(name, _)| name);
        let unused = unused.filter(|name| !known.contains(&name.value[..]));
        let warn = |name: &Text| {
            let message = format!("nothing is of the rate class `{}`", name.value);
            let diagnostic = Diagnostic::new("AW375", name.span, message);
            match nearest(&name.value, ours()) {
                Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")).fix(
                    format!("write `{meant}`"),
                    name.span,
                    meant,
                ),
                None => diagnostic.help(format!(
                    "name it at an operation, `rate: {}`, or remove it",
                    name.value
                )),
            }
        };
        unused.map(warn).collect()
    }

    fn read_statuses(&mut self) {
        for (code, status) in &self.design.api.statuses {
            let known = self.api.statuses.iter();
            let known = known
                .map(|(known, _)| known)
                .any(|known| *known == code.value);
            if !MISTAKES.contains(&&code.value[..]) {
                self.no_code(code, "code of a mistake", MISTAKES);
            } else if known {
                self.repeated(code, "status");
            } else if !(400..500).contains(&status.value) || PROTOCOL.contains(&status.value) {
                let message = format!("{} is no status of a mistake", status.value);
                let help = "use one such as 400, 403, 404, 409 or 422";
                self.error("AW358", status.span, message, help);
            } else {
                let status = (code.value.clone(), status.value as u16);
                self.api.statuses.push(status);
            }
        }
    }

    fn no_code(&mut self, code: &Text, what: &str, codes: &[&str]) {
        let known = codes.iter().copied();
        let diagnostic = unknown("AW207", code.span, what, &code.value, known);
        let diagnostic = match diagnostic.help {
            Some(_) => diagnostic,
            None => diagnostic.help(format!("use {}", one_of(codes))),
        };
        self.report(diagnostic);
    }

    fn read_messages(&mut self) {
        for (code, text) in &self.design.api.messages {
            if !CODES.contains(&&code.value[..]) {
                self.no_code(code, "code of an error", CODES);
            } else if self.api.message(&code.value).is_some() {
                self.repeated(code, "message");
            } else {
                let message = (code.value.clone(), text.value.clone());
                self.api.messages.push(message);
            }
        }
    }

    /// Both parts of a rate are at least one.
    pub fn checked_rate(&mut self, value: &Spanned<ast::Rate>) -> Rate {
        if value.value.count == 0 || value.value.per_seconds == 0 {
            self.error(
                "AW204",
                value.span,
                "a rate can't be zero",
                "write at least one: `1/min`",
            );
        }
        rate(value.value)
    }

    fn read_stack(&mut self) {
        let stack = &self.design.stack;
        let frameworks = ["axum", "nestjs", "fastapi", "express", "django"];
        let framework = self.choice(stack.framework.as_ref(), &frameworks, "framework");
        self.stack.framework = framework.map(|choice| choice.name);
        if let Some(database) =
            self.choice(stack.database.as_ref(), &["sqlite", "postgres"], "database")
        {
            self.stack.database = database;
        }
        if let Some(cache) = self.choice(stack.cache.as_ref(), &["memory", "redis"], "cache") {
            self.stack.cache = cache;
        }
        let providers = [
            "password",
            "google",
            "github",
            "gitlab",
            "microsoft",
            "apple",
            "facebook",
            "oidc",
        ];
        let chosen: Vec<Choice> = stack
            .sign_in
            .iter()
            .filter_map(|name| self.choice(Some(name), &providers, "sign-in provider"))
            .collect();
        if !stack.sign_in.is_empty() {
            self.stack.sign_in = chosen;
        }
        self.stack.rls = stack.rls.as_ref().is_some_and(|rls| rls.value);
    }

    fn choice(&mut self, text: Option<&Text>, known: &[&str], what: &str) -> Option<Choice> {
        let text = text?;
        if known.contains(&&text.value[..]) {
            return Some(Choice {
                name: text.value.clone(),
                span: Some(text.span),
            });
        }
        let diagnostic = Diagnostic::new(
            "AW207",
            text.span,
            format!("`{}` is no {what} that is known", text.value),
        );
        let diagnostic = match nearest(&text.value, known.iter().copied()) {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")).fix(
                format!("write `{meant}`"),
                text.span,
                meant,
            ),
            None => diagnostic.help(format!("use {}", one_of(known))),
        };
        self.report(diagnostic);
        None
    }
}
