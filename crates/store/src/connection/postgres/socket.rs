//! The way to the server: a TCP connection, encrypted or plain, or a socket of the machine's own. Every connection
//! begins here, whoever drives it later, so that how it is encrypted is decided once.

use super::settings::Settings;
use super::tls::{Refusal, Session};
use crate::Failure;
use std::convert::Infallible;
use std::future;
use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;
use tokio_postgres::config::Host;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

pub(super) const CONNECT_TIME: Duration = Duration::from_secs(5);
/// A server that does not answer for so long is gone.
pub(super) const SILENCE: Duration = Duration::from_secs(40);

pub(super) struct Opened {
    pub socket: Socket,
    /// What the password's proof is bound to, so that it is of no use in another encrypted connection.
    pub binding: Option<Vec<u8>>,
}

pub(super) enum Socket {
    Plain(TcpStream),
    Encrypted(Box<Session>),
    #[cfg(unix)]
    Local(UnixStream),
}

impl Opened {
    pub fn plain(socket: TcpStream) -> Self {
        Self {
            socket: Socket::Plain(socket),
            binding: None,
        }
    }
}

/// For the client library: the stream is encrypted already, or is to stay plain.
pub(super) struct Ready;

impl<S: TlsStream + Unpin> TlsConnect<S> for Ready {
    type Stream = S;
    type Error = Infallible;
    type Future = future::Ready<Result<S, Infallible>>;

    fn connect(self, stream: S) -> Self::Future {
        future::ready(Ok(stream))
    }
}

/// The same for the client library.
pub(super) fn channel_binding(binding: Option<&Vec<u8>>) -> ChannelBinding {
    match binding {
        Some(binding) => ChannelBinding::tls_server_end_point(binding.clone()),
        None => ChannelBinding::none(),
    }
}

impl Read for Socket {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(bytes),
            Self::Encrypted(session) => session.read(bytes),
            #[cfg(unix)]
            Self::Local(socket) => socket.read(bytes),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Encrypted(session) => session.write(bytes),
            #[cfg(unix)]
            Self::Local(socket) => socket.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Encrypted(session) => session.flush(),
            #[cfg(unix)]
            Self::Local(socket) => socket.flush(),
        }
    }
}

/// The first host that takes a connection.
pub(super) fn open(settings: &Settings) -> Result<Opened, Failure> {
    let config = &settings.config;
    let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        let odd = "the URL has another number of hosts than of values in `hostaddr`";
        return Err(Failure::Internal(odd.to_owned()));
    }
    // An address that stands alone is its host's name.
    let alone = addresses
        .iter()
        .map(|address| Host::Tcp(address.to_string()));
    let alone: Vec<Host> = alone.collect();
    let hosts = if hosts.is_empty() { &alone } else { hosts };
    let mut reasons = vec![];
    let mut may_come_back = hosts.is_empty();
    for (index, host) in hosts.iter().enumerate() {
        let ports = config.get_ports();
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        match open_host(host, addresses.get(index), port, settings) {
            Ok(opened) => return Ok(opened),
            Err(Refusal::Broken(error)) => {
                may_come_back = true;
                reasons.push(error.to_string());
            }
            Err(Refusal::Insecure(why)) => reasons.push(why),
        }
    }
    if reasons.is_empty() {
        reasons.push("the URL names no host".to_owned());
    }
    let reason = reasons.join("; ");
    Err(match may_come_back {
        true => Failure::Unavailable(reason),
        false => Failure::Internal(reason),
    })
}

/// `address`: of the host, where the URL has it, so that the name is not looked up.
fn open_host(
    host: &Host,
    address: Option<&IpAddr>,
    port: u16,
    settings: &Settings,
) -> Result<Opened, Refusal> {
    match host {
        Host::Tcp(name) => {
            let encryption = &settings.encryption;
            let connected = || match address {
                Some(address) => connected(&address.to_string(), port),
                None => connected(name, port),
            };
            let socket = connected()?;
            let same = socket.try_clone()?;
            // Until it is known to speak, a server is given no longer than it has to take a connection.
            patient(&same, CONNECT_TIME)?;
            match encryption.start(socket, name) {
                // What was to be encrypted only where that is possible goes on without.
                Err(Refusal::Insecure(_)) if encryption.is_optional() => {
                    Ok(Opened::plain(connected()?))
                }
                started => {
                    patient(&same, SILENCE)?;
                    started
                }
            }
        }
        // Nobody listens to a socket of the machine's own.
        #[cfg(unix)]
        Host::Unix(folder) => {
            let path = folder.join(format!(".s.PGSQL.{port}"));
            let socket = UnixStream::connect(path)?;
            socket.set_read_timeout(Some(SILENCE))?;
            socket.set_write_timeout(Some(SILENCE))?;
            Ok(Opened {
                socket: Socket::Local(socket),
                binding: None,
            })
        }
    }
}

fn connected(name: &str, port: u16) -> io::Result<TcpStream> {
    let mut failed = io::Error::other(format!("{name} has no address"));
    for address in (name, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIME) {
            Ok(socket) => {
                socket.set_nodelay(true)?;
                patient(&socket, SILENCE)?;
                return Ok(socket);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// How long the server may say nothing.
fn patient(socket: &TcpStream, time: Duration) -> io::Result<()> {
    socket.set_read_timeout(Some(time))?;
    socket.set_write_timeout(Some(time))
}
