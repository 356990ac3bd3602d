//! SHA-256 of a text: the name of a base, and how a file is known to be as we wrote it.

use sha2::{Digest, Sha256};
use std::fmt;

/// 64 lower-case hexadecimal digits, and so a name that is safe in a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(String);

impl Hash {
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        let digest = Sha256::digest(bytes.as_ref());
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// None where it is no hash.
    pub fn read(text: &str) -> Option<Self> {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let good = text.len() == 64 && text.bytes().all(digit);
        good.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_sha256sum_and_reads_back() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Hash::of("").as_str(), empty);
        assert_eq!(Hash::read(empty), Some(Hash::of("")));
        assert_eq!(Hash::read("../../etc/passwd"), None);
        assert_eq!(Hash::read(&empty.to_uppercase()), None);
    }
}
