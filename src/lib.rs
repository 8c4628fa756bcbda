#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod chores;
mod clockwork;
mod creator;
mod dogpile;
mod error;
mod failure;
mod flight;
mod keeper;
pub mod key;
mod kit;
pub mod memoize;
#[cfg(feature = "config")]
pub mod named;
mod region;
#[cfg(feature = "sabotage")]
pub mod sabotage;
mod sync;
#[cfg(feature = "minijinja")]
pub mod templates;
#[cfg(feature = "memory")]
mod tiered;

/// For its links alone: what it names has to be there.
#[cfg(all(
    doc,
    feature = "config",
    feature = "file",
    feature = "lz4",
    feature = "macros",
    feature = "memcached",
    feature = "memory",
    feature = "metrics",
    feature = "minijinja",
    feature = "postcard",
    feature = "redis",
    feature = "sha1",
    feature = "toml",
    feature = "tracing"
))]
#[doc = include_str!("../docs/from-dogpile-cache.md")]
pub mod from_dogpile_cache {
    #[allow(unused_imports)] // by the document
    use crate::*;
}

/// What a model of whole regions has in its hand: their time, and a fault to build in.
#[cfg(dogpile_shuttle)]
#[doc(hidden)]
pub mod model {
    pub use crate::kit::build_in;
    pub use crate::sync::time;
    pub use dogpile_core::kit::Fault;
}

pub use dogpile::Dogpile;
pub use dogpile_backend as backend;
#[cfg(any(feature = "memcached", feature = "redis"))]
pub use dogpile_backend::Compatibility;
#[cfg(feature = "lz4")]
pub use dogpile_backend::Compressed;
#[cfg(feature = "json")]
pub use dogpile_backend::JsonCodec;
#[cfg(feature = "postcard")]
pub use dogpile_backend::PostcardCodec;
#[cfg(feature = "sha1")]
pub use dogpile_backend::Sha1;
pub use dogpile_backend::{
    Clock, Invalidation, Mangle, ManualClock, Metadata, SystemClock, Tag, Tags, Terms, TooManyTags,
    Verdict,
};
#[cfg(feature = "file")]
pub use dogpile_file as file;
#[cfg(feature = "file")]
pub use dogpile_file::{File, FileSettings};
#[cfg(feature = "macros")]
pub use dogpile_macros::{KeyPart, cache_many_on_arguments, cache_on_arguments};
#[cfg(feature = "memcached")]
pub use dogpile_memcached as memcached;
#[cfg(feature = "memcached")]
pub use dogpile_memcached::{Memcached, MemcachedSettings};
#[cfg(feature = "memory")]
pub use dogpile_memory::{Eviction, Memory, Null, SerializingMemory};
#[cfg(feature = "redis")]
pub use dogpile_redis as redis;
#[cfg(feature = "redis")]
pub use dogpile_redis::{Redis, RedisSettings};
#[cfg(feature = "sled")]
pub use dogpile_sled as sled;
#[cfg(feature = "sled")]
pub use dogpile_sled::{Sled, SledSettings};
pub use error::{ConfigError, Error, Place};
pub use key::KeyPart;
pub use region::{
    Answer, At, BoxError, Config, Creation, Creations, Histogram, Job, Known, OnStoreFailure,
    Origin, Partial, Region, Statistics,
};
#[cfg(feature = "memory")]
pub use tiered::Tiered;
