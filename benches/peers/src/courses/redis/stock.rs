//! What is in the server, and whoever asks for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dogpile::backend::{Codec, record};
use dogpile::{Config, JsonCodec, Redis, Region};

use super::Crowd;
use crate::bench::user::User;
use crate::bench::workload;
use crate::error::PeersError;

/// Somebody who answers hits.
pub(super) trait Entrant {
    /// The name in tables and rows.
    fn name(&self) -> &'static str;

    /// The crate or package behind it, and its version.
    fn package(&self) -> (&'static str, String);

    /// Makes so many calls, each a hit, and tells how long they took.
    ///
    /// # Errors
    /// If one was no hit, or failed.
    fn run(&mut self, crowd: Crowd, calls: usize) -> Result<Duration, PeersError>;
}

/// The keys that are in the server, and how many calls found nothing.
#[derive(Clone)]
pub(super) struct Stock {
    /// The server.
    pub(super) url: Arc<str>,
    /// As users give them.
    pub(super) keys: Arc<[String]>,
    /// As the server has them.
    pub(super) keys_there: Arc<[String]>,
    missed: Arc<AtomicU64>,
}

impl Stock {
    /// Puts `keys` values into the server at `url`.
    ///
    /// # Errors
    /// If the server does not take them.
    pub(super) fn put(url: &str, keys: usize) -> Result<Self, PeersError> {
        let keys: Arc<[String]> = (0..keys).map(workload::key).collect();
        let region = region("stock", url)?;
        for key in &*keys {
            region.set(key, User::sample()).map_err(server)?;
        }
        Ok(Self {
            url: url.into(),
            keys_there: keys
                .iter()
                .map(|key| format!("dogpile:v:{{{key}}}"))
                .collect(),
            keys,
            missed: Arc::default(),
        })
    }

    /// What a call gets that found nothing.
    pub(super) fn missed(&self) -> User {
        self.missed.fetch_add(1, Ordering::Relaxed);
        User::sample()
    }

    /// The value in a record, by the same steps as a region's.
    pub(super) fn decoded(&self, record: Option<&[u8]>) -> User {
        let entry = record.and_then(|record| record::decode(record).ok());
        let value = entry.and_then(|entry| JsonCodec::new().decode(&entry.value.bytes).ok());
        value.unwrap_or_else(|| self.missed())
    }

    /// Whether all calls until now were hits.
    ///
    /// # Errors
    /// If they were not.
    pub(super) fn all_hit(&self, contender: &'static str) -> Result<(), PeersError> {
        match self.missed.swap(0, Ordering::Relaxed) {
            0 => Ok(()),
            misses => Err(PeersError::Missed { contender, misses }),
        }
    }

    /// A region that has these values.
    ///
    /// # Errors
    /// If the address is none.
    pub(super) fn region(&self, name: &'static str) -> Result<Region<User>, PeersError> {
        region(name, &self.url)
    }
}

fn region(name: &'static str, url: &str) -> Result<Region<User>, PeersError> {
    let store = Redis::open(url).map_err(server)?;
    let region = Region::new(name);
    let config = Config::new(store.encoded(JsonCodec::new())).fresh_for(Duration::from_hours(1));
    region.configure(config).map_err(server)?;
    Ok(region)
}

/// A server, or a client of it, that would not do as asked.
pub(super) fn server(error: impl std::fmt::Display) -> PeersError {
    PeersError::Server(error.to_string())
}
