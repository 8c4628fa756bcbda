//! The store that is written to, as each side opens it.

use std::path::Path;

use dogpile::backend::{Payload, Store};
use dogpile::{File, FileSettings, Sled, SledSettings, file, sled};

use crate::error::LabError;

/// Whose files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Backend {
    File,
    Sled,
}

/// What a store promises of what it has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Promise {
    /// file: it survives the death of processes.
    ProcessCrash,
    /// file: it survives a power loss, too.
    PowerLoss,
    /// sled: it is written down within half a second.
    Background,
    /// sled: it survives the death of the process.
    EveryWrite,
}

impl Promise {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ProcessCrash => "process-crash",
            Self::PowerLoss => "power-loss",
            Self::Background => "background",
            Self::EveryWrite => "every-write",
        }
    }

    /// What a kill may cost.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::ProcessCrash | Self::PowerLoss | Self::EveryWrite => {
                "what was answered survives a kill"
            }
            Self::Background => {
                "sled writes its buffer down every half second or when half a megabyte has come \
                 together; a kill loses what was answered since"
            }
        }
    }

    pub(super) fn may_lose(self) -> bool {
        self == Self::Background
    }
}

impl Backend {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Sled => "sled",
        }
    }

    /// How many processes write at once unless it is said otherwise.
    pub(crate) fn usual_processes(self) -> u32 {
        match self {
            Self::File => 3,
            Self::Sled => 1,
        }
    }

    pub(super) fn usual_promise(self) -> Promise {
        match self {
            Self::File => Promise::ProcessCrash,
            Self::Sled => Promise::Background,
        }
    }

    pub(super) fn can_promise(self, promise: Promise) -> bool {
        let is_of_file = matches!(promise, Promise::ProcessCrash | Promise::PowerLoss);
        is_of_file == (self == Self::File)
    }

    pub(super) fn promises(self) -> &'static str {
        match self {
            Self::File => "of file is process-crash or power-loss",
            Self::Sled => "of sled is background or every-write",
        }
    }
}

/// A store that was opened.
pub(super) enum Opened {
    File(File),
    Sled(Sled),
}

impl Opened {
    /// # Errors
    /// It does not open.
    pub(super) fn open(
        backend: Backend,
        promise: Promise,
        folder: &Path,
    ) -> Result<Self, LabError> {
        Ok(match backend {
            Backend::File => {
                let durability = match promise {
                    Promise::PowerLoss => file::Durability::PowerLoss,
                    _ => file::Durability::ProcessCrash,
                };
                let settings = FileSettings::path(folder).durability(durability);
                // Nothing is to leave for want of room.
                let opened = settings.max_size(64 << 30).open();
                Self::File(opened.map_err(|error| unset(&error))?)
            }
            Backend::Sled => {
                let durability = match promise {
                    Promise::EveryWrite => sled::Durability::EveryWrite,
                    _ => sled::Durability::Background,
                };
                let opened = SledSettings::path(folder).durability(durability).open();
                Self::Sled(opened.map_err(|error| unset(&error))?)
            }
        })
    }

    pub(super) fn store(&self) -> &dyn Store<Payload> {
        match self {
            Self::File(store) => store,
            Self::Sled(store) => store,
        }
    }

    /// How many entries were found that could not be read, or values that were not stored.
    pub(super) fn unreadable(&self) -> u64 {
        match self {
            Self::File(store) => store.unreadable() + store.dropped(),
            Self::Sled(store) => store.unreadable(),
        }
    }
}

pub(super) fn unset(error: &dyn std::error::Error) -> LabError {
    LabError::Contender {
        name: crate::contender::SUBJECT,
        message: error.to_string(),
    }
}
