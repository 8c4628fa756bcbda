//! Real threads over a region in memory that evicts: readers that borrow, writers, maintenance,
//! creators that fail and panic, and tasks that are cancelled. No value is freed while it is read,
//! and all are dropped once.

mod common;

use std::sync::LazyLock;
use std::time::Duration;

use common::crew::{self, pause};
use common::{Random, Seen, rounds_of, sanitizer, threads};
use dogpile::backend::{Clock, Span, Store, SystemClock};
use dogpile::{Config, Invalidation, Memory, Region};
use dogpile_stress::counted::{Counted, Ledger};

static LEDGER: LazyLock<Ledger> = LazyLock::new(|| Ledger::new(1 << 20));

const KEYS: u64 = 24;
const ROOM: usize = 8;
const STEPS: usize = 2_000;

/// Now and then: too late for a value, early enough for the next.
const SHORT: Duration = Duration::from_micros(50);

fn value(key: u64) -> Counted {
    Counted::new(&LEDGER, key)
}

struct World {
    region: Region<Counted>,
    memory: Memory<Counted>,
}

impl World {
    /// Every other round on the straight path of a hit, for ever fresh; the others with stale
    /// values.
    fn new(round: u64) -> Self {
        let memory = Memory::weighted(ROOM as u64, |_, _| 1);
        let memory = memory.on_eviction(|key, value: &Counted, _| value.check(number(key)));
        let config = Config::new(memory.clone());
        let config = if round.is_multiple_of(2) {
            config
        } else {
            config.fresh_for(SHORT).stale_for(SHORT)
        };
        let region = Region::new("stress");
        region.configure(config).expect("configured once");
        Self { region, memory }
    }

    /// What threads do.
    fn block(&self, round: u64, thread: u64) -> Seen {
        let mut random = Random::new(round, thread);
        let mut seen = Seen::default();
        for _ in 0..STEPS {
            let key = random.below(KEYS);
            let bytes = key.to_be_bytes();
            match random.below(32) {
                0..8 => self.borrow(key, &mut random, &mut seen),
                8..12 => {
                    if let Some(value) = self.region.get(bytes).expect("memory answers") {
                        value.check(key);
                        seen.reads += 1;
                    }
                }
                12..16 => self.region.set(bytes, value(key)).expect("memory answers"),
                16..18 => self.region.delete(bytes).expect("memory answers"),
                18..27 => self.create(key, &mut random, &mut seen),
                27..29 => {
                    let made = self.region.refresh(bytes, || Ok::<_, ()>(value(key)));
                    made.expect("its creator makes one").check(key);
                }
                29 => self.memory.clear(),
                30 => {
                    let now = SystemClock.monotonic();
                    let late = now.after(Span::from_secs(random.below(2) * 3_600));
                    self.memory.maintain(late);
                }
                _ => {
                    let how = [Invalidation::Hard, Invalidation::Soft][usize::from(key > 12)];
                    self.region.invalidate(how).expect("memory answers");
                }
            }
        }
        seen
    }

    /// Reads a value in place, and has it taken out meanwhile.
    fn borrow(&self, key: u64, random: &mut Random, seen: &mut Seen) {
        let bytes = key.to_be_bytes();
        let how = random.below(4);
        let read = self.region.read(bytes, |lent| {
            lent.check(key);
            match how {
                0 => self.memory.delete(&bytes),
                1 => self.region.set(bytes, value(key)).expect("memory answers"),
                2 => self.push_out(key),
                _ => std::thread::yield_now(),
            }
            std::thread::yield_now();
            lent.check(key);
            how < 2
        });
        if let Some(outlived) = read.expect("memory answers") {
            seen.reads += 1;
            seen.outlived += usize::from(outlived);
        }
    }

    fn push_out(&self, key: u64) {
        for other in (0..KEYS).filter(|other| *other != key) {
            let other_bytes = other.to_be_bytes();
            self.region
                .set(other_bytes, value(other))
                .expect("memory answers");
        }
    }

    fn create(&self, key: u64, random: &mut Random, seen: &mut Seen) {
        let end = random.below(16);
        let call = || {
            self.region
                .get_or_try_create(key.to_be_bytes(), || match end {
                    0 => Err("the source is away"),
                    1 => std::panic::resume_unwind(Box::new("a creator panics")),
                    2 => {
                        self.memory.delete(&key.to_be_bytes());
                        Ok(value(key))
                    }
                    _ => Ok(value(key)),
                })
        };
        let called = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
        if let Ok(Ok(value)) = called {
            value.check(key);
            seen.reads += 1;
        }
    }

    /// What tasks do.
    fn tasks(&self, round: u64, thread: u64) -> Seen {
        let mut random = Random::new(round, thread);
        crew::work(STEPS, &mut random, |random, begun| {
            let (key, polls, fails) = (random.below(KEYS / 4), random.below(4), random.below(8));
            Box::pin(async move {
                let create = async move || {
                    begun.set(true);
                    let made = value(key);
                    for _ in 0..polls {
                        pause().await;
                    }
                    if fails == 0 {
                        Err("the source is away")
                    } else {
                        Ok(made)
                    }
                };
                let called = self
                    .region
                    .get_or_try_create_async(key.to_be_bytes(), create);
                if let Ok(value) = called.await {
                    value.check(key);
                }
            })
        })
    }
}

fn number(key: &[u8]) -> u64 {
    key.try_into().map_or(u64::MAX, u64::from_be_bytes)
}

#[test]
fn values_of_a_region_live_as_long_as_they_are_read() {
    rounds_of("a region in memory, 5 threads", &LEDGER, |round| {
        let world = World::new(round);
        let block = |thread| world.block(round, thread);
        let tasks = |thread| world.tasks(round, thread);
        threads(&[&block, &block, &block, &tasks, &tasks])
    });
}

#[test]
fn the_sanitizer_bites() {
    sanitizer::bites();
}
