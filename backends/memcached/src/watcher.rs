//! One thread for each server that looks for all who wait, since the server rings for nobody. So none that stands
//! still keeps the waiters of another waiting.
//!
//! It asks only what stands in a slot, not for the value: many keys in one round trip. What it rings for
//! is a state and not a change, so that nothing falls between the moment at which somebody lost a lease
//! and the first look for them. Beginning with 10 ms, the pause is a fifth of the time that somebody has
//! waited, and at most 40 ms. The thread ends when nobody waits any more for its server.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dogpile_backend::{Bell, News, Watch};

use crate::connection::Connection;
use crate::keys::Key;
use crate::pool::Again;
use crate::protocol::{Answer, Code, Request};
use crate::servers::Servers;
use crate::slot::Stands;
use crate::trouble::Trouble;

const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_millis(40);

/// How many keys are asked for at once. Their requests and replies fit into what the system keeps for a
/// connection, so that neither side waits for the other to read.
const AT_ONCE: usize = 100;

pub(crate) struct Watcher {
    servers: Arc<Servers>,
    boards: Box<[Arc<Board>]>,
}

#[derive(Default)]
struct Board {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    wishes: Vec<Wish>,
    /// The number of the next wish.
    next: u64,
    /// A thread is at work.
    works: bool,
}

struct Wish {
    number: u64,
    key: Key<'static>,
    /// Where the value is, if the key is that of a lock.
    value: Option<Key<'static>>,
    bell: Shared,
    since: Instant,
    due: Instant,
    /// What was rung for last, unless a lease was seen since.
    rung: Option<Seen>,
}

/// Somebody's number, and the keys that are to be looked at.
struct Due {
    number: u64,
    key: Key<'static>,
    value: Option<Key<'static>>,
}

type Shared = Arc<dyn Fn(News) + Send + Sync>;

/// What a look showed: what stands there, and which version.
type Seen = (Stands, Option<u64>);

impl Watcher {
    pub(crate) fn new(servers: Arc<Servers>) -> Self {
        Self {
            boards: (0..servers.count()).map(|_| Arc::default()).collect(),
            servers,
        }
    }

    /// Rings `bell` when the slot of `key` is not leased, or its holder failed; `None` where the system
    /// gives no thread.
    pub(crate) fn watch(&self, key: Key<'static>, bell: Bell) -> Option<Watch> {
        self.keep(key, None, bell)
    }

    /// Rings `bell` when this lock is not held, and says so if the slot of `value` says that its holder
    /// failed. Whether the lock was another's between two looks it does not see.
    pub(crate) fn watch_lock(
        &self,
        lock: Key<'static>,
        value: Key<'static>,
        bell: Bell,
    ) -> Option<Watch> {
        self.keep(lock, Some(value), bell)
    }

    /// Somebody has just lost a lease in the slot of `key`. It may be given back before the next look, and who
    /// was rung for that slot, asked and lost, is to hear of that.
    pub(crate) fn saw_leased(&self, key: &Key<'_>) {
        let mut state = self.boards[self.servers.number_of(key)].state();
        let all = state.wishes.iter_mut();
        all.filter(|wish| wish.key == *key)
            .for_each(|wish| wish.rung = None);
    }

    fn keep(&self, key: Key<'static>, value: Option<Key<'static>>, bell: Bell) -> Option<Watch> {
        let server = self.servers.number_of(&key);
        let board = &self.boards[server];
        let now = Instant::now();
        let number = {
            let mut state = board.state();
            let number = state.next;
            state.next += 1;
            state.wishes.push(Wish {
                number,
                key,
                value,
                bell: Arc::from(bell),
                since: now,
                due: now + SHORTEST,
                rung: None,
            });
            number
        };
        let wished = Arc::clone(board);
        let watch = Watch::new(move || wished.forget(number));
        self.see_that_somebody_works(server).then_some(watch)
    }

