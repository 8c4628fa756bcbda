//! The in-flight table: counts creations outside every contender, alike for all of them.
//!
//! A creation is the interval from entering the creator to leaving it. It is a **duplicate** if, at the moment
//! it begins, another creation of the same key
//! - is still running, or
//! - has succeeded and its value is still fresh: less than `fresh` minus [`TOLERANCE_NS`] has passed since it
//!   ended (the tolerance covers the granularity of coarse clocks, which may see a value go stale early).
//!
//! A `delete` of the key excuses: its value is gone, and whoever is creating has been superseded, but goes on.
//! Who creates is settled somewhere between a call's beginning and its creator's, where nobody outside can
//! look; so a pair of creations does not count if a delete overlaps with any time from the earlier beginning
//! of their two calls to the start of the later creation. Failed creations leave no value, so only their
//! running time counts. Nothing else is forgiven.
//!
//! Times are taken under the key's lock and never repeat for a key, so the log has one order only and
//! [`crate::check`] must come to the same figures.

mod history;

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::clock::Clock;
use crate::keys::Key;
use crate::log::{Entry, Outcome};

use history::History;
pub(crate) use history::count_together;

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

/// A creation under way; dropped unfinished, it has failed.
pub(crate) struct InFlight<'a> {
    ledger: &'a Ledger,
    key: Key,
    asked_ns: u64,
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

    /// A creation of `key` begins, in a call that began at `asked_ns`.
    pub(crate) fn begin(&self, key: Key, asked_ns: u64) -> InFlight<'_> {
        let start_ns = self.with(key, |history, now| {
            history.begins(asked_ns, now);
            now
        });
        InFlight {
            ledger: self,
            key,
            asked_ns,
            start_ns,
            ended: false,
        }
    }

    /// A delete of `key` begins; gives the time to hand to [`Ledger::deleted`].
    pub(crate) fn deleting(&self, key: Key) -> u64 {
        self.with(key, |history, now| {
            history.deleting();
            now
        })
    }

    /// The delete that began at `start_ns` has ended.
    pub(crate) fn deleted(&self, key: Key, start_ns: u64) {
        let end_ns = self.with(key, |history, now| {
            history.deleted(now);
            now
        });
        self.entries.lock().push(Entry {
            key: key.0,
            asked_ns: start_ns,
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
                    asked_ns: running.asked_ns,
                    start_ns: running.start_ns,
                    end_ns: None,
                    outcome: Outcome::Running,
                }));
            }
        }
        entries.sort_by_key(|entry| (entry.start_ns, entry.key));
        entries
    }

    fn end(&self, flight: &InFlight<'_>, outcome: Outcome) -> u64 {
        let &InFlight {
            key,
            asked_ns,
            start_ns,
            ..
        } = flight;
        let end_ns = self.with(key, |history, now| {
            let made = (outcome == Outcome::Created).then_some(self.fresh_ns);
            history.ends(asked_ns, start_ns, made, now);
            now
        });
        self.entries.lock().push(Entry {
            key: key.0,
            asked_ns,
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
    pub(crate) fn key(&self) -> Key {
        self.key
    }

    /// As far as it has come.
    pub(crate) fn entry(&self) -> Entry {
        Entry {
            key: self.key.0,
            asked_ns: self.asked_ns,
            start_ns: self.start_ns,
            end_ns: None,
            outcome: Outcome::Running,
        }
    }

    /// The creation has made its value; gives when.
    pub(crate) fn succeed(mut self) -> u64 {
        self.ended = true;
        self.ledger.end(&self, Outcome::Created)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.ledger.end(self, Outcome::Failed);
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

    fn begin(ledger: &Ledger, key: Key) -> InFlight<'_> {
        ledger.begin(key, ledger.clock.now())
    }

    fn duplicates(ledger: &Ledger) -> u64 {
        ledger.count().duplicates
    }

    #[test]
    fn overlapping_creations_of_one_key_are_duplicates() {
        let ledger = ledger();
        let (first, second) = (begin(&ledger, KEY), begin(&ledger, KEY));
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
        begin(&ledger, KEY).succeed();
        begin(&ledger, KEY).succeed();
        assert_eq!(duplicates(&ledger), 1);
    }

    #[test]
    fn creating_again_after_a_failure_another_key_or_staleness_is_none() {
        let ledger = ledger();
        drop(begin(&ledger, KEY));
        begin(&ledger, KEY).succeed();
        begin(&ledger, Key(2)).succeed();
        assert_eq!(duplicates(&ledger), 0);
        let stale_at_once = Ledger::new(Clock::start(), TOLERANCE_NS);
        begin(&stale_at_once, KEY).succeed();
        begin(&stale_at_once, KEY).succeed();
        assert_eq!(duplicates(&stale_at_once), 0);
    }

    #[test]
    fn a_delete_excuses_calls_that_began_before_its_end_and_nothing_later() {
        let ledger = ledger();
        begin(&ledger, KEY).succeed();
        let running = begin(&ledger, KEY); // duplicate 1
        let early = ledger.clock.now();
        let delete = ledger.deleting(KEY);
        let meanwhile = begin(&ledger, KEY);
        ledger.deleted(KEY, delete);
        running.succeed();
        meanwhile.succeed();
        assert_eq!(duplicates(&ledger), 1);
        begin(&ledger, KEY).succeed();
        assert_eq!(
            duplicates(&ledger),
            1,
            "its call began after, but theirs did before"
        );
        ledger.begin(KEY, early).succeed();
        assert_eq!(duplicates(&ledger), 1, "elected before, begun late");
        begin(&ledger, KEY).succeed(); // duplicate 2
        assert_eq!(duplicates(&ledger), 2);
    }

    #[test]
    fn a_creation_that_never_ends_stays_in_the_log_without_an_end() {
        let ledger = ledger();
        let _running = begin(&ledger, KEY);
        assert_eq!(ledger.entries()[0].end_ns, None);
    }
}
