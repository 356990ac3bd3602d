//! Steps of operations and moves: bindings in order, and what each step may write.

use super::context::Lowering;
use super::typing::{Binding, Bindings, Scope, known_present};
use super::writes::Write;
use crate::{
    Direction, EntityId, Expression, ExpressionKind, FieldId, Otherwise, ScalarType, Step,
    StepKind, Type,
};
use archwright_design::ast::{self, StepKind as Source, Text};

/// Deepest nesting of `each`, and most steps in a row.
const DEPTH: usize = 4;
const STEPS: usize = 200;

impl Lowering<'_> {
    /// Checks steps in order; what they bind stays in the scope.
    pub fn steps(
        &mut self,
        sources: &[ast::Step],
        scope: &mut Scope,
        bindings: &mut Bindings,
    ) -> Vec<Step> {
        self.nested_steps(sources, scope, bindings, 0)
    }

    fn nested_steps(
        &mut self,
        sources: &[ast::Step],
        scope: &mut Scope,
        bindings: &mut Bindings,
        depth: usize,
    ) -> Vec<Step> {
        if let Some(beyond) = sources.get(STEPS) {
            let message = format!("there are more than {STEPS} steps");
            let help = "write fewer: `each` and conditions on rows replace repetition";
            self.error("AW204", beyond.span, message, help);
        }
        let mut steps = Vec::new();
        for (index, source) in sources.iter().take(STEPS).enumerate() {
            let in_operation = scope.this.is_none();
            self.check_sign_in_place(source, in_operation && depth == 0 && index == 0);
            let present = scope.present.len();
            let condition = source.condition.as_ref().map(|condition| {
                let checked = self.condition(condition, scope);
                scope.present.extend(present_after(condition));
                checked
            });
            let otherwise = self.otherwise(source);
            let refusal = self.refusal(source, scope, bindings);
            let sometimes = source.condition.is_some() || otherwise == Otherwise::Null;
            let kind = self.step_kind(&source.kind, scope, bindings, sometimes, depth);
            // What the step binds outlives it; what its condition says doesn't.
            scope.present.truncate(present);
            if let (Source::Guard { that }, None) = (&source.kind, &source.condition) {
                scope.present.extend(present_after(that));
            }
            let Some(kind) = kind else { continue };
            if !matches!(condition, Some(None)) {
                steps.push(Step {
                    kind,
                    condition: condition.flatten(),
                    otherwise,
                    refusal,
                    span: source.span,
                });
            }
        }
        steps
    }

    fn otherwise(&mut self, source: &ast::Step) -> Otherwise {
        let default = match source.kind {
            Source::Find { .. } => 404,
            Source::Guard { .. } => 403,
            Source::SignIn { .. } => 401,
            _ => 409,
        };
        let Some(text) = &source.otherwise else {
            return Otherwise::Status(default);
        };
        if text.value == "null" || text.value == "~" {
            if matches!(source.kind, Source::Find { .. }) {
                return Otherwise::Null;
            }
            self.error(
                "AW354",
                text.span,
                "only `find` goes on without a row",
                "name an outcome such as `conflict`",
            );
            return Otherwise::Status(default);
        }
        if matches!(
            source.kind,
            Source::List { .. } | Source::Token { .. } | Source::Each { .. }
        ) {
            self.error("AW354", text.span, "this step never fails", "remove `else`");
        }
        Otherwise::Status(self.status_of(text).unwrap_or(default))
    }

    /// The body that a step has for its refusal.
    fn refusal(
        &mut self,
        source: &ast::Step,
        scope: &Scope,
        bindings: &mut Bindings,
    ) -> Option<crate::Shape> {
        let body = source.refusal.as_ref()?;
        if scope.this.is_some() {
            let place = source
                .otherwise
                .as_ref()
                .map_or(source.span, |status| status.span);
            let message = "the steps of a move have no replies of their own";
            self.error(
                "AW354",
                place,
                message,
                "name the outcome alone: `else: conflict`",
            );
            return None;
        }
        self.shape(body, scope, bindings)
    }

    fn step_kind(
        &mut self,
        source: &Source,
        scope: &mut Scope,
        bindings: &mut Bindings,
        sometimes: bool,
        depth: usize,
    ) -> Option<StepKind> {
        match source {
            Source::Find {
                name,
                entity,
                filter,
                lock,
            } => {
                let entity = self.find_entity(entity);
                let filter = self.filter(filter.as_ref(), entity, scope);
                let bind = self.bind_row(name, entity, scope, bindings, sometimes);
                Some(StepKind::Find {
                    bind,
                    name: name.value.clone(),
                    entity: entity?,
                    filter: filter?,
                    lock: *lock,
                })
            }
            Source::List { .. } => self.list_step(source, scope, bindings, sometimes),
            Source::Guard { that } => self
                .condition(that, scope)
                .map(|that| StepKind::Guard { that }),
            Source::Create {
                name,
                entity,
                set,
                password,
                role,
            } => {
                let entity = self.find_entity(entity);
                let parts = entity.map(|entity| {
                    let set_here = self.assignments(entity, set, scope, Write::Create);
                    self.check_complete(entity, name, set, &[], scope);
                    let (password, role) = (password.as_ref(), role.as_ref());
                    (set_here, self.sign_up_of(entity, password, role, scope))
                });
                let bind = self.bind_row(name, entity, scope, bindings, sometimes);
                let (set, sign_up) = parts?;
                Some(StepKind::Create {
                    bind,
                    name: name.value.clone(),
                    entity: entity?,
                    set,
                    sign_up,
                })
            }
            Source::Upsert {
                name,
                entity,
                key,
                set: values,
            } => {
                let (bind, entity, key, set) =
                    self.keyed(name, entity, key, values, scope, bindings, sometimes)?;
                // The row may be there already, and then these fields change.
                for (name, _) in values {
                    if let Some(field) = self.field_named(entity, &name.value) {
                        self.refuse_immutable(name, field);
                    }
                }
                Some(StepKind::Upsert {
                    bind,
                    name: name.value.clone(),
                    entity,
                    key,
                    set,
                })
            }
            Source::GetOrCreate {
                name,
                entity,
                key,
                set,
            } => {
                let (bind, entity, key, set) =
                    self.keyed(name, entity, key, set, scope, bindings, sometimes)?;
                Some(StepKind::GetOrCreate {
                    bind,
                    name: name.value.clone(),
                    entity,
                    key,
                    set,
                })
            }
            Source::Update { row, set, password } => {
                let (row, entity) = self.row(row, scope)?;
                let set = self.assignments(entity, set, scope, Write::Update);
                let password = password.as_ref();
                let password = password.and_then(|text| self.new_password(entity, text, scope));
                Some(StepKind::Update { row, set, password })
            }
            Source::Delete { row: source } => {
                let (row, _) = self.row(source, scope)?;
                if matches!(row.kind, ExpressionKind::This) {
                    let message = "a move leaves its row in another state, and this deletes it";
                    let help = "grant `delete`, or delete the row by a named operation";
                    self.error("AW372", source.span, message, help);
                    return None;
                }
                Some(StepKind::Delete { row })
            }
            Source::Link { relation, row } => {
                let (from, relation, row) = self.linked(relation, row, scope)?;
                Some(StepKind::Link {
                    from,
                    relation,
                    row,
                })
            }
            Source::Unlink { relation, row } => {
                let (from, relation, row) = self.linked(relation, row, scope)?;
                Some(StepKind::Unlink {
                    from,
                    relation,
                    row,
                })
            }
            Source::Increment { field, by } => self.increment(field, by, scope),
            Source::Move { row, name } => self.move_step(row, name, scope),
            Source::SignIn { .. } => self.sign_in_step(source, scope, bindings),
            Source::Token { name, row } => self.token_step(name, row, scope, bindings, sometimes),
            Source::Each { name, list, steps } => {
                self.each(name, list, steps, scope, bindings, depth)
            }
        }
    }

    // ---- reading ----

    /// The scope of a `where`: the fields of the entity by their names, and everything that was known before.
    fn filter(
        &mut self,
        text: Option<&Text>,
        entity: Option<EntityId>,
        scope: &Scope,
    ) -> Option<Option<Expression>> {
        let inside = Scope {
            this: entity,
            ..scope.clone()
        };
        match text {
            Some(_) if entity.is_none() => None,
            Some(text) => self.condition(text, &inside).map(Some),
            None => Some(None),
        }
    }

    pub fn bind_row(
        &mut self,
        name: &Text,
        entity: Option<EntityId>,
        scope: &mut Scope,
        bindings: &mut Bindings,
        nullable: bool,
    ) -> crate::BindingId {
        self.check_binding_name(name, scope);
        let id = bindings.next();
        // A row of an entity that is not known binds nothing: uses of the name would only repeat the error.
        match entity {
            Some(entity) => scope.bind(Binding {
                name: name.value.clone(),
                id,
                ty: Type::Row(entity),
                nullable,
                scalar: None,
            }),
            None => scope.broken.push(name.value.clone()),
        }
        id
    }

    fn list_step(
        &mut self,
        source: &Source,
        scope: &mut Scope,
        bindings: &mut Bindings,
        sometimes: bool,
    ) -> Option<StepKind> {
        let Source::List {
            name,
            entity,
            filter,
            sort,
            limit,
            offset,
            count,
        } = source
        else {
            return None;
        };
        let entity = self.find_entity(entity);
        let filter = self.filter(filter.as_ref(), entity, scope);
        let sort = entity.map(|entity| {
            sort.iter()
                .filter_map(|key| self.sort_key(entity, key))
                .collect()
        });
        let limit = limit.as_ref().map(|limit| self.whole_number(limit, scope));
        let offset = offset
            .as_ref()
            .map(|offset| self.whole_number(offset, scope));
        self.check_binding_name(name, scope);
        let bind = bindings.next();
        if let Some(entity) = entity {
            scope.bind(Binding {
                name: name.value.clone(),
                id: bind,
                ty: Type::Rows(entity),
                nullable: sometimes,
                scalar: None,
            });
        } else {
            scope.broken.push(name.value.clone());
        }
        let count = count.as_ref().map(|count| {
            self.check_binding_name(count, scope);
            let id = bindings.next();
            scope.bind(Binding {
                name: count.value.clone(),
                id,
                ty: Type::Int,
                nullable: sometimes,
                scalar: None,
            });
            (id, count.value.clone())
        });
        if matches!(limit, Some(None)) || matches!(offset, Some(None)) {
            return None;
        }
        Some(StepKind::List {
            bind,
            name: name.value.clone(),
            entity: entity?,
            filter: filter?,
            sort: sort?,
            limit: limit.flatten(),
            offset: offset.flatten(),
            count,
        })
    }

    fn sort_key(&mut self, entity: EntityId, key: &Text) -> Option<(FieldId, Direction)> {
        let (name, direction) = match key.value.strip_prefix('-') {
            Some(_) => (key.slice(1..key.value.len()), Direction::Descending),
            None => (key.clone(), Direction::Ascending),
        };
        let field = self.find_field(entity, &name)?;
        let scalar = self.field(field).scalar();
        let bulky = matches!(
            scalar,
            None | Some(ScalarType::Json | ScalarType::File { .. })
        );
        if (bulky || self.field(field).sensitive) && !self.broken.contains(&field) {
            self.error(
                "AW228",
                key.span,
                format!("rows can't be sorted by `{}`", name.value),
                "name a field with comparable values",
            );
            return None;
        }
        Some((field, direction))
    }

    fn whole_number(&mut self, text: &Text, scope: &Scope) -> Option<Expression> {
        let typed = self.typed(text, scope)?;
        self.fit(typed, &ScalarType::BigInt)
    }

    /// A row that exists when the step runs.
    pub fn row(&mut self, text: &Text, scope: &Scope) -> Option<(Expression, EntityId)> {
        let expression = self.typed(text, scope)?.expression;
        match expression.ty {
            Type::Row(entity) => Some((expression, entity)),
            ref other => {
                let message = format!("a row is needed, and this is {}", self.describe(other));
                self.error(
                    "AW357",
                    expression.span,
                    message,
                    "name a row that a step before has found, or `caller`",
                );
                None
            }
        }
    }

    fn each(
        &mut self,
        name: &Text,
        list: &Text,
        steps: &[ast::Step],
        scope: &Scope,
        bindings: &mut Bindings,
        depth: usize,
    ) -> Option<StepKind> {
        if depth >= DEPTH {
            self.error(
                "AW357",
                name.span,
                "`each` is nested too deeply",
                format!("keep it to {DEPTH} levels"),
            );
            return None;
        }
        let list = self.typed(list, scope);
        self.check_binding_name(name, scope);
        let bind = bindings.next();
        let mut inside = scope.clone();
        let list = list?;
        let (ty, scalar) = match list.expression.ty.clone() {
            Type::Rows(entity) => (Type::Row(entity), None),
            Type::List(item) => (*item, list.scalar),
            other => {
                let message = format!("a list is needed, and this is {}", self.describe(&other));
                self.error(
                    "AW357",
                    list.expression.span,
                    message,
                    "name a list of the input, or rows",
                );
                return None;
            }
        };
        inside.bind(Binding {
            name: name.value.clone(),
            id: bind,
            ty,
            nullable: false,
            scalar,
        });
        let steps = self.nested_steps(steps, &mut inside, bindings, depth + 1);
        Some(StepKind::Each {
            bind,
            name: name.value.clone(),
            list: list.expression,
            steps,
        })
    }
}

/// What is known to be there once a condition holds.
fn present_after(condition: &Text) -> Vec<String> {
    let mut present = Vec::new();
    if let Ok(tree) = archwright_expression::parse(&condition.value) {
        known_present(&condition.value, &tree, true, &mut present);
    }
    present
}
