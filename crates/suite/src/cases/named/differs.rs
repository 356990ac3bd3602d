//! Calls of which a careless variant of a step makes something else, and readings that tell so.

use super::Cases;
use super::steps::Of;
use crate::make::unless_failed;
use crate::oracle::{Course, Inputs, Judge, Performed, Shown, own_shape, perform, shape};
use crate::seek::{Imagined, Wanted};
use crate::session::{Outcome, Session};
use crate::world::World;
use archwright_evaluate::RowRef;
use archwright_plan::Operation;
use archwright_plan::model::{BindingId, Method, Operation as Definition, Step, StepKind};

/// Calls that are tried for a difference that the reply itself tells.
const TOLD_TRIES: usize = 60;
/// Calls whose difference only another reply can tell, before one is taken that perhaps none does.
const KEPT: usize = 5;
const READING_TRIES: usize = 16;

/// What a variant of the steps does otherwise.
#[derive(PartialEq, Eq)]
enum Difference {
    None,
    /// The rows are left in another way.
    Kept,
    /// The reply is another, unless rows that nobody could read hide it.
    Likely,
    /// The reply is another.
    Told,
}

/// Who calls, what, and with which inputs.
type Called<'p> = (usize, &'p Operation, Inputs);

/// What tells the variant from the right steps.
struct Comparison<'p> {
    operation: &'p Operation,
    definition: &'p Definition,
    /// Of the step.
    path: Vec<usize>,
    variant: Definition,
}

/// A call, and by whom.
type Found = (usize, Inputs);

pub(super) fn differs<'p>(
    cases: &mut Cases<'p>,
    of: &Of<'p>,
    name: &str,
    reason: impl Into<String>,
    step: &Step,
    variant: Definition,
) {
    let comparison = Comparison {
        operation: of.operation,
        definition: of.definition,
        path: of.path.clone(),
        variant,
    };
    // Only of several rows can the order be another.
    let rows = match (&step.kind, name) {
        (StepKind::List { bind, .. }, "sort") => Some(*bind),
        _ => None,
    };
    let name = format!("{}/{}/{name}", of.operation.id, of.name);
    cases.add(name, reason, Some(step.span), move |session| {
        let operation = comparison.operation;
        let by = match rows {
            Some(bind) => several(session, operation, bind)?,
            None => Vec::new(),
        };
        let found = match by.is_empty() {
            true => None,
            false => unless_failed(comparison.find(session, &by))?,
        };
        let (actor, inputs, reading) = match found {
            Some(found) => found,
            None => comparison.find(session, &[])?,
        };
        let called = session.call(actor, operation, &inputs)?;
        if let Some((reader, reading, inputs)) = reading {
            session.call(reader, reading, &inputs)?;
        }
        super::look(session, operation, &called)
    });
}

/// Who calls for two rows of the list, if anybody is found.
fn several<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    bind: BindingId,
) -> Outcome<Vec<usize>> {
    let found = super::window::several(session, operation, &Wanted::default(), bind, 2);
    let found = unless_failed(found)?;
    Ok(found.map(|(actor, _)| actor).into_iter().collect())
}

