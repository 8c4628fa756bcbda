//! Keys of any length as forty characters.

use sha1::Digest;

use super::{KeyBuffer, Mangle};

/// The SHA-1 of a key in hexadecimal, as dogpile.cache's `sha1_mangle_key` makes it: forty
/// characters that every store takes. Allocates nothing.
///
/// Whoever chooses the keys can make two that meet, since SHA-1 no longer withstands that: where
/// users choose them and must not see each other's values, write a mangler with another hash.
///
/// Usable by itself, or for long keys only:
///
/// ```
/// use dogpile_backend::{KeyBuffer, LengthConditional, Mangle, Sha1};
/// let mangler = LengthConditional::new(200, Sha1);
/// assert_eq!(mangler.mangle(b"some_key", &mut KeyBuffer::new()), b"some_key");
/// assert_eq!(
///     Sha1.mangle(b"some_key", &mut KeyBuffer::new()),
///     b"53def077a4264bd3183d4eb21b1f56f883e1b572",
/// );
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sha1;

impl Mangle for Sha1 {
    fn mangle<'k>(&self, key: &'k [u8], scratch: &'k mut KeyBuffer) -> &'k [u8] {
        scratch.clear();
        for byte in sha1::Sha1::digest(key) {
            scratch.push(&[digit(byte >> 4), digit(byte & 15)]);
        }
        scratch.as_bytes()
    }
}

const fn digit(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        _ => b'a' + value - 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LengthConditional;

    #[test]
    fn keys_are_hashed_as_python_does() {
        for (key, hashed) in [
            ("some_key", "53def077a4264bd3183d4eb21b1f56f883e1b572"),
            ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            // Beyond ASCII: Python hashes the UTF-8.
            ("méi", "9bc09d51698a0b07bf023abc0c54995246f3f1b2"),
        ] {
            let mut scratch = KeyBuffer::new();
            scratch.push(b"left over");
            let mangled = Sha1.mangle(key.as_bytes(), &mut scratch);
            assert_eq!(String::from_utf8_lossy(mangled), hashed, "{key}");
        }
    }

    #[test]
    fn only_long_keys_are_hashed_where_only_they_shall_be() {
        let mangler = LengthConditional::new(256, Sha1);
        let (short, long) = ([b'x'; 255], [b'x'; 256]);
        assert_eq!(mangler.mangle(&short, &mut KeyBuffer::new()), short);
        assert_eq!(mangler.mangle(&long, &mut KeyBuffer::new()).len(), 40);
    }
}
