//! Runs a scene under many schedules and counts in how many of them something happened.
//!
//! What fails prints its seed, where the scheduler has one, and its schedule. Both can be had again:
//!
//! - `DOGPILE_SHUTTLE_SEED=<number>` draws all schedules from that seed instead of the fixed ones;
//! - `DOGPILE_SHUTTLE_SCHEDULES=<number>` draws so many, whatever the size of the run;
//! - `DOGPILE_SHUTTLE_REPLAY=<file>` follows the schedule in that file, in whichever test is run.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::time::Instant;

use dogpile_proof::{Size, size};
use shuttle::scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler};
use shuttle::{Config, MaxSteps, Runner};

/// A program over one region; what it answers is what happened.
pub type Scene = fn() -> BTreeSet<&'static str>;

/// Where the schedules come from.
#[derive(Clone, Copy, Debug)]
pub enum Draw {
    /// Each step to any task that can go on.
    Random,
    /// So many changes of the tasks' priorities, well placed.
    Pct(usize),
}

/// What an exploration did.
#[derive(Debug)]
pub struct Report {
    /// How many executions there were.
    pub executions: usize,
    /// In how many of them something happened.
    pub signs: BTreeMap<&'static str, usize>,
}

thread_local! {
    static SIGNS: RefCell<(usize, BTreeMap<&'static str, usize>)> = RefCell::default();
}

const REPLAY_FROM: &str = "DOGPILE_SHUTTLE_REPLAY";

/// A region's call is deep, and a task's stack is not grown.
const STACK: usize = 0x2_0000;
/// Far above what any scene here needs: a scene that gets there waits for what never comes.
const STEPS: usize = 200_000;

/// How many schedules a test goes through.
pub fn schedules(short: usize, full: usize, nightly: usize) -> usize {
    number("DOGPILE_SHUTTLE_SCHEDULES").unwrap_or(match size() {
        Size::Short => short,
        Size::Full => full,
        Size::Nightly => nightly,
    })
}

/// # Panics
/// When the variable says what is no number.
fn number<N: std::str::FromStr>(variable: &str) -> Option<N> {
    let said = std::env::var(variable).ok()?;
    let number = said.parse().ok();
    assert!(number.is_some(), "{variable} is a number, not {said:?}");
    number
}

/// Runs `scene` under `count` schedules.
///
/// # Panics
/// When the scene does in one of them, or when tasks are left that wait for ever.
pub fn explore(name: &str, draw: Draw, seed: u64, count: usize, scene: Scene) -> Report {
    if let Some(file) = std::env::var_os(REPLAY_FROM) {
        let schedule = match ReplayScheduler::new_from_file(&file) {
            Ok(schedule) => schedule,
            Err(cause) => panic!("cannot read the schedule in {}: {cause}", file.display()),
        };
        return run(&format!("{name}, replayed"), schedule, scene);
    }
    let seed = number("DOGPILE_SHUTTLE_SEED").unwrap_or(seed);
    let label = format!("{name}, {draw:?}, seed {seed}");
    match draw {
        Draw::Random => run(&label, RandomScheduler::new_from_seed(seed, count), scene),
        Draw::Pct(depth) => run(
            &label,
            PctScheduler::new_from_seed(seed, depth, count),
            scene,
        ),
    }
}

/// Whether one of `count` schedules of `scene` fails, as it should when something is wrong.
pub fn finds(draw: Draw, seed: u64, count: usize, scene: Scene) -> bool {
    let explored = || explore("with a fault", draw, seed, count, scene);
    catch_unwind(AssertUnwindSafe(explored)).is_err()
}

/// Whether one schedule is followed again; then everything that happens is told.
pub fn is_replay() -> bool {
    static REPLAY: OnceLock<bool> = OnceLock::new();
    *REPLAY.get_or_init(|| std::env::var_os(REPLAY_FROM).is_some())
}

fn run(label: &str, scheduler: impl Scheduler + 'static, scene: Scene) -> Report {
    println!("{label}:");
    let mut config = Config::new();
    config.stack_size = STACK;
    config.max_steps = MaxSteps::FailAfter(STEPS);
    // That it knows no weak memory is why loom is there.
    config.silence_warnings = true;
    SIGNS.take();
    let _so_many = SoMany;
    let start = Instant::now();
    Runner::new(scheduler, config).run(move || {
        dogpile::model::time::starts();
        let seen = scene();
        SIGNS.with_borrow_mut(|(executions, signs)| {
            *executions += 1;
            for sign in seen {
                *signs.entry(sign).or_default() += 1;
            }
        });
    });
    let (executions, signs) = SIGNS.take();
    println!("{label}: {executions} executions, {:.2?}", start.elapsed());
    for (sign, count) in &signs {
        println!("    {count:>9}  {sign}");
    }
    Report { executions, signs }
}

/// Says how many schedules held before one did not.
struct SoMany;

impl Drop for SoMany {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (executions, _) = SIGNS.take();
            println!("{executions} schedules held, then one did not");
        }
    }
}

impl Report {
    /// In how many executions something happened.
    pub fn seen(&self, sign: &str) -> usize {
        self.signs.get(sign).copied().unwrap_or(0)
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.executions += other.executions;
        for (sign, count) in other.signs {
            *self.signs.entry(sign).or_default() += count;
        }
        self
    }

    /// Asserts that each was seen to happen.
    ///
    /// # Panics
    /// When one was not.
    pub fn witness(&self, signs: &[&str]) -> &Self {
        for sign in signs {
            assert!(self.seen(sign) > 0, "no execution shows {sign:?}: {self:?}");
        }
        self
    }
}
