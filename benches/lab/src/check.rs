//! Recomputes the counts of a run from its log, straight from the definition.
//!
//! Nothing is shared with the in-flight table but the definition itself ([`crate::ledger`]): here every
//! creation is held against every earlier one of its key.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::ledger::Count;
use crate::log::{Entry, Log, Outcome, RoundBegun};

/// What a log says.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    /// Whether every contender's recomputed counts are what the run has counted.
    pub(crate) agrees: bool,
    #[serde(flatten)]
    pub(crate) contenders: BTreeMap<String, Recount>,
}

/// One contender's counts, recomputed and as the run had them.
#[derive(Debug, Serialize)]
pub(crate) struct Recount {
    pub(crate) creations: u64,
    pub(crate) duplicate_creations: u64,
    pub(crate) counted_creations: Option<u64>,
    pub(crate) counted_duplicate_creations: Option<u64>,
    /// Of a stampede: the most creations in one of its rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) creators: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) counted_creators: Option<u64>,
}

pub(crate) fn check(log: &Log) -> Verdict {
    let names = log.contenders.keys().chain(log.counted.keys());
    let contenders: BTreeMap<String, Recount> = names
        .map(|name| {
            let entries = log.contenders.get(name).map_or(&[][..], Vec::as_slice);
            let Count {
                creations,
                duplicates,
            } = recount(entries, log.fresh_ns, log.tolerance_ns);
            let counted = log.counted.get(name);
            let recount = Recount {
                creations,
                duplicate_creations: duplicates,
                counted_creations: counted.map(|count| count.creations),
                counted_duplicate_creations: counted.map(|count| count.duplicates),
                creators: log.rounds.get(name).map(|rounds| creators(entries, rounds)),
                counted_creators: log.creators.get(name).copied(),
            };
            (name.clone(), recount)
        })
        .collect();
    let agrees = contenders.values().all(Recount::agrees);
    Verdict { agrees, contenders }
}

impl Recount {
    pub(crate) fn agrees(&self) -> bool {
        self.counted_creations == Some(self.creations)
            && self.counted_duplicate_creations == Some(self.duplicate_creations)
            && self.counted_creators == self.creators
    }
}

/// The most creations that began in one of these rounds. Each is about a key of its own, so it lasts to the end.
fn creators(entries: &[Entry], rounds: &[RoundBegun]) -> u64 {
    let of_round = |round: &RoundBegun| {
        let creations = entries.iter().filter(|entry| {
            entry.outcome != Outcome::Deleted
                && entry.key == round.key
                && entry.start_ns >= round.begun_ns
        });
        creations.count() as u64
    };
    rounds.iter().map(of_round).max().unwrap_or(0)
}

fn recount(entries: &[Entry], fresh_ns: u64, tolerance_ns: u64) -> Count {
    let mut keys: HashMap<u64, Vec<&Entry>> = HashMap::new();
    for entry in entries {
        keys.entry(entry.key).or_default().push(entry);
    }
    let fresh_ns = fresh_ns.saturating_sub(tolerance_ns);
    let mut count = Count::default();
    for entries in keys.values() {
        let (deletes, mut creations): (Vec<&Entry>, Vec<&Entry>) = entries
            .iter()
            .partition(|entry| entry.outcome == Outcome::Deleted);
        creations.sort_by_key(|creation| creation.start_ns);
        count.creations += creations.len() as u64;
        for (index, creation) in creations.iter().enumerate() {
            // The latest first: it is the likeliest to count, and one is enough.
            let mut earlier = creations[..index].iter().rev();
            let is_duplicate =
                earlier.any(|earlier| counts_against(earlier, creation, &deletes, fresh_ns));
            count.duplicates += u64::from(is_duplicate);
        }
    }
    count
}

