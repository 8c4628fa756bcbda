//! Leases in the value's own slot, compared by the server's own number of the item.
//!
//! | | asked |
//! |---|---|
//! | a lease where nothing is | `mg N`: the server makes an empty item and tells one caller `W` |
//! | a lease beside a value | `mg`, then `ms C`: a lease that carries the value along |
//! | a commit | `ms C` |
//! | giving back | `md C` where nothing was, else `mg` and `ms C` of the value |
//! | giving back after a failure | `ms C` of a word that says so, where nothing was |
//! | shutting, renewing | `ms C`, after `mg` where a value stands beside |

use dogpile_backend::{
    Ask, Bell, CachedValue, Commit, Lease, LeaseStore, Leased, Operation, Payload, Reply, Span,
    Stamp, StoreError, Watch, record,
};

use crate::connection::Connection;
use crate::grants::{Grant, alone, over};
use crate::keys::{Key, Room};
use crate::memcached::{compared, removed};
use crate::pool::Again;
use crate::protocol::{Answer, Code, Item, Mode, Request};
use crate::slot::{FAILED, FAILED_FOR, PENDING, SHUT, Slot, Written, seconds, write};
use crate::trouble::Trouble;
use crate::wish::Wish;
use crate::{Memcached, python, token};

/// Writes a lease over the item of this number.
pub(crate) fn put(
    connection: &mut Connection,
    place: &Key<'_>,
    written: &Written,
    client_flags: u32,
    cas: u64,
) -> Result<Option<u64>, Trouble> {
    let mode = Mode::Exactly(cas);
    let request = Request::store(place, &written.body, client_flags, written.seconds, mode);
    compared(connection, request.flag(b"c"))
}

/// Takes a lease away and leaves what stood beside it, if the item has this number.
pub(crate) fn give_back(
    connection: &mut Connection,
    place: &Key<'_>,
    slot: &Slot<'_>,
    cas: u64,
) -> Result<bool, Trouble> {
    let Some(record) = slot.record else {
        return removed(connection, Request::delete(place).number(b'C', cas));
    };
    let left = slot.seconds_left.unwrap_or_default();
    let request = Request::store(place, record, 0, left, Mode::Exactly(cas));
    Ok(compared(connection, request)?.is_some())
}

/// The item, if it still has this number.
fn look_for(
    connection: &mut Connection,
    place: &Key<'_>,
    cas: u64,
) -> Result<Option<Item>, Trouble> {
    let request = Request::get(place).flag(b"c").flag(b"t");
    match connection.ask(request)? {
        Answer::Item(item) => Ok((item.cas == Some(cas)).then_some(item)),
        Answer::Code(Code::Absent, _) => Ok(None),
        other => Err(connection.odd(&other)),
    }
}

/// Writes the lease anew, for so long and with these client flags.
fn write_again(
    connection: &mut Connection,
    place: &Key<'_>,
    grant: &Grant,
    (stamp, client_flags): (Stamp, u32),
    seconds: u32,
) -> Result<Option<u64>, Trouble> {
    if grant.lock.is_some() {
        return write_stub_again(connection, place, grant, stamp, seconds);
    }
    // The value that stands beside it is not remembered: the server has it.
    let item = match grant.beside {
        true => match look_for(connection, place, grant.cas)? {
            Some(item) => item,
            None => return Ok(None),
        },
        false => Item::default(),
    };
    let slot = match grant.beside {
        true => Slot::read(&item),
        false => Slot::empty(),
    };
    let written = write(stamp, seconds, &slot);
    put(connection, place, &written, client_flags, grant.cas)
}

/// The same beside Python, where the lease on nothing is a stub and beside a value it is the value itself.
fn write_stub_again(
    connection: &mut Connection,
    place: &Key<'_>,
    grant: &Grant,
    stamp: Stamp,
    seconds: u32,
) -> Result<Option<u64>, Trouble> {
    if grant.beside {
        return Ok(is_still(connection, place, grant.cas)?.then_some(grant.cas));
    }
    let (mode, body) = (Mode::Exactly(grant.cas), python::stub(stamp));
    let request = Request::store(place, &body, python::LEASED, seconds, mode);
    compared(connection, request.flag(b"c"))
}

/// Whether the item has this number, without its value.
fn is_still(connection: &mut Connection, place: &Key<'_>, cas: u64) -> Result<bool, Trouble> {
    match connection.ask(Request::look(place))? {
        Answer::Code(Code::Done, item) => Ok(item.cas == Some(cas)),
        Answer::Code(Code::Absent, _) => Ok(false),
        other => Err(connection.odd(&other)),
    }
}

fn release(
    connection: &mut Connection,
    place: &Key<'_>,
    grant: &Grant,
    failed: bool,
) -> Result<bool, Trouble> {
    if failed && !grant.beside {
        // A word for those who wait. Beside a value nobody does.
        let mode = Mode::Exactly(grant.cas);
        let (body, client_flags) = match grant.lock {
            Some(_) => (python::stub(Stamp::NONE), python::FAILED),
            None => (b"failed".to_vec(), FAILED),
        };
        let request = Request::store(place, &body, client_flags, FAILED_FOR, mode);
        return Ok(compared(connection, request)?.is_some());
    }
    if grant.beside && grant.lock.is_some() {
        return is_still(connection, place, grant.cas);
    }
    if !grant.beside {
        return give_back(connection, place, &Slot::empty(), grant.cas);
    }
    match look_for(connection, place, grant.cas)? {
        Some(item) => give_back(connection, place, &Slot::read(&item), grant.cas),
        None => Ok(false),
    }
}

