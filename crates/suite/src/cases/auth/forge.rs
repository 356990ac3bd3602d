//! Access tokens that somebody without the key could make.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;

/// Name and reason of each.
pub const KINDS: &[(&str, &str)] = &[
    ("missing", "without a token nobody is signed in"),
    ("malformed", "what is no token is refused"),
    ("tampered", "a token whose claims were changed is refused"),
    (
        "other-signature",
        "a token with the signature of another one is refused",
    ),
    ("no-signature", "a token without its signature is refused"),
    ("alg-none", "a token that asks for no signature is refused"),
    (
        "alg-hs256",
        "a token signed with the public key as a shared secret is refused",
    ),
    ("own-key", "a token signed with another key is refused"),
    ("embedded-key", "a token that brings its own key is refused"),
];

/// Those that are signed with the server's key.
pub const SIGNED: &[(&str, &str)] = &[
    ("expired", "a token that has expired is refused"),
    ("other-audience", "a token for another audience is refused"),
    ("other-issuer", "a token of another issuer is refused"),
    ("not-yet", "a token from the future is refused"),
];

/// Milliseconds of clocks that differ are no reason to take a token that is an hour off.
const OFF_SECONDS: i64 = 3_600;

/// With what a test deployment signs its access tokens. `Debug` tells nothing of it.
#[derive(Clone)]
pub struct TokenKey(String);

impl TokenKey {
    /// 32 bytes in base64 or a PEM for Ed25519, or the secret of HS256. Of several with commas the first signs.
    pub fn new(text: &str) -> Self {
        match text.contains("-----BEGIN") {
            true => Self(text.to_owned()),
            false => Self(text.split(',').next().unwrap_or(text).trim().to_owned()),
        }
    }

    fn sign(&self, algorithm: &str, message: &str) -> Result<String, String> {
        let signature = match algorithm {
            "EdDSA" | "Ed25519" => self.ed25519()?.sign(message.as_bytes()).to_bytes().to_vec(),
            "HS256" => hs256(self.0.as_bytes(), message)?,
            other => {
                return Err(format!(
                    "the suite can't sign with {other}; give --expired-token"
                ));
            }
        };
        Ok(format!("{message}.{}", BASE64.encode(signature)))
    }

    fn ed25519(&self) -> Result<SigningKey, String> {
        let lines = self.0.lines().filter(|line| !line.starts_with("-----"));
        let text: String = lines.map(str::trim).collect();
        let bytes = STANDARD.decode(text).unwrap_or_default();
        // A PKCS #8 document of Ed25519 ends with the key.
        let key = bytes.strip_prefix(PKCS8_OF_ED25519).unwrap_or(&bytes);
        match key.try_into() {
            Ok(key) => Ok(SigningKey::from_bytes(&key)),
            Err(_) => Err("--signing-key has no key of Ed25519".to_owned()),
        }
    }
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TokenKey")
    }
}

const PKCS8_OF_ED25519: &[u8] = &[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A token of the server's key that differs from a good one in one thing; `same` in nothing but its signature.
pub fn signed(kind: &str, good: &str, key: &TokenKey, now: i64) -> Result<String, String> {
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, _] = parts.as_slice() else {
        return Err(OPAQUE.to_owned());
    };
    let (Some(header_json), Some(mut claims)) = (decoded(header), decoded(claims)) else {
        return Err(OPAQUE.to_owned());
    };
    let number = |claims: &Json, name: &str| claims[name].as_i64();
    match kind {
        "same" => {}
        "expired" => {
            let expires = number(&claims, "exp").unwrap_or(now);
            shift(&mut claims, now - OFF_SECONDS - expires);
        }
        "not-yet" => {
            let issued = number(&claims, "iat").unwrap_or(now);
            shift(&mut claims, now + OFF_SECONDS - issued);
            claims["nbf"] = json!(now + OFF_SECONDS);
        }
        "other-audience" if claims["aud"].is_null() => {
            return Err("access tokens name no audience".to_owned());
        }
        "other-audience" => claims["aud"] = json!("somebody-else"),
        "other-issuer" if claims["iss"].is_null() => {
            return Err("access tokens name no issuer".to_owned());
        }
        "other-issuer" => claims["iss"] = json!("https://somebody-else.example"),
        _ => return Err("there is no such token".to_owned()),
    }
    let algorithm = header_json["alg"].as_str().unwrap_or_default();
    key.sign(algorithm, &format!("{header}.{}", encoded(&claims)))
}

/// Moves all instants, so that a token lives as long as it did.
fn shift(claims: &mut Json, seconds: i64) {
    for name in ["iat", "nbf", "exp"] {
        if let Some(instant) = claims[name].as_i64() {
            claims[name] = json!(instant + seconds);
        }
    }
}

const OPAQUE: &str = "access tokens are not signed JSON, so that nothing in them can be forged";

