//! Keeps named operations, and the effects of moves, to the caller's tenant on every way from row to row.
//!
//! Where steps look for rows, the back ends add [`crate::Resource::confinement`]. What is left are relations. Those of a
//! tenant's row may lead out of it too: to what anyone reads, to a row that changed its tenant since, or to what an
//! operation of somebody in no tenant put there.

use crate::guards::confinement;
use archwright_model::{
    BinaryOperator, EntityId, Expression, ExpressionKind, FieldId, FieldKind, Function, Literal,
    Model, Shape, Step, StepKind, ToManyKind, Type, VariableId,
};

/// Narrows what steps and shapes follow. Guards, checks and computed fields judge all rows.
pub fn confine(model: &mut Model) {
    if model.tenant.is_none() {
        return;
    }
    let mut operations = std::mem::take(&mut model.operations);
    for operation in &mut operations {
        steps(model, &mut operation.steps);
        for (_, reply) in &mut operation.replies {
            shape(model, reply);
        }
        for (_, header) in &mut operation.headers {
            value(model, header);
        }
    }
    model.operations = operations;
    let mut views = std::mem::take(&mut model.views);
    for view in &mut views {
        shape(model, &mut view.show);
    }
    model.views = views;
    for entity in 0..model.entities.len() {
        let Some(mut machine) = model.entities[entity].state.take() else {
            continue;
        };
        for one in &mut machine.moves {
            assigned(model, &mut one.set);
            steps(model, &mut one.steps);
        }
        model.entities[entity].state = Some(machine);
    }
}

fn steps(model: &Model, all: &mut [Step]) {
    for step in all {
        if let Some(condition) = &mut step.condition {
            value(model, condition);
        }
        if let Some(body) = &mut step.refusal {
            shape(model, body);
        }
        kind(model, &mut step.kind);
    }
}

fn kind(model: &Model, kind: &mut StepKind) {
    match kind {
        StepKind::Find { filter, .. } => filter.iter_mut().for_each(|one| value(model, one)),
        StepKind::List {
            filter,
            limit,
            offset,
            ..
        } => {
            let all = filter.iter_mut().chain(limit).chain(offset);
            all.for_each(|one| value(model, one));
        }
        StepKind::Guard { that } => value(model, that),
        StepKind::Create { set, .. } => assigned(model, set),
        StepKind::Upsert { key, set, .. } | StepKind::GetOrCreate { key, set, .. } => {
            assigned(model, key);
            assigned(model, set);
        }
        StepKind::Update { row, set, .. } => {
            reached(model, row);
            assigned(model, set);
        }
        StepKind::Delete { row } | StepKind::Move { row, .. } | StepKind::Token { row, .. } => {
            reached(model, row);
        }
        StepKind::Link { from, row, .. } | StepKind::Unlink { from, row, .. } => {
            reached(model, from);
            reached(model, row);
        }
        StepKind::Increment { row, by, .. } => {
            reached(model, row);
            value(model, by);
        }
        StepKind::SignIn { .. } => {}
        StepKind::Each {
            list, steps: inner, ..
        } => {
            value(model, list);
            steps(model, inner);
        }
    }
}

fn assigned(model: &Model, set: &mut [(FieldId, Expression)]) {
    for (_, one) in set {
        match one.ty {
            Type::Row(_) => reached(model, one),
            _ => value(model, one),
        }
    }
}

fn shape(model: &Model, shown: &mut Shape) {
    match shown {
        Shape::Nothing => {}
        Shape::Value(of) | Shape::Show { of, .. } => value(model, of),
        Shape::Object(parts) => parts.iter_mut().for_each(|(_, part)| shape(model, part)),
        Shape::IfPresent(inner) => shape(model, inner),
        Shape::If {
            test,
            then,
            otherwise,
        } => {
            value(model, test);
            shape(model, then);
            otherwise.iter_mut().for_each(|part| shape(model, part));
        }
        Shape::Each { list, item, .. } => {
            value(model, list);
            shape(model, item);
        }
    }
}

/// A row that is written, or referred to: one of another tenant is missing, whatever led to it.
fn reached(model: &Model, row: &mut Expression) {
    value(model, row);
    if let ExpressionKind::Field { .. } = row.kind {
        kept(model, row);
    }
}

fn value(model: &Model, expression: &mut Expression) {
    let mut largest = None;
    expression.walk(&mut |part| {
        let variable = match part.kind {
            ExpressionKind::Quantifier { variable, .. }
            | ExpressionKind::Aggregate { variable, .. }
            | ExpressionKind::Map { variable, .. } => Some(variable.0),
            _ => None,
        };
        largest = largest.max(variable);
    });
    let mut way = Way {
        model,
        next: largest.map_or(0, |largest| largest + 1),
    };
    way.follow(expression);
}

