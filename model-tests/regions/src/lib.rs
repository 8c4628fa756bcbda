//! Whole regions under the schedules of a model checker: the region, its flights, its engines, its
//! keeper and its workers are the production code, on shuttle's locks, channels and threads.
//!
//! The store's map and its reclamation (papaya, seize) and the lock of a store's turn stay the machine's:
//! each of their operations is one step here. So are an epoch's words and what the clock says.
//!
//! Time stands still unless a model lets it pass; so whoever sleeps for ever sleeps for ever, and a
//! lost wake-up is a deadlock that shuttle reports.
//!
//! - [`value`]: values that know when they are dropped, and by whom they were made.
//! - [`books`]: what the source, the creators and the writers did, and what a call may get by that.
//! - [`world`]: one region and its books.
//! - [`calls`]: calls and writes, drawn at random.
//! - [`explore`]: runs a scene under many schedules and counts what happened.

#[cfg(not(dogpile_shuttle))]
compile_error!("build with RUSTFLAGS='--cfg dogpile_shuttle'");

pub mod books;
pub mod calls;
pub mod explore;
pub mod value;
pub mod world;
