//! Prints a plan as a FastAPI project: SQLAlchemy 2, Pydantic 2, Alembic.
//!
//! The view settles what each file says; templates have loops and ifs only.

mod account;
mod capability;
mod expression;
mod imports;
mod migration;
mod names;
mod python;
mod render;
mod types;
mod view;

use archwright_diagnostics::Diagnostic;
use archwright_plan::Plan;
use archwright_project::File;
use archwright_stack::Refusals;

/// What the stack is called on the command line and in diagnostics.
pub const STACK: &str = "fastapi";

/// The files of the project, or all that it can't have.
pub fn generate(plan: &Plan) -> Result<Vec<File>, Vec<Diagnostic>> {
    let mut refusals = Refusals::new(STACK);
    capability::refuse(plan, &mut refusals);
    let files = render::files(plan, &mut refusals);
    refusals.finish(files)
}
