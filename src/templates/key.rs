//! What tells one fragment from another.

use std::borrow::Cow;
use std::fmt;

/// The key of a fragment: text, or a whole number. The number 1 and the text `1` are two keys, as they are in
/// templates.
///
/// ```
/// use dogpile::templates::FragmentKey;
/// let (number, text) = (FragmentKey::from(1), FragmentKey::from("1"));
/// assert_ne!(number, text);
/// assert_eq!(number, FragmentKey::from(1_u64));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FragmentKey<'k>(Key<'k>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key<'k> {
    Text(Cow<'k, str>),
    /// In decimal digits: of any width, and the same for equal numbers of all types.
    Number(String),
}

impl FragmentKey<'_> {
    /// A whole number as a template writes it.
    pub(super) fn number(digits: String) -> Self {
        Self(Key::Number(digits))
    }

    pub(super) const fn is_number(&self) -> bool {
        matches!(self.0, Key::Number(_))
    }
}

impl fmt::Display for FragmentKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Key::Text(text) => f.write_str(text),
            Key::Number(digits) => f.write_str(digits),
        }
    }
}

impl<'k> From<&'k str> for FragmentKey<'k> {
    fn from(text: &'k str) -> Self {
        Self(Key::Text(text.into()))
    }
}

impl<'k> From<&'k String> for FragmentKey<'k> {
    fn from(text: &'k String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for FragmentKey<'_> {
    fn from(text: String) -> Self {
        Self(Key::Text(text.into()))
    }
}

macro_rules! numbers {
    ($($number:ty),*) => { $(
        impl From<$number> for FragmentKey<'_> {
            fn from(number: $number) -> Self {
                Self::number(number.to_string())
            }
        }
    )* };
}

numbers!(
    i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize
);
