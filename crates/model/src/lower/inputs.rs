//! Fields of requests that belong to no entity: path, query, header, body, and what a move takes.

use super::context::Lowering;
use super::literals;
use super::names::Form;
use super::scalars;
use crate::{InputField, InputKind, InputPlace, ScalarType};
use archwright_design::ast::{self, BodyField, Text};
use archwright_diagnostics::Span;

/// Deepest nesting of objects in a body.
const DEPTH: usize = 8;

/// What a request brings.
pub(super) struct Inputs {
    places: Vec<InputPlace>,
    pub path: Vec<InputField>,
    pub query: Vec<InputField>,
    pub header: Vec<InputField>,
    pub body: Vec<InputField>,
    moved: Vec<InputField>,
}

impl Inputs {
    pub fn of_operation(
        path: &[InputField],
        query: &[InputField],
        header: &[InputField],
        body: &[InputField],
    ) -> Self {
        Self {
            places: vec![
                InputPlace::Path,
                InputPlace::Query,
                InputPlace::Header,
                InputPlace::Body,
            ],
            path: path.to_vec(),
            query: query.to_vec(),
            header: header.to_vec(),
            body: body.to_vec(),
            moved: Vec::new(),
        }
    }

    pub fn of_move(fields: &[InputField]) -> Self {
        Self {
            places: vec![InputPlace::Move],
            path: Vec::new(),
            query: Vec::new(),
            header: Vec::new(),
            body: Vec::new(),
            moved: fields.to_vec(),
        }
    }

    pub fn places(&self) -> &[InputPlace] {
        &self.places
    }

    pub fn of(&self, place: InputPlace) -> &[InputField] {
        match place {
            InputPlace::Path => &self.path,
            InputPlace::Query => &self.query,
            InputPlace::Header => &self.header,
            InputPlace::Body => &self.body,
            InputPlace::Move => &self.moved,
        }
    }
}

