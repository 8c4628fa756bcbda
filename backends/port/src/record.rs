//! The bytes that byte stores keep: a header in JSON, a bar, the payload.
//!
//! ```text
//! {"ct": 1795316595.841604000, "v": 2, "st": "00..2a", "ep": 7, "sc": 1}|payload
//! ```
//!
//! | key | says | when it is missing |
//! |---|---|---|
//! | `ct` | when the value was created: seconds since 1970, nine decimals | unreadable |
//! | `v` | the format: 2 | unreadable, and so is any other number |
//! | `st` | the stamp, 32 hexadecimal digits | [`Stamp::NONE`] |
//! | `ep` | the region's epoch before the creator started | [`Epoch::UNKNOWN`] |
//! | `sc` | the schema of the payload | 0 |
//! | `ff` | how long this value is fresh, in nanoseconds; 2^64 - 1 is for ever | as the region says |
//! | `sf` | how long after that it may be served stale, likewise | as the region says |
//! | `tg` | its tags: 32 hexadecimal digits, four for each slot | no tags |
//!
//! This is the layout of Python's dogpile.cache, whose records have `ct` and `v` alone; it
//! tolerates the other keys as we tolerate what we do not know. The creation time is read as the
//! decimal number that it is, not through a float, so ours is exact to the nanosecond.
//!
//! The header is flat and small, so its parser is written here rather than asked of a library that
//! would then come into every build.

mod header;
mod number;

use std::fmt::Write as _;

use crate::{CachedValue, Epoch, Metadata, Stamp, Terms, Time};
use header::Header;

/// The format that is written, and the only one that is read.
pub const FORMAT: u32 = 2;

/// An encoded value, as byte stores keep it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Payload {
    /// The user's number for the form of the value; another number is another form.
    pub schema: u32,
    /// The value as its codec wrote it.
    pub bytes: Vec<u8>,
}

/// Why bytes are no record. A store that finds such answers a miss, and the entry is overwritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// There is no bar, so no end of the header.
    #[error("no `|` ends the record's header")]
    NoBar,
    /// The header is no JSON object, or one of our keys has a value that cannot be its.
    #[error("the record's header cannot be read at byte {at}: {expected} expected")]
    Header {
        /// Where in the record.
        at: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// A key that every record has is not there.
    #[error("the record's header has no `{key}`")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// The store has something else there than bytes.
    #[error("the store has something of another type there")]
    OtherType,
    /// Written in another format.
    #[error("the record has format {found}, not {FORMAT}")]
    Format {
        /// What `v` says.
        found: u64,
    },
}

/// Writes `entry` down as one record.
///
/// ```
/// use dogpile_backend::{CachedValue, Epoch, Metadata, Payload, Stamp, Terms, Time, record};
/// let entry = CachedValue {
///     value: Payload { schema: 0, bytes: b"42".to_vec() },
///     metadata: Metadata {
///         stamp: Stamp::NONE,
///         epoch: Epoch::new(7),
///         created: Time::from_nanos(1_500_000_000),
///         terms: Terms::NONE,
///     },
/// };
/// let bytes = record::encode(&entry);
/// assert_eq!(bytes, br#"{"ct": 1.500000000, "v": 2, "ep": 7}|42"#);
/// assert_eq!(record::decode(&bytes), Ok(entry));
/// ```
pub fn encode(entry: &CachedValue<Payload>) -> Vec<u8> {
    let CachedValue { value, metadata } = entry;
    let mut header = String::with_capacity(128);
    let mut field = |text: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = header.write_fmt(text);
    };
    let nanos = metadata.created.as_nanos();
    let (secs, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    field(format_args!("{{\"ct\": {secs}.{rest:09}, \"v\": {FORMAT}"));
    if metadata.stamp != Stamp::NONE {
        field(format_args!(
            ", \"st\": \"{:032x}\"",
            metadata.stamp.number()
        ));
    }
    if metadata.epoch != Epoch::UNKNOWN {
        field(format_args!(", \"ep\": {}", metadata.epoch.number()));
    }
    if value.schema != 0 {
        field(format_args!(", \"sc\": {}", value.schema));
    }
    let Terms {
        fresh_for,
        stale_for,
        tags,
    } = metadata.terms;
    if let Some(span) = fresh_for {
        field(format_args!(", \"ff\": {}", span.as_nanos()));
    }
    if let Some(span) = stale_for {
        field(format_args!(", \"sf\": {}", span.as_nanos()));
    }
    if !tags.is_empty() {
        field(format_args!(", \"tg\": \"{:032x}\"", tags.number()));
    }
    field(format_args!("}}|"));
    let mut record = header.into_bytes();
    record.extend_from_slice(&value.bytes);
    record
}

/// Reads a record, ours or one of Python's. A creation time before 1970 counts as 1970, one beyond
/// [`Time::END`] as that.
///
/// # Errors
/// What is wrong with the bytes, and where.
pub fn decode(record: &[u8]) -> Result<CachedValue<Payload>, Unreadable> {
    let (header, payload) = head(record)?;
    Ok(entry(&header, record[payload..].to_vec()))
}

/// [`decode`] of bytes that are the caller's own: the payload stays in their room.
///
/// ```
/// use dogpile_backend::record;
/// let record = br#"{"ct": 1.5, "v": 2}|42"#.to_vec();
/// assert_eq!(record::decode_owned(record)?.value.bytes, b"42");
/// # Ok::<(), record::Unreadable>(())
/// ```
///
/// # Errors
/// As [`decode`].
pub fn decode_owned(mut record: Vec<u8>) -> Result<CachedValue<Payload>, Unreadable> {
    let (header, payload) = head(&record)?;
    record.drain(..payload);
    Ok(entry(&header, record))
}

/// A header that has all it needs, and where the payload begins.
fn head(record: &[u8]) -> Result<(Header, usize), Unreadable> {
    let bar = record
        .iter()
        .position(|byte| *byte == b'|')
        .ok_or(Unreadable::NoBar)?;
    let header = Header::parse(&record[..bar])?;
    let found = header.format.ok_or(Unreadable::Missing { key: "v" })?;
    if found != u64::from(FORMAT) {
        return Err(Unreadable::Format { found });
    }
    if header.created.is_none() {
        return Err(Unreadable::Missing { key: "ct" });
    }
    Ok((header, bar + 1))
}

fn entry(header: &Header, payload: Vec<u8>) -> CachedValue<Payload> {
    CachedValue {
        value: Payload {
            schema: header.schema.unwrap_or(0),
            bytes: payload,
        },
        metadata: Metadata {
            stamp: header.stamp.map_or(Stamp::NONE, Stamp::new),
            epoch: header.epoch.map_or(Epoch::UNKNOWN, Epoch::new),
            created: header.created.map_or(Time::ZERO, Time::from_nanos),
            terms: header.terms,
        },
    }
}

#[cfg(test)]
mod tests;
