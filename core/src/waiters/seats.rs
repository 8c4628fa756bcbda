//! Seats in the order in which they were taken.
//!
//! A seat is found by its ticket in logarithmic time. One that is left stays as a gap until gaps
//! are as many as seats; then they close, so that nothing grows with waiters that gave up.

use alloc::collections::VecDeque;

/// Tickets rise; a gap has no seat any more.
type Row<S> = VecDeque<(u64, Option<S>)>;

pub(super) struct Seats<S> {
    /// Neither end is a gap.
    row: Row<S>,
    gaps: usize,
}

impl<S> Seats<S> {
    pub(super) const fn new() -> Self {
        Self {
            row: VecDeque::new(),
            gaps: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.row.len() - self.gaps
    }

    /// Seats `seat` last; `ticket` is higher than all before.
    pub(super) fn push(&mut self, ticket: u64, seat: S) {
        self.row.push_back((ticket, Some(seat)));
    }

    pub(super) fn has(&self, ticket: u64) -> bool {
        let place = self.place(ticket);
        place.is_some_and(|place| self.row[place].1.is_some())
    }

    pub(super) fn get_mut(&mut self, ticket: u64) -> Option<&mut S> {
        let place = self.place(ticket)?;
        self.row[place].1.as_mut()
    }

    /// The ticket of the first.
    pub(super) fn first(&self) -> Option<u64> {
        self.row.front().map(|(ticket, _)| *ticket)
    }

    pub(super) fn remove(&mut self, ticket: u64) -> Option<S> {
        let place = self.place(ticket)?;
        let left = self.row[place].1.take()?;
        self.gaps += 1;
        self.close_gaps();
        Some(left)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut S> {
        self.row.iter_mut().filter_map(|(_, seat)| seat.as_mut())
    }

    /// All seats, in their order. The row goes as it is, for the first is to be woken soon.
    pub(super) fn into_iter(self) -> impl Iterator<Item = S> {
        self.row.into_iter().filter_map(|(_, seat)| seat)
    }

    fn place(&self, ticket: u64) -> Option<usize> {
        self.row.binary_search_by_key(&ticket, |(at, _)| *at).ok()
    }

    fn close_gaps(&mut self) {
        while self.row.front().is_some_and(|(_, seat)| seat.is_none()) {
            self.row.pop_front();
            self.gaps -= 1;
        }
        while self.row.back().is_some_and(|(_, seat)| seat.is_none()) {
            self.row.pop_back();
            self.gaps -= 1;
        }
        if self.gaps * 2 > self.row.len() {
            self.row.retain(|(_, seat)| seat.is_some());
            self.gaps = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn taken(seats: &Seats<char>) -> Vec<(u64, char)> {
        let seats = seats.row.iter();
        seats
            .filter_map(|(ticket, seat)| Some((*ticket, (*seat)?)))
            .collect()
    }

    #[test]
    fn seats_are_found_by_ticket_and_keep_their_order() {
        let mut seats = Seats::new();
        assert_eq!(seats.first(), None);
        for (ticket, seat) in (3..).zip("abcdef".chars()) {
            seats.push(ticket, seat);
        }
        assert_eq!(seats.remove(5), Some('c'));
        assert_eq!(seats.remove(5), None, "it is left once");
        assert!(!seats.has(5) && seats.has(6) && !seats.has(2));
        assert_eq!(seats.get_mut(5), None);
        assert_eq!(seats.get_mut(6), Some(&mut 'd'));
        assert_eq!((seats.first(), seats.remove(3)), (Some(3), Some('a')));
        assert_eq!(taken(&seats), [(4, 'b'), (6, 'd'), (7, 'e'), (8, 'f')]);
        // What is in front of a seat that goes may be a gap.
        assert_eq!((seats.remove(4), seats.first()), (Some('b'), Some(6)));
        seats.iter_mut().for_each(char::make_ascii_uppercase);
        assert_eq!((seats.remove(7), seats.len()), (Some('E'), 2));
        assert_eq!(seats.into_iter().collect::<Vec<_>>(), ['D', 'F']);
    }

    #[test]
    fn law_7_nothing_grows_with_those_who_gave_up() {
        let mut seats = Seats::new();
        seats.push(0, 'a');
        for ticket in (1..10_000).step_by(2) {
            seats.push(ticket, 'b');
            seats.push(ticket + 1, 'c');
            seats.remove(ticket);
            assert!(seats.row.len() <= 3, "{} places", seats.row.len());
            seats.remove(ticket + 1);
        }
        assert_eq!(taken(&seats), [(0, 'a')]);
    }

    #[test]
    fn gaps_in_the_middle_close_when_they_are_as_many_as_seats() {
        let mut seats = Seats::new();
        (0..100).for_each(|ticket| seats.push(ticket, ()));
        (1..99).for_each(|ticket| {
            seats.remove(ticket);
            assert!(seats.row.len() <= 2 * seats.len(), "more gaps than seats");
        });
        assert_eq!(seats.len(), 2);
    }
}
