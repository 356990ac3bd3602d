//! The channel binding `tls-server-end-point` (RFC 5929): the hash of the server's certificate, which goes into the
//! proof of a password, so that the proof is of no use to somebody in the middle.

use sha2::{Digest, Sha256, Sha384, Sha512};

pub(super) const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// `None` where the certificate's signature names no hash that we know.
pub(super) fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    Some(match signature_algorithm(certificate)? {
        // MD5 and SHA-1 are replaced by SHA-256, says the RFC.
        RSA_MD5 | RSA_SHA1 | RSA_SHA256 | ECDSA_SHA1 | ECDSA_SHA256 => {
            Sha256::digest(certificate).to_vec()
        }
        RSA_SHA384 | ECDSA_SHA384 => Sha384::digest(certificate).to_vec(),
        RSA_SHA512 | ECDSA_SHA512 => Sha512::digest(certificate).to_vec(),
        _ => return None,
    })
}

// 1.2.840.113549.1.1.x and 1.2.840.10045.4.x
const RSA_MD5: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04";
const RSA_SHA1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05";
const RSA_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";
const RSA_SHA384: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c";
const RSA_SHA512: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d";
const ECDSA_SHA1: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x01";
const ECDSA_SHA256: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
const ECDSA_SHA384: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x03";
const ECDSA_SHA512: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x04";

/// `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { algorithm, … }, signature }`
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (outer, _) = element(certificate, SEQUENCE)?;
    let (_, rest) = element(outer, SEQUENCE)?;
    let (algorithm, _) = element(rest, SEQUENCE)?;
    element(algorithm, OBJECT_IDENTIFIER).map(|(identifier, _)| identifier)
}

/// The content of a DER element, and what follows it.
pub(super) fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = length.iter().try_fold(0_usize, |sum, byte| {
                sum.checked_mul(256)?.checked_add(usize::from(*byte))
            })?;
            (length, rest)
        }
        _ => return None,
    };
    (found == tag).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate in outline, whose signature is made with an algorithm.
    fn certificate(algorithm: &[u8]) -> Vec<u8> {
        let wrapped = |tag: u8, content: &[u8]| {
            let length = u16::try_from(content.len()).unwrap_or_default();
            let [high, low] = length.to_be_bytes();
            [&[tag, 0x82, high, low], content].concat()
        };
        let signed = wrapped(SEQUENCE, &[5; 300]);
        let algorithm = [OBJECT_IDENTIFIER, 9]
            .iter()
            .chain(algorithm)
            .copied()
            .collect::<Vec<u8>>();
        let algorithm = wrapped(SEQUENCE, &algorithm);
        wrapped(SEQUENCE, &[signed, algorithm, vec![3, 1, 0]].concat())
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        for (algorithm, length) in [
            (RSA_SHA1, 32),
            (RSA_SHA256, 32),
            (RSA_SHA384, 48),
            (RSA_SHA512, 64),
        ] {
            let certificate = certificate(algorithm);
            let hash = end_point(&certificate).map(|hash| hash.len());
            assert_eq!(hash, Some(length), "{algorithm:?}");
        }
        assert_eq!(end_point(&certificate(&[1; 9])), None);
    }

    #[test]
    fn damage_is_no_certificate() {
        let whole = certificate(RSA_SHA256);
        for length in 0..320 {
            assert_eq!(end_point(&whole[..length]), None, "{length}");
        }
        assert_eq!(end_point(&[SEQUENCE, 0x84, 255, 255, 255, 255]), None);
    }
}
