//! From the model's expressions to trees.

use super::{Arithmetic, Comparison, Lowered, RowId, RowInfo, RowSource, Selected, Tree};
use crate::Unsupported;
use crate::name::free;
use archwright_plan::model::{
    Aggregate, BinaryOperator, EntityId, Expression, ExpressionKind, Function, InputPlace, Literal,
    Quantifier, Type, VariableId,
};
use archwright_plan::{ColumnSource, Plan};

type Result<T> = std::result::Result<T, Unsupported>;

/// What is known where an expression stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lowering {
    /// Somebody is signed in.
    pub caller_is_known: bool,
}

/// The value of an expression about a row of an entity, at the scale of `ty`.
pub fn lower(
    plan: &Plan,
    entity: EntityId,
    expression: &Expression,
    ty: &Type,
    options: Lowering,
) -> Result<Lowered> {
    let mut lowerer = Lowerer::new(plan, entity, options);
    let tree = lowerer.scaled(expression, ty, &Scope::default())?;
    Ok(lowerer.finish(tree))
}

/// A condition on a row of an entity.
pub fn lower_condition(
    plan: &Plan,
    entity: EntityId,
    expression: &Expression,
    options: Lowering,
) -> Result<Lowered> {
    let mut lowerer = Lowerer::new(plan, entity, options);
    let tree = lowerer.condition(expression, &Scope::default())?;
    Ok(lowerer.finish(tree))
}

pub(super) struct Lowerer<'p> {
    pub(super) plan: &'p Plan,
    options: Lowering,
    pub(super) rows: Vec<RowInfo>,
}

/// The rows that variables stand for.
#[derive(Clone, Default)]
pub(super) struct Scope(Vec<(VariableId, RowId)>);

/// A row that is in a query, or one that is known by its id.
pub(super) enum Place {
    Row(RowId),
    Key { entity: EntityId, id: Tree },
}

pub(super) const THIS: RowId = RowId(0);

impl<'p> Lowerer<'p> {
    fn new(plan: &'p Plan, entity: EntityId, options: Lowering) -> Self {
        let this = RowInfo {
            name: plan.model.entity(entity).singular.clone(),
            source: RowSource::Entity(entity),
        };
        Self {
            plan,
            options,
            rows: vec![this],
        }
    }

    fn finish(self, tree: Tree) -> Lowered {
        Lowered {
            rows: self.rows,
            tree,
        }
    }

    pub(super) fn fresh(&mut self, name: &str, source: RowSource) -> RowId {
        let taken = |name: &str| self.rows.iter().any(|row| row.name == name);
        let name = free(name, taken);
        self.rows.push(RowInfo { name, source });
        RowId(self.rows.len() - 1)
    }

    pub(super) fn fresh_of(&mut self, entity: EntityId) -> RowId {
        let name = self.plan.model.entity(entity).singular.clone();
        self.fresh(&name, RowSource::Entity(entity))
    }

    pub(super) fn condition(&mut self, expression: &Expression, scope: &Scope) -> Result<Tree> {
        let tree = self.value(expression, scope)?;
        Ok(match expression.nullable {
            true => Tree::OrFalse(Box::new(tree)),
            false => tree,
        })
    }

    fn nullable(&self, expression: &Expression) -> bool {
        let is_caller = matches!(expression.kind, ExpressionKind::Caller);
        expression.nullable && !(is_caller && self.options.caller_is_known)
    }

