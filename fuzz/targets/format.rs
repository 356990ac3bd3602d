//! Whatever the text, formatting it twice changes nothing, and the same codes are reported before and after.
#![no_main]

use archwright_design::{format, read};
use libfuzzer_sys::fuzz_target;

fn codes(text: &str) -> Vec<&'static str> {
    let reading = read(&[("design.yaml".to_owned(), text.as_bytes().to_vec())]);
    let mut codes: Vec<&str> = reading.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    codes.sort_unstable();
    codes
}

fuzz_target!(|text: &str| {
    let Ok(once) = format(text) else { return };
    assert_eq!(format(&once).as_deref(), Ok(once.as_str()), "formatted twice");
    assert_eq!(codes(text), codes(&once), "formatted to {once}");
});
