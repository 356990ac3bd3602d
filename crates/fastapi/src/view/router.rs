//! Endpoints: who may call them, what they read of a request, and which reply they give.

use super::service::{about, function_name, parameter};
use super::{Result, Scope};
use crate::imports::Imports;
use crate::python::{Python, WIDTH, atom, call, text};
use archwright_plan::{CallerClass, Operation, OperationKind, RequestBody};
use archwright_stack::guard::classes;
use archwright_stack::name::constant;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Router {
    pub doc: String,
    pub imports: String,
    pub endpoints: Vec<Endpoint>,
}

#[derive(Debug, Serialize)]
pub struct Endpoint {
    pub method: String,
    pub path: String,
    pub name: String,
    pub function: String,
    pub parameters: Vec<String>,
    pub about: String,
    pub lines: Vec<String>,
}

pub fn view(scope: &Scope<'_>) -> Result<Router> {
    let mut imports = Imports::default();
    let endpoints = scope
        .operations()
        .map(|one| endpoint(scope, one, &mut imports));
    let endpoints: Vec<Endpoint> = endpoints.collect::<Result<_>>()?;
    imports.from("fastapi", "APIRouter");
    if !endpoints.is_empty() {
        for name in ["Depends", "Response"] {
            imports.from("fastapi", name);
        }
        imports.from("typing", "Annotated");
        imports.from("app.core.admission", "Admission");
        imports.from("app.core.callers", "Caller");
    }
    let plural = scope.spoken_plural(scope.root());
    Ok(Router {
        doc: format!("Requests about {plural}."),
        imports: imports.text(),
        endpoints,
    })
}

/// `Admission("write", Role.STAFF)`
pub fn admission(scope: &Scope<'_>, operation: &Operation, imports: &mut Imports) -> String {
    let mut arguments = vec![text(&operation.rate)];
    for class in classes(&operation.guard) {
        arguments.push(match class {
            CallerClass::Role(role) => {
                imports.from("app.core.callers", "Role");
                format!("Role.{}", constant(&scope.model().role(role).name))
            }
            CallerClass::Anyone | CallerClass::SignedIn => {
                imports.from("app.core.admission", "SIGNED_IN");
                "SIGNED_IN".to_owned()
            }
        });
    }
    format!("Admission({})", arguments.join(", "))
}

fn endpoint(scope: &Scope<'_>, operation: &Operation, imports: &mut Imports) -> Result<Endpoint> {
    let (class, package) = (scope.class(), format!("app.{}", scope.package()));
    let function = function_name(scope, operation);
    let mut parameters = Vec::new();
    let reads = matches!(operation.kind, OperationKind::List | OperationKind::Get);
    if reads {
        imports.from("fastapi", "Request");
        parameters.push("request: Request".to_owned());
    }
    let admission = admission(scope, operation, imports);
    parameters.push(format!("caller: Annotated[Caller, Depends({admission})]"));
    for (place, one) in operation.parameters.iter().enumerate() {
        let (name, ty) = parameter(scope, operation, place, imports);
        imports.from("fastapi", "Path");
        parameters.push(format!(
            "{name}: Annotated[{ty}, Path(alias={})]",
            text(&one.name)
        ));
    }
    let query = match (&operation.kind, operation.shapes_reply) {
        (OperationKind::List, _) => Some(format!("schemas.{class}ListQuery")),
        (_, true) => Some(format!("schemas.{class}Query")),
        (_, false) => None,
    };
    match &query {
        Some(query) => {
            imports.from(&package, "schemas");
            imports.from("app.core.queries", "parsed");
            let line = format!("query: Annotated[{query}, Depends(parsed({query}))]");
            parameters.push(match line.len() + 5 > WIDTH {
                true => {
                    format!("query: Annotated[\n        {query}, Depends(parsed({query}))\n    ]")
                }
                false => line,
            });
        }
        None => {
            imports.from("app.core.queries", "Plain");
            parameters.push("_: Plain".to_owned());
        }
    }
    let body = operation.body(scope.model());
    let lines = match reads {
        true => {
            imports.from("app.core.database", "ReadSession");
            parameters.push("session: ReadSession".to_owned());
            read(scope, operation, imports)
        }
        false => written(scope, operation, body, &function, &mut parameters, imports),
    };
    Ok(Endpoint {
        method: operation.method.name().to_lowercase(),
        path: operation.path.clone(),
        name: operation.operation_id.clone(),
        function,
        parameters,
        about: about(operation),
        lines,
    })
}

