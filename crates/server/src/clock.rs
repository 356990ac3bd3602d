//! The time, as milliseconds since 1970, and stamps that never repeat.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, UTC.
pub(crate) fn now() -> i64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds that grow with each call, so that "issued before" and "revoked after" are never the same instant.
#[derive(Default)]
pub(crate) struct Stamps(AtomicI64);

impl Stamps {
    pub(crate) fn next(&self) -> i64 {
        let now = now();
        let last = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| {
                Some(now.max(last + 1))
            });
        now.max(last.unwrap_or_default() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_grow_strictly() {
        let stamps = Stamps::default();
        let taken: Vec<i64> = (0..1_000).map(|_| stamps.next()).collect();
        assert!(taken.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
