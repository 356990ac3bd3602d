//! A run against one server: what is known of it, and how replies are held against what they have to be.

use crate::cases::TokenSecrets;
use crate::client::{Client, Reply, Request};
use crate::oracle::{Judge, Problem, Refusal, Shown, Who, compare};
use crate::spare::Spare;
use crate::world::World;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{EntityId, FieldId, RoleId};
use archwright_plan::{Operation, OperationKind, Plan};
use archwright_seed::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

/// Why a case has no success.
#[derive(Clone, Debug)]
pub enum Trouble {
    Failed(Box<Failure>),
    /// Why the case can't be brought about through the API.
    Skipped(String),
    /// Nothing says that it can't, but no calls that do are found.
    Unreached(String),
}

/// A reply that is not what the design says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    pub request: String,
    pub expected: String,
    pub got: String,
    /// Each difference, with its place in the body.
    pub differences: Vec<String>,
}

pub type Outcome<T> = Result<T, Trouble>;

pub fn skip<T>(reason: impl Into<String>) -> Outcome<T> {
    Err(Trouble::Skipped(reason.into()))
}

pub fn unreached<T>(reason: impl Into<String>) -> Outcome<T> {
    Err(Trouble::Unreached(reason.into()))
}

/// Somebody who can call; the first one is nobody.
#[derive(Clone, Debug, Default)]
pub struct Actor {
    /// `customer`, `customer-2`, `anonymous`
    pub name: String,
    pub who: Who,
    pub sign_in: String,
    pub password: String,
    pub access: Option<String>,
    pub refresh: Option<String>,
}

impl Actor {
    /// The one role that the account has.
    pub fn role(&self) -> Option<RoleId> {
        match self.who.roles.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }
}

pub struct Session<'p> {
    pub plan: &'p Plan,
    pub world: World<'p>,
    pub client: Client,
    pub actors: Vec<Actor>,
    pub rng: Rng,
    pub secrets: TokenSecrets,
    /// Milliseconds that the server's clock is ahead of ours.
    pub clock: i64,
    /// Makes values unlike earlier ones.
    pub counter: u64,
    /// Rows that are being made, outermost first, so that making never goes in circles.
    pub making: Vec<EntityId>,
    /// Above zero while rows are made for a case: then a reply's body is taken as it is, so that one broken rule fails
    /// the cases that are about it, and not every case that needs such a row.
    pub preparing: usize,
    /// Fields that the case is about: they are set more often than others.
    pub focus: BTreeSet<FieldId>,
    /// Rows that references have to lead to, wherever they stand in a body.
    pub pins: BTreeMap<FieldId, RowRef>,
    /// Numbers that would bring about what is looked for.
    pub hints: Vec<Value>,
    /// Bodies that were made up for the case.
    pub effort: usize,
    /// Requests that were sent to make rows for the case.
    pub spent: usize,
    /// Moves, with the roles of the row's owner, whose condition no change was found to bring about; and how often that
    /// was tried in a row.
    pub stuck: BTreeMap<(&'p str, Vec<RoleId>), usize>,
    /// How often all rows were read anew after a failure.
    pub refreshed: usize,
    /// Natural keys of rows that were named in replies, and that no list showed.
    pub named_keys: BTreeMap<EntityId, Vec<String>>,
    /// Callers for named operations: accounts that the suite made, where it can.
    pub crew: Vec<usize>,
    /// How many parts conditions ask for.
    pub sizes: Vec<usize>,
    /// Texts that conditions of named operations look for.
    pub words: Vec<&'p str>,
    /// Rows that inputs should name.
    pub wishes: Vec<RowRef>,
    /// Access tokens of accounts that are in use beside those of the actors.
    pub sessions: Vec<(RowRef, String)>,
    pub spare: Spare,
}

/// Bodies that are made up for one case; what is not found by then is not found.
const MOST_EFFORT: usize = 6_000;
/// Of these, what a search of its own gets at least.
const EFFORT_AFRESH: usize = 600;

/// Nobody.
pub const ANONYMOUS: usize = 0;

