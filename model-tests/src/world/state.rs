//! One state of the world, and the form in which states are compared.

use super::config::{Adversity, Config, KINDS, Start};
use super::machine::Machine;
use super::parts::{
    CALLS, Call, Ear, Errand, FLIGHTS, Flight, Grant, Known, LETTERS, Letter, Name, Phase, Process,
    Stamp, Store, Value,
};

/// One state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) processes: [Process; 2],
    pub(crate) calls: [Call; CALLS],
    /// How many of the calls there are.
    pub(crate) count: u8,
    pub(crate) letters: [Option<Letter>; LETTERS],
    pub(crate) errand: Errand,
    /// The last write from outside that has returned, in each process.
    pub(crate) written: [u8; 2],
    /// Invalidations that have begun.
    pub(crate) hard: u8,
    pub(crate) soft: u8,
    /// What may still go wrong.
    pub(crate) left: [u8; KINDS],
    pub(crate) total: u8,
}

impl State {
    /// The beginning of a world.
    pub(crate) fn first(config: &Config, machine: &mut Machine) -> Self {
        let mut left = [0; KINDS];
        for (kind, count) in config.adversities {
            left[*kind as usize] = *count;
        }
        let blank = Call::blank(0, 0);
        let mut state = Self {
            store: Store::default(),
            processes: [Process::default(); 2],
            calls: [blank; CALLS],
            count: 0,
            letters: [None; LETTERS],
            errand: Errand::None,
            written: [0; 2],
            hard: 0,
            soft: 0,
            left,
            total: config.total,
        };
        if config.start == Start::Stale {
            state.store.value.begun = 1;
            state.store.high = 1;
            state.store.age = 1;
        }
        for caller in config.callers {
            let flow = machine.start(caller.wish);
            let at = usize::from(state.count);
            state.calls[at] = Call::blank(caller.process, flow);
            state.calls[at].name = Name(state.count);
            state.count += 1;
        }
        state
    }

    pub(crate) fn indices(&self) -> std::ops::Range<usize> {
        0..usize::from(self.count)
    }

    pub(crate) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls[..usize::from(self.count)].iter()
    }

    pub(crate) fn may(&self, kind: Adversity) -> bool {
        self.total > 0 && self.left[kind as usize] > 0
    }

    pub(crate) fn spend(&mut self, kind: Adversity) {
        self.total -= 1;
        self.left[kind as usize] -= 1;
        if self.total == 0 {
            self.left = [0; KINDS];
        }
    }

    /// A place in the order of creations that is later than all that are known.
    pub(crate) fn next_begun(&self) -> u8 {
        let mut latest = self.store.high;
        let mut copy = *self;
        copy.each_value(|value: &mut Value| latest = latest.max(value.begun));
        latest + 1
    }

    /// A stamp that nobody has.
    pub(crate) fn next_stamp(&self) -> Stamp {
        let mut latest = self.store.last;
        let mut copy = *self;
        copy.each_stamp(|stamp: &mut Stamp| latest = latest.max(*stamp));
        latest + 1
    }

    /// Whether anybody anywhere remembers `stamp`.
    pub(crate) fn remembers(&self, stamp: Stamp) -> bool {
        let mut found = false;
        let mut copy = *self;
        copy.each_stamp(|there: &mut Stamp| found |= *there == stamp);
        found
    }

    #[inline]
    fn each_value(&mut self, mut act: impl FnMut(&mut Value)) {
        act(&mut self.store.value);
        for process in &mut self.processes {
            act(&mut process.kept);
        }
        for call in &mut self.calls[..usize::from(self.count)] {
            act(&mut call.at_hand);
            act(&mut call.found);
            act(&mut call.made);
            if let Phase::Granted(Grant::Fresh(value)) = &mut call.phase {
                act(value);
            }
            if let Some(Ear::Value { value, .. }) = call.seat.as_mut().map(|seat| &mut seat.ear) {
                act(value);
            }
        }
        for letter in self.letters.iter_mut().flatten() {
            if let Letter::Commit { value, .. } = letter {
                act(value);
            }
        }
        if let Errand::Written { set, .. } = &mut self.errand {
            act(set);
        }
    }

    #[inline]
    fn each_stamp(&mut self, mut act: impl FnMut(&mut Stamp)) {
        act(&mut self.store.lease);
        act(&mut self.store.last);
        for process in &mut self.processes {
            for flight in &mut process.flights {
                act(&mut flight.lease);
            }
        }
        for call in &mut self.calls[..usize::from(self.count)] {
            act(&mut call.lease);
            act(&mut call.lost_to);
            if let Phase::Granted(Grant::Won(stamp) | Grant::Lost(stamp)) = &mut call.phase {
                act(stamp);
            }
        }
        for letter in self.letters.iter_mut().flatten() {
            match letter {
                Letter::Release(stamp)
                | Letter::Lease { held: stamp, .. }
                | Letter::Commit { stamp, .. } => act(stamp),
            }
        }
    }

    /// The same state in the form in which all that differ in nothing but names are one: numbers
    /// that mean an order keep only that, stamps keep only which are equal, flights that nobody can
    /// reach are gone, and calls of one process stand in the order of what they are.
    ///
    /// Calls of one process with the same state are interchangeable, because nothing points at a call:
    /// seats, claims and leases are kept by their calls, and an heir may be any that sits.
    pub(crate) fn settle(&mut self, symmetric: bool) {
        for process in 0..2 {
            self.sort_flights(process);
        }
        self.rank_values();
        self.rank_stamps();
        self.letters.sort_unstable();
        if symmetric {
            let count = usize::from(self.count);
            self.calls[..count].sort_unstable();
        }
    }

    fn rank_values(&mut self) {
        let mut there = bit(self.store.high);
        self.each_value(|value: &mut Value| there |= bit(value.begun));
        self.store.high = rank(there, self.store.high);
        self.each_value(|value: &mut Value| value.begun = rank(there, value.begun));
    }

    fn rank_stamps(&mut self) {
        let mut there = 0;
        self.each_stamp(|stamp: &mut Stamp| there |= bit(*stamp));
        self.each_stamp(|stamp: &mut Stamp| *stamp = rank(there, *stamp));
    }

    fn sort_flights(&mut self, process: usize) {
        let mut reached = [false; FLIGHTS];
        if let Some(table) = self.processes[process].table {
            reached[usize::from(table)] = true;
        }
        let count = usize::from(self.count);
        let of_process = |call: &&mut Call| usize::from(call.process) == process;
        for call in self.calls[..count].iter_mut().filter(of_process) {
            if let Some(flight) = call.flight {
                reached[usize::from(flight)] = true;
            }
        }
        let of = &mut self.processes[process];
        for (flight, reached) in of.flights.iter_mut().zip(reached) {
            if !reached {
                *flight = Flight::default();
            }
        }
        let mut order: [u8; FLIGHTS] = std::array::from_fn(|at| u8::try_from(at).unwrap_or(0));
        let (table, flights) = (of.table, of.flights);
        order.sort_by_key(|at| {
            let flight = flights[usize::from(*at)];
            (Some(*at) != table, !flight.live, flight)
        });
        let mut place = [0_u8; FLIGHTS];
        for (new, old) in (0_u8..).zip(order) {
            of.flights[usize::from(new)] = flights[usize::from(old)];
            place[usize::from(old)] = new;
        }
        of.table = table.map(|at| place[usize::from(at)]);
        for call in self.calls[..count].iter_mut().filter(of_process) {
            call.flight = call.flight.map(|at| place[usize::from(at)]);
        }
    }
}

