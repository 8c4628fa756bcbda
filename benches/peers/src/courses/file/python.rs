//! dogpile.cache on `dbm.gnu`, in a Python of its own.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::stock::{Entrant, Operation, Stock, encoded};
use crate::bench::python::{self, Module};
use crate::bench::script::{Sample, Script};
use crate::bench::user::User;
use crate::error::PeersError;

/// Pinned: the promise is about this version.
const PACKAGES: [&str; 1] = ["dogpile.cache==1.5.0"];

/// What Python takes for a database by default where it has it.
const GNU: Module = Module {
    name: "dbm.gnu",
    package: "python3-gdbm",
};

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
    database: String,
}

impl DogpileCache {
    /// Starts it with a file in `folder` that holds as many keys.
    ///
    /// # Errors
    /// Why there is none: no Python, no packages, no `dbm.gnu`.
    pub(super) fn start(stock: &Stock, folder: &Path) -> Result<Self, String> {
        let value = encoded(&User::sample()).map_err(|error| error.to_string())?;
        let value = String::from_utf8_lossy(&value);
        let python = python::with(&PACKAGES, Some(GNU))?;
        let file = folder.join("dbm");
        let file = file.to_string_lossy();
        let keys = stock.keys.len().to_string();
        let (script, told) = Script::start(&python, SCRIPT, &[&file, &keys, &value])?;
        Ok(Self { script, told })
    }
}

impl Entrant for DogpileCache {
    fn name(&self, _: Operation) -> &'static str {
        super::PYTHON
    }

    fn package(&self) -> (&'static str, String) {
        let Told {
            python,
            dogpile_cache,
            database,
        } = &self.told;
        let version = format!("{dogpile_cache}, {database}, Python {python}");
        ("dogpile.cache", version)
    }

    fn run(
        &mut self,
        operation: Operation,
        threads: usize,
        calls: usize,
    ) -> Result<Duration, PeersError> {
        let line = format!("{} {threads} {calls}", operation.name());
        let sample: Sample = self
            .script
            .ask(&line)
            .map_err(PeersError::system("cannot ask dogpile.cache"))?;
        if sample.misses > 0 {
            return Err(PeersError::Missed {
                contender: super::PYTHON,
                misses: sample.misses,
            });
        }
        Ok(Duration::from_secs_f64(sample.seconds))
    }
}
