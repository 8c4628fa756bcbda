//! The port of epochs for tasks: all servers are asked at once. A thread does the same where there are several,
//! so that it need not wait for one after the other.

use dogpile_backend::{Epoch, EpochStore, Epochs, Invalidation, Reply, StoreError, block_on};

use super::{Pipelined, coming};
use crate::Memcached;
use crate::epochs::{Change, Place, look};
use crate::everywhere::{Everywhere, Found};
use crate::job::Talk;
use crate::pool::Again;
use crate::voice::Voice;

impl Everywhere for Pipelined {
    fn store(&self) -> &Memcached {
        &self.memcached
    }

    async fn found(&self, server: usize, place: &Place) -> Found {
        let known = place.clone();
        let talk = move |turn| -> Talk<_> {
            let place = known.clone();
            Box::pin(async move { look(&mut Voice::Among(turn), &place).await })
        };
        let asked = self.ask_server(server, Again::Harmless, talk, None).await;
        asked.map(|(held, _)| held)
    }

    async fn changed(&self, server: usize, place: &Place, change: Change) -> Found {
        let known = place.clone();
        let talk = move |turn| -> Talk<_> {
            let place = known.clone();
            Box::pin(async move { change.talk(&mut Voice::Among(turn), &place).await })
        };
        self.ask_server(server, Again::Harmless, talk, None).await
    }
}

impl Pipelined {
    /// In a thread: on connections of its own where there is one server, else as tasks do.
    fn epochs_now<T>(
        &self,
        alone: impl FnOnce(&Memcached) -> Result<T, StoreError>,
        at_once: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match self.memcached.servers.count() {
            1 => alone(&self.memcached),
            _ => block_on(at_once),
        }
    }
}

impl EpochStore for Pipelined {
    fn read<'a>(&'a self, region: &'a str) -> Reply<'a, Epochs> {
        self.call(
            (),
            |()| {
                let alone = |memcached: &Memcached| memcached.read(region).wait();
                self.epochs_now(alone, self.read_epochs(region))
            },
            |()| coming(self.read_epochs(region)),
        )
    }

    fn raise<'a>(&'a self, region: &'a str, how: Invalidation) -> Reply<'a, Epochs> {
        self.call(
            (),
            move |()| {
                let alone = |memcached: &Memcached| memcached.raise(region, how).wait();
                self.epochs_now(alone, self.raise_epochs(region, how))
            },
            move |()| coming(self.raise_epochs(region, how)),
        )
    }

    fn restore<'a>(&'a self, region: &'a str, known: Epochs) -> Reply<'a, ()> {
        self.call(
            (),
            move |()| {
                let alone = |memcached: &Memcached| memcached.restore(region, known).wait();
                self.epochs_now(alone, self.restore_epochs(region, known))
            },
            move |()| coming(self.restore_epochs(region, known)),
        )
    }

    fn invalidated(&self, region: &str, hard: Epoch) -> Epoch {
        self.memcached.invalidated(region, hard)
    }
}
