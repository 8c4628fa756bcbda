//! Who wants to be told that something happened to a key or to a region's epochs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dogpile_backend::{Bell, News, Watch};

/// Bells by name. They ring in this process only, and no other can write.
#[derive(Default)]
pub(crate) struct Bells(Mutex<Hung>);

/// A bell with the number by which it is taken down.
type Numbered = (u64, Arc<Bell>);

#[derive(Default)]
struct Hung {
    bells: HashMap<Box<[u8]>, Vec<Numbered>>,
    last: u64,
}

impl Bells {
    fn hung(&self) -> MutexGuard<'_, Hung> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hangs up `bell` until the watch is dropped.
    pub(crate) fn watch(self: &Arc<Self>, name: &[u8], bell: Bell) -> Watch {
        let number = {
            let mut hung = self.hung();
            hung.last += 1;
            let number = hung.last;
            let bells = hung.bells.entry(name.into()).or_default();
            bells.push((number, Arc::new(bell)));
            number
        };
        let (bells, name) = (Arc::clone(self), Box::<[u8]>::from(name));
        Watch::new(move || bells.take_down(&name, number))
    }

    fn take_down(&self, name: &[u8], number: u64) {
        let mut hung = self.hung();
        let Some(bells) = hung.bells.get_mut(name) else {
            return;
        };
        let at = bells.iter().position(|(other, _)| *other == number);
        // What a bell owns is dropped once no lock is held.
        let taken = at.map(|at| bells.remove(at));
        if bells.is_empty() {
            hung.bells.remove(name);
        }
        drop(hung);
        drop(taken);
    }

    /// Rings the bells of `name`, in the order in which they were hung up, while no lock is held.
    pub(crate) fn ring(&self, name: &[u8], news: News) {
        let bells: Vec<_> = match self.hung().bells.get(name) {
            Some(bells) => bells.iter().map(|(_, bell)| Arc::clone(bell)).collect(),
            None => return,
        };
        for bell in bells {
            bell(news);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_bell_rings_until_its_watch_is_dropped() {
        let bells = Arc::new(Bells::default());
        let (rope, rung) = mpsc::channel();
        let watch = bells.watch(b"k", Box::new(move |news| rope.send(news).expect("heard")));
        bells.ring(b"other", News::Changed);
        bells.ring(b"k", News::Failed);
        drop(watch);
        bells.ring(b"k", News::Changed);
        assert_eq!(rung.iter().collect::<Vec<_>>(), [News::Failed]);
        assert!(
            bells.hung().bells.is_empty(),
            "what nobody watches takes no room"
        );
    }
}
