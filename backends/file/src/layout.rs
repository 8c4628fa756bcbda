//! Where things are in the engine: one tree, whose keys begin with a letter that says what is there.
//!
//! | first byte | then | holds |
//! |---|---|---|
//! | `A` | nothing | what the store is: format, bounds |
//! | `v` | the key | the entry |
//! | `l` | the key | the claim: whose lease is out |
//! | `e` | the region's name | its epochs |
//! | `w` | a spot, a process's number | that process wants to be told of what happens there |
//! | `o` | the number of the write | the place of the entry that it wrote, oldest first |
//! | `x` | when it expires, the number of the write | the same, for entries that do |
//!
//! The engine takes keys of 511 bytes. A longer key of ours (or name of a region) is there under
//! `V`, `L`, `E` and its 128-bit hash; its entry holds it in full, so that two keys with one hash
//! are never answered with each other's value.

use dogpile_backend::KeyBuffer;
use xxhash_rust::xxh3::xxh3_128;

/// The longest key that is itself its place.
const LONGEST: usize = 500;

/// Where the store says what it is.
pub(crate) const ABOUT: &[u8] = b"A";

/// What all places of one kind begin with.
pub(crate) const OLDEST: &[u8] = b"o";
pub(crate) const EXPIRING: &[u8] = b"x";
pub(crate) const WATCHERS: &[u8] = b"w";
pub(crate) const CLAIMS: [&[u8]; 2] = [b"l", b"L"];

/// Whether the entry has to say which key it is for.
pub(crate) const fn is_long(key: &[u8]) -> bool {
    key.len() > LONGEST
}

/// The place of a key's entry.
#[inline]
pub(crate) fn entry(key: &[u8]) -> KeyBuffer {
    named(b'v', key)
}

/// The place of a key's claim.
pub(crate) fn claim(key: &[u8]) -> KeyBuffer {
    named(b'l', key)
}

/// The place of a region's epochs.
pub(crate) fn epochs(region: &str) -> KeyBuffer {
    named(b'e', region.as_bytes())
}

#[inline]
fn named(letter: u8, name: &[u8]) -> KeyBuffer {
    let mut place = KeyBuffer::new();
    if is_long(name) {
        place.push(&[letter.to_ascii_uppercase()]);
        place.push(&xxh3_128(name).to_be_bytes());
    } else {
        place.push(&[letter]);
        place.push(name);
    }
    place
}

/// The place of an entry in the order of writing.
pub(crate) fn in_order(written: u64) -> [u8; 9] {
    let mut place = [b'o'; 9];
    place[1..].copy_from_slice(&written.to_be_bytes());
    place
}

/// The place of an entry in the order of expiry.
pub(crate) fn expiring(expires: u64, written: u64) -> [u8; 17] {
    let mut place = [b'x'; 17];
    place[1..9].copy_from_slice(&expires.to_be_bytes());
    place[9..].copy_from_slice(&written.to_be_bytes());
    place
}

/// When the entry at this place among the expiring expires.
pub(crate) fn expires(place: &[u8]) -> Option<u64> {
    let number = place.get(1..9)?.try_into().ok()?;
    Some(u64::from_be_bytes(number))
}

/// Something that can be watched: a key with its lease, or a region's epochs. Two spots are one
/// with the likelihood of two 128-bit hashes; then somebody is woken for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Spot([u8; 16]);

impl Spot {
    pub(crate) const LENGTH: usize = 16;

    pub(crate) fn of_key(key: &[u8]) -> Self {
        Self(xxh3_128(key).to_be_bytes())
    }

    pub(crate) fn of_epochs(region: &str) -> Self {
        Self((!xxh3_128(region.as_bytes())).to_be_bytes())
    }

    pub(crate) const fn of_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

/// What the places of all who watch `spot` begin with.
pub(crate) fn watchers(spot: Spot) -> [u8; 17] {
    let mut place = [b'w'; 17];
    place[1..].copy_from_slice(spot.bytes());
    place
}

/// Where process `who` says that it watches `spot`.
pub(crate) fn watcher(spot: Spot, who: u64) -> [u8; 25] {
    let mut place = [0; 25];
    place[..17].copy_from_slice(&watchers(spot));
    place[17..].copy_from_slice(&who.to_be_bytes());
    place
}

/// Who watches, by the place where it says so.
pub(crate) fn who(place: &[u8]) -> Option<u64> {
    let number = place.get(17..25)?.try_into().ok()?;
    Some(u64::from_be_bytes(number))
}

/// What is watched, by the place of the note.
pub(crate) fn spot(place: &[u8]) -> Option<Spot> {
    let spot = place.get(1..17)?.try_into().ok()?;
    Some(Spot::of_bytes(spot))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_keys_differ_and_fit_the_engine() {
        let keys: Vec<Vec<u8>> = vec![
            b"".to_vec(),
            b"a".to_vec(),
            vec![0xFF; LONGEST],
            vec![0xFF; LONGEST + 1],
            vec![0xFF; 1 << 20],
        ];
        let places: std::collections::HashSet<Vec<u8>> = keys
            .iter()
            .flat_map(|key| [entry(key), claim(key)])
            .map(|place| place.as_bytes().to_vec())
            .collect();
        assert_eq!(places.len(), 2 * keys.len());
        assert!(places.iter().all(|place| place.len() <= 511));
        // A key that looks like a long key's place is another.
        let long = entry(&keys[3]);
        assert_ne!(entry(&long.as_bytes()[1..]).as_bytes(), long.as_bytes());
    }

    #[test]
    fn orders_are_those_of_the_numbers() {
        assert!(in_order(9) < in_order(10) && in_order(255) < in_order(256));
        assert!(expiring(1, 9) < expiring(2, 0) && expiring(2, 0) < expiring(2, 1));
        assert_eq!(expires(&expiring(7, 9)), Some(7));
        let spot = Spot::of_key(b"key");
        assert_eq!(who(&watcher(spot, 42)), Some(42));
        assert!(watcher(spot, 42).starts_with(&watchers(spot)));
    }
}
