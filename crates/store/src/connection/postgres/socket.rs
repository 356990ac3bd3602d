//! The way to the server: a TCP connection, encrypted or plain, or a socket of the machine's own.

use super::drive::Socket;
use super::settings::Settings;
use super::tls::Refusal;
use crate::Failure;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;
use tokio_postgres::config::Host;

const CONNECT_TIME: Duration = Duration::from_secs(5);
/// A server that does not answer for so long is gone.
const SILENCE: Duration = Duration::from_secs(40);

pub(super) struct Opened {
    pub socket: Box<dyn Socket>,
    /// What the password's proof is bound to, so that it is of no use in another encrypted connection.
    pub binding: Option<Vec<u8>>,
}

impl Opened {
    pub fn plain(socket: impl Socket + 'static) -> Self {
        Self {
            socket: Box::new(socket),
            binding: None,
        }
    }
}

/// The first host that takes a connection.
pub(super) fn open(settings: &Settings) -> Result<Opened, Failure> {
    let config = &settings.config;
    let mut reason = "the URL names no host".to_owned();
    for (index, host) in config.get_hosts().iter().enumerate() {
        let ports = config.get_ports();
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        match open_host(host, port, settings) {
            Ok(opened) => return Ok(opened),
            Err(Refusal::Broken(error)) => reason = error.to_string(),
            Err(Refusal::Insecure(why)) => return Err(Failure::Internal(why)),
        }
    }
    Err(Failure::Unavailable(reason))
}

fn open_host(host: &Host, port: u16, settings: &Settings) -> Result<Opened, Refusal> {
    match host {
        Host::Tcp(name) => {
            let encryption = &settings.encryption;
            match encryption.start(connected(name, port)?, name) {
                // What was to be encrypted only where that is possible goes on without.
                Err(Refusal::Insecure(_)) if encryption.is_optional() => {
                    Ok(Opened::plain(connected(name, port)?))
                }
                started => started,
            }
        }
        // Nobody listens to a socket of the machine's own.
        #[cfg(unix)]
        Host::Unix(folder) => {
            let path = folder.join(format!(".s.PGSQL.{port}"));
            let socket = std::os::unix::net::UnixStream::connect(path)?;
            socket.set_read_timeout(Some(SILENCE))?;
            socket.set_write_timeout(Some(SILENCE))?;
            Ok(Opened::plain(socket))
        }
    }
}

fn connected(name: &str, port: u16) -> std::io::Result<TcpStream> {
    let mut failed = std::io::Error::other(format!("{name} has no address"));
    for address in (name, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIME) {
            Ok(socket) => {
                socket.set_nodelay(true)?;
                socket.set_read_timeout(Some(SILENCE))?;
                socket.set_write_timeout(Some(SILENCE))?;
                return Ok(socket);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}
