//! Conditions: of moves, of checks and of guards. Each is asked where it holds, where it does not, and where a rule
//! that nearly says the same would answer differently.

use super::Cases;
use super::neighbours::{always, is_about_instants, neighbours};
use crate::make::{Condition, Want, unless_failed};
use crate::oracle::{Body, step};
use crate::propose::Style;
use crate::session::{Outcome, Session, skip, unreached};
use archwright_evaluate::RowRef;
use archwright_plan::model::{
    BinaryOperator, Check, Entity, EntityId, Expression, ExpressionKind, FieldId, Literal, Model,
    RoleId, ScalarType,
};
use archwright_plan::{Alternative, CallerClass, InputKind, Operation, OperationKind, Plan};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    for operation in &plan.operations {
        if let OperationKind::Move(_) = operation.kind {
            conditions(cases, operation);
        }
        if operation.entity.is_some() && !matches!(operation.kind, OperationKind::Named(_)) {
            guards(cases, operation);
        }
    }
    for entity in &plan.model.entities {
        for check in &entity.checks {
            checks(cases, entity, check);
        }
    }
}

// ---- moves ---------------------------------------------------------------------------------------------------------

fn conditions<'p>(cases: &mut Cases<'p>, operation: &'p Operation) {
    let plan = cases.plan;
    let (OperationKind::Move(index), Some(entity)) = (&operation.kind, operation.entity) else {
        return;
    };
    let Some(when) = plan
        .model
        .entity(entity)
        .state
        .as_ref()
        .and_then(|machine| machine.moves[*index].when.as_ref())
    else {
        return;
    };
    let text = archwright_plan::cel(&plan.model, when);
    let reason = format!("{} needs {text}", operation.id);
    for (name, wanted) in [("true", true), ("false", false)] {
        cases.add(
            format!("{}/when/{name}", operation.id),
            reason.clone(),
            Some(when.span),
            move |session| {
                let holds = |session: &Session<'p>, row: &RowRef| {
                    session.judge(0).holds(when, row) == wanted
                };
                moved(session, operation, &holds)
            },
        );
    }
    for (label, neighbour) in neighbours(when) {
        if label.starts_with("edge") && is_about_instants(&neighbour) {
            continue;
        }
        let reason = format!(
            "{} needs {text}, and not {}",
            operation.id,
            archwright_plan::cel(&plan.model, &neighbour)
        );
        cases.add(
            format!("{}/when/{label}", operation.id),
            reason,
            Some(when.span),
            move |session| {
                let differs = |session: &Session<'p>, row: &RowRef| {
                    let judge = session.judge(0);
                    judge.holds(when, row) != judge.holds(&neighbour, row)
                };
                moved(session, operation, &differs)
            },
        );
    }
}

/// Asks for the move on a row in one of its states for which a condition holds.
fn moved<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    condition: &dyn Fn(&Session<'p>, &RowRef) -> bool,
) -> Outcome<()> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    let Some(step) = step(&session.world, operation) else {
        return skip("no move");
    };
    let passing = |session: &Session<'p>, row: &RowRef| {
        let mut actors = 0..session.actors.len();
        actors.find(|actor| session.judge(*actor).admit_to(operation, row).is_none())
    };
    let fits = |session: &Session<'p>, row: &RowRef| {
        session
            .world
            .state(row)
            .is_some_and(|state| step.from.contains(&state))
            && passing(session, row).is_some()
            && condition(session, row)
    };
    if let Some(when) = &step.when {
        session.focus = mentioned(&session.plan.model, when);
    }
    let row = session.seek(entity, &fits)?;
    session.focus.clear();
    let Some(actor) = passing(session, &row) else {
        return unreached("nobody may make the move");
    };
    let given = session.sound_input(actor, operation, &row)?;
    session.shift(actor, operation, &row, &given)?;
    session.verify(&row)
}

// ---- checks --------------------------------------------------------------------------------------------------------

