//! What is under one key, as bytes: a value, a claim, or both, under one checksum.
//!
//! ```text
//! checksum 8 | what 1 | claim: stamp 16 |
//!     value: end 8, stamp 16, epoch 8, created 8, schema 4, terms 33, bytes
//! ```
//!
//! Numbers are big-endian; `what` says which of the two parts are there. The checksum is seeded by
//! the key, so bytes that came to stand under another key are noticed too. A value's part is moved
//! as it is when only the claim beside it changes.

use std::fmt;

use dogpile_backend::{CachedValue, Epoch, Metadata, Payload, Stamp, Terms, Time};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

const SUM: usize = 8;
const CLAIM: usize = 16;
/// A value's part without its bytes.
const VALUE: usize = TERMS + Terms::BYTES;
/// Where its own terms stand in it.
const TERMS: usize = 8 + 16 + 8 + 8 + 4;

const HAS_VALUE: u8 = 1;
const HAS_CLAIM: u8 = 2;

/// Why bytes in the store are no record of this crate. Such a one is a miss, and is overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// They end too early for what they say of themselves.
    #[error("the record has {length} bytes, too few for what it should hold")]
    Short {
        /// How many there are.
        length: usize,
    },
    /// Something changed them, or they were written under another key.
    #[error("the record's checksum is {found:016x}, its bytes make {computed:016x}")]
    Checksum {
        /// What the record says.
        found: u64,
        /// What its bytes make.
        computed: u64,
    },
    /// They are whole, and say of themselves what no record says.
    #[error("the record says that it holds {what:#04x}, which this version does not know")]
    Unknown {
        /// What stands there.
        what: u8,
    },
}

/// What is under one key, without a copy of the value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) claim: Option<Stamp>,
    pub(crate) value: Option<Value<'a>>,
}

/// A value's part of an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value<'a>(&'a [u8]);

/// The checksum of `rest` under `key`.
pub(crate) fn sum(key: &[u8], rest: &[u8]) -> u64 {
    xxh3_64_with_seed(rest, xxh3_64(key))
}

/// What follows the checksum of `bytes`, if that is right.
pub(crate) fn checked<'a>(key: &[u8], bytes: &'a [u8]) -> Result<&'a [u8], Unreadable> {
    let length = bytes.len();
    let (found, rest) = bytes
        .split_first_chunk::<SUM>()
        .ok_or(Unreadable::Short { length })?;
    let (found, computed) = (u64::from_be_bytes(*found), sum(key, rest));
    if found != computed {
        return Err(Unreadable::Checksum { found, computed });
    }
    Ok(rest)
}

impl<'a> Entry<'a> {
    /// What `bytes`, found under `key`, say.
    pub(crate) fn read(key: &[u8], bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let length = bytes.len();
        let short = Unreadable::Short { length };
        let (what, mut rest) = checked(key, bytes)?.split_first().ok_or(short)?;
        let what = *what;
        if what & !(HAS_VALUE | HAS_CLAIM) != 0 {
            return Err(Unreadable::Unknown { what });
        }
        let mut entry = Self::default();
        if what & HAS_CLAIM != 0 {
            let (stamp, after) = rest.split_first_chunk::<CLAIM>().ok_or(short)?;
            entry.claim = Some(Stamp::new(u128::from_be_bytes(*stamp)));
            rest = after;
        }
        if what & HAS_VALUE != 0 {
            let value = Value::new(rest).ok_or(short)?;
            if Terms::from_bytes(&value.number(TERMS)).is_none() {
                return Err(Unreadable::Unknown { what: rest[TERMS] });
            }
            entry.value = Some(value);
        }
        Ok(entry)
    }

    /// The entry as it is stored; `None` if there is nothing to store.
    pub(crate) fn write(&self, key: &[u8]) -> Option<Vec<u8>> {
        let has = |part: bool, flag: u8| if part { flag } else { 0 };
        let what = has(self.value.is_some(), HAS_VALUE) | has(self.claim.is_some(), HAS_CLAIM);
        if what == 0 {
            return None;
        }
        let value = self.value.map_or(&[][..], |value| value.0);
        let mut bytes = Vec::with_capacity(SUM + 1 + CLAIM + value.len());
        bytes.extend_from_slice(&[0; SUM]);
        bytes.push(what);
        if let Some(stamp) = self.claim {
            bytes.extend_from_slice(&stamp.number().to_be_bytes());
        }
        bytes.extend_from_slice(value);
        let sum = sum(key, &bytes[SUM..]);
        bytes[..SUM].copy_from_slice(&sum.to_be_bytes());
        Some(bytes)
    }
}

/// A new value's part: `entry`, which nobody asks for after `end`.
pub(crate) fn value_bytes(entry: &CachedValue<Payload>, end: Time) -> Vec<u8> {
    let CachedValue { value, metadata } = entry;
    let mut bytes = Vec::with_capacity(VALUE + value.bytes.len());
    bytes.extend_from_slice(&end.as_nanos().to_be_bytes());
    bytes.extend_from_slice(&metadata.stamp.number().to_be_bytes());
    bytes.extend_from_slice(&metadata.epoch.number().to_be_bytes());
    bytes.extend_from_slice(&metadata.created.as_nanos().to_be_bytes());
    bytes.extend_from_slice(&value.schema.to_be_bytes());
    bytes.extend_from_slice(&metadata.terms.to_bytes());
    bytes.extend_from_slice(&value.bytes);
    bytes
}

impl<'a> Value<'a> {
    /// What [`value_bytes`] wrote.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        (bytes.len() >= VALUE).then_some(Self(bytes))
    }

    fn number<const N: usize>(self, at: usize) -> [u8; N] {
        let mut number = [0; N];
        // A value's part is never shorter than its numbers.
        number.copy_from_slice(&self.0[at..at + N]);
        number
    }

    /// When nobody asks for it any more.
    pub(crate) fn end(self) -> Time {
        Time::from_nanos(u64::from_be_bytes(self.number(0)))
    }

    pub(crate) fn metadata(self) -> Metadata {
        Metadata {
            stamp: Stamp::new(u128::from_be_bytes(self.number(8))),
            epoch: Epoch::new(u64::from_be_bytes(self.number(24))),
            created: Time::from_nanos(u64::from_be_bytes(self.number(32))),
            // Read before this was made.
            terms: Terms::from_bytes(&self.number(TERMS)).unwrap_or_default(),
        }
    }

    /// A copy of the value.
    pub(crate) fn entry(self) -> CachedValue<Payload> {
        CachedValue {
            value: Payload {
                schema: u32::from_be_bytes(self.number(40)),
                bytes: self.0[VALUE..].to_vec(),
            },
            metadata: self.metadata(),
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entry().fmt(f)
    }
}

/// For the fuzz targets, which ask what no caller can: what becomes of any bytes.
pub mod inside {
    use super::{Entry, SUM, sum};

    /// The bytes, with a right checksum if wanted, and what is written of what is read in them; nothing if they
    /// cannot be read, or say nothing.
    pub fn again(key: &[u8], bytes: &[u8], is_summed: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut bytes = bytes.to_vec();
        if is_summed && bytes.len() >= SUM {
            let sum = sum(key, &bytes[SUM..]);
            bytes[..SUM].copy_from_slice(&sum.to_be_bytes());
        }
        let entry = Entry::read(key, &bytes).ok()?;
        let _ = entry.value.map(|value| (value.end(), value.entry()));
        let written = entry.write(key)?;
        // What follows a claim that has no value is not read.
        let stands = entry.value.is_some() || written.len() == bytes.len();
        stands.then_some((bytes, written))
    }
}

#[cfg(test)]
mod tests;
