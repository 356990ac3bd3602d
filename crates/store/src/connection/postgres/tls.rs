//! TLS to the server, as `sslmode` and `sslrootcert` ask for it. The words mean what they mean to libpq.

mod binding;
mod validity;
mod verify;

use super::socket::{Opened, Socket};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, BufReader, IoSlice, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use verify::{Check, Verifier};

/// What a client sends that would like to encrypt.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
/// So that one call to the system reads what the server has sent at once.
const READ_AT_ONCE: usize = 32 * 1024;

#[derive(Clone)]
pub(crate) struct Encryption {
    wish: Wish,
    client: Arc<ClientConfig>,
    /// Without asking the server first, as servers from version 17 on take it.
    pub is_direct: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Never,
    IfPossible,
    Always,
}

/// An encrypted connection after its handshake.
pub(super) type Session = StreamOwned<ClientConnection, Wide>;

/// Why there is no connection.
pub(super) enum Refusal {
    Broken(io::Error),
    /// There could be one, and not as it should be.
    Insecure(String),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

impl Encryption {
    /// By the values of `sslmode` and `sslrootcert`, or what is wrong with them.
    pub fn new(mode: Option<&str>, root: Option<&str>) -> Result<Self, String> {
        // Who names those that are trusted wants the server judged.
        let mode = mode.unwrap_or(if root.is_some() {
            "verify-full"
        } else {
            "prefer"
        });
        let (wish, check) = match (mode, root) {
            ("disable" | "prefer" | "require" | "verify-ca", Some("system")) => {
                return Err(format!(
                    "`sslmode={mode}` is too weak for `sslrootcert=system`, by which anybody's certificates are \
                     trusted; write `sslmode=verify-full`"
                ));
            }
            ("prefer", Some(_)) => {
                return Err(
                    "`sslmode=prefer` judges no certificate, so that `sslrootcert` is of no use; write \
                     `sslmode=verify-full`"
                        .to_owned(),
                );
            }
            ("disable", _) => (Wish::Never, Check::Nothing),
            ("prefer", _) => (Wish::IfPossible, Check::Nothing),
            ("require", None) => (Wish::Always, Check::Nothing),
            ("require", Some(_)) | ("verify-ca", _) => (Wish::Always, Check::Issuer),
            ("verify-full", _) => (Wish::Always, Check::IssuerAndName),
            _ => {
                return Err(format!(
                    "`sslmode={mode}` is not known; write disable, prefer, require, verify-ca or verify-full"
                ));
            }
        };
        let trusted = match check {
            Check::Nothing => Vec::new(),
            Check::Issuer | Check::IssuerAndName => trusted(root)?,
        };
        Ok(Self {
            wish,
            client: Arc::new(client(Verifier::new(check, trusted))?),
            is_direct: false,
        })
    }

    /// Goes on without where it is not to be had.
    pub(super) fn is_optional(&self) -> bool {
        self.wish == Wish::IfPossible
    }

    /// Encrypts a connection that nothing was said on yet.
    pub(super) fn start(&self, mut socket: TcpStream, host: &str) -> Result<Opened, Refusal> {
        if self.wish == Wish::Never || !(self.is_direct || offers_tls(&mut socket)?) {
            return match self.wish {
                Wish::Always => Err(Refusal::Insecure(
                    "the server has no TLS, which the `sslmode` of the URL asks for".to_owned(),
                )),
                Wish::Never | Wish::IfPossible => Ok(Opened::plain(socket)),
            };
        }
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|_| {
            Refusal::Insecure(format!("`{host}` is no name that a certificate can be for"))
        })?;
        let connection = ClientConnection::new(self.client.clone(), name);
        let mut connection = connection.map_err(|error| insecure(&error))?;
        let mut socket = Wide(BufReader::with_capacity(READ_AT_ONCE, socket));
        while connection.is_handshaking() {
            connection.complete_io(&mut socket).map_err(handshake)?;
        }
        let certificate = connection
            .peer_certificates()
            .and_then(<[CertificateDer<'_>]>::first);
        Ok(Opened {
            binding: certificate.and_then(|certificate| binding::end_point(certificate)),
            socket: Socket::Encrypted(Box::new(StreamOwned::new(connection, socket))),
        })
    }
}

fn offers_tls(socket: &mut TcpStream) -> io::Result<bool> {
    socket.write_all(&SSL_REQUEST)?;
    let mut answer = [0];
    // Not a byte more: what follows has to come encrypted.
    socket.read_exact(&mut answer)?;
    match answer {
        [b'S'] => Ok(true),
        [b'N'] => Ok(false),
        _ => Err(io::Error::other(
            "the server did not say whether it has TLS",
        )),
    }
}

/// The certificates of a file, or those that the system trusts.
fn trusted(root: Option<&str>) -> Result<Vec<CertificateDer<'static>>, String> {
    let Some(file) = root.filter(|root| *root != "system") else {
        return Ok(rustls_native_certs::load_native_certs().certs);
    };
    let refused = |why: String| format!("`sslrootcert`: the file {file} {why}");
    let text = std::fs::read(file);
    let text = text.map_err(|error| refused(format!("can't be read: {error}")))?;
    let found = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(refused("holds no certificate in PEM form".to_owned())),
        Err(error) => Err(refused(format!("is not understood: {error}"))),
    }
}

fn client(verifier: Verifier) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut client = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    client.alpn_protocols = vec![b"postgresql".to_vec()];
    // The server resumes no sessions.
    client.resumption = Resumption::disabled();
    Ok(client)
}

/// A handshake that failed: the network's fault, or one that is there to stay.
fn handshake(error: io::Error) -> Refusal {
    let inner = error.get_ref();
    match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(refused) => insecure(refused),
        None => Refusal::Broken(error),
    }
}

fn insecure(error: &rustls::Error) -> Refusal {
    Refusal::Insecure(match error {
        // The other one: it signs itself.
        rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::Other(_),
        ) => "nobody who is trusted has signed the server's certificate; name that of its issuer, or the certificate \
              itself, with `sslrootcert=FILE`"
            .to_owned(),
        rustls::Error::InvalidCertificate(why) => {
            format!("the server's certificate is not accepted: {why}")
        }
        other => format!("TLS with the server failed: {other}"),
    })
}

/// Reads much at once, and writes at once.
pub(super) struct Wide(BufReader<TcpStream>);

impl Wide {
    pub fn socket(&self) -> &TcpStream {
        self.0.get_ref()
    }
}

impl Read for Wide {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Write for Wide {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.get_mut().write(bytes)
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.get_mut().write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.get_mut().flush()
    }
}
