//! The walk itself: breadth first, each state once, with the shortest way to each.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use super::config::Config;
use super::liveness::{Fairness, Graph, Lasso};
use super::machine::Machine;
use super::moves::{Label, Moves};
use super::parts::{Call, Phase};
use super::rules::Rules;
use super::state::State;
use super::table;
use super::witness::Counts;
use crate::mutant;

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
    /// What the search for endless runs did, where the configuration asks for it.
    pub fairness: Option<Fairness>,
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

type Seen = HashMap<u128, u32, BuildHasherDefault<Spread>>;

/// Walks over every state of the world, and, where the configuration asks for it, looks for fair runs
/// in which somebody never gets an answer.
///
/// # Panics
/// When an invariant does not hold, or somebody waits for ever; the shortest way there is printed first.
pub fn explore(config: &Config) -> Report {
    // Fairness is owed to each call by itself, so calls that look alike stay apart.
    let mut walk = Walk::new(config, !config.live);
    let ended = catch_unwind(AssertUnwindSafe(|| walk.run()));
    if let Err(cause) = ended {
        if !mutant::is_in_place() {
            walk.print_way();
        }
        resume_unwind(cause);
    }
    let fairness = config.live.then(|| match walk.graph.search() {
        Ok(fairness) => fairness,
        Err(lasso) => {
            if !mutant::is_in_place() {
                walk.print_lasso(&lasso);
            }
            panic!("{}: somebody waits for ever", config.name)
        }
    });
    walk.report(fairness)
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
    graph: Graph,
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
            graph: Graph::default(),
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
        self.seen.insert(Print::of(&first), 0);
        self.ways.push((0, 0));
        let mut level = vec![(0_u32, first)];
        let mut next = Vec::new();
        let mut moves = Vec::new();
        while !level.is_empty() {
            for (number, state) in level.drain(..) {
                self.at = number;
                moves = self.moves(&state, moves);
                self.edges += moves.len();
                let mut edges = Vec::new();
                for (index, (label, state)) in (0_u16..).zip(&moves) {
                    let (to, new) = self.number(state);
                    if new {
                        self.ways.push((number, index));
                        next.push((to, *state));
                    }
                    edges.push((to, label.fair));
                }
                if self.config.live {
                    let pending = |call: &Call| !matches!(call.phase, Phase::Over | Phase::Hung);
                    self.graph
                        .push(edges.into_iter(), state.calls().any(pending));
                }
            }
            std::mem::swap(&mut level, &mut next);
            self.depth += usize::from(!level.is_empty());
            self.progress(began, level.len());
        }
    }

    /// The number of a state, and whether it is met for the first time.
    fn number(&mut self, state: &State) -> (u32, bool) {
        let Ok(next) = u32::try_from(self.ways.len()) else {
            panic!("{}: more states than can be numbered", self.config.name)
        };
        match self.seen.entry(Print::of(state)) {
            Entry::Occupied(known) => (*known.get(), false),
            Entry::Vacant(new) => {
                new.insert(next);
                (next, true)
            }
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

    fn moves(&mut self, from: &State, next: Vec<(Label, State)>) -> Vec<(Label, State)> {
        let mut moves = Moves {
            from: *from,
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

    fn report(self, fairness: Option<Fairness>) -> Report {
        Report {
            states: self.ways.len(),
            edges: self.edges,
            depth: self.depth,
            counts: self.counts,
            fairness,
        }
    }

    /// Prints the shortest way to the move that broke something.
    fn print_way(&mut self) {
        let broke = self.label.take();
        let (rows, _) = self.way_to(self.at);
        println!("{}: the shortest way to what broke", self.config.name);
        table::print(&rows);
        println!("then: {broke:?}");
    }

    /// Prints the shortest way to an endless run, and what goes round there.
    fn print_lasso(&mut self, lasso: &Lasso) {
        let (rows, mut state) = self.way_to(lasso.entry);
        println!("{}: the shortest way to an endless run", self.config.name);
        table::print(&rows);
        if lasso.cycle.is_empty() {
            println!("and nobody can act any more");
            return;
        }
        println!("and round and round, in {} states:", lasso.size);
        let mut round = Vec::new();
        for (number, index) in (rows.len()..).zip(&lasso.cycle) {
            let moves = self.moves(&state, Vec::new());
            let (label, next) = moves[usize::from(*index)];
            round.push(table::row(number, Some(label), &next, &self.machine));
            state = next;
        }
        table::print(&round);
    }

    /// The shortest way to a state, by going it again.
    fn way_to(&mut self, mut at: u32) -> (Vec<table::Row>, State) {
        let mut steps = Vec::new();
        while at != 0 {
            let (before, index) = self.ways[at as usize];
            steps.push(index);
            at = before;
        }
        self.machine = Machine::new();
        let mut state = self.first();
        let mut rows = vec![table::row(0, None, &state, &self.machine)];
        for (number, index) in (1..).zip(steps.into_iter().rev()) {
            let moves = self.moves(&state, Vec::new());
            let (label, next) = moves[usize::from(index)];
            rows.push(table::row(number, Some(label), &next, &self.machine));
            state = next;
        }
        (rows, state)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::world::CHEAP;

    /// States are told apart by 128 bits; here by all that they are.
    #[test]
    fn fingerprints_tell_states_apart() {
        for config in CHEAP {
            let mut walk = Walk::new(config, !config.live);
            let first = walk.first();
            let mut seen = HashSet::from([first]);
            let mut prints = HashSet::from([Print::of(&first)]);
            let mut open = vec![first];
            while let Some(state) = open.pop() {
                for (_, next) in walk.moves(&state, Vec::new()) {
                    prints.insert(Print::of(&next));
                    if seen.insert(next) {
                        open.push(next);
                    }
                }
            }
            assert_eq!(prints.len(), seen.len(), "{}", config.name);
        }
    }
}
