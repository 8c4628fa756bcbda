//! The store as threads and tasks see it: a thread talks by itself, on a connection that it has
//! alone; what a task asks is left with the thread that talks for all of them.

mod epochs;
mod leases;

use std::future::Future;
use std::sync::Arc;

use dogpile_backend::record;
use dogpile_backend::{
    Backend, CachedValue, Coming, EpochStore, LeaseStore, Operation, Payload, Reply, Span, Store,
    StoreError, TwoWay,
};

use crate::job::{Talk, Talking};
use crate::keys::{Key, Room};
use crate::mail::{Unwanted, mail};
use crate::memcached::{found, removed, stored};
use crate::pipeline::Pipeline;
use crate::pool::Again;
use crate::protocol::Request;
use crate::trouble::{NAME, Trouble};
use crate::voice::{Turn, Voice};
use crate::{Memcached, token};

/// A [`Memcached`] as a store: threads wait for their own answers, and what tasks ask at the same time
/// goes to each server together. A region's calls about many keys are such tasks, so 100 keys take as
/// many round trips as one, as long as what is asked and stored fits into 32 KiB.
///
/// A reply that is dropped before its request was sent makes the call never happen; once sent, a
/// call goes on to its end, and later writes of tasks to its key come after it. A lease that is won for a
/// caller who is gone is given back.
///
/// Beside Python each call takes its thread, and so does a task's, as a region has it.
///
/// ```
/// use dogpile_memcached::{Memcached, Pipelined};
/// let store = Pipelined::new(Memcached::open("memcached://127.0.0.1:11211")?);
/// assert_eq!(store.memcached().unreadable(), 0);
/// # Ok::<(), dogpile_memcached::BadSettings>(())
/// ```
pub struct Pipelined {
    memcached: Arc<Memcached>,
    pipeline: Arc<Pipeline>,
}

impl Pipelined {
    /// `memcached` as a store. Its threads start when a task asks something, one for each server, and
    /// end after ten seconds without.
    pub fn new(memcached: Memcached) -> Self {
        Self {
            pipeline: Arc::new(Pipeline::new(&memcached.servers)),
            memcached: Arc::new(memcached),
        }
    }

    /// The client itself.
    pub fn memcached(&self) -> &Memcached {
        &self.memcached
    }

    /// Leaves a conversation with the thread of the server that has this key.
    async fn ask<T, F>(&self, place: &Key<'_>, again: Again, talk: F) -> Result<T, Trouble>
    where
        T: Send + 'static,
        F: Fn(Turn) -> Talk<T> + Send + 'static,
    {
        self.ask_for(place, again, talk, None).await
    }

    /// The same; a good answer that nobody takes goes to `unwanted`.
    async fn ask_for<T, F>(
        &self,
        place: &Key<'_>,
        again: Again,
        talk: F,
        unwanted: Option<Unwanted<Option<T>>>,
    ) -> Result<T, Trouble>
    where
        T: Send + 'static,
        F: Fn(Turn) -> Talk<T> + Send + 'static,
    {
        let server = self.memcached.servers.number_of(place);
        self.ask_server(server, again, talk, unwanted).await
    }

    /// The same with the server of this number.
    async fn ask_server<T, F>(
        &self,
        server: usize,
        again: Again,
        talk: F,
        unwanted: Option<Unwanted<Option<T>>>,
    ) -> Result<T, Trouble>
    where
        T: Send + 'static,
        F: Fn(Turn) -> Talk<T> + Send + 'static,
    {
        self.memcached.servers.left_alone(server)?;
        let (left, awaited) = mail(unwanted);
        let job = Talking {
            again,
            line: None,
            always: false,
            talk,
            mail: left,
        };
        self.pipeline.leave(server, Box::new(job));
        match awaited.await? {
            Some(answer) => Ok(answer),
            None => unreachable!("it may talk on any connection, so there is one"),
        }
    }
}

/// What a thread does at once and a task later, with what both need for it.
struct Ways<I, W, L> {
    input: I,
    wait: W,
    later: L,
}

impl<'a, T, I, W, L> TwoWay<'a, T> for Ways<I, W, L>
where
    I: Send,
    W: FnOnce(I) -> Result<T, StoreError> + Send,
    L: FnOnce(I) -> Coming<'a, T> + Send,
{
    fn wait(self: Box<Self>) -> Result<T, StoreError> {
        let Self { input, wait, .. } = *self;
        wait(input)
    }

    fn later(self: Box<Self>) -> Coming<'a, T> {
        let Self { input, later, .. } = *self;
        later(input)
    }
}

