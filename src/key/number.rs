//! Numbers: equal integers are alike whatever their width, floating-point numbers are their bits.

use std::num::NonZero;
use std::time::Duration;

use super::{KeyBuffer, KeyPart, write_bytes};

/// A class, and a number: a count of bytes, and as many bytes, the highest first, without leading
/// zeros. Most are small, and written at once.
#[inline]
pub(super) fn write_number(key: &mut KeyBuffer, class: u8, number: u128) {
    match u8::try_from(number) {
        Ok(0) => key.push(&[class, 0]),
        Ok(small) => key.push(&[class, 1, small]),
        Err(_) => write_large(key, class, number),
    }
}

#[allow(clippy::cast_possible_truncation)] // sixteen bytes at most
fn write_large(key: &mut KeyBuffer, class: u8, number: u128) {
    let zeros = number.leading_zeros() / 8;
    key.push(&[class, (16 - zeros) as u8]);
    key.push(&number.to_be_bytes()[zeros as usize..]);
}

#[inline]
fn write_signed(key: &mut KeyBuffer, negative: bool, magnitude: u128) {
    let class = if negative { b'-' } else { b'+' };
    write_number(key, class, magnitude);
}

macro_rules! unsigned {
    ($($number:ty),*) => {$(
        impl KeyPart for $number {
            #[inline]
            fn write_key(&self, key: &mut KeyBuffer) {
                // `usize` has no `From` for `u128`; none of these is wider.
                write_signed(key, false, *self as u128);
            }
        }
        non_zero!($number);
    )*};
}

macro_rules! signed {
    ($($number:ty),*) => {$(
        impl KeyPart for $number {
            #[inline]
            fn write_key(&self, key: &mut KeyBuffer) {
                write_signed(key, *self < 0, self.unsigned_abs() as u128);
            }
        }
        non_zero!($number);
    )*};
}

macro_rules! non_zero {
    ($number:ty) => {
        impl KeyPart for NonZero<$number> {
            #[inline]
            fn write_key(&self, key: &mut KeyBuffer) {
                self.get().write_key(key);
            }
        }
    };
}

#[allow(clippy::cast_lossless)] // one macro for all widths
mod widths {
    use super::{KeyBuffer, KeyPart, NonZero, write_signed};

    unsigned!(u16, u32, u64, u128, usize);
    signed!(i8, i16, i32, i64, i128, isize);
}

non_zero!(u8);

impl KeyPart for u8 {
    #[inline]
    fn write_key(&self, key: &mut KeyBuffer) {
        write_signed(key, false, u128::from(*self));
    }

    fn write_row(row: &[Self], key: &mut KeyBuffer) {
        write_bytes(key, b'y', row);
    }
}

/// Its bits: `-0.0` and `0.0` are two keys, and so are two `NaN`s of different bits, but each `NaN`
/// meets itself.
impl KeyPart for f32 {
    fn write_key(&self, key: &mut KeyBuffer) {
        key.push(b"f");
        key.push(&self.to_bits().to_be_bytes());
    }
}

/// Its bits, as for `f32`. An `f32` and an `f64` never meet.
impl KeyPart for f64 {
    fn write_key(&self, key: &mut KeyBuffer) {
        key.push(b"d");
        key.push(&self.to_bits().to_be_bytes());
    }
}

impl KeyPart for bool {
    fn write_key(&self, key: &mut KeyBuffer) {
        key.push(&[b'b', u8::from(*self)]);
    }
}

/// Seconds and nanoseconds.
impl KeyPart for Duration {
    fn write_key(&self, key: &mut KeyBuffer) {
        key.push(b"t");
        key.push(&self.as_secs().to_be_bytes());
        key.push(&self.subsec_nanos().to_be_bytes());
    }
}
