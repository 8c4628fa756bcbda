//! Where things are in the server.
//!
//! | | key |
//! |---|---|
//! | a value, or the lease in its place | `prefix:v:key` |
//! | a region's epochs | `prefix:e:region` |
//! | either, where that is too long | `prefix:h:v:` or `prefix:h:e:`, and its SHA-256 in hexadecimal |
//!
//! A key that is one printable word is sent as it is, so that people can ask for it by hand; any other
//! in base64, which the server decodes. Both name the same item.

use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::protocol::{LONGEST_KEY, encoded_length};

/// What a key is the key of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// A value, or a lease in its place.
    Value,
    /// A region's epochs.
    Epochs,
}

/// A key as the server has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key<'k> {
    bytes: Cow<'k, [u8]>,
    plain: bool,
}

/// How keys are written.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: Box<[u8]>,
}

/// The longest prefix: a hashed key must fit behind it.
pub(crate) const LONGEST_PREFIX: usize = 100;

impl Key<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it can stand in a request as it is.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }
}

impl Keys {
    /// Keys that begin with `prefix`, which is one printable word.
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.as_bytes().into(),
        }
    }

    /// Where the thing of this kind and name is.
    pub(crate) fn key(&self, room: Room, name: &[u8]) -> Key<'static> {
        let room: &[u8] = match room {
            Room::Value => b":v:",
            Room::Epochs => b":e:",
        };
        let mut bytes = Vec::with_capacity(self.prefix.len() + room.len() + name.len().min(256));
        bytes.extend_from_slice(&self.prefix);
        let plain = name.iter().all(u8::is_ascii_graphic);
        let length = bytes.len() + room.len() + name.len();
        let sent = if plain {
            length
        } else {
            encoded_length(length)
        };
        if sent <= LONGEST_KEY {
            bytes.extend_from_slice(room);
            bytes.extend_from_slice(name);
        } else {
            bytes.extend_from_slice(b":h");
            bytes.extend_from_slice(room);
            bytes.extend_from_slice(hexadecimal(&Sha256::digest(name)).as_bytes());
        }
        Key {
            bytes: bytes.into(),
            plain: plain || sent > LONGEST_KEY,
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn keys() -> Keys {
        Keys::new("dogpile")
    }

    #[test]
    fn short_words_stand_as_they_are_and_others_are_encoded() {
        let key = keys().key(Room::Value, b"user:42");
        assert!(key.is_plain());
        assert_eq!(key.bytes(), b"dogpile:v:user:42");
        for odd in ["two words", "line\r\nflush_all", "", "\u{e9}"] {
            let key = keys().key(Room::Value, odd.as_bytes());
            assert_eq!(key.is_plain(), odd.is_empty(), "{odd}");
            assert_eq!(key.bytes(), [b"dogpile:v:", odd.as_bytes()].concat());
        }
    }

    #[test]
    fn no_key_is_longer_than_the_server_takes_and_each_is_its_own() {
        let mut seen = HashSet::new();
        for byte in [b'x', b'\0'] {
            for length in 0..600 {
                let name = vec![byte; length];
                for room in [Room::Value, Room::Epochs] {
                    let key = keys().key(room, &name);
                    let sent = match key.is_plain() {
                        true => key.bytes().len(),
                        false => encoded_length(key.bytes().len()),
                    };
                    assert!(sent <= LONGEST_KEY, "{length}");
                    assert!(key.bytes().iter().all(u8::is_ascii_graphic) || !key.is_plain());
                    let new = seen.insert(key.bytes().to_vec());
                    assert!(new || length == 0, "{length} of {byte}");
                }
            }
        }
        let longest = Keys::new(&"p".repeat(LONGEST_PREFIX));
        assert!(longest.key(Room::Value, &[b'x'; 250]).bytes().len() <= LONGEST_KEY);
    }

    #[test]
    fn a_hash_is_nobody_s_name() {
        let hashed = keys().key(Room::Value, &[b'x'; 300]);
        let text = String::from_utf8_lossy(hashed.bytes()).into_owned();
        assert!(text.starts_with("dogpile:h:v:"), "{text}");
        let spelled = keys().key(Room::Value, &hashed.bytes()["dogpile:v:".len()..]);
        assert_ne!(spelled, hashed);
    }
}
