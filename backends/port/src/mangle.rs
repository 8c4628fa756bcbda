//! From the key a user names to the key a store sees, without allocating on a hit.

#[cfg(feature = "sha1")]
mod sha1;

use std::fmt;

#[cfg(feature = "sha1")]
pub use sha1::Sha1;

/// How many bytes a [`KeyBuffer`] holds in place.
const IN_PLACE: usize = 128;

/// Where a mangled key is written: 128 bytes in place, on the heap when it grows longer.
///
/// ```
/// use dogpile_backend::KeyBuffer;
/// use std::fmt::Write;
/// let mut buffer = KeyBuffer::new();
/// buffer.push(b"user:");
/// write!(buffer, "{}", 42)?;
/// assert_eq!(buffer.as_bytes(), b"user:42");
/// # Ok::<(), std::fmt::Error>(())
/// ```
#[derive(Clone)]
pub struct KeyBuffer {
    in_place: [u8; IN_PLACE],
    length: usize,
    /// Everything, once it no longer fits in place.
    spilled: Vec<u8>,
}

impl KeyBuffer {
    /// An empty buffer. Allocates nothing.
    #[inline]
    pub const fn new() -> Self {
        Self {
            in_place: [0; IN_PLACE],
            length: 0,
            spilled: Vec::new(),
        }
    }

    /// Appends `bytes`. Allocates only when all together are longer than 128 bytes.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(room) = self.in_place.get_mut(self.length..end) {
            room.copy_from_slice(bytes);
        } else {
            self.spill(bytes);
        }
        self.length = end;
    }

    #[cold]
    fn spill(&mut self, bytes: &[u8]) {
        if self.length <= IN_PLACE {
            self.spilled.clear();
            self.spilled.reserve(self.length + bytes.len());
            self.spilled
                .extend_from_slice(&self.in_place[..self.length]);
        }
        self.spilled.extend_from_slice(bytes);
    }

    /// Empties the buffer; what it has on the heap it keeps for the next long key.
    #[inline]
    pub const fn clear(&mut self) {
        self.length = 0;
    }

    /// What was written.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.in_place.get(..self.length).unwrap_or(&self.spilled)
    }
}

impl Default for KeyBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for KeyBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::show_key(self.as_bytes()))
    }
}

impl fmt::Write for KeyBuffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

/// A key mangler: the same key always gives the same mangled key, and different keys give different
/// ones (or with a hash, as good as never the same), else one key is answered with another's value.
///
/// A closure that writes the mangled key into an empty buffer is one:
///
/// ```
/// use dogpile_backend::{KeyBuffer, Mangle};
/// let reversed = |key: &[u8], mangled: &mut KeyBuffer| {
///     key.iter().rev().for_each(|byte| mangled.push(&[*byte]));
/// };
/// assert_eq!(reversed.mangle(b"abc", &mut KeyBuffer::new()), b"cba");
/// ```
pub trait Mangle: Send + Sync + 'static {
    /// The mangled form of `key`: `key` itself where nothing changes, else what was written into
    /// `scratch`, whatever that held before.
    fn mangle<'k>(&self, key: &'k [u8], scratch: &'k mut KeyBuffer) -> &'k [u8];
}

impl<F: Fn(&[u8], &mut KeyBuffer) + Send + Sync + 'static> Mangle for F {
    #[inline]
    fn mangle<'k>(&self, key: &'k [u8], scratch: &'k mut KeyBuffer) -> &'k [u8] {
        scratch.clear();
        self(key, scratch);
        scratch.as_bytes()
    }
}

/// Leaves every key as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity;

impl Mangle for Identity {
    #[inline]
    fn mangle<'k>(&self, key: &'k [u8], _scratch: &'k mut KeyBuffer) -> &'k [u8] {
        key
    }
}

/// Puts the same bytes before every key, so that several regions can share a store.
///
/// Prefixes keep regions apart only if none is the beginning of another: `user` and `user2` would
/// meet at the keys `21` and `1`. End them alike, `user:` and `user2:`.
///
/// ```
/// use dogpile_backend::{KeyBuffer, Mangle, Prefix};
/// assert_eq!(Prefix::new("user:").mangle(b"42", &mut KeyBuffer::new()), b"user:42");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefix {
    prefix: Box<[u8]>,
}

impl Prefix {
    /// Puts `prefix` before every key.
    pub fn new(prefix: impl AsRef<[u8]>) -> Self {
        Self {
            prefix: prefix.as_ref().into(),
        }
    }
}

impl Mangle for Prefix {
    #[inline]
    fn mangle<'k>(&self, key: &'k [u8], scratch: &'k mut KeyBuffer) -> &'k [u8] {
        if self.prefix.is_empty() {
            return key;
        }
        scratch.clear();
        scratch.push(&self.prefix);
        scratch.push(key);
        scratch.as_bytes()
    }
}

/// Mangles only keys of at least so many bytes, for stores that take short keys as they are.
///
/// What the mangler makes of a long key must not look like a short key that somebody uses.
///
/// ```
/// use dogpile_backend::{KeyBuffer, LengthConditional, Mangle};
/// let hashed = |key: &[u8], mangled: &mut KeyBuffer| {
///     let sum = key.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(*byte));
///     mangled.push(&sum.to_be_bytes());
/// };
/// let mangler = LengthConditional::new(200, hashed);
/// assert_eq!(mangler.mangle(b"short", &mut KeyBuffer::new()), b"short");
/// assert_eq!(mangler.mangle(&[b'x'; 200], &mut KeyBuffer::new()).len(), 8);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LengthConditional<M> {
    from: usize,
    mangler: M,
}

impl<M: Mangle> LengthConditional<M> {
    /// Applies `mangler` to keys of `from` bytes and more.
    pub const fn new(from: usize, mangler: M) -> Self {
        Self { from, mangler }
    }
}

impl<M: Mangle> Mangle for LengthConditional<M> {
    #[inline]
    fn mangle<'k>(&self, key: &'k [u8], scratch: &'k mut KeyBuffer) -> &'k [u8] {
        if key.len() < self.from {
            return key;
        }
        self.mangler.mangle(key, scratch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_of_any_length_keeps_its_bytes() {
        for length in [0, 1, IN_PLACE - 1, IN_PLACE, IN_PLACE + 1, 1_000_000] {
            let key = vec![7; length];
            let mut scratch = KeyBuffer::new();
            let mangled = Prefix::new("p:").mangle(&key, &mut scratch);
            assert_eq!(mangled, [b"p:", &key[..]].concat());
        }
    }

    #[test]
    fn a_long_key_leaves_nothing_behind_for_a_short_one() {
        let mut scratch = KeyBuffer::new();
        Prefix::new("p:").mangle(&[7; 500], &mut scratch);
        assert_eq!(Prefix::new("q:").mangle(b"key", &mut scratch), b"q:key");
        assert_eq!(Prefix::new("r:").mangle(&[8; 300], &mut scratch).len(), 302);
    }

    #[test]
    fn only_long_keys_are_mangled() {
        let mangler = LengthConditional::new(4, Prefix::new("long:"));
        assert_eq!(mangler.mangle(b"abc", &mut KeyBuffer::new()), b"abc");
        assert_eq!(mangler.mangle(b"abcd", &mut KeyBuffer::new()), b"long:abcd");
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_come_out_as_they_went_in(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8),
            leftover in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut buffer = KeyBuffer::new();
            buffer.push(&leftover);
            buffer.clear();
            for piece in &pieces {
                buffer.push(piece);
            }
            prop_assert_eq!(buffer.as_bytes(), pieces.concat());
        }
    }
}