fn checks<'p>(cases: &mut Cases<'p>, entity: &'p Entity, check: &'p Check) {
    let plan = cases.plan;
    // Parts are written with their whole.
    let written = entity.part_of.map_or(entity.id, |part| part.whole);
    let text = archwright_plan::cel(&plan.model, &check.that);
    for operation in &plan.operations {
        let kind = operation.kind.clone();
        if operation.entity != Some(written)
            || !matches!(kind, OperationKind::Create | OperationKind::Update)
        {
            continue;
        }
        let resource = plan.resource(written);
        let inputs = if kind == OperationKind::Create {
            &resource.create
        } else {
            &resource.update
        };
        if kind == OperationKind::Update && !touches(plan, inputs, entity, check) {
            continue;
        }
        if written == entity.id && always_kept(plan, entity, operation, check) {
            continue;
        }
        if kind == OperationKind::Create && is_about_itself(check) {
            continue;
        }
        let name = format!("{}/check/{}", operation.id, check.name);
        let reason = format!("a row with not {text} is refused");
        cases.add(
            format!("{name}/broken"),
            reason,
            Some(check.span()),
            move |session| {
                write(session, operation, entity, check, &|session, row| {
                    !session.judge(0).holds(&check.that, row)
                })
            },
        );
        for (label, neighbour) in neighbours(&check.that) {
            let reason = format!(
                "rows keep {text}, and not {}",
                archwright_plan::cel(&plan.model, &neighbour)
            );
            cases.add(
                format!("{name}/{label}"),
                reason,
                Some(check.span()),
                move |session| {
                    write(session, operation, entity, check, &|session, row| {
                        let judge = session.judge(0);
                        judge.holds(&check.that, row) != judge.holds(&neighbour, row)
                    })
                },
            );
        }
    }
}

/// Whether the check holds by the state alone, in every state in which the row can be written so.
fn always_kept(plan: &Plan, entity: &Entity, operation: &Operation, check: &Check) -> bool {
    let Some(machine) = &entity.state else {
        return false;
    };
    let states: Vec<&str> = match (&operation.kind, plan.model.field(machine.field).scalar()) {
        (OperationKind::Create, _) => vec![&machine.initial],
        (_, Some(ScalarType::Enum { values })) => values.iter().map(String::as_str).collect(),
        _ => return false,
    };
    let written = |state: &&&str| {
        let mut guard = operation.guard.iter();
        guard.any(|one| {
            let when = one.when.as_ref();
            when.is_none_or(|when| by_state(when, machine.field, state) != Some(false))
        })
    };
    let is_create = operation.kind == OperationKind::Create;
    let mut states = states.iter().filter(|state| is_create || written(state));
    states.all(|state| by_state(&check.that, machine.field, state) == Some(true))
}

/// Whether the check says that a row is not what one of its own references leads to: a row that is being created
/// can't refer to itself.
fn is_about_itself(check: &Check) -> bool {
    let is_this = |part: &Expression| matches!(part.kind, ExpressionKind::This);
    let leads =
        |part: &Expression| matches!(&part.kind, ExpressionKind::Field { of, .. } if is_this(of));
    match &check.that.kind {
        ExpressionKind::Binary {
            operator: BinaryOperator::NotEqual,
            left,
            right,
        } => (is_this(left) && leads(right)) || (leads(left) && is_this(right)),
        _ => false,
    }
}

