//! What a design asks for and the server doesn't execute: named with its place, never left out.

use crate::Environment;
use archwright_diagnostics::Diagnostic;
use archwright_plan::Plan;

pub(crate) const REFUSED: &str = "AW600";
const REPLACED: &str = "AW601";

/// Whether a database URL is one of PostgreSQL's.
pub fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres:") || url.starts_with("postgresql:")
}

/// What the user asked for, beside the design.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub environment: Environment,
    pub database_url: Option<&'a str>,
    pub redis_url: Option<&'a str>,
}

/// Errors for what can't be run, warnings for what is done in another way.
pub fn unsupported(plan: &Plan, asked: Asked<'_>) -> Vec<Diagnostic> {
    let stack = &plan.model.stack;
    let database_url = asked.database_url;
    let mut diagnostics = Vec::new();
    match (stack.database.name.as_str(), database_url) {
        ("postgres", None) => {
            let message = "the design wants PostgreSQL, and no database is named";
            let help = "pass `--database postgres://USER@HOST/DATABASE`, or `--database sqlite://FILE` to serve \
                        it from SQLite";
            diagnostics.push(Diagnostic::new(REFUSED, stack.database.span, message).help(help));
        }
        ("postgres", Some(url)) if !is_postgres(url) => {
            let message = "the design wants PostgreSQL; the server uses SQLite, as it was told";
            diagnostics.push(Diagnostic::new(REPLACED, stack.database.span, message));
        }
        _ => {}
    }
    let on_postgres = database_url.map_or(stack.database.name == "postgres", is_postgres);
    if stack.rls && !on_postgres {
        let message = "the design wants row-level security, which SQLite has none of; the rules are in the server's \
                       queries alone";
        let help = "serve it with `--database postgres://USER@HOST/DATABASE`";
        diagnostics.push(Diagnostic::new(REPLACED, stack.database.span, message).help(help));
    }
    diagnostics.extend(redis(plan, asked));
    for provider in stack
        .sign_in
        .iter()
        .filter(|choice| choice.name != "password")
    {
        let name = &provider.name;
        let message = format!("the server can't sign anybody in with `{name}` yet");
        let help = format!("take `{name}` out of `stack.sign-in` to serve the rest");
        diagnostics.push(Diagnostic::new(REFUSED, provider.span, message).help(help));
    }
    diagnostics
}

/// Redis is there where both the design and the user say so.
fn redis(plan: &Plan, asked: Asked<'_>) -> Option<Diagnostic> {
    let cache = &plan.model.stack.cache;
    let help = "pass `--redis redis://HOST:PORT` or set ARCHWRIGHT_REDIS_URL; `stack: { cache: memory }` is for one copy";
    let (code, message, help) = match (cache.name.as_str(), asked.redis_url, asked.environment) {
        ("redis", None, Environment::Production) => {
            let message = "the design wants Redis, and no address of one is named";
            (REFUSED, message, help)
        }
        ("redis", None, Environment::Development) => {
            let message = "the design wants Redis, and no address of one is named; the server counts rate limits in its \
                           own memory";
            (REPLACED, message, help)
        }
        ("memory", Some(_), _) => {
            let message = "an address of Redis is named, and the design wants none; the server counts rate limits in its \
                           own memory";
            (
                REPLACED,
                message,
                "write `stack: { cache: redis }` to have several copies count together",
            )
        }
        _ => return None,
    };
    Some(Diagnostic::new(code, cache.span, message).help(help))
}
