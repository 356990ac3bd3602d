//! A sound request of any kind by any caller: whether it goes through is for the rules alone to say.

use crate::act::Done;
use crate::client::Request;
use crate::make::Want;
use crate::oracle::{Body, Given, Refusal, UNREADABLE, step};
use crate::propose::Style;
use crate::session::{Outcome, Session, skip, unreached};
use archwright_evaluate::RowRef;
use archwright_plan::model::{EntityId, RoleId};
use archwright_plan::{Input, InputKind, Operation, OperationKind};

const TRIES: usize = 120;

impl<'p> Session<'p> {
    /// Performs an operation on a row with a sound request; the oracle says what has to come of it.
    pub fn attempt(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
    ) -> Outcome<Done> {
        match operation.kind {
            OperationKind::Get => self.get(actor, operation, row),
            OperationKind::Update => {
                let body = self.patch(actor, operation, row)?;
                self.update(actor, operation, row, &body)
            }
            OperationKind::Delete => self.delete(actor, operation, row),
            OperationKind::Move(_) => {
                let given = self.sound_input(actor, operation, row)?;
                self.shift(actor, operation, row, &given)
            }
            OperationKind::Link(field) | OperationKind::Unlink(field) => {
                let target = self
                    .plan
                    .model
                    .field(field)
                    .to_many()
                    .map(|relation| relation.target);
                let target = target.unwrap_or(row.entity);
                let other = self.other(actor, target, row)?;
                self.relate(actor, operation, row, &other)
            }
            OperationKind::SetRoles => {
                let roles = self.sound_roles(actor, row);
                self.set_roles(actor, operation, row, &roles)
            }
            OperationKind::Upload(_) => self.upload(actor, operation, row),
            OperationKind::RemoveFile(_) => self.remove_file(actor, operation, row),
            _ => skip("the operation is on no row"),
        }
    }

    /// A patch that nothing but access can refuse.
    pub fn patch(&mut self, actor: usize, operation: &'p Operation, row: &RowRef) -> Outcome<Body> {
        self.afresh(|session| session.found_patch(actor, operation, row))
    }

    fn found_patch(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
    ) -> Outcome<Body> {
        let inputs = &self.plan.resource(row.entity).update;
        let admitted = self.judge(actor).admit_to(operation, row).is_none();
        // Whoever may not change the row sends what somebody else could.
        let chooser = self.chooser(actor, row, admitted);
        let mut last = None;
        for attempt in 0..TRIES {
            let style = if attempt < TRIES / 2 {
                Style::Few
            } else {
                Style::Varied
            };
            let Some(body) = self.propose(inputs, chooser, &Body::default(), style) else {
                continue;
            };
            if body.0.is_empty() {
                continue;
            }
            if !admitted {
                return Ok(body);
            }
            let statuses = self.imagine_update(actor, operation, row, &body, |_, refusals| {
                let statuses = refusals.iter().map(|refusal| refusal.status);
                statuses.collect::<Vec<u16>>()
            });
            if statuses.is_empty() {
                return Ok(body);
            }
            if statuses.iter().all(|status| *status == 403) {
                last = Some(body);
            }
        }
        match last {
            Some(body) => Ok(body),
            None => unreached(format!("no patch is found for {}", operation.id)),
        }
    }

    fn chooser(&self, actor: usize, row: &RowRef, admitted: bool) -> usize {
        let Some(operation) = self.operation(row.entity, OperationKind::Update) else {
            return actor;
        };
        if admitted {
            return actor;
        }
        let mut others = 0..self.actors.len();
        others
            .find(|other| self.judge(*other).admit(operation).is_none())
            .unwrap_or(actor)
    }

    pub fn sound_input(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
    ) -> Outcome<Vec<(String, Given)>> {
        let Some(step) = step(&self.world, operation) else {
            return Ok(Vec::new());
        };
        for chooser in std::iter::once(actor).chain(0..self.actors.len()) {
            if let Some(given) = self.move_input(row.entity, &step.input, chooser) {
                return Ok(given);
            }
        }
        unreached(format!("no input is found for {}", operation.id))
    }

