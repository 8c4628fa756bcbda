//! The same calls for tasks. Their creators get keys of their own: a future outlives what it borrows.

use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::Hash;
use std::time::Duration;

use dogpile_backend::Terms;

use super::crowd::all;
use super::{How, Mapped, Partial, each, mapped, there};
use crate::error::Error;
use crate::region::Region;

impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// [`get_many`](Self::get_many) for tasks.
    ///
    /// # Errors
    /// As [`get_many`](Self::get_many).
    pub async fn get_many_async<K: AsRef<[u8]> + Sync>(
        &self,
        keys: &[K],
    ) -> Result<Vec<Option<V>>, Partial<Option<V>>> {
        let get = |number: usize| self.get_async(keys[number].as_ref());
        Partial::unless_whole(all(keys.len(), |number| Box::pin(get(number))).await)
    }

    /// The same for a call that says itself how long a value is fresh.
    pub(crate) async fn get_many_within<K: AsRef<[u8]> + Sync>(
        &self,
        keys: &[K],
        fresh_for: Duration,
    ) -> Result<Vec<Option<V>>, Partial<Option<V>>> {
        let get = |number: usize| async move {
            let at = self.at(keys[number].as_ref()).fresh_for(fresh_for);
            Ok(at.get_async().await?.map(|answer| answer.value))
        };
        Partial::unless_whole(all(keys.len(), |number| Box::pin(get(number))).await)
    }

    /// [`set_many`](Self::set_many) for tasks.
    ///
    /// # Errors
    /// As [`set_many`](Self::set_many).
    pub async fn set_many_async<K: AsRef<[u8]> + Send>(
        &self,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<(), Partial<()>> {
        let plain = entries.into_iter();
        let entries = plain.map(|(key, value)| (key, value, Terms::NONE));
        self.set_many_with_async(entries).await
    }

    /// [`set_many_with`](Self::set_many_with) for tasks.
    ///
    /// # Errors
    /// As [`set_many_with`](Self::set_many_with).
    pub async fn set_many_with_async<K: AsRef<[u8]> + Send>(
        &self,
        entries: impl IntoIterator<Item = (K, V, Terms)>,
    ) -> Result<(), Partial<()>> {
        let mut entries: Vec<_> = entries.into_iter().map(Some).collect();
        let count = entries.len();
        let mut set = |number: usize| {
            let entry = entries[number].take();
            async move {
                match entry {
                    Some((key, value, terms)) => self.set_with_async(key, value, terms).await,
                    None => unreachable!("each is stored once"),
                }
            }
        };
        done(all(count, |number| Box::pin(set(number))).await)
    }

    /// [`delete_many`](Self::delete_many) for tasks.
    ///
    /// # Errors
    /// As [`delete_many`](Self::delete_many).
    pub async fn delete_many_async<K: AsRef<[u8]> + Sync>(
        &self,
        keys: &[K],
    ) -> Result<(), Partial<()>> {
        let delete = |number: usize| self.delete_async(keys[number].as_ref());
        done(all(keys.len(), |number| Box::pin(delete(number))).await)
    }

    /// [`get_or_create_many`](Self::get_or_create_many) for tasks. Dropping the future cancels the
    /// call: for each key a waiter takes its place, or the key is free.
    ///
    /// # Errors
    /// As [`get_or_create_many`](Self::get_or_create_many).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub async fn get_or_create_many_async<K: AsRef<[u8]> + Clone, F>(
        &self,
        keys: &[K],
        mut creator: impl FnMut(Vec<K>) -> F,
    ) -> Result<Vec<V>, Partial<V>>
    where
        F: Future<Output = Vec<V>>,
    {
        let creator = |keys| {
            let made = creator(keys);
            async { Ok::<_, Infallible>(made.await) }
        };
        self.get_or_try_create_many_async(keys, creator).await
    }

    /// [`get_or_try_create_many`](Self::get_or_try_create_many) for tasks.
    ///
    /// # Errors
    /// As [`get_or_try_create_many`](Self::get_or_try_create_many).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub async fn get_or_try_create_many_async<K: AsRef<[u8]> + Clone, E, F>(
        &self,
        keys: &[K],
        mut creator: impl FnMut(Vec<K>) -> F,
    ) -> Result<Vec<V>, Partial<V, E>>
    where
        E: Send + Sync + 'static,
        F: Future<Output = Result<Vec<V>, E>>,
    {
        let run = |numbers: &[usize], _| {
            let made = creator(asked(keys, numbers));
            async { made.await.map(each) }
        };
        let ends = self.batch(keys, How::for_tasks(), run).await?;
        Partial::unless_whole(ends.into_iter().map(there).collect())
    }

    /// [`get_or_create_map`](Self::get_or_create_map) for tasks.
    ///
    /// # Errors
    /// As [`get_or_create_map`](Self::get_or_create_map).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub async fn get_or_create_map_async<K, F>(
        &self,
        keys: &[K],
        mut creator: impl FnMut(Vec<K>) -> F,
    ) -> Mapped<K, V, Infallible>
    where
        K: AsRef<[u8]> + Eq + Hash + Clone,
        F: Future<Output = HashMap<K, V>>,
    {
        let creator = |keys| {
            let made = creator(keys);
            async { Ok::<_, Infallible>(made.await) }
        };
        self.get_or_try_create_map_async(keys, creator).await
    }

    /// [`get_or_try_create_map`](Self::get_or_try_create_map) for tasks.
    ///
    /// # Errors
    /// As [`get_or_try_create_map`](Self::get_or_try_create_map).
    ///
    /// # Panics
    /// When this call's own creator does, after those who wait have been told.
    pub async fn get_or_try_create_map_async<K, E, F>(
        &self,
        keys: &[K],
        mut creator: impl FnMut(Vec<K>) -> F,
    ) -> Mapped<K, V, E>
    where
        K: AsRef<[u8]> + Eq + Hash + Clone,
        E: Send + Sync + 'static,
        F: Future<Output = Result<HashMap<K, V>, E>>,
    {
        let run = |numbers: &[usize], _| {
            let asked = asked(keys, numbers);
            let made = creator(asked.clone());
            async move {
                let mut made = made.await?;
                Ok(asked.iter().map(|key| made.remove(key)).collect())
            }
        };
        let ends = self.batch(keys, How::for_tasks(), run).await;
        mapped(keys, ends.map_err(Partial::without)?)
    }
}

pub(super) fn asked<K: Clone>(keys: &[K], numbers: &[usize]) -> Vec<K> {
    numbers.iter().map(|number| keys[*number].clone()).collect()
}

fn done(answers: Vec<Result<(), Error>>) -> Result<(), Partial<()>> {
    Partial::unless_whole(answers).map(drop)
}