impl<'p> Session<'p> {
    pub fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_millis() as i64) + self.clock
    }

    pub fn who(&self, actor: usize) -> &Who {
        &self.actors[actor].who
    }

    pub fn judge(&self, actor: usize) -> Judge<'_, 'p> {
        Judge::new(&self.world, self.who(actor), self.now())
    }

    /// Makes what a case needs.
    pub fn prepare<T>(&mut self, make: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.preparing += 1;
        let made = make(self);
        self.preparing -= 1;
        made
    }

    /// Counts one more body, and tells whether no more are to be made up.
    pub fn is_tired(&mut self) -> bool {
        self.effort += 1;
        self.effort > MOST_EFFORT || self.client.stop.is_asked()
    }

    /// Looks for something of its own, even where the case has looked for other things long enough.
    pub fn afresh<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        self.effort = self.effort.min(MOST_EFFORT - EFFORT_AFRESH);
        look(self)
    }

    /// The operation of a kind on an entity.
    pub fn operation(&self, entity: EntityId, kind: OperationKind) -> Option<&'p Operation> {
        let mut operations = self.plan.operations.iter();
        operations.find(|one| one.entity == Some(entity) && one.kind == kind)
    }

    /// The operation of a kind that is on no particular entity.
    pub fn operation_of(&self, kind: OperationKind) -> Option<&'p Operation> {
        self.plan.operations.iter().find(|one| one.kind == kind)
    }

    /// The path of an operation on a row.
    pub fn path(&self, operation: &Operation, row: &RowRef) -> String {
        let name = operation
            .parameters
            .first()
            .map_or("", |parameter| &parameter.name);
        let segment = crate::wire::segment(&self.world, row);
        operation.path.replacen(&format!("{{{name}}}"), &segment, 1)
    }

    /// Signs the request with the caller's token.
    pub fn signed(&self, actor: usize, request: Request) -> Request {
        match &self.actors[actor].access {
            Some(token) => {
                let scheme = self.plan.model.api.scheme();
                request.header("authorization", format!("{scheme} {token}"))
            }
            None => request,
        }
    }

    /// Sends as a caller, and looks at what every reply must keep to.
    pub fn send(&mut self, actor: usize, request: Request) -> Outcome<(Request, Reply)> {
        let request = self.signed(actor, request);
        self.spent += usize::from(self.preparing > 0);
        self.exchange(request)
    }

    pub fn exchange(&mut self, request: Request) -> Outcome<(Request, Reply)> {
        let (request, reply) = self.ask(request)?;
        let faults = as_problem(self.plan, &request, &reply);
        match faults.is_empty() {
            true => Ok((request, reply)),
            false => failed(&request, "a well-mannered reply", &reply.shown(), faults),
        }
    }

    /// Sends where the operation has bodies of its own, for failures too.
    pub fn send_for_own(&mut self, actor: usize, request: Request) -> Outcome<(Request, Reply)> {
        let request = self.signed(actor, request);
        self.spent += usize::from(self.preparing > 0);
        self.ask(request)
    }

    fn ask(&mut self, request: Request) -> Outcome<(Request, Reply)> {
        let reply = match self.client.send(&request) {
            Ok(reply) => reply,
            Err(error) => {
                return failed(&request, "an answer", &error, Vec::new());
            }
        };
        let faults = manners(&reply);
        match faults.is_empty() {
            true => Ok((request, reply)),
            false => failed(&request, "a well-mannered reply", &reply.shown(), faults),
        }
    }

    /// A reply with this status and this body, for this caller.
    pub fn expect(
        &self,
        request: &Request,
        reply: &Reply,
        status: u16,
        shown: Option<&Shown>,
    ) -> Outcome<()> {
        if reply.status != status {
            return failed(request, &status.to_string(), &reply.shown(), Vec::new());
        }
        let mut differences = Vec::new();
        match (shown, &reply.json) {
            (Some(_), Some(_)) if self.preparing > 0 => {}
            (Some(shown), Some(json)) => compare(shown, json, "", &mut differences),
            (Some(_), None) => differences.push("the body is not JSON".to_owned()),
            (None, _) if status == 204 && !reply.bytes.is_empty() => {
                differences.push("a 204 has a body".to_owned());
            }
            (None, _) => {}
        }
        if shown.is_some() && !is_json(reply) {
            differences.push("the reply is not application/json".to_owned());
        }
        match differences.is_empty() {
            true => Ok(()),
            false => failed(
                request,
                &format!("{status} with the row as it is"),
                &reply.shown(),
                differences,
            ),
        }
    }

    /// A reply that refuses for one of these reasons.
    pub fn expect_refusal(
        &self,
        request: &Request,
        reply: &Reply,
        refusals: &[Refusal],
    ) -> Outcome<()> {
        let named = pointers(reply);
        let differences = |refusal: &Refusal| -> Vec<String> {
            let api = &self.plan.model.api;
            if refusal.told_with(api) != reply.status {
                return vec!["another status".to_owned()];
            }
            let problem = Problem::of(refusal, api);
            if let Some(shaped) = problem.differences(&self.world, reply.json.as_ref()) {
                return shaped;
            }
            let mut places = refusal.pointers.iter();
            let fits =
                reply.code() == Some(refusal.code) && places.all(|wanted| named.contains(wanted));
            match fits {
                true => Vec::new(),
                false => vec!["another code, or other places".to_owned()],
            }
        };
        let all: Vec<Vec<String>> = refusals.iter().map(differences).collect();
        if all.iter().any(Vec::is_empty) {
            return Ok(());
        }
        let expected: Vec<String> = refusals
            .iter()
            .map(|refusal| {
                let places = refusal.pointers.join(", ");
                let at = if places.is_empty() {
                    String::new()
                } else {
                    format!(" at {places}")
                };
                let status = refusal.told_with(&self.plan.model.api);
                format!("{status} {}{at} ({})", refusal.code, refusal.rule)
            })
            .collect();
        let least = all.into_iter().min_by_key(Vec::len).unwrap_or_default();
        failed(request, &expected.join(" or "), &reply.shown(), least)
    }
}