fn read(scope: &Scope<'_>, operation: &Operation, imports: &mut Imports) -> Vec<String> {
    let class = scope.imported(scope.root(), imports);
    imports.from(&format!("app.{}", scope.package()), "records");
    if let Some(list) = &operation.list {
        imports.from("app.core.pages", "Page");
        imports.from("app.core.records", "listed");
        let sort = match list.sorts.is_empty() {
            true => atom("None"),
            false => {
                imports.from("app.core.pages", "Sort");
                let sorts = list.sorts.iter().map(|sort| {
                    let column = atom(class.as_str()).dot(&scope.names.field(sort.field));
                    (text(&sort.name), column)
                });
                let sorts = Python::Dict(sorts.collect());
                call("Sort.of", vec![atom("query.sort"), sorts])
            }
        };
        let mut arguments = vec![atom("request"), atom(class.as_str()).dot("id"), sort];
        arguments.extend(["query.limit", "query.cursor"].map(atom));
        let sort = std::mem::replace(&mut arguments[2], atom("sort"));
        let page = call("Page.of", arguments).laid_out(4, 7, 0);
        return vec![
            format!("sort = {}", sort.laid_out(4, 7, 0)),
            format!("page = {page}"),
            "return listed(request, page, await records.listed(session, caller, query, page))"
                .to_owned(),
        ];
    }
    imports.from("app.core.records", "read");
    let (name, _) = parameter(scope, operation, 0, imports);
    let own = atom(class)
        .dot(&scope.address(scope.root()))
        .binary("==", atom(name));
    let one = call(
        "records.one",
        vec![atom("session"), atom("caller"), own, atom("query.shape")],
    );
    let mut arguments = vec![atom("request"), atom("record")];
    if scope.plan.revalidates(operation) {
        arguments.push(Python::Named(
            "revalidates".to_owned(),
            Box::new(atom("not query.shape.expand")),
        ));
    }
    vec![
        format!("record = await {}", one.laid_out(4, 15, 0)),
        format!("return {}", call("read", arguments).flat()),
    ]
}

fn written(
    scope: &Scope<'_>,
    operation: &Operation,
    body: RequestBody,
    function: &str,
    parameters: &mut Vec<String>,
    imports: &mut Imports,
) -> Vec<String> {
    let mut arguments: Vec<Python> = ["session", "caller"].map(atom).to_vec();
    for place in 0..operation.parameters.len() {
        arguments.push(atom(parameter(scope, operation, place, imports).0));
    }
    if operation.idempotency_key {
        imports.from("app.core.idempotency", "IdempotencyKey");
        parameters.push("key: IdempotencyKey".to_owned());
    }
    if operation.etag {
        imports.from("app.core.conditional", "IfMatch");
        parameters.push("if_match: IfMatch".to_owned());
    }
    let content = match body {
        RequestBody::MergePatch => Some("PatchContent"),
        RequestBody::Json | RequestBody::Empty => Some("JsonContent"),
        RequestBody::None | RequestBody::File => None,
    };
    if let Some(content) = content {
        imports.from("app.core.bodies", content);
        parameters.push(format!("body: {content}"));
        arguments.push(atom("body"));
    }
    if operation.etag {
        arguments.push(atom("if_match"));
    }
    if operation.shapes_reply {
        arguments.push(atom("query.shape"));
    }
    imports.from(&format!("app.{}", scope.package()), "service");
    imports.from("app.core.database", "write");
    imports.from("sqlalchemy.ext.asyncio", "AsyncSession");
    let done = call(&format!("service.{function}"), arguments);
    let done = Python::Prefixed("await ", Box::new(done));
    let mut lines = vec![
        String::new(),
        "async def work(session: AsyncSession) -> Response:".to_owned(),
    ];
    match operation.kind {
        OperationKind::Create => {
            imports.from("app.core.records", "created");
            let path = text(&operation.path);
            let reply = call("created", vec![done, atom(path)]);
            lines.push(format!("    return {}", reply.laid_out(8, 7, 0)));
        }
        _ if operation.shapes_reply => {
            imports.from("app.core.records", "shown");
            lines.push(format!(
                "    return {}",
                call("shown", vec![done]).laid_out(8, 7, 0)
            ));
        }
        _ => {
            imports.from("app.core", "replies");
            lines.push(format!("    {}", done.laid_out(8, 0, 0)));
            lines.push("    return replies.nothing()".to_owned());
        }
    }
    lines.push(String::new());
    let work = match operation.idempotency_key {
        true => {
            imports.from("app.core.idempotency", "once");
            "once(key, caller, body, work)"
        }
        false => "work",
    };
    let has_input = body.carries_input();
    lines.push(match has_input {
        true => format!("return await write({work})"),
        false => format!("return await write({work}, carries_input=False)"),
    });
    lines
}
