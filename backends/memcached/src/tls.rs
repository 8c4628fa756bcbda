//! TLS by rustls.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dogpile_backend::Patience;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, Error, RootCertStore, StreamOwned};

use crate::address::BadSettings;
use crate::trouble::is_late;

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

    /// Encrypts a connection to `server`, which must show that it is that, a host and a port, within this time.
    /// Each look into the socket lasts a stretch of it.
    pub(crate) fn encrypt(
        &self,
        server: &str,
        mut stream: TcpStream,
        timeout: Duration,
    ) -> io::Result<Encrypted> {
        let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let mut connection =
            ClientConnection::new(Arc::clone(&self.0), name).map_err(io::Error::other)?;
        let mut patient = Patient {
            stream: &mut stream,
            patience: Patience::new(timeout, Instant::now()),
        };
        while connection.is_handshaking() {
            connection.complete_io(&mut patient)?;
        }
        Ok(StreamOwned::new(connection, stream))
    }
}

/// A connection from which is read as long as there is patience, however little comes at a time.
struct Patient<'s> {
    stream: &'s mut TcpStream,
    patience: Patience,
}

impl Read for Patient<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.patience.next(Instant::now()).is_some() {
            match self.stream.read(into) {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted || is_late(&cause) => {}
                end => return end,
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

impl Write for Patient<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Reads what is there, or what the next piece from the socket brings. A piece of a record brings nothing yet, which
/// is told as an interruption: whoever waits looks at the time then.
pub(crate) fn read(from: &mut Encrypted, into: &mut [u8]) -> io::Result<usize> {
    let brings_nothing = |cause: &io::Error| cause.kind() == io::ErrorKind::WouldBlock;
    match from.conn.reader().read(into) {
        Err(cause) if brings_nothing(&cause) => {}
        end => return end,
    }
    from.conn.complete_io(&mut from.sock)?;
    let end = from.conn.reader().read(into);
    end.map_err(|cause| match brings_nothing(&cause) {
        true => io::ErrorKind::Interrupted.into(),
        false => cause,
    })
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
