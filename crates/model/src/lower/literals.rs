//! Literals of scalar types: defaults, bounds, examples, seeds, and texts that are compared with typed fields.

use super::context::Lowering;
use crate::{
    Field, InputField, InputKind, LARGEST_BIGINT, LARGEST_JSON_BYTES, Literal, ScalarType, calendar,
};
use archwright_design::ast::Text;

/// Reads a value of a type, or says what is wrong with it.
pub(super) fn read(scalar: &ScalarType, text: &str) -> Result<Literal, String> {
    let owned = || Literal::Text(text.to_owned());
    match scalar {
        ScalarType::String { .. } | ScalarType::Text { .. } => sized(scalar, text),
        ScalarType::Int => whole(text, i64::from(i32::MIN), i64::from(i32::MAX)),
        ScalarType::BigInt => whole(text, -LARGEST_BIGINT, LARGEST_BIGINT),
        ScalarType::Decimal { precision, scale } => decimal(text, *precision, *scale),
        ScalarType::Bool => match text {
            "true" => Ok(Literal::Bool(true)),
            "false" => Ok(Literal::Bool(false)),
            _ => Err("it is neither `true` nor `false`".to_owned()),
        },
        ScalarType::Date => calendar::days_from_text(text)
            .map(|_| owned())
            .ok_or("it is no date such as `2026-11-24`".to_owned()),
        ScalarType::DateTime => {
            let wanted = "it is no instant such as `2026-11-24T10:00:00Z`".to_owned();
            let instant = calendar::instant_from_text(text).map(calendar::instant_to_text);
            instant.map(Literal::Text).ok_or(wanted)
        }
        ScalarType::Uuid => uuid(text)
            .map(Literal::Text)
            .ok_or("it is no uuid".to_owned()),
        ScalarType::Email => formed(scalar, &text.to_lowercase(), "e-mail address"),
        ScalarType::Url => formed(scalar, text, "address that begins with http or https"),
        ScalarType::Phone => formed(scalar, text, "number such as `+4915112345678`"),
        ScalarType::Slug => formed(scalar, text, "word of a-z, 0-9 and single `-`"),
        ScalarType::Enum { values } => {
            let known: Vec<&str> = values.iter().map(String::as_str).collect();
            let wrong = || match archwright_diagnostics::nearest(text, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the values are {}", known.join(", ")),
            };
            if known.contains(&text) {
                Ok(owned())
            } else {
                Err(wrong())
            }
        }
        ScalarType::Json => match serde_json::from_str::<serde_json::Value>(text) {
            Ok(value)
                if (value.is_object() || value.is_array())
                    && value.to_string().len() <= LARGEST_JSON_BYTES =>
            {
                Ok(owned())
            }
            Ok(_) => Err("it is no object or list of at most 16 KiB".to_owned()),
            Err(_) => Err("it is no JSON".to_owned()),
        },
        ScalarType::File { .. } => Err("a file has no literal".to_owned()),
    }
}

fn formed(scalar: &ScalarType, text: &str, what: &str) -> Result<Literal, String> {
    if !scalar.has_form(text) {
        return Err(format!("it is no {what}"));
    }
    sized(scalar, text)
}

fn sized(scalar: &ScalarType, text: &str) -> Result<Literal, String> {
    let (min, max) = scalar.characters().unwrap_or((0, u32::MAX));
    match text.chars().count() {
        length if length < min as usize => Err(format!("it is shorter than {min}")),
        length if length > max as usize => Err(format!("it is longer than {max}")),
        _ => Ok(Literal::Text(text.to_owned())),
    }
}

fn whole(text: &str, min: i64, max: i64) -> Result<Literal, String> {
    let value: i64 = text
        .replace('_', "")
        .parse()
        .map_err(|_| "it is no whole number".to_owned())?;
    if value < min || value > max {
        return Err(format!("it is outside {min} to {max}"));
    }
    Ok(Literal::Int(value))
}

fn decimal(text: &str, precision: u32, scale: u32) -> Result<Literal, String> {
    let (units, written) =
        digits(text).ok_or("it is no decimal number such as `12.50`".to_owned())?;
    if written > scale {
        return Err(format!("it has more than {scale} digits after the point"));
    }
    let units = units
        .checked_mul(10_i64.pow(scale - written))
        .filter(|units| units.unsigned_abs() < 10_u64.pow(precision));
    let units = units.ok_or(format!("it has more than {precision} digits"))?;
    Ok(Literal::Decimal { units, scale })
}

/// Units and scale of `12.50`; at most 18 digits.
pub(super) fn digits(text: &str) -> Option<(i64, u32)> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all = format!("{whole}{fraction}");
    let trimmed = all.trim_start_matches('0');
    let numeric = !whole.is_empty() && all.bytes().all(|byte| byte.is_ascii_digit());
    if !numeric
        || trimmed.len() > 18
        || fraction.len() > 18
        || (unsigned.contains('.') && fraction.is_empty())
    {
        return None;
    }
    let units: i64 = if trimmed.is_empty() {
        0
    } else {
        trimmed.parse().ok()?
    };
    Some((
        if text.starts_with('-') { -units } else { units },
        fraction.len() as u32,
    ))
}

