//! All servers of a store, each with its connections.
//!
//! A key has one server, whether that answers or not: were its keys moved while it is away, two processes
//! that do not agree on that would each have a slot for a key, and what one deletes the other would serve.

use std::sync::OnceLock;

use crate::address::Address;
use crate::job::Job;
use crate::keys::Key;
use crate::pool::{Again, Line, Pool, Talk};
use crate::ring::Ring;
use crate::trouble::Trouble;

pub(crate) struct Servers {
    ring: Ring,
    pools: Box<[Pool]>,
    /// There for each that was found to be 1.6.10 or later.
    new_enough: Box<[OnceLock<()>]>,
}

impl Servers {
    /// The servers at these addresses, each with its connections.
    pub(crate) fn new(addresses: &[Address], connect: impl Fn(&Address) -> Pool) -> Self {
        let names: Vec<&str> = addresses.iter().map(|one| &*one.server).collect();
        Self {
            ring: Ring::new(&names),
            pools: addresses.iter().map(connect).collect(),
            new_enough: addresses.iter().map(|_| OnceLock::new()).collect(),
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.pools.len()
    }

    /// The server of this number, as people call it.
    pub(crate) fn name(&self, server: usize) -> &str {
        self.pools[server].name()
    }

    /// There once the server of this number has shown that it knows what leases are made of.
    pub(crate) fn knows_leases(&self, server: usize) -> &OnceLock<()> {
        &self.new_enough[server]
    }

    /// The number of the server that has `key`.
    pub(crate) fn number_of(&self, key: &Key<'_>) -> usize {
        self.ring.of(key.bytes())
    }

    /// [`Pool::talk`] with the server that has `key`.
    pub(crate) fn talk<T>(
        &self,
        key: &Key<'_>,
        again: Again,
        talk: impl Talk<T>,
    ) -> Result<(T, Line), Trouble> {
        self.talk_with(self.number_of(key), again, talk)
    }

    /// [`Pool::talk`] with the server of this number.
    pub(crate) fn talk_with<T>(
        &self,
        server: usize,
        again: Again,
        talk: impl Talk<T>,
    ) -> Result<(T, Line), Trouble> {
        let (answer, mut line) = self.pools[server].talk(again, talk)?;
        line.server = server;
        Ok((answer, line))
    }

    /// [`Pool::talk_on_line`] with the server of that line.
    pub(crate) fn talk_on_line<T>(
        &self,
        line: Line,
        talk: impl Talk<T>,
    ) -> Result<Option<T>, Trouble> {
        self.pools[line.server].talk_on_line(line, talk)
    }

    /// [`Pool::left_alone`] of the server of this number.
    pub(crate) fn left_alone(&self, server: usize) -> Result<(), Trouble> {
        self.pools[server].left_alone()
    }

    /// [`Pool::talk_all`] with the server of this number.
    pub(crate) fn talk_all(&self, server: usize, jobs: Vec<Box<dyn Job>>) {
        self.pools[server].talk_all(server, jobs);
    }
}
