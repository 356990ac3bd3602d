//! Answers requests: finds the operation, lets those who may through, and hands the call to the part that answers it.

use crate::accounts::Accounts;
use crate::body::{self, Body};
use crate::cors::{Asked, Cors};
use crate::exchange::Exchange;
use crate::files::Files;
use crate::fixed::Fixed;
use crate::limits::{Key, Limits, Shared};
use crate::metrics::Metrics;
use crate::options::{ClientAddress, Environment, SeededAccount, ServerOptions};
use crate::prepared::{Answerer, Prepared};
use crate::problem::Problem;
use crate::reply::{self, Common};
use crate::request::{self, BodyLimits};
use crate::routes::{Path, Route, Routes, System, Target};
use crate::tokens::Tokens;
use crate::{clock, error_shape, query, seed, system};
use archwright_plan::Plan;
use archwright_store::{Call, Caller, Context, Reply, Store};
use futures_util::FutureExt;
use http::header::ALLOW;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::any::Any;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Everything that requests share.
pub(crate) struct Service {
    pub plan: Arc<Plan>,
    pub store: Arc<Store>,
    pub metrics: Metrics,
    pub limits: Option<Limits>,
    pub fixed: Vec<Fixed>,
    pub problems: system::Problems,
    /// Absent where nobody signs in.
    accounts: Option<Accounts>,
    /// Absent where the design has no files.
    files: Option<Files>,
    /// Accounts that development offers to sign in as.
    offered: Vec<SeededAccount>,
    stopping: AtomicBool,
    routes: Routes,
    operations: Vec<Prepared>,
    common: Common,
    body: BodyLimits,
    client_address: ClientAddress,
}

impl Service {
    pub(crate) fn new(
        plan: Arc<Plan>,
        store: Arc<Store>,
        files: Option<Files>,
        limits: Option<Limits>,
        seeded: Vec<SeededAccount>,
        options: &ServerOptions,
    ) -> Result<Self, crate::RouteError> {
        let now = clock::now() / 1_000;
        let prepare = |operation| Prepared::new(&plan, operation, now);
        let operations: Vec<Prepared> = plan.operations.iter().map(prepare).collect();
        let own_headers = operations.iter().flat_map(|one| &one.headers);
        let own_headers: Vec<String> = own_headers.map(ToString::to_string).collect();
        let shown_headers = plan.model.operations.iter().flat_map(|one| &one.headers);
        let shown_headers = shown_headers.map(|(name, _)| name.to_ascii_lowercase());
        let shown_headers: Vec<String> = shown_headers.collect();
        let secrets = &options.secrets;
        let tokens = Arc::new(Tokens::new(secrets, &plan, options.issuer.clone()));
        let offered = seed::offered(options.environment, seeded);
        let (paths, fixed) = system::paths(&plan, options, &tokens, &offered);
        let api = &plan.model.api;
        let shared = Shared::of(limits.as_ref());
        let accounts = |_| Accounts::new(plan.clone(), store.clone(), tokens, secrets);
        Ok(Self {
            accounts: plan.model.account.as_ref().map(accounts),
            files,
            offered,
            metrics: Metrics::new(&plan.model.name, shared.map(|shared| &shared.up)),
            limits,
            fixed,
            problems: system::Problems::new(&plan),
            stopping: AtomicBool::new(false),
            routes: Routes::new(&plan, &paths)?,
            operations,
            common: Common {
                cors: Cors::new(&api.origins, &own_headers, &shown_headers),
                production: options.environment == Environment::Production,
            },
            body: BodyLimits {
                bytes: api.body_limit,
                time: Duration::from_secs(api.timeout_seconds),
            },
            client_address: options.client_address,
            plan: plan.clone(),
            store,
        })
    }

