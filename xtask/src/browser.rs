//! Opens the pages of running examples in Chromium: `crates/page/e2e` holds what they must show and do.

use crate::command::{cargo, run};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const TESTS: &str = "crates/page/e2e";
const DESIGNS: [&str; 6] = [
    "bookshop", "conduit", "helpdesk", "newsroom", "payments", "profile",
];
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

pub fn browser() -> Result<()> {
    let chromium = chromium()?;
    packages()?;
    cargo(&["build", "--quiet", "--bin", "archwright"])?;
    let mut servers = Vec::new();
    for design in DESIGNS {
        servers.push(serve(design, &["--seed"], &[])?);
    }
    let secrets = [
        ("ARCHWRIGHT_SIGNING_KEYS", key()?),
        ("ARCHWRIGHT_FIELD_KEYS", format!("1:{}", key()?)),
        ("ARCHWRIGHT_INDEX_KEY", key()?),
        ("ARCHWRIGHT_LINK_KEY", key()?),
    ];
    servers.push(serve(DESIGNS[0], &["--env", "production"], &secrets)?);
    let described: Vec<&Value> = servers.iter().map(|server| &server.described).collect();
    let line = "node --test --test-reporter=spec";
    eprintln!("{line}");
    let status = Command::new("node")
        .args(line.split(' ').skip(1))
        .current_dir(TESTS)
        .env("CHROMIUM", chromium)
        .env("SERVERS", json!(described).to_string())
        .status()
        .context("node can't be started: install Node.js 20 or newer")?;
    if !status.success() {
        bail!("the pages failed in the browser");
    }
    Ok(())
}

/// `CHROMIUM`, or what the system has, or what its package manager brings.
fn chromium() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return Ok(path.into());
    }
    if let Some(path) = find(&BROWSERS) {
        return Ok(path);
    }
    if find(&["apt-get"]).is_none() {
        bail!("no Chromium is here: install one, or set CHROMIUM to its path");
    }
    eprintln!("Installing chromium…");
    run("apt-get", &["update", "-qq"], &[])?;
    run("apt-get", &["install", "-qq", "-y", "chromium"], &[])?;
    find(&BROWSERS).context("apt-get installed no Chromium: set CHROMIUM to the path of one")
}

fn find(programs: &[&str]) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    let mut paths = programs
        .iter()
        .flat_map(|program| folders.iter().map(move |folder| folder.join(program)));
    paths.find(|path| path.is_file())
}

/// The packages of the lock file, unless they are there already.
fn packages() -> Result<()> {
    let lock = Path::new(TESTS).join("package-lock.json");
    let installed = Path::new(TESTS).join("node_modules/.package-lock.json");
    let time = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    if time(&installed) > time(&lock) {
        return Ok(());
    }
    let flags = ["ci", "--no-audit", "--no-fund", "--prefix", TESTS];
    run("npm", &flags, &[])
}

/// A server that ends with the test.
struct Server {
    process: Child,
    /// Name, address and roles, as the tests read them.
    described: Value,
    data: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

/// 32 random bytes.
fn key() -> Result<String> {
    let output = Command::new("sh")
        .args(["-c", "head -c 32 /dev/urandom | base64"])
        .output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn serve(design: &str, flags: &[&str], secrets: &[(&str, String)]) -> Result<Server> {
    let path = format!("examples/{design}");
    let data = std::env::temp_dir().join(format!(
        "archwright-{}-{design}{}",
        std::process::id(),
        flags.concat()
    ));
    let process = Command::new("target/debug/archwright")
        .args(["serve", &path, "--port", "0", "--format", "json"])
        .args(flags)
        .envs(secrets.iter().cloned())
        .args(["--database", "sqlite::memory:", "--rate-limits", "off"])
        .arg("--quiet")
        .arg("--data-dir")
        .arg(&data)
        .stdout(Stdio::piped())
        .spawn()
        .context("target/debug/archwright can't be started")?;
    let mut server = Server {
        process,
        described: Value::Null,
        data,
    };
    let output = server.process.stdout.take().context("no output to read")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let ready: Value = serde_json::from_str(&line)
        .with_context(|| format!("the server of {design} did not say that it is ready: {line}"))?;
    server.described = json!({
        "name": design,
        "url": ready["url"],
        "roles": roles(&path)?,
        "production": !secrets.is_empty(),
    });
    Ok(server)
}

/// The names of the design's roles.
fn roles(path: &str) -> Result<Vec<Value>> {
    let output = Command::new("target/debug/archwright")
        .args(["plan", path, "--format", "json"])
        .output()?;
    let plan: Value = serde_json::from_slice(&output.stdout).context("no plan to read")?;
    let roles = plan["roles"].as_array().context("the plan has no roles")?;
    Ok(roles.iter().map(|role| role["name"].clone()).collect())
}
