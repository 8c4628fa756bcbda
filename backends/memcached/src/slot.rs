//! What stands in a key's slot: nothing, a value, or a lease with the value that it is to replace.
//!
//! | in the server | is |
//! |---|---|
//! | no item | nothing |
//! | an empty item that was vivified | a lease on nothing, as it was granted |
//! | client flags [`PENDING`], a header, maybe a record | a lease that was renewed, or beside a value |
//! | client flags [`SHUT`], the same | a lease that nobody has, for a creator has failed |
//! | client flags [`FAILED`] | nothing: who held the lease has just failed |
//! | anything else | a value |
//!
//! A lease ends by the server's clock alone. On nothing it ends with the item. Beside a value it must
//! not take the value with it, so the header says at which remaining time of the *item* the lease is
//! over: the server tells the remaining time with each answer, and no clock of ours is asked.
//!
//! ```text
//! 0123456789abcdef0123456789abcdef 3570 -|{"ct": 1795316595.841604000, "v": 2}|payload
//! ```
//!
//! The token, the remaining seconds at which the lease is over, `-` if the value has no end (`+` if it
//! has), a bar, and the value's record.

use dogpile_backend::Stamp;

use crate::protocol::Item;
use crate::python;

/// The client flags of a lease.
pub(crate) const PENDING: u32 = 0xd09b_11e0;

/// The client flags of the word that a creator failed.
pub(crate) const FAILED: u32 = PENDING + 1;

/// The client flags of a slot that is shut.
pub(crate) const SHUT: u32 = PENDING + 2;

/// How long that word stands: whoever waits looks many times meanwhile.
pub(crate) const FAILED_FOR: u32 = 2;

/// The longest time that the server takes as one from now: thirty days.
pub(crate) const LONGEST: u32 = 30 * 86_400;

/// A slot as one answer shows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Slot<'i> {
    /// The lease that is out, if one is.
    pub(crate) lease: Option<Out>,
    /// The value's record, if there is one.
    pub(crate) record: Option<&'i [u8]>,
    /// How long the value would live without a lease beside it; `None`: for ever.
    pub(crate) seconds_left: Option<u32>,
}

/// What stands in a slot, as far as can be told without its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    /// A lease. One beside a value may have run out; whoever waits knows how long it lasts.
    Leased,
    /// The word that its holder failed, or a slot that was shut for that.
    Failed,
    /// A value, or nothing.
    Free,
}

impl Stands {
    pub(crate) fn of(item: &Item) -> Self {
        match item.client_flags {
            PENDING => Self::Leased,
            FAILED | SHUT | python::FAILED => Self::Failed,
            _ if item.size == Some(0) && item.sent => Self::Leased,
            _ => Self::Free,
        }
    }
}

/// A lease that is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Out {
    /// How long it lasts at most unless it is renewed, in seconds.
    pub(crate) seconds_left: u32,
    /// Nobody has it.
    pub(crate) shut: bool,
}

impl Slot<'_> {
    /// Where no value is.
    pub(crate) const fn empty() -> Self {
        Self {
            lease: None,
            record: None,
            seconds_left: None,
        }
    }
}

impl<'i> Slot<'i> {
    /// Reads an item that is not our own grant.
    pub(crate) fn read(item: &'i Item) -> Self {
        let left = item.seconds_left;
        if matches!(item.client_flags, PENDING | SHUT) {
            return Self::pending(item);
        }
        if item.client_flags == FAILED {
            return Self::empty();
        }
        if item.body.is_empty() && item.sent {
            let out = Out {
                seconds_left: left.unwrap_or_default(),
                shut: false,
            };
            return Self {
                lease: Some(out),
                record: None,
                seconds_left: left,
            };
        }
        Self {
            lease: None,
            record: Some(&item.body),
            seconds_left: left,
        }
    }