impl Lowering<'_> {
    pub fn input_fields(&mut self, sources: &[ast::Field], form: Form) -> Vec<InputField> {
        let mut fields: Vec<InputField> = Vec::new();
        for source in sources {
            self.check_name(&source.name, form, "an input");
            fields.extend(self.input_field(source));
        }
        fields
    }

    pub fn body_fields(&mut self, sources: &[BodyField], depth: usize) -> Vec<InputField> {
        let mut fields: Vec<InputField> = Vec::new();
        for source in sources {
            let name = match source {
                BodyField::Leaf(leaf) | BodyField::Given(leaf) => &leaf.name,
                BodyField::Object { name, .. } => name,
            };
            if fields.iter().any(|field| field.name == name.value) {
                self.repeated(name, "input");
                continue;
            }
            self.check_name(name, Form::Field, "an input");
            match source {
                BodyField::Leaf(leaf) => fields.extend(self.input_field(leaf)),
                BodyField::Given(leaf) => {
                    fields.extend(self.input_field(leaf).map(|field| InputField {
                        optional: true,
                        ..field
                    }));
                }
                BodyField::Object { span, .. } if depth >= DEPTH => {
                    self.error(
                        "AW367",
                        *span,
                        "the body is nested too deeply",
                        format!("keep it to {DEPTH} levels"),
                    );
                }
                BodyField::Object {
                    name,
                    optional,
                    fields: inner,
                    span,
                } => {
                    let inner = self.body_fields(inner, depth + 1);
                    fields.push(object(name, *optional, inner, *span));
                }
            }
        }
        fields
    }

    fn input_field(&mut self, source: &ast::Field) -> Option<InputField> {
        self.refuse_on_input(source);
        let Some(item) = self.input_kind(&source.ty) else {
            self.broken_inputs.insert(source.name.value.clone());
            return None;
        };
        let scalar = match &item {
            InputKind::Scalar(scalar) => Some(scalar.clone()),
            _ => None,
        };
        if let (true, InputKind::Reference(entity)) = (source.ty.many, &item) {
            let name = &self.entity(*entity).name;
            let message = format!("an input can't be a list of `{name}`");
            let help = "take their keys, `uuid[]`, and find each row in an `each` step";
            self.error("AW367", source.ty.span, message, help);
            self.broken_inputs.insert(source.name.value.clone());
            return None;
        }
        let kind = if source.ty.many {
            InputKind::List(Box::new(item))
        } else {
            item
        };
        let mut field = InputField {
            name: source.name.value.clone(),
            about: source
                .about
                .as_ref()
                .map(|about| about.value.clone())
                .unwrap_or_default(),
            kind,
            optional: source.ty.optional || source.default.is_some(),
            nullable: source.ty.optional,
            default: None,
            min: None,
            max: None,
            pattern: None,
            blank_as_null: source.blank_as_null.is_some(),
            secret: false,
            span: source.span,
        };
        self.check_blank(source, scalar.as_ref());
        if let Some(scalar) = scalar {
            field.min = self.bound(&scalar, source.min.as_ref(), "min");
            field.max = self.bound(&scalar, source.max.as_ref(), "max");
            self.check_bounds(field.min.as_ref(), field.max.as_ref(), source.max.as_ref());
            field.pattern = self.pattern(&scalar, source.pattern.as_ref());
        } else {
            for text in [&source.min, &source.max, &source.pattern]
                .into_iter()
                .flatten()
            {
                self.error("AW222", text.span, "a row has no bounds", "remove this");
            }
        }
        if let Some(default) = &source.default {
            let written = default.value.trim().trim_matches(['\'', '"']);
            match literals::read_for_input(&field, written) {
                Ok(literal) => field.default = Some(literal),
                Err(why) => {
                    self.bad_literal(default, &format!("the default of `{}`", field.name), &why)
                }
            }
        }
        Some(field)
    }

    fn input_kind(&mut self, ty: &ast::TypeText) -> Option<InputKind> {
        if scalars::NAMES.contains(&&ty.name.value[..]) {
            let scalar = self.scalar(ty)?;
            if matches!(scalar, ScalarType::File { .. }) {
                let help = "give the entity a `file` field: it has an upload of its own";
                self.error("AW367", ty.span, "an input can't be a file", help);
                return None;
            }
            return Some(InputKind::Scalar(scalar));
        }
        match self.entity_names.get(&ty.name.value[..]) {
            Some(entity) => Some(InputKind::Reference(*entity)),
            None => {
                self.unknown_type(&ty.name);
                None
            }
        }
    }

    fn refuse_on_input(&mut self, source: &ast::Field) {
        let text = |text: &Option<Text>| text.as_ref().map(|text| text.span);
        let number = |number: &Option<ast::Spanned<i64>>| number.as_ref().map(|number| number.span);
        let grants = |grants: &Option<Vec<ast::Grant>>| {
            grants
                .as_ref()
                .and_then(|grants| grants.first())
                .map(|grant| grant.who.span)
        };
        let modifiers: [(&str, Option<Span>); 22] = [
            ("unique", source.unique.as_ref().map(|unique| unique.span)),
            ("immutable", source.immutable),
            ("read-only", source.read_only),
            ("write-only", source.write_only),
            ("sensitive", source.sensitive),
            ("search", source.search),
            ("filter", source.filter),
            ("sort", source.sort),
            ("owner", source.owner),
            ("tenant", source.tenant),
            ("composed", source.composed),
            ("by", text(&source.by)),
            ("through", text(&source.through)),
            ("on-delete", text(&source.on_delete)),
            ("from", text(&source.from)),
            (":=", text(&source.computed)),
            ("visible", grants(&source.visible)),
            ("settable", grants(&source.settable)),
            ("example", text(&source.example)),
            ("since", number(&source.evolution.since)),
            ("until", number(&source.evolution.until)),
            ("was", text(&source.evolution.was)),
        ];
        for (name, span) in modifiers {
            if let Some(span) = span {
                self.error(
                    "AW222",
                    span,
                    format!("`{name}` does not fit an input"),
                    "use it on a field of an entity",
                );
            }
        }
    }

    /// What a path, a query or a header can carry is one line of text.
    pub fn check_flat(&mut self, fields: &[InputField], place: &str) {
        for field in fields {
            let wrong = match &field.kind {
                InputKind::Object(_) => true,
                InputKind::Scalar(scalar) => *scalar == ScalarType::Json,
                InputKind::Reference(_) => false,
                InputKind::List(item) => {
                    place != "query" || matches!(**item, InputKind::Scalar(ScalarType::Json))
                }
            };
            if wrong {
                let message = format!("`{}` does not fit into a {place}", field.name);
                self.error("AW367", field.span, message, "put it into the body");
            }
            if place == "path" && field.optional {
                self.error(
                    "AW367",
                    field.span,
                    "a part of the path is never missing",
                    "remove the `?` or the default",
                );
            }
        }
    }
}

fn object(name: &Text, optional: bool, fields: Vec<InputField>, span: Span) -> InputField {
    InputField {
        name: name.value.clone(),
        about: String::new(),
        kind: InputKind::Object(fields),
        optional,
        nullable: optional,
        default: None,
        min: None,
        max: None,
        pattern: None,
        blank_as_null: false,
        secret: false,
        span,
    }
}
