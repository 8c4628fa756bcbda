//! The kits that bring the core under a checker, in a plain `cargo test`.

pub mod cell;
mod loom;
pub mod plain;
mod shuttle;

use dogpile_core::kit::Kit;

pub use self::loom::{Loom, LoomPlain, LoomShadow, LoomSwap, LoomWord};
pub use self::plain::Plain;
pub use self::shuttle::Shuttle;

/// A kit together with what a scene needs beside it.
pub trait Checker: Kit {
    /// The name in reports.
    const NAME: &'static str;

    /// Memory that the slot is to protect.
    type Scratch: Scratch;

    /// A word that starts at `bits`.
    fn word(bits: u64) -> Self::Word;

    /// Starts a thread of the model; what comes back waits for its end.
    fn spawn<T: Send + 'static>(
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Box<dyn FnOnce() -> T>;
}

/// Plain memory: two accesses of which one writes and neither happens before the other are a
/// defect that the checker reports.
pub trait Scratch: Send + Sync + 'static {
    /// Memory that nobody has touched.
    fn new() -> Self;
    /// Writes it.
    fn write(&self);
    /// Reads it.
    fn read(&self);
}
