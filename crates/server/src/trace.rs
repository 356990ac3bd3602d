//! Names of requests: `X-Request-Id` and `traceparent` (W3C Trace Context), in and out.

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

const LONGEST_REQUEST_ID: usize = 128;

/// What one request is called in logs and replies.
pub(crate) struct Trace {
    pub request_id: String,
    pub traceparent: Option<HeaderValue>,
}

impl Trace {
    /// Names that a client sends are kept when they are harmless.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let sent = headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok());
        let request_id = match sent {
            Some(id) if is_request_id(id) => id.to_owned(),
            _ => Uuid::now_v7().to_string(),
        };
        let traceparent = headers.get(&TRACEPARENT);
        let sound = |value: &&HeaderValue| value.to_str().is_ok_and(is_traceparent);
        Self {
            request_id,
            traceparent: traceparent.filter(sound).cloned(),
        }
    }
}

fn is_request_id(text: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !text.is_empty() && text.len() <= LONGEST_REQUEST_ID && text.bytes().all(harmless)
}

/// `VERSION-TRACE-PARENT-FLAGS` in lower-case hexadecimal; neither id is all zeros.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, parent, flags] = parts.as_slice() else {
        return false;
    };
    let hexadecimal = |part: &str, length: usize| {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        part.len() == length && part.bytes().all(digit)
    };
    let is_zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    hexadecimal(version, 2)
        && *version != "ff"
        && hexadecimal(trace, 32)
        && hexadecimal(parent, 16)
        && hexadecimal(flags, 2)
        && !is_zero(trace)
        && !is_zero(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn harmless_request_ids_are_kept_and_others_replaced() {
        let id = |value| Trace::of(&headers(REQUEST_ID, value)).request_id;
        assert_eq!(id("order-7.retry_2"), "order-7.retry_2");
        for bad in ["", "a b", "<script>", "a\"b"] {
            assert_ne!(id(bad), bad);
            assert_eq!(id(bad).len(), 36);
        }
        assert_eq!(Trace::of(&HeaderMap::new()).request_id.len(), 36);
    }

    #[test]
    fn only_well_formed_traceparents_are_passed_on() {
        let kept = |value| {
            Trace::of(&headers(TRACEPARENT, value))
                .traceparent
                .is_some()
        };
        assert!(kept(
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        ));
        for bad in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "nonsense",
        ] {
            assert!(!kept(bad), "{bad}");
        }
    }
}
