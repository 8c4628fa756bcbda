//! What can keep the fleet from being asked at all. What does not hold is no problem in this sense: it
//! is the result.

use std::io;

/// Why nothing could be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// A file or a process of the system's.
    #[error("cannot {doing}: {cause}")]
    System {
        /// What was to be done.
        doing: String,
        /// What the system said.
        cause: io::Error,
    },
    /// Python's packages could not be had.
    #[error(
        "`{line}` failed; Python 3.11 with its `venv` module and a way to the package index is needed. For other \
         Pythons pylibmc is built here: `apt-get install libmemcached-dev zlib1g-dev python3-dev` brings what \
         that takes"
    )]
    Environment {
        /// The command.
        line: String,
    },
    /// No server.
    #[error(transparent)]
    Server(#[from] dogpile_test_servers::Error),
    /// A process of the fleet ended, or says nothing.
    #[error("{who} {what}")]
    Worker {
        /// Its name.
        who: String,
        /// What it does instead.
        what: String,
    },
}

impl Problem {
    /// For `map_err`.
    pub(crate) fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |cause| Self::System { doing, cause }
    }
}
