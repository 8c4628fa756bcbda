//! What whoever creates a value says of that one value: how long it may be used, and under which tags it
//! can be invalidated.

use core::time::Duration;

use crate::freshness::Policy;
use crate::time::Span;

/// One value's own terms. What they leave open goes by the region's [`Policy`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Terms {
    /// How long it is fresh, in place of [`Policy::fresh_for`].
    pub fresh_for: Option<Span>,
    /// How long after that it may be served stale, in place of [`Policy::stale_for`].
    pub stale_for: Option<Span>,
    /// The tags under which it can be invalidated.
    pub tags: Tags,
}

/// A tag as values carry it: one of 65,535 slots, found by its name.
///
/// Two names may share a slot; invalidating the one then invalidates the other's values too, which costs
/// a creation and never serves what was invalidated. In return what has to be known of all tags of a
/// region is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(u16);

/// Up to eight tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tags(u128);

/// A value has eight tags already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyTags;

impl core::fmt::Display for TooManyTags {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a value has at most 8 tags: use a broader tag in place of several narrow ones")
    }
}

impl core::error::Error for TooManyTags {}

impl Terms {
    /// No terms of its own.
    pub const NONE: Self = Self {
        fresh_for: None,
        stale_for: None,
        tags: Tags::NONE,
    };

    /// These terms, and fresh for `span`; `Duration::MAX` is for ever.
    #[must_use]
    pub fn with_fresh_for(mut self, span: Duration) -> Self {
        self.fresh_for = Some(Span::from_duration(span));
        self
    }

    /// These terms, and served stale for `span` after the value was fresh; zero is never.
    #[must_use]
    pub fn with_stale_for(mut self, span: Duration) -> Self {
        self.stale_for = Some(Span::from_duration(span));
        self
    }

    /// These terms, and one more tag.
    ///
    /// # Errors
    /// [`TooManyTags`] when there are eight others already.
    pub fn with_tag(mut self, name: impl AsRef<[u8]>) -> Result<Self, TooManyTags> {
        self.tags = self.tags.with(Tag::named(name.as_ref()))?;
        Ok(self)
    }

    /// How many bytes [`to_bytes`](Self::to_bytes) makes.
    pub const BYTES: usize = 33;

    /// Whether the value has no terms of its own.
    #[inline]
    pub const fn is_none(&self) -> bool {
        self.fresh_for.is_none() && self.stale_for.is_none() && self.tags.is_empty()
    }

    /// The policy that goes for a value with these terms where `region` goes for all others.
    ///
    /// ```
    /// use dogpile_core::{freshness::Policy, terms::Terms, time::Span};
    /// let minute = Span::from_secs(60);
    /// let terms = Terms { fresh_for: Some(minute), ..Terms::NONE };
    /// assert_eq!(terms.policy(&Policy::FOREVER), Policy { fresh_for: minute, ..Policy::FOREVER });
    /// ```
    #[inline]
    #[must_use]
    pub const fn policy(&self, region: &Policy) -> Policy {
        Policy {
            fresh_for: or(self.fresh_for, region.fresh_for),
            stale_for: or(self.stale_for, region.stale_for),
            skew: region.skew,
        }
    }

    /// The same terms, none of them longer than what a call asks for itself.
    #[must_use]
    pub fn within(self, call: &Policy) -> Self {
        Self {
            fresh_for: self.fresh_for.map(|own| own.min(call.fresh_for)),
            stale_for: self.stale_for.map(|own| own.min(call.stale_for)),
            ..self
        }
    }

    /// The terms as stores write them down: a byte that says which of the two times are there (1 and 2),
    /// both in nanoseconds, the tags; big-endian.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[0] = u8::from(self.fresh_for.is_some()) | u8::from(self.stale_for.is_some()) << 1;
        let nanos = |span: Option<Span>| span.map_or(0, Span::as_nanos).to_be_bytes();
        bytes[1..9].copy_from_slice(&nanos(self.fresh_for));
        bytes[9..17].copy_from_slice(&nanos(self.stale_for));
        bytes[17..].copy_from_slice(&self.tags.0.to_be_bytes());
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; `None` if nothing writes such bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let nanos = |at: usize| {
            let number = core::array::from_fn(|byte| bytes[at + byte]);
            Span::from_nanos(u64::from_be_bytes(number))
        };
        let terms = Self {
            fresh_for: (bytes[0] & 1 != 0).then(|| nanos(1)),
            stale_for: (bytes[0] & 2 != 0).then(|| nanos(9)),
            tags: Tags(u128::from_be_bytes(core::array::from_fn(|byte| {
                bytes[17 + byte]
            }))),
        };
        (terms.to_bytes() == *bytes).then_some(terms)
    }
}

/// `Option::unwrap_or`, where constants are made.
const fn or(own: Option<Span>, other: Span) -> Span {
    match own {
        Some(own) => own,
        None => other,
    }
}

