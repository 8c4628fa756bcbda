//! The calls whose creator of many values sees each of its creations.

use std::collections::HashMap;
use std::hash::Hash;

use super::asynchronous::asked;
use super::{How, Mapped, Partial, by_name, each, mapped, there};
use crate::region::{Creation, Region};

impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// [`get_or_try_create_many`](Self::get_or_try_create_many) with a creator that gets a view of each
    /// creation beside its keys, in their order: it sees what each replaces, and may say of each value how
    /// long it is fresh, under which tags it stands, and that it is not to be stored.
    ///
    /// ```
    /// use dogpile::{Config, Creation, Memory, Region};
    /// use std::time::Duration;
    /// let tokens: Region<u64> = Region::new("tokens");
    /// tokens.configure(Config::new(Memory::unbounded()))?;
    /// let made = tokens.get_or_try_create_many_with(&["ann", "bob"], |keys, creations| {
    ///     let mut made = Vec::new();
    ///     for (key, creation) in keys.iter().zip(creations) {
    ///         let seconds = if **key == "ann" { 60 } else { 5 }; // as long as each token lasts
    ///         creation.fresh_for(Duration::from_secs(seconds));
    ///         made.push(seconds);
    ///     }
    ///     Ok::<_, std::io::Error>(made)
    /// })?;
    /// assert_eq!(made, [60, 5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`get_or_try_create_many`](Self::get_or_try_create_many).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub fn get_or_try_create_many_with<K: AsRef<[u8]>, E: Send + Sync + 'static>(
        &self,
        keys: &[K],
        mut creator: impl FnMut(&[&K], &[Creation<V>]) -> Result<Vec<V>, E>,
    ) -> Result<Vec<V>, Partial<V, E>> {
        let run = |asked: &[&K], creations: &[Creation<V>]| creator(asked, creations).map(each);
        let ends = self.many(keys, How::blocking().seeing(true), run)?;
        Partial::unless_whole(ends.into_iter().map(there).collect())
    }

    /// [`get_or_try_create_many_with`](Self::get_or_try_create_many_with) for tasks.
    ///
    /// # Errors
    /// As [`get_or_try_create_many`](Self::get_or_try_create_many).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub async fn get_or_try_create_many_with_async<K: AsRef<[u8]> + Clone, E, F>(
        &self,
        keys: &[K],
        mut creator: impl FnMut(Vec<K>, Vec<Creation<V>>) -> F,
    ) -> Result<Vec<V>, Partial<V, E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<Vec<V>, E>>,
    {
        let run = |numbers: &[usize], creations| {
            let made = creator(asked(keys, numbers), creations);
            async { made.await.map(each) }
        };
        let ends = self.batch(keys, How::for_tasks().seeing(true), run).await?;
        Partial::unless_whole(ends.into_iter().map(there).collect())
    }

    /// [`get_or_try_create_map`](Self::get_or_try_create_map) with a creator that gets a view of each
    /// creation beside its keys, as in
    /// [`get_or_try_create_many_with`](Self::get_or_try_create_many_with).
    ///
    /// # Errors
    /// As [`get_or_try_create_many`](Self::get_or_try_create_many).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub fn get_or_try_create_map_with<K, E>(
        &self,
        keys: &[K],
        mut creator: impl FnMut(&[&K], &[Creation<V>]) -> Result<HashMap<K, V>, E>,
    ) -> Mapped<K, V, E>
    where
        K: AsRef<[u8]> + Eq + Hash + Clone,
        E: Send + Sync + 'static,
    {
        let run = |asked: &[&K], creations: &[Creation<V>]| {
            Ok(by_name(asked, creator(asked, creations)?))
        };
        let ends = self.many(keys, How::blocking().seeing(true), run);
        mapped(keys, ends.map_err(Partial::without)?)
    }

    /// [`get_or_try_create_map_with`](Self::get_or_try_create_map_with) for tasks.
    ///
    /// # Errors
    /// As [`get_or_try_create_many`](Self::get_or_try_create_many).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub async fn get_or_try_create_map_with_async<K, E, F>(
        &self,
        keys: &[K],
        mut creator: impl FnMut(Vec<K>, Vec<Creation<V>>) -> F,
    ) -> Mapped<K, V, E>
    where
        K: AsRef<[u8]> + Eq + Hash + Clone,
        E: Send + Sync + 'static,
        F: Future<Output = Result<HashMap<K, V>, E>>,
    {
        let run = |numbers: &[usize], creations| {
            let asked = asked(keys, numbers);
            let made = creator(asked.clone(), creations);
            async move {
                let made = made.await?;
                Ok(by_name(&asked.iter().collect::<Vec<_>>(), made))
            }
        };
        let ends = self.batch(keys, How::for_tasks().seeing(true), run).await;
        mapped(keys, ends.map_err(Partial::without)?)
    }
}
