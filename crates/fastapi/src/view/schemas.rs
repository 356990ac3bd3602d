//! Bodies and queries as Pydantic models.

mod queries;

use super::{Result, Scope};
use crate::imports::Imports;
use crate::python::{Python, WIDTH, atom, call, text};
use crate::types::{self, Rules};
use archwright_plan::limits;
use archwright_plan::model::{EntityId, FieldKind, InputKind as MoveInput, Literal, ScalarType};
use archwright_plan::{Input, InputKind, OperationKind};
use archwright_stack::Unsupported;
use archwright_stack::name::{constant, pascal};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Schemas {
    pub doc: String,
    pub imports: String,
    pub literals: Vec<String>,
    pub schemas: Vec<Schema>,
}

#[derive(Debug, Default, Serialize)]
pub struct Schema {
    pub name: String,
    pub base: String,
    pub about: String,
    pub read_only: String,
    pub filters: String,
    pub fields: Vec<String>,
    pub shape: String,
}

pub fn view(scope: &Scope<'_>) -> Result<Schemas> {
    let mut imports = Imports::default();
    let mut view = Schemas {
        doc: format!(
            "What requests say about {}.",
            scope.spoken_plural(scope.root())
        ),
        imports: String::new(),
        literals: Vec::new(),
        schemas: Vec::new(),
    };
    let root = scope.root();
    let resource = scope.plan.resource(root);
    if is_made(scope) {
        bodies(
            scope,
            root,
            &resource.create,
            Mode::Create,
            &mut view,
            &mut imports,
        )?;
    }
    if scope.operation(&OperationKind::Update).is_some() {
        bodies(
            scope,
            root,
            &resource.update,
            Mode::Update,
            &mut view,
            &mut imports,
        )?;
    }
    moves(scope, &mut view, &mut imports)?;
    queries::queries(scope, &mut view, &mut imports)?;
    view.imports = imports.text();
    Ok(view)
}

/// Whether rows are made by requests: by a create, or by signing up.
pub fn is_made(scope: &Scope<'_>) -> bool {
    let mut operations = scope.plan.operations.iter();
    let signs_up = operations.any(|one| one.kind == OperationKind::SignUp);
    let is_account = scope.is_account(scope.root());
    scope.operation(&OperationKind::Create).is_some() || is_account && signs_up
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Create,
    Update,
}

/// The body of a write, after those of the parts in it.
fn bodies(
    scope: &Scope<'_>,
    entity: EntityId,
    inputs: &[Input],
    mode: Mode,
    view: &mut Schemas,
    imports: &mut Imports,
) -> Result<()> {
    imports.from("app.core.bodies", "Body");
    let mut fields = Vec::new();
    let is_part = entity != scope.root();
    if is_part && mode == Mode::Update {
        imports.from("app.core.fields", "Guid");
        fields.push("id: Guid".to_owned());
    }
    let mut read_only = read_only(scope, entity, inputs, "");
    for input in inputs {
        if let InputKind::Parts {
            entity: part,
            create,
            update,
        } = &input.kind
        {
            let created = view
                .schemas
                .iter()
                .any(|one| one.name == class(scope, *part, Mode::Create));
            if !created {
                bodies(scope, *part, create, Mode::Create, view, imports)?;
            }
            if mode == Mode::Update {
                bodies(scope, *part, update, Mode::Update, view, imports)?;
            }
            read_only.extend(self::read_only(
                scope,
                *part,
                create,
                &format!("{}.", input.json),
            ));
        }
        fields.push(field(scope, input, mode, imports)?);
    }
    let one = scope.one(entity);
    let about = match (mode, is_part) {
        (Mode::Create, _) => format!("{}.", capitalised(&format!("{one} to be made"))),
        (Mode::Update, false) => format!("Changes of {one}: what is left out stays as it is."),
        (Mode::Update, true) => format!(
            "{}.",
            capitalised(&format!("{one} that is kept, and its changes"))
        ),
    };
    read_only.sort();
    let read_only: Vec<Python> = read_only.iter().map(|key| atom(text(key))).collect();
    view.schemas.push(Schema {
        name: class(scope, entity, mode),
        base: "Body".to_owned(),
        about,
        read_only: set("read_only", read_only),
        fields,
        ..Schema::default()
    });
    Ok(())
}

