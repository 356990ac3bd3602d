//! What became of the cases: for people, for programs, for build servers.

use crate::run::{Report, Result, Verdict};
use archwright_diagnostics::Span;
use serde_json::{Value as Json, json as object};

/// Says where a rule stands: `order.yaml:12:7`.
pub type Places<'a> = &'a dyn Fn(Span) -> String;

/// Failures, a table of the groups, what was skipped, and the sum.
pub fn text(report: &Report, places: Places) -> String {
    let mut text = String::new();
    for result in &report.results {
        if let Verdict::Failed(_) = result.verdict {
            text.push_str(&failure(result, places));
        }
    }
    let reasons = |of: fn(&Verdict) -> Option<&str>| -> String {
        let results = report.results.iter();
        let reasons = results.filter_map(|result| Some((result, of(&result.verdict)?)));
        let lines = reasons.map(|(result, reason)| format!("  {}\n    {reason}\n", result.name));
        lines.collect()
    };
    let skipped = reasons(|verdict| match verdict {
        Verdict::Skipped(reason) => Some(reason),
        _ => None,
    });
    let unreached = reasons(|verdict| match verdict {
        Verdict::Unreached(reason) => Some(reason),
        _ => None,
    });
    for (title, lines) in [
        ("skipped, since the API leaves no way to ask", skipped),
        (
            "not reached, since no calls are found that lead there",
            unreached,
        ),
    ] {
        if !lines.is_empty() {
            text.push_str(&format!("\n{title}:\n{lines}"));
        }
    }
    text.push_str(&table(report));
    text.push_str(&format!(
        "\n{} passed, {} failed, {} skipped, {} not reached in {:.1} s with {} requests\n",
        report.passed(),
        report.failed(),
        report.skipped(),
        report.unreached(),
        report.took.as_secs_f64(),
        report.requests
    ));
    if !report.waited.is_zero() {
        text.push_str(&format!(
            "{:.1} s of that waiting for the server's rate limits\n",
            report.waited.as_secs_f64()
        ));
    }
    if report.left > 0 {
        text.push_str(&format!("STOPPED: {} cases were not run\n", report.left));
    }
    let unproven = report.unproven();
    if !unproven.is_empty() {
        text.push_str("NOT PROVEN, since no call is found that succeeds:\n");
    }
    for operation in unproven {
        let reason = report.why_unproven(operation);
        text.push_str(&format!("  {operation}\n    {reason}\n"));
    }
    text
}

fn failure(result: &Result, places: Places) -> String {
    let Verdict::Failed(failure) = &result.verdict else {
        return String::new();
    };
    let mut text = format!("\nFAILED {}\n  {}\n", result.name, result.reason);
    if let Some(span) = result.span {
        text.push_str(&format!("  rule      {}\n", places(span)));
    }
    for (label, value) in [
        ("request", &failure.request),
        ("expected", &failure.expected),
        ("got", &failure.got),
    ] {
        let indented = value.replace('\n', "\n            ");
        text.push_str(&format!("  {label:<9} {indented}\n"));
    }
    for difference in &failure.differences {
        text.push_str(&format!("            - {difference}\n"));
    }
    text
}

/// Groups in the order in which they ran.
fn groups(report: &Report) -> Vec<(&'static str, [usize; 4])> {
    let mut groups: Vec<(&'static str, [usize; 4])> = Vec::new();
    for result in &report.results {
        let column = match result.verdict {
            Verdict::Passed => 0,
            Verdict::Failed(_) => 1,
            Verdict::Skipped(_) => 2,
            Verdict::Unreached(_) => 3,
        };
        match groups.iter_mut().find(|(name, _)| *name == result.group) {
            Some((_, counts)) => counts[column] += 1,
            None => {
                let mut counts = [0; 4];
                counts[column] = 1;
                groups.push((result.group, counts));
            }
        }
    }
    groups
}

fn table(report: &Report) -> String {
    let mut text = format!(
        "\n{:<14} {:>7} {:>7} {:>8} {:>12}\n",
        "", "passed", "failed", "skipped", "not reached"
    );
    for (name, [passed, failed, skipped, unreached]) in groups(report) {
        text.push_str(&format!(
            "{name:<14} {passed:>7} {failed:>7} {skipped:>8} {unreached:>12}\n"
        ));
    }
    text
}

/// Everything, for programs.
pub fn json(report: &Report, places: Places) -> Json {
    let cases: Vec<Json> = report
        .results
        .iter()
        .map(|result| {
            let mut case = object!({
                "name": result.name,
                "group": result.group,
                "reason": result.reason,
                "place": result.span.map(places),
                "verdict": word(&result.verdict),
                "milliseconds": result.took.as_millis() as u64,
                "requests": result.requests,
            });
            match &result.verdict {
                Verdict::Passed => {}
                Verdict::Skipped(reason) => case["skipped"] = reason.as_str().into(),
                Verdict::Unreached(reason) => case["unreached"] = reason.as_str().into(),
                Verdict::Failed(failure) => {
                    case["failure"] = object!({
                        "request": failure.request,
                        "expected": failure.expected,
                        "got": failure.got,
                        "differences": failure.differences,
                    });
                }
            }
            case
        })
        .collect();
    let unproven = report.unproven().into_iter();
    let unproven = unproven.map(
        |operation| object!({ "operation": operation, "reason": report.why_unproven(operation) }),
    );
    let unproven: Vec<Json> = unproven.collect();
    object!({
        "passed": report.passed(),
        "failed": report.failed(),
        "skipped": report.skipped(),
        "unreached": report.unreached(),
        "unproven": unproven,
        "not_run": report.left,
        "requests": report.requests,
        "seconds": report.took.as_secs_f64(),
        "cases": cases,
    })
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed(_) => "failed",
        Verdict::Skipped(_) => "skipped",
        Verdict::Unreached(_) => "unreached",
    }
}

