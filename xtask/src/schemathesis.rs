//! Schemathesis against examples: all checks, as each role and as nobody.

use crate::command::{cargo, root, run_in};
use crate::tools;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const EXAMPLES: [&str; 6] = [
    "bookshop", "conduit", "helpdesk", "newsroom", "payments", "profile",
];

/// As whom an example is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Callers {
    /// Nobody, and each role.
    All,
    /// The role that a design names last, which may do the most: a fraction of the time.
    Last,
}

/// `cases` random ones for each operation beside the systematic ones, on each design (or the one that is named).
pub fn schemathesis(cases: u32, only: Option<&str>, callers: Callers) -> Result<()> {
    let tool = tools::python("schemathesis", &["schemathesis==4.32.5"])?.join("schemathesis");
    cargo(&["build", "--package", "archwright"])?;
    let mut failed = Vec::new();
    for example in EXAMPLES
        .iter()
        .filter(|example| only.is_none_or(|only| only == **example))
    {
        let served = Served::start(example)?;
        let mut roles = served.roles()?;
        if callers == Callers::Last {
            roles.drain(..roles.len() - 1);
        }
        for role in roles {
            eprintln!(
                "Schemathesis on {example}, as {}…",
                role.as_deref().unwrap_or("nobody")
            );
            if let Err(error) = served.run(&tool, role.as_deref(), cases) {
                failed.push(format!(
                    "{example} as {}: {error}",
                    role.as_deref().unwrap_or("nobody")
                ));
            }
        }
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("\n"));
    }
    Ok(())
}

/// A running backend with seeded rows, in memory; it ends with this value.
struct Served {
    child: Child,
    ready: Value,
    folder: PathBuf,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

impl Served {
    fn start(example: &str) -> Result<Self> {
        let name = format!("archwright-{}-{example}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let design = root().join("examples").join(example);
        let mut child = Command::new(root().join("target/debug/archwright"))
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
        if served.url().is_none() {
            bail!("{example} did not start: {line}");
        }
        Ok(served)
    }

    fn url(&self) -> Option<&str> {
        self.ready["url"].as_str()
    }

    /// Nobody, and each role that has an account.
    fn roles(&self) -> Result<Vec<Option<String>>> {
        let sign_ins = self.ready["sign_ins"].as_array().context("no sign-ins")?;
        let mut roles = vec![None];
        for role in sign_ins.iter().filter_map(|one| one["role"].as_str()) {
            if !roles.contains(&Some(role.to_owned())) {
                roles.push(Some(role.to_owned()));
            }
        }
        Ok(roles)
    }

    fn run(&self, tool: &Path, role: Option<&str>, cases: u32) -> Result<()> {
        let url = self.url().context("no address")?;
        let document = format!("{url}/openapi.json");
        let (count, folder) = (cases.to_string(), root().join("xtask/schemathesis"));
        let mut arguments = vec!["--config-file", "schemathesis.toml", "run", &document];
        arguments.extend(["--checks", "all", "--max-examples", &count]);
        arguments.extend([
            "--generation-deterministic",
            "--continue-on-failure",
            "--generation-allow-x00=false",
            "--no-color",
        ]);
        let header;
        if let Some(role) = role {
            header = format!("Authorization: {}", self.sign_in(role)?);
            // Whoever signs out in the middle has no token for the rest; it is tried as nobody.
            arguments.extend([
                "--header",
                &header,
                "--exclude-path-regex",
                "/auth/sign-out$",
            ]);
        }
        let tool = tool.to_str().context("a path that is no text")?;
        run_in(
            &folder,
            tool,
            &arguments,
            &[("SCHEMATHESIS_HOOKS", "hooks")],
        )
    }

    /// The value of `Authorization` for the account that stands for a role.
    fn sign_in(&self, role: &str) -> Result<String> {
        let url = format!("{}/dev/sign-in/{role}", self.url().context("no address")?);
        let output = Command::new("curl")
            .args(["--silent", "--fail", "--request", "POST", &url])
            .output()?;
        let tokens: Value = serde_json::from_slice(&output.stdout).context("no sign-in")?;
        let token = tokens["access_token"].as_str().context("no token")?;
        let scheme = tokens["token_type"].as_str().context("no scheme")?;
        Ok(format!("{scheme} {token}"))
    }
}