/// The forged token, made from a good one; `Err` says why it can't be made.
pub fn token(
    kind: &str,
    good: &str,
    other: Option<&str>,
    keys: Option<&Json>,
) -> Result<String, String> {
    if kind == "missing" {
        return Ok(String::new());
    }
    if kind == "malformed" {
        return Ok("no.such.token".to_owned());
    }
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else {
        return Err(OPAQUE.to_owned());
    };
    let (Some(header_json), Some(claims_json)) = (decoded(header), decoded(claims)) else {
        return Err(OPAQUE.to_owned());
    };
    let mut changed = claims_json.clone();
    changed["sub"] = json!("00000000-0000-7000-8000-00000000dead");
    let with = |name: &str, value: Json| {
        let mut header = header_json.clone();
        header[name] = value;
        header
    };
    Ok(match kind {
        "tampered" => format!("{header}.{}.{signature}", encoded(&changed)),
        "other-signature" => {
            let other = other
                .and_then(|other| other.rsplit('.').next())
                .unwrap_or("AAAA");
            if other == *signature {
                return Err("there is no second test sign-in".to_owned());
            }
            format!("{header}.{claims}.{other}")
        }
        "no-signature" => format!("{header}.{claims}."),
        "alg-none" => format!("{}.{claims}.", encoded(&with("alg", json!("none")))),
        "alg-hs256" => {
            let Some(secret) = keys.and_then(public_key) else {
                return Err("the server publishes no key at /.well-known/jwks.json".to_owned());
            };
            let message = format!("{}.{claims}", encoded(&with("alg", json!("HS256"))));
            let signature = hs256(&secret, &message)?;
            format!("{message}.{}", BASE64.encode(signature))
        }
        "own-key" => self_signed(&with("alg", json!("EdDSA")), &claims_json),
        "embedded-key" => {
            let key = BASE64.encode(own_key().verifying_key().to_bytes());
            let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": key });
            let mut header = with("jwk", jwk);
            header["alg"] = json!("EdDSA");
            self_signed(&header, &claims_json)
        }
        _ => return Err("there is no such forgery".to_owned()),
    })
}

fn hs256(secret: &[u8], message: &str) -> Result<Vec<u8>, String> {
    let mac = Hmac::<Sha256>::new_from_slice(secret);
    let mut mac = mac.map_err(|error| error.to_string())?;
    mac.update(message.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

fn own_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn self_signed(header: &Json, claims: &Json) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = own_key().sign(message.as_bytes());
    format!("{message}.{}", BASE64.encode(signature.to_bytes()))
}

fn public_key(keys: &Json) -> Option<Vec<u8>> {
    let key = keys["keys"].as_array()?.first()?;
    let text = key["x"].as_str().or_else(|| key["n"].as_str())?;
    BASE64.decode(text).ok()
}

fn decoded(part: &str) -> Option<Json> {
    serde_json::from_slice(&BASE64.decode(part).ok()?).ok()
}

fn encoded(json: &Json) -> String {
    BASE64.encode(json.to_string())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;

    #[test]
    fn each_forgery_differs_from_the_good_token() {
        let header = encoded(&json!({"alg": "EdDSA", "kid": "1"}));
        let claims = encoded(&json!({"sub": "a", "aud": "b"}));
        let good = format!("{header}.{claims}.c2lnbmF0dXJl");
        let keys = json!({"keys": [{"kty": "OKP", "x": "AAAA"}]});
        for (kind, _) in KINDS {
            let forged = token(kind, &good, Some("a.b.b3RoZXI"), Some(&keys)).unwrap();
            assert_ne!(forged, good, "{kind}");
        }
        assert!(token("tampered", "opaque", None, None).is_err());
    }

    /// The claims of what the key signs, or why it does not.
    #[track_caller]
    fn check(kind: &str, algorithm: &str, key: &str, expected: Result<Json, &str>) {
        let header = encoded(&json!({ "alg": algorithm }));
        let claims = encoded(&json!({"aud": "b", "iat": 1_000, "exp": 1_900}));
        let good = format!("{header}.{claims}.c2lnbmF0dXJl");
        let signed = signed(kind, &good, &TokenKey::new(key), 10_000);
        let claims = signed.map(|token| {
            let parts: Vec<&str> = token.split('.').collect();
            assert_eq!(parts[0], header);
            decoded(parts[1]).unwrap()
        });
        assert_eq!(
            claims,
            expected.map_err(str::to_owned),
            "{kind} {algorithm}"
        );
    }

    #[test]
    fn the_servers_key_signs_what_is_no_good() {
        let seed = STANDARD.encode([9; 32]);
        let pem = [PKCS8_OF_ED25519, &[9; 32]].concat();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(pem)
        );
        let expired = json!({"aud": "b", "iat": 5_500, "exp": 6_400});
        for (algorithm, key) in [
            ("EdDSA", &seed),
            ("EdDSA", &pem),
            ("HS256", &"s".to_owned()),
        ] {
            check("expired", algorithm, key, Ok(expired.clone()));
        }
        let later = json!({"aud": "b", "iat": 13_600, "exp": 14_500, "nbf": 13_600});
        check("not-yet", "EdDSA", &format!("{seed},x"), Ok(later));
        let other = json!({"aud": "somebody-else", "iat": 1_000, "exp": 1_900});
        check("other-audience", "EdDSA", &seed, Ok(other));
        for (kind, algorithm, key, why) in [
            ("other-issuer", "EdDSA", "", "access tokens name no issuer"),
            (
                "expired",
                "EdDSA",
                "?",
                "--signing-key has no key of Ed25519",
            ),
            (
                "expired",
                "RS256",
                "",
                "the suite can't sign with RS256; give --expired-token",
            ),
        ] {
            check(kind, algorithm, key, Err(why));
        }
    }
}
