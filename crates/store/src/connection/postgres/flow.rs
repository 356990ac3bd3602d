//! A connection that the runtime drives: what can't be done at once is done when the system says that it can.

use super::socket::{Opened, Socket, channel_binding};
use super::tls::Session;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio_postgres::tls::{ChannelBinding, TlsStream};

pub(super) struct Flow {
    way: Way,
    binding: Option<Vec<u8>>,
}

enum Way {
    Plain(TcpStream),
    Encrypted(Encrypted),
    #[cfg(unix)]
    Local(UnixStream),
}

struct Encrypted {
    session: Box<Session>,
    /// The session's own socket once more: tells when there is something to do.
    readiness: TcpStream,
}

impl Flow {
    pub fn new(opened: Opened) -> io::Result<Self> {
        let way = match opened.socket {
            Socket::Plain(socket) => {
                socket.set_nonblocking(true)?;
                Way::Plain(TcpStream::from_std(socket)?)
            }
            Socket::Encrypted(session) => {
                let socket = session.sock.socket();
                socket.set_nonblocking(true)?;
                let readiness = TcpStream::from_std(socket.try_clone()?)?;
                Way::Encrypted(Encrypted { session, readiness })
            }
            #[cfg(unix)]
            Socket::Local(socket) => {
                socket.set_nonblocking(true)?;
                Way::Local(UnixStream::from_std(socket)?)
            }
        };
        Ok(Self {
            way,
            binding: opened.binding,
        })
    }
}

impl Encrypted {
    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Session { conn, sock } = &mut *self.session;
        loop {
            match conn.reader().read(buffer.initialize_unfilled()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => {
                    buffer.advance(done?);
                    return Poll::Ready(Ok(()));
                }
            }
            ready!(self.readiness.poll_read_ready(context))?;
            let read = || conn.read_tls(sock);
            match self.readiness.try_io(Interest::READABLE, read) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                read => read?,
            };
            conn.process_new_packets().map_err(io::Error::other)?;
        }
    }

    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // It holds back no more than one write.
        ready!(self.poll_flush(context))?;
        Poll::Ready(self.session.conn.writer().write(bytes))
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Session { conn, sock } = &mut *self.session;
        while conn.wants_write() {
            ready!(self.readiness.poll_write_ready(context))?;
            let write = || conn.write_tls(sock);
            match self.readiness.try_io(Interest::WRITABLE, write) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => drop(written?),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.session.conn.send_close_notify();
        ready!(self.poll_flush(context))?;
        Pin::new(&mut self.readiness).poll_shutdown(context)
    }
}

impl AsyncRead for Flow {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.way {
            Way::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Way::Encrypted(encrypted) => encrypted.poll_read(context, buffer),
            #[cfg(unix)]
            Way::Local(socket) => Pin::new(socket).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Flow {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.way {
            Way::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Way::Encrypted(encrypted) => encrypted.poll_write(context, bytes),
            #[cfg(unix)]
            Way::Local(socket) => Pin::new(socket).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.way {
            Way::Encrypted(encrypted) => encrypted.poll_flush(context),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.way {
            Way::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Way::Encrypted(encrypted) => encrypted.poll_shutdown(context),
            #[cfg(unix)]
            Way::Local(socket) => Pin::new(socket).poll_shutdown(context),
        }
    }
}

impl TlsStream for Flow {
    fn channel_binding(&self) -> ChannelBinding {
        channel_binding(self.binding.as_ref())
    }
}
