//! What the steps of an operation look for: the conditions on a row, what these read, and what other steps write.

use archwright_plan::model::{
    BinaryOperator, BindingId, EntityId, Expression, ExpressionKind, FieldId, FieldKind,
    InputField, InputKind, InputPlace, Model, Move, Operation, Step, StepKind, ToManyKind,
};
use std::collections::BTreeSet;

/// What has to hold of a row.
pub enum Condition<'p> {
    Row(&'p Expression),
    /// Of the row once a step has bound it.
    Bound(&'p Expression),
    State(&'p [String]),
}

/// A step that looks for rows, with what later ones want of a row that it finds.
pub struct Aim<'p> {
    pub bind: BindingId,
    pub entity: EntityId,
    pub filter: &'p Expression,
    pub conditions: Vec<Condition<'p>>,
    /// The stored fields that the conditions hang on.
    pub reads: BTreeSet<FieldId>,
}

pub fn aims<'p>(model: &'p Model, steps: &'p [Step]) -> Vec<Aim<'p>> {
    let mut aims = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let (bind, entity, filter, later) = match &step.kind {
            StepKind::Find {
                bind,
                entity,
                filter: Some(filter),
                ..
            } => (*bind, *entity, filter, &steps[index + 1..]),
            StepKind::List {
                bind,
                entity,
                filter: Some(filter),
                ..
            } => (*bind, *entity, filter, &[][..]),
            _ => continue,
        };
        let mut conditions: Vec<Condition> =
            parts(filter).into_iter().map(Condition::Row).collect();
        for step in later {
            conditions.extend(wanted_of(model, step, bind));
        }
        let reads = reads(model, entity, &conditions);
        aims.push(Aim {
            bind,
            entity,
            filter,
            conditions,
            reads,
        });
    }
    aims
}

/// What a step wants of the row that is bound.
fn wanted_of<'p>(model: &'p Model, step: &'p Step, bind: BindingId) -> Vec<Condition<'p>> {
    let names = |expression: &Expression| {
        let mut found = false;
        expression.walk(&mut |part| found |= is_binding(part, bind));
        found
    };
    match &step.kind {
        StepKind::Guard { that } if names(that) => {
            parts(that).into_iter().map(Condition::Bound).collect()
        }
        StepKind::Move { row, entity, name } if is_binding(row, bind) => {
            let made = move_of(model, *entity, name);
            let when = made.and_then(|made| made.when.as_ref());
            let when = when.map_or_else(Vec::new, parts).into_iter();
            let state = made.map(|made| Condition::State(&made.from));
            state.into_iter().chain(when.map(Condition::Row)).collect()
        }
        _ => Vec::new(),
    }
}

fn is_binding(expression: &Expression, bind: BindingId) -> bool {
    matches!(expression.kind, ExpressionKind::Binding(own) if own == bind)
}

fn move_of<'p>(model: &'p Model, entity: EntityId, name: &str) -> Option<&'p Move> {
    let mut moves = model.entity(entity).state.as_ref()?.moves.iter();
    moves.find(|one| one.name == name)
}

/// The sides of each `&&`.
fn parts(condition: &Expression) -> Vec<&Expression> {
    match &condition.kind {
        ExpressionKind::Binary {
            operator: BinaryOperator::And,
            left,
            right,
        } => [parts(left), parts(right)].concat(),
        _ => vec![condition],
    }
}

fn reads(model: &Model, entity: EntityId, conditions: &[Condition]) -> BTreeSet<FieldId> {
    let mut found = BTreeSet::new();
    for condition in conditions {
        match condition {
            Condition::Row(that) | Condition::Bound(that) => read_by(model, that, &mut found),
            Condition::State(_) => {
                let machine = model.entity(entity).state.as_ref();
                found.extend(machine.map(|machine| machine.field));
            }
        }
    }
    found
}

fn read_by(model: &Model, expression: &Expression, found: &mut BTreeSet<FieldId>) {
    expression.walk(&mut |part| {
        let ExpressionKind::Field { field, .. } = &part.kind else {
            return;
        };
        match &model.field(*field).computed {
            Some(computed) if found.insert(*field) => read_by(model, computed, found),
            _ => found.extend(stored(model, *field)),
        }
    });
}

