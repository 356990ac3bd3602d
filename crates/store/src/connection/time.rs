//! How long the database may take: for a statement, and for all that one call asks of it.

use crate::Failure;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// The database ends a statement that takes longer; nor may all statements of a call take longer.
pub(crate) const STATEMENT_TIME: Duration = Duration::from_secs(30);
/// A server is told what is left of a call's time again when so much of it is gone.
const STEP: Duration = Duration::from_secs(1);

thread_local! {
    /// When the call that this thread works for has to be done.
    static END: Cell<Option<Instant>> = const { Cell::new(None) };
    /// When a server has to be told next what is left.
    static TELL: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The time of a call, which begins with its first run. What is run again has what is left.
pub(crate) struct CallTime {
    time: Duration,
    start: Option<Instant>,
}

impl CallTime {
    pub fn new() -> Self {
        Self::of(STATEMENT_TIME)
    }

    pub fn of(time: Duration) -> Self {
        Self { time, start: None }
    }

    /// A run of the call's work, whose statements are refused or ended when all of it takes longer.
    pub fn run<T>(&mut self, work: impl FnOnce() -> T) -> T {
        struct Before(Option<Instant>, Option<Instant>);
        impl Drop for Before {
            fn drop(&mut self) {
                END.set(self.0);
                TELL.set(self.1);
            }
        }
        let start = *self.start.get_or_insert_with(Instant::now);
        let _before = Before(
            END.replace(start.checked_add(self.time)),
            TELL.replace(start.checked_add(STEP)),
        );
        work()
    }
}

/// Whether the call has had its time.
pub(super) fn is_over() -> bool {
    END.get().is_some_and(|end| Instant::now() >= end)
}

/// Refuses a further statement where the call has had its time.
pub(super) fn check() -> Result<(), Failure> {
    match is_over() {
        true => Err(Failure::Unavailable(
            "the call took longer than it may".to_owned(),
        )),
        false => Ok(()),
    }
}

/// What is left of the call's time, when a server has to be told: not for calls that are quick.
pub(super) fn to_tell() -> Option<Duration> {
    let (end, tell) = (END.get()?, TELL.get()?);
    let now = Instant::now();
    if now < tell {
        return None;
    }
    TELL.set(now.checked_add(STEP));
    Some(
        end.saturating_duration_since(now)
            .max(Duration::from_millis(1)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_its_time_and_what_is_around_it_its_own() {
        CallTime::of(Duration::MAX).run(|| {
            assert!(CallTime::of(Duration::ZERO).run(|| check().is_err()));
            assert!(check().is_ok());
        });
        assert!(check().is_ok());
    }

    #[test]
    fn a_further_run_has_what_is_left_of_the_first() {
        let mut time = CallTime::new();
        let end = time.run(|| END.get());
        std::thread::sleep(Duration::from_millis(2));
        assert!(end.is_some());
        assert_eq!(time.run(|| END.get()), end);
        // A transaction that begins late is told at once how much that is.
        time.start = Instant::now().checked_sub(STEP + STEP);
        let left = time.run(to_tell);
        assert!(left.is_some_and(|left| left < STATEMENT_TIME - STEP));
    }
}