    fn see_that_somebody_works(&self, server: usize) -> bool {
        let board = &self.boards[server];
        let mut state = board.state();
        if !state.works {
            let (works, servers) = (Arc::clone(board), Arc::clone(&self.servers));
            let thread = std::thread::Builder::new().name("dogpile-memcached".to_owned());
            state.works = thread.spawn(move || works.work(&servers, server)).is_ok();
        }
        let works = state.works;
        drop(state);
        board.changed.notify_one();
        works
    }
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, number: u64) {
        let gone = {
            let mut state = self.state();
            let at = state.wishes.iter().position(|wish| wish.number == number);
            at.map(|at| state.wishes.swap_remove(at))
        };
        // Dropping a bell runs its owner's code: not under the lock.
        drop(gone);
        self.changed.notify_one();
    }

    /// Looks whenever somebody's pause is over, until nobody waits.
    fn work(&self, servers: &Servers, server: usize) {
        while let Some(due) = self.wait() {
            self.look_at(servers, server, &due);
        }
    }

    fn look_at(&self, servers: &Servers, server: usize, due: &[Due]) {
        let keys: Vec<&Key<'_>> = due.iter().map(|due| &due.key).collect();
        let talk = |connection: &mut Connection| look(connection, &keys);
        match servers.talk_with(server, Again::Harmless, talk) {
            Ok((seen, _)) => {
                let (mut free, all) = (Vec::new(), due.iter().zip(seen));
                for (due, seen) in all {
                    match &due.value {
                        None => self.tell(due.number, seen),
                        Some(_) if seen.1.is_some() => {
                            self.tell(due.number, (Stands::Leased, None));
                        }
                        Some(value) => free.push((due.number, value)),
                    }
                }
                // Their values may be on a server that stands still: after all others.
                for (number, value) in free {
                    self.tell(number, under_a_free_lock(servers, value));
                }
            }
            // Nothing is wrong with the server: the next look may have a connection.
            Err(Trouble::Busy { .. }) => {}
            // Whoever waits finds out by itself what is wrong.
            Err(_) => due.iter().for_each(|due| self.ring_anyway(due.number)),
        }
    }

    /// Sleeps until somebody is due, and answers who; `None` when nobody waits any more.
    fn wait(&self) -> Option<Vec<Due>> {
        let mut state = self.state();
        loop {
            let Some(first) = state.wishes.iter().map(|wish| wish.due).min() else {
                state.works = false;
                return None;
            };
            let now = Instant::now();
            let Some(left) = first
                .checked_duration_since(now)
                .filter(|left| !left.is_zero())
            else {
                return Some(state.take_due(now));
            };
            let woken = self.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn tell(&self, number: u64, seen: Seen) {
        let bell = {
            let mut state = self.state();
            let Some(wish) = state.wish(number) else {
                return;
            };
            if seen.0 == Stands::Leased {
                wish.rung = None;
                return;
            }
            if wish.rung.replace(seen) == Some(seen) {
                return;
            }
            Arc::clone(&wish.bell)
        };
        ring(
            bell,
            match seen.0 {
                Stands::Failed => News::Failed,
                Stands::Leased | Stands::Free => News::Changed,
            },
        );
    }

    fn ring_anyway(&self, number: u64) {
        let bell = self.state().wish(number).map(|wish| Arc::clone(&wish.bell));
        if let Some(bell) = bell {
            ring(bell, News::Changed);
        }
    }
}

impl State {
    fn wish(&mut self, number: u64) -> Option<&mut Wish> {
        self.wishes.iter_mut().find(|wish| wish.number == number)
    }

    /// Those whose pause is over, as many as are asked for at once; their next one begins.
    fn take_due(&mut self, now: Instant) -> Vec<Due> {
        let due = self.wishes.iter_mut().filter(|wish| wish.due <= now);
        due.take(AT_ONCE)
            .map(|wish| {
                let waited = now.saturating_duration_since(wish.since);
                wish.due = now + (waited / 5).clamp(SHORTEST, LONGEST);
                Due {
                    number: wish.number,
                    key: wish.key.clone(),
                    value: wish.value.clone(),
                }
            })
            .collect()
    }
}

/// Bells wake tasks, by their executors' code, and what that throws is nobody's here: all others need this thread.
fn ring(bell: Shared, news: News) {
    let _ = catch_unwind(AssertUnwindSafe(move || bell(news)));
}

/// What stands in the slot of a value whose lock is free. Whoever waits finds out by itself what is wrong.
fn under_a_free_lock(servers: &Servers, value: &Key<'_>) -> Seen {
    let talk = |connection: &mut Connection| look(connection, &[value]);
    let looked = servers.talk(value, Again::Harmless, talk);
    let seen = looked.ok().and_then(|(seen, _)| seen.first().copied());
    seen.unwrap_or((Stands::Free, None))
}

/// Looks at all these slots in one round trip.
fn look(connection: &mut Connection, keys: &[&Key<'_>]) -> Result<Vec<Seen>, Trouble> {
    let requests = keys.iter().map(|key| Request::look(key));
    let answers = connection.ask_all(requests)?;
    let seen = answers.into_iter().map(|answer| match answer {
        Answer::Code(Code::Done, item) => Ok((Stands::of(&item), item.cas)),
        Answer::Code(Code::Absent, _) => Ok((Stands::Free, None)),
        other => Err(connection.odd(&other)),
    });
    seen.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Keys, Room};

    fn board(count: u64, now: Instant) -> State {
        let wishes = (0..count).map(|number| Wish {
            number,
            key: Keys::native("p").key(Room::Value, b"key"),
            value: None,
            bell: Arc::new(|_| {}),
            since: now,
            due: now,
            rung: None,
        });
        State {
            wishes: wishes.collect(),
            ..State::default()
        }
    }

    #[test]
    fn who_waits_long_is_looked_for_less_often() {
        let begun = Instant::now();
        let mut state = board(1, begun);
        for (waited, pause) in [(0, 10), (40, 10), (100, 20), (1_000, 40), (60_000, 40)] {
            let now = begun + Duration::from_millis(waited);
            assert_eq!(state.take_due(now).len(), 1, "due after {waited} ms");
            assert_eq!(state.wishes[0].due, now + Duration::from_millis(pause));
            assert!(state.take_due(now).is_empty());
        }
    }

    #[test]
    fn many_are_asked_for_in_several_turns() {
        let now = Instant::now();
        let mut state = board(250, now);
        let turns = std::iter::repeat_with(|| state.take_due(now).len());
        assert_eq!(turns.take(4).collect::<Vec<_>>(), [100, 100, 50, 0]);
    }
}
