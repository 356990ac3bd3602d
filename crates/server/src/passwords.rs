//! argon2id, off the async threads, a few at a time: each hash takes 19 MiB and a core for a while.

use crate::problem::Problem;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};

/// What OWASP asks of argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const AT_ONCE: usize = 2;
/// Those who would wait longer than a few seconds are sent away.
const MOST_WAITING: usize = 64;

static HASHING: Semaphore = Semaphore::const_new(AT_ONCE);
static WAITING: Semaphore = Semaphore::const_new(MOST_WAITING);

/// The right to hash. Who holds it from before the hash is looked up until a failure is counted lets nobody guess more
/// often than the count allows. Work on a blocking thread keeps a clone: it goes on when nobody waits for it any more.
#[derive(Clone)]
pub(crate) struct Turn {
    _permits: Arc<[SemaphorePermit<'static>; 2]>,
}

/// What a password turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    /// Right, but hashed in a way that is out of date.
    Outdated,
    Wrong,
}

pub(crate) async fn turn() -> Result<Turn, Problem> {
    let busy = |_| Problem::unavailable("Too many people are signing in; try again soon.", 2);
    let place = WAITING.try_acquire().map_err(busy)?;
    let closed = |_| Problem::internal("the hashing of passwords is closed");
    let hashing = HASHING.acquire().await.map_err(closed)?;
    Ok(Turn {
        _permits: Arc::new([place, hashing]),
    })
}

/// The hash of a new password, as a PHC string.
pub(crate) async fn hash(password: String) -> Result<String, Problem> {
    let turn = turn().await?;
    hash_in(&turn, password).await
}

pub(crate) async fn hash_in(turn: &Turn, password: String) -> Result<String, Problem> {
    let turn = turn.clone();
    let hashed = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| error.to_string())?;
        let hash: PasswordHash = hasher().and_then(|hasher| {
            hasher
                .hash_password_with_salt(password.as_bytes(), &salt)
                .map_err(|error| error.to_string())
        })?;
        Ok::<_, String>(hash.to_string())
    });
    let hashed = hashed.await.map_err(|error| error.to_string());
    hashed.and_then(|inner| inner).map_err(Problem::internal)
}

/// Takes as long for `None`, for which every password is wrong.
pub(crate) async fn verify(
    turn: &Turn,
    password: String,
    hash: Option<String>,
) -> Result<Verdict, Problem> {
    let turn = turn.clone();
    let verdict = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        match hash.as_deref().and_then(parse) {
            Some(hash) => verdict(&password, &hash),
            None => {
                parse(&nobodys()).map(|hash| verdict(&password, &hash));
                Verdict::Wrong
            }
        }
    });
    verdict
        .await
        .map_err(|error| Problem::internal(error.to_string()))
}

fn parse(text: &str) -> Option<PasswordHash> {
    PasswordHash::new(text).ok()
}

fn verdict(password: &str, hash: &PasswordHash) -> Verdict {
    // The parameters are those of the hash.
    match Argon2::default().verify_password(password.as_bytes(), hash) {
        Err(_) => Verdict::Wrong,
        Ok(()) if is_current(hash) => Verdict::Right,
        Ok(()) => Verdict::Outdated,
    }
}

fn is_current(hash: &PasswordHash) -> bool {
    let parameter = |name: &str| hash.params.get_decimal(name);
    hash.algorithm.as_str() == "argon2id"
        && hash.version == Some(Version::V0x13.into())
        && parameter("m") == Some(MEMORY_KIB)
        && parameter("t") == Some(PASSES)
        && parameter("p") == Some(1)
}

fn hasher() -> Result<Argon2<'static>, String> {
    let parameters = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| error.to_string())?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

/// A hash that no password is known for, as costly as all others.
fn nobodys() -> String {
    let salt = STANDARD_NO_PAD.encode([0x5a; 16]);
    let output = STANDARD_NO_PAD.encode([0xa5; 32]);
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1${salt}${output}")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;

    #[track_caller]
    fn check(password: &str, hash: Option<&str>, expected: Verdict) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let verdict = runtime.block_on(async {
            let turn = turn().await.unwrap();
            verify(&turn, password.to_owned(), hash.map(str::to_owned))
                .await
                .unwrap()
        });
        assert_eq!(verdict, expected);
    }

    #[tokio::test]
    async fn hashes_are_salted_and_of_the_wanted_cost() {
        let first = hash("correct horse".to_owned()).await.unwrap();
        let second = hash("correct horse".to_owned()).await.unwrap();
        assert_ne!(first, second);
        assert!(
            first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{first}"
        );
    }

    #[test]
    fn passwords_are_told_apart() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let hashed = runtime
            .block_on(hash("correct horse ü".to_owned()))
            .unwrap();
        check("correct horse ü", Some(&hashed), Verdict::Right);
        check("correct horse u", Some(&hashed), Verdict::Wrong);
        check("", Some(&hashed), Verdict::Wrong);
        check("anything", None, Verdict::Wrong);
        check("anything", Some("!"), Verdict::Wrong);
    }

    #[test]
    fn a_hash_of_other_parameters_is_out_of_date() {
        let weak = Params::new(8 * 1024, 1, 1, None).unwrap();
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, weak);
        let hash: PasswordHash = hasher
            .hash_password_with_salt(b"correct horse", &[1; 16])
            .unwrap();
        check("correct horse", Some(&hash.to_string()), Verdict::Outdated);
        check("wrong", Some(&hash.to_string()), Verdict::Wrong);
    }

    #[test]
    fn the_hash_for_nobody_costs_as_much_as_others() {
        assert!(is_current(&parse(&nobodys()).unwrap()));
    }
}
