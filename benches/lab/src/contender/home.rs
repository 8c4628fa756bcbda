//! Where a backend's values live while a run lasts: the run makes the place, and it goes with the run.

use tempfile::TempDir;

use super::host::{self, Host};
use crate::error::LabError;

/// What kind of place a backend needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The process's own memory.
    Process,
    /// A server.
    Server(host::Kind),
    /// A folder, which several processes can share.
    Folder,
    /// A folder for one process.
    FolderOfOne,
}

impl Kind {
    pub(super) fn reaches_across_processes(self) -> bool {
        matches!(self, Self::Server(_) | Self::Folder)
    }

    /// # Errors
    /// The server is not installed or does not start; no folder can be made.
    pub(super) fn make(self) -> Result<Home, LabError> {
        Ok(match self {
            Self::Process => Home::Process,
            Self::Server(kind) => Home::Server(kind.start()?),
            Self::Folder | Self::FolderOfOne => {
                Home::Folder(tempfile::tempdir().map_err(|source| LabError::Start {
                    what: "a folder for the store",
                    source,
                })?)
            }
        })
    }
}

/// The place itself.
pub(crate) enum Home {
    Process,
    Server(Host),
    Folder(TempDir),
}

impl Home {
    /// What a store is told of where it is.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Process => String::new(),
            Self::Server(server) => server.url(),
            Self::Folder(folder) => folder.path().display().to_string(),
        }
    }

    pub(crate) fn server(&self) -> Option<&Host> {
        match self {
            Self::Server(server) => Some(server),
            Self::Process | Self::Folder(_) => None,
        }
    }
}
