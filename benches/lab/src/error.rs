//! What can go wrong before or beside a measurement: each names the thing and says what to do.

use std::path::PathBuf;

/// Why the laboratory could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LabError {
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{origin} is no scenario: {message}")]
    Scenario { origin: String, message: String },
    #[error("scenario field `{field}`: {problem}")]
    Field {
        field: &'static str,
        problem: String,
    },
    #[error("the trace {name} is cut short: {bytes} bytes are no whole number of 4-byte keys")]
    TraceCutShort { name: String, bytes: usize },
    #[error("the trace {name} is empty: give a file with at least one 4-byte big-endian key")]
    TraceEmpty { name: String },
    #[error("the trace {name} is broken or cut-short xz: {message}")]
    TraceBroken { name: String, message: String },
    #[error("{origin}, line {line}: {problem}")]
    Log {
        origin: String,
        line: usize,
        problem: String,
    },
    #[error("the database of this run failed: {0}")]
    Database(#[from] rusqlite::Error),
    #[error("cannot start {what}: {source}")]
    Start {
        what: &'static str,
        source: std::io::Error,
    },
    #[error("process {number} of the run {what}")]
    Process { number: usize, what: String },
    #[error("the backend's server: {0}")]
    Server(#[from] dogpile_test_servers::Error),
    #[error("the contender {name} cannot be set up: {message}")]
    Contender { name: &'static str, message: String },
}
