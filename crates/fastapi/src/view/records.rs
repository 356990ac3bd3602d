//! Rows as replies show them: the keys, what belongs to a row, and what a request expands.

use super::policies::{applied, any_of, sees};
use super::{Result, Scope, computed, schemas};
use crate::imports::Imports;
use crate::python::{Python, atom, call, text};
use archwright_plan::model::{EntityId, FieldId, FieldKind, ToManyKind};
use archwright_plan::{Expand, Filter, OperationKind, Output, OutputSource};
use archwright_plan::{ColumnSource, CallerClass};
use archwright_stack::Unsupported;
use archwright_stack::guard::{classes, guard};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Records {
    pub doc: String,
    pub imports: String,
    pub class: String,
    pub variable: String,
    /// `A book`, `Books`
    pub sentence: String,
    pub plural: String,
    pub id_type: String,
    pub representations: Vec<Representation>,
    pub steps: Vec<String>,
    pub functions: Vec<Step>,
    pub has_get: bool,
    pub has_list: bool,
    pub has_writes: bool,
    pub is_referred_to: bool,
    pub referable: String,
    pub active: String,
    pub may_read: String,
    pub conditions: Vec<String>,
    pub statements: Vec<String>,
    pub search: String,
    pub touch: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Representation {
    pub suffix: String,
    pub one: String,
    pub keys: Vec<String>,
    pub blocks: Vec<Block>,
    pub hidden: Vec<String>,
    pub hidden_by_caller: bool,
}

/// Keys that are shown under a condition, or behind some that are.
#[derive(Debug, Serialize)]
pub struct Block {
    /// Each key is set by a line of its own.
    pub is_one_by_one: bool,
    pub condition: String,
    pub keys: Vec<Key>,
}

#[derive(Debug, Serialize)]
pub struct Key {
    pub name: String,
    pub value: String,
}

#[derive(Debug, Serialize)]
pub struct Step {
    pub name: String,
    pub about: String,
    pub lines: Vec<String>,
}

pub fn view(scope: &Scope<'_>) -> Result<Records> {
    let mut imports = Imports::default();
    let root = scope.root();
    let entity = scope.model().entity(root);
    let (class, variable) = (scope.imported(root, &mut imports), scope.variable());
    let mut representations = Vec::new();
    let mut functions = Vec::new();
    for one in scope.feature.entities() {
        representations.push(representation(scope, one, &mut imports)?);
    }
    let steps = follow(scope, root, &OF_ROWS, &mut functions, &mut imports)?;
    let has = |kind: &OperationKind| scope.operation(kind).is_some();
    let list = scope.operation(&OperationKind::List).and_then(|one| one.list.as_ref());
    let mut conditions = Vec::new();
    let mut statements = Vec::new();
    if let Some(list) = list {
        conditions.extend(scope.active(root).strip_prefix(", ").map(str::to_owned));
        conditions.push(applied(scope, root, "may_list", &mut imports).flat());
        for filter in &list.filters {
            match filter_condition(scope, filter, &mut imports)? {
                Condition::Listed(condition) => conditions.push(condition),
                Condition::Linked(lines) => statements.extend(lines),
            }
        }
        imports.from("app.core.pages", "Page");
        imports.from(&format!("app.{}", scope.package()), "schemas");
        if list.search {
            imports.from("app.core.search", "matches");
        }
    }
    let has_writes = writes(scope);
    let is_referred_to = schemas::is_referred_to(scope);
    if has_writes || has(&OperationKind::Get) || is_referred_to {
        imports.from(&format!("app.{}", scope.package()), "policies");
    }
    if has_writes {
        imports.from("app.core", "access");
    }
    let mut touch = Vec::new();
    if entity.timestamps {
        imports.from("app.core.clock", "now");
        touch.push(format!("{variable}.updated_at = now()"));
    }
    if entity.versioned {
        touch.push(format!("{variable}.version += 1"));
    }
    if touch.is_empty() {
        touch.push("return".to_owned());
    }
    if is_referred_to {
        imports.from("sqlalchemy", "Select");
        imports.from("uuid", "UUID");
        imports.from("sqlalchemy", "select");
    }
    if has_writes {
        imports.from("sqlalchemy", "select");
    }
    if has(&OperationKind::Get) {
        imports.from("sqlalchemy", "and_");
    }
    for name in ["Narrowing", "PLAIN", "Record", "Shape", "fetch"] {
        imports.from("app.core.records", name);
    }
    imports.from("app.core", "problems");
    imports.from("app.core.callers", "Caller");
    imports.from("sqlalchemy", "ColumnElement");
    imports.from("sqlalchemy.ext.asyncio", "AsyncSession");
    imports.from("app.core.sql", "Expression");
    let plural = scope.spoken_plural(root);
    let mut referable: Vec<String> =
        scope.active(root).strip_prefix(", ").map(str::to_owned).into_iter().collect();
    referable.push("policies.may_read(caller)".to_owned());
    Ok(Records {
        doc: format!("{} as replies show them, and as writes find them.", capitalised(&plural)),
        imports: imports.text(),
        sentence: capitalised(&scope.one(root)),
        plural: capitalised(&plural),
        id_type: "UUID".to_owned(),
        representations,
        steps,
        functions,
        has_get: has(&OperationKind::Get),
        has_list: list.is_some(),
        has_writes,
        is_referred_to,
        referable: referable.join(", "),
        active: scope.active(root),
        may_read: ", policies.may_read(caller)".to_owned(),
        conditions,
        statements,
        search: match list {
            Some(list) if list.search => scope.plan.table(root).name.clone(),
            _ => String::new(),
        },
        touch,
        class,
        variable,
    })
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().to_string() + letters.as_str(),
        None => String::new(),
    }
}

