//! One call of a memoized function of many elements: each has its own key, and the function makes
//! what is missing at once.

mod asynchronous;

use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use dogpile_backend::Terms;

use super::Shape;
use super::judge::Judge;
use crate::flight::block_on;
use crate::key::KeyBuffer;
use crate::region::{How, Value};
use crate::{Creation, Partial, Region};

type Key = Box<[u8]>;

/// One call of a memoized function of many elements; see [`Region::memo_many`].
#[must_use = "it does nothing until it is asked for its values"]
pub struct MemoMany<'m, V: Send + Sync + 'static, T> {
    region: &'m Region<V>,
    elements: &'m [T],
    keys: Vec<Key>,
    fresh_for: Option<Duration>,
    judge: Option<Judge<'m, V>>,
}

impl<'m, V: Clone + Send + Sync + 'static, T> MemoMany<'m, V, T> {
    pub(super) fn new(
        region: &'m Region<V>,
        elements: &'m [T],
        write: impl Fn(&T, &mut KeyBuffer),
    ) -> Self {
        Self {
            keys: keys(elements.iter(), write),
            region,
            elements,
            fresh_for: None,
            judge: None,
        }
    }

    /// How long a value is fresh for this call; without it the region says.
    pub const fn fresh_for(mut self, span: Duration) -> Self {
        self.fresh_for = Some(span);
        self
    }

    /// Values for which `judge` is false go to those who asked and are not stored.
    pub const fn should_cache(mut self, judge: &'m (dyn Fn(&V) -> bool + Send + Sync)) -> Self {
        self.judge = Some(judge);
        self
    }

    /// The fresh values, in the order of the elements; `None` where there is none.
    ///
    /// # Errors
    /// As [`Region::get_many`].
    pub fn get(self) -> Result<Vec<Option<V>>, Partial<Option<V>>> {
        match self.fresh_for {
            None => self.region.get_many(&self.keys),
            Some(span) => block_on(self.region.get_many_within(&self.keys, span)),
        }
    }

    /// Removes the values: the next call creates.
    ///
    /// # Errors
    /// As [`Region::delete_many`].
    pub fn invalidate(self) -> Result<(), Partial<()>> {
        self.region.delete_many(&self.keys)
    }

    /// The values, with what is missing made by one call of `original`, which gets the missing elements
    /// in their order; it is called again for elements that others gave up.
    ///
    /// # Errors
    /// As [`Region::get_or_create_many`].
    ///
    /// # Panics
    /// When `original` does.
    pub fn get_or_create<R: Shape<T, V>>(
        self,
        mut original: impl FnMut(&[T]) -> R,
    ) -> Result<R, Partial<Option<V>>>
    where
        T: Clone,
    {
        self.get_or_try_create(|missing| Ok::<R, Infallible>(original(missing)))
    }

    /// The same with a function that can fail. Its errors are not stored.
    ///
    /// # Errors
    /// As [`Region::get_or_try_create_many`].
    ///
    /// # Panics
    /// When `original` does.
    pub fn get_or_try_create<R: Shape<T, V>, E: Send + Sync + 'static>(
        self,
        mut original: impl FnMut(&[T]) -> Result<R, E>,
    ) -> Result<R, Partial<Option<V>, E>>
    where
        T: Clone,
    {
        self.ask(self.how(), |missing, _| original(missing))
    }

    /// [`get_or_try_create`](Self::get_or_try_create) with a function that gets a view of each creation beside
    /// the missing elements, in their order; see [`Region::get_or_try_create_many_with`].
    ///
    /// # Errors
    /// As [`Region::get_or_try_create_many`].
    ///
    /// # Panics
    /// When `original` does.
    pub fn get_or_try_create_with<R: Shape<T, V>, E: Send + Sync + 'static>(
        self,
        original: impl FnMut(&[T], &[Creation<V>]) -> Result<R, E>,
    ) -> Result<R, Partial<Option<V>, E>>
    where
        T: Clone,
    {
        self.ask(self.how().seeing(true), original)
    }

    fn ask<R: Shape<T, V>, E: Send + Sync + 'static>(
        &self,
        how: How,
        mut original: impl FnMut(&[T], &[Creation<V>]) -> Result<R, E>,
    ) -> Result<R, Partial<Option<V>, E>>
    where
        T: Clone,
    {
        let run = |numbers: &[usize], creations: Vec<Creation<V>>| {
            let missing = self.asked(numbers);
            let made = original(&missing, &creations).map(|made| made.into_values(&missing));
            ready(made.inspect(|made| self.weigh(made, &creations)))
        };
        let ends = block_on(self.region.batch(&self.keys, how, run));
        self.answer(ends)
    }

    /// The values, whatever becomes of the region: where one of them cannot be had, what `original`
    /// makes of all elements, which then is not stored. With the feature `tracing` that is said at `warn`; of
    /// a region that is not configured, once.
    ///
    /// # Panics
    /// When `original` does.
    pub fn get_or_original<R: Shape<T, V>>(self, mut original: impl FnMut(&[T]) -> R) -> R
    where
        T: Clone,
    {
        let (region, elements) = (self.region, self.elements);
        self.get_or_create(&mut original).unwrap_or_else(|partial| {
            region.runs_uncached(&partial);
            original(elements)
        })
    }

    /// [`get_or_original`](Self::get_or_original) with a function as for
    /// [`get_or_try_create_with`](Self::get_or_try_create_with). Where nothing is stored it gets
    /// [`Creation::uncached`].
    ///
    /// # Panics
    /// When `original` does.
    pub fn get_or_original_with<R: Shape<T, V>>(
        self,
        mut original: impl FnMut(&[T], &[Creation<V>]) -> R,
    ) -> R
    where
        T: Clone,
    {
        let (region, elements) = (self.region, self.elements);
        let sure = |missing: &[T], creations: &[Creation<V>]| {
            Ok::<R, Infallible>(original(missing, creations))
        };
        self.get_or_try_create_with(sure).unwrap_or_else(|partial| {
            region.runs_uncached(&partial);
            original(elements, &uncached(elements.len()))
        })
    }

    /// Has `original` make all of them anew, each once, whatever is there: it supersedes who creates them now,
    /// as [`Region::refresh`] does.
    ///
    /// # Errors
    /// As [`Region::get_or_try_create_many`].
    ///
    /// # Panics
    /// When `original` does.
    pub fn refresh<R: Shape<T, V>, E: Send + Sync + 'static>(
        self,
        mut original: impl FnMut(&[T]) -> Result<R, E>,
    ) -> Result<R, Partial<Option<V>, E>>
    where
        T: Clone,
    {
        let how = self.how().refreshing();
        self.ask(how, |elements, _| original(elements))
    }

    /// [`refresh`](Self::refresh) with a function as for
    /// [`get_or_try_create_with`](Self::get_or_try_create_with). It looks at nothing, so there are no values
    /// that it replaces.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    ///
    /// # Panics
    /// When `original` does.
    pub fn refresh_with<R: Shape<T, V>, E: Send + Sync + 'static>(
        self,
        original: impl FnMut(&[T], &[Creation<V>]) -> Result<R, E>,
    ) -> Result<R, Partial<Option<V>, E>>
    where
        T: Clone,
    {
        let how = self.how().seeing(true).refreshing();
        self.ask(how, original)
    }

    /// How its calls are made: what a judge declines is said to the creations.
    const fn how(&self) -> How {
        let how = How::blocking().within(self.fresh_for);
        how.seeing(self.judge.is_some())
    }

    fn asked(&self, numbers: &[usize]) -> Vec<T>
    where
        T: Clone,
    {
        let elements = numbers.iter().map(|number| self.elements[*number].clone());
        elements.collect()
    }

    /// Has the creations store what is to be stored of what was made.
    fn weigh(&self, made: &[Option<V>], creations: &[Creation<V>]) {
        let Some(judge) = self.judge else {
            return;
        };
        for (value, creation) in made.iter().zip(creations) {
            if value.as_ref().is_some_and(|value| !judge(value)) {
                creation.do_not_cache();
            }
        }
    }

    fn answer<R: Shape<T, V>, E>(
        &self,
        ends: Result<Vec<Value<V, E>>, Partial<V, E>>,
    ) -> Result<R, Partial<Option<V>, E>> {
        let answers = ends.map_err(Partial::without)?.into_iter();
        let values = Partial::unless_whole(answers.map(Option::transpose).collect())?;
        Ok(R::of_values(self.elements, values))
    }
}

