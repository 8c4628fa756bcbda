//! The server of a run, of whichever kind: what the laboratory does to it, and how it counts what is asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dogpile_test_servers::{Counter, Flavour, Memcached, Server};

use crate::error::LabError;

/// How long a server that counts for itself must have been asked nothing, for all looks to be answered.
const QUIET: Duration = Duration::from_millis(20);

/// Which kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Redis(Flavour),
    Memcached,
}

/// A server that runs.
pub(crate) enum Host {
    Redis(Box<Server>),
    Memcached(Arc<Memcached>),
}

/// What tells how much a server was asked.
pub(crate) enum Tally {
    /// What it shows of each command.
    Shown(Counter),
    /// What it counts by itself.
    Counted(Arc<Memcached>),
}

impl Kind {
    /// # Errors
    /// It is not installed, or does not start.
    pub(super) fn start(self) -> Result<Host, LabError> {
        Ok(match self {
            Self::Redis(flavour) => Host::Redis(Box::new(Server::start(flavour)?)),
            Self::Memcached => Host::Memcached(Arc::new(Memcached::start(&[])?)),
        })
    }
}

impl Host {
    pub(super) fn url(&self) -> String {
        match self {
            Self::Redis(server) => server.url(),
            Self::Memcached(server) => server.url(),
        }
    }

    /// Counts what is asked from now on.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) fn tally(&self) -> Result<Tally, LabError> {
        Ok(match self {
            Self::Redis(server) => Tally::Shown(server.counter()?),
            Self::Memcached(server) => Tally::Counted(Arc::clone(server)),
        })
    }

    /// So that it can be struck between look and lease, it answers looks and holds back whatever writes.
    /// memcached cannot: there a lease is taken as it is looked for.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) fn hold_writes(&self) -> Result<(), LabError> {
        if let Self::Redis(server) = self {
            server.ask(&["CLIENT", "PAUSE", "60000", "WRITE"])?;
        }
        Ok(())
    }

    /// The end of [`Self::hold_writes`].
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) fn let_write(&self) -> Result<(), LabError> {
        if let Self::Redis(server) = self {
            server.ask(&["CLIENT", "UNPAUSE"])?;
        }
        Ok(())
    }

    /// Returns once so many looks were answered, or after `patience`.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) fn wait_for_looks(
        &self,
        tally: &Tally,
        looks: u64,
        patience: Duration,
    ) -> Result<(), LabError> {
        let begun = Instant::now();
        let mut last = (0, begun);
        while begun.elapsed() < patience {
            let now = tally.looks()?;
            if now != last.0 {
                last = (now, Instant::now());
            }
            let settled = matches!(self, Self::Redis(_)) || last.1.elapsed() > QUIET;
            if now >= looks && settled {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        // The monitor shows a command before its answer is sent. Once the server has another turn, it was.
        if let Self::Redis(server) = self {
            server.ask(&["ECHO", "the looks are answered"])?;
        }
        Ok(())
    }

    /// # Errors
    /// The system refuses.
    pub(crate) fn kill(&self) -> Result<(), LabError> {
        match self {
            Self::Redis(server) => server.kill()?,
            Self::Memcached(server) => server.kill()?,
        }
        Ok(())
    }

    /// # Errors
    /// It does not start.
    pub(crate) fn restart(&self) -> Result<(), LabError> {
        match self {
            Self::Redis(server) => server.restart()?,
            Self::Memcached(server) => server.restart()?,
        }
        Ok(())
    }

    /// # Errors
    /// It does not run.
    pub(crate) fn freeze(&self) -> Result<(), LabError> {
        match self {
            Self::Redis(server) => server.freeze()?,
            Self::Memcached(server) => server.freeze()?,
        }
        Ok(())
    }

    /// # Errors
    /// It does not run.
    pub(crate) fn thaw(&self) -> Result<(), LabError> {
        match self {
            Self::Redis(server) => server.thaw()?,
            Self::Memcached(server) => server.thaw()?,
        }
        Ok(())
    }
}

impl Tally {
    /// How much was asked so far.
    ///
    /// # Errors
    /// The server does not answer.
    pub(crate) fn count(&self) -> Result<u64, LabError> {
        Ok(match self {
            Self::Shown(counter) => counter.count()?,
            Self::Counted(server) => server.requests()?,
        })
    }

    /// How many of it were looks. memcached counts those for a lease among them.
    ///
    /// # Errors
    /// The server does not answer.
    pub(crate) fn looks(&self) -> Result<u64, LabError> {
        Ok(match self {
            Self::Shown(counter) => counter.by_command()?.get("GET").copied().unwrap_or(0),
            Self::Counted(server) => server.count("cmd_get")?,
        })
    }
}
