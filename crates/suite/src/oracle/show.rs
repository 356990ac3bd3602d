//! How a row has to be shown to a caller.

use super::Judge;
use crate::wire::{from_json, id_from_json, id_to_json, reference_to_json, to_json};
use crate::world::{NUMBERED, World};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::calendar::{
    date_to_text, days_from_text, instant_from_text, instant_to_text,
};
use archwright_plan::model::{FieldId, ScalarType};
use archwright_plan::{Output, OutputSource};
use serde_json::{Value as Json, json};

/// How far the server's clock may be from what its replies said, in milliseconds.
const CLOCK: i64 = 10_000;

/// What a reply has to hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    Exact(Json),
    /// Nobody could read the stored value before.
    Anything,
    /// There is no such key.
    Absent,
    /// There may be no such key.
    Perhaps,
    /// About then, in milliseconds since 1970.
    About(i64),
    /// About that day.
    AboutDay(i64),
    /// A text with the id of a row in it that no reply told yet, between these.
    Around(String, String),
    /// A link that expires.
    Link,
    /// An access token or a refresh token.
    Token,
    /// These keys and no others.
    Object(Vec<(String, Shown)>),
    /// The names of roles in any order.
    Names(Vec<String>),
    List(Vec<Shown>),
    /// A list in which these items stand in this order, perhaps among others that nobody could foretell. Shorter than
    /// `most`, it has all of them.
    Among {
        items: Vec<Shown>,
        never: Vec<Shown>,
        most: usize,
    },
    /// A whole number.
    AtLeast(i64),
}

/// The row as the caller sees it.
pub fn representation(judge: &Judge, row: &RowRef) -> Shown {
    let outputs = judge.world.plan.resource(row.entity).output.iter();
    let seen = outputs.filter(|output| judge.sees(output, row));
    Shown::Object(
        seen.map(|output| (output.json.clone(), shown(judge, row, output)))
            .collect(),
    )
}

fn shown(judge: &Judge, at: &RowRef, output: &Output) -> Shown {
    let world = judge.world;
    let Some(row) = world.get(at) else {
        return Shown::Anything;
    };
    match output.source {
        OutputSource::Id if at.id.starts_with(super::NEW) => Shown::Anything,
        OutputSource::Id => Shown::Exact(id_to_json(world.model(), at)),
        OutputSource::Version => row
            .version
            .map_or(Shown::Anything, |version| Shown::Exact(json!(version))),
        OutputSource::Roles => row.roles.as_ref().map_or(Shown::Anything, |roles| {
            let names = roles
                .iter()
                .map(|role| world.model().role(*role).name.clone());
            Shown::Names(names.collect())
        }),
        OutputSource::Parts(field) => {
            let parts = world.many(at, field);
            Shown::List(
                parts
                    .iter()
                    .map(|part| representation(judge, part))
                    .collect(),
            )
        }
        OutputSource::Reference(field) => match row.values.get(&field.index) {
            Some(Value::Row(target)) => Shown::Exact(reference_to_json(world, target)),
            Some(_) => Shown::Exact(Json::Null),
            None => Shown::Anything,
        },
        OutputSource::Field(field) => scalar(judge, at, field),
    }
}

fn scalar(judge: &Judge, at: &RowRef, id: FieldId) -> Shown {
    let field = judge.world.model().field(id);
    let row = judge.world.get(at);
    let stored = row.and_then(|row| row.values.get(&id.index));
    match about(judge.world, at, id) {
        Some(About::Instant(instant)) => return Shown::About(instant),
        Some(About::Day(days)) => return Shown::AboutDay(days),
        None => {}
    }
    let value = match (&field.computed, stored) {
        (Some(_), _) if judge.world.is_opaque(id) => return Shown::Anything,
        (Some(_), _) => {
            let (value, by_clock) = judge.timed(|| judge.field(at, id));
            match vague(&value).filter(|_| by_clock) {
                Some(shown) => return shown,
                None => value,
            }
        }
        (None, Some(value)) => value.clone(),
        (None, None) => return Shown::Anything,
    };
    match (&value, field.scalar()) {
        (Value::File(text), _) => file(text),
        (Value::Text(text), _) if text.contains(NUMBERED) => around(text),
        (value, Some(scalar)) => Shown::Exact(to_json(value, scalar)),
        (_, None) => Shown::Anything,
    }
}

/// A value that hangs on the server's clock, as far as ours foretells it.
pub fn vague(value: &Value) -> Option<Shown> {
    match value {
        Value::DateTime(instant) => Some(Shown::About(*instant)),
        Value::Date(days) => Some(Shown::AboutDay(*days)),
        Value::Int(_) | Value::Decimal { .. } | Value::Duration(_) | Value::Text(_) => {
            Some(Shown::Anything)
        }
        _ => None,
    }
}

