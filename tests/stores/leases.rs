//! The optional ports of the map: leases that run out by its own clock, and epochs.

use std::sync::Arc;

use dogpile::Invalidation;
use dogpile::backend::{
    Ask, Bell, CachedValue, Commit, EpochStore, Epochs, Lease, LeaseStore, Leased, News, Reply,
    Span, Stamp, Watch,
};

use super::map::State;
use super::{Op, SharedMap, lock};

impl<V: Clone + Send + Sync + 'static> SharedMap<V> {
    fn grant(&self, state: &mut State<V>, key: &[u8], ask: &Ask<'_>) -> Leased<V> {
        let now = self.server.now();
        let (seen, current) = (state.entry(key, now), state.lease(key, now));
        let held = ask.held.as_ref().map(|lease| lease.stamp);
        let held = held.filter(|stamp| current.is_some_and(|(current, _)| current == *stamp));
        if let Some(entry) = &seen
            && (ask.fresh)(&entry.metadata)
        {
            if held.is_some() {
                state.leases.remove(key);
            }
            return Leased::Fresh(entry.clone());
        }
        if let (Some((_, until)), None, false) = (current, held, ask.supersede) {
            let remaining = until.since(now);
            return Leased::Lost { remaining, seen };
        }
        // Also for an heir: whoever held the lease before it may still be at work.
        let stamp = Stamp::new(state.number().into());
        let until = now.after(ask.time);
        state.leases.insert(key.into(), (stamp, until));
        let lease = Lease {
            stamp,
            foreign: None,
        };
        Leased::Won { lease, seen }
    }

    fn if_current<'a>(
        &'a self,
        op: Op,
        key: &'a [u8],
        lease: &'a Lease,
        work: impl FnOnce(&mut State<V>) + Send + 'a,
    ) -> Reply<'a, Commit> {
        self.answer(op, key, move |state| {
            let current = state.lease(key, self.server.now());
            if current.is_none_or(|(stamp, _)| stamp != lease.stamp) {
                return Commit::Refused;
            }
            work(state);
            Commit::Stored
        })
    }
}

impl<V: Clone + Send + Sync + 'static> LeaseStore<V> for SharedMap<V> {
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<V>> {
        self.answer(Op::Lease, key, move |state| self.grant(state, key, &ask))
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        mut entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        self.if_current(Op::Commit, key, lease, move |state| {
            entry.metadata.stamp = lease.stamp;
            state.put(key, entry, self.server.now().after(ttl));
        })
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        self.if_current(Op::Release, key, lease, move |state| {
            state.leases.remove(key);
            if failed {
                state.news = News::Failed;
            }
        })
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        self.if_current(Op::Renew, key, lease, move |state| {
            let until = self.server.now().after(time);
            state.leases.insert(key.into(), (lease.stamp, until));
        })
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        if !self.rings {
            return None;
        }
        let mut state = lock(&self.server.state);
        let number = state.number();
        state.bells.insert(number, (key.into(), Arc::from(bell)));
        let server = Arc::clone(&self.server);
        Some(Watch::new(move || {
            let hung = lock(&server.state).bells.remove(&number);
            drop(hung);
        }))
    }
}

impl<V: Clone + Send + Sync + 'static> EpochStore for SharedMap<V> {
    fn read<'a>(&'a self, region: &'a str) -> Reply<'a, Epochs> {
        let mut state = lock(&self.server.state);
        *state.reads.entry(region.to_owned()).or_default() += 1;
        drop(state);
        self.answer(Op::ReadEpochs, region.as_bytes(), |state| {
            state.epochs.get(region).copied().unwrap_or_default()
        })
    }

    fn raise<'a>(&'a self, region: &'a str, how: Invalidation) -> Reply<'a, Epochs> {
        self.answer(Op::RaiseEpochs, region.as_bytes(), move |state| {
            let epochs = state.epochs.entry(region.to_owned()).or_default();
            let raised = epochs.current().raised(self.server.wall());
            match how {
                Invalidation::Hard => epochs.hard = raised,
                Invalidation::Soft => epochs.soft = raised,
            }
            *epochs
        })
    }

    fn restore<'a>(&'a self, region: &'a str, known: Epochs) -> Reply<'a, ()> {
        self.answer(Op::RaiseEpochs, region.as_bytes(), move |state| {
            let epochs = state.epochs.entry(region.to_owned()).or_default();
            epochs.hard = epochs.hard.max(known.hard);
            epochs.soft = epochs.soft.max(known.soft);
        })
    }
}
