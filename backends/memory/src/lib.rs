//! The memory backend of `dogpile`: values in this process, read without a lock.
//!
//! [`Memory`] is a store of values that callers share: unbounded, or bounded by entries or by weight
//! and then evicting by S3-FIFO. [`SerializingMemory`] holds encoded values instead, so that each
//! caller gets a copy. [`Null`] holds nothing.
//!
//! A map entry is a value or a claim to create one, never both: the lease on a key and the value
//! under it change in one step, so that what was deleted while it was created does not come back.
//! The table of what each operation does to an entry stands in the module `turn`.
//!
//! | file | idea |
//! |---|---|
//! | `memory` | what users hold; the [`Memory::lend`] of a hit |
//! | `store` | the same for a region: [`Store`](dogpile_backend::Store) and [`LeaseStore`](dogpile_backend::LeaseStore) |
//! | `table` | the map, and what its writers share |
//! | `turn` | a writer's turn on one entry: the transitions |
//! | `node`, `key`, `lifetime`, `mark` | an entry, packed into 56 bytes for a small value |
//! | `s3_fifo`, `slots`, `ghost` | who must leave; knows no map |
//! | `departures`, `eviction` | how they leave, and who is told |
//! | `sweep` | leaving for age |
//! | `bells` | waking those who wait for another's lease |
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod bells;
mod departures;
mod eviction;
mod ghost;
mod key;
mod lifetime;
mod mark;
mod memory;
mod node;
mod null;
mod s3_fifo;
mod serializing;
mod slots;
mod store;
mod sweep;
mod table;
mod turn;

pub use eviction::Eviction;
pub use memory::Memory;
pub use null::Null;
pub use serializing::SerializingMemory;
