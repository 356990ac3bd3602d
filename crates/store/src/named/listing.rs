//! The statements of a list whose filter leaves something to inputs that may be missing, as in `query.tag == null || …`:
//! a database that is asked about such an input at each row reads all of them, also where nobody filters.

use super::Environment;
use crate::connection::Value;
use archwright_plan::model::{BinaryOperator, Expression, ExpressionKind, InputPlace, Literal};
use archwright_sql::{Statement, Unsupported};

/// Each doubles the number of statements.
const MOST_INPUTS: usize = 3;

type Input = (InputPlace, Vec<String>);

pub(crate) struct Listing {
    optional: Vec<Input>,
    /// By which of the inputs are missing: the first one is the lowest bit.
    forms: Vec<Vec<Statement>>,
}

impl Listing {
    /// `print` makes the statements for a filter.
    pub fn new(
        filter: Option<&Expression>,
        print: impl Fn(Option<&Expression>) -> Result<Vec<Statement>, Unsupported>,
    ) -> Result<Self, Unsupported> {
        let mut optional = Vec::new();
        if let Some(filter) = filter {
            find_optional(filter, &mut optional);
        }
        optional.truncate(MOST_INPUTS);
        let forms = (0..1_usize << optional.len()).map(|missing| {
            let missing = optional
                .iter()
                .enumerate()
                .filter(|(index, _)| missing >> index & 1 == 1);
            let missing: Vec<&Input> = missing.map(|(_, input)| input).collect();
            let left = filter.and_then(|filter| without(filter, &missing));
            print(left.as_ref())
        });
        let forms = forms.collect::<Result<_, _>>()?;
        Ok(Self { optional, forms })
    }

    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.forms.iter().flatten()
    }

    /// The statements for the inputs that a request has.
    pub fn of(&self, environment: &Environment) -> &[Statement] {
        let optional = self.optional.iter().enumerate();
        let missing =
            optional.filter(|(_, (place, path))| environment.input(*place, path) == Value::Null);
        let form = missing.map(|(index, _)| 1 << index).sum::<usize>();
        self.forms.get(form).map_or(&[], Vec::as_slice)
    }
}

/// The inputs without which a part of the filter lets all rows through.
fn find_optional(filter: &Expression, to: &mut Vec<Input>) {
    if let Some((left, right)) = operands(filter, BinaryOperator::And) {
        find_optional(left, to);
        find_optional(right, to);
    } else if let Some(input) = waived_by(filter)
        && !to.contains(&input)
    {
        to.push(input);
    }
}

/// What is left of the filter when these inputs are missing.
fn without(filter: &Expression, missing: &[&Input]) -> Option<Expression> {
    if let Some((left, right)) = operands(filter, BinaryOperator::And) {
        return match (without(left, missing), without(right, missing)) {
            (Some(left), Some(right)) => Some(Expression {
                kind: ExpressionKind::Binary {
                    operator: BinaryOperator::And,
                    left: Box::new(left),
                    right: Box::new(right),
                },
                ..filter.clone()
            }),
            (left, right) => left.or(right),
        };
    }
    let is_waived = waived_by(filter).is_some_and(|input| missing.contains(&&input));
    (!is_waived).then(|| filter.clone())
}

/// The input of `input == null || …`, the comparison on either side.
fn waived_by(part: &Expression) -> Option<Input> {
    let (left, right) = operands(part, BinaryOperator::Or)?;
    missing_input(left).or_else(|| missing_input(right))
}

/// The input of `input == null`.
fn missing_input(test: &Expression) -> Option<Input> {
    let (left, right) = operands(test, BinaryOperator::Equal)?;
    match (&left.kind, &right.kind) {
        (ExpressionKind::Input { place, path }, ExpressionKind::Literal(Literal::Null))
        | (ExpressionKind::Literal(Literal::Null), ExpressionKind::Input { place, path }) => {
            Some((*place, path.clone()))
        }
        _ => None,
    }
}

fn operands(of: &Expression, wanted: BinaryOperator) -> Option<(&Expression, &Expression)> {
    match &of.kind {
        ExpressionKind::Binary {
            operator,
            left,
            right,
        } if *operator == wanted => Some((left, right)),
        _ => None,
    }
}
