//! Access tokens that somebody without the key could make.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
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
    (
        "other-audience",
        "a token for another audience that is not signed by the server is refused",
    ),
];

/// The forged token, made from a good one; `Err` says why it can't be made.
pub fn token(
    kind: &str,
    good: &str,
    other: Option<&str>,
    keys: Option<&Json>,
) -> Result<String, String> {
    let opaque = "access tokens are not signed JSON, so that nothing in them can be forged";
    if kind == "missing" {
        return Ok(String::new());
    }
    if kind == "malformed" {
        return Ok("no.such.token".to_owned());
    }
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else {
        return Err(opaque.to_owned());
    };
    let (Some(header_json), Some(claims_json)) = (decoded(header), decoded(claims)) else {
        return Err(opaque.to_owned());
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
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&secret) else {
                return Err("the public key is no secret of any length".to_owned());
            };
            mac.update(message.as_bytes());
            format!("{message}.{}", BASE64.encode(mac.finalize().into_bytes()))
        }
        "own-key" => signed(&with("alg", json!("EdDSA")), &claims_json),
        "embedded-key" => {
            let key = BASE64.encode(own_key().verifying_key().to_bytes());
            let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": key });
            let mut header = with("jwk", jwk);
            header["alg"] = json!("EdDSA");
            signed(&header, &claims_json)
        }
        "other-audience" => {
            let mut claims = claims_json.clone();
            claims["aud"] = json!("somebody-else");
            format!("{header}.{}.{signature}", encoded(&claims))
        }
        _ => return Err("there is no such forgery".to_owned()),
    })
}

fn own_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn signed(header: &Json, claims: &Json) -> String {
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
}
