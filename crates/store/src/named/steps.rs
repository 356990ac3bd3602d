//! Runs steps, one after the other.

use super::Environment;
use super::program::{Assignment, Kind, Step};
use super::shown::{list_of, stored};
use crate::connection::Value;
use crate::represent::{Rule, bound};
use crate::write::{self, Given, Job, at_odds, by_rule, status};
use crate::{Failure, Fault, accounts};
use archwright_plan::model::{BindingId, EntityId, FieldId, InputPlace, Otherwise, SignUp};
use archwright_sql::{Phase, Statement};

pub(crate) fn run(
    job: &mut Job<'_>,
    steps: &[Step],
    environment: &mut Environment,
) -> Result<(), Failure> {
    for step in steps {
        if let Some(condition) = &step.condition
            && !holds(job, environment, condition)?
        {
            continue;
        }
        one(job, step, environment)?;
    }
    Ok(())
}

/// The effects of a move on what is not its row, after it was made.
pub(crate) fn effects(
    job: &mut Job<'_>,
    entity: EntityId,
    index: usize,
    id: &Value,
) -> Result<(), Failure> {
    let steps = job.shared.programs.of_move(entity, index);
    if steps.is_empty() {
        return Ok(());
    }
    let mut environment = Environment::of_move(id.clone(), job.inputs);
    run(job, steps, &mut environment)
}

/// The one value of a statement; missing where it has no row.
fn value(
    job: &Job<'_>,
    environment: &Environment,
    statement: &Statement,
) -> Result<Value, Failure> {
    let bindings = job.bindings(&[]).within(environment);
    let values = bound(statement, &environment.this, &bindings)?;
    let found = job
        .connection
        .first(&statement.text, &values, |row| row.get(0))?;
    Ok(found.unwrap_or(Value::Null))
}

/// The same of several statements, asked for together.
fn values(
    job: &Job<'_>,
    environment: &Environment,
    statements: &[&Statement],
) -> Result<Vec<Value>, Failure> {
    let bindings = job.bindings(&[]).within(environment);
    let asked = statements.iter().map(|statement| {
        let values = bound(statement, &environment.this, &bindings)?;
        Ok((statement.text.as_str(), values))
    });
    let asked = asked.collect::<Result<Vec<_>, Failure>>()?;
    let found = job.connection.firsts(&asked, |row| row.get(0))?;
    let found = found.into_iter();
    Ok(found.map(|value| value.unwrap_or(Value::Null)).collect())
}

pub(crate) fn holds(
    job: &Job<'_>,
    environment: &Environment,
    condition: &Statement,
) -> Result<bool, Failure> {
    Ok(value(job, environment, condition)? == Value::Integer(1))
}

fn one(job: &mut Job<'_>, step: &Step, environment: &mut Environment) -> Result<(), Failure> {
    let Err(failure) = attempt(job, step, environment) else {
        return Ok(());
    };
    let Otherwise::Status(wanted) = step.otherwise else {
        return Err(failure);
    };
    if let Kind::Each { .. } = step.kind {
        // The steps in it told it as they want it.
        return Err(failure);
    }
    let failure = match of_inputs(job, step, failure) {
        // The body is to be mended, whatever the step says.
        failure @ Failure::Invalid(_) => return Err(failure),
        failure => failure,
    };
    let failure = match failure {
        // What the database refuses is told as the step wants it.
        Failure::Conflict { detail, .. } if wanted != 409 => status(wanted, detail),
        // An earlier step took the row.
        Failure::NotFound if step.is_about_rows() => refused(step),
        failure => failure,
    };
    if failure.status() == Some(wanted) {
        environment.refusal = environment.refusal.or(step.refusal);
    }
    Err(failure)
}

/// A value that the body itself gives is told at its place there; the body of a move holds nothing but its inputs.
/// Whatever else breaks a rule is at odds with what is stored.
fn of_inputs(job: &Job<'_>, step: &Step, failure: Failure) -> Failure {
    let input = |at: &str| {
        let name = at.trim_start_matches('/');
        let mut assignments = step.assignments();
        let field = |one: &&Assignment| job.plan().model.json_name(one.field) == name;
        assignments.find(field)?.input.as_ref()
    };
    let place = |at: &str| match input(at) {
        Some((InputPlace::Body | InputPlace::Move, path)) => Some(format!("/{}", path.join("/"))),
        _ => None,
    };
    let faults = match failure {
        Failure::Invalid(faults) => faults,
        Failure::Conflict {
            code: code @ "unique",
            detail,
            fields,
        } => {
            let places = fields.iter().filter_map(|field| place(field));
            return Failure::Conflict {
                code,
                detail,
                fields: places.collect(),
            };
        }
        other => return other,
    };
    match faults
        .iter()
        .map(|fault| place(&fault.at))
        .collect::<Option<Vec<String>>>()
    {
        Some(places) => {
            let faults = faults.into_iter().zip(places);
            Failure::Invalid(faults.map(|(fault, at)| Fault { at, ..fault }).collect())
        }
        None => at_odds(Failure::Invalid(faults)),
    }
}

