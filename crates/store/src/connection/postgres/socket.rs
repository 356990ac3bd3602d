//! The way to the server: a TCP connection, encrypted or plain, or a socket of the machine's own.

use super::drive::Socket;
use super::settings::Settings;
use super::tls::Refusal;
use crate::Failure;
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
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
            match encryption.start(connected()?, name) {
                // What was to be encrypted only where that is possible goes on without.
                Err(Refusal::Insecure(_)) if encryption.is_optional() => {
                    Ok(Opened::plain(connected()?))
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
