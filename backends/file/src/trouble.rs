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
    #[error(
        "another process has been writing for longer than the timeout; look whether it has been stopped in \
         the middle"
    )]
    Busy,
    #[error("{0}")]
    Open(#[from] OpenError),
    #[error(
        "there is no room: all that may go is gone, or a reader that has stopped keeps its pages \
         from being used again"
    )]
    Pinned,
    #[error("{length} bytes are more than a store of {most} can hold; raise `max_size`")]
    TooLarge { length: usize, most: u64 },
}

impl Trouble {
    /// No room, here or on the disk.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::Pinned) || self.can_be_helped()
    }

    /// No room, which letting old entries go may make.
    pub(crate) fn can_be_helped(&self) -> bool {
        match self {
            Self::Engine(heed::Error::Mdb(MdbError::MapFull | MdbError::TxnFull)) => true,
            Self::Engine(heed::Error::Io(error)) => {
                let kinds = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
                kinds.contains(&error.kind()) || is_half_a_write(error)
            }
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
            | Self::Busy
            | Self::Open(_)
            | Self::Engine(heed::Error::Mdb(
                MdbError::ReadersFull | MdbError::Panic | MdbError::MapResized,
            )) => Fault::Unavailable,
            Self::Forked | Self::Engine(_) | Self::Pinned => Fault::Other,
        }
    }
}

/// What the engine says where the system has written a part of what it was given, as it does when the
/// disk is full.
fn is_half_a_write(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EIO)
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
        heed::Error::Io(error) if is_half_a_write(error) => "; the disk is full, or does not work",
        _ => "",
    };
    format!("{error}{hint}")
}