fn attempt(job: &mut Job<'_>, step: &Step, environment: &mut Environment) -> Result<(), Failure> {
    match &step.kind {
        Kind::Find { bind, row } => {
            let row = value(job, environment, row)?;
            if row == Value::Null && step.otherwise != Otherwise::Null {
                return Err(refused(step));
            }
            environment.bindings.insert(*bind, row);
        }
        Kind::List {
            bind,
            count,
            listing,
        } => {
            let statements: Vec<&Statement> = listing.of(environment).iter().collect();
            let values = values(job, environment, &statements)?;
            let binds = [*bind].into_iter().chain(*count);
            environment.bindings.extend(binds.zip(values));
        }
        Kind::Guard { that } => {
            if !holds(job, environment, that)? {
                return Err(refused(step));
            }
        }
        Kind::Create {
            bind,
            entity,
            set,
            sign_up,
        } => {
            let columns = assigned(job, environment, set)?;
            create(job, environment, *bind, *entity, columns, sign_up.as_ref())?;
        }
        Kind::Upsert {
            bind,
            entity,
            find,
            key,
            set,
            changes,
        } => {
            let found = value(job, environment, find)?;
            if found == Value::Null {
                let mut columns = assigned(job, environment, key)?;
                columns.extend(assigned(job, environment, set)?);
                return create(job, environment, *bind, *entity, columns, None);
            }
            if *changes {
                let columns = assigned(job, environment, set)?;
                change(job, *entity, &found, &columns)?;
            }
            environment.bindings.insert(*bind, found);
        }
        Kind::Update {
            entity,
            row,
            set,
            password,
        } => {
            let row = needed(job, environment, row, step)?;
            let columns = assigned(job, environment, set)?;
            change(job, *entity, &row, &columns)?;
            if let Some(hash) = password.as_ref().and_then(|path| environment.hash(path)) {
                write::set_password(job, *entity, &row, hash)?;
            }
        }
        Kind::Delete { entity, row } => {
            let row = needed(job, environment, row, step)?;
            write::delete_row(job, *entity, &row)?;
        }
        Kind::Link {
            relation,
            near,
            far,
            links,
        } => {
            let near = needed(job, environment, near, step)?;
            let far = needed(job, environment, far, step)?;
            write::link(job, *relation, (&near, &far), *links)?;
        }
        Kind::Move {
            entity,
            row,
            index,
            operation,
        } => {
            let row = needed(job, environment, row, step)?;
            moved(job, *entity, *index, *operation, &row)?;
        }
        Kind::SignIn { bind } => {
            let proven = environment.proofs.signed_in.clone();
            let (account, verified) = proven.ok_or_else(|| refused(step))?;
            let account = accounts::sign_in(job, &account, &verified)?;
            environment
                .bindings
                .insert(*bind, account.ok_or_else(|| refused(step))?);
        }
        Kind::Token { bind, row } => {
            let row = needed(job, environment, row, step)?;
            let token = accounts::open(job, environment, &row)?;
            environment.bindings.insert(*bind, Value::Text(token));
        }
        Kind::Each { bind, list, steps } => {
            let items = list_of(&value(job, environment, list)?)?;
            job.walk(items.len())?;
            for item in items {
                environment.bindings.insert(*bind, stored(item));
                run(job, steps, environment)?;
            }
        }
    }
    Ok(())
}

fn refused(step: &Step) -> Failure {
    match step.otherwise {
        Otherwise::Status(wanted) => {
            status(wanted, "The request can't be met as things are.".to_owned())
        }
        Otherwise::Null => Failure::NotFound,
    }
}

/// The id of a row that a step is about.
fn needed(
    job: &Job<'_>,
    environment: &Environment,
    row: &Statement,
    step: &Step,
) -> Result<Value, Failure> {
    match value(job, environment, row)? {
        Value::Null => Err(refused(step)),
        id => Ok(id),
    }
}

/// The values for fields, without those whose input was left out.
fn assigned(
    job: &Job<'_>,
    environment: &Environment,
    set: &[Assignment],
) -> Result<Vec<(FieldId, Value)>, Failure> {
    let given = set.iter().filter(|assignment| {
        let input = assignment.input.as_ref();
        input.is_none_or(|(place, path)| !environment.is_absent(*place, path))
    });
    let given: Vec<&Assignment> = given.collect();
    let statements: Vec<&Statement> = given.iter().map(|one| &one.value).collect();
    let values = values(job, environment, &statements)?;
    let fields = given.iter().map(|one| one.field);
    Ok(fields.zip(values).collect())
}

fn create(
    job: &mut Job<'_>,
    environment: &mut Environment,
    bind: BindingId,
    entity: EntityId,
    columns: Vec<(FieldId, Value)>,
    sign_up: Option<&SignUp>,
) -> Result<(), Failure> {
    let given = Given {
        columns,
        ..Given::default()
    };
    let sign_up = sign_up.map(|sign_up| {
        let hash = environment.hash(&sign_up.password);
        let hash = hash.ok_or_else(|| Failure::Internal("a password without a hash".to_owned()))?;
        Ok::<_, Failure>((hash, sign_up.role))
    });
    let id = write::create_row(job, entity, &given, sign_up.transpose()?)?;
    environment.bindings.insert(bind, id);
    Ok(())
}

fn change(
    job: &mut Job<'_>,
    entity: EntityId,
    row: &Value,
    columns: &[(FieldId, Value)],
) -> Result<(), Failure> {
    match columns.is_empty() {
        true => Ok(()),
        false => write::set_row(job, entity, row, columns),
    }
}

/// A move with its own rules: who may, from which state, under which condition.
fn moved(
    job: &mut Job<'_>,
    entity: EntityId,
    index: usize,
    operation: Option<usize>,
    row: &Value,
) -> Result<(), Failure> {
    let Some(operation) = operation else {
        return Err(by_rule(job.classes, &[]));
    };
    let rule = Rule::Operation(operation);
    let held = job
        .holding(rule, Phase::Before, row)?
        .ok_or(Failure::NotFound)?;
    let guard = &job.plan().operations[operation].guard;
    if held.is_empty() {
        return Err(by_rule(job.classes, guard));
    }
    write::make_move(job, entity, index, row)?;
    match job.kept(rule, row, held)?.is_empty() {
        true => Err(by_rule(job.classes, guard)),
        false => Ok(()),
    }
}
