//! Machine-checked models of dogpile's core.
//!
//! The models run the production code: [`dogpile_core::slot::Slot`] is generic over its
//! [`Kit`](dogpile_core::kit::Kit), and the rooms beside this library bring kits of their own.
//!
//! - [`kits`]: the doors to loom and to shuttle, each a [`Checker`](kits::Checker).
//! - [`scenes`]: short programs over one slot, written once for every checker. A scene asserts what
//!   must always hold and answers what happened, so that a room can ask for witnesses.
//! - [`explore`]: runs a scene under a checker to its end and reports how often it ran.
//! - [`proof`]: what there is to show, and how a room says that it showed it.
//! - `loom/`, `shuttle/`, `mutants/`, `walk/`: the rooms, one test target for each idea.
//! - `histories/`, `proptest/`: recorded runs of whole regions against a specification, and one
//!   thread against a model.

pub mod explore;
pub mod kits;
pub mod proof;
pub mod scenes;
