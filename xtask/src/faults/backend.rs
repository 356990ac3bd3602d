//! Our server as a process that is killed and started again, at one address.

use crate::command::root;
use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The addresses of what it is served with: PostgreSQL or, without one, SQLite in a folder, and perhaps Redis.
#[derive(Default)]
pub struct Servers {
    pub database: Option<String>,
    pub redis: Option<String>,
}

/// Killed when dropped.
pub struct Backend {
    process: Child,
    servers: Servers,
    folder: PathBuf,
    port: u16,
    pub url: String,
}

impl Backend {
    pub fn start(servers: Servers, folder: PathBuf) -> Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        Ok(Self {
            process: launch(&servers, &folder, port)?,
            servers,
            folder,
            port,
            url: format!("http://127.0.0.1:{port}"),
        })
    }

    /// Without a chance to end anything, then started again.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        self.restart()
    }

    /// Requests may end, then started again.
    pub fn stop(&mut self) -> Result<()> {
        let process = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &process]).status()?;
        let status = self.process.wait()?;
        ensure!(status.success(), "the server was told to stop: {status}");
        self.restart()
    }

    fn restart(&mut self) -> Result<()> {
        self.process = launch(&self.servers, &self.folder, self.port)?;
        Ok(())
    }

    pub fn running(&mut self) -> Result<()> {
        match self.process.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the server ended by itself: {status}"),
        }
    }

    /// Resident, in kilobytes.
    pub fn memory(&self) -> Result<u64> {
        let file = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(file)?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.context("no VmRSS")?.parse().context("VmRSS")
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits until the server says that it is ready.
fn launch(servers: &Servers, folder: &Path, port: u16) -> Result<Child> {
    let mut command = Command::new(root().join("target/debug/archwright"));
    command
        .arg("serve")
        .arg(root().join("xtask/faults/ledger.yaml"))
        .args(["--quiet", "--format", "json"])
        .args(["--port", &port.to_string(), "--data-dir"])
        .arg(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let named = [
        ("--database", &servers.database),
        ("--redis", &servers.redis),
    ];
    for (option, url) in named {
        command.args(url.iter().flat_map(|url| [option, url]));
    }
    let mut process = command.spawn().context("archwright can't be started")?;
    let mut line = String::new();
    if let Some(output) = process.stdout.take() {
        BufReader::new(output).read_line(&mut line)?;
    }
    if line.is_empty() {
        let _ = process.kill();
        bail!("the server did not start: {}", process.wait()?);
    }
    Ok(process)
}
