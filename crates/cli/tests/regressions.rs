//! Inputs that were once answered wrongly, and hostile ones: what the fuzz targets demand holds for each.
#![expect(
    clippy::unwrap_used,
    reason = "a test that can't read its inputs has failed"
)]

#[expect(clippy::expect_used, reason = "properties panic where they don't hold")]
#[path = "../../../fuzz/properties.rs"]
mod properties;

use std::fmt::Write;
use std::path::Path;

fn check(target: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match target {
        "read" => properties::read(bytes),
        "format" => properties::format(&text),
        "check" => properties::check(&text),
        "expression" => properties::expression(&text),
        other => panic!("there is no target {other}"),
    }
}

#[test]
fn inputs_that_were_found_are_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/regressions");
    for target in std::fs::read_dir(folder).unwrap() {
        let target = target.unwrap();
        let name = target.file_name().into_string().unwrap();
        for file in std::fs::read_dir(target.path()).unwrap() {
            check(&name, &std::fs::read(file.unwrap().path()).unwrap());
        }
    }
}

#[test]
fn hostile_texts_are_answered() {
    for text in hostile() {
        for target in ["read", "format", "check"] {
            check(target, text.as_bytes());
        }
    }
}

#[test]
fn bytes_that_are_no_text_are_answered() {
    for bytes in [
        &b"\xFF\xFE\x00a"[..],
        b"\xEF\xBB\xBFarchwright: 1",
        b"a: \xC3",
        b"\0\0\0",
    ] {
        check("read", bytes);
    }
}

#[test]
fn a_design_that_ends_anywhere_is_answered() {
    let whole = "archwright: 1\nname: shop\nentities:\n  Book:\n    fields: { title: \"string(1..9), search\", price: money = 1.50 }\n    allow: { read: anyone when price > 1 }\n";
    for end in 0..whole.len() {
        check("check", &whole.as_bytes()[..end]);
    }
}

/// Deep, wide, self-referring and repetitive texts.
fn hostile() -> Vec<String> {
    let head = "archwright: 1\nname: shop\nentities:\n";
    let mut texts: Vec<String> = [
        "[", "{", "- ", "? ", "a: ", "!", "&a ", "*a ", "'", "\"", "|\n", "((", "\t",
    ]
    .iter()
    .map(|part| part.repeat(3000))
    .collect();
    let mut bomb = "a0: &a0 [x, x]\n".to_owned();
    for level in 1..30 {
        let below = level - 1;
        writeln!(
            bomb,
            "a{level}: &a{level} [*a{below}, *a{below}, *a{below}]"
        )
        .unwrap();
    }
    texts.push(bomb);
    let mut stairs = head.to_owned();
    for level in 1..400 {
        writeln!(stairs, "{}a:", " ".repeat(level)).unwrap();
    }
    texts.push(stairs);
    for line in [
        "  Same: { fields: { a: int } }\n",
        "  Wrong: { fields: { a: itn, b: int == 3 } }\n",
        "  : {}\n",
    ] {
        texts.push(format!("{head}{}", line.repeat(2000)));
    }
    let sum = vec!["1"; 5000].join(" + ");
    texts.push(format!(
        "{head}  A:\n    fields: {{ a: int }}\n    checks: {{ c: {sum} > 1 }}\n"
    ));
    texts
}
