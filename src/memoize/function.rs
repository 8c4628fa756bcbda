//! A function with a name, and what stands beside it.

mod asynchronous;
mod seeing;

use std::convert::Infallible;
use std::time::Duration;

use dogpile_backend::Terms;

use super::Memo;
use super::name::Name;
use crate::key::{KeyBuffer, KeyPart};
use crate::{Error, Region};

/// A memoized function; see [`Region::memoize`]. `A` is its argument, a tuple where it has several.
///
/// ```
/// use dogpile::{Config, Error, Memory, Region};
/// let ports: Region<u16> = Region::new("ports");
/// ports.configure(Config::new(Memory::unbounded()))?;
///
/// let port = ports.memoize("port", |name: &str| match name {
///     "http" => Ok(80),
///     _ => Err(format!("no service `{name}`")),
/// });
/// assert_eq!(port.try_call("http")?, 80);
/// assert!(matches!(port.try_call("gopher"), Err(Error::Creator(_))));
/// assert_eq!(port.original("http"), Ok(80));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a function does nothing until it is called"]
pub struct Memoized<'r, V: Send + Sync + 'static, A, F> {
    region: &'r Region<V>,
    name: &'r str,
    namespace: &'r str,
    original: F,
    fresh_for: Option<Box<Reckon<'r, A, Duration>>>,
    judge: Option<Box<Reckon<'r, V, bool>>>,
    key: Option<Box<WriteKey<'r, A>>>,
}

/// Reckons something of what it is shown.
type Reckon<'r, T, R> = dyn Fn(&T) -> R + Send + Sync + 'r;

/// Makes the whole key, given the name.
type WriteKey<'r, A> = dyn Fn(Name<'_>, &A, &mut KeyBuffer) + Send + Sync + 'r;

impl<'r, V: Clone + Send + Sync + 'static, A, F> Memoized<'r, V, A, F> {
    pub(super) const fn new(region: &'r Region<V>, name: &'r str, original: F) -> Self {
        Self {
            region,
            name,
            namespace: "",
            original,
            fresh_for: None,
            judge: None,
            key: None,
        }
    }

    /// Keeps it apart from functions of the same name.
    pub fn namespace(mut self, namespace: &'r str) -> Self {
        self.namespace = namespace;
        self
    }

    /// How long its values are fresh; without it the region says.
    pub fn fresh_for(self, span: Duration) -> Self {
        self.fresh_for_each(move |_| span)
    }

    /// The same, by the arguments.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Region};
    /// use std::time::Duration;
    /// let pages: Region<String> = Region::new("pages");
    /// pages.configure(Config::new(Memory::unbounded()))?;
    /// let page = pages
    ///     .memoize("page", |path: String| format!("<h1>{path}</h1>"))
    ///     .fresh_for_each(|path| Duration::from_secs(if path == "/" { 1 } else { 60 }));
    /// assert_eq!(page.call("/".into())?, "<h1>/</h1>");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fresh_for_each(mut self, span: impl Fn(&A) -> Duration + Send + Sync + 'r) -> Self {
        self.fresh_for = Some(Box::new(span));
        self
    }

    /// Values for which this is false go to those who asked and are not stored.
    pub fn should_cache(mut self, judge: impl Fn(&V) -> bool + Send + Sync + 'r) -> Self {
        self.judge = Some(Box::new(judge));
        self
    }

    /// Makes the key of the name and of what `part` makes of the arguments, in place of all of them.
    pub fn key<P: KeyPart>(mut self, part: impl Fn(&A) -> P + Send + Sync + 'r) -> Self {
        self.key = Some(Box::new(move |name, arguments, key| {
            name.write_key(key);
            part(arguments).write_key(key);
        }));
        self
    }

    /// Makes the key of the arguments alone: what `whole` makes of them is all of it, as
    /// [`python`](crate::key::python) does. That it is nobody else's key is up to its maker.
    pub fn raw_key<B: AsRef<[u8]>>(mut self, whole: impl Fn(&A) -> B + Send + Sync + 'r) -> Self {
        self.key = Some(Box::new(move |_, arguments, key| {
            key.push(whole(arguments).as_ref());
        }));
        self
    }

    /// Calls the function itself, without the cache.
    pub fn original<R>(&self, arguments: A) -> R
    where
        F: Fn(A) -> R,
    {
        (self.original)(arguments)
    }
}

