//! What `cargo metadata` shows: the layers of the workspace, and the licences of the dependencies.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::process::Command;

/// Each crate of the workspace, and the crates of the workspace that its code may use; tests may use more.
const LAYERS: &[(&str, &[&str])] = &[
    ("archwright-diagnostics", &[]),
    ("archwright-expression", &[]),
    ("archwright-brief", &["design", "patterns"]),
    ("archwright-design", &["diagnostics"]),
    ("archwright-report", &["diagnostics"]),
    ("archwright-model", &["design", "diagnostics", "expression"]),
    ("archwright-plan", &["diagnostics", "model"]),
    ("archwright-evaluate", &["plan"]),
    ("archwright-seed", &["plan", "evaluate"]),
    ("archwright-openapi", &["plan"]),
    ("archwright-page", &["plan"]),
    ("archwright-patterns", &[]),
    ("archwright-project", &[]),
    ("archwright-stack", &["diagnostics", "plan"]),
    (
        "archwright-fastapi",
        &["diagnostics", "plan", "openapi", "project", "sql", "stack"],
    ),
    ("archwright-sql", &["diagnostics", "plan"]),
    (
        "archwright-suite",
        &["diagnostics", "plan", "evaluate", "seed"],
    ),
    ("archwright-store", &["plan", "sql"]),
    (
        "archwright-server",
        &[
            "diagnostics",
            "plan",
            "evaluate",
            "openapi",
            "page",
            "store",
        ],
    ),
];

/// Licences that code under `MIT OR Apache-2.0` may be linked with.
const ACCEPTED: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "CC0-1.0",
    "Unlicense",
    "0BSD",
    "BSL-1.0",
    "MPL-2.0",
    "CDLA-Permissive-2.0",
    "OpenSSL",
];

fn metadata(arguments: &[&str]) -> Result<Value> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(arguments)
        .output()?;
    if !output.status.success() {
        bail!(
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata printed no JSON")
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().into_iter().flatten()
}

/// Arrows between the crates point one way, and siblings are blind to each other.
pub fn layers() -> Result<()> {
    let metadata = metadata(&["--no-deps"])?;
    for package in packages(&metadata) {
        let name = package["name"].as_str().unwrap_or_default();
        if name == "archwright" || name == "xtask" {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
            bail!("the crate {name} has no place in LAYERS of xtask/src/metadata.rs");
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let Some(used) = dependency["name"]
                .as_str()
                .and_then(|used| used.strip_prefix("archwright-"))
            else {
                continue;
            };
            if dependency["kind"].is_null() && !allowed.contains(&used) {
                bail!("{name} may not use archwright-{used}: see LAYERS in xtask/src/metadata.rs");
            }
        }
    }
    Ok(())
}

/// Every dependency offers at least one licence that we accept.
pub fn licences() -> Result<()> {
    let metadata = metadata(&[])?;
    let mut refused = Vec::new();
    for package in packages(&metadata) {
        let licence = package["license"].as_str().unwrap_or("none");
        if !accepted(licence) {
            refused.push(format!(
                "{} {}: {licence}",
                package["name"], package["version"]
            ));
        }
    }
    if !refused.is_empty() {
        bail!("licences that we don't accept:\n{}", refused.join("\n"));
    }
    println!(
        "The licences of {} packages are fine.",
        packages(&metadata).count()
    );
    Ok(())
}

/// SPDX: "A OR B" needs one, "A AND B" both; the old `/` means OR.
fn accepted(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain.split(" AND ").all(|term| {
        term.split(" OR ")
            .any(|licence| ACCEPTED.contains(&licence.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_accepted_when_each_term_offers_one_that_we_know() {
        assert!(accepted("MIT/Apache-2.0"));
        assert!(accepted("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!accepted("MIT AND GPL-3.0"));
        assert!(!accepted("none"));
    }
}
