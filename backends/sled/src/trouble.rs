//! What went wrong in the engine, and what to tell of it.

use std::any::Any;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dogpile_backend::{Fault, Operation, StoreError};

/// The name by which errors speak of this backend.
pub(crate) const NAME: &str = "sled";

/// What the engine did instead of what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// The disk, or a quota on it, is full.
    #[error(
        "{0}; make room on the disk and start the process anew: sled takes no write after one has failed"
    )]
    Full(sled::Error),
    /// A file could not be read or written.
    #[error(
        "{0}; see to the disk and start the process anew: sled takes no write after one has failed"
    )]
    Disk(sled::Error),
    /// Its files are not what it wrote.
    #[error(
        "{0}; the files are damaged: stop the process and remove the folder, the cache fills itself again"
    )]
    Damaged(sled::Error),
    /// Anything else that it says.
    #[error("{0}")]
    Other(sled::Error),
    /// It panicked, which it does where it finds files or itself in a state that cannot be.
    #[error(
        "sled panicked: {0}; start the process anew, and remove the folder if it happens again"
    )]
    Panicked(String),
}

impl From<sled::Error> for Trouble {
    fn from(error: sled::Error) -> Self {
        match &error {
            sled::Error::Io(io) => match io.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                    Self::Full(error)
                }
                _ => Self::Disk(error),
            },
            sled::Error::Corruption { .. } => Self::Damaged(error),
            _ => Self::Other(error),
        }
    }
}

impl Trouble {
    fn fault(&self) -> Fault {
        match self {
            Self::Full(_) => Fault::Full,
            Self::Disk(_) => Fault::Unavailable,
            Self::Damaged(_) | Self::Other(_) | Self::Panicked(_) => Fault::Other,
        }
    }
}

/// Asks the engine for something; a panic in it is an error for this one call.
pub(crate) fn ask<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, Trouble> {
    // What the engine shares among calls is its own: it holds no lock of ours while it works.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(answer) => answer.map_err(Trouble::from),
        Err(panic) => Err(Trouble::Panicked(words(&*panic))),
    }
}

/// The error as a store tells it.
pub(crate) fn told(operation: Operation, key: &[u8], trouble: Trouble) -> StoreError {
    StoreError::new(NAME, operation, key, trouble.fault(), trouble)
}

fn words(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "it does not say why".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    fn fault(kind: ErrorKind) -> Fault {
        let error = ask::<()>(|| Err(sled::Error::Io(io::Error::from(kind)))).unwrap_err();
        told(Operation::Set, b"key", error).fault
    }

    #[test]
    fn a_full_disk_is_told_from_a_broken_one() {
        assert_eq!(fault(ErrorKind::StorageFull), Fault::Full);
        assert_eq!(fault(ErrorKind::QuotaExceeded), Fault::Full);
        assert_eq!(fault(ErrorKind::PermissionDenied), Fault::Unavailable);
    }

    #[test]
    fn a_panic_is_an_error_that_names_key_and_backend() {
        let error = ask::<()>(|| panic!("no such page")).unwrap_err();
        let told = told(Operation::Get, b"key", error).to_string();
        assert!(
            told.contains("`sled`") && told.contains("\"key\"") && told.contains("no such page"),
            "{told}"
        );
    }
}