/// Whether some operation changes rows that are there.
pub fn writes(scope: &Scope<'_>) -> bool {
    let by_accounts = scope.is_account(scope.root())
        && scope.plan.operations.iter().any(|one| one.kind == OperationKind::SetRoles);
    by_accounts
        || scope.operations().any(|one| {
            !matches!(
                one.kind,
                OperationKind::List | OperationKind::Get | OperationKind::Create
            )
        })
}

// ---- keys ----------------------------------------------------------------------------------------------------------

fn representation(
    scope: &Scope<'_>,
    entity: EntityId,
    imports: &mut Imports,
) -> Result<Representation> {
    let is_root = entity == scope.root();
    let class = scope.imported(entity, imports);
    let mut keys = Vec::new();
    let mut blocks: Vec<Block> = Vec::new();
    let attribute = |name: &str| atom(class.as_str()).dot(name);
    let mut hidden = vec![entry("_id", &attribute("id"), 8)];
    let mut hidden_by_caller = false;
    if is_root {
        hidden.push(entry("_address", &attribute(&scope.address(entity)), 8));
        if let Some(version) = scope.names.column(entity, ColumnSource::Version) {
            hidden.push(entry("_version", &attribute(&version), 8));
        }
    }
    if let Some(part) = scope.model().entity(entity).part_of {
        hidden.push(entry("_parent", &attribute(&scope.names.field(part.back)), 8));
    }
    for expand in &scope.plan.resource(entity).expands {
        if !expand.many {
            let id = attribute(&scope.names.field(expand.field));
            hidden.push(entry(&format!("_{}", expand.name), &id, 8));
        }
    }
    for output in &scope.plan.resource(entity).output {
        let Some(value) = value(scope, entity, output, imports)? else {
            continue;
        };
        let rule = guard(&output.visible);
        let mut condition = String::new();
        if rule.judges_rows() {
            let policy = sees(scope, entity, &output.json);
            let sees = applied(scope, entity, &policy, imports);
            hidden.push(entry(&format!("_sees_{}", output.json), &sees, 8));
            hidden_by_caller = true;
        } else if !output.visible.is_empty() {
            let open: Vec<CallerClass> = classes(&output.visible);
            condition = any_of(scope, &open, imports);
        }
        if condition.is_empty() && blocks.is_empty() {
            keys.push(entry(&output.json, &value, 8));
            continue;
        }
        let name = text(&output.json);
        let before = name.len() + 10;
        let key = Key {
            value: value.laid_out(8, before, 1),
            name,
        };
        match blocks.last_mut() {
            Some(block) if block.condition == condition => block.keys.push(key),
            _ => blocks.push(Block {
                is_one_by_one: false,
                condition,
                keys: vec![key],
            }),
        }
    }
    for block in &mut blocks {
        block.is_one_by_one = !block.condition.is_empty() || block.keys.len() == 1;
    }
    Ok(Representation {
        suffix: match is_root {
            true => String::new(),
            false => format!("_{}", scope.model().entity(entity).singular),
        },
        one: scope.one(entity),
        keys,
        blocks,
        hidden,
        hidden_by_caller,
    })
}

