//! One call within the writer's transaction.

use super::checks::Pending;
use super::prepare::Writes;
use super::refuse;
use crate::connection::{Connection, Error, Value};
use crate::represent::{Bindings, Inputs, Rule, Shaping, holding, represent};
use crate::security::Security;
use crate::{Context, Failure, Fault, Reply, Shared};
use archwright_plan::limits::LISTED_ROWS;
use archwright_plan::model::EntityId;
use archwright_plan::{Operation, Plan};
use archwright_sql::{Classes, Dialect, Phase};
use std::cell::{Cell, RefCell};

pub(crate) struct Job<'a> {
    pub connection: &'a Connection,
    pub shared: &'a Shared,
    pub context: &'a Context,
    pub classes: &'a Classes,
    pub operation: usize,
    /// Of a move.
    pub inputs: &'a Inputs,
    /// The rows that the call is about are judged by the database too, where it does.
    pub is_policed: bool,
    pub pending: Pending,
    pub dropped_files: Vec<String>,
    /// How many rows and values the lists of the reply show.
    pub listed: Cell<usize>,
    /// How many rows and values `each` steps have gone through.
    pub walked: usize,
    /// Fields that the caller named and may not set on these rows.
    pub forbidden: Vec<String>,
    pub faults: Vec<Fault>,
    /// New rows and entries are sent with what follows: see [`Self::put`].
    pub defers: bool,
    /// The rows that were sent and may yet be refused: each one's number, entity and place in the body.
    pub sent: RefCell<Vec<(usize, EntityId, String)>>,
}

/// A row that the call is about, and which alternatives of the guard held on it.
pub(crate) struct Found {
    pub id: Value,
    pub held: Vec<usize>,
}

impl<'a> Job<'a> {
    pub fn new(
        connection: &'a Connection,
        shared: &'a Shared,
        context: &'a Context,
        classes: &'a Classes,
        operation: usize,
    ) -> Self {
        Self {
            connection,
            shared,
            context,
            classes,
            operation,
            inputs: &[],
            is_policed: false,
            pending: Pending::default(),
            dropped_files: Vec::new(),
            listed: Cell::new(0),
            walked: 0,
            forbidden: Vec::new(),
            faults: Vec::new(),
            defers: false,
            sent: RefCell::default(),
        }
    }

    pub fn dialect(&self) -> Dialect {
        self.shared.dialect
    }

