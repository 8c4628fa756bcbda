//! What a run and its processes say to each other: a line of JSON each, over pipes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::engine::round::Returned;
use crate::keys::Key;
use crate::log::Entry;
use crate::scenario::Scenario;

/// The first line that a process is given.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Setup {
    pub(super) clock: Clock,
    /// Where the store is that all share.
    pub(super) address: String,
    pub(super) scenario: Scenario,
    /// Where the first creation of each round leaves its mark, if it is never to end.
    pub(super) marks: Option<PathBuf>,
}

/// Every other line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Ask once for these, apart from any round.
    Ask(Vec<Key>),
    /// Have all callers of the process that has this number stand ready to ask for their parts of these.
    Stand { process: u32, keys: Vec<Key> },
    /// Let them ask at this moment.
    Go { at_ns: u64 },
    /// Say what has come of the round so far.
    Report,
}

/// What a process says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum News {
    /// It is set up.
    Ready,
    /// What it was to ask has an answer.
    Asked,
    /// All its callers stand ready.
    Stand,
    /// One of its creators is at work.
    Began(Entry),
    /// What came of the round: said once all its callers are back, or when it is ordered.
    Report(Report),
}

/// What came of a round in one process.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) returned: Vec<Returned>,
    /// Callers whose creator will never end.
    pub(super) stuck: u64,
    /// The creations of the round's key.
    pub(super) entries: Vec<Entry>,
}
