//! Named operations: their steps in one transaction, then the reply.

mod compiler;
mod environment;
mod find;
mod input;
mod listing;
mod program;
mod show;
mod shown;
mod steps;

pub(crate) use environment::Environment;
pub(crate) use program::Programs;
pub(crate) use steps::effects;

use crate::connection::{CallTime, Connection, Value};
use crate::represent::classes;
use crate::write::{Job, at_odds, idempotency, settle};
use crate::{Call, Context, Failure, Passwords, Reply, Shared, SignInAttempt, Store};
use archwright_plan::model::InputPlace;
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
            return self.readers.long(|connection| {
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
        let mut time = CallTime::new();
        self.writer
            .run(move |connection| {
                let environment = environment.clone();
                time.run(|| run(connection, &shared, &call, &context, &classes, environment))
            })
            .await
    }
}

impl Store {
    /// The passwords that a call of a named operation holds, once its input is found to be sound.
    pub fn passwords(&self, call: &Call, context: &Context) -> Result<Passwords, Failure> {
        let program = self.shared.programs.of(call.operation)?;
        let classes = classes(&self.shared.plan, context);
        let environment = input::read(&self.shared, call, &classes)?;
        let text = |path: &Vec<String>| match environment.input(InputPlace::Body, path) {
            Value::Text(text) => Some(text),
            _ => None,
        };
        let new = program.new_passwords.iter();
        let sign_in = program
            .sign_in
            .as_ref()
            .and_then(|(field, name, password)| {
                Some(SignInAttempt {
                    field: *field,
                    name: text(name)?,
                    password: text(password)?,
                })
            });
        Ok(Passwords {
            new: new
                .filter_map(|path| Some((path.clone(), text(path)?)))
                .collect(),
            sign_in,
        })
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
        settle(&mut job).map_err(at_odds)
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
        headers: program.headers(&job, &environment)?,
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
    let Some(status) = failure.status() else {
        return failure;
    };
    let detail = match &failure {
        Failure::Forbidden { detail, .. }
        | Failure::Conflict { detail, .. }
        | Failure::Status { detail, .. } => detail.as_str(),
        Failure::Unauthorized => "Signing in is needed.",
        Failure::NotFound => "There is no such thing.",
        _ => "The request breaks a rule.",
    };
    match program.told(job, environment, status) {
        Ok(None) => failure,
        Ok(body) => Failure::Status {
            status,
            detail: detail.to_owned(),
            body,
        },
        Err(worse) => worse,
    }
}
