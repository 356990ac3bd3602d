//! What any implementation of the plan has to answer: the rules, judged on the rows in memory.

mod body;
mod closed;
mod confine;
mod delete;
mod judge;
mod kept;
mod list;
mod problem;
mod program;
mod shape;
mod show;
mod write;

pub use body::{Body, Given, Part, inputs_value, move_json};
pub use delete::{deletion, rule as restriction};
pub use judge::{Judge, Who, reading};
pub use kept::broken_since;
pub use list::{Question, answer};
pub use problem::{Faults, Problem};
pub use program::{Course, Inputs, Performed, SignedIn, perform};
pub use shape::{Told, headers, own_shape, shape};
pub use show::{Shown, adopt, compare, fits, learn, name, representation};
pub use write::{NEW, UNREADABLE, create, removal, shift, sign_up, step, touch, update};

use archwright_plan::model::Api;
use archwright_plan::{Operation, Plan};

/// A reply that refuses, and which rule says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    /// JSON Pointers that the reply has to name; empty: not looked at.
    pub pointers: Vec<String>,
    /// For people: `the check sale_is_cheaper`.
    pub rule: String,
    /// A step says the status, whatever the code has elsewhere.
    pub is_chosen: bool,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, rule: impl Into<String>) -> Self {
        Self {
            status,
            code,
            pointers: Vec::new(),
            rule: rule.into(),
            is_chosen: false,
        }
    }

    /// The status that the reply has to have.
    pub fn told_with(&self, api: &Api) -> u16 {
        match self.is_chosen {
            true => self.status,
            false => api.status(self.code, self.status),
        }
    }

    /// Where the request carries no input to mend, what breaks a rule is at odds with what is stored.
    pub fn of_a_request_to(operation: &Operation, plan: &Plan, refusal: Self) -> Self {
        match operation.body(&plan.model).carries_input() {
            true => refusal,
            false => refusal.at_odds(),
        }
    }

    /// A write whose values don't come from a body breaks a rule.
    fn at_odds(self) -> Self {
        match self.code == "invalid" {
            true => Self {
                status: 409,
                code: "check",
                pointers: Vec::new(),
                ..self
            },
            false => self,
        }
    }

    pub fn at(mut self, pointer: String) -> Self {
        self.pointers.push(pointer);
        self
    }
}
