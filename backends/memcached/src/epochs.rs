//! A region's epochs on one server: an item that is replaced only as it was seen.
//!
//! | item | its text |
//! |---|---|
//! | a region's | `hard soft`, its own epochs; where it began anew, how much of `hard` an invalidation raised; and `hard soft` of its order where that was ever raised |
//! | a tag's | `hard soft` |
//!
//! The server may push any item out. One item for a region and its order means that both are lost together: then
//! nobody knows what was invalidated, and the region begins anew, with an epoch above all that values carry. What
//! was stored before is a miss; what a process kept by itself was not invalidated by that. A tag's
//! item that is absent says nothing: most tags were never invalidated.

use dogpile_backend::{Clock, Epoch, Epochs, Invalidation, SystemClock, Time};

use crate::Memcached;
use crate::keys::{Key, Room};
use crate::memcached::compared;
use crate::protocol::{Answer, Code, Mode, Request};
use crate::trouble::Trouble;
use crate::voice::Voice;

/// How often others may be faster. Each of them raises the epochs, so somebody always gets on.
const TRIES: usize = 1_000;

/// Between a region's name and what is beside its own epochs; alone it is the order's.
const SEPARATOR: char = '\0';

/// What the epochs of one name are: which item, and what in it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) key: Key<'static>,
    is_order: bool,
    /// Where no item is, one was lost: else it was never there.
    may_be_lost: bool,
}

/// What an item holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    own: Epochs,
    /// As much of the hard epoch as an invalidation raised.
    invalidated: Epoch,
    order: Epochs,
}

impl Place {
    /// Where those of this name are. Beside Python, whose values know no epochs, a region that begins anew
    /// would lose all of them.
    pub(crate) fn new(store: &Memcached, name: &str) -> Self {
        let (item, is_order) = match name.strip_suffix(SEPARATOR) {
            Some(region) => (region, true),
            None => (name, false),
        };
        Self {
            key: store.keys.key(Room::Epochs, item.as_bytes()),
            is_order,
            may_be_lost: !store.is_beside_python() && !item.contains(SEPARATOR),
        }
    }

    /// What is meant of an item.
    pub(crate) const fn of(&self, held: Held) -> Epochs {
        if self.is_order { held.order } else { held.own }
    }

    /// An item that holds these and nothing else, all raised by invalidations.
    pub(crate) fn holding(&self, epochs: Epochs) -> Held {
        let mut held = Held::default();
        *self.part_of(&mut held) = epochs;
        held.invalidated = held.own.hard;
        held
    }

    /// What this process knows, who has heard of a region's beginnings.
    pub(crate) fn known_by(&self, store: &Memcached, epochs: Epochs) -> Held {
        let held = self.holding(epochs);
        let invalidated = store.beginnings.invalidated(self, held.own.hard);
        Held {
            invalidated,
            ..held
        }
    }

    /// What is known where no server has the item; `None` if it has to be written first.
    pub(crate) fn never_raised(&self) -> Option<Held> {
        (!self.may_be_lost).then(Held::default)
    }

    const fn part_of<'h>(&self, held: &'h mut Held) -> &'h mut Epochs {
        if self.is_order {
            &mut held.order
        } else {
            &mut held.own
        }
    }

    /// What stands for an item that is not there, where nobody knows better.
    fn instead_at(&self, now: Time) -> Held {
        let mut held = Held::default();
        if self.may_be_lost {
            held.own.hard = Epoch::FIRST.raised(now);
        }
        held
    }
}

impl Held {
    /// The item's text.
    fn text(self) -> String {
        let pair = |epochs: Epochs| format!("{} {}", epochs.hard.number(), epochs.soft.number());
        let mut words = vec![pair(self.own)];
        if self.invalidated != self.own.hard {
            words.push(self.invalidated.number().to_string());
        }
        if self.order != Epochs::default() {
            words.push(pair(self.order));
        }
        words.join(" ")
    }

    /// What was read; `None` if it is no such text.
    fn read(body: &[u8]) -> Option<Self> {
        let words = str::from_utf8(body).ok()?.split(' ');
        let numbers = words.map(|word| word.parse().ok().map(Epoch::new));
        let numbers: Vec<Epoch> = numbers.collect::<Option<_>>()?;
        let pair = |hard, soft| Epochs { hard, soft };
        let none = Epochs::default();
        let (own, invalidated, order) = match *numbers {
            [hard, soft] => (pair(hard, soft), hard, none),
            [hard, soft, raised] => (pair(hard, soft), raised, none),
            [hard, soft, first, second] => (pair(hard, soft), hard, pair(first, second)),
            [hard, soft, raised, first, second] => (pair(hard, soft), raised, pair(first, second)),
            _ => return None,
        };
        Some(Self {
            own,
            invalidated,
            order,
        })
    }

    /// The region's hard epoch, and as much of it as an invalidation raised.
    pub(crate) const fn hard(&self) -> (Epoch, Epoch) {
        (self.own.hard, self.invalidated)
    }

    /// The higher of each.
    pub(crate) fn max(self, other: Self) -> Self {
        let higher = |one: Epochs, other: Epochs| Epochs {
            hard: one.hard.max(other.hard),
            soft: one.soft.max(other.soft),
        };
        Self {
            own: higher(self.own, other.own),
            invalidated: self.invalidated.max(other.invalidated),
            order: higher(self.order, other.order),
        }
    }
}

