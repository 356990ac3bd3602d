//! Values that a field must not take, by the class of what is wrong with them.

use archwright_plan::model::{
    EntityId, Field, IdType, InputField, InputKind as MoveInput, Literal, Model, ScalarType,
};
use archwright_plan::{Input, InputKind, limits};
use archwright_seed::Rng;
use archwright_seed::values::{Subject, accepts, distinct};
use serde_json::{Value as Json, json};

/// What is put in place of a good value.
#[derive(Clone, Debug, PartialEq)]
pub struct Bad {
    /// `too-long`
    pub class: &'static str,
    /// Absent: the key is left out.
    pub value: Option<Json>,
    /// Codes of which the reply has to give one.
    pub codes: &'static [&'static str],
}

fn bad(class: &'static str, value: Json, codes: &'static [&'static str]) -> Bad {
    Bad {
        class,
        value: Some(value),
        codes,
    }
}

const MISSING: Bad = Bad {
    class: "missing",
    value: None,
    codes: &["required"],
};

const TYPE: &[&str] = &["type"];

/// All that is wrong for an input of a create or an update.
pub fn of_input(model: &Model, input: &Input) -> Vec<Bad> {
    let field = model.field(input.field);
    let mut all = Vec::new();
    if input.required {
        all.push(MISSING);
    }
    if !input.nullable {
        all.push(bad("null", Json::Null, &["type", "required"]));
    }
    match &input.kind {
        InputKind::Scalar => all.extend(
            field
                .scalar()
                .into_iter()
                .flat_map(|scalar| of_scalar(scalar, Limits::of(field))),
        ),
        InputKind::Reference(target) => all.extend(of_reference(model, *target)),
        InputKind::References(target) => {
            all.push(bad("type", json!("no list"), TYPE));
            all.push(bad(
                "not-found",
                json!([nobody(model, *target)]),
                &["not-found"],
            ));
            let many: Vec<Json> = (0..101).map(|_| nobody(model, *target)).collect();
            all.push(bad(
                "too-many",
                json!(many),
                &["too-many", "not-found", "duplicate"],
            ));
        }
        InputKind::Parts { .. } => {
            all.push(bad("type", json!("no list"), TYPE));
            let many = vec![json!({}); 101];
            all.push(bad("too-many", json!(many), &["too-many"]));
        }
    }
    if field.blank_as_null {
        all.retain(is_not_blank);
    }
    all
}

/// All that is wrong for an input of a move.
pub fn of_move_input(model: &Model, field: &InputField) -> Vec<Bad> {
    let mut all = Vec::new();
    if !field.optional && field.default.is_none() {
        all.push(MISSING);
    }
    match &field.kind {
        MoveInput::Scalar(scalar) => {
            let limits = Limits {
                min: field.min.as_ref(),
                max: field.max.as_ref(),
                pattern: field.pattern.as_deref(),
            };
            all.extend(of_scalar(scalar, limits));
        }
        MoveInput::Reference(target) => all.extend(of_reference(model, *target)),
        MoveInput::List(_) => all.push(bad("type", json!("no list"), TYPE)),
        MoveInput::Object(_) => all.push(bad("type", json!("no object"), TYPE)),
    }
    if field.blank_as_null {
        all.retain(is_not_blank);
    }
    all
}

/// All that is wrong for an input of a named operation.
pub fn of_named_input(model: &Model, field: &InputField) -> Vec<Bad> {
    let mut all = of_move_input(model, field);
    if !field.optional {
        all.push(bad("null", Json::Null, &["type", "required"]));
    }
    if let MoveInput::List(item) = &field.kind {
        let item = InputField {
            kind: (**item).clone(),
            default: None,
            optional: true,
            ..field.clone()
        };
        let bads = of_move_input(model, &item).into_iter();
        all.extend(bads.map(|bad| Bad {
            class: item_class(bad.class),
            value: bad.value.map(|value| json!([value])),
            ..bad
        }));
        let many = limits::INPUT_ITEMS + 1;
        let many = vec![json!("a"); many];
        all.push(bad("too-many", json!(many), &["too-many"]));
    }
    all
}

fn item_class(class: &str) -> &'static str {
    match class {
        "type" => "item-type",
        "too-short" => "item-too-short",
        "too-long" => "item-too-long",
        "too-small" => "item-too-small",
        "too-large" => "item-too-large",
        _ => "item-format",
    }
}

fn of_reference(model: &Model, target: EntityId) -> Vec<Bad> {
    vec![
        bad("type", json!({}), &["type", "format"]),
        bad("not-found", nobody(model, target), &["not-found"]),
    ]
}

