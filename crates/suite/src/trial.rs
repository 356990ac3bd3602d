//! What would become of a request, in memory: the rows are afterwards as they were.

use crate::oracle::{Body, Refusal, create, sign_up, update};
use crate::session::{Outcome, Session};
use archwright_evaluate::RowRef;
use archwright_plan::Operation;

impl<'p> Session<'p> {
    /// Shows the row as a create would leave it, and what refuses it.
    pub fn imagine_create<T>(
        &mut self,
        actor: usize,
        operation: &Operation,
        body: &Body,
        look: impl FnOnce(&Self, &RowRef, &[Refusal]) -> T,
    ) -> T {
        let now = self.now();
        let who = self.actors[actor].who.clone();
        let (row, refusals) = create(&mut self.world, operation, &who, body, now);
        self.forget_after(&row, &refusals, look)
    }

    /// Shows the account as a sign-up would leave it, and what refuses it.
    pub fn imagine_sign_up<T>(
        &mut self,
        body: &Body,
        look: impl FnOnce(&Self, &RowRef, &[Refusal]) -> T,
    ) -> T {
        let now = self.now();
        let (row, refusals) = sign_up(&mut self.world, body, now);
        self.forget_after(&row, &refusals, look)
    }

    fn forget_after<T>(
        &mut self,
        row: &RowRef,
        refusals: &[Refusal],
        look: impl FnOnce(&Self, &RowRef, &[Refusal]) -> T,
    ) -> T {
        let seen = look(self, row, refusals);
        for (row, _) in self.world.snapshot(row) {
            self.world.remove(&row);
        }
        seen
    }

    /// Shows the rows as an update would leave them, and what refuses it.
    pub fn imagine_update<T>(
        &mut self,
        actor: usize,
        operation: &Operation,
        row: &RowRef,
        body: &Body,
        look: impl FnOnce(&Self, &[Refusal]) -> T,
    ) -> T {
        let now = self.now();
        let who = self.actors[actor].who.clone();
        let before = self.world.snapshot(row);
        let refusals = update(&mut self.world, operation, row, &who, body, now);
        let seen = look(self, &refusals);
        self.world.restore(row, before);
        seen
    }

    /// Creates a row, and reads it where the rules let it be.
    pub fn create_and_verify(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        body: &Body,
    ) -> Outcome<()> {
        let done = self.create(actor, operation, body)?;
        done.row.map_or(Ok(()), |row| self.verify(&row))
    }

    /// Changes a row, and reads it.
    pub fn update_and_verify(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
        body: &Body,
    ) -> Outcome<()> {
        self.update(actor, operation, row, body)?;
        self.verify(row)
    }

    /// Who may call the operation at all.
    pub fn callers(&self, operation: &Operation) -> Vec<usize> {
        let actors = 0..self.actors.len();
        actors
            .filter(|actor| self.judge(*actor).admit(operation).is_none())
            .collect()
    }
}

/// Whether it is refused, and by this rule alone.
pub fn only_by(refusals: &[Refusal], rule: &str) -> bool {
    !refusals.is_empty() && refusals.iter().all(|refusal| refusal.rule == *rule)
}