    fn pending(item: &'i Item) -> Self {
        let left = item.seconds_left.unwrap_or_default();
        let Some(header) = Header::read(&item.body) else {
            // Our flags and not our words: a value that nobody can read.
            return Self {
                lease: None,
                record: Some(&item.body),
                seconds_left: item.seconds_left,
            };
        };
        let running = left.saturating_sub(header.floor);
        Self {
            lease: (running > 0).then_some(Out {
                seconds_left: running,
                shut: item.client_flags == SHUT,
            }),
            record: (!header.record.is_empty()).then_some(header.record),
            seconds_left: header.ends.then_some(left),
        }
    }
}

/// The value's record of an item that is not our own grant; whatever stands before it in the slot goes.
pub(crate) fn record_of(item: Item) -> Option<Vec<u8>> {
    let record = Slot::read(&item).record?;
    let before = item.body.len() - record.len();
    let mut body = item.body;
    body.drain(..before);
    Some(body)
}

/// What is written to take a lease, and for how long it stays.
pub(crate) struct Written {
    pub(crate) body: Vec<u8>,
    /// The time to live of the item.
    pub(crate) seconds: u32,
}

/// A lease of `seconds` on nothing, or beside the value of `slot`.
pub(crate) fn write(token: Stamp, seconds: u32, slot: &Slot<'_>) -> Written {
    let (record, left) = match slot.record {
        None => (&b""[..], seconds),
        // The value lives as long as it would have, and no shorter than the lease.
        Some(record) => (record, slot.seconds_left.unwrap_or(LONGEST).max(seconds)),
    };
    let left = left.min(LONGEST);
    let ends = if slot.seconds_left.is_some() {
        '+'
    } else {
        '-'
    };
    let floor = left.saturating_sub(seconds);
    let header = format!("{:032x} {floor} {ends}|", token.number());
    Written {
        body: [header.as_bytes(), record].concat(),
        seconds: left,
    }
}

struct Header<'i> {
    floor: u32,
    ends: bool,
    record: &'i [u8],
}

impl<'i> Header<'i> {
    fn read(body: &'i [u8]) -> Option<Self> {
        let bar = body.iter().position(|byte| *byte == b'|')?;
        let text = str::from_utf8(&body[..bar]).ok()?;
        let mut words = text.split(' ');
        let token = words.next()?;
        let is_token = token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        let floor = words.next()?.parse().ok()?;
        let ends = match words.next()? {
            "+" => true,
            "-" => false,
            _ => return None,
        };
        (is_token && words.next().is_none()).then_some(Self {
            floor,
            ends,
            record: &body[bar + 1..],
        })
    }
}

