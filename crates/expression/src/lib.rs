//! CEL text in, a small tree with places out. Knows nothing of the model.

pub mod ast;
