//! Addresses of servers, read, and what cannot be meant by them or by the settings beside them.

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisError};

/// Settings that cannot be meant so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadSettings {
    /// A server's address cannot be read.
    #[error(
        "`{url}` is no address of a Redis server ({why}); write redis://host:port/database, or rediss:// for TLS"
    )]
    Address {
        /// The address, without what stands before an `@`.
        url: String,
        /// What the client library says.
        why: RedisError,
    },
    /// A list of servers is empty.
    #[error("no {what} is named; give at least one address")]
    NoServer {
        /// Of what kind.
        what: &'static str,
    },
    /// A prefix of keys that would make keys collide or miss their slot.
    #[error("`{prefix}` cannot be a {what}: {why}")]
    Prefix {
        /// The prefix.
        prefix: String,
        /// Which one.
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// An address asks for TLS, and this build has none.
    #[error(
        "`{url}` asks for TLS, which is not built in; turn on the feature `redis-tls` of dogpile, \
         or `tls` of dogpile-redis"
    )]
    NoTls {
        /// The address, without what stands before an `@`.
        url: String,
    },
    /// A database with a number below zero.
    #[error("there is no database {number}; they are numbered from 0")]
    Database {
        /// The number.
        number: i64,
    },
    /// Two settings that cannot both be meant, or one that stands alone.
    #[error("{what}: {why}")]
    Together {
        /// Which.
        what: &'static str,
        /// What is wrong with them, and what to do.
        why: &'static str,
    },
    /// A number or a time of zero.
    #[error("{what} must be more than zero")]
    Zero {
        /// Which one.
        what: &'static str,
    },
    /// The client library refuses.
    #[error("the settings cannot be used: {0}")]
    Client(#[from] RedisError),
    /// The background thread cannot be started.
    #[error("no thread can be started for the connections: {0}")]
    Thread(#[from] std::io::Error),
}

/// An address, read; what is wrong with it is told without its password.
pub(crate) fn address(url: &str) -> Result<ConnectionInfo, BadSettings> {
    if url.starts_with("rediss:") && cfg!(not(feature = "tls")) {
        let url = public(url).into();
        return Err(BadSettings::NoTls { url });
    }
    let info = url.into_connection_info().map_err(|why| {
        let url = public(url).into();
        BadSettings::Address { url, why }
    })?;
    if let ConnectionAddr::TcpTls { insecure: true, .. } = info.addr() {
        return Err(BadSettings::Together {
            what: "`#insecure` in an address",
            why: "certificates are always checked; name the authority that vouches for the server's by \
                  `RedisSettings::root_certificate`",
        });
    }
    Ok(info)
}

/// An address without what may hold a password: what stands before its `@`, and behind its `?`. A
/// socket's has only the latter.
pub(crate) fn public(url: &str) -> &str {
    let without_login = match url.split_once(':') {
        Some((scheme, _)) if scheme.ends_with("unix") => url,
        _ => url.rsplit_once('@').map_or(url, |(_, public)| public),
    };
    let query = without_login.split_once('?');
    query.map_or(without_login, |(public, _)| public)
}
