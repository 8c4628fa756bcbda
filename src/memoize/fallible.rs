//! Functions that can fail.

/// A result, also under another name such as `std::io::Result<T>`: what it holds and what it fails
/// with. The attributes read the types from here where the function does not write both.
pub trait Fallible {
    /// The value.
    type Value;
    /// The error.
    type Error;

    /// The result under its first name.
    ///
    /// # Errors
    /// When this is one.
    fn into_result(self) -> Result<Self::Value, Self::Error>;
}

impl<T, E> Fallible for Result<T, E> {
    type Value = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}
