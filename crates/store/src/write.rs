//! Runs the operations that change rows.

mod audit;
mod body;
mod change;
mod checks;
mod delete;
mod effect;
mod given;
mod id;
pub(crate) mod idempotency;
mod input;
mod job;
mod judge;
mod link;
mod parts;
mod prepare;
mod refuse;
mod request;
pub(crate) mod resolve;
mod roles;
mod row;
mod scalar;
mod seed;
mod step;
mod value;
mod whole;

pub(crate) use body::Reader;
pub(crate) use effect::{at_odds, finish as settle};
pub(crate) use given::Given;
pub(crate) use input::Inputs;
pub(crate) use job::{Job, id_text, within_limit};
pub(crate) use prepare::Writes;
pub(crate) use refuse::by_rule;
pub(crate) use step::{create_row, delete_row, link, make_move, set_password, set_row, status};

use crate::connection::{CallTime, Connection, Value, values};
use crate::represent::{Shaping, classes, id_value};
use crate::{Call, Caller, Context, Failure, Reply, Shared, SignedUp, Store};
use archwright_plan::model::{EntityId, RoleId};
use archwright_plan::{OperationKind, SeedRow, SystemTable, TablePurpose};
use archwright_sql::Dialect;
use request::Body;
use std::collections::BTreeMap;

/// Rows that are purged in one transaction.
const PORTION: usize = 1_000;

impl Store {
    /// Answers an operation of kind Create, Update, Delete, Move, Link, Unlink, RemoveFile, SetRoles or Named, in one
    /// transaction, with its idempotency record and its audit entries.
    pub async fn write(&self, call: Call, context: Context) -> Result<Reply, Failure> {
        let operation = self.shared.plan.operations.get(call.operation);
        if operation.is_some_and(|one| matches!(one.kind, OperationKind::Named(_))) {
            return self.named(call, context).await;
        }
        let classes = classes(&self.shared.plan, &context);
        let mut request = request::read(&self.shared, &call, &classes)?;
        if !request.faults.is_empty() {
            // The rest of what is wrong needs no writer.
            return self.readers.with(|connection| {
                let mut job =
                    Job::new(connection, &self.shared, &context, &classes, call.operation);
                self.shared.reading(connection, &context, &classes, || {
                    effect::judged(&mut job, &mut request, &call).map(drop)
                })?;
                Err(Failure::Internal("faults were forgotten".to_owned()))
            });
        }
        let shared = self.shared.clone();
        let (mut first, mut time) = (Some(request), CallTime::new());
        self.writer
            .run(move |connection| {
                // A run uses up what it was given.
                let mut request = match first.take() {
                    Some(request) => request,
                    None => request::read(&shared, &call, &classes)?,
                };
                let mut job = Job::new(connection, &shared, &context, &classes, call.operation);
                time.run(|| effect::run(&mut job, &mut request, &call))
            })
            .await
    }

    /// What is wrong with the body of a call, as far as that shows without looking at rows; for replies that name
    /// every bad field before anything costly is done.
    pub fn check_body(&self, call: &Call, context: &Context) -> Result<(), Failure> {
        let classes = classes(&self.shared.plan, context);
        let request = request::read(&self.shared, call, &classes)?;
        match request.faults.is_empty() {
            true => Ok(()),
            false => Err(Failure::Invalid(request.faults)),
        }
    }

