//! What a creation brings to those who waited for it.

use std::any::Any;
use std::sync::Arc;

use dogpile_backend::{CachedValue, Span, StoreError};

/// How a flight ended.
pub(crate) enum Outcome<V> {
    /// With a value.
    Value {
        value: CachedValue<V>,
        /// The store confirmed that nothing superseded it.
        committed: bool,
    },
    /// Without.
    Failed(Shared),
}

/// An error in the form in which callers of other types can have it.
#[derive(Clone)]
pub(crate) enum Shared {
    Creator {
        error: Arc<dyn Any + Send + Sync>,
        type_name: &'static str,
    },
    Panicked(Arc<str>),
    Store(Arc<StoreError>),
    /// It failed before, and was left alone for so long.
    BackingOff(Span),
    Elsewhere,
}
