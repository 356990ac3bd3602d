//! Named operations: their steps in one transaction, then the reply.

mod environment;
mod input;
mod program;
mod show;
mod steps;

pub(crate) use environment::Environment;
pub(crate) use program::Programs;
pub(crate) use steps::effects;

use crate::connection::Connection;
use crate::represent::classes;
use crate::write::{Job, idempotency, settle};
use crate::{Call, Context, Failure, Reply, Shared, Store};
use archwright_sql::Classes;
use program::Program;

impl Store {
    /// Answers an operation of kind Named.
    pub(crate) async fn named(&self, call: Call, context: Context) -> Result<Reply, Failure> {
        let classes = classes(&self.shared.plan, &context);
        let program = self.shared.programs.of(call.operation)?;
        program.admit(&classes)?;
        let environment = input::read(&self.shared, &call, &classes)?;
        if !program.writes {
            return self.readers.with(|connection| {
                // All steps see one state of the database.
                connection.snapshot(|| {
                    run(
                        connection,
                        &self.shared,
                        &call,
                        &context,
                        &classes,
                        environment.clone(),
                    )
                })
            });
        }
        let shared = self.shared.clone();
        self.writer
            .run(move |connection| {
                let environment = environment.clone();
                run(connection, &shared, &call, &context, &classes, environment)
            })
            .await
    }
}

fn run(
    connection: &Connection,
    shared: &Shared,
    call: &Call,
    context: &Context,
    classes: &Classes,
    mut environment: Environment,
) -> Result<Reply, Failure> {
    let program = shared.programs.of(call.operation)?;
    shared.announce(connection, context, classes)?;
    let mut job = Job::new(connection, shared, context, classes, call.operation);
    let key = call
        .idempotency
        .as_ref()
        .filter(|_| job.definition().idempotency_key);
    if let Some(key) = key
        && let Some(reply) = idempotency::recorded(&job, key)?
    {
        return Ok(reply);
    }
    let mut steps = || {
        program.allowed(&job)?;
        input::resolve(&mut job, &mut environment)?;
        steps::run(&mut job, &program.steps, &mut environment)?;
        settle(&mut job)
    };
    let done = match program.shows_failures() {
        // What is shown of a failure is read when the steps are undone.
        true => connection.undone_on_failure(steps)?,
        false => steps(),
    };
    if let Err(failure) = done {
        return Err(told(&job, program, &environment, failure));
    }
    let mut reply = Reply {
        status: program.status,
        body: program.shown(&job, &environment, program.status)?,
        ..Reply::default()
    };
    reply.dropped_files = std::mem::take(&mut job.dropped_files);
    if let Some(key) = key {
        idempotency::record(&job, key, &reply)?;
    }
    Ok(reply)
}

/// The failure with the body that the operation has for its status.
fn told(job: &Job<'_>, program: &Program, environment: &Environment, failure: Failure) -> Failure {
    let (status, detail) = match &failure {
        Failure::Unauthorized => (401, "Signing in is needed."),
        Failure::Forbidden { detail, .. } => (403, detail.as_str()),
        Failure::NotFound => (404, "There is no such thing."),
        Failure::Conflict { detail, .. } => (409, detail.as_str()),
        Failure::Invalid(_) => (422, "The request breaks a rule."),
        Failure::Status { status, detail, .. } => (*status, detail.as_str()),
        _ => return failure,
    };
    match program.shown(job, environment, status) {
        Ok(None) => failure,
        Ok(body) => Failure::Status {
            status,
            detail: detail.to_owned(),
            body,
        },
        Err(worse) => worse,
    }
}
