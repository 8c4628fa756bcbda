//! Machine-checked models of dogpile's core.
//!
//! The models run the production code: [`dogpile_core::slot::Slot`] is generic over its
//! [`Kit`](dogpile_core::kit::Kit), and the rooms beside this library bring kits of their own.
//!
//! - [`kits`]: the doors to loom and to shuttle, each a [`Checker`](kits::Checker).
//! - [`scenes`]: short programs over one slot, written once for every checker. A scene asserts what
//!   must always hold and answers what happened, so that a room can ask for witnesses.
//! - [`explore`]: runs a scene under a checker to its end and reports how often it ran.
//! - [`mutant`]: the doors by which one thing is made wrong, chosen at run time.
//! - [`pins`]: how many executions that has to be.
//! - [`walk`]: the exhaustive walk over one call.
//! - [`proof`]: what there is to show, and how a room says that it showed it; a package of its own.
//! - [`world`]: callers of several processes, a store, and all that may befall them.
//!
//! The rooms beside it are one test target for each idea: `loom/`, `shuttle/`, `walk/`.
//! `protocol/` holds the page about the core against the core. `histories/`, `proptest/`,
//! `vectors/`, `mutants/` and `stress/` are packages of their own, and `regions/` brings whole
//! regions under shuttle in a workspace of its own: none of them builds what only another one needs.

pub mod explore;
pub mod kits;
pub mod mutant;
pub mod pins;
pub mod scenes;
pub mod sequences;
pub mod walk;
pub mod world;

pub use dogpile_proof as proof;
