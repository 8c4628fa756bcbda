//! What stands in a value's slot that Python reads too.
//!
//! | client flags | is |
//! |---|---|
//! | [`PLAIN`], [`BINARY`] | a record |
//! | [`LEASED`] | a stub: nothing, while one of ours creates the first value |
//! | [`FAILED`] | a stub: nothing, and whoever created has just failed |
//! | any other | what we do not read: a pickle, a number, what is compressed |
//!
//! A stub is the pickle of `None`, which every client of Python's decodes as such and dogpile.cache takes for
//! a miss, and behind its end, where nobody reads, a token. The clients test single bits of the flags: those
//! of a stub have the one that says pickle (1), and none of the others that they know (2, 4, 8, 16).
//!
//! A stub keeps nobody out, for the lock does that: whoever has the lock next writes over it. So it stands longer than
//! the lock, and a lease whose lock ran out before it was renewed is good until another is given.

use dogpile_backend::Stamp;

use crate::protocol::Item;

/// The client flags of bytes: to pymemcache, python-memcached and pylibmc.
pub(crate) const PLAIN: u32 = 0;

/// The client flags of bytes to bmemcached, and of text to the others.
pub(crate) const BINARY: u32 = 16;

/// The client flags of a stub.
pub(crate) const LEASED: u32 = 0xd09b_1121;

/// The client flags of a stub whose holder failed.
pub(crate) const FAILED: u32 = 0xd09b_1141;

/// How long a slot waits for its value at least, whatever becomes of the lock: longer than creations take.
const AT_LEAST: u32 = 3_600;

/// For how long a slot may be waited for whose lock stands so long, in seconds.
pub(crate) fn waits_for(seconds: u32) -> u32 {
    seconds.max(AT_LEAST)
}

/// A value's slot as one answer shows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Slot<'i> {
    /// No value; a stub, or nothing at all.
    Empty,
    /// A record, or bytes that should be one.
    Record(&'i [u8]),
    /// Something that is not bytes.
    Foreign,
}

impl<'i> Slot<'i> {
    pub(crate) fn read(item: &'i Item) -> Self {
        match item.client_flags {
            PLAIN | BINARY => Self::Record(&item.body),
            LEASED | FAILED => Self::Empty,
            _ => Self::Foreign,
        }
    }
}

/// What stands in a slot while its first value is created.
pub(crate) fn stub(token: Stamp) -> Vec<u8> {
    format!("N.{:032x}", token.number()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stub_says_pickle_and_nothing_else_that_python_knows() {
        for flags in [LEASED, FAILED] {
            assert_eq!(flags & 0b1_1111, 1, "{flags:x}");
        }
        assert_ne!(LEASED, FAILED);
        assert!(stub(Stamp::new(7)).starts_with(b"N."));
    }

    #[test]
    fn bytes_are_a_record_and_nothing_else_is_looked_into() {
        let read = |client_flags| {
            let item = Item {
                body: b"body".to_vec(),
                client_flags,
                ..Item::default()
            };
            match Slot::read(&item) {
                Slot::Record(_) => 'r',
                Slot::Empty => 'e',
                Slot::Foreign => 'f',
            }
        };
        assert_eq!([0, 16].map(read), ['r'; 2]);
        assert_eq!([LEASED, FAILED].map(read), ['e'; 2]);
        // A pickle, numbers, and bytes or text that are compressed.
        assert_eq!([1, 2, 4, 8, 24].map(read), ['f'; 5]);
    }
}
