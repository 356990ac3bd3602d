//! The replies of named operations, foretold.

use super::program::{Course, Performed};
use super::show::{About, about, around, vague};
use super::write::of_the_clock;
use super::{Judge, Shown, representation};
use crate::world::NUMBERED;
use archwright_evaluate::{RowRef, Value};
use archwright_plan::decimal;
use archwright_plan::model::calendar::{date_to_text, instant_to_text};
use archwright_plan::model::{
    BindingId, Expression, ExpressionKind, FieldId, Operation, Otherwise, Shape, Step, StepKind,
    Type,
};
use serde_json::{Value as Json, json};

/// What a reply tells of a row that was made just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Id(RowRef),
    Field(RowRef, FieldId),
    Row(RowRef),
    /// An access token of the account.
    Token(RowRef),
    /// The access token that the request came with.
    CallerToken,
}

/// A reply, and what it tells, by JSON Pointer.
pub struct Foretold {
    pub shown: Shown,
    pub told: Vec<(String, Told)>,
}

/// The shape that the operation itself has for the reply: that of the step which refused, or that of the status.
pub fn own_shape<'d>(
    definition: &'d Operation,
    done: &Performed,
    status: u16,
) -> Option<&'d Shape> {
    if !done.is_shaped {
        return None;
    }
    let mut failed = done.steps.iter();
    let refusing = failed.find_map(|(at, course)| {
        let step = step_at(&definition.steps, at).filter(|_| *course == Course::Failed)?;
        let body = step.refusal.as_ref();
        body.filter(|_| step.otherwise == Otherwise::Status(status))
    });
    let mut replies = definition.replies.iter();
    let own = replies.find(|(of, _)| *of == status);
    refusing.or(own.map(|(_, shape)| shape))
}

fn step_at<'d>(steps: &'d [Step], at: &[usize]) -> Option<&'d Step> {
    let (index, within) = at.split_first()?;
    let step = steps.get(*index)?;
    match (&step.kind, within) {
        (_, []) => Some(step),
        (StepKind::Each { steps, .. }, within) => step_at(steps, within),
        _ => None,
    }
}

/// The body of a reply with a shape of its own.
pub fn shape(judge: &Judge, shape: &Shape, done: &Performed) -> Foretold {
    let mut shaper = Shaper {
        done,
        told: Vec::new(),
    };
    let judge = Judge {
        inputs: &done.inputs,
        bindings: &done.bindings,
        ..*judge
    };
    let shown = shaper.shape(&judge, shape, None, "");
    Foretold {
        shown,
        told: shaper.told,
    }
}

/// The headers of the reply.
pub fn headers(judge: &Judge, operation: &Operation, done: &Performed) -> Vec<(String, Shown)> {
    let mut shaper = Shaper {
        done,
        told: Vec::new(),
    };
    let judge = Judge {
        inputs: &done.inputs,
        bindings: &done.bindings,
        ..*judge
    };
    let headers = operation.headers.iter();
    headers
        .map(|(name, value)| (name.clone(), shaper.value(&judge, value, None, "")))
        .collect()
}

struct Shaper<'d> {
    done: &'d Performed,
    told: Vec<(String, Told)>,
}

