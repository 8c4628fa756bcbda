//! Whatever is done to a region in memory, it answers like a plain map, and what is missing from it
//! left by itself and was told to.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arbitrary::Arbitrary;
use dogpile::backend::{Clock, Invalidation, LengthConditional, ManualClock, Prefix, Span, Store};
use dogpile::{Config, Memory, Region};
use dogpile_memory::Eviction;

use crate::operations::{self, Creation, Ended, Fault, Left, Spans, Step, Subject};

/// A region's configuration and a program.
#[derive(Arbitrary, Clone, Debug)]
pub struct Input {
    setting: Setting,
    program: Vec<Step>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Setting {
    /// On the machine's clock and with keys as they are: the straight path of a hit.
    straight: bool,
    spans: Spans,
    /// For how many entries there is room, modulo twelve; more than seven is unbounded.
    room: u8,
    mangled: u8,
}

/// Keys around the lengths at which they are compared in another way.
const KEYS: [&[u8]; 8] = [
    b"",
    b"a",
    b"aaaaaaa",
    b"aaaaaaaa",
    b"aaaaaaab",
    b"aaaaaaaaaaaaaaaa",
    b"aaaaaaaaaaaaaaab",
    &[b'a'; 130],
];

/// Longer than all that a program may let pass.
const CREATION_LIMIT: Duration = Duration::from_secs(1_000_000);

/// Runs the program.
///
/// # Panics
/// If the region does what the plain map does not.
pub fn check(input: &Input) {
    let Setting {
        straight,
        spans,
        room,
        mangled,
    } = input.setting;
    let spans = if straight { Spans::FOREVER } else { spans };
    let clock = Arc::new(ManualClock::new());
    let left: Arc<Mutex<Vec<Told>>> = Arc::default();
    let ear = Arc::clone(&left);
    let room = Some(usize::from(room % 12)).filter(|room| *room < 8);
    let memory = room.map_or_else(Memory::unbounded, Memory::bounded);
    let memory = memory.on_eviction(move |key, value, why| {
        let told = (key.to_vec(), *value, why == Eviction::Expired);
        ear.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(told);
    });
    let config = Config::new(memory.clone())
        .fresh_for(spans.fresh_for())
        .stale_for(spans.stale_for())
        .deadline(Duration::MAX)
        .creation_limit(CREATION_LIMIT);
    let config = match mangled % 3 {
        _ if straight => config,
        0 => config.clock(clock.clone()),
        1 => config.clock(clock.clone()).key_mangler(Prefix::new("p:")),
        _ => config
            .clock(clock.clone())
            .key_mangler(LengthConditional::new(8, Prefix::new("long:"))),
    };
    let region = Region::new("fuzzed");
    if let Err(error) = region.configure(config) {
        panic!("{error}");
    }
    let subject = InMemory {
        region,
        memory,
        clock: clock.clone(),
        room,
        left,
    };
    operations::run(&subject, &clock, spans, &input.program);
}

/// Key, value, and whether its time was over.
type Told = (Vec<u8>, u64, bool);

struct InMemory {
    region: Region<u64>,
    memory: Memory<u64>,
    clock: Arc<ManualClock>,
    room: Option<usize>,
    left: Arc<Mutex<Vec<Told>>>,
}

fn expect<T, E: std::fmt::Display>(answer: Result<T, E>) -> T {
    answer.unwrap_or_else(|error| panic!("memory does not fail: {error}"))
}

impl Subject for InMemory {
    fn get(&self, key: usize) -> Option<u64> {
        expect(self.region.get(KEYS[key]))
    }

    fn read(&self, key: usize) -> Option<u64> {
        expect(self.region.read(KEYS[key], |value| *value))
    }

    fn set(&self, key: usize, value: u64) {
        expect(self.region.set(KEYS[key], value));
    }

    fn delete(&self, key: usize) {
        expect(self.region.delete(KEYS[key]));
    }

    fn invalidate(&self, how: Invalidation) {
        expect(self.region.invalidate(how));
    }

    fn create(
        &self,
        key: usize,
        refresh: bool,
        creator: &mut dyn FnMut() -> Result<u64, Fault>,
    ) -> Ended {
        if refresh {
            return self.region.refresh(KEYS[key], creator);
        }
        self.region.get_or_try_create(KEYS[key], creator)
    }

    fn begin<'a>(
        &'a self,
        key: usize,
        creation: Creation<'a>,
    ) -> Pin<Box<dyn Future<Output = Ended> + 'a>> {
        let call = self
            .region
            .get_or_try_create_async(KEYS[key], || creation.run());
        Box::pin(call)
    }

    fn is_being_created(&self, key: usize) -> bool {
        self.region.is_being_created(KEYS[key])
    }

    fn is_single(&self) -> bool {
        false
    }

    fn sweep(&self, late: bool) {
        let now = self.clock.monotonic();
        let now = if late {
            now.after(Span::from_duration(CREATION_LIMIT * 2))
        } else {
            now
        };
        self.memory.maintain(now);
    }

    fn left(&self) -> Vec<Left> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let told = left.drain(..).map(|(key, value, expired)| {
            let own = operations::key_of_value(value);
            assert!(key.ends_with(KEYS[own]), "{value} left under its own key");
            Left {
                key: own,
                value,
                expired,
            }
        });
        told.collect()
    }

    fn room(&self) -> Option<(usize, usize)> {
        Some((self.room.unwrap_or(usize::MAX), self.memory.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::Operation::{Advance, Create, Delete, Get, Set};

    /// A refresh that fails frees its key for the next; a value that is deleted while it is created
    /// does not come back; a task's heir creates in its stead.
    #[test]
    fn what_ends_badly_leaves_nothing() {
        let alone = |operation| Step::Do(operation, Vec::new());
        let program = vec![
            alone(Set(0)),
            alone(Advance(20)),
            alone(Create(0, false)),
            alone(Create(0, true)),
            alone(Get(0)),
            Step::Do(Create(1, true), vec![Delete(1)]),
            alone(Get(1)),
            Step::Begin(2, 3, true),
            Step::Begin(2, 3, true),
            Step::Poll(0),
            Step::Poll(1),
            Step::Cancel(0),
            Step::Poll(0),
        ];
        for mangled in 0..3 {
            check(&Input {
                setting: Setting {
                    straight: false,
                    spans: Spans::of(5, u8::MAX),
                    room: 8,
                    mangled,
                },
                program: program.clone(),
            });
        }
    }
}