    pub fn plan(&self) -> &'a Plan {
        &self.shared.plan
    }

    pub fn writes(&self) -> &'a Writes {
        &self.shared.writes
    }

    pub fn definition(&self) -> &'a Operation {
        &self.shared.plan.operations[self.operation]
    }

    pub fn bindings<'b>(&'b self, values: &'b [Value]) -> Bindings<'b> {
        Bindings {
            inputs: Some(self.inputs),
            ..Bindings::new(self.shared, self.context, self.classes, values)
        }
    }

    /// A change of one row, which the database judges too where that is asked for.
    pub fn changing<T>(&self, row: &Value, change: impl FnOnce() -> T) -> Result<T, Failure> {
        match self.security() {
            Some(security) => security.in_role(self.connection, &self.bindings(&[]), row, change),
            None => Ok(change()),
        }
    }

    fn security(&self) -> Option<&'a Security> {
        self.shared.security.as_ref().filter(|_| self.is_policed)
    }

    /// The row of a change that has changed this many rows was allowed to be changed.
    pub fn was_there(&self, changed: usize) -> Result<(), Failure> {
        match (self.security(), changed) {
            (Some(_), 0) => Err(Failure::Internal(
                "the database hides a row that the server had allowed to be changed".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    /// Work on rows that go with those that the call is about.
    pub fn as_owner<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let is_policed = std::mem::replace(&mut self.is_policed, false);
        let done = work(self);
        self.is_policed = is_policed;
        done
    }

    pub fn holding(
        &self,
        rule: Rule,
        phase: Phase,
        row: &Value,
    ) -> Result<Option<Vec<usize>>, Failure> {
        holding(self.connection, rule, phase, row, &self.bindings(&[]))
    }

    /// Counts what the lists of the reply show.
    pub fn list(&self, more: usize) -> Result<(), Failure> {
        let listed = self.listed.get().saturating_add(more);
        self.listed.set(listed);
        within_limit(listed)
    }

    /// Does work that shows something, and counts what that has in its lists: it is written once, and may be shown
    /// several times.
    pub fn listing<T>(
        &self,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<(T, usize), Failure> {
        let before = self.listed.replace(0);
        let done = work();
        let listed = self.listed.replace(before);
        Ok((done?, listed))
    }

    /// Counts what an `each` step goes through.
    pub fn walk(&mut self, more: usize) -> Result<(), Failure> {
        self.walked = self.walked.saturating_add(more);
        match self.walked > LISTED_ROWS {
            true => Err(too_many(format!(
                "At most {LISTED_ROWS} rows can be gone through at once."
            ))),
            false => Ok(()),
        }
    }

    /// A new row, at its place in the body. A job that defers does not wait for it, and gives the outcome with
    /// [`Self::settled`].
    pub fn put(
        &self,
        entity: EntityId,
        at: &str,
        text: &str,
        values: Vec<Value>,
    ) -> Result<(), Error> {
        if !self.defers {
            return self.connection.change(text, &values).map(drop);
        }
        if let Some(number) = self.connection.defer(text, values)? {
            self.sent.borrow_mut().push((number, entity, at.to_owned()));
        }
        Ok(())
    }

    /// An entry about what was done, which nothing refuses.
    pub fn enter(&self, text: &str, values: Vec<Value>) -> Result<(), Failure> {
        match self.defers {
            true => self.connection.defer(text, values).map(drop)?,
            false => self.connection.execute(text, &values).map(drop)?,
        }
        Ok(())
    }

    /// What work comes to, unless something that it has sent before was refused: all after that failed for it.
    pub fn settled<T>(&self, done: Result<T, Failure>) -> Result<T, Failure> {
        let Some((number, error)) = self.connection.refusal() else {
            return done;
        };
        let sent = self.sent.borrow();
        let row = sent.iter().find(|(sent, ..)| *sent == number);
        Err(match row {
            Some((_, entity, at)) => refuse::written(self, *entity, at, error),
            None => error.into(),
        })
    }

    /// The alternatives of a rule whose conditions on the row before and on the row that is left both hold.
    pub fn kept(
        &self,
        rule: Rule,
        row: &Value,
        mut held: Vec<usize>,
    ) -> Result<Vec<usize>, Failure> {
        let alternatives = rule.alternatives(self.plan());
        if held
            .iter()
            .any(|index| alternatives[*index].after.is_none())
        {
            return Ok(held);
        }
        let after = self.holding(rule, Phase::After, row)?.unwrap_or_default();
        held.retain(|index| after.contains(index));
        Ok(held)
    }

    /// The reply with the row as the caller may see it.
    pub fn reply(
        &mut self,
        entity: EntityId,
        id: &Value,
        shaping: &Shaping,
    ) -> Result<Reply, Failure> {
        let text = id_text(id);
        let shown = represent(
            self.connection,
            self.shared,
            entity,
            &text,
            self.context,
            shaping,
        )?;
        // What the write brought with it may have deleted the row.
        let shown = shown.ok_or_else(|| Failure::Conflict {
            code: "conflict",
            detail: "This would delete the row that is to be shown.".to_owned(),
            fields: Vec::new(),
        })?;
        Ok(Reply {
            status: self.definition().status,
            body: Some(shown.json),
            etag: shown.version.map(|version| version.to_string()),
            dropped_files: std::mem::take(&mut self.dropped_files),
            ..Reply::default()
        })
    }
}

/// Refuses a reply whose lists show so many rows, if that is too many.
pub(crate) fn within_limit(listed: usize) -> Result<(), Failure> {
    match listed > LISTED_ROWS {
        true => Err(too_many(format!(
            "The reply would show more than {LISTED_ROWS} rows in its lists."
        ))),
        false => Ok(()),
    }
}

/// Of the request as a whole.
fn too_many(message: String) -> Failure {
    Failure::BadRequest(vec![Fault {
        at: String::new(),
        code: "too-many",
        message,
    }])
}

/// An id as text.
pub(crate) fn id_text(id: &Value) -> String {
    match id {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Null | Value::Real(_) | Value::Blob(_) => String::new(),
    }
}
