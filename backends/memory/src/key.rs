//! Keys of the map, the forms in which they are looked up, and their hash.
//!
//! The hash of a key is foldhash over its bytes, seeded per store, computed once per operation:
//! a write hands the finished number on, and a queued entry is found again by its number.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::{FoldHasher, RandomState};
use papaya::Equivalent;

use crate::s3_fifo::Item;

/// A key that the map owns.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Key(Box<[u8]>);

impl Key {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Where the bytes lie. No two keys in a map share this number: different keys do not share
    /// memory, and the one key that needs none is the empty one.
    pub(crate) fn address(&self) -> usize {
        self.0.as_ptr().addr()
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

/// A key in the caller's memory.
pub(crate) struct Wanted<'a>(pub(crate) &'a [u8]);

impl Hash for Wanted<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Without the length prefix of `<[u8] as Hash>`: the key is all that is hashed.
        state.write(self.0);
    }
}

impl Equivalent<Key> for Wanted<'_> {
    #[inline]
    fn equivalent(&self, key: &Key) -> bool {
        *self.0 == *key.0
    }
}

/// A key in the caller's memory whose hash is known.
#[derive(Clone, Copy)]
pub(crate) struct Hashed<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) hash: u64,
}

impl Hash for Hashed<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<Key> for Hashed<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self.bytes == *key.0
    }
}

/// Which entry a place in the eviction queues stands for, without a second copy of its key. It is
/// found in the map as long as the key was not replaced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) hash: u64,
    pub(crate) address: usize,
}

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<Key> for Place {
    fn equivalent(&self, key: &Key) -> bool {
        self.address == key.address()
    }
}

impl Item for Place {
    fn hash(self) -> u64 {
        self.hash
    }
}

/// Makes the hashers of one store.
#[derive(Clone, Default)]
pub(crate) struct KeyHash(RandomState);

impl KeyHash {
    #[inline]
    pub(crate) fn of(&self, bytes: &[u8]) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write(bytes);
        hasher.finish()
    }
}

impl BuildHasher for KeyHash {
    type Hasher = KeyHasher;

    #[inline]
    fn build_hasher(&self) -> KeyHasher {
        KeyHasher {
            bytes: self.0.build_hasher(),
            known: 0,
        }
    }
}

/// Hashes one thing: a key's bytes, or the number that this gave before.
pub(crate) struct KeyHasher {
    bytes: FoldHasher<'static>,
    known: u64,
}

impl Hasher for KeyHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.bytes.write(bytes);
        self.known = self.bytes.finish();
    }

    #[inline]
    fn write_u64(&mut self, hash: u64) {
        self.known = hash;
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_key_hashes_and_compares_alike() {
        let hasher = KeyHash::default();
        for bytes in [&b""[..], b"a", b"twenty bytes of keys", &[0; 1_000]] {
            let key = Key::new(bytes);
            let hash = hasher.of(bytes);
            let place = Place {
                hash,
                address: key.address(),
            };
            assert_eq!(hasher.hash_one(&key), hash);
            assert_eq!(hasher.hash_one(Wanted(bytes)), hash);
            assert_eq!(hasher.hash_one(Hashed { bytes, hash }), hash);
            assert_eq!(hasher.hash_one(place), hash);
            assert!(Wanted(bytes).equivalent(&key));
            assert!(Hashed { bytes, hash }.equivalent(&key));
            assert!(place.equivalent(&key));
            assert!(!Wanted(b"b").equivalent(&key));
            assert!(!place.equivalent(&Key::new(b"b")));
        }
    }
}
