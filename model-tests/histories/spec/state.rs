//! Where the specification is: what is stored and leased under each key, and how far each call is.

use crate::history::Call;
use crate::setting::Setting;

/// A value as it lies in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    /// The call that made it.
    pub(crate) by: Call,
    /// The region's epoch before its creator began.
    pub(crate) epoch: u16,
    /// The time after its creator ended.
    pub(crate) created: u64,
    /// Its place among the key's writes.
    pub(crate) number: u16,
    /// `false` for a value that was declined.
    pub(crate) is_stored: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) stored: Option<Entry>,
    /// Who holds the lease, and since when.
    pub(crate) lease: Option<(Call, u64)>,
    pub(crate) writes: u16,
    /// For each process: what was written before this is gone, and the write that took it away is
    /// over.
    pub(crate) floors: Vec<u16>,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    Asked,
    /// It holds, or held, the lease.
    Leased,
    /// Its creator is at work.
    Begun,
    /// Its creator has ended.
    Made,
    /// Its value was stored, or declined under a lease that was still its own.
    Committed,
    /// Its value was stored after a hard invalidation that it does not know of.
    CommittedLate,
    /// The lease was not its own any longer.
    Refused,
    /// Its creator failed, and the lease is given back.
    Released,
    /// A write has acted on the store.
    Written,
    /// A write has also ended the creation that it found under way then.
    Detached,
    /// An invalidation, or the clock, has taken effect.
    Raised,
    /// Its call was dropped, and its wish for the lease may be on the way to the store.
    GoneAsking,
    /// Its call was dropped, and its value may be on the way to the store.
    GoneCommitting,
}

/// A call under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pending {
    pub(crate) call: Call,
    pub(crate) phase: Phase,
    /// What its value carries.
    pub(crate) epoch: u16,
    pub(crate) created: u64,
    /// Its write's place among the key's writes.
    pub(crate) number: u16,
    /// What is told to it must be later than this.
    pub(crate) floor: u16,
    pub(crate) oldest: u16,
    /// The value that the call was answered, from when it read it. Of what it found fresh, it may tell others.
    pub(crate) read: Option<Entry>,
    /// Whether something has happened that allows its answer.
    pub(crate) justified: bool,
}

impl Pending {
    /// Whether its call was dropped.
    pub(crate) const fn is_gone(&self) -> bool {
        matches!(self.phase, Phase::GoneAsking | Phase::GoneCommitting)
    }

    pub(crate) const fn entry(&self, is_stored: bool) -> Entry {
        Entry {
            by: self.call,
            epoch: self.epoch,
            created: self.created,
            number: self.number,
            is_stored,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) now: u64,
    /// The epochs: values below `hard` are misses, values below `soft` stale.
    pub(crate) hard: u16,
    pub(crate) soft: u16,
    pub(crate) keys: Vec<Key>,
    pub(crate) calls: Vec<Pending>,
}

impl State {
    pub(crate) fn new(setting: &Setting) -> Self {
        let key = Key {
            floors: vec![0; usize::from(setting.processes)],
            ..Key::default()
        };
        Self {
            now: 0,
            hard: 0,
            soft: 0,
            keys: vec![key; usize::from(setting.keys)],
            calls: Vec::new(),
        }
    }

    /// The epoch that a value carries whose creator begins now.
    pub(crate) fn epoch(&self) -> u16 {
        self.hard.max(self.soft)
    }

    pub(crate) fn pending(&self, call: Call) -> Option<&Pending> {
        self.calls.iter().find(|pending| pending.call == call)
    }

    pub(crate) fn pending_mut(&mut self, call: Call) -> Option<&mut Pending> {
        self.calls.iter_mut().find(|pending| pending.call == call)
    }
}
