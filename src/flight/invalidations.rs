//! What this process knows of a region's invalidations: of its own epochs, and of its tags' once tags are in
//! use.
//!
//! All numbers can be compared. A value carries the highest that was known before its creator started, the
//! floor; whatever is invalidated, the region or a tag, gets a number above all that values carry by then.
//! So a value at the floor or above it was created after every invalidation that is known, and no tag
//! needs to be looked at.

use dogpile_backend::{Epoch, Epochs, Invalidation, Metadata, Tag, Tags, Time};
use dogpile_core::epochs::EpochCell;
use dogpile_core::kit::Std;
use dogpile_core::tag_epochs::TagEpochs;

use super::tag_table::{TagTable, cell};
use crate::sync::OnceLock;

pub(crate) struct Invalidations {
    region: EpochCell<Std>,
    /// The same, without what a store made of it that had lost its epochs and began anew.
    invalidated: EpochCell<Std>,
    /// Whether other processes invalidate too: then what is not known has to be asked for.
    shared: bool,
    /// There once this process has to do with tags.
    tags: OnceLock<TagTable>,
}

/// The invalidations that a value may be under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    All(Epochs),
    /// One of its tags may have been invalidated, nobody here knows whether. So these epochs make it
    /// stale, and a miss if it is one by what is known.
    Doubtful(Epochs),
}

impl Known {
    pub(crate) const fn epochs(self) -> Epochs {
        match self {
            Self::All(epochs) | Self::Doubtful(epochs) => epochs,
        }
    }

    fn doubtful(known: Epochs) -> Self {
        Self::Doubtful(Epochs {
            // Above all that values carry.
            soft: Epoch::new(Epoch::UNKNOWN.number() - 1),
            ..known
        })
    }
}

impl Invalidations {
    pub(super) fn new(shared: bool) -> Self {
        Self {
            region: cell(),
            invalidated: cell(),
            shared,
            tags: OnceLock::new(),
        }
    }

    /// Whether other processes invalidate too.
    pub(crate) const fn is_shared(&self) -> bool {
        self.shared
    }

    /// The highest number that is known: what a value carries whose creator starts now.
    #[inline]
    pub(crate) fn floor(&self) -> Epoch {
        self.region.floor()
    }

    /// The region's own epochs.
    #[inline]
    pub(crate) fn read(&self) -> Epochs {
        self.region.read()
    }

    /// The region's own epochs as invalidations raised them.
    pub(crate) fn invalidated(&self) -> Epochs {
        self.invalidated.read()
    }

    /// Takes over what the store says of the region's own epochs, and as much of the hard one as an invalidation
    /// raised.
    pub(crate) fn merge(&self, epochs: Epochs, invalidated: Epoch) {
        self.region.merge(epochs);
        self.invalidated.merge(Epochs {
            hard: invalidated,
            ..epochs
        });
    }

    /// Invalidates the region in this process.
    pub(crate) fn raise(&self, how: Invalidation, now: Time) {
        match how {
            Invalidation::Hard => self.region.raise_hard(now),
            Invalidation::Soft => self.region.raise_soft(now),
        }
        let raised = self.read();
        self.invalidated.merge(match how {
            Invalidation::Hard => raised,
            Invalidation::Soft => only(how, raised.soft),
        });
    }

    /// Invalidates a tag in this process.
    pub(crate) fn raise_tag(&self, slot: u16, how: Invalidation, now: Time) {
        let number = self.region.next(now);
        self.begin_tags().tag(slot).raise(only(how, number));
        self.region.lift(number);
    }

    /// The tags, if this process has to do with any.
    #[inline]
    pub(crate) fn tags(&self) -> Option<&TagTable> {
        self.tags.get()
    }

    /// From now on this process has to do with tags.
    pub(crate) fn begin_tags(&self) -> &TagTable {
        self.tags.get_or_init(TagTable::new)
    }

    /// Somebody has asked the store for the region's order, or drawn a number from it.
    pub(crate) fn learn_order(&self, number: Epoch) {
        self.begin_tags().learn_order(number);
        self.region.lift(number);
    }

    /// Whether what is created now is known to be new enough: else the order has to be asked for first.
    #[inline]
    pub(crate) fn knows_order(&self) -> bool {
        !self.shared || self.tags().is_some_and(|table| table.order().is_some())
    }

    /// Whether this process would have heard of an invalidation of these tags, sooner or later.
    #[inline]
    pub(crate) fn hears_of(&self, tags: Tags) -> bool {
        tags.is_empty() || !self.shared || self.tags().is_some()
    }

    /// What a value may be under.
    pub(crate) fn of(&self, value: &Metadata) -> Known {
        self.of_both(value, self.read())
    }

    /// What a value may be under that this process keeps by itself: nobody has to vouch for it.
    pub(crate) fn of_kept(&self, value: &Metadata) -> Known {
        self.of_both(value, self.invalidated())
    }

