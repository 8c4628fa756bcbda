//! A value that shall not be stored goes to those who asked as if it were an error: nothing is stored
//! for one, and all who wait get it.

use std::sync::Arc;

use crate::{Answer, Error};

/// What a creator ended with instead of a value to store.
pub(super) enum Ended<V, E> {
    Declined(V),
    Failed(Arc<E>),
}

/// What a function judges its values by.
pub(super) type Judge<'m, V> = &'m (dyn Fn(&V) -> bool + Send + Sync);

/// What `made` is to the region, by `judge`. The caller's own copy goes to `declined`: a stale value
/// that answers for an error shall not answer for it.
pub(super) fn judged<V: Clone, E>(
    made: Result<V, E>,
    judge: Judge<'_, V>,
    declined: &mut Option<V>,
) -> Result<V, Ended<V, E>> {
    match made {
        Ok(value) if judge(&value) => Ok(value),
        Ok(value) => {
            *declined = Some(value.clone());
            Err(Ended::Declined(value))
        }
        Err(error) => Err(Ended::Failed(Arc::new(error))),
    }
}

/// What the call has from the region, or declined itself.
pub(super) fn settled<V: Clone, E>(
    answer: Result<Answer<V>, Error<Ended<V, E>>>,
    declined: Option<V>,
) -> Result<V, Error<E>> {
    let error = match (declined, answer) {
        (Some(value), _) => return Ok(value),
        (None, Ok(answer)) => return Ok(answer.value),
        (None, Err(error)) => error,
    };
    if let Error::Creator(ended) = &error
        && let Ended::Declined(value) = &**ended
    {
        return Ok(value.clone());
    }
    Err(error.map_creator(|ended| match &*ended {
        Ended::Failed(error) => Error::Creator(Arc::clone(error)),
        Ended::Declined(_) => unreachable!("it was returned above"),
    }))
}
