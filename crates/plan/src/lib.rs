//! Every decision of the architect, made once, target-neutral, each with its reason. The server interprets it,
//! emitters print it, the suite proves it; none of them decides anything that another would have to decide again.

mod seed;
mod types;

pub use archwright_model as model;
pub use seed::*;
pub use types::*;
