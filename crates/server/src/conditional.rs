//! Entity tags: `ETag`, `If-Match` and `If-None-Match` (RFC 9110).

use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    weak: bool,
    opaque: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Tags {
    Any,
    Listed(Vec<Tag>),
}

/// `"7"`
pub(crate) fn etag(opaque: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("\"{opaque}\"")).ok()
}

/// The version that `If-Match` asks for; `None` where any will do. A tag that no version can have (a weak one, say)
/// gives a version that none has, so that the store refuses it after its access rules have spoken.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<i64>, String> {
    const NO_VERSION: i64 = -1;
    let tags = match tags(headers, &IF_MATCH)? {
        None | Some(Tags::Any) => return Ok(None),
        Some(Tags::Listed(tags)) => tags,
    };
    let mut versions: Vec<i64> = tags
        .iter()
        .filter(|tag| !tag.weak)
        .filter_map(|tag| version(&tag.opaque))
        .collect();
    versions.dedup();
    match versions.as_slice() {
        [] => Ok(Some(NO_VERSION)),
        [version] => Ok(Some(*version)),
        _ => Err("It may name one version only.".to_owned()),
    }
}

fn version(opaque: &str) -> Option<i64> {
    let digits = !opaque.is_empty() && opaque.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| opaque.parse().ok()).flatten()
}

/// True when `If-None-Match` names this tag: the client has what would be sent.
pub(crate) fn if_none_match(headers: &HeaderMap, opaque: &str) -> bool {
    match tags(headers, &IF_NONE_MATCH) {
        Ok(Some(Tags::Any)) => true,
        Ok(Some(Tags::Listed(tags))) => tags.iter().any(|tag| tag.opaque == opaque),
        Ok(None) | Err(_) => false,
    }
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, String> {
    let mut listed = Vec::new();
    let mut present = false;
    for value in headers.get_all(name) {
        present = true;
        let text = value.to_str().map_err(|_| malformed())?.trim();
        if text == "*" {
            return Ok(Some(Tags::Any));
        }
        let mut rest = text;
        while !rest.is_empty() {
            let (tag, after) = tag(rest).ok_or_else(malformed)?;
            listed.push(tag);
            let after = after.trim_start();
            rest = match after.strip_prefix(',') {
                Some(next) => next.trim_start(),
                None if after.is_empty() => "",
                None => return Err(malformed()),
            };
        }
    }
    if present && listed.is_empty() {
        return Err(malformed());
    }
    Ok(present.then_some(Tags::Listed(listed)))
}

fn malformed() -> String {
    "It must be an entity tag in double quotes, as an `ETag` gave it.".to_owned()
}

fn tag(text: &str) -> Option<(Tag, &str)> {
    let (weak, text) = match text.strip_prefix("W/") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (opaque, rest) = text.strip_prefix('"')?.split_once('"')?;
    let opaque = opaque.to_owned();
    Some((Tag { weak, opaque }, rest))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: Result<Option<i64>, ()>) {
        let mut headers = HeaderMap::new();
        headers.insert(IF_MATCH, HeaderValue::from_str(value).unwrap());
        assert_eq!(if_match(&headers).map_err(|_| ()), expected, "{value}");
    }

    #[test]
    fn if_match_is_read_as_a_version() {
        assert_eq!(if_match(&HeaderMap::new()), Ok(None));
        check("\"7\"", Ok(Some(7)));
        check(" \"7\" ", Ok(Some(7)));
        check("*", Ok(None));
        check("W/\"7\"", Ok(Some(-1)));
        check("\"abc\"", Ok(Some(-1)));
        check("\"-3\"", Ok(Some(-1)));
        check("\"99999999999999999999\"", Ok(Some(-1)));
        check("\"abc\", \"7\"", Ok(Some(7)));
        check("\"7\", \"8\"", Err(()));
        check("7", Err(()));
        check("\"7", Err(()));
        check("\"7\" \"8\"", Err(()));
        check("", Err(()));
    }

    #[test]
    fn if_none_match_compares_weakly() {
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("W/\"7\", \"9\""));
        assert!(if_none_match(&headers, "7"));
        assert!(if_none_match(&headers, "9"));
        assert!(!if_none_match(&headers, "8"));
    }
}