/// What a condition comes to in a state, as far as the state alone tells.
fn by_state(condition: &Expression, field: FieldId, state: &str) -> Option<bool> {
    let is_state = |part: &Expression| {
        matches!(&part.kind, ExpressionKind::Field { of, field: own }
            if *own == field && matches!(of.kind, ExpressionKind::This))
    };
    let text = |part: &Expression| match &part.kind {
        ExpressionKind::Literal(Literal::Text(text)) => Some(text.clone()),
        _ => None,
    };
    match &condition.kind {
        ExpressionKind::Not(inner) => by_state(inner, field, state).map(|holds| !holds),
        ExpressionKind::Binary {
            operator,
            left,
            right,
        } => {
            let both = || (by_state(left, field, state), by_state(right, field, state));
            match operator {
                BinaryOperator::And => match both() {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                },
                BinaryOperator::Or => match both() {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                },
                BinaryOperator::Equal if is_state(left) => text(right).map(|text| text == state),
                BinaryOperator::NotEqual if is_state(left) => text(right).map(|text| text != state),
                _ => None,
            }
        }
        ExpressionKind::In { item, list } if is_state(item) => match &list.kind {
            ExpressionKind::List(items) => {
                let texts: Option<Vec<String>> = items.iter().map(text).collect();
                texts.map(|texts| texts.iter().any(|text| text == state))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether an update can change what the check looks at.
fn touches(plan: &Plan, inputs: &[archwright_plan::Input], entity: &Entity, check: &Check) -> bool {
    let mut named = Vec::new();
    check.that.walk(&mut |part| {
        if let ExpressionKind::Field { field, .. } = &part.kind {
            named.push(*field);
        }
    });
    let _ = plan;
    inputs.iter().any(|input| match &input.kind {
        InputKind::Parts { entity: part, .. } if *part == entity.id => true,
        _ => named.contains(&input.field),
    })
}

trait Placed {
    fn span(&self) -> archwright_diagnostics::Span;
}

impl Placed for Check {
    fn span(&self) -> archwright_diagnostics::Span {
        self.that.span
    }
}

/// Writes a row for which a condition holds and that breaks no rule but the check, if any.
fn write<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    entity: &'p Entity,
    check: &'p Check,
    condition: Condition<'_, 'p>,
) -> Outcome<()> {
    let written = operation.entity.unwrap_or(EntityId(0));
    session.focus = mentioned(&session.plan.model, &check.that);
    let shows = |session: &Session<'p>, row: &RowRef| {
        let subjects = subjects(session, row, entity);
        subjects.iter().any(|row| condition(session, row))
    };
    let rule = format!("the check {}", check.name);
    if operation.kind == OperationKind::Create {
        let want = Want {
            breaks: Some(rule),
            ..Want::default()
        };
        let (actor, body) = session.find_caller_and_body(operation, &want, &shows)?;
        return session.create_and_verify(actor, operation, &body);
    }
    for (round, tries) in ODD_TRIES.into_iter().enumerate() {
        for row in by_turns(session, written) {
            let odd = odd_patch(session, operation, (&row, tries), &rule, &shows);
            if let Some((actor, body)) = odd {
                return session.update_and_verify(actor, operation, &row, &body);
            }
        }
        // More rows to change.
        let states = session.states(written);
        let want = Want {
            state: states.get(round).cloned().flatten(),
            ..Want::default()
        };
        unless_failed(session.make(written, &want))?;
    }
    unreached(format!(
        "no request of {} is found that shows it and breaks no other rule",
        operation.id
    ))
}

/// The fields that a condition looks at, also through computed ones.
fn mentioned(model: &Model, condition: &Expression) -> BTreeSet<FieldId> {
    let mut found = BTreeSet::new();
    let mut next = vec![condition];
    while let Some(expression) = next.pop() {
        expression.walk(&mut |part| {
            if let ExpressionKind::Field { field, .. } = &part.kind
                && found.insert(*field)
            {
                next.extend(model.field(*field).computed.as_ref());
            }
        });
    }
    found
}

/// The row, or the parts of it, that a check of `entity` is about.
fn subjects(session: &Session, row: &RowRef, entity: &Entity) -> Vec<RowRef> {
    match entity.part_of {
        Some(part) if part.whole == row.entity => session.world.many(row, part.field),
        _ => vec![row.clone()],
    }
}

/// Patches of one row by one caller that are tried, each time around.
const ODD_TRIES: [usize; 3] = [12, 60, 120];

/// Rows that the suite made, the first of each state before the second ones.
fn by_turns(session: &Session, entity: EntityId) -> Vec<RowRef> {
    let mut counts: BTreeMap<Option<String>, usize> = BTreeMap::new();
    let rows = session.made_rows(entity).into_iter();
    let mut rows: Vec<(usize, RowRef)> = rows
        .map(|row| {
            let count = counts.entry(session.world.state(&row)).or_default();
            *count += 1;
            (*count, row)
        })
        .collect();
    rows.sort();
    rows.into_iter().map(|(_, row)| row).collect()
}

fn odd_patch<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    (row, tries): (&RowRef, usize),
    rule: &str,
    shows: Condition<'_, 'p>,
) -> Option<(usize, Body)> {
    let inputs = &session.plan.resource(row.entity).update;
    for actor in 0..session.actors.len() {
        if session.judge(actor).admit_to(operation, row).is_some() {
            continue;
        }
        for attempt in 0..tries {
            let style = if attempt % 2 == 0 {
                Style::Few
            } else {
                Style::Varied
            };
            let body = session.propose(inputs, actor, &Body::default(), style)?;
            let fits = session.imagine_update(actor, operation, row, &body, |session, refusals| {
                shows(session, row) && refusals.iter().all(|refusal| refusal.rule == rule)
            });
            if fits {
                return Some((actor, body));
            }
        }
    }
    None
}

// ---- guards --------------------------------------------------------------------------------------------------------

fn guards<'p>(cases: &mut Cases<'p>, operation: &'p Operation) {
    use OperationKind::{Me, Refresh, SignIn, SignOut, SignUp};
    if matches!(
        operation.kind,
        SignUp | SignIn | Refresh | SignOut | Me | OperationKind::ChangePassword
    ) {
        return;
    }
    let plan = cases.plan;
    for (index, alternative) in operation.guard.iter().enumerate() {
        let Some(when) = asked(plan, operation, alternative) else {
            continue;
        };
        let when = &when;
        let text = archwright_plan::cel(&plan.model, when);
        for (label, neighbour) in neighbours(when) {
            if label.starts_with("edge") && is_about_instants(&neighbour) {
                continue;
            }
            let mut guard = operation.guard.clone();
            guard[index].when = Some(neighbour);
            let reason = format!("{} is guarded by {text}, wholly", operation.id);
            cases.add(
                format!("{}/guard-{}/{label}", operation.id, index + 1),
                reason,
                Some(when.span),
                move |session| told_apart(session, operation, &guard),
            );
        }
        let mut guard = operation.guard.clone();
        guard[index].when = Some(always(when));
        let reason = format!("{} is guarded by {text}", operation.id);
        cases.add(
            format!("{}/guard-{}/unconditional", operation.id, index + 1),
            reason,
            Some(when.span),
            move |session| told_apart(session, operation, &guard),
        );
    }
    if operation.guard.len() > 1 {
        for index in 0..operation.guard.len() {
            if is_covered(plan, operation, index) {
                continue;
            }
            let mut guard = operation.guard.clone();
            let dropped = guard.remove(index);
            let who = class(plan, &dropped);
            let reason = format!("{} lets {who} through", operation.id);
            let span = dropped.when.as_ref().map(|when| when.span);
            cases.add(
                format!("{}/guard-{}/needed", operation.id, index + 1),
                reason,
                span,
                move |session| told_apart(session, operation, &guard),
            );
        }
    }
}

