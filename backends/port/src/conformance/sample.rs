//! Values for the checks to store.

use std::fmt::Debug;
use std::sync::Arc;

use crate::Payload;

/// A type of which the checks can make values: different ones for different numbers.
pub trait Sample: Clone + PartialEq + Debug + Send + Sync + 'static {
    /// The value with this number.
    fn sample(number: u64) -> Self;
}

impl Sample for u64 {
    fn sample(number: u64) -> Self {
        number
    }
}

impl Sample for String {
    fn sample(number: u64) -> Self {
        format!("value {number}")
    }
}

/// Any bytes, a bar and a zero among them; empty for the number 0.
impl Sample for Vec<u8> {
    fn sample(number: u64) -> Self {
        match number {
            0 => Vec::new(),
            _ => [b"|\0\xff".as_slice(), &number.to_be_bytes()].concat(),
        }
    }
}

impl Sample for Payload {
    fn sample(number: u64) -> Self {
        Self {
            schema: u32::try_from(number % 3).unwrap_or_default(),
            bytes: Vec::sample(number),
        }
    }
}

impl<T: Sample> Sample for Arc<T> {
    fn sample(number: u64) -> Self {
        Self::new(T::sample(number))
    }
}
