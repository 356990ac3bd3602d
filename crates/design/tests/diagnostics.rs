//! What is said about broken designs, and where: each file of `diagnostics/` is a design with carets under its faults.

use archwright_design::{Reading, read};
use archwright_diagnostics::fixture;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics")
}

fn check(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let parsed = fixture::parse(&text);
    let reading = read(&parsed.files);
    if std::env::var_os("ARCHWRIGHT_BLESS").is_some() {
        let annotated = fixture::annotate(&reading.sources, &reading.diagnostics);
        std::fs::write(path, annotated).map_err(|error| error.to_string())?;
    }
    fixture::compare(&parsed, &reading.sources, &reading.diagnostics)
}

#[test]
fn every_broken_design_is_answered_as_its_carets_say() {
    let mut failures = Vec::new();
    let mut count = 0;
    let entries = std::fs::read_dir(folder()).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        count += 1;
        if let Err(difference) = check(&path) {
            failures.push(format!("{}\n{difference}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(count > 20, "only {count} broken designs were found");
}

fn codes(reading: &Reading) -> Vec<&'static str> {
    reading
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect()
}

fn one(bytes: &[u8]) -> Reading {
    read(&[("a.yaml".to_owned(), bytes.to_vec())])
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    assert_eq!(codes(&one(b"archwright: 1\nname: \xff\xfe\n")), ["AW001"]);
    assert_eq!(
        codes(&one(b"archwright: 1\nname: sh\x01op\n")),
        ["AW013", "AW001"]
    );
    assert_eq!(
        codes(&one(b"archwright: 1\nname: shop\n\0entities: [\n")),
        ["AW001", "AW002"]
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    assert_eq!(
        codes(&one(b"\xef\xbb\xbfarchwright: 1\nname: shop\n")),
        [""; 0]
    );
}

#[test]
fn too_much_is_refused() {
    assert_eq!(codes(&one(&vec![b'x'; (1 << 20) + 1])), ["AW003"]);
    let many: Vec<(String, Vec<u8>)> = (0..501)
        .map(|index| (format!("{index}.yaml"), b"name: x\n".to_vec()))
        .collect();
    assert_eq!(codes(&read(&many)), ["AW003"]);
    let nodes = format!(
        "archwright: 1\nname: shop\nabout:\n{}",
        "  - x\n".repeat(170_000)
    );
    assert_eq!(codes(&one(nodes.as_bytes())), ["AW009"]);
    let nodes = format!(
        "archwright: 1\nname: shop\nabout:\n{}",
        "  -\n".repeat(220_000)
    );
    assert_eq!(codes(&one(nodes.as_bytes())), ["AW003"]);
}

#[test]
fn what_nobody_reads_is_counted_only() {
    let keys: String = (0..700)
        .map(|index| format!("unknown{index}: 1\n"))
        .collect();
    let reading = one(format!("archwright: 1\nname: shop\n{keys}").as_bytes());
    assert_eq!(reading.diagnostics.len(), 501);
    assert_eq!(
        reading.diagnostics[500].message,
        "200 more problems are not shown"
    );
}

#[test]
fn nothing_to_read_is_said_without_a_place() {
    assert_eq!(codes(&read(&[])), ["AW006"]);
    assert_eq!(read(&[]).diagnostics[0].span, None);
}
