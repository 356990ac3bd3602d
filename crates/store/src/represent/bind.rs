//! The values of a statement's parameters.

use crate::connection::Value;
use crate::named::Environment;
use crate::{Context, Failure, Shared};
use archwright_plan::Plan;
use archwright_plan::model::calendar::{days_from_text, instant_to_text};
use archwright_plan::model::{EntityId, IdType, InputPlace, LARGEST_BIGINT, Literal};
use archwright_sql::{Classes, Parameter};

/// The values of a move's input, by the paths that expressions call them by.
pub(crate) type Inputs = [(Vec<String>, Value)];

/// Where parameters get their values from.
pub(crate) struct Bindings<'a> {
    pub shared: &'a Shared,
    pub context: &'a Context,
    pub classes: &'a Classes,
    /// What [`Parameter::Value`] counts.
    pub values: &'a [Value],
    /// Of a move; an input that was not given is missing.
    pub inputs: Option<&'a Inputs>,
    /// Of a named operation.
    pub environment: Option<&'a Environment>,
}

impl<'a> Bindings<'a> {
    pub fn new(
        shared: &'a Shared,
        context: &'a Context,
        classes: &'a Classes,
        values: &'a [Value],
    ) -> Self {
        Self {
            shared,
            context,
            classes,
            values,
            inputs: None,
            environment: None,
        }
    }

    pub fn with_values(&self, values: &'a [Value]) -> Self {
        Self { values, ..*self }
    }

    /// Inputs and bindings come from a named operation.
    pub fn within(self, environment: &'a Environment) -> Self {
        Self {
            environment: Some(environment),
            ..self
        }
    }

    pub fn value(&self, parameter: &Parameter) -> Result<Value, Failure> {
        match (parameter, self.environment) {
            (Parameter::Input { place, path }, Some(environment)) => {
                return Ok(environment.input(*place, path));
            }
            (Parameter::Given { place, path }, Some(environment)) => {
                return Ok(Value::Integer(environment.is_given(*place, path).into()));
            }
            (Parameter::Binding(binding), Some(environment)) => {
                return Ok(environment.binding(*binding));
            }
            (Parameter::CallerToken, Some(environment)) => {
                let token = environment.proofs.token.clone();
                return Ok(token.map_or(Value::Null, Value::Text));
            }
            _ => {}
        }
        match parameter {
            Parameter::Literal(literal) => Ok(literal_value(literal)),
            Parameter::CallerId => Ok(self.caller()),
            Parameter::SignedIn => Ok(Value::Integer(self.context.caller.is_some().into())),
            Parameter::HasRole(role) => Ok(Value::Integer(self.classes.has(*role).into())),
            Parameter::Now => Ok(Value::Integer(self.context.now)),
            Parameter::Today => Ok(Value::Text(
                instant_to_text(self.context.now)[..10].to_owned(),
            )),
            Parameter::Value(index) => self
                .values
                .get(*index)
                .cloned()
                .ok_or_else(|| unbound(parameter)),
            Parameter::Blind { field, of } => Ok(match self.value(of)? {
                Value::Null => Value::Null,
                Value::Text(text) => Value::Blob(self.shared.blind_index(*field, &text)),
                Value::Integer(number) => {
                    Value::Blob(self.shared.blind_index(*field, &number.to_string()))
                }
                Value::Real(_) | Value::Blob(_) => return Err(unbound(parameter)),
            }),
            Parameter::Uuid(of) => Ok(match self.value(of)? {
                Value::Text(text) if canonical_uuid(&text).as_ref() == Some(&text) => {
                    Value::Text(text)
                }
                _ => Value::Null,
            }),
            Parameter::Input {
                place: InputPlace::Move,
                path,
            } => {
                let inputs = self.inputs.ok_or_else(|| unbound(parameter))?;
                let found = inputs.iter().find(|(known, _)| known == path);
                Ok(found.map_or(Value::Null, |(_, value)| value.clone()))
            }
            Parameter::RowId
            | Parameter::CallerToken
            | Parameter::Input { .. }
            | Parameter::Given { .. }
            | Parameter::Binding(_) => Err(unbound(parameter)),
        }
    }

    fn caller(&self) -> Value {
        let account = self.shared.plan.model.account.as_ref();
        match (&self.context.caller, account) {
            (Some(caller), Some(account)) => {
                id_value(&self.shared.plan, account.entity, &caller.account_id)
                    .unwrap_or(Value::Null)
            }
            _ => Value::Null,
        }
    }
}

fn unbound(parameter: &Parameter) -> Failure {
    Failure::Internal(format!("nothing to bind to {parameter:?}"))
}

fn literal_value(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Integer((*value).into()),
        Literal::Int(value) => Value::Integer(*value),
        Literal::Decimal { units, .. } => Value::Integer(*units),
        Literal::Text(text) => Value::Text(text.clone()),
    }
}

/// The id as the table stores it; `None` when the text is no id of this entity.
pub(crate) fn id_value(plan: &Plan, entity: EntityId, text: &str) -> Option<Value> {
    match plan.model.entity(entity).id_type {
        IdType::Uuid => canonical_uuid(text).map(Value::Text),
        IdType::Int => {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|_| plain)?;
            (number <= LARGEST_BIGINT).then_some(Value::Integer(number))
        }
    }
}

/// From the year 0 to the year 9999, so that the text has four digits for the year.
pub(crate) const INSTANTS: std::ops::RangeInclusive<i64> =
    -62_167_219_200_000..=253_402_300_799_999;

/// Lower-cased, if it has the form of a uuid.
pub(crate) fn canonical_uuid(text: &str) -> Option<String> {
    let well_formed = text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    well_formed.then(|| text.to_ascii_lowercase())
}

/// `YYYY-MM-DD`, if there is such a day.
pub(crate) fn canonical_date(text: &str) -> Option<String> {
    days_from_text(text).map(|_| text.to_owned())
}
