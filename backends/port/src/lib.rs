#![doc = include_str!("../README.md")]

mod backend;
mod clock;
mod error;
mod lease;
mod reply;
mod store;

pub use backend::{AsyncBackend, Backend};
pub use clock::{Clock, ManualClock, SystemClock, TimeLine, WakeAt};
pub use dogpile_core::cached_value::{CachedValue, Epoch, Epochs, Metadata, Stamp};
pub use dogpile_core::freshness::{Policy, Verdict};
pub use dogpile_core::time::{Span, Time};
pub use error::{Fault, Operation, StoreError, show_key};
pub use lease::{Ask, Commit, EpochStore, Invalidation, Lease, LeaseStore, Leased, Watch};
pub use reply::Reply;
pub use store::{Local, Store};