/// What is stored from outside, in place of what the function would make.
impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// Stores values of a memoized function of many elements: each under the key that `write` makes of
    /// its element, as for [`memo_many`](Self::memo_many).
    ///
    /// # Errors
    /// As [`Region::set_many`].
    pub fn memo_set_many<T>(
        &self,
        entries: impl IntoIterator<Item = (T, V)>,
        write: impl Fn(&T, &mut KeyBuffer),
    ) -> Result<(), Partial<()>> {
        let plain = entries.into_iter();
        let entries = plain.map(|(element, value)| (element, value, Terms::NONE));
        self.memo_set_many_with(entries, write)
    }

    /// The same for values that go by terms of their own, each by those beside it.
    ///
    /// # Errors
    /// As [`Region::set_many_with`].
    pub fn memo_set_many_with<T>(
        &self,
        entries: impl IntoIterator<Item = (T, V, Terms)>,
        write: impl Fn(&T, &mut KeyBuffer),
    ) -> Result<(), Partial<()>> {
        self.set_many_with(keyed(entries, write))
    }
}

/// Views of so many creations that no call of ours is behind.
fn uncached<V>(count: usize) -> Vec<Creation<V>> {
    (0..count).map(|_| Creation::uncached()).collect()
}

fn keys<'t, T: 't>(
    elements: impl Iterator<Item = &'t T>,
    write: impl Fn(&T, &mut KeyBuffer),
) -> Vec<Key> {
    let mut buffer = KeyBuffer::new();
    let mut key = |element| {
        buffer.clear();
        write(element, &mut buffer);
        buffer.as_bytes().into()
    };
    elements.map(&mut key).collect()
}

fn keyed<T, V>(
    entries: impl IntoIterator<Item = (T, V, Terms)>,
    write: impl Fn(&T, &mut KeyBuffer),
) -> Vec<(Key, V, Terms)> {
    let mut buffer = KeyBuffer::new();
    let keyed = |(element, value, terms)| {
        buffer.clear();
        write(&element, &mut buffer);
        (buffer.as_bytes().into(), value, terms)
    };
    entries.into_iter().map(keyed).collect()
}
