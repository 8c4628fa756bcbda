//! Leases' tokens. A token is its stamp in 32 hexadecimal digits: what Python's clients use too, and
//! ours begin alike, so that both sides can tell whose a lock is.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use dogpile_backend::Stamp;

/// What our tokens begin with.
const OURS: u128 = 0xd09b_11e0 << 96;

/// A stamp like no other: 95 random bits of two hashers, each with keys of its own.
pub(crate) fn mint() -> Stamp {
    let random = |bits: u64| u128::from(RandomState::new().hash_one(bits));
    // The last bit is zero, so that no token is the one of a key that is shut.
    Stamp::new(OURS | random(1) << 32 | random(2) & 0xffff_fffe)
}

/// What stands in a lease's place that nobody may have: ours, and the one of them that is never minted.
pub(crate) const SHUT: Stamp = Stamp::new(OURS | u128::MAX >> 32);

/// Whether we minted it.
pub(crate) fn is_ours(stamp: Stamp) -> bool {
    stamp.number() >> 96 == OURS >> 96
}

/// The token as the server keeps it.
pub(crate) fn text(stamp: Stamp) -> String {
    format!("{:032x}", stamp.number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_show_whose_they_are() {
        assert!(is_ours(mint()) && !is_ours(Stamp::NONE));
        assert_eq!(text(SHUT), "d09b11e0ffffffffffffffffffffffff");
        assert!(
            (0..100).all(|_| mint().number().is_multiple_of(2)),
            "none is SHUT"
        );
        let tokens: std::collections::HashSet<_> = (0..10_000).map(|_| text(mint())).collect();
        assert_eq!(tokens.len(), 10_000);
        assert!(
            tokens
                .iter()
                .all(|token| token.len() == 32 && token.starts_with("d09b11e0"))
        );
    }
}
