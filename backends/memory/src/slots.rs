//! Numbered slots for queued items, and lists through them, so that an item leaves the middle of a
//! queue in one step.

/// The number of no slot.
const NONE: u32 = u32::MAX;

/// The most items that can be queued, since a slot's number has four bytes.
const MOST: usize = NONE as usize;

#[derive(Debug)]
struct Slot<T> {
    item: T,
    weight: u32,
    earlier: u32,
    /// The next later item of the list, or the next free slot.
    later: u32,
    queue: Queue,
}

/// One of the two queues that hold items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queue {
    Small,
    Main,
}

/// First in, first out.
#[derive(Clone, Copy, Debug)]
struct List {
    oldest: u32,
    newest: u32,
    weight: u64,
}

const EMPTY: List = List {
    oldest: NONE,
    newest: NONE,
    weight: 0,
};

/// Items in two queues.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    all: Vec<Slot<T>>,
    free: u32,
    len: usize,
    lists: [List; 2],
}

impl<T: Copy> Slots<T> {
    pub(crate) fn new() -> Self {
        Self {
            all: Vec::new(),
            free: NONE,
            len: 0,
            lists: [EMPTY; 2],
        }
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no number for another item.
    pub(crate) fn is_full(&self) -> bool {
        self.len == MOST
    }

    /// The weight of the items in `queue`.
    pub(crate) fn weight_in(&self, queue: Queue) -> u64 {
        self.lists[queue as usize].weight
    }

    /// The slot at the front of `queue`.
    pub(crate) fn oldest(&self, queue: Queue) -> Option<u32> {
        Some(self.lists[queue as usize].oldest).filter(|slot| *slot != NONE)
    }

    pub(crate) fn item(&self, slot: u32) -> T {
        self.all[slot as usize].item
    }

    pub(crate) fn weight(&self, slot: u32) -> u32 {
        self.all[slot as usize].weight
    }

    /// Adds an item at the back of `queue`. There must be a number for it.
    pub(crate) fn add(&mut self, queue: Queue, item: T, weight: u32) -> u32 {
        let added = Slot {
            item,
            weight,
            earlier: NONE,
            later: NONE,
            queue,
        };
        let slot = if self.free == NONE {
            self.all.push(added);
            #[allow(clippy::cast_possible_truncation)] // at most MOST slots are ever made
            let slot = (self.all.len() - 1) as u32;
            slot
        } else {
            let slot = self.free;
            self.free = self.all[slot as usize].later;
            self.all[slot as usize] = added;
            slot
        };
        self.len += 1;
        self.link(queue, slot);
        slot
    }

    /// Takes an item out and frees its slot.
    pub(crate) fn remove(&mut self, slot: u32) -> (Queue, T) {
        self.unlink(slot);
        self.len -= 1;
        let freed = &mut self.all[slot as usize];
        freed.later = self.free;
        self.free = slot;
        (freed.queue, freed.item)
    }

    /// Moves an item to the back of `queue`; it keeps its slot.
    pub(crate) fn move_to_back(&mut self, queue: Queue, slot: u32) {
        self.unlink(slot);
        self.link(queue, slot);
    }

    /// Puts another item in the place of one that weighs as much or more.
    pub(crate) fn replace(&mut self, slot: u32, item: T, weight: u32) {
        let place = &mut self.all[slot as usize];
        let list = &mut self.lists[place.queue as usize];
        list.weight -= u64::from(place.weight);
        list.weight += u64::from(weight);
        place.item = item;
        place.weight = weight;
    }

    fn link(&mut self, queue: Queue, slot: u32) {
        let list = &mut self.lists[queue as usize];
        let newest = std::mem::replace(&mut list.newest, slot);
        match self.all.get_mut(newest as usize) {
            Some(before) => before.later = slot,
            None => list.oldest = slot,
        }
        let linked = &mut self.all[slot as usize];
        list.weight += u64::from(linked.weight);
        linked.queue = queue;
        linked.earlier = newest;
        linked.later = NONE;
    }

    fn unlink(&mut self, slot: u32) {
        let unlinked = &self.all[slot as usize];
        let (earlier, later) = (unlinked.earlier, unlinked.later);
        let list = &mut self.lists[unlinked.queue as usize];
        list.weight -= u64::from(unlinked.weight);
        match self.all.get_mut(earlier as usize) {
            Some(before) => before.later = later,
            None => list.oldest = later,
        }
        match self.all.get_mut(later as usize) {
            Some(after) => after.earlier = earlier,
            None => list.newest = earlier,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_order(slots: &Slots<char>, queue: Queue) -> String {
        let mut at = slots.lists[queue as usize].oldest;
        let mut found = String::new();
        while at != NONE {
            found.push(slots.item(at));
            at = slots.all[at as usize].later;
        }
        found
    }

    #[test]
    fn items_leave_from_anywhere_and_their_slots_are_used_again() {
        let mut slots = Slots::new();
        let made: Vec<u32> = "abcd"
            .chars()
            .map(|item| slots.add(Queue::Small, item, 1))
            .collect();
        slots.remove(made[1]);
        assert_eq!(in_order(&slots, Queue::Small), "acd");
        slots.move_to_back(Queue::Main, made[0]);
        slots.move_to_back(Queue::Small, made[2]);
        assert_eq!(in_order(&slots, Queue::Small), "dc");
        assert_eq!(in_order(&slots, Queue::Main), "a");
        assert_eq!(slots.add(Queue::Main, 'e', 5), made[1]);
        assert_eq!(in_order(&slots, Queue::Main), "ae");
        assert_eq!(slots.weight_in(Queue::Main), 6);
        slots.replace(made[1], 'f', 2);
        assert_eq!((slots.weight_in(Queue::Main), slots.len()), (3, 4));
        for slot in made {
            slots.remove(slot);
        }
        assert_eq!(slots.oldest(Queue::Small), None);
        assert_eq!(slots.oldest(Queue::Main), None);
        assert_eq!((slots.len(), slots.weight_in(Queue::Main)), (0, 0));
        slots.add(Queue::Small, 'g', 1);
        assert_eq!(slots.all.len(), 4, "no slot is made while one is free");
    }
}
