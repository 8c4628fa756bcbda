//! What is known in this process of one region's tags: their epochs, each as of a number of the region's
//! order, and what the store has still to be told.

use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;

use dogpile_backend::{Epoch, Invalidation};
use dogpile_core::epochs::EpochCell;
use dogpile_core::kit::Std;
use dogpile_core::tag_epochs::TagEpochs;

use crate::sync::{Mutex, MutexGuard, OnceLock};

/// A tag's slots are made so many at once, when the first of them is needed.
const PAGE: usize = 256;

type Page = Box<[TagEpochs<Std>]>;

/// At most 65,535 tags; read without a lock.
pub(crate) struct TagTable {
    pages: Box<[OnceLock<Page>]>,
    /// The highest number of the region's order that is known.
    order: EpochCell<Std>,
    /// There once somebody knows one.
    asked: OnceLock<()>,
    debts: Mutex<Debts>,
}

/// What the store does not know, or no longer.
#[derive(Clone, Default)]
pub(crate) struct Debts {
    /// Invalidations of which it has not been told.
    pub(crate) untold: Vec<(u16, Invalidation)>,
    /// Tags whose epochs it has lost.
    pub(crate) lost: Vec<u16>,
}

impl TagTable {
    pub(super) fn new() -> Self {
        Self {
            pages: (0..=usize::from(u16::MAX) / PAGE)
                .map(|_| OnceLock::new())
                .collect(),
            order: cell(),
            asked: OnceLock::new(),
            debts: Mutex::default(),
        }
    }

    /// The highest number of the region's order that is known, if anybody has asked for one.
    pub(crate) fn order(&self) -> Option<Epoch> {
        self.asked.get()?;
        Some(self.order.floor())
    }

    /// Only through the region, whose floor this lifts.
    pub(super) fn learn_order(&self, number: Epoch) {
        self.order.lift(number);
        self.asked.get_or_init(|| ());
    }

    /// What is known of a tag, if anything is.
    pub(super) fn get(&self, slot: u16) -> Option<&TagEpochs<Std>> {
        let (page, place) = (usize::from(slot) / PAGE, usize::from(slot) % PAGE);
        Some(&self.pages[page].get()?[place])
    }

    /// A tag, to learn something of it.
    pub(crate) fn tag(&self, slot: u16) -> &TagEpochs<Std> {
        let (page, place) = (usize::from(slot) / PAGE, usize::from(slot) % PAGE);
        let page = self.pages[page].get_or_init(|| {
            let words = || [const { AtomicU64::new(0) }; 3];
            let tag = |[hard, soft, as_of]: [_; 3]| TagEpochs::from_parts(hard, soft, as_of);
            (0..PAGE).map(|_| tag(words())).collect()
        });
        &page[place]
    }

    /// Whether all of a tag is known that the known order speaks of.
    pub(crate) fn is_known(&self, slot: u16) -> bool {
        match self.order() {
            None => false,
            Some(Epoch::FIRST) => true,
            Some(order) => self.get(slot).is_some_and(|tag| tag.as_of(order).is_some()),
        }
    }

    /// Every tag that was ever invalidated, as far as is known here.
    fn raised(&self) -> impl Iterator<Item = u16> {
        (1..=u16::MAX).filter(|slot| {
            let known = self.get(*slot).map(TagEpochs::at_least);
            known.is_some_and(|epochs| epochs.current() > Epoch::FIRST)
        })
    }

    /// What the store has still to be told.
    pub(crate) fn debts(&self) -> Debts {
        self.lock().clone()
    }

    /// The store could not be told of this.
    pub(crate) fn is_untold(&self, slot: u16, how: Invalidation) {
        let untold = &mut self.lock().untold;
        if !untold.contains(&(slot, how)) {
            untold.push((slot, how));
        }
    }

    /// The store has been told of this.
    pub(crate) fn is_told(&self, slot: u16, how: Invalidation) {
        self.lock().untold.retain(|debt| *debt != (slot, how));
    }

    /// The store has less of this tag than is known here.
    pub(crate) fn is_lost(&self, slot: u16) {
        let lost = &mut self.lock().lost;
        if !lost.contains(&slot) {
            lost.push(slot);
        }
    }

    /// The store has lost the order, and tags with it perhaps.
    pub(crate) fn all_are_lost(&self) {
        let raised = self.raised().collect();
        self.lock().lost = raised;
    }

    /// The store has these again.
    pub(crate) fn are_restored(&self, slots: &[u16]) {
        self.lock().lost.retain(|slot| !slots.contains(slot));
    }

    fn lock(&self) -> MutexGuard<'_, Debts> {
        self.debts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn cell() -> EpochCell<Std> {
    let [hard, soft, floor] = [const { AtomicU64::new(0) }; 3];
    EpochCell::from_parts(hard, soft, floor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dogpile_backend::Epochs;

    fn hard(number: u64) -> Epochs {
        Epochs {
            hard: Epoch::new(number),
            ..Epochs::default()
        }
    }

    #[test]
    fn law_11_a_tag_is_known_until_the_order_rises() {
        let table = TagTable::new();
        assert!(!table.is_known(7), "nobody has asked");
        table.learn_order(Epoch::FIRST);
        assert!(table.is_known(7), "no tag was ever invalidated");
        table.learn_order(Epoch::new(5));
        assert!(!table.is_known(7));
        table.tag(7).learn(hard(4), Epoch::new(5));
        assert!(table.is_known(7) && !table.is_known(8));
        table.learn_order(Epoch::new(4));
        assert!(table.is_known(7), "numbers only rise");
        table.learn_order(Epoch::new(6));
        assert!(!table.is_known(7));
    }

    #[test]
    fn every_slot_is_a_tag_of_its_own() {
        let table = TagTable::new();
        for slot in 1..=u16::MAX {
            table.tag(slot).raise(hard(slot.into()));
        }
        for slot in 1..=u16::MAX {
            let known = table.get(slot).map(TagEpochs::at_least);
            assert_eq!(known, Some(hard(slot.into())));
        }
    }

    #[test]
    fn law_12_a_debt_is_owed_until_it_is_paid() {
        let table = TagTable::new();
        table.is_untold(1, Invalidation::Hard);
        table.is_untold(1, Invalidation::Hard);
        table.is_untold(1, Invalidation::Soft);
        table.is_told(1, Invalidation::Hard);
        assert_eq!(table.debts().untold, [(1, Invalidation::Soft)]);
        table.tag(9).raise(hard(1));
        table.tag(3).raise(hard(1));
        table.all_are_lost();
        table.are_restored(&[3]);
        table.is_lost(9);
        assert_eq!(table.debts().lost, [9]);
    }
}
