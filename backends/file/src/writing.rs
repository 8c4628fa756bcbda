//! One change of the store, in one step: what operations ask for, in the store's own words.

use dogpile_backend::{CachedValue, Clock, News, Payload, Span, Stamp, SystemClock};

use crate::bells::{Ring, Told};
use crate::claim::Claim;
use crate::engine::Changing;
use crate::entry::{self, Book};
use crate::gate::Passed;
use crate::layout::{self, Spot};
use crate::locks::Locks;
use crate::opened::Opened;
use crate::trouble::Trouble;

/// Changes that are made together or, if this is dropped, not at all.
pub(crate) struct Writing<'o> {
    pub(crate) changes: Changing<'o>,
    /// After the changes, which are made or given up while nobody else writes.
    passed: Passed<'o>,
    pub(crate) opened: &'o Opened,
    changed: bool,
    taken: Option<Taken<'o>>,
    rings: Vec<Ring>,
}

/// The lock for a claim that nobody sees before the changes are made; freed unless they are.
struct Taken<'o> {
    locks: &'o Locks,
    stamp: Stamp,
    kept: bool,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.locks.let_go(self.stamp);
        }
    }
}

impl<'o> Writing<'o> {
    pub(crate) fn begin(opened: &'o Opened) -> Result<Self, Trouble> {
        let passed = opened.pass_to_write()?;
        Ok(Self {
            changes: opened.engine.writing()?,
            passed,
            opened,
            changed: false,
            taken: None,
            rings: Vec::new(),
        })
    }

    /// Makes what was changed be seen, and tells those who watch it.
    pub(crate) fn commit(self) -> Result<(), Trouble> {
        if !self.changed {
            return Ok(());
        }
        self.changes.commit()?;
        if let Some(mut taken) = self.taken {
            taken.kept = true;
        }
        // Who is rung for may want to write.
        drop(self.passed);
        self.opened.bells.ring(self.opened, &self.rings);
        Ok(())
    }

    /// A stamp like no other, the same for all of this change.
    pub(crate) fn stamp(&self) -> Stamp {
        let number = u128::from(self.changes.number());
        Stamp::new(u128::from(self.opened.instance) << 64 | number)
    }

    /// Whether this opening made the stamp.
    pub(crate) fn gave(&self, stamp: Stamp) -> bool {
        stamp.number() >> 64 == u128::from(self.opened.instance)
    }

    pub(crate) fn get(&self, place: &[u8]) -> Result<Option<&[u8]>, Trouble> {
        Ok(self.changes.get(place)?)
    }

    pub(crate) fn put(&mut self, place: &[u8], bytes: &[u8]) -> Result<(), Trouble> {
        self.changed = true;
        Ok(self.changes.put(place, bytes)?)
    }

    /// Removes what is at `place`, if anything is.
    pub(crate) fn remove(&mut self, place: &[u8]) -> Result<bool, Trouble> {
        let removed = self.changes.remove(place)?;
        self.changed |= removed;
        Ok(removed)
    }
}

