#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod adapters;
mod backend;
mod clock;
mod codec;
mod compatibility;
#[cfg(feature = "lz4")]
mod compressed;
#[cfg(feature = "conformance")]
pub mod conformance;
mod encoded;
mod errand;
mod error;
mod gates;
mod guarded;
mod lease;
mod mangle;
mod offloaded;
mod pass;
mod patience;
mod pool;
pub mod proxy;
pub mod record;
mod reply;
mod store;

pub use adapters::{Awaiting, Blocking};
pub use backend::{AsyncBackend, Backend};
pub use clock::{Clock, ManualClock, SystemClock, TimeLine, WakeAt};
#[cfg(feature = "json")]
pub use codec::JsonCodec;
#[cfg(feature = "postcard")]
pub use codec::PostcardCodec;
pub use codec::{Codec, CodecError};
pub use compatibility::Compatibility;
#[cfg(feature = "lz4")]
pub use compressed::Compressed;
pub use dogpile_core::cached_value::{CachedValue, Epoch, Epochs, Metadata, Stamp};
pub use dogpile_core::freshness::{Policy, Verdict};
pub use dogpile_core::terms::{Tag, Tags, Terms, TooManyTags};
pub use dogpile_core::time::{Span, Time};
pub use encoded::Encoded;
pub use error::{Fault, Operation, StoreError, show_key};
pub use guarded::Guarded;
pub use lease::{
    Ask, Bell, Commit, EpochStore, Invalidation, Lease, LeaseStore, Leased, News, Watch,
};
#[cfg(feature = "sha1")]
pub use mangle::Sha1;
pub use mangle::{Identity, KeyBuffer, LengthConditional, Mangle, Prefix};
pub use offloaded::Offloaded;
pub use pass::{after_the_pass, in_one_pass};
pub use patience::Patience;
pub use record::Payload;
pub use reply::{Coming, Reply, TwoWay, block_on};
pub use store::{Local, Store};
