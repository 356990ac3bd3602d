//! Links to stored files: whoever has one may download, until it expires.

use crate::Secrets;
use archwright_plan::{OperationKind, Plan};
use archwright_store::FileLink;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::sync::Arc;
use uuid::Uuid;

/// A link is good for one to two of these, so that a row looks the same for a while.
const WINDOW_MILLIS: i64 = 5 * 60 * 1000;
const ID_LENGTH: usize = 16;
const TAG_LENGTH: usize = 16;
/// The id, the number of the window that the link expires with, the tag.
const LENGTH: usize = ID_LENGTH + 4 + TAG_LENGTH;

#[derive(Clone)]
pub(crate) struct Links {
    mac: Hmac<Sha256>,
    /// The path of downloads, up to the token.
    prefix: String,
}

/// What a link names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Linked {
    pub id: Uuid,
    /// Milliseconds since 1970.
    pub expires_at: i64,
}

impl Links {
    pub(crate) fn new(secrets: &Secrets, plan: &Plan) -> Self {
        let mut operations = plan.operations.iter();
        let download = operations.find(|operation| operation.kind == OperationKind::Download);
        let path = download.map_or("/files/", |operation| operation.path.as_str());
        Self {
            mac: secrets.mac("files"),
            prefix: path.split('{').next().unwrap_or_default().to_owned(),
        }
    }

    /// What the store makes links with.
    pub(crate) fn maker(&self) -> FileLink {
        let links = self.clone();
        Arc::new(move |id, context| links.make(id, context.now))
    }

    fn make(&self, id: &str, now: i64) -> String {
        let id = Uuid::try_parse(id).unwrap_or_default();
        let expires = u32::try_from(now.div_euclid(WINDOW_MILLIS) + 2).unwrap_or(u32::MAX);
        let mut token = [0; LENGTH];
        token[..ID_LENGTH].copy_from_slice(id.as_bytes());
        token[ID_LENGTH..ID_LENGTH + 4].copy_from_slice(&expires.to_be_bytes());
        let tag = self.tag(&token[..ID_LENGTH + 4]).finalize().into_bytes();
        token[ID_LENGTH + 4..].copy_from_slice(&tag[..TAG_LENGTH]);
        format!("{}{}", self.prefix, URL_SAFE_NO_PAD.encode(token))
    }

    /// `None`: we made no such token, or it has expired.
    pub(super) fn read(&self, token: &str, now: i64) -> Option<Linked> {
        let token: [u8; LENGTH] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let (named, tag) = token.split_at(ID_LENGTH + 4);
        self.tag(named).verify_truncated_left(tag).ok()?;
        let (id, expires) = named.split_at(ID_LENGTH);
        let expires = u32::from_be_bytes(expires.try_into().ok()?);
        let expires_at = i64::from(expires) * WINDOW_MILLIS;
        (now < expires_at).then_some(Linked {
            id: Uuid::from_slice(id).ok()?,
            expires_at,
        })
    }

    fn tag(&self, named: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        mac.update(named);
        mac
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;

    const ID: &str = "019a7b3c-5e00-7000-8000-00000000abcd";
    /// The start of a window.
    const NOW: i64 = 1_795_514_400_000 / WINDOW_MILLIS * WINDOW_MILLIS;

    fn links() -> Links {
        Links {
            mac: Secrets::random().unwrap().mac("files"),
            prefix: "/v1/files/".to_owned(),
        }
    }

    fn token(links: &Links) -> String {
        let link = links.make(ID, NOW);
        link.strip_prefix("/v1/files/").unwrap().to_owned()
    }

    #[test]
    fn a_link_stays_the_same_for_a_window_and_expires_after_two() {
        let links = links();
        let token = token(&links);
        let later = NOW + WINDOW_MILLIS;
        assert_eq!(links.make(ID, NOW), links.make(ID, later - 1));
        assert_ne!(links.make(ID, NOW), links.make(ID, later));
        let expected = Linked {
            id: Uuid::try_parse(ID).unwrap(),
            expires_at: NOW + 2 * WINDOW_MILLIS,
        };
        assert_eq!(links.read(&token, NOW), Some(expected));
        assert_eq!(links.read(&token, expected.expires_at - 1), Some(expected));
        assert_eq!(links.read(&token, expected.expires_at), None);
    }

    #[test]
    fn nobody_else_makes_links() {
        let ours = links();
        let token = token(&ours);
        assert_eq!(links().read(&token, NOW), None);
        for index in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let tampered = String::from_utf8(bytes).unwrap();
            assert_eq!(ours.read(&tampered, NOW), None, "{tampered}");
            assert_eq!(ours.read(&token[..index], NOW), None, "length {index}");
        }
        for other in [
            "",
            "..",
            "../../etc/passwd",
            &format!("{token}="),
            &format!("{token}A"),
        ] {
            assert_eq!(ours.read(other, NOW), None, "{other}");
        }
    }
}
