//! Tokens of leases and stamps of values: never the same twice.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use dogpile_backend::Stamp;

/// A stamp like no other: 128 random bits of two hashers, each with keys of its own.
pub(crate) fn mint() -> Stamp {
    let random = |bits: u64| u128::from(RandomState::new().hash_one(bits));
    Stamp::new(random(1) << 64 | random(2))
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_are_one() {
        let stamps: std::collections::HashSet<_> = (0..10_000).map(|_| super::mint()).collect();
        assert_eq!(stamps.len(), 10_000);
    }
}
