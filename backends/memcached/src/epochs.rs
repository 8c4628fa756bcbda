//! A region's epochs in the server: one item that is replaced only as it was seen.

use dogpile_backend::{
    Clock, Epoch, EpochStore, Epochs, Fault, Invalidation, Operation, Reply, StoreError,
    SystemClock, Time,
};

use crate::Memcached;
use crate::connection::Connection;
use crate::keys::{Key, Room};
use crate::memcached::compared;
use crate::pool::Again;
use crate::protocol::{Answer, Code, Mode, Request};
use crate::trouble::{NAME, Trouble};
use crate::voice::{Voice, alone};

/// How often others may be faster. Each of them raises the epochs, so somebody always gets on.
const TRIES: usize = 1_000;

/// The item's text: both epochs, hard and soft.
fn text(epochs: Epochs) -> String {
    format!("{} {}", epochs.hard.number(), epochs.soft.number())
}

/// What was read; what is no pair of numbers counts as never raised.
fn understood(body: &[u8]) -> Epochs {
    let read = || {
        let (hard, soft) = str::from_utf8(body).ok()?.split_once(' ')?;
        Some(Epochs {
            hard: Epoch::new(hard.parse().ok()?),
            soft: Epoch::new(soft.parse().ok()?),
        })
    };
    read().unwrap_or_default()
}

/// The epochs, and how they can be replaced as long as they are these.
pub(crate) async fn look(
    voice: &mut Voice<'_>,
    place: &Key<'_>,
) -> Result<(Epochs, Mode), Trouble> {
    match voice.ask(Request::get(place).flag(b"c")).await? {
        Answer::Item(item) => {
            let mode = Mode::Exactly(item.cas.unwrap_or_default());
            Ok((understood(&item.body), mode))
        }
        Answer::Code(Code::Absent, _) => Ok((Epochs::default(), Mode::Absent)),
        other => Err(voice.odd(&other)),
    }
}

/// What becomes of a region's epochs. Done twice it is done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Raise(Invalidation, Time),
    /// What somebody knows is not lowered.
    Restore(Epochs),
}

impl Change {
    /// The server tells its time only in whole seconds, and not with this: the wall clock of the
    /// process that raises stands for it.
    pub(crate) fn raise(how: Invalidation) -> Self {
        Self::Raise(how, SystemClock.wall())
    }

    fn of(self, before: Epochs) -> Epochs {
        match self {
            Self::Raise(how, now) => raised(before, how, now),
            Self::Restore(known) => Epochs {
                hard: before.hard.max(known.hard),
                soft: before.soft.max(known.soft),
            },
        }
    }

    /// Replaces the epochs by what this makes of them; `None` where others were always faster.
    pub(crate) async fn talk(
        self,
        voice: &mut Voice<'_>,
        place: &Key<'_>,
    ) -> Result<Option<Epochs>, Trouble> {
        for _ in 0..TRIES {
            let (before, mode) = look(voice, place).await?;
            let after = self.of(before);
            if after == before {
                return Ok(Some(after));
            }
            let body = text(after);
            let request = Request::store(place, body.as_bytes(), 0, 0, mode);
            if compared(voice, request).await?.is_some() {
                return Ok(Some(after));
            }
        }
        Ok(None)
    }
}

/// What changing the epochs came to, as a store tells it.
pub(crate) fn changed(
    region: &str,
    talked: Result<Option<Epochs>, Trouble>,
) -> Result<Epochs, StoreError> {
    let name = region.as_bytes();
    let epochs = talked.map_err(|trouble| trouble.told(Operation::Epoch, name))?;
    epochs.ok_or_else(|| {
        let why = "others changed them all the time";
        StoreError::new(NAME, Operation::Epoch, name, Fault::Unavailable, why)
    })
}

fn raised(before: Epochs, how: Invalidation, now: Time) -> Epochs {
    let next = before.current().raised(now);
    match how {
        Invalidation::Hard => Epochs {
            hard: next,
            ..before
        },
        Invalidation::Soft => Epochs {
            soft: next,
            ..before
        },
    }
}

impl Memcached {
    fn change_epochs(&self, region: &str, change: Change) -> Result<Epochs, StoreError> {
        let place = self.keys.key(Room::Epochs, region.as_bytes());
        let talk = |connection: &mut Connection| {
            alone(connection, async |voice| change.talk(voice, &place).await)
        };
        let talked = self.servers.talk(&place, Again::Harmless, talk);
        changed(region, talked.map(|(epochs, _)| epochs))
    }
}

impl EpochStore for Memcached {
    fn read<'a>(&'a self, region: &'a str) -> Reply<'a, Epochs> {
        let name = region.as_bytes();
        let place = self.keys.key(Room::Epochs, name);
        let talk = |connection: &mut Connection| {
            alone(connection, async |voice| look(voice, &place).await)
        };
        let looked = self.servers.talk(&place, Again::Harmless, talk);
        Reply::ready(match looked {
            Ok(((epochs, _), _)) => Ok(epochs),
            Err(trouble) => Err(trouble.told(Operation::Epoch, name)),
        })
    }

    fn raise<'a>(&'a self, region: &'a str, how: Invalidation) -> Reply<'a, Epochs> {
        Reply::ready(self.change_epochs(region, Change::raise(how)))
    }

    fn restore<'a>(&'a self, region: &'a str, known: Epochs) -> Reply<'a, ()> {
        Reply::ready(self.change_epochs(region, Change::Restore(known)).map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_are_read_as_they_were_written_and_junk_is_none() {
        let epochs = Epochs {
            hard: Epoch::new(7),
            soft: Epoch::new(u64::MAX - 1),
        };
        assert_eq!(understood(text(epochs).as_bytes()), epochs);
        for junk in ["", "7", "a b", "1 2 3", "1 -2"] {
            assert_eq!(understood(junk.as_bytes()), Epochs::default());
        }
    }

    #[test]
    fn raising_passes_what_was_and_the_time() {
        let first = raised(
            Epochs::default(),
            Invalidation::Hard,
            Time::from_nanos(1_000_000),
        );
        assert_eq!(first.hard, Epoch::new(1_000));
        let next = raised(first, Invalidation::Soft, Time::ZERO);
        assert_eq!((next.hard, next.soft), (first.hard, Epoch::new(1_001)));
    }
}
