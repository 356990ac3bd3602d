//! Lists the files of `library/`, so that a pattern is added by writing its file and nothing else.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let library = root.join("library");
    println!("cargo::rerun-if-changed={}", library.display());
    let mut files = fs::read_dir(&library)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<PathBuf>>>()?;
    files.retain(|path| path.extension().is_some_and(|kind| kind == "yaml"));
    files.sort();
    let mut list = String::from("&[\n");
    for file in &files {
        let id = file.file_stem().unwrap_or_default().to_string_lossy();
        list += &format!(
            "({id:?}, include_str!({:?})),\n",
            file.display().to_string()
        );
    }
    list += "]\n";
    fs::write(Path::new(&variable("OUT_DIR")?).join("library.rs"), list)
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(io::Error::other)
}
