//! `archwright serve`: the plan as a running backend.

mod announce;
mod arguments;

pub use arguments::ServeArguments;

use crate::check::paint;
use crate::input::{Checked, checked};
use crate::signals::Signals;
use announce::{announce, warn_of_open_doors};
use anyhow::{Context, Result};
use archwright_diagnostics::{Diagnostic, has_errors};
use archwright_plan::Plan;
use archwright_report::{Format, render};
use archwright_seed::{SeedOptions, sign_ins};
use archwright_server::{
    Asked, ClientAddress, Environment, OpenError, Redis, Secrets, Seed, SeededAccount, Server,
    ServerOptions, StartError, Verbosity, is_postgres, shown_url, start_log, unsupported,
};
use arguments::EnvironmentArgument;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Exit status of a process that was interrupted.
const INTERRUPTED: u8 = 130;

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
    let (database, redis) = (database_url(&arguments), redis_url(&arguments));
    let asked = Asked {
        environment: environment(&arguments),
        database_url: database.as_deref(),
        redis_url: redis.as_deref(),
    };
    let problems = unsupported(&plan, asked);
    let mut said = std::mem::take(&mut checked.diagnostics);
    said.extend(problems);
    report(&checked, &said);
    if has_errors(&said) {
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
    let environment = environment(&arguments);
    let options = ServerOptions {
        address: SocketAddr::new(arguments.host, arguments.port),
        environment,
        data_dir: arguments.data_dir.clone(),
        database_url: place.url.clone(),
        redis: redis_url(&arguments).map(|url| Redis {
            url,
            patience: Redis::PATIENCE,
        }),
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
    let signals = Signals::new().context("can't listen for signals")?;
    warn_of_open_doors(&server);
    announce(&name, &server, &place, arguments.format)?;
    run_until_stopped(server, signals).await
}

/// The first signal lets requests end, a second one doesn't wait for them.
async fn run_until_stopped(server: Server, mut signals: Signals) -> Result<ExitCode> {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = server.run(async {
        let _ = stopped.await;
    });
    tokio::pin!(running);
    tokio::select! {
        () = &mut running => return Ok(ExitCode::SUCCESS),
        () = signals.next() => drop(stop),
    }
    tokio::select! {
        () = &mut running => Ok(ExitCode::SUCCESS),
        () = signals.next() => Ok(ExitCode::from(INTERRUPTED)),
    }
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

/// Where the rows are.
struct Place {
    url: String,
    shown: String,
}

/// A password is better kept out of the list of processes.
fn database_url(arguments: &ServeArguments) -> Option<String> {
    let named = arguments.database.clone();
    named.or_else(|| std::env::var("ARCHWRIGHT_DATABASE_URL").ok())
}

fn redis_url(arguments: &ServeArguments) -> Option<String> {
    let named = arguments.redis.clone();
    let named = named.or_else(|| std::env::var("ARCHWRIGHT_REDIS_URL").ok());
    named.filter(|url| !url.is_empty())
}

fn environment(arguments: &ServeArguments) -> Environment {
    match arguments.env {
        EnvironmentArgument::Development => Environment::Development,
        EnvironmentArgument::Production => Environment::Production,
    }
}

fn database(plan: &Plan, arguments: &ServeArguments) -> Result<Place> {
    let url = match database_url(arguments) {
        Some(url) => url,
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
        shown: match file {
            Some(file) => file.display().to_string(),
            None if is_postgres(&url) => shown_url(&url),
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
