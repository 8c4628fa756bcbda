//! The port of leases for who may block: each deed on the connection that granted the lease, alone.

use dogpile_backend::record::Unreadable;
use dogpile_backend::{
    Ask, Bell, CachedValue, Commit, Lease, LeaseStore, Leased, Operation, Payload, Reply, Span,
    Stamp, StoreError, Watch, record,
};

use crate::connection::Connection;
use crate::deed::{Deed, Kept};
use crate::grants::Grant;
use crate::keys::Room;
use crate::pool::Again;
use crate::slot::{PENDING, SHUT, seconds};
use crate::trouble::Trouble;
use crate::voice::alone;
use crate::wish::Wish;
use crate::{Memcached, token};

impl Memcached {
    /// Does something with a lease while it is current, on the connection that granted it.
    pub(crate) fn with_lease(
        &self,
        operation: Operation,
        key: &[u8],
        lease: &Lease,
        deed: &Deed,
    ) -> Result<Commit, StoreError> {
        let Some(mut held) = self.grants.alone(lease.stamp) else {
            return Ok(Commit::Refused);
        };
        let Some(grant) = held.take_of(key) else {
            return Ok(Commit::Refused);
        };
        let place = self.keys.key(Room::Value, key);
        let talk = |connection: &mut Connection| {
            alone(connection, async |voice| {
                deed.talk(voice, &place, &grant).await
            })
        };
        let kept = self
            .servers
            .talk_on_line(grant.line, talk)
            .map_err(|trouble| trouble.told(operation, key));
        let kept = kept.map(|kept| kept.unwrap_or(Kept::Void));
        if let (Some(lock), Ok(Kept::Void | Kept::UsedUp) | Err(_)) = (grant.lock, &kept) {
            // A lock of a lease that is over would stand in everybody's way.
            self.free_lock(key, lock, lease.stamp);
        }
        match kept {
            Ok(kept) => Ok(kept.settle(&mut held)),
            Err(error) => {
                // Nobody knows what became of it. By its number it can be given back, if it is still the same.
                held.put_back(grant);
                Err(error)
            }
        }
    }

    fn ask_lease(&self, key: &[u8], ask: &Ask<'_>) -> Result<Leased<Payload>, StoreError> {
        let told = |trouble: Trouble| trouble.told(Operation::Lease, key);
        let wish = Wish::new(self, key, ask);
        let stamp = ask.held.as_ref().map(|held| held.stamp);
        if let Some(mut held) = stamp.and_then(|stamp| self.grants.alone(stamp))
            && let Some(Grant { cas, line, .. }) = held.known_of(key)
        {
            let talk = |connection: &mut Connection| {
                alone(connection, async |voice| wish.talk(voice, Some(cas)).await)
            };
            // Without an answer it stays what it is, for its caller to give back.
            let came = self.servers.talk_on_line(line, talk).map_err(told)?;
            // Taken over, given back or void: it is nobody's from here on.
            held.take_of(key);
            drop(held);
            if let Some(came) = came {
                return self.heard(key, wish.answer(came, line));
            }
        }
        let talk = |connection: &mut Connection| {
            alone(connection, async |voice| wish.talk(voice, None).await)
        };
        let (came, line) = self
            .servers
            .talk(&wish.place, Again::Harmless, talk)
            .map_err(told)?;
        self.heard(key, wish.answer(came, line))
    }

    /// The answer to a wish for the lease of `key`, as its caller hears it. Where the user's code panics that is told
    /// of what was found there, nobody has the lease.
    pub(crate) fn heard(
        &self,
        key: &[u8],
        (leased, unreadable): (Leased<Payload>, Option<Unreadable>),
    ) -> Result<Leased<Payload>, StoreError> {
        let counted = self.count(key, unreadable.as_ref());
        if let (Err(_), Leased::Won { lease, .. }) = (&counted, &leased) {
            // If it cannot be given back, it ends by itself.
            let _ = self.release(key, lease, false).wait();
        }
        counted.map_err(|trouble| trouble.told(Operation::Lease, key))?;
        Ok(leased)
    }

    /// A commit of `entry` as the lease's value.
    pub(crate) fn commit_of(
        &self,
        lease: &Lease,
        mut entry: CachedValue<Payload>,
        ttl: Span,
    ) -> Deed {
        entry.metadata.stamp = lease.stamp;
        let (body, seconds) = (record::encode(&entry), self.time_to_live(ttl));
        let client_flags = self.client_flags;
        Deed::Commit {
            body,
            client_flags,
            seconds,
        }
    }
}

/// A lease that nobody has, for whole seconds, as all that the server ends: at least as long as `time`,
/// and up to two longer.
pub(crate) fn shut_for(time: Span) -> Deed {
    Deed::WriteAgain {
        stamp: token::mint(),
        client_flags: SHUT,
        seconds: seconds(time.as_nanos()),
    }
}

/// The same lease for longer.
pub(crate) fn renewed_for(stamp: Stamp, time: Span) -> Deed {
    Deed::WriteAgain {
        stamp,
        client_flags: PENDING,
        seconds: seconds(time.as_nanos()),
    }
}

impl LeaseStore<Payload> for Memcached {
    fn lease<'a>(&'a self, key: &'a [u8], ask: Ask<'a>) -> Reply<'a, Leased<Payload>> {
        Reply::ready(match self.is_beside_python() {
            true => self.ask_lease_beside_python(key, &ask),
            false => self.ask_lease(key, &ask),
        })
    }

    fn commit<'a>(
        &'a self,
        key: &'a [u8],
        lease: &'a Lease,
        entry: CachedValue<Payload>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        let deed = self.commit_of(lease, entry, ttl);
        Reply::ready(self.with_lease(Operation::Commit, key, lease, &deed))
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        let deed = Deed::Release { failed };
        Reply::ready(self.with_lease(Operation::Lease, key, lease, &deed))
    }

    fn shut<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        if !self.shuts() {
            return self.release(key, lease, true);
        }
        Reply::ready(self.with_lease(Operation::Lease, key, lease, &shut_for(time)))
    }

    /// Python's clients would wait for the lock of a key that is shut.
    fn shuts(&self) -> bool {
        !self.is_beside_python()
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        let deed = renewed_for(lease.stamp, time);
        let renewed = self.with_lease(Operation::Lease, key, lease, &deed);
        Reply::ready(match renewed {
            Ok(Commit::Stored) if self.is_beside_python() => self.renew_lock(key, lease, time),
            other => other,
        })
    }

    fn watch(&self, key: &[u8], bell: Bell) -> Option<Watch> {
        if !self.is_beside_python() {
            return self.watcher.watch(self.keys.key(Room::Value, key), bell);
        }
        self.keys.check(key).ok()?;
        let (lock, value) = (
            self.keys.key(Room::Lock, key),
            self.keys.key(Room::Value, key),
        );
        self.watcher.watch_lock(lock, value, bell)
    }
}
