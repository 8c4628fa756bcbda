//! An entry's bytes: a checksum, what is known of the value, the key if it is long, the payload.
//!
//! | bytes | hold |
//! |---|---|
//! | 0..8 | XXH3 of all that follows, seeded with that of the key |
//! | 8..24 | the stamp |
//! | 24..32 | the epoch |
//! | 32..40 | when it was created: nanoseconds since 1970 |
//! | 40..44 | the schema |
//! | 44..48 | the length of the key, if that is too long to be the entry's place; else 0. The highest bit says that terms follow |
//! | 48..56 | the number of the write |
//! | 56..64 | when it expires: nanoseconds since 1970, or the greatest number for never |
//! | 64..97 | the value's own terms, if it has any |
//! | then | the key, if its length is given; then the payload |
//!
//! Numbers are little-endian. The key is part of the checksum, so an entry that damage has put in
//! another key's place is no entry.

use dogpile_backend::{CachedValue, Epoch, Metadata, Payload, Stamp, Terms, Time};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::layout;

const HEADER: usize = 64;

/// In the length of the key: terms follow the header.
const HAS_TERMS: u32 = 1 << 31;

/// Never, as an entry's expiry.
pub(crate) const NEVER: u64 = u64::MAX;

/// Why bytes in the store are no entry. Such an entry is a miss, and overwritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// Shorter than an entry's header.
    #[error("{length} bytes are there, and an entry has at least 64")]
    Short {
        /// How many bytes there are.
        length: usize,
    },
    /// The bytes are not those that were written.
    #[error("the checksum does not match: the file was damaged, or changed by another program")]
    Checksum,
    /// They are whole, and say of themselves what no entry says.
    #[error("the entry has terms that this version does not know")]
    Terms,
}

/// What the store itself needs to know of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Book {
    /// The number of the write.
    pub(crate) written: u64,
    /// When it expires.
    pub(crate) expires: u64,
}

/// The bytes of `entry`.
pub(crate) fn encode(key: &[u8], entry: &CachedValue<Payload>, book: Book) -> Vec<u8> {
    let CachedValue { value, metadata } = entry;
    let inside = if layout::is_long(key) { key } else { &[] };
    // Keys of four gigabytes do not reach this: no value beside one would be stored.
    let mut length = u32::try_from(inside.len()).unwrap_or(u32::MAX);
    let terms = (!metadata.terms.is_none()).then(|| metadata.terms.to_bytes());
    length |= terms.map_or(0, |_| HAS_TERMS);
    let mut bytes = Vec::with_capacity(HEADER + Terms::BYTES + inside.len() + value.bytes.len());
    bytes.extend_from_slice(&[0; 8]);
    bytes.extend_from_slice(&metadata.stamp.number().to_le_bytes());
    bytes.extend_from_slice(&metadata.epoch.number().to_le_bytes());
    bytes.extend_from_slice(&metadata.created.as_nanos().to_le_bytes());
    bytes.extend_from_slice(&value.schema.to_le_bytes());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&book.written.to_le_bytes());
    bytes.extend_from_slice(&book.expires.to_le_bytes());
    bytes.extend_from_slice(terms.as_ref().map_or(&[], |terms| terms));
    bytes.extend_from_slice(inside);
    bytes.extend_from_slice(&value.bytes);
    let sum = checksum(key, &bytes[8..]);
    bytes[..8].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// Of what stands under `key`: what damage has put in another's place has another.
pub(crate) fn checksum(key: &[u8], rest: &[u8]) -> u64 {
    xxh3_64_with_seed(rest, xxh3_64(key))
}

/// The entry in `bytes`, which were found in the place of `key`; `None` if it is another's.
pub(crate) fn decode(key: &[u8], bytes: &[u8]) -> Result<Option<CachedValue<Payload>>, Unreadable> {
    let (header, inside, payload) = parts(bytes)?;
    if layout::is_long(key) && inside != key {
        // Two long keys with one hash. This one's entry, if whole, is not damage but a miss.
        let whole = checksum(inside, &bytes[8..]) == header.checksum;
        return if whole {
            Ok(None)
        } else {
            Err(Unreadable::Checksum)
        };
    }
    if checksum(key, &bytes[8..]) != header.checksum {
        return Err(Unreadable::Checksum);
    }
    if !header.knows_terms {
        return Err(Unreadable::Terms);
    }
    Ok(Some(CachedValue {
        value: Payload {
            schema: header.schema,
            bytes: payload.to_vec(),
        },
        metadata: header.metadata,
    }))
}

/// What the store needs to know of the entry in `bytes`; `None` where it is too damaged to say.
pub(crate) fn book(bytes: &[u8]) -> Option<Book> {
    Some(parts(bytes).ok()?.0.book)
}

