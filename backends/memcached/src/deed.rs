//! Leases in the value's own slot, compared by the server's own number of the item.
//!
//! | | asked |
//! |---|---|
//! | a lease where nothing is | `mg N`: the server makes an empty item and tells one caller `W` |
//! | a lease beside a value | `mg`, then `ms C`: a lease that carries the value along |
//! | a commit | `ms C` |
//! | giving back | `md C` where nothing was, else `mg` and `ms C` of the value |
//! | giving back after a failure | `ms C` of a word that says so, where nothing was |
//! | shutting, renewing | `ms C`, after `mg` where a value stands beside |

use dogpile_backend::{Commit, Stamp};

use crate::grants::{Alone, Grant, over};
use crate::keys::Key;
use crate::memcached::{compared, removed};
use crate::protocol::{Answer, Code, Item, Mode, Request};
use crate::python;
use crate::slot::{FAILED, FAILED_FOR, SHUT, Slot, Written, write};
use crate::trouble::Trouble;
use crate::voice::Voice;

/// What is done with a lease that is held.
pub(crate) enum Deed {
    Commit {
        /// The value's record, and how long it lives.
        body: Vec<u8>,
        client_flags: u32,
        seconds: u32,
    },
    Release {
        /// Because the creator failed.
        failed: bool,
    },
    /// Renewed or shut: the lease stands for so long from now, in another's name maybe.
    WriteAgain {
        stamp: Stamp,
        client_flags: u32,
        seconds: u32,
    },
}

/// What is left of a lease.
pub(crate) enum Kept {
    /// It is current, under another number maybe.
    Still(Grant),
    /// It did what it was for.
    UsedUp,
    /// It was void already.
    Void,
}

impl Kept {
    fn used_up_if(current: bool) -> Self {
        if current { Self::UsedUp } else { Self::Void }
    }

    /// Puts back what is left, and says whether the lease was current.
    pub(crate) fn settle(self, held: &mut Alone) -> Commit {
        match self {
            Self::Void => return Commit::Refused,
            Self::UsedUp => {}
            Self::Still(grant) => held.put_back(grant),
        }
        Commit::Stored
    }
}

impl Deed {
    /// Whether it gives the lease up without a value.
    pub(crate) fn ends_the_lease(&self) -> bool {
        match self {
            Self::Release { .. } => true,
            Self::WriteAgain { client_flags, .. } => *client_flags == SHUT,
            Self::Commit { .. } => false,
        }
    }

    /// Does it, on the connection that granted the lease.
    pub(crate) async fn talk(
        &self,
        voice: &mut Voice<'_>,
        place: &Key<'_>,
        grant: &Grant,
    ) -> Result<Kept, Trouble> {
        match self {
            Self::Commit {
                body,
                client_flags,
                seconds,
            } => {
                let mode = Mode::Exactly(grant.cas);
                let request = Request::store(place, body, *client_flags, *seconds, mode);
                Ok(Kept::used_up_if(compared(voice, request).await?.is_some()))
            }
            Self::Release { failed } => {
                let current = release(voice, place, grant, *failed).await?;
                Ok(Kept::used_up_if(current))
            }
            Self::WriteAgain {
                stamp,
                client_flags,
                seconds,
            } => {
                let whose = (*stamp, *client_flags);
                let stands = match grant.lock {
                    Some(_) => python::waits_for(*seconds),
                    None => *seconds,
                };
                let written = write_again(voice, place, grant, whose, *seconds).await?;
                Ok(match written {
                    None => Kept::Void,
                    Some(_) if *client_flags == SHUT => Kept::UsedUp,
                    Some(cas) => Kept::Still(Grant {
                        cas,
                        over: over(stands),
                        ..grant.clone()
                    }),
                })
            }
        }
    }
}

/// Writes a lease over the item of this number.
pub(crate) async fn put(
    voice: &mut Voice<'_>,
    place: &Key<'_>,
    written: &Written,
    client_flags: u32,
    cas: u64,
) -> Result<Option<u64>, Trouble> {
    let mode = Mode::Exactly(cas);
    let request = Request::store(place, &written.body, client_flags, written.seconds, mode);
    compared(voice, request.flag(b"c")).await
}

