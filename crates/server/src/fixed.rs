//! Replies that are the same for everyone: pages, the OpenAPI document, the public keys.

use crate::body::{self, Body};
use crate::conditional;
use crate::media;
use archwright_page::Page;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    VARY,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::io::Read;

/// Bytes and what is said about them.
pub(crate) struct Fixed {
    bytes: Bytes,
    media_type: &'static str,
    /// The bytes are compressed with gzip.
    compressed: bool,
    policy: Option<&'static str>,
    cache: &'static str,
    tag: String,
}

impl Fixed {
    pub(crate) fn json(bytes: Vec<u8>, media_type: &'static str, cache: &'static str) -> Self {
        Self {
            tag: tag(&bytes),
            bytes: bytes.into(),
            media_type,
            compressed: false,
            policy: None,
            cache,
        }
    }

    pub(crate) fn page(page: Page) -> Self {
        Self {
            tag: tag(&page.bytes),
            bytes: match page.bytes {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => bytes.into(),
            },
            media_type: page.media_type,
            compressed: page.encoding == Some("gzip"),
            policy: Some(page.csp),
            cache: page.cache,
        }
    }

    pub(crate) fn response(&self, request: &HeaderMap) -> Response<Body> {
        let mut response = Response::new(body::empty());
        let compressed = self.compressed && media::accepts_gzip(request);
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(self.cache));
        if let Some(policy) = self.policy {
            headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        }
        if self.compressed {
            headers.append(VARY, HeaderValue::from_name(ACCEPT_ENCODING));
        }
        let tag = match compressed {
            true => Cow::Owned(format!("{}-gzip", self.tag)),
            false => Cow::Borrowed(self.tag.as_str()),
        };
        headers.extend(conditional::etag(&tag).map(|tag| (ETAG, tag)));
        if conditional::if_none_match(request, &tag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        if compressed {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        *response.body_mut() = match self.compressed && !compressed {
            true => body::whole(plain(&self.bytes)),
            false => body::whole(self.bytes.clone()),
        };
        response
    }
}

/// Rare: every browser takes gzip.
fn plain(compressed: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    // The bytes are our own: reading them can't fail.
    let _ = GzDecoder::new(compressed).read_to_end(&mut plain);
    plain
}

fn tag(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash[..12]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
