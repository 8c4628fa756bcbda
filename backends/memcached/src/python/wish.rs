//! The wish for a lease beside Python: first the lock, then the value's slot.

use std::cell::Cell;

use dogpile_backend::record::Unreadable;
use dogpile_backend::{
    Ask, CachedValue, Lease, Leased, Operation, Payload, Span, Stamp, StoreError,
};

use super::lock::{Holder, Lock};
use super::slot::{LEASED, Slot, stub};
use super::{compared, removed};
use crate::connection::Connection;
use crate::grants::{Grant, over};
use crate::keys::{Key, Room};
use crate::memcached::Read;
use crate::pool::{Again, Line};
use crate::protocol::{Answer, Code, Item, Mode, Request};
use crate::slot::{LONGEST, seconds};
use crate::trouble::Trouble;
use crate::{Memcached, python, token};

/// How often others may be faster before an asker is told so.
const TRIES: usize = 8;

/// After this long whoever lost a lease asks again, however long the lock lasts: that it was given back and
/// taken again between two looks nobody sees.
const ASK_AGAIN: Span = Span::from_secs(1);

struct Wish<'a> {
    store: &'a Memcached,
    key: &'a [u8],
    place: Key<'a>,
    lock: Key<'a>,
    ask: &'a Ask<'a>,
    seconds: u32,
    stamp: Stamp,
    /// Why what was seen last is no value.
    unreadable: Cell<Option<Unreadable>>,
}

/// What a look at the lock came to.
enum Locked {
    Ours(Lock),
    Others,
    /// It changes all the time.
    Unclear,
}

/// What came of the value's slot, under the lock.
enum Came {
    Fresh(CachedValue<Payload>),
    /// The number of what was written there, or nothing where others write all the time.
    Written(Option<Written>),
}

struct Written {
    line: Line,
    cas: u64,
    beside: bool,
    seen: Option<CachedValue<Payload>>,
}

impl Memcached {
    /// [`LeaseStore::lease`](dogpile_backend::LeaseStore::lease), beside Python.
    pub(crate) fn ask_lease_beside_python(
        &self,
        key: &[u8],
        ask: &Ask<'_>,
    ) -> Result<Leased<Payload>, StoreError> {
        let told = |trouble: Trouble| trouble.told(Operation::Lease, key);
        self.keys.check(key).map_err(told)?;
        let stamp = ask.held.as_ref().map(|held| held.stamp);
        let held = stamp.and_then(|stamp| self.grants.alone(stamp));
        let wish = Wish {
            store: self,
            key,
            place: self.keys.key(Room::Value, key),
            lock: self.keys.key(Room::Lock, key),
            ask,
            seconds: seconds(ask.time.as_nanos()),
            stamp: token::mint(),
            unreadable: Cell::default(),
        };
        // Without an answer it stays what it is, for its caller to give back.
        let leased = wish.talk().map_err(told)?;
        if let Some(mut held) = held {
            // Taken over, given back or void: it is nobody's from here on.
            held.take_of(key);
        }
        self.heard(key, (leased, wish.unreadable.take()))
    }
}

