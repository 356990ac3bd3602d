//! Every cell of the access matrix: who may do what to a row in which state, and that a refusal changes nothing.

use super::Cases;
use crate::make::Want;
use crate::oracle::reading;
use crate::session::{ANONYMOUS, Outcome, Session, Trouble, skip};
use archwright_evaluate::RowRef;
use archwright_plan::model::{EntityId, RoleId};
use archwright_plan::{Answer, Caller, MatrixCell, Operation, OperationKind, Plan};

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    for row in &plan.matrix {
        let Some(operation) = plan.operation(&row.operation) else {
            continue;
        };
        let owned = row
            .cells
            .iter()
            .any(|cell| matches!(cell.caller, Caller::SignedIn { owns: true, .. }));
        for cell in &row.cells {
            if is_asked(plan, operation, cell) {
                add(cases, operation, cell, owned);
            }
        }
    }
}

/// Cells that are a question of their own. Who signs in has no role yet, and whoever creates a row without naming an
/// owner owns it.
fn is_asked(plan: &Plan, operation: &Operation, cell: &MatrixCell) -> bool {
    use OperationKind::{ChangePassword, Create, Download, Refresh, SignIn, SignOut, SignUp};
    match operation.kind {
        SignUp | SignIn | Refresh | Download | OperationKind::Named(_) => false,
        SignOut | ChangePassword => cell.caller == Caller::Anonymous,
        Create => {
            let owner = operation
                .entity
                .and_then(|entity| plan.model.entity(entity).owner);
            let inputs = operation.entity.map(|entity| &plan.resource(entity).create);
            let chosen = owner.is_some_and(|field| {
                inputs
                    .into_iter()
                    .flatten()
                    .any(|input| input.field == field)
            });
            let owned = operation.guard.iter().any(|one| one.owner);
            !owned || chosen || !matches!(cell.caller, Caller::SignedIn { owns: false, .. })
        }
        OperationKind::List => {
            let row = plan.matrix.iter().find(|row| row.operation == operation.id);
            let owns =
                |cell: &MatrixCell| matches!(cell.caller, Caller::SignedIn { owns: true, .. });
            let owned = row.is_some_and(|row| row.cells.iter().any(owns));
            // What is theirs is among the rows of everybody.
            let once = !owned || owns(cell) || cell.caller == Caller::Anonymous;
            once && cell.state == first_state(plan, operation)
        }
        OperationKind::Me => {
            !matches!(cell.caller, Caller::SignedIn { owns: false, .. })
                || plan.model.account.is_none()
        }
        _ => true,
    }
}

/// A list is asked once for each caller: all states are in it.
fn first_state(plan: &Plan, operation: &Operation) -> Option<String> {
    let row = plan
        .matrix
        .iter()
        .find(|row| row.operation == operation.id)?;
    row.cells.first()?.state.clone()
}

pub(super) fn caller_name(plan: &Plan, caller: Caller, owned: bool) -> String {
    match caller {
        Caller::Anonymous => "anonymous".to_owned(),
        Caller::SignedIn { role, owns } => {
            let role = role.map_or("no-role", |role| plan.model.role(role).name.as_str());
            match (owned, owns) {
                (false, _) => role.to_owned(),
                (true, true) => format!("{role}-owner"),
                (true, false) => format!("{role}-not-owner"),
            }
        }
    }
}

fn add<'p>(cases: &mut Cases<'p>, operation: &'p Operation, cell: &'p MatrixCell, owned: bool) {
    let plan = cases.plan;
    let caller = caller_name(
        plan,
        cell.caller,
        owned && operation.kind != OperationKind::List,
    );
    let state = match (&cell.state, &operation.kind) {
        (None, _) | (_, OperationKind::List) => String::new(),
        (Some(state), _) => format!("/state={state}"),
    };
    let span = operation
        .guard
        .iter()
        .find_map(|one| one.when.as_ref())
        .map(|when| when.span);
    let mut add = |verdict: &str, ending: &str, reason: String, wanted: Option<bool>| {
        let name = format!("{}/{verdict}/{caller}{state}{ending}", operation.id);
        cases.add(name, reason, span, move |session| {
            ask(session, operation, cell, wanted)
        });
    };
    let who = format!(
        "{caller}{}",
        state.replace("/state=", " on a row in the state ")
    );
    match &cell.answer {
        Answer::Yes => add(
            "allowed",
            "",
            format!("{} lets {who} through", operation.id),
            Some(true),
        ),
        Answer::No => add(
            "denied",
            "",
            format!("{} refuses {who}, and nothing changes", operation.id),
            None,
        ),
        Answer::If(condition) if operation.kind == OperationKind::List => {
            let reason = format!("{} shows {who} the rows where {condition}", operation.id);
            add("allowed", "", reason, None);
        }
        Answer::If(condition) => {
            let reason = format!("{} lets {who} through where {condition}", operation.id);
            add("allowed", "/when=true", reason, Some(true));
            let reason = format!("{} refuses {who} where not {condition}", operation.id);
            add("denied", "/when=false", reason, Some(false));
        }
    }
}

fn ask<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    cell: &'p MatrixCell,
    wanted: Option<bool>,
) -> Outcome<()> {
    let actor = actor(session, operation, cell)?;
    match operation.kind {
        OperationKind::List => super::lists::whole(session, actor, operation),
        OperationKind::Create => {
            let done = session.attempt_create(actor, operation, wanted)?;
            match done.row {
                Some(row) => session.verify(&row),
                None => Ok(()),
            }
        }
        OperationKind::Me => session.me(actor),
        OperationKind::SignOut | OperationKind::ChangePassword => {
            super::auth::anonymous(session, operation)
        }
        _ => {
            let row = row(session, actor, operation, cell, wanted)?;
            on_row(session, actor, operation, &row, wanted)
        }
    }
}

