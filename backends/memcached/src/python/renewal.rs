//! Prolonging a lease beside Python: its slot first, which decides whether it is current, then its lock.

use dogpile_backend::{Commit, Lease, Operation, Span, StoreError};

use super::lock::Lock;
use super::slot::waits_for;
use crate::Memcached;
use crate::grants::{Grant, over};
use crate::keys::Room;
use crate::slot::seconds;
use crate::trouble::Trouble;

impl Memcached {
    /// Prolongs the lock of a lease whose slot was found current; `Refused` where another has it.
    pub(crate) fn renew_lock(
        &self,
        key: &[u8],
        lease: &Lease,
        time: Span,
    ) -> Result<Commit, StoreError> {
        let Some(mut held) = self.grants.alone(lease.stamp) else {
            return Ok(Commit::Refused);
        };
        let Some(grant) = held.take_of(key) else {
            return Ok(Commit::Refused);
        };
        let Some(lock) = grant.lock else {
            return Ok(Commit::Refused);
        };
        let seconds = seconds(time.as_nanos());
        let renewed = self
            .prolong(key, lock, lease, seconds)
            .map_err(|trouble| trouble.told(Operation::Lease, key));
        if let Err(error) = renewed {
            // It stands as it did, and is asked for again.
            held.put_back(grant);
            return Err(error);
        }
        Ok(match renewed? {
            Some(lock) => {
                held.put_back(Grant {
                    lock: Some(lock),
                    over: over(waits_for(seconds)),
                    ..grant
                });
                Commit::Stored
            }
            None => Commit::Refused,
        })
    }

    /// Puts our token in the lock for so long: in its own place, or where nothing is, since a creator of
    /// Python's that was too slow deletes whatever lock it finds when it is done.
    fn prolong(
        &self,
        key: &[u8],
        lock: Lock,
        lease: &Lease,
        seconds: u32,
    ) -> Result<Option<Lock>, Trouble> {
        let place = self.keys.key(Room::Lock, key);
        let taken = self.take_lock(&place, lock, lease.stamp, seconds)?;
        if taken.is_some() {
            return Ok(taken);
        }
        let added = self.add_lock(&place, lease.stamp, seconds)?;
        if added.is_some() {
            return Ok(added);
        }
        // The connection that knew its number may be gone.
        let holder = self.lock_holder(&place)?;
        match holder.filter(|holder| holder.token == Some(lease.stamp)) {
            Some(ours) => self.take_lock(&place, ours.lock, lease.stamp, seconds),
            None => Ok(None),
        }
    }
}
