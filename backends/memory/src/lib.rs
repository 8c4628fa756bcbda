//! The memory backend of `dogpile`: values in this process, read without a lock.

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
mod slots;
mod store;
mod sweep;
mod table;
mod turn;

pub use eviction::Eviction;
pub use memory::Memory;
pub use null::Null;
