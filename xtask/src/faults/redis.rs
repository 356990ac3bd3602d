//! A Redis that goes away, and comes back without memory.

use anyhow::{Context, Result, ensure};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// Killed when dropped.
pub struct Redis {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Redis {
    pub fn start(folder: &Path) -> Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        Ok(Self {
            process: launch(folder, port)?,
            folder: folder.to_owned(),
            port,
        })
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn stop(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    pub fn start_again(&mut self) -> Result<()> {
        self.process = launch(&self.folder, self.port)?;
        Ok(())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits until it takes connections.
fn launch(folder: &Path, port: u16) -> Result<Child> {
    let mut command = Command::new("redis-server");
    command
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--dir"])
        .arg(folder)
        .stdout(Stdio::null());
    let mut process = command.spawn().context("redis-server can't be started")?;
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        ensure!(process.try_wait()?.is_none(), "Redis has ended");
        ensure!(began.elapsed() < PATIENCE, "Redis takes no connections");
        std::thread::sleep(PAUSE);
    }
    Ok(process)
}
