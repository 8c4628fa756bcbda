//! What has expired really leaves.
//!
//! A sweep goes through the entries in the order of their keys, some at a time, from where the last
//! one ended. An index of entries by their end would find the expired ones sooner, and would cost
//! a second record with each write that no one step changes together with the first: after a crash
//! the two could disagree, and an entry that the index had lost would never leave.

use std::sync::TryLockError;
use std::time::Instant;

use dogpile_backend::{Operation, Span, Time};

use crate::entry::{Entry, Value};
use crate::keyspace::{Step, step};
use crate::store::Sled;
use crate::trouble::ask;

/// How many entries one call looks at.
const ENTRIES: usize = 1_000;

/// How many bytes it looks at, where entries are large.
const BYTES: usize = 4 << 20;

/// The shortest time between two calls.
const SHORTEST: Span = Span::from_millis(100);

/// The time between two rounds through all entries.
const BETWEEN_ROUNDS: Span = Span::from_secs(10);

/// The time until the next call is so many times what this one took: sweeping takes about one
/// hundredth of a core, and as little of a slow disk.
const PACE: u64 = 100;

/// Looks at the next entries, lets go whose time is over at `now`, and answers when it wants to go on.
pub(crate) fn sweep(sled: &Sled, now: Time) -> Span {
    let mut from = match sled.keyspace.swept_to.try_lock() {
        Ok(from) => from,
        Err(TryLockError::Poisoned(from)) => from.into_inner(),
        // Another handle of the same keyspace is at it.
        Err(TryLockError::WouldBlock) => return BETWEEN_ROUNDS,
    };
    let begun = Instant::now();
    let next = ask(|| look(sled, &from, now));
    let took = Span::from_duration(begun.elapsed());
    let pace = Span::from_nanos(took.as_nanos().saturating_mul(PACE)).max(SHORTEST);
    // An engine that fails tells whoever calls it for something; here it is asked again later.
    match next.unwrap_or_default() {
        Some(next) => {
            *from = next;
            pace
        }
        None => {
            from.clear();
            pace.max(BETWEEN_ROUNDS)
        }
    }
}

/// The key with which to go on; `None` at the end of a round.
fn look(sled: &Sled, from: &[u8], now: Time) -> sled::Result<Option<Vec<u8>>> {
    let mut bytes = 0;
    for (seen, found) in sled.keyspace.entries.range(from..).enumerate() {
        let (key, entry) = found?;
        if seen >= ENTRIES || bytes >= BYTES {
            return Ok(Some(key.to_vec()));
        }
        bytes += key.len() + entry.len();
        if may_leave(sled, &key, &entry, now) {
            let_go(sled, &key, now);
        }
    }
    Ok(None)
}

/// Whether there is something in the entry that nobody has a use for. One that cannot be read has no
/// end, and nobody may ever ask for it again.
fn may_leave(sled: &Sled, key: &[u8], bytes: &[u8], now: Time) -> bool {
    match Entry::read(key, bytes) {
        Ok(entry) => is_over(&entry, now) || is_void(sled, &entry),
        Err(_) => true,
    }
}

fn is_over(entry: &Entry<'_>, now: Time) -> bool {
    let end = entry.value.map_or(Time::END, Value::end);
    end != Time::END && end <= now
}

/// Whether its claim is of a process that died, and all that there is.
fn is_void(sled: &Sled, entry: &Entry<'_>) -> bool {
    let stamps = &sled.keyspace.engine.stamps;
    entry.value.is_none() && entry.claim.is_some_and(|stamp| !stamps.made(stamp))
}

/// Removes the value if its time is over, in one step with a look at what is there now. A claim that
/// is out stays: its holder is creating the next value.
fn let_go(sled: &Sled, key: &[u8], now: Time) {
    let entries = &sled.keyspace.entries;
    let gone = step(entries, Operation::Delete, key, |found| {
        let entry = sled.read(key, found);
        let value = entry.value.filter(|_| !is_over(&entry, now));
        Step::Put(Entry { value, ..entry }.write(key), ())
    });
    // Whoever needs the engine is told; an entry that stays is found in the next round.
    drop(gone);
}
