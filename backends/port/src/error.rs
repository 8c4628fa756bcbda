//! What goes wrong in a store, said so that one can act on it.

use std::error::Error as StdError;
use std::fmt;

/// What the region asked of the store when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Reading a value.
    Get,
    /// Writing a value.
    Set,
    /// Removing a value.
    Delete,
    /// Taking, renewing or giving back a lease.
    Lease,
    /// Storing a created value under its lease.
    Commit,
    /// Reading or raising a region's epochs.
    Epoch,
    /// Encoding a value for the store.
    Encode,
}

impl Operation {
    /// What is done to what, before its name.
    fn of_what(self) -> &'static str {
        match self {
            Self::Get => "get key",
            Self::Set => "set key",
            Self::Delete => "delete key",
            Self::Lease => "lease key",
            Self::Commit => "commit key",
            Self::Epoch => "read or raise the epochs of region",
            Self::Encode => "encode the value of key",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "get",
            Self::Set => "set",
            Self::Delete => "delete",
            Self::Lease => "lease",
            Self::Commit => "commit",
            Self::Epoch => "epoch",
            Self::Encode => "encode",
        })
    }
}

/// The kind of a failure: what the caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The store cannot be reached or did not answer in time; trying later may help.
    Unavailable,
    /// The store has no room for the value.
    Full,
    /// The store will never take this key or value; trying again will not help.
    Refused,
    /// Anything else, told by the source.
    Other,
}

/// An operation that a store could not carry out.
#[derive(Debug, thiserror::Error)]
#[error("backend `{backend}` failed to {} {key}: {source}", .operation.of_what())]
pub struct StoreError {
    /// The backend's name.
    pub backend: String,
    /// What was asked of it.
    pub operation: Operation,
    /// The key, or the region whose epochs they are, as far as it can be shown: escaped, cut after 64 bytes.
    pub key: String,
    /// What can be done about it.
    pub fault: Fault,
    /// What the backend's own library said.
    pub source: Box<dyn StdError + Send + Sync>,
}

impl StoreError {
    /// An error of `backend` about `key`; what the source says is kept.
    pub fn new(
        backend: impl Into<String>,
        operation: Operation,
        key: &[u8],
        fault: Fault,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        let shown = match operation {
            // Behind the zero byte is which of a region's epochs were meant: its own affair.
            Operation::Epoch => key.split(|byte| *byte == 0).next().unwrap_or(key),
            _ => key,
        };
        Self {
            backend: backend.into(),
            operation,
            key: show_key(shown),
            fault,
            source: source.into(),
        }
    }
}

/// A key for human eyes: quoted, unprintable bytes escaped, cut after 64 bytes.
///
/// ```
/// assert_eq!(dogpile_backend::show_key(b"user:1\n"), "\"user:1\\n\"");
/// ```
pub fn show_key(key: &[u8]) -> String {
    const SHOWN: usize = 64;
    let shown = key.get(..SHOWN).unwrap_or(key).escape_ascii();
    if key.len() > SHOWN {
        format!("\"{shown}...\" ({} bytes)", key.len())
    } else {
        format!("\"{shown}\"")
    }
}
