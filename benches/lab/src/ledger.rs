//! The in-flight table: counts creations outside every contender, alike for all of them.
//!
//! A creation is the interval from entering the creator to leaving it. It is a **duplicate** if, at the moment
//! it begins, another creation of the same key
//! - is still running, or
//! - has succeeded and its value is still fresh: less than `fresh` minus [`TOLERANCE_NS`] has passed since it
//!   ended (the tolerance covers the granularity of coarse clocks, which may see a value go stale early).
//!
//! A creation that a `delete` of the key touches does not count against later ones: once anything between
//! its own start and the later one's start overlaps with a delete, its value may rightly be gone. Failed
//! creations leave no value, so only their running time counts. Nothing else is forgiven.
//!
//! Times are taken under the key's lock and never repeat for a key, so the log has one order only and
//! [`crate::check`] must come to the same figures.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::clock::Clock;
use crate::keys::Key;
use crate::log::{Entry, Outcome};

/// How much earlier than `fresh` a value may be found stale, for clocks that tick every few milliseconds.
pub(crate) const TOLERANCE_NS: u64 = 10_000_000;

const SHARDS: usize = 64;

/// All creations of one contender.
pub(crate) struct Ledger {
    clock: Clock,
    /// For how long after its end a creation's value is fresh, tolerance taken off.
    fresh_ns: u64,
    shards: Vec<Mutex<HashMap<Key, History>>>,
    entries: Mutex<Vec<Entry>>,
}

#[derive(Default)]
struct History {
    last_ns: u64,
    creations: u64,
    duplicates: u64,
    deletes_running: u32,
    running: Vec<Running>,
    fresh_until: Vec<u64>,
    last_success_ns: u64,
}

struct Running {
    start_ns: u64,
    deleted: bool,
}

/// A creation under way; dropped unfinished, it has failed.
pub(crate) struct InFlight<'a> {
    ledger: &'a Ledger,
    key: Key,
    start_ns: u64,
    ended: bool,
}

/// What a ledger has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) creations: u64,
    pub(crate) duplicates: u64,
}

impl Ledger {
    pub(crate) fn new(clock: Clock, fresh_ns: u64) -> Self {
        Self {
            clock,
            fresh_ns: fresh_ns.saturating_sub(TOLERANCE_NS),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            entries: Mutex::default(),
        }
    }

    /// A creation of `key` begins.
    pub(crate) fn begin(&self, key: Key) -> InFlight<'_> {
        let start_ns = self.with(key, |history, now| {
            history.fresh_until.retain(|&until| now < until);
            let deleting = history.deletes_running > 0;
            let runs = history
                .running
                .iter()
                .any(|running| !(running.deleted || deleting));
            let is_fresh = !(history.fresh_until.is_empty() || deleting);
            history.creations += 1;
            history.duplicates += u64::from(runs || is_fresh);
            history.running.push(Running {
                start_ns: now,
                deleted: deleting,
            });
            now
        });
        InFlight {
            ledger: self,
            key,
            start_ns,
            ended: false,
        }
    }

    /// A delete of `key` begins; gives the time to hand to [`Ledger::deleted`].
    pub(crate) fn deleting(&self, key: Key) -> u64 {
        self.with(key, |history, now| {
            history.deletes_running += 1;
            history.fresh_until.clear();
            history
                .running
                .iter_mut()
                .for_each(|running| running.deleted = true);
            now
        })
    }

    /// The delete that began at `start_ns` has ended.
    pub(crate) fn deleted(&self, key: Key, start_ns: u64) {
        let end_ns = self.with(key, |history, now| {
            history.deletes_running -= 1;
            now
        });
        self.entries.lock().push(Entry {
            key: key.0,
            start_ns,
            end_ns: Some(end_ns),
            outcome: Outcome::Deleted,
        });
    }

    /// Over all keys.
    pub(crate) fn count(&self) -> Count {
        self.shards
            .iter()
            .flat_map(|shard| {
                let counts = |history: &History| (history.creations, history.duplicates);
                shard.lock().values().map(counts).collect::<Vec<_>>()
            })
            .fold(Count::default(), |sum, (creations, duplicates)| Count {
                creations: sum.creations + creations,
                duplicates: sum.duplicates + duplicates,
            })
    }

    /// How often `key` has been created.
    pub(crate) fn creations_of(&self, key: Key) -> u64 {
        self.shard(key)
            .lock()
            .get(&key)
            .map_or(0, |history| history.creations)
    }

    /// When the last successful creation of `key` ended.
    pub(crate) fn last_success(&self, key: Key) -> Option<u64> {
        let last = self
            .shard(key)
            .lock()
            .get(&key)
            .map(|history| history.last_success_ns);
        last.filter(|&ns| ns > 0)
    }

    /// Every creation and delete so far, those still running without an end.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let mut entries = self.entries.lock().clone();
        for shard in &self.shards {
            for (key, history) in shard.lock().iter() {
                entries.extend(history.running.iter().map(|running| Entry {
                    key: key.0,
                    start_ns: running.start_ns,
                    end_ns: None,
                    outcome: Outcome::Running,
                }));
            }
        }
        entries.sort_by_key(|entry| (entry.start_ns, entry.key));
        entries
    }

    fn end(&self, key: Key, start_ns: u64, outcome: Outcome) -> u64 {
        let end_ns = self.with(key, |history, now| {
            let place = history
                .running
                .iter()
                .position(|running| running.start_ns == start_ns);
            let deleted = place.is_some_and(|place| history.running.swap_remove(place).deleted);
            if outcome == Outcome::Created {
                history.last_success_ns = now;
                if !deleted {
                    history.fresh_until.push(now.saturating_add(self.fresh_ns));
                }
            }
            now
        });
        self.entries.lock().push(Entry {
            key: key.0,
            start_ns,
            end_ns: Some(end_ns),
            outcome,
        });
        end_ns
    }

    /// Runs `change` under the key's lock with a time later than any the key has seen.
    fn with<R>(&self, key: Key, change: impl FnOnce(&mut History, u64) -> R) -> R {
        let mut shard = self.shard(key).lock();
        let history = shard.entry(key).or_default();
        history.last_ns = self.clock.now().max(history.last_ns + 1);
        let now = history.last_ns;
        change(history, now)
    }

    fn shard(&self, key: Key) -> &Mutex<HashMap<Key, History>> {
        let place = crate::random::mix(key.0) % SHARDS as u64;
        &self.shards[usize::try_from(place).unwrap_or(0)]
    }
}

