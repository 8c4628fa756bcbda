//! What each caller of a stampede asks for in one call: batches that overlap, in orders of their own.
//!
//! Callers come in pairs. A pair has a window of the round's keys, half a batch further than the pair before it, in
//! an order drawn from the seed; one of the two asks in that order and the other in the opposite one. Where
//! callers are several processes, the two of a pair are in different ones.

use crate::keys::Key;
use crate::random::Random;
use crate::scenario::Callers;

/// How the keys of a round are dealt to callers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batches {
    /// How many keys a call asks for; one key each where there is nothing here.
    pub(crate) size: Option<u32>,
    pub(crate) seed: u64,
    pub(crate) callers: Callers,
}

/// What one caller asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    One(Key),
    Many(Vec<Key>),
}

impl Batches {
    /// What the callers of one process ask for, one after the other.
    pub(crate) fn of_process(&self, process: u32, keys: &[Key]) -> Vec<Question> {
        let threads = match self.callers {
            Callers::Threads(count) | Callers::Tasks(count) => count,
            Callers::Processes { threads, .. } => threads,
        };
        let Some(size) = self.size else {
            let dealt = keys.iter().cycle().take(threads as usize);
            return dealt.copied().map(Question::One).collect();
        };
        let batch = |thread: u32| {
            let (pair, is_second) = match self.callers {
                Callers::Processes { .. } => {
                    (process / 2 * threads + thread, !process.is_multiple_of(2))
                }
                Callers::Threads(_) | Callers::Tasks(_) => (thread / 2, !thread.is_multiple_of(2)),
            };
            let mut batch = self.drawn(pair, size, keys);
            if is_second {
                batch.reverse();
            }
            Question::Many(batch)
        };
        (0..threads).map(batch).collect()
    }

    fn drawn(&self, pair: u32, size: u32, keys: &[Key]) -> Vec<Key> {
        let first = pair as usize * step(size) as usize % keys.len().max(1);
        let window = keys.iter().cycle().skip(first).take(size as usize);
        let mut batch: Vec<Key> = window.copied().collect();
        let round = keys.first().map_or(0, |key| key.0);
        let mut random = Random::new(self.seed ^ round ^ u64::from(pair).rotate_left(32));
        for last in (1..batch.len()).rev() {
            let other = random.next() % (last as u64 + 1);
            batch.swap(last, usize::try_from(other).unwrap_or(last));
        }
        batch
    }
}

/// How many different keys a round of batches of this size has: half as many again as a batch, unless the
/// callers are too few to ask for all of them.
pub(crate) fn keys_of_a_round(size: u32, callers: Callers) -> u32 {
    let pairs = match callers {
        Callers::Threads(count) | Callers::Tasks(count) => count.div_ceil(2),
        Callers::Processes { processes, threads } => processes.div_ceil(2).saturating_mul(threads),
    };
    match pairs {
        0 | 1 => size,
        _ => size.saturating_add(size / 2),
    }
}

/// By how many keys a pair's window is further than the one before.
fn step(size: u32) -> u32 {
    (size / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn batches(callers: Callers) -> Batches {
        Batches {
            size: Some(10),
            seed: 12,
            callers,
        }
    }

    fn keys(callers: Callers) -> Vec<Key> {
        Key::of_round(3).and_others(keys_of_a_round(10, callers))
    }

    fn asked(batches: Batches, process: u32, keys: &[Key]) -> Vec<Vec<Key>> {
        let all = batches.of_process(process, keys).into_iter();
        all.filter_map(|question| match question {
            Question::Many(batch) => Some(batch),
            Question::One(_) => None,
        })
        .collect()
    }

    #[test]
    fn each_asks_for_as_many_different_keys_and_all_for_all_that_there_are() {
        for threads in [1, 2, 3, 4, 16] {
            let callers = Callers::Threads(threads);
            let keys = keys(callers);
            let asked = asked(batches(callers), 0, &keys);
            assert_eq!(asked.len(), threads as usize);
            let different = |batch: &Vec<Key>| batch.iter().collect::<HashSet<_>>().len();
            assert!(asked.iter().all(|batch| different(batch) == 10));
            let all: HashSet<_> = asked.concat().into_iter().collect();
            assert_eq!(all.len(), keys.len(), "{threads} threads");
        }
    }

    #[test]
    fn the_two_of_a_pair_ask_in_opposite_orders_and_pairs_overlap() {
        let callers = Callers::Threads(4);
        let asked = asked(batches(callers), 0, &keys(callers));
        let reversed: Vec<_> = asked[0].iter().rev().copied().collect();
        assert_eq!(asked[1], reversed);
        let other = asked[2].iter().filter(|key| asked[0].contains(key));
        assert_eq!(other.count(), 5);
    }

    #[test]
    fn a_pair_stands_in_two_processes() {
        let (processes, threads) = (2, 3);
        let callers = Callers::Processes { processes, threads };
        let keys = keys(callers);
        let (one, other) = (
            asked(batches(callers), 0, &keys),
            asked(batches(callers), 1, &keys),
        );
        for (batch, opposite) in one.iter().zip(other) {
            assert!(opposite.iter().eq(batch.iter().rev()));
        }
        assert_ne!(one[0], one[1]);
    }

    #[test]
    fn without_batches_keys_are_dealt_in_turn() {
        let one = Batches {
            size: None,
            ..batches(Callers::Threads(3))
        };
        let dealt = one.of_process(0, &[Key(1), Key(2)]);
        assert_eq!(
            dealt,
            [
                Question::One(Key(1)),
                Question::One(Key(2)),
                Question::One(Key(1))
            ]
        );
    }
}
