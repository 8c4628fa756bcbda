//! The wish for a lease: what is looked at, what is taken, and what the caller hears.

use dogpile_backend::{Ask, CachedValue, Lease, Leased, Payload, Span, Stamp};

use crate::Memcached;
use crate::connection::Connection;
use crate::grants::{Grant, over};
use crate::keys::Key;
use crate::leases::{give_back, put};
use crate::pool::Line;
use crate::protocol::{Answer, Item, Request};
use crate::slot::{Out, PENDING, Slot, write};
use crate::trouble::Trouble;

/// How often the slot may change under an asker before it is told that another was faster.
const TRIES: usize = 8;

/// A wish for a lease, and what is known about it.
pub(crate) struct Wish<'a> {
    pub(crate) store: &'a Memcached,
    pub(crate) key: &'a [u8],
    pub(crate) place: Key<'a>,
    pub(crate) ask: &'a Ask<'a>,
    pub(crate) seconds: u32,
    pub(crate) stamp: Stamp,
    /// The number of the item that is a lease of this process's own, which the caller takes over.
    pub(crate) held: Option<(u64, Line)>,
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

impl Wish<'_> {
    /// Looks and takes, until the slot holds still between the two.
    pub(crate) fn talk(
        &self,
        connection: &mut Connection,
        held: Option<u64>,
    ) -> Result<Came, Trouble> {
        let mut last = None;
        for _ in 0..TRIES {
            let item = self.look(connection)?;
            let cas = item.cas.unwrap_or_default();
            if item.won && item.body.is_empty() {
                return Ok(Came::Won {
                    cas,
                    seen: None,
                    beside: false,
                });
            }
            let slot = Slot::read(&item);
            let seen = self.store.entry(self.key, slot.record);
            let is_ours = held == Some(cas);
            if let Some(fresh) = self.fresh(seen.as_ref()) {
                if is_ours {
                    give_back(connection, &self.place, &slot, cas)?;
                }
                return Ok(Came::Fresh(fresh));
            }
            let others = slot.lease.filter(|_| !is_ours && !self.ask.supersede);
            if let Some(out) = others {
                return Ok(Came::Lost { out, seen });
            }
            if let Some(cas) = self.take(connection, &slot, cas)? {
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

    fn look(&self, connection: &mut Connection) -> Result<Item, Trouble> {
        let request = Request::get(&self.place).flag(b"c").flag(b"t");
        match connection.ask(request.number(b'N', self.seconds))? {
            Answer::Item(item) => Ok(item),
            other => Err(connection.odd(&other)),
        }
    }

    fn fresh(&self, seen: Option<&CachedValue<Payload>>) -> Option<CachedValue<Payload>> {
        let seen = seen?;
        let wanted = !self.ask.supersede && (self.ask.fresh)(&seen.metadata);
        wanted.then(|| seen.clone())
    }

    /// Puts a lease in the place of what was seen, if it is still there, and answers its number.
    fn take(
        &self,
        connection: &mut Connection,
        slot: &Slot<'_>,
        cas: u64,
    ) -> Result<Option<u64>, Trouble> {
        let written = write(self.stamp, self.seconds, slot);
        put(connection, &self.place, &written, PENDING, cas)
    }

    pub(crate) fn answer(self, came: Came, line: Line) -> Leased<Payload> {
        match came {
            Came::Fresh(entry) => Leased::Fresh(entry),
            Came::Lost { out, seen } => {
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
