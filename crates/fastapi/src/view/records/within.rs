//! Rows within rows: parts, and what a request expands.

use super::Step;
use super::keys::representation;
use crate::imports::Imports;
use crate::python::{Python, atom, call, text};
use crate::view::policies::applied;
use crate::view::{Result, Scope};
use archwright_plan::model::{EntityId, FieldId, FieldKind, ToManyKind};
use archwright_plan::{ColumnSource, Expand, OperationKind, OutputSource};
use archwright_stack::Unsupported;

/// What has to be looked up for rows that were read, step by step.
pub(super) fn follow(
    scope: &Scope<'_>,
    entity: EntityId,
    locals: &Locals,
    functions: &mut Vec<Step>,
    imports: &mut Imports,
) -> Result<Vec<String>> {
    let Locals {
        rows,
        shape,
        inner,
        first,
    } = locals;
    let mut steps = Vec::new();
    let suffix = match entity == scope.root() {
        true => String::new(),
        false => format!("{}_", scope.model().entity(entity).singular),
    };
    for output in &scope.plan.resource(entity).output {
        if let OutputSource::Parts(field) = output.source {
            let name = format!("_put_{suffix}{}", output.json);
            steps.push(format!("if {first}{shape}.shows({}):", text(&output.json)));
            steps.push(format!(
                "    await {name}(session, caller, {rows}, {shape})"
            ));
            parts(scope, field, &output.json, name, functions, imports)?;
        }
    }
    for expand in &scope.plan.resource(entity).expands {
        let name = format!("_expand_{suffix}{}", expand.name);
        let given = format!("({inner} := {shape}.expand.get({}))", text(&expand.name));
        steps.push(format!("if {first}{given} is not None:"));
        steps.push(format!(
            "    await {name}(session, caller, {rows}, {inner})"
        ));
        functions.push(expansion(scope, expand, name, imports)?);
    }
    Ok(steps)
}

/// What a function calls the rows that it looks things up for, and their shape.
pub(super) struct Locals {
    rows: &'static str,
    shape: &'static str,
    inner: &'static str,
    /// What has to hold before anything is looked up.
    first: &'static str,
}

pub(super) const OF_ROWS: Locals = Locals {
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
        conditions.push(
            atom(class.as_str())
                .dot(&mark)
                .call("is_", vec![atom("None")]),
        );
    }
    let order = vec![back, atom(class.as_str()).dot("position")];
    let query = atom("query")
        .call("where", conditions)
        .call("order_by", order);
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
        return Err(Unsupported::at(
            "expanding to parts of other rows",
            definition.span,
        ));
    }
    let target = scope.imported(expand.target, imports);
    let kind = if expand.many {
        OperationKind::List
    } else {
        OperationKind::Get
    };
    let mut operations = scope.plan.operations.iter();
    let is_read = operations.any(|one| one.entity == Some(expand.target) && one.kind == kind);
    let key = text(&expand.name);
    let put = if expand.many { "put_many" } else { "put_one" };
    imports.from("app.core.records", put);
    let put = match expand.many {
        true => format!("put_many(rows, {key}, found, shape)"),
        false => format!(
            "put_one(rows, {key}, {}, found, shape)",
            text(&format!("_{}", expand.name))
        ),
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
        lines.push(format!(
            "ids = values(rows, {})",
            text(&format!("_{}", expand.name))
        ));
        conditions.push(id.call("in_", vec![atom("ids")]));
        conditions.extend(active);
        conditions.push(applied(scope, expand.target, "may_read", imports));
        let query = atom("query").call("where", conditions);
        let narrowed = atom(format!("lambda query: {}", query.flat()));
        let load = call(
            &load,
            ["session", "caller", "shape"]
                .map(atom)
                .into_iter()
                .chain([narrowed])
                .collect(),
        );
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
            return Err(Unsupported::at(
                "expanding relations through rows of an entity",
                definition.span,
            ));
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
    let load = call(
        &load,
        ["session", "caller", "shape"]
            .map(atom)
            .into_iter()
            .chain([narrowed])
            .collect(),
    );
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
    let (near, far) = (
        column(ColumnSource::LinkNear),
        column(ColumnSource::LinkFar),
    );
    match canonical == field {
        true => (name, near, far),
        false => (name, far, near),
    }
}
