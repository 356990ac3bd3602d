//! Clients that pay, look at what they paid, and look at the books; each request is sent again until it is answered.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use ureq::Agent;

const CLIENTS: usize = 4;
const ACCOUNTS: usize = 6;
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Shared {
    url: String,
    stopping: AtomicBool,
    /// Writes that were acknowledged, and requests that got no answer or a 503.
    acknowledged: AtomicUsize,
    refused: AtomicUsize,
    /// What must not happen.
    violations: Mutex<Vec<String>>,
}

pub struct Traffic {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<BTreeMap<String, String>>>,
    agent: Agent,
}

impl Traffic {
    pub fn start(url: &str) -> Result<Self> {
        let shared = Arc::new(Shared {
            url: url.to_owned(),
            ..Shared::default()
        });
        let agent = agent();
        for account in 0..ACCOUNTS {
            let body = json!({ "code": code(account) });
            let (status, reply) = post(&agent, &format!("{url}/v1/accounts"), None, &body)?;
            ensure!(status == 201, "an account: {status} {reply}");
        }
        let clients = (0..CLIENTS).map(|client| {
            let shared = shared.clone();
            std::thread::spawn(move || Client::new(shared, client).work())
        });
        Ok(Self {
            clients: clients.collect(),
            shared,
            agent,
        })
    }

    /// Waits for so many more acknowledged writes.
    pub fn progress(&self, more: usize, patience: Duration) -> Result<()> {
        self.grow(&self.shared.acknowledged, more, patience)
            .context("no write is acknowledged any more")
    }

    /// Waits for so many more requests that are refused or cut off.
    pub fn refusals(&self, more: usize, patience: Duration) -> Result<()> {
        self.grow(&self.shared.refused, more, patience)
            .context("no request is refused, although something is broken")
    }