struct Header {
    checksum: u64,
    metadata: Metadata,
    knows_terms: bool,
    schema: u32,
    book: Book,
}

fn parts(bytes: &[u8]) -> Result<(Header, &[u8], &[u8]), Unreadable> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
        let length = bytes.len();
        return Err(Unreadable::Short { length });
    };
    let four = |at: usize| u32::from_le_bytes(std::array::from_fn(|byte| header[at + byte]));
    let eight = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| header[at + byte]));
    let stamp = u128::from_le_bytes(std::array::from_fn(|byte| header[8 + byte]));
    let (terms, rest) = match four(44) & HAS_TERMS {
        0 => (Some(Terms::NONE), rest),
        _ => {
            let (terms, rest) = rest.split_first_chunk().ok_or(Unreadable::Checksum)?;
            let terms = Terms::from_bytes(terms).filter(|terms| !terms.is_none());
            (terms, rest)
        }
    };
    let Some((inside, payload)) = rest.split_at_checked((four(44) & !HAS_TERMS) as usize) else {
        return Err(Unreadable::Checksum);
    };
    let header = Header {
        checksum: eight(0),
        metadata: Metadata {
            stamp: Stamp::new(stamp),
            epoch: Epoch::new(eight(24)),
            created: Time::from_nanos(eight(32)),
            terms: terms.unwrap_or_default(),
        },
        knows_terms: terms.is_some(),
        schema: four(40),
        book: Book {
            written: eight(48),
            expires: eight(56),
        },
    };
    Ok((header, inside, payload))
}

/// For the fuzz targets, which ask what no caller can: what becomes of any bytes.
pub mod inside {
    use super::{HAS_TERMS, book, checksum, decode, encode};

    /// The bytes, with a right checksum if wanted, and what is written of what is read in them; nothing if they
    /// cannot be read.
    pub fn again(key: &[u8], bytes: &[u8], is_summed: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut bytes = bytes.to_vec();
        if is_summed && bytes.len() >= 8 {
            let sum = checksum(key, &bytes[8..]);
            bytes[..8].copy_from_slice(&sum.to_le_bytes());
        }
        let book = book(&bytes);
        let entry = decode(key, &bytes).ok()??;
        // A short key has no place in its entry; what stands there all the same is not read.
        let length = u32::from_le_bytes(std::array::from_fn(|byte| bytes[44 + byte]));
        let stands = length | HAS_TERMS == HAS_TERMS || crate::layout::is_long(key);
        let written = encode(key, &entry, book?);
        stands.then_some((bytes, written))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dogpile_backend::{Span, Tags};
    use proptest::prelude::*;

    fn entry(number: u64, bytes: Vec<u8>) -> CachedValue<Payload> {
        let terms = Terms {
            stale_for: Some(Span::from_nanos(number)),
            tags: Tags::new(number.into()),
            ..Terms::NONE
        };
        CachedValue {
            value: Payload {
                schema: u32::try_from(number >> 32).expect("32 bits"),
                bytes,
            },
            metadata: Metadata {
                stamp: Stamp::new(u128::from(number) << 70 | u128::from(number)),
                epoch: Epoch::new(number),
                created: Time::from_nanos(number.rotate_left(9)),
                terms: if number.is_multiple_of(2) {
                    Terms::NONE
                } else {
                    terms
                },
            },
        }
    }

    const BOOK: Book = Book {
        written: 7,
        expires: 9,
    };

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, bytes: Vec<u8>, key: Vec<u8>, long: bool) {
            let key = if long { [key, vec![1; 600]].concat() } else { key };
            let written = encode(&key, &entry(number, bytes.clone()), BOOK);
            prop_assert_eq!(decode(&key, &written), Ok(Some(entry(number, bytes))));
            prop_assert_eq!(book(&written), Some(BOOK));
        }

        #[test]
        fn a_changed_byte_is_found(number: u64, bytes: Vec<u8>, at: usize, change in 1..=255_u8) {
            let mut written = encode(b"key", &entry(number, bytes), BOOK);
            let at = at % written.len();
            written[at] ^= change;
            prop_assert!(decode(b"key", &written).is_err());
        }

        #[test]
        fn any_bytes_are_borne(key: Vec<u8>, bytes: Vec<u8>) {
            let _ = (decode(&key, &bytes), book(&bytes));
        }
    }

    #[test]
    fn an_entry_in_anothers_place_is_none_of_its() {
        let written = encode(b"one", &entry(1, b"value".to_vec()), BOOK);
        assert_eq!(decode(b"other", &written), Err(Unreadable::Checksum));
        let (one, other) = (vec![1; 600], vec![2; 600]);
        let written = encode(&one, &entry(1, b"value".to_vec()), BOOK);
        assert_eq!(decode(&other, &written), Ok(None));
    }
}
