//! Values on their way out of the map, while a turn lasts.

use papaya::LocalGuard;

use crate::eviction::{Ear, Eviction};
use crate::key::{Key, Place};
use crate::mark::StampCell;
use crate::node::{Claim, Held, Node};
use crate::s3_fifo::{Marks, S3Fifo};
use crate::table::Map;

/// What left in one turn. The guard keeps it readable after it left the map, so that nothing is
/// copied for the listener.
pub(crate) struct Departures<'g, V> {
    map: &'g Map<V>,
    guard: &'g LocalGuard<'g>,
    gone: Vec<(&'g Key, &'g V, Eviction)>,
}

impl<'g, V> Departures<'g, V> {
    pub(crate) fn new(map: &'g Map<V>, guard: &'g LocalGuard<'g>) -> Self {
        Self {
            map,
            guard,
            gone: Vec::new(),
        }
    }

    /// Lets values go until `weight` more fits, and answers how many claims stayed in their stead.
    pub(crate) fn make_room(&mut self, policy: &mut S3Fifo<Place>, weight: u32) -> usize {
        let marks = MapMarks {
            map: self.map,
            guard: self.guard,
        };
        let mut claims = 0;
        while let Some(place) = policy.next_victim(weight, &marks) {
            claims += usize::from(self.let_go(place, Eviction::Capacity));
        }
        claims
    }

    /// Removes the value at `place`. If it is leased, a claim with its stamp stays, so that its
    /// creator can still commit; the answer says whether one did.
    pub(crate) fn let_go(&mut self, place: Place, why: Eviction) -> bool {
        let Some((key, node)) = self.map.get_key_value(&place, self.guard) else {
            debug_assert!(false, "a queue held a value that the map does not hold");
            return false;
        };
        if let Some(held) = node.value() {
            self.gone.push((key, &held.value, why));
        }
        if node.is_leased() {
            let stamp = StampCell::new(node.stamp().number());
            let claim = Node::Claim(Claim { stamp });
            self.map.insert(Key::new(key.bytes()), claim, self.guard);
            return true;
        }
        self.map.remove(&place, self.guard);
        false
    }

    /// Tells of everything that left. To be called with no lock held.
    pub(crate) fn tell(self, ear: &Ear<V>) {
        for (key, value, why) in self.gone {
            ear.tell(key.bytes(), value, why);
        }
    }
}

/// The marks of the values in the map, as the policy asks for them.
struct MapMarks<'g, V> {
    map: &'g Map<V>,
    guard: &'g LocalGuard<'g>,
}

impl<V> MapMarks<'_, V> {
    fn held(&self, place: Place) -> Option<&Held<V>> {
        self.map.get(&place, self.guard).and_then(Node::value)
    }
}

impl<V> Marks<Place> for MapMarks<'_, V> {
    fn uses(&self, place: Place) -> u8 {
        self.held(place).map_or(0, |held| held.mark.uses())
    }

    fn set_uses(&self, place: Place, uses: u8) {
        if let Some(held) = self.held(place) {
            held.mark.set(uses);
        }
    }
}
