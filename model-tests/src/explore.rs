//! Runs a scene under a checker, to its end, and reports what happened.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Instant;

use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Scheduler};
use shuttle::{MaxSteps, Runner};

/// A program over one slot; what it answers is what happened in this execution.
pub type Scene = fn() -> String;

/// A [`Scene`], or one that was put together at run time.
pub trait AnyScene: Fn() -> String + Send + Sync + 'static {}

impl<P: Fn() -> String + Send + Sync + 'static> AnyScene for P {}

/// How far loom goes.
#[derive(Clone, Copy, Debug)]
pub enum Reach {
    /// Every execution.
    Unbounded,
    /// Every execution with at most so many preemptions.
    Preemptions(usize),
}

/// What an exploration did.
#[derive(Debug)]
pub struct Report {
    /// How many executions there were.
    pub executions: usize,
    /// What happened, and in how many of them.
    pub outcomes: BTreeMap<String, usize>,
}

thread_local! {
    static OUTCOMES: RefCell<BTreeMap<String, usize>> = const { RefCell::new(BTreeMap::new()) };
}

static QUIET: OnceLock<()> = OnceLock::new();

/// Explorations print nothing from now on: whoever runs thousands of them reports by itself.
pub fn be_quiet() {
    QUIET.get_or_init(|| ());
}

/// Far above what any scene here needs: a scene that gets there has exploded.
const LOOM_LIMIT: usize = 20_000_000;
/// How often loom looks at the limit.
const LOOM_INTERVAL: usize = 10_000;
const LOOM_BRANCHES: usize = 20_000;

/// Runs `scene` under loom until there is no execution left.
///
/// # Panics
/// When the scene does in one execution, and when loom stops before the end: it does that silently.
pub fn loom(name: &str, reach: Reach, scene: impl AnyScene) -> Report {
    let mut model = loom::model::Builder::new();
    // Nothing from the environment may cut an exploration short.
    model.max_duration = None;
    model.max_permutations = Some(LOOM_LIMIT);
    model.checkpoint_interval = LOOM_INTERVAL;
    model.checkpoint_file = None;
    model.max_branches = LOOM_BRANCHES;
    model.preemption_bound = match reach {
        Reach::Unbounded => None,
        Reach::Preemptions(bound) => Some(bound),
    };
    let report = report(&format!("loom {name} {reach:?}"), || {
        model.check(move || record(&scene));
    });
    assert!(
        report.executions + 1 < LOOM_LIMIT,
        "{name}: stopped by the limit, not by the end"
    );
    report
}

/// Runs `scene` under every schedule of shuttle.
///
/// # Panics
/// When the scene does in one of them.
pub fn shuttle_all(name: &str, scene: impl AnyScene) -> Report {
    shuttle(
        &format!("shuttle dfs {name}"),
        DfsScheduler::new(None, false),
        scene,
    )
}

/// Runs `scene` under `count` schedules drawn from `seed`.
///
/// # Panics
/// When the scene does in one of them.
pub fn shuttle_random(name: &str, seed: u64, count: usize, scene: impl AnyScene) -> Report {
    let label = format!("shuttle random {name}, seed {seed}");
    shuttle(&label, RandomScheduler::new_from_seed(seed, count), scene)
}

/// Runs `scene` under `count` schedules with few, well-placed changes of thread.
///
/// # Panics
/// When the scene does in one of them.
pub fn shuttle_pct(name: &str, seed: u64, count: usize, scene: impl AnyScene) -> Report {
    let label = format!("shuttle pct {name}, seed {seed}");
    shuttle(&label, PctScheduler::new_from_seed(seed, 3, count), scene)
}

fn shuttle(label: &str, scheduler: impl Scheduler + 'static, scene: impl AnyScene) -> Report {
    let mut config = shuttle::Config::new();
    config.max_steps = MaxSteps::FailAfter(100_000);
    // That it knows no weak memory is why loom is here.
    config.silence_warnings = true;
    report(label, || {
        Runner::new(scheduler, config).run(move || record(&scene));
    })
}

fn record(scene: &impl AnyScene) {
    let outcome = scene();
    OUTCOMES.with_borrow_mut(|outcomes| *outcomes.entry(outcome).or_default() += 1);
}

fn report(label: &str, explore: impl FnOnce()) -> Report {
    OUTCOMES.take();
    let start = Instant::now();
    explore();
    let outcomes = OUTCOMES.take();
    let executions = outcomes.values().sum();
    if QUIET.get().is_none() {
        println!("{label}: {executions} executions, {:.2?}", start.elapsed());
        for (outcome, count) in &outcomes {
            println!("    {count:>9}  {outcome}");
        }
    }
    Report {
        executions,
        outcomes,
    }
}

impl Report {
    /// In how many executions something was seen to happen.
    pub fn seen(&self, sign: &str) -> usize {
        let signs = self
            .outcomes
            .iter()
            .filter(|(outcome, _)| outcome.contains(sign));
        signs.map(|(_, count)| count).sum()
    }

    /// Asserts that something was seen to happen: an "always" over executions in which nothing
    /// interesting happens proves nothing.
    ///
    /// # Panics
    /// When no outcome contains `sign`.
    pub fn witness(&self, sign: &str) -> &Self {
        assert!(
            self.seen(sign) > 0,
            "no execution shows {sign:?}: {:?}",
            self.outcomes
        );
        self
    }
}
