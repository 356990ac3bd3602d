//! Whose certificate a server may have.

use super::validity;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// Anybody's: the connection can't be read, but nobody knows who is at its other end.
    Nothing,
    /// One that somebody who is trusted has signed.
    Issuer,
    /// One that is for this host, too.
    IssuerAndName,
}

#[derive(Debug)]
pub(super) struct Verifier {
    check: Check,
    trusted: Vec<CertificateDer<'static>>,
    roots: RootCertStore,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub fn new(check: Check, trusted: Vec<CertificateDer<'static>>) -> Self {
        let mut roots = RootCertStore::empty();
        // Those that can't be understood vouch for nobody.
        roots.add_parsable_certificates(trusted.iter().cloned());
        Self {
            check,
            trusted,
            roots,
            algorithms: ring::default_provider().signature_verification_algorithms,
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.check == Check::Nothing {
            return Ok(ServerCertVerified::assertion());
        }
        let certificate = ParsedCertificate::try_from(end_entity)?;
        // A certificate that signs itself has no issuer: one that is trusted by itself is the one that was meant.
        if self.trusted.contains(end_entity) {
            validity::check(end_entity, now)?;
        } else {
            let algorithms = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                &self.roots,
                intermediates,
                now,
                algorithms,
            )?;
        }
        if self.check == Check::IssuerAndName {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;
    use rustls::CertificateError;
    use rustls::pki_types::pem::PemObject;
    use std::time::Duration;

    /// For `localhost`, signed by itself, good for thirty days.
    const PEM: &[u8] = b"\
-----BEGIN CERTIFICATE-----
MIIBjTCCATOgAwIBAgIUbPDzu7l8vff6nc/dXHMccQw4FPwwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGbm9ib2R5MB4XDTI2MTEyODA3MzczOVoXDTI2MTIyODA3Mzcz
OVowETEPMA0GA1UEAwwGbm9ib2R5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
93BnhTSEC4cNK2zw0HWUvYLWcnCxDTaX/R35YUppdbcn5eekJTRtocF9VQA7VXJY
R2TSP5U84XYvA02rghnpcKNpMGcwHQYDVR0OBBYEFAGSP9uSLh/SeSDLIq3K8diE
bBnFMB8GA1UdIwQYMBaAFAGSP9uSLh/SeSDLIq3K8diEbBnFMA8GA1UdEwEB/wQF
MAMBAf8wFAYDVR0RBA0wC4IJbG9jYWxob3N0MAoGCCqGSM49BAMCA0gAMEUCIQDE
TpxcfVcDSXErrUb7rw0U/6/TYy231c9ihzr22sN7lAIgdptMLB+xSyKCZ7dZObuE
w6K2atJOphBSjE9QMdgEyc8=
-----END CERTIFICATE-----
";
    const FROM: u64 = 1_795_851_459;
    const TO: u64 = FROM + 30 * 24 * 60 * 60;

    #[track_caller]
    fn check(name: &str, now: u64, refused: Option<CertificateError>) {
        let certificate = CertificateDer::from_pem_slice(PEM).unwrap();
        let verifier = Verifier::new(Check::IssuerAndName, vec![certificate.clone()]);
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let verified = verifier.verify_server_cert(&certificate, &[], &name, &[], now);
        let refused = refused.map(Error::InvalidCertificate);
        assert_eq!(verified.map(drop), refused.map_or(Ok(()), Err));
    }

    #[test]
    fn a_certificate_that_is_named_is_good_for_its_time_alone() {
        check("localhost", FROM, None);
        check("localhost", TO, None);
        check("localhost", FROM - 1, Some(CertificateError::NotValidYet));
        check("localhost", TO + 1, Some(CertificateError::Expired));
    }
}
