//! What can go wrong while measuring. A figure that cannot be trusted is an error too.

use crate::bench::trace::TraceError;

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum PeersError {
    /// A hit was measured that was none.
    #[error(
        "{contender} created {misses} values although every key was stored: its figure would be no hit's; nothing is reported"
    )]
    Missed {
        /// Whose call.
        contender: &'static str,
        /// How many creators ran.
        misses: u64,
    },
    /// The filter leaves nobody.
    #[error(
        "no contender of this course has a name with {only:?} in it; `--only` takes parts of the names in the table"
    )]
    NobodyLeft {
        /// What was asked for.
        only: Vec<String>,
    },
    /// A trace cannot be used.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A trace has too few keys for a cache of that share of them.
    #[error(
        "{percent} % of the {distinct} keys of {trace} is less than one entry; use a longer trace or a larger share"
    )]
    NoCapacity {
        /// Which trace.
        trace: String,
        /// How many keys it has.
        distinct: usize,
        /// The share asked for.
        percent: f64,
    },
    /// The process that measures one contender's memory failed.
    #[error("the process that measures the memory of {contender} failed ({status}): {stderr}")]
    Child {
        /// Whom it measured.
        contender: String,
        /// How it ended.
        status: String,
        /// What it said.
        stderr: String,
    },
    /// Such a contender is not there.
    #[error("no contender called {contender:?} runs this course")]
    Unknown {
        /// What was asked for.
        contender: String,
    },
    /// A thread or task that was measured panicked.
    #[error("{contender} panicked while it was measured")]
    Panicked {
        /// Whose call.
        contender: &'static str,
    },
    /// A server would not start, or not do as it was asked.
    #[error("{0}")]
    Server(String),
    /// A store on the disk would not open, or not do as it was asked.
    #[error("{0}")]
    Store(String),
    /// The system would not read or write.
    #[error("{what}: {source}")]
    System {
        /// What was attempted.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A measuring process answered something else than JSON.
    #[error("cannot read the answer of a measuring process: {0}")]
    Answer(#[from] serde_json::Error),
}

impl PeersError {
    /// An error of the system, with what was attempted.
    pub fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}
