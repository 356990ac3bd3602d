//! What each type is in Python, in the database and in requests.

use crate::imports::Imports;
use crate::names::Names;
use crate::python::{Python, atom, call, text};
use archwright_plan::model::{Field, FieldKind, IdType, LARGEST_BIGINT, Literal, ScalarType};
use archwright_plan::{Plan, decimal};
use archwright_stack::Unsupported;

type Result<T> = std::result::Result<T, Unsupported>;

/// The type of the values of a stored or computed field in Python.
pub fn python(names: Names<'_>, field: &Field, imports: &mut Imports) -> Result<String> {
    let from = |imports: &mut Imports, module: &str, name: &str| {
        imports.from(module, name);
        name.to_owned()
    };
    let scalar = match &field.kind {
        FieldKind::ToOne(_) => return Ok(from(imports, "uuid", "UUID")),
        FieldKind::ToMany(_) => return Err(Unsupported::at("rows as a value", field.span)),
        FieldKind::Scalar(scalar) => scalar,
    };
    Ok(match scalar {
        ScalarType::Int | ScalarType::BigInt => "int".to_owned(),
        ScalarType::Decimal { .. } => from(imports, "decimal", "Decimal"),
        ScalarType::Bool => "bool".to_owned(),
        ScalarType::Date => from(imports, "datetime", "date"),
        ScalarType::DateTime => from(imports, "datetime", "datetime"),
        ScalarType::Uuid => from(imports, "uuid", "UUID"),
        ScalarType::Enum { .. } => {
            let words = names.words(field.id);
            from(imports, &names.module(field.id.entity, "models"), &words)
        }
        ScalarType::Json => return Err(Unsupported::at("fields of the type `json`", field.span)),
        ScalarType::File { .. } => return Err(Unsupported::at("files", field.span)),
        _ => "str".to_owned(),
    })
}

/// The column type of a stored field; absent where SQLAlchemy knows it by the annotation.
pub fn stored(names: Names<'_>, field: &Field, imports: &mut Imports) -> Result<Option<Python>> {
    let scalar = match &field.kind {
        FieldKind::Scalar(scalar) => scalar,
        _ => return Ok(Some(own(imports, "Guid"))),
    };
    if field.sensitive {
        if !scalar.is_text() || matches!(scalar, ScalarType::Enum { .. }) {
            return Err(Unsupported::at(
                "sensitive fields that are no text",
                field.span,
            ));
        }
        let table = names.plan.table(field.id.entity);
        let place = format!("{}.{}", table.name, names.field(field.id));
        imports.from("app.core.columns", "Encrypted");
        return Ok(Some(call("Encrypted", vec![atom(text(&place))])));
    }
    Ok(match scalar {
        ScalarType::Int | ScalarType::Bool | ScalarType::Date => None,
        ScalarType::BigInt => {
            imports.from("sqlalchemy", "BigInteger");
            Some(atom("BigInteger"))
        }
        ScalarType::Decimal { precision, scale } => Some(fixed(imports, *precision, *scale)),
        ScalarType::DateTime => Some(own(imports, "Instant")),
        ScalarType::Uuid => Some(own(imports, "Guid")),
        ScalarType::Enum { .. } => {
            imports.from("app.core.columns", "choice");
            Some(call("choice", vec![atom(names.words(field.id))]))
        }
        _ => {
            imports.from("sqlalchemy", "Text");
            Some(atom("Text"))
        }
    })
}

fn own(imports: &mut Imports, name: &str) -> Python {
    imports.from("app.core.columns", name);
    atom(name)
}

pub fn fixed(imports: &mut Imports, precision: u32, scale: u32) -> Python {
    imports.from("app.core.columns", "FixedPoint");
    let numbers = [precision, scale].map(|number| atom(number.to_string()));
    call("FixedPoint", numbers.to_vec())
}

/// The type of a computed field's expression, where the database could give something else.
pub fn computed(field: &Field, imports: &mut Imports) -> Option<Python> {
    match field.scalar()? {
        ScalarType::Decimal { precision, scale } => Some(fixed(imports, *precision, *scale)),
        ScalarType::Int | ScalarType::BigInt => Some(own(imports, "Whole")),
        _ => None,
    }
}

/// What a value of a request has to keep to.
pub struct Rules<'a> {
    pub scalar: &'a ScalarType,
    pub min: Option<&'a Literal>,
    pub max: Option<&'a Literal>,
    pub pattern: Option<&'a str>,
}

impl<'a> Rules<'a> {
    pub fn of(field: &'a Field, scalar: &'a ScalarType) -> Self {
        Self {
            scalar,
            min: field.min.as_ref(),
            max: field.max.as_ref(),
            pattern: field.pattern.as_deref(),
        }
    }
}

