//! Writes the pages of a design into a folder, to be looked at:
//! `cargo run -p archwright-page --example preview -- examples/bookshop /tmp/preview`.

#[path = "../tests/common/mod.rs"]
mod common;

use archwright_openapi::{DocumentOptions, document};
use archwright_page::{PageOptions, pages};
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(design), Some(target)) = (arguments.next(), arguments.next()) else {
        return Err("usage: preview DESIGN FOLDER".into());
    };
    let plan = common::planned_folder(Path::new(&design))?;
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
