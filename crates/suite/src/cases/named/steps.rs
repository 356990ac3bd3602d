//! Each way through the steps, and inputs on which a careless variant of a step comes to something else.

use super::differs::differs;
use super::{Cases, inputs, reach};
use crate::cases::neighbours::{is_about_instants, neighbours};
use crate::oracle::Course;
use crate::seek::{Imagined, Wanted};
use crate::session::Session;
use archwright_plan::Operation;
use archwright_plan::model::{
    Direction, Expression, ExpressionKind, Field, FieldId, Literal, Model, OnDelete,
    Operation as Definition, Otherwise, Step, StepKind, Type,
};

pub(super) fn derive<'p>(
    cases: &mut Cases<'p>,
    operation: &'p Operation,
    definition: &'p Definition,
) {
    let mut steps = Vec::new();
    gather(&definition.steps, &[], &mut steps);
    for (path, step) in steps {
        let of = Of {
            operation,
            definition,
            name: label(&path, step),
            path,
        };
        courses(cases, &of, step);
        if writes_fail(&cases.plan.model, definition, step) {
            let reason = "what the step does is refused, and nothing changes";
            course(cases, &of, step, ("fails", reason), |one| {
                one == Course::Failed
            });
        }
        variants(cases, &of, step);
    }
}

/// A step of an operation.
pub(super) struct Of<'p> {
    pub operation: &'p Operation,
    pub definition: &'p Definition,
    pub path: Vec<usize>,
    pub name: String,
}

pub(super) fn gather<'d>(
    steps: &'d [Step],
    around: &[usize],
    all: &mut Vec<(Vec<usize>, &'d Step)>,
) {
    for (index, step) in steps.iter().enumerate() {
        let path = [around, &[index]].concat();
        all.push((path.clone(), step));
        if let StepKind::Each { steps, .. } = &step.kind {
            gather(steps, &path, all);
        }
    }
}

/// `step-4-upsert`
pub(super) fn label(path: &[usize], step: &Step) -> String {
    let places: Vec<String> = path.iter().map(|index| (index + 1).to_string()).collect();
    format!("step-{}-{}", places.join("."), word(&step.kind))
}

/// How the language calls such steps.
pub fn word(kind: &StepKind) -> &'static str {
    match kind {
        StepKind::Find { .. } => "find",
        StepKind::List { .. } => "list",
        StepKind::Guard { .. } => "guard",
        StepKind::Create { .. } => "create",
        StepKind::Upsert { .. } => "upsert",
        StepKind::GetOrCreate { .. } => "get-or-create",
        StepKind::Update { .. } => "update",
        StepKind::Delete { .. } => "delete",
        StepKind::Link { .. } => "link",
        StepKind::Unlink { .. } => "unlink",
        StepKind::Increment { .. } => "increment",
        StepKind::Move { .. } => "move",
        StepKind::Each { .. } => "each",
        StepKind::SignIn { .. } => "sign-in",
        StepKind::Token { .. } => "token",
    }
}

/// Whether the values may be those of another row.
fn takes_key(model: &Model, set: &[(FieldId, Expression)]) -> bool {
    set.iter().any(|(field, value)| {
        let mut keys = model.entity(field.entity).unique.iter();
        let is_input = matches!(value.kind, ExpressionKind::Input { .. });
        is_input && keys.any(|key| key.fields == [*field])
    })
}

