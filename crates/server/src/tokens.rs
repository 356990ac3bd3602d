//! Access tokens: JSON Web Tokens (RFC 9068) signed with Ed25519, and nothing else.
//!
//! The header of a token is not parsed but compared with the headers that the known keys give, so that no algorithm,
//! key or extension of a client's choosing is ever looked at.

use crate::Secrets;
use archwright_plan::Plan;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Clocks of two servers may differ by this much.
const SKEW_SECONDS: i64 = 30;
/// Ours are about 500 bytes long.
const LONGEST: usize = 4096;
const MOST_KNOWN: usize = 4096;

/// Issues and verifies; the first key signs, all verify.
pub(crate) struct Tokens {
    keys: Vec<Key>,
    issuer: String,
    audience: String,
    pub(crate) lifetime_seconds: i64,
    /// Claims of tokens whose signature was good, by the token's hash: checking it takes longer than reading a row.
    known: Mutex<HashMap<[u8; 32], Arc<Claims>>>,
}

struct Key {
    /// The thumbprint of the public key (RFC 7638).
    id: String,
    /// The first part of every token that it signs.
    header: String,
    signing: SigningKey,
    verifying: VerifyingKey,
}

/// Whom a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub account_id: String,
    pub session_id: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    client_id: String,
    sid: String,
    iat: i64,
    exp: i64,
    jti: String,
}

impl Tokens {
    pub(crate) fn new(secrets: &Secrets, plan: &Plan, issuer: Option<String>) -> Self {
        let audience = format!("urn:archwright:{}", plan.model.name);
        Self {
            keys: secrets.signing.iter().map(Key::new).collect(),
            issuer: issuer.unwrap_or_else(|| audience.clone()),
            audience,
            lifetime_seconds: i64::try_from(plan.model.api.access_seconds)
                .unwrap_or(i64::MAX / 2000),
            known: Mutex::default(),
        }
    }

    /// `now` in milliseconds. `None`: there is no key to sign with.
    pub(crate) fn issue(&self, subject: &Subject, now: i64) -> Option<String> {
        let key = self.keys.first()?;
        let seconds = now.div_euclid(1000);
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: subject.account_id.clone(),
            client_id: self.audience.clone(),
            sid: subject.session_id.clone(),
            iat: seconds,
            exp: seconds + self.lifetime_seconds,
            jti: uuid::Uuid::now_v7().to_string(),
        };
        let claims = serde_json::to_vec(&claims).ok()?;
        let signed = format!("{}.{}", key.header, URL_SAFE_NO_PAD.encode(claims));
        let signature = key.signing.sign(signed.as_bytes()).to_bytes();
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// `None`: the token is not good at this instant. Whether its session still is, the store knows.
    pub(crate) fn verify(&self, token: &str, now: i64) -> Option<Subject> {
        if token.len() > LONGEST {
            return None;
        }
        let now = now.div_euclid(1000);
        let hash = Sha256::digest(token).into();
        let known = self.known().get(&hash).cloned();
        let claims = match &known {
            Some(claims) => claims.clone(),
            None => Arc::new(self.signed(token)?),
        };
        if !self.holds(&claims, now) {
            return None;
        }
        let subject = Subject {
            account_id: claims.sub.clone(),
            session_id: claims.sid.clone(),
        };
        if known.is_none() {
            self.remember(hash, claims, now);
        }
        Some(subject)
    }

    /// The claims under a good signature.
    fn signed(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let key = self.keys.iter().find(|key| key.header == header)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let signature = Signature::from_slice(&signature).ok()?;
        let verified = key.verifying.verify_strict(signed.as_bytes(), &signature);
        verified.ok()?;
        let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
        serde_json::from_slice(&claims).ok()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<[u8; 32], Arc<Claims>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, hash: [u8; 32], claims: Arc<Claims>, now: i64) {
        let mut known = self.known();
        if known.len() >= MOST_KNOWN {
            known.retain(|_, claims| self.holds(claims, now));
        }
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(hash, claims);
    }

    fn holds(&self, claims: &Claims, now: i64) -> bool {
        claims.iss == self.issuer
            && claims.aud == self.audience
            && claims.iat <= now.saturating_add(SKEW_SECONDS)
            && now < claims.exp.saturating_add(SKEW_SECONDS)
            && claims.exp.saturating_sub(claims.iat) <= self.lifetime_seconds
    }

    /// The public keys (RFC 7517).
    pub(crate) fn jwks(&self) -> Value {
        let keys = self.keys.iter().map(|key| {
            json!({
                "kty": "OKP",
                "crv": "Ed25519",
                "x": URL_SAFE_NO_PAD.encode(key.verifying.as_bytes()),
                "kid": key.id,
                "alg": "EdDSA",
                "use": "sig",
            })
        });
        json!({ "keys": keys.collect::<Vec<_>>() })
    }
}

