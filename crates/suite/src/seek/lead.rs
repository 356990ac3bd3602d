//! Inputs that go together: the password of the account that is named, and rows that later steps find by what earlier
//! ones found.

use crate::oracle::{Inputs, Judge};
use crate::session::Session;
use crate::world::NUMBERED;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{
    BinaryOperator, BindingId, EntityId, Expression, ExpressionKind, FieldId, Function, InputPlace,
    Operation as Definition, StepKind,
};
use std::collections::BTreeMap;

impl Session<'_> {
    /// Makes inputs lead through the steps that find rows, where there are such rows.
    pub fn lead(&mut self, definition: &Definition, actor: usize, inputs: &mut Inputs) {
        let mut bindings: Vec<(BindingId, Value)> = Vec::new();
        for (index, step) in definition.steps.iter().enumerate() {
            let guard = match definition.steps.get(index + 1).map(|next| &next.kind) {
                Some(StepKind::Guard { that }) => Some(that),
                _ => None,
            };
            match &step.kind {
                StepKind::SignIn {
                    key,
                    value,
                    password,
                    ..
                } => {
                    let name = at(inputs, InputPlace::Body, value).cloned();
                    let named = |row: &RowRef| name.as_ref() == Some(&self.world.value(row, *key));
                    let account = self.world.of(key.entity).find(named);
                    let known = account.and_then(|row| self.world.get(&row)?.password.clone());
                    if let Some(known) = known {
                        put(inputs, InputPlace::Body, password, Value::Text(known));
                    }
                }
                StepKind::Find {
                    bind,
                    entity,
                    filter: Some(filter),
                    ..
                } => {
                    let wanted = Found {
                        bind: *bind,
                        entity: *entity,
                        filter,
                        guard,
                    };
                    let found = self.led_to(actor, &wanted, &bindings, inputs);
                    bindings.extend(found.map(|row| (*bind, Value::Row(row))));
                }
                _ => {}
            }
        }
    }

    /// The row that a step finds; where it finds none, the input that names one is changed so that it does.
    fn led_to(
        &mut self,
        actor: usize,
        wanted: &Found,
        bindings: &[(BindingId, Value)],
        inputs: &mut Inputs,
    ) -> Option<RowRef> {
        let rows: Vec<RowRef> = self.world.of(wanted.entity).collect();
        let start = self.rng.below(rows.len().max(1));
        let judge = Judge {
            bindings,
            ..self.judge(actor)
        };
        let finds = |inputs: &Inputs, row: &RowRef| {
            let judge = Judge { inputs, ..judge };
            let mut bindings = bindings.to_vec();
            bindings.push((wanted.bind, Value::Row(row.clone())));
            let after = Judge {
                bindings: &bindings,
                ..judge
            };
            let passes = |guard| after.value(guard, None) == Value::Bool(true);
            judge.holds(wanted.filter, row) && wanted.guard.is_none_or(passes)
        };
        if let Some(row) = rows.iter().find(|row| finds(inputs, row)) {
            return Some(row.clone());
        }
        let names = naming(wanted.filter);
        let around = rows.iter().cycle().skip(start).take(rows.len());
        for row in around {
            for (place, path, value) in &names {
                let value = judge.value(value, Some(row));
                if matches!(&value, Value::Text(text) if text.starts_with(NUMBERED)) {
                    continue;
                }
                let mut changed = inputs.clone();
                put(&mut changed, *place, path, value);
                if finds(&changed, row) {
                    *inputs = changed;
                    return Some(row.clone());
                }
            }
        }
        None
    }
}

/// What a step finds, and the guard right after it.
struct Found<'d> {
    bind: BindingId,
    entity: EntityId,
    filter: &'d Expression,
    guard: Option<&'d Expression>,
}

/// Inputs that something of the row itself has to be equal to.
pub(super) fn naming(filter: &Expression) -> Vec<(InputPlace, Vec<String>, &Expression)> {
    let mut found = Vec::new();
    filter.walk(&mut |part| {
        let ExpressionKind::Binary {
            operator: BinaryOperator::Equal,
            left,
            right,
        } = &part.kind
        else {
            return;
        };
        for (one, other) in [(left, right), (right, left)] {
            if let ExpressionKind::Input { place, path } = &one.kind
                && is_own(other)
            {
                found.push((*place, path.clone(), &**other));
            }
        }
    });
    found
}

