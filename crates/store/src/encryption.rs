//! Keys for sensitive fields: AES-256-GCM under keys that can be rotated, and keyed hashes to look values up by.

use crate::Secrets;
use aes_gcm::aead::{Aead, Generate, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

const FORMAT: u8 = 1;
const NONCE_LENGTH: usize = 12;
/// The format, the key's id, the nonce.
const HEAD_LENGTH: usize = 1 + 4 + NONCE_LENGTH;

/// The first key seals; all of them open what they sealed before, so that keys can be rotated. The key of the blind
/// indexes stays: another one would find nothing that is stored.
pub struct Keys {
    sealing: Vec<(u32, Aes256Gcm)>,
    index: Hmac<Sha256>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    #[error("there is no key")]
    Empty,
    #[error("a key has the wrong length")]
    Length,
    #[error("two keys have the id {0}")]
    SameId(u32),
    #[error("the system has no randomness to give")]
    Randomness,
}

impl Keys {
    pub fn new(sealing: &[(u32, [u8; 32])], index: &[u8; 32]) -> Result<Self, KeysError> {
        let mut ciphers: Vec<(u32, Aes256Gcm)> = Vec::with_capacity(sealing.len());
        for (id, key) in sealing {
            if ciphers.iter().any(|(known, _)| known == id) {
                return Err(KeysError::SameId(*id));
            }
            ciphers.push((*id, Aes256Gcm::new(key.into())));
        }
        if ciphers.is_empty() {
            return Err(KeysError::Empty);
        }
        let index = Hmac::<Sha256>::new_from_slice(index).map_err(|_| KeysError::Length)?;
        Ok(Self {
            sealing: ciphers,
            index,
        })
    }

    /// For a database that is not meant to outlive the process.
    pub fn random() -> Result<Self, KeysError> {
        let key = || <[u8; 32]>::try_generate().map_err(|_| KeysError::Randomness);
        Self::new(&[(1, key()?)], &key()?)
    }
}

impl Secrets for Keys {
    fn seal(&self, plaintext: &[u8], place: &str) -> Option<Vec<u8>> {
        let (id, cipher) = self.sealing.first()?;
        let nonce = <[u8; NONCE_LENGTH]>::try_generate().ok()?;
        let payload = Payload {
            msg: plaintext,
            aad: place.as_bytes(),
        };
        let ciphertext = cipher.encrypt(&nonce.into(), payload).ok()?;
        let mut sealed = Vec::with_capacity(HEAD_LENGTH + ciphertext.len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(&id.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Some(sealed)
    }

    fn open(&self, sealed: &[u8], place: &str) -> Option<Vec<u8>> {
        let (head, ciphertext) = sealed.split_at_checked(HEAD_LENGTH)?;
        let (format, rest) = head.split_first()?;
        let (id, nonce) = rest.split_at_checked(4)?;
        if *format != FORMAT {
            return None;
        }
        let id = u32::from_be_bytes(id.try_into().ok()?);
        let (_, cipher) = self.sealing.iter().find(|(known, _)| *known == id)?;
        let nonce: [u8; NONCE_LENGTH] = nonce.try_into().ok()?;
        let payload = Payload {
            msg: ciphertext,
            aad: place.as_bytes(),
        };
        cipher.decrypt(&nonce.into(), payload).ok()
    }

    fn blind_index(&self, column: &str, plaintext: &str) -> Vec<u8> {
        let mut hash = self.index.clone();
        hash.update(column.as_bytes());
        hash.update(&[0]);
        hash.update(plaintext.as_bytes());
        hash.finalize().into_bytes().to_vec()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<u32> = self.sealing.iter().map(|(id, _)| *id).collect();
        formatter
            .debug_struct("Keys")
            .field("ids", &ids)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;

    const PLACE: &str = "users.phone.1";

    fn keys(ids: &[u32]) -> Keys {
        let sealing: Vec<(u32, [u8; 32])> = ids.iter().map(|id| (*id, [*id as u8; 32])).collect();
        Keys::new(&sealing, &[9; 32]).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_at_its_place_only() {
        let keys = keys(&[1]);
        let sealed = keys.seal(b"+353861234567", PLACE).unwrap();
        assert!(
            !sealed
                .windows(6)
                .any(|part| b"+353861234567".windows(6).any(|plain| plain == part))
        );
        assert_eq!(keys.open(&sealed, PLACE).unwrap(), b"+353861234567");
        assert_eq!(keys.open(&sealed, "users.phone.2"), None);
        for index in 0..sealed.len() {
            let mut tampered = sealed.clone();
            tampered[index] ^= 1;
            assert_eq!(keys.open(&tampered, PLACE), None, "byte {index}");
            assert_eq!(keys.open(&sealed[..index], PLACE), None, "length {index}");
        }
    }

    #[test]
    fn old_keys_open_what_they_sealed() {
        let sealed = keys(&[1]).seal(b"old", PLACE).unwrap();
        assert_eq!(keys(&[2, 1]).open(&sealed, PLACE).unwrap(), b"old");
        assert_eq!(keys(&[2]).open(&sealed, PLACE), None);
        let new = keys(&[2, 1]).seal(b"new", PLACE).unwrap();
        assert_eq!(keys(&[2]).open(&new, PLACE).unwrap(), b"new");
    }

    #[test]
    fn a_value_is_sealed_differently_each_time_and_indexed_alike() {
        let keys = keys(&[1]);
        assert_ne!(keys.seal(b"a", PLACE), keys.seal(b"a", PLACE));
        assert_eq!(
            keys.blind_index("users.phone", "a"),
            keys.blind_index("users.phone", "a")
        );
        assert_ne!(
            keys.blind_index("users.phone", "a"),
            keys.blind_index("users.name", "a")
        );
    }

    #[test]
    fn keys_are_told_apart_and_never_shown() {
        let key = [7; 32];
        let keys = Keys::new(&[(2, key), (1, key)], &key).unwrap();
        assert_eq!(format!("{keys:?}"), "Keys { ids: [2, 1], .. }");
        let refused = |keys: &[(u32, [u8; 32])]| Keys::new(keys, &key).unwrap_err();
        assert_eq!(refused(&[]), KeysError::Empty);
        assert_eq!(refused(&[(1, key), (1, key)]), KeysError::SameId(1));
    }
}
