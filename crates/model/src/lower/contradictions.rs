//! Conditions that hold for no row: one value held against two that it can't have both.

use super::context::Lowering;
use super::literals;
use crate::{
    BinaryOperator, Expression, ExpressionKind, Function, Grant, InputPlace, Literal, Shape, Step,
    StepKind, Type,
};
use archwright_diagnostics::{Diagnostic, Span};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Comparisons of one value in one condition that are held against each other.
const COMPARED: usize = 32;

static TRUE: Literal = Literal::Bool(true);

/// What one comparison says of a value.
enum Says<'e> {
    OneOf(Vec<&'e Literal>),
    Not(&'e Literal),
    /// Less or greater than a limit, or equal to it too.
    Below(&'e Literal, bool),
    Above(&'e Literal, bool),
    Missing,
    There,
}

struct Claim<'e> {
    says: Says<'e>,
    /// Only whole numbers lie between such limits.
    whole: bool,
    span: Span,
}

impl Lowering<'_> {
    pub fn contradictions(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut look = |expression: &Expression| self.contradicted(expression, &mut found);
        for entity in &self.entities {
            let access = &entity.access;
            let rules = [
                &access.list,
                &access.get,
                &access.create,
                &access.update,
                &access.delete,
            ];
            rules
                .into_iter()
                .for_each(|grants| of_grants(grants, &mut look));
            entity.checks.iter().for_each(|check| look(&check.that));
            for field in &entity.fields {
                field.computed.iter().for_each(&mut look);
                let grants = field.visible.iter().chain(&field.settable);
                grants.for_each(|grants| of_grants(grants, &mut look));
            }
            for step in entity.state.iter().flat_map(|machine| &machine.moves) {
                of_grants(&step.by, &mut look);
                step.when.iter().for_each(&mut look);
                step.set.iter().for_each(|(_, value)| look(value));
                of_steps(&step.steps, &mut look);
            }
        }
        for operation in &self.operations {
            of_grants(&operation.by, &mut look);
            of_steps(&operation.steps, &mut look);
            let shapes = operation.replies.iter();
            shapes.for_each(|(_, shape)| of_shape(shape, &mut look));
        }
        // `read` gives the same rule to two operations.
        found.sort_by_key(|diagnostic| diagnostic.span);
        found.dedup();
        found
    }

    fn contradicted(&self, expression: &Expression, found: &mut Vec<Diagnostic>) {
        if !is_and(expression) {
            for child in expression.children() {
                self.contradicted(child, found);
            }
            return;
        }
        let mut parts = Vec::new();
        conjuncts(expression, &mut parts);
        let mut claims: BTreeMap<String, (String, Vec<Claim<'_>>)> = BTreeMap::new();
        for part in &parts {
            if let Some((value, claim)) = claim(part) {
                let shown = self.as_written(value);
                let key = path(value).unwrap_or_default();
                let known = claims.entry(key).or_insert((shown, Vec::new()));
                known.1.push(claim);
            }
        }
        for (shown, claims) in claims.values() {
            found.extend(contradiction(shown, claims));
        }
        for part in parts {
            self.contradicted(part, found);
        }
    }

    /// A value as it is written.
    fn as_written(&self, value: &Expression) -> String {
        let within = |of: &Expression, name: &str| match of.kind {
            ExpressionKind::This | ExpressionKind::Variable(_) => name.to_owned(),
            _ => format!("{}.{name}", self.as_written(of)),
        };
        match &value.kind {
            ExpressionKind::Field { of, field } => within(of, &self.field(*field).name),
            ExpressionKind::Id(of) => within(of, "id"),
            ExpressionKind::This => "self".to_owned(),
            ExpressionKind::Caller => "caller".to_owned(),
            ExpressionKind::Now => "now".to_owned(),
            ExpressionKind::Today => "today".to_owned(),
            ExpressionKind::Input { place, path } => {
                let place = match place {
                    InputPlace::Move => "input".to_owned(),
                    other => format!("{other:?}").to_lowercase(),
                };
                format!("{place}.{}", path.join("."))
            }
            ExpressionKind::Function {
                function,
                arguments,
            } => {
                let name = format!("{function:?}").to_lowercase();
                let arguments = arguments.iter().map(|argument| self.as_written(argument));
                format!("{name}({})", arguments.collect::<Vec<_>>().join(", "))
            }
            _ => "it".to_owned(),
        }
    }
}

fn of_grants(grants: &[Grant], look: &mut impl FnMut(&Expression)) {
    for grant in grants {
        grant.when.iter().chain(&grant.after).for_each(&mut *look);
    }
}

fn of_steps(steps: &[Step], look: &mut impl FnMut(&Expression)) {
    for step in steps {
        step.condition.iter().for_each(&mut *look);
        match &step.kind {
            StepKind::Find { filter, .. } | StepKind::List { filter, .. } => {
                filter.iter().for_each(&mut *look);
            }
            StepKind::Guard { that } => look(that),
            StepKind::Create { set, .. } | StepKind::Update { set, .. } => {
                set.iter().for_each(|(_, value)| look(value));
            }
            StepKind::Upsert { key, set, .. } | StepKind::GetOrCreate { key, set, .. } => {
                key.iter().chain(set).for_each(|(_, value)| look(value));
            }
            StepKind::Each { steps, .. } => of_steps(steps, look),
            _ => {}
        }
    }
}

fn of_shape(shape: &Shape, look: &mut impl FnMut(&Expression)) {
    match shape {
        Shape::Value(value) => look(value),
        Shape::Object(parts) => parts.iter().for_each(|(_, part)| of_shape(part, look)),
        Shape::Each { item, .. } => of_shape(item, look),
        Shape::If {
            test,
            then,
            otherwise,
        } => {
            look(test);
            of_shape(then, look);
            otherwise.iter().for_each(|shape| of_shape(shape, look));
        }
        Shape::IfPresent(shape) => of_shape(shape, look),
        Shape::Show { .. } | Shape::Nothing => {}
    }
}

fn is_and(expression: &Expression) -> bool {
    let ExpressionKind::Binary { operator, .. } = expression.kind else {
        return false;
    };
    operator == BinaryOperator::And
}

fn conjuncts<'e>(expression: &'e Expression, parts: &mut Vec<&'e Expression>) {
    match &expression.kind {
        ExpressionKind::Binary {
            operator: BinaryOperator::And,
            left,
            right,
        } => {
            conjuncts(left, parts);
            conjuncts(right, parts);
        }
        _ => parts.push(expression),
    }
}

/// What is the same value wherever it stands in one condition.
fn path(value: &Expression) -> Option<String> {
    Some(match &value.kind {
        ExpressionKind::Field { of, field } => {
            format!("{}.{}:{}", path(of)?, field.entity.0, field.index)
        }
        ExpressionKind::Id(of) => format!("{}.id", path(of)?),
        ExpressionKind::Input { place, path } => format!("{place:?}.{}", path.join(".")),
        ExpressionKind::Function {
            function: function @ (Function::Size | Function::Date | Function::Abs),
            arguments,
        } => match &arguments[..] {
            [only] => format!("{function:?}({})", path(only)?),
            _ => return None,
        },
        ExpressionKind::This
        | ExpressionKind::Caller
        | ExpressionKind::Now
        | ExpressionKind::Today
        | ExpressionKind::Variable(_)
        | ExpressionKind::Binding(_) => format!("{:?}", value.kind),
        _ => return None,
    })
}

/// A value that has a path, and what a part of a condition says of it.
fn claim(part: &Expression) -> Option<(&Expression, Claim<'_>)> {
    let (value, says) = match &part.kind {
        ExpressionKind::Binary {
            operator,
            left,
            right,
        } => match (&left.kind, &right.kind) {
            (_, ExpressionKind::Literal(literal)) => (&**left, says(*operator, literal, &left.ty)?),
            (ExpressionKind::Literal(literal), _) => {
                (&**right, says(turned(*operator), literal, &right.ty)?)
            }
            _ => return None,
        },
        ExpressionKind::In { item, list } => match &list.kind {
            ExpressionKind::List(items) if items.len() <= COMPARED => {
                let values = items.iter().map(|item| match &item.kind {
                    ExpressionKind::Literal(literal) => Some(literal),
                    _ => None,
                });
                (&**item, Says::OneOf(values.collect::<Option<_>>()?))
            }
            _ => return None,
        },
        ExpressionKind::Not(inner) => (&**inner, Says::Not(&TRUE)),
        _ => (part, Says::OneOf(vec![&TRUE])),
    };
    path(value)?;
    let claim = Claim {
        says,
        whole: value.ty == Type::Int,
        span: part.span,
    };
    Some((value, claim))
}

fn says<'e>(operator: BinaryOperator, literal: &'e Literal, ty: &Type) -> Option<Says<'e>> {
    let missing = *literal == Literal::Null;
    // Which text is less is the database's to say.
    let ordered = !missing && *ty != Type::Text;
    Some(match operator {
        BinaryOperator::Equal if missing => Says::Missing,
        BinaryOperator::NotEqual if missing => Says::There,
        BinaryOperator::Equal => Says::OneOf(vec![literal]),
        BinaryOperator::NotEqual => Says::Not(literal),
        BinaryOperator::Less if ordered => Says::Below(literal, false),
        BinaryOperator::LessOrEqual if ordered => Says::Below(literal, true),
        BinaryOperator::Greater if ordered => Says::Above(literal, false),
        BinaryOperator::GreaterOrEqual if ordered => Says::Above(literal, true),
        _ => return None,
    })
}