    /// From now on the server is not ready for more.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// For a head to come, for a body to come, and for a connection to be used again.
    pub(crate) fn request_time(&self) -> Duration {
        self.body.time
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Response<Body> {
        let _in_flight = self.metrics.enter();
        let asked = Asked::of(request.method(), request.headers());
        let address = self.client(peer, request.headers());
        let mut exchange = Exchange::begin(&request, address);
        let answered = AssertUnwindSafe(self.dispatch(request, &mut exchange));
        let answered = answered.catch_unwind().await;
        let answered = answered.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
        let mut response = answered.unwrap_or_else(|problem| self.refuse(problem, &exchange));
        let headers = response.headers_mut();
        self.common.write(headers, &exchange.trace, &asked);
        if let (Some(limits), Some(standing)) = (&self.limits, &exchange.standing) {
            limits.write(standing, headers);
        }
        exchange.end(&self.metrics, response.status());
        response
    }

    /// Whose address counts.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if self.client_address == ClientAddress::Peer {
            return peer;
        }
        let last = headers.get_all("x-forwarded-for").iter().next_back();
        let last = last.and_then(|value| value.to_str().ok());
        let last = last.and_then(|text| text.rsplit(',').next());
        last.and_then(|text| text.trim().parse().ok())
            .unwrap_or(peer)
    }

    async fn dispatch(
        &self,
        request: Request<Incoming>,
        exchange: &mut Exchange,
    ) -> Result<Response<Body>, Problem> {
        let (parts, body) = request.into_parts();
        let Some((path, raw)) = self.routes.find(parts.uri.path()) else {
            return Err(self.unknown_path());
        };
        exchange.template = path.template.clone();
        if parts.method == Method::OPTIONS {
            return Ok(options(path));
        }
        match path.target(&parts.method) {
            None => Err(Problem::method_not_allowed(path.allow.clone())),
            Some(Target::System(target)) => {
                exchange.operation = path.template.clone();
                exchange.is_probe =
                    matches!(target, System::Health | System::Ready | System::Metrics);
                self.system(*target, &parts, &raw).await
            }
            Some(Target::Operation(route)) => {
                let route = route.clone();
                self.operation(&route, &parts, &raw, body, exchange).await
            }
        }
    }

    async fn system(
        &self,
        target: System,
        parts: &Parts,
        raw: &[&str],
    ) -> Result<Response<Body>, Problem> {
        match target {
            System::Fixed(index) => Ok(self.fixed[index].response(&parts.headers)),
            System::Health => Ok(system::json(r#"{"status":"ok"}"#)),
            System::Ready => system::ready(self),
            System::Metrics => system::metrics(self),
            System::Problem => self.problems.response(raw),
            System::DevelopmentSignIn => self.development_sign_in(parts, raw).await,
        }
    }

    async fn operation(
        &self,
        route: &Route,
        parts: &Parts,
        raw: &[&str],
        body: Incoming,
        exchange: &mut Exchange,
    ) -> Result<Response<Body>, Problem> {
        let operation = &self.plan.operations[route.operation];
        let prepared = &self.operations[route.operation];
        exchange.operation = prepared.id.clone();
        if prepared.answerer != Answerer::Download {
            request::check_accepts_json(&parts.headers)?;
        }
        let now = clock::now();
        let caller = self.caller(prepared, &parts.headers, now).await;
        let known = caller.as_ref().ok().and_then(Option::as_ref);
        self.count(prepared, known, exchange).await?;
        let caller = caller?;
        exchange.account = caller.as_ref().map(|caller| caller.account_id.clone());
        let signed_in = caller.is_some();
        let context = Context {
            caller,
            now,
            request_id: exchange.trace.request_id.clone(),
        };
        // Who may not call at all hears so before what is wrong with the request, and no body is read.
        if matches!(prepared.answerer, Answerer::Write | Answerer::Accounts) {
            self.store.admit(route.operation, &context)?;
        }
        let call = request::call(parts, route, raw, operation, prepared)?;
        let reply = match prepared.answerer {
            Answerer::Read => self.store.answer(&call, &context).await?,
            Answerer::Write => {
                let mut call = self.with_body(call, parts, body).await?;
                if prepared.is_named
                    && let Some(accounts) = &self.accounts
                {
                    call.proofs.token = signed_in.then(|| accounts.token(&parts.headers)).flatten();
                    if prepared.handles_secrets {
                        let passwords = self.store.passwords(&call, &context)?;
                        if let Some(rate) = prepared.password_rate.filter(|_| passwords.are_given())
                        {
                            self.take(rate, Key::address(exchange.address), exchange)
                                .await?;
                        }
                        call = accounts.prove(call, passwords, now).await?;
                    }
                }
                self.write(call, context).await?
            }
            Answerer::Accounts => {
                let call = self.with_body(call, parts, body).await?;
                self.accounts()?.answer(call, context).await?
            }
            Answerer::Upload => {
                let (files, body) = (self.files()?, body::upload(body));
                let upload = files.upload(&self.store, call, context, &parts.headers, body);
                upload.await?
            }
            Answerer::Download => {
                let token = call.path.first().map_or("", String::as_str);
                let files = self.files()?;
                return files
                    .download(&self.store, token, &parts.headers, now)
                    .await;
            }
        };
        let mut response = reply::response(reply, prepared, parts, signed_in);
        reply::deprecate(prepared, response.headers_mut());
        Ok(response)
    }

    /// The call with its body.
    async fn with_body(
        &self,
        mut call: Call,
        parts: &Parts,
        body: Incoming,
    ) -> Result<Call, Problem> {
        let operation = &self.plan.operations[call.operation];
        let rule = self.operations[call.operation].body;
        request::read_body(&mut call, parts, body, operation, rule, self.body).await?;
        Ok(call)
    }

    async fn write(&self, call: Call, context: Context) -> Result<Reply, Problem> {
        let written = tokio::time::timeout(self.body.time, self.store.write(call, context)).await;
        let mut reply = written.map_err(|_| too_busy())??;
        if let Some(files) = &self.files {
            files
                .delete(&std::mem::take(&mut reply.dropped_files))
                .await;
        }
        Ok(reply)
    }

    /// Signs in as the account that stands for a role, without its password.
    async fn development_sign_in(
        &self,
        parts: &Parts,
        raw: &[&str],
    ) -> Result<Response<Body>, Problem> {
        seed::check_host(&parts.headers)?;
        let role = raw.first().and_then(|role| query::decode(role));
        let account = role.and_then(|role| self.offered.iter().find(|one| one.role == role));
        let Some(account) = account else {
            return Err(Problem::not_found("No account stands for this role."));
        };
        let reply = self
            .accounts()?
            .sign_in_as(&account.sign_in, clock::now())
            .await?;
        Ok(system::json(reply.body.unwrap_or_default()))
    }

    fn accounts(&self) -> Result<&Accounts, Problem> {
        let accounts = self.accounts.as_ref();
        accounts.ok_or_else(|| Problem::internal("a plan without accounts signs somebody in"))
    }

    fn files(&self) -> Result<&Files, Problem> {
        let files = self.files.as_ref();
        files.ok_or_else(|| Problem::internal("a plan without downloads has files"))
    }

    /// Deletes what uploads left behind that were cut off by the end of the process.
    pub(crate) fn sweep(&self) {
        if let Some(files) = self.files.clone() {
            let store = self.store.clone();
            tokio::spawn(async move { files.sweep(store).await });
        }
    }

    /// Who calls: nobody, an account, or a refusal.
    async fn caller(
        &self,
        prepared: &Prepared,
        headers: &HeaderMap,
        now: i64,
    ) -> Result<Option<Caller>, Problem> {
        match &self.accounts {
            Some(accounts) if prepared.reads_token => accounts.caller(headers, now).await,
            _ => Ok(None),
        }
    }

    fn unknown_path(&self) -> Problem {
        let base = &self.plan.model.api.base;
        Problem::not_found(format!(
            "Nothing is served under this path. The operations are below `{base}/`, and `/openapi.json` lists them."
        ))
    }

    /// Counts the request for its account, or for its address where nobody is signed in.
    async fn count(
        &self,
        prepared: &Prepared,
        caller: Option<&Caller>,
        exchange: &mut Exchange,
    ) -> Result<(), Problem> {
        let account = caller
            .filter(|_| !prepared.counts_address)
            .and_then(Key::account);
        let key = account.unwrap_or(Key::address(exchange.address));
        self.take(prepared.rate, key, exchange).await
    }

    async fn take(&self, rate: usize, key: Key, exchange: &mut Exchange) -> Result<(), Problem> {
        let Some(limits) = &self.limits else {
            return Ok(());
        };
        let (standing, taken) = limits.take(rate, key).await;
        exchange.standing = Some(standing);
        taken
    }

    fn refuse(&self, problem: Problem, exchange: &Exchange) -> Response<Body> {
        let model = &self.plan.model;
        let problem = problem.challenged(&model.api.schemes, &model.name);
        let problem = problem.told_by(&model.api);
        let shape = model.api.error_shape(problem.status);
        let shaped = shape.and_then(|shape| error_shape::body(model, shape, &problem));
        problem.into_response(&exchange.trace.request_id, shaped)
    }
}

/// Work that was handed to the writer is done, although nobody waits for it any more.
fn too_busy() -> Problem {
    let detail =
        "The server is too busy to say whether this was done; look before you send it again.";
    Problem::unavailable(detail, 5)
}

fn options(path: &Path) -> Response<Body> {
    let mut response = Response::new(body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, path.allow.clone());
    response
}

fn panicked(panic: &(dyn Any + Send)) -> Problem {
    let said = panic.downcast_ref::<&str>().copied();
    let said = said.or(panic.downcast_ref::<String>().map(String::as_str));
    Problem::internal(format!("a panic: {}", said.unwrap_or("without a message")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_logged_and_not_told() {
        let said: [Box<dyn Any + Send>; 2] =
            [Box::new("a secret"), Box::new("a secret".to_owned())];
        for panic in said {
            let problem = panicked(panic.as_ref());
            assert_eq!(problem.status, 500);
            assert!(!problem.detail.contains("secret"));
            assert_eq!(problem.log.as_deref(), Some("a panic: a secret"));
        }
    }
}
