//! What a call about many keys ends with when some of them have no answer.

use std::convert::Infallible;
use std::fmt;

use crate::error::Error;

/// Some keys have an answer, and some an error. Nothing is lost: each key's is here.
///
/// ```
/// use dogpile::{Config, Memory, Region};
/// let ports: Region<u16> = Region::new("ports");
/// ports.configure(Config::new(Memory::unbounded()))?;
/// ports.set("http", 80)?;
/// let asked = ports.get_or_try_create_many(&["http", "gopher"], |_| Err("no such list"));
/// let partial = asked.expect_err("one of them cannot be created");
/// assert_eq!(partial.answers[0].as_ref().ok(), Some(&80));
/// assert_eq!(partial.to_string(), "1 of 2 keys: the creator failed: no such list");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Partial<T, E = Infallible> {
    /// What became of each key, in the order in which they were given.
    pub answers: Vec<Result<T, Error<E>>>,
}

impl<T, E> Partial<T, E> {
    /// All answers, if there are no errors.
    pub(crate) fn unless_whole(answers: Vec<Result<T, Error<E>>>) -> Result<Vec<T>, Self> {
        if answers.iter().any(Result::is_err) {
            return Err(Self { answers });
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// The same for calls whose keys may have no value.
    pub(crate) fn without(self) -> Partial<Option<T>, E> {
        let answers = self.answers.into_iter().map(|answer| answer.map(Some));
        Partial {
            answers: answers.collect(),
        }
    }

    /// The numbers of the keys that have an error, and the errors.
    pub fn errors(&self) -> impl Iterator<Item = (usize, &Error<E>)> {
        let numbered = self.answers.iter().enumerate();
        numbered.filter_map(|(number, answer)| Some((number, answer.as_ref().err()?)))
    }
}

impl<T, E: fmt::Display> fmt::Display for Partial<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failed, all) = (self.errors().count(), self.answers.len());
        write!(f, "{failed} of {all} keys")?;
        match self.errors().next() {
            Some((_, first)) => write!(f, ": {first}"),
            None => Ok(()),
        }
    }
}

impl<T: fmt::Debug, E: fmt::Debug + fmt::Display> std::error::Error for Partial<T, E> {}
