//! A JSON number read as the decimal it is: exact, whatever its length.

/// A number's text, taken apart; the value is `digits * 10^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

impl<'a> Number<'a> {
    /// The number that `text` begins with, and the length of its text. Python also writes `NaN` and
    /// `Infinity`; those are not numbers here.
    pub(super) fn parse(text: &'a [u8]) -> Option<(Self, usize)> {
        let mut at = 0;
        let negative = take(text, &mut at, b"-");
        let whole = digits(text, &mut at)?;
        if whole.len() > 1 && whole[0] == b'0' {
            return None;
        }
        let fraction = if take(text, &mut at, b".") {
            digits(text, &mut at)?
        } else {
            &[]
        };
        let exponent = if take(text, &mut at, b"eE") {
            exponent(text, &mut at)?
        } else {
            0
        };
        let number = Self {
            negative,
            whole,
            fraction,
            exponent,
        };
        Some((number, at))
    }

    /// The number times a thousand million, rounded down, held between 0 and `u64::MAX`.
    pub(super) fn nanos(self) -> u64 {
        self.scaled(9).0
    }

    /// The number, if it is a whole one from 0 to `u64::MAX`.
    pub(super) fn integer(self) -> Option<u64> {
        match self.scaled(0) {
            (number, true) => Some(number),
            (_, false) => None,
        }
    }

    /// The number times `10^shift` as far as a `u64` holds it, and whether that is exact.
    fn scaled(self, shift: i64) -> (u64, bool) {
        let digits = || {
            self.whole
                .iter()
                .chain(self.fraction)
                .map(|digit| digit - b'0')
        };
        if digits().all(|digit| digit == 0) {
            return (0, true);
        }
        if self.negative {
            return (0, false);
        }
        let count = |digits: &[u8]| i64::try_from(digits.len()).unwrap_or(i64::MAX);
        // How many of the digits stand before the point once it is moved.
        let before = count(self.whole)
            .saturating_add(self.exponent)
            .saturating_add(shift);
        let mut number = 0_u64;
        let mut exact = true;
        let mut place = 0;
        for digit in digits() {
            if place < before {
                match number
                    .checked_mul(10)
                    .and_then(|ten| ten.checked_add(digit.into()))
                {
                    Some(next) => number = next,
                    None => return (u64::MAX, false),
                }
            } else {
                exact &= digit == 0;
            }
            place += 1;
        }
        // Something is not zero, so at most twenty more places fit.
        while place < before && number > 0 {
            match number.checked_mul(10) {
                Some(next) => number = next,
                None => return (u64::MAX, false),
            }
            place += 1;
        }
        (number, exact)
    }
}

fn take(text: &[u8], at: &mut usize, any_of: &[u8]) -> bool {
    let found = text.get(*at).is_some_and(|byte| any_of.contains(byte));
    *at += usize::from(found);
    found
}

fn digits<'a>(text: &'a [u8], at: &mut usize) -> Option<&'a [u8]> {
    let rest = &text[*at..];
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    *at += length;
    (length > 0).then(|| &rest[..length])
}

/// An exponent, as far as an `i64` holds it.
fn exponent(text: &[u8], at: &mut usize) -> Option<i64> {
    let negative = take(text, at, b"-");
    if !negative {
        take(text, at, b"+");
    }
    let size = digits(text, at)?.iter().fold(0_i64, |size, digit| {
        size.saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    });
    Some(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(text: &str) -> Option<u64> {
        let (number, length) = Number::parse(text.as_bytes())?;
        assert_eq!(length, text.len());
        number.integer()
    }

    #[test]
    fn an_integer_is_any_number_without_a_rest() {
        assert_eq!(integer("18446744073709551615"), Some(u64::MAX));
        assert_eq!(integer("18446744073709551616"), None);
        assert_eq!(integer("2.0"), Some(2));
        assert_eq!(integer("0.2e1"), Some(2));
        assert_eq!(integer("20e-1"), Some(2));
        assert_eq!(integer("2.1"), None);
        assert_eq!(integer("-2"), None);
        assert_eq!(integer("-0"), Some(0));
        assert_eq!(integer("1e-999999999999999999999"), None);
        assert_eq!(integer("1e999999999999999999999"), None);
    }
}
