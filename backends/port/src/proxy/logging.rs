//! A store's operations, said to `tracing`.

use super::observer::{Answered, Observer};
use crate::show_key;

/// Says every operation to `tracing` once it has its answer, with the target `dogpile`: at `debug` what came
/// of it, at `warn` that it failed. Keys are shown escaped and cut after 64 bytes; values are never said.
/// Feature `tracing`. While nobody listens an event costs next to nothing.
///
/// ```
/// # use dogpile_backend::{Backend, CachedValue, Span, StoreError};
/// # struct Files;
/// # impl Backend<u64> for Files {
/// #     fn get(&self, _: &[u8]) -> Result<Option<CachedValue<u64>>, StoreError> { Ok(None) }
/// #     fn set(&self, _: &[u8], _: CachedValue<u64>, _: Span) -> Result<(), StoreError> { Ok(()) }
/// #     fn delete(&self, _: &[u8]) -> Result<(), StoreError> { Ok(()) }
/// # }
/// use dogpile_backend::proxy::{Logging, Observed, Wrap};
/// use dogpile_backend::{Blocking, Store};
/// let store = Blocking::new(Files).wrap(Observed::by(Logging));
/// store.get(b"key").wait()?; // store answered backend="Files" call=get key="\"key\"" outcome=absent seconds=..
/// # Ok::<(), StoreError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Logging;

impl Observer for Logging {
    fn answered(&self, answered: &Answered<'_>) {
        let seconds = answered.took.map(|took| took.as_secs_f64());
        let (backend, call) = (answered.backend, answered.call);
        match answered.outcome {
            Ok(outcome) => tracing::debug!(
                target: "dogpile",
                backend,
                %call,
                key = show_key(answered.key),
                %outcome,
                seconds,
                "store answered"
            ),
            Err(error) => tracing::warn!(
                target: "dogpile",
                backend,
                %call,
                key = show_key(answered.key),
                error = error.source.to_string(),
                seconds,
                "store failed"
            ),
        }
    }
}