/// `"title": Book.title`
fn entry(name: &str, value: &Python, indent: usize) -> String {
    let name = text(name);
    let value = value.laid_out(indent, name.len() + 2, 1);
    format!("{name}: {value}")
}

/// The column of a key; absent for parts, which are rows of their own.
fn value(
    scope: &Scope<'_>,
    entity: EntityId,
    output: &Output,
    imports: &mut Imports,
) -> Result<Option<Python>> {
    let class = atom(scope.names.class(entity));
    Ok(Some(match output.source {
        OutputSource::Id => class.dot("id"),
        OutputSource::Version => class.dot("version"),
        OutputSource::Parts(_) => return Ok(None),
        OutputSource::Field(field) => {
            let definition = scope.model().field(field);
            match definition.computed {
                Some(_) => computed::of_class(scope, definition, imports),
                None => class.dot(&scope.names.field(field)),
            }
        }
        OutputSource::Reference(field) => {
            let id = class.dot(&scope.names.field(field));
            let target = scope.model().field(field).to_one().map(|relation| relation.target);
            match target.and_then(|target| scope.model().entity(target).key) {
                Some(key) => {
                    let other = scope.imported(key.entity, imports);
                    imports.from("app.core.sql", "natural_key");
                    let key = atom(other).dot(&scope.names.field(key));
                    call("natural_key", vec![key, id])
                }
                None => id,
            }
        }
        OutputSource::Roles => {
            imports.from("app.auth.models", "Credentials");
            imports.from("sqlalchemy", "select");
            let own = atom("Credentials").dot("account_id").binary("==", class.dot("id"));
            let roles = call("select", vec![atom("Credentials").dot("roles")]);
            let roles = roles.call("where", vec![own]);
            let except = roles.call("correlate_except", vec![atom("Credentials")]);
            except.call("scalar_subquery", Vec::new())
        }
    }))
}

// ---- rows within rows ----------------------------------------------------------------------------------------------

/// What has to be looked up for rows that were read, step by step.
fn follow(
    scope: &Scope<'_>,
    entity: EntityId,
    locals: &Locals,
    functions: &mut Vec<Step>,
    imports: &mut Imports,
) -> Result<Vec<String>> {
    let Locals { rows, shape, inner, first } = locals;
    let mut steps = Vec::new();
    let suffix = match entity == scope.root() {
        true => String::new(),
        false => format!("{}_", scope.model().entity(entity).singular),
    };
    for output in &scope.plan.resource(entity).output {
        if let OutputSource::Parts(field) = output.source {
            let name = format!("_put_{suffix}{}", output.json);
            steps.push(format!("if {first}{shape}.shows({}):", text(&output.json)));
            steps.push(format!("    await {name}(session, caller, {rows}, {shape})"));
            parts(scope, field, &output.json, name, functions, imports)?;
        }
    }
    for expand in &scope.plan.resource(entity).expands {
        let name = format!("_expand_{suffix}{}", expand.name);
        let given = format!("({inner} := {shape}.expand.get({}))", text(&expand.name));
        steps.push(format!("if {first}{given} is not None:"));
        steps.push(format!("    await {name}(session, caller, {rows}, {inner})"));
        functions.push(expansion(scope, expand, name, imports)?);
    }
    Ok(steps)
}

/// What a function calls the rows that it looks things up for, and their shape.
struct Locals {
    rows: &'static str,
    shape: &'static str,
    inner: &'static str,
    /// What has to hold before anything is looked up.
    first: &'static str,
}

const OF_ROWS: Locals = Locals {
    rows: "rows",
    shape: "shape",
    inner: "inner",
    first: "",
};

const OF_PARTS: Locals = Locals {
    rows: "found",
    shape: "inner",
    inner: "deeper",
    first: "found and ",
};

