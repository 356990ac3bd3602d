//! Runs the cases one after the other: each sees what the earlier ones left, and the oracle knows it too.

use crate::actors::SignIn;
use crate::cases::{Case, TokenSecrets, derive};
use crate::client::{Client, Request, Stop};
use crate::clock::waits;
use crate::session::{Failure, Session, Trouble};
use crate::world::World;
use archwright_diagnostics::Span;
use archwright_plan::Plan;
use archwright_seed::Rng;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Reading all rows anew takes a while, and a server that fails everywhere is broken in any case.
const MOST_REFRESHES: usize = 5;

#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Of the server, or of its copies: requests go to them in turn.
    pub urls: Vec<String>,
    pub sign_ins: Vec<SignIn>,
    pub secrets: TokenSecrets,
    /// Only cases whose name has this in it, or fits it where it has a `*`.
    pub only: Option<String>,
    /// The same seed makes the same values.
    pub seed: u64,
    pub stop: Stop,
}

/// How far a run is.
pub enum Progress<'a> {
    /// What is done before the first case.
    Before(&'static str),
    Begun {
        name: &'a str,
        number: usize,
        all: usize,
    },
    Ended(&'a Result),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Failed(Box<Failure>),
    Skipped(String),
    /// Nothing says that it can't be asked, but no calls that do are found.
    Unreached(String),
}

/// What became of one case.
#[derive(Clone, Debug)]
pub struct Result {
    pub name: String,
    pub group: &'static str,
    pub reason: String,
    pub span: Option<Span>,
    pub verdict: Verdict,
    pub requests: usize,
    pub took: Duration,
}

#[derive(Clone, Debug, Default)]
pub struct Report {
    pub results: Vec<Result>,
    pub requests: usize,
    pub took: Duration,
    /// Of that, for the server's rate limits.
    pub waited: Duration,
    /// Cases that the run was stopped before.
    pub left: usize,
}

impl Report {
    pub fn count(&self, wanted: fn(&Verdict) -> bool) -> usize {
        self.results
            .iter()
            .filter(|result| wanted(&result.verdict))
            .count()
    }

    pub fn failed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Failed(_)))
    }

    pub fn passed(&self) -> usize {
        self.count(|verdict| *verdict == Verdict::Passed)
    }

    pub fn skipped(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Skipped(_)))
    }

    pub fn unreached(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Unreached(_)))
    }

    /// Operations of which no case passed that has them succeed, though nothing says that none can: then nothing is
    /// proven of what they do.
    pub fn unproven(&self) -> Vec<&str> {
        let mut operations: Vec<(&str, bool, bool)> = Vec::new();
        for result in &self.results {
            let Some(operation) = succeeding(&result.name) else {
                continue;
            };
            let passed = result.verdict == Verdict::Passed;
            let unreached = matches!(result.verdict, Verdict::Unreached(_));
            match operations.iter_mut().find(|(of, ..)| *of == operation) {
                Some((_, any_passed, any_unreached)) => {
                    *any_passed |= passed;
                    *any_unreached |= unreached;
                }
                None => operations.push((operation, passed, unreached)),
            }
        }
        let unproven = operations.into_iter();
        let unproven = unproven.filter(|(_, passed, unreached)| !passed && *unreached);
        unproven.map(|(operation, ..)| operation).collect()
    }

    /// What is said of the first case that would have the operation succeed.
    pub fn why_unproven(&self, operation: &str) -> &str {
        let mut reasons = self.results.iter().filter_map(|result| {
            let is_of = succeeding(&result.name) == Some(operation);
            match &result.verdict {
                Verdict::Unreached(reason) if is_of => Some(reason.as_str()),
                _ => None,
            }
        });
        reasons.next().unwrap_or_default()
    }
}

/// The operation that a case has succeed, if it is about that.
fn succeeding(name: &str) -> Option<&str> {
    let (operation, rest) = name.split_once('/')?;
    let succeeds = rest == "happy"
        || rest.starts_with("happy/")
        || rest.starts_with("set/")
        || rest.starts_with("from/");
    succeeds.then_some(operation)
}

