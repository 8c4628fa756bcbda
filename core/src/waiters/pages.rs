//! Ears in pages: those who sit down one after another are told one after another, and their ears lie so.
//!
//! A page is as long as there are seats already, within bounds: one who waits alone has an ear to itself,
//! and of a crowd's pages no more than half is ever empty. It goes when the last of its ears does, but for the
//! one that the next waiter sits down in, so nothing grows with waiters that gave up.

use alloc::sync::Arc;

use super::Ear;
use crate::kit::Kit;

/// More would be kept by one waiter that stays when the others have left.
const LONGEST: u64 = 32;

/// One waiter's or one seat's handle to its page. Which ear is meant the ticket says.
pub(crate) struct Page<K: Kit, O: Send>(Arc<[Ear<K, O>]>);

impl<K: Kit, O: Send> Page<K, O> {
    /// The page that begins with the ear of `ticket`, where so many sit already. Its length is a power of
    /// two that divides the ticket.
    fn beginning_with(ticket: u64, seated: usize) -> Self {
        let seated = (seated as u64).clamp(1, LONGEST);
        let longest = 1 << seated.ilog2();
        let length = match ticket {
            0 => 1,
            _ => longest.min(1 << ticket.trailing_zeros().min(63)),
        };
        Self((0..length).map(|_| Ear::new()).collect())
    }

    /// The ear of `ticket`, of which the last eight bits are enough.
    pub(crate) fn ear(&self, ticket: u64) -> &Ear<K, O> {
        &self.0[self.place(ticket)]
    }

    /// Lengths are powers of two, so this is a remainder.
    #[allow(clippy::cast_possible_truncation)] // less than the length, which is a `usize`
    fn place(&self, ticket: u64) -> usize {
        ticket as usize & (self.0.len() - 1)
    }
}

impl<K: Kit, O: Send> Clone for Page<K, O> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Where the next waiter's ear is.
pub(super) struct Pages<K: Kit, O: Send>(Option<Page<K, O>>);

impl<K: Kit, O: Send> Pages<K, O> {
    pub(super) const fn new() -> Self {
        Self(None)
    }

    /// The page of `ticket`, where so many sit already. Tickets come one after another.
    pub(super) fn of(&mut self, ticket: u64, seated: usize) -> Page<K, O> {
        let page = match self.0.take() {
            Some(page) if page.place(ticket) != 0 => page,
            _ => Page::beginning_with(ticket, seated),
        };
        // Whoever has a page's last ear lets nobody else keep it.
        if page.place(ticket + 1) != 0 {
            self.0 = Some(page.clone());
        }
        page
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use alloc::sync::Weak;
    use alloc::vec::Vec;

    use super::super::{Room, Told, Waiter};
    use super::*;
    use crate::kit::Std;

    fn crowd(room: &mut Room<Std, u64>, callers: u64) -> Vec<Waiter<Std, u64>> {
        (0..callers).map(|_| room.sit(1, false)).collect()
    }

    fn pages(waiters: &[Waiter<Std, u64>]) -> Vec<Weak<[Ear<Std, u64>]>> {
        let mut pages: Vec<_> = waiters
            .iter()
            .map(|waiter| Arc::downgrade(&waiter.page.0))
            .collect();
        pages.dedup_by(|next, before| next.ptr_eq(before));
        pages
    }

    fn ears(pages: &[Weak<[Ear<Std, u64>]>]) -> usize {
        let pages = pages.iter().filter_map(Weak::upgrade);
        pages.map(|page| page.len()).sum()
    }

    #[test]
    fn law_7_each_of_a_crowd_hears_what_it_was_told_itself() {
        let mut room = Room::new();
        let waiters = crowd(&mut room, 300);
        for (told, seat) in (0..).zip(room.followers(1)) {
            assert!(seat.ear().say(Told::Superseded).is_ok(), "once for {told}");
        }
        for waiter in waiters {
            assert!(matches!(waiter.told(), Some(Told::Superseded)));
            assert!(waiter.told().is_none(), "{} was told twice", waiter.ticket);
        }
    }

    #[test]
    fn one_who_waits_alone_has_an_ear_to_itself_and_a_crowd_no_more_than_twice_its_ears() {
        let mut room = Room::new();
        let mut waiters = crowd(&mut room, 1);
        assert_eq!(ears(&pages(&waiters)), 1);
        for callers in 2..300 {
            waiters.extend(crowd(&mut room, 1));
            let ears = ears(&pages(&waiters));
            assert!(
                (callers..2 * callers).contains(&ears),
                "{ears} for {callers}"
            );
        }
        // However many came before, once the page is full that they have begun.
        drop(room.followers(1));
        for alone in 0..3 * LONGEST {
            let ears = ears(&pages(&crowd(&mut room, 1)));
            assert!(alone < LONGEST || ears == 1, "{ears} for one");
            drop(room.followers(1));
        }
    }

    #[test]
    fn law_7_nothing_is_kept_of_a_crowd_that_gave_up_but_the_pages_of_those_who_stayed() {
        let mut room = Room::new();
        let waiters = crowd(&mut room, 10_000);
        let pages = pages(&waiters);
        for waiter in waiters.iter().filter(|waiter| waiter.ticket != 5_000) {
            drop(room.remove(waiter.ticket));
        }
        let mut waiters = waiters;
        waiters.retain(|waiter| waiter.ticket == 5_000);
        let kept = ears(&pages);
        // The page of the one who stayed, and the one that the next waiter gets its ear from.
        assert!(
            kept <= 2 * usize::try_from(LONGEST).expect("it is small"),
            "{kept} ears"
        );
        let next = crowd(&mut room, 1);
        assert!(next[0].told().is_none());
        assert!(waiters[0].told().is_none());
    }
}