/// The item, and how it can be replaced as long as it is this one. Junk is as good as none.
pub(crate) async fn look(
    voice: &mut Voice<'_>,
    place: &Place,
) -> Result<(Option<Held>, Mode), Trouble> {
    match voice.ask(Request::get(&place.key).flag(b"c")).await? {
        Answer::Item(item) => {
            let mode = Mode::Exactly(item.cas.unwrap_or_default());
            Ok((Held::read(&item.body), mode))
        }
        Answer::Code(Code::Absent, _) => Ok((None, Mode::Absent)),
        other => Err(voice.odd(&other)),
    }
}

/// What becomes of an item. Done twice it is done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// Raises one epoch above these and what is there.
    Raise(Invalidation, Held),
    /// What somebody knows is not lowered.
    Restore(Held),
}

impl Change {
    const fn known(self) -> Held {
        let (Self::Raise(_, known) | Self::Restore(known)) = self;
        known
    }

    pub(crate) fn of(self, place: &Place, there: Option<Held>, now: Time) -> Held {
        let known = self.known();
        let mut after = match there {
            Some(there) => there.max(known),
            None if known == Held::default() => place.instead_at(now),
            None => known,
        };
        if let Self::Raise(how, _) = self {
            let part = place.part_of(&mut after);
            let next = part.current().raised(now);
            match how {
                Invalidation::Hard => part.hard = next,
                Invalidation::Soft => part.soft = next,
            }
            if how == Invalidation::Hard && !place.is_order {
                after.invalidated = next;
            }
        }
        after
    }

    /// Replaces the item by what this makes of it; `None` where others were always faster.
    ///
    /// The server tells its time only in whole seconds, and not with this: the wall clock of this process
    /// stands for it.
    pub(crate) async fn talk(
        self,
        voice: &mut Voice<'_>,
        place: &Place,
    ) -> Result<Option<Held>, Trouble> {
        let now = SystemClock.wall();
        for _ in 0..TRIES {
            let (there, mode) = look(voice, place).await?;
            let after = self.of(place, there, now);
            if there == Some(after) {
                return Ok(there);
            }
            let body = after.text();
            let request = Request::store(&place.key, body.as_bytes(), 0, 0, mode);
            if compared(voice, request).await?.is_some() {
                return Ok(Some(after));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn epochs(hard: u64, soft: u64) -> Epochs {
        Epochs {
            hard: Epoch::new(hard),
            soft: Epoch::new(soft),
        }
    }

    fn place(name: &str) -> Place {
        let store = Memcached::open("127.0.0.1").expect("a good address");
        Place::new(&store, name)
    }

    #[test]
    fn an_item_is_read_as_it_was_written_and_junk_is_none() {
        let (own, order) = (epochs(7, u64::MAX - 1), epochs(9, 0));
        for order in [Epochs::default(), order] {
            for invalidated in [own.hard, Epoch::new(3)] {
                let held = Held {
                    own,
                    invalidated,
                    order,
                };
                assert_eq!(Held::read(held.text().as_bytes()), Some(held));
            }
        }
        for junk in ["", "7", "a b", "1 2 x", "1 2 3 4 5 6", "1 -2"] {
            assert_eq!(Held::read(junk.as_bytes()), None, "{junk}");
        }
    }

    #[test]
    fn raising_passes_what_was_what_is_known_elsewhere_and_the_time() {
        let region = place("users");
        let raise = |how, known, before, now| {
            let raised = Change::Raise(how, region.holding(known));
            region.of(raised.of(&region, Some(region.holding(before)), now))
        };
        let none = Epochs::default();
        let now = Time::from_nanos(1_000_000);
        let first = raise(Invalidation::Hard, none, none, now);
        assert_eq!(first, epochs(1_000, 0));
        let next = raise(Invalidation::Soft, none, first, Time::ZERO);
        assert_eq!(next, epochs(1_000, 1_001));
        let above = raise(Invalidation::Hard, epochs(0, 5_000), first, Time::ZERO);
        assert_eq!(above, epochs(5_001, 5_000));
    }

    #[test]
    fn a_region_and_its_order_are_in_one_item_and_neither_changes_the_other() {
        let (region, order) = (place("users"), place("users\0"));
        assert_eq!(region.key, order.key);
        assert_ne!(place("users\x00002a").key, region.key);
        let raise = Change::Raise(Invalidation::Hard, Held::default());
        let before = region.holding(epochs(7, 8));
        let after = raise.of(&order, Some(before), Time::ZERO);
        assert_eq!(region.of(after), epochs(7, 8));
        assert_eq!(order.of(after), epochs(1, 0));
    }

    #[test]
    fn a_region_s_item_that_is_gone_was_lost_and_a_tag_s_was_never_there() {
        let (region, tag) = (place("users"), place("users\x00002a"));
        let now = Time::from_nanos(1_000_000);
        let begun = Change::Restore(Held::default()).of(&region, None, now);
        assert_eq!(region.of(begun), epochs(1_000, 0));
        assert_eq!(place("users\0").of(begun), Epochs::default());
        assert_eq!(begun.invalidated, Epoch::FIRST, "nobody did");
        let soft = Change::Raise(Invalidation::Soft, Held::default()).of(&region, Some(begun), now);
        assert_eq!(soft.invalidated, Epoch::FIRST, "nor so");
        let hard = Change::Raise(Invalidation::Hard, Held::default()).of(&region, Some(soft), now);
        assert_eq!(hard.invalidated, region.of(hard).hard);
        let known = Change::Restore(region.holding(epochs(7, 0)));
        let restored = region.of(known.of(&region, None, now));
        assert_eq!(restored, epochs(7, 0), "another server had it still");
        assert_eq!(tag.never_raised(), Some(tag.instead_at(now)));
    }
}
