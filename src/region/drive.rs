//! The engines: two short loops that carry out what the flow asks and step it with what came of it.

mod asynchronous;
mod blocking;

pub(super) use asynchronous::{drive_async, drive_beside};
pub(super) use blocking::drive;

/// Whether a call rests, for one that goes on beside others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// It computes, or talks to the store.
    Busy,
    /// It waits for another call's creation.
    Follows,
    /// It waits for another process's creation, and others wait for it.
    Watches,
}
