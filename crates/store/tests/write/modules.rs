mod access;
mod accounts;
mod alike;
mod audit;
mod bounds;
mod checks;
#[path = "../common/database.rs"]
mod database;
mod deletion;
#[path = "../common/design.rs"]
mod design;
mod fields;
mod files;
mod leaving;
mod moves;
mod named;
mod odd;
mod passwords;
mod policies;
mod refused_steps;
mod relations;
mod repetition;
mod script;
mod shapes;
mod tenants;
mod together;
mod wholes;
