//! Named operations: what each does, with which inputs, for whom, and each way through its steps.

mod differs;
mod input;
mod steps;
mod tenants;
mod window;

pub(super) use input::with_query;
pub(super) use steps::word;

use super::Cases;
use crate::call::Called;
use crate::make::unless_failed;
use crate::oracle::{Inputs, Performed};
use crate::seek::{Goal, Imagined, Wanted, any_step, at};
use crate::session::{ANONYMOUS, Outcome, Session, skip};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{
    InputField, InputKind, InputPlace, Operation as Definition, ScalarType, StepKind,
};
use archwright_plan::{Answer, Caller, MatrixCell, Operation, OperationKind};

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    for operation in &plan.operations {
        let OperationKind::Named(index) = operation.kind else {
            continue;
        };
        let definition = &plan.model.operations[index];
        happy(cases, operation, definition);
        optional(cases, operation, definition);
        blank(cases, operation, definition);
        access(cases, operation, definition);
        steps::derive(cases, operation, definition);
        window::derive(cases, operation, definition);
        input::derive(cases, operation, definition);
        tenants::derive(cases, operation, definition);
    }
}

fn happy<'p>(cases: &mut Cases<'p>, operation: &'p Operation, definition: &'p Definition) {
    let styles = [
        ("required", false, "what has to be given is enough"),
        ("all", true, "everything that may be given is heeded"),
    ];
    for (name, all, reason) in styles {
        let span = Some(definition.span);
        let name = format!("{}/happy/{name}", operation.id);
        cases.add(name, reason, span, move |session| {
            let wanted = Wanted {
                all: Some(all),
                ..Wanted::default()
            };
            let (actor, inputs) = reach(session, operation, &wanted, &succeeds)?;
            again(session, actor, operation, &inputs)
        });
    }
}

pub(super) fn succeeds(_: &Session, imagined: &Imagined) -> bool {
    imagined.done.refusal.is_none()
}

/// Finds a call that comes to the goal, makes it, and looks at the rows afterwards.
fn reach<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    wanted: &Wanted,
    goal: Goal<'_, 'p>,
) -> Outcome<(usize, Inputs)> {
    let (actor, inputs) = session.seek_call(operation, wanted, goal)?;
    let called = session.call(actor, operation, &inputs)?;
    look(session, operation, &called)?;
    Ok((actor, inputs))
}

/// Reads the rows that a call found, made or changed; after a refusal, to see that it changed nothing.
pub(super) fn look<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    called: &Called,
) -> Outcome<()> {
    let steps = session
        .definition(operation)
        .map_or(&[][..], |one| &one.steps);
    let writes = |kind: &StepKind| {
        !matches!(
            kind,
            StepKind::Find { .. } | StepKind::List { .. } | StepKind::Guard { .. }
        )
    };
    if !any_step(steps, &writes) {
        return Ok(());
    }
    let touched: Vec<RowRef> = called.done.touched.iter().cloned().collect();
    session.watch(&touched)
}

/// The same request once more, where it can be foretold.
fn again<'p>(
    session: &mut Session<'p>,
    actor: usize,
    operation: &'p Operation,
    inputs: &Inputs,
) -> Outcome<()> {
    let Some(definition) = session.definition(operation) else {
        return Ok(());
    };
    let is_sure = |_: &mut Session<'p>, imagined: &Imagined| !imagined.done.is_unsure;
    match session.imagine_call(actor, operation, definition, inputs, is_sure) {
        true => {
            let called = session.call(actor, operation, inputs)?;
            look(session, operation, &called)
        }
        false => Ok(()),
    }
}

/// All inputs with their places, those in objects too.
fn inputs(definition: &Definition) -> Vec<(InputPlace, Vec<String>, &InputField)> {
    let places = [
        (InputPlace::Path, &definition.path_input),
        (InputPlace::Query, &definition.query_input),
        (InputPlace::Header, &definition.header_input),
        (InputPlace::Body, &definition.body_input),
    ];
    let mut all = Vec::new();
    for (place, fields) in places {
        gather(place, fields, &[], &mut all);
    }
    all
}

fn gather<'d>(
    place: InputPlace,
    fields: &'d [InputField],
    around: &[String],
    all: &mut Vec<(InputPlace, Vec<String>, &'d InputField)>,
) {
    for field in fields {
        let path = [around, std::slice::from_ref(&field.name)].concat();
        all.push((place, path.clone(), field));
        if let InputKind::Object(inner) = &field.kind {
            gather(place, inner, &path, all);
        }
    }
}

fn place_name(place: InputPlace, path: &[String]) -> String {
    let place = match place {
        InputPlace::Path => "path",
        InputPlace::Query => "query",
        InputPlace::Header => "header",
        InputPlace::Body => "body",
        InputPlace::Move => "input",
    };
    format!("{place}.{}", path.join("."))
}