impl Wish<'_> {
    fn talk(&self) -> Result<Leased<Payload>, Trouble> {
        let lock = match self.take()? {
            Locked::Ours(lock) => lock,
            Locked::Others => return self.lost(),
            Locked::Unclear => return Ok(nobody_knows()),
        };
        match self.write() {
            Ok(Came::Written(Some(written))) => Ok(self.won(written, lock)),
            Ok(Came::Written(None)) => {
                self.store.free_lock(self.key, lock, self.stamp);
                Ok(nobody_knows())
            }
            Ok(Came::Fresh(entry)) => {
                self.store.free_lock(self.key, lock, self.stamp);
                Ok(Leased::Fresh(entry))
            }
            Err(trouble) => {
                if !trouble.is_late() {
                    self.store.free_lock(self.key, lock, self.stamp);
                }
                Err(trouble)
            }
        }
    }

    /// Adds the lock, or takes it from one of ours where that was asked for.
    fn take(&self) -> Result<Locked, Trouble> {
        for _ in 0..TRIES {
            if let Some(lock) = self.store.add_lock(&self.lock, self.stamp, self.seconds)? {
                return Ok(Locked::Ours(lock));
            }
            let Some(holder) = self.store.lock_holder(&self.lock)? else {
                continue;
            };
            if holder.token == Some(self.stamp) {
                return Ok(Locked::Ours(holder.lock));
            }
            if !self.may_take_from(&holder) {
                return Ok(Locked::Others);
            }
            let (lock, seen) = (&self.lock, holder.lock);
            let taken = self.store.take_lock(lock, seen, self.stamp, self.seconds)?;
            if let Some(lock) = taken {
                return Ok(Locked::Ours(lock));
            }
        }
        Ok(Locked::Unclear)
    }

    /// Python's lock is left to it: it would store its value last, and free what is ours then.
    fn may_take_from(&self, holder: &Holder) -> bool {
        let held = self.ask.held.as_ref().map(|held| held.stamp);
        holder.token.is_some() && (self.ask.supersede || holder.token == held)
    }

    /// Another has the lock.
    fn lost(&self) -> Result<Leased<Payload>, Trouble> {
        let (store, place) = (self.store, &self.place);
        let (item, line) = store
            .servers
            .talk(place, Again::Harmless, |connection| self.look(connection))?;
        let seen = self.seen(item.as_ref());
        if let Some(fresh) = self.fresh(seen.as_ref()) {
            return Ok(Leased::Fresh(fresh));
        }
        if let Some(item) = item.filter(|item| item.client_flags == python::FAILED) {
            // The word of a holder before this one: those who wait from now on must not hear it.
            let cas = item.cas.unwrap_or_default();
            store.servers.talk_on_line(line, |connection| {
                removed(connection, Request::delete(place).number(b'C', cas))
            })?;
        }
        let remaining = ASK_AGAIN;
        Ok(Leased::Lost { remaining, seen })
    }

    /// Writes the slot anew, until it holds still between the look and that.
    fn write(&self) -> Result<Came, Trouble> {
        // Whoever saw nothing a moment ago most likely would again.
        let mut known_empty = self.ask.stale.is_none() && !self.ask.supersede;
        for _ in 0..TRIES {
            let talk = |connection: &mut Connection| {
                let item = if known_empty {
                    None
                } else {
                    self.look(connection)?
                };
                self.write_over(connection, item)
            };
            let (came, line) = self
                .store
                .servers
                .talk(&self.place, Again::Harmless, talk)?;
            match came {
                Came::Written(Some(written)) => {
                    return Ok(Came::Written(Some(Written { line, ..written })));
                }
                Came::Written(None) => known_empty = false,
                fresh @ Came::Fresh(_) => return Ok(fresh),
            }
        }
        Ok(Came::Written(None))
    }

    fn write_over(&self, connection: &mut Connection, item: Option<Item>) -> Result<Came, Trouble> {
        let seen = self.seen(item.as_ref());
        if let Some(fresh) = self.fresh(seen.as_ref()) {
            return Ok(Came::Fresh(fresh));
        }
        let mode = item.as_ref().map_or(Mode::Absent, |item| {
            Mode::Exactly(item.cas.unwrap_or_default())
        });
        let there = item.filter(|item| Slot::read(item) != Slot::Empty);
        let beside = there.is_some();
        let (body, client_flags, seconds) = match there {
            None => (stub(self.stamp), LEASED, self.seconds),
            Some(item) => {
                let seconds = self.lives_for(&item);
                (item.body, item.client_flags, seconds)
            }
        };
        let request = Request::store(&self.place, &body, client_flags, seconds, mode);
        let cas = compared(connection, request.flag(b"c"))?;
        Ok(Came::Written(cas.map(|cas| Written {
            line: Line::default(),
            cas,
            beside,
            seen,
        })))
    }

    /// The value lives as long as it would have, and no shorter than the lease.
    fn lives_for(&self, item: &Item) -> u32 {
        let left = item.seconds_left.map(|left| left.max(self.seconds));
        left.map_or(0, |left| left.min(LONGEST))
    }

    fn look(&self, connection: &mut Connection) -> Result<Option<Item>, Trouble> {
        match connection.ask(Request::get(&self.place).flag(b"c").flag(b"t"))? {
            Answer::Item(item) => Ok(Some(item)),
            Answer::Code(Code::Absent, _) => Ok(None),
            other => Err(connection.odd(&other)),
        }
    }

    fn seen(&self, item: Option<&Item>) -> Option<CachedValue<Payload>> {
        let read = item.map(Read::shared).unwrap_or_default();
        self.unreadable.set(read.unreadable);
        read.entry
    }

    fn fresh(&self, seen: Option<&CachedValue<Payload>>) -> Option<CachedValue<Payload>> {
        let seen = seen?;
        let wanted = !self.ask.supersede && (self.ask.fresh)(&seen.metadata);
        wanted.then(|| seen.clone())
    }

    fn won(&self, written: Written, lock: Lock) -> Leased<Payload> {
        let grant = Grant {
            key: self.key.into(),
            line: written.line,
            cas: written.cas,
            beside: written.beside,
            lock: Some(lock),
            over: over(self.seconds),
        };
        self.store.grants.keep(self.stamp, grant);
        let lease = Lease {
            stamp: self.stamp,
            foreign: None,
        };
        let seen = written.seen;
        Leased::Won { lease, seen }
    }
}

/// Others are at it all the time; whoever of them has it, is asked about again soon.
fn nobody_knows() -> Leased<Payload> {
    Leased::Lost {
        remaining: ASK_AGAIN,
        seen: None,
    }
}
