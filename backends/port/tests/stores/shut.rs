//! Keys that are leased to nobody: what stands in a lease's place is a stamp that is never given.

use dogpile_backend::{Commit, Lease, Leased, Span, Stamp};

use super::leasing::Leasing;
use super::wrong::Wrong;

/// Its key is shut.
pub(super) const SHUT: Stamp = Stamp::new(u128::MAX);

impl<V: Clone + Send + Sync + 'static> Leasing<V> {
    pub(super) fn shut_key(&self, key: &[u8], lease: &Lease) -> Commit {
        let key = self.key(key);
        let mut state = self.state();
        let held = state.leases.get(&key).copied();
        if held != Some(lease.stamp) && !self.is(Wrong::ShutAsksForNoStamp) {
            return Commit::Refused;
        }
        if self.is(Wrong::ShutForgetsTheValue) {
            state.entries.remove(&key);
        }
        match self.is(Wrong::ShutsNothing) {
            true => state.leases.remove(&key),
            false => state.leases.insert(key.clone(), SHUT),
        };
        self.ring(&state, &key);
        Commit::Stored
    }
}

/// What is said of a lease that another holds, or nobody may have.
pub(super) fn taken<V>(is_shut: bool, seen: Option<dogpile_backend::CachedValue<V>>) -> Leased<V> {
    let remaining = Span::FOREVER;
    match is_shut {
        true => Leased::Shut { remaining, seen },
        false => Leased::Lost { remaining, seen },
    }
}