fn optional<'p>(cases: &mut Cases<'p>, operation: &'p Operation, definition: &'p Definition) {
    for (place, path, field) in inputs(definition) {
        if !field.optional && field.default.is_none() {
            continue;
        }
        let at = place_name(place, &path);
        for (name, given) in [("given", true), ("absent", false)] {
            let path = path.clone();
            cases.add(
                format!("{}/{at}/{name}", operation.id),
                format!("{at} may be given or left out"),
                Some(field.span),
                move |session| {
                    let wanted = Wanted {
                        given: vec![(place, path.clone(), given)],
                        ..Wanted::default()
                    };
                    reach(session, operation, &wanted, &succeeds).map(drop)
                },
            );
        }
    }
}

/// What an empty text comes to.
fn blank<'p>(cases: &mut Cases<'p>, operation: &'p Operation, definition: &'p Definition) {
    for (place, path, field) in inputs(definition) {
        let takes_empty = match &field.kind {
            InputKind::Scalar(ScalarType::String { min, .. } | ScalarType::Text { min, .. }) => {
                *min == 0 && field.pattern.is_none()
            }
            _ => false,
        };
        let reason = match field.blank_as_null {
            true => "an empty text is taken as null",
            false if takes_empty => "an empty text is a text like any other",
            false => continue,
        };
        if !matches!(place, InputPlace::Body | InputPlace::Query) {
            continue;
        }
        let name = format!("{}/{}/blank", operation.id, place_name(place, &path));
        cases.add(name, reason, Some(field.span), move |session| {
            let blank = Value::Text(String::new());
            let goal = |_: &Session<'p>, imagined: &Imagined| {
                imagined.done.refusal.is_none() && at(imagined.inputs, place, &path) == Some(&blank)
            };
            let wanted = Wanted {
                fixed: Some((place, path.clone(), blank.clone())),
                ..Wanted::default()
            };
            reach(session, operation, &wanted, &goal).map(drop)
        });
    }
}

fn access<'p>(cases: &mut Cases<'p>, operation: &'p Operation, definition: &'p Definition) {
    let plan = cases.plan;
    let row = plan.matrix.iter().find(|row| row.operation == operation.id);
    for cell in row.map_or(&[][..], |row| &row.cells) {
        let caller = super::access::caller_name(plan, cell.caller, false);
        let mut add = |name: &str, reason: String, allowed: bool| {
            cases.add(
                format!("{}/{name}", operation.id),
                reason,
                Some(definition.span),
                move |session| ask(session, operation, cell, allowed),
            );
        };
        let lets = format!("{} lets {caller} through", operation.id);
        let refuses = format!("{} refuses {caller}, and nothing changes", operation.id);
        match &cell.answer {
            Answer::Yes => add(&format!("allowed/{caller}"), lets, true),
            Answer::No => add(&format!("denied/{caller}"), refuses, false),
            Answer::If(condition) => {
                let (allowed, denied) = (
                    format!("allowed/{caller}/when=true"),
                    format!("denied/{caller}/when=false"),
                );
                add(&allowed, format!("{lets} where {condition}"), true);
                add(&denied, format!("{refuses} where not {condition}"), false);
            }
        }
    }
}

fn ask<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    cell: &'p MatrixCell,
    allowed: bool,
) -> Outcome<()> {
    session.ensure_crew();
    let mut actors = match cell.caller {
        Caller::Anonymous => vec![ANONYMOUS],
        Caller::SignedIn { role, .. } => session.all_of_role(role),
    };
    // The one test account without a role is to be kept.
    if let Caller::SignedIn { role: None, .. } = cell.caller
        && actors.iter().all(|actor| session.is_spared(*actor))
    {
        actors.extend(unless_failed(session.newcomer_without_role())?);
    }
    if actors.is_empty() {
        return skip("there is no test sign-in with this role alone");
    }
    let by = |actors: &[usize]| Wanted {
        actors: actors.to_vec(),
        ..Wanted::default()
    };
    if allowed {
        return reach(session, operation, &by(&actors), &succeeds).map(drop);
    }
    if matches!(cell.answer, Answer::If(_)) {
        let refused = |_: &Session<'p>, imagined: &Imagined| by_guard(imagined.done);
        return reach(session, operation, &by(&actors), &refused).map(drop);
    }
    // What somebody else might ask.
    let (other, inputs) = session.seek_call(operation, &Wanted::default(), &succeeds)?;
    let definition = session.definition(operation);
    let touched = definition.map(|definition| {
        let seen = |_: &mut Session<'p>, imagined: &Imagined| imagined.done.touched.clone();
        session.imagine_call(other, operation, definition, &inputs, seen)
    });
    session.call(actors[0], operation, &inputs)?;
    let touched: Vec<RowRef> = touched.into_iter().flatten().collect();
    session.watch(&touched)
}

fn by_guard(done: &Performed) -> bool {
    done.refusal.is_some() && done.steps.is_empty()
}
