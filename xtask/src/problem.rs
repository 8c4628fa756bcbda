//! What can keep a chore from being done at all. A check that finds something is no problem in
//! this sense: it is the chore's result.

use std::io;
use std::path::PathBuf;

/// Why a chore could not be carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// Not started from inside the project.
    #[error("no dogpile workspace at or above {}: start this from inside a checkout", .0.display())]
    NoWorkspace(PathBuf),
    /// A file or folder could not be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A log could not be written.
    #[error("cannot write {}: {cause}", path.display())]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A program could not be started.
    #[error("cannot start `{program}`: {cause}; is it installed and on the PATH?")]
    Start {
        /// The program.
        program: &'static str,
        /// What the system said.
        cause: io::Error,
    },
    /// The models do not build, or one of them is red as it is.
    #[error("nothing could be hunted, for the reason above; to see it alone:\n  {0}")]
    NoHunt(String),
    /// The processes that are to share a server could not be started or asked.
    #[error("nothing could be shown, for the reason above; to see it alone:\n  {0}")]
    NotAsked(String),
    /// A manifest is not TOML, or lacks what cargo asks of it.
    #[error("{path}: {what}")]
    Manifest {
        /// The manifest.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// Nothing has the name that was asked for.
    #[error("nothing here has {0:?} in its name; without --only, everything runs and is listed")]
    NoSuchName(String),
    /// No room of the proof has the name that was asked for.
    #[error("no room has {part:?} in its name; the rooms are: {rooms}")]
    NoSuchRoom {
        /// What was asked for.
        part: String,
        /// All there are.
        rooms: String,
    },
    /// Another run writes there.
    #[error(
        "another verify writes into {}: wait for it, or give this one a CARGO_TARGET_DIR of its own",
        .0.display()
    )]
    Busy(PathBuf),
    /// A test says that it showed something, in words that are none.
    #[error("not a record of the proof: {0:?}; `model-tests/proof` writes them")]
    Record(String),
    /// Something is missing that this user may not install.
    #[error(
        "this needs what is not installed here and may not be installed by this user; run:\n{0}"
    )]
    Needs(String),
}