    /// The invalidations of a value's tags, and these of its region.
    fn of_both(&self, value: &Metadata, region: Epochs) -> Known {
        let tags = value.terms.tags;
        if tags.is_empty() {
            return Known::All(region);
        }
        let order = self.tags().and_then(TagTable::order);
        if self.shared && order.is_none() {
            return Known::doubtful(region);
        }
        let is_newer = value.epoch >= self.floor() && value.epoch != Epoch::UNKNOWN;
        match self.tags() {
            Some(table) if !is_newer => self.of_tags(table, tags, region),
            _ => Known::All(region),
        }
    }

    fn of_tags(&self, table: &TagTable, tags: Tags, region: Epochs) -> Known {
        let (mut epochs, mut all) = (region, true);
        for slot in tags.iter().map(Tag::slot) {
            // First what is known for sure, then what is known: the latter is no older.
            all &= !self.shared || table.is_known(slot);
            let known = table.get(slot).map(TagEpochs::at_least);
            epochs = higher(epochs, known.unwrap_or_default());
        }
        if all {
            return Known::All(epochs);
        }
        Known::doubtful(epochs)
    }
}

/// These epochs and no other.
pub(crate) fn only(how: Invalidation, number: Epoch) -> Epochs {
    let none = Epochs::default();
    match how {
        Invalidation::Hard => Epochs {
            hard: number,
            ..none
        },
        Invalidation::Soft => Epochs {
            soft: number,
            ..none
        },
    }
}

fn higher(one: Epochs, other: Epochs) -> Epochs {
    Epochs {
        hard: one.hard.max(other.hard),
        soft: one.soft.max(other.soft),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Invalidation::{Hard, Soft};
    use dogpile_backend::{Stamp, Terms};

    fn tagged(epoch: Epoch, names: &[&str]) -> Metadata {
        let tag = |terms: Terms, name| terms.with_tag(name);
        let terms = names.iter().try_fold(Terms::NONE, tag);
        Metadata {
            stamp: Stamp::NONE,
            epoch,
            created: Time::ZERO,
            terms: terms.expect("they fit"),
        }
    }

    fn slot(name: &str) -> u16 {
        Tag::named(name.as_bytes()).slot()
    }

    #[test]
    fn law_11_a_tag_is_invalidated_for_what_was_created_before_and_carries_it() {
        let known = Invalidations::new(false);
        let before = known.floor();
        known.raise_tag(slot("a"), Hard, Time::ZERO);
        let epochs = |names: &[&str]| known.of(&tagged(before, names)).epochs();
        assert!(epochs(&["b", "a"]).hard > before);
        assert_eq!(epochs(&["b"]), Epochs::default());
        assert_eq!(epochs(&[]), Epochs::default());
        let after = tagged(known.floor(), &["a"]);
        assert!(known.of(&after).epochs().current() <= after.epoch);
    }

    #[test]
    fn law_11_the_region_and_its_tags_count_by_one_sequence() {
        let known = Invalidations::new(false);
        for round in 0..3 {
            for how in [Hard, Soft] {
                let value = tagged(known.floor(), &["a"]);
                known.raise_tag(slot("a"), how, Time::ZERO);
                let after_tag = tagged(known.floor(), &["a"]);
                assert!(value.epoch < known.of(&value).epochs().current());
                known.raise(how, Time::ZERO);
                let epochs = known.of(&after_tag).epochs();
                assert!(after_tag.epoch < epochs.current(), "{round}");
                let last = tagged(known.floor(), &["a"]);
                assert!(last.epoch >= known.of(&last).epochs().current());
            }
        }
    }

    #[test]
    fn law_12_what_may_have_been_invalidated_elsewhere_is_stale_until_the_store_is_asked() {
        let known = Invalidations::new(true);
        let value = tagged(Epoch::new(3), &["a", "b"]);
        let is_doubtful = || matches!(known.of(&value), Known::Doubtful(_));
        assert!(is_doubtful() && !known.hears_of(value.terms.tags));
        known.learn_order(Epoch::FIRST);
        assert!(!is_doubtful() && known.hears_of(value.terms.tags));
        known.learn_order(Epoch::new(3));
        assert!(!is_doubtful(), "it is as new as the order");
        known.learn_order(Epoch::new(9));
        assert!(is_doubtful());
        assert_eq!(known.of(&value).epochs().hard, Epoch::FIRST, "stale");
        let learn = |name, told| {
            let tag = known.begin_tags().tag(slot(name));
            tag.learn(told, Epoch::new(9));
        };
        learn("a", Epochs::default());
        assert!(is_doubtful(), "of one of both nothing is known");
        learn("b", only(Hard, Epoch::new(8)));
        assert_eq!(known.of(&value), Known::All(only(Hard, Epoch::new(8))));
        known.learn_order(Epoch::new(10));
        assert!(is_doubtful());
        assert_eq!(known.of(&value).epochs().hard, Epoch::new(8), "a miss");
    }

    #[test]
    fn a_value_that_knows_no_epoch_is_never_newer() {
        let known = Invalidations::new(false);
        known.raise_tag(slot("a"), Hard, Time::from_nanos(5_000));
        let foreign = tagged(Epoch::UNKNOWN, &["a"]);
        assert_eq!(known.of(&foreign).epochs().hard, Epoch::new(5));
    }
}
