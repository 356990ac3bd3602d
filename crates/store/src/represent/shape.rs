//! What `?expand=` and `?fields=` ask for.

use crate::Fault;
use archwright_plan::limits::{EXPANDED_DEPTH, EXPANDED_PATHS};
use archwright_plan::model::EntityId;
use archwright_plan::{OutputSource, Plan, Resource};
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
            None => faults.push(Fault {
                at: "fields".to_owned(),
                code: "unknown",
                message: format!("There is no field {name:?}."),
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
    for path in paths {
        let names: Vec<&str> = path.split('.').collect();
        if names.len() > EXPANDED_DEPTH {
            faults.push(fault(
                "too-long",
                format!("{path:?} goes deeper than {EXPANDED_DEPTH} relations."),
            ));
        } else if !add(plan, entity, &names, &mut tree) {
            faults.push(fault("unknown", format!("{path:?} can't be expanded.")));
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

fn add(plan: &Plan, entity: EntityId, names: &[&str], tree: &mut Tree) -> bool {
    let Some((first, rest)) = names.split_first() else {
        return true;
    };
    let resource = plan.resource(entity);
    let parts = resource.output.iter().position(|output| {
        output.json == *first && matches!(output.source, OutputSource::Parts(_))
    });
    if let Some((index, target)) =
        parts.and_then(|index| Some((index, part_entity(plan, resource, index)?)))
    {
        return add(plan, target, rest, tree.parts.entry(index).or_default());
    }
    match resource
        .expands
        .iter()
        .position(|expand| expand.name == *first)
    {
        Some(index) => add(
            plan,
            resource.expands[index].target,
            rest,
            tree.expands.entry(index).or_default(),
        ),
        None => false,
    }
}

fn part_entity(plan: &Plan, resource: &Resource, output: usize) -> Option<EntityId> {
    match resource.output[output].source {
        OutputSource::Parts(field) => plan
            .model
            .field(field)
            .to_many()
            .map(|relation| relation.target),
        _ => None,
    }
}
