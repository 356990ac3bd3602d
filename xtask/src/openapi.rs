//! The OpenAPI documents of the examples, through two validators that know nothing of each other.

use crate::command::{cargo, root, run};
use crate::tools;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// Contact data is nobody's business but the API's owner's; all other rules of the set are errors.
const RULES: &str = "extends: [\"spectral:oas\"]\nrules:\n  info-contact: off\n";

pub fn validate() -> Result<()> {
    let validator = tools::python("openapi", &["openapi-spec-validator==0.9.0"])?
        .join("openapi-spec-validator");
    let spectral = tools::node("spectral", &["@stoplight/spectral-cli@6.16.3"])?.join("spectral");
    let folder = root().join("target/openapi");
    std::fs::create_dir_all(&folder)?;
    let rules = folder.join("rules.yaml");
    std::fs::write(&rules, RULES)?;
    let documents = documents(&folder)?;
    let documents: Vec<&str> = documents.iter().filter_map(|path| path.to_str()).collect();
    let mut arguments = vec!["lint", "--fail-severity=warn", "--ruleset"];
    arguments.push(rules.to_str().context("a path that is no text")?);
    arguments.extend(&documents);
    run(&spectral.to_string_lossy(), &arguments, &[])?;
    run(&validator.to_string_lossy(), &documents, &[])
}

fn documents(folder: &std::path::Path) -> Result<Vec<PathBuf>> {
    cargo(&["build", "--package", "archwright"])?;
    let mut documents = Vec::new();
    for example in std::fs::read_dir(root().join("examples"))? {
        let example = example?.path();
        let output = Command::new(root().join("target/debug/archwright"))
            .arg("openapi")
            .arg(&example)
            .output()?;
        if !output.status.success() {
            bail!(
                "{} has no document: {}",
                example.display(),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        let name = example.file_name().unwrap_or_default();
        let path = folder.join(name).with_extension("json");
        std::fs::write(&path, output.stdout)?;
        documents.push(path);
    }
    documents.sort();
    Ok(documents)
}
