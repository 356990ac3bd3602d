//! Replies that are the same for everyone: pages, the OpenAPI document, the public keys.

use crate::body::{self, Body};
use crate::conditional;
use crate::media;
use archwright_page::Page;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    VARY,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::io::{Read, Write};

/// Less than this fits into one packet anyway.
const LEAST_COMPRESSED: usize = 1_400;

/// Bytes and what is said about them.
pub(crate) struct Fixed {
    bytes: Content,
    media_type: &'static str,
    policy: Option<&'static str>,
    cache: &'static str,
    tag: String,
}

/// Compressed once, when the server starts.
enum Content {
    Plain(Bytes),
    Both { plain: Bytes, gzip: Bytes },
    Gzip(Bytes),
}

impl Fixed {
    pub(crate) fn json(bytes: Vec<u8>, media_type: &'static str, cache: &'static str) -> Self {
        Self {
            tag: tag(&bytes),
            bytes: Content::new(bytes.into()),
            media_type,
            policy: None,
            cache,
        }
    }

    pub(crate) fn page(page: Page) -> Self {
        let tag = tag(&page.bytes);
        let bytes = match page.bytes {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        Self {
            tag,
            bytes: match page.encoding {
                Some("gzip") => Content::Gzip(bytes),
                _ => Content::new(bytes),
            },
            media_type: page.media_type,
            policy: Some(page.csp),
            cache: page.cache,
        }
    }

    pub(crate) fn response(&self, request: &HeaderMap) -> Response<Body> {
        let mut response = Response::new(body::empty());
        let varies = !matches!(self.bytes, Content::Plain(_));
        let compressed = varies && media::accepts_gzip(request);
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(self.cache));
        if let Some(policy) = self.policy {
            headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        }
        if varies {
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
        *response.body_mut() = match &self.bytes {
            Content::Both { gzip, .. } | Content::Gzip(gzip) if compressed => {
                body::whole(gzip.clone())
            }
            Content::Plain(plain) | Content::Both { plain, .. } => body::whole(plain.clone()),
            Content::Gzip(gzip) => body::whole(decompressed(gzip)),
        };
        response
    }
}

impl Content {
    fn new(plain: Bytes) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let written = encoder.write_all(&plain).and_then(|()| encoder.finish());
        match written {
            Ok(gzip) if plain.len() >= LEAST_COMPRESSED && gzip.len() < plain.len() => Self::Both {
                plain,
                gzip: gzip.into(),
            },
            _ => Self::Plain(plain),
        }
    }
}

/// Rare: every browser takes gzip.
fn decompressed(gzip: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    // The bytes are our own: reading them can't fail.
    let _ = GzDecoder::new(gzip).read_to_end(&mut plain);
    plain
}

fn tag(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash[..12]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
