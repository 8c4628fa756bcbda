//! What has happened to one key, told in the order of time: by the run as it happens, or afterwards by what
//! several processes had in their logs.

use std::collections::HashMap;

use super::{Count, TOLERANCE_NS};
use crate::log::{Entry, Outcome};

#[derive(Default)]
pub(super) struct History {
    /// The latest moment that was told.
    pub(super) last_ns: u64,
    pub(super) creations: u64,
    pub(super) duplicates: u64,
    pub(super) running: Vec<Running>,
    pub(super) last_success_ns: u64,
    deletes_running: u32,
    last_delete_end_ns: Option<u64>,
    values: Vec<Value>,
}

/// A creation that has not ended.
pub(super) struct Running {
    pub(super) asked_ns: u64,
    pub(super) start_ns: u64,
}

/// What a creation has made.
struct Value {
    asked_ns: u64,
    fresh_until_ns: u64,
}

impl History {
    pub(super) fn begins(&mut self, asked_ns: u64, now: u64) {
        self.values.retain(|value| now < value.fresh_until_ns);
        let running = self.running.iter().map(|running| running.asked_ns);
        let mut earlier = running.chain(self.values.iter().map(|value| value.asked_ns));
        let is_duplicate = earlier.any(|other| !self.is_excused(other.min(asked_ns)));
        self.creations += 1;
        self.duplicates += u64::from(is_duplicate);
        let start_ns = now;
        self.running.push(Running { asked_ns, start_ns });
    }

    /// The creation that began at `start_ns` has ended; its value, if it made one, is fresh for so long.
    pub(super) fn ends(&mut self, asked_ns: u64, start_ns: u64, made: Option<u64>, now: u64) {
        self.running.retain(|running| running.start_ns != start_ns);
        if let Some(fresh_ns) = made {
            self.last_success_ns = now;
            self.values.push(Value {
                asked_ns,
                fresh_until_ns: now.saturating_add(fresh_ns),
            });
        }
    }

    pub(super) fn deleting(&mut self) {
        self.deletes_running += 1;
    }

    pub(super) fn deleted(&mut self, now: u64) {
        self.deletes_running -= 1;
        self.last_delete_end_ns = Some(now);
    }

    /// Whether a delete overlaps with any time since `since_ns`.
    fn is_excused(&self, since_ns: u64) -> bool {
        self.deletes_running > 0 || self.last_delete_end_ns.is_some_and(|end| end >= since_ns)
    }
}

/// What one table for all processes would have counted, had they told it as it happened.
pub(crate) fn count_together(entries: &[Entry], fresh_ns: u64) -> Count {
    let fresh_ns = fresh_ns.saturating_sub(TOLERANCE_NS);
    let starts = entries.iter().map(|entry| (entry.start_ns, true, entry));
    let ends = entries
        .iter()
        .filter_map(|entry| Some((entry.end_ns?, false, entry)));
    let mut moments: Vec<_> = starts.chain(ends).collect();
    moments.sort_by_key(|(at_ns, is_start, _)| (*at_ns, *is_start));
    let mut keys: HashMap<u64, History> = HashMap::new();
    for (now, is_start, entry) in moments {
        let history = keys.entry(entry.key).or_default();
        let made = (entry.outcome == Outcome::Created).then_some(fresh_ns);
        match (entry.outcome, is_start) {
            (Outcome::Deleted, true) => history.deleting(),
            (Outcome::Deleted, false) => history.deleted(now),
            (_, true) => history.begins(entry.asked_ns, now),
            (_, false) => history.ends(entry.asked_ns, entry.start_ns, made, now),
        }
    }
    let mut count = Count::default();
    for history in keys.values() {
        count.creations += history.creations;
        count.duplicates += history.duplicates;
    }
    count
}