    pub(super) fn value(&mut self, expression: &Expression, scope: &Scope) -> Result<Tree> {
        let refused = |what: &str| Err(Unsupported::at(what, expression.span));
        match &expression.kind {
            ExpressionKind::Literal(literal) => {
                Ok(Tree::Literal(literal.clone(), expression.ty.clone()))
            }
            ExpressionKind::This
            | ExpressionKind::Caller
            | ExpressionKind::CallerTenant
            | ExpressionKind::Variable(_) => {
                let place = self.place(expression, scope)?;
                self.id(place)
            }
            ExpressionKind::SignedIn => Ok(Tree::SignedIn),
            ExpressionKind::HasRole(role) => Ok(Tree::HasRole(*role)),
            ExpressionKind::Now => Ok(Tree::Now),
            ExpressionKind::Today => Ok(Tree::Today),
            ExpressionKind::Input {
                place: InputPlace::Move,
                path,
            } => match path.as_slice() {
                [name] => Ok(Tree::Input {
                    name: name.clone(),
                    ty: expression.ty.clone(),
                }),
                _ => refused("inputs within inputs"),
            },
            ExpressionKind::Field { of, field } => {
                let place = self.place(of, scope)?;
                self.field(place, *field)
            }
            ExpressionKind::Id(of) => {
                let place = self.place(of, scope)?;
                self.id(place)
            }
            ExpressionKind::Not(inner) => Ok(Tree::Not(Box::new(self.condition(inner, scope)?))),
            ExpressionKind::Negate(inner) => Ok(Tree::Negate(Box::new(self.value(inner, scope)?))),
            ExpressionKind::Binary {
                operator,
                left,
                right,
            } => self.binary(expression, *operator, (left, right), scope),
            ExpressionKind::In { item, list } => self.membership(item, list, scope),
            ExpressionKind::Conditional {
                test,
                then,
                otherwise,
            } => Ok(Tree::If {
                test: Box::new(self.condition(test, scope)?),
                then: Box::new(self.scaled(then, &expression.ty, scope)?),
                otherwise: Box::new(self.scaled(otherwise, &expression.ty, scope)?),
            }),
            ExpressionKind::Quantifier {
                quantifier,
                over,
                variable,
                condition,
            } => {
                let (mut query, row) = self.source(over, scope)?;
                let inner = scope.with(*variable, row);
                let condition = self.condition(condition, &inner)?;
                let negated = *quantifier == Quantifier::All;
                query.conditions.extend(match negated {
                    true => vec![Tree::Not(Box::new(condition))],
                    false => conjuncts(condition),
                });
                Ok(Tree::Exists { query, negated })
            }
            ExpressionKind::Aggregate { .. } => self.aggregate(expression, scope),
            ExpressionKind::Function {
                function,
                arguments,
            } => self.function(expression, *function, arguments, scope),
            ExpressionKind::CallerToken => refused("the caller's token in an expression"),
            ExpressionKind::Binding(_) | ExpressionKind::Input { .. } => {
                refused("named operations")
            }
            ExpressionKind::Given { .. } => refused("whether an input was given"),
            ExpressionKind::Map { .. }
            | ExpressionKind::Filter { .. }
            | ExpressionKind::List(_) => refused("a list as a value"),
            ExpressionKind::Part { .. } => refused("errors in a shape of the design's own"),
        }
    }

    fn scaled(&mut self, expression: &Expression, ty: &Type, scope: &Scope) -> Result<Tree> {
        let tree = self.value(expression, scope)?;
        Ok(rescaled(tree, &expression.ty, ty))
    }

    // ---- operators -------------------------------------------------------------------------------------------------

