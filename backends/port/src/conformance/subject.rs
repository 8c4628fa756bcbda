//! The store under check, and the words in which the checks talk to it.

use std::collections::hash_map::RandomState;
use std::error::Error as StdError;
use std::future::poll_fn;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::thread;

use super::{Form, Runtime, Sample};
use crate::{
    Ask, CachedValue, Commit, Epoch, Lease, LeaseStore, Leased, Metadata, Reply, Span, Stamp,
    Store, Tags, Terms, Time,
};

/// A promise that was broken, in words.
pub(super) type Broken = Box<dyn StdError + Send + Sync>;
pub(super) type Outcome<T = ()> = Result<T, Broken>;

/// Ends the check with what was found unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($found:tt)+) => {
        if !$holds {
            return Err(format!($($found)+).into());
        }
    };
}
pub(super) use ensure;

/// Longer than any check takes.
pub(super) const LONG: Span = Span::from_secs(3_600);

pub(super) struct Subject<V> {
    store: Arc<dyn Store<V>>,
    form: Form,
    runtime: Runtime,
    nonce: u64,
}

/// What is known of an answer to a lease.
#[derive(Debug)]
pub(super) enum Looked<V> {
    Fresh(CachedValue<V>),
    Won(Lease, Option<CachedValue<V>>),
    Lost(Option<CachedValue<V>>),
    Shut(Option<CachedValue<V>>),
}

impl<V: Sample> Subject<V> {
    pub(super) fn new(store: Arc<dyn Store<V>>, form: Form, runtime: Runtime) -> Self {
        Self {
            store,
            form,
            runtime,
            nonce: RandomState::new().hash_one("a check"),
        }
    }

    pub(super) fn store(&self) -> &dyn Store<V> {
        &*self.store
    }

    pub(super) const fn form(&self) -> Form {
        self.form
    }

    pub(super) fn leases(&self) -> Outcome<&dyn LeaseStore<V>> {
        Ok(self
            .store
            .leases()
            .ok_or("the store had leases and has none any longer")?)
    }

    /// A name that no other check uses.
    pub(super) fn name(&self, name: &str) -> String {
        format!("conformance-{:016x}-{name}", self.nonce)
    }

    /// A key that no other check uses.
    pub(super) fn key(&self, name: &str) -> Vec<u8> {
        self.name(name).into_bytes()
    }

    /// The entry with this number: value, epoch and creation time tell it from all others. Every other
    /// one has terms of its own.
    #[allow(clippy::unused_self)] // says which type of value
    pub(super) fn entry(&self, number: u64) -> CachedValue<V> {
        let terms = Terms {
            fresh_for: Some(Span::from_secs(number)),
            tags: Tags::new(number.into()),
            ..Terms::NONE
        };
        CachedValue {
            value: V::sample(number),
            metadata: Metadata {
                stamp: Stamp::NONE,
                epoch: Epoch::new(number),
                created: Time::from_nanos(1_700_000_000_123_456_789 + number),
                terms: if number.is_multiple_of(2) {
                    terms
                } else {
                    Terms::NONE
                },
            },
        }
    }

    /// The answer of `reply`, in the form that is being checked.
    pub(super) fn take<T: Send>(&self, reply: Reply<'_, T>) -> Outcome<T> {
        if self.form == Form::Waiting {
            return Ok(reply.wait()?);
        }
        let mut answer = None;
        (self.runtime)(Box::pin(async { answer = Some(reply.await) }));
        Ok(answer.ok_or("the runtime did not run the future to its end")??)
    }

    /// Polls `reply` once, where it is awaited, and drops it if the answer is not there then. A
    /// good answer that is there is answered: it is the caller's now.
    pub(super) fn poll_once<T: Send>(&self, mut reply: Reply<'_, T>) -> Option<T> {
        if self.form == Form::Waiting {
            return if reply.is_ready() {
                reply.wait().ok()
            } else {
                None
            };
        }
        let mut answer = None;
        (self.runtime)(Box::pin(poll_fn(|context| {
            if let Poll::Ready(Ok(value)) = Pin::new(&mut reply).poll(context) {
                answer = Some(value);
            }
            Poll::Ready(())
        })));
        answer
    }

    pub(super) fn get(&self, key: &[u8]) -> Outcome<Option<CachedValue<V>>> {
        self.take(self.store.get(key))
    }

    pub(super) fn set(&self, key: &[u8], entry: CachedValue<V>) -> Outcome {
        self.take(self.store.set(key, entry, LONG))
    }

    pub(super) fn delete(&self, key: &[u8]) -> Outcome {
        self.take(self.store.delete(key))
    }

    /// Asks for the lease whatever is there, and answers what was said.
    pub(super) fn ask(&self, key: &[u8]) -> Outcome<Looked<V>> {
        self.ask_for(key, &|_| false, None, false)
    }