/// The fields in which a relation, or a field itself, is kept.
fn stored(model: &Model, field: FieldId) -> Vec<FieldId> {
    match &model.field(field).kind {
        FieldKind::ToMany(relation) => match relation.kind {
            ToManyKind::Inverse { by } | ToManyKind::Composed { by } => vec![by],
            ToManyKind::Linked { canonical, .. } => vec![canonical],
            ToManyKind::Through { near, far, .. } => vec![near, far],
        },
        FieldKind::Scalar(_) | FieldKind::ToOne(_) => vec![field],
    }
}

/// The stored fields that steps write.
pub fn writes(model: &Model, steps: &[Step]) -> BTreeSet<FieldId> {
    let mut found = BTreeSet::new();
    for step in steps {
        match &step.kind {
            StepKind::Create { set, .. } | StepKind::Update { set, .. } => {
                found.extend(set.iter().map(|(field, _)| *field));
            }
            StepKind::Upsert { key, set, .. } | StepKind::GetOrCreate { key, set, .. } => {
                found.extend(key.iter().chain(set).map(|(field, _)| *field));
            }
            StepKind::Increment { field, .. } => drop(found.insert(*field)),
            StepKind::Link { relation, .. } | StepKind::Unlink { relation, .. } => {
                found.extend(stored(model, *relation));
            }
            StepKind::Move { entity, name, .. } => {
                if let Some(made) = move_of(model, *entity, name) {
                    found.extend(writes_of_move(model, *entity, made));
                }
            }
            StepKind::Each { steps, .. } => found.extend(writes(model, steps)),
            _ => {}
        }
    }
    found
}

/// Those of the row itself: what a move makes of others is not followed.
pub fn writes_of_move(model: &Model, entity: EntityId, made: &Move) -> Vec<FieldId> {
    let machine = model.entity(entity).state.as_ref();
    let set = made.set.iter().map(|(field, _)| *field);
    set.chain(machine.map(|machine| machine.field)).collect()
}

/// The inputs that a condition mentions.
pub fn inputs_of(condition: &Expression) -> Vec<(InputPlace, Vec<String>)> {
    let mut found = Vec::new();
    condition.walk(&mut |part| {
        if let ExpressionKind::Input { place, path } = &part.kind {
            found.push((*place, path.clone()));
        }
    });
    found.sort();
    found.dedup();
    found
}

/// The inputs that may be left out.
pub fn optional_inputs(definition: &Operation) -> Vec<(InputPlace, Vec<String>)> {
    let places = [
        (InputPlace::Query, &definition.query_input),
        (InputPlace::Header, &definition.header_input),
        (InputPlace::Body, &definition.body_input),
    ];
    let mut found = Vec::new();
    for (place, fields) in places {
        gather(place, fields, &[], &mut found);
    }
    found
}

/// The input that has a place and a path.
pub fn input_at<'d>(
    definition: &'d Operation,
    place: InputPlace,
    path: &[String],
) -> Option<&'d InputField> {
    let mut fields = match place {
        InputPlace::Path => &definition.path_input,
        InputPlace::Query => &definition.query_input,
        InputPlace::Header => &definition.header_input,
        InputPlace::Body => &definition.body_input,
        InputPlace::Move => return None,
    };
    let (last, around) = path.split_last()?;
    for name in around {
        let object = fields.iter().find(|field| field.name == *name)?;
        match &object.kind {
            InputKind::Object(inner) => fields = inner,
            _ => return None,
        }
    }
    fields.iter().find(|field| field.name == *last)
}

fn gather(
    place: InputPlace,
    fields: &[InputField],
    around: &[String],
    found: &mut Vec<(InputPlace, Vec<String>)>,
) {
    for field in fields {
        let path = [around, std::slice::from_ref(&field.name)].concat();
        if field.optional || field.default.is_some() {
            found.push((place, path.clone()));
        }
        if let InputKind::Object(inner) = &field.kind {
            gather(place, inner, &path, found);
        }
    }
}
