//! How fast the server is beside what a person writes by hand: the same requests, rows and connections, in one run,
//! interleaved, the server pinned to one core and the client to another. Ratios, because machines differ.

mod check;
mod http;
mod kinds;
mod process;
mod table;

use crate::command::{cargo, root, run};
use crate::{postgres, tools};
use anyhow::{Context, Result, bail};
use kinds::{KINDS, Kind};
use process::{Running, start};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use table::{Memory, Sample, Samples, Section};

/// Connections of the client, and of each server to PostgreSQL.
const CLIENTS: usize = 16;
const CONNECTIONS: usize = 8;

/// What a run that is written down takes at least.
pub const SECONDS: u64 = 4;
pub const ROUNDS: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// Measures, prints the tables, and writes them down when nothing was cut short.
pub fn speed(seconds: u64, rounds: usize, only: Option<&str>) -> Result<()> {
    // It ends with a failure whatever it is asked, so that only its start tells.
    if Command::new("wrk").arg("--version").output().is_err() {
        tools::apt("wrk")?;
    }
    let programs = build()?;
    let mut sections = Vec::new();
    for database in [Database::Sqlite, Database::Postgres] {
        if only.is_none_or(|only| only == database.name()) {
            let bench = Bench {
                programs: &programs,
                database,
                seconds,
                rounds,
            };
            let section = bench.run()?;
            println!("{}", table::render(&section));
            sections.push(section);
        }
    }
    if sections.is_empty() {
        bail!("the databases are sqlite and postgres");
    }
    if only.is_none() && seconds >= SECONDS && rounds >= ROUNDS {
        table::write_down(&sections, seconds, rounds)?;
    }
    Ok(())
}

struct Programs {
    archwright: PathBuf,
    plain: PathBuf,
    tuned: PathBuf,
    rows: PathBuf,
}

/// Takes the programs as they are where `SPEED_BUILT` is set, to try out changes.
fn build() -> Result<Programs> {
    if std::env::var_os("SPEED_BUILT").is_none() {
        cargo(&["build", "--release", "--package", "archwright"])?;
        cargo(&[
            "build",
            "--release",
            "--manifest-path",
            "bench/axum/Cargo.toml",
            "--target-dir",
            "target/axum",
        ])?;
    }
    let own = |name: &str| root().join("target/axum/release").join(name);
    Ok(Programs {
        archwright: root().join("target/release/archwright"),
        plain: own("plain"),
        tuned: own("tuned"),
        rows: own("rows"),
    })
}

struct Bench<'a> {
    programs: &'a Programs,
    database: Database,
    seconds: u64,
    rounds: usize,
}

/// A database with rows in it, and the three servers on it.
struct Site {
    url: String,
    servers: Vec<Running>,
}

