//! A function's own word on whether its values are to be stored.

use crate::Creation;

/// What a function judges its values by.
pub(super) type Judge<'m, V> = &'m (dyn Fn(&V) -> bool + Send + Sync);

/// What was made, which its creation does not store where `judge` says no.
pub(super) fn judged<V, E>(
    made: Result<V, E>,
    judge: Option<Judge<'_, V>>,
    creation: &Creation<V>,
) -> Result<V, E> {
    made.inspect(|value| {
        if judge.is_some_and(|judge| !judge(value)) {
            creation.do_not_cache();
        }
    })
}
