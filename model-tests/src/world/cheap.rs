//! Small worlds, each walked in a fraction of a second. Together they need every rule of the modelled
//! world and pass every invariant, so that a mutant of either turns one of them red.

use super::config::Adversity::{
    Ages, Cancel, Changed, Crash, Cycle, Deadline, Declines, Delete, Doubled, Fails, Forget,
    Gossip, Hang, Hard, Late, Lost, NoRunner, Overdue, Panics, Pause, Set, Soft, StoreError,
};
use super::config::{Config, Start, Strict, detached, get, owned, patient, refresh, strict};

/// Two callers of one process over its own memory, and whether all end.
const BASE: Config = Config {
    name: "base",
    callers: &[get(0), get(0)],
    start: Start::Empty,
    expires: false,
    stale: true,
    strict: Strict::Promised,
    live: false,
    total: 1,
    adversities: &[],
};

/// The worlds, cheapest first.
pub const CHEAP: &[Config] = &[
    Config {
        name: "everything may befall one call",
        callers: &[strict(0)],
        start: Start::Stale,
        expires: true,
        total: 2,
        adversities: ALL,
        ..BASE
    },
    Config {
        name: "two of one process",
        live: true,
        total: 1,
        adversities: INSIDE,
        ..BASE
    },
    Config {
        name: "two of two processes",
        callers: &[get(0), get(1)],
        expires: true,
        live: true,
        total: 1,
        adversities: LEASES,
        ..BASE
    },
    Config {
        name: "a stale value, two calls",
        callers: &[get(0), owned(0)],
        start: Start::Stale,
        live: true,
        total: 1,
        adversities: INSIDE,
        ..BASE
    },
    Config {
        name: "two whose creators run elsewhere",
        callers: &[detached(0), detached(0)],
        live: true,
        total: 1,
        adversities: INSIDE,
        ..BASE
    },
    Config {
        name: "a stale value and a call that waits for the next",
        callers: &[get(0), patient(0)],
        start: Start::Stale,
        live: true,
        total: 1,
        adversities: INSIDE,
        ..BASE
    },
    Config {
        name: "a refresh",
        callers: &[get(0), refresh(0)],
        live: true,
        total: 1,
        adversities: INSIDE,
        ..BASE
    },
    Config {
        name: "a creator that hangs",
        expires: true,
        live: true,
        total: 1,
        adversities: &[(Hang, 1), (Overdue, 1)],
        ..BASE
    },
    Config {
        name: "requests that come late",
        callers: &[get(0), get(1)],
        expires: true,
        total: 2,
        adversities: &[(Late, 1), (Pause, 1)],
        ..BASE
    },
    Config {
        name: "three of one process, cancelled twice",
        callers: &[get(0), get(0), get(0)],
        total: 2,
        adversities: &[(Cancel, 2)],
        ..BASE
    },
    Config {
        name: "invalidations",
        start: Start::Stale,
        total: 2,
        adversities: &[(Hard, 1), (Soft, 1), (Forget, 1)],
        ..BASE
    },
    Config {
        name: "a store that fails after a delete",
        start: Start::Stale,
        total: 2,
        adversities: &[(Delete, 1), (StoreError, 1)],
        ..BASE
    },
    Config {
        name: "deletes, again and again",
        total: 2,
        adversities: &[(Delete, 2)],
        ..BASE
    },
];

const ALL: &[(super::config::Adversity, u8)] = &[
    (Crash, 1),
    (Pause, 1),
    (Overdue, 1),
    (Hang, 1),
    (StoreError, 2),
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
    (Ages, 2),
    (NoRunner, 1),
    (Changed, 1),
    (Gossip, 1),
];

const INSIDE: &[(super::config::Adversity, u8)] = &[
    (Overdue, 1),
    (StoreError, 1),
    (Delete, 1),
    (Set, 1),
    (Cancel, 1),
    (Deadline, 1),
    (Cycle, 1),
    (Fails, 1),
    (Panics, 1),
    (Declines, 1),
    (NoRunner, 1),
    (Changed, 1),
    (Gossip, 1),
];

const LEASES: &[(super::config::Adversity, u8)] = &[
    (Crash, 1),
    (Pause, 1),
    (StoreError, 1),
    (Lost, 1),
    (Late, 1),
    (Doubled, 1),
    (Delete, 1),
    (Cancel, 1),
    (Fails, 1),
    (Deadline, 1),
    (Cycle, 1),
    (Gossip, 1),
];
