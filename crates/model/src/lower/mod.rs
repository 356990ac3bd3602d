//! The fixed list of passes from syntax tree to model. Each reads only what earlier ones left.

mod access;
mod api;
mod components;
mod computed;
mod context;
mod contradictions;
mod endless;
mod entities;
mod expressions;
mod fields;
mod former_names;
mod inputs;
mod literals;
mod made_moves;
mod modifiers;
mod names;
mod on_delete;
mod operations;
mod passwords;
mod prepare;
mod refusals;
mod relations;
mod replies;
mod requests;
mod roles;
mod routes;
mod scalars;
mod seed_twins;
mod seeds;
mod shapes;
mod shown_names;
mod states;
mod steps;
mod stored_names;
mod suspicions;
mod typing;
mod unconfined;
mod unreachable;
mod writes;

use crate::Model;
use archwright_design::ast::Design;
use archwright_diagnostics::{Diagnostic, has_errors, sort};
use context::Lowering;

/// Resolves a design. The model is there only if nothing is an error; the diagnostics are all that is wrong, in the
/// order of their places.
pub fn lower(design: &Design) -> (Option<Model>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let (design, hidden) = prepare::prepare(design, &mut diagnostics);
    let mut lowering = Lowering::new(&design, &hidden, diagnostics);
    lowering.read_api();
    lowering.collect_entities();
    lowering.collect_fields();
    lowering.pair_relations();
    lowering.finish_fields();
    lowering.collect_roles();
    lowering.collect_accounts();
    lowering.collect_states();
    lowering.collect_views();
    lowering.check_access();
    lowering.check_expressions();
    lowering.check_moves();
    lowering.check_views();
    lowering.check_operations();
    lowering.check_made_moves();
    lowering.check_types();
    lowering.check_former_names();
    lowering.check_requests();
    lowering.check_routes();
    lowering.check_stored_names();
    lowering.check_seeds();
    lowering.refuse_seed_twins();
    lowering.warn_unused();
    if !has_errors(&lowering.diagnostics) {
        lowering.suspect();
    }
    finish(lowering)
}

fn finish(lowering: Lowering) -> (Option<Model>, Vec<Diagnostic>) {
    let mut diagnostics = lowering.diagnostics;
    sort(&mut diagnostics);
    diagnostics.dedup();
    if has_errors(&diagnostics) {
        return (None, diagnostics);
    }
    let text =
        |text: &Option<archwright_design::ast::Text>| text.as_ref().map(|text| text.value.clone());
    let model = Model {
        name: text(&lowering.design.name).unwrap_or_default(),
        about: text(&lowering.design.about).unwrap_or_default(),
        api: lowering.api,
        roles: lowering.roles,
        entities: lowering.entities,
        views: lowering.views,
        operations: lowering.operations,
        account: lowering.account,
        tenant: lowering.tenant,
        stack: lowering.stack,
        seeds: lowering.seeds,
    };
    (Some(model), diagnostics)
}
