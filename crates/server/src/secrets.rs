//! Keys: from the environment alone in production, made once and kept in a file of the owner's in development.

use crate::Environment;
use archwright_store::Keys;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use hmac::{Hmac, KeyInit};
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SIGNING: &str = "ARCHWRIGHT_SIGNING_KEYS";
const FIELDS: &str = "ARCHWRIGHT_FIELD_KEYS";
const INDEX: &str = "ARCHWRIGHT_INDEX_KEY";
const LINKS: &str = "ARCHWRIGHT_LINK_KEY";
const NAMES: [&str; 4] = [SIGNING, FIELDS, INDEX, LINKS];
/// Where development keeps what it made, below the data folder.
const FILE: &str = "development.secrets";
/// 32 random bytes hold fewer different ones with a probability below 10⁻¹².
const FEWEST_DIFFERENT_BYTES: usize = 16;

/// All keys of a server. Never shown: `Debug` names nothing that is secret.
#[derive(Clone)]
pub struct Secrets {
    /// The first signs, all verify.
    pub(crate) signing: Arc<[SigningKey]>,
    fields: Arc<Keys>,
    links: Hmac<Sha256>,
}

#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    #[error(
        "secrets are missing from the environment: {}\n\
         Each key is 32 random bytes in base64; `openssl rand -base64 32` makes one. {FIELDS} wants a number before it, \
         as in 1:KEY.",
        .0.join(", ")
    )]
    Missing(Vec<&'static str>),
    #[error("{0} {1}")]
    Bad(&'static str, String),
    #[error("the secrets of development in {path} can't be used: {reason}")]
    File { path: PathBuf, reason: String },
    #[error("the system has no randomness to give")]
    Randomness,
}

impl Secrets {
    /// In production every key has to be in the environment; in development those that are not there are read from a
    /// file in `data_dir`, which is made when it is not there.
    pub fn load(environment: Environment, data_dir: &Path) -> Result<Self, SecretsError> {
        let from_environment = |name: &str| std::env::var(name).ok();
        Self::find(environment, data_dir, &from_environment)
    }

    /// Keys for a server that is not meant to outlive the process.
    pub fn random() -> Result<Self, SecretsError> {
        let made = generate()?;
        Self::read(&|name| made.get(name).cloned())
    }

    fn find(
        environment: Environment,
        data_dir: &Path,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, SecretsError> {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let missing: Vec<&str> = NAMES
            .into_iter()
            .filter(|name| set(name).is_none())
            .collect();
        match environment {
            _ if missing.is_empty() => Self::read(&set),
            Environment::Production => Err(SecretsError::Missing(missing)),
            Environment::Development => {
                let kept = development(data_dir)?;
                Self::read(&|name| set(name).or_else(|| kept.get(name).cloned()))
            }
        }
    }

    fn read(value: &dyn Fn(&str) -> Option<String>) -> Result<Self, SecretsError> {
        let missing = |name| move || SecretsError::Missing(vec![name]);
        let text = |name| value(name).ok_or_else(missing(name));
        let mut seen = BTreeSet::new();
        let signing = list(&text(SIGNING)?)
            .map(|part| Ok(SigningKey::from_bytes(&key(SIGNING, part, &mut seen)?)))
            .collect::<Result<Vec<_>, _>>()?;
        if signing.is_empty() {
            return Err(SecretsError::Missing(vec![SIGNING]));
        }
        let fields = list(&text(FIELDS)?)
            .map(|part| numbered(part, &mut seen))
            .collect::<Result<Vec<_>, _>>()?;
        let index = key(INDEX, &text(INDEX)?, &mut seen)?;
        let keys = Keys::new(&fields, &index);
        let keys =
            keys.map_err(|error| SecretsError::Bad(FIELDS, format!("is no use: {error}")))?;
        let links = key(LINKS, &text(LINKS)?, &mut seen)?;
        Ok(Self {
            signing: signing.into(),
            fields: Arc::new(keys),
            links: Hmac::new_from_slice(&links)
                .map_err(|error| SecretsError::Bad(LINKS, error.to_string()))?,
        })
    }

    /// The keys of sensitive fields.
    pub fn fields(&self) -> Arc<Keys> {
        self.fields.clone()
    }

    /// A keyed hash that no other `purpose` can make.
    pub(crate) fn mac(&self, purpose: &str) -> Hmac<Sha256> {
        use hmac::Mac;
        let mut mac = self.links.clone();
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secrets").finish_non_exhaustive()
    }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(',').map(str::trim);
    parts.filter(|part| !part.is_empty())
}

/// `1:BASE64`
fn numbered(part: &str, seen: &mut BTreeSet<[u8; 32]>) -> Result<(u32, [u8; 32]), SecretsError> {
    let (number, text) = part
        .split_once(':')
        .and_then(|(number, text)| Some((number.parse().ok()?, text)))
        .ok_or_else(|| SecretsError::Bad(FIELDS, "has to be written as NUMBER:KEY".to_owned()))?;
    Ok((number, key(FIELDS, text, seen)?))
}

/// 32 bytes that nobody could have typed, and that are in no other place.
fn key(
    name: &'static str,
    text: &str,
    seen: &mut BTreeSet<[u8; 32]>,
) -> Result<[u8; 32], SecretsError> {
    let bad = |reason: &str| SecretsError::Bad(name, reason.to_owned());
    let bytes = STANDARD
        .decode(text.trim())
        .map_err(|_| bad("is no base64"))?;
    let key: [u8; 32] = bytes
        .try_into()
        .map_err(|_| bad("has to be 32 bytes in base64"))?;
    let different = BTreeSet::from(key).len();
    let steps = BTreeSet::from_iter(key.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])));
    let typed = key.iter().all(|byte| matches!(byte, b' '..=b'~'));
    if different < FEWEST_DIFFERENT_BYTES || steps.len() == 1 || typed {
        return Err(bad(
            "is not random: make a key with `openssl rand -base64 32`, and keep it secret",
        ));
    }
    if !seen.insert(key) {
        return Err(bad(
            "is used for something else too: make a key for each purpose",
        ));
    }
    Ok(key)
}