/// `5 < size` says what `size > 5` says.
fn turned(operator: BinaryOperator) -> BinaryOperator {
    match operator {
        BinaryOperator::Less => BinaryOperator::Greater,
        BinaryOperator::LessOrEqual => BinaryOperator::GreaterOrEqual,
        BinaryOperator::Greater => BinaryOperator::Less,
        BinaryOperator::GreaterOrEqual => BinaryOperator::LessOrEqual,
        same => same,
    }
}

/// The first two claims about a value that can't both be true.
fn contradiction(shown: &str, claims: &[Claim<'_>]) -> Option<Diagnostic> {
    let claims = &claims[..claims.len().min(COMPARED)];
    let pairs = claims
        .iter()
        .enumerate()
        .flat_map(|(at, second)| claims[..at].iter().map(move |first| (first, second)));
    let (first, second) = pairs
        .into_iter()
        .find(|(first, second)| excludes(first, second))?;
    let message = format!(
        "this can never hold: `{shown}` can't be {} and {} at once",
        worded(&first.says),
        worded(&second.says)
    );
    Some(
        Diagnostic::new("AW330", second.span, message)
            .other(first.span, "this is asked of it too")
            .help("write `||` where one of the two is enough, or remove one"),
    )
}

fn excludes(first: &Claim<'_>, second: &Claim<'_>) -> bool {
    let whole = first.whole;
    match (&first.says, &second.says) {
        (Says::Missing, Says::Not(_) | Says::Missing)
        | (Says::Not(_), Says::Missing)
        | (Says::Not(_), Says::Not(_)) => false,
        (Says::Missing, _) | (_, Says::Missing) => true,
        (Says::OneOf(values), other) | (other, Says::OneOf(values)) => {
            !values.iter().any(|value| allows(other, value))
        }
        (Says::Below(most, at_most), Says::Above(least, at_least))
        | (Says::Above(least, at_least), Says::Below(most, at_most)) => {
            empty(least, *at_least, most, *at_most, whole)
        }
        _ => false,
    }
}

/// False only where it is certain.
fn allows(says: &Says<'_>, value: &Literal) -> bool {
    let is = |other: &Literal, wanted: fn(Ordering) -> bool| order(value, other).is_none_or(wanted);
    match says {
        Says::OneOf(values) => values.iter().any(|other| is(other, Ordering::is_eq)),
        Says::Not(other) => is(other, Ordering::is_ne),
        Says::Below(most, true) => is(most, Ordering::is_le),
        Says::Below(most, false) => is(most, Ordering::is_lt),
        Says::Above(least, true) => is(least, Ordering::is_ge),
        Says::Above(least, false) => is(least, Ordering::is_gt),
        Says::Missing => false,
        Says::There => true,
    }
}

/// Whether nothing lies between two limits.
fn empty(least: &Literal, at_least: bool, most: &Literal, at_most: bool, whole: bool) -> bool {
    if let (true, Literal::Int(least), Literal::Int(most)) = (whole, least, most) {
        let least = least.saturating_add(i64::from(!at_least));
        let most = most.saturating_sub(i64::from(!at_most));
        return least > most;
    }
    match order(least, most) {
        Some(Ordering::Greater) => true,
        Some(Ordering::Equal) => !(at_least && at_most),
        _ => false,
    }
}

fn order(one: &Literal, other: &Literal) -> Option<Ordering> {
    let number = |literal: &Literal| match literal {
        Literal::Int(value) => Some((i128::from(*value), 0)),
        Literal::Decimal { units, scale } => Some((i128::from(*units), *scale)),
        _ => None,
    };
    match (one, other) {
        // Dates and instants have their canonical form here.
        (Literal::Text(one), Literal::Text(other)) => Some(one.cmp(other)),
        (Literal::Bool(one), Literal::Bool(other)) => Some(one.cmp(other)),
        _ => {
            let ((one, of_one), (other, of_other)) = (number(one)?, number(other)?);
            let scale = of_one.max(of_other);
            let scaled = |units: i128, of: u32| units.checked_mul(10_i128.checked_pow(scale - of)?);
            Some(scaled(one, of_one)?.cmp(&scaled(other, of_other)?))
        }
    }
}

fn worded(says: &Says<'_>) -> String {
    match says {
        Says::OneOf(values) => {
            let shown: Vec<String> = values.iter().take(5).map(|value| literal(value)).collect();
            let more = if values.len() > 5 { ", …" } else { "" };
            format!("{}{more}", shown.join(" or "))
        }
        Says::Not(Literal::Bool(true)) => "`false`".to_owned(),
        Says::Not(value) => format!("other than {}", literal(value)),
        Says::Below(most, true) => format!("at most {}", literal(most)),
        Says::Below(most, false) => format!("below {}", literal(most)),
        Says::Above(least, true) => format!("at least {}", literal(least)),
        Says::Above(least, false) => format!("above {}", literal(least)),
        Says::Missing => "missing".to_owned(),
        Says::There => "there".to_owned(),
    }
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Null => "`null`".to_owned(),
        Literal::Bool(value) => format!("`{value}`"),
        Literal::Int(value) => format!("`{value}`"),
        Literal::Decimal { units, scale } => {
            format!("`{}`", literals::decimal_text(*units, *scale))
        }
        Literal::Text(text) => format!("`{text}`"),
    }
}
