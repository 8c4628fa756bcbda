//! The wish for a lease beside Python: a look at the value's slot, the lock, and then the slot as it was seen.

use std::cell::Cell;

use dogpile_backend::record::Unreadable;
use dogpile_backend::{
    Ask, CachedValue, Lease, Leased, Operation, Payload, Span, Stamp, StoreError,
};

use super::lock::{Holder, Lock};
use super::slot::{LEASED, Slot, stub, waits_for};
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

/// What the value's slot held at one moment, and on which connection that was heard.
struct Look {
    line: Line,
    item: Option<Item>,
    seen: Option<CachedValue<Payload>>,
}

/// Who has the lock.
enum Locked {
    Ours(Lock),
    Others,
    /// It changes all the time.
    Unclear,
}

/// What was written in the slot.
struct Written {
    line: Line,
    cas: u64,
    beside: bool,
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
        let inherited = held.as_ref().and_then(|held| held.known_of(key)?.lock);
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
        let leased = wish.talk(stamp.zip(inherited)).map_err(told)?;
        if let Some(mut held) = held {
            // Taken over, given back or void: it is nobody's from here on.
            held.take_of(key);
        }
        self.heard(key, (leased, wish.unreadable.take()))
    }
}

impl Wish<'_> {
    /// `inherited` is the lock of a lease that the caller has, and does not have after an answer.
    fn talk(&self, inherited: Option<(Stamp, Lock)>) -> Result<Leased<Payload>, Trouble> {
        let mut taken = None;
        let leased = self.try_for(&mut taken);
        let taken = taken.map(|lock| (self.stamp, lock));
        let left = match &leased {
            Ok(Leased::Won { .. }) => None,
            Ok(_) => taken.or(inherited),
            // It ends by itself where no answer came in time.
            Err(trouble) => taken.filter(|_| !trouble.is_late()),
        };
        if let Some((stamp, lock)) = left {
            self.store.free_lock(self.key, lock, stamp);
        }
        leased
    }

    /// Looks at the slot, takes the lock, and writes the slot anew if it is still as it was seen: in this order, each
    /// time. Who takes the lock after this and writes the slot changes what was seen here. Were it looked at under
    /// the lock, a slow asker could void the lease of one that had taken the lock from it, and come last.
    fn try_for(&self, lock: &mut Option<Lock>) -> Result<Leased<Payload>, Trouble> {
        // Whoever saw nothing a moment ago most likely would again.
        let mut look = match self.ask.stale.is_none() && !self.ask.supersede {
            true => None,
            false => Some(self.look()?),
        };
        for _ in 0..TRIES {
            let seen = look.as_ref().and_then(|look| look.seen.as_ref());
            if let Some(fresh) = self.fresh(seen) {
                return Ok(Leased::Fresh(fresh));
            }
            let ours = match self.take()? {
                Locked::Ours(ours) => *lock.insert(ours),
                Locked::Others => return self.lost(look),
                Locked::Unclear => return Ok(nobody_knows()),
            };
            if let Some(written) = self.write_over(look.as_ref())? {
                return Ok(self.won(&written, look.and_then(|look| look.seen), ours));
            }
            look = Some(self.look()?);
        }
        Ok(nobody_knows())
    }

    /// Adds the lock, or finds that it has it still, or takes it from one of ours where that was asked for.
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
    fn lost(&self, look: Option<Look>) -> Result<Leased<Payload>, Trouble> {
        let (store, place) = (self.store, &self.place);
        let looked = look.map_or_else(|| self.look(), Ok);
        let Look { line, item, seen } = looked?;
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

    /// Writes the slot anew; nothing where it is not as it was seen any more.
    fn write_over(&self, look: Option<&Look>) -> Result<Option<Written>, Trouble> {
        let seen = look.and_then(|look| Some((look.line, look.item.as_ref()?)));
        let there = seen.map(|(_, item)| item);
        let there = there.filter(|item| Slot::read(item) != Slot::Empty);
        let stub = stub(self.stamp);
        let (body, client_flags, seconds) = match there {
            None => (&*stub, LEASED, waits_for(self.seconds)),
            Some(item) => (&*item.body, item.client_flags, self.lives_for(item)),
        };
        let put = |connection: &mut Connection, mode| {
            let request = Request::store(&self.place, body, client_flags, seconds, mode);
            compared(connection, request.flag(b"c"))
        };
        let servers = &self.store.servers;
        let (cas, line) = match seen {
            None => servers.talk(&self.place, Again::Harmless, |connection| {
                put(connection, Mode::Absent)
            })?,
            Some((line, item)) => {
                let mode = Mode::Exactly(item.cas.unwrap_or_default());
                let put = servers.talk_on_line(line, |connection| put(connection, mode))?;
                (put.flatten(), line)
            }
        };
        let beside = there.is_some();
        Ok(cas.map(|cas| Written { line, cas, beside }))
    }

    /// The value lives as long as it would have, and no shorter than the lease.
    fn lives_for(&self, item: &Item) -> u32 {
        let left = item.seconds_left.map(|left| left.max(self.seconds));
        left.map_or(0, |left| left.min(LONGEST))
    }

    fn look(&self) -> Result<Look, Trouble> {
        let talk = |connection: &mut Connection| match connection
            .ask(Request::get(&self.place).flag(b"c").flag(b"t"))?
        {
            Answer::Item(item) => Ok(Some(item)),
            Answer::Code(Code::Absent, _) => Ok(None),
            other => Err(connection.odd(&other)),
        };
        let servers = &self.store.servers;
        let (item, line) = servers.talk(&self.place, Again::Harmless, talk)?;
        let read = item.as_ref().map(Read::shared).unwrap_or_default();
        self.unreadable.set(read.unreadable);
        let seen = read.entry;
        Ok(Look { line, item, seen })
    }

    fn fresh(&self, seen: Option<&CachedValue<Payload>>) -> Option<CachedValue<Payload>> {
        let seen = seen?;
        let wanted = !self.ask.supersede && (self.ask.fresh)(&seen.metadata);
        wanted.then(|| seen.clone())
    }

    fn won(
        &self,
        written: &Written,
        seen: Option<CachedValue<Payload>>,
        lock: Lock,
    ) -> Leased<Payload> {
        let grant = Grant {
            key: self.key.into(),
            line: written.line,
            cas: written.cas,
            beside: written.beside,
            lock: Some(lock),
            over: over(waits_for(self.seconds)),
        };
        self.store.grants.keep(self.stamp, grant);
        let lease = Lease {
            stamp: self.stamp,
            foreign: None,
        };
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
