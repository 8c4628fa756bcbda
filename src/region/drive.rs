//! The engines: two short loops that carry out what the flow asks and step it with what came of it.

mod asynchronous;
mod blocking;

pub(super) use asynchronous::drive_async;
pub(super) use blocking::drive;