fn actor(session: &mut Session, operation: &Operation, cell: &MatrixCell) -> Outcome<usize> {
    let Caller::SignedIn { role, owns } = cell.caller else {
        return Ok(ANONYMOUS);
    };
    let is_account = session
        .plan
        .model
        .account
        .as_ref()
        .map(|account| account.entity)
        == operation.entity;
    // Whoever deletes their own account needs one to lose.
    if is_account && owns && operation.kind == OperationKind::Delete {
        return newcomer_with_role(session, role);
    }
    let entity = operation.entity.unwrap_or(EntityId(0));
    let has_one = |session: &Session, actor: usize| {
        let account = session.actors[actor].who.account.clone();
        session
            .world
            .of(entity)
            .any(|row| session.world.owner(&row) == account)
    };
    let is_full = operation.kind == OperationKind::Create && session.is_one_to_one(entity);
    let free = session.all_of_role(role).into_iter();
    let mut free = free.filter(|actor| !is_full || !has_one(session, *actor));
    match free.next() {
        Some(actor) => Ok(actor),
        None if is_full => newcomer_with_role(session, role),
        None => {
            let name = role.map_or("none", |role| session.plan.model.role(role).name.as_str());
            skip(format!(
                "there is no test sign-in whose only role is {name}"
            ))
        }
    }
}

/// Whoever signs up has the role that is open to all, so that nobody new is without one.
fn newcomer_with_role(session: &mut Session, role: Option<RoleId>) -> Outcome<usize> {
    match role {
        Some(role) => session.newcomer_of(role, None),
        None => session.newcomer_without_role(),
    }
}

/// A row of that owner in that state on which the guard says what the case is about.
fn row<'p>(
    session: &mut Session<'p>,
    actor: usize,
    operation: &'p Operation,
    cell: &MatrixCell,
    wanted: Option<bool>,
) -> Outcome<RowRef> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    let account = session.actors[actor].who.account.clone();
    let is_account = account
        .as_ref()
        .is_some_and(|account| account.entity == entity);
    let (owner, stranger) = match cell.caller {
        Caller::SignedIn { owns: true, .. } => (account.clone(), None),
        _ => (None, account.clone()),
    };
    if is_account && owner.is_some() && wanted != Some(false) {
        return owner.map_or_else(|| skip("no account"), Ok);
    }
    let want = Want {
        owner,
        stranger,
        tenant: session.tenant_of(actor),
        state: cell.state.clone(),
        ..Want::default()
    };
    let fits = |session: &Session<'p>, row: &RowRef| {
        let holder = session.world.owner(row);
        let tenant = session.world.tenant(row);
        let may_be_lost = !session.is_actor(row) || operation.kind != OperationKind::Delete;
        (want.owner.is_none() || holder == want.owner)
            && (want.stranger.is_none()
                || holder != want.stranger
                || session.plan.model.entity(row.entity).owner.is_none() && !is_account)
            && (want.tenant.is_none() || tenant.is_none() || tenant == want.tenant)
            && (want.state.is_none() || session.world.state(row) == want.state)
            && may_be_lost
            && (!is_account || !session.is_actor(row) || want.owner.is_some())
            && wanted
                .is_none_or(|wanted| session.judge(actor).passes(&operation.guard, row) == wanted)
    };
    let rows: Vec<RowRef> = session
        .world
        .of(entity)
        .filter(|row| fits(session, row))
        .collect();
    let made = |row: &&RowRef| session.world.get(row).is_some_and(|row| row.made);
    if let Some(row) = rows.iter().find(made) {
        return Ok(row.clone());
    }
    let made = session.make(entity, &want).and_then(|row| {
        session.settle(&row, &fits)?;
        Ok(row)
    });
    match (made, rows.first()) {
        (Err(Trouble::Skipped(_) | Trouble::Unreached(_)), Some(row)) => Ok(row.clone()),
        (Err(trouble @ (Trouble::Skipped(_) | Trouble::Unreached(_))), None) => {
            let state = cell.state.as_ref();
            match state.is_some_and(|state| session.is_out_of_reach(entity, state)) {
                true => Err(trouble),
                false => session.seek(entity, &fits),
            }
        }
        (made, _) => made,
    }
}

fn on_row<'p>(
    session: &mut Session<'p>,
    actor: usize,
    operation: &'p Operation,
    row: &RowRef,
    wanted: Option<bool>,
) -> Outcome<()> {
    if let (OperationKind::Move(_), Some(true)) = (&operation.kind, wanted)
        && let Some(when) =
            crate::oracle::step(&session.world, operation).and_then(|step| step.when.as_ref())
    {
        // The move goes through where its condition can be met; if not, the refusal is not one of access.
        let holds = |session: &Session<'p>, row: &RowRef| session.judge(actor).holds(when, row);
        if let Err(Trouble::Failed(failure)) = session.settle(row, &holds) {
            return Err(Trouble::Failed(failure));
        }
    }
    let done = session.attempt(actor, operation, row)?;
    let is_write = operation.method != archwright_plan::model::Method::Get;
    match is_write && session.world.is_there(row) && reading(&session.world, row.entity).is_some() {
        true if done.refusals.is_empty() || is_write => session.verify(row),
        _ => Ok(()),
    }
}