/// Whether `earlier` makes `creation` a duplicate.
fn counts_against(earlier: &Entry, creation: &Entry, deletes: &[&Entry], fresh_ns: u64) -> bool {
    let start = creation.start_ns;
    if earlier.start_ns >= start {
        return false;
    }
    let running = earlier.end_ns.is_none_or(|end| end > start);
    let fresh = earlier.outcome == Outcome::Created
        && earlier
            .end_ns
            .is_some_and(|end| start < end.saturating_add(fresh_ns));
    let since = earlier.asked_ns.min(creation.asked_ns);
    let between =
        |delete: &&Entry| delete.start_ns <= start && delete.end_ns.is_none_or(|end| end >= since);
    (running || fresh) && !deletes.iter().any(between)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::keys::Key;
    use crate::ledger::Ledger;
    use crate::random::Random;

    /// Runs a random history through the in-flight table and recounts its log, also as if it had come from
    /// several processes.
    fn all_ways(seed: u64, fresh_ns: u64) -> [Count; 3] {
        let clock = Clock::start();
        let ledger = Ledger::new(clock, fresh_ns);
        let mut random = Random::new(seed);
        let (mut running, mut deletes) = (Vec::new(), Vec::new());
        for _ in 0..200 {
            let key = Key(random.next() % 3);
            match random.next() % 9 {
                0..3 => {
                    let asked_ns = clock.now().saturating_sub(random.next() % 5_000);
                    running.push(ledger.begin(key, asked_ns));
                }
                3..6 if !running.is_empty() => {
                    let place = random.next() % running.len() as u64;
                    let flight = running.swap_remove(usize::try_from(place).expect("small"));
                    if !random.next().is_multiple_of(4) {
                        flight.succeed();
                    }
                }
                6 => deletes.push((key, ledger.deleting(key))),
                7 if !deletes.is_empty() => {
                    let (key, start_ns) = deletes.remove(0);
                    ledger.deleted(key, start_ns);
                }
                _ => {}
            }
        }
        for (key, start_ns) in deletes {
            ledger.deleted(key, start_ns);
        }
        let entries = ledger.entries();
        let together = crate::ledger::count_together(&entries, fresh_ns);
        let tolerance_ns = crate::ledger::TOLERANCE_NS;
        let recounted = recount(&entries, fresh_ns, tolerance_ns);
        [ledger.count(), together, recounted]
    }

    #[test]
    fn the_table_and_the_recount_agree_on_random_histories() {
        let mut seen = Count::default();
        for seed in 0..300 {
            // Freshness of some microseconds, so that values do go stale within a history.
            for fresh_ns in [0, 10_005_000, 10_050_000, 3_600_000_000_000] {
                let [counted, together, recounted] = all_ways(seed, fresh_ns);
                assert_eq!(counted, recounted, "seed {seed}, fresh {fresh_ns}");
                assert_eq!(together, recounted, "seed {seed}, fresh {fresh_ns}");
                seen.creations += counted.creations;
                seen.duplicates += counted.duplicates;
            }
        }
        assert!(
            0 < seen.duplicates && seen.duplicates < seen.creations,
            "{seen:?}"
        );
    }

    #[test]
    fn a_log_that_says_something_else_is_not_agreed_with() {
        let entry = |start_ns| Entry {
            key: 1,
            asked_ns: start_ns,
            start_ns,
            end_ns: Some(start_ns + 5),
            outcome: Outcome::Created,
        };
        let mut log = Log::new(1_000_000_000);
        log.contenders
            .insert("plain".into(), vec![entry(10), entry(12)]);
        log.counted.insert(
            "plain".into(),
            Count {
                creations: 2,
                duplicates: 1,
            },
        );
        assert!(check(&log).agrees);
        let round = |begun_ns| RoundBegun { key: 1, begun_ns };
        log.rounds.insert("plain".into(), vec![round(11)]);
        assert!(
            !check(&log).agrees,
            "what it counted as creators is not said"
        );
        log.creators.insert("plain".into(), 1);
        assert!(check(&log).agrees);
        log.rounds.insert("plain".into(), vec![round(11), round(9)]);
        assert!(!check(&log).agrees, "two began in the other round");
        log.creators.insert("plain".into(), 2);
        log.counted.insert(
            "plain".into(),
            Count {
                creations: 2,
                duplicates: 0,
            },
        );
        assert!(!check(&log).agrees);
        log.counted.clear();
        assert!(
            !check(&log).agrees,
            "a log without counts cannot be agreed with"
        );
    }
}
