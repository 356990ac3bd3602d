//! Several pieces of work that are under way at once.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

/// Waits for all of them; `sent` is called once each has sent what it has to send first.
pub(super) async fn all<W: Future + Unpin>(works: Vec<W>, sent: impl FnOnce()) -> Vec<W::Output> {
    let mut works: Vec<(W, Option<W::Output>)> =
        works.into_iter().map(|work| (work, None)).collect();
    let mut sent = Some(sent);
    poll_fn(|context| {
        let mut is_done = true;
        for (work, done) in works.iter_mut().filter(|(_, done)| done.is_none()) {
            match Pin::new(work).poll(context) {
                Poll::Ready(value) => *done = Some(value),
                Poll::Pending => is_done = false,
            }
        }
        if let Some(sent) = sent.take() {
            sent();
        }
        match is_done {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    works.into_iter().filter_map(|(_, done)| done).collect()
}

/// Waits for both; the first one sends first what it has to send.
pub(super) async fn both<A: Future, B: Future>(one: A, other: B) -> (A::Output, B::Output) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(done) = one.as_mut().poll(context)
        {
            first = Some(done);
        }
        if second.is_none()
            && let Poll::Ready(done) = other.as_mut().poll(context)
        {
            second = Some(done);
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (one, other) => {
                (first, second) = (one, other);
                Poll::Pending
            }
        }
    })
    .await
}
