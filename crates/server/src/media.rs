//! Media types of requests: what a body is, and what a client accepts.

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};

/// A media type in lower case and its parameters, names in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MediaType {
    pub essence: String,
    pub parameters: Vec<(String, String)>,
}

impl MediaType {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let essence = parts.next()?.trim().to_ascii_lowercase();
        let (main, sub) = essence.split_once('/')?;
        if main.is_empty() || sub.is_empty() || !essence.bytes().all(is_token_or_slash) {
            return None;
        }
        let parameters = parts
            .filter_map(|part| part.split_once('='))
            .map(|(name, value)| {
                let value = value.trim().trim_matches('"');
                (name.trim().to_ascii_lowercase(), value.to_owned())
            })
            .collect();
        Some(Self {
            essence,
            parameters,
        })
    }

    /// A charset parameter that names something else than UTF-8.
    pub(crate) fn is_utf8(&self) -> bool {
        let charsets = self.parameters.iter().filter(|(name, _)| name == "charset");
        charsets
            .into_iter()
            .all(|(_, value)| value.eq_ignore_ascii_case("utf-8"))
    }
}

fn is_token_or_slash(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$&^_.+-/*".contains(&byte)
}

/// The request's `Content-Type`: `Ok(None)` without one, `Err` when it makes no sense.
pub(crate) fn content_type(headers: &HeaderMap) -> Result<Option<MediaType>, ()> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(());
    }
    let text = value.to_str().map_err(|_| ())?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    MediaType::parse(text).map(Some).ok_or(())
}

/// Whether a type is JSON: `application/json`, or by the suffix of its name (RFC 6839). A patch says what to do with
/// JSON, and is none.
pub(crate) fn is_json(essence: &str) -> bool {
    let name = essence.strip_prefix("application/").unwrap_or_default();
    name == "json" || (name.ends_with("+json") && !name.ends_with("patch+json"))
}

/// True when the client takes JSON, or says nothing (sensible) about it. Who asks for a JSON of their own is given JSON.
pub(crate) fn accepts_json(headers: &HeaderMap) -> bool {
    let mut best: Option<(u8, f32)> = None;
    let mut any_range = false;
    for value in headers.get_all(ACCEPT) {
        let Ok(text) = value.to_str() else { continue };
        for range in text.split(',').filter_map(MediaType::parse) {
            any_range = true;
            let specificity = match range.essence.as_str() {
                "*/*" => 0,
                "application/*" => 1,
                "application/json" => 3,
                name if is_json(name) && quality(&range) > 0.0 => 2,
                _ => continue,
            };
            if best.is_none_or(|(known, _)| specificity >= known) {
                best = Some((specificity, quality(&range)));
            }
        }
    }
    match best {
        Some((_, quality)) => quality > 0.0,
        None => !any_range,
    }
}

/// True when the client says that it takes gzip.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    let mut codings = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight
            .trim()
            .strip_prefix("q=")
            .and_then(|q| q.parse().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.unwrap_or(1.0) > 0.0
    })
}

fn quality(range: &MediaType) -> f32 {
    let given = range.parameters.iter().find(|(name, _)| name == "q");
    given
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(1.0)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[track_caller]
    fn check(accept: &str, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        assert_eq!(accepts_json(&headers), expected, "{accept}");
    }

    #[test]
    fn the_most_specific_range_decides() {
        assert!(accepts_json(&HeaderMap::new()));
        check("*/*", true);
        check("application/json", true);
        check("Application/JSON; charset=utf-8", true);
        check("application/*;q=0.1", true);
        check("text/html, */*;q=0.1", true);
        check("text/html", false);
        check("application/xml, text/*", false);
        check("*/*, application/json;q=0", false);
        check("application/json;q=0", false);
        check("application/vnd.github+json", true);
        check("application/vnd.github+json;q=0, text/html", false);
        check("application/vnd.github+json, application/json;q=0", false);
        check("application/problem+json, text/html", true);
        check("text/calendar+json", false);
        check("nonsense", true);
        check("", true);
    }

    #[test]
    fn gzip_is_taken_when_it_is_named() {
        let check = |text: &'static str, expected: bool| {
            let value = (ACCEPT_ENCODING, HeaderValue::from_static(text));
            assert_eq!(
                accepts_gzip(&HeaderMap::from_iter([value])),
                expected,
                "{text}"
            );
        };
        check("gzip, deflate, br", true);
        check("br, GZIP;q=0.5", true);
        check("gzip;q=0", false);
        check("identity", false);
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn media_types_are_split() {
        let parsed = MediaType::parse("Multipart/Form-Data; Boundary=\"a b\"").unwrap();
        assert_eq!(parsed.essence, "multipart/form-data");
        let expected = ("boundary".to_owned(), "a b".to_owned());
        assert_eq!(parsed.parameters, [expected]);
        assert!(MediaType::parse("json").is_none());
        assert!(MediaType::parse("a b/c").is_none());
        assert!(
            !MediaType::parse("text/plain; charset=latin1")
                .unwrap()
                .is_utf8()
        );
    }
}