/// The accounts that `archwright serve --seed` makes: two for each role.
pub fn default_sign_ins(plan: &Plan) -> Vec<SignIn> {
    let known = archwright_seed::known_sign_ins(&plan.model).into_iter();
    let known = known.map(|one| SignIn {
        role: match one.role {
            Some(_) => one.role_name,
            None => "none".to_owned(),
        },
        name: one.sign_in,
        password: one.password,
    });
    known.collect()
}

/// Whether a case is asked for.
pub fn is_wanted(name: &str, only: Option<&str>) -> bool {
    let Some(pattern) = only else { return true };
    if !pattern.contains('*') {
        return name.contains(pattern);
    }
    let mut rest = name;
    let pieces: Vec<&str> = pattern.split('*').collect();
    for (index, piece) in pieces.iter().enumerate() {
        let is_last = index + 1 == pieces.len();
        let found = match (index, is_last) {
            (0, _) => rest.starts_with(piece).then_some(0),
            (_, true) => rest.ends_with(piece).then(|| rest.len() - piece.len()),
            _ => rest.find(piece),
        };
        match found {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    true
}

/// Runs the cases. `Err` says why they can't be run at all; `progress` is told how far the run is.
pub fn run(
    plan: &Plan,
    options: &Options,
    mut progress: impl FnMut(Progress),
) -> std::result::Result<Report, String> {
    let begun = Instant::now();
    let cases = derive(plan);
    let wanted: Vec<&Case> = cases
        .iter()
        .filter(|case| is_wanted(&case.name, options.only.as_deref()))
        .collect();
    let mut session = session(plan, options)?;
    let mut report = Report::default();
    let taken = match session.begin(options, &mut progress) {
        Ok(taken) => taken,
        Err(_) if options.stop.is_asked() => None,
        Err(error) => return Err(error),
    };
    let last = each(&mut session, &wanted, options, &mut progress, &mut report);
    if !last.is_empty() {
        session.spare.is_on = false;
        session.sign_in_again();
        each(&mut session, &last, options, &mut progress, &mut report);
    }
    report.left = wanted.len() - report.results.len();
    session.client.stop = Stop::default();
    session.restore_sign_ins();
    if let Some((actor, roles)) = taken {
        session.restore_roles(actor, &roles);
    }
    report.requests = session.client.sent;
    report.waited = session.client.waited;
    report.took = begun.elapsed();
    Ok(report)
}

/// Runs the cases, and gives those that have to wait until no test account is needed any more.
fn each<'c, 'p>(
    session: &mut Session<'p>,
    cases: &[&'c Case<'p>],
    options: &Options,
    progress: &mut impl FnMut(Progress),
    report: &mut Report,
) -> Vec<&'c Case<'p>> {
    let mut waiting = Vec::new();
    let all = cases.len() + report.results.len();
    for case in cases {
        if options.stop.is_asked() {
            break;
        }
        progress(Progress::Begun {
            name: &case.name,
            number: report.results.len() + 1,
            all,
        });
        let result = one(session, case);
        let is_reached = matches!(result.verdict, Verdict::Passed | Verdict::Failed(_));
        // What it was stopped in the middle of says nothing.
        if result.verdict != Verdict::Passed && options.stop.is_asked() {
            break;
        }
        if session.spare.has_waited && !is_reached {
            waiting.push(*case);
            continue;
        }
        progress(Progress::Ended(&result));
        report.results.push(result);
    }
    waiting
}

fn session<'p>(plan: &'p Plan, options: &Options) -> std::result::Result<Session<'p>, String> {
    let mut client = Client::new(&options.urls)?;
    client.stop = options.stop.clone();
    Ok(Session {
        plan,
        world: World::new(plan),
        client,
        actors: Vec::new(),
        secrets: options.secrets.clone(),
        rng: Rng::new(options.seed),
        clock: 0,
        counter: 0,
        making: Vec::new(),
        preparing: 0,
        focus: Default::default(),
        pins: Default::default(),
        hints: Vec::new(),
        effort: 0,
        spent: 0,
        stuck: BTreeMap::new(),
        refreshed: 0,
        named_keys: Default::default(),
        crew: Vec::new(),
        sizes: crate::hints::sizes(plan),
        words: Vec::new(),
        wishes: Vec::new(),
        sessions: Vec::new(),
        spare: Default::default(),
    })
}

