//! One range of bytes (RFC 9110, section 14).

use http::HeaderMap;
use http::header::{IF_RANGE, RANGE};
use std::ops::Range;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Whole,
    Part(Range<u64>),
    /// 416
    Nothing,
}

/// Several ranges, other units and what can't be read are ignored, as the standard allows: the whole is sent.
pub(super) fn wanted(headers: &HeaderMap, size: u64, tag: &str) -> Wanted {
    let Some(value) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else {
        return Wanted::Whole;
    };
    let same = |if_range: &http::HeaderValue| if_range.as_bytes() == tag.as_bytes();
    if headers.get_all(RANGE).iter().count() > 1
        || headers.get(IF_RANGE).is_some_and(|value| !same(value))
    {
        return Wanted::Whole;
    }
    parse(value, size).unwrap_or(Wanted::Whole)
}

fn parse(value: &str, size: u64) -> Option<Wanted> {
    let (unit, set) = value.split_once('=')?;
    let (first, last) = set.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let range = match (number(first)?, number(last)?) {
        (None, None) => return None,
        (None, Some(length)) => size.saturating_sub(length)..size,
        (Some(first), None) => first..size,
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(_), Some(_)) => return None,
    };
    Some(match range.is_empty() {
        true => Wanted::Nothing,
        false => Wanted::Part(range),
    })
}

/// `Some(None)` for an empty text.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    let digits = text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[track_caller]
    fn check(value: &str, size: u64, expected: Wanted) {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_str(value).unwrap());
        assert_eq!(
            wanted(&headers, size, "\"tag\""),
            expected,
            "{value} of {size}"
        );
    }

    #[test]
    fn one_range_is_cut_out() {
        use Wanted::{Nothing, Part, Whole};
        assert_eq!(wanted(&HeaderMap::new(), 10, "\"tag\""), Whole);
        check("bytes=0-0", 10, Part(0..1));
        check("bytes=2-5", 10, Part(2..6));
        check("bytes=2-", 10, Part(2..10));
        check("bytes=2-99", 10, Part(2..10));
        check("bytes=-3", 10, Part(7..10));
        check("bytes=-30", 10, Part(0..10));
        check("Bytes=9-9", 10, Part(9..10));
        check("bytes=10-", 10, Nothing);
        check("bytes=-0", 10, Nothing);
        check("bytes=0-", 0, Nothing);
    }

    #[test]
    fn what_makes_no_sense_is_ignored() {
        for value in [
            "bytes=5-2",
            "bytes=0-1,3-4",
            "items=0-1",
            "bytes=-",
            "bytes",
            "bytes=a-b",
            "bytes=1--2",
            "bytes=99999999999999999999-",
            "",
        ] {
            check(value, 10, Wanted::Whole);
        }
    }

    #[test]
    fn a_range_of_another_file_is_not_given() {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_static("bytes=0-1"));
        headers.insert(IF_RANGE, HeaderValue::from_static("\"tag\""));
        assert_eq!(wanted(&headers, 10, "\"tag\""), Wanted::Part(0..2));
        assert_eq!(wanted(&headers, 10, "\"other\""), Wanted::Whole);
    }
}
