//! What a state of the world is made of: plain numbers, so that it can be ordered and hashed.

use dogpile_core::cached_value::Epochs;
use dogpile_core::state::Snapshot;

/// A lease's token; zero is none. Only equality means anything.
pub(crate) type Stamp = u8;

/// How many calls a world has room for.
pub(crate) const CALLS: usize = 5;
/// How many flights of one process can be of interest at once.
pub(crate) const FLIGHTS: usize = 5;
/// How many requests can be under way in the network by themselves.
pub(crate) const LETTERS: usize = 2;

/// A value, by where it came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Value {
    /// Its place in the order in which creations began; zero is no value.
    pub(crate) begun: u8,
    /// How many deletes and sets the store had carried out when its creator began.
    pub(crate) born: u8,
    /// The epoch that it carries.
    pub(crate) epoch: u8,
    /// How many hard invalidations had begun when its creator began: the truth behind the epoch.
    pub(crate) hard: u8,
    /// The same of both kinds.
    pub(crate) soft: u8,
}

impl Value {
    pub(crate) const NONE: Self = Self {
        begun: 0,
        born: 0,
        epoch: 0,
        hard: 0,
        soft: 0,
    };

    pub(crate) const fn is_some(self) -> bool {
        self.begun != 0
    }
}

/// The store's entry for the one key, and its epochs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Store {
    pub(crate) value: Value,
    /// Zero: within `fresh_for`. One: within `stale_for`. Two: beyond.
    pub(crate) age: u8,
    /// Who may commit.
    pub(crate) lease: Stamp,
    /// The lease's time is nearly over and nobody has renewed it.
    pub(crate) lapsing: bool,
    /// The last stamp that was given.
    pub(crate) last: Stamp,
    /// The latest creation that was ever stored.
    pub(crate) high: u8,
    pub(crate) hard: u8,
    pub(crate) soft: u8,
    /// Deletes and sets carried out.
    pub(crate) writes: u8,
}

/// What a process knows of its region's epochs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Known {
    pub(crate) hard: u8,
    pub(crate) soft: u8,
}

impl Known {
    pub(crate) fn epochs(self) -> Epochs {
        let epoch = |number: u8| dogpile_core::cached_value::Epoch::new(number.into());
        Epochs {
            hard: epoch(self.hard),
            soft: epoch(self.soft),
        }
    }

    pub(crate) fn current(self) -> u8 {
        self.hard.max(self.soft)
    }
}

/// One creation of one process and its word; the room's seats are kept by those who sit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Flight {
    /// Whether anybody can still reach it.
    pub(crate) live: bool,
    /// The bits of the word.
    pub(crate) word: u16,
    /// The claim whose creator began.
    pub(crate) begun: Option<u8>,
    /// That creator is past its limit.
    pub(crate) overdue: bool,
    /// The lease that is left for an heir.
    pub(crate) lease: Stamp,
}

impl Flight {
    pub(crate) fn word(self) -> Snapshot {
        Snapshot::from_bits(self.word.into())
    }

    pub(crate) fn put(&mut self, word: Snapshot) {
        let Ok(bits) = word.bits().try_into() else {
            unreachable!("a walk is far shorter than 2^13 claims")
        };
        self.word = bits;
    }

    pub(crate) fn is_held_by(self, claim: u8) -> bool {
        self.live && self.word().is_held_by(claim.into())
    }
}

/// What one process has beside its calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Process {
    pub(crate) crashed: bool,
    pub(crate) flights: [Flight; FLIGHTS],
    /// The one that new calls find.
    pub(crate) table: Option<u8>,
    pub(crate) known: Known,
    /// Hard invalidations that this process knows of, counted by the truth.
    pub(crate) hard_done: u8,
    /// The value that is kept for when the store fails.
    pub(crate) kept: Value,
}

/// What a waiter was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Ear {
    #[default]
    Silent,
    Value {
        value: Value,
        committed: bool,
        began_after_me: bool,
    },
    Error,
    StoreFailed,
    Heir(u8),
    Superseded,
}

/// A seat in a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Seat {
    pub(crate) claim: u8,
    pub(crate) patient: bool,
    pub(crate) ear: Ear,
    /// The creation that was followed had begun.
    pub(crate) ran: bool,
}

/// What the store answered to the wish for its lease, on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Grant {
    Fresh(Value),
    Won(Stamp),
    Lost(Stamp),
}

/// How far a call has come with its action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Nothing is done yet.
    #[default]
    Asked,
    /// The store has acted on the wish for its lease.
    Granted(Grant),
    /// The creator is at work.
    Creating,
    /// It never ends.
    Hung,
    /// The lease is given back; the flight is not ended yet.
    GivenBack,
    /// The call has its answer, or died with its process.
    Over,
}

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::struct_excessive_bools)] // facts, each by itself
pub(crate) struct Call {
    pub(crate) process: u8,
    /// Its flow and what that asks for, by their number in the machine.
    pub(crate) flow: u16,
    pub(crate) phase: Phase,
    pub(crate) started: bool,
    /// The flight that it is in.
    pub(crate) flight: Option<u8>,
    pub(crate) claim: Option<u8>,
    pub(crate) seat: Option<Seat>,
    pub(crate) lease: Stamp,
    /// Somebody was entitled to void that lease, and did.
    pub(crate) voided: bool,
    /// A value for want of a better one; what it is to answer; what its creator makes.
    pub(crate) at_hand: Value,
    pub(crate) found: Value,
    pub(crate) made: Value,
    /// As a delegate: it has subscribed; the store has rung; the lease that it lost to.
    pub(crate) subscribed: bool,
    pub(crate) rung: bool,
    pub(crate) lost_to: Stamp,
    pub(crate) cancelled: bool,
    /// The region's epochs, and the writes that had returned, when it began.
    pub(crate) known: Known,
    pub(crate) since: u8,
    pub(crate) hard_since: u8,
    /// How many creations it has waited for.
    pub(crate) waited: u8,
    /// The last look found a value that it might serve.
    pub(crate) has_stale: bool,
    /// Its second look found a fresh value.
    pub(crate) fresh_seen: bool,
    pub(crate) created: bool,
    /// It has given its creation to a runner.
    pub(crate) given: bool,
    /// It has heard that its claim was superseded before it had the lease.
    pub(crate) superseded: bool,
    /// The store has confirmed its commit.
    pub(crate) stored: bool,
    /// What it is called; not part of the state.
    pub(crate) name: Name,
}

/// A name that makes no difference.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Name(pub(crate) u8);

impl PartialEq for Name {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl std::hash::Hash for Name {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

/// A request that is under way by itself: its sender no longer waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Letter {
    /// A chore: give a lease back.
    Release(Stamp),
    /// A wish for the lease, sent by somebody who gave up.
    Lease { held: Stamp, supersede: bool },
    /// A commit that was sent twice, or given up.
    Commit {
        stamp: Stamp,
        voided: bool,
        value: Value,
    },
}

/// What is being done to the key from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Errand {
    #[default]
    None,
    /// The store has acted on a delete or a set; the flight of this process comes next.
    Written {
        process: u8,
        set: Value,
        ok: bool,
        number: u8,
    },
    /// An epoch was raised in this process; the store comes next.
    Raised { process: u8, hard: bool },
}
