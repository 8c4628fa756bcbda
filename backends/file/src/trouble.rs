//! What goes wrong while the store is open, and what to tell.

use std::io;

use dogpile_backend::{Fault, Operation, StoreError};
use heed::MdbError;

use crate::opening::OpenError;

/// The name by which errors speak of this backend.
pub(crate) const NAME: &str = "file";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("{}", words(.0))]
    Engine(#[from] heed::Error),
    #[error("the folder was removed or replaced while it was open; it is opened anew")]
    Gone,
    #[error(
        "the store was opened before this process was forked, and cannot be opened anew because the \
         fork came while other threads used it; fork before configuring, or start a new program"
    )]
    Forked,
    #[error("{0}")]
    Open(#[from] OpenError),
    #[error(
        "the store cannot grow, and cannot reuse its pages while a reader that has stopped holds them"
    )]
    Pinned,
    #[error("{length} bytes are more than a store of {most} can hold; raise `max_size`")]
    TooLarge { length: usize, most: u64 },
}

impl Trouble {
    /// No room, here or on the disk; letting old entries go may help.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::Pinned
            | Self::Engine(heed::Error::Mdb(MdbError::MapFull | MdbError::TxnFull)) => true,
            Self::Engine(heed::Error::Io(error)) => matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ),
            _ => false,
        }
    }

    /// The engine does not work any more and has to be opened anew.
    pub(crate) fn ends_the_engine(&self) -> bool {
        matches!(
            self,
            Self::Gone
                | Self::Engine(heed::Error::Mdb(
                    MdbError::Panic | MdbError::MapResized | MdbError::BadRslot
                ))
        )
    }

    pub(crate) fn told(self, operation: Operation, key: &[u8]) -> StoreError {
        StoreError::new(NAME, operation, key, self.fault(), self)
    }

    fn fault(&self) -> Fault {
        match self {
            _ if self.is_full() => Fault::Full,
            Self::TooLarge { .. } => Fault::Refused,
            Self::Gone
            | Self::Open(_)
            | Self::Engine(heed::Error::Mdb(
                MdbError::ReadersFull | MdbError::Panic | MdbError::MapResized,
            )) => Fault::Unavailable,
            Self::Forked | Self::Engine(_) | Self::Pinned => Fault::Other,
        }
    }
}

/// What the engine says, and what to do about it.
fn words(error: &heed::Error) -> String {
    let hint = match error {
        heed::Error::Mdb(MdbError::ReadersFull) => {
            "; more threads read at once than the store has places for"
        }
        heed::Error::Mdb(MdbError::MapFull) => {
            "; raise `max_size`, or look for a reader that has stopped"
        }
        heed::Error::Mdb(MdbError::Corrupted | MdbError::PageNotFound | MdbError::Invalid) => {
            "; the file is damaged: remove the folder, or let the store set it aside when it opens"
        }
        heed::Error::Mdb(MdbError::Panic | MdbError::MapResized) => "; it is opened anew",
        heed::Error::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
            "; make room on the disk"
        }
        _ => "",
    };
    format!("{error}{hint}")
}