fn one<'p>(session: &mut Session<'p>, case: &Case<'p>) -> Result {
    let begun = Instant::now();
    let sent = session.client.sent;
    session.preparing = 0;
    session.effort = 0;
    session.spent = 0;
    session.focus.clear();
    session.pins.clear();
    session.making.clear();
    session.spare.has_waited = false;
    let verdict = match (case.run)(session) {
        Ok(()) => Verdict::Passed,
        Err(Trouble::Skipped(reason)) => Verdict::Skipped(reason),
        Err(Trouble::Unreached(reason)) => {
            let operation = case.name.split('/').next().unwrap_or_default();
            Verdict::Unreached(match waits(session.plan, operation) {
                Some(waits) => format!("{reason}; {waits}"),
                None => reason,
            })
        }
        Err(Trouble::Failed(failure)) => {
            // What the server holds may be another thing now than what is in memory.
            if session.refreshed < MOST_REFRESHES && !session.client.stop.is_asked() {
                session.refreshed += 1;
                let _ = session.survey();
            }
            Verdict::Failed(failure)
        }
    };
    session.restore_sign_ins();
    Result {
        name: case.name.clone(),
        group: case.group,
        reason: case.reason.clone(),
        span: case.span,
        verdict,
        requests: session.client.sent - sent,
        took: begun.elapsed(),
    }
}

/// An account without its roles, and these.
type Taken = Option<(usize, Vec<archwright_plan::model::RoleId>)>;

impl Session<'_> {
    /// All that comes before the first case.
    fn begin(
        &mut self,
        options: &Options,
        progress: &mut impl FnMut(Progress),
    ) -> std::result::Result<Taken, String> {
        progress(Progress::Before("signing in"));
        self.set_clock()?;
        self.sign_in_all(&options.sign_ins)?;
        self.keep_accounts();
        progress(Progress::Before("reading the rows that are there"));
        self.survey()?;
        progress(Progress::Before("making rows"));
        let taken = self.without_role();
        self.find_opaque();
        self.spent = 0;
        self.make_named_rows();
        Ok(taken)
    }

    /// Compares the clocks, by the `Date` of a reply.
    fn set_clock(&mut self) -> std::result::Result<(), String> {
        let reply = self.client.send(&Request::new("GET", "/"))?;
        let here = self.now();
        let there = reply.header("date").and_then(http_date);
        // A date has whole seconds, so that a smaller difference says nothing.
        self.clock = there
            .map_or(0, |there| there - here)
            .checked_abs()
            .filter(|off| *off > 1_500)
            .map_or(0, |_| there.map_or(0, |there| there - here));
        Ok(())
    }
}

/// Milliseconds since 1970 of `Wed, 25 Nov 2026 01:31:21 GMT`.
fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let parts: Vec<&str> = text.split(' ').collect();
    let [_, day, month, year, time, _] = parts.as_slice() else {
        return None;
    };
    let month = MONTHS.iter().position(|known| known == month)? + 1;
    archwright_plan::model::calendar::instant_from_text(&format!(
        "{year}-{month:02}-{day}T{time}.000Z"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_part_of_the_name_or_has_stars() {
        let name = "orders.place/denied/staff/state=paid";
        for (pattern, expected) in [
            ("place/denied", true),
            ("orders.*", true),
            ("*state=paid", true),
            ("orders.*/denied/*", true),
            ("books.*", false),
            ("*state=draft", false),
            ("nothing", false),
        ] {
            assert_eq!(is_wanted(name, Some(pattern)), expected, "{pattern}");
        }
    }

    #[test]
    fn dates_of_replies_are_read() {
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:01 GMT"), Some(1_000));
        assert_eq!(http_date("yesterday"), None);
    }
}