/// `12.50` for 1250 with a scale of 2.
pub(super) fn decimal_text(units: i64, scale: u32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{:0>1$}", units.unsigned_abs(), scale as usize + 1);
    match digits.split_at(digits.len() - scale as usize) {
        (whole, "") => format!("{sign}{whole}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    }
}

fn uuid(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let hexadecimal = text
        .bytes()
        .all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    (lengths == [8, 4, 4, 4, 12] && hexadecimal).then(|| text.to_ascii_lowercase())
}

/// Which of two literals of one type is less; texts of dates and instants sort as they are.
pub(super) fn less(left: &Literal, right: &Literal) -> bool {
    match (left, right) {
        (Literal::Int(left), Literal::Int(right)) => left < right,
        (Literal::Decimal { units: left, .. }, Literal::Decimal { units: right, .. }) => {
            left < right
        }
        (Literal::Text(left), Literal::Text(right)) => left < right,
        _ => false,
    }
}

fn within(
    min: Option<&Literal>,
    max: Option<&Literal>,
    pattern: Option<&str>,
    literal: &Literal,
) -> Result<(), String> {
    if min.is_some_and(|min| less(literal, min)) {
        return Err("it is less than the field's `min`".to_owned());
    }
    if max.is_some_and(|max| less(max, literal)) {
        return Err("it is greater than the field's `max`".to_owned());
    }
    if let (Some(pattern), Literal::Text(text)) = (pattern, literal)
        && regex::Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(text))
    {
        return Err("it does not match the field's `pattern`".to_owned());
    }
    Ok(())
}

/// Reads a value of a field: its type, its bounds, its pattern.
pub(super) fn read_for(field: &Field, text: &str) -> Result<Literal, String> {
    let scalar = field
        .scalar()
        .ok_or("a relation has no literal".to_owned())?;
    let literal = read(scalar, text)?;
    within(
        field.min.as_ref(),
        field.max.as_ref(),
        field.pattern.as_deref(),
        &literal,
    )?;
    Ok(literal)
}

pub(super) fn read_for_input(field: &InputField, text: &str) -> Result<Literal, String> {
    let InputKind::Scalar(scalar) = &field.kind else {
        return Err("only a single value has a default".to_owned());
    };
    let literal = read(scalar, text)?;
    within(
        field.min.as_ref(),
        field.max.as_ref(),
        field.pattern.as_deref(),
        &literal,
    )?;
    Ok(literal)
}

impl Lowering<'_> {
    pub fn bad_literal(&mut self, text: &Text, what: &str, why: &str) {
        let message = format!("`{}` can't be {what}: {why}", text.value);
        let diagnostic = archwright_diagnostics::Diagnostic::new("AW223", text.span, message);
        let habit = matches!(
            &text.value.to_ascii_lowercase()[..],
            "yes" | "no" | "on" | "off"
        );
        let help = if habit && why.contains("`true`") {
            "write `true` or `false`"
        } else {
            "write a value of the field's type, inside its bounds"
        };
        self.report(diagnostic.help(help));
    }

    /// `min` or `max` of a number, a date or a datetime.
    pub fn bound(
        &mut self,
        scalar: &ScalarType,
        text: Option<&Text>,
        what: &str,
    ) -> Option<Literal> {
        let text = text?;
        let bounded =
            scalar.is_number() || matches!(scalar, ScalarType::Date | ScalarType::DateTime);
        if !bounded {
            let message = format!("`{what}` does not fit `{}`", scalar.name());
            let help = if matches!(scalar, ScalarType::String { .. } | ScalarType::Text { .. }) {
                "give its length in brackets: `string(3..120)`"
            } else {
                "remove it: only numbers, dates and datetimes have bounds"
            };
            self.error("AW222", text.span, message, help);
            return None;
        }
        match read(scalar, &text.value) {
            Ok(literal) => Some(literal),
            Err(why) => {
                self.bad_literal(text, &format!("the `{what}` of `{}`", scalar.name()), &why);
                None
            }
        }
    }

    pub fn check_bounds(
        &mut self,
        min: Option<&Literal>,
        max: Option<&Literal>,
        place: Option<&Text>,
    ) {
        if let (Some(min), Some(max), Some(place)) = (min, max, place)
            && less(max, min)
        {
            self.error(
                "AW225",
                place.span,
                "the greatest value is less than the least",
                "swap `min` and `max`",
            );
        }
    }

    /// A regular expression for text.
    pub fn pattern(&mut self, scalar: &ScalarType, text: Option<&Text>) -> Option<String> {
        let text = text?;
        if !matches!(scalar, ScalarType::String { .. } | ScalarType::Text { .. }) {
            let message = format!("`pattern` does not fit `{}`", scalar.name());
            self.error(
                "AW222",
                text.span,
                message,
                "use it with `string` or `text`",
            );
            return None;
        }
        let built = regex::RegexBuilder::new(&text.value)
            .size_limit(1 << 18)
            .build();
        match built {
            Ok(_) => Some(text.value.clone()),
            Err(error) => {
                let why = match error {
                    regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
                    error => error
                        .to_string()
                        .lines()
                        .last()
                        .unwrap_or_default()
                        .trim_start_matches("error: ")
                        .to_owned(),
                };
                let message = format!("the pattern can't be read: {why}");
                let help = "write a regular expression without look-around and back-references";
                self.error("AW224", text.span, message, help);
                None
            }
        }
    }
}
