//! What the templates print: every name, number and address settled.

use crate::PageOptions;
use crate::access::{self, Cell, Gathered};
use archwright_plan::model::{EntityId, Method};
use archwright_plan::{CallerClass, Operation, OperationKind, Plan};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Site {
    pub title: String,
    pub about: String,
    pub version: u32,
    pub facts: Vec<Fact>,
    pub development: bool,
    pub has_accounts: bool,
    pub roles: Vec<SeededRole>,
    pub scheme: String,
    pub groups: Vec<Group>,
    pub columns: Vec<String>,
    pub decisions: Vec<Subject>,
    pub tables: Vec<IndexedTable>,
    pub index_count: usize,
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

/// Operations on one resource, or others that belong together.
#[derive(Serialize)]
pub(crate) struct Group {
    pub anchor: String,
    pub title: String,
    pub about: String,
    pub path: String,
    pub part_of: String,
    pub operations: Vec<Shown>,
}

#[derive(Serialize)]
pub(crate) struct Shown {
    pub name: String,
    pub summary: String,
    pub method: &'static str,
    pub path: String,
    pub deprecated: bool,
    pub cells: Vec<Cell>,
    /// The cells without those that say no, equal ones together.
    pub answers: Vec<Gathered>,
}

#[derive(Serialize)]
pub(crate) struct Subject {
    pub name: String,
    pub choices: Vec<Choice>,
}

#[derive(Serialize)]
pub(crate) struct Choice {
    pub choice: String,
    pub reason: String,
}

#[derive(Serialize)]
pub(crate) struct IndexedTable {
    pub name: String,
    pub indexes: Vec<ShownIndex>,
}

#[derive(Serialize)]
pub(crate) struct ShownIndex {
    pub columns: String,
    pub operations: String,
    pub reason: String,
}

/// Requests that work as they stand.
#[derive(Serialize)]
pub(crate) struct Curl {
    pub sign_in: String,
    /// The first role to sign in as in development.
    pub role: String,
    pub me: String,
    pub list: String,
    pub list_needs_token: bool,
    /// The field that accounts sign in by.
    pub sign_in_field: String,
}

pub(crate) fn site(plan: &Plan, options: &PageOptions) -> Site {
    let model = &plan.model;
    let tables = indexed_tables(plan);
    Site {
        title: words(&model.name),
        about: model.about.trim().to_owned(),
        version: model.api.version,
        facts: facts(plan),
        development: options.development,
        has_accounts: model.account.is_some(),
        roles: seeded_roles(plan, options),
        scheme: model.api.scheme.clone(),
        groups: groups(plan),
        columns: access::columns(plan)
            .into_iter()
            .map(|(_, name)| name)
            .collect(),
        decisions: decisions(plan),
        index_count: tables.iter().map(|table| table.indexes.len()).sum(),
        tables,
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

fn seeded_roles(plan: &Plan, options: &PageOptions) -> Vec<SeededRole> {
    if !options.development {
        return Vec::new();
    }
    options
        .seeded_roles
        .iter()
        .map(|(name, sign_in)| SeededRole {
            about: plan
                .model
                .roles
                .iter()
                .find(|role| role.name == *name)
                .map(|role| role.about.trim().to_owned())
                .unwrap_or_default(),
            name: name.clone(),
            sign_in: sign_in.clone(),
        })
        .collect()
}

fn groups(plan: &Plan) -> Vec<Group> {
    let model = &plan.model;
    let mut groups = Vec::new();
    for entity in &model.entities {
        let resource = plan.resource(entity.id);
        let part_of = entity.part_of.map(|part| model.entity(part.whole));
        groups.push(Group {
            anchor: format!("resource-{}", entity.path),
            title: words(&entity.plural),
            about: entity.about.trim().to_owned(),
            path: resource.path.clone(),
            part_of: part_of
                .map(|whole| words(&whole.plural).to_lowercase())
                .unwrap_or_default(),
            operations: shown(plan, |operation| belongs(operation, Some(entity.id))),
        });
    }
    let own = shown(plan, |operation| {
        matches!(operation.kind, OperationKind::Named(_))
    });
    groups.push(group(
        "operations",
        "Operations",
        "What belongs to no single resource.",
        own,
    ));
    let files = shown(plan, |operation| operation.kind == OperationKind::Download);
    groups.push(group("files", "Files", "The bytes of stored files.", files));
    let sign_in = shown(plan, is_sign_in);
    groups.push(group(
        "sign-in-operations",
        "Sign-in",
        "Accounts, tokens and passwords.",
        sign_in,
    ));
    groups.retain(|group| !group.operations.is_empty() || !group.part_of.is_empty());
    groups
}

fn group(anchor: &str, title: &str, about: &str, operations: Vec<Shown>) -> Group {
    Group {
        anchor: anchor.to_owned(),
        title: title.to_owned(),
        about: about.to_owned(),
        path: String::new(),
        part_of: String::new(),
        operations,
    }
}

fn is_sign_in(operation: &Operation) -> bool {
    use OperationKind::{ChangePassword, Me, Refresh, SignIn, SignOut, SignUp};
    matches!(
        operation.kind,
        SignUp | SignIn | Refresh | SignOut | Me | ChangePassword
    )
}

fn belongs(operation: &Operation, entity: Option<EntityId>) -> bool {
    operation.entity == entity
        && !is_sign_in(operation)
        && !matches!(
            operation.kind,
            OperationKind::Named(_) | OperationKind::Download
        )
}

fn shown(plan: &Plan, wanted: impl Fn(&Operation) -> bool) -> Vec<Shown> {
    let columns = access::columns(plan);
    plan.operations
        .iter()
        .filter(|operation| wanted(operation))
        .map(|operation| {
            let row = plan.matrix.iter().find(|row| row.operation == operation.id);
            let cells = row.map(|row| row.cells.as_slice()).unwrap_or_default();
            let cells: Vec<Cell> = columns
                .iter()
                .map(|(column, _)| access::cell(cells, *column))
                .collect();
            Shown {
                name: name(&operation.id),
                summary: operation.summary.trim_end_matches('.').to_owned(),
                method: operation.method.name(),
                path: operation.path.clone(),
                deprecated: operation.until.is_some(),
                answers: access::gathered(&cells, &columns),
                cells,
            }
        })
        .collect()
}

/// `order_lines.set-roles` as `set roles`.
fn name(id: &str) -> String {
    let own = id.split_once('.').map_or(id, |(_, own)| own);
    own.replace(['-', '_'], " ")
}

/// Decisions on the same subject together, in the plan's order.
fn decisions(plan: &Plan) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = Vec::new();
    for decision in &plan.decisions {
        let name = match decision.subject.strip_prefix("entity ") {
            Some(entity) => entity.to_owned(),
            None => words(&decision.subject),
        };
        let choice = Choice {
            choice: decision.choice.clone(),
            reason: decision.reason.clone(),
        };
        match subjects.iter_mut().find(|subject| subject.name == name) {
            Some(subject) => subject.choices.push(choice),
            None => subjects.push(Subject {
                name,
                choices: vec![choice],
            }),
        }
    }
    subjects
}

fn indexed_tables(plan: &Plan) -> Vec<IndexedTable> {
    let tables = plan.tables.iter().filter(|table| !table.indexes.is_empty());
    tables
        .map(|table| IndexedTable {
            name: table.name.clone(),
            indexes: table
                .indexes
                .iter()
                .map(|index| {
                    let columns: Vec<&str> = index
                        .columns
                        .iter()
                        .map(|(name, _)| name.as_str())
                        .collect();
                    ShownIndex {
                        columns: columns.join(", "),
                        operations: index.operations.join(", "),
                        reason: index.reason.clone(),
                    }
                })
                .collect(),
        })
        .collect()
}

fn curl(plan: &Plan, options: &PageOptions) -> Curl {
    let path_of = |kind: OperationKind| {
        let mut operations = plan.operations.iter();
        operations
            .find(|operation| operation.kind == kind)
            .map(|operation| operation.path.clone())
            .unwrap_or_default()
    };
    let lists = || {
        plan.operations
            .iter()
            .filter(|operation| operation.kind == OperationKind::List)
    };
    let open = |operation: &&Operation| {
        let mut guard = operation.guard.iter();
        guard.any(|alternative| alternative.caller == CallerClass::Anyone)
    };
    let reads = || {
        let mut operations = plan.operations.iter();
        operations
            .find(|operation| operation.method == Method::Get && operation.parameters.is_empty())
    };
    let list = lists().find(open).or_else(|| lists().next()).or_else(reads);
    let account = plan.model.account.as_ref();
    Curl {
        sign_in: path_of(OperationKind::SignIn),
        role: options
            .seeded_roles
            .first()
            .map(|(role, _)| role.clone())
            .unwrap_or_default(),
        me: path_of(OperationKind::Me),
        list: list
            .map(|operation| operation.path.clone())
            .unwrap_or_default(),
        list_needs_token: list.is_some_and(|operation| !open(&operation)),
        sign_in_field: account
            .map(|account| plan.model.field(account.sign_in).name.clone())
            .unwrap_or_default(),
    }
}

/// `order-lines` or `OrderLine` as `Order lines`.
pub(crate) fn words(name: &str) -> String {
    let spaced = name.replace(['-', '_'], " ");
    let mut characters = spaced.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}