/// What asks for the arguments' key.
impl<V: Clone + Send + Sync + 'static, A: KeyPart, F> Memoized<'_, V, A, F> {
    /// One call: its key and its terms.
    fn memo(&self, arguments: &A) -> Memo<'_, V> {
        let mut key = KeyBuffer::new();
        let name = Name::new(self.namespace, self.name);
        match &self.key {
            Some(write) => write(name, arguments, &mut key),
            None => {
                name.write_key(&mut key);
                arguments.write_key(&mut key);
            }
        }
        let mut memo = Memo::new(self.region, key);
        memo.fresh_for = self.fresh_for.as_ref().map(|span| span(arguments));
        memo.judge = self.judge.as_deref();
        memo
    }

    /// The value for these arguments: the region's, or what the function makes.
    ///
    /// # Errors
    /// As [`Region::get_or_create`].
    ///
    /// # Panics
    /// When the function does.
    pub fn call(&self, arguments: A) -> Result<V, Error>
    where
        F: Fn(A) -> V,
    {
        let memo = self.memo(&arguments);
        memo.get_or_create(|| (self.original)(arguments))
    }

    /// The same where the function can fail. Its errors are not stored.
    ///
    /// # Errors
    /// As [`Region::get_or_try_create`].
    ///
    /// # Panics
    /// When the function does.
    pub fn try_call<E: Send + Sync + 'static>(&self, arguments: A) -> Result<V, Error<E>>
    where
        F: Fn(A) -> Result<V, E>,
    {
        let memo = self.memo(&arguments);
        memo.get_or_try_create(|| (self.original)(arguments))
    }

    /// The fresh value for these arguments, if there is one. Calls nothing.
    ///
    /// # Errors
    /// As [`Region::get`].
    pub fn get(&self, arguments: A) -> Result<Option<V>, Error> {
        self.memo(&arguments).get()
    }

    /// Stores `value` for these arguments.
    ///
    /// # Errors
    /// As [`Region::set`].
    pub fn set(&self, arguments: A, value: V) -> Result<(), Error> {
        self.memo(&arguments).set(value)
    }

    /// Stores `value` for these arguments, to go by terms of its own.
    ///
    /// # Errors
    /// As [`Region::set_with`].
    pub fn set_with(&self, arguments: A, value: V, terms: Terms) -> Result<(), Error> {
        self.memo(&arguments).set_with(value, terms)
    }

    /// Removes the value for these arguments: the next call creates.
    ///
    /// # Errors
    /// As [`Region::delete`].
    pub fn invalidate(&self, arguments: A) -> Result<(), Error> {
        self.memo(&arguments).invalidate()
    }

    /// Makes a new value for these arguments, whatever is there.
    ///
    /// # Errors
    /// As [`Region::refresh`].
    ///
    /// # Panics
    /// When the function does.
    pub fn refresh(&self, arguments: A) -> Result<V, Error>
    where
        F: Fn(A) -> V,
    {
        let memo = self.memo(&arguments);
        memo.refresh(|| Ok::<V, Infallible>((self.original)(arguments)))
    }

    /// The same where the function can fail.
    ///
    /// # Errors
    /// As [`Region::refresh`].
    ///
    /// # Panics
    /// When the function does.
    pub fn try_refresh<E: Send + Sync + 'static>(&self, arguments: A) -> Result<V, Error<E>>
    where
        F: Fn(A) -> Result<V, E>,
    {
        let memo = self.memo(&arguments);
        memo.refresh(|| (self.original)(arguments))
    }
}