/// Entries.
impl Writing<'_> {
    pub(crate) fn entry(&self, key: &[u8]) -> Result<Option<&[u8]>, Trouble> {
        self.get(layout::entry(key).as_bytes())
    }

    /// Puts `entry` in the place of what was there, to expire after `ttl`.
    pub(crate) fn put_entry(
        &mut self,
        key: &[u8],
        entry: &CachedValue<Payload>,
        ttl: Span,
    ) -> Result<(), Trouble> {
        let expires = if ttl.is_forever() {
            entry::NEVER
        } else {
            SystemClock.wall().after(ttl).as_nanos()
        };
        let written = self.changes.number();
        let book = Book { written, expires };
        let bytes = entry::encode(key, entry, book);
        self.opened.room.admit(bytes.len(), self.opened)?;
        let place = layout::entry(key);
        self.forget(place.as_bytes())?;
        self.put(place.as_bytes(), &bytes)?;
        self.put(&layout::in_order(written), place.as_bytes())?;
        if expires != entry::NEVER {
            self.put(&layout::expiring(expires, written), place.as_bytes())?;
        }
        self.keep_within_bounds()
    }

    /// Takes the entry at `place` out of the orders, so that it can be removed or replaced.
    pub(crate) fn forget(&mut self, place: &[u8]) -> Result<(), Trouble> {
        // One that is too damaged to tell leaves its orders to be tidied by who comes upon them.
        let Some(book) = self.get(place)?.and_then(entry::book) else {
            return Ok(());
        };
        self.remove(&layout::in_order(book.written))?;
        if book.expires != entry::NEVER {
            self.remove(&layout::expiring(book.expires, book.written))?;
        }
        Ok(())
    }

    /// Ends everything under `key`: the entry and the claim; those who watch it are told.
    pub(crate) fn end_all(&mut self, key: &[u8]) -> Result<(), Trouble> {
        let place = layout::entry(key);
        self.forget(place.as_bytes())?;
        self.remove(place.as_bytes())?;
        self.end_claim(key)?;
        self.tell(key, News::Changed)
    }
}

/// Claims.
impl Writing<'_> {
    pub(crate) fn claim(&self, key: &[u8]) -> Result<Option<Claim>, Trouble> {
        let found = self.get(layout::claim(key).as_bytes())?;
        Ok(found.and_then(Claim::decode))
    }

    /// How long a claim lasts at most; nothing if it does not any more, or if its holder has died.
    pub(crate) fn still_lasts(&self, claim: &Claim) -> Option<Span> {
        let is_alive = || !claim.locked || self.opened.locks.is_held(claim.stamp);
        claim.remaining().filter(|_| is_alive())
    }

    /// Gives the lease of `key` to this process, whoever had it.
    pub(crate) fn put_claim(
        &mut self,
        key: &[u8],
        stamp: Stamp,
        time: Span,
    ) -> Result<(), Trouble> {
        let locks = &self.opened.locks;
        let locked = locks.hold(stamp);
        if locked {
            let kept = false;
            self.taken = Some(Taken { locks, stamp, kept });
        }
        let claim = Claim::new(stamp, time, locked);
        self.put(layout::claim(key).as_bytes(), &claim.encode())
    }

    /// Has nobody claim `key` for `time` from now; `stamp` is given to nobody.
    pub(crate) fn shut(&mut self, key: &[u8], stamp: Stamp, time: Span) -> Result<(), Trouble> {
        let claim = Claim::shut(stamp, time);
        self.put(layout::claim(key).as_bytes(), &claim.encode())
    }

    /// Lets a claim last for `time` from now.
    pub(crate) fn prolong(&mut self, key: &[u8], claim: Claim, time: Span) -> Result<(), Trouble> {
        let claim = Claim::new(claim.stamp, time, claim.locked);
        self.put(layout::claim(key).as_bytes(), &claim.encode())
    }

    pub(crate) fn end_claim(&mut self, key: &[u8]) -> Result<(), Trouble> {
        self.remove(layout::claim(key).as_bytes())?;
        Ok(())
    }
}

/// News.
impl Writing<'_> {
    /// Tells those who watch `key`, once the changes are made.
    pub(crate) fn tell(&mut self, key: &[u8], news: News) -> Result<(), Trouble> {
        let news = match news {
            News::Changed => Told::Changed,
            News::Failed => Told::Failed(self.changes.number()),
        };
        self.tell_at(Spot::of_key(key), news)
    }

    pub(crate) fn tell_of_epochs(&mut self, region: &str) -> Result<(), Trouble> {
        self.tell_at(Spot::of_epochs(region), Told::Changed)
    }

    fn tell_at(&mut self, spot: Spot, news: Told) -> Result<(), Trouble> {
        let watchers = self.changes.places(&layout::watchers(spot))?;
        let watchers = watchers.iter().filter_map(|place| layout::who(place));
        let rings = watchers.map(|who| Ring { spot, who, news });
        self.rings.extend(rings);
        Ok(())
    }
}