/// JUnit's XML, as build servers read it. Operations that are not proven are failures of a group of their own.
pub fn junit(report: &Report, places: Places) -> String {
    let unproven = report.unproven();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{:.3}\">\n",
        report.results.len() + unproven.len(),
        report.failed() + unproven.len(),
        report.skipped() + report.unreached(),
        report.took.as_secs_f64()
    );
    for (group, [passed, failed, skipped, unreached]) in groups(report) {
        let skipped = skipped + unreached;
        let tests = passed + failed + skipped;
        xml.push_str(&format!(
            "  <testsuite name=\"{group}\" tests=\"{tests}\" failures=\"{failed}\" skipped=\"{skipped}\">\n"
        ));
        for result in report.results.iter().filter(|result| result.group == group) {
            xml.push_str(&testcase(result, places));
        }
        xml.push_str("  </testsuite>\n");
    }
    if !unproven.is_empty() {
        let count = unproven.len();
        xml.push_str(&format!(
            "  <testsuite name=\"not proven\" tests=\"{count}\" failures=\"{count}\" skipped=\"0\">\n"
        ));
        for operation in unproven {
            let name = escaped(operation);
            let reason = escaped(report.why_unproven(operation));
            xml.push_str(&format!(
                "    <testcase classname=\"{name}\" name=\"{name} succeeds\" time=\"0.000\"><failure message=\"no call is found that succeeds\">{reason}</failure></testcase>\n"
            ));
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn testcase(result: &Result, places: Places) -> String {
    let class = result.name.split('/').next().unwrap_or(&result.name);
    let head = format!(
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
        escaped(class),
        escaped(&result.name),
        result.took.as_secs_f64()
    );
    match &result.verdict {
        Verdict::Passed => format!("{head}/>\n"),
        Verdict::Skipped(reason) | Verdict::Unreached(reason) => format!(
            "{head}><skipped message=\"{}\"/></testcase>\n",
            escaped(reason)
        ),
        Verdict::Failed(failed) => format!(
            "{head}><failure message=\"{}\">{}</failure></testcase>\n",
            escaped(&format!("expected {}", failed.expected)),
            escaped(&failure(result, places))
        ),
    }
}

/// Text within XML; characters that XML has no room for are shown as `�`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push('\t'),
            character
                if (character as u32) < 0x20 || matches!(character, '\u{fffe}' | '\u{ffff}') =>
            {
                escaped.push('\u{fffd}')
            }
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Failure;
    use std::time::Duration;

    fn report() -> Report {
        let result = |name: &str, verdict| Result {
            name: name.to_owned(),
            group: "access",
            reason: "who may".to_owned(),
            span: None,
            verdict,
            requests: 2,
            took: Duration::from_millis(2),
        };
        Report {
            results: vec![
                result("books.get/allowed/staff", Verdict::Passed),
                result(
                    "books.get/denied/anonymous",
                    Verdict::Skipped("no \"way\"".to_owned()),
                ),
                result(
                    "books.list/happy",
                    Verdict::Failed(Box::new(Failure {
                        request: "GET /v1/books".to_owned(),
                        expected: "200".to_owned(),
                        got: "500 <b>".to_owned(),
                        differences: vec!["/id: the key is missing".to_owned()],
                    })),
                ),
            ],
            requests: 7,
            took: Duration::from_millis(1_500),
            waited: Duration::ZERO,
            left: 0,
        }
    }

    #[test]
    fn the_text_shows_failures_groups_and_the_sum() {
        let text = text(&report(), &|_| String::new());
        for part in [
            "FAILED books.list/happy\n  who may\n  request   GET /v1/books\n  expected  200\n  got       500 <b>\n            - /id: the key is missing\n",
            "access               1       1        1            0\n",
            "1 passed, 1 failed, 1 skipped, 0 not reached in 1.5 s with 7 requests\n",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn xml_is_escaped() {
        let xml = junit(&report(), &|_| String::new());
        assert!(
            xml.contains("<testsuite name=\"access\" tests=\"3\" failures=\"1\" skipped=\"1\">"),
            "{xml}"
        );
        assert!(
            xml.contains("no &quot;way&quot;") && xml.contains("500 &lt;b&gt;"),
            "{xml}"
        );
    }

    #[test]
    fn what_is_not_proven_is_told_with_the_reason() {
        let mut report = report();
        report.results.push(Result {
            name: "books.burn/from/old".to_owned(),
            verdict: Verdict::Unreached("no <book> is old".to_owned()),
            ..report.results[0].clone()
        });
        let text = text(&report, &|_| String::new());
        assert!(
            text.ends_with("NOT PROVEN, since no call is found that succeeds:\n  books.burn\n    no <book> is old\n"),
            "{text}"
        );
        let json = json(&report, &|_| String::new());
        let unproven = object!([{ "operation": "books.burn", "reason": "no <book> is old" }]);
        assert_eq!(json["unproven"], unproven);
        let xml = junit(&report, &|_| String::new());
        assert!(
            xml.contains("<testsuites tests=\"5\" failures=\"2\" skipped=\"2\""),
            "{xml}"
        );
        assert!(
            xml.contains("name=\"books.burn succeeds\" time=\"0.000\"><failure message=\"no call is found that succeeds\">no &lt;book&gt; is old</failure>"),
            "{xml}"
        );
    }

    #[test]
    fn json_has_each_case() {
        let json = json(&report(), &|_| String::new());
        assert_eq!(json["failed"], 1);
        assert_eq!(json["cases"][2]["failure"]["got"], "500 <b>");
        assert_eq!(json["cases"][1]["skipped"], "no \"way\"");
    }
}
