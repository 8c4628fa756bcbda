//! Which programs are run where, and what is said of one whose history cannot be explained.

use std::sync::Arc;
use std::thread;

use crate::backends::Kind;
use crate::checker::{Rejected, check};
use crate::dice::Dice;
use crate::history::{Event, table};
use crate::jostle::Pace;
use crate::program::{Shape, program};
use crate::run;
use crate::setting::Setting;
use crate::spec::RegionSpec;
use crate::world::World;

/// Names the one seed to run: `DOGPILE_HISTORY=17 cargo test -p dogpile-histories --test
/// histories` runs it in every suite and prints what happened.
const REPLAY: &str = "DOGPILE_HISTORY";

/// Programs of one kind on one store.
#[derive(Clone, Copy)]
pub(crate) struct Suite {
    pub(crate) kind: &'static Kind,
    pub(crate) processes: u8,
    pub(crate) pace: Pace,
    /// On the store itself, by the machine's clock: the shortest way of a hit.
    pub(crate) bare: bool,
}

/// A recorded run.
pub(crate) struct Recorded {
    pub(crate) setting: Setting,
    pub(crate) history: Vec<Event>,
}

impl Suite {
    fn name(&self) -> String {
        let Self {
            kind,
            processes,
            pace,
            bare,
        } = self;
        let bare = if *bare { ", bare" } else { "" };
        format!("{}, {processes} process(es), {pace:?}{bare}", kind.name)
    }

    /// Runs the program of this seed.
    ///
    /// # Panics
    /// When somebody waits for ever.
    pub(crate) fn run(&self, seed: u64) -> Recorded {
        let mut dice = Dice::new(seed);
        let shape = Shape {
            processes: self.processes,
            evicts: self.kind.evicts,
            outlives: self.kind.outlives,
            expires: self.kind.expires,
            ages: !self.bare,
            drops: self.pace == Pace::Tasks,
        };
        let program = program(shape, &mut dice);
        let world = World::new(self.kind, &program, self.pace, self.bare, &mut dice);
        let world = Arc::new(world);
        let ran = match self.pace {
            Pace::Tasks => run::tasks(&world, &program, &mut dice),
            Pace::Threads => run::threads(&world, &program),
        };
        let history = world.log.history();
        assert!(
            ran.is_ok(),
            "law 7: on {}, seed {seed}, somebody waits for ever\n{:?}\n{}",
            self.name(),
            program.setting,
            table(&history)
        );
        Recorded {
            setting: program.setting,
            history,
        }
    }

    /// Runs and checks the program of this seed.
    ///
    /// # Panics
    /// When the specification does not allow what happened.
    pub(crate) fn check(&self, seed: u64) -> Recorded {
        let recorded = self.run(seed);
        if let Err(Rejected { events }) = recorded.check() {
            panic!(
                "on {}, seed {seed} ({REPLAY}={seed} runs it again): nothing explains the last \
                 line\n{:?}\n{}",
                self.name(),
                recorded.setting,
                table(&recorded.history[..events])
            );
        }
        recorded
    }

    /// Checks the programs of so many seeds on both cores, and answers what each gave `note`.
    pub(crate) fn check_all<N: Send>(
        self,
        count: u64,
        note: impl Fn(Recorded) -> N + Sync,
    ) -> Vec<N> {
        if let Ok(seed) = std::env::var(REPLAY) {
            let seed = seed.parse().expect("a seed is a number");
            let recorded = self.check(seed);
            println!("on {}:\n{}", self.name(), table(&recorded.history));
            return vec![note(recorded)];
        }
        println!("on {}: seeds 0 to {}", self.name(), count - 1);
        let half = |first: u64| {
            let seeds = (first..count).step_by(2);
            seeds.map(|seed| note(self.check(seed))).collect::<Vec<N>>()
        };
        thread::scope(|scope| {
            let odd = scope.spawn(|| half(1));
            let mut notes = half(0);
            notes.extend(
                odd.join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            );
            notes
        })
    }
}

impl Recorded {
    pub(crate) fn spec(&self) -> RegionSpec<'_> {
        RegionSpec::new(&self.setting, &self.history)
    }

    pub(crate) fn check(&self) -> Result<usize, Rejected> {
        check(&self.spec(), &self.history)
    }
}
