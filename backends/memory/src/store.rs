//! The store as a region drives it.

use std::sync::Arc;

use dogpile_backend::{
    Ask, Bell, CachedValue, Commit, Lease, LeaseStore, Leased, Local, Reply, Span, Store, Time,
    TimeLine, Watch,
};

use crate::Memory;
use crate::key::KeyHash;
use crate::node::Node;
use crate::sweep::sweep;
use crate::turn::Turn;

impl<V: Clone + Send + Sync + 'static> Store<V> for Memory<V> {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> Reply<'a, Option<CachedValue<V>>> {
        Reply::ok(self.lend(key, |lent| lent.map(V::clone)))
    }

    fn set<'a>(&'a self, key: &'a [u8], entry: CachedValue<V>, ttl: Span) -> Reply<'a, ()> {
        Memory::set(self, key, entry, ttl);
        Reply::ok(())
    }

    fn delete<'a>(&'a self, key: &'a [u8]) -> Reply<'a, ()> {
        Memory::delete(self, key);
        Reply::ok(())
    }

    fn look_local(&self, key: &[u8], lend: &mut dyn FnMut(CachedValue<&V>)) -> Local {
        match self.lend(key, lend) {
            Some(()) => Local::Lent,
            None => Local::Absent,
        }
    }

    fn time_line(&self) -> TimeLine {
        TimeLine::Process
    }

    fn leases(&self) -> Option<&dyn LeaseStore<V>> {
        Some(self)
    }

    fn identity(&self) -> Option<usize> {
        Some(Arc::as_ptr(&self.table).addr())
    }

    fn maintain(&self, now: Time) -> Option<Span> {
        Some(sweep(&self.table, now))
    }
}

/// Leases that last until they are used up: their holders live in this process and always give
/// them back. The table of what each operation does to an entry stands in `turn`.
impl<V: Clone + Send + Sync + 'static> LeaseStore<V> for Memory<V> {
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<V>> {
        let guard = self.table.map.guard();
        let mut turn = Turn::take(&self.table, &guard, key);
        let node = turn.look();
        let value = node.and_then(|node| node.value().zip(node.metadata()));
        let current = |lease: &Lease| node.is_some_and(|node| node.is_leased_to(lease.stamp));
        let held = ask.held.filter(current);
        if let Some((fresh, metadata)) = value.filter(|(_, metadata)| (ask.fresh)(metadata)) {
            if held.is_some() {
                turn.unlease();
            }
            turn.end();
            let value = fresh.value.clone(); // the user's code: no lock is held any more
            return Reply::ok(Leased::Fresh(CachedValue { value, metadata }));
        }
        // A lease that is taken over gets a new stamp: its first holder may still be at work.
        let free = ask.supersede || held.is_some() || !node.is_some_and(Node::is_leased);
        let lease = free.then(|| turn.lease());
        turn.end();
        // The region looked before it asked. Nothing is cloned that it may not want.
        let seen = None;
        Reply::ok(match lease {
            Some(stamp) => {
                let foreign = None;
                let lease = Lease { stamp, foreign };
                Leased::Won { lease, seen }
            }
            None => Leased::Lost {
                remaining: Span::FOREVER, // the bell tells of its end
                seen,
            },
        })
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<V>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        let weight = self.table.weigh(key, &entry.value);
        self.used_up(key, lease, |turn| turn.put(entry, ttl, weight))
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, _failed: bool) -> Reply<'a, Commit> {
        self.used_up(key, lease, |turn| {
            turn.unlease();
        })
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, _time: Span) -> Reply<'a, Commit> {
        self.used_up(key, lease, |_| ())
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        let table = Arc::clone(&self.table);
        let key: Box<[u8]> = key.into();
        let stripe = table.stripe(KeyHash::of(&key));
        let number = stripe.lock().bells.hang(&key, Arc::from(bell));
        Some(Watch::new(move || {
            let stripe = table.stripe(KeyHash::of(&key));
            stripe.lock().bells.take_down(&key, number);
        }))
    }

    fn expires(&self) -> bool {
        false
    }
}

impl<V> Memory<V> {
    /// Does `work` if `lease` is current, in one step.
    fn used_up<'a>(
        &self,
        key: &[u8],
        lease: &Lease,
        work: impl FnOnce(&mut Turn<'_, V>),
    ) -> Reply<'a, Commit> {
        let guard = self.table.map.guard();
        let mut turn = Turn::take(&self.table, &guard, key);
        let current = turn
            .look()
            .is_some_and(|node| node.is_leased_to(lease.stamp));
        let answer = if current {
            work(&mut turn);
            Commit::Stored
        } else {
            Commit::Refused
        };
        turn.end();
        Reply::ok(answer)
    }
}