/// `read_only = frozenset({…})`; nothing where nothing is in it.
fn set(name: &str, items: Vec<Python>) -> String {
    match items.is_empty() {
        true => String::new(),
        false => {
            let value = call("frozenset", vec![Python::Set(items)]);
            format!("{name} = {}", value.laid_out(4, name.len() + 3, 0))
        }
    }
}

fn class(scope: &Scope<'_>, entity: EntityId, mode: Mode) -> String {
    let suffix = match mode {
        Mode::Create => "Create",
        Mode::Update => "Update",
    };
    format!("{}{suffix}", scope.names.class(entity))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().to_string() + letters.as_str(),
        None => String::new(),
    }
}

/// Keys that replies have and a body may not set.
fn read_only(scope: &Scope<'_>, entity: EntityId, inputs: &[Input], before: &str) -> Vec<String> {
    let outputs = scope.plan.resource(entity).output.iter();
    let closed = outputs.filter(|output| inputs.iter().all(|input| input.json != output.json));
    closed
        .map(|output| format!("{before}{}", output.json))
        .collect()
}

fn field(scope: &Scope<'_>, input: &Input, mode: Mode, imports: &mut Imports) -> Result<String> {
    let definition = scope.model().field(input.field);
    if !input.settable.is_empty() {
        return Err(Unsupported::at(
            "fields that only some may set",
            definition.span,
        ));
    }
    let is_optional = mode == Mode::Update || !input.required;
    let mut annotation = match &input.kind {
        InputKind::Scalar => {
            let Some(scalar) = definition.scalar() else {
                return Err(Unsupported::at("a value of no type", definition.span));
            };
            let words = words(scope, input, scalar, imports);
            let rules = Rules::of(definition, scalar);
            types::given(&rules, &words, imports).map_err(|error| Unsupported {
                span: error.span.or(Some(definition.span)),
                ..error
            })?
        }
        InputKind::Reference(target) => addressed(scope, *target, imports)?,
        InputKind::References(target) => {
            imports.from("typing", "Annotated");
            imports.from("pydantic", "Field");
            imports.from("app.core.fields", "Distinct");
            let item = addressed(scope, *target, imports)?;
            format!(
                "Annotated[list[{item}], Field(max_length={}), Distinct]",
                limits::BODY_ITEMS
            )
        }
        InputKind::Parts { entity, .. } => {
            imports.from("typing", "Annotated");
            imports.from("pydantic", "Field");
            let new = class(scope, *entity, Mode::Create);
            let item = match mode {
                Mode::Create => new,
                Mode::Update => {
                    imports.from("app.core.bodies", "new_or_kept");
                    let kept = class(scope, *entity, Mode::Update);
                    format!("Annotated[{new} | {kept}, new_or_kept({new}, {kept})]")
                }
            };
            format!(
                "Annotated[list[{item}], Field(max_length={})]",
                limits::BODY_ITEMS
            )
        }
    };
    if input.nullable {
        annotation.push_str(" | None");
    }
    if definition.blank_as_null {
        imports.from("typing", "Annotated");
        imports.from("app.core.fields", "BlankAsNull");
        annotation = format!("Annotated[{annotation}, BlankAsNull]");
    }
    let default = match (mode, is_optional) {
        (_, false) => String::new(),
        (Mode::Create, true) => default(scope, input, imports)?,
        (Mode::Update, true) => {
            imports.from("app.core.fields", "absent");
            " = absent()".to_owned()
        }
    };
    let line = format!("{}: {annotation}{default}", input.json);
    Ok(match line.chars().count() + 4 > WIDTH {
        true => broken(&input.json, &annotation, &default),
        false => line,
    })
}

