//! Every decision of the architect, made once, target-neutral, each with its reason. The server interprets it,
//! emitters print it, the suite proves it; none of them decides anything that another would have to decide again.

mod conditions;
mod confine;
mod decisions;
mod errors;
mod expand;
mod guards;
pub mod limits;
mod lists;
mod matrix;
mod operations;
pub mod pattern;
mod render;
mod request;
mod resources;
mod security;
mod seed;
mod tables;
mod tags;
mod text;
mod types;
mod watches;

pub use archwright_diagnostics::nearest;
pub use archwright_model as model;
pub use archwright_model::naming::{column_name, lookup_column};
pub use conditions::Condition;
pub use errors::{COMMON_ERRORS, status_code, status_title};
pub use expand::{ExpandPlace, ExpandStep};
pub use matrix::is_of_class;
pub use render::{json, text as render_text};
pub use request::{PASSWORD_RATE, RequestBody};
pub use seed::*;
pub use tags::{Tag, words};
pub use text::{cel, decimal, literal};
pub use types::*;
pub use watches::{Hop, Watch};

/// Decides everything about a model. Total: a valid model always has a plan.
pub fn plan(mut model: model::Model) -> Plan {
    confine::confine(&mut model);
    let mut tables = tables::tables(&model);
    let operations = operations::operations(&model, &mut tables);
    lists::other_indexes(&model, &mut tables);
    let resources = resources::resources(&model);
    let matrix = matrix::matrix(&model, &operations);
    let decisions = decisions::decisions(&model, &operations);
    let watches = watches::watches(&model);
    let row_security = security::row_security(&model, &tables, &resources, &operations);
    let mut plan = Plan {
        model,
        tables,
        resources,
        operations,
        matrix,
        decisions,
        row_security,
        watches,
    };
    plan.decide_expand_depths();
    plan
}