    fn binary(
        &mut self,
        whole: &Expression,
        operator: BinaryOperator,
        (left, right): (&Expression, &Expression),
        scope: &Scope,
    ) -> Result<Tree> {
        use BinaryOperator as Operator;
        let comparison = match operator {
            Operator::And => {
                let mut all = conjuncts(self.condition(left, scope)?);
                all.extend(conjuncts(self.condition(right, scope)?));
                return Ok(Tree::And(all));
            }
            Operator::Or => {
                let mut any = disjuncts(self.condition(left, scope)?);
                any.extend(disjuncts(self.condition(right, scope)?));
                return Ok(Tree::Or(any));
            }
            Operator::Equal => Comparison::Equal,
            Operator::NotEqual => Comparison::NotEqual,
            Operator::Less => Comparison::Less,
            Operator::LessOrEqual => Comparison::LessOrEqual,
            Operator::Greater => Comparison::Greater,
            Operator::GreaterOrEqual => Comparison::GreaterOrEqual,
            Operator::Add if whole.ty == Type::Text => {
                let (left, right) = (self.value(left, scope)?, self.value(right, scope)?);
                return Ok(Tree::Joined(Box::new(left), Box::new(right)));
            }
            Operator::Add => return self.sum(Arithmetic::Add, whole, (left, right), scope),
            Operator::Subtract => {
                return self.sum(Arithmetic::Subtract, whole, (left, right), scope);
            }
            Operator::Multiply => {
                let product = Tree::Arithmetic {
                    operator: Arithmetic::Multiply,
                    left: Box::new(self.value(left, scope)?),
                    right: Box::new(self.value(right, scope)?),
                };
                let scales = scale(&left.ty).zip(scale(&right.ty)).zip(scale(&whole.ty));
                return Ok(match scales {
                    Some(((left, right), wanted)) => of_scale(product, left + right, wanted),
                    None => product,
                });
            }
            Operator::Divide | Operator::Remainder => {
                return Err(Unsupported::at("a division", whole.span));
            }
        };
        self.comparison(comparison, (left, right), scope)
    }

    fn comparison(
        &mut self,
        operator: Comparison,
        (left, right): (&Expression, &Expression),
        scope: &Scope,
    ) -> Result<Tree> {
        let is_null =
            |side: &Expression| matches!(side.kind, ExpressionKind::Literal(Literal::Null));
        let equality = matches!(operator, Comparison::Equal | Comparison::NotEqual);
        if equality && (is_null(left) || is_null(right)) {
            let other = if is_null(left) { right } else { left };
            let missing = Tree::IsMissing(Box::new(self.value(other, scope)?));
            return Ok(match operator {
                Comparison::Equal => missing,
                _ => Tree::Not(Box::new(missing)),
            });
        }
        let ty = match scale(&left.ty).zip(scale(&right.ty)) {
            Some((left, right)) => Type::Decimal {
                scale: left.max(right),
            },
            None => Type::Null,
        };
        Ok(Tree::Compare {
            operator,
            missing: self.nullable(left) || self.nullable(right),
            left: Box::new(self.scaled(left, &ty, scope)?),
            right: Box::new(self.scaled(right, &ty, scope)?),
        })
    }

    fn sum(
        &mut self,
        operator: Arithmetic,
        whole: &Expression,
        (left, right): (&Expression, &Expression),
        scope: &Scope,
    ) -> Result<Tree> {
        if [left, right].iter().any(|side| side.ty == Type::DateTime) {
            return Err(Unsupported::at("arithmetic with instants", whole.span));
        }
        Ok(Tree::Arithmetic {
            operator,
            left: Box::new(self.scaled(left, &whole.ty, scope)?),
            right: Box::new(self.scaled(right, &whole.ty, scope)?),
        })
    }

    fn membership(&mut self, item: &Expression, list: &Expression, scope: &Scope) -> Result<Tree> {
        match &list.kind {
            ExpressionKind::List(items) => {
                let scales = items.iter().chain([item]).map(|part| scale(&part.ty));
                let ty = match scales.collect::<Option<Vec<u32>>>() {
                    Some(scales) => Type::Decimal {
                        scale: scales.into_iter().max().unwrap_or(0),
                    },
                    None => Type::Null,
                };
                let items = items.iter().map(|one| self.scaled(one, &ty, scope));
                Ok(Tree::OneOf {
                    items: items.collect::<Result<_>>()?,
                    item: Box::new(self.scaled(item, &ty, scope)?),
                    missing: self.nullable(item),
                })
            }
            ExpressionKind::Field { .. } | ExpressionKind::Filter { .. } => {
                let id = self.value(item, scope)?;
                let (mut query, row) = self.source(list, scope)?;
                let own = Tree::Column {
                    row,
                    column: ColumnSource::Id,
                };
                query.conditions.push(equal(own, id));
                Ok(Tree::Exists {
                    query,
                    negated: false,
                })
            }
            _ => Err(Unsupported::at("a list that is an input", list.span)),
        }
    }

