//! What the server says, understood.

use dogpile_backend::record::{self, Unreadable};
use dogpile_backend::{CachedValue, Epoch, Epochs, Payload, Span};
use redis::Value;

use crate::token;
use crate::trouble::OTHER_TYPE;

/// What was found under a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    /// A record.
    Entry(CachedValue<Payload>),
    /// Bytes that are none.
    Unreadable(Unreadable),
}

impl Found {
    pub(crate) fn entry(self) -> Option<CachedValue<Payload>> {
        match self {
            Self::Entry(entry) => Some(entry),
            Self::Nothing | Self::Unreadable(_) => None,
        }
    }

    pub(crate) fn read(value: &[u8]) -> Self {
        match record::decode(value) {
            Ok(entry) => Self::Entry(entry),
            Err(why) => Self::Unreadable(why),
        }
    }
}

/// What the script that leases answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Won(Option<Vec<u8>>),
    Lost(Option<Vec<u8>>, Span),
    Shut(Option<Vec<u8>>, Span),
    Seen(Vec<u8>),
}

/// The bytes of a reply; `None` where there are none, or something that is not text.
pub(crate) fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into()),
        _ => None,
    }
}

/// The answer of the script that leases; `None` if it is none of its replies.
pub(crate) fn leased(value: Value) -> Option<Answer> {
    let Value::Array(parts) = value else {
        return None;
    };
    let mut parts = parts.into_iter();
    let word = bytes(parts.next()?)?;
    let value = bytes(parts.next()?);
    match (&*word, value, parts.next()) {
        (b"won", value, None) => Some(Answer::Won(value)),
        (b"seen", Some(value), None) => Some(Answer::Seen(value)),
        (b"lost", value, Some(Value::Int(left))) => Some(Answer::Lost(value, time_left(left))),
        (b"shut", value, Some(Value::Int(left))) => Some(Answer::Shut(value, time_left(left))),
        _ => None,
    }
}

/// A lease without an end is one that an operator, or another's lock, left without one.
fn time_left(millis: i64) -> Span {
    match u64::try_from(millis) {
        Ok(millis) => Span::from_millis(millis.saturating_add(1)),
        Err(_) if millis == -1 => Span::FOREVER,
        Err(_) => Span::ZERO,
    }
}

/// A region's epochs, hard and soft. What is no number counts as never raised.
pub(crate) fn epochs(value: Value) -> Option<Epochs> {
    let both = match value {
        Value::Array(both) => both,
        OTHER_TYPE => return Some(Epochs::default()),
        _ => return None,
    };
    let mut numbers = both.into_iter().map(|value| {
        let text = bytes(value).and_then(|bytes| String::from_utf8(bytes).ok());
        let number = text.and_then(|text| text.parse::<u64>().ok());
        number.map_or(Epoch::FIRST, Epoch::new)
    });
    Some(Epochs {
        hard: numbers.next()?,
        soft: numbers.next()?,
    })
}

/// How a value is told from others in the server: its header, or the beginning of what has none.
pub(crate) fn mark(value: &[u8]) -> &[u8] {
    const LONGEST: usize = 1024;
    let bar = value.iter().position(|byte| *byte == b'|');
    let header = bar.map_or(value, |bar| &value[..=bar]);
    &header[..header.len().min(LONGEST)]
}

/// What of a value a commit compares where others write without a word to the lease: the header of a
/// record of ours, in which its stamp never repeats, else every byte.
pub(crate) fn witness(value: &[u8]) -> &[u8] {
    let ours = record::decode(value).is_ok_and(|entry| token::is_ours(entry.metadata.stamp));
    if ours { mark(value) } else { value }
}

#[cfg(test)]
mod tests;
