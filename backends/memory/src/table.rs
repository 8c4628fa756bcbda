//! The map with what its writers share.

use dogpile_backend::{CachedValue, News, Span};
use parking_lot::Mutex;

use crate::bells::Bells;
use crate::eviction::Ear;
use crate::key::{Key, KeyHash, Place, Wanted};
use crate::node::{Node, Stamps};
use crate::s3_fifo::S3Fifo;
use crate::turn::Turn;

pub(crate) type Map<V> = papaya::HashMap<Key, Node<V>, KeyHash>;
pub(crate) type Weigher<V> = dyn Fn(&[u8], &V) -> u32 + Send + Sync;

/// How many writers of different keys an unbounded store lets in at once.
const STRIPES: usize = 64;

/// What writers of the same stripe share; a turn holds its lock.
#[derive(Default)]
#[repr(align(64))] // no two stripes on one cache line
pub(crate) struct Stripe {
    pub(crate) stamps: Stamps,
    /// How many entries of this stripe are claims.
    pub(crate) claims: usize,
    pub(crate) bells: Bells,
    /// The queues of a bounded store, which has one stripe.
    pub(crate) policy: Option<S3Fifo<Place>>,
}

pub(crate) struct Table<V> {
    pub(crate) map: Map<V>,
    pub(crate) ear: Ear<V>,
    weigher: Option<Box<Weigher<V>>>,
    stripes: Box<[Mutex<Stripe>]>,
}

impl<V: Send + 'static> Table<V> {
    pub(crate) fn unbounded() -> Self {
        Self::new(None, (0..STRIPES).map(|_| Mutex::default()).collect())
    }

    /// A table of at most `capacity`, counted in entries where nobody weighs them.
    pub(crate) fn bounded(capacity: u64, weigher: Option<Box<Weigher<V>>>) -> Self {
        let stripe = Stripe {
            policy: Some(S3Fifo::new(capacity)),
            ..Stripe::default()
        };
        Self::new(weigher, Box::new([Mutex::new(stripe)]))
    }

    fn new(weigher: Option<Box<Weigher<V>>>, stripes: Box<[Mutex<Stripe>]>) -> Self {
        Self {
            map: papaya::HashMap::with_hasher(KeyHash),
            ear: Ear::default(),
            weigher,
            stripes,
        }
    }
}

impl<V> Table<V> {
    /// Lends the value under `key`, and `with` to use it; gives `with` back where there is none. This
    /// is the path of a hit: no lock, no clock, no allocation, and no write but that of a mark which is
    /// not full yet.
    #[inline(always)]
    pub(crate) fn lend<W, R, B: FnOnce(CachedValue<&V>, W) -> R>(
        &self,
        key: &[u8],
        with: W,
        borrow: B,
    ) -> Result<R, W> {
        let map = self.map.pin();
        match map.get(&Wanted::<B>::by(key)) {
            Some(node) => node.lend(with, borrow),
            None => Err(with),
        }
    }

    /// Stores a value whoever holds a lease.
    pub(crate) fn set(&self, key: &[u8], entry: CachedValue<V>, ttl: Span) {
        let weight = self.weigh(key, &entry.value);
        let guard = self.map.guard();
        let mut turn = Turn::take(self, &guard, key);
        turn.put(entry, ttl, weight);
        turn.end();
    }

    pub(crate) fn delete(&self, key: &[u8]) {
        let guard = self.map.guard();
        let mut turn = Turn::take(self, &guard, key);
        turn.delete();
        turn.end();
    }

    /// What `value` weighs; at least one, so that a bound on the weight also bounds the entries. The
    /// weigher is the user's code: to be called with no lock held.
    pub(crate) fn weigh(&self, key: &[u8], value: &V) -> u32 {
        self.weigher
            .as_ref()
            .map_or(1, |weigher| weigher(key, value).max(1))
    }

    /// The lock under which writers of a key with this hash take turns.
    pub(crate) fn stripe(&self, hash: u64) -> &Mutex<Stripe> {
        // The map places entries by the low bits, so keys that meet there need not meet here.
        let high = usize::try_from(hash >> 32).unwrap_or_default();
        &self.stripes[high % self.stripes.len()]
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        if let Some(policy) = &self.stripes[0].lock().policy {
            return policy.len();
        }
        let claims: usize = self.stripes.iter().map(|stripe| stripe.lock().claims).sum();
        self.map.len().saturating_sub(claims)
    }

    /// What the values weigh together.
    pub(crate) fn weight(&self) -> u64 {
        let first = self.stripes[0].lock();
        if let Some(policy) = &first.policy {
            return policy.weight();
        }
        drop(first);
        self.len() as u64
    }

    /// Removes everything and voids every lease.
    pub(crate) fn clear(&self) {
        let guard = self.map.guard();
        let mut stripes: Vec<_> = self.stripes.iter().map(Mutex::lock).collect();
        self.map.clear(&guard);
        let mut bells = Vec::new();
        for stripe in &mut stripes {
            stripe.claims = 0;
            if let Some(policy) = &mut stripe.policy {
                policy.clear();
            }
            bells.extend(stripe.bells.all());
        }
        drop(stripes);
        for bell in bells {
            bell(News::Changed);
        }
    }
}
