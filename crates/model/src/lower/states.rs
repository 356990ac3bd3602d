//! State machines: the field, its first value, and moves that lead from value to value.

use super::access::GrantPlace;
use super::context::{Lowering, unknown};
use super::inputs::Inputs;
use super::names::Form;
use super::typing::{Absent, Bindings, Scope};
use super::writes::Write;
use crate::{EntityId, FieldId, Move, ScalarType, StateMachine};
use archwright_design::ast::{self, Text};
use archwright_diagnostics::Diagnostic;
use std::collections::BTreeSet;
use std::rc::Rc;

impl Lowering<'_> {
    /// The machines with names and values of their moves; what the moves do comes with [`Self::check_moves`].
    pub fn collect_states(&mut self) {
        for entity in self.entity_ids() {
            let source = self.sources[entity.0];
            if source.state.is_none() && source.moves.is_empty() {
                continue;
            }
            let Some((field, values)) = self.state_field(entity, source) else {
                continue;
            };
            if let Some(part) = self.entity(entity).part_of {
                let message = format!(
                    "`{}` is part of `{}`, and parts have no moves",
                    self.entity(entity).name,
                    self.path(part.field)
                );
                self.error(
                    "AW279",
                    source.name.span,
                    message,
                    "put the moves on the whole",
                );
                continue;
            }
            if let (Some(state), true) = (&source.state, source.moves.is_empty()) {
                self.error(
                    "AW303",
                    state.span,
                    "a state that no move changes",
                    "add `moves`, or remove `state`",
                );
            }
            self.field_mut(field).read_only = true;
            let initial = self.initial(field, &values);
            let moves = self.collect_moves(source, &values);
            self.warn_unreached(source, field, &initial, &values, &moves);
            let names = moves.iter().map(|step| step.name.clone());
            self.move_names[entity.0] = names.zip(0..).collect();
            self.entities[entity.0].state = Some(StateMachine {
                field,
                initial,
                moves,
            });
        }
    }

    fn state_field(
        &mut self,
        entity: EntityId,
        source: &ast::Entity,
    ) -> Option<(FieldId, Vec<String>)> {
        let found = match &source.state {
            Some(name) => Some(self.find_field(entity, name)?),
            None => ["status", "state"]
                .into_iter()
                .find_map(|name| self.field_named(entity, name)),
        };
        let place = source
            .state
            .as_ref()
            .or(source.moves.first().map(|step| &step.name))
            .map(|name| name.span);
        let Some(field) = found else {
            let diagnostic = Diagnostic::new(
                "AW300",
                place,
                format!(
                    "`{}` has moves, but no field for its state",
                    source.name.value
                ),
            )
            .help("add `status: enum(draft, done) = draft`, or name the field with `state`");
            self.report(diagnostic);
            return None;
        };
        if self.broken.contains(&field) {
            return None;
        }
        let computed = self
            .source(field)
            .is_some_and(|source| source.computed.is_some());
        match self.field(field).scalar() {
            Some(ScalarType::Enum { values }) if !self.field(field).optional && !computed => {
                Some((field, values.clone()))
            }
            _ => {
                let message = format!(
                    "`{}` can't hold a state: it has to be a required, stored enum",
                    self.path(field)
                );
                self.report(
                    Diagnostic::new("AW300", place, message)
                        .help("write `status: enum(draft, done) = draft`"),
                );
                None
            }
        }
    }

    fn initial(&mut self, field: FieldId, values: &[String]) -> String {
        let first = values.first().cloned().unwrap_or_default();
        let Some(default) = self
            .source(field)
            .and_then(|source| source.default.as_ref())
        else {
            return first;
        };
        let written = default.value.trim().trim_matches(['\'', '"']);
        if values.iter().any(|value| value == written) {
            return written.to_owned();
        }
        if !default
            .value
            .trim()
            .starts_with(|first: char| first.is_ascii_alphanumeric())
            || default.value.contains(['(', '.', ' '])
        {
            self.error(
                "AW300",
                default.span,
                "the first state has to be a value, not an expression",
                "write one of the values",
            );
        }
        first
    }

    fn collect_moves(&mut self, source: &ast::Entity, values: &[String]) -> Vec<Move> {
        let mut moves: Vec<Move> = Vec::new();
        for step in &source.moves {
            self.check_name(&step.name, Form::Word, "a move");
            if step.from.is_empty() {
                self.error(
                    "AW303",
                    step.name.span,
                    format!("the move `{}` begins nowhere", step.name.value),
                    "add `from:` with one or more values",
                );
            }
            let mut from: Vec<String> = Vec::new();
            for value in &step.from {
                if from.contains(&value.value) {
                    self.repeated(value, "state");
                } else if self.is_state(value, values) {
                    from.push(value.value.clone());
                }
            }
            let to = step
                .to
                .as_ref()
                .filter(|value| self.is_state(value, values))
                .map(|value| value.value.clone());
            moves.push(Move {
                name: step.name.value.clone(),
                about: step
                    .about
                    .as_ref()
                    .map(|about| about.value.clone())
                    .unwrap_or_default(),
                from,
                to: to.unwrap_or_default(),
                by: Vec::new(),
                when: None,
                input: Vec::new(),
                set: Vec::new(),
                steps: Vec::new(),
                span: step.span,
            });
        }
        moves
    }

    fn is_state(&mut self, value: &Text, values: &[String]) -> bool {
        let known = values.contains(&value.value);
        if !known && matches!(&value.value[..], "any" | "all" | "*") {
            let help = format!("name the states: `[{}]`", values.join(", "));
            self.error(
                "AW301",
                value.span,
                format!("`{}` is no state", value.value),
                &help,
            );
        } else if !known {
            self.report(unknown(
                "AW301",
                value.span,
                "state",
                &value.value,
                values.iter().map(String::as_str),
            ));
        }
        known
    }

    fn warn_unreached(
        &mut self,
        source: &ast::Entity,
        field: FieldId,
        initial: &str,
        values: &[String],
        moves: &[Move],
    ) {
        // What a move with an unknown state reaches is not known.
        let broken = |step: &Move| step.from.is_empty() || step.to.is_empty();
        if source.moves.is_empty() || moves.iter().any(broken) {
            return;
        }
        let mut reached: BTreeSet<&str> = BTreeSet::from([initial]);
        loop {
            let before = reached.len();
            for step in moves {
                if step.from.iter().any(|from| reached.contains(&from[..])) {
                    reached.insert(&step.to);
                }
            }
            if reached.len() == before {
                break;
            }
        }
        let unreached: Vec<String> = values
            .iter()
            .filter(|value| !reached.contains(&value[..]))
            .cloned()
            .collect();
        for value in unreached {
            let place = self.source(field).map(|source| &source.ty);
            let argument =
                place.and_then(|ty| ty.arguments.iter().find(|argument| argument.value == value));
            let span = argument
                .map(|argument| argument.span)
                .or(place.map(|ty| ty.span));
            let diagnostic = Diagnostic::new("AW302", span, format!("no move leads to `{value}`"))
                .help("add a move to it, or remove the value");
            self.report(diagnostic);
        }
    }

    pub fn check_moves(&mut self) {
        for entity in self.entity_ids() {
            let source = self.sources[entity.0];
            let Some(machine) = &self.entity(entity).state else {
                continue;
            };
            let state = machine.field;
            for (index, step) in source.moves.iter().enumerate() {
                self.check_move(entity, state, index, step);
            }
        }
    }

    fn check_move(&mut self, entity: EntityId, state: FieldId, index: usize, source: &ast::Move) {
        if source.by.is_empty() {
            let diagnostic = Diagnostic::new(
                "AW278",
                source.name.span,
                format!("nobody can make the move `{}`", source.name.value),
            )
            .help("say who may with `by`");
            self.report(diagnostic);
        }
        let by = self.grants(&source.by, Some(entity), GrantPlace::Write);
        let input = self.input_fields(&source.input, Form::Field);
        let signed_in =
            !source.by.is_empty() && by.iter().all(|grant| grant.who != crate::Who::Anyone);
        let mut scope = Scope {
            inputs: Some(Rc::new(Inputs::of_move(&input))),
            signed_in,
            ..Scope::rule(entity)
        };
        let when = source
            .when
            .as_ref()
            .and_then(|when| self.condition(when, &scope));
        let mut set = Vec::new();
        for (name, value) in &source.set {
            if self.field_named(entity, &name.value) == Some(state) {
                let message = "the move sets the state by itself";
                self.error("AW356", name.span, message, "remove this: `to` says it");
                continue;
            }
            let Some(field) = self.settable_field(entity, name, Write::Update) else {
                continue;
            };
            if let Some(value) = self.assigned(value, field, &scope, Absent::Keeps) {
                set.push((field, value));
            }
        }
        let mut bindings = Bindings::default();
        let steps = self.steps(&source.steps, &mut scope, &mut bindings);
        if let Some(step) = self.entities[entity.0]
            .state
            .as_mut()
            .and_then(|machine| machine.moves.get_mut(index))
        {
            (step.by, step.input, step.when, step.set, step.steps) = (by, input, when, set, steps);
        }
    }
}
