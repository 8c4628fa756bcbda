#![doc = include_str!("../README.md")]
//! ## Its rooms
//!
//! | module | its one idea |
//! |---|---|
//! | `memcached` | the store: what each operation asks, and what the answers mean |
//! | `leases` | the same for leases |
//! | `epochs`, `everywhere` | the same for a region's epochs: on one server, and on all |
//! | `beginnings` | which regions began anew, for their epochs were lost |
//! | `deed` | what is done with a lease that is held |
//! | `wish` | the wish for a lease: what is looked at and what is taken |
//! | `grants` | which leases this process holds, and on which connection |
//! | `slot` | what stands in a key's slot: a value, a lease, or both |
//! | `settings`, `address` | what a user can say |
//! | `python` | all this beside Python's dogpile.cache: its locks, and what stands where nothing is |
//! | `keys` | where things are in the server |
//! | `token` | leases' tokens, none like another |
//! | `protocol` | the meta protocol, without a connection |
//! | `lookup` | where a server's name leads |
//! | `connection`, `seats`, `pool` | requests out and replies in; who has which connection, and what is said on it |
//! | `ring`, `servers` | which of several servers has a key |
//! | `stream`, `tls` | the bytes of a connection, as they are or encrypted |
//! | `ejection` | when a server that does not answer is left alone |
//! | `voice`, `rounds` | a conversation with the server, alone or in turn with others |
//! | `job`, `mail`, `pipeline` | what tasks leave with a thread, and how its answers come to them |
//! | `pipelined` | the store as threads and tasks see it |
//! | `watcher` | a thread for each server, which looks for all who wait |
//! | `trouble` | what went wrong, and what to tell |
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod address;
mod beginnings;
mod connection;
mod deed;
#[cfg(test)]
mod differential;
mod ejection;
mod epochs;
mod everywhere;
mod grants;
mod job;
mod keys;
mod leases;
mod lookup;
mod mail;
mod memcached;
mod pipeline;
mod pipelined;
mod pool;
mod protocol;
mod python;
mod ring;
mod rounds;
mod seats;
mod servers;
mod settings;
mod slot;
mod stream;
#[cfg(feature = "tls")]
mod tls;
mod token;
mod trouble;
mod voice;
mod watcher;
mod wish;

pub use self::memcached::Memcached;
pub use self::pipelined::Pipelined;
pub use address::{BadSettings, Setting};
pub use dogpile_backend::Compatibility;
pub use settings::MemcachedSettings;
