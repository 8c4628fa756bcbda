//! dogpile.cache in a Python of its own, which waits on its standard input between samples.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Crowd;
use super::stock::{Entrant, Stock, User};
use crate::bench::python;
use crate::error::PeersError;

/// Pinned: the promise is about this version. Its client is the newest when the figures were made.
const PACKAGES: [&str; 2] = ["dogpile.cache==1.5.0", "redis==8.1.0"];

/// Found in this program, so that it runs from anywhere.
const SCRIPT: &str = include_str!("dogpile_cache.py");

/// A Python process at work. Dropped, its input ends, and it with it.
pub(super) struct DogpileCache {
    child: Child,
    asks: Option<ChildStdin>,
    says: BufReader<ChildStdout>,
    told: Told,
}

/// What it says of itself.
#[derive(Debug, Clone, Deserialize)]
struct Told {
    python: String,
    dogpile_cache: String,
    client: String,
}

/// What it says of a sample.
#[derive(Debug, Deserialize)]
struct Sample {
    seconds: f64,
    misses: u64,
}

impl DogpileCache {
    /// Starts it on the stock's server, with as many keys of its own.
    ///
    /// # Errors
    /// Why there is none: no Python, or no packages.
    pub(super) fn start(stock: &Stock) -> Result<Self, String> {
        let value = serde_json::to_string(&User::sample()).map_err(|error| error.to_string())?;
        let mut child = Command::new(python::with(&PACKAGES)?)
            .args(["-c", SCRIPT, &stock.url, &stock.keys.len().to_string()])
            .arg(value)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("Python does not start: {error}"))?;
        let (Some(asks), Some(says)) = (child.stdin.take(), child.stdout.take()) else {
            unreachable!("both are piped")
        };
        let mut says = BufReader::new(says);
        match heard(&mut says) {
            Ok(told) => Ok(Self {
                child,
                asks: Some(asks),
                says,
                told,
            }),
            Err(error) => {
                drop(asks);
                let _ = child.wait();
                Err(format!("dogpile.cache does not start: {error}"))
            }
        }
    }

    fn sample(&mut self, crowd: Crowd, calls: usize) -> std::io::Result<Sample> {
        if let Some(asks) = &mut self.asks {
            writeln!(asks, "{} {calls}", crowd.callers())?;
        }
        heard(&mut self.says)
    }
}

/// The next line.
fn heard<T: DeserializeOwned>(says: &mut BufReader<ChildStdout>) -> std::io::Result<T> {
    let mut line = String::new();
    says.read_line(&mut line)?;
    if line.is_empty() {
        return Err(std::io::Error::other("it ended; what it said stands above"));
    }
    Ok(serde_json::from_str(&line)?)
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
        let sample = self
            .sample(crowd, calls)
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

impl Drop for DogpileCache {
    fn drop(&mut self) {
        self.asks = None;
        // Nobody can be told how it ended.
        let _ = self.child.wait();
    }
}
