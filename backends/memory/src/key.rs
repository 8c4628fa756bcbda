//! Keys of the map, the forms in which they are looked up, and their hash.
//!
//! The hash of a key is foldhash over its bytes, seeded per process, computed once per operation:
//! a write hands the finished number on, and a queued entry is found again by its number.

use std::hash::{BuildHasher, Hash, Hasher};
use std::marker::PhantomData;
use std::sync::LazyLock;

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

/// A key in the caller's memory. `By` is the caller's type: a lookup made for one caller alone is
/// compiled into it, where one shared by all would be called, which costs a hit a tenth.
pub(crate) struct Wanted<'a, By = ()> {
    bytes: &'a [u8],
    by: PhantomData<fn() -> By>,
}

impl<'a, By> Wanted<'a, By> {
    #[inline]
    pub(crate) fn by(bytes: &'a [u8]) -> Self {
        let by = PhantomData;
        Self { bytes, by }
    }
}

impl<By> Hash for Wanted<'_, By> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Without the length prefix of `<[u8] as Hash>`: the key is all that is hashed.
        state.write(self.bytes);
    }
}

impl<By> Equivalent<Key> for Wanted<'_, By> {
    #[inline]
    fn equivalent(&self, key: &Key) -> bool {
        are_equal(self.bytes, &key.0)
    }
}

/// Most keys are short, and comparing those by calling the C library takes a hit longer than its
/// freshness does. A key from one to two words long is equal if its first and its last word are.
#[inline]
fn are_equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && match one.len() {
            8..=15 => ends::<8>(one) == ends(other),
            16..=32 => ends::<16>(one) == ends(other),
            _ => one == other,
        }
}

#[inline]
fn ends<const N: usize>(bytes: &[u8]) -> (Option<&[u8; N]>, Option<&[u8; N]>) {
    (bytes.first_chunk(), bytes.last_chunk())
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

/// Makes the hashers of every store of this process.
#[derive(Clone, Copy, Default)]
pub(crate) struct KeyHash;

/// One seed for all stores: a hash then begins before the store is found, which a hit waits for
/// longest. It is drawn at random, and no store hands its keys out in the order of their hashes,
/// in which another would fill up badly.
static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::default);

impl KeyHash {
    #[inline]
    pub(crate) fn of(bytes: &[u8]) -> u64 {
        let mut hasher = SEED.build_hasher();
        hasher.write(bytes);
        hasher.finish()
    }
}

impl BuildHasher for KeyHash {
    type Hasher = KeyHasher;

    #[inline]
    fn build_hasher(&self) -> KeyHasher {
        KeyHasher {
            bytes: SEED.build_hasher(),
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
        let hasher = KeyHash;
        for bytes in [&b""[..], b"a", b"twenty bytes of keys", &[0; 1_000]] {
            let key = Key::new(bytes);
            let hash = KeyHash::of(bytes);
            let place = Place {
                hash,
                address: key.address(),
            };
            assert_eq!(hasher.hash_one(&key), hash);
            assert_eq!(hasher.hash_one(Wanted::<()>::by(bytes)), hash);
            assert_eq!(hasher.hash_one(Hashed { bytes, hash }), hash);
            assert_eq!(hasher.hash_one(place), hash);
            assert!(Wanted::<()>::by(bytes).equivalent(&key));
            assert!(Hashed { bytes, hash }.equivalent(&key));
            assert!(place.equivalent(&key));
            assert!(!Wanted::<()>::by(b"b").equivalent(&key));
            assert!(!place.equivalent(&Key::new(b"b")));
        }
    }
}
