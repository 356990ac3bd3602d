//! From plain English to a backend that keeps its promises: each brief of `bench/brief/served` becomes a design, which is
//! checked, served with seeded rows, and held to its suite.

use crate::command::{cargo, root};
use crate::served::{Served, program};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

/// Where the written designs stay, to be read.
const WRITTEN: &str = "target/briefs";

/// The briefs whose name has `only` in it, each suite for so long at most.
pub fn briefs(seconds: u64, only: Option<&str>) -> Result<()> {
    let briefs = found(only)?;
    cargo(&["build", "--quiet", "--package", "archwright"])?;
    let mut outcomes = all(&briefs, Duration::from_secs(seconds));
    outcomes.sort_by(|one, other| one.name.cmp(&other.name));
    print!("{}", table(&outcomes));
    let bad: Vec<&str> = outcomes
        .iter()
        .filter(|outcome| !outcome.good())
        .map(|outcome| outcome.name.as_str())
        .collect();
    for outcome in outcomes.iter().filter(|outcome| !outcome.good()) {
        println!("\n{}\n{}", outcome.name, outcome.complaint.trim_end());
    }
    if !bad.is_empty() {
        bail!(
            "{} of {} briefs: {}",
            bad.len(),
            outcomes.len(),
            bad.join(", ")
        );
    }
    Ok(())
}

fn found(only: Option<&str>) -> Result<Vec<PathBuf>> {
    let mut briefs = Vec::new();
    for entry in std::fs::read_dir(root().join("bench/brief/served"))? {
        let path = entry?.path();
        let wanted = only.is_none_or(|only| name(&path).contains(only));
        if path.extension().is_some_and(|ending| ending == "md") && wanted {
            briefs.push(path);
        }
    }
    if briefs.is_empty() {
        bail!("no brief has such a name");
    }
    briefs.sort();
    Ok(briefs)
}

fn name(brief: &Path) -> String {
    let stem = brief.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// As many at a time as there are cores.
fn all(briefs: &[PathBuf], limit: Duration) -> Vec<Outcome> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let (done, outcomes) = channel();
    std::thread::scope(|scope| {
        for _ in 0..workers.min(briefs.len()) {
            let (next, done) = (&next, done.clone());
            scope.spawn(move || {
                while let Some(brief) = briefs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut outcome = Outcome::of(brief);
                    if let Err(error) = one(brief, limit, &mut outcome) {
                        outcome.complaint = format!("{error:#}");
                    }
                    eprintln!("{}", row(&outcome));
                    let _ = done.send(outcome);
                }
            });
        }
    });
    drop(done);
    outcomes.iter().collect()
}

/// What became of a brief.
#[derive(Default)]
struct Outcome {
    name: String,
    words: usize,
    /// Entities of which seeding made no row.
    unseeded: Vec<String>,
    /// What the suite reports.
    report: Value,
    /// What went wrong; empty if nothing did.
    complaint: String,
}

impl Outcome {
    fn of(brief: &Path) -> Self {
        let text = std::fs::read_to_string(brief).unwrap_or_default();
        Self {
            name: name(brief),
            words: text.split_whitespace().count(),
            ..Self::default()
        }
    }

    fn good(&self) -> bool {
        self.complaint.is_empty()
    }

    fn count(&self, key: &str) -> u64 {
        self.report[key].as_u64().unwrap_or(0)
    }
}

