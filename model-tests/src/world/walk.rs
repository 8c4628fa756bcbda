//! The walk itself: breadth first, each state once, with the shortest way to each.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use super::config::Config;
use super::machine::Machine;
use super::moves::{Label, Moves};
use super::rules::Rules;
use super::state::State;
use super::table;
use super::witness::Counts;

/// What a walk found.
#[derive(Clone, Debug)]
pub struct Report {
    /// How many states there are.
    pub states: usize,
    /// How many transitions.
    pub edges: usize,
    /// How far the farthest state is.
    pub depth: usize,
    /// What happened on the way.
    pub counts: Counts,
}

/// Fingerprints are spread already.
#[derive(Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u8(*byte);
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.0 = (self.0.rotate_left(5) ^ u64::from(byte)).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// Two independent sums of a state, 128 bits: two of ten million states meet with a chance of one in
/// 10^24.
pub(crate) struct Print {
    low: u64,
    high: u64,
    word: u64,
    filled: u8,
}

impl Print {
    pub(crate) fn of(state: &State) -> u128 {
        let mut print = Self {
            low: 0x9e37_79b9_7f4a_7c15,
            high: 0xc2b2_ae3d_27d4_eb4f,
            word: 0,
            filled: 0,
        };
        state.hash(&mut print);
        let rest = print.word ^ u64::from(print.filled) << 56;
        print.take(rest);
        u128::from(mix(print.high)) << 64 | u128::from(mix(print.low))
    }

    fn take(&mut self, word: u64) {
        self.low = (self.low ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
        self.low ^= self.low >> 29;
        self.high = (self.high.rotate_left(23) ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25);
        self.high ^= self.high >> 32;
    }
}

fn mix(mut word: u64) -> u64 {
    word ^= word >> 32;
    word = word.wrapping_mul(0xd6e8_feb8_6659_fd93);
    word ^ word >> 32
}

impl Hasher for Print {
    fn finish(&self) -> u64 {
        self.low
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u8(*byte);
        }
    }

    #[inline]
    fn write_u8(&mut self, number: u8) {
        self.word = self.word << 8 | u64::from(number);
        self.filled += 1;
        if self.filled == 8 {
            let word = std::mem::take(&mut self.word);
            self.filled = 0;
            self.take(word);
        }
    }

    /// The discriminants of enums, all small.
    #[inline]
    fn write_isize(&mut self, number: isize) {
        self.write_u8(number.to_le_bytes()[0]);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u8(number.to_le_bytes()[0]);
    }
}

type Seen = HashMap<u128, (), BuildHasherDefault<Spread>>;

/// Walks over every state of the world.
///
/// # Panics
/// When an invariant does not hold; the shortest way there is printed first.
pub fn explore(config: &Config) -> Report {
    let mut walk = Walk::new(config, true);
    let ended = catch_unwind(AssertUnwindSafe(|| walk.run()));
    if let Err(cause) = ended {
        walk.print_way();
        resume_unwind(cause);
    }
    walk.report()
}

struct Walk<'a> {
    config: &'a Config,
    symmetric: bool,
    machine: Machine,
    rules: Rules,
    counts: Counts,
    seen: Seen,
    /// For each state in the order of discovery: the state before it, and which of its moves.
    ways: Vec<(u32, u16)>,
    edges: usize,
    depth: usize,
    /// The state whose moves are being made, and the move that was under way.
    at: u32,
    label: Option<Label>,
}

impl<'a> Walk<'a> {
    fn new(config: &'a Config, symmetric: bool) -> Self {
        Self {
            config,
            symmetric,
            machine: Machine::new(),
            rules: Rules::ask(),
            counts: Counts::default(),
            seen: Seen::default(),
            ways: Vec::new(),
            edges: 0,
            depth: 0,
            at: 0,
            label: None,
        }
    }

    fn first(&mut self) -> State {
        let mut first = State::first(self.config, &mut self.machine);
        first.settle(self.symmetric);
        first
    }

    fn run(&mut self) {
        let began = Instant::now();
        let first = self.first();
        self.seen.insert(Print::of(&first), ());
        self.ways.push((0, 0));
        let mut level = vec![(0_u32, first)];
        let mut next = Vec::new();
        let mut moves = Vec::new();
        while !level.is_empty() {
            for (number, state) in level.drain(..) {
                self.at = number;
                moves = self.moves(state, moves);
                self.edges += moves.len();
                for (index, (_, state)) in moves.iter().enumerate() {
                    if self.seen.insert(Print::of(state), ()).is_some() {
                        continue;
                    }
                    let Ok(found) = u32::try_from(self.ways.len()) else {
                        panic!("{}: more states than can be numbered", self.config.name)
                    };
                    self.ways
                        .push((number, u16::try_from(index).unwrap_or(u16::MAX)));
                    next.push((found, *state));
                }
            }
            std::mem::swap(&mut level, &mut next);
            self.depth += usize::from(!level.is_empty());
            self.progress(began, level.len());
        }
    }

    fn progress(&self, began: Instant, ahead: usize) {
        if self.depth.is_multiple_of(10) && began.elapsed().as_secs() >= 2 {
            println!(
                "    {}: depth {}, {} states, {ahead} ahead, {:.1?}",
                self.config.name,
                self.depth,
                self.ways.len(),
                began.elapsed()
            );
        }
    }

    fn moves(&mut self, from: State, next: Vec<(Label, State)>) -> Vec<(Label, State)> {
        let mut moves = Moves {
            from,
            machine: &mut self.machine,
            config: self.config,
            rules: self.rules,
            counts: &mut self.counts,
            symmetric: self.symmetric,
            label: &mut self.label,
            next,
        };
        moves.all();
        moves.next
    }

    fn report(self) -> Report {
        Report {
            states: self.ways.len(),
            edges: self.edges,
            depth: self.depth,
            counts: self.counts,
        }
    }

    /// Prints the shortest way to the move that broke something, by going it again.
    fn print_way(&mut self) {
        let broke = self.label.take();
        let mut steps = Vec::new();
        let mut at = self.at;
        while at != 0 {
            let (before, index) = self.ways[at as usize];
            steps.push(index);
            at = before;
        }
        self.machine = Machine::new();
        let mut state = self.first();
        let mut rows = vec![table::row(0, None, &state, &self.machine)];
        for (number, index) in steps.into_iter().rev().enumerate() {
            let moves = self.moves(state, Vec::new());
            let (label, next) = moves[usize::from(index)];
            rows.push(table::row(number + 1, Some(label), &next, &self.machine));
            state = next;
        }
        println!("{}: the shortest way to what broke", self.config.name);
        table::print(&rows);
        println!("then: {broke:?}");
    }
}
