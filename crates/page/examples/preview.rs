//! Writes the pages of a design into a folder, to be looked at:
//! `cargo run -p archwright-page --example preview -- examples/bookshop /tmp/preview`.

use archwright_openapi::{DocumentOptions, document};
use archwright_page::{PageOptions, pages};
use archwright_plan::{Plan, model, plan};
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(design), Some(target)) = (arguments.next(), arguments.next()) else {
        return Err("usage: preview DESIGN FOLDER".into());
    };
    let plan = read(Path::new(&design))?;
    let target = Path::new(&target);
    let roles = plan
        .model
        .roles
        .iter()
        .map(|role| (role.name.clone(), format!("{}@example.com", role.name)));
    let options = PageOptions {
        development: true,
        seeded_roles: roles.collect(),
    };
    let mut headers = Vec::new();
    for page in pages(&plan, &options) {
        let name = match page.path.as_str() {
            "/" => "index.html".to_owned(),
            "/reference" => "reference.html".to_owned(),
            path => path.trim_start_matches('/').to_owned(),
        };
        write(&target.join(&name), &page.bytes)?;
        let header = [
            page.path.as_str(),
            &name,
            page.media_type,
            page.encoding.unwrap_or("-"),
            page.csp,
        ];
        headers.push(header.join("\t"));
    }
    let printed = document(&plan, &DocumentOptions::default());
    write(&target.join("openapi.json"), printed.to_string().as_bytes())?;
    write(&target.join("headers.tsv"), headers.join("\n").as_bytes())?;
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(std::fs::write(path, bytes)?)
}

fn read(folder: &Path) -> Result<Plan, Box<dyn Error>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    paths.sort();
    let mut files = Vec::new();
    for path in &paths {
        files.push((path.display().to_string(), std::fs::read(path)?));
    }
    let reading = archwright_design::read(&files);
    let (model, diagnostics) = model::lower(&reading.design);
    Ok(plan(model.ok_or_else(|| format!("{diagnostics:#?}"))?))
}