    pub(super) fn ask_for(
        &self,
        key: &[u8],
        fresh: &(dyn Fn(&Metadata) -> bool + Send + Sync),
        held: Option<Lease>,
        supersede: bool,
    ) -> Outcome<Looked<V>> {
        let time = LONG;
        let ask = Ask {
            fresh,
            held,
            stale: None,
            supersede,
            time,
        };
        let leased = self.take(self.leases()?.lease(key, ask))?;
        Ok(match leased {
            Leased::Fresh(entry) => Looked::Fresh(entry),
            Leased::Won {
                lease,
                seen: Some(seen),
            } if fresh(&seen.metadata) => {
                // The store may leave it to the caller to give back what it does not need.
                let released = self.release(key, &lease)?;
                ensure!(
                    released == Commit::Stored,
                    "a lease beside a fresh value was void at once"
                );
                Looked::Fresh(seen)
            }
            Leased::Won { lease, seen } => Looked::Won(lease, seen),
            Leased::Lost { seen, .. } => Looked::Lost(seen),
            Leased::Shut { seen, .. } => Looked::Shut(seen),
        })
    }

    /// Asks for the lease, which must be free.
    pub(super) fn win(&self, key: &[u8]) -> Outcome<Lease> {
        match self.ask(key)? {
            Looked::Won(lease, _) => Ok(lease),
            other => Err(format!("a free lease was asked for and not given: {other:?}").into()),
        }
    }

    /// Asks for the lease, which must not be free.
    pub(super) fn lose(&self, key: &[u8]) -> Outcome {
        match self.ask(key)? {
            Looked::Lost(_) => Ok(()),
            other => {
                Err(format!("another holds the lease, and still the answer is {other:?}").into())
            }
        }
    }

    pub(super) fn commit(
        &self,
        key: &[u8],
        lease: &Lease,
        entry: CachedValue<V>,
    ) -> Outcome<Commit> {
        self.take(self.leases()?.commit(key, lease, entry, LONG))
    }

    pub(super) fn release(&self, key: &[u8], lease: &Lease) -> Outcome<Commit> {
        self.take(self.leases()?.release(key, lease, false))
    }

    pub(super) fn shut(&self, key: &[u8], lease: &Lease) -> Outcome<Commit> {
        self.take(self.leases()?.shut(key, lease, LONG))
    }

    pub(super) fn renew(&self, key: &[u8], lease: &Lease) -> Outcome<Commit> {
        self.take(self.leases()?.renew(key, lease, LONG))
    }

    /// What is under `key` must be `wanted`, which was stored without a stamp.
    pub(super) fn holds(&self, key: &[u8], wanted: &CachedValue<V>) -> Outcome {
        match self.get(key)? {
            Some(found) if same(&found, wanted) => Ok(()),
            found => Err(format!("{wanted:?} should be there, but get answers {found:?}").into()),
        }
    }

    /// Nothing must be under `key`.
    pub(super) fn is_empty(&self, key: &[u8]) -> Outcome {
        let found = self.get(key)?;
        ensure!(
            found.is_none(),
            "nothing should be there, but get answers {found:?}"
        );
        Ok(())
    }
}

/// Whether both are the same but for the stamp, which a store may give.
pub(super) fn same<V: PartialEq>(one: &CachedValue<V>, other: &CachedValue<V>) -> bool {
    one.value == other.value
        && one.metadata.epoch == other.metadata.epoch
        && one.metadata.created == other.metadata.created
        && one.metadata.terms == other.metadata.terms
}

/// Runs `work` on as many threads at once, each with its number, and gathers what they answer.
pub(super) fn together<T: Send>(
    threads: usize,
    work: impl Fn(usize) -> Outcome<T> + Sync,
) -> Outcome<Vec<T>> {
    together_from(0, threads, work)
}

/// The same with the thread of this number as the first to stand ready. The last one sets out first, for
/// it need not be woken: races are run from each end in turn.
pub(super) fn together_from<T: Send>(
    first: u64,
    threads: usize,
    work: impl Fn(usize) -> Outcome<T> + Sync,
) -> Outcome<Vec<T>> {
    let start = Barrier::new(threads);
    let first = usize::try_from(first % threads as u64).unwrap_or(0);
    let mut answers = thread::scope(|scope| {
        let run = |number| {
            let (start, work) = (&start, &work);
            let running = scope.spawn(move || {
                start.wait();
                work(number)
            });
            (number, running)
        };
        let running: Vec<_> = (first..threads).chain(0..first).map(run).collect();
        let joined = running.into_iter().map(|(number, thread)| {
            let answer = thread.join();
            (
                number,
                answer.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            )
        });
        joined.collect::<Vec<_>>()
    });
    answers.sort_by_key(|(number, _)| *number);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