/// The places that a problem reply names.
pub fn pointers(reply: &Reply) -> Vec<String> {
    let errors = reply.json.as_ref().and_then(|json| json.get("errors"));
    let errors = errors
        .and_then(|errors| errors.as_array())
        .into_iter()
        .flatten();
    errors
        .filter_map(|error| {
            let place = error.get("pointer").or_else(|| error.get("parameter"))?;
            place.as_str().map(str::to_owned)
        })
        .collect()
}

pub fn failed<T>(
    request: &Request,
    expected: &str,
    got: &str,
    differences: Vec<String>,
) -> Outcome<T> {
    Err(Trouble::Failed(Box::new(Failure {
        request: request.shown(),
        expected: expected.to_owned(),
        got: got.to_owned(),
        differences,
    })))
}

/// Words that no reply for the outside may hold.
const INTERNAL: [&str; 9] = [
    "sqlite",
    "postgres",
    "panicked",
    "traceback",
    "stack trace",
    "select ",
    "insert into",
    "constraint failed",
    ".rs:",
];

/// What every reply has to keep to, whatever it answers.
fn manners(reply: &Reply) -> Vec<String> {
    let mut faults = Vec::new();
    if reply.header("x-request-id").is_none_or(str::is_empty) {
        faults.push("there is no X-Request-Id".to_owned());
    }
    if reply.header("x-content-type-options") != Some("nosniff") {
        faults.push("there is no X-Content-Type-Options: nosniff".to_owned());
    }
    if reply.status < 400 {
        return faults;
    }
    let text = String::from_utf8_lossy(&reply.bytes).to_lowercase();
    for word in INTERNAL.iter().filter(|word| text.contains(**word)) {
        faults.push(format!("an error reply tells something internal: {word:?}"));
    }
    if reply.status == 401 && reply.header("www-authenticate").is_none() {
        faults.push("a 401 has no WWW-Authenticate".to_owned());
    }
    faults
}

/// What a failure has to be that nobody gave a body of its own.
fn as_problem(plan: &Plan, request: &Request, reply: &Reply) -> Vec<String> {
    let mut faults = Vec::new();
    if reply.status < 400 {
        return faults;
    }
    if has_own_body(plan, request, reply.status) && is_json(reply) {
        return faults;
    }
    if essence(reply) != Some("application/problem+json") {
        faults.push("an error reply is not application/problem+json".to_owned());
    }
    let json = reply.json.clone().unwrap_or_default();
    for key in ["type", "title", "code"] {
        if !json[key].is_string() {
            faults.push(format!("the problem has no {key}"));
        }
    }
    if json["status"] != reply.status {
        faults.push("the problem's status is not that of the reply".to_owned());
    }
    faults
}

fn essence(reply: &Reply) -> Option<&str> {
    let value = reply.header("content-type")?;
    Some(value.split(';').next().unwrap_or(value).trim())
}

fn is_json(reply: &Reply) -> bool {
    essence(reply) == Some("application/json")
}

/// Whether an error of this status to such a request may have another body than a problem.
fn has_own_body(plan: &Plan, request: &Request, status: u16) -> bool {
    let mut operations = plan.operations.iter();
    plan.model.api.error_shape(status).is_some()
        || operations.any(|operation| {
            let OperationKind::Named(index) = operation.kind else {
                return false;
            };
            let definition = &plan.model.operations[index];
            let has_body = definition
                .bodies()
                .iter()
                .any(|(known, _)| *known == status);
            has_body && operation.method.name() == request.method && leads(operation, &request.path)
        })
}

/// Whether a path is that of the operation.
fn leads(operation: &Operation, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or(path);
    let (wanted, given) = (operation.path.split('/'), path.split('/'));
    wanted.clone().count() == given.clone().count()
        && wanted
            .zip(given)
            .all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
}
