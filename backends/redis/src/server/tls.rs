//! What TLS needs beside an address.

use redis::TlsCertificates;
use rustls::crypto::{CryptoProvider, ring};

/// Where the program has chosen no implementation of ciphers, and its libraries brought more than
/// one, the first handshake would panic. A choice that was made stays.
pub(super) fn choose_a_provider() {
    if CryptoProvider::get_default().is_none() {
        // Another thread may have chosen meanwhile: as good.
        let _ = ring::default_provider().install_default();
    }
}

/// The authority that the user names; none for those that everybody trusts.
pub(super) fn certificates(pem: Option<&[u8]>) -> Option<TlsCertificates> {
    Some(TlsCertificates {
        client_tls: None,
        root_cert: Some(pem?.to_vec()),
    })
}
