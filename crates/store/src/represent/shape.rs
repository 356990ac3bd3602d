//! What `?expand=` and `?fields=` ask for.

use crate::Fault;
use archwright_plan::model::EntityId;
use archwright_plan::{OutputSource, Plan, Resource};
use std::collections::BTreeMap;

const DEEPEST_EXPAND: usize = 3;
const MOST_EXPANDS: usize = 10;

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
    for path in text
        .split(',')
        .map(str::trim)
        .filter(|path| !path.is_empty())
    {
        let names: Vec<&str> = path.split('.').collect();
        if names.len() > DEEPEST_EXPAND {
            faults.push(fault(
                "too-long",
                format!("{path:?} goes deeper than {DEEPEST_EXPAND} relations."),
            ));
        } else if !add(plan, entity, &names, &mut tree) {
            faults.push(fault("unknown", format!("{path:?} can't be expanded.")));
        }
    }
    if size(&tree) > MOST_EXPANDS {
        faults.push(fault(
            "too-many",
            format!("At most {MOST_EXPANDS} relations can be expanded at once."),
        ));
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

fn size(tree: &Tree) -> usize {
    let expands: usize = tree.expands.values().map(|inner| 1 + size(inner)).sum();
    expands + tree.parts.values().map(size).sum::<usize>()
}
