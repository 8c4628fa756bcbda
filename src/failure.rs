//! What kept a call from having a value, and the error that it becomes.

use std::any::Any;
use std::panic::resume_unwind;
use std::sync::Arc;

use dogpile_backend::{Span, StoreError};
use dogpile_core::flow::Trouble;

use crate::error::{Error, Place};
use crate::flight::Shared;

pub(crate) enum Failure<E> {
    /// This call's creator failed.
    Own(Arc<E>),
    /// The creation that this call waited for did.
    Shared(Shared),
    /// This call's creator panicked.
    Panic(Box<dyn Any + Send>),
    /// The store did not answer.
    Store(Arc<StoreError>),
}

impl<E: Send + Sync + 'static> Failure<E> {
    /// Whether this call's creator was called and failed.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self, Self::Own(_) | Self::Panic(_))
    }

    /// The form in which those who wait can have it.
    pub(crate) fn shared(&self) -> Shared {
        match self {
            Self::Own(error) => Shared::Creator {
                error: Arc::clone(error) as _,
                type_name: std::any::type_name::<E>(),
            },
            Self::Panic(panic) => Shared::Panicked(message(&**panic).into()),
            Self::Store(error) => Shared::Store(Arc::clone(error)),
            Self::Shared(shared) => shared.clone(),
        }
    }
}

/// The error of a call that ends in `trouble`. Its own creator's panic goes on from here.
pub(crate) fn error<E: Send + Sync + 'static>(
    trouble: Trouble,
    failure: Option<Failure<E>>,
    place: Place,
    waited: Span,
) -> Error<E> {
    match (trouble, failure) {
        (Trouble::Deadline, _) => Error::Deadline {
            place,
            waited: waited.to_duration(),
        },
        (Trouble::Cycle, _) => Error::Cycle { place },
        (Trouble::Dropped, _) => Error::Dropped { place },
        (_, Some(Failure::Own(error))) => Error::Creator(error),
        (_, Some(Failure::Store(error))) => Error::Store(error),
        (_, Some(Failure::Panic(panic))) => resume_unwind(panic),
        (_, Some(Failure::Shared(shared))) => shared_error(shared, place),
        (_, None) => Error::CreatorFailedElsewhere { place },
    }
}

fn shared_error<E: Send + Sync + 'static>(shared: Shared, place: Place) -> Error<E> {
    match shared {
        Shared::Creator { error, type_name } => match error.downcast::<E>() {
            Ok(error) => Error::Creator(error),
            Err(error) => Error::OtherCreator {
                place,
                type_name,
                error,
            },
        },
        Shared::Panicked(message) => Error::CreatorPanicked { place, message },
        Shared::Store(error) => Error::Store(error),
        Shared::BackingOff(remaining) => Error::BackingOff {
            place,
            remaining: remaining.to_duration(),
        },
        Shared::Elsewhere => Error::CreatorFailedElsewhere { place },
    }
}

/// What a creator panicked with, where that was text.
pub(crate) fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no text)")
}
