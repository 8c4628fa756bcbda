//! Arguments as parts of a key: specified bytes, and different values never the same ones.

mod collections;
mod forward;
mod net;
mod number;
pub mod python;
mod text;

pub use dogpile_backend::KeyBuffer;

use number::write_number;

/// A value that can be part of a key, as the arguments of a memoized function are.
///
/// Its bytes are specified in `docs/keys.md`. They say what class of value it is and where they end,
/// so that different values never write the same ones, alone or in a row: neither `1` and `"1"` nor
/// `("a", "b")` and `"a b"` nor `None` and `Some(None)` meet. Integers of any width that are equal as
/// numbers do, on purpose: a key survives a change from `u32` to `u64`.
///
/// A type of one's own derives it (feature `macros`):
///
/// ```
/// use dogpile::{KeyPart, key::bytes_of};
///
/// #[derive(KeyPart)]
/// enum Page {
///     Home,
///     Article { id: u64, #[key(skip)] referrer: String },
/// }
/// let from = |referrer: &str| Page::Article { id: 7, referrer: referrer.into() };
/// assert_eq!(bytes_of(&from("here")), bytes_of(&from("there")));
/// assert_ne!(bytes_of(&from("here")), bytes_of(&Page::Home));
/// ```
///
/// or writes what it consists of:
///
/// ```
/// use dogpile::KeyPart;
/// use dogpile::key::{KeyBuffer, bytes_of};
///
/// struct Sku { shop: u16, number: String }
///
/// impl KeyPart for Sku {
///     fn write_key(&self, key: &mut KeyBuffer) {
///         (self.shop, &self.number).write_key(key);
///     }
/// }
/// let sku = Sku { shop: 7, number: "a-1".into() };
/// assert_eq!(bytes_of(&sku), bytes_of(&(7_u16, "a-1")));
/// ```
///
/// A `HashMap` and a `HashSet` have no order, so equal ones could give different keys; they are not
/// key parts, and the compiler says what to do instead:
///
/// ```compile_fail,E0277
/// dogpile::key::bytes_of(&std::collections::HashMap::from([(1, 2)]));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a key",
    label = "this has no bytes that are specified for keys",
    note = "for a type of your own: `#[derive(dogpile::KeyPart)]`, with `#[key(skip)]` on a field that makes no difference",
    note = "for a `HashMap` or a `HashSet`, which have no order: pass a `BTreeMap` or `BTreeSet`, or a sorted `Vec`",
    note = "for an argument that makes no difference, like a connection: `skip(its_name)` in the attribute"
)]
pub trait KeyPart {
    /// Appends this value's bytes to `key`. They have to say where they end: write parts that do,
    /// as tuples and texts, rather than bytes.
    fn write_key(&self, key: &mut KeyBuffer);

    /// Appends a row of values: their number, and each of them. Bytes are written as they are.
    #[doc(hidden)]
    fn write_row(row: &[Self], key: &mut KeyBuffer)
    where
        Self: Sized,
    {
        write_many(key, b'[', row.iter());
    }
}

/// The bytes that `value` writes, on the heap: for a look at them, or a key of one's own.
///
/// ```
/// assert_eq!(dogpile::key::bytes_of("a"), b"s\x01\x01a");
/// ```
pub fn bytes_of(value: &(impl KeyPart + ?Sized)) -> Vec<u8> {
    let mut key = KeyBuffer::new();
    value.write_key(&mut key);
    key.as_bytes().to_vec()
}

/// Begins a variant of an enum, as the derive does: its name, and after it its fields as a tuple.
#[doc(hidden)]
#[inline]
pub fn write_variant(name: &str, key: &mut KeyBuffer) {
    write_bytes(key, b'e', name.as_bytes());
}

/// Begins a tuple of so many parts.
#[doc(hidden)]
#[inline]
pub fn write_tuple(parts: usize, key: &mut KeyBuffer) {
    write_number(key, b'(', parts as u128);
}

/// A text of several pieces, written as if it were in one piece.
#[inline]
pub(crate) fn write_text(key: &mut KeyBuffer, pieces: &[&str]) {
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    write_number(key, b's', length as u128);
    for piece in pieces {
        key.push(piece.as_bytes());
    }
}

/// A class, a length, and as many bytes.
#[inline]
fn write_bytes(key: &mut KeyBuffer, class: u8, bytes: &[u8]) {
    write_number(key, class, bytes.len() as u128);
    key.push(bytes);
}

/// A class, a count, and as many values.
fn write_many<'v, T: KeyPart + 'v>(
    key: &mut KeyBuffer,
    class: u8,
    values: impl ExactSizeIterator<Item = &'v T>,
) {
    write_number(key, class, values.len() as u128);
    for value in values {
        value.write_key(key);
    }
}
