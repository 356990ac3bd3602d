//! Limits and offsets: each window is a part of the whole list, and the count is that of the whole.

use super::Cases;
use crate::make::unless_failed;
use crate::oracle::Inputs;
use crate::seek::{Imagined, Wanted, optional_inputs, put};
use crate::session::{Outcome, Session, failed};
use archwright_evaluate::Value;
use archwright_plan::Operation;
use archwright_plan::model::{
    BindingId, Expression, ExpressionKind, InputPlace, Literal, Operation as Definition, Shape,
    StepKind,
};
use serde_json::Value as Json;

/// Of an input that says how many rows, or from where on.
type Place = (InputPlace, Vec<String>);

pub(super) fn derive<'p>(
    cases: &mut Cases<'p>,
    operation: &'p Operation,
    definition: &'p Definition,
) {
    for step in &definition.steps {
        let StepKind::List {
            bind,
            limit,
            offset,
            ..
        } = &step.kind
        else {
            continue;
        };
        let (limit, offset) = (place_of(limit.as_ref()), place_of(offset.as_ref()));
        let Some(key) = shown_at(operation, definition, *bind) else {
            continue;
        };
        if limit.is_none() && offset.is_none() {
            continue;
        }
        let bind = *bind;
        let inputs = super::inputs(definition);
        let most = limit.as_ref().and_then(|(place, path)| {
            let mut inputs = inputs.iter();
            let (.., field) = inputs.find(|(of, at, _)| of == place && at == path)?;
            match field.max {
                Some(Literal::Int(most)) => Some(most),
                _ => None,
            }
        });
        cases.add(
            format!("{}/window", operation.id),
            "limit and offset cut the list, and nothing else",
            Some(step.span),
            move |session| windows(session, operation, bind, (&limit, &offset, most), key),
        );
    }
}

fn place_of(expression: Option<&Expression>) -> Option<Place> {
    match &expression?.kind {
        ExpressionKind::Input { place, path } => Some((*place, path.clone())),
        _ => None,
    }
}

/// The key of the reply that shows the list.
fn shown_at<'d>(
    operation: &Operation,
    definition: &'d Definition,
    list: BindingId,
) -> Option<&'d str> {
    let is_list = |of: &Expression| matches!(of.kind, ExpressionKind::Binding(own) if own == list);
    let shows = |shape: &Shape| match shape {
        Shape::Each { list: of, .. } | Shape::Show { of, .. } | Shape::Value(of) => is_list(of),
        Shape::Nothing | Shape::Object(_) | Shape::IfPresent(_) | Shape::If { .. } => false,
    };
    let mut replies = definition.replies.iter();
    let (_, reply) = replies.find(|(status, _)| *status == operation.status)?;
    match reply {
        Shape::Object(parts) => {
            let mut parts = parts.iter();
            let found = parts.find(|(_, part)| shows(part.present()));
            found.map(|(key, _)| key.as_str())
        }
        _ => None,
    }
}

/// A call whose list has so many rows, one that narrows it as little as can be rather than another.
pub(super) fn several<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    wanted: &Wanted,
    bind: BindingId,
    many: usize,
) -> Outcome<(usize, Inputs)> {
    let definition = session.definition(operation);
    if definition.is_some_and(|one| !optional_inputs(one).is_empty()) {
        let least = Wanted {
            all: Some(false),
            ..wanted.clone()
        };
        let found = one_by_one(session, operation, &least, bind, many);
        if let Some(found) = unless_failed(found)? {
            return Ok(found);
        }
    }
    one_by_one(session, operation, wanted, bind, many)
}

/// The rows are come by one after the other: each way leads from there to one more.
fn one_by_one<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    wanted: &Wanted,
    bind: BindingId,
    many: usize,
) -> Outcome<(usize, Inputs)> {
    let mut found = Default::default();
    for least in 1..=many {
        let has_them = |_: &Session<'p>, imagined: &Imagined| {
            let mut bindings = imagined.done.bindings.iter();
            imagined.done.refusal.is_none()
                && bindings.any(|(known, value)| {
                    *known == bind && matches!(value, Value::Rows(rows) if rows.len() >= least)
                })
        };
        let sought = |session: &mut Session<'p>| session.seek_call(operation, wanted, &has_them);
        found = session.afresh(sought)?;
    }
    Ok(found)
}

fn windows<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    bind: BindingId,
    (limit, offset, most): (&Option<Place>, &Option<Place>, Option<i64>),
    key: &str,
) -> Outcome<()> {
    let with = |inputs: &Inputs, many: i64, from: i64| {
        let mut inputs = inputs.clone();
        for (place, number) in [(limit, many), (offset, from)] {
            if let Some(place) = place {
                put(&mut inputs, place.0, &place.1, Value::Int(number));
            }
        }
        inputs
    };
    let wanted = Wanted {
        given: offset
            .iter()
            .chain(limit)
            .map(|(place, path)| (*place, path.clone(), false))
            .collect(),
        ..Wanted::default()
    };
    let (actor, inputs) = several(session, operation, &wanted, bind, 3)?;
    let page = i64::from(session.plan.model.api.page_max).min(100);
    let most = most.map_or(page, |most| most.min(page));
    let whole = session.call(actor, operation, &with(&inputs, most, 0))?;
    let whole = whole.reply.json.unwrap_or_default();
    for (many, from) in [(1, 0), (1, 1), (2, 1), (most, 2)] {
        let called = session.call(actor, operation, &with(&inputs, many, from))?;
        let many = if limit.is_some() { many } else { most };
        let from = if offset.is_some() { from } else { 0 };
        let items = whole[key].as_array().into_iter().flatten();
        let cut = items.skip(from as usize).take(many as usize);
        let cut: Json = cut.cloned().collect();
        // What else the reply tells may be about the window itself.
        if called.reply.json.as_ref().map(|json| &json[key]) != Some(&cut) {
            let expected = format!("rows {from} to {} of the whole list", from + many);
            return failed(
                &called.request,
                &expected,
                &called.reply.shown(),
                Vec::new(),
            );
        }
    }
    Ok(())
}
