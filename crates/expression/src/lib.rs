//! CEL text in, a small tree with places out. Knows nothing of the model.

pub mod ast;
mod parse;
mod syntax;
mod token;

pub use parse::parse;
