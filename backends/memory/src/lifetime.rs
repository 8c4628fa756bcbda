//! How long an entry may stay, in two bytes.

use dogpile_backend::{Span, Time};

/// A length of time as `mantissa << exponent` milliseconds, 11 and 5 bits, rounded up by less than
/// a thousandth: an entry may leave a little late, never early. What is longer than 139 years is for ever.
///
/// Two bytes, because eight would make every entry 16 bytes larger (see `node`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime(u16);

const MANTISSA_BITS: u32 = 11;
const MOST_EXPONENT: u16 = 31;
const NANOS_PER_MILLI: u64 = 1_000_000;

impl Lifetime {
    pub(crate) const FOREVER: Self = Self(u16::MAX);

    /// The shortest lifetime that is not shorter than `span`.
    pub(crate) fn at_least(span: Span) -> Self {
        if span.is_forever() {
            return Self::FOREVER;
        }
        let (mut mantissa, mut exponent) = (span.as_nanos().div_ceil(NANOS_PER_MILLI), 0_u16);
        while mantissa >> MANTISSA_BITS != 0 {
            mantissa = mantissa.div_ceil(2);
            exponent += 1;
        }
        if exponent > MOST_EXPONENT {
            return Self::FOREVER;
        }
        #[allow(clippy::cast_possible_truncation)] // below 2^11
        let mantissa = mantissa as u16;
        Self(exponent << MANTISSA_BITS | mantissa)
    }

    /// The length of this lifetime.
    pub(crate) fn span(self) -> Span {
        if self == Self::FOREVER {
            return Span::FOREVER;
        }
        let mantissa = u64::from(self.0) & ((1 << MANTISSA_BITS) - 1);
        Span::from_millis(mantissa << (self.0 >> MANTISSA_BITS))
    }

    /// When an entry created at `created` may leave; [`Time::END`] for never.
    pub(crate) fn end(self, created: Time) -> Time {
        created.after(self.span())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_never_short_and_hardly_long() {
        const LONGEST: u64 = (2_046 << 31) * NANOS_PER_MILLI;
        let mut nanos = 1_u64;
        while nanos < u64::MAX / 3 {
            for near in [nanos - 1, nanos, nanos + 1, nanos * 2 + nanos / 2] {
                let kept = Lifetime::at_least(Span::from_nanos(near)).span().as_nanos();
                assert!(kept >= near, "{near} was cut to {kept}");
                let most = near + near / 1_000 + NANOS_PER_MILLI;
                let is_forever = near > LONGEST && kept == u64::MAX;
                assert!(kept <= most || is_forever, "{near} became {kept}");
            }
            nanos *= 2;
        }
    }

    #[test]
    fn the_ends_of_the_scale_are_exact() {
        assert_eq!(Lifetime::at_least(Span::ZERO).span(), Span::ZERO);
        assert_eq!(Lifetime::at_least(Span::FOREVER).span(), Span::FOREVER);
        let almost = Span::from_nanos(u64::MAX - 1);
        assert_eq!(Lifetime::at_least(almost), Lifetime::FOREVER);
        let century = Span::from_secs(100 * 365 * 24 * 3_600);
        assert_ne!(Lifetime::at_least(century), Lifetime::FOREVER);
        assert_eq!(Lifetime::FOREVER.end(Time::ZERO), Time::END);
    }
}
