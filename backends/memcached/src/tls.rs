//! TLS by rustls.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, Error, RootCertStore, StreamOwned};

use crate::address::BadSettings;

/// What is encrypted.
pub(crate) type Encrypted = StreamOwned<ClientConnection, TcpStream>;

/// Who vouches for servers, and how they are spoken to.
#[derive(Clone, Debug)]
pub(crate) struct Tls(Arc<ClientConfig>);

impl Tls {
    /// Trusts the authorities of these certificates, or those that Mozilla trusts.
    pub(crate) fn new(pem: Option<&[u8]>) -> Result<Self, BadSettings> {
        let unusable = |why: String| BadSettings::Certificate { why };
        let mut roots = RootCertStore::empty();
        match pem {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(pem) => {
                for certificate in CertificateDer::pem_slice_iter(pem) {
                    let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
                    roots
                        .add(certificate)
                        .map_err(|error| unusable(error.to_string()))?;
                }
                if roots.is_empty() {
                    return Err(unusable("no certificate is in it".to_owned()));
                }
            }
        }
        // Named here, for a program whose libraries brought more than one would have to choose.
        let ciphers = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(ciphers)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// Encrypts a connection to `server`, which must show that it is that: a host and a port.
    pub(crate) fn encrypt(&self, server: &str, mut stream: TcpStream) -> io::Result<Encrypted> {
        let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let mut connection =
            ClientConnection::new(Arc::clone(&self.0), name).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(StreamOwned::new(connection, stream))
    }
}

/// What to do about a connection that could not be encrypted.
pub(crate) fn advice(error: &io::Error) -> &'static str {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    match cause {
        Some(Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => "write the server's address with a name that its certificate has",
        Some(Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        )) => "give the server a certificate that is valid now, or look at this machine's clock",
        Some(Error::InvalidCertificate(_)) => {
            "give the certificate that signs the server's, by `MemcachedSettings::root_certificate`"
        }
        _ => {
            "does it speak TLS there (`memcached -Z`)? If not, write memcached:// instead of memcacheds://"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_certificate_that_is_refused_has_its_advice() {
        let said = |why| advice(&io::Error::other(Error::InvalidCertificate(why)));
        let name = said(CertificateError::NotValidForName);
        assert!(name.contains("a name that its certificate has"), "{name}");
        let time = said(CertificateError::Expired);
        assert!(time.contains("valid now"), "{time}");
        let whose = said(CertificateError::UnknownIssuer);
        assert!(whose.contains("root_certificate"), "{whose}");
    }
}
