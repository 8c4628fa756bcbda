//! The value that a call may serve if nothing better comes: for how long it may, and what is served.

use dogpile_backend::{CachedValue, Verdict};
use dogpile_core::flow::{Created, Event};

use super::Call;
use crate::flight::leases;
use crate::region::{Answer, Origin};

/// Whether a call that hears this may serve its stale value for it. Those who wait look at it before they
/// look around, so that they go on to wait where it may not be served any more.
pub(super) const fn may_serve_stale(event: Event) -> bool {
    matches!(event, Event::Leased(_) | Event::Created(Created::Err))
}

impl<V: Clone + Send + Sync + 'static, E: Send + Sync + 'static> Call<'_, V, E> {
    /// Whether there is something to serve if this call comes to nothing.
    pub(in crate::region) fn has_value_at_hand(&self) -> bool {
        self.at_hand.is_some()
    }

    /// Whether the value at hand may still be served, as far as this process knows: it has not grown too old
    /// meanwhile, was not invalidated, and its key was not deleted or set here.
    pub(in crate::region) fn look_at_hand(&mut self) {
        if self.at_hand.is_none() || self.detached {
            return;
        }
        let usable = |entry: &CachedValue<V>| self.judge(&entry.metadata) != Verdict::Miss;
        if self.hold.was_written() || !self.at_hand.as_ref().is_some_and(usable) {
            self.lose_at_hand();
        }
    }

    /// What the store has seen beside the lease is what the creator replaces. A store in this process need
    /// not say: what was deleted there has superseded the claim.
    pub(super) fn saw_beside_lease(&mut self, seen: Option<CachedValue<V>>) {
        let tells = || leases(&*self.subject.opened().store).expires();
        match (&self.at_hand, seen) {
            (Some(_), Some(entry)) => self.at_hand = Some(entry),
            (Some(_), None) if tells() => self.lose_at_hand(),
            _ => {}
        }
    }

    fn lose_at_hand(&mut self) {
        self.at_hand = None;
        // What it was at, it is at again.
        let _ = self.advance(Event::Outdated);
    }

    pub(super) fn answer(&mut self, origin: Origin) -> Answer<V> {
        let from_hand = matches!(origin, Origin::Stale | Origin::StaleOnError | Origin::Kept);
        let entry = if from_hand {
            self.at_hand.take()
        } else {
            self.found.take()
        };
        let Some(entry) = entry else {
            unreachable!("a value is returned only when there is one")
        };
        let now = self.subject.active().now();
        Answer {
            age: now.since(entry.metadata.created).to_duration(),
            value: entry.value,
            // What is replaced ahead of its time was a hit to whoever did not wait for it.
            origin: match origin {
                Origin::Stale if self.is_early => Origin::Hit,
                origin => origin,
            },
        }
    }
}
