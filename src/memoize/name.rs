//! What a memoized function is called in its keys.

use crate::key::{KeyBuffer, KeyPart, write_text};

/// The name of a memoized function: where it lives, or the namespace it was given, and its own.
///
/// Two functions with one name share their values. The attributes take the module, for a function within
/// another that one too, or, in an `impl`, the type, unless they are given a namespace.
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

    /// The function `function` of `module` that is called `item` by the compiler, as far as it says: one within
    /// another function is named after that too. The attributes call it.
    ///
    /// ```
    /// use dogpile::memoize::Name;
    /// assert_eq!(Name::of_item("shop::price", "shop", "price"), Name::new("shop", "price"));
    /// assert_eq!(Name::of_item("shop::sale::price", "shop", "price"), Name::new("shop::sale", "price"));
    /// let of_method = Name::of_item("<shop::Till as shop::Sells>::sale::price", "shop", "price");
    /// assert_eq!(of_method, Name::new("<shop::Till as shop::Sells>::sale", "price"));
    /// ```
    #[inline]
    #[must_use]
    pub fn of_item(item: &'n str, module: &'n str, function: &'n str) -> Self {
        let place = item.strip_suffix(function);
        let place = place.and_then(|place| place.strip_suffix("::"));
        let within = |place: &&str| {
            let rest = place.strip_prefix(module);
            rest.is_some_and(|rest| rest.starts_with("::")) || place.starts_with('<')
        };
        // What a compiler calls an item may change: that of most functions is not gone by.
        Self::new(place.filter(within).unwrap_or(module), function)
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