/// What names no row, and could.
pub fn nobody(model: &Model, target: EntityId) -> Json {
    let entity = model.entity(target);
    if let Some(key) = entity.key {
        return match model.field(key).scalar() {
            Some(ScalarType::Int | ScalarType::BigInt) => json!(2_000_000_011),
            _ => json!(no_such_key(model, model.field(key))),
        };
    }
    match entity.id_type {
        IdType::Int => json!(999_999_999_999_i64),
        IdType::Uuid => json!("00000000-0000-7000-8000-00000000dead"),
    }
}

fn no_such_key(model: &Model, field: &Field) -> String {
    let made = || {
        let subject = Subject::of_field(model.entity(field.id.entity), field, false, 0)?;
        let mut rng = Rng::new(NOBODY);
        match distinct(&subject, 8, &mut rng)? {
            // Where a pattern leaves few plain values, the seed has them all.
            Literal::Text(text) => {
                let mut others = (0..SHUFFLES).map(|_| Literal::Text(shuffled(&text, &mut rng)));
                let other = others.find(|other| accepts(&subject, other));
                Some(other.unwrap_or(Literal::Text(text)))
            }
            other => Some(other),
        }
    };
    match (&field.example, field.scalar()) {
        (Some(Literal::Text(text)), _) => text.clone(),
        (_, Some(ScalarType::String { .. })) => match made() {
            Some(Literal::Text(text)) => text,
            _ => "no-such-row".to_owned(),
        },
        _ => "no-such-row".to_owned(),
    }
}

const SHUFFLES: usize = 20;

/// Other characters of the same kinds.
fn shuffled(text: &str, rng: &mut Rng) -> String {
    let mut other = |first: u8, count: usize| char::from(first + rng.below(count) as u8);
    let each = text.chars().map(|one| match one {
        '0'..='9' => other(b'0', 10),
        'a'..='z' => other(b'a', 26),
        'A'..='Z' => other(b'A', 26),
        one => one,
    });
    each.collect()
}

/// Other values than those of the rows that runs make.
const NOBODY: u64 = 97_000_000_019;

/// Bounds beyond those of the type.
#[derive(Clone, Copy, Default)]
pub struct Limits<'a> {
    min: Option<&'a Literal>,
    max: Option<&'a Literal>,
    pattern: Option<&'a str>,
}

impl<'a> Limits<'a> {
    fn of(field: &'a Field) -> Self {
        Self {
            min: field.min.as_ref(),
            max: field.max.as_ref(),
            pattern: field.pattern.as_deref(),
        }
    }
}

fn of_scalar(scalar: &ScalarType, limits: Limits) -> Vec<Bad> {
    let mut all = Vec::new();
    let format = |text: &str| bad("format", json!(text), &["format"]);
    match scalar {
        ScalarType::String { min, max } => texts(*min, *max, limits, &mut all),
        ScalarType::Text { min, max } => texts(*min, *max, limits, &mut all),
        ScalarType::Int | ScalarType::BigInt => {
            all.push(bad("type", json!("twelve"), TYPE));
            all.push(bad("fraction", json!(1.5), &["type", "format"]));
            let (least, most) = match scalar {
                ScalarType::Int => (i64::from(i32::MIN), i64::from(i32::MAX)),
                _ => (1 - (1 << 53), (1 << 53) - 1),
            };
            let bound = |literal: Option<&Literal>| match literal {
                Some(Literal::Int(value)) => Some(*value),
                _ => None,
            };
            all.push(bad(
                "too-small",
                json!(bound(limits.min).unwrap_or(least) - 1),
                &["too-small"],
            ));
            all.push(bad(
                "too-large",
                json!(bound(limits.max).unwrap_or(most) + 1),
                &["too-large"],
            ));
        }
        ScalarType::Decimal { precision, scale } => decimals(*precision, *scale, limits, &mut all),
        ScalarType::Bool => all.push(bad("type", json!("yes"), TYPE)),
        ScalarType::Date => {
            all.push(bad("type", json!(20_260_101), TYPE));
            all.push(format("2026-02-30"));
            dates(limits, &mut all);
        }
        ScalarType::DateTime => {
            all.push(bad("type", json!(0), TYPE));
            all.push(format("yesterday"));
        }
        ScalarType::Uuid => {
            all.push(bad("type", json!(1), TYPE));
            all.push(format("not-a-uuid"));
        }
        ScalarType::Email => {
            all.push(bad("type", json!(1), TYPE));
            all.push(format("nobody"));
            let long = format!("{}@example.com", "a".repeat(260));
            all.push(bad("too-long", json!(long), &["too-long", "format"]));
        }
        ScalarType::Url => {
            all.push(bad("type", json!(1), TYPE));
            all.push(format("javascript:alert(1)"));
        }
        ScalarType::Phone => {
            all.push(bad("type", json!(1), TYPE));
            all.push(format("555 1234"));
        }
        ScalarType::Slug => {
            all.push(bad("type", json!(1), TYPE));
            all.push(format("Not A Slug"));
            all.push(bad(
                "too-long",
                json!("a".repeat(101)),
                &["too-long", "format"],
            ));
        }
        ScalarType::Enum { .. } => {
            all.push(bad("type", json!(1), &["type", "one-of"]));
            all.push(bad("one-of", json!("no_such_value"), &["one-of"]));
        }
        ScalarType::Json => {
            all.push(bad("type", json!("text"), TYPE));
            let large = json!({ "a": "x".repeat(17_000) });
            all.push(bad("too-large", large, &["too-large", "too-long"]));
        }
        ScalarType::File { .. } => {}
    }
    all
}

