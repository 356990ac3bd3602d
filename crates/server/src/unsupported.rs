//! What a design asks for and the server doesn't execute: named with its place, never left out.

use archwright_diagnostics::Diagnostic;
use archwright_plan::Plan;

pub(crate) const REFUSED: &str = "AW600";
const REPLACED: &str = "AW601";

/// Whether a database URL is one of PostgreSQL's.
pub fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres:") || url.starts_with("postgresql:")
}

/// Errors for what can't be run, warnings for what is done in another way. `database_url` is what the user asked for.
pub fn unsupported(plan: &Plan, database_url: Option<&str>) -> Vec<Diagnostic> {
    let stack = &plan.model.stack;
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
    if stack.cache.name == "redis" {
        let message = "the design wants Redis; the server keeps rate limits in its own memory";
        diagnostics.push(Diagnostic::new(REPLACED, stack.cache.span, message));
    }
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
