//! What must hold whatever bytes arrive.
//!
//! Each module is one property; the target of the same name under `fuzz_targets` only hands it
//! what libFuzzer made up. So the properties are ordinary functions, and `cargo test` tries them
//! on inputs worth remembering.

pub mod codec;
pub mod flow;
pub mod judge;
pub mod keys;
pub mod meta;
pub mod operations;
pub mod record;
pub mod region;
#[cfg(test)]
mod replay;
pub mod replies;
pub mod single;
pub mod stored;
