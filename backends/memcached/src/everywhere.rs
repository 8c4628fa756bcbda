//! A name's epochs on all servers: each has them, since each has values that they judge.
//!
//! What counts is the highest that any server tells. Whoever finds that a server knows less, because it was
//! restarted, has pushed the item out or was away, tells it. So epochs are lost only where all servers that
//! answer have lost them, and then the region begins anew.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use dogpile_backend::{
    Epoch, EpochStore, Epochs, Fault, Invalidation, Operation, Reply, StoreError, block_on,
};

use crate::Memcached;
use crate::connection::Connection;
use crate::epochs::{Change, Held, Place, look};
use crate::pool::Again;
use crate::trouble::{NAME, Trouble};
use crate::voice::alone;

/// What a server holds, if it holds anything.
pub(crate) type Found = Result<Option<Held>, Trouble>;

/// Who can ask each server, whatever it waits on.
pub(crate) trait Everywhere: Sync {
    fn store(&self) -> &Memcached;

    /// What this server holds.
    fn found(&self, server: usize, place: &Place) -> impl Future<Output = Found> + Send;

    /// What this server holds after the change; `None` where others were always faster.
    fn changed(
        &self,
        server: usize,
        place: &Place,
        change: Change,
    ) -> impl Future<Output = Found> + Send;

    /// The epochs of this name.
    fn read_epochs(&self, name: &str) -> impl Future<Output = Result<Epochs, StoreError>> + Send {
        async move {
            let place = Place::new(self.store(), name);
            let known = self.known(&place).await.map_err(told(name))?;
            self.store().beginnings.heard(&place, known);
            Ok(place.of(known))
        }
    }

    /// Raises one of them: on one server, so that no two get the same number, and then the others are told.
    /// One that does not answer is told by who finds it back.
    fn raise_epochs(
        &self,
        name: &str,
        how: Invalidation,
    ) -> impl Future<Output = Result<Epochs, StoreError>> + Send {
        async move {
            let place = Place::new(self.store(), name);
            let servers = in_turn(self.store(), &place);
            let known = match servers.len() {
                1 => Held::default(),
                _ => self.known(&place).await.map_err(told(name))?,
            };
            let change = Change::Raise(how, known);
            let mut failed = None;
            for server in &servers {
                match self.changed(*server, &place, change).await {
                    Ok(Some(raised)) => {
                        let others = servers.iter().copied().filter(|other| other != server);
                        self.restored(others, &place, raised).await;
                        self.store().beginnings.heard(&place, raised);
                        return Ok(place.of(raised));
                    }
                    Ok(None) => return Err(never_still(name)),
                    Err(trouble) => failed = failed.or(Some(trouble)),
                }
            }
            Err(failed.map_or_else(|| never_still(name), told(name)))
        }
    }

    /// Raises them to what somebody knows, on every server that answers.
    fn restore_epochs(
        &self,
        name: &str,
        known: Epochs,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move {
            let place = Place::new(self.store(), name);
            let servers = in_turn(self.store(), &place);
            let known = place.known_by(self.store(), known);
            let all = self.restored(servers, &place, known).await;
            match one_that_answered(all) {
                Ok(held) if held.iter().any(Option::is_some) => Ok(()),
                Ok(_) => Err(never_still(name)),
                Err(trouble) => Err(told(name)(trouble)),
            }
        }
    }

    /// The highest that any server holds, which all that answer hold then.
    fn known(&self, place: &Place) -> impl Future<Output = Result<Held, Trouble>> + Send {
        async move {
            let servers = in_turn(self.store(), place);
            let found = all(servers.iter().map(|server| self.found(*server, place))).await;
            let highest = found.iter().flatten().flatten().copied().reduce(Held::max);
            let behind = servers.iter().zip(&found).filter_map(|(server, found)| {
                let found = found.as_ref().ok()?;
                (highest.is_none() || *found != highest).then_some(*server)
            });
            let mut behind: Vec<usize> = behind.collect();
            one_that_answered(found)?;
            let known = match highest.or_else(|| place.never_raised()) {
                Some(known) if highest.is_none() => return Ok(known),
                Some(known) => known,
                None => {
                    // All have lost it. One begins, and the others are told the same.
                    self.begun(&mut behind, place).await?
                }
            };
            // Who cannot be told now is told when the epochs are read again.
            let told = self.restored(behind, place, known).await;
            Ok(told.into_iter().flatten().flatten().fold(known, Held::max))
        }
    }

