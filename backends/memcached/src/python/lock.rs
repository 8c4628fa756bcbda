//! A lock as dogpile.cache has it: an item that was added, and is deleted to give it back.
//!
//! Python puts a number in it that nobody reads; ours holds the lease's token, so that we can tell whose it is
//! and delete it only while it is ours.

use dogpile_backend::Stamp;

use super::slot::PLAIN;
use super::{compared, removed};
use crate::Memcached;
use crate::connection::Connection;
use crate::keys::{Key, Room};
use crate::pool::{Again, Line};
use crate::protocol::{Answer, Code, Item, Mode, Request};
use crate::trouble::Trouble;

/// What our tokens begin with in a lock.
const OURS: &[u8] = b"d09b11e0";

/// A lock of ours, or of somebody else, as the server had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lock {
    /// The connection that told its number.
    line: Line,
    cas: u64,
}

/// Who has a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) lock: Lock,
    /// The token, if it is one of ours.
    pub(super) token: Option<Stamp>,
}

fn body(token: Stamp) -> Vec<u8> {
    let mut body = OURS.to_vec();
    body.extend_from_slice(format!("{:032x}", token.number()).as_bytes());
    body
}

fn token(body: &[u8]) -> Option<Stamp> {
    let digits = body.strip_prefix(OURS).filter(|rest| rest.len() == 32)?;
    let number = u128::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    Some(Stamp::new(number))
}

fn look(connection: &mut Connection, place: &Key<'_>) -> Result<Option<Item>, Trouble> {
    match connection.ask(Request::get(place).flag(b"c"))? {
        Answer::Item(item) => Ok(Some(item)),
        Answer::Code(Code::Absent, _) => Ok(None),
        other => Err(connection.odd(&other)),
    }
}

impl Memcached {
    /// Adds the lock; `None` where there is one. Said twice, it finds its own token the second time.
    pub(super) fn add_lock(
        &self,
        place: &Key<'_>,
        ours: Stamp,
        seconds: u32,
    ) -> Result<Option<Lock>, Trouble> {
        let body = body(ours);
        let added = self.servers.talk(place, Again::Harmless, |connection| {
            let request = Request::store(place, &body, PLAIN, seconds, Mode::Absent);
            compared(connection, request.flag(b"c"))
        });
        if let Err(Trouble::NoCas { .. }) = &added {
            // It was added, and has no number by which it could be given back later.
            let delete = || Request::delete(place);
            let talk = |connection: &mut Connection| removed(connection, delete());
            let _ = self.servers.talk(place, Again::Harmless, talk);
        }
        let (added, line) = added?;
        Ok(added.map(|cas| Lock { line, cas }))
    }

    /// Who has the lock.
    pub(super) fn lock_holder(&self, place: &Key<'_>) -> Result<Option<Holder>, Trouble> {
        let (item, line) = self
            .servers
            .talk(place, Again::Harmless, |connection| look(connection, place))?;
        Ok(item.map(|item| Holder {
            lock: Lock {
                line,
                cas: item.cas.unwrap_or_default(),
            },
            token: token(&item.body),
        }))
    }

    /// Puts a token of ours in the place of the lock as it was seen, for so long; `None` where it is
    /// another by now.
    pub(super) fn take_lock(
        &self,
        place: &Key<'_>,
        seen: Lock,
        ours: Stamp,
        seconds: u32,
    ) -> Result<Option<Lock>, Trouble> {
        let body = body(ours);
        let taken = self.servers.talk_on_line(seen.line, |connection| {
            let request = Request::store(place, &body, PLAIN, seconds, Mode::Exactly(seen.cas));
            compared(connection, request.flag(b"c"))
        })?;
        let line = seen.line;
        Ok(taken.flatten().map(|cas| Lock { line, cas }))
    }

    /// Gives back a lock of ours, if it is there still. Where that fails it ends by itself.
    pub(crate) fn free_lock(&self, key: &[u8], lock: Lock, ours: Stamp) {
        let place = self.keys.key(Room::Lock, key);
        let free = |lock: Lock| {
            let delete = || Request::delete(&place).number(b'C', lock.cas);
            let talk = |connection: &mut Connection| removed(connection, delete());
            self.servers.talk_on_line(lock.line, talk)
        };
        if let Ok(None) = free(lock) {
            // The connection is gone, and its number with it. The token is still ours.
            if let Ok(Some(held)) = self.lock_holder(&place)
                && held.token == Some(ours)
            {
                let _ = free(held.lock);
            }
        }
    }

    /// A lock of any of our processes, as it stands before something is written that makes its lease void.
    ///
    /// # Errors
    /// The server that has the lock is the one that has the value too, and does not answer.
    pub(crate) fn lock_of_ours(&self, key: &[u8]) -> Result<Option<(Lock, Stamp)>, Trouble> {
        let (lock, value) = (
            self.keys.key(Room::Lock, key),
            self.keys.key(Room::Value, key),
        );
        let elsewhere = self.servers.number_of(&lock) != self.servers.number_of(&value);
        match self.lock_holder(&lock) {
            Ok(held) => Ok(held.and_then(|held| Some((held.lock, held.token?)))),
            // What is written makes the lease void all the same; the lock ends by itself.
            Err(_) if elsewhere => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written_and_python_s_lock_is_not_ours() {
        let ours = crate::token::mint();
        assert_eq!(token(&body(ours)), Some(ours));
        for theirs in ["1", "", "d09b11e0", &format!("d09b11e0{}", "g".repeat(32))] {
            assert_eq!(token(theirs.as_bytes()), None, "{theirs}");
        }
    }
}
