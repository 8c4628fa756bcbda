//! What a memoized function is called in its keys.

use crate::key::{KeyBuffer, KeyPart, write_text};

/// The name of a memoized function: where it lives, or the namespace it was given, and its own.
///
/// Two functions with one name share their values. The attributes take the module or, in an `impl`,
/// the type, unless they are given a namespace.
///
/// ```
/// use dogpile::{key::bytes_of, memoize::Name};
/// assert_eq!(bytes_of(&Name::new("shop", "price")), bytes_of("shop::price"));
/// assert_eq!(bytes_of(&Name::new("", "price")), bytes_of("price"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'n> {
    namespace: &'n str,
    function: &'n str,
    types: &'n str,
}

impl<'n> Name<'n> {
    /// The function `function` of `namespace`; an empty namespace is none.
    pub const fn new(namespace: &'n str, function: &'n str) -> Self {
        Self {
            namespace,
            function,
            types: "",
        }
    }

    /// The same function for other types: `types` is written after the name.
    ///
    /// ```
    /// use dogpile::{key::bytes_of, memoize::Name};
    /// let name = Name::new("shop", "price").of_types("<u8>");
    /// assert_eq!(bytes_of(&name), bytes_of("shop::price<u8>"));
    /// ```
    #[must_use]
    pub const fn of_types(mut self, types: &'n str) -> Self {
        self.types = types;
        self
    }
}

/// One text: the namespace, `::`, the function, the types.
impl KeyPart for Name<'_> {
    #[inline]
    fn write_key(&self, key: &mut KeyBuffer) {
        let between = if self.namespace.is_empty() { "" } else { "::" };
        write_text(key, &[self.namespace, between, self.function, self.types]);
    }
}
