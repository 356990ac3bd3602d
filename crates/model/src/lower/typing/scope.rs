//! What an expression can see at its place, and how names and paths are bound.

use super::{Typed, Typer, expression, plain};
use crate::lower::context::{Lowering, unknown};
use crate::lower::inputs::Inputs;
use crate::{
    BY_FIELD, BindingId, ENTRY_PARTS, EntityId, Expression, ExpressionKind, FieldId, FieldKind,
    IdType, InputField, InputKind, InputPlace, ScalarType, Type,
};
use archwright_diagnostics::{Diagnostic, Span};
use archwright_expression::ast::{Kind, Node};
use std::rc::Rc;

/// A name bound by a step or by `each` of a shape.
#[derive(Clone)]
pub(in crate::lower) struct Binding {
    pub name: String,
    pub id: BindingId,
    pub ty: Type,
    pub nullable: bool,
    pub scalar: Option<ScalarType>,
}

/// Hands out the ids of one operation's bindings.
#[derive(Default)]
pub(in crate::lower) struct Bindings(usize);

impl Bindings {
    pub fn next(&mut self) -> BindingId {
        self.0 += 1;
        BindingId(self.0 - 1)
    }
}

#[derive(Clone, Default)]
pub(in crate::lower) struct Scope {
    /// The entity whose fields are visible by their bare names.
    pub this: Option<EntityId>,
    /// Why the caller is not known here, and what to do.
    pub no_caller: Option<(&'static str, &'static str)>,
    /// What to say about an unknown name that is near no known one.
    pub hint: Option<&'static str>,
    /// Nobody gets here without having signed in.
    pub signed_in: bool,
    pub inputs: Option<Rc<Inputs>>,
    /// The path of the operation could not be read: it may have any names.
    pub unread_path: bool,
    pub bindings: Vec<Binding>,
    /// Names whose binding failed: uses of them would only repeat the error.
    pub broken: Vec<String>,
    /// Paths that are known to be there (`earlier`, `body.tags`), because a condition before said so.
    pub present: Vec<String>,
    /// `rows.map(x, …)` may be used: a reply.
    pub maps: bool,
    /// Objects that are bound are entries of an error's list: the shape of an error.
    pub entries: bool,
    /// `caller.token` may be used: the reply of an operation.
    pub token: bool,
}

impl Scope {
    /// A rule, check, computed field or filter over the rows of an entity.
    pub fn rule(this: EntityId) -> Self {
        Self {
            this: Some(this),
            ..Self::default()
        }
    }

    pub fn bind(&mut self, binding: Binding) {
        self.bindings.push(binding);
    }
}

/// The type of an input, and its scalar type if it has one.
pub(in crate::lower) fn input_type(kind: &InputKind) -> (Type, Option<ScalarType>) {
    match kind {
        InputKind::Scalar(scalar) => (scalar.value_type(), Some(scalar.clone())),
        InputKind::Reference(entity) => (Type::Row(*entity), None),
        InputKind::List(item) => {
            let (ty, scalar) = input_type(item);
            (Type::List(Box::new(ty)), scalar)
        }
        InputKind::Object(_) => (Type::Object, None),
    }
}

/// What other languages call something that expressions have.
fn elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "undefined" | "None" | "nil" | "NULL" | "Null" => "null",
        "True" | "TRUE" => "true",
        "False" | "FALSE" => "false",
        "user" | "me" | "current_user" | "currentUser" | "viewer" | "principal" => "caller",
        "this" | "row" => "self",
        "NOW" | "CURRENT_TIMESTAMP" | "current_timestamp" => "now",
        "CURRENT_DATE" | "current_date" => "today",
        _ => return None,
    })
}

fn is_length(name: &str) -> bool {
    matches!(name, "length" | "size" | "count" | "len")
}

fn input_name(place: InputPlace) -> &'static str {
    match place {
        InputPlace::Path => "path",
        InputPlace::Query => "query",
        InputPlace::Header => "header",
        InputPlace::Body => "body",
        InputPlace::Move => "input",
    }
}

