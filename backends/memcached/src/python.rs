//! Beside Python's dogpile.cache: its locks, and what we add so that a commit can be judged.
//!
//! Python takes a lock by `add` of `_lock` and the key, and gives it back by deleting it, whoever has it.
//! That keeps others from creating; it decides nothing here. What decides is, as always, the server's number
//! of the value's own item: whoever gets the lock writes that item anew, and a commit replaces exactly
//! what it wrote. So a `set` or a `delete` by anybody, and another's lease, makes a lease void in the same
//! step. The slot's number is read before the lock is seen to be ours: whoever takes the lock from us and writes
//! the slot changes that number, so that one who is slow never voids a lease that began after its own.
//!
//! | the value's slot | when the lock is won |
//! |---|---|
//! | nothing | a [stub](slot::stub) is added, which Python reads as a miss, for [longer](slot::waits_for) than the lock |
//! | a stub of somebody who died | a new one takes its place |
//! | a value, or what we cannot read | the very same bytes, flags and time to live are written again |
//!
//! | | asked |
//! |---|---|
//! | a lease | `ms _lock ME`, then `ms ME` of a stub; or `mg`, `ms _lock ME` and `ms C` of what was seen |
//! | a commit | `ms C`, then `md _lock C` |
//! | giving back | `md C` of the stub, then `md _lock C` |
//! | giving back after a failure | `ms C` of a word that says so, then `md _lock C` |
//! | renewing | `ms C` of the stub, or a look at the value's number; then `ms _lock C` |
//! | `set`, `delete` | a look at the lock, then the value, then `md _lock C` of a lock of ours |
//!
//! Our locks hold a token that Python does not look at, so that we know our own: none of Python's is taken
//! away. What may be void or lost with a connection is so here as everywhere in this crate.

use crate::connection::Connection;
use crate::protocol::Request;
use crate::trouble::Trouble;
use crate::voice::alone;

mod lock;
mod renewal;
mod slot;
mod wish;

pub(crate) use lock::Lock;
pub(crate) use slot::{BINARY, FAILED, LEASED, PLAIN, Slot, stub, waits_for};

/// What is beside Python is talked about by threads alone, each on a connection that it has alone.
fn compared(connection: &mut Connection, request: Request<'_>) -> Result<Option<u64>, Trouble> {
    alone(connection, async |voice| {
        crate::memcached::compared(voice, request).await
    })
}

fn removed(connection: &mut Connection, request: Request<'_>) -> Result<bool, Trouble> {
    alone(connection, async |voice| {
        crate::memcached::removed(voice, request).await
    })
}
