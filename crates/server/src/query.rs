//! Percent-decoding of paths and query strings, refusing what is malformed.

use crate::problem::Problem;
use percent_encoding::percent_decode_str;

/// More parameters than this make no sense for any operation.
const MOST_PARAMETERS: usize = 200;

/// The decoded text; `None` for a lone `%` and for bytes that are not UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let well_formed = bytes.iter().enumerate().all(|(index, byte)| {
        *byte != b'%'
            || bytes
                .get(index + 1..index + 3)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    if !well_formed {
        return None;
    }
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// Names and values in order.
pub(crate) fn parameters(query: Option<&str>) -> Result<Vec<(String, String)>, Problem> {
    let mut parameters = Vec::new();
    for pair in query.unwrap_or_default().split('&') {
        if pair.is_empty() {
            continue;
        }
        if parameters.len() == MOST_PARAMETERS {
            let detail = format!("The query may have at most {MOST_PARAMETERS} parameters.");
            return Err(Problem::bad_request(detail));
        }
        let pair = pair.replace('+', " ");
        let (name, value) = pair.split_once('=').unwrap_or((&pair, ""));
        let Some(name) = decode(name) else {
            let detail = "The name of a query parameter is not percent-encoded UTF-8.";
            return Err(Problem::bad_request(detail));
        };
        let Some(value) = decode(value) else {
            return Err(Problem::parameter(
                &name,
                "The value is not percent-encoded UTF-8.",
            ));
        };
        parameters.push((name, value));
    }
    Ok(parameters)
}

/// The query string without its `cursor`: that of a list's first page.
pub(crate) fn first_page(query: Option<&str>) -> String {
    let pairs = query.unwrap_or_default().split('&');
    let kept: Vec<&str> = pairs
        .filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="))
        .collect();
    kept.join("&")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;

    #[test]
    fn malformed_encodings_are_refused() {
        assert_eq!(decode("a%20b%C3%A9").as_deref(), Some("a bé"));
        for bad in ["%", "%2", "%zz", "%ff", "a%c3", "%+1"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn pairs_are_read_in_order() {
        let parsed = parameters(Some("b=1&&a=x+y%26&c&a==")).unwrap();
        let pairs: Vec<(&str, &str)> = parsed
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(pairs, [("b", "1"), ("a", "x y&"), ("c", ""), ("a", "=")]);
        assert_eq!(parameters(Some("a=%ff")).unwrap_err().status, 400);
        assert_eq!(parameters(Some("%ff=a")).unwrap_err().status, 400);
        let many = vec!["a=1"; MOST_PARAMETERS + 1].join("&");
        assert_eq!(parameters(Some(&many)).unwrap_err().status, 400);
    }

    #[test]
    fn the_first_page_has_no_cursor() {
        assert_eq!(
            first_page(Some("sort=name&cursor=abc&limit=2")),
            "sort=name&limit=2"
        );
        assert_eq!(first_page(None), "");
    }
}