struct Way<'m> {
    model: &'m Model,
    /// A variable that is free in the whole expression.
    next: usize,
}

impl Way<'_> {
    /// True if the value may be missing because of it.
    fn follow(&mut self, expression: &mut Expression) -> bool {
        if let ExpressionKind::In { item, list } = &mut expression.kind
            && let (ExpressionKind::Field { of, .. }, Type::Rows(_)) = (&mut list.kind, &list.ty)
        {
            // Whether a row that is known is among others tells nothing of those.
            self.follow(item);
            self.follow(of);
            return false;
        }
        if let ExpressionKind::Binary {
            operator: BinaryOperator::Equal | BinaryOperator::NotEqual,
            left,
            right,
        } = &mut expression.kind
            && (is_known(left) || is_known(right))
        {
            // The same of one row, which an index can be asked for.
            for side in [left, right] {
                match &mut side.kind {
                    ExpressionKind::Field { of, .. } => self.follow(of),
                    _ => self.follow(side),
                };
            }
            return false;
        }
        let mut missing = false;
        for child in expression.children_mut() {
            missing |= self.follow(child);
        }
        missing &= passes_on(expression);
        expression.nullable |= missing;
        let ExpressionKind::Field { of, field } = &expression.kind else {
            return missing;
        };
        match &self.model.field(*field).kind {
            FieldKind::ToOne(_) if !self.leads_home(of, *field) => {
                missing | kept(self.model, expression)
            }
            FieldKind::ToMany(relation) if !self.stays(&relation.kind, relation.target) => {
                self.narrow(expression, relation.target);
                false
            }
            _ => missing,
        }
    }

    /// Whether a row of the caller's tenant refers by this field to such rows alone, whatever happened since: to its
    /// tenant, or to its whole, which says whose it is.
    fn leads_home(&self, of: &Expression, field: FieldId) -> bool {
        let from = self.model.entity(field.entity);
        let own = from.tenant == Some(field) || from.part_of.is_some_and(|part| part.back == field);
        own && confinement(self.model, of.clone()).is_some()
    }

    /// Parts are of the tenant of their whole, and the rows of a tenant are its own.
    fn stays(&self, kind: &ToManyKind, target: EntityId) -> bool {
        match kind {
            ToManyKind::Composed { .. } => true,
            ToManyKind::Inverse { by } => self.model.entity(target).tenant == Some(*by),
            ToManyKind::Linked { .. } | ToManyKind::Through { .. } => false,
        }
    }

    fn narrow(&mut self, rows: &mut Expression, target: EntityId) {
        let variable = VariableId(self.next);
        let row = Expression {
            kind: ExpressionKind::Variable(variable),
            ty: Type::Row(target),
            nullable: false,
            span: rows.span,
        };
        let Some(condition) = confinement(self.model, row) else {
            return;
        };
        self.next += 1;
        rows.kind = ExpressionKind::Filter {
            over: Box::new(rows.clone()),
            variable,
            condition: Box::new(condition),
        };
    }
}

/// Whether it is one row that the operation has already.
fn is_known(row: &Expression) -> bool {
    matches!(row.ty, Type::Row(_))
        && matches!(
            row.kind,
            ExpressionKind::Caller
                | ExpressionKind::Variable(_)
                | ExpressionKind::Binding(_)
                | ExpressionKind::Input { .. }
        )
}

/// Whether the value is missing where a part of it is.
fn passes_on(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Field { .. } => !matches!(expression.ty, Type::Rows(_)),
        ExpressionKind::Id(_) | ExpressionKind::Negate(_) | ExpressionKind::Conditional { .. } => {
            true
        }
        ExpressionKind::Binary { operator, .. } => matches!(
            operator,
            BinaryOperator::Add
                | BinaryOperator::Subtract
                | BinaryOperator::Multiply
                | BinaryOperator::Divide
                | BinaryOperator::Remainder
        ),
        ExpressionKind::Function { function, .. } => !matches!(
            function,
            Function::StartsWith | Function::EndsWith | Function::Contains
        ),
        _ => false,
    }
}

/// Makes a row of another tenant a missing one. True if it did.
fn kept(model: &Model, row: &mut Expression) -> bool {
    let Some(test) = confinement(model, row.clone()) else {
        return false;
    };
    let missing = Expression {
        kind: ExpressionKind::Literal(Literal::Null),
        nullable: true,
        ..row.clone()
    };
    row.kind = ExpressionKind::Conditional {
        test: Box::new(test),
        then: Box::new(row.clone()),
        otherwise: Box::new(missing),
    };
    row.nullable = true;
    true
}
