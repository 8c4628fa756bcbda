//! dogpile.cache in a Python of its own.

use std::time::Duration;

use serde::Deserialize;

use super::Crowd;
use super::stock::{Entrant, Stock};
use crate::bench::python;
use crate::bench::script::{Sample, Script};
use crate::bench::user::User;
use crate::error::PeersError;

/// Pinned: the promise is about this version. Its client is the newest when the figures were made.
const PACKAGES: [&str; 2] = ["dogpile.cache==1.5.0", "redis==8.1.0"];

/// Found in this program, so that it runs from anywhere.
const SCRIPT: &str = include_str!("dogpile_cache.py");

/// A Python process with one region.
pub(super) struct DogpileCache {
    script: Script,
    told: Told,
}

/// What it says of itself.
#[derive(Debug, Clone, Deserialize)]
struct Told {
    python: String,
    dogpile_cache: String,
    client: String,
}

impl DogpileCache {
    /// Starts it on the stock's server, with as many keys of its own.
    ///
    /// # Errors
    /// Why there is none: no Python, or no packages.
    pub(super) fn start(stock: &Stock) -> Result<Self, String> {
        let value = serde_json::to_string(&User::sample()).map_err(|error| error.to_string())?;
        let python = python::with(&PACKAGES, None)?;
        let keys = stock.keys.len().to_string();
        let (script, told) = Script::start(&python, SCRIPT, &[&stock.url, &keys, &value])?;
        Ok(Self { script, told })
    }
}

impl Entrant for DogpileCache {
    fn name(&self) -> &'static str {
        "dogpile.cache"
    }

    fn package(&self) -> (&'static str, String) {
        let Told {
            python,
            dogpile_cache,
            client,
        } = &self.told;
        let version = format!("{dogpile_cache}, redis {client}, Python {python}");
        ("dogpile.cache", version)
    }

    fn run(&mut self, crowd: Crowd, calls: usize) -> Result<Duration, PeersError> {
        let sample: Sample = self
            .script
            .ask(&format!("{} {calls}", crowd.callers()))
            .map_err(PeersError::system("cannot ask dogpile.cache"))?;
        if sample.misses > 0 {
            return Err(PeersError::Missed {
                contender: self.name(),
                misses: sample.misses,
            });
        }
        Ok(Duration::from_secs_f64(sample.seconds))
    }
}
