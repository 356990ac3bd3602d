//! Schemathesis against examples: all checks, as each role and as nobody.

use crate::command::{cargo, root, run_in};
use crate::served::Served;
use crate::tools;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

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
        let served = Served::start(example, &root().join("examples").join(example))?;
        let mut roles = roles(&served)?;
        if callers == Callers::Last {
            roles.drain(..roles.len() - 1);
        }
        for role in roles {
            eprintln!(
                "Schemathesis on {example}, as {}…",
                role.as_deref().unwrap_or("nobody")
            );
            if let Err(error) = run(&served, &tool, role.as_deref(), cases) {
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

/// Nobody, and each role that has an account.
fn roles(served: &Served) -> Result<Vec<Option<String>>> {
    let sign_ins = served.ready["sign_ins"].as_array().context("no sign-ins")?;
    let mut roles = vec![None];
    for role in sign_ins.iter().filter_map(|one| one["role"].as_str()) {
        if !roles.contains(&Some(role.to_owned())) {
            roles.push(Some(role.to_owned()));
        }
    }
    Ok(roles)
}

fn run(served: &Served, tool: &Path, role: Option<&str>, cases: u32) -> Result<()> {
    let document = format!("{}/openapi.json", served.url());
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
        header = format!("Authorization: {}", sign_in(served, role)?);
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
fn sign_in(served: &Served, role: &str) -> Result<String> {
    let url = format!("{}/dev/sign-in/{role}", served.url());
    let output = Command::new("curl")
        .args(["--silent", "--fail", "--request", "POST", &url])
        .output()?;
    let tokens: Value = serde_json::from_slice(&output.stdout).context("no sign-in")?;
    let token = tokens["access_token"].as_str().context("no token")?;
    let scheme = tokens["token_type"].as_str().context("no scheme")?;
    Ok(format!("{scheme} {token}"))
}