impl Shaper<'_> {
    fn shape(&mut self, judge: &Judge, shape: &Shape, this: Option<&RowRef>, at: &str) -> Shown {
        match shape {
            Shape::Nothing => Shown::Exact(Json::Null),
            Shape::Value(value) => self.value(judge, value, this, at),
            Shape::Object(parts) => Shown::Object(
                parts
                    .iter()
                    .map(|(name, part)| {
                        let at = format!("{at}/{name}");
                        (name.clone(), self.shape(judge, part, this, &at))
                    })
                    .filter(|(_, shown)| *shown != Shown::Absent)
                    .collect(),
            ),
            Shape::If {
                test,
                then,
                otherwise,
            } => {
                let (known, hangs) = judge.told(test, this);
                match (known, otherwise) {
                    _ if hangs => Shown::Anything,
                    (Value::Bool(true), _) => self.shape(judge, then, this, at),
                    (_, Some(part)) => self.shape(judge, part, this, at),
                    (_, None) => Shown::Exact(Json::Null),
                }
            }
            Shape::IfPresent(inner) => match &**inner {
                // The condition says whether the key is there, and not the value.
                Shape::If {
                    test,
                    then,
                    otherwise: None,
                } => match judge.told(test, this) {
                    (_, true) => Shown::Perhaps,
                    (Value::Bool(true), _) => self.shape(judge, then, this, at),
                    _ => Shown::Absent,
                },
                Shape::If { .. } => self.shape(judge, inner, this, at),
                inner => match self.shape(judge, inner, this, at) {
                    Shown::Exact(Json::Null) => Shown::Absent,
                    // Whether there is anything is not known either.
                    Shown::Anything => Shown::Perhaps,
                    shown => shown,
                },
            },
            Shape::Show { view, of } => {
                let show = &judge.world.model().view(*view).show;
                self.rows(judge, of, this, at, &mut |shaper, row, at| {
                    let judge = Judge {
                        inputs: &[],
                        bindings: &[],
                        ..*judge
                    };
                    shaper.shape(&judge, show, Some(row), at)
                })
            }
            Shape::Each {
                list, bind, item, ..
            } => self.rows(judge, list, this, at, &mut |shaper, row, at| {
                let mut bindings: Vec<(BindingId, Value)> = judge.bindings.to_vec();
                bindings.push((*bind, Value::Row(row.clone())));
                let judge = Judge {
                    bindings: &bindings,
                    ..*judge
                };
                shaper.shape(&judge, item, this, at)
            }),
        }
    }

    /// A row, or each of several.
    fn rows(
        &mut self,
        judge: &Judge,
        of: &Expression,
        this: Option<&RowRef>,
        at: &str,
        show: &mut dyn FnMut(&mut Self, &RowRef, &str) -> Shown,
    ) -> Shown {
        let (value, hangs) = judge.told(of, this);
        if let ExpressionKind::Binding(binding) = of.kind
            && let (Some(open), Value::Rows(rows)) = (self.done.open.get(&binding), &value)
        {
            if open.offset > 0 {
                return Shown::Anything;
            }
            // Where known rows stand among others is not known.
            let mut all = |rows: &[RowRef]| -> Vec<Shown> {
                let mut apart = Shaper {
                    done: self.done,
                    told: Vec::new(),
                };
                rows.iter().map(|row| show(&mut apart, row, "")).collect()
            };
            return Shown::Among {
                items: all(rows),
                never: all(&open.never),
                most: open.limit,
            };
        }
        match value {
            _ if hangs => Shown::Anything,
            Value::Row(row) if judge.world.is_there(&row) => show(self, &row, at),
            Value::Rows(rows) => {
                let rows = rows.iter().filter(|row| judge.world.is_there(row));
                let rows = rows.enumerate();
                Shown::List(
                    rows.map(|(index, row)| show(self, row, &format!("{at}/{index}")))
                        .collect(),
                )
            }
            _ => Shown::Exact(Json::Null),
        }
    }

    fn value(
        &mut self,
        judge: &Judge,
        value: &Expression,
        this: Option<&RowRef>,
        at: &str,
    ) -> Shown {
        if let Type::Row(_) | Type::Rows(_) = value.ty {
            return self.rows(judge, value, this, at, &mut |shaper, row, at| {
                shaper.told.push((at.to_owned(), Told::Row(row.clone())));
                representation(judge, row)
            });
        }
        if let Some(shown) = self.token(value, at) {
            return shown;
        }
        if let Some(shown) = self
            .mapped(judge, value)
            .or_else(|| self.counted(judge, value))
        {
            return shown;
        }
        let mut hangs = false;
        let (known, by_clock) = judge.timed(|| {
            let (known, unsure) = judge.told(value, this);
            hangs = unsure;
            known
        });
        match &value.kind {
            ExpressionKind::Field { of, field } => {
                if let (Value::Row(row), false) = judge.told(of, this)
                    && let Some(about) = about(judge.world, &row, *field)
                {
                    self.told.push((at.to_owned(), Told::Field(row, *field)));
                    return match about {
                        About::Instant(instant) => Shown::About(instant),
                        About::Day(day) => Shown::AboutDay(day),
                    };
                }
            }
            ExpressionKind::Id(of) => {
                if let (Value::Row(row), false) = judge.told(of, this)
                    && row.id.starts_with(super::NEW)
                {
                    self.told.push((at.to_owned(), Told::Id(row)));
                    return Shown::Anything;
                }
            }
            _ => {}
        }
        match known {
            _ if hangs => Shown::Anything,
            Value::Text(text) if text.contains(NUMBERED) => around(&text),
            known if by_clock || of_the_clock(value) => {
                vague(&known).unwrap_or_else(|| Shown::Exact(plain(&known)))
            }
            known => Shown::Exact(plain(&known)),
        }
    }

    /// Any text that then proves to be a token.
    fn token(&mut self, value: &Expression, at: &str) -> Option<Shown> {
        let of = |part: &Expression| match part.kind {
            ExpressionKind::CallerToken => Some(Told::CallerToken),
            ExpressionKind::Binding(binding) => {
                let mut tokens = self.done.tokens.iter();
                let found = tokens.find(|(known, _)| *known == binding);
                found.map(|(_, account)| Told::Token(account.clone()))
            }
            _ => None,
        };
        if let Some(told) = of(value) {
            self.told.push((at.to_owned(), told));
            return Some(Shown::Token);
        }
        let mut is_within = false;
        value.walk(&mut |part| is_within |= of(part).is_some());
        is_within.then_some(Shown::Anything)
    }

    /// Values of the rows of an open list, where each is that of one row alone.
    fn mapped(&self, judge: &Judge, map: &Expression) -> Option<Shown> {
        let ExpressionKind::Map { over, value, .. } = &map.kind else {
            return None;
        };
        let (ExpressionKind::Binding(binding), ExpressionKind::Field { of, field }) =
            (&over.kind, &value.kind)
        else {
            return None;
        };
        let open = self
            .done
            .open
            .get(binding)
            .filter(|open| open.offset == 0)?;
        let mut keys = judge.world.model().entity(field.entity).unique.iter();
        let is_own = matches!(of.kind, ExpressionKind::Variable(_))
            && keys.any(|key| key.fields == [*field]);
        let Value::Rows(rows) = judge.value(over, None) else {
            return None;
        };
        let each = |rows: &[RowRef]| {
            let values = rows.iter().map(|row| judge.world.value(row, *field));
            values.map(|value| Shown::Exact(plain(&value))).collect()
        };
        is_own.then(|| Shown::Among {
            items: each(&rows),
            never: each(&open.never),
            most: open.limit,
        })
    }

    /// A number of rows of which not all are known.
    fn counted(&self, judge: &Judge, value: &Expression) -> Option<Shown> {
        if let ExpressionKind::Binding(binding) = value.kind
            && self.done.open_counts.contains(&binding)
            && let Value::Int(known) = judge.value(value, None)
        {
            return Some(Shown::AtLeast(known));
        }
        let mut is_open = false;
        value.walk(&mut |part| {
            if let ExpressionKind::Binding(binding) = part.kind {
                is_open |= self.done.open_counts.contains(&binding);
                is_open |= self.done.open.contains_key(&binding);
            }
        });
        is_open.then_some(Shown::Anything)
    }
}

/// A value as a shape of one's own shows it.
fn plain(value: &Value) -> Json {
    match value {
        Value::Null | Value::Row(_) | Value::Rows(_) | Value::Object(_) => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(value) | Value::Duration(value) => json!(value),
        Value::Decimal { units, scale } => json!(decimal(*units, *scale)),
        Value::Text(text) => json!(text),
        Value::Date(days) => json!(date_to_text(*days)),
        Value::DateTime(instant) => json!(instant_to_text(*instant)),
        Value::Json(text) | Value::File(text) => serde_json::from_str(text).unwrap_or(Json::Null),
        Value::List(items) => items.iter().map(plain).collect(),
    }
}