/// What is not there is not looked at.
impl std::hash::Hash for State {
    fn hash<H: std::hash::Hasher>(&self, into: &mut H) {
        self.store.hash(into);
        for process in &self.processes {
            (process.crashed, process.table, process.known).hash(into);
            (process.hard_done, process.kept).hash(into);
            for flight in process.flights.iter().filter(|flight| flight.live) {
                flight.hash(into);
            }
            into.write_u8(u8::MAX);
        }
        into.write_u8(self.count);
        for call in self.calls() {
            if call.is_over() {
                into.write_u8(u8::MAX);
            } else {
                call.hash(into);
            }
        }
        (self.letters, self.errand, self.written).hash(into);
        (self.hard, self.soft, self.total).hash(into);
        into.write(&self.left);
    }
}

fn bit(number: u8) -> u64 {
    1 << number
}

/// The place of a number among those that are there; zero stays zero.
fn rank(there: u64, number: u8) -> u8 {
    let below = (there & !1) & (bit(number) - 1);
    let place = below.count_ones() + u32::from(number != 0);
    u8::try_from(place).unwrap_or(u8::MAX)
}

impl Call {
    /// A call at its beginning.
    pub(crate) fn blank(process: u8, flow: u16) -> Self {
        Self {
            process,
            flow,
            phase: Phase::Asked,
            started: false,
            flight: None,
            claim: None,
            seat: None,
            lease: 0,
            voided: false,
            at_hand: Value::NONE,
            found: Value::NONE,
            made: Value::NONE,
            subscribed: false,
            rung: false,
            lost_to: 0,
            cancelled: false,
            known: Known::default(),
            since: 0,
            hard_since: 0,
            waited: 0,
            has_stale: false,
            fresh_seen: false,
            created: false,
            given: false,
            superseded: false,
            stored: false,
            name: Name::default(),
        }
    }

    /// Nothing is left of a call that is over.
    pub(crate) fn end(&mut self) {
        *self = Self {
            phase: Phase::Over,
            name: self.name,
            ..Self::blank(self.process, 0)
        };
    }

    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether it still sits and follows `claim` of `flight`.
    pub(crate) fn follows(&self, process: u8, flight: u8, claim: u8) -> bool {
        self.process == process
            && self.flight == Some(flight)
            && self
                .seat
                .is_some_and(|seat| seat.claim == claim && seat.ear == Ear::Silent)
    }
}