    /// Begins anew on the first of these that takes it: one may be full. Left are those that have not been asked.
    fn begun(
        &self,
        servers: &mut Vec<usize>,
        place: &Place,
    ) -> impl Future<Output = Result<Held, Trouble>> + Send {
        async move {
            loop {
                let first = servers.remove(0);
                let begun = self.changed(first, place, Change::Restore(Held::default()));
                match begun.await {
                    Ok(begun) => return Ok(begun.unwrap_or_default()),
                    Err(trouble) if servers.is_empty() => return Err(trouble),
                    Err(_) => {}
                }
            }
        }
    }

    /// Has these servers hold no less than `known`, all at once.
    fn restored(
        &self,
        servers: impl IntoIterator<Item = usize> + Send,
        place: &Place,
        known: Held,
    ) -> impl Future<Output = Vec<Found>> + Send {
        let servers = servers.into_iter();
        let change = Change::Restore(known);
        let each: Vec<_> = servers
            .map(|server| self.changed(server, place, change))
            .collect();
        all(each)
    }
}

/// All servers, the one first that the ring has for this item: who raises begins there.
fn in_turn(store: &Memcached, place: &Place) -> Vec<usize> {
    let first = store.servers.number_of(&place.key);
    let count = store.servers.count();
    (first..count).chain(0..first).collect()
}

/// What those said that answered, or why none did.
fn one_that_answered(found: Vec<Found>) -> Result<Vec<Option<Held>>, Trouble> {
    let (mut answers, mut failed) = (Vec::new(), None);
    for found in found {
        match found {
            Ok(held) => answers.push(held),
            Err(trouble) => failed = failed.or(Some(trouble)),
        }
    }
    match failed {
        Some(trouble) if answers.is_empty() => Err(trouble),
        _ => Ok(answers),
    }
}

fn told(name: &str) -> impl Fn(Trouble) -> StoreError {
    move |trouble| trouble.told(Operation::Epoch, name.as_bytes())
}

fn never_still(name: &str) -> StoreError {
    let why = "others changed them all the time";
    let (name, fault) = (name.as_bytes(), Fault::Unavailable);
    StoreError::new(NAME, Operation::Epoch, name, fault, why)
}

/// Waits for all of these at once.
async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut ends: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, end) in futures.iter_mut().zip(&mut ends) {
            if end.is_none()
                && let Poll::Ready(ended) = future.as_mut().poll(context)
            {
                *end = Some(ended);
            }
        }
        match ends.iter().all(Option::is_some) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    ends.into_iter().flatten().collect()
}

/// In a thread, one server after the other.
impl Everywhere for Memcached {
    fn store(&self) -> &Memcached {
        self
    }

    async fn found(&self, server: usize, place: &Place) -> Found {
        let talk =
            |connection: &mut Connection| alone(connection, async |voice| look(voice, place).await);
        let found = self.servers.talk_with(server, Again::Harmless, talk);
        found.map(|((held, _), _)| held)
    }

    async fn changed(&self, server: usize, place: &Place, change: Change) -> Found {
        let talk = |connection: &mut Connection| {
            alone(connection, async |voice| change.talk(voice, place).await)
        };
        let changed = self.servers.talk_with(server, Again::Harmless, talk);
        changed.map(|(held, _)| held)
    }
}

impl Memcached {
    /// As much of a region's hard epoch as an invalidation raised.
    pub(crate) fn invalidated(&self, region: &str, hard: Epoch) -> Epoch {
        let place = Place::new(self, region);
        self.beginnings.invalidated(&place, hard)
    }
}

impl EpochStore for Memcached {
    fn read<'a>(&'a self, region: &'a str) -> Reply<'a, Epochs> {
        Reply::ready(block_on(self.read_epochs(region)))
    }

    fn raise<'a>(&'a self, region: &'a str, how: Invalidation) -> Reply<'a, Epochs> {
        Reply::ready(block_on(self.raise_epochs(region, how)))
    }

    fn restore<'a>(&'a self, region: &'a str, known: Epochs) -> Reply<'a, ()> {
        Reply::ready(block_on(self.restore_epochs(region, known)))
    }

    fn invalidated(&self, region: &str, hard: Epoch) -> Epoch {
        self.invalidated(region, hard)
    }
}
