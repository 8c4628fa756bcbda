//! The worlds that are walked at length: few callers under all adversities, more callers under fewer.

use dogpile_model_tests::world::Adversity::{
    self, Ages, Cancel, Changed, Crash, Cycle, Deadline, Declines, Delete, Doubled, Fails, Forget,
    Gossip, Hang, Hard, Late, Lost, NoRunner, Overdue, Panics, Pause, Set, Soft, StoreError,
};
use dogpile_model_tests::world::{
    Config, Start, Strict, detached, get, owned, patient, refresh, strict,
};

const BASE: Config = Config {
    name: "base",
    callers: &[],
    start: Start::Empty,
    expires: true,
    stale: true,
    strict: Strict::Promised,
    live: false,
    total: 1,
    adversities: ALL,
};

/// Everything there is, each at most once.
const ALL: &[(Adversity, u8)] = &[
    (Crash, 1),
    (Pause, 1),
    (Overdue, 1),
    (Hang, 1),
    (StoreError, 1),
    (Lost, 1),
    (Late, 1),
    (Doubled, 1),
    (Delete, 1),
    (Set, 1),
    (Hard, 1),
    (Soft, 1),
    (Forget, 1),
    (Cancel, 1),
    (Deadline, 1),
    (Cycle, 1),
    (Fails, 1),
    (Panics, 1),
    (Declines, 1),
    (Ages, 1),
    (NoRunner, 1),
    (Changed, 1),
    (Gossip, 1),
];

/// What concerns leases, twice.
const LEASES: &[(Adversity, u8)] = &[
    (Crash, 2),
    (Pause, 2),
    (Overdue, 2),
    (StoreError, 2),
    (Lost, 2),
    (Late, 2),
    (Doubled, 1),
    (Delete, 2),
    (Set, 1),
    (Cancel, 2),
];

/// What concerns one process, twice.
const INSIDE: &[(Adversity, u8)] = &[
    (Overdue, 2),
    (Delete, 2),
    (Set, 1),
    (Cancel, 2),
    (Fails, 1),
    (Panics, 1),
    (StoreError, 2),
];

/// Three in two processes: anything may befall them, one thing in a run.
pub(crate) const THREE: Config = Config {
    name: "three callers, any one adversity",
    callers: &[get(0), get(0), get(1)],
    ..BASE
};

/// A stale value, callers of each kind.
pub(crate) const STALE: Config = Config {
    name: "three kinds of callers and a stale value, any one adversity",
    callers: &[get(0), owned(0), strict(1)],
    start: Start::Stale,
    ..BASE
};

/// Creators that run elsewhere, in two processes.
pub(crate) const DETACHED: Config = Config {
    name: "two whose creators run elsewhere and a third, any one adversity",
    callers: &[detached(0), get(0), detached(1)],
    ..BASE
};

/// A stale value, and those who wait for the next.
pub(crate) const PATIENT: Config = Config {
    name: "a stale value and two who wait for the next, any one adversity",
    callers: &[patient(0), get(0), patient(1)],
    start: Start::Stale,
    ..BASE
};

/// A refresh beside two others.
pub(crate) const REFRESH: Config = Config {
    name: "a refresh beside two callers, any one adversity",
    callers: &[get(0), refresh(0), get(1)],
    ..BASE
};

/// No stale value may be served.
pub(crate) const NEVER_STALE: Config = Config {
    name: "no stale value is allowed, any one adversity",
    callers: &[get(0), get(0), get(1)],
    start: Start::Stale,
    stale: false,
    ..BASE
};

/// Three of one process over its own memory.
pub(crate) const MEMORY: Config = Config {
    name: "three callers of one process, two adversities",
    callers: &[get(0), get(0), get(0)],
    expires: false,
    total: 2,
    adversities: &[
        (Overdue, 1),
        (Delete, 2),
        (Set, 1),
        (Cancel, 2),
        (Fails, 1),
        (Panics, 1),
    ],
    ..BASE
};

/// Four of one process: two deletes, so that some wait for two creations.
pub(crate) const FOUR: Config = Config {
    name: "four callers of one process, one adversity",
    callers: &[get(0), get(0), get(0), get(0)],
    expires: false,
    adversities: INSIDE,
    ..BASE
};

/// Deletes while creations follow each other.
pub(crate) const DELETES: Config = Config {
    name: "three callers of one process, two deletes",
    callers: &[get(0), get(0), get(0)],
    expires: false,
    total: 2,
    adversities: &[(Delete, 2)],
    ..BASE
};

/// Two in two processes, any two things about leases.
pub(crate) const PAIR: Config = Config {
    name: "two callers of two processes, two adversities about leases",
    callers: &[get(0), get(1)],
    total: 2,
    adversities: LEASES,
    ..BASE
};

/// Three in two processes: any two different things may befall them in one run.
pub(crate) const TWICE: Config = Config {
    name: "three callers of two processes, any two adversities",
    callers: &[get(0), get(0), get(1)],
    total: 2,
    ..BASE
};

/// Four in two processes: anything may befall them, one thing in a run.
pub(crate) const FOUR_APART: Config = Config {
    name: "four callers of two processes, any one adversity",
    callers: &[get(0), get(0), get(1), get(1)],
    ..BASE
};

/// Five in two processes, with one of what wakes or replaces most.
pub(crate) const FIVE_ONCE: Config = Config {
    name: "five callers of two processes, a crash, a delete or a cancellation",
    callers: &[get(0), get(0), get(0), get(1), get(1)],
    adversities: &[(Crash, 1), (Delete, 1), (Cancel, 1)],
    ..BASE
};

/// Five in two processes; nothing goes wrong.
pub(crate) const FIVE: Config = Config {
    name: "five callers of two processes, no adversity",
    callers: &[get(0), get(0), get(0), get(1), get(1)],
    total: 0,
    adversities: &[],
    ..BASE
};

/// Whether all end: three in two processes.
pub(crate) const LIVE: Config = Config {
    name: "three callers of two processes, to their ends",
    callers: &[get(0), get(0), get(1)],
    live: true,
    adversities: &[(Crash, 1), (Cancel, 1), (Hang, 1), (Fails, 1)],
    ..BASE
};

/// Whether all end: three in one process.
pub(crate) const LIVE_MEMORY: Config = Config {
    name: "three callers of one process, to their ends",
    callers: &[get(0), get(0), get(0)],
    live: true,
    expires: false,
    adversities: INSIDE,
    ..BASE
};

/// More than is promised: no call gets what was deleted in the other process before it began.
pub(crate) const ACROSS: Config = Config {
    name: "a delete in the other process, strictly",
    callers: &[get(0), get(0)],
    strict: Strict::Across,
    adversities: &[(Delete, 1)],
    ..BASE
};

/// More than is promised: nobody waits for a third creation, even if the second lost its claim before it
/// began.
pub(crate) const THIRD: Config = Config {
    name: "a third creation, strictly",
    callers: &[get(0), get(0), get(0), get(0)],
    strict: Strict::Third,
    expires: false,
    adversities: &[(Delete, 1)],
    ..BASE
};

/// An heir whose own look had failed creates without the store, and gives back the lease that it
/// inherited: where leases never run out, nobody else would.
pub(crate) const HEIR: Config = Config {
    name: "an heir without a store",
    callers: &[get(0), get(0)],
    expires: false,
    total: 2,
    adversities: &[(StoreError, 1), (Cancel, 1)],
    ..BASE
};
