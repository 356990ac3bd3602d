//! Everything that a plan promises, case by case. Deriving asks nobody; each case asks the server when it is run.

mod access;
mod attempt;
mod auth;
mod conditional;
mod fields;
mod files;
mod happy;
mod idempotency;
mod ignored;
mod input;
mod invalid;
mod keys;
mod lists;
mod moves;
mod named;
mod neighbours;
mod protocol;
mod relations;
mod rules;
mod tenants;

pub use auth::{TokenKey, tokens::TokenSecrets};

use crate::session::{Outcome, Session};
use archwright_diagnostics::Span;
use archwright_plan::Plan;

type Run<'p> = Box<dyn Fn(&mut Session<'p>) -> Outcome<()> + 'p>;

/// One promise of the plan.
pub struct Case<'p> {
    /// Stable: `orders.place/denied/customer-not-owner/state=draft`.
    pub name: String,
    /// The part of the report that it is counted in.
    pub group: &'static str,
    /// Which rule it proves.
    pub reason: String,
    /// Where the design says so, if it does.
    pub span: Option<Span>,
    pub(crate) run: Run<'p>,
}

/// The cases of one group, while they are gathered.
pub(crate) struct Cases<'p> {
    pub plan: &'p Plan,
    group: &'static str,
    all: Vec<Case<'p>>,
}

impl<'p> Cases<'p> {
    pub fn add(
        &mut self,
        name: impl Into<String>,
        reason: impl Into<String>,
        span: Option<Span>,
        run: impl Fn(&mut Session<'p>) -> Outcome<()> + 'p,
    ) {
        self.all.push(Case {
            name: name.into(),
            group: self.group,
            reason: reason.into(),
            span,
            run: Box::new(run),
        });
    }
}

type Derive = fn(&mut Cases<'_>);

/// All cases, in the order in which they are run.
pub fn derive(plan: &Plan) -> Vec<Case<'_>> {
    let groups: [(&'static str, Derive); 17] = [
        ("protocol", protocol::derive),
        ("operations", happy::derive),
        ("input", input::derive),
        ("access", access::derive),
        ("fields", fields::derive),
        ("moves", moves::derive),
        ("rules", rules::derive),
        ("named", named::derive),
        ("uniqueness", keys::derive),
        ("relations", relations::derive),
        ("lists", lists::derive),
        ("lost updates", conditional::derive),
        ("idempotency", idempotency::derive),
        ("tenants", tenants::derive),
        ("files", files::derive),
        ("sign-in", auth::derive),
        ("tokens", auth::tokens::derive),
    ];
    let mut cases = Cases {
        plan,
        group: "",
        all: Vec::new(),
    };
    for (group, derive) in groups {
        cases.group = group;
        derive(&mut cases);
    }
    cases.all
}
