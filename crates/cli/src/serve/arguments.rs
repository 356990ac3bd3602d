//! The arguments of `archwright serve`.

use archwright_server::{Environment, RateLimits};
use clap::{Args, ValueEnum};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

#[derive(Args)]
pub struct ServeArguments {
    /// A design file, or a folder of them
    pub path: PathBuf,
    /// `sqlite://FILE`, `sqlite::memory:` for one that is gone afterwards, or `postgres://USER@HOST/DATABASE`
    /// [default: ARCHWRIGHT_DATABASE_URL of the environment, or DATA_DIR/NAME.sqlite]
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// `redis://HOST:PORT`, where copies of the server count rate limits together, for a design with `cache: redis`
    /// [default: ARCHWRIGHT_REDIS_URL of the environment]
    #[arg(long, value_name = "URL")]
    pub redis: Option<String>,
    /// Where to listen; 0 takes any free port
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Fill an empty database with plausible rows, and print a sign-in for each role
    #[arg(long)]
    pub seed: bool,
    /// Delete the SQLite database first, with all its rows: for a design that has changed; in development only
    #[arg(long)]
    pub reset: bool,
    /// Address to listen on; `0.0.0.0` for all
    #[arg(long, default_value = "127.0.0.1", value_parser = host)]
    pub host: IpAddr,
    /// `production` wants its secrets in the environment, and offers no sign-in links
    #[arg(long, value_enum, default_value_t = EnvironmentArgument::Development)]
    pub env: EnvironmentArgument,
    /// Holds the database, uploaded files and the secrets of development
    #[arg(long, value_name = "DIR", default_value = ".archwright")]
    pub data_dir: PathBuf,
    /// `planned`, `off`, or a factor such as `x10` for the design's limits
    #[arg(long, value_name = "HOW", default_value = "planned", value_parser = rate_limits)]
    pub rate_limits: RateLimits,
    /// The server stands behind one proxy that sets `X-Forwarded-For`
    #[arg(long)]
    pub behind_proxy: bool,
    /// Where clients reach the server, such as https://api.example.com
    #[arg(long, value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,
    /// Log what goes wrong, and not each request
    #[arg(long)]
    pub quiet: bool,
    /// What is printed when the server is ready [default: text in a terminal, otherwise one line of JSON]
    #[arg(long, value_enum)]
    pub format: Option<StartFormat>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum EnvironmentArgument {
    Development,
    Production,
}

impl From<EnvironmentArgument> for Environment {
    fn from(argument: EnvironmentArgument) -> Self {
        match argument {
            EnvironmentArgument::Development => Self::Development,
            EnvironmentArgument::Production => Self::Production,
        }
    }
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum StartFormat {
    Text,
    Json,
}

fn host(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => text.parse().map_err(|_| {
            "write an address: 127.0.0.1 for this machine alone, 0.0.0.0 for all that reach it"
                .to_owned()
        }),
    }
}

fn rate_limits(text: &str) -> Result<RateLimits, String> {
    let factor = || {
        text.strip_prefix('x')
            .and_then(|factor| factor.parse().ok())
    };
    match text {
        "planned" => Ok(RateLimits::Planned),
        "off" => Ok(RateLimits::Off),
        _ => match factor() {
            Some(factor) if factor > 0 => Ok(RateLimits::Scaled(factor)),
            _ => Err("write `planned`, `off`, or a factor such as `x10`".to_owned()),
        },
    }
}

/// Without a trailing slash.
fn public_url(text: &str) -> Result<String, String> {
    let trimmed = text.trim_end_matches('/');
    let host = trimmed
        .strip_prefix("https://")
        .or(trimmed.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains([' ', '?', '#', '"']) => {
            Ok(trimmed.to_owned())
        }
        _ => Err("write it with its scheme: https://api.example.com".to_owned()),
    }
}