    /// A row to link, which the caller may know of where that is possible.
    pub fn other(&mut self, actor: usize, target: EntityId, row: &RowRef) -> Outcome<RowRef> {
        for chooser in std::iter::once(actor).chain(0..self.actors.len()) {
            for _ in 0..10 {
                match self.reference(target, chooser) {
                    Some(other) if other != *row => return Ok(other),
                    Some(_) => {}
                    None => break,
                }
            }
        }
        self.make(target, &Want::default())
    }

    /// The account's roles and one more that the caller may grant; or as they are.
    pub fn sound_roles(&self, actor: usize, row: &RowRef) -> Vec<RoleId> {
        let before = self
            .world
            .get(row)
            .and_then(|row| row.roles.clone())
            .unwrap_or_default();
        let judge = self.judge(actor);
        let roles = (0..self.plan.model.roles.len()).map(RoleId);
        let more = roles.filter(|role| !before.contains(role)).find(|role| {
            let mut granting = self.plan.model.role(*role).granted_by.iter();
            granting.any(|granting| judge.is_of(archwright_plan::CallerClass::Role(*granting)))
        });
        before.into_iter().chain(more).collect()
    }

    /// Creates a row with a body that nothing but access can refuse.
    pub fn attempt_create(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        want: Option<bool>,
    ) -> Outcome<Done> {
        let body = self.sound_body(actor, operation, want)?;
        self.create(actor, operation, &body)
    }

    /// A body for a create; `want` says whether the guard has to let it through, absent: whatever it says.
    pub fn sound_body(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        want: Option<bool>,
    ) -> Outcome<Body> {
        let entity = operation.entity.unwrap_or(EntityId(0));
        let admitted = self.judge(actor).admit(operation).is_none();
        if admitted && want != Some(false) {
            // A new tenant is nobody's yet.
            let is_tenant = self.plan.model.tenant == Some(entity);
            let condition = Want {
                tenant: self.tenant_of(actor).filter(|_| !is_tenant),
                ..Want::default()
            };
            let found = self
                .prepare(|session| session.find_body(actor, operation, &condition, &|_, _| true));
            if let Some(body) = found? {
                return Ok(body);
            }
        }
        if admitted && want == Some(true) {
            return unreached(format!(
                "no body is found that {} lets through",
                operation.id
            ));
        }
        let inputs = &self.plan.resource(entity).create;
        for attempt in 0..TRIES {
            // Whoever may not create sends what somebody else could.
            let chooser = match attempt % 2 {
                0 => actor,
                _ => attempt / 2 % self.actors.len(),
            };
            let fixed = match attempt < TRIES / 2 {
                true => Body::default(),
                false => self.any_references(inputs),
            };
            let Some(body) = self.propose(inputs, chooser, &fixed, Style::Varied) else {
                continue;
            };
            // Whoever may not know of a row is told that there is none.
            let by_access = |refusal: &Refusal| {
                matches!(refusal.status, 401 | 403) || refusal.rule == UNREADABLE
            };
            let fits =
                self.imagine_create(actor, operation, &body, |_, _, refusals| match admitted {
                    true => !refusals.is_empty() && refusals.iter().all(by_access),
                    false => refusals.first().is_some_and(by_access),
                });
            if fits {
                return Ok(body);
            }
        }
        unreached(format!(
            "no body is found for {} that access alone refuses",
            operation.id
        ))
    }

    /// Rows to refer to, whoever may know of them.
    fn any_references(&mut self, inputs: &[Input]) -> Body {
        let mut fixed = Body::default();
        for input in inputs {
            if let InputKind::Reference(target) = input.kind
                && let Some(row) = self.any(target)
            {
                fixed.set(input.field, Given::Row(row));
            }
        }
        fixed
    }

    /// Reads the caller's own account.
    pub fn me(&mut self, actor: usize) -> Outcome<()> {
        let Some(operation) = self.operation_of(OperationKind::Me) else {
            return skip("there are no accounts");
        };
        let account = self.actors[actor].who.account.clone();
        let (request, reply) = self.send(actor, Request::new("GET", &operation.path))?;
        match account {
            None => {
                let refusal = Refusal::new(401, "unauthorized", "the guard of auth.me");
                self.expect_refusal(&request, &reply, &[refusal])
            }
            Some(row) => {
                let shown = crate::oracle::representation(&self.judge(actor), &row);
                self.expect(&request, &reply, 200, Some(&shown))
            }
        }
    }
}
