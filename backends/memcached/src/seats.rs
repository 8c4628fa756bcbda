//! The seats of a pool's connections: each is one caller's at a time, and nobody waits for one for longer than is
//! said.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use dogpile_backend::{Patience, Time};

use crate::connection::Connection;

/// Where a connection is, once there is one.
#[derive(Default)]
pub(crate) struct Seat {
    /// With its number; in a box, for it is taken out and put back with each talk.
    pub(crate) connection: Option<(Box<Connection>, u64)>,
    pub(crate) used: Time,
    /// How many connections had been found closed when it last answered.
    pub(crate) closed: u64,
}

impl Seat {
    /// The number of the connection that there is.
    pub(crate) fn number(&self) -> Option<u64> {
        self.connection.as_ref().map(|(_, number)| *number)
    }
}

pub(crate) struct Seats {
    all: Box<[Mutex<Seat>]>,
    waiting: Mutex<Waiting>,
    freed: Condvar,
}

/// How many wait for any seat, and how many for a certain one.
#[derive(Default)]
struct Waiting {
    any: usize,
    certain: usize,
}

/// A seat that one has alone, until this is dropped.
pub(crate) struct Taken<'s> {
    seats: &'s Seats,
    pub(crate) at: usize,
    /// It was another's at first.
    pub(crate) waited: bool,
    /// `None` only while it is dropped.
    seat: Option<MutexGuard<'s, Seat>>,
}

impl Seats {
    pub(crate) fn new(count: usize) -> Self {
        Self {
            all: (0..count).map(|_| Mutex::default()).collect(),
            waiting: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// A free seat: one with a connection sooner than one without, for those come first. `None`: there was
    /// none for so long.
    pub(crate) fn any(&self, patience: Duration) -> Option<Taken<'_>> {
        let free = || (0..self.count()).find_map(|at| self.free(at));
        self.wait_for(patience, |waiting| &mut waiting.any, free)
    }

    /// This seat, unless it is another's for so long.
    pub(crate) fn certain(&self, at: usize, patience: Duration) -> Option<Taken<'_>> {
        self.wait_for(patience, |waiting| &mut waiting.certain, || self.free(at))
    }

    /// This seat, if it is free now.
    pub(crate) fn free(&self, at: usize) -> Option<Taken<'_>> {
        let seat = match self.all.get(at)?.try_lock() {
            Ok(seat) => seat,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(Taken {
            seats: self,
            at,
            waited: false,
            seat: Some(seat),
        })
    }

    fn wait_for<'s>(
        &'s self,
        patience: Duration,
        whom: impl Fn(&mut Waiting) -> &mut usize,
        free: impl Fn() -> Option<Taken<'s>>,
    ) -> Option<Taken<'s>> {
        if let Some(taken) = free() {
            return Some(taken);
        }
        let mut patience = Patience::new(patience, Instant::now());
        let mut waiting = self.waiting();
        *whom(&mut waiting) += 1;
        let taken = loop {
            // Whoever frees one from here on finds that somebody waits.
            if let Some(taken) = free() {
                break Some(taken);
            }
            let Some(stretch) = patience.next(Instant::now()) else {
                break None;
            };
            let woken = self.freed.wait_timeout(waiting, stretch);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        };
        *whom(&mut waiting) -= 1;
        taken.map(|mut taken| {
            taken.waited = true;
            taken
        })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.seat = None;
        let waiting = self.seats.waiting();
        let (any, certain) = (waiting.any > 0, waiting.certain > 0);
        drop(waiting);
        match (certain, any) {
            // It may be another's that they wait for.
            (true, _) => self.seats.freed.notify_all(),
            (false, true) => self.seats.freed.notify_one(),
            (false, false) => {}
        }
    }
}

impl Deref for Taken<'_> {
    type Target = Seat;

    fn deref(&self) -> &Seat {
        match &self.seat {
            Some(seat) => seat,
            None => unreachable!("it is given up only when this is dropped"),
        }
    }
}

impl DerefMut for Taken<'_> {
    fn deref_mut(&mut self) -> &mut Seat {
        match &mut self.seat {
            Some(seat) => seat,
            None => unreachable!("it is given up only when this is dropped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRIEFLY: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn nobody_waits_for_longer_than_was_said() {
        let seats = Seats::new(2);
        let (first, second) = (seats.any(BRIEFLY), seats.any(BRIEFLY));
        let at = |taken: &Option<Taken<'_>>| taken.as_ref().map(|taken| taken.at);
        assert_eq!((at(&first), at(&second)), (Some(0), Some(1)));
        assert!(seats.any(BRIEFLY).is_none() && seats.certain(1, BRIEFLY).is_none());
        drop(second);
        assert_eq!(at(&seats.any(BRIEFLY)), Some(1));
        assert!(seats.certain(0, BRIEFLY).is_none(), "it is taken still");
        assert!(seats.free(7).is_none(), "there is none");
    }

    #[test]
    fn all_who_wait_get_their_turn() {
        let seats = Seats::new(2);
        let taken = (seats.any(BRIEFLY), seats.any(BRIEFLY));
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..16)
                .map(|number| {
                    let seats = &seats;
                    scope.spawn(move || match number % 4 {
                        0 => seats.certain(0, LONG).is_some(),
                        1 => seats.certain(1, LONG).is_some(),
                        _ => seats.any(LONG).is_some(),
                    })
                })
                .collect();
            while {
                let waiting = seats.waiting();
                waiting.any + waiting.certain < 16
            } {
                std::thread::yield_now();
            }
            drop(taken);
            assert!(all.into_iter().all(|one| one.join().unwrap()));
        });
        let waiting = seats.waiting();
        assert_eq!((waiting.any, waiting.certain), (0, 0));
    }
}
