//! From when until when a certificate is good.

use super::binding::{SEQUENCE, element};
use archwright_plan::model::calendar::days_from_text;
use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error};

const INTEGER: u8 = 0x02;
/// `[0]`, which is left out for the oldest certificates.
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const DAY_SECONDS: u64 = 24 * 60 * 60;

pub(super) fn check(certificate: &[u8], now: UnixTime) -> Result<(), Error> {
    let refused = |why| Err(Error::InvalidCertificate(why));
    match validity(certificate) {
        None => refused(CertificateError::BadEncoding),
        Some((from, _)) if now.as_secs() < from => refused(CertificateError::NotValidYet),
        Some((_, to)) if now.as_secs() > to => refused(CertificateError::Expired),
        Some(_) => Ok(()),
    }
}

/// `TBSCertificate ::= SEQUENCE { version, serialNumber, signature, issuer, validity SEQUENCE { from, to }, … }`, in
/// seconds since 1970.
fn validity(certificate: &[u8]) -> Option<(u64, u64)> {
    let (outer, _) = element(certificate, SEQUENCE)?;
    let (signed, _) = element(outer, SEQUENCE)?;
    let signed = element(signed, VERSION).map_or(signed, |(_, rest)| rest);
    let (_, rest) = element(signed, INTEGER)?;
    let (_, rest) = element(rest, SEQUENCE)?;
    let (_, rest) = element(rest, SEQUENCE)?;
    let (validity, _) = element(rest, SEQUENCE)?;
    let (from, rest) = time(validity)?;
    let (to, _) = time(rest)?;
    Some((from, to))
}

/// `YYMMDDHHMMSSZ`, of the years from 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn time(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (text, rest, is_short) = match element(bytes, UTC_TIME) {
        Some((text, rest)) => (text, rest, true),
        None => element(bytes, GENERALIZED_TIME).map(|(text, rest)| (text, rest, false))?,
    };
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match is_short {
        true if text < "50" => format!("20{text}"),
        true => format!("19{text}"),
        false => text.to_owned(),
    };
    if text.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize| text[from..from + 2].parse::<u64>().ok();
    let day = days_from_text(&format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..8]))?;
    let seconds = number(8)? * 3600 + number(10)? * 60 + number(12)?;
    // What began before 1970 has begun.
    let day = u64::try_from(day).unwrap_or_default();
    Some((day * DAY_SECONDS + seconds, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Option<u64> {
        let tag = if text.len() == 13 {
            UTC_TIME
        } else {
            GENERALIZED_TIME
        };
        let length = u8::try_from(text.len()).unwrap_or_default();
        let bytes = [&[tag, length], text.as_bytes()].concat();
        time(&bytes).map(|(time, _)| time)
    }

    #[test]
    fn times_are_read_in_both_forms() {
        assert_eq!(checked("261128073739Z"), Some(1_795_851_459));
        assert_eq!(checked("20261128073739Z"), Some(1_795_851_459));
        assert_eq!(checked("700101000001Z"), Some(1));
        assert_eq!(checked("500101000000Z"), Some(0));
        for wrong in ["261328073739Z", "2611280737390", "20261128 73739Z", "Z"] {
            assert_eq!(checked(wrong), None, "{wrong}");
        }
    }
}