/// A text that a provisional id is in.
pub fn around(text: &str) -> Shown {
    let Some((before, rest)) = text.split_once(NUMBERED) else {
        return Shown::Exact(json!(text));
    };
    let after = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
    match after.contains(NUMBERED) {
        true => Shown::Anything,
        false => Shown::Around(before.to_owned(), after.to_owned()),
    }
}

/// What the server's clock set a field to.
pub enum About {
    Instant(i64),
    Day(i64),
}

/// The value of a field that the server's clock set, and that no reply told yet.
pub fn about(world: &World, at: &RowRef, field: FieldId) -> Option<About> {
    let row = world
        .get(at)
        .filter(|row| row.fresh.contains(&field.index))?;
    match row.values.get(&field.index)? {
        Value::DateTime(instant) => Some(About::Instant(*instant)),
        Value::Date(days) => Some(About::Day(*days)),
        _ => None,
    }
}

/// Takes over what the server's clock set.
pub fn learn(world: &mut World, row: &RowRef, field: FieldId, json: &Json) {
    let scalar = world.model().field(field).scalar();
    if let Some(value) = scalar.and_then(|scalar| from_json(json, scalar)) {
        world.set(row, field, value);
        if let Some(row) = world.get_mut(row) {
            row.fresh.remove(&field.index);
        }
    }
}

/// Whether the JSON is as it has to be.
pub fn fits(shown: &Shown, json: &Json) -> bool {
    let mut differences = Vec::new();
    compare(shown, json, "", &mut differences);
    differences.is_empty()
}

/// What is wrong with a list that may have items which nobody could foretell.
fn amiss(items: &[Shown], never: &[Shown], most: usize, json: &Json) -> Option<String> {
    let got = json.as_array().map_or(&[][..], Vec::as_slice);
    if !json.is_array() || got.len() > most {
        return Some(format!("a list of at most {most}"));
    }
    let mut next = items.iter().enumerate().peekable();
    for (place, item) in got.iter().enumerate() {
        match next.peek() {
            Some((_, shown)) if fits(shown, item) => drop(next.next()),
            _ if items.iter().chain(never).any(|shown| fits(shown, item)) => {
                return Some(format!("no such item at {place}"));
            }
            _ => {}
        }
    }
    match next.next() {
        Some((index, _)) if got.len() < most => Some(format!(
            "{} items in their order, and item {index} is not among them",
            items.len()
        )),
        _ => None,
    }
}

fn file(text: &str) -> Shown {
    let known: Json = serde_json::from_str(text).unwrap_or(Json::Null);
    let member = |name: &str| (name.to_owned(), Shown::Exact(known[name].clone()));
    Shown::Object(vec![
        ("url".to_owned(), Shown::Link),
        member("name"),
        member("type"),
        member("size"),
    ])
}

/// Appends what differs, each with its place.
pub fn compare(shown: &Shown, json: &Json, place: &str, differences: &mut Vec<String>) {
    let mut differ = |expected: String| {
        let place = if place.is_empty() { "the body" } else { place };
        differences.push(format!("{place}: expected {expected}, got {json}"));
    };
    match shown {
        Shown::Exact(expected) if expected == json => {}
        Shown::Exact(expected) => differ(expected.to_string()),
        Shown::Anything | Shown::Perhaps => {}
        Shown::Absent => differ("nothing".to_owned()),
        Shown::About(instant) => {
            // No other form of the instant will do.
            let canonical =
                |text: &str| instant_from_text(text).filter(|got| instant_to_text(*got) == text);
            let got = json.as_str().and_then(canonical);
            if got.is_none_or(|got| (got - instant).abs() > CLOCK) {
                differ(format!("about {}", instant_to_text(*instant)));
            }
        }
        Shown::AboutDay(days) => {
            let got = json.as_str().and_then(days_from_text);
            if got.is_none_or(|got| (got - days).abs() > 1) {
                differ(format!("about {}", date_to_text(*days)));
            }
        }
        Shown::Around(before, after) => {
            let inner = json.as_str().and_then(|text| text.strip_prefix(&**before));
            let inner = inner.and_then(|text| text.strip_suffix(&**after));
            if inner.is_none_or(str::is_empty) {
                differ(format!("{before:?}, an id, {after:?}"));
            }
        }
        Shown::Link if json.as_str().is_some_and(|link| !link.is_empty()) => {}
        Shown::Link => differ("a link".to_owned()),
        Shown::Token if json.as_str().is_some_and(|token| !token.is_empty()) => {}
        Shown::Token => differ("a token".to_owned()),
        Shown::Names(names) => {
            let mut got: Vec<&str> = json
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Json::as_str)
                .collect();
            let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
            got.sort_unstable();
            names.sort_unstable();
            if got != names {
                differ(format!("{names:?}"));
            }
        }
        Shown::List(items) => match json.as_array() {
            Some(got) if got.len() == items.len() => {
                for (index, (item, json)) in items.iter().zip(got).enumerate() {
                    compare(item, json, &format!("{place}/{index}"), differences);
                }
            }
            _ => differ(format!("a list of {}", items.len())),
        },
        Shown::Among { items, never, most } => {
            if let Some(expected) = amiss(items, never, *most, json) {
                differ(expected);
            }
        }
        Shown::AtLeast(least) if json.as_i64().is_some_and(|got| got >= *least) => {}
        Shown::AtLeast(least) => differ(format!("at least {least}")),
        Shown::Object(members) => {
            let Some(got) = json.as_object() else {
                return differ("an object".to_owned());
            };
            for (name, shown) in members {
                match got.get(name) {
                    Some(json) => compare(shown, json, &format!("{place}/{name}"), differences),
                    None if *shown == Shown::Perhaps => {}
                    None => differences.push(format!("{place}/{name}: the key is missing")),
                }
            }
            for name in got
                .keys()
                .filter(|name| members.iter().all(|(known, _)| known != *name))
            {
                differences.push(format!(
                    "{place}/{name}: the key is shown, and should not be"
                ));
            }
        }
    }
}