    fn aggregate(&mut self, whole: &Expression, scope: &Scope) -> Result<Tree> {
        let ExpressionKind::Aggregate {
            aggregate,
            over,
            variable,
            condition,
            value,
        } = &whole.kind
        else {
            return Err(Unsupported::at("an aggregate of nothing", whole.span));
        };
        let (mut query, row) = self.source(over, scope)?;
        let inner = scope.with(*variable, row);
        let selected = match (aggregate, value) {
            (Aggregate::Count, _) => Selected::Count,
            (_, None) => return Err(Unsupported::at("an aggregate of nothing", whole.span)),
            (aggregate, Some(value)) => {
                let tree = Box::new(self.scaled(value, &whole.ty, &inner)?);
                match aggregate {
                    Aggregate::Sum => Selected::Sum(tree),
                    Aggregate::Min => Selected::Min(tree),
                    Aggregate::Max => Selected::Max(tree),
                    Aggregate::Avg | Aggregate::Count => Selected::Average {
                        value: tree,
                        scale: scale(&whole.ty).unwrap_or(0),
                    },
                }
            }
        };
        if let Some(condition) = condition {
            let condition = self.condition(condition, &inner)?;
            query.conditions.extend(conjuncts(condition));
        }
        Ok(Tree::Select { query, selected })
    }

    fn function(
        &mut self,
        whole: &Expression,
        function: Function,
        arguments: &[Expression],
        scope: &Scope,
    ) -> Result<Tree> {
        let trees = arguments
            .iter()
            .map(|argument| self.scaled(argument, &whole.ty, scope));
        let mut trees = trees.collect::<Result<Vec<Tree>>>()?;
        match function {
            Function::Coalesce if trees.len() == 1 => Ok(trees.remove(0)),
            Function::Coalesce => Ok(Tree::Coalesce(trees)),
            // `size(rows)` is an aggregate; of a list of an input nothing is known here.
            Function::Size if matches!(arguments[0].ty, Type::List(_)) => {
                Err(Unsupported::at("the size of a list", whole.span))
            }
            Function::Duration | Function::Date | Function::String => {
                Err(Unsupported::at("this function", whole.span))
            }
            _ => Ok(Tree::Call {
                function,
                arguments: trees,
                missing: arguments.iter().any(|argument| argument.nullable),
            }),
        }
    }
}

impl Scope {
    pub(super) fn with(&self, variable: VariableId, row: RowId) -> Self {
        let mut scope = self.clone();
        scope.0.push((variable, row));
        scope
    }

    pub(super) fn row(&self, variable: VariableId) -> Option<RowId> {
        let found = self.0.iter().rev().find(|(known, _)| *known == variable);
        found.map(|(_, row)| *row)
    }
}

/// Of values that are there.
pub(super) fn equal(left: Tree, right: Tree) -> Tree {
    Tree::Compare {
        operator: Comparison::Equal,
        left: Box::new(left),
        right: Box::new(right),
        missing: false,
    }
}

pub(super) fn conjuncts(tree: Tree) -> Vec<Tree> {
    match tree {
        Tree::And(all) => all,
        other => vec![other],
    }
}

fn disjuncts(tree: Tree) -> Vec<Tree> {
    match tree {
        Tree::Or(any) => any,
        other => vec![other],
    }
}

/// Digits after the point of a number; `None` for what is no number.
fn scale(ty: &Type) -> Option<u32> {
    match ty {
        Type::Int => Some(0),
        Type::Decimal { scale } => Some(*scale),
        _ => None,
    }
}

fn rescaled(tree: Tree, from: &Type, to: &Type) -> Tree {
    match scale(from).zip(scale(to)) {
        Some((from, to)) => of_scale(tree, from, to),
        None => tree,
    }
}

fn of_scale(tree: Tree, from: u32, to: u32) -> Tree {
    match tree {
        tree if from == to => tree,
        Tree::Literal(literal, _) => Tree::Literal(literal, Type::Decimal { scale: to }),
        tree => Tree::Rescale {
            value: Box::new(tree),
            from,
            to,
        },
    }
}
