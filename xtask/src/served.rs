//! An `archwright serve` with seeded rows in memory.

use crate::command::root;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// It ends with this value.
pub struct Served {
    child: Child,
    /// What the server says when it is ready.
    pub ready: Value,
    folder: PathBuf,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

/// The program that the tasks build and run.
pub fn program() -> PathBuf {
    root().join("target/debug/archwright")
}

impl Served {
    /// `name` tells it from others that run at the same time.
    pub fn start(name: &str, design: &Path) -> Result<Self> {
        let folder = format!("archwright-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let mut child = Command::new(program())
            .arg("serve")
            .arg(design)
            .args([
                "--seed",
                "--rate-limits",
                "off",
                "--port",
                "0",
                "--quiet",
                "--format",
                "json",
            ])
            .args(["--database", "sqlite::memory:", "--data-dir"])
            .arg(&folder)
            .stdout(Stdio::piped())
            .spawn()
            .context("archwright can't be started")?;
        let output = child.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let ready = serde_json::from_str(&line).unwrap_or_default();
        let served = Self {
            child,
            ready,
            folder,
        };
        if served.ready["url"].as_str().is_none() {
            bail!("{name} did not start: {line}");
        }
        Ok(served)
    }

    pub fn url(&self) -> &str {
        self.ready["url"].as_str().unwrap_or_default()
    }
}