fn courses<'p>(cases: &mut Cases<'p>, of: &Of<'p>, step: &'p Step) {
    let model = &cases.plan.model;
    let mut add = |name: &str, reason: &str, is: fn(Course) -> bool| {
        course(cases, of, step, (name, reason), is);
    };
    if step.condition.is_some() {
        add(
            "if/true",
            "the step is done where its condition holds",
            |one| one != Course::Skipped,
        );
        add(
            "if/false",
            "the step is left out where its condition does not hold",
            |one| one == Course::Skipped,
        );
    }
    let failed = |one| one == Course::Failed;
    let done = |one| one == Course::Done;
    let made = |one| one == Course::Made;
    match (&step.kind, step.otherwise) {
        (StepKind::Find { .. }, Otherwise::Null) => {
            add("found", "a row is found and bound", done);
            add("nothing", "nothing is found, and the rest goes on", |one| {
                one == Course::Nothing
            });
        }
        (StepKind::Find { .. }, _) => add("fails", "nothing is found, and nothing changes", failed),
        (StepKind::SignIn { .. }, _) => {
            add("done", "the right password proves who it is", done);
            add("fails", "a wrong password, or no such account", failed);
        }
        (StepKind::Guard { .. } | StepKind::Move { .. }, _) => {
            add("fails", "the step is refused, and nothing changes", failed);
        }
        (StepKind::Create { set, .. }, _) if takes_key(model, set) => {
            add(
                "fails",
                "a key that is taken is refused, and nothing changes",
                failed,
            );
        }
        (StepKind::Upsert { .. } | StepKind::GetOrCreate { .. }, _) => {
            add("made", "there is no row with the key, so one is made", made);
            add("found", "there is a row with the key already", done);
        }
        (StepKind::Link { .. }, _) => {
            add("new", "a pair is linked that was not", made);
            add("again", "a pair that is linked stays linked", done);
        }
        (StepKind::Unlink { .. }, _) => {
            add("linked", "a linked pair is taken apart", made);
            add("not-linked", "a pair that is not linked stays so", done);
        }
        (StepKind::Each { .. }, _) => {
            add("items", "the steps are run for each item", done);
            add("empty", "there are no items", |one| one == Course::Nothing);
        }
        _ => {}
    }
}

fn course<'p>(
    cases: &mut Cases<'p>,
    of: &Of<'p>,
    step: &Step,
    (name, reason): (&str, &str),
    is: fn(Course) -> bool,
) {
    let (operation, path) = (of.operation, of.path.clone());
    let name = format!("{}/{}/{name}", operation.id, of.name);
    cases.add(name, reason, Some(step.span), move |session| {
        let goal = |_: &Session<'p>, imagined: &Imagined| {
            let mut steps = imagined.done.steps.iter();
            steps.any(|(at, course)| *at == path && is(*course))
        };
        reach(session, operation, &Wanted::default(), &goal).map(drop)
    });
}

/// Whether a row that is changed, deleted or linked may not be there, or what is written may not be kept.
fn writes_fail(model: &Model, definition: &Definition, step: &Step) -> bool {
    match &step.kind {
        StepKind::Update { row, set, .. } => {
            let mut set = set.iter();
            row.nullable || set.any(|(field, value)| may_break(model, definition, *field, value))
        }
        StepKind::Increment { row, field, by } => {
            let field = model.field(*field);
            let (down, up) = match by.kind {
                ExpressionKind::Literal(Literal::Int(number)) => (number < 0, number > 0),
                _ => (true, true),
            };
            row.nullable || down && field.min.is_some() || up && field.max.is_some()
        }
        StepKind::Delete { row } => {
            let mut fields = model.entities.iter().flat_map(|entity| &entity.fields);
            let keeps = |field: &Field| {
                let relation = field.to_one();
                relation.is_some_and(|relation| {
                    Type::Row(relation.target) == row.ty && relation.on_delete == OnDelete::Restrict
                })
            };
            row.nullable || fields.any(keeps)
        }
        StepKind::Link { from, row, .. } | StepKind::Unlink { from, row, .. } => {
            from.nullable || row.nullable
        }
        _ => false,
    }
}

