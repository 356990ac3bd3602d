//! Drives the asynchronous client from the thread that waits for its answer: one write, then one read that blocks. No
//! runtime is needed, so a connection can be used from any thread, also from one of a runtime.

use super::socket::{Opened, channel_binding};
use std::future::Future;
use std::io::{self, Read, Write};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsStream};

/// Whether the next read may wait for the server.
type MayWait = Arc<AtomicBool>;

/// A socket whose writes wait until they are done, and whose reads wait when nothing else is left to do.
pub(super) struct Stream {
    opened: Opened,
    may_wait: MayWait,
}

/// The half of the client that reads and writes.
type Driver = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send>>;

pub(super) struct Wire {
    /// Absent once the connection is lost.
    driver: Option<Driver>,
    may_wait: MayWait,
    waker: Arc<Woken>,
    /// Why the connection was lost.
    pub reason: Option<String>,
}

/// Tells whether one half of the client has something for the other.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Wire {
    /// The stream for a socket, and what drives it once it has a driver.
    pub fn new(opened: Opened) -> (Stream, Self) {
        let may_wait = MayWait::default();
        let stream = Stream {
            opened,
            may_wait: may_wait.clone(),
        };
        let wire = Self {
            driver: None,
            may_wait,
            waker: Arc::default(),
            reason: None,
        };
        (stream, wire)
    }

    pub fn drive(
        &mut self,
        driver: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
    ) {
        self.driver = Some(Box::pin(driver));
    }

    /// Waits for work that needs the server.
    pub fn wait<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let waker = Waker::from(self.waker.clone());
        let mut context = Context::from_waker(&waker);
        loop {
            self.waker.0.store(false, Ordering::Relaxed);
            if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
                return done;
            }
            self.poll_driver(&mut context);
            if !self.waker.0.load(Ordering::Relaxed) {
                // All is written, and nothing that was read is left: only the server can go on. Without a driver, as
                // while connecting, the work itself reads.
                self.may_wait.store(true, Ordering::Relaxed);
                self.poll_driver(&mut context);
            }
        }
    }

    /// Gives work to the server whose answer nobody waits for.
    pub fn send(&mut self, work: impl Future) {
        let _ = self.queue(work);
        let waker = Waker::from(self.waker.clone());
        self.poll_driver(&mut Context::from_waker(&waker));
    }

    /// The same for work that something else follows, with which it is written.
    pub fn queue<W: Future>(&mut self, work: W) -> Poll<W::Output> {
        let waker = Waker::from(self.waker.clone());
        pin!(work).poll(&mut Context::from_waker(&waker))
    }

    fn poll_driver(&mut self, context: &mut Context<'_>) {
        let Some(driver) = &mut self.driver else {
            return;
        };
        if let Poll::Ready(end) = driver.as_mut().poll(context) {
            self.reason = end.err().map(|error| super::reason(&error));
            // What waits for answers learns that there are none to come.
            self.driver = None;
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.may_wait.swap(false, Ordering::Relaxed) {
            return Poll::Pending;
        }
        let count = self.opened.socket.read(buffer.initialize_unfilled())?;
        buffer.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.opened.socket.write(bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.opened.socket.flush())
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl TlsStream for Stream {
    fn channel_binding(&self) -> ChannelBinding {
        channel_binding(self.opened.binding.as_ref())
    }
}