    /// Whether no table of the design has a row.
    pub fn is_empty(&self) -> Result<bool, Failure> {
        let tables = self.shared.plan.tables.iter();
        let tables = tables.filter(|table| matches!(table.purpose, TablePurpose::Entity(_)));
        let tables: Vec<_> = tables.collect();
        self.readers.with(|connection| {
            for table in &tables {
                let name = self.shared.dialect.identifier(&table.name);
                let text = format!("SELECT 1 FROM {name} LIMIT 1");
                if connection.first(&text, &[], |_| Ok(()))?.is_some() {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Puts rows into an empty database, all or none. `hashes` has the argon2 hash of each password that the rows
    /// have. `progress` is told how many rows are in.
    pub async fn seed(
        &self,
        rows: Vec<SeedRow>,
        hashes: BTreeMap<String, String>,
        now: i64,
        progress: impl Fn(usize) + Send + 'static,
    ) -> Result<(), Failure> {
        let shared = self.shared.clone();
        self.writer
            .run(move |connection| seed::put(connection, &shared, &rows, &hashes, now, &progress))
            .await
    }

    /// Whether the rows of a seed were put into this database, with accounts whose passwords everybody knows.
    pub fn has_seeded_accounts(&self) -> Result<bool, Failure> {
        self.readers.with(seed::is_recorded)
    }

    /// Deletes idempotency records and sessions that have expired, so many at a time: other writes come between.
    pub async fn purge(&self, now: i64) -> Result<(), Failure> {
        let expiring = |table: &&archwright_plan::Table| {
            matches!(
                table.purpose,
                TablePurpose::System(SystemTable::Idempotency | SystemTable::Sessions)
            )
        };
        let tables = self.shared.plan.tables.iter().filter(expiring);
        for table in tables {
            let expired = format!("FROM \"{}\" WHERE \"expires_at\" <= ?1", table.name);
            let portion = match self.shared.dialect {
                Dialect::Sqlite => {
                    format!("\"rowid\" IN (SELECT \"rowid\" {expired} LIMIT {PORTION})")
                }
                Dialect::Postgres => {
                    format!("ctid = ANY (ARRAY(SELECT ctid {expired} LIMIT {PORTION}))")
                }
            };
            let text = format!("DELETE FROM \"{}\" WHERE {portion}", table.name);
            loop {
                let text = text.clone();
                let delete =
                    move |connection: &Connection| connection.execute(&text, &values![now]);
                if self.writer.run(delete).await? < PORTION {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Makes the account of a call of kind SignUp with its credentials, within a transaction of the writer.
pub(crate) fn sign_up(
    connection: &Connection,
    shared: &Shared,
    call: &Call,
    password_hash: &str,
    context: &Context,
) -> Result<SignedUp, Failure> {
    let classes = classes(&shared.plan, context);
    let mut request = request::read(shared, call, &classes)?;
    shared.announce(connection, context, &classes)?;
    let mut job = Job::new(connection, shared, context, &classes, call.operation);
    judge::body(&mut job, &mut request, None)?;
    let Body::Row(given) = &request.body else {
        return Err(Failure::Internal("a sign-up without an account".to_owned()));
    };
    let id = effect::create(&mut job, request.entity, given)?;
    let all = shared.plan.model.roles.iter().enumerate();
    let roles: Vec<RoleId> = all
        .filter(|(_, role)| role.sign_up)
        .map(|(index, _)| RoleId(index))
        .collect();
    roles::credentials(&job, &id, password_hash, &roles)?;
    // Shown to the account itself.
    let account_id = id_text(&id);
    let caller = Caller {
        account_id: account_id.clone(),
        roles: roles.clone(),
        session_id: String::new(),
    };
    let context = Context {
        caller: Some(caller),
        ..context.clone()
    };
    let classes = self::classes(&shared.plan, &context);
    let mut own = Job::new(connection, shared, &context, &classes, call.operation);
    let mut reply = own.reply(request.entity, &id, &Shaping::default())?;
    reply.location = Some(effect::location(&own, request.entity, &id)?);
    Ok(SignedUp {
        account_id,
        roles,
        reply,
    })
}

/// Gives an account a role, whoever grants it.
pub(crate) fn appoint(
    connection: &Connection,
    shared: &Shared,
    account: (EntityId, &Value),
    role: RoleId,
    context: &Context,
) -> Result<bool, Failure> {
    let classes = classes(&shared.plan, context);
    let mut operations = shared.plan.operations.iter();
    let operation = operations.position(|one| one.kind == OperationKind::SetRoles);
    let operation = operation.ok_or_else(|| Failure::Internal("no role is granted".to_owned()))?;
    let mut job = Job::new(connection, shared, context, &classes, operation);
    roles::add(&mut job, account.0, account.1, role)
}

/// The audit entry of a call that has set the caller's password.
pub(crate) fn note_password(
    connection: &Connection,
    shared: &Shared,
    operation: usize,
    context: &Context,
) -> Result<(), Failure> {
    let classes = classes(&shared.plan, context);
    let job = Job::new(connection, shared, context, &classes, operation);
    let (Some(account), Some(caller)) = (&shared.plan.model.account, &context.caller) else {
        return Err(Failure::Unauthorized);
    };
    let id = id_value(&shared.plan, account.entity, &caller.account_id);
    let id = id.ok_or(Failure::Unauthorized)?;
    audit::secret(&job, account.entity, &id, "password")
}

/// What a call on a row would be refused with before its bytes are taken; for Upload, on any connection.
pub(crate) fn may_write(
    connection: &Connection,
    shared: &Shared,
    call: &Call,
    context: &Context,
) -> Result<(), Failure> {
    let classes = classes(&shared.plan, context);
    let request = request::read(shared, call, &classes)?;
    let job = Job::new(connection, shared, context, &classes, call.operation);
    judge::row(&job, &request, call).map(|_| ())
}

/// Answers a call of kind Upload, within a transaction of the writer that has made the row in `stored_files` with this
/// id.
pub(crate) fn set_file(
    connection: &Connection,
    shared: &Shared,
    call: &Call,
    context: &Context,
    file_id: &str,
) -> Result<Reply, Failure> {
    let classes = classes(&shared.plan, context);
    let request = request::read(shared, call, &classes)?;
    let mut job = Job::new(connection, shared, context, &classes, call.operation);
    shared.announce(connection, context, &classes)?;
    job.is_policed = true;
    let found = judge::row(&job, &request, call)?.ok_or(Failure::NotFound)?;
    let OperationKind::Upload(field) = job.definition().kind else {
        return Err(Failure::Internal("an upload to no field".to_owned()));
    };
    let file = Value::Text(file_id.to_owned());
    effect::set_file(&mut job, &request, field, found, file)
}
