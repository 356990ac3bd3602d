//! Medians, ratios, and the table that is written down.

use super::kinds::KINDS;
use super::process::Running;
use crate::command::root;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::Command;

/// One server under one load.
pub struct Sample {
    /// Requests a second.
    pub rate: f64,
    /// Milliseconds.
    pub p99: f64,
    /// Microseconds of the server's own, for each request.
    pub cpu: f64,
    pub database_cpu: Option<f64>,
}

#[derive(Default)]
pub struct Samples {
    /// By kind and server.
    all: BTreeMap<(String, String), Vec<Sample>>,
    floors: BTreeMap<String, f64>,
}

pub struct Memory {
    server: String,
    idle: f64,
    loaded: f64,
}

impl Memory {
    pub fn of(server: &Running) -> Self {
        Self {
            server: server.name.clone(),
            idle: server.idle,
            loaded: server.megabytes(),
        }
    }
}

pub struct Section {
    pub database: &'static str,
    pub samples: Samples,
    pub memory: Vec<Memory>,
}

impl Samples {
    pub fn add(&mut self, kind: &str, server: &str, sample: Sample) {
        self.all
            .entry((kind.to_owned(), server.to_owned()))
            .or_default()
            .push(sample);
    }

    pub fn floor(&mut self, kind: &str, rate: f64) {
        self.floors.insert(kind.to_owned(), rate);
    }

    fn median(&self, kind: &str, server: &str, of: fn(&Sample) -> f64) -> f64 {
        let samples = self.all.get(&(kind.to_owned(), server.to_owned()));
        median(samples.into_iter().flatten().map(of).collect())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => (values[count / 2 - 1] + values[count / 2]) / 2.0,
    }
}

type Measure = (&'static str, fn(&Sample) -> f64);

const MEASURES: [Measure; 3] = [
    ("requests a second", |sample| sample.rate),
    ("p99, ms", |sample| sample.p99),
    ("CPU, µs a request", |sample| sample.cpu),
];

pub fn render(section: &Section) -> String {
    let mut text = format!("### {}\n\n", section.database);
    text.push_str("| request | measure | ours | plain | tuned | ours / plain | ours / tuned |\n");
    text.push_str("| --- | --- | ---: | ---: | ---: | ---: | ---: |\n");
    for kind in KINDS {
        for (index, (measure, of)) in MEASURES.into_iter().enumerate() {
            let value = |server| section.samples.median(kind.name, server, of);
            let (ours, plain, tuned) = (value("archwright"), value("plain"), value("tuned"));
            let title = if index == 0 { kind.title } else { "" };
            let _ = writeln!(
                text,
                "| {title} | {measure} | {} | {} | {} | {:.2} | {:.2} |",
                short(ours),
                short(plain),
                short(tuned),
                ours / plain,
                ours / tuned
            );
        }
        let database = |server| {
            section.samples.median(kind.name, server, |sample| {
                sample.database_cpu.unwrap_or(f64::NAN)
            })
        };
        let (ours, plain, tuned) = (database("archwright"), database("plain"), database("tuned"));
        if !ours.is_nan() {
            let _ = writeln!(
                text,
                "| | CPU of the database, µs a request | {} | {} | {} | {:.2} | {:.2} |",
                short(ours),
                short(plain),
                short(tuned),
                ours / plain,
                ours / tuned
            );
        }
        let floor = section
            .samples
            .floors
            .get(kind.name)
            .copied()
            .unwrap_or(f64::NAN);
        let rate = section
            .samples
            .median(kind.name, "archwright", |sample| sample.rate);
        let _ = writeln!(
            text,
            "| | the database alone, requests a second | {} | | | {:.2} of it | |",
            short(floor),
            rate / floor
        );
    }
    text.push_str("\n| server | idle memory, MB | after the load, MB |\n| --- | ---: | ---: |\n");
    for memory in &section.memory {
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.0} |",
            memory.server, memory.idle, memory.loaded
        );
    }
    text
}

fn short(value: f64) -> String {
    match value {
        value if value.is_nan() => "–".to_owned(),
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

const BEGIN: &str = "<!-- speed -->\n";
const END: &str = "<!-- end of speed -->\n";

/// Puts the tables into `docs/benchmarks.md`.
pub fn write_down(sections: &[Section], seconds: u64, rounds: usize) -> Result<()> {
    let path = root().join("docs/benchmarks.md");
    let text = std::fs::read_to_string(&path)?;
    let (before, rest) = text
        .split_once(BEGIN)
        .context("docs/benchmarks.md has no place for the tables")?;
    let (_, after) = rest
        .split_once(END)
        .context("the place for the tables has no end")?;
    let mut tables = format!(
        "`cargo xtask speed {seconds} {rounds}` on {}.\n\n",
        machine()
    );
    for section in sections {
        tables.push_str(&render(section));
        tables.push('\n');
    }
    std::fs::write(&path, format!("{before}{BEGIN}{tables}{END}{after}"))?;
    Ok(())
}

fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default();
        line.split_once(':')
            .map_or(String::new(), |(_, value)| value.trim().to_owned())
    };
    let processor = field(&read("/proc/cpuinfo"), "model name");
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let memory: f64 = memory.trim_end_matches(" kB").parse().unwrap_or(0.0);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let said = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output();
        output.map_or(String::new(), |output| {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        })
    };
    let busy = read("/proc/loadavg");
    let busy = busy.split(' ').next().unwrap_or_default();
    format!(
        "{processor}, {cores} cores, {:.0} GB, Linux {}, {}, load of the machine at the end {busy}",
        memory / 1048576.0,
        said("uname", "-r"),
        said("rustc", "--version")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn a_table_has_ratios() {
        let mut samples = Samples::default();
        for (server, rate) in [("archwright", 50.0), ("plain", 40.0), ("tuned", 100.0)] {
            let sample = Sample {
                rate,
                p99: 2.0,
                cpu: 20.0,
                database_cpu: None,
            };
            samples.add("point", server, sample);
        }
        samples.floor("point", 200.0);
        let section = Section {
            database: "sqlite",
            samples,
            memory: Vec::new(),
        };
        let text = render(&section);
        assert!(
            text.contains("| one book | requests a second | 50.0 | 40.0 | 100 | 1.25 | 0.50 |"),
            "{text}"
        );
        assert!(text.contains("| 0.25 of it |"), "{text}");
    }
}