impl InFlight<'_> {
    /// The creation has made its value; gives when.
    pub(crate) fn succeed(mut self) -> u64 {
        self.ended = true;
        self.ledger.end(self.key, self.start_ns, Outcome::Created)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.ledger.end(self.key, self.start_ns, Outcome::Failed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key(1);

    fn ledger() -> Ledger {
        Ledger::new(Clock::start(), 3_600_000_000_000)
    }

    fn duplicates(ledger: &Ledger) -> u64 {
        ledger.count().duplicates
    }

    #[test]
    fn overlapping_creations_of_one_key_are_duplicates() {
        let ledger = ledger();
        let (first, second) = (ledger.begin(KEY), ledger.begin(KEY));
        drop((first, second));
        assert_eq!(
            ledger.count(),
            Count {
                creations: 2,
                duplicates: 1
            }
        );
    }

    #[test]
    fn creating_again_while_the_value_is_fresh_is_a_duplicate() {
        let ledger = ledger();
        ledger.begin(KEY).succeed();
        ledger.begin(KEY).succeed();
        assert_eq!(duplicates(&ledger), 1);
    }

    #[test]
    fn creating_again_after_a_failure_another_key_or_staleness_is_none() {
        let ledger = ledger();
        drop(ledger.begin(KEY));
        ledger.begin(KEY).succeed();
        ledger.begin(Key(2)).succeed();
        assert_eq!(duplicates(&ledger), 0);
        let stale_at_once = Ledger::new(Clock::start(), TOLERANCE_NS);
        stale_at_once.begin(KEY).succeed();
        stale_at_once.begin(KEY).succeed();
        assert_eq!(duplicates(&stale_at_once), 0);
    }

    #[test]
    fn a_delete_excuses_what_began_before_its_end_and_nothing_later() {
        let ledger = ledger();
        ledger.begin(KEY).succeed();
        let running = ledger.begin(KEY); // duplicate 1
        let delete = ledger.deleting(KEY);
        let meanwhile = ledger.begin(KEY);
        ledger.deleted(KEY, delete);
        running.succeed();
        meanwhile.succeed();
        assert_eq!(duplicates(&ledger), 1);
        ledger.begin(KEY).succeed();
        assert_eq!(duplicates(&ledger), 1);
        ledger.begin(KEY).succeed(); // duplicate 2
        assert_eq!(duplicates(&ledger), 2);
    }

    #[test]
    fn a_creation_that_never_ends_stays_in_the_log_without_an_end() {
        let ledger = ledger();
        let _running = ledger.begin(KEY);
        assert_eq!(ledger.entries()[0].end_ns, None);
    }
}
