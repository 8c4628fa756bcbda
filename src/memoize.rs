//! Memoized functions: what a function made of its arguments, kept in a region under a key that they
//! write.
//!
//! [`Region::memoize`] gives a function a name and the companions `get`, `set`, `invalidate`,
//! `refresh` and `original`. The attributes `cache_on_arguments` and `cache_many_on_arguments` (feature
//! `macros`) expand to one [`Memo`], or one [`MemoMany`], for each call: there is one implementation.
//!
//! ```
//! use dogpile::{Config, Memory, Region, cache_many_on_arguments, cache_on_arguments};
//!
//! static LENGTHS: Region<usize> = Region::new("lengths");
//!
//! #[cache_on_arguments(region = LENGTHS, namespace = "texts", should_cache = |length| *length > 0)]
//! fn length(text: &str) -> usize {
//!     text.len()
//! }
//!
//! #[cache_many_on_arguments(region = LENGTHS)]
//! fn lengths(texts: &[&str], times: usize) -> Vec<usize> {
//!     texts.iter().map(|text| text.len() * times).collect()
//! }
//!
//! struct Shop(Region<usize>);
//!
//! impl Shop {
//!     #[cache_on_arguments(region = self.0, skip(scale))]
//!     async fn weight(&self, id: u64, scale: &dyn Fn(u64) -> usize) -> Result<usize, String> {
//!         Ok(scale(id))
//!     }
//! }
//!
//! LENGTHS.configure(Config::new(Memory::unbounded()))?;
//! assert_eq!(length("four"), 4);
//! assert_eq!(length::get("four")?, Some(4));
//! assert_eq!(lengths(&["a", "bc"], 2), [2, 4]);
//! lengths::invalidate(&["a"], 2)?;
//! assert_eq!(lengths::get(&["a", "bc"], 2)?, [None, Some(4)]);
//!
//! let shop = Shop(LENGTHS.clone());
//! let scale = |id| id as usize * 10;
//! dogpile::backend::block_on(async {
//!     assert_eq!(shop.weight(1, &scale).await.ok(), Some(10));
//!     assert_eq!(shop.weight_get(1).await.ok(), Some(Some(10)));
//! });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The key is the name and the arguments, each by its [`KeyPart`]: different names and different
//! arguments never meet. `docs/keys.md` specifies the bytes.

mod fallible;
mod function;
mod judge;
mod many;
mod memo;
mod memo_async;
mod name;
mod shape;

pub use fallible::Fallible;
pub use function::Memoized;
pub use many::MemoMany;
pub use memo::Memo;
pub use name::Name;
pub use shape::Shape;

use crate::key::{KeyBuffer, KeyPart};
use crate::{Creation, Region};

/// What a key function of many elements makes of one of them. The attributes call it so that a closure
/// need not say what it takes.
#[doc(hidden)]
pub fn made_of<'e, T: ?Sized, P>(make: impl FnOnce(&'e T) -> P, element: &'e T) -> P {
    make(element)
}

/// Memoized functions.
impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// A function whose values are kept in this region, each under its arguments.
    ///
    /// A function of several arguments takes them as a tuple. It can be async, or fail, or both; what
    /// it is called by says which.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Region};
    /// use std::time::Duration;
    /// static NAMES: Region<String> = Region::new("names");
    /// NAMES.configure(Config::new(Memory::unbounded()))?;
    ///
    /// let name = NAMES
    ///     .memoize("name", |(id, lang): (u64, &str)| format!("{lang} user {id}"))
    ///     .namespace("profile")
    ///     .fresh_for(Duration::from_secs(60));
    /// assert_eq!(name.call((42, "en"))?, "en user 42");
    /// assert_eq!(name.get((42, "en"))?.as_deref(), Some("en user 42"));
    /// name.set((42, "en"), "Ann".to_owned())?;
    /// assert_eq!(name.call((42, "en"))?, "Ann");
    /// name.invalidate((42, "en"))?;
    /// assert_eq!(name.call((42, "en"))?, "en user 42");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn memoize<'r, A, R, F: Fn(A) -> R>(
        &'r self,
        name: &'r str,
        original: F,
    ) -> Memoized<'r, V, A, F> {
        Memoized::new(self, name, original)
    }

    /// [`memoize`](Self::memoize) for a function that sees the value that it replaces, and may say of its own
    /// how long it is fresh, under which tags it stands, and that it is not to be stored: it gets its
    /// [`Creation`] beside its arguments. It is called by the forms `_with`.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Region};
    /// use std::time::Duration;
    /// let tokens: Region<String> = Region::new("tokens");
    /// tokens.configure(Config::new(Memory::unbounded()))?;
    /// let token = tokens.memoize_with("token", |user: u64, creation| {
    ///     creation.fresh_for(Duration::from_secs(300)); // as long as it lasts
    ///     format!("token of {user}")
    /// });
    /// assert_eq!(token.call_with(42)?, "token of 42");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn memoize_with<'r, A, R, F: Fn(A, Creation<V>) -> R>(
        &'r self,
        name: &'r str,
        original: F,
    ) -> Memoized<'r, V, A, F> {
        Memoized::new(self, name, original)
    }

    /// One call of a memoized function: the name and the arguments are its key.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Region, memoize::Name};
    /// let squares: Region<u64> = Region::new("squares");
    /// squares.configure(Config::new(Memory::unbounded()))?;
    /// let three = || squares.memo(Name::new("maths", "square"), &(3,));
    /// assert_eq!(three().get_or_create(|| 9)?, 9);
    /// assert_eq!(three().get()?, Some(9));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn memo(&self, name: Name<'_>, arguments: &(impl KeyPart + ?Sized)) -> Memo<'_, V> {
        let mut key = KeyBuffer::new();
        name.write_key(&mut key);
        arguments.write_key(&mut key);
        Memo::new(self, key)
    }

    /// The same under a whole key of one's own, as [`python`](crate::key::python) makes them. That it
    /// is nobody else's key is up to its maker.
    #[inline]
    pub fn memo_raw(&self, raw_key: impl AsRef<[u8]>) -> Memo<'_, V> {
        let mut key = KeyBuffer::new();
        key.push(raw_key.as_ref());
        Memo::new(self, key)
    }

    /// One call of a memoized function of many elements, each of which has its own value under the key
    /// that `write` makes of it. Begin it with a [`Name`].
    ///
    /// ```
    /// use dogpile::{Config, KeyPart, Memory, Region, key::KeyBuffer, memoize::Name};
    /// let squares: Region<u64> = Region::new("squares");
    /// squares.configure(Config::new(Memory::unbounded()))?;
    /// let write = |element: &u64, key: &mut KeyBuffer| {
    ///     Name::new("maths", "square").write_key(key);
    ///     (element,).write_key(key);
    /// };
    /// squares.memo_set_many([(2, 4)], write)?;
    /// let made = squares.memo_many(&[2, 3], write).get_or_create(|missing| {
    ///     assert_eq!(missing, [3]);
    ///     vec![9]
    /// })?;
    /// assert_eq!(made, [4, 9]);
    /// assert_eq!(squares.memo(Name::new("maths", "square"), &(3,)).get()?, Some(9));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn memo_many<'m, T>(
        &'m self,
        elements: &'m [T],
        write: impl Fn(&T, &mut KeyBuffer),
    ) -> MemoMany<'m, V, T> {
        MemoMany::new(self, elements, write)
    }
}