impl Bench<'_> {
    fn run(&self) -> Result<Section> {
        let cluster = match self.database {
            Database::Sqlite => None,
            Database::Postgres => Some(postgres::start()?),
        };
        let folder = root().join("target/speed").join(self.database.name());
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(&folder)?;
        let shop = self.site("bookshop", &folder, cluster.as_ref())?;
        let conduit = self.site("conduit", &folder, cluster.as_ref())?;
        let site = |kind: &Kind| if kind.is_conduit { &conduit } else { &shop };
        for kind in KINDS {
            let token = self.token(kind, &shop)?;
            check::same_bodies(kind, token.as_deref(), &site(kind).servers)?;
        }
        let postmaster = cluster.as_ref().and_then(postgres::Server::process_id);
        let mut samples = Samples::default();
        for round in 0..=self.rounds {
            for kind in KINDS {
                let token = self.token(kind, &shop)?;
                let servers = &site(kind).servers;
                for place in 0..servers.len() {
                    // Each server comes first as often as the others.
                    let server = &servers[(place + round) % servers.len()];
                    // The first round warms up.
                    let seconds = if round == 0 { 1 } else { self.seconds };
                    let load = Load {
                        kind,
                        token: token.as_deref(),
                        seconds,
                    };
                    let sample = load.run(server, postmaster)?;
                    if round > 0 {
                        samples.add(kind.name, &server.name, sample);
                    }
                }
            }
            eprintln!("{}: round {round} of {}", self.database.name(), self.rounds);
        }
        let memory = shop.servers.iter().map(Memory::of).collect();
        for kind in KINDS {
            let floor = self.floor(kind, site(kind), cluster.as_ref())?;
            samples.floor(kind.name, floor);
        }
        Ok(Section {
            database: self.database.name(),
            samples,
            memory,
        })
    }

    /// Our server makes the schema and the accounts; the other rows come in bulk.
    fn site(
        &self,
        design: &str,
        folder: &Path,
        cluster: Option<&postgres::Server>,
    ) -> Result<Site> {
        let url = match cluster {
            None => format!(
                "sqlite://{}",
                folder.join(format!("{design}.sqlite")).display()
            ),
            Some(cluster) => cluster.make(design)?,
        };
        let port = process::free_port()?;
        let data = folder.join(design);
        let mut ours = Command::new("taskset");
        ours.args(["-c", "0"]).arg(&self.programs.archwright);
        ours.arg("serve").arg(root().join("examples").join(design));
        ours.args([
            "--seed",
            "--quiet",
            "--rate-limits",
            "x1000000",
            "--database",
            &url,
        ]);
        ours.args(["--port", &port.to_string()])
            .arg("--data-dir")
            .arg(&data);
        let ours = start("archwright", port, ours, &data)?;
        let rows = root().join(format!(
            "bench/axum/rows/{design}-{}.sql",
            self.database.name()
        ));
        let fill = self.programs.rows.display().to_string();
        run(&fill, &["fill", &url, &rows.display().to_string()], &[])?;
        let key = http::get(port, "/.well-known/jwks.json", None)?.json()?;
        let key = key["keys"][0]["x"]
            .as_str()
            .context("no public key")?
            .to_owned();
        let mut servers = vec![ours];
        for (name, program) in [
            ("plain", &self.programs.plain),
            ("tuned", &self.programs.tuned),
        ] {
            let port = process::free_port()?;
            let mut command = Command::new("taskset");
            command.args(["-c", "0"]).arg(program);
            command.args([
                "--database",
                &url,
                "--port",
                &port.to_string(),
                "--key",
                &key,
            ]);
            command.args(["--connections", &CONNECTIONS.to_string()]);
            command.args((design == "conduit").then_some("--conduit"));
            servers.push(start(name, port, command, &data)?);
        }
        Ok(Site { url, servers })
    }

    /// Access tokens don't last long.
    fn token(&self, kind: &Kind, shop: &Site) -> Result<Option<String>> {
        let Some(role) = kind.role else {
            return Ok(None);
        };
        let port = shop.servers[0].port;
        let reply = http::post(port, &format!("/dev/sign-in/{role}"), None, "")?.json()?;
        let token = reply["access_token"].as_str().context("nobody signed in")?;
        Ok(Some(token.to_owned()))
    }

    /// What the database alone can do on the server's core: requests a second.
    fn floor(&self, kind: &Kind, site: &Site, cluster: Option<&postgres::Server>) -> Result<f64> {
        let seconds = self.seconds.to_string();
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]);
        let Some(cluster) = cluster else {
            let path = site.url.trim_start_matches("sqlite://");
            command
                .arg(&self.programs.rows)
                .args(["loop", path, kind.name, &seconds]);
            let figures = last_json(&mut command)?;
            let figure = |name: &str| figures[name].as_f64().unwrap_or_default();
            return Ok(figure("requests") / figure("cpu"));
        };
        let script = root().join(format!("bench/axum/pgbench/{}.sql", kind.name));
        command.arg(cluster.program("pgbench"));
        command.args([
            "--no-vacuum",
            "--protocol=prepared",
            "--jobs=1",
            "--time",
            &seconds,
        ]);
        command
            .arg(format!("--client={CONNECTIONS}"))
            .arg("--file")
            .arg(script)
            .arg(&site.url);
        let output = command.output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = rate.and_then(|rest| rest.split(' ').next()?.parse().ok());
        rate.with_context(|| {
            format!(
                "pgbench failed: {}",
                String::from_utf8_lossy(&output.stderr)
            )
        })
    }
}

struct Load<'a> {
    kind: &'a Kind,
    token: Option<&'a str>,
    seconds: u64,
}

impl Load<'_> {
    fn run(&self, server: &Running, postmaster: Option<u32>) -> Result<Sample> {
        let mut command = Command::new("taskset");
        command
            .args(["-c", "1", "wrk", "-t1"])
            .arg(format!("-c{CLIENTS}"));
        command.arg(format!("-d{}s", self.seconds)).arg("-s");
        command.arg(root().join("bench/axum/load.lua"));
        command
            .arg(format!("http://127.0.0.1:{}", server.port))
            .args(["--", self.kind.name]);
        command.args(self.token);
        let (own, database) = (server.cpu()?, postmaster.map(process::cpu_below));
        let figures = last_json(&mut command)?;
        let own = server.cpu()? - own;
        let database = postmaster
            .map(process::cpu_below)
            .zip(database)
            .map(|(after, before)| after - before);
        let figure = |name: &str| figures[name].as_f64().unwrap_or_default();
        let requests = figure("requests");
        if figure("errors") > 0.0 || requests == 0.0 {
            bail!("{} of {}: {figures}", self.kind.name, server.name);
        }
        Ok(Sample {
            rate: requests / figure("microseconds") * 1e6,
            p99: figure("p99") / 1e3,
            cpu: own / requests * 1e6,
            database_cpu: database.map(|seconds| seconds / requests * 1e6),
        })
    }
}

/// The last line that a program prints.
fn last_json(command: &mut Command) -> Result<Value> {
    let output = command
        .output()
        .with_context(|| format!("{command:?} can't be started"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.trim_end().lines().next_back().unwrap_or_default();
    serde_json::from_str(line).with_context(|| {
        format!(
            "{command:?} said:\n{text}{}",
            String::from_utf8_lossy(&output.stderr)
        )
    })
}
