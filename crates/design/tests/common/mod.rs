//! The sound designs that all tests share.

use std::path::Path;

/// Name and text of each design in `designs/`, and of each of the repository's examples.
pub fn designs() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut designs = Vec::new();
    collect(&root.join("tests/designs"), &mut designs);
    collect(&root.join("../../examples"), &mut designs);
    designs.sort();
    assert!(designs.len() >= 2);
    designs
}

fn collect(folder: &Path, designs: &mut Vec<(String, String)>) {
    for path in std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
    {
        if path.is_dir() {
            collect(&path, designs);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            designs.extend(
                std::fs::read_to_string(&path).map(|text| (path.display().to_string(), text)),
            );
        }
    }
}
