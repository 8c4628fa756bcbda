//! Where things are in the server.
//!
//! | | key | shared with Python |
//! |---|---|---|
//! | a value, or the lease in its place | `prefix:v:key` | `prefix` `key` |
//! | a lock of dogpile.cache's | | `_lock` `prefix` `key` |
//! | a region's epochs | `prefix:e:region` | `prefix` `dogpile:e:region` |
//! | what is too long of ours | `prefix:h:v:` or `prefix:h:e:`, and its SHA-256 in hexadecimal | for epochs only |
//!
//! A key that is one printable word is sent as it is, so that people can ask for it by hand; any other
//! in base64, which the server decodes. Both name the same item. Beside Python a key is the user's own or
//! none: one that Python's clients do not take is refused.

use std::borrow::Cow;
use std::fmt::Write as _;

use dogpile_backend::Compatibility;
use sha2::{Digest, Sha256};

use crate::protocol::{LONGEST_KEY, encoded_length};
use crate::trouble::Trouble;

/// What a key is the key of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// A value, or a lease in its place.
    Value,
    /// A lock as dogpile.cache has it, beside Python.
    Lock,
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
    compatibility: Compatibility,
    prefix: Box<[u8]>,
    /// What all begins with that is nobody's value.
    house: Box<[u8]>,
}

/// What dogpile.cache puts in front of a lock's key, before anything else.
const LOCK: &[u8] = b"_lock";

/// The longest prefix: a hashed key must fit behind it.
pub(crate) const LONGEST_PREFIX: usize = 100;

/// Whether keys behind this prefix could be those behind a shorter one: it goes on like a key of that one.
pub(crate) fn meets_another(prefix: &str) -> bool {
    let mut behind = prefix.split(':').skip(1);
    behind.any(|word| matches!(word, "v" | "e" | "h"))
}

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
    pub(crate) fn native(prefix: &str) -> Self {
        Self {
            compatibility: Compatibility::Native,
            prefix: prefix.as_bytes().into(),
            house: prefix.as_bytes().into(),
        }
    }

    /// Keys as dogpile.cache has them, whose own mangler puts `prefix` in front of each.
    pub(crate) fn python(prefix: &str) -> Self {
        Self {
            compatibility: Compatibility::Python,
            prefix: prefix.as_bytes().into(),
            house: [prefix.as_bytes(), b"dogpile"].concat().into(),
        }
    }

    /// Whether Python's clients would take this key, where they share it.
    pub(crate) fn check(&self, name: &[u8]) -> Result<(), Trouble> {
        if self.compatibility != Compatibility::Python {
            return Ok(());
        }
        let wrong = |why| Err(Trouble::Key { why });
        if name.is_empty() && self.prefix.is_empty() {
            return wrong("it is empty");
        }
        if name.iter().any(|byte| !is_sent(*byte)) {
            return wrong("it holds a space or a control character");
        }
        if LOCK.len() + self.prefix.len() + name.len() > LONGEST_KEY {
            return wrong("with `_lock` in front it is longer than memcached's 250 bytes");
        }
        Ok(())
    }

    /// Where the thing of this kind and name is. What is shared with Python is [checked](Self::check) first.
    pub(crate) fn key(&self, room: Room, name: &[u8]) -> Key<'static> {
        let room: &[u8] = match (room, self.compatibility) {
            (Room::Value, Compatibility::Python) => return self.shared(b"", name),
            (Room::Lock, _) => return self.shared(LOCK, name),
            (Room::Value, _) => b":v:",
            (Room::Epochs, _) => b":e:",
        };
        let mut bytes = Vec::with_capacity(self.house.len() + room.len() + name.len().min(256));
        bytes.extend_from_slice(&self.house);
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

    fn shared(&self, before: &[u8], name: &[u8]) -> Key<'static> {
        Key {
            bytes: [before, &self.prefix, name].concat().into(),
            plain: true,
        }
    }
}

/// Whether a byte can stand in a key as Python's clients send it: none of them encodes keys, and most
/// send what is not ASCII as it is.
fn is_sent(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte >= 0x80
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
        Keys::native("dogpile")
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
        let longest = Keys::native(&"p".repeat(LONGEST_PREFIX));
        assert!(longest.key(Room::Value, &[b'x'; 250]).bytes().len() <= LONGEST_KEY);
    }

    #[test]
    fn no_two_prefixes_have_a_key_in_common() {
        const WORDS: [&str; 7] = ["shop", "v", "e", "h", "x", "", "dogpile"];
        let two = |joint: &'static str| {
            let one = WORDS.iter();
            one.flat_map(move |one| WORDS.iter().map(move |two| [*one, *two].join(joint)))
        };
        let prefixes = WORDS.iter().map(ToString::to_string);
        let prefixes = prefixes.chain(two(":")).chain(two(":v:")).chain(two("::"));
        let prefixes: HashSet<String> = prefixes.filter(|prefix| !meets_another(prefix)).collect();
        let names = || prefixes.iter().cloned().chain(["x".repeat(300)]);
        let mut seen = HashSet::new();
        for prefix in &prefixes {
            let keys = Keys::native(prefix);
            for name in names()
                .chain(two(":v:"))
                .chain(two(":"))
                .collect::<HashSet<_>>()
            {
                for room in [Room::Value, Room::Epochs] {
                    let key = keys.key(room, name.as_bytes());
                    assert!(seen.insert(key.bytes().to_vec()), "{prefix:?} {name:?}");
                }
            }
        }
        assert!(meets_another("shop:v") && meets_another("a:h:b") && !meets_another("v"));
        assert!(!meets_another("shop:live"));
    }

    #[test]
    fn a_hash_is_nobody_s_name() {
        let hashed = keys().key(Room::Value, &[b'x'; 300]);
        let text = String::from_utf8_lossy(hashed.bytes()).into_owned();
        assert!(text.starts_with("dogpile:h:v:"), "{text}");
        let spelled = keys().key(Room::Value, &hashed.bytes()["dogpile:v:".len()..]);
        assert_ne!(spelled, hashed);
    }

    #[test]
    fn beside_python_keys_are_as_python_sends_them_and_others_are_refused() {
        let keys = Keys::python("shop:");
        let both = |name: &str| {
            let room = |room| keys.key(room, name.as_bytes());
            (room(Room::Value), room(Room::Lock))
        };
        for name in ["a|b,c", "\u{e9}", &"x".repeat(240)] {
            assert!(keys.check(name.as_bytes()).is_ok(), "{name}");
            let (value, lock) = both(name);
            assert!(value.is_plain() && lock.is_plain());
            assert_eq!(value.bytes(), format!("shop:{name}").as_bytes());
            assert_eq!(lock.bytes(), format!("_lockshop:{name}").as_bytes());
            assert!(lock.bytes().len() <= LONGEST_KEY);
        }
        for name in ["a b", "a\r\nflush_all", "\0", "\u{7f}", &"x".repeat(241)] {
            assert!(keys.check(name.as_bytes()).is_err(), "{name:?}");
            assert!(Keys::native("p").check(name.as_bytes()).is_ok());
        }
        assert!(Keys::python("").check(b"").is_err());
        let epochs = keys.key(Room::Epochs, b"users");
        assert_eq!(epochs.bytes(), b"shop:dogpile:e:users");
        let odd = keys.key(Room::Epochs, &[b' '; 250]);
        assert!(odd.is_plain() && odd.bytes().starts_with(b"shop:dogpile:h:e:"));
    }
}