impl Key {
    fn new(signing: &SigningKey) -> Self {
        let verifying = signing.verifying_key();
        let x = URL_SAFE_NO_PAD.encode(verifying.as_bytes());
        let members = format!("{{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"{x}\"}}");
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(members));
        let header = format!("{{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"{id}\"}}");
        Self {
            id,
            header: URL_SAFE_NO_PAD.encode(header),
            signing: signing.clone(),
            verifying,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;
    use hmac::{Hmac, KeyInit, Mac};

    const NOW: i64 = 1_795_514_400_000;
    const SECOND: i64 = 1000;

    fn tokens(secrets: &Secrets) -> Tokens {
        Tokens {
            keys: secrets.signing.iter().map(Key::new).collect(),
            issuer: "https://issuer.example".to_owned(),
            audience: "urn:archwright:shop".to_owned(),
            lifetime_seconds: 900,
            known: Mutex::default(),
        }
    }

    fn ours() -> Tokens {
        tokens(&Secrets::random().unwrap())
    }

    fn subject() -> Subject {
        Subject {
            account_id: "019a7b3c-5e00-7000-8000-000000000001".to_owned(),
            session_id: "019a7b3c-5e00-7000-8000-000000000002".to_owned(),
        }
    }

    fn part(token: &str, index: usize) -> Value {
        let part = token.split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    fn encode(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    /// A token with these changes, well signed.
    fn signed(tokens: &Tokens, header: Option<Value>, claims: Option<Value>) -> String {
        let token = tokens.issue(&subject(), NOW).unwrap();
        let header = header.map_or_else(|| tokens.keys[0].header.clone(), |header| encode(&header));
        let signed = format!("{header}.{}", encode(&claims.unwrap_or(part(&token, 1))));
        let signature = tokens.keys[0].signing.sign(signed.as_bytes()).to_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn a_token_says_what_rfc_9068_asks_for() {
        let tokens = ours();
        let token = tokens.issue(&subject(), NOW).unwrap();
        let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": tokens.keys[0].id });
        assert_eq!(part(&token, 0), header);
        let mut claims = part(&token, 1);
        let jti = claims["jti"].take();
        assert!(jti.as_str().unwrap().len() == 36);
        let expected = json!({
            "iss": "https://issuer.example", "aud": "urn:archwright:shop", "client_id": "urn:archwright:shop",
            "sub": subject().account_id, "sid": subject().session_id,
            "iat": NOW / 1000, "exp": NOW / 1000 + 900, "jti": null,
        });
        assert_eq!(claims, expected);
        assert_eq!(tokens.verify(&token, NOW), Some(subject()));
        assert_ne!(token, tokens.issue(&subject(), NOW).unwrap());
    }

    #[test]
    fn a_token_is_good_from_its_issue_until_its_expiry() {
        let tokens = ours();
        let token = tokens.issue(&subject(), NOW).unwrap();
        let good = |seconds: i64| tokens.verify(&token, NOW + seconds * SECOND).is_some();
        assert!(!good(-31));
        assert!(good(-30));
        assert!(good(899));
        assert!(good(929));
        assert!(!good(930));
        assert!(!good(i64::MAX / 2000));
    }

    #[test]
    fn a_token_that_was_good_expires_all_the_same() {
        let tokens = ours();
        let token = tokens.issue(&subject(), NOW).unwrap();
        let claims = Arc::new(tokens.signed(&token).unwrap());
        for number in 0..=MOST_KNOWN {
            let hash = Sha256::digest(number.to_be_bytes()).into();
            tokens.remember(hash, claims.clone(), NOW / 1000);
        }
        assert!(tokens.known().len() <= MOST_KNOWN);
        for _ in 0..2 {
            assert_eq!(tokens.verify(&token, NOW), Some(subject()));
        }
        assert_eq!(tokens.verify(&token, NOW + 930 * SECOND), None);
    }

    #[test]
    fn other_algorithms_are_refused() {
        let tokens = ours();
        let kid = &tokens.keys[0].id;
        let claims = part(&tokens.issue(&subject(), NOW).unwrap(), 1);
        for alg in [
            "none", "None", "HS256", "RS256", "ES256", "Ed25519", "eddsa", "",
        ] {
            let header = json!({ "alg": alg, "typ": "at+jwt", "kid": kid });
            let with_signature = signed(&tokens, Some(header.clone()), None);
            assert_eq!(tokens.verify(&with_signature, NOW), None, "{alg}");
            let without = format!("{}.{}.", encode(&header), encode(&claims));
            assert_eq!(tokens.verify(&without, NOW), None, "{alg}");
            assert_eq!(
                tokens.verify(without.trim_end_matches('.'), NOW),
                None,
                "{alg}"
            );
        }
    }

    #[test]
    fn the_public_key_is_no_secret_to_sign_with() {
        let tokens = ours();
        let kid = &tokens.keys[0].id;
        let claims = encode(&part(&tokens.issue(&subject(), NOW).unwrap(), 1));
        let headers = [
            encode(&json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid })),
            tokens.keys[0].header.clone(),
        ];
        for header in headers {
            let signed = format!("{header}.{claims}");
            let mut mac =
                Hmac::<Sha256>::new_from_slice(tokens.keys[0].verifying.as_bytes()).unwrap();
            mac.update(signed.as_bytes());
            let token = format!(
                "{signed}.{}",
                URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
            );
            assert_eq!(tokens.verify(&token, NOW), None);
        }
    }

    #[test]
    fn other_keys_and_other_kinds_of_token_are_refused() {
        let (tokens, others) = (ours(), ours());
        let token = others.issue(&subject(), NOW).unwrap();
        assert_eq!(tokens.verify(&token, NOW), None);
        let kid = &tokens.keys[0].id;
        let jwk = others.jwks()["keys"][0].clone();
        for header in [
            json!({ "alg": "EdDSA", "typ": "JWT", "kid": kid }),
            json!({ "alg": "EdDSA", "kid": kid }),
            json!({ "alg": "EdDSA", "typ": "at+jwt" }),
            json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "other" }),
            json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid, "crit": ["x"], "x": 1 }),
            json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid, "jwk": jwk }),
        ] {
            let token = signed(&tokens, Some(header.clone()), None);
            assert_eq!(tokens.verify(&token, NOW), None, "{header}");
        }
        // A stranger's signature under our header.
        let (head, _) = token.rsplit_once('.').unwrap();
        let claims = head.split_once('.').unwrap().1;
        let forged = format!("{}.{claims}", tokens.keys[0].header);
        let signature = others.keys[0].signing.sign(forged.as_bytes()).to_bytes();
        let forged = format!("{forged}.{}", URL_SAFE_NO_PAD.encode(signature));
        assert_eq!(tokens.verify(&forged, NOW), None);
    }

    #[test]
    fn claims_have_to_be_ours() {
        let tokens = ours();
        let claims = part(&tokens.issue(&subject(), NOW).unwrap(), 1);
        let check = |name: &str, value: Value| {
            let mut changed = claims.clone();
            match value {
                Value::Null => changed.as_object_mut().unwrap().remove(name),
                value => changed
                    .as_object_mut()
                    .unwrap()
                    .insert(name.to_owned(), value),
            };
            let token = signed(&tokens, None, Some(changed));
            assert_eq!(tokens.verify(&token, NOW), None, "{name}");
        };
        check("iss", json!("https://other.example"));
        check("aud", json!("urn:archwright:other"));
        check(
            "aud",
            json!(["urn:archwright:shop", "urn:archwright:other"]),
        );
        check("iat", json!(NOW / 1000 + 31));
        check("exp", json!(NOW / 1000 - 30));
        check("exp", json!(NOW / 1000 + 901));
        check("exp", json!(i64::MAX));
        check("exp", json!("tomorrow"));
        for name in ["iss", "aud", "sub", "sid", "iat", "exp", "jti"] {
            check(name, Value::Null);
        }
        assert!(tokens.verify(&signed(&tokens, None, None), NOW).is_some());
    }

    #[test]
    fn no_byte_of_a_token_can_be_changed() {
        let tokens = ours();
        let token = tokens.issue(&subject(), NOW).unwrap();
        for index in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let tampered = String::from_utf8(bytes).unwrap();
            assert_eq!(tokens.verify(&tampered, NOW), None, "byte {index}");
            assert_eq!(tokens.verify(&token[..index], NOW), None, "length {index}");
        }
        for other in [
            format!("{token}="),
            format!("{token}."),
            format!(".{token}"),
            format!(" {token}"),
        ] {
            assert_eq!(tokens.verify(&other, NOW), None, "{other}");
        }
        assert_eq!(tokens.verify(&"a.".repeat(100_000), NOW), None);
    }

    #[test]
    fn keys_are_rotated() {
        let (old, new) = (Secrets::random().unwrap(), Secrets::random().unwrap());
        let mut both = new.clone();
        both.signing = [new.signing[0].clone(), old.signing[0].clone()].into();
        let token = tokens(&old).issue(&subject(), NOW).unwrap();
        let rotated = tokens(&both);
        assert_eq!(rotated.verify(&token, NOW), Some(subject()));
        assert_eq!(tokens(&new).verify(&token, NOW), None);
        let token = rotated.issue(&subject(), NOW).unwrap();
        assert_eq!(tokens(&new).verify(&token, NOW), Some(subject()));
        assert_eq!(rotated.jwks()["keys"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn public_keys_are_shown_without_the_private_ones() {
        // The key and thumbprint of RFC 8037, appendix A.
        let seed = URL_SAFE_NO_PAD
            .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
            .unwrap();
        let key = Key::new(&SigningKey::from_bytes(&seed.try_into().unwrap()));
        assert_eq!(key.id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let mut tokens = ours();
        tokens.keys = vec![key];
        let shown = json!({
            "keys": [{
                "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "alg": "EdDSA", "use": "sig",
            }],
        });
        assert_eq!(tokens.jwks(), shown);
    }
}
