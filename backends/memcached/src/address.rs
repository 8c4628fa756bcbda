//! Addresses of servers, read, and what cannot be meant by them or by the settings beside them.

/// Where memcached listens unless it is told otherwise.
const PORT: u16 = 11_211;

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
    /// A prefix that keys cannot begin with.
    #[error("`{prefix}` cannot be a prefix of keys: {why}")]
    Prefix {
        /// The prefix.
        prefix: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A number or a time of zero.
    #[error("{what} must be more than zero")]
    Zero {
        /// Which one.
        what: &'static str,
    },
    /// A name or a password that a server's file cannot hold.
    #[error("the login cannot be used: {why}")]
    Login {
        /// What is wrong with it.
        why: &'static str,
    },
}

/// `host:port` as the system resolves it, from `memcached://host:port`, `host:port` or `host`.
pub(crate) fn address(text: &str) -> Result<String, BadSettings> {
    let wrong = |why| {
        let address = text.to_owned();
        BadSettings::Address { address, why }
    };
    let place = match text.split_once("://") {
        None => text,
        Some(("memcached", place)) => place.strip_suffix('/').unwrap_or(place),
        Some(_) => return Err(wrong("its scheme is not `memcached`")),
    };
    if place.contains(['/', '@', '?', '#']) || place.contains(char::is_whitespace) {
        return Err(wrong("it is more than a host and a port"));
    }
    let (host, port) = match place.rsplit_once(':') {
        // `[::1]`, whose last colon is the host's own.
        Some(_) if place.ends_with(']') => (place, PORT),
        Some((host, port)) => match port.parse() {
            Ok(port) => (host, port),
            Err(_) => return Err(wrong("its port is no number up to 65535")),
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
    Ok(format!("{host}:{port}"))
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
            assert_eq!(address(text).as_deref(), Ok(wanted));
        }
        for wrong in [
            "",
            ":1",
            "redis://cache",
            "memcached://me:secret@cache",
            "cache:x",
            "cache:70000",
            "cache/0",
            "::1",
            "two words",
        ] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
