#![doc = include_str!("../README.md")]
//! ## Its rooms
//!
//! | module | its one idea |
//! |---|---|
//! | `store` | the store: what each operation does to the one entry under its key |
//! | `leases`, `epochs` | the same for the optional ports |
//! | `settings` | what a user can say |
//! | `opening` | one opened engine for each folder in this process, and what keeps a folder shut |
//! | `engine` | an opened folder: its trees, its format number, what it promises of writes |
//! | `keyspace` | one keyspace of it, and the one atomic step on an entry |
//! | `entry` | what is under one key, as bytes with a checksum |
//! | `stamps` | stamps that never repeat, and that say in which opening they were made |
//! | `bells` | who wants to be told |
//! | `sweep` | what has expired really leaves |
//! | `trouble` | what went wrong, and what to tell |
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod bells;
mod engine;
mod entry;
mod epochs;
mod keyspace;
mod leases;
mod opening;
mod settings;
mod stamps;
mod store;
mod sweep;
mod trouble;

pub use entry::Unreadable;
#[doc(hidden)]
pub use entry::inside;
pub use opening::CannotOpen;
pub use settings::{Durability, SledSettings};
pub use store::Sled;
