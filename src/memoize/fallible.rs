//! Functions that can fail.

/// A result, also under another name such as `std::io::Result<T>`: what it holds and what it fails
/// with. The attributes read the types from here where the function does not write both.
pub trait Fallible {
    /// The value.
    type Value;
    /// The error.
    type Error;
}

impl<T, E> Fallible for Result<T, E> {
    type Value = T;
    type Error = E;
}