/// The annotation of a value in a body; `words` is the class of an enum.
pub fn given(rules: &Rules<'_>, words: &str, imports: &mut Imports) -> Result<String> {
    let mut bounds: Vec<Python> = Vec::new();
    let mut bound = |name: &str, value: String| {
        bounds.push(Python::Named(name.to_owned(), Box::new(atom(value))));
    };
    let own = |imports: &mut Imports, name: &str| {
        imports.from("app.core.fields", name);
        name.to_owned()
    };
    let base = match rules.scalar {
        ScalarType::String { min, max } | ScalarType::Text { min, max } => {
            imports.from("typing", "Annotated");
            imports.from("app.core.fields", "Sized");
            let mut arguments = vec![atom(min.to_string()), atom(max.to_string())];
            arguments.extend(rules.pattern.map(pattern));
            return Ok(format!(
                "Annotated[str, {}]",
                call("Sized", arguments).flat()
            ));
        }
        ScalarType::Int | ScalarType::BigInt => {
            let (least, most) = match rules.scalar {
                ScalarType::Int => (i64::from(i32::MIN), i64::from(i32::MAX)),
                _ => (-LARGEST_BIGINT, LARGEST_BIGINT),
            };
            let number = |literal: Option<&Literal>, otherwise: i64| match literal {
                Some(Literal::Int(value)) => *value,
                _ => otherwise,
            };
            bound("ge", number(rules.min, least).to_string());
            bound("le", number(rules.max, most).to_string());
            own(imports, "Int")
        }
        ScalarType::Decimal { precision, scale } => {
            imports.from("decimal", "Decimal");
            imports.from("typing", "Annotated");
            let fixed = fixed_rule((*precision, *scale), rules, imports);
            return Ok(format!("Annotated[Decimal, {}]", fixed.flat()));
        }
        ScalarType::Bool => {
            imports.from("pydantic", "StrictBool");
            "StrictBool".to_owned()
        }
        ScalarType::Date => {
            for (name, literal) in [("ge", rules.min), ("le", rules.max)] {
                if let Some(Literal::Text(value)) = literal {
                    imports.from("datetime", "date");
                    bound(name, format!("date.fromisoformat({})", text(value)));
                }
            }
            own(imports, "Day")
        }
        ScalarType::DateTime => {
            for (name, literal) in [("ge", rules.min), ("le", rules.max)] {
                if let Some(Literal::Text(value)) = literal {
                    imports.from("datetime", "datetime");
                    bound(name, format!("datetime.fromisoformat({})", text(value)));
                }
            }
            own(imports, "Moment")
        }
        ScalarType::Uuid => own(imports, "Guid"),
        ScalarType::Email => own(imports, "Email"),
        ScalarType::Url => own(imports, "Url"),
        ScalarType::Phone => own(imports, "Phone"),
        ScalarType::Slug => own(imports, "Slug"),
        ScalarType::Enum { .. } => words.to_owned(),
        ScalarType::Json => return Err(Unsupported::new("values of the type `json`")),
        ScalarType::File { .. } => return Err(Unsupported::new("files")),
    };
    bounds.extend(rules.pattern.map(pattern));
    if bounds.is_empty() {
        return Ok(base);
    }
    imports.from("typing", "Annotated");
    imports.from("pydantic", "Field");
    Ok(format!(
        "Annotated[{base}, {}]",
        call("Field", bounds).flat()
    ))
}

fn pattern(pattern: &str) -> Python {
    let literal = match pattern.contains('"') || pattern.ends_with('\\') {
        true => text(pattern),
        false => format!("r\"{pattern}\""),
    };
    Python::Named("pattern".to_owned(), Box::new(atom(literal)))
}

fn fixed_rule((precision, scale): (u32, u32), rules: &Rules<'_>, imports: &mut Imports) -> Python {
    imports.from("app.core.fields", "Fixed");
    let mut arguments = vec![atom(precision.to_string()), atom(scale.to_string())];
    for (name, literal) in [("least", rules.min), ("most", rules.max)] {
        let shown = match literal {
            Some(Literal::Int(value)) => value.to_string(),
            Some(Literal::Decimal { units, scale }) => decimal(*units, *scale),
            _ => continue,
        };
        arguments.push(Python::Named(name.to_owned(), Box::new(atom(text(&shown)))));
    }
    call("Fixed", arguments)
}

/// The annotation of a value in a filter.
pub fn filtered(names: Names<'_>, field: &Field, imports: &mut Imports) -> Result<String> {
    let own = |imports: &mut Imports, name: &str| {
        imports.from("app.core.fields", name);
        name.to_owned()
    };
    let scalar = match &field.kind {
        FieldKind::Scalar(scalar) => scalar,
        FieldKind::ToOne(relation) => return addressed(names, relation.target, imports),
        FieldKind::ToMany(relation) => return addressed(names, relation.target, imports),
    };
    Ok(match scalar {
        ScalarType::Int | ScalarType::BigInt => "int".to_owned(),
        ScalarType::Decimal { precision, scale } => {
            imports.from("decimal", "Decimal");
            imports.from("typing", "Annotated");
            imports.from("app.core.fields", "Fixed");
            format!("Annotated[Decimal, Fixed({precision}, {scale}, exact=False)]")
        }
        ScalarType::Bool => "bool".to_owned(),
        ScalarType::Date => own(imports, "Day"),
        ScalarType::DateTime => own(imports, "Moment"),
        ScalarType::Uuid => own(imports, "Guid"),
        ScalarType::Enum { .. } => {
            let words = names.words(field.id);
            imports.from(&names.module(field.id.entity, "models"), &words);
            words
        }
        ScalarType::Email => own(imports, "LowerText"),
        ScalarType::Json | ScalarType::File { .. } => {
            return Err(Unsupported::at("filters of this type", field.span));
        }
        _ => own(imports, "Text"),
    })
}

fn addressed(
    names: Names<'_>,
    entity: archwright_plan::model::EntityId,
    imports: &mut Imports,
) -> Result<String> {
    match names.plan.model.entity(entity).key {
        Some(key) => filtered(names, names.plan.model.field(key), imports),
        None => {
            imports.from("app.core.fields", "Guid");
            Ok("Guid".to_owned())
        }
    }
}

/// Whether the project can have the ids of all entities.
pub fn ids(plan: &Plan) -> impl Iterator<Item = Unsupported> {
    let numbered = plan.model.entities.iter();
    let numbered = numbered.filter(|entity| entity.id_type == IdType::Int);
    numbered.map(|entity| Unsupported::at("whole numbers as ids", entity.span))
}
