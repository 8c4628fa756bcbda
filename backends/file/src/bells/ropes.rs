//! The bells that hang in this process.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dogpile_backend::{Bell, News};

use super::Told;
use crate::layout::Spot;

#[derive(Default)]
pub(super) struct Ropes(Mutex<Hung>);

#[derive(Default)]
struct Hung {
    at: HashMap<Spot, Vec<Rope>>,
    next: u64,
    /// How many are for a key.
    keys: usize,
    is_listened_to: bool,
}

struct Rope {
    number: u64,
    key: Option<Box<[u8]>>,
    /// The number of the first change that it may ring for as a failure; the last there is while that
    /// is not known.
    since: u64,
    bell: Arc<dyn Fn(News) + Send + Sync>,
}

impl Ropes {
    fn hung(&self) -> MutexGuard<'_, Hung> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has `listen` begin, the first time.
    pub(super) fn begin_listening(
        &self,
        listen: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let mut hung = self.hung();
        if !hung.is_listened_to {
            listen()?;
            hung.is_listened_to = true;
        }
        Ok(())
    }

    pub(super) fn is_listened_to(&self) -> bool {
        self.hung().is_listened_to
    }

    /// Hangs up a bell; the answer is its number there, and whether it is the only one for a key.
    pub(super) fn hang(&self, spot: Spot, key: Option<&[u8]>, bell: Bell) -> (u64, bool) {
        let mut hung = self.hung();
        hung.next += 1;
        hung.keys += usize::from(key.is_some());
        let is_first_key = key.is_some() && hung.keys == 1;
        let number = hung.next;
        hung.at.entry(spot).or_default().push(Rope {
            number,
            key: key.map(Into::into),
            since: u64::MAX,
            bell: bell.into(),
        });
        (number, is_first_key)
    }

    /// The bell hangs at the moment before that change.
    pub(super) fn hangs_since(&self, spot: Spot, number: u64, change: u64) {
        let mut hung = self.hung();
        let mut ropes = hung.at.get_mut(&spot).into_iter().flatten();
        if let Some(rope) = ropes.find(|rope| rope.number == number) {
            rope.since = change;
        }
    }

    pub(super) fn take_down(&self, spot: Spot, number: u64) {
        let mut hung = self.hung();
        let Some(ropes) = hung.at.get_mut(&spot) else {
            return;
        };
        let taken = ropes.iter().position(|rope| rope.number == number);
        let taken = taken.map(|at| ropes.swap_remove(at));
        if ropes.is_empty() {
            hung.at.remove(&spot);
        }
        let was_for_a_key = taken.as_ref().is_some_and(|rope| rope.key.is_some());
        hung.keys -= usize::from(was_for_a_key);
        // What a bell holds may have ideas of its own when it is dropped.
        drop(hung);
        drop(taken);
    }

    /// Whether a bell hangs there.
    pub(super) fn hang_at(&self, spot: Spot) -> bool {
        self.hung().at.contains_key(&spot)
    }

    /// Rings the bells at `spot`; false if none hangs there.
    pub(super) fn ring(&self, spot: Spot, told: Told) -> bool {
        let hung = self.hung();
        let ropes = hung.at.get(&spot).map_or(&[][..], Vec::as_slice);
        let bells = ropes.iter();
        let bells: Vec<_> = bells
            .map(|rope| (Arc::clone(&rope.bell), told.to(rope.since)))
            .collect();
        drop(hung);
        for (bell, news) in &bells {
            bell(*news);
        }
        !bells.is_empty()
    }

    /// Rings all bells: nobody knows for which.
    pub(super) fn ring_all(&self) {
        let hung = self.hung();
        let ropes = hung.at.values().flatten();
        let bells: Vec<_> = ropes.map(|rope| Arc::clone(&rope.bell)).collect();
        drop(hung);
        for bell in bells {
            bell(News::Changed);
        }
    }

    /// The keys whose leases are waited for.
    pub(super) fn keys(&self) -> Vec<(Spot, Box<[u8]>)> {
        let hung = self.hung();
        let keys = hung.at.iter().filter_map(|(spot, ropes)| {
            let key = ropes.iter().find_map(|rope| rope.key.clone())?;
            Some((*spot, key))
        });
        keys.collect()
    }
}
