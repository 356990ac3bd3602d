//! Queries: which rows of a list, in which order, and how replies show them.

use super::{Schema, Schemas, set};
use crate::imports::Imports;
use crate::python::{WIDTH, atom, text};
use crate::types;
use crate::view::{Result, Scope};
use archwright_plan::limits;
use archwright_plan::{FilterOperator, ListOptions, OperationKind};
use archwright_stack::Unsupported;

pub(super) fn queries(scope: &Scope<'_>, view: &mut Schemas, imports: &mut Imports) -> Result<()> {
    let class = scope.class();
    let resource = scope.plan.resource(scope.root());
    let list = scope
        .operation(&OperationKind::List)
        .and_then(|one| one.list.as_ref());
    imports.from("typing", "Literal");
    imports.from("app.core.queries", "Names");
    imports.from("app.core.records", "Shape");
    let keys = resource.output.iter().map(|output| output.json.clone());
    view.literals
        .push(literal(&format!("{class}Key"), &keys.collect::<Vec<_>>()));
    let paths = scope.plan.expand_paths(scope.root());
    let paths = with_parts(&paths);
    let mut shaping = vec![format!("fields: Names[{class}Key] | None = None")];
    let mut shape = "Shape.of(self.fields, ())".to_owned();
    if !paths.is_empty() {
        imports.from("typing", "Annotated");
        imports.from("pydantic", "Field");
        view.literals.push(literal(&format!("{class}Path"), &paths));
        let most = limits::EXPANDED_PATHS;
        shaping.push(format!(
            "expand: Annotated[Names[{class}Path], Field(max_length={most})] = Field(default_factory=list)"
        ));
        shape = "Shape.of(self.fields, self.expand)".to_owned();
    }
    imports.from("app.core.queries", "Query");
    view.schemas.push(Schema {
        name: format!("{class}Query"),
        base: "Query".to_owned(),
        about: format!("How a reply shows {}.", scope.one(scope.root())),
        fields: shaping.clone(),
        shape: shape.clone(),
        ..Schema::default()
    });
    let Some(list) = list else {
        return Ok(());
    };
    imports.from("app.core.queries", "ListQuery");
    let mut fields = shaping;
    let filters = filters(scope, list, &mut fields, imports)?;
    if !list.sorts.is_empty() {
        let sorts = list
            .sorts
            .iter()
            .flat_map(|one| [one.name.clone(), format!("-{}", one.name)]);
        view.literals
            .push(literal(&format!("{class}Sort"), &sorts.collect::<Vec<_>>()));
        fields.push(format!("sort: {class}Sort | None = None"));
    }
    if list.search {
        imports.from("typing", "Annotated");
        imports.from("pydantic", "Field");
        let most = limits::SEARCH_CHARACTERS;
        fields.push(format!(
            "q: Annotated[str, Field(max_length={most})] | None = None"
        ));
    }
    view.schemas.push(Schema {
        name: format!("{class}ListQuery"),
        base: "ListQuery".to_owned(),
        about: format!(
            "Which {}, in which order, and how a reply shows them.",
            scope.spoken_plural(scope.root())
        ),
        filters,
        fields,
        shape,
        ..Schema::default()
    });
    Ok(())
}

/// The paths, and those parts on the way that lead to them: `lines` of `lines.book`.
fn with_parts(paths: &[String]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for path in paths {
        let mut end = 0;
        while let Some(dot) = path[end..].find('.') {
            let before = path[..end + dot].to_owned();
            if !all.contains(&before) && !paths.contains(&before) {
                all.push(before);
            }
            end += dot + 1;
        }
        all.push(path.clone());
    }
    all
}

/// `OrderKey = Literal["id", …]`
fn literal(name: &str, values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| text(value)).collect();
    let flat = format!("{name} = Literal[{}]", values.join(", "));
    match flat.chars().count() > WIDTH {
        true => format!("{name} = Literal[\n    {},\n]", values.join(",\n    ")),
        false => flat,
    }
}

fn filters(
    scope: &Scope<'_>,
    list: &ListOptions,
    fields: &mut Vec<String>,
    imports: &mut Imports,
) -> Result<String> {
    let mut names = Vec::new();
    for filter in &list.filters {
        let field = scope.model().field(filter.field);
        if field.sensitive {
            return Err(Unsupported::at("filters by sensitive fields", field.span));
        }
        let kind = filter_class(&filter.operators);
        imports.from("app.core.queries", kind);
        let value = types::filtered(scope.names, field, imports)?;
        let ty = format!("{kind}[{value}]");
        imports.from("app.core.queries", "unfiltered");
        fields.push(format!("{}: {ty} = unfiltered()", filter.name));
        names.push(atom(text(&filter.name)));
    }
    Ok(set("filters", names))
}

fn filter_class(operators: &[FilterOperator]) -> &'static str {
    let has = |operator| operators.contains(&operator);
    match (
        has(FilterOperator::Null),
        has(FilterOperator::Less),
        has(FilterOperator::NotEqual),
        has(FilterOperator::In),
    ) {
        (false, true, ..) => "Ordered",
        (true, true, ..) => "OptionalOrdered",
        (false, false, true, _) => "Matching",
        (true, false, true, _) => "OptionalMatching",
        (false, false, false, true) => "Reference",
        (true, false, false, true) => "OptionalReference",
        (false, false, false, false) => "Filter",
        (true, false, false, false) => "OptionalFilter",
    }
}
