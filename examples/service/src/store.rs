//! Where articles are kept: one flag, and nothing else of the service knows.

use std::path::PathBuf;
use std::str::FromStr;

use dogpile::{Config, File, JsonCodec, Memcached, Memory, Redis, Sled};

use crate::problem::Problem;
use crate::service::Article;

/// What `--store` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// Each instance has its own, and it ends with the instance.
    Memory,
    /// A folder for all instances of a machine.
    File(PathBuf),
    /// Files of one instance.
    Sled(PathBuf),
    /// A server for all instances.
    Redis(String),
    /// The same.
    Memcached(String),
}

impl FromStr for Store {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "memory" => Ok(Self::Memory),
            Some(("file", folder)) if !folder.is_empty() => Ok(Self::File(folder.into())),
            Some(("sled", folder)) if !folder.is_empty() => Ok(Self::Sled(folder.into())),
            Some(("redis", _)) => Ok(Self::Redis(text.to_owned())),
            Some(("memcached", _)) => Ok(Self::Memcached(text.to_owned())),
            _ => Err(
                "write memory, file:FOLDER, sled:FOLDER, redis://HOST:PORT/0 or memcached://HOST:PORT"
                    .to_owned(),
            ),
        }
    }
}

impl Store {
    /// A region's configuration on it.
    pub(crate) fn config(&self) -> Result<Config<Article>, Problem> {
        let codec = JsonCodec::new();
        Ok(match self {
            Self::Memory => Config::new(Memory::bounded(10_000)),
            Self::File(folder) => Config::new(File::open(folder)?.encoded(codec)),
            Self::Sled(folder) => Config::new(Sled::open(folder)?.encoded(codec)),
            Self::Redis(url) => Config::new(Redis::open(url)?.encoded(codec)),
            Self::Memcached(url) => Config::new(Memcached::open(url)?.encoded(codec)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named_by_what_it_needs() {
        assert_eq!("memory".parse(), Ok(Store::Memory));
        assert_eq!("file:/a:b".parse(), Ok(Store::File("/a:b".into())));
        assert_eq!("sled:a".parse(), Ok(Store::Sled("a".into())));
        let url = "redis://127.0.0.1:6379/0";
        assert_eq!(url.parse(), Ok(Store::Redis(url.to_owned())));
        let url = "memcached://127.0.0.1:11211";
        assert_eq!(url.parse(), Ok(Store::Memcached(url.to_owned())));
        for wrong in ["", "disk", "file", "file:", "memory:1"] {
            assert!(wrong.parse::<Store>().is_err(), "{wrong}");
        }
    }
}
