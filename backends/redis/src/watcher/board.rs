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

#[derive(Default)]
struct Room {
    bells: Vec<(u64, Shared)>,
    /// The server has confirmed that it will tell.
    stands: bool,
}

/// What became of a bell that was hung.
pub(super) struct Hung {
    pub(super) number: u64,
    /// Whether its spot is listened to already.
    pub(super) stands: bool,
    /// Whether it is the first of all, so that nobody listens yet.
    pub(super) is_first: bool,
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
        let room = state.rooms.entry(spot.clone()).or_default();
        room.bells.push((number, Arc::from(bell)));
        let stands = room.stands;
        drop(state);
        if !stands {
            self.change.notify_one();
        }
        Hung {
            number,
            stands,
            is_first,
        }
    }

    pub(super) fn take_down(&self, spot: &Spot, number: u64) {
        let mut state = self.state();
        let Some(room) = state.rooms.get_mut(spot) else {
            return;
        };
        let at = room.bells.iter().position(|(hung, _)| *hung == number);
        let bell = at.map(|at| room.bells.swap_remove(at));
        if room.bells.is_empty() {
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

    /// The spots that have bells, and those of them whose bells wait to be told that they stand.
    pub(super) fn spots(&self) -> (HashSet<Spot>, HashSet<Spot>) {
        let state = self.state();
        let all = state.rooms.keys().cloned().collect();
        let waiting = state.rooms.iter().filter(|(_, room)| !room.stands);
        (all, waiting.map(|(spot, _)| spot.clone()).collect())
    }

    /// The server has confirmed these: who hung a bell there looks again now.
    pub(super) fn stands<'s>(&self, spots: impl IntoIterator<Item = &'s Spot>) {
        for spot in spots {
            if let Some(room) = self.state().rooms.get_mut(spot) {
                room.stands = true;
            }
            self.ring(spot, News::Changed);
        }
    }

    /// These are not listened to any more; a bell that has come back meanwhile is a new wish.
    pub(super) fn end(&self, spots: &[Spot]) {
        let mut state = self.state();
        for spot in spots {
            if let Some(room) = state.rooms.get_mut(spot) {
                room.stands = false;
            }
        }
    }

    /// The connection is gone, and with it all subscriptions.
    pub(super) fn fell_silent(&self) {
        for room in self.state().rooms.values_mut() {
            room.stands = false;
        }
    }

    pub(super) fn ring(&self, spot: &Spot, news: News) {
        let bells: Vec<_> = match self.state().rooms.get(spot) {
            Some(room) => room
                .bells
                .iter()
                .map(|(_, bell)| Arc::clone(bell))
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
        let all = waiting.flat_map(|(_, room)| &room.bells);
        let bells: Vec<_> = all.map(|(_, bell)| Arc::clone(bell)).collect();
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

    #[test]
    fn a_bell_rings_when_it_stands_and_for_its_spot() {
        let (board, rung) = (Board::default(), Rung::default());
        let first = board.hang(&spot("a"), bell(&rung));
        assert!(first.is_first && !first.stands);
        board.stands(&[spot("a")]);
        board.ring(&spot("a"), News::Failed);
        board.ring(&spot("b"), News::Changed);
        assert_eq!(taken(&rung), [News::Changed, News::Failed]);
        let second = board.hang(&spot("a"), bell(&rung));
        assert!(!second.is_first && second.stands);
        board.take_down(&spot("a"), first.number);
        board.take_down(&spot("a"), second.number);
        board.ring(&spot("a"), News::Changed);
        assert_eq!(taken(&rung), []);
        assert!(board.spots().0.is_empty(), "nothing is left of who gave up");
    }

    #[test]
    fn without_a_connection_nothing_stands_and_all_may_be_rung() {
        let (board, rung) = (Board::default(), Rung::default());
        board.hang(&spot("a"), bell(&rung));
        board.stands(&[spot("a")]);
        board.fell_silent();
        assert!(!board.hang(&spot("a"), bell(&rung)).stands);
        taken(&rung);
        board.hang(&Spot::patient("b".into()), bell(&rung));
        board.ring_all();
        assert_eq!(taken(&rung).len(), 2, "who is patient is left alone");
    }
}
