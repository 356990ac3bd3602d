//! Which model is asked, where, and with which key: all from the command line and the environment.

use super::wire::{self, Dialect};
use super::{Failure, Turn};
use anyhow::{Context, Result, bail};
use serde_json::Value as Json;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Bytes of an answer that are read.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

struct Provider {
    name: &'static str,
    dialect: Dialect,
    /// Variables of the environment: the address, the key.
    address: &'static str,
    key: &'static str,
    default_address: &'static str,
    needs_key: bool,
}

const PROVIDERS: &[Provider] = &[
    Provider {
        name: "openai",
        dialect: Dialect::OpenAi,
        address: "OPENAI_BASE_URL",
        key: "OPENAI_API_KEY",
        default_address: "https://api.openai.com/v1",
        needs_key: true,
    },
    Provider {
        name: "anthropic",
        dialect: Dialect::Anthropic,
        address: "ANTHROPIC_BASE_URL",
        key: "ANTHROPIC_API_KEY",
        default_address: "https://api.anthropic.com",
        needs_key: true,
    },
    // Its own form of requests takes no schema: the one that it shares with OpenAI does.
    Provider {
        name: "ollama",
        dialect: Dialect::OpenAi,
        address: "OLLAMA_BASE_URL",
        key: "OLLAMA_API_KEY",
        default_address: "http://127.0.0.1:11434/v1",
        needs_key: false,
    },
];

/// A model that can be asked.
pub struct Model {
    provider: &'static Provider,
    name: String,
    address: String,
    key: Option<String>,
    agent: Agent,
}

impl std::fmt::Display for Model {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.provider.name, self.name)
    }
}

impl Model {
    /// `PROVIDER:MODEL`; the key and, where it is another than usual, the address come from the environment.
    pub fn new(
        text: &str,
        timeout: Duration,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let names: Vec<&str> = PROVIDERS.iter().map(|provider| provider.name).collect();
        let known = || format!("write it as PROVIDER:MODEL; there are {}", names.join(", "));
        let (provider, name) = text.split_once(':').with_context(known)?;
        let provider = PROVIDERS
            .iter()
            .find(|each| each.name == provider)
            .with_context(known)?;
        if name.is_empty() || name.chars().any(char::is_control) {
            bail!("{}", known());
        }
        let given = |name| variable(name).filter(|value| !value.trim().is_empty());
        let key = given(provider.key).map(|key| key.trim().to_owned());
        if provider.needs_key && key.is_none() {
            bail!(
                "set {} in the environment to ask {}",
                provider.key,
                provider.name
            );
        }
        let address = given(provider.address);
        let address = address.as_deref().unwrap_or(provider.default_address);
        let address = address.trim().trim_end_matches('/').to_owned();
        if key.is_some() && !address.starts_with("https://") && !is_loopback(&address) {
            bail!(
                "{address} is not encrypted: a key is sent to https:// or to this machine alone (see {})",
                provider.address
            );
        }
        Ok(Self {
            agent: agent(&address, timeout),
            provider,
            name: name.to_owned(),
            address,
            key,
        })
    }

    /// The host, for people.
    pub fn host(&self) -> &str {
        host(&self.address)
    }

    /// What the model answers: a text in which a design should stand.
    pub fn ask(&self, system: &str, turns: &[Turn]) -> Result<String, Failure> {
        let dialect = self.provider.dialect;
        let reply = self.send(&dialect.body(&self.name, system, turns, true))?;
        // Some servers that speak OpenAI's form know no schemas.
        let reply = match reply {
            (400 | 422, json) if dialect.blames_schema(&json) => {
                self.send(&dialect.body(&self.name, system, turns, false))?
            }
            reply => reply,
        };
        let (status, json) = reply;
        if status != 200 {
            let reason = wire::reason(&json);
            return Err(Failure::Status(self.host().to_owned(), status, reason));
        }
        dialect
            .answer(&json)
            .map_err(|problem| problem.at(self.host()))
    }

    fn send(&self, body: &Json) -> Result<(u16, Json), Failure> {
        let unreachable =
            |error: ureq::Error| Failure::Unreachable(self.host().to_owned(), error.to_string());
        let dialect = self.provider.dialect;
        let mut request = self
            .agent
            .post(format!("{}{}", self.address, dialect.path()))
            .header("content-type", "application/json");
        for (name, value) in dialect.headers(self.key.as_deref()) {
            request = request.header(name, value);
        }
        let mut response = request.send(body.to_string()).map_err(unreachable)?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(MOST_BYTES);
        let bytes = body.read_to_vec().map_err(unreachable)?;
        let json = serde_json::from_slice(&bytes).unwrap_or_else(|_| {
            Json::String(String::from_utf8_lossy(&bytes).chars().take(300).collect())
        });
        Ok((status, json))
    }
}

fn agent(address: &str, timeout: Duration) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(timeout))
        // A key goes where it was meant to go.
        .max_redirects(0)
        .user_agent("archwright");
    if is_loopback(address) {
        config = config.proxy(None);
    }
    if address.starts_with("https://") {
        config = config.tls_config(tls());
    }
    config.build().into()
}

/// The certificates that this machine trusts, as for databases.
fn tls() -> TlsConfig {
    let found = rustls_native_certs::load_native_certs();
    let certificates = found.certs.iter();
    let certificates: Vec<Certificate<'static>> = certificates
        .map(|each| Certificate::from_der(each).to_owned())
        .collect();
    TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&certificates))
        .unversioned_rustls_crypto_provider(rustls::crypto::ring::default_provider().into())
        .build()
}

fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.split('/').next().unwrap_or(rest);
    rest.rsplit_once('@').map_or(rest, |(_, host)| host)
}

fn is_loopback(address: &str) -> bool {
    let host = host(address);
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    name == "localhost"
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, environment: &[(&str, &str)], expected: &str) {
        let variable = |name: &str| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let found = match Model::new(text, Duration::from_secs(1), variable) {
            Ok(model) => format!("{model} at {}", model.address),
            Err(error) => error.to_string(),
        };
        assert!(found.contains(expected), "{found}");
    }

    #[test]
    fn a_model_has_its_key_and_address_from_the_environment() {
        check("openai:m", &[], "set OPENAI_API_KEY in the environment");
        check(
            "openai:m",
            &[("OPENAI_API_KEY", "k")],
            "openai:m at https://api.openai.com/v1",
        );
        check(
            "anthropic:m",
            &[
                ("ANTHROPIC_API_KEY", "k"),
                ("ANTHROPIC_BASE_URL", "https://a.test/"),
            ],
            "anthropic:m at https://a.test",
        );
        check(
            "ollama:a:7b",
            &[],
            "ollama:a:7b at http://127.0.0.1:11434/v1",
        );
        check("oracle:m", &[], "there are openai, anthropic, ollama");
        check("openai", &[], "PROVIDER:MODEL");
        check("openai:", &[("OPENAI_API_KEY", "k")], "PROVIDER:MODEL");
    }

    #[test]
    fn a_key_does_not_travel_in_the_open() {
        let at = |url| [("OPENAI_API_KEY", "k"), ("OPENAI_BASE_URL", url)];
        check("openai:m", &at("http://models.test/v1"), "is not encrypted");
        check(
            "openai:m",
            &at("http://localhost@models.test/v1"),
            "is not encrypted",
        );
        check(
            "openai:m",
            &at("http://127.0.0.1.models.test/v1"),
            "is not encrypted",
        );
        check("openai:m", &at("http://127.0.0.1:9/v1"), "openai:m at");
        check("openai:m", &at("http://[::1]:9/v1"), "openai:m at");
    }
}
