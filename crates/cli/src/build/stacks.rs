//! The stacks that `archwright build` writes projects for.

use anyhow::{Result, bail};
use archwright_diagnostics::{Diagnostic, nearest};
use archwright_plan::Plan;
use archwright_project::File;

/// All files of a project, or what the stack can't express of the design.
pub type Generate = fn(&Plan) -> Result<Vec<File>, Vec<Diagnostic>>;

pub struct Stack {
    pub name: &'static str,
    pub generate: Generate,
}

/// In the order in which they are offered.
pub const STACKS: &[Stack] = &[Stack {
    name: "fastapi",
    generate: archwright_fastapi::generate,
}];

/// The stack of that name; without one, what there is.
pub fn stack<'a>(stacks: &'a [Stack], name: &str) -> Result<&'a Stack> {
    if let Some(stack) = stacks.iter().find(|stack| stack.name == name) {
        return Ok(stack);
    }
    let names: Vec<&str> = stacks.iter().map(|stack| stack.name).collect();
    let there = match &names[..] {
        [] => "this build of archwright has none".to_owned(),
        names => format!("there is {}", names.join(", ")),
    };
    match nearest(name, names.iter().copied()) {
        Some(near) => bail!("there is no stack `{name}`; did you mean `{near}`? ({there})"),
        None => bail!("there is no stack `{name}`; {there}"),
    }
}
