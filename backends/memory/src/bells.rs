//! Who wants to be told that something happened to a key.

use std::collections::HashMap;
use std::sync::Arc;

use dogpile_backend::News;
use foldhash::fast::RandomState;

pub(crate) type Bell = Arc<dyn Fn(News) + Send + Sync>;

/// The bells of some keys, in the order in which they were hung up.
#[derive(Default)]
pub(crate) struct Bells {
    hung: HashMap<Box<[u8]>, Vec<(u64, Bell)>, RandomState>,
    last: u64,
}

impl Bells {
    /// Hangs up a bell and answers the number by which it is taken down.
    pub(crate) fn hang(&mut self, key: &[u8], bell: Bell) -> u64 {
        self.last += 1;
        let number = self.last;
        self.hung
            .entry(key.into())
            .or_default()
            .push((number, bell));
        number
    }

    pub(crate) fn take_down(&mut self, key: &[u8], number: u64) {
        let Some(bells) = self.hung.get_mut(key) else {
            return;
        };
        bells.retain(|(hung, _)| *hung != number);
        if bells.is_empty() {
            self.hung.remove(key);
        }
    }

    /// The bells of `key`, to be rung once no lock is held.
    pub(crate) fn of(&self, key: &[u8]) -> Vec<Bell> {
        if self.hung.is_empty() {
            return Vec::new();
        }
        self.hung
            .get(key)
            .map(|bells| bells.iter().map(|(_, bell)| Arc::clone(bell)).collect())
            .unwrap_or_default()
    }

    /// All bells.
    pub(crate) fn all(&self) -> Vec<Bell> {
        self.hung
            .values()
            .flatten()
            .map(|(_, bell)| Arc::clone(bell))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bell_hangs_until_it_is_taken_down() {
        let mut bells = Bells::default();
        let first = bells.hang(b"k", Arc::new(|_| ()));
        let second = bells.hang(b"k", Arc::new(|_| ()));
        assert_eq!((bells.of(b"k").len(), bells.of(b"j").len()), (2, 0));
        bells.take_down(b"k", first);
        bells.take_down(b"k", first);
        assert_eq!((bells.of(b"k").len(), bells.all().len()), (1, 1));
        bells.take_down(b"k", second);
        assert!(
            bells.hung.is_empty(),
            "a key that nobody watches takes no room"
        );
    }
}