fn is_not_blank(bad: &Bad) -> bool {
    bad.value != Some(json!(""))
}

fn texts(min: u32, max: u32, limits: Limits, all: &mut Vec<Bad>) {
    all.push(bad("type", json!(12), TYPE));
    if min > 0 {
        let short = "a".repeat(min as usize - 1);
        all.push(bad(
            "too-short",
            json!(short),
            &["too-short", "blank", "pattern", "required"],
        ));
    }
    let long = "a".repeat(max as usize + 1);
    all.push(bad("too-long", json!(long), &["too-long", "pattern"]));
    let length = min.max(1).min(max) as usize;
    let odd = "\u{a7}".repeat(length);
    let matches =
        |pattern: &str| regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(&odd));
    if limits.pattern.is_some_and(|pattern| !matches(pattern)) {
        all.push(bad("pattern", json!(odd), &["pattern"]));
    }
}

fn decimals(precision: u32, scale: u32, limits: Limits, all: &mut Vec<Bad>) {
    all.push(bad("type", json!(true), TYPE));
    all.push(bad("format", json!("a lot"), &["format", "type"]));
    let finer = format!("1.{}", "1".repeat(scale as usize + 1));
    all.push(bad(
        "too-fine",
        json!(finer),
        &["format", "type", "pattern", "too-large"],
    ));
    let whole = "9".repeat((precision - scale) as usize + 1);
    let zeros = match scale {
        0 => String::new(),
        _ => format!(".{}", "0".repeat(scale as usize)),
    };
    all.push(bad(
        "too-large",
        json!(format!("{whole}{zeros}")),
        &["too-large", "format"],
    ));
    let units = |literal: &Literal| match crate::wire::literal_to_json(
        literal,
        &ScalarType::Decimal { precision, scale },
    ) {
        Json::String(text) => text.replace('.', "").parse::<i128>().ok(),
        _ => None,
    };
    let mut beyond = |class, literal: Option<&Literal>, by: i128, codes| {
        if let Some(units) = literal.and_then(units) {
            let text = archwright_plan::decimal(units + by, scale);
            all.push(bad(class, json!(text), codes));
        }
    };
    beyond("below-least", limits.min, -1, &["too-small"]);
    beyond("above-most", limits.max, 1, &["too-large"]);
}

fn dates(limits: Limits, all: &mut Vec<Bad>) {
    let mut beyond = |class, literal: Option<&Literal>, by: i64, codes| {
        if let Some(Literal::Text(text)) = literal
            && let Some(days) = archwright_plan::model::calendar::days_from_text(text)
        {
            all.push(bad(
                class,
                json!(archwright_plan::model::calendar::date_to_text(days + by)),
                codes,
            ));
        }
    };
    beyond("below-least", limits.min, -1, &["too-small"]);
    beyond("above-most", limits.max, 1, &["too-large"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(scalar: &ScalarType, limits: Limits) -> Vec<&'static str> {
        of_scalar(scalar, limits)
            .into_iter()
            .map(|bad| bad.class)
            .collect()
    }

    #[test]
    fn each_limit_has_its_class() {
        let pattern = Limits {
            pattern: Some("^[a-z]+$"),
            ..Limits::default()
        };
        let text = ScalarType::String { min: 2, max: 3 };
        assert_eq!(
            classes(&text, pattern),
            ["type", "too-short", "too-long", "pattern"]
        );
        let least = Literal::Decimal { units: 1, scale: 2 };
        let limits = Limits {
            min: Some(&least),
            ..Limits::default()
        };
        let money = ScalarType::Decimal {
            precision: 5,
            scale: 2,
        };
        let all = of_scalar(&money, limits);
        assert_eq!(
            all.last().map(|bad| bad.value.clone()),
            Some(Some(json!("0.00")))
        );
        assert!(all.iter().any(|bad| bad.value == Some(json!("9999.00"))));
    }
}
