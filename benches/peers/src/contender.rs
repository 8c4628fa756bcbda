//! What a cache offers to take part: one small trait, of which it implements the courses it can run.
//!
//! A course is answered with a closure that already holds the cache, built before anything is measured. The loops around those
//! closures are the same for everybody; a contender decides nothing but how its own cache is called.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The value of the `hit` and `wake` courses: a shared block of 64 bytes.
pub type Value = Arc<[u8; 64]>;

/// A cache that takes part. Every course has a default of "stays away".
pub trait Contender: Sync {
    /// The cache's name in tables and JSON.
    fn name(&self) -> &'static str;

    /// The crate whose version a row reports, or `std`.
    fn package(&self) -> &'static str;

    /// `hit`: the calls to be measured, each on a cache that already holds every key of `stock` and will not drop one.
    fn hits(&self, stock: &Stock) -> Vec<HitCall> {
        let _ = stock;
        Vec::new()
    }

    /// `wake`, threads: a get-or-create that blocks until the value is there.
    fn thread_door(&self) -> Option<ThreadDoor> {
        None
    }

    /// `wake`, tasks: a get-or-create that is awaited.
    fn task_door(&self) -> Option<TaskDoor> {
        None
    }

    /// `hitratio`: an empty cache for `capacity` entries.
    fn replay(&self, capacity: usize) -> Option<Replay> {
        let _ = capacity;
        None
    }

    /// `memory`: an empty cache that keeps every one of `entries` entries.
    fn hoard(&self, entries: usize) -> Option<Hoard> {
        let _ = entries;
        None
    }
}

/// A blocking get-or-create: a key, and a creator that runs if nobody else created the value yet.
pub type ThreadDoor = Arc<dyn Fn(&str, &dyn Fn() -> Value) -> Value + Send + Sync>;

/// An awaited get-or-create: a key, and what makes the creator's future if one is needed.
pub type TaskDoor = Arc<dyn Fn(Arc<str>, TaskCreator) -> Pending + Send + Sync>;

/// Makes the future of one creation.
pub type TaskCreator = Arc<dyn Fn() -> Pending + Send + Sync>;

/// A boxed future of a value; everybody pays for the box alike.
pub type Pending = Pin<Box<dyn Future<Output = Value> + Send>>;

/// A bounded cache under a trace.
pub struct Replay {
    /// One access: creates and stores the entry of this key unless it is there; tells whether it was.
    pub ask: Box<dyn FnMut([u8; 4]) -> bool>,
    /// How many entries are held now.
    pub held: Box<dyn Fn() -> usize>,
}

/// Stores one entry of the `memory` course and keeps the cache alive.
pub type Hoard = Box<dyn FnMut(&str, u64)>;

/// What a caller of a hit gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Its own clone of the value, which writes to a reference count that all callers share.
    Clone,
    /// A borrow for the length of a closure, which writes nothing that is shared.
    Borrow,
}

/// One way of calling one cache, ready to be measured.
pub struct HitCall {
    /// The name in tables and JSON.
    pub name: &'static str,
    /// Whether a hit clones or borrows.
    pub answer: Answer,
    /// Whether a hit checks that the entry has not expired.
    pub expiry: bool,
    lap: Lap,
}

impl HitCall {
    /// A call that hands out a clone.
    pub fn cloning(
        name: &'static str,
        expiry: bool,
        call: impl Fn(&str) -> Value + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            answer: Answer::Clone,
            expiry,
            lap: lap(call),
        }
    }

    /// A call that borrows; it returns the first byte of the value, so that the value is really read.
    pub fn borrowing(
        name: &'static str,
        expiry: bool,
        call: impl Fn(&str) -> u8 + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            answer: Answer::Borrow,
            expiry,
            lap: lap(call),
        }
    }

    /// Asks for each of `keys` once, `laps` times over.
    pub fn run(&self, keys: &[&str], laps: u64) {
        (self.lap)(keys, laps);
    }
}

/// Asks for a sequence of keys, so many times over.
type Lap = Box<dyn Fn(&[&str], u64) + Send + Sync>;

/// The measured loop: compiled once per call, so that no indirect call stands inside it.
fn lap<R>(call: impl Fn(&str) -> R + Send + Sync + 'static) -> Lap {
    Box::new(move |keys, laps| {
        for _ in 0..laps {
            for key in keys {
                black_box(call(black_box(key)));
            }
        }
    })
}

/// The keys of the `hit` course, and the count of creators that ran although every key was stored.
#[derive(Clone)]
pub struct Stock {
    keys: Arc<[String]>,
    misses: Arc<AtomicU64>,
}

impl Stock {
    /// A stock of these keys.
    pub fn new(keys: Vec<String>) -> Self {
        Self {
            keys: keys.into(),
            misses: Arc::default(),
        }
    }

    /// Every key a cache has to hold.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The value that is stored under every key.
    pub fn value() -> Value {
        Arc::new([7; 64])
    }

    /// The creator of a measured call. It should never run; that it did is counted and fails the run.
    pub fn missed(&self) -> Value {
        self.misses.fetch_add(1, Ordering::Relaxed);
        Self::value()
    }

    /// Creators that ran since the last call of this function.
    pub fn take_misses(&self) -> u64 {
        self.misses.swap(0, Ordering::Relaxed)
    }
}