/// The whole seconds that make at least `nanos`, as the server counts: its clock may tick at once.
pub(crate) fn seconds(nanos: u64) -> u32 {
    let whole = nanos.div_ceil(1_000_000_000).saturating_add(1);
    u32::try_from(whole).unwrap_or(LONGEST).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn item(body: &[u8], client_flags: u32, left: Option<u32>) -> Item {
        Item {
            body: body.to_vec(),
            client_flags,
            seconds_left: left,
            ..Item::default()
        }
    }

    const fn out(seconds_left: u32) -> Out {
        let shut = false;
        Out { seconds_left, shut }
    }

    #[test]
    fn a_slot_that_is_shut_is_nobody_s_for_its_time() {
        let value = item(b"record|x", 0, Some(100));
        let written = write(Stamp::new(7), 10, &Slot::read(&value));
        let shut = item(&written.body, SHUT, Some(91));
        let slot = Slot::read(&shut);
        assert_eq!(slot.record, Some(&b"record|x"[..]));
        let left = slot.lease.map(|out| (out.seconds_left, out.shut));
        assert_eq!(left, Some((1, true)));
        let over = item(&written.body, SHUT, Some(90));
        assert_eq!(Slot::read(&over).lease, None);
    }

    #[test]
    fn a_stub_is_a_lease_and_an_empty_item_of_others_is_a_value() {
        let mut stub = item(b"", 0, Some(9));
        assert_eq!(Slot::read(&stub).record, Some(&b""[..]));
        stub.sent = true;
        let slot = Slot::read(&stub);
        assert_eq!(slot.lease, Some(out(9)));
        assert_eq!(slot.record, None);
    }

    #[test]
    fn a_slot_can_be_judged_without_its_value() {
        let judged = |client_flags, size, sent| {
            Stands::of(&Item {
                client_flags,
                size: Some(size),
                sent,
                ..Item::default()
            })
        };
        assert_eq!(judged(0, 0, true), Stands::Leased);
        assert_eq!(judged(PENDING, 40, false), Stands::Leased);
        assert_eq!(judged(FAILED, 1, false), Stands::Failed);
        assert_eq!(judged(SHUT, 40, false), Stands::Failed);
        assert_eq!(judged(0, 0, false), Stands::Free);
        // A value that was marked stale by hand.
        assert_eq!(judged(0, 40, true), Stands::Free);
        let failed = item(b"x", FAILED, Some(1));
        assert_eq!(Slot::read(&failed), Slot::empty());
    }

    #[test]
    fn a_lease_beside_a_value_leaves_it_and_ends_before_it() {
        let value = item(b"record|x", 0, Some(100));
        let written = write(Stamp::new(7), 10, &Slot::read(&value));
        assert_eq!(written.seconds, 100);
        for (left, running) in [(100, Some(10)), (91, Some(1)), (90, None), (1, None)] {
            let pending = item(&written.body, PENDING, Some(left));
            let slot = Slot::read(&pending);
            assert_eq!(slot.record, Some(&b"record|x"[..]));
            assert_eq!(slot.lease.map(|out| out.seconds_left), running);
            assert_eq!(slot.seconds_left, Some(left), "what it is given back with");
        }
    }

    #[test]
    fn a_value_without_an_end_gets_it_back() {
        let value = item(b"record|x", 0, None);
        let written = write(Stamp::new(7), 10, &Slot::read(&value));
        assert_eq!(written.seconds, LONGEST);
        let pending = item(&written.body, PENDING, Some(LONGEST - 10));
        let slot = Slot::read(&pending);
        assert_eq!((slot.lease, slot.seconds_left), (None, None));
    }

    #[test]
    fn a_value_about_to_end_outlives_the_lease() {
        let value = item(b"record|x", 0, Some(3));
        let written = write(Stamp::new(7), 10, &Slot::read(&value));
        assert_eq!(written.seconds, 10);
        let pending = item(&written.body, PENDING, Some(1));
        let slot = Slot::read(&pending);
        assert_eq!(slot.lease, Some(out(1)));
    }

    #[test]
    fn a_lease_lasts_no_shorter_than_was_asked() {
        // The first tick may come at once, so one second more than the whole ones.
        for (nanos, wanted) in [(0, 1), (1, 2), (1_000_000_000, 2), (1_000_000_001, 3)] {
            assert_eq!(seconds(nanos), wanted);
        }
        assert_eq!(seconds(u64::MAX), LONGEST);
    }

    proptest! {
        #[test]
        fn no_slot_is_too_odd(body in prop::collection::vec(any::<u8>(), 0..100), left: Option<u32>) {
            let item = item(&body, PENDING, left);
            let slot = Slot::read(&item);
            prop_assert!(slot.record.is_none_or(|record| record.len() <= body.len()));
        }

        #[test]
        fn what_is_written_is_read(
            record in prop::collection::vec(any::<u8>(), 1..100),
            left in proptest::option::of(1..LONGEST),
            lasts in 1..LONGEST,
        ) {
            let value = item(&record, 0, left);
            let written = write(Stamp::new(1), lasts, &Slot::read(&value));
            let pending = item(&written.body, PENDING, Some(written.seconds));
            let slot = Slot::read(&pending);
            prop_assert_eq!(slot.record, Some(&record[..]));
            prop_assert_eq!(slot.lease, Some(out(lasts)));
            prop_assert_eq!(slot.seconds_left.is_some(), left.is_some());
        }
    }
}
