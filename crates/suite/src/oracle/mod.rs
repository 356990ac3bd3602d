//! What any implementation of the plan has to answer: the rules, judged on the rows in memory.

mod body;
mod closed;
mod delete;
mod judge;
mod list;
mod problem;
mod program;
mod shape;
mod show;
mod write;

pub use body::{Body, Given, Part, inputs_value, move_json};
pub use delete::{deletion, rule as restriction};
pub use judge::{Judge, Who, reading};
pub use list::{Question, answer};
pub use problem::{Faults, Problem};
pub use program::{Course, Inputs, Performed, SignedIn, perform};
pub use shape::{Told, own_shape, shape};
pub use show::{Shown, adopt, compare, fits, learn, name, representation};
pub use write::{NEW, UNREADABLE, create, removal, shift, sign_up, step, touch, update};

/// A reply that refuses, and which rule says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    /// JSON Pointers that the reply has to name; empty: not looked at.
    pub pointers: Vec<String>,
    /// For people: `the check sale_is_cheaper`.
    pub rule: String,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, rule: impl Into<String>) -> Self {
        Self {
            status,
            code,
            pointers: Vec::new(),
            rule: rule.into(),
        }
    }

    pub fn at(mut self, pointer: String) -> Self {
        self.pointers.push(pointer);
        self
    }
}
