//! What the processes of the fleet are told, and what they tell: JSON, a line each. Times are seconds
//! since 1970, all by the clock of one machine.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What one is told to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub(crate) enum Order {
    /// To ask for a value, all its threads at once.
    Ask(Question),
    /// To set a value.
    Set {
        /// Its key.
        key: String,
        /// The value.
        value: Value,
    },
    /// To delete one.
    Delete {
        /// Its key.
        key: String,
    },
    /// To say what is there, however old.
    Read {
        /// Its key.
        key: String,
    },
}

/// How a value is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Question {
    /// Its key.
    pub(crate) key: String,
    /// By how many threads.
    pub(crate) threads: usize,
    /// When.
    pub(crate) at: f64,
    /// For how many seconds whoever creates it is at work.
    pub(crate) creation: f64,
    /// Whether it fails then.
    pub(crate) fails: bool,
}

/// What one tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "lowercase")]
pub(crate) enum Said {
    /// It is connected.
    Ready,
    /// Its creator has begun.
    Creating,
    /// It was set, or deleted.
    Done,
    /// All its threads have an answer.
    Answers {
        /// One of each thread.
        answers: Vec<Answer>,
        /// What its creators did.
        creations: Vec<Creation>,
    },
    /// What is there.
    Read(Found),
}

/// What a call came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The value.
    pub(crate) value: Option<Value>,
    /// Why there is none.
    pub(crate) error: Option<String>,
    /// When.
    pub(crate) at: f64,
}

/// What a creator did.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Creation {
    /// From when.
    pub(crate) begun: f64,
    /// Until when.
    pub(crate) ended: f64,
}

/// What is under a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    /// The value.
    pub(crate) value: Option<Value>,
    /// When it was created, in seconds since 1970.
    pub(crate) created: Option<f64>,
    /// How many seconds ago.
    pub(crate) age: Option<f64>,
}
