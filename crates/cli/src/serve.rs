//! `archwright serve`: the plan as a running backend.

use crate::check::paint;
use crate::input::{Checked, checked, print};
use anyhow::{Context, Result};
use archwright_diagnostics::{Diagnostic, has_errors};
use archwright_plan::Plan;
use archwright_report::{Format, render};
use archwright_seed::{SeedOptions, sign_ins};
use archwright_server::{
    ClientAddress, Environment, OpenError, RateLimits, Secrets, Seed, SeededAccount, Seeding,
    Server, ServerOptions, StartError, Verbosity, start_log, unsupported,
};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Args)]
pub struct ServeArguments {
    /// A design file, or a folder of them
    path: PathBuf,
    /// `sqlite://FILE`, or `sqlite::memory:` for one that is gone afterwards [default: DATA_DIR/NAME.sqlite]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Where to listen; 0 takes any free port
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Fill an empty database with plausible rows, and print a sign-in for each role
    #[arg(long)]
    seed: bool,
    /// Address to listen on; `0.0.0.0` for all
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// `production` wants its secrets in the environment, and offers no sign-in links
    #[arg(long, value_enum, default_value_t = EnvironmentArgument::Development)]
    env: EnvironmentArgument,
    /// Holds the database, uploaded files and the secrets of development
    #[arg(long, value_name = "DIR", default_value = ".archwright")]
    data_dir: PathBuf,
    /// `planned`, `off`, or a factor such as `x10` for the design's limits
    #[arg(long, value_name = "HOW", default_value = "planned", value_parser = rate_limits)]
    rate_limits: RateLimits,
    /// The server stands behind one proxy that sets `X-Forwarded-For`
    #[arg(long)]
    behind_proxy: bool,
    /// Where clients reach the server, such as https://api.example.com
    #[arg(long, value_name = "URL", value_parser = public_url)]
    public_url: Option<String>,
    /// Log what goes wrong, and not each request
    #[arg(long)]
    quiet: bool,
    /// What is printed when the server is ready [default: text in a terminal, otherwise one line of JSON]
    #[arg(long, value_enum)]
    format: Option<StartFormat>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum EnvironmentArgument {
    Development,
    Production,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum StartFormat {
    Text,
    Json,
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

pub fn serve(arguments: ServeArguments) -> Result<ExitCode> {
    if arguments.seed && arguments.env == EnvironmentArgument::Production {
        anyhow::bail!(
            "--seed makes accounts whose passwords everybody knows; it is for development only"
        );
    }
    let mut checked = checked(&arguments.path)?;
    let Some(model) = checked.model.take() else {
        report(&checked, &checked.diagnostics);
        return Ok(ExitCode::FAILURE);
    };
    let plan = archwright_plan::plan(model);
    let problems = unsupported(&plan, arguments.database.as_deref());
    report(&checked, &problems);
    if has_errors(&problems) {
        return Ok(ExitCode::FAILURE);
    }
    let verbosity = match arguments.quiet {
        true => Verbosity::Problems,
        false => Verbosity::Requests,
    };
    start_log(verbosity);
    let runtime = tokio::runtime::Runtime::new().context("can't start the runtime")?;
    runtime.block_on(run(plan, arguments, &checked))
}

async fn run(plan: Plan, arguments: ServeArguments, checked: &Checked) -> Result<ExitCode> {
    let place = database(&plan, &arguments)?;
    let name = plan.model.name.clone();
    let seed = match arguments.seed {
        true => Some(seed(&plan)?),
        false => None,
    };
    let environment = match arguments.env {
        EnvironmentArgument::Development => Environment::Development,
        EnvironmentArgument::Production => Environment::Production,
    };
    let options = ServerOptions {
        address: SocketAddr::new(arguments.host, arguments.port),
        environment,
        data_dir: arguments.data_dir.clone(),
        database_url: place.url.clone(),
        rate_limits: arguments.rate_limits,
        client_address: match arguments.behind_proxy {
            true => ClientAddress::Forwarded,
            false => ClientAddress::Peer,
        },
        public_url: arguments.public_url.clone(),
        issuer: None,
        seed,
        secrets: Secrets::load(environment, &arguments.data_dir)?,
    };
    let server = match Server::bind(plan, options).await {
        Ok(server) => server,
        Err(error) => return refused(error, &place, checked),
    };
    let stop = stop_signal().context("can't listen for signals")?;
    announce(&name, &server, &place, arguments.format)?;
    server.run(stop).await;
    Ok(ExitCode::SUCCESS)
}

/// Rows that were made in the days before now.
fn seed(plan: &Plan) -> Result<Seed> {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_ms = elapsed.map_or(0, |elapsed| elapsed.as_millis());
    let options = SeedOptions {
        seed: 1,
        now_ms: i64::try_from(now_ms)?,
        scale: 1,
    };
    let rows = archwright_seed::rows(plan, &options).context("the design can't be seeded")?;
    let accounts = sign_ins(&rows, plan)
        .into_iter()
        .map(|account| SeededAccount {
            role: account.role_name,
            sign_in: account.sign_in,
            password: account.password,
        });
    let total = rows.len();
    Ok(Seed {
        accounts: accounts.collect(),
        rows,
        progress: match std::io::stderr().is_terminal() {
            true => Box::new(move |done| match done == total {
                true => eprint!("\r\x1b[K"),
                false => eprint!("\rMaking up rows: {done} of {total}\x1b[K"),
            }),
            false => Box::new(|_| {}),
        },
    })
}

/// Says on standard error what is wrong with the design.
fn report(checked: &Checked, diagnostics: &[Diagnostic]) {
    let format = Format::Text(paint(std::io::stderr().is_terminal()));
    if !diagnostics.is_empty() {
        eprint!("{}", render(format, &checked.sources, diagnostics));
    }
}

/// Where the rows are, and whether they were there before.
struct Place {
    url: String,
    shown: String,
    is_new: bool,
}

fn database(plan: &Plan, arguments: &ServeArguments) -> Result<Place> {
    let url = match &arguments.database {
        Some(url) => url.clone(),
        None => {
            let folder = &arguments.data_dir;
            std::fs::create_dir_all(folder)
                .with_context(|| format!("can't make the folder {}", folder.display()))?;
            let file = folder.join(format!("{}.sqlite", plan.model.name));
            format!("sqlite://{}", file.display())
        }
    };
    let file = url.strip_prefix("sqlite://").map(PathBuf::from);
    Ok(Place {
        is_new: file.as_ref().is_none_or(|file| !file.exists()),
        shown: match file {
            Some(file) => file.display().to_string(),
            None => "temporary, gone when the server stops".to_owned(),
        },
        url,
    })
}

/// A start that failed: what to do, and the exit status of a command that could not run.
fn refused(error: StartError, place: &Place, checked: &Checked) -> Result<ExitCode> {
    match error {
        StartError::Address { address, source } => {
            let advice = match source.kind() {
                std::io::ErrorKind::AddrInUse => format!(
                    "port {} is in use; stop what uses it, or choose another with `--port {}` \
                     (`--port 0` takes any free one)",
                    address.port(),
                    address.port().saturating_add(1)
                ),
                _ => format!("can't listen on {address}: {source}"),
            };
            anyhow::bail!(advice)
        }
        StartError::Unsupported(construct) => {
            report(checked, &[*construct]);
            Ok(ExitCode::FAILURE)
        }
        StartError::Open(error @ OpenError::Differs(_)) => {
            anyhow::bail!("{}: {error}", place.shown)
        }
        error => Err(error.into()),
    }
}

fn announce(name: &str, server: &Server, place: &Place, format: Option<StartFormat>) -> Result<()> {
    let terminal = std::io::stdout().is_terminal();
    let as_text = format.map_or(terminal, |format| format == StartFormat::Text);
    match as_text {
        true => print(&start_text(name, server, place)),
        false => print(&format!("{}\n", start_line(name, server, place))),
    }
}

/// One line for programs.
fn start_line(name: &str, server: &Server, place: &Place) -> Value {
    let accounts = server.accounts().iter().map(|account| {
        json!({ "role": account.role, "sign_in": account.sign_in, "password": account.password })
    });
    let mut line = json!({
        "event": "ready",
        "design": name,
        "url": url(server.address()),
        "port": server.address().port(),
        "database": place.url,
        "created": place.is_new,
    });
    if let Seeding::Filled(rows) = server.seeding() {
        line["seeded_rows"] = rows.into();
    }
    if server.seeding() != Seeding::NotAsked {
        line["sign_ins"] = accounts.collect();
    }
    line
}

fn start_text(name: &str, server: &Server, place: &Place) -> String {
    let url = url(server.address());
    let state = match place.is_new {
        true => "new",
        false => "was there before",
    };
    let rows = match server.seeding() {
        Seeding::NotAsked => String::new(),
        Seeding::Filled(rows) => format!("  rows        {rows} made up\n"),
        Seeding::NotEmpty => {
            "  rows        nothing made up: the database has rows already\n".to_owned()
        }
    };
    format!(
        "{name} is ready.\n\n  \
         start page  {url}/\n  \
         reference   {url}/reference\n  \
         database    {} ({state})\n\
         {rows}\n{}\
         Ctrl+C stops it.\n",
        place.shown,
        sign_in_table(server.accounts())
    )
}

fn sign_in_table(accounts: &[SeededAccount]) -> String {
    if accounts.is_empty() {
        return String::new();
    }
    let heads = ["role", "sign in as", "password"];
    let rows = accounts
        .iter()
        .map(|one| [&*one.role, &*one.sign_in, &*one.password]);
    let rows: Vec<[&str; 3]> = std::iter::once(heads).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let (first, second) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
    let line = |[role, sign_in, password]: &[&str; 3]| {
        format!("  {role:<first$}  {sign_in:<second$}  {password}\n")
    };
    rows.iter().map(line).chain(["\n".to_owned()]).collect()
}

/// What a browser can open.
fn url(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_unspecified() => format!("http://127.0.0.1:{}", address.port()),
        _ => format!("http://{address}"),
    }
}

/// Ends with Ctrl+C, or with what a service manager sends; both are caught from the call on.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupted = signal(SignalKind::interrupt())?;
        let mut terminated = signal(SignalKind::terminate())?;
        Ok(async move {
            tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
            }
        })
    }
    #[cfg(windows)]
    {
        let mut interrupted = tokio::signal::windows::ctrl_c()?;
        Ok(async move {
            interrupted.recv().await;
        })
    }
}
