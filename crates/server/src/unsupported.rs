//! What a design asks for and the server doesn't execute: named with its place, never left out.

use archwright_diagnostics::{Diagnostic, Span};
use archwright_plan::{OperationKind, Plan};

pub(crate) const REFUSED: &str = "AW600";
const REPLACED: &str = "AW601";

/// Errors for what can't be run, warnings for what is done in another way. `database_url` is what the user asked for.
pub fn unsupported(plan: &Plan, database_url: Option<&str>) -> Vec<Diagnostic> {
    let mut diagnostics = named_operations(plan);
    diagnostics.extend(effects_of_moves(plan));
    diagnostics.extend(stack(plan, database_url));
    diagnostics
}

fn named_operations(plan: &Plan) -> Vec<Diagnostic> {
    let named = plan.operations.iter().filter_map(|one| match one.kind {
        OperationKind::Named(index) => Some(&plan.model.operations[index]),
        _ => None,
    });
    named
        .map(|operation| {
            let message = format!(
                "the server can't run the named operation `{}` yet",
                operation.name
            );
            Diagnostic::new(REFUSED, name_of(operation.span, &operation.name), message)
                .label("described step by step")
                .help("take it out to serve the rest of the design")
        })
        .collect()
}

fn effects_of_moves(plan: &Plan) -> impl Iterator<Item = Diagnostic> {
    let machines = plan
        .model
        .entities
        .iter()
        .filter_map(|entity| entity.state.as_ref());
    let moves = machines.flat_map(|machine| &machine.moves);
    moves.filter(|step| !step.steps.is_empty()).map(|step| {
        let message = format!(
            "the server can't run the effects of the move `{}` yet",
            step.name
        );
        Diagnostic::new(REFUSED, name_of(step.span, &step.name), message)
            .label("has effects under `do`")
            .help("take `do` out to serve the rest of the design")
    })
}

/// A construct begins with its name; all of it would fill the screen.
fn name_of(span: Span, name: &str) -> Span {
    let end = span.start.saturating_add(name.len() as u32);
    Span {
        end: end.min(span.end),
        ..span
    }
}

fn stack(plan: &Plan, database_url: Option<&str>) -> Vec<Diagnostic> {
    let stack = &plan.model.stack;
    let mut diagnostics = Vec::new();
    match (stack.database.as_str(), database_url) {
        ("postgres", None) => {
            let message = "the design wants PostgreSQL, which the server can't use yet";
            let help = "pass `--database sqlite://FILE` to serve it from SQLite";
            diagnostics.push(Diagnostic::new(REFUSED, None, message).help(help));
        }
        ("postgres", Some(_)) => {
            let message = "the design wants PostgreSQL; the server uses SQLite, as it was told";
            diagnostics.push(Diagnostic::new(REPLACED, None, message));
        }
        _ => {}
    }
    if stack.cache == "redis" {
        let message = "the design wants Redis; the server keeps rate limits in its own memory";
        diagnostics.push(Diagnostic::new(REPLACED, None, message));
    }
    for provider in stack.sign_in.iter().filter(|name| *name != "password") {
        let message = format!("the server can't sign anybody in with `{provider}` yet");
        let help = format!("take `{provider}` out of `stack.sign-in` to serve the rest");
        diagnostics.push(Diagnostic::new(REFUSED, None, message).help(help));
    }
    diagnostics
}
