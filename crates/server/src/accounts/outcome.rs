//! What a password and the state of its account come to.

use crate::passwords::Verdict;

/// Wrong passwords that close no account; the next one closes it for half a minute, each further one for twice as long,
/// up to a quarter of an hour.
const FREE_FAILURES: u32 = 5;
const FIRST_LOCK_MILLIS: i64 = 30_000;
const LONGEST_LOCK_MILLIS: i64 = 15 * 60_000;

/// What becomes of somebody who gives a password.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Admitted,
    /// Whatever the reason, they wait as long, so that a closed account doesn't tell its password.
    Refused {
        is_counted: bool,
    },
}

pub(super) fn outcome(verdict: Verdict, locked_until: Option<i64>, now: i64) -> Outcome {
    let is_open = locked_until.is_none_or(|until| until <= now);
    match verdict {
        Verdict::Wrong => Outcome::Refused { is_counted: true },
        Verdict::Right | Verdict::Outdated if is_open => Outcome::Admitted,
        Verdict::Right | Verdict::Outdated => Outcome::Refused { is_counted: false },
    }
}

/// How long an account is closed after so many wrong passwords in a row.
pub(super) fn lock_millis(failures: u32) -> i64 {
    match failures.checked_sub(FREE_FAILURES) {
        None | Some(0) => 0,
        Some(more) => (FIRST_LOCK_MILLIS << (more - 1).min(16)).min(LONGEST_LOCK_MILLIS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_account_refuses_the_right_password_as_it_does_a_wrong_one() {
        for verdict in [Verdict::Right, Verdict::Outdated] {
            for open in [None, Some(10), Some(9)] {
                assert_eq!(outcome(verdict, open, 10), Outcome::Admitted);
            }
            let refused = Outcome::Refused { is_counted: false };
            assert_eq!(outcome(verdict, Some(11), 10), refused);
        }
        for locked in [None, Some(9), Some(11)] {
            let refused = Outcome::Refused { is_counted: true };
            assert_eq!(outcome(Verdict::Wrong, locked, 10), refused);
        }
    }

    #[test]
    fn accounts_are_closed_for_longer_and_longer() {
        let locks: Vec<i64> = [0, 1, 5, 6, 7, 8, 10, 11, 12, u32::MAX]
            .into_iter()
            .map(|failures| lock_millis(failures) / 1000)
            .collect();
        assert_eq!(locks, [0, 0, 0, 30, 60, 120, 480, 900, 900, 900]);
    }
}