/// Takes the server's ids and instants over from a reply that was compared already.
pub fn adopt(world: &mut World, row: &RowRef, json: &Json) {
    let outputs = &world.plan.resource(row.entity).output;
    for output in outputs {
        let Some(json) = json.get(&output.json) else {
            continue;
        };
        match output.source {
            OutputSource::Field(field) => {
                let fresh = world
                    .get(row)
                    .is_some_and(|row| row.fresh.contains(&field.index));
                let scalar = world.model().field(field).scalar();
                let is_file = matches!(scalar, Some(ScalarType::File { .. }));
                if fresh || is_file {
                    learn(world, row, field, json);
                }
            }
            OutputSource::Parts(field) => {
                let parts = world.many(row, field);
                for (part, json) in parts.iter().zip(json.as_array().into_iter().flatten()) {
                    let named = name(world, part, json);
                    adopt(world, &named, json);
                }
            }
            _ => {}
        }
    }
}

/// Gives a row that had a provisional id the one of the reply.
pub fn name(world: &mut World, row: &RowRef, json: &Json) -> RowRef {
    let id = json.get("id").and_then(id_from_json);
    let (true, Some(id)) = (row.id.starts_with(super::NEW), id) else {
        return row.clone();
    };
    let named = RowRef {
        entity: row.entity,
        id,
    };
    world.rename(row, &named);
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(shown: Shown, json: Json, expected: &[&str]) {
        let mut differences = Vec::new();
        compare(&shown, &json, "", &mut differences);
        assert_eq!(differences, expected);
    }

    #[test]
    fn missing_and_extra_keys_are_differences() {
        let shown = Shown::Object(vec![
            ("a".to_owned(), Shown::Exact(json!(1))),
            ("b".to_owned(), Shown::Anything),
        ]);
        check(shown.clone(), json!({"a": 1, "b": null}), &[]);
        check(
            shown,
            json!({"a": 2, "c": 1}),
            &[
                "/a: expected 1, got 2",
                "/b: the key is missing",
                "/c: the key is shown, and should not be",
            ],
        );
    }

    #[test]
    fn a_text_around_an_id_that_is_not_known_yet_has_its_own_part_right() {
        check(around("room ~new#000012!"), json!("room 4f!"), &[]);
        check(
            around("room ~new#000012!"),
            json!("door 4f!"),
            &["the body: expected \"room \", an id, \"!\", got \"door 4f!\""],
        );
        check(
            around("~new#000012 and ~new#000013"),
            json!("4f and 5a"),
            &[],
        );
        check(around("nothing new"), json!("nothing new"), &[]);
    }

    #[test]
    fn instants_of_the_servers_clock_may_be_off_a_little() {
        check(Shown::About(0), json!("1970-01-01T00:00:09.000Z"), &[]);
        check(
            Shown::About(0),
            json!("1970-01-01T00:00:11.000Z"),
            &[
                "the body: expected about 1970-01-01T00:00:00.000Z, got \"1970-01-01T00:00:11.000Z\"",
            ],
        );
    }
}
