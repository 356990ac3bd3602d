//! What the templates print: every name, number and address settled.

use crate::PageOptions;
use crate::access;
use crate::conventions::{Convention, conventions};
use crate::curl::{Curl, curl};
use crate::decisions::{IndexedTable, Subject, decisions, indexed_tables};
use crate::diagram::{Drawn, diagrams};
use crate::groups::{Group, groups};
use archwright_plan::{Plan, words};
use serde::Serialize;

/// With more groups than this the page offers a filter, and opens less at once.
const MANY: usize = 24;

/// With more columns than this the access matrix scrolls in a box of its own.
const MOST_COLUMNS: usize = 7;

#[derive(Serialize)]
pub(crate) struct Site {
    pub title: String,
    pub about: String,
    pub version: u32,
    pub facts: Vec<Fact>,
    pub development: bool,
    pub roles: Vec<SeededRole>,
    pub scheme: String,
    pub many: bool,
    pub groups: Vec<Group>,
    pub diagrams: Vec<Drawn>,
    pub columns: Vec<String>,
    /// The access matrix has more columns than a page is wide.
    pub wide: bool,
    pub decisions: Vec<Subject>,
    pub entity_decisions: Vec<Subject>,
    pub tables: Vec<IndexedTable>,
    pub index_count: usize,
    pub conventions: Vec<Convention>,
    pub curl: Curl,
}

#[derive(Serialize)]
pub(crate) struct Fact {
    pub count: usize,
    pub what: &'static str,
    pub href: &'static str,
}

#[derive(Serialize)]
pub(crate) struct SeededRole {
    pub name: String,
    pub about: String,
    pub sign_in: String,
}

pub(crate) fn site(plan: &Plan, options: &PageOptions) -> Site {
    let model = &plan.model;
    let tables = indexed_tables(plan);
    let groups = groups(plan);
    let columns: Vec<String> = access::columns(plan)
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    let (decisions, entity_decisions) = decisions(plan);
    Site {
        title: words(&model.name),
        about: model.about.trim().to_owned(),
        version: model.api.version,
        facts: facts(plan),
        development: options.development,
        roles: seeded_roles(plan, options),
        scheme: model.api.scheme().to_owned(),
        many: groups.len() > MANY,
        groups,
        diagrams: diagrams(plan),
        wide: columns.len() > MOST_COLUMNS,
        columns,
        decisions,
        entity_decisions,
        index_count: tables.iter().map(|table| table.indexes.len()).sum(),
        tables,
        conventions: conventions(plan),
        curl: curl(plan, options),
    }
}

fn facts(plan: &Plan) -> Vec<Fact> {
    let resources = plan
        .resources
        .iter()
        .filter(|resource| !resource.path.is_empty())
        .count();
    let mut facts = vec![
        Fact {
            count: resources,
            what: plural(resources, "resource", "resources"),
            href: "#resources",
        },
        Fact {
            count: plan.operations.len(),
            what: plural(plan.operations.len(), "operation", "operations"),
            href: "#resources",
        },
        Fact {
            count: plan.tables.len(),
            what: plural(plan.tables.len(), "table", "tables"),
            href: "#data",
        },
    ];
    let roles = plan.model.roles.len();
    if roles > 0 {
        facts.push(Fact {
            count: roles,
            what: plural(roles, "role", "roles"),
            href: "#access",
        });
    }
    facts
}

fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// One for each role: the first account that has it.
fn seeded_roles(plan: &Plan, options: &PageOptions) -> Vec<SeededRole> {
    let mut roles: Vec<SeededRole> = Vec::new();
    for (name, sign_in) in &options.seeded_roles {
        if !options.development || roles.iter().any(|role| role.name == *name) {
            continue;
        }
        let declared = plan.model.roles.iter().find(|role| role.name == *name);
        roles.push(SeededRole {
            name: name.clone(),
            about: declared
                .map(|role| role.about.trim().to_owned())
                .unwrap_or_default(),
            sign_in: sign_in.clone(),
        });
    }
    roles
}