fn parts(
    scope: &Scope<'_>,
    field: FieldId,
    key: &str,
    name: String,
    functions: &mut Vec<Step>,
    imports: &mut Imports,
) -> Result<()> {
    let definition = scope.model().field(field);
    let Some(relation) = definition.to_many() else {
        return Err(Unsupported::at("parts of one value", definition.span));
    };
    let part = relation.target;
    let class = scope.imported(part, imports);
    let suffix = scope.model().entity(part).singular.clone();
    let Some(of) = scope.model().entity(part).part_of else {
        return Err(Unsupported::at("parts without a whole", definition.span));
    };
    let back = atom(class.as_str()).dot(&scope.names.field(of.back));
    let mut conditions = vec![back.clone().call("in_", vec![atom("ids")])];
    if let Some(mark) = scope.names.column(part, ColumnSource::DeletedAt) {
        conditions.push(atom(class.as_str()).dot(&mark).call("is_", vec![atom("None")]));
    }
    let order = vec![back, atom(class.as_str()).dot("position")];
    let query = atom("query").call("where", conditions).call("order_by", order);
    let hidden = representation(scope, part, &mut Imports::default())?.hidden_by_caller;
    let hidden = if hidden { "caller" } else { "" };
    imports.from("app.core.records", "put_parts");
    imports.from("app.core.records", "values");
    let narrowed = query.laid_out(8, 16, 1);
    let mut lines = vec![
        "ids = values(rows, \"_id\")".to_owned(),
        format!("inner = shape.within({})", text(key)),
        "found = await fetch(".to_owned(),
        "    session,".to_owned(),
        "    inner,".to_owned(),
        format!("    _shown_{suffix}(caller),"),
        format!("    _hidden_{suffix}({hidden}),"),
        format!("    lambda query: {narrowed},"),
        ")".to_owned(),
    ];
    lines.push(format!("put_parts(rows, {}, found)", text(key)));
    lines.extend(follow(scope, part, &OF_PARTS, functions, imports)?);
    functions.push(Step {
        name,
        about: format!("Puts the parts of each row into `{key}`."),
        lines,
    });
    Ok(())
}

fn expansion(
    scope: &Scope<'_>,
    expand: &Expand,
    name: String,
    imports: &mut Imports,
) -> Result<Step> {
    let definition = scope.model().field(expand.field);
    if scope.model().entity(expand.target).part_of.is_some() {
        return Err(Unsupported::at("expanding to parts of other rows", definition.span));
    }
    let target = scope.imported(expand.target, imports);
    let kind = if expand.many { OperationKind::List } else { OperationKind::Get };
    let mut operations = scope.plan.operations.iter();
    let is_read = operations.any(|one| one.entity == Some(expand.target) && one.kind == kind);
    let key = text(&expand.name);
    let put = if expand.many { "put_many" } else { "put_one" };
    imports.from("app.core.records", put);
    let put = match expand.many {
        true => format!("put_many(rows, {key}, found, shape)"),
        false => format!("put_one(rows, {key}, {}, found, shape)", text(&format!("_{}", expand.name))),
    };
    let about = format!("Puts the rows that `{}` leads to.", expand.name);
    if !is_read {
        let lines = vec!["found: list[Record] = []".to_owned(), put];
        return Ok(Step { name, about, lines });
    }
    imports.from("app.core.records", "values");
    let load = match expand.target == scope.root() {
        true => "load".to_owned(),
        false => {
            let module = scope.other(expand.target, "records", imports);
            format!("{module}.load")
        }
    };
    let id = atom(target.as_str()).dot("id");
    let mut conditions: Vec<Python> = Vec::new();
    let active = scope.active(expand.target);
    let active = active.strip_prefix(", ").map(atom);
    let mut lines = Vec::new();
    if !expand.many {
        lines.push(format!("ids = values(rows, {})", text(&format!("_{}", expand.name))));
        conditions.push(id.call("in_", vec![atom("ids")]));
        conditions.extend(active);
        conditions.push(applied(scope, expand.target, "may_read", imports));
        let query = atom("query").call("where", conditions);
        let narrowed = atom(format!("lambda query: {}", query.flat()));
        let load = call(&load, ["session", "caller", "shape"].map(atom).into_iter().chain([narrowed]).collect());
        lines.push(format!("found = await {}", load.laid_out(4, 14, 0)));
        lines.push(put);
        return Ok(Step { name, about, lines });
    }
    lines.push("ids = values(rows, \"_id\")".to_owned());
    let FieldKind::ToMany(relation) = &definition.kind else {
        return Err(Unsupported::at("a list of one row", definition.span));
    };
    let parent = match relation.kind {
        ToManyKind::Inverse { by } | ToManyKind::Composed { by } => {
            atom(target.as_str()).dot(&scope.names.field(by))
        }
        ToManyKind::Linked { canonical, .. } => {
            let (table, near, far) = link(scope, canonical, expand.field, imports);
            let of_table = |column: &str| atom(table.as_str()).dot("c").dot(column);
            conditions.push(of_table(&far).binary("==", id.clone()));
            of_table(&near)
        }
        ToManyKind::Through { .. } => {
            return Err(Unsupported::at("expanding relations through rows of an entity", definition.span));
        }
    };
    conditions.push(parent.clone().call("in_", vec![atom("ids")]));
    conditions.extend(active);
    conditions.push(applied(scope, expand.target, "may_list", imports));
    for name in ["first_of_each", "numbered"] {
        imports.from("app.core.records", name);
    }
    let pairs = call("numbered", vec![parent, id.clone()]).call("where", conditions);
    let pairs = pairs.call("subquery", Vec::new());
    lines.push(format!("pairs = {}", pairs.laid_out(4, 8, 0)));
    let narrowed = call("first_of_each", vec![atom("pairs"), id]);
    let load = call(&load, ["session", "caller", "shape"].map(atom).into_iter().chain([narrowed]).collect());
    lines.push(format!("found = await {}", load.laid_out(4, 14, 0)));
    lines.push(put);
    Ok(Step { name, about, lines })
}