/// Whether another alternative lets everybody create a row whom this one lets.
fn is_covered(plan: &Plan, operation: &Operation, index: usize) -> bool {
    let class = operation.guard[index].caller;
    let covers = |other: CallerClass| match (other, class) {
        (CallerClass::Anyone, _) => true,
        (CallerClass::SignedIn, class) => class != CallerClass::Anyone,
        (CallerClass::Role(other), CallerClass::Role(role)) => {
            plan.model.role(role).includes.contains(&other)
        }
        (CallerClass::Role(_), _) => false,
    };
    let mut others = operation.guard.iter().enumerate();
    operation.kind == OperationKind::Create
        && others.any(|(other, alternative)| {
            other != index
                && covers(alternative.caller)
                && alternative.after.is_none()
                && asked(plan, operation, alternative).is_none()
        })
}

/// What an alternative asks of the row. Whoever creates a row without naming an owner or a tenant gives it their own,
/// so that there is nothing to ask of these.
fn asked(plan: &Plan, operation: &Operation, alternative: &Alternative) -> Option<Expression> {
    let when = alternative.when.clone()?;
    let entity = operation.entity.map(|entity| plan.model.entity(entity))?;
    if operation.kind != OperationKind::Create {
        // Whoever owns a row is of its tenant.
        // Other tenants have cases of their own.
        return without(when, &crate::actors::is_tenancy);
    }
    let inputs = &plan.resource(entity.id).create;
    let chosen = |field: Option<FieldId>| inputs.iter().any(|input| Some(input.field) == field);
    without(when, &|part| match &part.kind {
        ExpressionKind::Binary {
            operator: BinaryOperator::Equal,
            left,
            right,
        } => {
            let of_the_row = |field: Option<FieldId>| {
                !chosen(field)
                    && matches!(&left.kind, ExpressionKind::Field { of, field: own }
                        if Some(*own) == field && matches!(of.kind, ExpressionKind::This))
            };
            match right.kind {
                ExpressionKind::Caller => of_the_row(entity.owner),
                ExpressionKind::CallerTenant => of_the_row(entity.tenant),
                _ => false,
            }
        }
        _ => false,
    })
}

