//! The wish for a lease: what is looked at, what is taken, and what the caller hears.

use std::cell::Cell;

use dogpile_backend::record::Unreadable;
use dogpile_backend::{Ask, CachedValue, Lease, Leased, Payload, Span, Stamp};

use crate::deed::{give_back, put};
use crate::grants::{Grant, over};
use crate::keys::{Key, Room};
use crate::memcached::Read;
use crate::pool::Line;
use crate::protocol::{Answer, Code, Item, Request};
use crate::slot::{Out, PENDING, Slot, seconds, write};
use crate::trouble::Trouble;
use crate::voice::Voice;
use crate::{Memcached, token};

/// How often the slot may change under an asker before it is told that another was faster.
const TRIES: usize = 8;

/// A wish for a lease, and what is known about it.
pub(crate) struct Wish<'a> {
    store: &'a Memcached,
    key: &'a [u8],
    pub(crate) place: Key<'a>,
    ask: &'a Ask<'a>,
    seconds: u32,
    stamp: Stamp,
    /// Why what was seen last is no value.
    unreadable: Cell<Option<Unreadable>>,
}

/// What a talk about a lease came to.
pub(crate) enum Came {
    Fresh(CachedValue<Payload>),
    Won {
        cas: u64,
        seen: Option<CachedValue<Payload>>,
        beside: bool,
    },
    Lost {
        out: Out,
        seen: Option<CachedValue<Payload>>,
    },
}

impl<'a> Wish<'a> {
    pub(crate) fn new(store: &'a Memcached, key: &'a [u8], ask: &'a Ask<'a>) -> Self {
        Self {
            store,
            key,
            place: store.keys.key(Room::Value, key),
            ask,
            seconds: seconds(ask.time.as_nanos()),
            stamp: token::mint(),
            unreadable: Cell::default(),
        }
    }

    /// Looks and takes, until the slot holds still between the two. `held` is the number of the item that is
    /// a lease of this process's own, which the caller takes over.
    pub(crate) async fn talk(
        &self,
        voice: &mut Voice<'_>,
        held: Option<u64>,
    ) -> Result<Came, Trouble> {
        let mut last = None;
        for _ in 0..TRIES {
            let item = self.look(voice).await?;
            let cas = item.cas.unwrap_or_default();
            if item.won && item.body.is_empty() {
                return Ok(Came::Won {
                    cas,
                    seen: None,
                    beside: false,
                });
            }
            let slot = Slot::read(&item);
            let read = Read::of(slot.record);
            self.unreadable.set(read.unreadable);
            let seen = read.entry;
            let is_ours = held == Some(cas);
            if let Some(fresh) = self.fresh(seen.as_ref()) {
                if is_ours {
                    give_back(voice, &self.place, &slot, cas).await?;
                }
                return Ok(Came::Fresh(fresh));
            }
            let others = slot.lease.filter(|_| !is_ours && !self.ask.supersede);
            if let Some(out) = others {
                return Ok(Came::Lost { out, seen });
            }
            if let Some(cas) = self.take(voice, &slot, cas).await? {
                let beside = slot.record.is_some();
                return Ok(Came::Won { cas, seen, beside });
            }
            last = seen;
        }
        // Others are at it all the time; whoever of them has it, has it for no longer than this.
        let out = Out {
            seconds_left: 1,
            shut: false,
        };
        Ok(Came::Lost { out, seen: last })
    }

    async fn look(&self, voice: &mut Voice<'_>) -> Result<Item, Trouble> {
        if !Request::fits_in_base64(&self.place) {
            self.see_that_it_knows_leases(voice).await?;
        }
        let request = Request::get_or_make(&self.place, self.seconds);
        match voice.ask(request).await? {
            Answer::Item(item) => Ok(item),
            other => Err(voice.odd(&other)),
        }
    }

    /// Asks in a way that servers before 1.6.10 refuse, once in a process: the long key itself they would lease.
    async fn see_that_it_knows_leases(&self, voice: &mut Voice<'_>) -> Result<(), Trouble> {
        let servers = &self.store.servers;
        let known = servers.knows_leases(servers.number_of(&self.place));
        if known.get().is_none() {
            let short = self.store.keys.key(Room::Value, b"");
            match voice.ask(Request::in_base64(&short)).await? {
                Answer::Code(Code::Done | Code::Absent, _) => known.get_or_init(|| ()),
                other => return Err(voice.odd(&other)),
            };
        }
        Ok(())
    }

    fn fresh(&self, seen: Option<&CachedValue<Payload>>) -> Option<CachedValue<Payload>> {
        let seen = seen?;
        let wanted = !self.ask.supersede && (self.ask.fresh)(&seen.metadata);
        wanted.then(|| seen.clone())
    }

    /// Puts a lease in the place of what was seen, if it is still there, and answers its number.
    async fn take(
        &self,
        voice: &mut Voice<'_>,
        slot: &Slot<'_>,
        cas: u64,
    ) -> Result<Option<u64>, Trouble> {
        let written = write(self.stamp, self.seconds, slot);
        put(voice, &self.place, &written, PENDING, cas).await
    }

    /// What the caller hears, and what it has to [count](Memcached::count).
    pub(crate) fn answer(self, came: Came, line: Line) -> (Leased<Payload>, Option<Unreadable>) {
        let unreadable = self.unreadable.take();
        (self.leased(came, line), unreadable)
    }

    fn leased(self, came: Came, line: Line) -> Leased<Payload> {
        match came {
            Came::Fresh(entry) => Leased::Fresh(entry),
            Came::Lost { out, seen } => {
                self.store.watcher.saw_leased(&self.place);
                let remaining = Span::from_secs(out.seconds_left.into());
                match out.shut {
                    true => Leased::Shut { remaining, seen },
                    false => Leased::Lost { remaining, seen },
                }
            }
            Came::Won { cas, seen, beside } => {
                let grant = Grant {
                    key: self.key.into(),
                    line,
                    cas,
                    beside,
                    lock: None,
                    over: over(self.seconds),
                };
                self.store.grants.keep(self.stamp, grant);
                let lease = Lease {
                    stamp: self.stamp,
                    foreign: None,
                };
                Leased::Won { lease, seen }
            }
        }
    }
}
