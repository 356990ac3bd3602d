//! Single requests whose outcome the oracle foretells; what they do is done to the rows in memory too.

use crate::client::{Reply, Request};
use crate::oracle::{
    Body, Given, Judge, Refusal, Shown, adopt, broken_since, create, deletion, move_json, name,
    removal, representation, shift, sign_up, step, update,
};
use crate::session::{ANONYMOUS, Actor, Outcome, Session, failed, unreached};
use crate::spare::WAITS;
use crate::wire::id_from_json;
use crate::world::NUMBERED;
use archwright_evaluate::RowRef;
use archwright_plan::model::{EntityId, RoleId};
use archwright_plan::{Operation, OperationKind, OutputSource};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// What became of a request that was answered as foretold.
pub struct Done {
    pub row: Option<RowRef>,
    pub request: Request,
    pub reply: Reply,
    /// Why it was refused; empty when it was done.
    pub refusals: Vec<Refusal>,
}

/// Headers that a request is sent with beyond the usual ones.
pub type Headers<'a> = &'a [(&'a str, String)];

/// What becomes of a request before it is sent.
pub type Change<'a> = &'a dyn Fn(Request) -> Request;

impl<'p> Session<'p> {
    pub fn create(&mut self, actor: usize, operation: &'p Operation, body: &Body) -> Outcome<Done> {
        self.create_with(actor, operation, body, &[])
    }

    pub fn create_with(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        body: &Body,
        headers: Headers,
    ) -> Outcome<Done> {
        self.create_changed(actor, operation, body, &|request| {
            with_headers(request, headers)
        })
    }

    /// Sends something else that has to do the same.
    pub fn create_changed(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        body: &Body,
        change: Change,
    ) -> Outcome<Done> {
        let now = self.now();
        let inputs = &self
            .plan
            .resource(operation.entity.unwrap_or(EntityId(0)))
            .create;
        let json = body.json(&self.world, inputs);
        let who = self.actors[actor].who.clone();
        let (row, refusals) = create(&mut self.world, operation, &who, body, now);
        let shown = representation(&Judge::new(&self.world, &who, now), &row);
        let request = change(Request::new("POST", &operation.path).json(json));
        let result = self.finish_new(actor, operation, request, &row, &refusals, &shown);
        if result.as_ref().map_or(true, |done| done.row.is_none()) {
            let parts = self.world.snapshot(&row);
            for (row, _) in parts {
                self.world.remove(&row);
            }
        }
        result
    }

    fn finish_new(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        request: Request,
        row: &RowRef,
        refusals: &[Refusal],
        shown: &Shown,
    ) -> Outcome<Done> {
        let (request, reply) = self.send(actor, request)?;
        if !refusals.is_empty() {
            self.expect_refusal(&request, &reply, refusals)?;
            return Ok(done(None, request, reply, refusals.to_vec()));
        }
        self.expect(&request, &reply, operation.status, Some(shown))?;
        let json = reply.json.clone().unwrap_or(Json::Null);
        let named = name(&mut self.world, row, &json);
        self.take(&named, &json);
        if self.preparing > 0 {
            return Ok(done(Some(named), request, reply, Vec::new()));
        }
        self.expect_location(&request, &reply, &named)?;
        self.expect_etag(&request, &reply, &named)?;
        Ok(done(Some(named), request, reply, Vec::new()))
    }

    fn expect_location(&self, request: &Request, reply: &Reply, row: &RowRef) -> Outcome<()> {
        let path = &self.plan.resource(row.entity).path;
        let expected = format!("{path}/{}", crate::wire::segment(&self.world, row));
        let got = reply.header("location").unwrap_or("");
        // An absolute URL is as good.
        match got.ends_with(&expected) {
            true => Ok(()),
            false => failed(
                request,
                &format!("Location: {expected}"),
                &format!("Location: {got}"),
                Vec::new(),
            ),
        }
    }

    /// The version that the reply has to name.
    pub fn expect_etag(&self, request: &Request, reply: &Reply, row: &RowRef) -> Outcome<()> {
        let Some(version) = self.world.get(row).and_then(|row| row.version) else {
            return Ok(());
        };
        let expected = format!("\"{version}\"");
        match reply.header("etag") {
            Some(got) if got == expected => Ok(()),
            got => failed(
                request,
                &format!("ETag: {expected}"),
                &format!("ETag: {}", got.unwrap_or("none")),
                Vec::new(),
            ),
        }
    }

    pub fn update(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
        body: &Body,
    ) -> Outcome<Done> {
        self.update_with(actor, operation, row, body, &[])
    }

    pub fn update_with(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
        body: &Body,
        headers: Headers,
    ) -> Outcome<Done> {
        self.update_changed(actor, operation, row, body, &|request| {
            with_headers(request, headers)
        })
    }

    /// Sends something else that has to do the same.
    pub fn update_changed(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
        body: &Body,
        change: Change,
    ) -> Outcome<Done> {
        let json = body.json(&self.world, &self.plan.resource(row.entity).update);
        let request = change(Request::new("PATCH", self.path(operation, row)).json(json));
        let now = self.now();
        let who = self.actors[actor].who.clone();
        let before = self.world.snapshot(row);
        let refusals = update(&mut self.world, operation, row, &who, body, now);
        self.finish_change(actor, operation, request, row, refusals, before)
    }

    pub fn shift(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
        given: &[(String, Given)],
    ) -> Outcome<Done> {
        self.shift_with(actor, operation, row, given, &[])
    }

    pub fn shift_with(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
        given: &[(String, Given)],
        headers: Headers,
    ) -> Outcome<Done> {
        let mut request = Request::new("POST", self.path(operation, row));
        if let Some(step) = step(&self.world, operation)
            && !step.input.is_empty()
        {
            request = request.json(move_json(&self.world, &step.input, given));
        }
        let request = with_headers(request, headers);
        let now = self.now();
        let who = self.actors[actor].who.clone();
        let before = self.world.clone();
        let moved = shift(&mut self.world, operation, row, &who, given, now);
        if moved.refusals.is_empty() && self.has_to_wait(&before) {
            self.world = before;
            return unreached(WAITS);
        }
        let result = self.changed(actor, operation, request, row, &moved.refusals);
        if !moved.refusals.is_empty() || result.is_err() {
            self.world = before;
            return result;
        }
        let mut effects = crate::oracle::Performed {
            created: moved.created,
            ..Default::default()
        };
        self.discover(&mut effects)?;
        result
    }

    fn finish_change(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        request: Request,
        row: &RowRef,
        refusals: Vec<Refusal>,
        before: Vec<(RowRef, crate::world::Row)>,
    ) -> Outcome<Done> {
        let result = self.changed(actor, operation, request, row, &refusals);
        match !refusals.is_empty() || result.is_err() {
            true => self.world.restore(row, before),
            false => self.follow_accounts(),
        }
        result
    }

    fn changed(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        request: Request,
        row: &RowRef,
        refusals: &[Refusal],
    ) -> Outcome<Done> {
        let shown = representation(&self.judge(actor), row);
        let (request, reply) = self.send(actor, request)?;
        if !refusals.is_empty() {
            self.expect_refusal(&request, &reply, refusals)?;
            return Ok(done(Some(row.clone()), request, reply, refusals.to_vec()));
        }
        self.expect(&request, &reply, operation.status, Some(&shown))?;
        let json = reply.json.clone().unwrap_or(Json::Null);
        // Where rows are named by a key, the provisional id does.
        if self.plan.model.entity(row.entity).key.is_none() {
            name(&mut self.world, row, &json);
        }
        for field in self.world.composed(row.entity) {
            let key = &self.plan.model.field(field).name;
            self.name_parts(row, field, &json[key]);
        }
        self.take(row, &json);
        if operation.etag && self.preparing == 0 {
            self.expect_etag(&request, &reply, row)?;
        }
        Ok(done(Some(row.clone()), request, reply, Vec::new()))
    }

    /// Takes over what the server decides; while rows are prepared, all that it says.
    fn take(&mut self, row: &RowRef, json: &Json) {
        adopt(&mut self.world, row, json);
        let is_named = !self.world.named(row).id.starts_with(crate::oracle::NEW);
        if self.preparing > 0 && is_named {
            self.absorb(row.entity, json);
        }
    }

    /// Gives the parts that steps made the ids with which a reply shows them, in their order.
    pub fn name_parts(
        &mut self,
        row: &RowRef,
        field: archwright_plan::model::FieldId,
        items: &Json,
    ) {
        let parts = self.world.many(row, field).into_iter();
        let unnamed = parts.filter(|part| part.id.starts_with(crate::oracle::NEW));
        let unnamed: Vec<RowRef> = unnamed.collect();
        let Some(first) = unnamed.first() else { return };
        let is_new = |item: &&Json| {
            let id = item.get("id").and_then(id_from_json);
            let at = id.map(|id| RowRef {
                entity: first.entity,
                id,
            });
            at.is_some_and(|at| self.world.get(&at).is_none())
        };
        let items = items.as_array().into_iter().flatten();
        let new: Vec<&Json> = items.filter(is_new).collect();
        for (part, json) in unnamed.iter().zip(new) {
            name(&mut self.world, part, json);
        }
    }

    pub fn delete(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
    ) -> Outcome<Done> {
        self.delete_with(actor, operation, row, &[])
    }

    pub fn delete_with(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
        headers: Headers,
    ) -> Outcome<Done> {
        let request = with_headers(Request::new("DELETE", self.path(operation, row)), headers);
        let now = self.now();
        let refusals = removal(&self.world, operation, row, self.who(actor), now);
        if refusals.is_empty()
            && let Ok(deletion) = deletion(&self.world, row)
        {
            let before = self.world.clone();
            deletion.apply(&mut self.world, now);
            let waits = self.has_to_wait(&before);
            self.world = before;
            if waits {
                return unreached(WAITS);
            }
        }
        let (request, reply) = self.send(actor, request)?;
        if !refusals.is_empty() {
            self.expect_refusal(&request, &reply, &refusals)?;
            return Ok(done(Some(row.clone()), request, reply, refusals));
        }
        self.expect(&request, &reply, operation.status, None)?;
        if let Ok(deletion) = deletion(&self.world, row) {
            deletion.apply(&mut self.world, now);
            self.follow_accounts();
        }
        Ok(done(Some(row.clone()), request, reply, refusals))
    }

    /// Reads a row, and holds it against what it has to be.
    pub fn get(&mut self, actor: usize, operation: &'p Operation, row: &RowRef) -> Outcome<Done> {
        let refusal = self.judge(actor).admit_to(operation, row);
        let shown = representation(&self.judge(actor), row);
        let request = Request::new("GET", self.path(operation, row));
        let (request, reply) = self.send(actor, request)?;
        if let Some(refusal) = refusal {
            self.expect_refusal(&request, &reply, std::slice::from_ref(&refusal))?;
            return Ok(done(None, request, reply, vec![refusal]));
        }
        self.expect(&request, &reply, 200, Some(&shown))?;
        adopt(
            &mut self.world,
            row,
            &reply.json.clone().unwrap_or(Json::Null),
        );
        self.expect_etag(&request, &reply, row)?;
        Ok(done(Some(row.clone()), request, reply, Vec::new()))
    }

    /// Reads the row as the caller who sees the most of it, and holds it against what it has to be.
    pub fn verify(&mut self, row: &RowRef) -> Outcome<()> {
        let Some(operation) = self.operation(row.entity, OperationKind::Get) else {
            return self.watch(std::slice::from_ref(row));
        };
        let seen = |actor: &usize| {
            let judge = self.judge(*actor);
            let outputs = self.plan.resource(row.entity).output.iter();
            outputs.filter(|output| judge.sees(output, row)).count()
        };
        let may = |actor: &usize| self.judge(*actor).admit_to(operation, row).is_none();
        let Some(reader) = (0..self.actors.len()).filter(may).max_by_key(seen) else {
            return Ok(());
        };
        self.get(reader, operation, row).map(drop)
    }

    /// Reads the rows with instants of the server's clock that no reply told yet.
    pub fn learn_instants(&mut self, entity: EntityId) -> Outcome<()> {
        if self.operation(entity, OperationKind::Get).is_none() {
            return Ok(());
        }
        let outputs = self.plan.resource(entity).output.iter();
        let shown: BTreeSet<usize> = outputs
            .filter_map(|output| match output.source {
                OutputSource::Field(field) => Some(field.index),
                _ => None,
            })
            .collect();
        let rows = self
            .world
            .entries(entity)
            .filter(|(id, row)| !id.starts_with(NUMBERED) && !row.fresh.is_disjoint(&shown));
        let rows: Vec<RowRef> = rows
            .map(|(id, _)| RowRef {
                entity,
                id: id.to_owned(),
            })
            .collect();
        for row in rows {
            self.prepare(|session| session.verify(&row))?;
        }
        Ok(())
    }

    /// Links or unlinks two rows.
    pub fn relate(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
        other: &RowRef,
    ) -> Outcome<Done> {
        let (method, field, links) = match operation.kind {
            OperationKind::Link(field) => ("PUT", field, true),
            OperationKind::Unlink(field) => ("DELETE", field, false),
            _ => return crate::session::skip("no link"),
        };
        let name = operation
            .parameters
            .get(1)
            .map_or("", |parameter| &parameter.name);
        let path = self.path(operation, row);
        let path = path.replace(
            &format!("{{{name}}}"),
            &crate::wire::segment(&self.world, other),
        );
        let mut refusals: Vec<Refusal> = self
            .judge(actor)
            .admit_to(operation, row)
            .into_iter()
            .collect();
        if refusals.is_empty() && !self.judge(actor).may_read(other) {
            refusals.push(Refusal::new(404, "not-found", "the row to link"));
        }
        if refusals.is_empty() {
            let before = self.world.clone();
            self.linked(row, other, field, links);
            let who = self.who(actor);
            let (broken, _) = broken_since(Some(&before), &self.world, who, self.now());
            self.world = before;
            let told = |refusal| Refusal::of_a_request_to(operation, self.plan, refusal);
            refusals.extend(broken.into_iter().map(told));
        }
        let (request, reply) = self.send(actor, Request::new(method, path))?;
        if !refusals.is_empty() {
            self.expect_refusal(&request, &reply, &refusals)?;
            return Ok(done(Some(row.clone()), request, reply, refusals));
        }
        self.expect(&request, &reply, 204, None)?;
        self.linked(row, other, field, links);
        Ok(done(Some(row.clone()), request, reply, refusals))
    }

    fn linked(
        &mut self,
        row: &RowRef,
        other: &RowRef,
        field: archwright_plan::model::FieldId,
        links: bool,
    ) {
        let changes = self.world.is_linked(row, field, &other.id) != links;
        if let Some(found) = self.world.get_mut(row) {
            let ids = found.links.entry(field.index).or_default();
            match links {
                true => ids.insert(other.id.clone()),
                false => ids.remove(&other.id),
            };
        }
        if changes {
            let now = self.now();
            crate::oracle::touch(&mut self.world, row, now);
        }
    }

    /// Gives an account exactly these roles.
    pub fn set_roles(
        &mut self,
        actor: usize,
        operation: &'p Operation,
        row: &RowRef,
        roles: &[RoleId],
    ) -> Outcome<Done> {
        let names: Vec<&str> = roles
            .iter()
            .map(|role| self.plan.model.role(*role).name.as_str())
            .collect();
        let request =
            Request::new("PUT", self.path(operation, row)).json(json!({ "roles": names }));
        let refusals = self.role_refusals(actor, operation, row, roles);
        let (request, reply) = self.send(actor, request)?;
        if !refusals.is_empty() {
            self.expect_refusal(&request, &reply, &refusals)?;
            return Ok(done(Some(row.clone()), request, reply, refusals));
        }
        if let Some(found) = self.world.get_mut(row) {
            found.roles = Some(roles.to_vec());
        }
        for known in &mut self.actors {
            if known.who.account.as_ref() == Some(row) {
                known.who.roles = roles.to_vec();
            }
        }
        let now = self.now();
        crate::oracle::touch(&mut self.world, row, now);
        let shown = representation(&self.judge(actor), row);
        self.expect(&request, &reply, operation.status, Some(&shown))?;
        adopt(
            &mut self.world,
            row,
            &reply.json.clone().unwrap_or(Json::Null),
        );
        Ok(done(Some(row.clone()), request, reply, refusals))
    }

    pub fn role_refusals(
        &self,
        actor: usize,
        operation: &Operation,
        row: &RowRef,
        roles: &[RoleId],
    ) -> Vec<Refusal> {
        let judge = self.judge(actor);
        if let Some(refusal) = judge.admit_to(operation, row) {
            return vec![refusal];
        }
        let before = self
            .world
            .get(row)
            .and_then(|row| row.roles.clone())
            .unwrap_or_default();
        let changed = before.iter().filter(|role| !roles.contains(role));
        let mut changed = changed.chain(roles.iter().filter(|role| !before.contains(role)));
        let may = |role: &RoleId| {
            let mut granting = self.plan.model.role(*role).granted_by.iter();
            granting.any(|granting| judge.is_of(archwright_plan::CallerClass::Role(*granting)))
        };
        match changed.all(may) {
            true => Vec::new(),
            false => {
                let refusal = Refusal::new(403, "forbidden", "who grants the role");
                vec![refusal.at("/roles".to_owned())]
            }
        }
    }

    /// Makes an account by signing up, and an actor of it.
    pub fn sign_up(
        &mut self,
        operation: &'p Operation,
        body: &Body,
        name_of: String,
    ) -> Outcome<usize> {
        let now = self.now();
        let entity = operation.entity.unwrap_or(EntityId(0));
        let mut json = body.json(&self.world, &self.plan.resource(entity).create);
        let password = self.new_password();
        json["password"] = password.as_str().into();
        let (row, refusals) = sign_up(&mut self.world, body, now);
        let who = crate::oracle::Who {
            account: Some(row.clone()),
            roles: self
                .world
                .get(&row)
                .and_then(|row| row.roles.clone())
                .unwrap_or_default(),
        };
        let account = representation(&Judge::new(&self.world, &who, now), &row);
        let result = self.finish_sign_up(operation, json, &row, &refusals, account);
        let parts: Vec<RowRef> = self
            .world
            .snapshot(&row)
            .into_iter()
            .map(|(row, _)| row)
            .collect();
        parts.iter().for_each(|row| drop(self.world.remove(row)));
        let (named, reply) = result?;
        let Some(named) = named else {
            return unreached("the sign-up is refused, as it should be");
        };
        let json = reply.json.unwrap_or_default();
        if let Some(row) = self.world.get_mut(&named) {
            row.password = Some(password.clone());
        }
        self.actors.push(Actor {
            name: name_of,
            sign_in: self.sign_in_name(&named),
            who: crate::oracle::Who {
                account: Some(named),
                ..who
            },
            password,
            access: json["access_token"].as_str().map(str::to_owned),
            refresh: json["refresh_token"].as_str().map(str::to_owned),
        });
        Ok(self.actors.len() - 1)
    }

    fn finish_sign_up(
        &mut self,
        operation: &'p Operation,
        body: Json,
        row: &RowRef,
        refusals: &[Refusal],
        account: Shown,
    ) -> Outcome<(Option<RowRef>, Reply)> {
        let (request, reply) =
            self.send(ANONYMOUS, Request::new("POST", &operation.path).json(body))?;
        if !refusals.is_empty() {
            self.expect_refusal(&request, &reply, refusals)?;
            return Ok((None, reply));
        }
        self.expect(
            &request,
            &reply,
            operation.status,
            Some(&tokens(self.plan, account)),
        )?;
        let json = reply.json.clone().unwrap_or_default();
        let named = name(&mut self.world, row, &json["account"]);
        adopt(&mut self.world, &named, &json["account"]);
        Ok((Some(named), reply))
    }

    pub fn new_password(&mut self) -> String {
        self.counter += 1;
        let min = self
            .plan
            .model
            .account
            .as_ref()
            .map_or(8, |account| account.password_min);
        let password = format!("tested-by-archwright-{}", self.counter);
        format!("{password:-<width$}", width = min as usize)
    }
}

/// The reply to whoever signed in.
pub fn tokens(plan: &archwright_plan::Plan, account: Shown) -> Shown {
    let api = &plan.model.api;
    Shown::Object(vec![
        ("access_token".to_owned(), Shown::Token),
        ("token_type".to_owned(), Shown::Exact(json!(api.scheme()))),
        (
            "expires_in".to_owned(),
            Shown::Exact(json!(api.access_seconds)),
        ),
        ("refresh_token".to_owned(), Shown::Token),
        ("account".to_owned(), account),
    ])
}

fn done(row: Option<RowRef>, request: Request, reply: Reply, refusals: Vec<Refusal>) -> Done {
    Done {
        row,
        request,
        reply,
        refusals,
    }
}

fn with_headers(mut request: Request, headers: Headers) -> Request {
    for (name, value) in headers {
        request = request.header(name, value.clone());
    }
    request
}
