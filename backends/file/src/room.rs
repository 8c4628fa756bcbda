//! How much the store may hold, and what goes when that is reached: first what has expired, then
//! the oldest.
//!
//! Pages that entries leave are used again; the file itself never shrinks. A reader that has
//! stopped in the middle of a look (a process under `SIGSTOP`, a debugger) keeps the pages of that
//! moment from being used again, so the file grows though less is in it. It may grow to twice the
//! bound; then values are no longer taken until pages are free again. What has to be possible
//! always, to delete and to lease, may use as much once more.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dogpile_backend::{Clock, SystemClock};

use crate::entry;
use crate::layout;
use crate::opened::Opened;
use crate::trouble::Trouble;
use crate::writing::Writing;

/// For how long one change lets entries go while the store is over its bound, and after how many the clock is
/// looked at.
const LONGEST: Duration = Duration::from_millis(100);
const AT_ONCE: usize = 64;
/// How many expired entries each change lets go in any case: more than it adds.
const EXPIRED: usize = 2;
/// One value in so many is tried while the file must not grow, to learn whether it still would.
const TRY: u32 = 64;

pub(crate) struct Room {
    /// How many bytes entries may take up.
    most: u64,
    /// How long the file was when it was opened: it may have had another bound.
    length: u64,
    growth: Mutex<Growth>,
}

#[derive(Default)]
struct Growth {
    /// The file's last page when a value was last tried.
    last: u64,
    refused: u32,
}

impl Room {
    pub(crate) fn new(most: u64, length: u64) -> Self {
        Self {
            most,
            length,
            growth: Mutex::default(),
        }
    }

    /// How far the file of a store with this bound can grow: so many bytes, in whole pages. One that had another
    /// bound and is longer already can grow a little, so that its entries can be let go.
    pub(crate) fn map(most: u64, length: u64) -> usize {
        let bytes = (4 * most).max(length) + (64 << 20);
        let bytes = bytes.next_multiple_of(LARGEST_PAGE);
        // Addresses have 64 bits where this is built.
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Whether a value of so many bytes can be taken now.
    pub(crate) fn admit(&self, length: usize, opened: &Opened) -> Result<(), Trouble> {
        let most = self.most;
        if length as u64 > most / 2 {
            return Err(Trouble::TooLarge { length, most });
        }
        let last = opened.engine.last_page();
        if last.saturating_mul(PAGE) <= (2 * most).max(self.length) + (1 << 20) {
            return Ok(());
        }
        let mut growth = self.growth.lock().unwrap_or_else(PoisonError::into_inner);
        if growth.last == last {
            // The last one found pages to use again.
            return Ok(());
        }
        growth.refused = (growth.refused + 1) % TRY;
        // A reader that was killed holds its pages until somebody looks.
        if growth.refused == 1 || opened.forget_the_dead()? > 0 {
            growth.last = last;
            return Ok(());
        }
        Err(Trouble::Pinned)
    }
}

/// The engine's pages are the machine's, and no machine has smaller ones, or larger ones.
const PAGE: u64 = 4096;
const LARGEST_PAGE: u64 = 64 << 10;

impl Writing<'_> {
    /// Lets go what has to, after an entry was added by this change. That one stays: where all others are
    /// gone, and it is too much all the same, it is not taken.
    pub(crate) fn keep_within_bounds(&mut self) -> Result<(), Trouble> {
        for _ in 0..EXPIRED {
            if !self.let_an_expired_one_go()? {
                break;
            }
        }
        self.sweep(false)?;
        if self.is_within_bounds()? {
            return Ok(());
        }
        // There may be thousands of each: nobody else writes meanwhile.
        let until = Instant::now() + LONGEST;
        while self.sweep(true)? > 0 && !self.is_within_bounds()? && Instant::now() < until {}
        let mut number = 0_usize;
        while !self.is_within_bounds()? {
            if !self.let_one_go()? {
                return Err(Trouble::Pinned);
            }
            number += 1;
            if number.is_multiple_of(AT_ONCE) && Instant::now() > until {
                break;
            }
        }
        Ok(())
    }

    fn is_within_bounds(&self) -> Result<bool, Trouble> {
        let size = self.changes.size()?;
        Ok(size.used.saturating_mul(size.page) <= self.opened.room.most)
    }

    /// Lets so many entries go because there is no room for others.
    pub(crate) fn let_some_go(&mut self, count: usize) -> Result<(), Trouble> {
        for _ in 0..count {
            if !self.let_one_go()? {
                break;
            }
        }
        Ok(())
    }

    fn let_one_go(&mut self) -> Result<bool, Trouble> {
        Ok(self.let_an_expired_one_go()? || self.let_the_oldest_go()?)
    }

    fn let_an_expired_one_go(&mut self) -> Result<bool, Trouble> {
        let now = SystemClock.wall().as_nanos();
        let first = self.changes.first(layout::EXPIRING)?;
        let first = first.map(|(at, place)| (at.to_vec(), place.to_vec()));
        match first {
            Some((at, place)) if layout::expires(&at).is_none_or(|expires| expires <= now) => {
                self.let_go(&at, &place)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn let_the_oldest_go(&mut self) -> Result<bool, Trouble> {
        let first = self.changes.first(layout::OLDEST)?;
        let Some((at, place)) = first.map(|(at, place)| (at.to_vec(), place.to_vec())) else {
            return Ok(false);
        };
        if at == layout::in_order(self.changes.number()) {
            return Ok(false);
        }
        self.let_go(&at, &place)?;
        Ok(true)
    }

    /// Lets the entry at `place` go, which stands in an order at `at`; if it is another by now, only
    /// that standing goes.
    fn let_go(&mut self, at: &[u8], place: &[u8]) -> Result<(), Trouble> {
        self.remove(at)?;
        let book = self.get(place)?.and_then(entry::book);
        let stands = book.is_some_and(|book| {
            layout::in_order(book.written) == *at
                || layout::expiring(book.expires, book.written) == *at
        });
        if stands || book.is_none() {
            self.forget(place)?;
            self.remove(place)?;
        }
        Ok(())
    }
}
