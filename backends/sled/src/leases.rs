//! Leases: a claim in the key's entry, beside its value or alone.
//!
//! Who holds one lives in this process and gives it back; what a process left that died is void, so
//! no lease has to run out.

use dogpile_backend::{
    Ask, Bell, CachedValue, Commit, Lease, LeaseStore, Leased, News, Operation, Payload, Reply,
    Span, StoreError, Watch,
};

use crate::entry::{Entry, Value};
use crate::keyspace::Step;
use crate::store::{Sled, stamped};

impl Sled {
    /// The second look and the claim.
    fn claim(&self, key: &[u8], ask: &Ask<'_>, entry: Entry<'_>) -> Step<Leased<Payload>> {
        let held = ask.held.as_ref().map(|held| held.stamp);
        let holds = entry.claim.is_some() && entry.claim == held;
        if let Some(value) = entry.value.filter(|value| (ask.fresh)(&value.metadata())) {
            let fresh = Leased::Fresh(value.entry());
            if !holds {
                return Step::Leave(fresh);
            }
            // Nobody is left to give it back: the caller that took it over has no lease now.
            let unclaimed = Entry {
                claim: None,
                ..entry
            };
            return Step::Put(unclaimed.write(key), fresh);
        }
        let seen = entry.value.map(Value::entry);
        if entry.claim.is_some() && !holds && !ask.supersede {
            return Step::Leave(Leased::Lost {
                remaining: Span::FOREVER, // the bell tells of its end
                seen,
            });
        }
        // A lease that is taken over gets a new stamp: its first holder may still be at work.
        let stamp = self.mint();
        let claim = Some(stamp);
        let claimed = Entry { claim, ..entry };
        let lease = Lease {
            stamp,
            foreign: None,
        };
        Step::Put(claimed.write(key), Leased::Won { lease, seen })
    }

    /// Puts `next` in the place of the entry while `lease` is current.
    fn use_up(
        &self,
        operation: Operation,
        key: &[u8],
        lease: &Lease,
        next: impl Fn(Entry<'_>) -> Option<Vec<u8>>,
    ) -> Result<Commit, StoreError> {
        self.step(operation, key, |entry| {
            if entry.claim == Some(lease.stamp) {
                Step::Put(next(entry), Commit::Stored)
            } else {
                Step::Leave(Commit::Refused)
            }
        })
    }
}

impl LeaseStore<Payload> for Sled {
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<Payload>> {
        let leased = self.step(Operation::Lease, key, |entry| self.claim(key, &ask, entry));
        if ask.held.is_some() && matches!(leased, Ok(Leased::Fresh(_))) {
            self.keyspace.about_keys.ring(key, News::Changed);
        }
        Reply::ready(leased)
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<Payload>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        let value = stamped(entry, lease.stamp, ttl);
        let stored = Entry {
            claim: None,
            value: Value::new(&value),
        };
        let stored = stored.write(key);
        let answer = self.use_up(Operation::Commit, key, lease, |_| stored.clone());
        Reply::ready(match answer {
            Ok(Commit::Stored) => self
                .written(Operation::Commit, key)
                .map(|()| Commit::Stored),
            other => other,
        })
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        let answer = self.use_up(Operation::Lease, key, lease, |entry| {
            let claim = None;
            Entry { claim, ..entry }.write(key)
        });
        if matches!(answer, Ok(Commit::Stored)) {
            let news = if failed { News::Failed } else { News::Changed };
            self.keyspace.about_keys.ring(key, news);
        }
        Reply::ready(answer)
    }

    /// Asks whether it is current; it lasts until it is used up.
    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, _time: Span) -> Reply<'a, Commit> {
        Reply::ready(self.step(Operation::Lease, key, |entry| {
            Step::Leave(if entry.claim == Some(lease.stamp) {
                Commit::Stored
            } else {
                Commit::Refused
            })
        }))
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        Some(self.keyspace.about_keys.watch(key, bell))
    }

    fn expires(&self) -> bool {
        false
    }
}
