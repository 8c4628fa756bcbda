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
    let value = parts.next().and_then(bytes);
    match (&*word, value, parts.next()) {
        (b"won", value, None) => Some(Answer::Won(value)),
        (b"seen", Some(value), None) => Some(Answer::Seen(value)),
        (b"lost", value, Some(Value::Int(left))) => Some(Answer::Lost(value, time_left(left))),
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
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn a_lease_s_answers_are_understood_and_nothing_else() {
        let won = Value::Array(vec![text("won"), Value::Nil]);
        assert_eq!(leased(won), Some(Answer::Won(None)));
        let lost = Value::Array(vec![text("lost"), text("v"), Value::Int(4)]);
        let left = Answer::Lost(Some(b"v".to_vec()), Span::from_millis(5));
        assert_eq!(leased(lost), Some(left));
        let seen = Value::Array(vec![text("seen"), text("v")]);
        assert_eq!(leased(seen), Some(Answer::Seen(b"v".to_vec())));
        for odd in [
            Value::Nil,
            text("won"),
            Value::Array(vec![]),
            Value::Array(vec![text("seen")]),
        ] {
            assert_eq!(leased(odd), None);
        }
    }

    #[test]
    fn a_lease_without_an_end_has_none_and_one_that_is_gone_is_over() {
        assert_eq!(time_left(-1), Span::FOREVER);
        assert_eq!(time_left(-2), Span::ZERO);
    }

    #[test]
    fn epochs_that_are_not_there_were_never_raised() {
        let both = Value::Array(vec![text("7"), Value::Nil]);
        let (hard, soft) = (Epoch::new(7), Epoch::FIRST);
        assert_eq!(epochs(both), Some(Epochs { hard, soft }));
        assert_eq!(epochs(Value::Array(vec![text("7")])), None);
    }

    #[test]
    fn a_value_is_marked_by_its_header() {
        assert_eq!(mark(b"{\"ct\": 1}|payload"), b"{\"ct\": 1}|");
        assert_eq!(mark(b"garbage"), b"garbage");
        assert_eq!(mark(&[b'x'; 5000]).len(), 1024);
    }

    #[test]
    fn another_s_value_is_known_by_every_byte() {
        let token = token::text(token::mint());
        let ours = format!("{{\"ct\": 1.0, \"v\": 2, \"st\": \"{token}\"}}|payload");
        assert_eq!(witness(ours.as_bytes()), &ours.as_bytes()[..ours.len() - 7]);
        for other in ["{\"ct\": 1.0, \"v\": 2}|payload", "garbage", ""] {
            assert_eq!(witness(other.as_bytes()), other.as_bytes());
        }
    }
}
