//! Who may: grants made into alternatives whose conditions already say ownership and tenancy.

use crate::{Alternative, CallerClass};
use archwright_model::{
    BinaryOperator, Entity, EntityId, Expression, ExpressionKind, FieldId, FieldKind, Grant, Model,
    RoleId, Type, Who,
};

/// The alternatives of a rule about rows of `entity`.
pub fn alternatives(model: &Model, entity: EntityId, grants: &[Grant]) -> Vec<Alternative> {
    grants
        .iter()
        .map(|grant| alternative(model, model.entity(entity), grant))
        .collect()
}

/// The alternatives of a rule that is about no row.
pub fn without_row(grants: &[Grant]) -> Vec<Alternative> {
    let class = |who| match who {
        Who::Anyone => CallerClass::Anyone,
        Who::SignedIn | Who::Owner => CallerClass::SignedIn,
        Who::Role(role) => CallerClass::Role(role),
    };
    grants
        .iter()
        .map(|grant| Alternative {
            caller: class(grant.who),
            when: grant.when.clone(),
            after: grant.after.clone(),
            owner: false,
        })
        .collect()
}

/// What both rules allow: each alternative of the one together with each of the other.
pub fn both(entity: &Entity, one: &[Alternative], other: &[Alternative]) -> Vec<Alternative> {
    let pair = |left: &Alternative, right: &Alternative| {
        let (caller, also) = match (left.caller, right.caller) {
            (CallerClass::Anyone, caller)
            | (CallerClass::SignedIn, caller @ CallerClass::Role(_))
            | (caller, CallerClass::Anyone | CallerClass::SignedIn) => (caller, None),
            (caller, other) if caller == other => (caller, None),
            (caller, CallerClass::Role(role)) => {
                let kind = ExpressionKind::HasRole(role);
                (caller, Some(expression(entity, kind, Type::Bool, false)))
            }
        };
        let adds = caller != left.caller || also.is_some() || right.when.is_some();
        Alternative {
            caller,
            when: all([left.when.clone(), also, right.when.clone()]),
            after: all([left.after.clone(), right.after.clone()]),
            owner: left.owner && (right.owner || !adds),
        }
    };
    let pairs = one
        .iter()
        .flat_map(|left| other.iter().map(move |right| pair(left, right)));
    pairs.collect()
}

/// Anyone of this class, without a condition.
pub fn class(caller: CallerClass) -> Alternative {
    Alternative {
        caller,
        when: None,
        after: None,
        owner: false,
    }
}

/// Whoever has the role, within their tenant.
pub fn role(model: &Model, entity: EntityId, role: RoleId) -> Alternative {
    let when = confined(model, model.entity(entity));
    Alternative {
        caller: CallerClass::Role(role),
        when,
        after: None,
        owner: false,
    }
}

/// That a row is of the caller's tenant, where rows of the entity say whose they are.
pub fn tenancy(model: &Model, entity: EntityId) -> Option<Expression> {
    confined(model, model.entity(entity))
}

/// What named operations keep to: a row of the caller's tenant, or any row where nobody is signed in. Absent where rows
/// of the entity are no tenant's.
pub(crate) fn confinement(model: &Model, row: Expression) -> Option<Expression> {
    let Type::Row(entity) = row.ty else {
        return None;
    };
    // Accounts that are in no tenant are not kept to one.
    model.entity(model.account.as_ref()?.entity).tenant?;
    let entity = model.entity(entity);
    let own = confined_row(model, entity, row)?;
    let signed_in = expression(entity, ExpressionKind::SignedIn, Type::Bool, false);
    let nobody = ExpressionKind::Not(Box::new(signed_in));
    let nobody = expression(entity, nobody, Type::Bool, false);
    Some(binary(BinaryOperator::Or, nobody, own))
}

/// The account itself, about its own row.
pub fn own_account(model: &Model, entity: EntityId) -> Alternative {
    let entity = model.entity(entity);
    Alternative {
        caller: CallerClass::SignedIn,
        when: owned(model, entity),
        after: None,
        owner: true,
    }
}

