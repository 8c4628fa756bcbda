//! The keeper: one thread per process for what nobody's call can do.
//!
//! It wakes async waiters whose time has come, and has leases renewed and stores maintained. What
//! takes I/O it gives to the worker, so that no slow store can keep it from its timers. It starts
//! with the first duty and sleeps while none is due.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::sync::{Condvar, Instant, Mutex, MutexGuard, OnceLock, in_background, process_wide};

/// What the keeper does at a time; the answer says after how long it wants to be done again.
type Duty = Box<dyn FnMut() -> Option<Duration> + Send>;

#[derive(Default)]
struct Roster {
    duties: BTreeMap<(Instant, u64), Duty>,
    numbers: u64,
    /// Ended while it was being done.
    ended: Option<u64>,
    doing: Option<u64>,
}

#[derive(Default)]
struct Keeper {
    roster: Mutex<Roster>,
    changed: Condvar,
}

/// A duty of the keeper; dropping this ends it.
pub(crate) struct Standing {
    keeper: Arc<Keeper>,
    /// When it was first due. A duty that repeats is found by its number.
    due: Instant,
    number: u64,
}

/// Has `duty` done at `due`, and again for as long as it asks for it.
///
/// A duty must not panic; one that does is not done again. If the thread cannot be started, duties
/// are not done: waits then end with their creations only.
pub(crate) fn at(
    due: Instant,
    duty: impl FnMut() -> Option<Duration> + Send + 'static,
) -> Standing {
    let keeper = keeper();
    let mut roster = keeper.roster();
    roster.numbers += 1;
    let number = roster.numbers;
    let first = roster
        .duties
        .keys()
        .next()
        .is_none_or(|(earliest, _)| due < *earliest);
    roster.duties.insert((due, number), Box::new(duty));
    drop(roster);
    if first {
        keeper.changed.notify_one();
    }
    Standing {
        keeper: Arc::clone(keeper),
        due,
        number,
    }
}

fn keeper() -> &'static Arc<Keeper> {
    process_wide! { static KEEPER: OnceLock<Arc<Keeper>> = OnceLock::new(); }
    KEEPER.get_or_init(|| {
        let keeper = Arc::new(Keeper::default());
        let at_work = Arc::clone(&keeper);
        // Without the thread every wait still ends with its creation.
        let _ = in_background("dogpile-keeper".to_owned(), move || at_work.work());
        keeper
    })
}

/// A model's time has passed: the keeper looks what is due.
#[cfg(dogpile_shuttle)]
pub(crate) fn look_at_the_time() {
    let keeper = keeper();
    // Whoever holds the roster has looked before, or will after this.
    drop(keeper.roster());
    keeper.changed.notify_one();
}

impl Keeper {
    fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut roster = self.roster();
        loop {
            let now = Instant::now();
            match roster.duties.first_entry() {
                None => {
                    let woken = self.changed.wait(roster);
                    roster = woken.unwrap_or_else(PoisonError::into_inner);
                }
                Some(first) if first.key().0 > now => {
                    let rest = first.key().0 - now;
                    let woken = self.changed.wait_timeout(roster, rest);
                    roster = woken.unwrap_or_else(PoisonError::into_inner).0;
                }
                Some(first) => {
                    let ((_, number), duty) = first.remove_entry();
                    roster.doing = Some(number);
                    drop(roster);
                    roster = self.done(number, duty);
                }
            }
        }
    }

    fn done(&self, number: u64, mut duty: Duty) -> MutexGuard<'_, Roster> {
        let again = std::panic::catch_unwind(std::panic::AssertUnwindSafe(&mut duty));
        let again = again.unwrap_or(None);
        let mut roster = self.roster();
        roster.doing = None;
        let ended = roster.ended.take() == Some(number);
        // After so long that no clock reaches it, it is never due again.
        let due = again.and_then(|after| Instant::now().checked_add(after));
        match due {
            Some(due) if !ended => {
                roster.duties.insert((due, number), duty);
            }
            _ => {
                // What the duty owns may call the keeper when it is dropped.
                drop(roster);
                drop(duty);
                roster = self.roster();
            }
        }
        roster
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        let mut roster = self.keeper.roster();
        if roster.doing == Some(self.number) {
            roster.ended = Some(self.number);
            return;
        }
        let duty = roster.duties.remove(&(self.due, self.number)).or_else(|| {
            let repeated = roster
                .duties
                .keys()
                .find(|(_, number)| *number == self.number)
                .copied();
            repeated.and_then(|key| roster.duties.remove(&key))
        });
        drop(roster);
        drop(duty);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_duty_is_done_as_often_as_it_asks() {
        let (done, times) = mpsc::channel();
        let mut left = 3;
        let standing = at(Instant::now(), move || {
            left -= 1;
            done.send(left).ok();
            (left > 0).then_some(Duration::ZERO)
        });
        assert_eq!(times.iter().collect::<Vec<_>>(), [2, 1, 0]);
        drop(standing);
    }

    #[test]
    fn a_duty_that_ended_is_not_done_and_what_it_owns_is_dropped() {
        let (done, times) = mpsc::channel::<()>();
        let standing = at(Instant::now() + Duration::from_secs(3_600), move || {
            done.send(()).ok();
            None
        });
        drop(standing);
        assert!(times.recv().is_err());
    }

    #[test]
    fn a_duty_that_asks_for_longer_than_clocks_run_is_over_and_the_keeper_goes_on() {
        let (done, times) = mpsc::channel();
        let _standing = at(Instant::now(), move || {
            done.send(()).ok();
            Some(Duration::MAX)
        });
        assert_eq!(times.iter().count(), 1, "and what it owns is dropped");
        let (done, times) = mpsc::channel();
        let _other = at(Instant::now(), move || {
            done.send(()).ok();
            None
        });
        assert!(times.recv_timeout(Duration::from_secs(20)).is_ok());
    }

    #[test]
    fn a_duty_that_panics_does_not_end_the_keeper() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let _standing = at(Instant::now(), || panic!("a duty that panics"));
        let (done, times) = mpsc::channel();
        let _other = at(Instant::now(), move || {
            done.send(()).ok();
            None
        });
        let answer = times.recv();
        std::panic::set_hook(hook);
        assert!(answer.is_ok());
    }
}