/// The same number for the same bytes everywhere: FNV-1a of 64 bits (G. Fowler, L. Noll and K.-P. Vo,
/// RFC 9923). No defence against who looks for bytes of one number.
///
/// ```
/// assert_eq!(dogpile_core::terms::fnv_1a(b"foobar"), 0x8594_4171_f739_67e8);
/// ```
#[must_use]
pub const fn fnv_1a(bytes: &[u8]) -> u64 {
    let (mut hash, mut at) = (0xcbf2_9ce4_8422_2325, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

impl Tag {
    /// The tag of that name: FNV-1a of 64 bits (RFC 9923) modulo 65,535, plus 1.
    ///
    /// ```
    /// use dogpile_core::terms::Tag;
    /// assert_eq!(Tag::named(b"").slot(), 0x1020);
    /// ```
    #[must_use]
    pub const fn named(name: &[u8]) -> Self {
        Self::of_hash(fnv_1a(name))
    }

    #[allow(clippy::cast_possible_truncation)] // the remainder of 65,535, plus 1, is none
    const fn of_hash(hash: u64) -> Self {
        Self((hash % u16::MAX as u64) as u16 + 1)
    }

    /// The number of its slot: 1 to 65,535.
    pub const fn slot(self) -> u16 {
        self.0
    }
}

impl Tags {
    /// No tags.
    pub const NONE: Self = Self(0);

    /// As many as one value may have.
    pub const MOST: usize = 8;

    /// Tags from the number behind them, which a store wrote down.
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// The number behind the tags: sixteen bits for each, the first in the lowest.
    pub const fn number(self) -> u128 {
        self.0
    }

    /// Whether there are none.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These tags and one more.
    ///
    /// # Errors
    /// [`TooManyTags`] when there are eight already and this is none of them.
    pub fn with(self, tag: Tag) -> Result<Self, TooManyTags> {
        if self.iter().any(|there| there == tag) {
            return Ok(self);
        }
        let free = (0..Self::MOST).find(|at| self.at(*at) == 0);
        let at = free.ok_or(TooManyTags)?;
        Ok(Self(self.0 | u128::from(tag.0) << (16 * at)))
    }

    /// Each tag.
    pub fn iter(self) -> impl Iterator<Item = Tag> {
        (0..Self::MOST)
            .map(move |at| self.at(at))
            .filter(|slot| *slot != 0)
            .map(Tag)
    }

    #[allow(clippy::cast_possible_truncation)] // sixteen bits are meant
    const fn at(self, at: usize) -> u16 {
        (self.0 >> (16 * at)) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(number: u8) -> Tag {
        Tag::named(&[number])
    }

    #[test]
    fn eight_tags_are_carried_and_a_ninth_is_refused() {
        let eight = (0..8).try_fold(Tags::NONE, |tags, number| tags.with(tag(number)));
        let eight = eight.expect("eight fit");
        assert!(eight.iter().eq((0..8).map(tag)));
        assert_eq!(eight.with(tag(3)), Ok(eight), "it has that one");
        assert_eq!(eight.with(tag(8)), Err(TooManyTags));
        assert!(Tags::NONE.iter().next().is_none());
    }

    #[test]
    fn every_tag_has_a_slot_that_is_none_of_nothing() {
        assert_eq!(Tag::of_hash(0).slot(), 1);
        assert_eq!(Tag::of_hash(65_534).slot(), 65_535);
        assert_eq!(Tag::of_hash(65_535).slot(), 1);
        // FNV's own vector for "foobar" is 0x85944171f73967e8.
        assert_eq!(Tag::named(b"foobar"), Tag::of_hash(0x8594_4171_f739_67e8));
    }

    #[test]
    fn bytes_are_read_as_they_were_written() {
        let spans = [None, Some(Span::ZERO), Some(Span::FOREVER)];
        let tags = Tags::NONE.with(tag(1)).expect("one fits");
        for (fresh_for, stale_for) in spans.into_iter().flat_map(|a| spans.map(move |b| (a, b))) {
            for tags in [Tags::NONE, tags] {
                let terms = Terms {
                    fresh_for,
                    stale_for,
                    tags,
                };
                assert_eq!(Terms::from_bytes(&terms.to_bytes()), Some(terms));
                assert_eq!(terms.is_none(), terms == Terms::NONE);
            }
        }
        let mut strange = Terms::NONE.to_bytes();
        strange[0] = 4;
        assert_eq!(Terms::from_bytes(&strange), None);
        strange[0] = 0;
        strange[5] = 1;
        assert_eq!(
            Terms::from_bytes(&strange),
            None,
            "a time that is not there"
        );
    }

    #[test]
    fn what_a_call_asks_for_bounds_what_a_value_says() {
        let secs = Span::from_secs;
        let own = Terms {
            fresh_for: Some(secs(60)),
            ..Terms::NONE
        };
        let call = Policy {
            fresh_for: secs(10),
            ..Policy::FOREVER
        };
        assert_eq!(own.within(&call).fresh_for, Some(secs(10)));
        assert_eq!(own.within(&call).stale_for, None);
        assert_eq!(own.within(&Policy::FOREVER), own);
    }
}
