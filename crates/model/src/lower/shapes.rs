//! Views and the shapes of replies.

use super::context::{Lowering, unknown};
use super::names::Form;
use super::typing::{Binding, Bindings, Scope};
use crate::{EntityId, Shape, Type, View, ViewId};
use archwright_design::ast::{self, Shape as Source, Text};
use archwright_diagnostics::Diagnostic;

/// Deepest nesting of a shape.
const DEPTH: usize = 16;

impl Lowering<'_> {
    /// Names and entities of views; their shapes come with [`Self::check_views`].
    pub fn collect_views(&mut self) {
        for source in &self.design.views {
            self.check_name(&source.name, Form::Pascal, "a view");
            let entity = match &source.of {
                Some(of) => self.find_entity(of),
                None => {
                    let message = format!("the view `{}` shows no entity", source.name.value);
                    self.error("AW364", source.name.span, message, "add `of: User`");
                    None
                }
            };
            let id = ViewId(self.views.len());
            self.view_names.insert(&source.name.value, id);
            self.view_sources.push(source);
            // A view of no known entity stays in its place, so that its name is known; the error keeps the model away.
            self.views.push(View {
                id,
                name: source.name.value.clone(),
                of: entity.unwrap_or(EntityId(usize::MAX)),
                show: Shape::Nothing,
            });
        }
    }

    pub fn check_views(&mut self) {
        for index in 0..self.views.len() {
            let source = self.view_sources[index];
            let entity = self.views[index].of;
            if entity.0 >= self.entities.len() {
                continue;
            }
            let Some(show) = &source.show else {
                let message = format!("the view `{}` shows nothing", source.name.value);
                self.error(
                    "AW364",
                    source.name.span,
                    message,
                    "add `show: { name: name }`",
                );
                continue;
            };
            let scope = Scope {
                maps: true,
                ..Scope::rule(entity)
            };
            if let Some(shape) = self.shape(show, &scope, &mut Bindings::default()) {
                self.views[index].show = shape;
            }
        }
        self.check_view_circles();
    }

    fn check_view_circles(&mut self) {
        let edges: Vec<Vec<ViewId>> = self.views.iter().map(|view| shown(&view.show)).collect();
        for start in 0..edges.len() {
            let (mut open, mut seen) = (edges[start].clone(), vec![false; edges.len()]);
            while let Some(view) = open.pop() {
                if !std::mem::replace(&mut seen[view.0], true) {
                    open.extend(&edges[view.0]);
                }
            }
            if seen[start] {
                let source = self.view_sources[start];
                let message = format!("the view `{}` shows itself", source.name.value);
                self.error(
                    "AW366",
                    source.name.span,
                    message,
                    "use a smaller view inside it",
                );
            }
        }
    }

    /// The shape of a reply or a view; `nothing` after what is wrong was said.
    pub fn shape(
        &mut self,
        source: &Source,
        scope: &Scope,
        bindings: &mut Bindings,
    ) -> Option<Shape> {
        let scope = Scope {
            maps: true,
            ..scope.clone()
        };
        self.nested_shape(source, &scope, bindings, 0)
    }

    fn nested_shape(
        &mut self,
        source: &Source,
        scope: &Scope,
        bindings: &mut Bindings,
        depth: usize,
    ) -> Option<Shape> {
        match source {
            Source::Nothing(_) => Some(Shape::Nothing),
            Source::Value(text) => self.shape_value(text, scope),
            Source::Object(parts, span) => {
                if depth >= DEPTH {
                    self.error(
                        "AW364",
                        *span,
                        "the shape is nested too deeply",
                        format!("keep it to {DEPTH} levels"),
                    );
                    return None;
                }
                self.shape_object(parts, scope, bindings, depth)
            }
            Source::Show { view, of } => {
                let view = self.find_view(view);
                let row = self.typed(of, scope)?.expression;
                let view = view?;
                let shown = self.views[view.0].of;
                if shown.0 >= self.entities.len() {
                    return None;
                }
                if row.ty != Type::Row(shown) {
                    let message = format!(
                        "the view shows one {}, and this is {}",
                        self.entity(shown).name,
                        self.describe(&row.ty)
                    );
                    let help = match row.ty {
                        Type::Rows(_) => {
                            "show each of them: `{ each: articles, as: a, show: ArticleView }`"
                        }
                        _ => "name a row of that entity",
                    };
                    self.error("AW365", row.span, message, help);
                    return None;
                }
                Some(Shape::Show { view, of: row })
            }
            Source::Each { list, name, item } => {
                self.shape_each(list, name, item, scope, bindings, depth)
            }
        }
    }

    fn shape_value(&mut self, text: &Text, scope: &Scope) -> Option<Shape> {
        let expression = self.typed(text, scope)?.expression;
        if !self.refuse_write_only(&expression) {
            return None;
        }
        if expression.ty == Type::Duration {
            self.error(
                "AW322",
                expression.span,
                "a duration has no form in JSON",
                "reply with the two instants",
            );
            return None;
        }
        Some(Shape::Value(expression))
    }

    fn shape_object(
        &mut self,
        parts: &[(Text, Source)],
        scope: &Scope,
        bindings: &mut Bindings,
        depth: usize,
    ) -> Option<Shape> {
        let mut shapes: Vec<(String, Shape)> = Vec::new();
        let mut sound = true;
        for (name, part) in parts {
            match self.nested_shape(part, scope, bindings, depth + 1) {
                Some(shape) => shapes.push((name.value.clone(), shape)),
                None => sound = false,
            }
        }
        sound.then_some(Shape::Object(shapes))
    }

    fn shape_each(
        &mut self,
        list: &Text,
        name: &Text,
        item: &Source,
        scope: &Scope,
        bindings: &mut Bindings,
        depth: usize,
    ) -> Option<Shape> {
        if depth >= DEPTH {
            self.error(
                "AW364",
                name.span,
                "the shape is nested too deeply",
                format!("keep it to {DEPTH} levels"),
            );
            return None;
        }
        let typed = self.typed(list, scope);
        self.check_binding_name(name, scope);
        let bind = bindings.next();
        let typed = typed?;
        let (ty, scalar) = match typed.expression.ty.clone() {
            Type::Rows(entity) => (Type::Row(entity), None),
            Type::List(item) => (*item, typed.scalar),
            other => {
                let message = format!(
                    "`each` needs many rows or a list, and this is {}",
                    self.describe(&other)
                );
                self.error(
                    "AW357",
                    typed.expression.span,
                    message,
                    "name a relation, or rows that a `list` step has found",
                );
                return None;
            }
        };
        let mut inside = scope.clone();
        inside.bind(Binding {
            name: name.value.clone(),
            id: bind,
            ty,
            nullable: false,
            scalar,
        });
        let item = self.nested_shape(item, &inside, bindings, depth + 1)?;
        Some(Shape::Each {
            list: typed.expression,
            bind,
            name: name.value.clone(),
            item: Box::new(item),
        })
    }

    fn find_view(&mut self, name: &Text) -> Option<ViewId> {
        if let Some(view) = self.view_names.get(&name.value[..]) {
            return Some(*view);
        }
        let diagnostic = unknown(
            "AW364",
            name.span,
            "view",
            &name.value,
            self.view_names.keys().copied(),
        );
        let diagnostic = if diagnostic.help.is_some() {
            diagnostic
        } else {
            diagnostic.help("add it under `views`")
        };
        self.report(diagnostic);
        None
    }

    /// The shape of errors sees what every problem has, and nothing else.
    pub fn error_shape(&mut self, source: &ast::Shape) -> Option<Shape> {
        let mut scope = Scope {
            no_caller: Some("an error is the same for everyone"),
            ..Scope::default()
        };
        let mut bindings = Bindings::default();
        let messages = Type::List(Box::new(Type::Text));
        let known = [
            ("status", Type::Int),
            ("code", Type::Text),
            ("title", Type::Text),
            ("detail", Type::Text),
            ("fields", Type::List(Box::new(Type::Object))),
            ("by_field", Type::Object),
            ("messages", messages),
        ];
        for (name, ty) in known {
            scope.bind(Binding {
                name: name.to_owned(),
                id: bindings.next(),
                ty,
                nullable: false,
                scalar: None,
            });
        }
        let shape = self.shape(source, &scope, &mut bindings);
        if matches!(shape, Some(Shape::Nothing)) {
            let span = match source {
                Source::Nothing(span) => Some(*span),
                _ => None,
            };
            let diagnostic = Diagnostic::new("AW358", span, "an error has to say something");
            self.report(diagnostic.help("write `errors: { errors: { body: messages } }`"));
        }
        shape
    }
}

/// The views that a shape shows directly.
fn shown(shape: &Shape) -> Vec<ViewId> {
    match shape {
        Shape::Show { view, .. } => vec![*view],
        Shape::Object(parts) => parts.iter().flat_map(|(_, part)| shown(part)).collect(),
        Shape::Each { item, .. } => shown(item),
        Shape::Value(_) | Shape::Nothing => Vec::new(),
    }
}
