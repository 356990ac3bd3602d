//! Who sees a field, and who may set it.

use super::Cases;
use super::happy::{accepted, patched};
use crate::make::Want;
use crate::oracle::{Body, Given};
use crate::propose::Style;
use crate::session::{Outcome, Session, failed, skip, unreached};
use archwright_evaluate::RowRef;
use archwright_plan::model::{EntityId, FieldId, RoleId};
use archwright_plan::{Input, Operation, OperationKind, Output, OutputSource};

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    for resource in &plan.resources {
        let entity = plan.model.entity(resource.entity);
        let get = plan
            .operations
            .iter()
            .find(|one| one.entity == Some(entity.id) && one.kind == OperationKind::Get);
        if let Some(get) = get {
            for output in resource
                .output
                .iter()
                .filter(|output| !output.visible.is_empty())
            {
                visible(cases, get, output);
            }
            for field in entity.fields.iter().filter(|field| field.write_only) {
                let reason = format!("{} is never shown", field.name);
                cases.add(
                    format!("{}/never-shown/{}", get.id, field.name),
                    reason,
                    Some(field.span),
                    move |session| never_shown(session, get, field.id),
                );
            }
        }
        for operation in &plan.operations {
            if operation.entity != Some(entity.id) {
                continue;
            }
            let inputs = match operation.kind {
                OperationKind::Create => &resource.create,
                OperationKind::Update => &resource.update,
                _ => continue,
            };
            for input in inputs.iter().filter(|input| !input.settable.is_empty()) {
                settable(cases, operation, input);
            }
        }
    }
}

fn roles<'p>(cases: &Cases<'p>) -> Vec<(String, Option<Option<RoleId>>)> {
    let mut callers = vec![("anonymous".to_owned(), None)];
    if cases.plan.model.account.is_some() {
        let roles = cases.plan.model.roles.iter().enumerate();
        callers.extend(roles.map(|(index, role)| (role.name.clone(), Some(Some(RoleId(index))))));
    }
    callers
}

fn caller(session: &Session, role: Option<Option<RoleId>>) -> Outcome<usize> {
    match role {
        None => Ok(crate::session::ANONYMOUS),
        Some(role) => match session.of_role(role) {
            Some(actor) => Ok(actor),
            None => skip("there is no test sign-in whose only role this is"),
        },
    }
}

fn visible<'p>(cases: &mut Cases<'p>, get: &'p Operation, output: &'p Output) {
    let field = match output.source {
        OutputSource::Field(field)
        | OutputSource::Reference(field)
        | OutputSource::Parts(field) => Some(field),
        _ => None,
    };
    let span = field.map(|field| cases.plan.model.field(field).span);
    for (name, role) in roles(cases) {
        for (verb, shown) in [("shown", true), ("hidden", false)] {
            let judged = possible(cases.plan, get, output, role, shown);
            if !judged {
                continue;
            }
            let case = format!("{}/{verb}/{}/{name}", get.id, output.json);
            let reason = format!("{} is {verb} to {name}, by its `visible`", output.json);
            cases.add(case, reason, span, move |session| {
                let actor = caller(session, role)?;
                let entity = get.entity.unwrap_or(EntityId(0));
                let fits = |session: &Session<'p>, row: &RowRef| {
                    let judge = session.judge(actor);
                    judge.admit_to(get, row).is_none() && judge.sees(output, row) == shown
                };
                let row = session.seek(entity, &fits)?;
                session.get(actor, get, &row)?;
                in_lists(session, actor, &row)
            });
        }
    }
}

/// Whether a caller of the role can see, or not see, the field in some row, as far as classes tell.
fn possible(
    plan: &archwright_plan::Plan,
    get: &Operation,
    output: &Output,
    role: Option<Option<RoleId>>,
    shown: bool,
) -> bool {
    use archwright_plan::{Caller, is_of_class};
    let caller = match role {
        None => Caller::Anonymous,
        Some(role) => Caller::SignedIn { role, owns: true },
    };
    let of = |one: &&archwright_plan::Alternative| is_of_class(&plan.model, caller, one.caller);
    let is_open = |when: &Option<archwright_plan::model::Expression>| {
        when.as_ref().is_none_or(crate::actors::is_tenancy)
    };
    let reads: Vec<_> = get.guard.iter().filter(of).collect();
    let sees: Vec<_> = output.visible.iter().filter(of).collect();
    match shown {
        _ if reads.is_empty() => false,
        true => !sees.is_empty(),
        // Whoever reads through an owner's alternative alone sees what owners see.
        false => {
            let always = sees.iter().any(|one| is_open(&one.when));
            let as_owner = sees.iter().any(|one| one.owner) && reads.iter().all(|one| one.owner);
            !always && !as_owner
        }
    }
}

/// The same row in a list: a leak there is as bad.
fn in_lists<'p>(session: &mut Session<'p>, actor: usize, row: &RowRef) -> Outcome<()> {
    match session.operation(row.entity, OperationKind::List) {
        Some(list) if session.judge(actor).admit(list).is_none() => {
            super::lists::first_page(session, actor, list)
        }
        _ => Ok(()),
    }
}

fn never_shown<'p>(session: &mut Session<'p>, get: &'p Operation, field: FieldId) -> Outcome<()> {
    let entity = get.entity.unwrap_or(EntityId(0));
    let readable = |session: &Session<'p>, row: &RowRef| {
        (0..session.actors.len()).any(|actor| session.judge(actor).admit_to(get, row).is_none())
    };
    let row = session.seek(entity, &readable)?;
    let key = &session.plan.model.field(field).name;
    for actor in 0..session.actors.len() {
        if session.judge(actor).admit_to(get, &row).is_some() {
            continue;
        }
        let done = session.get(actor, get, &row)?;
        if done.reply.json.unwrap_or_default().get(key).is_some() {
            return failed(
                &done.request,
                &format!("a row without {key}"),
                "the key",
                Vec::new(),
            );
        }
    }
    Ok(())
}

