//! A Python script at work beside us, which waits on its standard input between samples.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The process. Dropped, its input ends, and it with it.
pub struct Script {
    child: Child,
    asks: Option<ChildStdin>,
    says: BufReader<ChildStdout>,
}

/// What a script says of a sample.
#[derive(Debug, Clone, Deserialize)]
pub struct Sample {
    /// How long its calls took.
    pub seconds: f64,
    /// How many of its hits were none, since it began.
    pub misses: u64,
}

impl Script {
    /// Starts `script` with `python`; also what it says before it is asked anything.
    ///
    /// # Errors
    /// Why there is none.
    pub fn start<T: DeserializeOwned>(
        python: &Path,
        script: &str,
        arguments: &[&str],
    ) -> Result<(Self, T), String> {
        let mut child = Command::new(python)
            .args(["-c", script])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("Python does not start: {error}"))?;
        let (Some(asks), Some(says)) = (child.stdin.take(), child.stdout.take()) else {
            unreachable!("both are piped")
        };
        let mut script = Self {
            child,
            asks: Some(asks),
            says: BufReader::new(says),
        };
        let told = script
            .heard()
            .map_err(|error| format!("dogpile.cache does not start: {error}"))?;
        Ok((script, told))
    }

    /// What it answers to `line`.
    ///
    /// # Errors
    /// If it has ended, or says something else.
    pub fn ask<T: DeserializeOwned>(&mut self, line: &str) -> std::io::Result<T> {
        if let Some(asks) = &mut self.asks {
            writeln!(asks, "{line}")?;
        }
        self.heard()
    }

    /// The next line.
    fn heard<T: DeserializeOwned>(&mut self) -> std::io::Result<T> {
        let mut line = String::new();
        self.says.read_line(&mut line)?;
        if line.is_empty() {
            return Err(std::io::Error::other("it ended; what it said stands above"));
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.asks = None;
        // Nobody can be told how it ended.
        let _ = self.child.wait();
    }
}