/// Whether some value of the expression can't be kept in the field.
fn may_break(model: &Model, definition: &Definition, id: FieldId, value: &Expression) -> bool {
    let (entity, field) = (model.entity(id.entity), model.field(id));
    let is_fixed = matches!(value.kind, ExpressionKind::Literal(_));
    let is_key = entity.unique.iter().any(|key| key.fields.contains(&id));
    let mut checks = entity.checks.iter().filter(|check| check.own_row);
    let is_checked = checks.any(|check| {
        let mut reads = false;
        check.that.walk(&mut |part| {
            reads |= matches!(&part.kind, ExpressionKind::Field { field, .. } if *field == id);
        });
        reads
    });
    let input = match &value.kind {
        ExpressionKind::Input { place, path } => {
            let mut inputs = inputs(definition).into_iter();
            let input = inputs.find(|(of, at, _)| of == place && at == path);
            input.map(|(.., input)| input)
        }
        _ => None,
    };
    let is_bounded = field.min.is_some() || field.max.is_some();
    let is_narrower = match (&value.kind, input) {
        (ExpressionKind::Literal(_) | ExpressionKind::Field { .. }, _) => false,
        (_, Some(input)) => {
            field.min.is_some() && input.min.is_none() || field.max.is_some() && input.max.is_none()
        }
        (_, None) => is_bounded,
    };
    // An input that is left out leaves the field as it is; those that are null have cases of their own.
    let is_null = input.is_none() && value.nullable;
    is_key || is_narrower || is_checked && !is_fixed || is_null && !field.optional
}

fn variants<'p>(cases: &mut Cases<'p>, of: &Of<'p>, step: &'p Step) {
    let mut conditions: Vec<(&str, &Expression)> = Vec::new();
    conditions.extend(step.condition.as_ref().map(|condition| ("if", condition)));
    match &step.kind {
        StepKind::Find { filter, .. } | StepKind::List { filter, .. } => {
            conditions.extend(filter.as_ref().map(|filter| ("where", filter)));
        }
        StepKind::Guard { that } => conditions.push(("that", that)),
        _ => {}
    }
    let plan = cases.plan;
    for (slot, condition) in conditions {
        for (label, neighbour) in neighbours(condition) {
            if label.starts_with("edge") && is_about_instants(&neighbour) {
                continue;
            }
            let reason = format!(
                "the step goes by {}, and not by {}",
                archwright_plan::cel(&plan.model, condition),
                archwright_plan::cel(&plan.model, &neighbour)
            );
            let variant = with_step(of, |steps, index| {
                let step = &mut steps[index];
                let place = match (&mut step.kind, slot) {
                    (_, "if") => step.condition.as_mut(),
                    (StepKind::Find { filter, .. } | StepKind::List { filter, .. }, _) => {
                        filter.as_mut()
                    }
                    (StepKind::Guard { that }, _) => Some(that),
                    _ => None,
                };
                if let Some(place) = place {
                    *place = neighbour;
                }
            });
            differs(cases, of, &format!("{slot}/{label}"), reason, step, variant);
        }
    }
    match &step.kind {
        StepKind::List { sort, .. } if !sort.is_empty() => {
            let variant = with_step(of, |steps, index| {
                if let StepKind::List { sort, .. } = &mut steps[index].kind {
                    sort[0].1 = match sort[0].1 {
                        Direction::Ascending => Direction::Descending,
                        Direction::Descending => Direction::Ascending,
                    };
                }
            });
            let reason = "the rows come in the order of the first key";
            differs(cases, of, "sort", reason, step, variant);
        }
        StepKind::Update { .. }
        | StepKind::Delete { .. }
        | StepKind::Link { .. }
        | StepKind::Unlink { .. }
        | StepKind::Increment { .. }
        | StepKind::Move { .. }
        | StepKind::Each { .. } => {
            let variant = with_step(of, |steps, index| drop(steps.remove(index)));
            let reason = "without the step something else would come of it";
            differs(cases, of, "matters", reason, step, variant);
        }
        _ => {}
    }
}

/// The operation with a change of the steps among which this one is.
fn with_step(of: &Of, change: impl FnOnce(&mut Vec<Step>, usize)) -> Definition {
    let mut variant = of.definition.clone();
    let mut steps = &mut variant.steps;
    let Some((last, around)) = of.path.split_last() else {
        return variant;
    };
    for index in around {
        if let StepKind::Each { steps: inner, .. } = &mut steps[*index].kind {
            steps = inner;
        } else {
            return of.definition.clone();
        }
    }
    change(steps, *last);
    variant
}
