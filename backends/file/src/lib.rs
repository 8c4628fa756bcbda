#![doc = include_str!("../README.md")]
//! ## Its rooms
//!
//! | module | its one idea |
//! |---|---|
//! | `file` | the store: what each operation does |
//! | `leases`, `epochs` | the same for the optional ports |
//! | `settings` | what a user can say |
//! | `place` | a folder, open once in this process, and opened anew when it has to be |
//! | `opening` | how a folder is opened, one process at a time |
//! | `damage` | what is in it before: a store that can be used, or not |
//! | `opened` | what is open there: engine, locks, bells |
//! | `engine` | LMDB |
//! | `writing` | one change, in one step |
//! | `room` | how much the store may hold, and what goes then |
//! | `sweep` | claims and notes that nobody comes back for |
//! | `layout` | where things are in the engine |
//! | `entry`, `claim` | their bytes |
//! | `locks` | what the kernel frees when a process dies |
//! | `gate` | one at a time among processes |
//! | `threads` | those who read, and how an engine is closed while they end |
//! | `fork` | what a forked child does not inherit |
//! | `bells` | how processes tell each other |
//! | `uptime` | the clock by which leases run out |
//! | `trouble` | what goes wrong, and what to tell |
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
compile_error!(
    "dogpile-file needs a Linux of 64 bits: its leases rest on locks of open file descriptions, and \
     its file is mapped whole"
);

mod bells;
mod claim;
mod damage;
mod engine;
mod entry;
mod epochs;
mod file;
mod fork;
mod gate;
mod layout;
mod leases;
mod locks;
mod opened;
mod opening;
mod place;
mod room;
mod settings;
mod sweep;
mod threads;
mod trouble;
mod uptime;
mod writing;

pub use damage::Damage;
pub use entry::Unreadable;
#[doc(hidden)]
pub use entry::inside;
pub use file::File;
pub use opening::OpenError;
pub use settings::{Durability, FileSettings, OnDamage};
