//! The bells of all spots, and which spots are listened to.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dogpile_backend::{Bell, News};
use tokio::sync::Notify;

use super::Spot;

type Shared = Arc<dyn Fn(News) + Send + Sync>;

#[derive(Default)]
pub(super) struct Board {
    state: Mutex<State>,
    change: Notify,
}

#[derive(Default)]
struct State {
    rooms: HashMap<Spot, Room>,
    last: u64,
    started: bool,
    closed: bool,
}

type Room = Vec<Hanging>;

struct Hanging {
    number: u64,
    bell: Shared,
    /// The server has confirmed, since it was hung, that it will tell. What comes before that may be
    /// older than the bell, and is not for whoever hung it.
    stands: bool,
}

/// What became of a bell that was hung.
pub(super) struct Hung {
    pub(super) number: u64,
    /// Whether it is the first of all, so that nobody listens yet.
    pub(super) is_first: bool,
}

/// What is to be listened to.
pub(super) struct Wanted {
    pub(super) spots: HashSet<Spot>,
    /// Some bell does not stand.
    pub(super) some_wait: bool,
    /// The last bell that was hung before this was asked.
    pub(super) last: u64,
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hang(&self, spot: &Spot, bell: Bell) -> Hung {
        let mut state = self.state();
        state.last += 1;
        let number = state.last;
        let is_first = !std::mem::replace(&mut state.started, true);
        state.rooms.entry(spot.clone()).or_default().push(Hanging {
            number,
            bell: Arc::from(bell),
            stands: false,
        });
        drop(state);
        self.change.notify_one();
        Hung { number, is_first }
    }

    pub(super) fn take_down(&self, spot: &Spot, number: u64) {
        let mut state = self.state();
        let Some(room) = state.rooms.get_mut(spot) else {
            return;
        };
        let at = room.iter().position(|hung| hung.number == number);
        let bell = at.map(|at| room.swap_remove(at));
        if room.is_empty() {
            state.rooms.remove(spot);
            self.change.notify_one();
        }
        drop(state);
        // Dropping a bell runs its owner's code: not under the lock.
        drop(bell);
    }

    /// Until a spot may have come or gone since this was last asked.
    pub(super) async fn changed(&self) {
        self.change.notified().await;
    }

    pub(super) fn wanted(&self) -> Wanted {
        let state = self.state();
        Wanted {
            spots: state.rooms.keys().cloned().collect(),
            some_wait: state.rooms.values().flatten().any(|hung| !hung.stands),
            last: state.last,
        }
    }

    /// The server has confirmed what was wanted when `last` was: those bells stand, and whoever hung one
    /// looks again now. So does everybody at a spot that is `new`.
    pub(super) fn stand(&self, last: u64, new: &HashSet<Spot>) {
        let mut bells = Vec::new();
        for (spot, room) in &mut self.state().rooms {
            let is_new = new.contains(spot);
            for hung in room.iter_mut().filter(|hung| hung.number <= last) {
                if !std::mem::replace(&mut hung.stands, true) || is_new {
                    bells.push(Arc::clone(&hung.bell));
                }
            }
        }
        for bell in bells {
            bell(News::Changed);
        }
    }

    /// The connection is gone, and with it all subscriptions.
    pub(super) fn fell_silent(&self) {
        let mut state = self.state();
        let all = state.rooms.values_mut().flatten();
        all.for_each(|hung| hung.stands = false);
    }

    /// Rings the bells that stand there; the others ring once when they do.
    pub(super) fn ring(&self, spot: &Spot, news: News) {
        let bells: Vec<_> = match self.state().rooms.get(spot) {
            Some(room) => room
                .iter()
                .filter(|hung| hung.stands)
                .map(|hung| Arc::clone(&hung.bell))
                .collect(),
            None => return,
        };
        for bell in bells {
            bell(news);
        }
    }

    /// Has everybody look who would not by itself.
    pub(super) fn ring_all(&self) {
        let state = self.state();
        let waiting = state.rooms.iter().filter(|(spot, _)| !spot.patient);
        let all = waiting.flat_map(|(_, room)| room);
        let bells: Vec<_> = all.map(|hung| Arc::clone(&hung.bell)).collect();
        drop(state);
        for bell in bells {
            bell(News::Changed);
        }
    }

    /// Nobody will hang a bell any more.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.change.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rung = Arc<Mutex<Vec<News>>>;

    fn bell(rung: &Rung) -> Bell {
        let rung = Arc::clone(rung);
        Box::new(move |news| rung.lock().expect("not poisoned").push(news))
    }

    fn taken(rung: &Rung) -> Vec<News> {
        std::mem::take(&mut rung.lock().expect("not poisoned"))
    }

    fn spot(name: &str) -> Spot {
        Spot {
            patient: false,
            ..Spot::patient(name.into())
        }
    }

    /// As the server does when it has confirmed all that was wanted.
    fn confirm(board: &Board, new: &[&str]) {
        let new = new.iter().map(|name| spot(name)).collect();
        board.stand(board.wanted().last, &new);
    }

    #[test]
    fn a_bell_rings_when_it_stands_and_for_its_spot() {
        let (board, rung) = (Board::default(), Rung::default());
        let bell_at = |name| board.hang(&spot(name), bell(&rung));
        let first = bell_at("a");
        assert!(first.is_first && board.wanted().some_wait);
        confirm(&board, &["a"]);
        assert!(!board.wanted().some_wait);
        board.ring(&spot("a"), News::Failed);
        board.ring(&spot("b"), News::Changed);
        assert_eq!(taken(&rung), [News::Changed, News::Failed]);
        let second = bell_at("a");
        assert!(!second.is_first);
        confirm(&board, &[]);
        assert_eq!(taken(&rung), [News::Changed], "the second, and not both");
        confirm(&board, &["a"]);
        assert_eq!(taken(&rung).len(), 2, "what others write may be missed");
        board.take_down(&spot("a"), first.number);
        board.take_down(&spot("a"), second.number);
        board.ring(&spot("a"), News::Changed);
        assert_eq!(taken(&rung), []);
        assert!(
            board.wanted().spots.is_empty(),
            "nothing is left of who gave up"
        );
    }

    #[test]
    fn what_is_older_than_a_bell_does_not_ring_it() {
        let (board, rung, later) = (Board::default(), Rung::default(), Rung::default());
        board.hang(&spot("a"), bell(&rung));
        let before = board.wanted().last;
        board.hang(&spot("a"), bell(&later));
        board.stand(before, &HashSet::from([spot("a")]));
        board.ring(&spot("a"), News::Failed);
        assert_eq!(taken(&rung), [News::Changed, News::Failed]);
        assert_eq!(taken(&later), [], "hung after the server was asked");
        confirm(&board, &[]);
        assert_eq!(taken(&later), [News::Changed]);
    }

    #[test]
    fn without_a_connection_nothing_stands_and_all_may_be_rung() {
        let (board, rung) = (Board::default(), Rung::default());
        board.hang(&spot("a"), bell(&rung));
        confirm(&board, &["a"]);
        board.fell_silent();
        taken(&rung);
        board.ring(&spot("a"), News::Failed);
        assert_eq!(taken(&rung), []);
        board.hang(&spot("a"), bell(&rung));
        board.hang(&Spot::patient("b".into()), bell(&rung));
        board.ring_all();
        assert_eq!(taken(&rung).len(), 2, "who is patient is left alone");
    }
}
