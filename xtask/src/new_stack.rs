//! `cargo xtask new-stack NAME`: lays out the crate of a new stack, which compiles and refuses every operation.

use crate::command::root;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;

/// The files of the crate; in each, `STACK` stands for its name.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../stack/Cargo.toml.txt")),
    ("src/lib.rs", include_str!("../stack/lib.rs.txt")),
    ("src/view.rs", include_str!("../stack/view.rs.txt")),
    (
        "src/capabilities.rs",
        include_str!("../stack/capabilities.rs.txt"),
    ),
    (
        "templates/README.md",
        include_str!("../stack/README.md.txt"),
    ),
];

/// What is left to write by hand: the places that name every crate.
const REST: &str = r#"Then name it where all crates are named:
  Cargo.toml                     archwright-STACK = { path = "crates/STACK" }
  xtask/src/metadata.rs          ("archwright-STACK", &["diagnostics", "plan", "project"]),
  crates/cli/Cargo.toml          archwright-STACK.workspace = true
  crates/cli/src/build/stacks.rs Stack { name: "STACK", generate: archwright_STACK::generate },
  ARCHITECTURE.md                a row of the map
"#;

pub fn new_stack(name: Option<&str>) -> Result<()> {
    let Some(name) = name else {
        bail!("name the stack, such as `cargo xtask new-stack django`");
    };
    lay_out(&root().join("crates"), name)?;
    println!(
        "Laid out crates/{name}. {}",
        REST.replace(
            "archwright_STACK",
            &format!("archwright_{}", name.replace('-', "_"))
        )
        .replace("STACK", name)
    );
    Ok(())
}

fn lay_out(crates: &Path, name: &str) -> Result<()> {
    let fine = |each: char| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '-';
    if !name.starts_with(|first: char| first.is_ascii_lowercase())
        || !name.chars().all(fine)
        || name.ends_with('-')
    {
        bail!("`{name}` is no name of a crate: take small letters, digits and `-`");
    }
    let folder = crates.join(name);
    if folder.exists() {
        bail!("{} is there already", folder.display());
    }
    for (path, text) in FILES {
        let place = folder.join(path);
        let above = place.parent().unwrap_or(&folder);
        fs::create_dir_all(above).with_context(|| format!("can't make {}", above.display()))?;
        fs::write(&place, text.replace("STACK", name))
            .with_context(|| format!("can't write {}", place.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_laid_out_under_its_name_once() {
        let crates = root().join("target/new-stack-test");
        fs::remove_dir_all(&crates).ok();
        lay_out(&crates, "spring-boot").expect("nothing is there");
        for (path, _) in FILES {
            let text = fs::read_to_string(crates.join("spring-boot").join(path)).expect(path);
            assert!(!text.contains("STACK"), "{path}");
        }
        let manifest = fs::read_to_string(crates.join("spring-boot/Cargo.toml")).expect("written");
        assert!(
            manifest.contains("name = \"archwright-spring-boot\""),
            "{manifest}"
        );
        let again = lay_out(&crates, "spring-boot").expect_err("it is there");
        assert!(again.to_string().contains("is there already"), "{again}");
        fs::remove_dir_all(&crates).expect("it was written");
    }

    #[test]
    fn what_is_no_name_of_a_crate_lays_out_nothing() {
        let crates = root().join("target/new-stack-none");
        for name in ["", "../x", "Spring", "a b", "-a", "a-", "1a"] {
            lay_out(&crates, name).expect_err(name);
        }
        assert!(!crates.exists());
        new_stack(None).expect_err("no name");
    }
}