fn settable<'p>(cases: &mut Cases<'p>, operation: &'p Operation, input: &'p Input) {
    let span = Some(cases.plan.model.field(input.field).span);
    for (name, role) in roles(cases) {
        for (verb, may) in [("settable", true), ("not-settable", false)] {
            if !can_ask(cases.plan, operation, input, role, may) {
                continue;
            }
            let case = format!("{}/{verb}/{}/{name}", operation.id, input.json);
            let reason = match may {
                true => format!("{name} may set {}", input.json),
                false => format!(
                    "naming {} is forbidden to {name}, and nothing is written",
                    input.json
                ),
            };
            cases.add(case, reason, span, move |session| {
                let actor = caller(session, role)?;
                match operation.kind {
                    OperationKind::Create => name_in_create(session, actor, operation, input),
                    _ => name_in_update(session, actor, operation, input, may),
                }
            });
        }
    }
}

fn can_ask(
    plan: &archwright_plan::Plan,
    operation: &Operation,
    input: &Input,
    role: Option<Option<RoleId>>,
    may: bool,
) -> bool {
    use archwright_plan::{Caller, is_of_class};
    let caller = match role {
        None => Caller::Anonymous,
        Some(role) => Caller::SignedIn { role, owns: true },
    };
    let of = |one: &&archwright_plan::Alternative| is_of_class(&plan.model, caller, one.caller);
    let sets: Vec<_> = input.settable.iter().filter(of).collect();
    let open = sets
        .iter()
        .any(|one| one.when.as_ref().is_none_or(crate::actors::is_tenancy));
    let writes = operation.guard.iter().any(|one| of(&one));
    let owner_alone =
        sets.iter().any(|one| one.owner) && operation.guard.iter().filter(of).all(|one| one.owner);
    writes
        && if may {
            !sets.is_empty()
        } else {
            !open && !owner_alone
        }
}

fn name_in_create<'p>(
    session: &mut Session<'p>,
    actor: usize,
    operation: &'p Operation,
    input: &'p Input,
) -> Outcome<()> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    for round in 0..2 {
        for _ in 0..150 {
            let Some(given) = one(session, input, actor) else {
                break;
            };
            let mut fixed = Body::default();
            fixed.set(input.field, given);
            let inputs = &session.plan.resource(entity).create;
            let Some(body) = session.propose(inputs, actor, &fixed, Style::Varied) else {
                break;
            };
            if accepted(session, actor, operation, &body)
                || only_forbidden(session, actor, operation, &body)
            {
                return session.create_and_verify(actor, operation, &body);
            }
        }
        if round == 0 {
            let want = Want {
                tenant: session.tenant_of(actor),
                owner: session.actors[actor].who.account.clone(),
                ..Want::default()
            };
            if let Err(crate::session::Trouble::Failed(failure)) = session.make(entity, &want) {
                return Err(crate::session::Trouble::Failed(failure));
            }
        }
    }
    unreached(format!(
        "no body is found that names {} and that no other rule refuses",
        input.json
    ))
}

fn only_forbidden(session: &mut Session, actor: usize, operation: &Operation, body: &Body) -> bool {
    session.imagine_create(actor, operation, body, |_, _, refusals| {
        only_named(refusals)
    })
}

/// Whether naming the field is refused, and nothing else; the caller may not know of the row that it would refer to.
fn only_named(refusals: &[crate::oracle::Refusal]) -> bool {
    let forbidden = refusals.iter().find(|refusal| refusal.status == 403);
    forbidden.is_some_and(|forbidden| {
        let mut others = refusals.iter();
        others.all(|other| other.pointers == forbidden.pointers && !other.pointers.is_empty())
    })
}

/// A value for one input, as any caller could choose it.
fn one(session: &mut Session, input: &Input, actor: usize) -> Option<Given> {
    let open = Input {
        settable: Vec::new(),
        required: true,
        nullable: false,
        ..input.clone()
    };
    for chooser in std::iter::once(actor).chain(1..session.actors.len()) {
        let body = session.propose(
            std::slice::from_ref(&open),
            chooser,
            &Body::default(),
            Style::Whole,
        );
        if let Some(given) = body.and_then(|body| body.get(input.field).cloned()) {
            return Some(given);
        }
    }
    None
}

fn name_in_update<'p>(
    session: &mut Session<'p>,
    actor: usize,
    operation: &'p Operation,
    input: &'p Input,
    may: bool,
) -> Outcome<()> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    let fits = |session: &Session<'p>, row: &RowRef| {
        let judge = session.judge(actor);
        judge.admit_to(operation, row).is_none() && judge.passes(&input.settable, row) == may
    };
    let row = session.seek(entity, &fits)?;
    for _ in 0..60 {
        let Some(given) = one(session, input, actor) else {
            break;
        };
        let mut body = Body::default();
        body.set(input.field, given);
        if patched(session, actor, operation, &row, &body)
            || forbidden(session, actor, operation, &row, &body)
        {
            return session.update_and_verify(actor, operation, &row, &body);
        }
    }
    unreached(format!(
        "no value of {} is found that no other rule refuses",
        input.json
    ))
}

fn forbidden(
    session: &mut Session,
    actor: usize,
    operation: &Operation,
    row: &RowRef,
    body: &Body,
) -> bool {
    session.imagine_update(actor, operation, row, body, |_, refusals| {
        only_named(refusals)
    })
}
