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

/// Seats that were taken out, in their order.
pub(crate) struct Taken<S>(Row<S>);

impl<S> Taken<S> {
    pub(crate) const fn none() -> Self {
        Self(Row::new())
    }

    /// No more than so many.
    pub(super) fn at_most(&self) -> usize {
        self.0.len()
    }

    /// The next, which stays.
    pub(super) fn first(&mut self) -> Option<&S> {
        while let Some((_, None)) = self.0.front() {
            self.0.pop_front();
        }
        self.0.front()?.1.as_ref()
    }

    /// Without the last.
    pub(crate) fn but_the_last(&mut self) {
        while let Some((_, None)) = self.0.pop_back() {}
    }
}

impl<S> Iterator for Taken<S> {
    type Item = S;

    fn next(&mut self) -> Option<S> {
        loop {
            if let Some(seat) = self.0.pop_front()?.1 {
                return Some(seat);
            }
        }
    }
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

    pub(super) fn get(&self, ticket: u64) -> Option<&S> {
        self.row[self.place(ticket)?].1.as_ref()
    }

    pub(super) fn remove(&mut self, ticket: u64) -> Option<S> {
        let place = self.place(ticket)?;
        let left = self.row[place].1.take()?;
        self.gaps += 1;
        self.close_gaps();
        Some(left)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &S)> {
        self.row
            .iter()
            .filter_map(|(ticket, seat)| Some((*ticket, seat.as_ref()?)))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut S> {
        self.row.iter_mut().filter_map(|(_, seat)| seat.as_mut())
    }

    /// Takes out the seats that are `wanted`.
    pub(super) fn take(&mut self, wanted: impl Fn(&S) -> bool) -> Taken<S> {
        let mut seats = self.row.iter().filter_map(|(_, seat)| seat.as_ref());
        // Most crowds wait for one creation: the row goes as it is, for the first is to be told soon.
        if seats.all(&wanted) {
            self.gaps = 0;
            return Taken(core::mem::take(&mut self.row));
        }
        let mut taken = Row::new();
        self.row.retain_mut(|(ticket, seat)| {
            if seat.as_ref().is_some_and(&wanted) {
                taken.push_back((*ticket, seat.take()));
            }
            seat.is_some()
        });
        self.gaps = 0;
        Taken(taken)
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
        seats.iter().map(|(ticket, seat)| (ticket, *seat)).collect()
    }

    #[test]
    fn seats_are_found_by_ticket_and_keep_their_order() {
        let mut seats = Seats::new();
        for (ticket, seat) in (3..).zip("abcdef".chars()) {
            seats.push(ticket, seat);
        }
        assert_eq!(seats.remove(5), Some('c'));
        assert_eq!(seats.remove(5), None, "it is left once");
        assert_eq!((seats.get(5), seats.get(6)), (None, Some(&'d')));
        assert_eq!(seats.remove(3), Some('a'));
        assert_eq!(taken(&seats), [(4, 'b'), (6, 'd'), (7, 'e'), (8, 'f')]);
        let some: Vec<char> = seats.take(|seat| "be".contains(*seat)).collect();
        assert_eq!(some, ['b', 'e']);
        assert_eq!(taken(&seats), [(6, 'd'), (8, 'f')]);
        assert_eq!(seats.len(), 2);
        assert_eq!(seats.get(2), None);
        // All that are left, gaps and all.
        for (ticket, seat) in (9..).zip("ghi".chars()) {
            seats.push(ticket, seat);
        }
        assert_eq!(seats.remove(10), Some('h'));
        let mut all = seats.take(|_| true);
        assert_eq!(seats.len(), 0);
        assert_eq!(
            (all.next(), all.next(), all.first()),
            (Some('d'), Some('f'), Some(&'g'))
        );
        all.but_the_last();
        assert_eq!(all.first().copied(), Some('g'));
        assert_eq!(all.next(), Some('g'));
        assert_eq!(all.first(), None);
        assert_eq!(all.next(), None);
        seats.push(12, 'j');
        assert_eq!(taken(&seats), [(12, 'j')]);
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