impl Memcached {
    /// Does something with a lease while it is current, on the connection that granted it. What
    /// `act` answers is the lease's number from then on; `None`: it is used up, or void.
    fn with_lease(
        &self,
        operation: Operation,
        key: &[u8],
        lease: &Lease,
        act: impl Fn(&mut Connection, &Grant) -> Result<Kept, Trouble>,
    ) -> Result<Commit, StoreError> {
        let Some(held) = self.grants.find(lease.stamp) else {
            return Ok(Commit::Refused);
        };
        let mut held = alone(&held);
        let Some(grant) = held.as_ref().filter(|grant| *grant.key == *key) else {
            return Ok(Commit::Refused);
        };
        let talked = self
            .servers
            .talk_on_line(grant.line, |connection| act(connection, grant));
        let (kept, answer) = match talked {
            Ok(Some(Kept::Still(grant))) => (Some(grant), Ok(Commit::Stored)),
            Ok(Some(Kept::UsedUp)) => (None, Ok(Commit::Stored)),
            Ok(Some(Kept::Void) | None) => (None, Ok(Commit::Refused)),
            // Nobody knows what became of it: the number may be another by now.
            Err(trouble) => (None, Err(trouble.told(operation, key))),
        };
        if kept.is_none() {
            self.grants.forget(lease.stamp);
            if let Some(lock) = grant.lock {
                // A lock of a lease that is over would stand in everybody's way.
                self.free_lock(key, lock, lease.stamp);
            }
        }
        *held = kept;
        answer
    }

    fn ask_lease(&self, key: &[u8], ask: &Ask<'_>) -> Result<Leased<Payload>, StoreError> {
        let told = |trouble: Trouble| trouble.told(Operation::Lease, key);
        let mut wish = Wish {
            store: self,
            key,
            place: self.keys.key(Room::Value, key),
            ask,
            seconds: seconds(ask.time.as_nanos()),
            stamp: token::mint(),
            held: None,
        };
        let stamp = ask.held.as_ref().map(|held| held.stamp);
        let held = stamp.and_then(|stamp| self.grants.find(stamp));
        let mut held = held.as_ref().map(alone);
        if let (Some(held), Some(stamp)) = (&mut held, stamp) {
            // Taken over, given back or void: it is nobody's from here on.
            let grant = held.take().filter(|grant| *grant.key == *key);
            self.grants.forget(stamp);
            wish.held = grant.map(|grant| (grant.cas, grant.line));
        }
        if let Some((cas, line)) = wish.held {
            let talk = |connection: &mut Connection| wish.talk(connection, Some(cas));
            if let Some(came) = self.servers.talk_on_line(line, talk).map_err(told)? {
                return Ok(wish.answer(came, line));
            }
        }
        let talk = |connection: &mut Connection| wish.talk(connection, None);
        let (came, line) = self
            .servers
            .talk(&wish.place, Again::Harmless, talk)
            .map_err(told)?;
        Ok(wish.answer(came, line))
    }
}

/// What is left of a lease.
enum Kept {
    /// It is current, under another number maybe.
    Still(Grant),
    /// It did what it was for.
    UsedUp,
    /// It was void already.
    Void,
}

impl Kept {
    fn used_up_if(current: bool) -> Self {
        if current { Self::UsedUp } else { Self::Void }
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
        mut entry: CachedValue<Payload>,
        ttl: Span,
    ) -> Reply<'a, Commit> {
        entry.metadata.stamp = lease.stamp;
        let (body, seconds) = (record::encode(&entry), self.time_to_live(ttl));
        let (place, flags) = (self.keys.key(Room::Value, key), self.client_flags);
        Reply::ready(
            self.with_lease(Operation::Commit, key, lease, |connection, grant| {
                let mode = Mode::Exactly(grant.cas);
                let request = Request::store(&place, &body, flags, seconds, mode);
                let stored = compared(connection, request)?;
                Ok(Kept::used_up_if(stored.is_some()))
            }),
        )
    }

    fn release<'a>(&'a self, key: &'a [u8], lease: &'a Lease, failed: bool) -> Reply<'a, Commit> {
        let place = self.keys.key(Room::Value, key);
        Reply::ready(
            self.with_lease(Operation::Lease, key, lease, |connection, grant| {
                Ok(Kept::used_up_if(release(
                    connection, &place, grant, failed,
                )?))
            }),
        )
    }

    /// For whole seconds, as all that the server ends: at least as long as `time`, and up to two longer.
    fn shut<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        if !self.shuts() {
            return self.release(key, lease, true);
        }
        let place = self.keys.key(Room::Value, key);
        let seconds = seconds(time.as_nanos());
        Reply::ready(
            self.with_lease(Operation::Lease, key, lease, |connection, grant| {
                let whose = (token::mint(), SHUT);
                let shut = write_again(connection, &place, grant, whose, seconds)?;
                Ok(Kept::used_up_if(shut.is_some()))
            }),
        )
    }

    /// Python's clients would wait for the lock of a key that is shut.
    fn shuts(&self) -> bool {
        !self.is_beside_python()
    }

    fn renew<'a>(&'a self, key: &'a [u8], lease: &'a Lease, time: Span) -> Reply<'a, Commit> {
        let place = self.keys.key(Room::Value, key);
        let seconds = seconds(time.as_nanos());
        let renewed = self.with_lease(Operation::Lease, key, lease, |connection, grant| {
            let whose = (lease.stamp, PENDING);
            let renewed = write_again(connection, &place, grant, whose, seconds)?;
            Ok(renewed.map_or(Kept::Void, |cas| {
                Kept::Still(Grant {
                    cas,
                    over: over(seconds),
                    ..grant.clone()
                })
            }))
        });
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
