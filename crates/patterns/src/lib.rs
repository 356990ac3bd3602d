//! What a senior backend architect knows by heart: a library of small designs with the questions that go with them,
//! found by the words of a text, and joined to one design. Opens no file: the library is part of the program.

mod bindings;
mod compose;
mod draft;
mod expand;
mod grants;
#[cfg(test)]
mod library_tests;
mod matching;
mod node;
mod pattern;
mod print;
mod questions;
mod renames;
mod roles;
mod stem;
mod tenancy;

pub use bindings::Given;
pub use compose::{
    Answers, Because, ComposeError, Composition, Entity, GIVEN, Included, Member, compose,
};
pub use matching::{Match, Settled, called, matching, settled};
pub use node::Node;
pub use pattern::{Choice, Pattern, library, pattern};
pub use questions::{Effect, Question};
