//! Whatever the bytes, the reader answers, and every place that it names lies in the text.
#![no_main]

use archwright_design::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let reading = read(&[("design.yaml".to_owned(), bytes.to_vec())]);
    for diagnostic in &reading.diagnostics {
        let spans = diagnostic.span.iter().chain(diagnostic.others.iter().map(|other| &other.span));
        for span in spans.chain(diagnostic.fix.iter().map(|fix| &fix.span)) {
            let text = &reading.sources.get(span.file).text;
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{diagnostic:?}");
        }
    }
});
