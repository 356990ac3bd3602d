//! Servers that run, and what the kernel knows of them.

use super::http;
use anyhow::{Context, Result, bail};
use std::fs::{File, read_dir, read_to_string};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Of the kernel's clock; the same on all Linux machines.
const TICKS_PER_SECOND: f64 = 100.0;

/// Ended when dropped.
pub struct Running {
    pub name: String,
    pub port: u16,
    /// Megabytes that it had when it was ready.
    pub idle: f64,
    child: Child,
}

pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Starts a server, and waits until it answers.
pub fn start(name: &str, port: u16, mut command: Command, folder: &Path) -> Result<Running> {
    std::fs::create_dir_all(folder)?;
    let log = folder.join(format!("{name}.log"));
    let file = File::create(&log)?;
    let child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file);
    let child = child
        .spawn()
        .with_context(|| format!("{command:?} can't be started"))?;
    let mut running = Running {
        name: name.to_owned(),
        port,
        idle: 0.0,
        child,
    };
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        if http::get(port, "/readyz", None).is_ok_and(|reply| matches!(reply.status, 200 | 404)) {
            running.idle = running.megabytes();
            return Ok(running);
        }
        if running.child.try_wait()?.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!(
        "{name} does not answer:\n{}",
        read_to_string(log).unwrap_or_default()
    )
}

impl Running {
    /// Seconds of processor time so far.
    pub fn cpu(&self) -> Result<f64> {
        let (_, ticks) = stat(self.child.id()).context("a server has ended")?;
        Ok(ticks / TICKS_PER_SECOND)
    }

    /// Of memory that it has now.
    pub fn megabytes(&self) -> f64 {
        let status =
            read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
        kilobytes.unwrap_or(0.0) / 1024.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The parent of a process, and its ticks with those of its children that have ended.
fn stat(process: u32) -> Option<(u32, f64)> {
    let text = read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let rest: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| rest.get(index)?.parse::<f64>().ok();
    let ticks: Option<f64> = (11..=14).map(number).sum();
    Some((number(1)? as u32, ticks?))
}

/// Seconds of processor time of a process and of its children.
pub fn cpu_below(parent: u32) -> f64 {
    let entries = read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let ticks = processes.filter_map(|process: u32| {
        let (above, ticks) = stat(process)?;
        (process == parent || above == parent).then_some(ticks)
    });
    ticks.sum::<f64>() / TICKS_PER_SECOND
}