fn one(brief: &Path, limit: Duration, outcome: &mut Outcome) -> Result<()> {
    let folder = root().join(WRITTEN).join(&outcome.name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    spoken(&["new".as_ref(), &folder, brief, "--yes".as_ref()])?;
    spoken(&["check".as_ref(), &folder])?;
    let served = Served::start(&outcome.name, &folder)?;
    for entity in served.ready["unseeded"].as_array().into_iter().flatten() {
        outcome.unseeded.extend(entity.as_str().map(str::to_owned));
    }
    let output = tested(&folder, served.url(), limit)?;
    std::fs::write(folder.join("suite.json"), &output.stdout)?;
    outcome.report = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    if !output.status.success() {
        outcome.complaint = complaint(&outcome.report);
    }
    if !outcome.unseeded.is_empty() {
        let entities = outcome.unseeded.join(", ");
        outcome
            .complaint
            .push_str(&format!("seeding made no row of {entities}\n"));
    }
    Ok(())
}

/// Runs a command that has to succeed.
fn spoken(arguments: &[&Path]) -> Result<()> {
    let output = Command::new(program())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .context("archwright can't be started")?;
    if !output.status.success() {
        bail!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

/// The suite's report; when the time is over, the suite is asked to stop and to report what it has.
fn tested(design: &Path, url: &str, limit: Duration) -> Result<Output> {
    let suite = Command::new(program())
        .arg("test")
        .arg(design)
        .args(["--url", url, "--format", "json", "--seed", "1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("archwright can't be started")?;
    let (done, over) = channel::<()>();
    let process = suite.id().to_string();
    let watch = std::thread::spawn(move || {
        if over.recv_timeout(limit).is_err() {
            let _ = Command::new("kill").args(["-INT", &process]).status();
        }
    });
    let output = Child::wait_with_output(suite);
    let _ = done.send(());
    let _ = watch.join();
    Ok(output?)
}

/// The first failed cases, what is not proven, and whether all were run.
fn complaint(report: &Value) -> String {
    let mut text = String::new();
    let cases = report["cases"].as_array().into_iter().flatten();
    let failed = cases.filter(|case| case["verdict"] == "failed");
    for case in failed.take(5) {
        let failure = &case["failure"];
        text.push_str(&format!(
            "failed {}\n  {}\n  expected {}\n  got {}\n",
            case["name"].as_str().unwrap_or_default(),
            failure["request"]
                .as_str()
                .unwrap_or_default()
                .replace('\n', " "),
            failure["expected"].as_str().unwrap_or_default(),
            failure["got"].as_str().unwrap_or_default(),
        ));
    }
    let unproven = report["unproven"].as_array().into_iter().flatten();
    for operation in unproven.filter_map(Value::as_str) {
        text.push_str(&format!("no call of {operation} succeeds\n"));
    }
    let left = report["not_run"].as_u64().unwrap_or(0);
    if left > 0 {
        text.push_str(&format!("{left} cases were not run in time\n"));
    }
    text
}

const HEADS: [&str; 8] = [
    "",
    "words",
    "cases",
    "passed",
    "failed",
    "skipped",
    "not reached",
    "seconds",
];

fn cells(outcome: &Outcome) -> [String; 8] {
    let count = |key| outcome.count(key);
    let run = count("passed") + count("failed") + count("skipped") + count("unreached");
    [
        outcome.name.clone(),
        outcome.words.to_string(),
        (run + count("not_run")).to_string(),
        count("passed").to_string(),
        count("failed").to_string(),
        count("skipped").to_string(),
        count("unreached").to_string(),
        format!("{:.1}", outcome.report["seconds"].as_f64().unwrap_or(0.0)),
    ]
}

fn row(outcome: &Outcome) -> String {
    let verdict = if outcome.good() { "" } else { "  BAD" };
    format!("{}{verdict}", line(&cells(outcome)))
}

fn line(cells: &[String; 8]) -> String {
    let [name, rest @ ..] = cells;
    let rest: Vec<String> = rest.iter().map(|cell| format!("{cell:>11}")).collect();
    format!("{name:24}{}", rest.concat())
}

fn table(outcomes: &[Outcome]) -> String {
    let heads = HEADS.map(str::to_owned);
    let mut text = format!("{}\n", line(&heads));
    for outcome in outcomes {
        text.push_str(&format!("{}\n", row(outcome)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_complaint_names_failed_cases_unproven_operations_and_what_was_not_run() {
        let report = json!({
            "cases": [
                { "name": "books.read/owner", "verdict": "passed" },
                {
                    "name": "books.create/staff",
                    "verdict": "failed",
                    "failure": { "request": "POST /v1/books\n{}", "expected": "201", "got": "500" },
                },
            ],
            "unproven": ["books.lend"],
            "not_run": 3,
        });
        assert_eq!(
            complaint(&report),
            "failed books.create/staff\n  POST /v1/books {}\n  expected 201\n  got 500\n\
             no call of books.lend succeeds\n3 cases were not run in time\n"
        );
    }

    #[test]
    fn a_brief_that_went_wrong_stands_out_in_the_table() {
        let good = Outcome {
            name: "short-blog".to_owned(),
            report: json!({ "passed": 2, "skipped": 1, "seconds": 0.25 }),
            ..Outcome::default()
        };
        let bad = Outcome {
            complaint: "it did not start".to_owned(),
            ..Outcome::default()
        };
        let table = table(&[good, bad]);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[1].ends_with("0.2"), "{table}");
        assert!(lines[2].ends_with("BAD"), "{table}");
    }
}
