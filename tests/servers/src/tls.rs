//! Certificates that nobody but a test trusts, made on the spot.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::Error;
use crate::spot::Spot;

/// Where a server speaks TLS, and the authority that vouches for it as `127.0.0.1` and
/// `localhost`.
#[derive(Debug)]
pub struct Tls {
    spot: Spot,
    authority: PathBuf,
    authority_pem: String,
    certificate: PathBuf,
    key: PathBuf,
}

/// What the certificates say. The system's own configuration is left out: it differs.
const SAYS: &str = "\
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = IP:127.0.0.1, DNS:localhost
";

impl Tls {
    /// Makes an authority and a server's certificate in this folder.
    pub(crate) fn make(folder: &Path) -> Result<Self, Error> {
        let unwritable = || Error::io(format!("write into {}", folder.display()));
        fs::write(folder.join("says.cnf"), SAYS).map_err(unwritable())?;
        openssl(
            folder,
            &request("authority", &["-x509", "-extensions", "authority"]),
        )?;
        openssl(folder, &request("server", &[]))?;
        let sign = "x509 -req -days 2 -in server.pem -out server-signed.pem -CA authority.pem \
                    -CAkey authority.key -CAcreateserial -extfile says.cnf -extensions server";
        openssl(folder, &sign.split_whitespace().collect::<Vec<_>>())?;
        let authority = folder.join("authority.pem");
        let authority_pem = fs::read_to_string(&authority)
            .map_err(Error::io(format!("read {}", authority.display())))?;
        Ok(Self {
            spot: Spot::take().map_err(Error::io("take a free port"))?,
            authority,
            authority_pem,
            certificate: folder.join("server-signed.pem"),
            key: folder.join("server.key"),
        })
    }

    /// What the server's configuration says of it.
    pub(crate) fn lines(&self) -> [String; 5] {
        [
            format!("tls-port {}", self.spot.port()),
            format!("tls-cert-file \"{}\"", self.certificate.display()),
            format!("tls-key-file \"{}\"", self.key.display()),
            format!("tls-ca-cert-file \"{}\"", self.authority.display()),
            "tls-auth-clients no".to_owned(),
        ]
    }

    /// What a memcached is told of it.
    pub(crate) fn memcached_options(&self) -> String {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        format!("ssl_chain_cert={certificate},ssl_key={key}")
    }

    /// The port that speaks TLS.
    pub fn port(&self) -> u16 {
        self.spot.port()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.spot.address()
    }

    /// Where clients find it: `rediss://127.0.0.1:<port>/0`, without a password.
    pub fn url(&self) -> String {
        format!("rediss://{}/0", self.address())
    }

    /// The authority's certificate; gone with the server.
    pub fn authority(&self) -> &Path {
        &self.authority
    }

    /// The same as text in PEM.
    pub fn authority_pem(&self) -> &str {
        &self.authority_pem
    }
}

/// The arguments that make a key, and a certificate that signs itself or asks to be signed.
fn request(name: &'static str, more: &[&'static str]) -> Vec<String> {
    let words = format!(
        "req -new -config says.cnf -days 2 -nodes -newkey ec -pkeyopt \
         ec_paramgen_curve:prime256v1 -keyout {name}.key -out {name}.pem -subj /CN=dogpile-{name}"
    );
    let words = words.split_whitespace().map(str::to_owned);
    words
        .chain(more.iter().map(|&word| word.to_owned()))
        .collect()
}

fn openssl(folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Result<(), Error> {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => Error::Missing {
                program: "openssl",
                install: "apt-get install openssl",
            },
            _ => Error::io("start openssl")(cause),
        })?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Certificate {
        what: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}
