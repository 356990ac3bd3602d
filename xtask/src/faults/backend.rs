//! Our server as a process that is killed and started again, at one address.

use crate::command::root;
use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Killed when dropped.
pub struct Backend {
    process: Child,
    database: Option<String>,
    folder: PathBuf,
    port: u16,
    pub url: String,
}

impl Backend {
    /// On PostgreSQL, or on SQLite in the folder.
    pub fn start(database: Option<String>, folder: PathBuf) -> Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        Ok(Self {
            process: launch(database.as_deref(), &folder, port)?,
            database,
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
        self.process = launch(self.database.as_deref(), &self.folder, self.port)?;
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
fn launch(database: Option<&str>, folder: &std::path::Path, port: u16) -> Result<Child> {
    let mut command = Command::new(root().join("target/debug/archwright"));
    command
        .arg("serve")
        .arg(root().join("xtask/faults/ledger.yaml"))
        .args(["--rate-limits", "off", "--quiet", "--format", "json"])
        .args(["--port", &port.to_string(), "--data-dir"])
        .arg(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(database) = database {
        command.args(["--database", database]);
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