/// The conjunction without the parts that are always true.
fn without(when: Expression, is_true: &dyn Fn(&Expression) -> bool) -> Option<Expression> {
    match when.kind {
        ExpressionKind::Binary {
            operator: BinaryOperator::And,
            left,
            right,
        } => match (without(*left, is_true), without(*right, is_true)) {
            (Some(left), Some(right)) => Some(Expression {
                kind: ExpressionKind::Binary {
                    operator: BinaryOperator::And,
                    left: Box::new(left),
                    right: Box::new(right),
                },
                ty: when.ty,
                nullable: when.nullable,
                span: when.span,
            }),
            (left, right) => left.or(right),
        },
        _ if is_true(&when) => None,
        _ => Some(when),
    }
}

fn class(plan: &Plan, alternative: &Alternative) -> String {
    match alternative.caller {
        CallerClass::Anyone => "anyone".to_owned(),
        CallerClass::SignedIn if alternative.owner => "owners".to_owned(),
        CallerClass::SignedIn => "whoever is signed in".to_owned(),
        CallerClass::Role(role) => plan.model.role(role).name.clone(),
    }
}

/// Asks where the guard and its neighbour disagree.
fn told_apart<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    neighbour: &[Alternative],
) -> Outcome<()> {
    match operation.kind {
        OperationKind::Create => created_apart(session, operation, neighbour),
        OperationKind::List => {
            let entity = operation.entity.unwrap_or(EntityId(0));
            let row = session.seek(entity, &|session, row| {
                disagreeing(session, operation, neighbour, row).is_some()
            })?;
            match disagreeing(session, operation, neighbour, &row) {
                Some(actor) => super::lists::whole(session, actor, operation),
                None => unreached("no caller tells the rules apart"),
            }
        }
        _ => {
            let entity = operation.entity.unwrap_or(EntityId(0));
            let row = session.seek(entity, &|session, row| {
                let safe = operation.kind != OperationKind::Delete || !session.is_actor(row);
                safe && disagreeing(session, operation, neighbour, row).is_some()
            })?;
            let Some(actor) = disagreeing(session, operation, neighbour, &row) else {
                return unreached("no caller tells the rules apart");
            };
            session.attempt(actor, operation, &row)?;
            match session.world.is_there(&row) {
                true => session.verify(&row),
                false => Ok(()),
            }
        }
    }
}

/// A caller for whom the guard and its neighbour disagree on the row.
fn disagreeing(
    session: &Session,
    operation: &Operation,
    neighbour: &[Alternative],
    row: &RowRef,
) -> Option<usize> {
    let mut actors = 0..session.actors.len();
    actors.find(|actor| {
        let judge = session.judge(*actor);
        let legal = match step(&session.world, operation) {
            // A move from another state is refused in any case.
            Some(step) => session
                .world
                .state(row)
                .is_some_and(|state| step.from.contains(&state)),
            None => true,
        };
        legal && judge.passes(&operation.guard, row) != judge.passes(neighbour, row)
    })
}

fn created_apart<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    neighbour: &[Alternative],
) -> Outcome<()> {
    let want = Want {
        breaks: Some(format!("the guard of {}", operation.id)),
        ..Want::default()
    };
    let mut asked = 0;
    let mut roles = (0..session.plan.model.roles.len()).map(RoleId);
    loop {
        // Whoever has two roles may see rows that the one role alone does not show.
        if asked == session.actors.len() {
            let Some(role) = roles.next() else { break };
            let like = session.of_role(Some(role));
            unless_failed(session.newcomer_of(role, like))?;
            continue;
        }
        let actor = asked;
        asked += 1;
        let apart = |session: &Session<'p>, row: &RowRef| {
            let judge = session.judge(actor);
            judge.passes(&operation.guard, row) != judge.passes(neighbour, row)
        };
        let body = session.prepare(|session| session.find_body(actor, operation, &want, &apart))?;
        if let Some(body) = body {
            return session.create_and_verify(actor, operation, &body);
        }
    }
    unreached(format!(
        "no request of {} tells the rules apart",
        operation.id
    ))
}
