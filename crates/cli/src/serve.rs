//! `archwright serve`: the plan as a running backend.

mod announce;
mod arguments;

pub use arguments::{EnvironmentArgument, ServeArguments};

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
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
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
    if arguments.reset && arguments.env == EnvironmentArgument::Production {
        anyhow::bail!("--reset deletes all rows; it is for development only");
    }
    let mut checked = checked(&arguments.path)?;
    let Some(model) = checked.model.take() else {
        report(&checked, &checked.diagnostics);
        return Ok(ExitCode::FAILURE);
    };
    let plan = archwright_plan::plan(model);
    let place = Place::of(
        &plan.model.name,
        arguments.database.as_ref(),
        &arguments.data_dir,
    );
    let redis = redis_url(&arguments);
    let asked = Asked {
        environment: arguments.env.into(),
        database_url: place.is_named.then_some(&place.url[..]),
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
    runtime.block_on(run(plan, arguments, &place, &checked))
}

async fn run(
    plan: Plan,
    arguments: ServeArguments,
    place: &Place,
    checked: &Checked,
) -> Result<ExitCode> {
    let folder = place.file.as_ref().and_then(|file| file.parent());
    if let Some(folder) = folder.filter(|folder| **folder == arguments.data_dir) {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("can't make the folder {}", folder.display()))?;
    }
    let address = SocketAddr::new(arguments.host, arguments.port);
    // Not below a server that runs: that has the port, which is said when this one wants it.
    if arguments.reset && std::net::TcpListener::bind(address).is_ok() {
        place.delete()?;
    }
    let name = plan.model.name.clone();
    let seed = match arguments.seed {
        true => Some(seed(&plan)?),
        false => None,
    };
    let bare = seed.as_ref().map_or(Vec::new(), |seed| bare(&plan, seed));
    let environment = arguments.env.into();
    let options = ServerOptions {
        address,
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
        Err(error) => {
            let is_production = environment == Environment::Production;
            return refused(error, place, is_production, checked);
        }
    };
    let signals = Signals::new().context("can't listen for signals")?;
    warn_of_open_doors(&server);
    announce(&name, &server, place, &bare, arguments.format)?;
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

/// Entities of which no row was made up, though some were wanted: the rules of the design leave no room for one.
fn bare(plan: &Plan, seed: &Seed) -> Vec<String> {
    let model = &plan.model;
    let unwanted = |id| {
        model
            .seeds
            .iter()
            .any(|one| one.entity == id && one.rows == 0)
    };
    let has_rows = |id| seed.rows.iter().any(|row| row.entity == id);
    let entities = model.entities.iter();
    entities
        .filter(|one| one.part_of.is_none() && !unwanted(one.id) && !has_rows(one.id))
        .map(|one| one.name.clone())
        .collect()
}

/// Says on standard error what is wrong with the design.
pub fn report(checked: &Checked, diagnostics: &[Diagnostic]) {
    let format = Format::Text(paint(std::io::stderr().is_terminal()));
    if !diagnostics.is_empty() {
        eprint!("{}", render(format, &checked.sources, diagnostics));
    }
}

/// Where the rows are.
pub struct Place {
    pub url: String,
    pub shown: String,
    /// Of SQLite.
    pub file: Option<PathBuf>,
    /// Somebody named it.
    is_named: bool,
}

impl Place {
    /// What was named, what the environment names (a password is better kept out of the list of processes), or a file
    /// of the design's name in the folder of data.
    pub fn of(design: &str, named: Option<&String>, data_dir: &Path) -> Self {
        let url = named.cloned();
        let url = url.or_else(|| std::env::var("ARCHWRIGHT_DATABASE_URL").ok());
        let is_named = url.is_some();
        let url = url.unwrap_or_else(|| {
            let file = data_dir.join(format!("{design}.sqlite"));
            format!("sqlite://{}", file.display())
        });
        let file = url.strip_prefix("sqlite://").map(PathBuf::from);
        let shown = match &file {
            Some(file) => file.display().to_string(),
            None if is_postgres(&url) => shown_url(&url),
            None => "temporary, gone when the server stops".to_owned(),
        };
        Self {
            url,
            shown,
            file,
            is_named,
        }
    }

    /// Deletes a SQLite database, with its journal (SQLite's manual, "Temporary Files Used By SQLite").
    fn delete(&self) -> Result<()> {
        let Some(file) = &self.file else {
            anyhow::bail!(
                "--reset deletes a SQLite file, and {} is none",
                shown_url(&self.url)
            );
        };
        for end in ["", "-wal", "-shm", "-journal"] {
            let mut path = file.clone().into_os_string();
            path.push(end);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("can't delete {}", file.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn redis_url(arguments: &ServeArguments) -> Option<String> {
    let named = arguments.redis.clone();
    let named = named.or_else(|| std::env::var("ARCHWRIGHT_REDIS_URL").ok());
    named.filter(|url| !url.is_empty())
}

/// A start that failed: what to do, and the exit status of a command that could not run.
fn refused(
    error: StartError,
    place: &Place,
    is_production: bool,
    checked: &Checked,
) -> Result<ExitCode> {
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
            let reset = match place.file.is_some() && !is_production {
                true => {
                    "\nIn development, `--reset` deletes it with all its rows, and begins anew."
                }
                false => "",
            };
            anyhow::bail!("{}: {error}{reset}", place.shown)
        }
        error => Err(error.into()),
    }
}
