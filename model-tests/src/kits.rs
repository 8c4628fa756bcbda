//! The kits that bring the core under a checker, in a plain `cargo test`.

mod loom;
pub mod mutants;
mod shuttle;

use dogpile_core::kit::Kit;

pub use self::loom::{Loom, LoomPlain, LoomShadow, LoomSwap, LoomWord};
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
    fn spawn<T: 'static>(work: impl FnOnce() -> T + 'static) -> Box<dyn FnOnce() -> T>;
}

/// Whatever goes from one thread of a model to another.
///
/// A scene knows of its kit's locks only that they lock, and not that they may be shared.
pub struct Carried<T>(T);

// SAFETY: loom and shuttle run the threads of a model as coroutines on the one thread of the
// system that explores, so nothing ever leaves that thread. That the core's parts may really be
// sent and shared is checked where production shares them.
unsafe impl<T> Send for Carried<T> {}

// SAFETY: as above.
unsafe impl<T> Sync for Carried<T> {}

impl<T> Carried<T> {
    /// Takes it along.
    pub fn new(inside: T) -> Self {
        Self(inside)
    }

    /// Takes it out.
    pub fn into_inner(self) -> T {
        self.0
    }

    /// Looks at it.
    pub fn get(&self) -> &T {
        &self.0
    }
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
