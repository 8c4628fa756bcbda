//! S3-FIFO, a policy of eviction, without a map: who must leave?
//!
//! After Yang, Zhang, Qiu, Yue and Rashmi, "FIFO queues are all you need for cache eviction", SOSP
//! 2023. A new item joins the *small* queue, a seventh of the room. At its end it moves to *main* if
//! it was used meanwhile, and leaves otherwise; then the *ghost* remembers its hash, and if it comes
//! back while it is remembered, it joins main at once. At the end of main a used item goes
//! round again with a use less. So most of what is used once leaves early and never displaces
//! what is used often. What was measured to choose the numbers here is in
//! `docs/adr/0002-s3-fifo.md`.

use crate::ghost::Ghost;
use crate::slots::{Queue, Slots};

/// What the queues hold: as little as finds an item again.
pub(crate) trait Item: Copy {
    /// A hash of the item's key.
    fn hash(self) -> u64;
}

/// The uses of items since they last stood for eviction. Readers count them meanwhile.
pub(crate) trait Marks<T> {
    fn uses(&self, item: T) -> u8;
    fn set_uses(&self, item: T, uses: u8);
}

/// The part of the room, in hundredths, that the small queue takes before it is the one to give.
const SMALL_SHARE: u128 = 15;

/// The uses that take an item from small to main.
const USES_FOR_MAIN: u8 = 1;

/// The queues, for items of at most `capacity` weight together.
#[derive(Debug)]
pub(crate) struct S3Fifo<T> {
    slots: Slots<T>,
    ghost: Ghost,
    capacity: u64,
}

impl<T: Item> S3Fifo<T> {
    pub(crate) fn new(capacity: u64) -> Self {
        Self {
            slots: Slots::new(),
            ghost: Ghost::default(),
            capacity,
        }
    }

    /// The weight of all items together, never above the capacity.
    pub(crate) fn weight(&self) -> u64 {
        self.slots.weight_in(Queue::Small) + self.slots.weight_in(Queue::Main)
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether an item of `weight` could be held at all.
    pub(crate) fn admits(&self, weight: u32) -> bool {
        u64::from(weight) <= self.capacity
    }

    /// Takes out one item that must leave before an item of `weight` fits, or none if it fits.
    pub(crate) fn next_victim(&mut self, weight: u32, marks: &impl Marks<T>) -> Option<T> {
        loop {
            let fits = self.weight().saturating_add(u64::from(weight)) <= self.capacity;
            if fits && !self.slots.is_full() {
                return None;
            }
            let small = self.slots.oldest(Queue::Small);
            let main = self.slots.oldest(Queue::Main);
            let victim = match (small, main) {
                (Some(small), None) => self.pass_small(small, marks),
                (Some(small), Some(_)) if self.is_small_large() => self.pass_small(small, marks),
                (_, Some(main)) => self.pass_main(main, marks),
                (None, None) => return None,
            };
            if victim.is_some() {
                return victim;
            }
        }
    }

    /// Adds an item for which there is room, and answers its slot.
    pub(crate) fn insert(&mut self, item: T, weight: u32) -> u32 {
        let queue = if self.ghost.forget(item.hash()) {
            Queue::Main
        } else {
            Queue::Small
        };
        self.insert_into(queue, item, weight)
    }

    /// Adds an item for which there is room at the back of `queue`.
    pub(crate) fn insert_into(&mut self, queue: Queue, item: T, weight: u32) -> u32 {
        self.slots.add(queue, item, weight)
    }

    /// Puts `item` in the place of the one in `slot` if it weighs no more, and says whether.
    pub(crate) fn replace(&mut self, slot: u32, item: T, weight: u32) -> bool {
        if weight > self.slots.weight(slot) {
            return false;
        }
        self.slots.replace(slot, item, weight);
        true
    }

    /// Removes the item in `slot`, and says from which queue.
    pub(crate) fn remove(&mut self, slot: u32) -> Queue {
        self.slots.remove(slot).0
    }

    /// Forgets every item, present or past.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    fn is_small_large(&self) -> bool {
        let share = (u128::from(self.capacity) * SMALL_SHARE / 100).max(1);
        u128::from(self.slots.weight_in(Queue::Small)) >= share
    }

    /// The oldest of small goes on to main or leaves.
    fn pass_small(&mut self, slot: u32, marks: &impl Marks<T>) -> Option<T> {
        let item = self.slots.item(slot);
        if marks.uses(item) >= USES_FOR_MAIN {
            marks.set_uses(item, 0);
            self.slots.move_to_back(Queue::Main, slot);
            return None;
        }
        self.slots.remove(slot);
        self.ghost.remember(item.hash(), self.slots.len());
        Some(item)
    }

    /// The oldest of main goes round again or leaves.
    fn pass_main(&mut self, slot: u32, marks: &impl Marks<T>) -> Option<T> {
        let item = self.slots.item(slot);
        let uses = marks.uses(item);
        if uses > 0 {
            marks.set_uses(item, uses - 1);
            self.slots.move_to_back(Queue::Main, slot);
            return None;
        }
        self.slots.remove(slot);
        Some(item)
    }
}

#[cfg(test)]
mod tests;
