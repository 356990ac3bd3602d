//! Views and the shapes of replies.

use super::components::components;
use super::context::{Lowering, unknown};
use super::names::Form;
use super::typing::{Binding, Bindings, Scope};
use crate::{EntityId, Shape, Type, View, ViewId};
use archwright_design::ast::{self, Shape as Source, Text};
use archwright_diagnostics::{Diagnostic, Span};

/// Deepest nesting of a shape.
const DEPTH: usize = 16;
/// Most values of a shape with its views written out: each is a column of a query.
const VALUES: usize = 1000;

/// Most views that show one another in a row.
const VIEWS: usize = 16;

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
        let edges: Vec<Vec<usize>> = self.views.iter().map(|view| shown(&view.show)).collect();
        let found = components(&edges);
        let mut members = vec![0; edges.len()];
        found
            .of
            .iter()
            .for_each(|component| members[*component] += 1);
        let circular = |view: usize| members[found.of[view]] > 1 || edges[view].contains(&view);
        for view in (0..edges.len()).filter(|view| circular(*view)) {
            let source = self.view_sources[view];
            let message = format!("the view `{}` shows itself", source.name.value);
            self.error(
                "AW366",
                source.name.span,
                message,
                "use a smaller view inside it",
            );
        }
        if !(0..edges.len()).any(circular) {
            self.measure_views(&found.finished);
        }
    }

    /// How many values each view shows; `order` has those that others show before these.
    fn measure_views(&mut self, order: &[usize]) {
        let mut all = vec![1; self.views.len()];
        let mut depths = vec![1; self.views.len()];
        for view in order {
            let show = &self.views[*view].show;
            let values = self.values_of(show, &all);
            let deepest = shown(show).into_iter().map(|view| depths[view]).max();
            let source = self.view_sources[*view];
            depths[*view] = deepest.unwrap_or(0) + 1;
            if depths[*view] == VIEWS + 1 {
                let message = format!(
                    "the view `{}` is the {}th in a row",
                    source.name.value,
                    VIEWS + 1
                );
                let help = format!("show at most {VIEWS} views one in the other");
                self.error("AW374", source.name.span, message, help);
            }
            if values > VALUES {
                let what = format!("the view `{}`", source.name.value);
                self.too_large(&what, values, source.name.span);
            } else {
                all[*view] = values;
            }
        }
        self.view_values = Some(all);
    }

    /// How many single values stand in a shape when its views are written out; of lists, those of one item.
    fn values_of(&self, shape: &Shape, views: &[usize]) -> usize {
        match shape {
            Shape::Nothing => 0,
            Shape::Value(value) => match value.ty {
                Type::Row(entity) | Type::Rows(entity) => self.entity(entity).fields.len(),
                _ => 1,
            },
            Shape::Object(parts) => parts
                .iter()
                .map(|(_, part)| self.values_of(part, views))
                .fold(0, usize::saturating_add),
            Shape::IfPresent(inner) => self.values_of(inner, views),
            // A query reads both.
            Shape::If {
                then, otherwise, ..
            } => otherwise
                .iter()
                .map(|part| self.values_of(part, views))
                .fold(self.values_of(then, views), usize::saturating_add),
            Shape::Show { view, .. } => views[view.0],
            Shape::Each { item, .. } => self.values_of(item, views),
        }
    }

    fn too_large(&mut self, what: &str, values: usize, place: Span) {
        let message = format!("{what} shows {values} values, its views written out");
        let help = format!("show at most {VALUES}: smaller views, or rows by their ids");
        self.error("AW374", place, message, help);
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
        let shape = self.nested_shape(source, &scope, bindings, 0)?;
        // Views are measured when all of them are known.
        let views = self.view_values.as_deref();
        let values = views.map_or(0, |views| self.values_of(&shape, views));
        if values > VALUES {
            self.too_large("the reply", values, place_of(source));
            return None;
        }
        Some(shape)
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
            Source::If {
                test,
                then,
                otherwise,
            } => {
                let test = self.condition(test, scope);
                let test = test.filter(|test| self.refuse_write_only(test));
                let then = self.nested_shape(then, scope, bindings, depth + 1);
                let otherwise = match otherwise {
                    Some(part) => {
                        let part = self.nested_shape(part, scope, bindings, depth + 1);
                        Some(Box::new(part?))
                    }
                    None => None,
                };
                Some(Shape::If {
                    test: test?,
                    then: Box::new(then?),
                    otherwise,
                })
            }
            Source::Each { list, name, item } => {
                self.shape_each(list, name, item, scope, bindings, depth)
            }
        }
    }

    fn shape_value(&mut self, text: &Text, scope: &Scope) -> Option<Shape> {
        let expression = self.shown(text, scope)?;
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
            let Some(shape) = self.nested_shape(part, scope, bindings, depth + 1) else {
                sound = false;
                continue;
            };
            let key = name.value.strip_suffix('?');
            if shapes
                .iter()
                .any(|(known, _)| known == key.unwrap_or(&name.value))
            {
                self.repeated(name, "key");
            }
            let shape = match key {
                Some(key) => self.if_present(name, key, shape),
                None => (name.value.clone(), shape),
            };
            shapes.push(shape);
        }
        sound.then_some(Shape::Object(shapes))
    }

    /// `reason?: …`: a key that is left out where there is nothing to show.
    fn if_present(&mut self, name: &Text, key: &str, shape: Shape) -> (String, Shape) {
        let may_be_missing = match &shape {
            Shape::Value(of) | Shape::Show { of, .. } => of.nullable,
            Shape::If { otherwise, .. } => otherwise.is_none(),
            _ => false,
        };
        if !may_be_missing {
            let diagnostic =
                Diagnostic::new("AW358", name.span, format!("`{key}` is never missing"));
            self.report(diagnostic.help("write the key without `?`"));
        }
        (key.to_owned(), Shape::IfPresent(Box::new(shape)))
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
            no_caller: Some((
                "an error is the same for everyone",
                "show `status`, `code`, `title`, `detail`, `fields`, `by_field` or `messages`",
            )),
            entries: true,
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

fn place_of(shape: &Source) -> Span {
    match shape {
        Source::Nothing(span) | Source::Object(_, span) => *span,
        Source::Value(text) => text.span,
        Source::If { test, .. } => test.span,
        Source::Show { view, .. } => view.span,
        Source::Each { list, .. } => list.span,
    }
}

/// The views that a shape shows directly.
fn shown(shape: &Shape) -> Vec<usize> {
    match shape {
        Shape::Show { view, .. } => vec![view.0],
        Shape::Object(parts) => parts.iter().flat_map(|(_, part)| shown(part)).collect(),
        Shape::Each { item, .. } | Shape::IfPresent(item) => shown(item),
        Shape::If {
            then, otherwise, ..
        } => {
            let other = otherwise.iter().flat_map(|part| shown(part));
            shown(then).into_iter().chain(other).collect()
        }
        Shape::Value(_) | Shape::Nothing => Vec::new(),
    }
}
