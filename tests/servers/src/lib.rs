//! Real servers for tests, the laboratory and measurements.
//!
//! A [`Server`] is a process of its own on a free port of the loopback. It can be killed, frozen
//! and started again on the same port, and a [`Counter`] tells how many commands its clients
//! sent. Nothing of it outlives its value, not even when the test is killed.
//!
//! ```no_run
//! use dogpile_test_servers::{Flavour, Server};
//!
//! # fn main() -> Result<(), dogpile_test_servers::Error> {
//! let server = Server::of(Flavour::Redis).config("maxmemory 10mb").start()?;
//! let counter = server.counter()?;
//! // ... a client at work on `server.url()` ...
//! assert_eq!(counter.count()?, 0);
//! server.kill()?;
//! server.restart()?;
//! # Ok(())
//! # }
//! ```
//!
//! Linux only: it rests on signals to children, on the death signal of a parent, and on how
//! Linux shares a port between a socket that listens and one that only holds it.

mod builder;
mod cluster;
mod control;
mod counter;
mod error;
mod flavour;
mod folder;
mod long_way;
mod memcached;
mod nursery;
mod process;
mod replicated;
mod resp;
mod server;
mod spot;
mod tls;
mod valkey;
mod wait;
mod wire;

pub use builder::Builder;
pub use cluster::Cluster;
pub use counter::Counter;
pub use error::Error;
pub use flavour::Flavour;
pub use long_way::LongWay;
pub use memcached::Memcached;
pub use process::Process;
pub use replicated::Replicated;
pub use resp::Reply;
pub use server::Server;
pub use tls::Tls;
pub use wire::Wire;