/// `title: (\n …`: an annotation that is too long for its line.
fn broken(name: &str, annotation: &str, default: &str) -> String {
    match annotation
        .strip_prefix("Annotated[")
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(parts) => format!(
            "{name}: Annotated[\n        {},\n    ]{default}",
            arguments(parts).join(",\n        ")
        ),
        None => format!("{name}: {annotation}{default}"),
    }
}

/// The parts between commas that no bracket encloses.
fn arguments(text: &str) -> Vec<String> {
    let (mut depth, mut quoted, mut parts) = (0, false, vec![String::new()]);
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            '[' | '(' | '{' if !quoted => depth += 1,
            ']' | ')' | '}' if !quoted => depth -= 1,
            ',' if depth == 0 && !quoted => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(letter);
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

fn words(scope: &Scope<'_>, input: &Input, scalar: &ScalarType, imports: &mut Imports) -> String {
    let words = scope.names.words(input.field);
    if matches!(scalar, ScalarType::Enum { .. }) {
        imports.from(&scope.names.module(input.field.entity, "models"), &words);
    }
    words
}

/// The id or natural key of a row, as a body names it.
fn addressed(scope: &Scope<'_>, target: EntityId, imports: &mut Imports) -> Result<String> {
    let Some(key) = scope.model().entity(target).key else {
        imports.from("app.core.fields", "Guid");
        return Ok("Guid".to_owned());
    };
    let field = scope.model().field(key);
    let Some(scalar) = field.scalar() else {
        return Err(Unsupported::at("a key that is no value", field.span));
    };
    types::given(&Rules::of(field, scalar), &scope.names.words(key), imports)
}

/// What a create takes for a key that is left out.
fn default(scope: &Scope<'_>, input: &Input, imports: &mut Imports) -> Result<String> {
    let definition = scope.model().field(input.field);
    if definition.to_many().is_some() {
        imports.from("app.core.fields", "absent");
        return Ok(" = absent()".to_owned());
    }
    let Some(expression) = &definition.default else {
        if input.nullable {
            return Ok(" = None".to_owned());
        }
        imports.from("app.core.fields", "absent");
        return Ok(" = absent()".to_owned());
    };
    use archwright_plan::model::ExpressionKind;
    let ExpressionKind::Literal(literal) = &expression.kind else {
        // Worked out when the row is made.
        imports.from("app.core.fields", "absent");
        return Ok(" = absent()".to_owned());
    };
    Ok(format!(
        " = {}",
        literal_value(scope, input.field, literal, imports)
    ))
}

/// A literal of a field's type as a value of Python.
pub fn literal_value(
    scope: &Scope<'_>,
    field: archwright_plan::model::FieldId,
    literal: &Literal,
    imports: &mut Imports,
) -> String {
    let definition = scope.model().field(field);
    match (literal, definition.scalar()) {
        (Literal::Text(word), Some(ScalarType::Enum { .. })) => {
            let words = scope.names.words(field);
            imports.from(&scope.names.module(field.entity, "models"), &words);
            format!("{words}.{}", constant(word))
        }
        (Literal::Text(value), Some(ScalarType::Date)) => {
            imports.from("datetime", "date");
            format!("date.fromisoformat({})", text(value))
        }
        (Literal::Text(value), Some(ScalarType::DateTime)) => {
            imports.from("datetime", "datetime");
            format!("datetime.fromisoformat({})", text(value))
        }
        (Literal::Text(value), _) => text(value),
        (Literal::Int(value), Some(ScalarType::Decimal { scale, .. })) => {
            imports.from("decimal", "Decimal");
            let units = i128::from(*value) * 10_i128.pow(*scale);
            format!(
                "Decimal({})",
                text(&archwright_plan::decimal(units, *scale))
            )
        }
        (Literal::Decimal { units, scale: from }, Some(ScalarType::Decimal { scale, .. })) => {
            imports.from("decimal", "Decimal");
            let units = i128::from(*units) * 10_i128.pow(scale.saturating_sub(*from));
            format!(
                "Decimal({})",
                text(&archwright_plan::decimal(units, *scale))
            )
        }
        (Literal::Decimal { units, scale }, _) => {
            imports.from("decimal", "Decimal");
            format!(
                "Decimal({})",
                text(&archwright_plan::decimal(*units, *scale))
            )
        }
        (Literal::Int(value), _) => value.to_string(),
        (Literal::Bool(true), _) => "True".to_owned(),
        (Literal::Bool(false), _) => "False".to_owned(),
        (Literal::Null, _) => "None".to_owned(),
    }
}

/// The class of a move's body.
pub fn move_class(scope: &Scope<'_>, name: &str) -> String {
    format!("{}{}", scope.class(), pascal(name))
}

fn moves(scope: &Scope<'_>, view: &mut Schemas, imports: &mut Imports) -> Result<()> {
    let machine = scope.model().entity(scope.root()).state.as_ref();
    for one in machine.iter().flat_map(|machine| &machine.moves) {
        if one.input.is_empty() {
            continue;
        }
        imports.from("app.core.bodies", "Body");
        let mut fields = Vec::new();
        for input in &one.input {
            let MoveInput::Scalar(scalar) = &input.kind else {
                return Err(Unsupported::at(
                    "inputs of moves that are no values",
                    input.span,
                ));
            };
            if matches!(scalar, ScalarType::Enum { .. }) || input.secret {
                return Err(Unsupported::at("inputs of moves of this type", input.span));
            }
            let rules = Rules {
                scalar,
                min: input.min.as_ref(),
                max: input.max.as_ref(),
                pattern: input.pattern.as_deref(),
            };
            let mut annotation =
                types::given(&rules, "", imports).map_err(|error| Unsupported {
                    span: error.span.or(Some(input.span)),
                    ..error
                })?;
            if input.nullable || input.optional {
                annotation.push_str(" | None");
            }
            if input.blank_as_null {
                imports.from("typing", "Annotated");
                imports.from("app.core.fields", "BlankAsNull");
                annotation = format!("Annotated[{annotation}, BlankAsNull]");
            }
            let default = match (&input.default, input.optional) {
                (Some(_), _) => {
                    return Err(Unsupported::at(
                        "inputs of moves with a default",
                        input.span,
                    ));
                }
                (None, true) => " = None",
                (None, false) => "",
            };
            fields.push(format!("{}: {annotation}{default}", input.name));
        }
        view.schemas.push(Schema {
            name: move_class(scope, &one.name),
            base: "Body".to_owned(),
            about: format!("What `{}` takes.", one.name),
            fields,
            ..Schema::default()
        });
    }
    Ok(())
}

/// Whether rows of the entity are referred to by a body, a filter or a path of another.
pub fn is_referred_to(scope: &Scope<'_>) -> bool {
    let root = scope.root();
    fn names(inputs: &[Input], root: EntityId) -> bool {
        inputs.iter().any(|input| match &input.kind {
            InputKind::Reference(target) | InputKind::References(target) => *target == root,
            InputKind::Parts { create, update, .. } => names(create, root) || names(update, root),
            InputKind::Scalar => false,
        })
    }
    scope
        .plan
        .resources
        .iter()
        .any(|one| names(&one.create, root) || names(&one.update, root))
        || scope.plan.operations.iter().any(|one| match one.kind {
            OperationKind::Link(field) | OperationKind::Unlink(field) => {
                let kind = &scope.model().field(field).kind;
                matches!(kind, FieldKind::ToMany(relation) if relation.target == root)
            }
            _ => false,
        })
}
