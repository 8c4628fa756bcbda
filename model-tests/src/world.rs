//! A whole world, walked exhaustively: several callers in two processes, each stepping the production
//! flow, over a modelled store with its leases and epochs, under every order of events and a bounded
//! number of adversities.
//!
//! What is production code here: [`dogpile_core::flow`], the transition table of
//! [`dogpile_core::state`], and [`dogpile_core::freshness`]. What is modelled after its documentation:
//! the store, the drivers in `src/region`, the table of flights, and a slot's room of waiters as one
//! step for each operation (its interleavings are loom's affair).

mod acts;
mod calls;
mod cheap;
mod config;
mod errands;
mod flights;
mod holds;
mod laws;
mod liveness;
mod machine;
mod moves;
mod outside;
mod parts;
mod rules;
mod scene;
mod state;
mod store;
mod table;
mod waits;
mod walk;
mod witness;

pub use cheap::CHEAP;
pub use config::{
    Adversity, Caller, Config, Start, Strict, detached, get, owned, patient, refresh, strict,
};
pub use liveness::Fairness;
pub use rules::RULES;
pub use walk::{Report, explore};
pub use witness::{Counts, Witness};