fn generate() -> Result<BTreeMap<String, String>, SecretsError> {
    let key = || {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| SecretsError::Randomness)?;
        Ok(STANDARD.encode(bytes))
    };
    Ok(BTreeMap::from([
        (SIGNING.to_owned(), key()?),
        (FIELDS.to_owned(), format!("1:{}", key()?)),
        (INDEX.to_owned(), key()?),
        (LINKS.to_owned(), key()?),
    ]))
}

/// What an earlier start made, or what this one makes.
fn development(data_dir: &Path) -> Result<BTreeMap<String, String>, SecretsError> {
    let path = data_dir.join(FILE);
    let failed = |reason: String| SecretsError::File {
        path: path.clone(),
        reason,
    };
    if let Ok(found) = path.symlink_metadata() {
        private(&found).map_err(|reason| failed(reason.to_owned()))?;
        let text = std::fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        return Ok(pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect());
    }
    let made = generate()?;
    write(data_dir, &path, &made).map_err(|error| failed(error.to_string()))?;
    Ok(made)
}

/// Under another name first, so that no start finds half of it.
fn write(data_dir: &Path, path: &Path, made: &BTreeMap<String, String>) -> std::io::Result<()> {
    std::fs::create_dir_all(data_dir)?;
    let unfinished = path.with_extension(format!("{}.part", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    for (name, value) in made {
        writeln!(file, "{name}={value}")?;
    }
    file.sync_all()?;
    std::fs::rename(&unfinished, path)
}

fn private(found: &std::fs::Metadata) -> Result<(), &'static str> {
    if !found.is_file() {
        return Err("it is no plain file");
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o077 != 0 {
        return Err("others may read it; set its mode to 0600, or delete it to get new keys");
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;

    /// What production says to these variables; the given ones replace good ones.
    #[track_caller]
    fn check(replaced: &[(&str, &str)], expected: Result<(), &str>) {
        let mut variables = generate().unwrap();
        for (name, value) in replaced {
            let value = value.replace("INDEX", &variables[INDEX]);
            variables.insert((*name).to_owned(), value);
        }
        let folder = tempfile::tempdir().unwrap();
        let variable = |name: &str| variables.get(name).cloned();
        let found = Secrets::find(Environment::Production, folder.path(), &variable);
        match (found, expected) {
            (Ok(_), Ok(())) => {}
            (Err(error), Err(said)) => assert!(error.to_string().contains(said), "{error}"),
            (found, expected) => panic!("{found:?} is not {expected:?}"),
        }
        assert!(folder.path().read_dir().unwrap().next().is_none());
    }

    #[test]
    fn production_starts_with_random_keys_only() {
        let (first, second) = (generate().unwrap(), generate().unwrap());
        check(&[], Ok(()));
        let two = format!("{}, {}", first[SIGNING], second[SIGNING]);
        check(&[(SIGNING, &two)], Ok(()));
        check(
            &[(LINKS, "")],
            Err("missing from the environment: ARCHWRIGHT_LINK_KEY"),
        );
        check(&[(SIGNING, " , ")], Err("ARCHWRIGHT_SIGNING_KEYS"));
        check(&[(INDEX, "changeme")], Err("32 bytes"));
        check(&[(INDEX, "no base64!")], Err("no base64"));
        check(&[(FIELDS, &first[INDEX])], Err("NUMBER:KEY"));
        let same = format!("1:{},1:{}", first[INDEX], second[INDEX]);
        check(&[(FIELDS, &same)], Err("two keys have the id 1"));
    }

    #[test]
    fn keys_that_somebody_made_up_are_refused() {
        let counted: Vec<u8> = (0..32).collect();
        for weak in [
            STANDARD.encode([0; 32]),
            STANDARD.encode([7; 32]),
            STANDARD.encode(counted),
            STANDARD.encode(b"this-is-a-secret-for-production!"),
            STANDARD.encode([1, 2].repeat(16)),
        ] {
            check(&[(LINKS, &weak)], Err("is not random"));
        }
        check(&[(LINKS, "INDEX")], Err("used for something else"));
    }

    #[test]
    fn production_names_all_that_is_missing_at_once() {
        let nothing = |_: &str| None;
        let error = Secrets::find(Environment::Production, Path::new("/nowhere"), &nothing);
        let said = error.unwrap_err().to_string();
        assert!(NAMES.iter().all(|name| said.contains(name)), "{said}");
    }

    #[test]
    fn development_makes_its_keys_once() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let start = || Secrets::find(Environment::Development, &data, &|_| None);
        let (first, second) = (start().unwrap(), start().unwrap());
        assert_eq!(first.signing[0].to_bytes(), second.signing[0].to_bytes());
        let mine = generate().unwrap();
        let variable = |name: &str| mine.get(name).filter(|_| name == SIGNING).cloned();
        let third = Secrets::find(Environment::Development, &data, &variable).unwrap();
        assert_ne!(first.signing[0].to_bytes(), third.signing[0].to_bytes());
    }

    #[cfg(unix)]
    #[test]
    fn development_keeps_its_keys_to_the_owner() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let start = || Secrets::find(Environment::Development, folder.path(), &|_| None);
        start().unwrap();
        let path = folder.path().join(FILE);
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let said = start().unwrap_err().to_string();
        assert!(said.contains("others may read it"), "{said}");
        std::fs::remove_file(&path).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        std::fs::write(&elsewhere, "").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert!(start().unwrap_err().to_string().contains("no plain file"));
    }

    #[test]
    fn secrets_are_not_shown() {
        let secrets = Secrets::random().unwrap();
        assert_eq!(format!("{secrets:?}"), "Secrets { .. }");
        use hmac::Mac;
        let tag = |purpose| secrets.mac(purpose).finalize().into_bytes();
        assert_ne!(tag("files"), tag("refresh"));
    }
}
