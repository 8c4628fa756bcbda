//! Addresses of servers, read, and what cannot be meant by them or by the settings beside them.

/// Where memcached listens unless it is told otherwise.
const PORT: u16 = 11_211;

/// What of the settings it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Setting {
    /// [`server`](crate::MemcachedSettings::server), or [`servers`](crate::MemcachedSettings::servers).
    Servers,
    /// `MemcachedSettings::root_certificate`, with the feature `tls`.
    RootCertificate,
    /// [`prefix`](crate::MemcachedSettings::prefix).
    Prefix,
    /// [`timeout`](crate::MemcachedSettings::timeout).
    Timeout,
    /// [`connections`](crate::MemcachedSettings::connections).
    Connections,
    /// The name in [`login`](crate::MemcachedSettings::login).
    Name,
    /// The password in [`login`](crate::MemcachedSettings::login).
    Password,
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Servers => "the servers",
            Self::RootCertificate => "the root certificate",
            Self::Prefix => "the prefix",
            Self::Timeout => "the timeout",
            Self::Connections => "the number of connections",
            Self::Name => "the name of the login",
            Self::Password => "the password of the login",
        })
    }
}

/// Settings that cannot be meant so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadSettings {
    /// A server's address cannot be read.
    #[error(
        "`{address}` is no address of a memcached server: {why}; write memcached://host:port, or host:port"
    )]
    Address {
        /// The address.
        address: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// No server is named.
    #[error("no server is named; give at least one address")]
    NoServer,
    /// An address asks for TLS, and this build has none.
    #[error(
        "`{address}` asks for TLS, which is not built in; turn on the feature `memcached-tls` of dogpile, \
         or `tls` of dogpile-memcached"
    )]
    NoTls {
        /// The address.
        address: String,
    },
    /// A certificate that cannot be used.
    #[error(
        "the root certificate cannot be used: {why}; it is text that begins with `-----BEGIN CERTIFICATE-----`"
    )]
    Certificate {
        /// What is wrong with it.
        why: String,
    },
    /// A prefix that keys cannot begin with.
    #[error("`{prefix}` cannot be a prefix of keys: {why}")]
    Prefix {
        /// The prefix.
        prefix: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A number or a time of zero.
    #[error("{setting} must be more than zero")]
    Zero {
        /// Which one.
        setting: Setting,
    },
    /// A name or a password that a server's file cannot hold.
    #[error("the login cannot be used: {why}")]
    Login {
        /// Which of the two.
        setting: Setting,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl BadSettings {
    /// What of the settings cannot be meant so.
    ///
    /// ```
    /// use dogpile_memcached::{MemcachedSettings, Setting};
    /// let settings = MemcachedSettings::server("cache-1").connections(0);
    /// assert_eq!(settings.open().err().map(|error| error.setting()), Some(Setting::Connections));
    /// ```
    pub const fn setting(&self) -> Setting {
        match self {
            Self::Address { .. } | Self::NoServer | Self::NoTls { .. } => Setting::Servers,
            Self::Certificate { .. } => Setting::RootCertificate,
            Self::Prefix { .. } => Setting::Prefix,
            Self::Zero { setting } | Self::Login { setting, .. } => *setting,
        }
    }
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// `host:port` as the system resolves it.
    pub(crate) server: String,
    pub(crate) tls: bool,
}

/// Reads `memcached://host:port`, `memcacheds://host:port`, `host:port` or `host`.
pub(crate) fn address(text: &str) -> Result<Address, BadSettings> {
    // A login is none of an address, and belongs in no message.
    let shown = || text.rsplit_once('@').map_or(text, |(_, public)| public);
    let wrong = |why| {
        let address = shown().to_owned();
        BadSettings::Address { address, why }
    };
    let place = match text.split_once("://") {
        None => text,
        Some(("memcacheds", _)) if cfg!(not(feature = "tls")) => {
            let address = shown().to_owned();
            return Err(BadSettings::NoTls { address });
        }
        Some(("memcached" | "memcacheds", place)) => place.strip_suffix('/').unwrap_or(place),
        Some(_) => return Err(wrong("its scheme is neither `memcached` nor `memcacheds`")),
    };
    if place.contains('@') {
        return Err(wrong("it has a login, which is a setting of its own"));
    }
    if place.contains(['/', '?', '#']) || place.contains(char::is_whitespace) {
        return Err(wrong("it is more than a host and a port"));
    }
    let (host, port) = match place.rsplit_once(':') {
        // `[::1]`, whose last colon is the host's own.
        Some(_) if place.ends_with(']') => (place, PORT),
        Some((host, port)) => match port.parse() {
            Ok(port) if port > 0 => (host, port),
            _ => return Err(wrong("its port is no number from 1 to 65535")),
        },
        None => (place, PORT),
    };
    if host.is_empty() {
        return Err(wrong("it names no host"));
    }
    let is_bare_v6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
    if is_bare_v6 {
        return Err(wrong("an address of IPv6 stands between brackets"));
    }
    Ok(Address {
        server: format!("{host}:{port}"),
        tls: text.starts_with("memcacheds:"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_all_their_forms() {
        for (text, wanted) in [
            ("memcached://127.0.0.1:1234", "127.0.0.1:1234"),
            ("memcached://cache.example/", "cache.example:11211"),
            ("cache", "cache:11211"),
            ("cache:1", "cache:1"),
            ("[::1]", "[::1]:11211"),
            ("[::1]:2", "[::1]:2"),
        ] {
            let found = address(text).unwrap();
            assert_eq!((&*found.server, found.tls), (wanted, false));
        }
        #[cfg(feature = "tls")]
        assert!(address("memcacheds://cache").unwrap().tls);
        for wrong in [
            "",
            ":1",
            "redis://cache",
            "memcached://me:secret@cache",
            "cache:x",
            "cache:0",
            "cache:70000",
            "cache/0",
            "::1",
            "two words",
        ] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_told_of_an_address_has_no_login_in_it() {
        for wrong in [
            "memcached://me:secret@cache",
            "memcacheds://me:secret@cache:0",
            "redis://me:secret@cache",
            "me:se@cret@cache:x",
        ] {
            let told = address(wrong).unwrap_err().to_string();
            let shows = told.contains("me:") || told.contains("cret");
            assert!(!shows && told.contains("cache"), "{told}");
        }
    }
}
