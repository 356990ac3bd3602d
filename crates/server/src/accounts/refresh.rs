//! Refresh tokens: the session's id, 256 random bits, and a tag that shows that we made them. With the tag a token that
//! is not the session's current one is known to be an earlier one, and not somebody's guess.

use crate::Secrets;
use crate::problem::Problem;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

const ID_LENGTH: usize = 16;
const NAMED_LENGTH: usize = ID_LENGTH + 32;
const TAG_LENGTH: usize = 16;
const LENGTH: usize = NAMED_LENGTH + TAG_LENGTH;

pub(super) struct RefreshTokens {
    mac: Hmac<Sha256>,
}

/// What is stored of a token.
pub(super) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

impl RefreshTokens {
    pub(super) fn new(secrets: &Secrets) -> Self {
        Self {
            mac: secrets.mac("refresh"),
        }
    }

    pub(super) fn issue(&self, session: Uuid) -> Result<String, Problem> {
        let mut token = [0; LENGTH];
        token[..ID_LENGTH].copy_from_slice(session.as_bytes());
        let random = getrandom::fill(&mut token[ID_LENGTH..NAMED_LENGTH]);
        random.map_err(|error| Problem::internal(error.to_string()))?;
        let tag = self.tag(&token[..NAMED_LENGTH]).finalize().into_bytes();
        token[NAMED_LENGTH..].copy_from_slice(&tag[..TAG_LENGTH]);
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    /// Whose token it is or was; `None` when we did not make it.
    pub(super) fn session(&self, token: &str) -> Option<Uuid> {
        let token: [u8; LENGTH] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let (named, tag) = token.split_at(NAMED_LENGTH);
        self.tag(named).verify_truncated_left(tag).ok()?;
        Uuid::from_slice(&named[..ID_LENGTH]).ok()
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

    #[test]
    fn tokens_are_known_to_be_ours() {
        let (ours, theirs) = (
            RefreshTokens::new(&Secrets::random().unwrap()),
            RefreshTokens::new(&Secrets::random().unwrap()),
        );
        let session = Uuid::now_v7();
        let token = ours.issue(session).unwrap();
        assert_eq!(ours.session(&token), Some(session));
        assert_ne!(token, ours.issue(session).unwrap());
        assert_eq!(theirs.session(&token), None);
        for index in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let tampered = String::from_utf8(bytes).unwrap();
            assert_eq!(ours.session(&tampered), None, "{tampered}");
            assert_eq!(ours.session(&token[..index]), None, "length {index}");
        }
    }
}
