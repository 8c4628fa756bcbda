//! Which world is walked: who calls, what may go wrong, and how often.

use dogpile_core::flow::Wish;

/// What may befall a world. Each is a transition that uses up its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
pub enum Adversity {
    /// A process dies with all its calls.
    Crash,
    /// A client is paused: its lease runs out although it is at work.
    Pause,
    /// A creator is past the creation limit.
    Overdue,
    /// A creator never ends.
    Hang,
    /// The store fails; nothing was done.
    StoreError,
    /// The reply is lost; what was asked was done.
    Lost,
    /// The request comes late, long after its sender gave up.
    Late,
    /// The request is carried out twice, the second time late.
    Doubled,
    /// A delete from outside.
    Delete,
    /// A set from outside.
    Set,
    /// A hard invalidation of the region.
    Hard,
    /// A soft invalidation of the region.
    Soft,
    /// The store's epochs are lost.
    Forget,
    /// A call goes away.
    Cancel,
    /// A call's deadline passes while it waits.
    Deadline,
    /// Waiting would close a cycle.
    Cycle,
    /// A creator fails.
    Fails,
    /// A creator panics.
    Panics,
    /// A creator's value is not to be stored.
    Declines,
    /// The value grows old by one step.
    Ages,
    /// No runner takes a creation.
    NoRunner,
    /// What a caller saw is replaced before it claims.
    Changed,
    /// A waiter is told more than regions tell: that it look again, that the other process's creator
    /// failed, that its own claim is void.
    Gossip,
}

/// How many kinds there are.
pub(crate) const KINDS: usize = Adversity::Gossip as usize + 1;

/// What is in the store at the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Nothing.
    Empty,
    /// A value that may be served while another is created.
    Stale,
}

/// How much is asked of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strict {
    /// What it promises.
    Promised,
    /// That no call gets what was deleted in the *other* process before it began. It may: it joins a
    /// flight between its commit and its end, and is told the deleted value as a committed one.
    Across,
    /// That nobody waits for a third creation even where the second was superseded between its lease
    /// and its beginning. It may: nobody counts that creator's time, so its followers leave at their
    /// next look at the clock.
    Third,
}

/// One caller.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Its process, 0 or 1.
    pub process: u8,
    /// What it wants.
    pub wish: Wish,
}

/// A world.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)] // independent properties of a world
pub struct Config {
    /// Its name in reports.
    pub name: &'static str,
    /// Who calls; at most five.
    pub callers: &'static [Caller],
    /// What the store holds first.
    pub start: Start,
    /// Whether leases run out, as those of a server do.
    pub expires: bool,
    /// Whether a stale value may be served.
    pub stale: bool,
    /// How much is asked.
    pub strict: Strict,
    /// Whether to look also for runs in which somebody never gets an answer.
    pub live: bool,
    /// How many adversities there may be altogether.
    pub total: u8,
    /// Which, and how many of each.
    pub adversities: &'static [(Adversity, u8)],
}

/// A call of `get_or_create` in that process.
pub const fn get(process: u8) -> Caller {
    let wish = Wish {
        refresh: false,
        owned: false,
        stale_if_error: false,
        needs_store: false,
        patient: false,
        detached: false,
    };
    Caller { process, wish }
}

/// A `refresh` in that process.
pub const fn refresh(process: u8) -> Caller {
    let mut caller = get(process);
    caller.wish.refresh = true;
    caller
}

/// A call whose creator is owned and runs elsewhere, in that process.
pub const fn owned(process: u8) -> Caller {
    let mut caller = get(process);
    caller.wish.owned = true;
    caller
}

/// The same, and with a stale value it waits for the next for a while.
pub const fn patient(process: u8) -> Caller {
    let mut caller = owned(process);
    caller.wish.patient = true;
    caller
}

/// A call whose creator runs elsewhere also with no value at hand.
pub const fn detached(process: u8) -> Caller {
    let mut caller = owned(process);
    caller.wish.detached = true;
    caller
}

/// A call that rather fails than creates without a store.
pub const fn strict(process: u8) -> Caller {
    let mut caller = get(process);
    caller.wish.needs_store = true;
    caller.wish.stale_if_error = true;
    caller
}
