//! Puts rows into an empty database, and lets development sign in as those who stand for a role.

use crate::options::{Environment, Seed, SeededAccount, Seeding};
use crate::passwords;
use crate::problem::Problem;
use archwright_plan::SeedRow;
use archwright_store::{Failure, Store};
use http::HeaderMap;
use http::header::HOST;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Fills the database if it is empty. The accounts are those that can sign in now.
pub(crate) async fn fill(
    store: &Store,
    seed: Seed,
    now: i64,
) -> Result<(Seeding, Vec<SeededAccount>), Failure> {
    if !store.is_empty()? {
        let accounts = seed.accounts.into_iter();
        let known = accounts.filter(|account| {
            let credentials = store.credentials(&account.sign_in);
            credentials.is_ok_and(|credentials| credentials.is_some())
        });
        return Ok((Seeding::NotEmpty, known.collect()));
    }
    let hashes = hashes(&seed.rows).await?;
    let count = seed.rows.len();
    store.seed(seed.rows, hashes, now, seed.progress).await?;
    Ok((Seeding::Filled(count), seed.accounts))
}

/// One hash for each distinct password: they are meant to be slow.
async fn hashes(rows: &[SeedRow]) -> Result<BTreeMap<String, String>, Failure> {
    let accounts = rows.iter().filter_map(|row| row.account.as_ref());
    let passwords: BTreeSet<&str> = accounts.map(|account| account.password.as_str()).collect();
    let mut hashes = BTreeMap::new();
    for password in passwords {
        let hash = passwords::hash(password.to_owned()).await;
        let hash = hash.map_err(|problem| Failure::Internal(problem.detail.into()))?;
        hashes.insert(password.to_owned(), hash);
    }
    Ok(hashes)
}

/// Accounts that anyone at this machine may sign in as; none in production.
pub(crate) fn offered(
    environment: Environment,
    accounts: Vec<SeededAccount>,
) -> Vec<SeededAccount> {
    match environment {
        Environment::Development => accounts,
        Environment::Production => Vec::new(),
    }
}

/// Refuses a page of another site that had its name resolve to this machine: the browser sends that name as `Host`.
pub(crate) fn check_host(headers: &HeaderMap) -> Result<(), Problem> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    if host.is_some_and(is_own_name) {
        return Ok(());
    }
    let detail = "Signing in for development works at `localhost` or at an address of numbers.";
    Err(Problem::new(403, "forbidden", detail))
}

fn is_own_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_sites_are_not_ours() {
        for host in [
            "localhost:8080",
            "LOCALHOST",
            "127.0.0.1:1",
            "[::1]:8080",
            "192.0.2.7",
        ] {
            assert!(is_own_name(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example:8080",
            "",
            "[",
            "127.0.0.1.evil.example",
        ] {
            assert!(!is_own_name(host), "{host}");
        }
    }
}