/// Takes a lease away and leaves what stood beside it, if the item has this number.
pub(crate) async fn give_back(
    voice: &mut Voice<'_>,
    place: &Key<'_>,
    slot: &Slot<'_>,
    cas: u64,
) -> Result<bool, Trouble> {
    let Some(record) = slot.record else {
        return removed(voice, Request::delete(place).number(b'C', cas)).await;
    };
    // Zero would be for ever, which is what a value without an end has: its last moment is a second.
    let left = slot.seconds_left.map_or(0, |left| left.max(1));
    let request = Request::store(place, record, 0, left, Mode::Exactly(cas));
    Ok(compared(voice, request).await?.is_some())
}

/// The item, if it still has this number.
async fn look_for(
    voice: &mut Voice<'_>,
    place: &Key<'_>,
    cas: u64,
) -> Result<Option<Item>, Trouble> {
    let request = Request::get(place).flag(b"c").flag(b"t");
    match voice.ask(request).await? {
        Answer::Item(item) => Ok((item.cas == Some(cas)).then_some(item)),
        Answer::Code(Code::Absent, _) => Ok(None),
        other => Err(voice.odd(&other)),
    }
}

/// Writes the lease anew, for so long and with these client flags.
async fn write_again(
    voice: &mut Voice<'_>,
    place: &Key<'_>,
    grant: &Grant,
    (stamp, client_flags): (Stamp, u32),
    seconds: u32,
) -> Result<Option<u64>, Trouble> {
    if grant.lock.is_some() {
        return write_stub_again(voice, place, grant, stamp, seconds).await;
    }
    // The value that stands beside it is not remembered: the server has it.
    let item = match grant.beside {
        true => match look_for(voice, place, grant.cas).await? {
            Some(item) => item,
            None => return Ok(None),
        },
        false => Item::default(),
    };
    let slot = match grant.beside {
        true => Slot::read(&item),
        false => Slot::empty(),
    };
    let written = write(stamp, seconds, &slot);
    put(voice, place, &written, client_flags, grant.cas).await
}

/// The same beside Python, where the lease on nothing is a stub and beside a value it is the value itself.
async fn write_stub_again(
    voice: &mut Voice<'_>,
    place: &Key<'_>,
    grant: &Grant,
    stamp: Stamp,
    seconds: u32,
) -> Result<Option<u64>, Trouble> {
    if grant.beside {
        let is_still = is_still(voice, place, grant.cas).await?;
        return Ok(is_still.then_some(grant.cas));
    }
    let (mode, body) = (Mode::Exactly(grant.cas), python::stub(stamp));
    let seconds = python::waits_for(seconds);
    let request = Request::store(place, &body, python::LEASED, seconds, mode);
    compared(voice, request.flag(b"c")).await
}

/// Whether the item has this number, without its value.
async fn is_still(voice: &mut Voice<'_>, place: &Key<'_>, cas: u64) -> Result<bool, Trouble> {
    match voice.ask(Request::look(place)).await? {
        Answer::Code(Code::Done, item) => Ok(item.cas == Some(cas)),
        Answer::Code(Code::Absent, _) => Ok(false),
        other => Err(voice.odd(&other)),
    }
}

async fn release(
    voice: &mut Voice<'_>,
    place: &Key<'_>,
    grant: &Grant,
    failed: bool,
) -> Result<bool, Trouble> {
    if failed && !grant.beside {
        // A word for those who wait. Beside a value nobody does.
        let mode = Mode::Exactly(grant.cas);
        let (body, client_flags) = match grant.lock {
            Some(_) => (python::stub(Stamp::NONE), python::FAILED),
            None => (b"failed".to_vec(), FAILED),
        };
        let request = Request::store(place, &body, client_flags, FAILED_FOR, mode);
        return Ok(compared(voice, request).await?.is_some());
    }
    if grant.beside && grant.lock.is_some() {
        return is_still(voice, place, grant.cas).await;
    }
    if !grant.beside {
        return give_back(voice, place, &Slot::empty(), grant.cas).await;
    }
    match look_for(voice, place, grant.cas).await? {
        Some(item) => give_back(voice, place, &Slot::read(&item), grant.cas).await,
        None => Ok(false),
    }
}
