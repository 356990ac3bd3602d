//! The test accounts stay as the next run needs them: what changes their sign-in is undone, and what can't be undone
//! is left to the end of the run.

use crate::oracle::{Body, Given};
use crate::session::Session;
use crate::world::World;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::OperationKind;
use archwright_plan::model::FieldId;

/// Why a request is not sent yet.
pub const WAITS: &str = "it would take the sign-in of a test account away";

/// What keeps the test accounts.
#[derive(Clone, Debug, Default)]
pub struct Spare {
    /// The test accounts, with the names that they sign in with.
    pub accounts: Vec<(RowRef, String)>,
    /// None is to be lost yet.
    pub is_on: bool,
    /// The case did without a request for their sake.
    pub has_waited: bool,
}

impl Session<'_> {
    /// Remembers who signed in so far.
    pub fn keep_accounts(&mut self) {
        let accounts = self.actors.iter().filter_map(|actor| {
            let account = actor.who.account.clone()?;
            let name = match self.sign_in_name(&account) {
                hidden if hidden.is_empty() => actor.sign_in.clone(),
                name => name,
            };
            Some((account, name))
        });
        self.spare.accounts = accounts.collect();
        self.spare.is_on = true;
    }

    /// Whether what made the rows such as they are has to wait, for a test account would sign in no more.
    pub fn has_to_wait(&mut self, before: &World) -> bool {
        let Some(field) = self.sign_in_field().filter(|_| self.spare.is_on) else {
            return false;
        };
        let sign_in = |world: &World, row: &RowRef| {
            let account = world.get(row).filter(|row| !row.deleted);
            account.map(|account| {
                let name = account.values.get(&field.index).cloned();
                (name, account.password.clone())
            })
        };
        let mut accounts = self.spare.accounts.iter();
        let waits = accounts.any(|(row, _)| sign_in(&self.world, row) != sign_in(before, row));
        self.spare.has_waited |= waits;
        waits
    }

    /// Whether it is the caller of a test account.
    pub fn is_spared(&self, actor: usize) -> bool {
        let account = self.actors[actor].who.account.as_ref();
        let mut accounts = self.spare.accounts.iter();
        self.spare.is_on && accounts.any(|(row, _)| Some(row) == account)
    }

    fn sign_in_field(&self) -> Option<FieldId> {
        self.plan.model.account.as_ref().map(|one| one.sign_in)
    }

    /// Gives the test accounts the names back that they sign in with.
    pub fn restore_sign_ins(&mut self) {
        let Some(field) = self.sign_in_field() else {
            return;
        };
        let Some(operation) = self.operation(field.entity, OperationKind::Update) else {
            return;
        };
        for (row, name) in self.spare.accounts.clone() {
            let wanted = Value::Text(name);
            let now = self.world.value(&row, field);
            if !self.world.is_there(&row) || now.is_null() || now == wanted {
                continue;
            }
            let body = Body(vec![(field, Given::Value(wanted))]);
            let may = |session: &mut Self, actor: usize| {
                session.imagine_update(actor, operation, &row, &body, |_, refusals| {
                    refusals.is_empty()
                })
            };
            let mut actors = 0..self.actors.len();
            if let Some(actor) = actors.find(|actor| may(self, *actor)) {
                // Where it is refused, the case that is about it says so.
                let _ = self.prepare(|session| session.update(actor, operation, &row, &body));
            }
        }
    }

    /// New tokens for all: some cases end sessions.
    pub fn sign_in_again(&mut self) {
        for actor in 1..self.actors.len() {
            if self.actors[actor].access.is_some() {
                let _ = self.sign_in(actor);
            }
        }
    }
}
