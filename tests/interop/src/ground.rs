//! The server that a fleet shares, and what is different with each.

use dogpile_test_servers::{Flavour, Memcached, Server};

use crate::fleet::{Kind, LEASE};
use crate::problem::Problem;

/// What kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Store {
    /// Redis.
    Redis,
    /// memcached.
    Memcached,
}

/// A server.
pub(crate) enum Ground {
    /// Redis.
    Redis(Server),
    /// memcached.
    Memcached(Memcached),
}

impl Store {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::Redis, Self::Memcached];

    /// Starts one.
    pub(crate) fn start(self) -> Result<Ground, Problem> {
        Ok(match self {
            Self::Redis => Ground::Redis(Server::start(Flavour::Redis)?),
            Self::Memcached => Ground::Memcached(Memcached::start(&[])?),
        })
    }

    /// As reports call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Memcached => "memcached",
        }
    }

    /// Who shares it, and how many of `processes` and their like.
    pub(crate) fn wanted(self, processes: usize) -> [(Kind, usize); 3] {
        match self {
            Self::Redis => [
                (Kind::Python, processes),
                (Kind::Rust, processes),
                (Kind::Port, 1),
            ],
            Self::Memcached => {
                [Kind::Pymemcache, Kind::Pylibmc, Kind::Rust].map(|kind| (kind, processes))
            }
        }
    }
}

impl Ground {
    /// Where it is.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Redis(server) => server.url(),
            Self::Memcached(server) => server.url(),
        }
    }

    /// Who shares it.
    pub(crate) fn kinds(&self) -> [Kind; 3] {
        match self {
            Self::Redis(_) => [Kind::Python, Kind::Rust, Kind::Port],
            Self::Memcached(_) => [Kind::Pymemcache, Kind::Rust, Kind::Pylibmc],
        }
    }

    /// One of those that are dogpile.cache, each in its turn.
    pub(crate) fn python(&self, number: usize) -> Kind {
        match self {
            Self::Redis(_) => Kind::Python,
            Self::Memcached(_) => [Kind::Pymemcache, Kind::Pylibmc][number % 2],
        }
    }

    /// Puts a record there, as a client of dogpile.cache's would.
    pub(crate) fn put(&self, key: &str, record: &str) -> Result<(), Problem> {
        match self {
            Self::Redis(server) => server.ask(&["SET", key, record])?,
            Self::Memcached(server) => {
                server.ask(&format!("set {key} 0 0 {}\r\n{record}", record.len()))?
            }
        };
        Ok(())
    }

    /// Whether anybody has the lock of `key`.
    pub(crate) fn is_locked(&self, key: &str) -> Result<bool, Problem> {
        Ok(match self {
            Self::Redis(server) => server.ask(&["EXISTS", &format!("_lock{key}")])? != "0",
            Self::Memcached(server) => server.ask(&format!("mg _lock{key}"))?.starts_with("HD"),
        })
    }

    /// After how many milliseconds dogpile.cache looks at a lock again, at the latest for the first time.
    pub(crate) fn python_looks(&self) -> f64 {
        match self {
            Self::Redis(_) => 100.0,
            // Between 0.4 and 0.8 s, and about twice as long each time.
            Self::Memcached(_) => 800.0,
        }
    }

    /// How many seconds after its holder's death a lock is taken over at the latest: it lasts for a
    /// lease, in memcached by a clock of whole seconds.
    pub(crate) fn taken_over(&self) -> f64 {
        match self {
            Self::Redis(_) => LEASE + 1.0,
            Self::Memcached(_) => LEASE + 2.0,
        }
    }

    /// Whether a deletion is seen where nothing was, while a first value is created.
    pub(crate) fn sees_all_deletions(&self) -> bool {
        matches!(self, Self::Memcached(_))
    }
}
