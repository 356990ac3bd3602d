//! What steps and moves write: values of fields, links, numbers, states.

use super::context::{Lowering, unknown};
use super::typing::{Absent, Bindings, Scope};
use crate::{
    EntityId, Expression, ExpressionKind, FieldId, FieldKind, Origin, ScalarType, StepKind,
    ToManyKind,
};
use archwright_design::ast::Text;

pub(super) type Assignments = Vec<(FieldId, Expression)>;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    Create,
    Update,
}

impl Lowering<'_> {
    /// A field that a step may write.
    pub fn settable_field(
        &mut self,
        entity: EntityId,
        name: &Text,
        write: Write,
    ) -> Option<FieldId> {
        let id = self.find_field(entity, name)?;
        if self.broken.contains(&id) {
            return None;
        }
        let field = self.field(id);
        let computed = self
            .source(id)
            .is_some_and(|source| source.computed.is_some());
        let stamp = field.origin == Origin::Implied && field.to_one().is_none();
        let state = self
            .entity(entity)
            .state
            .as_ref()
            .is_some_and(|machine| machine.field == id);
        let (why, help) = match &field.kind {
            _ if computed => ("it is computed", "set the fields that it is computed from"),
            _ if stamp => ("it is set by itself", "remove this"),
            _ if state && write == Write::Update => {
                ("only moves change the state", "use a `move` step")
            }
            _ if state => (
                "a row begins in its first state",
                "remove this, and make a move afterwards",
            ),
            FieldKind::ToMany(_) => (
                "it holds many rows",
                "use `link` and `unlink`, or create the rows on the other side",
            ),
            FieldKind::Scalar(ScalarType::File { .. }) => {
                ("a file is uploaded by itself", "remove this")
            }
            _ if field.immutable && write == Write::Update => {
                ("it is immutable", "remove this, or drop `immutable`")
            }
            _ => return Some(id),
        };
        let message = format!("`{}` can't be set here: {why}", field.name);
        self.error("AW356", name.span, message, help);
        None
    }

    /// Of a row that is there, no step changes what is immutable.
    pub fn refuse_immutable(&mut self, place: &Text, id: FieldId) -> Option<()> {
        if !self.field(id).immutable {
            return Some(());
        }
        let message = format!(
            "`{}` can't be set here: it is immutable",
            self.field(id).name
        );
        let help = "remove this, or drop `immutable`";
        self.error("AW356", place.span, message, help);
        None
    }

    pub fn assignments(
        &mut self,
        entity: EntityId,
        sources: &[(Text, Text)],
        scope: &Scope,
        write: Write,
    ) -> Assignments {
        let mut set: Assignments = Vec::new();
        for (name, value) in sources {
            let Some(field) = self.settable_field(entity, name, write) else {
                continue;
            };
            let has_default = self
                .source(field)
                .is_some_and(|source| source.default.is_some());
            let absent = if write == Write::Update || has_default {
                Absent::Keeps
            } else {
                Absent::Counts
            };
            if let Some(value) = self.assigned(value, field, scope, absent) {
                set.push((field, value));
            }
        }
        set
    }

    /// Every required field of a new row gets its value from somewhere.
    pub fn check_complete(
        &mut self,
        entity: EntityId,
        place: &Text,
        set: &[(Text, Text)],
        key: &[(Text, Text)],
        scope: &Scope,
    ) {
        let given = |name: &str| set.iter().chain(key).any(|(given, _)| given.value == name);
        let entity_ref = self.entity(entity);
        let (owner, tenant) = (entity_ref.owner, entity_ref.tenant);
        let state = entity_ref.state.as_ref().map(|machine| machine.field);
        let missing: Vec<String> = entity_ref
            .fields
            .iter()
            .filter(|field| {
                let source = self.source(field.id);
                let filled = source.is_some_and(|source| {
                    source.default.is_some() || source.computed.is_some() || source.from.is_some()
                });
                let stamp = field.origin == Origin::Implied && field.to_one().is_none();
                let from_caller =
                    scope.signed_in && (owner == Some(field.id) || tenant == Some(field.id));
                let from_slug = field.slug_from.is_some();
                !field.optional
                    && !self.broken.contains(&field.id)
                    && field.to_many().is_none()
                    && !filled
                    && !stamp
                    && !from_caller
                    && !from_slug
                    && state != Some(field.id)
                    && !given(&field.name)
            })
            .map(|field| format!("`{}`", field.name))
            .collect();
        if !missing.is_empty() {
            let message = format!(
                "a new `{}` needs {}",
                self.entity(entity).name,
                missing.join(", ")
            );
            self.error(
                "AW355",
                place.span,
                message,
                "add them to `set`, give them defaults, or make them optional",
            );
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one verb, used by two"
    )]
    pub fn keyed(
        &mut self,
        name: &Text,
        entity: &Text,
        key: &[(Text, Text)],
        set: &[(Text, Text)],
        scope: &mut Scope,
        bindings: &mut Bindings,
        sometimes: bool,
    ) -> Option<(crate::BindingId, EntityId, Assignments, Assignments)> {
        let entity = self.find_entity(entity);
        let parts = entity.map(|entity| {
            let keys = self.assignments(entity, key, scope, Write::Create);
            let values = self.assignments(entity, set, scope, Write::Create);
            self.check_complete(entity, name, set, key, scope);
            self.check_unique_key(entity, name, key);
            (keys, values)
        });
        let bind = self.bind_row(name, entity, scope, bindings, sometimes);
        let (keys, values) = parts?;
        Some((bind, entity?, keys, values))
    }

    pub fn check_unique_key(&mut self, entity: EntityId, place: &Text, key: &[(Text, Text)]) {
        let fields: Option<Vec<FieldId>> = key
            .iter()
            .map(|(name, _)| self.field_named(entity, &name.value))
            .collect();
        let Some(mut fields) = fields else { return };
        fields.sort();
        let unique = self.entity(entity).unique.iter().any(|known| {
            let mut known = known.fields.clone();
            known.sort();
            known == fields
        });
        if !unique {
            let names: Vec<&str> = key.iter().map(|(name, _)| &name.value[..]).collect();
            let message = format!(
                "nothing says that `{}` has one row for each key ({})",
                self.entity(entity).name,
                names.join(", ")
            );
            let help = format!("add `unique: [[{}]]` to the entity", names.join(", "));
            self.error("AW360", place.span, message, help);
        }
    }

    // ---- relations, numbers, moves ----

    pub fn linked(
        &mut self,
        relation: &Text,
        row: &Text,
        scope: &Scope,
    ) -> Option<(Expression, FieldId, Expression)> {
        let typed = self.typed(relation, scope);
        let row = self.row(row, scope);
        let expression = typed?.expression;
        let ExpressionKind::Field { of, field } = expression.kind else {
            self.error(
                "AW362",
                relation.span,
                "a relation of a row is needed",
                "write `link: { caller.favourites: article }`",
            );
            return None;
        };
        let linked = self
            .field(field)
            .to_many()
            .filter(|relation| matches!(relation.kind, ToManyKind::Linked { .. }));
        let Some(target) = linked.map(|relation| relation.target) else {
            let message = format!("`{}` is no relation of many to many", self.path(field));
            let help = self.instead_of_link(field);
            self.error("AW362", relation.span, message, help);
            return None;
        };
        self.refuse_immutable(relation, field)?;
        let (row, entity) = row?;
        if entity != target {
            let message = format!(
                "one {} is needed, and this is one {}",
                self.entity(target).name,
                self.entity(entity).name
            );
            self.error(
                "AW357",
                row.span,
                message,
                "name a row of the relation's entity",
            );
            return None;
        }
        Some((*of, field, row))
    }

    /// What to do where a relation has no links of its own.
    fn instead_of_link(&self, id: FieldId) -> String {
        match self.field(id).to_many().map(|relation| &relation.kind) {
            Some(ToManyKind::Inverse { by } | ToManyKind::Composed { by }) => format!(
                "it is the other side of `{}`: set that field by `update` or `create`",
                self.path(*by)
            ),
            Some(ToManyKind::Through { entity, .. }) => format!(
                "its rows are joined by a `{}`: create or delete one",
                self.entity(*entity).name
            ),
            _ => "set the field by `update`".to_owned(),
        }
    }

    pub fn increment(&mut self, field: &Text, by: &Text, scope: &Scope) -> Option<StepKind> {
        let target = self.typed(field, scope);
        let by = self.typed(by, scope);
        let target = target?;
        let ExpressionKind::Field { of, field: id } = target.expression.kind else {
            self.error(
                "AW357",
                field.span,
                "a field of a row is needed",
                "write `increment: { book.stock: -line.quantity }`",
            );
            return None;
        };
        self.refuse_immutable(field, id)?;
        let number = target.scalar.as_ref().is_some_and(ScalarType::is_number);
        let computed = self
            .source(id)
            .is_none_or(|source| source.computed.is_some());
        if !number || computed {
            let message = format!("`{}` is no stored number", self.path(id));
            self.error(
                "AW356",
                field.span,
                message,
                "name a field of type int, bigint, decimal or money",
            );
            return None;
        }
        if self.field(id).optional && target.expression.nullable {
            let message = format!("`{}` may be missing, and would stay so", self.path(id));
            let help = "give it a default instead of the `?`, or guard that it is not null";
            self.error("AW322", field.span, message, help);
            return None;
        }
        let by = self.fit(by?, target.scalar.as_ref()?)?;
        if by.nullable {
            self.error(
                "AW322",
                by.span,
                "this may be missing, and a number is needed",
                "use `coalesce(value, 0)`",
            );
            return None;
        }
        Some(StepKind::Increment {
            row: *of,
            field: id,
            by,
        })
    }

    pub fn move_step(&mut self, row: &Text, name: &Text, scope: &Scope) -> Option<StepKind> {
        let (row, entity) = self.row(row, scope)?;
        if self.move_named(entity, &name.value).is_none() {
            let known = self.move_names[entity.0].keys().map(String::as_str);
            let diagnostic = unknown(
                "AW361",
                name.span,
                &format!("move of {}", self.entity(entity).name),
                &name.value,
                known,
            );
            let diagnostic = if diagnostic.help.is_some() {
                diagnostic
            } else {
                diagnostic.help("add it to the entity's `moves`")
            };
            self.report(diagnostic);
            return None;
        }
        Some(StepKind::Move {
            row,
            entity,
            name: name.value.clone(),
        })
    }
}
