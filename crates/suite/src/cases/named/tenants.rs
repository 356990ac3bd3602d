//! Tenants in named operations: steps find rows of the caller's alone, and inputs name no others.

use super::steps::{gather, label};
use super::{Cases, inputs, look, place_name, reach};
use crate::oracle::Course;
use crate::seek::{Imagined, Wanted};
use crate::session::{Outcome, Session, skip};
use archwright_evaluate::RowRef;
use archwright_plan::Operation;
use archwright_plan::model::{
    EntityId, InputKind, InputPlace, Operation as Definition, Step, StepKind,
};

pub(super) fn derive<'p>(
    cases: &mut Cases<'p>,
    operation: &'p Operation,
    definition: &'p Definition,
) {
    let mut steps = Vec::new();
    gather(&definition.steps, &[], &mut steps);
    for (path, step) in steps {
        finds(cases, operation, path, step);
    }
    for (place, path, field) in inputs(definition) {
        let InputKind::Reference(target) = field.kind else {
            continue;
        };
        if cases.plan.resource(target).confinement.is_none() {
            continue;
        }
        let at = place_name(place, &path);
        cases.add(
            format!("{}/{at}/tenant", operation.id),
            format!("{at} names no row of another tenant"),
            Some(field.span),
            move |session| names(session, operation, (place, &path), target),
        );
    }
}

fn finds<'p>(cases: &mut Cases<'p>, operation: &'p Operation, path: Vec<usize>, step: &'p Step) {
    let (StepKind::Find { entity, .. }
    | StepKind::List { entity, .. }
    | StepKind::Upsert { entity, .. }
    | StepKind::GetOrCreate { entity, .. }) = step.kind
    else {
        return;
    };
    let tenant = cases.plan.model.entity(entity).tenant;
    let is_in_key = match &step.kind {
        StepKind::Upsert { key, .. } | StepKind::GetOrCreate { key, .. } => {
            key.iter().any(|(field, _)| Some(*field) == tenant)
        }
        _ => false,
    };
    if cases.plan.resource(entity).confinement.is_none() || is_in_key {
        return;
    }
    cases.add(
        format!("{}/{}/tenant", operation.id, label(&path, step)),
        "the step does not meet a row of another tenant",
        Some(step.span),
        move |session| {
            let goal = |_: &Session<'p>, imagined: &Imagined| {
                let mut steps = imagined.done.steps.iter();
                let is_alone = |course: Course| match step.kind {
                    StepKind::List { .. } => true,
                    _ => course != Course::Done,
                };
                imagined.done.kept_out.contains(&path)
                    && steps.any(|(at, course)| *at == path && is_alone(*course))
            };
            reach(session, operation, &Wanted::default(), &goal).map(drop)
        },
    );
}

fn names<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    (place, path): (InputPlace, &[String]),
    target: EntityId,
) -> Outcome<()> {
    session.ensure_crew();
    let (actor, row) = foreign(session, operation, target)?;
    let wanted = Wanted {
        actors: vec![actor],
        given: vec![(place, path.to_vec(), true)],
        named: Some((place, path.to_vec(), row.clone())),
        ..Wanted::default()
    };
    let refused = |_: &Session<'p>, imagined: &Imagined| {
        imagined.done.steps.is_empty() && imagined.done.refusal.is_some()
    };
    let (actor, inputs) = session.seek_call(operation, &wanted, &refused)?;
    let called = session.call(actor, operation, &inputs)?;
    look(session, operation, &called)?;
    session.watch(&[row])
}

/// A caller whom the operation admits, and a row of a tenant that is not theirs.
fn foreign(session: &Session, operation: &Operation, target: EntityId) -> Outcome<(usize, RowRef)> {
    let admitted: Vec<usize> = (1..session.actors.len())
        .filter(|actor| session.judge(*actor).admit(operation).is_none())
        .collect();
    for actor in admitted {
        let Some(own) = session.tenant_of(actor) else {
            continue;
        };
        let is_foreign = |row: &RowRef| {
            let tenant = session.world.tenant(row);
            tenant.is_some_and(|tenant| tenant != own)
        };
        if let Some(row) = session.world.of(target).find(is_foreign) {
            return Ok((actor, row));
        }
    }
    skip("there is no row of another tenant than that of a test sign-in")
}