impl Pipelined {
    /// The call in both ways; beside Python only in that of threads.
    fn call<'a, T, I, W, L>(&self, input: I, wait: W, later: L) -> Reply<'a, T>
    where
        I: Send + 'a,
        W: FnOnce(I) -> Result<T, StoreError> + Send + 'a,
        L: FnOnce(I) -> Coming<'a, T> + Send + 'a,
    {
        if self.memcached.is_beside_python() {
            return Reply::ready(wait(input));
        }
        Reply::either(Ways { input, wait, later })
    }
}

/// A future, of no type that anybody need name.
fn coming<'a, T>(future: impl Future<Output = Result<T, StoreError>> + Send + 'a) -> Coming<'a, T> {
    Box::pin(future)
}

/// What a task does.
impl Pipelined {
    async fn get_later(&self, key: &[u8]) -> Result<Option<CachedValue<Payload>>, StoreError> {
        let place = self.memcached.keys.key(Room::Value, key);
        let known = place.clone();
        let talk = move |turn| -> Talk<_> {
            let place = known.clone();
            Box::pin(async move { found(&mut Voice::Among(turn), &place).await })
        };
        let asked = self.ask(&place, Again::Harmless, talk).await;
        let item = asked.map_err(|trouble| trouble.told(Operation::Get, key))?;
        item.map_or(Ok(None), |item| self.memcached.entry_of(key, item))
    }

    async fn set_later(
        &self,
        key: &[u8],
        mut entry: CachedValue<Payload>,
        ttl: Span,
    ) -> Result<(), StoreError> {
        entry.metadata.stamp = token::mint();
        let place = self.memcached.keys.key(Room::Value, key);
        let known = Arc::new((place.clone(), record::encode(&entry)));
        let (flags, seconds) = (
            self.memcached.client_flags,
            self.memcached.time_to_live(ttl),
        );
        let talk = move |turn| -> Talk<_> {
            let known = Arc::clone(&known);
            Box::pin(async move {
                let (place, body) = &*known;
                stored(&mut Voice::Among(turn), place, body, flags, seconds).await
            })
        };
        let asked = self.ask(&place, Again::Never, talk).await;
        asked.map_err(|trouble| trouble.told(Operation::Set, key))
    }

    async fn delete_later(&self, key: &[u8]) -> Result<(), StoreError> {
        let place = self.memcached.keys.key(Room::Value, key);
        let known = place.clone();
        let talk = move |turn| -> Talk<_> {
            let place = known.clone();
            Box::pin(async move { removed(&mut Voice::Among(turn), Request::delete(&place)).await })
        };
        let asked = self.ask(&place, Again::Harmless, talk).await;
        asked
            .map(drop)
            .map_err(|trouble| trouble.told(Operation::Delete, key))
    }
}

impl Store<Payload> for Pipelined {
    fn name(&self) -> &str {
        NAME
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<Payload>>> {
        self.call(
            (),
            |()| self.memcached.get(key),
            |()| coming(self.get_later(key)),
        )
    }

    fn get_blocking(&self, key: &[u8]) -> Result<Option<CachedValue<Payload>>, StoreError> {
        self.memcached.get(key)
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<Payload>, ttl: Span) -> Reply<'a, ()> {
        self.call(
            entry,
            move |entry| self.memcached.set(key, entry, ttl),
            move |entry| coming(self.set_later(key, entry, ttl)),
        )
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        self.call(
            (),
            |()| self.memcached.delete(key),
            |()| coming(self.delete_later(key)),
        )
    }

    /// Beside Python each call is a thread's.
    fn blocks(&self) -> bool {
        self.memcached.is_beside_python()
    }

    fn unreadable(&self) -> u64 {
        self.memcached.unreadable()
    }

    fn leases(&self) -> Option<&dyn LeaseStore<Payload>> {
        Some(self)
    }

    fn epochs(&self) -> Option<&dyn EpochStore> {
        Some(self)
    }
}