fn alternative(model: &Model, entity: &Entity, grant: &Grant) -> Alternative {
    let (caller, own) = match grant.who {
        Who::Anyone => (CallerClass::Anyone, None),
        Who::SignedIn => (CallerClass::SignedIn, None),
        Who::Owner => (CallerClass::SignedIn, owned(model, entity)),
        Who::Role(role) => (CallerClass::Role(role), None),
    };
    // What anyone may see is no secret of a tenant, so only signed-in callers are confined.
    let tenant = if grant.who == Who::Anyone {
        None
    } else {
        confined(model, entity)
    };
    Alternative {
        caller,
        when: all([own, tenant.clone(), grant.when.clone()]),
        // A write may not move a row to another tenant either.
        after: grant
            .after
            .clone()
            .map(|after| all([tenant, Some(after.clone())]).unwrap_or(after)),
        owner: grant.who == Who::Owner,
    }
}

/// `self.OWNER == caller`, or on the account entity `self == caller`; of a part, what holds for its whole.
pub(crate) fn owned(model: &Model, entity: &Entity) -> Option<Expression> {
    let account = model.account.as_ref()?.entity;
    let (row, whole) = whole(model, entity, this(entity));
    let row = match whole.owner {
        Some(field) => to_one(model, row, field),
        None if whole.id == account => row,
        None => return None,
    };
    Some(equal(row, caller(entity, account)))
}

/// `self.TENANT == caller's tenant`, where rows belong to tenants; of a part, what holds for its whole.
fn confined(model: &Model, entity: &Entity) -> Option<Expression> {
    confined_row(model, entity, this(entity))
}

fn confined_row(model: &Model, entity: &Entity, row: Expression) -> Option<Expression> {
    let tenant = model.tenant?;
    let (row, whole) = whole(model, entity, row);
    let row = match whole.tenant {
        Some(field) => to_one(model, row, field),
        None if whole.id == tenant => row,
        None => return None,
    };
    let callers = expression(
        entity,
        ExpressionKind::CallerTenant,
        Type::Row(tenant),
        true,
    );
    Some(equal(row, callers))
}

/// The row itself, or the one that it is a part of, however far up.
fn whole<'m>(
    model: &'m Model,
    entity: &'m Entity,
    mut row: Expression,
) -> (Expression, &'m Entity) {
    let mut whole = entity;
    while let Some(part) = whole.part_of {
        row = to_one(model, row, part.back);
        whole = model.entity(part.whole);
    }
    (row, whole)
}

fn expression(entity: &Entity, kind: ExpressionKind, ty: Type, nullable: bool) -> Expression {
    Expression {
        kind,
        ty,
        nullable,
        span: entity.span,
    }
}

pub(crate) fn this(entity: &Entity) -> Expression {
    expression(entity, ExpressionKind::This, Type::Row(entity.id), false)
}

fn caller(entity: &Entity, account: EntityId) -> Expression {
    expression(entity, ExpressionKind::Caller, Type::Row(account), true)
}

/// A to-one field of a row.
fn to_one(model: &Model, row: Expression, field: FieldId) -> Expression {
    let declared = model.field(field);
    let target = match &declared.kind {
        FieldKind::ToOne(relation) => relation.target,
        _ => field.entity,
    };
    Expression {
        nullable: row.nullable || declared.optional,
        span: row.span,
        ty: Type::Row(target),
        kind: ExpressionKind::Field {
            of: Box::new(row),
            field,
        },
    }
}

fn equal(left: Expression, right: Expression) -> Expression {
    binary(BinaryOperator::Equal, left, right)
}

pub(crate) fn binary(operator: BinaryOperator, left: Expression, right: Expression) -> Expression {
    let span = left.span;
    let kind = ExpressionKind::Binary {
        operator,
        left: Box::new(left),
        right: Box::new(right),
    };
    Expression {
        kind,
        ty: Type::Bool,
        nullable: false,
        span,
    }
}

/// The conjunction of the conditions that are there.
fn all<const N: usize>(conditions: [Option<Expression>; N]) -> Option<Expression> {
    conditions
        .into_iter()
        .flatten()
        .reduce(|left, right| binary(BinaryOperator::And, left, right))
}
