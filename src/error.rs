//! What a region's call can end with instead of a value.

use std::any::Any;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dogpile_backend::{StoreError, show_key};

/// Which value of which region an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The region's name.
    pub region: String,
    /// The key as far as it can be shown: escaped, cut after 64 bytes.
    pub key: String,
}

impl Place {
    pub(crate) fn new(region: &str, key: &[u8]) -> Self {
        Self {
            region: region.to_owned(),
            key: show_key(key),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {} of region `{}`", self.key, self.region)
    }
}

/// Why a call has no value. `E` is the creator's own error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error<E = Infallible> {
    /// The region was used before it was configured.
    #[error("region `{region}` is not configured; call `configure` before its first use")]
    NotConfigured {
        /// The region's name.
        region: String,
    },
    /// The creator failed: this call's, or the one that it waited for.
    #[error("the creator failed: {0}")]
    Creator(Arc<E>),
    /// The creator that this call waited for failed with an error of another type.
    #[error("the creator of {place}, in another call, failed with a `{type_name}`")]
    OtherCreator {
        /// Which value.
        place: Place,
        /// The type of its error.
        type_name: &'static str,
        /// Its error; downcast it to that type.
        error: Arc<dyn Any + Send + Sync>,
    },
    /// The creator that this call waited for panicked. In its own call the panic goes on.
    #[error("the creator of {place} panicked: {message}")]
    CreatorPanicked {
        /// Which value.
        place: Place,
        /// What it panicked with, where that was text.
        message: Arc<str>,
    },
    /// The creator in another process failed; its error stayed there.
    #[error("the creator of {place} failed in another process")]
    CreatorFailedElsewhere {
        /// Which value.
        place: Place,
    },
    /// The creator failed a short time ago, here or in another process, and the region leaves it alone
    /// for a while; see [`Config::back_off`](crate::Config::back_off).
    #[error(
        "the creator of {place} failed and is left alone for another {remaining:?}; `refresh` calls it all the same"
    )]
    BackingOff {
        /// Which value.
        place: Place,
        /// For how long it is still left alone.
        remaining: Duration,
    },
    /// Nobody created the value in time.
    #[error(
        "waited {waited:?} for {place}, which is being created; raise the deadline or find out what keeps its creator"
    )]
    Deadline {
        /// Which value.
        place: Place,
        /// How long the call has lasted.
        waited: Duration,
    },
    /// The call waits for a creation that waits for it: its own creator asks for the same key, or
    /// creators ask for each other's.
    #[error(
        "{place} is created by a creator that waits for this very call; let creators not ask for each other's keys in a circle"
    )]
    Cycle {
        /// Which value.
        place: Place,
    },
    /// This call's creator was given to a runner and came to nothing: the job was dropped there, or, after the
    /// [creation limit](crate::Config::creation_limit), another call took its place and went away. Nobody else
    /// creates the value either.
    #[error(
        "the creation of {place} was given to a runner and came to nothing: its job was dropped, or a call that took its place at the creation limit went away; have the runner run each job in time, or hand it back, and ask again"
    )]
    Dropped {
        /// Which value.
        place: Place,
    },
    /// A creator of many values made more or fewer than it was asked for, so that nobody can tell
    /// which are whose. None was stored.
    #[error(
        "the creator for region `{region}` made {made} values for {asked} keys; it has to make one for each, in their order"
    )]
    WrongCount {
        /// The region's name.
        region: String,
        /// For how many keys it was called.
        asked: usize,
        /// How many values it made.
        made: usize,
    },
    /// The value was not set: with the tags that [`Config::tags_of`](crate::Config::tags_of) has for it, it
    /// would have more than eight.
    #[error("{place} has more than 8 tags; use a broader tag in place of several narrow ones")]
    TooManyTags {
        /// Which value.
        place: Place,
    },
    /// The store failed, and the region needs it for this.
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
}

/// The creator's own error is shared, not cloned.
impl<E> Clone for Error<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Creator(error) => Self::Creator(Arc::clone(error)),
            other => other.without_creator(),
        }
    }
}

impl<E> Error<E> {
    /// The same error for callers whose creators fail with something else.
    ///
    /// ```
    /// use dogpile::Error;
    /// let error: Error<String> = Error::NotConfigured { region: "users".into() };
    /// let plain: Error = error.map_creator(|_| unreachable!());
    /// assert!(matches!(plain, Error::NotConfigured { .. }));
    /// ```
    pub fn map_creator<F>(self, map: impl FnOnce(Arc<E>) -> Error<F>) -> Error<F> {
        match self {
            Self::Creator(error) => map(error),
            other => other.without_creator(),
        }
    }

    /// The same where it is not the creator's own.
    fn without_creator<F>(&self) -> Error<F> {
        match self {
            Self::Creator(_) => unreachable!("its kind is asked before"),
            Self::NotConfigured { region } => Error::NotConfigured {
                region: region.clone(),
            },
            Self::OtherCreator {
                place,
                type_name,
                error,
            } => Error::OtherCreator {
                place: place.clone(),
                type_name,
                error: Arc::clone(error),
            },
            Self::CreatorPanicked { place, message } => Error::CreatorPanicked {
                place: place.clone(),
                message: Arc::clone(message),
            },
            Self::CreatorFailedElsewhere { place } => Error::CreatorFailedElsewhere {
                place: place.clone(),
            },
            Self::Deadline { place, waited } => Error::Deadline {
                place: place.clone(),
                waited: *waited,
            },
            Self::BackingOff { place, remaining } => Error::BackingOff {
                place: place.clone(),
                remaining: *remaining,
            },
            Self::Cycle { place } => Error::Cycle {
                place: place.clone(),
            },
            Self::Dropped { place } => Error::Dropped {
                place: place.clone(),
            },
            Self::WrongCount {
                region,
                asked,
                made,
            } => Error::WrongCount {
                region: region.clone(),
                asked: *asked,
                made: *made,
            },
            Self::TooManyTags { place } => Error::TooManyTags {
                place: place.clone(),
            },
            Self::Store(error) => Error::Store(Arc::clone(error)),
        }
    }
}

/// Why a region cannot be configured like that.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It has been configured before.
    #[error("region `{region}` is configured already; a region is configured once")]
    Twice {
        /// The region's name.
        region: String,
    },
    /// A name with a zero byte, which separates it in a store from the names of its tags.
    #[error("region {region:?}: a name must not contain a zero byte; use another separator")]
    Name {
        /// The region's name.
        region: String,
    },
    /// A duration that must not be zero is.
    #[error("region `{region}`: {what} must not be zero; {hint}")]
    Zero {
        /// The region's name.
        region: String,
        /// What is zero.
        what: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
    /// A share that is none.
    #[error("region `{region}`: {what} is {value}; it has to be {expected}")]
    Share {
        /// The region's name.
        region: String,
        /// Which share.
        what: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
}