/// A link table, its column to the rows that have the field, and the one to those that it leads to.
pub fn link(
    scope: &Scope<'_>,
    canonical: FieldId,
    field: FieldId,
    imports: &mut Imports,
) -> (String, String, String) {
    let name = scope.names.link(canonical);
    imports.from(&scope.names.module(canonical.entity, "models"), &name);
    let table = scope.plan.link_table(canonical);
    let column = |source| {
        let column = table.and_then(|table| table.column_from(source));
        column.map_or_else(String::new, |column| column.name.clone())
    };
    let (near, far) = (column(ColumnSource::LinkNear), column(ColumnSource::LinkFar));
    match canonical == field {
        true => (name, near, far),
        false => (name, far, near),
    }
}

// ---- filters -------------------------------------------------------------------------------------------------------

enum Condition {
    Listed(String),
    Linked(Vec<String>),
}

fn filter_condition(scope: &Scope<'_>, filter: &Filter, imports: &mut Imports) -> Result<Condition> {
    let definition = scope.model().field(filter.field);
    let class = atom(scope.class());
    let given = atom("query").dot(&filter.name);
    let column = || class.clone().dot(&scope.names.field(filter.field));
    let keyed = |target: EntityId, imports: &mut Imports| {
        let key = scope.model().entity(target).key?;
        let other = scope.imported(target, imports);
        imports.from("app.core.sql", "id_by");
        Some(call("id_by", vec![atom(other).dot(&scope.names.field(key))]))
    };
    let arguments = match &definition.kind {
        FieldKind::Scalar(_) => vec![column()],
        FieldKind::ToOne(relation) => {
            let key = keyed(relation.target, imports);
            [column()].into_iter().chain(key).collect()
        }
        FieldKind::ToMany(relation) => {
            let ToManyKind::Linked { canonical, .. } = relation.kind else {
                return Err(Unsupported::at("a filter by rows that are not linked", definition.span));
            };
            let (table, near, far) = link(scope, canonical, filter.field, imports);
            let far = atom(table.as_str()).dot("c").dot(&far);
            let value = atom(format!("query.{}.eq", filter.name));
            let value = match keyed(relation.target, imports) {
                Some(key) => Python::Call(Box::new(key), vec![value]),
                None => value,
            };
            let module = scope.other(relation.target, "records", imports);
            let referable = match relation.target == scope.root() {
                true => call("referable", vec![atom("caller")]),
                false => atom(module).call("referable", vec![atom("caller")]),
            };
            imports.from("sqlalchemy", "select");
            let linked = call("select", vec![atom(table.as_str()).dot("c").dot(&near)]);
            let linked = linked.call(
                "where",
                vec![far.clone().binary("==", value), far.call("in_", vec![referable])],
            );
            let condition = class.dot("id").call("in_", vec![linked]);
            let append = call("conditions.append", vec![condition]);
            return Ok(Condition::Linked(vec![
                format!("if query.{}.eq is not None:", filter.name),
                format!("    {}", append.laid_out(8, 0, 0)),
            ]));
        }
    };
    Ok(Condition::Listed(format!("*{}", given.call("on", arguments).flat())))
}
