//! Faults to build in, so that a laboratory sees its own figures go red (feature `sabotage`; never
//! enable it in a service).

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, OnceLock};

pub use dogpile_core::kit::Fault;
use dogpile_core::kit::{Kit, Std};

static ARMED: OnceLock<Fault> = OnceLock::new();

/// Builds `fault` into every region of this process, for the rest of its life.
///
/// # Errors
/// The fault that was built in before; there is one at most.
pub fn arm(fault: Fault) -> Result<(), Fault> {
    ARMED.set(fault).map_err(|_| *ARMED.get_or_init(|| fault))
}

/// The standard library's kit with the armed fault.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Saboteur {}

impl Kit for Saboteur {
    type Word = AtomicU64;
    type Lock<T: Send> = Mutex<T>;
    type Once<T: Send + Sync> = OnceLock<T>;
    type Park = <Std as Kit>::Park;

    fn has(fault: Fault) -> bool {
        ARMED.get() == Some(&fault)
    }
}