    fn grow(&self, count: &AtomicUsize, more: usize, patience: Duration) -> Result<()> {
        let (goal, began) = (count.load(Ordering::Relaxed) + more, Instant::now());
        while count.load(Ordering::Relaxed) < goal {
            self.sound()?;
            if began.elapsed() > patience {
                bail!("nothing happened for {} s", patience.as_secs());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Waits until the server says so of Redis.
    pub fn told(&self, of_redis: &str, patience: Duration) -> Result<()> {
        let (url, began) = (format!("{}/readyz", self.shared.url), Instant::now());
        loop {
            let (status, reply) = get(&self.agent, &url)?;
            ensure!(status == 200, "not ready: {status} {reply}");
            if reply["redis"] == of_redis {
                return Ok(());
            }
            ensure!(began.elapsed() < patience, "not {of_redis}: {reply}");
            std::thread::sleep(PAUSE);
        }
    }

    pub fn sound(&self) -> Result<()> {
        let violations = self.shared.violations.lock();
        let violations = violations.map_err(|_| anyhow::anyhow!("a client panicked"))?;
        ensure!(violations.is_empty(), "{}", violations.join("\n"));
        Ok(())
    }

    /// Ends the traffic, and looks for each acknowledged write.
    pub fn finish(self, patience: Duration) -> Result<String> {
        self.shared.stopping.store(true, Ordering::Relaxed);
        let began = Instant::now();
        while !self.clients.iter().all(JoinHandle::is_finished) {
            ensure!(
                began.elapsed() < patience,
                "requests are not answered any more"
            );
            std::thread::sleep(PAUSE);
        }
        let mut paid = BTreeMap::new();
        for client in self.clients {
            let own = client.join();
            paid.extend(own.map_err(|_| anyhow::anyhow!("a client panicked"))?);
        }
        let violations = std::mem::take(&mut *self.shared.violations.lock().unwrap_or_else(
            // Who panicked has been found by `join`.
            std::sync::PoisonError::into_inner,
        ));
        ensure!(violations.is_empty(), "{}", violations.join("\n"));
        let url = &self.shared.url;
        for (id, reference) in &paid {
            let (status, reply) = get(&self.agent, &format!("{url}/v1/transfers/{id}"))?;
            ensure!(status == 200, "{reference} is lost: {status} {reply}");
            transfer(&reply, reference).map_err(anyhow::Error::msg)?;
        }
        let (status, books) = get(&self.agent, &format!("{url}/v1/books"))?;
        ensure!(status == 200, "the books: {status} {books}");
        let kept = books["transfers"].as_u64().unwrap_or_default();
        ensure!(
            kept == paid.len() as u64,
            "{} payments were acknowledged, and {kept} are there",
            paid.len()
        );
        ensure!(books["balances"] == 0, "the books don't balance: {books}");
        let refused = self.shared.refused.load(Ordering::Relaxed);
        Ok(format!(
            "{} payments kept, {refused} requests refused or cut off",
            paid.len()
        ))
    }
}

struct Client {
    shared: Arc<Shared>,
    number: usize,
    agent: Agent,
    /// The reference of each payment by its id.
    paid: BTreeMap<String, String>,
}

impl Client {
    fn new(shared: Arc<Shared>, number: usize) -> Self {
        Self {
            shared,
            number,
            agent: agent(),
            paid: BTreeMap::new(),
        }
    }

    fn work(mut self) -> BTreeMap<String, String> {
        for count in 0.. {
            if self.shared.stopping.load(Ordering::Relaxed) {
                break;
            }
            let done = self.pay(count).and_then(|()| match count % 3 {
                0 => self.look(),
                1 => self.books(),
                _ => Ok(()),
            });
            if let Err(violation) = done {
                if let Ok(mut violations) = self.shared.violations.lock() {
                    violations.push(violation);
                }
                break;
            }
        }
        self.paid
    }

    /// By steps, or as a row with its parts.
    fn pay(&mut self, count: usize) -> Result<(), String> {
        let reference = format!("client-{}-{count}", self.number);
        let from = fastrand::usize(..ACCOUNTS);
        let to = (from + 1 + fastrand::usize(..ACCOUNTS - 1)) % ACCOUNTS;
        let amount = fastrand::i64(1..1_000);
        let (path, body) = match fastrand::bool() {
            true => (
                "payments",
                json!({ "reference": reference, "from": code(from), "to": code(to), "amount": amount }),
            ),
            false => {
                let ids = [self.account(from)?, self.account(to)?];
                let entry =
                    |id: &String, amount: i64| json!({ "account_id": id, "amount": amount });
                let entries = [entry(&ids[0], -amount), entry(&ids[1], amount)];
                (
                    "transfers",
                    json!({ "reference": reference, "entries": entries }),
                )
            }
        };
        let url = format!("{}/v1/{path}", self.shared.url);
        let reply = self.answered(201, |agent| post(agent, &url, Some(&reference), &body))?;
        let id = reply["id"]
            .as_str()
            .ok_or_else(|| format!("no id: {reply}"))?;
        if let Some(other) = self.paid.insert(id.to_owned(), reference.clone()) {
            return Err(format!("{other} and {reference} are one row"));
        }
        self.shared.acknowledged.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn account(&self, number: usize) -> Result<String, String> {
        let url = format!("{}/v1/accounts?code={}", self.shared.url, code(number));
        let reply = self.answered(200, |agent| get(agent, &url))?;
        let id = reply["data"][0]["id"].as_str();
        id.map(str::to_owned)
            .ok_or_else(|| format!("an account is lost: {reply}"))
    }

    /// A payment of any time before.
    fn look(&self) -> Result<(), String> {
        let at = fastrand::usize(..self.paid.len().max(1));
        let Some((id, reference)) = self.paid.iter().nth(at) else {
            return Ok(());
        };
        let url = format!("{}/v1/transfers/{id}", self.shared.url);
        let reply = self.answered(200, |agent| get(agent, &url))?;
        transfer(&reply, reference)
    }

    fn books(&self) -> Result<(), String> {
        let least = self.shared.acknowledged.load(Ordering::Relaxed) as u64;
        let url = format!("{}/v1/books", self.shared.url);
        let reply = self.answered(200, |agent| get(agent, &url))?;
        let seen = reply["transfers"].as_u64().unwrap_or_default();
        match reply["balances"] == 0 && seen >= least {
            true => Ok(()),
            false => Err(format!("after {least} payments the books are {reply}")),
        }
    }

    /// Asks until there is an answer that is neither a cut connection nor a 503.
    fn answered(
        &self,
        wanted: u16,
        ask: impl Fn(&Agent) -> Result<(u16, Value)>,
    ) -> Result<Value, String> {
        loop {
            match ask(&self.agent) {
                Ok((status, reply)) if status == wanted => return Ok(reply),
                Ok((503, reply)) if reply["code"] == "unavailable" => {}
                Ok((status, reply)) => return Err(format!("{wanted} was due: {status} {reply}")),
                Err(_) => {}
            }
            self.shared.refused.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(PAUSE);
        }
    }
}

fn code(account: usize) -> String {
    format!("account-{account}")
}

/// Whole, or not there at all.
fn transfer(reply: &Value, reference: &str) -> Result<(), String> {
    let entries = reply["entries"].as_array().map_or(&[][..], Vec::as_slice);
    let amounts: Vec<i64> = entries
        .iter()
        .filter_map(|one| one["amount"].as_i64())
        .collect();
    let sound = amounts.len() == 2 && amounts.iter().sum::<i64>() == 0;
    match sound && reply["reference"] == reference {
        true => Ok(()),
        false => Err(format!("{reference} is shown as {reply}")),
    }
}

fn agent() -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)));
    config.build().into()
}

fn post(agent: &Agent, url: &str, key: Option<&str>, body: &Value) -> Result<(u16, Value)> {
    let mut request = agent.post(url).header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    read(request.send(body.to_string())?)
}

fn get(agent: &Agent, url: &str) -> Result<(u16, Value)> {
    read(agent.get(url).call()?)
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Result<(u16, Value)> {
    let text = response.body_mut().read_to_string()?;
    Ok((response.status().as_u16(), serde_json::from_str(&text)?))
}
