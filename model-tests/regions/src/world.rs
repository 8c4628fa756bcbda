//! One region, its source and its books.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dogpile::backend::{Span, Time};
use dogpile::model::time;
use dogpile::{Clock, Config, Invalidation, Origin, Region};
use shuttle::sync::Mutex;
use shuttle::thread;

use crate::books::Asked;
use crate::value::{Shared, Value};

/// The keys there are.
pub const KEYS: [&str; 3] = ["a", "b", "c"];

/// So often is another task let on before the end is given up for.
const PATIENCE: usize = 5_000;

/// The execution's time. It does not wake: who waits for it parks, or has the keeper wake it.
struct Passing;

impl Clock for Passing {
    fn monotonic(&self) -> Time {
        Time::ZERO
            .after(Span::from_secs(3_600))
            .after(Span::from_duration(time::now()))
    }

    fn wall(&self) -> Time {
        self.monotonic()
    }
}

/// One region and what is written of it.
pub struct World {
    /// The region.
    pub region: Region<Value>,
    /// What is written.
    pub books: Shared,
    /// Whoever writes to the source writes alone.
    writing: Mutex<()>,
}

impl World {
    /// A region of this configuration, by the execution's time.
    ///
    /// # Panics
    /// When the configuration is refused.
    pub fn new(config: Config<Value>, books: Shared) -> Arc<Self> {
        let region = Region::new("model");
        let configured = region.configure(config.clock(Arc::new(Passing)));
        assert!(configured.is_ok(), "{configured:?}");
        Arc::new(Self {
            region,
            books,
            writing: Mutex::new(()),
        })
    }

    /// Something happened.
    pub fn sign(&self, sign: &'static str) {
        self.books.open().signs.insert(sign);
    }

    /// A call for `key` begins.
    pub fn ask(&self, key: usize) -> Asked {
        self.books.open().ask(key)
    }

    /// Writes to the source, then to the region.
    fn write(&self, key: usize, write: impl FnOnce(u64) -> bool) {
        let _alone = self.writing.lock();
        let (version, index) = {
            let mut books = self.books.open();
            (books.raise(key), books.supersedes(key))
        };
        let well = write(version);
        let mut books = self.books.open();
        books.superseded(key, index);
        if well {
            books.leaves(key, version);
        }
    }

    /// The source changes, and then the value is removed.
    pub fn delete(&self, key: usize) {
        self.write(key, |_| self.region.delete(KEYS[key]).is_ok());
    }

    /// The same in a task.
    pub fn delete_async(&self, key: usize) {
        self.write(key, |_| {
            shuttle::future::block_on(self.region.delete_async(KEYS[key])).is_ok()
        });
    }

    fn outside(&self, key: usize, version: u64) -> Value {
        let maker = self.books.open().outside(key);
        Value::new(&self.books, key, version, maker)
    }

    /// The source changes, and then the value is what it is now.
    pub fn set(&self, key: usize) {
        self.write(key, |version| {
            let value = self.outside(key, version);
            self.region.set(KEYS[key], value).is_ok()
        });
    }

    /// The same in a task.
    pub fn set_async(&self, key: usize) {
        self.write(key, |version| {
            let value = self.outside(key, version);
            shuttle::future::block_on(self.region.set_async(KEYS[key], value)).is_ok()
        });
    }

    /// Everything in the source changes, and then the region is told.
    pub fn invalidate(&self, how: Invalidation) {
        let _alone = self.writing.lock();
        let raise = |key| self.books.open().raise(key);
        let versions: Vec<u64> = (0..KEYS.len()).map(raise).collect();
        if self.region.invalidate(how).is_err() {
            return;
        }
        let mut books = self.books.open();
        for (key, version) in versions.into_iter().enumerate() {
            match how {
                Invalidation::Hard => books.leaves(key, version),
                Invalidation::Soft => books.leaves_stale(key, version),
            }
        }
    }

    /// What a key's value is made of changes in the source, and then its tag is invalidated, which is its key.
    pub fn invalidate_tag(&self, key: usize, how: Invalidation) {
        let _alone = self.writing.lock();
        let version = self.books.open().raise(key);
        if self.region.invalidate_tag(KEYS[key], how).is_err() {
            return;
        }
        let mut books = self.books.open();
        match how {
            Invalidation::Hard => books.leaves(key, version),
            Invalidation::Soft => books.leaves_stale(key, version),
        }
        books.signs.insert("a tag invalidated");
    }

    /// Whatever was asked of the region has ended: nothing may be left of it (law 6).
    ///
    /// # Panics
    /// When something is.
    pub fn end(self: Arc<Self>) -> BTreeSet<&'static str> {
        let Ok(world) = Arc::try_unwrap(self) else {
            panic!("everybody has ended");
        };
        let signs = world.books.open().signs.clone();
        let quiet = || {
            let idle = {
                let books = world.books.open();
                books.handed_over == 0 && books.at_work() == 0
            };
            idle && world.region.flights() == 0
        };
        until(quiet, "a flight is left in the table, or a creator at work");
        for key in KEYS {
            assert!(!world.region.is_being_created(key), "law 6");
            let deleted = world.region.delete(key);
            assert!(deleted.is_ok(), "{deleted:?}");
            let created = world.region.at(key).create(|| world.outside(0, 0));
            match created {
                Ok(answer) => assert_eq!(answer.origin, Origin::Created, "law 6: free at once"),
                Err(error) => panic!("law 6: {error}"),
            }
        }
        let Self { region, books, .. } = world;
        drop(region);
        until(
            || books.open().handles.is_empty(),
            "a value is never dropped",
        );
        signs
    }
}

/// Lets the others go on until something is so: our own workers, say, for whom nobody waits.
///
/// # Panics
/// When it never is.
fn until(is_so: impl Fn() -> bool, or: &str) {
    for _ in 0..PATIENCE {
        if is_so() {
            return;
        }
        thread::yield_now();
    }
    panic!("{or}");
}

/// Runs each of `tasks` in a thread of its own, to its end.
///
/// # Panics
/// When one does.
pub fn together(tasks: impl IntoIterator<Item = Box<dyn FnOnce() + Send>>) {
    let threads: Vec<_> = tasks.into_iter().map(thread::spawn).collect();
    for thread in threads {
        assert!(thread.join().is_ok());
    }
}

/// Lets others go on, or not.
pub fn step() {
    thread::sleep(Duration::ZERO);
}
