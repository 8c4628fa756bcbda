//! Recorded runs of random programs, checked against sequential specifications.
//!
//! - [`spec`]: what a region promises; [`regions`]: programs on regions, by tasks and by threads.
//! - [`leases`]: what a store's leases promise, and programs whose messages come late, twice or never.
//! - [`readers`]: readers beside a writer, without a log that orders them.
//! - [`checker`]: whether a history can be explained; [`handmade`]: the checker checked.
//! - [`backends`]: the stores, one line each.

mod backends;
mod checker;
mod dice;
mod handmade;
mod history;
mod jostle;
mod leases;
mod program;
mod readers;
mod regions;
mod run;
mod setting;
mod spec;
#[path = "../../tests/stores/mod.rs"]
mod stores;
mod suite;
mod whole;
mod witness;
mod world;
