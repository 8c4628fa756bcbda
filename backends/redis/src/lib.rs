#![doc = include_str!("../README.md")]
//! ## Its rooms
//!
//! | module | its one idea |
//! |---|---|
//! | `redis` | the store: what each operation asks, and what the answers mean |
//! | `leases`, `epochs` | the same for the optional ports |
//! | `settings` | what a user can say |
//! | `server` | standalone, Sentinel or Cluster: how to get a connection |
//! | `keys` | where a key's value, lease and channel are in the server |
//! | `token` | leases' tokens, none like another |
//! | `request`, `script` | one thing said to the server, without saying it |
//! | `answer` | what the server says, understood |
//! | `trouble` | what went wrong, whether to ask again, and what to tell |
//! | `sender` | two thin ways to say it: a pool for threads, one line for tasks |
//! | `watcher` | one connection on which the server rings |
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod address;
mod answer;
mod epochs;
mod keys;
mod leases;
mod redis;
mod request;
mod script;
mod sender;
mod server;
mod settings;
mod token;
mod trouble;
mod watcher;

pub use self::redis::Redis;
pub use address::BadSettings;
pub use dogpile_backend::Compatibility;
pub use settings::RedisSettings;
