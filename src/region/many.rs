//! Calls about many keys: one flow for each key, side by side, and one creator for all that are to be
//! created.

mod asynchronous;
mod batch;
mod begin;
mod crowd;
mod desk;
mod partial;
mod seeing;

pub(crate) use begin::How;
pub(super) use crowd::all;
pub use partial::Partial;
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::ready;
use std::hash::Hash;

use super::{Creation, Region};
use crate::error::Error;
use crate::flight::block_on;
use batch::Run;

type Mapped<K, V, E> = Result<HashMap<K, V>, Partial<Option<V>, E>>;

impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// The fresh values under `keys`, in their order; `None` where there is none. Never waits for a
    /// creation. A store that is far away is asked for all of them at once.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Region};
    /// let ports: Region<u16> = Region::new("ports");
    /// ports.configure(Config::new(Memory::unbounded()))?;
    /// ports.set_many([("http", 80), ("https", 443)])?;
    /// assert_eq!(ports.get_many(&["https", "gopher", "http"])?, [Some(443), None, Some(80)]);
    /// ports.delete_many(&["http", "https"])?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Partial`] with what [`get`](Self::get) ends with for some of them.
    pub fn get_many<K: AsRef<[u8]> + Sync>(
        &self,
        keys: &[K],
    ) -> Result<Vec<Option<V>>, Partial<Option<V>>> {
        block_on(self.get_many_async(keys))
    }

    /// Stores each value under its key, as [`set`](Self::set) does.
    ///
    /// # Errors
    /// [`Partial`] with what [`set`](Self::set) ends with for some of them; the others are stored.
    pub fn set_many<K: AsRef<[u8]> + Send>(
        &self,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<(), Partial<()>> {
        block_on(self.set_many_async(entries))
    }

    /// Removes what is under `keys`, as [`delete`](Self::delete) does.
    ///
    /// # Errors
    /// [`Partial`] with what [`delete`](Self::delete) ends with for some of them; the others are
    /// removed.
    pub fn delete_many<K: AsRef<[u8]> + Sync>(&self, keys: &[K]) -> Result<(), Partial<()>> {
        block_on(self.delete_many_async(keys))
    }

    /// The values under `keys`, in their order. What is to be created is created by one call of
    /// `creator`, which makes a value for each of the keys that it gets, in their order.
    ///
    /// Each key is created by one call at a time, whoever else asks for it, alone or among others.
    /// What this call won is created, stored and given back before it waits for what others create,
    /// so that calls with the same keys in other orders end. `creator` may be called again, for keys
    /// that others gave up.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Region};
    /// let squares: Region<u64> = Region::new("squares");
    /// squares.configure(Config::new(Memory::unbounded()))?;
    /// squares.set("3", 9)?;
    /// let made = squares.get_or_create_many(&["2", "3", "4"], |keys| {
    ///     assert_eq!(keys, [&"2", &"4"]);
    ///     keys.iter().filter_map(|key| key.parse::<u64>().ok()).map(|n| n * n).collect()
    /// })?;
    /// assert_eq!(made, [4, 9, 16]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Partial`] with what [`get_or_create`](Self::get_or_create) ends with for some of them;
    /// [`Error::WrongCount`] for those for which `creator` made too many values or too few.
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub fn get_or_create_many<K: AsRef<[u8]>>(
        &self,
        keys: &[K],
        mut creator: impl FnMut(&[&K]) -> Vec<V>,
    ) -> Result<Vec<V>, Partial<V>> {
        self.get_or_try_create_many(keys, |keys| Ok::<_, Infallible>(creator(keys)))
    }

    /// [`get_or_create_many`](Self::get_or_create_many) with a creator that can fail; then all keys
    /// for which it was called have its error, and so have those who waited for them.
    ///
    /// # Errors
    /// As [`get_or_create_many`](Self::get_or_create_many), and [`Error::Creator`].
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub fn get_or_try_create_many<K: AsRef<[u8]>, E: Send + Sync + 'static>(
        &self,
        keys: &[K],
        mut creator: impl FnMut(&[&K]) -> Result<Vec<V>, E>,
    ) -> Result<Vec<V>, Partial<V, E>> {
        self.many(keys, How::blocking(), |asked, _| creator(asked).map(each))
            .and_then(|ends| Partial::unless_whole(ends.into_iter().map(there).collect()))
    }

    /// [`get_or_create_many`](Self::get_or_create_many) by name instead of by order, with a creator
    /// that need not have a value for each key: those that it leaves out are not in the answer, and
    /// nothing is stored for them. Who waits for such a key creates by itself.
    ///
    /// ```
    /// use dogpile::{Config, Memory, Region};
    /// use std::collections::HashMap;
    /// let users: Region<&'static str> = Region::new("users");
    /// users.configure(Config::new(Memory::unbounded()))?;
    /// let found = users.get_or_create_map(&[1_u8.to_be_bytes(), 2_u8.to_be_bytes()], |_| {
    ///     HashMap::from([([1], "ann")])
    /// })?;
    /// assert_eq!(found, HashMap::from([([1], "ann")]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`get_or_create_many`](Self::get_or_create_many).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub fn get_or_create_map<K: AsRef<[u8]> + Eq + Hash + Clone>(
        &self,
        keys: &[K],
        mut creator: impl FnMut(&[&K]) -> HashMap<K, V>,
    ) -> Mapped<K, V, Infallible> {
        self.get_or_try_create_map(keys, |keys| Ok::<_, Infallible>(creator(keys)))
    }

    /// [`get_or_create_map`](Self::get_or_create_map) with a creator that can fail.
    ///
    /// # Errors
    /// As [`get_or_try_create_many`](Self::get_or_try_create_many).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub fn get_or_try_create_map<K, E>(
        &self,
        keys: &[K],
        mut creator: impl FnMut(&[&K]) -> Result<HashMap<K, V>, E>,
    ) -> Mapped<K, V, E>
    where
        K: AsRef<[u8]> + Eq + Hash + Clone,
        E: Send + Sync + 'static,
    {
        let run = |asked: &[&K], _: &[Creation<V>]| Ok(by_name(asked, creator(asked)?));
        let ends = self.many(keys, How::blocking(), run);
        mapped(keys, ends.map_err(Partial::without)?)
    }

    fn many<K: AsRef<[u8]>, E: Send + Sync + 'static>(
        &self,
        keys: &[K],
        how: How,
        mut creator: impl FnMut(&[&K], &[Creation<V>]) -> Run<V, E>,
    ) -> Result<Vec<Value<V, E>>, Partial<V, E>> {
        let run = |numbers: &[usize], creations: Vec<Creation<V>>| {
            let asked: Vec<&K> = numbers.iter().map(|number| &keys[*number]).collect();
            ready(creator(&asked, &creations))
        };
        block_on(self.batch(keys, how, run))
    }
}

/// What became of one key: its value or its error, or nothing where no creator had anything.
pub(crate) type Value<V, E> = Option<Result<V, Error<E>>>;

fn each<V>(values: Vec<V>) -> Vec<Option<V>> {
    values.into_iter().map(Some).collect()
}

fn by_name<K: Eq + Hash, V>(asked: &[&K], mut made: HashMap<K, V>) -> Vec<Option<V>> {
    asked.iter().map(|key| made.remove(*key)).collect()
}

/// The value of a creator that makes one for each key.
fn there<V, E>(value: Value<V, E>) -> Result<V, Error<E>> {
    match value {
        Some(value) => value,
        None => unreachable!("each key was created, found, or has an error"),
    }
}

fn mapped<K, V, E>(keys: &[K], values: Vec<Value<V, E>>) -> Mapped<K, V, E>
where
    K: Eq + Hash + Clone,
{
    let answers = values.into_iter().map(Option::transpose).collect();
    let found = Partial::unless_whole(answers)?;
    let named = keys.iter().cloned().zip(found);
    Ok(named
        .filter_map(|(key, value)| Some((key, value?)))
        .collect())
}