/// Inputs whose text something of the row itself has to begin, end with or have in it, or that it is equal to.
pub(super) fn likening(filter: &Expression) -> Vec<(InputPlace, Vec<String>, &Expression)> {
    let mut found = naming(filter);
    filter.walk(&mut |part| {
        if let ExpressionKind::Function {
            function: Function::StartsWith | Function::EndsWith | Function::Contains,
            arguments,
        } = &part.kind
            && let [text, wanted] = arguments.as_slice()
            && let ExpressionKind::Input { place, path } = &bare(wanted).kind
            && is_own(bare(text))
        {
            found.push((*place, path.clone(), bare(text)));
        }
    });
    found
}

/// A text without what only gives it another form.
fn bare(text: &Expression) -> &Expression {
    match &text.kind {
        ExpressionKind::Function {
            function: Function::Lower | Function::Upper | Function::Trim,
            arguments,
        } if arguments.len() == 1 => bare(&arguments[0]),
        _ => text,
    }
}

/// Whether it is a way from the row itself: `slug`, `author.username`.
fn is_own(way: &Expression) -> bool {
    match &way.kind {
        ExpressionKind::Field { of, .. } | ExpressionKind::Id(of) => {
            matches!(of.kind, ExpressionKind::This) || is_own(of)
        }
        _ => false,
    }
}

/// An input that a row which the row is linked to is named by: `relation.exists(x, x.field == input)`.
pub(super) struct LinkedName<'d> {
    pub relation: FieldId,
    pub field: FieldId,
    pub place: InputPlace,
    pub path: &'d [String],
}

pub(super) fn linked_names(filter: &Expression) -> Vec<LinkedName<'_>> {
    let mut names = Vec::new();
    filter.walk(&mut |part| {
        if let ExpressionKind::Quantifier {
            over, condition, ..
        } = &part.kind
        {
            names.extend(linked_name(over, condition));
        }
    });
    names
}

fn linked_name<'d>(over: &Expression, condition: &'d Expression) -> Option<LinkedName<'d>> {
    let ExpressionKind::Field {
        of,
        field: relation,
    } = &over.kind
    else {
        return None;
    };
    let ExpressionKind::Binary {
        operator: BinaryOperator::Equal,
        left,
        right,
    } = &condition.kind
    else {
        return None;
    };
    let mut sides = [(left, right), (right, left)].into_iter();
    sides.find_map(|(own, input)| match (&of.kind, &own.kind, &input.kind) {
        (
            ExpressionKind::This,
            ExpressionKind::Field { of: linked, field },
            ExpressionKind::Input { place, path },
        ) if matches!(linked.kind, ExpressionKind::Variable(_)) => Some(LinkedName {
            relation: *relation,
            field: *field,
            place: *place,
            path,
        }),
        _ => None,
    })
}

/// The input with this place and path.
pub fn at<'i>(inputs: &'i Inputs, place: InputPlace, path: &[String]) -> Option<&'i Value> {
    let mut inputs = inputs.iter();
    let mut value = inputs
        .find(|(of, _)| *of == place)
        .map(|(_, value)| value)?;
    for name in path {
        let Value::Object(members) = value else {
            return None;
        };
        value = members.get(name)?;
    }
    Some(value)
}

/// Gives an input a value; where what it stands in is left out, so is the input.
pub fn put(inputs: &mut Inputs, place: InputPlace, path: &[String], value: Value) {
    let Some((last, around)) = path.split_last() else {
        return;
    };
    let mut members = inputs
        .iter_mut()
        .find(|(of, _)| *of == place)
        .and_then(|(_, value)| members_of(value));
    for name in around {
        members = members
            .and_then(|members| members.get_mut(name))
            .and_then(members_of);
    }
    if let Some(members) = members {
        members.insert(last.clone(), value);
    }
}

fn members_of(value: &mut Value) -> Option<&mut BTreeMap<String, Value>> {
    match value {
        Value::Object(members) => Some(members),
        _ => None,
    }
}
