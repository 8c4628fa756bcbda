//! Where a backend's values live while a run lasts: the run makes the place, and it goes with the run.

use dogpile_test_servers::{Flavour, Server};
use tempfile::TempDir;

use crate::error::LabError;

/// What kind of place a backend needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The process's own memory.
    Process,
    /// A server.
    Server(Flavour),
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
            Self::Server(flavour) => Home::Server(Box::new(Server::start(flavour)?)),
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
    Server(Box<Server>),
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

    pub(crate) fn server(&self) -> Option<&Server> {
        match self {
            Self::Server(server) => Some(server),
            Self::Process | Self::Folder(_) => None,
        }
    }
}
