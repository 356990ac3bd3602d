//! Several steps in a row: all of them run, and a table at the end says how each went and how long it took.

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// A name, and what is done.
pub type Step<'a> = (&'a str, &'a dyn Fn() -> Result<()>);

pub fn run(steps: &[Step]) -> Result<()> {
    let begin = Instant::now();
    let mut done = Vec::new();
    for (name, step) in steps {
        eprintln!("\n==> {name}");
        let start = Instant::now();
        let result = step();
        if let Err(error) = &result {
            eprintln!("{error:#}");
        }
        done.push((*name, result.is_ok(), start.elapsed()));
    }
    eprint!("\n{}", summary(&done, begin.elapsed()));
    let failed: Vec<&str> = done
        .iter()
        .filter(|(_, good, _)| !good)
        .map(|(name, ..)| *name)
        .collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn summary(done: &[(&str, bool, Duration)], total: Duration) -> String {
    let width = done.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    let line = |name: &str, word: &str, time: Duration| {
        format!(
            "{name:width$}  {word:6}  {:3} min {:02} s\n",
            time.as_secs() / 60,
            time.as_secs() % 60
        )
    };
    let mut text: String = done
        .iter()
        .map(|(name, good, time)| line(name, if *good { "passed" } else { "FAILED" }, *time))
        .collect();
    text.push_str(&line("all", "", total));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_steps_run_after_one_that_failed() {
        let ran = std::cell::Cell::new(false);
        let later = || {
            ran.set(true);
            Ok(())
        };
        let result = run(&[("first", &|| bail!("no")), ("second", &later)]);
        assert!(ran.get());
        assert_eq!(
            result.map_err(|error| error.to_string()),
            Err("failed: first".to_owned())
        );
    }

    #[test]
    fn the_summary_has_a_line_for_each_step() {
        let done = [
            ("format", true, Duration::from_secs(3)),
            ("all tests", false, Duration::from_secs(75)),
        ];
        assert_eq!(
            summary(&done, Duration::from_secs(78)),
            "format     passed    0 min 03 s\nall tests  FAILED    1 min 15 s\nall                  1 min 18 s\n"
        );
    }
}
