#![doc = include_str!("../README.md")]
//! # The parts
//!
//! - [`value`]: values that know when they are dropped, and by whom they were made.
//! - [`books`]: what the source, the creators and the writers did, and what a call may get by that.
//! - [`world`]: one region and its books.
//! - [`creators`]: when creators end, and how.
//! - [`calls`]: calls and writes, drawn at random.
//! - [`shaky`]: a store that does not always answer.
//! - [`far`]: a store with epochs, which two processes share.
//! - [`explore`]: runs a scene under many schedules and counts what happened.

#[cfg(not(dogpile_shuttle))]
compile_error!("build with RUSTFLAGS='--cfg dogpile_shuttle'");

pub mod books;
pub mod calls;
pub mod creators;
pub mod explore;
pub mod far;
pub mod shaky;
pub mod value;
pub mod world;
