//! What `?expand=` and `?fields=` ask for.

use crate::Fault;
use crate::unknown::{is_enough, unknown};
use archwright_plan::limits::EXPANDED_PATHS;
use archwright_plan::model::{EntityId, FieldId};
use archwright_plan::{ExpandPlace, Plan, Resource};
use std::collections::BTreeMap;

/// The shape of a representation; the default one is the plan's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Shaping {
    /// Positions in `Resource::output` that are kept, sorted; absent: all.
    pub fields: Option<Vec<usize>>,
    pub expand: Tree,
}

/// What is put into a representation beyond its outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Tree {
    /// By the position in `Resource::expands`.
    pub expands: BTreeMap<usize, Tree>,
    /// By the position in `Resource::output`: inside of parts, which are there anyway.
    pub parts: BTreeMap<usize, Tree>,
}

/// `fields=id,title`
pub(crate) fn parse_fields(resource: &Resource, text: &str, faults: &mut Vec<Fault>) -> Vec<usize> {
    let mut kept = Vec::new();
    for name in text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        match resource
            .output
            .iter()
            .position(|output| output.json == name)
        {
            Some(index) => kept.push(index),
            None if is_enough(faults) => break,
            None => faults.push(Fault {
                at: "fields".to_owned(),
                code: "unknown",
                message: unknown(
                    "field",
                    name,
                    resource.output.iter().map(|output| output.json.as_str()),
                ),
            }),
        }
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// `expand=customer,lines.book`
pub(crate) fn parse_expand(
    plan: &Plan,
    entity: EntityId,
    text: &str,
    faults: &mut Vec<Fault>,
) -> Tree {
    let mut tree = Tree::default();
    let paths = text.split(',').map(str::trim);
    let paths: Vec<&str> = paths.filter(|path| !path.is_empty()).collect();
    if paths.len() > EXPANDED_PATHS {
        let message = format!("At most {EXPANDED_PATHS} paths can be expanded at once.");
        faults.push(fault("too-many", message));
        return tree;
    }
    let depth = plan.resource(entity).expand_depth;
    for path in paths {
        let names: Vec<&str> = path.split('.').collect();
        if names.len() > depth {
            faults.push(fault(
                "too-long",
                format!("{path:?} goes deeper than {depth} relations."),
            ));
        } else if let Err(message) = add(plan, entity, &names, &mut Vec::new(), &mut tree) {
            faults.push(fault(
                "unknown",
                format!("{path:?} can't be expanded. {message}"),
            ));
        }
    }
    tree
}

fn fault(code: &'static str, message: String) -> Fault {
    Fault {
        at: "expand".to_owned(),
        code,
        message,
    }
}

/// Adds the rest of a path, or says what stands in its way.
fn add(
    plan: &Plan,
    entity: EntityId,
    names: &[&str],
    passed: &mut Vec<FieldId>,
    tree: &mut Tree,
) -> Result<(), String> {
    let Some((first, rest)) = names.split_first() else {
        return Ok(());
    };
    let steps = plan.expand_steps(entity, passed);
    let Some(step) = steps.iter().find(|step| step.name == *first) else {
        let mut all = plan.expand_steps(entity, &[]).into_iter();
        if all.any(|step| step.name == *first) {
            return Err(format!("It comes back to where it was by {first:?}."));
        }
        let names = steps.iter().map(|step| step.name);
        return Err(unknown("relation", first, names));
    };
    let inner = match step.place {
        ExpandPlace::Parts(index) => tree.parts.entry(index).or_default(),
        ExpandPlace::Rows(index) => tree.expands.entry(index).or_default(),
    };
    passed.push(step.field);
    add(plan, step.target, rest, passed, inner)
}
