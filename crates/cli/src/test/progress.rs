//! How far a run of the suite is, said while it goes on, and the signals that stop it.

use crate::signals::Signals;
use anyhow::{Context, Result};
use archwright_plan::Plan;
use archwright_suite::{Options, Progress, Report, Stop, Verdict, run};
use std::io::{IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A terminal's one line moves with time; elsewhere, each word is a line that stays.
const IN_A_TERMINAL: Duration = Duration::from_millis(200);
const IN_A_PIPE: Duration = Duration::from_secs(10);

/// How shells tell that a signal ended a program.
const INTERRUPTED: i32 = 130;

#[derive(Clone, Default)]
struct State {
    doing: String,
    done: usize,
    all: usize,
    failed: usize,
}

/// Runs the suite, and says on standard error how far it is.
pub fn progressing(plan: &Plan, options: &Options) -> Result<Report> {
    stop_by_signals(options.stop.clone())?;
    let state = Arc::new(Mutex::new(State::default()));
    let (ended, ending) = channel::<()>();
    let seen = state.clone();
    let teller = std::thread::spawn(move || tell(&seen, &ending));
    let report = run(plan, options, |progress| {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        match progress {
            Progress::Before(doing) => state.doing = doing.to_owned(),
            Progress::Begun { name, number, all } => {
                state.doing = name.to_owned();
                state.done = number - 1;
                state.all = all;
            }
            Progress::Ended(result) => {
                state.done += 1;
                state.failed += usize::from(matches!(result.verdict, Verdict::Failed(_)));
            }
        }
    });
    drop(ended);
    // It ends when nobody can tell it that the run has.
    let _ = teller.join();
    report.map_err(anyhow::Error::msg)
}

fn tell(state: &Mutex<State>, ending: &Receiver<()>) {
    let begun = Instant::now();
    let terminal = std::io::stderr().is_terminal();
    let pause = if terminal { IN_A_TERMINAL } else { IN_A_PIPE };
    // A line that can't be written is no reason to stop.
    let say = |text: &str| drop(write!(std::io::stderr(), "{text}"));
    while let Err(RecvTimeoutError::Timeout) = ending.recv_timeout(pause) {
        let state = state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let line = line(begun.elapsed(), &state);
        match terminal {
            true => say(&format!(
                "\r\u{1b}[K{}",
                line.chars().take(110).collect::<String>()
            )),
            false => say(&format!("{line}\n")),
        }
    }
    if terminal {
        say("\r\u{1b}[K");
    }
}

fn line(since: Duration, state: &State) -> String {
    let (minutes, seconds) = (since.as_secs() / 60, since.as_secs() % 60);
    let time = format!("{minutes}:{seconds:02}");
    match state.all {
        0 => format!("{time}  {}", state.doing),
        all => format!(
            "{time}  {} of {all} cases, {} failed  {}",
            state.done, state.failed, state.doing
        ),
    }
}

/// The first signal asks the run to stop, the second ends the program.
fn stop_by_signals(stop: Stop) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("can't listen for signals")?;
    let signals = runtime.block_on(async { Signals::new() });
    let mut signals = signals.context("can't listen for signals")?;
    std::thread::spawn(move || {
        runtime.block_on(signals.next());
        stop.ask();
        let _ = writeln!(std::io::stderr(), "stopping; a second signal does not wait");
        runtime.block_on(signals.next());
        std::process::exit(INTERRUPTED);
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_time_the_cases_and_what_is_done_now() {
        let mut state = State {
            doing: "signing in".to_owned(),
            ..State::default()
        };
        assert_eq!(line(Duration::from_secs(9), &state), "0:09  signing in");
        state.doing = "orders.place/happy".to_owned();
        (state.done, state.all, state.failed) = (12, 1_014, 1);
        assert_eq!(
            line(Duration::from_secs(75), &state),
            "1:15  12 of 1014 cases, 1 failed  orders.place/happy"
        );
    }
}