impl<'p> Comparison<'p> {
    /// A call that the variant answers in another way, or one that it leaves other rows after, with a reading of these.
    fn find(
        &self,
        session: &mut Session<'p>,
        actors: &[usize],
    ) -> Outcome<(usize, Inputs, Option<Called<'p>>)> {
        let wanted = &Wanted {
            actors: actors.to_vec(),
            ..Wanted::default()
        };
        let is_any = |session: &Session<'p>, imagined: &Imagined<'_, 'p>| {
            self.compared(session, imagined) != Difference::None
        };
        let (mut actor, mut inputs) = session.seek_call(self.operation, wanted, &is_any)?;
        // Not everybody who reads a row sees what is another.
        for difference in [Difference::Told, Difference::Likely] {
            let is_so = |session: &Session<'p>, imagined: &Imagined<'_, 'p>| {
                self.compared(session, imagined) == difference
            };
            let found = session.find_call(self.operation, wanted, TOLD_TRIES, &is_so);
            if let Some((actor, inputs)) = found {
                return Ok((actor, inputs, None));
            }
        }
        for _ in 0..KEPT {
            let reading = self.reading(session, actor, &inputs);
            if reading.is_some() {
                return Ok((actor, inputs, reading));
            }
            let other = session.find_call(self.operation, wanted, TOLD_TRIES, &is_any);
            (actor, inputs) = other.unwrap_or((actor, inputs));
        }
        Ok((actor, inputs, None))
    }

    fn compared(&self, session: &Session<'p>, imagined: &Imagined<'_, 'p>) -> Difference {
        let who = session.who(imagined.actor);
        let (world, other) = self.varied(session, imagined);
        let done = imagined.done;
        let at = |done: &Performed, wanted: Course| {
            let mut steps = done.steps.iter();
            steps.any(|(at, course)| *at == self.path && *course == wanted)
        };
        // Whichever row it finds, there should be none.
        let finds_none = at(done, Course::Failed) || at(done, Course::Nothing);
        if other.is_unsure && finds_none && at(&other, Course::Done) {
            return Difference::Told;
        }
        let has_rows = session.world.has_rows_of(&world);
        let is_same = done.bindings == other.bindings && done.refusal == other.refusal && has_rows;
        if is_same || other.is_unsure {
            return Difference::None;
        }
        let reply = |world: &World<'p>, done: &Performed| {
            let judge = Judge::new(world, who, imagined.now);
            reply(&judge, self.operation, self.definition, done)
        };
        let is_alike = reply(&session.world, done) == reply(&world, &other);
        let is_closed = done.open.is_empty() && other.open.is_empty();
        match (is_alike, has_rows) {
            (false, _) if is_closed => Difference::Told,
            (false, _) => Difference::Likely,
            (true, false) => Difference::Kept,
            (true, true) => Difference::None,
        }
    }

    /// What the variant makes of the call.
    fn varied(&self, session: &Session<'p>, imagined: &Imagined<'_, 'p>) -> (World<'p>, Performed) {
        let mut world = imagined.before.clone();
        let who = session.who(imagined.actor);
        let (inputs, now) = (imagined.inputs, imagined.now);
        let done = perform(&mut world, self.operation, &self.variant, who, inputs, now);
        (world, done)
    }

    /// A call that reads, after the other one, and whose reply the variant would make another.
    fn reading(
        &self,
        session: &mut Session<'p>,
        actor: usize,
        inputs: &Inputs,
    ) -> Option<Called<'p>> {
        let operation = self.operation;
        session.imagine_call(
            actor,
            operation,
            self.definition,
            inputs,
            |session, imagined| {
                let (other, _) = self.varied(session, imagined);
                let touched: Vec<RowRef> = imagined.done.touched.iter().cloned().collect();
                let found = telling(session, &other, actor, &touched);
                session.wishes.clear();
                found
            },
        )
    }
}

fn telling<'p>(
    session: &mut Session<'p>,
    other: &World<'p>,
    actor: usize,
    touched: &[RowRef],
) -> Option<Called<'p>> {
    let readings = session.plan.operations.iter();
    for operation in readings.filter(|one| one.method == Method::Get) {
        let Some(definition) = session.definition(operation) else {
            continue;
        };
        let tells = |session: &Session<'p>, imagined: &Imagined<'_, 'p>| {
            let who = session.who(imagined.actor);
            let mut world = other.clone();
            let (inputs, now) = (imagined.inputs, imagined.now);
            let done = perform(&mut world, operation, definition, who, inputs, now);
            let right = Judge::new(&session.world, who, now);
            let wrong = Judge::new(&world, who, now);
            !done.is_unsure
                && reply(&right, operation, definition, imagined.done)
                    != reply(&wrong, operation, definition, &done)
        };
        for actors in [vec![actor], Vec::new()] {
            let wanted = Wanted {
                actors,
                ..Wanted::default()
            };
            session.wishes = touched.to_vec();
            let found: Option<Found> = session.find_call(operation, &wanted, READING_TRIES, &tells);
            if let Some((reader, inputs)) = found {
                return Some((reader, operation, inputs));
            }
        }
    }
    None
}

/// Status and body, as far as they are foretold.
fn reply(
    judge: &Judge,
    operation: &Operation,
    definition: &Definition,
    done: &Performed,
) -> (u16, Option<Shown>) {
    let status = done
        .refusal
        .as_ref()
        .map_or(operation.status, |one| one.status);
    let own = own_shape(definition, done, status);
    (status, own.map(|own| shape(judge, own, done).shown))
}