impl Typer<'_, '_, '_> {
    fn shadowed(&self, name: &str) -> bool {
        self.variables.iter().any(|variable| variable.name == name)
            || self
                .scope
                .bindings
                .iter()
                .any(|binding| binding.name == name)
    }

    fn input_root(&self, name: &str) -> Option<InputPlace> {
        let inputs = self.scope.inputs.as_ref()?;
        let place = inputs
            .places()
            .iter()
            .copied()
            .find(|place| input_name(*place) == name)?;
        (!self.shadowed(name)).then_some(place)
    }

    pub(super) fn is_caller(&self, node: &Node) -> bool {
        let named = matches!(&node.kind, Kind::Identifier(name) if name == "caller");
        let field = self
            .scope
            .this
            .is_some_and(|this| self.lowering.field_named(this, "caller").is_some());
        named && !field && !self.shadowed("caller")
    }

    pub(super) fn name(&mut self, name: &str, span: Span) -> Option<Typed> {
        if let Some(variable) = self
            .variables
            .iter()
            .rev()
            .find(|variable| variable.name == name)
        {
            let kind = ExpressionKind::Variable(variable.id);
            return Some(plain(expression(
                kind,
                Type::Row(variable.entity),
                false,
                span,
            )));
        }
        if let Some(binding) = self
            .scope
            .bindings
            .iter()
            .rev()
            .find(|binding| binding.name == name)
        {
            let bound = expression(
                ExpressionKind::Binding(binding.id),
                binding.ty.clone(),
                binding.nullable,
                span,
            );
            return Some(Typed {
                expression: bound,
                scalar: binding.scalar.clone(),
            });
        }
        if self.scope.broken.iter().any(|broken| broken == name) {
            return None;
        }
        if self.input_root(name).is_some() {
            let message = format!("`{name}` is all of the input, not a value");
            return self.fail(
                "AW322",
                span,
                message,
                format!("name what is meant: `{name}.title`"),
            );
        }
        if let Some(this) = self.scope.this {
            let row = expression(ExpressionKind::This, Type::Row(this), false, span);
            if let Some(field) = self.lowering.field_named(this, name) {
                return self.field(row, field, span);
            }
            match name {
                "id" => return Some(self.id(row, this, span)),
                "self" => return Some(plain(row)),
                _ => {}
            }
        }
        match name {
            "caller" => self.caller(span),
            "signed_in" => self.known_caller(span)?.then(|| {
                plain(expression(
                    ExpressionKind::SignedIn,
                    Type::Bool,
                    false,
                    span,
                ))
            }),
            "now" => Some(plain(expression(
                ExpressionKind::Now,
                Type::DateTime,
                false,
                span,
            ))),
            "today" => Some(plain(expression(
                ExpressionKind::Today,
                Type::Date,
                false,
                span,
            ))),
            _ => self.unknown_name(name, span),
        }
    }

    fn unknown_name(&mut self, name: &str, span: Span) -> Option<Typed> {
        let diagnostic = match self.scope.this {
            Some(this)
                if self
                    .lowering
                    .hidden
                    .fields
                    .contains_key(&(self.lowering.entity(this).name.clone(), name.to_owned())) =>
            {
                self.lowering.no_field(this, name, span, "AW321")
            }
            Some(this) if name.ends_with("_id") || name.ends_with("Id") => {
                self.lowering.no_field(this, name, span, "AW321")
            }
            _ if elsewhere(name).is_some() => {
                let instead = elsewhere(name).unwrap_or_default();
                let message = format!("`{name}` is no name that is known here");
                Diagnostic::new("AW321", span, message)
                    .help(format!("write `{instead}`"))
                    .fix(format!("write `{instead}`"), span, instead)
            }
            _ => {
                let names = self.visible_names();
                let diagnostic = unknown(
                    "AW321",
                    span,
                    "name that is known here",
                    name,
                    names.iter().map(String::as_str),
                );
                if let (Some(hint), None) = (self.scope.hint, &diagnostic.fix) {
                    diagnostic.help(hint)
                } else if diagnostic.help.is_some() {
                    diagnostic
                } else {
                    diagnostic
                        .help("text goes in `'quotes'`; bare words are names of fields and inputs")
                }
            }
        };
        self.lowering.report(diagnostic);
        None
    }

    fn visible_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .variables
            .iter()
            .map(|variable| variable.name.clone())
            .collect();
        names.extend(
            self.scope
                .bindings
                .iter()
                .map(|binding| binding.name.clone()),
        );
        if let Some(inputs) = &self.scope.inputs {
            names.extend(
                inputs
                    .places()
                    .iter()
                    .map(|place| input_name(*place).to_owned()),
            );
        }
        if let Some(this) = self.scope.this {
            names.extend(self.lowering.field_names[this.0].keys().cloned());
            names.extend(["id", "self"].map(str::to_owned));
        }
        if self.scope.no_caller.is_none() {
            names.extend(["caller", "signed_in"].map(str::to_owned));
        }
        names.extend(["now", "today"].map(str::to_owned));
        names
    }

    /// Whether there can be a caller; reports why not.
    fn known_caller(&mut self, span: Span) -> Option<bool> {
        if let Some((why, help)) = self.scope.no_caller {
            return self.fail(
                "AW326",
                span,
                format!("the caller is not known here: {why}"),
                help,
            );
        }
        if self.lowering.account.is_none() {
            self.lowering.need_account(span, "the caller is an account");
            return None;
        }
        Some(true)
    }

    fn caller(&mut self, span: Span) -> Option<Typed> {
        self.known_caller(span)?;
        let account = self.lowering.account.as_ref()?.entity;
        let nullable = !self.scope.signed_in;
        Some(plain(expression(
            ExpressionKind::Caller,
            Type::Row(account),
            nullable,
            span,
        )))
    }

    fn account_has(&self, field: &str) -> bool {
        let account = self.lowering.account.as_ref();
        account.is_some_and(|account| self.lowering.field_named(account.entity, field).is_some())
    }

    /// The token that the request came with.
    fn caller_token(&mut self, span: Span) -> Option<Typed> {
        self.known_caller(span)?;
        if !self.scope.token {
            return self.fail(
                "AW326",
                span,
                "`caller.token` is not known here",
                "show it in the `reply` of an operation",
            );
        }
        let nullable = !self.scope.signed_in;
        let kind = ExpressionKind::CallerToken;
        Some(plain(expression(kind, Type::Text, nullable, span)))
    }

    pub(super) fn select(
        &mut self,
        node: &Node,
        of: &Node,
        field: &str,
        field_span: Span,
    ) -> Option<Typed> {
        let span = self.span(&node.range);
        if self.is_caller(of) && field == "roles" {
            let help = "ask for one role: `'staff' in caller.roles`";
            return self.fail("AW327", span, "`caller.roles` is no value of its own", help);
        }
        if self.is_caller(of) && field == "token" && !self.account_has("token") {
            return self.caller_token(span);
        }
        if let Kind::Identifier(root) = &of.kind
            && let Some(place) = self.input_root(root)
        {
            return self.input(place, field, span, field_span);
        }
        let row = self.node(of)?;
        match row.expression.ty.clone() {
            Type::Row(entity) if field == "id" => {
                let mut id = self.id(row.expression, entity, span);
                id.expression.span = span;
                Some(id)
            }
            Type::Row(entity) => match self.lowering.field_named(entity, field) {
                Some(id) => self.field(row.expression, id, span),
                None => {
                    let mut diagnostic = self.lowering.no_field(entity, field, field_span, "AW321");
                    let role = field == "role" || field.starts_with("is");
                    if role && diagnostic.fix.is_none() && self.is_caller(of) {
                        diagnostic = diagnostic.help("ask for a role: `'staff' in caller.roles`");
                    }
                    self.lowering.report(diagnostic);
                    None
                }
            },
            Type::Rows(entity) => {
                let message = format!(
                    "this is many {}, and only one has a `{field}`",
                    self.lowering.entity(entity).plural
                );
                let help = if is_length(field) {
                    "use `size(rows)`".to_owned()
                } else {
                    format!("use a macro: `.exists(x, x.{field} …)`, `.all(x, …)`, `.sum(x, …)`")
                };
                self.fail("AW322", row.expression.span, message, help)
            }
            Type::Object => self.deeper(row.expression, field, span, field_span),
            other => {
                let message = format!("{} has no `{field}`", self.lowering.describe(&other));
                let help = if is_length(field) {
                    "use `size(text)`"
                } else {
                    "only rows and input objects have parts"
                };
                self.fail("AW322", field_span, message, help)
            }
        }
    }

    fn id(&mut self, row: Expression, entity: EntityId, span: Span) -> Typed {
        let nullable = row.nullable;
        let (ty, scalar) = match self.lowering.entity(entity).id_type {
            IdType::Uuid => (Type::Text, ScalarType::Uuid),
            IdType::Int => (Type::Int, ScalarType::BigInt),
        };
        let expression = expression(ExpressionKind::Id(Box::new(row)), ty, nullable, span);
        Typed {
            expression,
            scalar: Some(scalar),
        }
    }

    fn field(&mut self, row: Expression, id: FieldId, span: Span) -> Option<Typed> {
        if self.lowering.broken.contains(&id) {
            return None;
        }
        let field = self.lowering.field(id);
        let (ty, scalar, nullable) = match &field.kind {
            FieldKind::Scalar(scalar) => (
                scalar.value_type(),
                Some(scalar.clone()),
                field.optional || row.nullable,
            ),
            FieldKind::ToOne(relation) => (
                Type::Row(relation.target),
                None,
                field.optional || row.nullable,
            ),
            FieldKind::ToMany(relation) => (Type::Rows(relation.target), None, false),
        };
        let expression = expression(
            ExpressionKind::Field {
                of: Box::new(row),
                field: id,
            },
            ty,
            nullable,
            span,
        );
        Some(Typed { expression, scalar })
    }

    fn input(
        &mut self,
        place: InputPlace,
        name: &str,
        span: Span,
        name_span: Span,
    ) -> Option<Typed> {
        let inputs = Rc::clone(self.scope.inputs.as_ref()?);
        let fields = inputs.of(place);
        let found = fields.iter().find(|field| {
            field.name == name
                || (place == InputPlace::Header
                    && field.name.to_lowercase().replace('-', "_") == name.to_lowercase())
        });
        match found {
            Some(field) => Some(input_expression(
                place,
                vec![field.name.clone()],
                field,
                false,
                span,
            )),
            None => self.no_input(input_name(place), fields, name, name_span),
        }
    }

    fn no_input(
        &mut self,
        root: &str,
        fields: &[InputField],
        name: &str,
        span: Span,
    ) -> Option<Typed> {
        let unread = root == "path" && self.scope.unread_path;
        if unread || self.lowering.broken_inputs.contains(name) {
            return None;
        }
        let names: Vec<String> = fields
            .iter()
            .map(|field| field.name.to_lowercase().replace('-', "_"))
            .collect();
        let names = if root == "header" {
            names
        } else {
            fields.iter().map(|field| field.name.clone()).collect()
        };
        let diagnostic = unknown(
            "AW321",
            span,
            &format!("part of `{root}`"),
            name,
            names.iter().map(String::as_str),
        );
        let help = "add it to the `input` of the operation";
        self.lowering.report(if diagnostic.help.is_some() {
            diagnostic
        } else {
            diagnostic.help(help)
        });
        None
    }

    /// A part of an entry of an error's list.
    fn part(
        &mut self,
        entry: Expression,
        name: &str,
        span: Span,
        name_span: Span,
    ) -> Option<Typed> {
        if !ENTRY_PARTS.contains(&name) {
            let known = ENTRY_PARTS.iter().copied();
            let diagnostic = unknown("AW321", name_span, "part of an entry", name, known);
            let diagnostic = match diagnostic.help {
                Some(_) => diagnostic,
                None => diagnostic.help("use `name`, `field`, `code` or `detail`"),
            };
            self.lowering.report(diagnostic);
            return None;
        }
        let kind = ExpressionKind::Part {
            of: Box::new(entry),
            name: name.to_owned(),
        };
        Some(plain(expression(kind, Type::Text, false, span)))
    }

    /// A part of an input object.
    fn deeper(
        &mut self,
        object: Expression,
        name: &str,
        span: Span,
        name_span: Span,
    ) -> Option<Typed> {
        if self.scope.entries
            && matches!(object.kind, ExpressionKind::Binding(id) if id != BY_FIELD)
        {
            return self.part(object, name, span, name_span);
        }
        let ExpressionKind::Input { place, mut path } = object.kind else {
            let help = "show the whole of it: `{ errors: by_field }`";
            return self.fail("AW322", name_span, "its parts have no names here", help);
        };
        let inputs = Rc::clone(self.scope.inputs.as_ref()?);
        let mut fields = inputs.of(place);
        for step in &path {
            match fields
                .iter()
                .find(|field| field.name == *step)
                .map(|field| &field.kind)
            {
                Some(InputKind::Object(inner)) => fields = inner,
                _ => return None,
            }
        }
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            let root = format!("{}.{}", input_name(place), path.join("."));
            return self.no_input(&root, fields, name, name_span);
        };
        path.push(field.name.clone());
        Some(input_expression(place, path, field, object.nullable, span))
    }
}

fn input_expression(
    place: InputPlace,
    path: Vec<String>,
    field: &InputField,
    within_optional: bool,
    span: Span,
) -> Typed {
    let (ty, scalar) = input_type(&field.kind);
    let left_out = field.optional && field.default.is_none();
    let nullable = left_out || field.nullable || within_optional;
    Typed {
        expression: expression(ExpressionKind::Input { place, path }, ty, nullable, span),
        scalar,
    }
}

impl Lowering<'_> {
    /// A name for a binding that hides nothing people would miss.
    pub fn check_binding_name(&mut self, name: &archwright_design::ast::Text, scope: &Scope) {
        let taken = scope
            .bindings
            .iter()
            .any(|binding| binding.name == name.value);
        let reserved = matches!(
            &name.value[..],
            "caller"
                | "self"
                | "now"
                | "today"
                | "signed_in"
                | "path"
                | "query"
                | "header"
                | "body"
                | "input"
        );
        if taken || reserved {
            let message = format!("the name `{}` is taken", name.value);
            self.report(
                Diagnostic::new("AW201", name.span, message).help("bind the row to another name"),
            );
        }
        self.check_name(name, crate::lower::names::Form::Field, "a binding");
    }
}
