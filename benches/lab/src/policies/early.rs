//! Callers who ask for a few keys again and again, and are served nothing that is not fresh.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dogpile::{Config, Memory, Region};
use serde::Serialize;

use super::Plan;
use crate::clock::{Clock, nanos};
use crate::error::LabError;
use crate::random::{Random, mix};

/// What came of one course.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Course {
    pub(crate) name: &'static str,
    pub(crate) requests: u64,
    /// Values that were replaced by others.
    pub(crate) expiries: u64,
    /// Creators that ran in a caller's own thread, which waited for them.
    pub(crate) elected_waits: u64,
    /// Those, as a part of the expiries.
    pub(crate) elected_share: f64,
    /// Calls that took at least half as long as creating does: the elected ones, and who waited with them.
    pub(crate) waits: u64,
    /// How old the oldest value was that anybody was given.
    pub(crate) oldest_ms: f64,
    pub(crate) errors: u64,
}

thread_local! {
    /// Whether this thread is a caller's.
    static IS_CALLER: Cell<bool> = const { Cell::new(false) };
}

#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    creations: AtomicU64,
    elected: AtomicU64,
    waits: AtomicU64,
    oldest_ns: AtomicU64,
    errors: AtomicU64,
}

#[allow(clippy::cast_precision_loss)] // shares and milliseconds are no finer
pub(super) fn run(plan: &Plan, ahead: bool) -> Result<Course, LabError> {
    let (region, clock, counts) = (
        region(plan, ahead)?,
        Clock::start(),
        Arc::<Counts>::default(),
    );
    for key in 0..plan.keys {
        let set = region.set(key.to_le_bytes(), clock.now());
        set.map_err(|error| unset(&error))?;
    }
    let end = clock.now() + nanos(plan.time);
    std::thread::scope(|threads| {
        for number in 0..plan.threads {
            let (region, counts) = (&region, &counts);
            threads.spawn(move || ask(plan, region, counts, clock, number, end));
        }
    });
    let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
    let (expiries, elected) = (count(&counts.creations), count(&counts.elected));
    Ok(Course {
        name: if ahead {
            "early refresh and jitter"
        } else {
            "neither"
        },
        requests: count(&counts.requests),
        expiries,
        elected_waits: elected,
        elected_share: elected as f64 / (expiries as f64).max(1.0),
        waits: count(&counts.waits),
        oldest_ms: count(&counts.oldest_ns) as f64 / 1e6,
        errors: count(&counts.errors),
    })
}

/// Values are the moments at which they were created.
fn region(plan: &Plan, ahead: bool) -> Result<Region<u64>, LabError> {
    let config = Config::new(Memory::unbounded()).fresh_for(plan.fresh);
    let config = config.stale_for(Duration::ZERO);
    let config = match ahead {
        true => config.early_refresh(plan.beta).jitter(plan.jitter),
        false => config,
    };
    let region = Region::new("policies");
    region.configure(config).map_err(|error| unset(&error))?;
    Ok(region)
}

fn unset(error: &dyn std::error::Error) -> LabError {
    LabError::Contender {
        name: crate::contender::SUBJECT,
        message: error.to_string(),
    }
}

/// One caller: at each tick so many requests as are due.
fn ask(
    plan: &Plan,
    region: &Region<u64>,
    counts: &Arc<Counts>,
    clock: Clock,
    number: u32,
    end: u64,
) {
    const TICK: u64 = 1_000_000;
    IS_CALLER.set(true);
    let mut random = Random::new(mix(plan.seed ^ u64::from(number)));
    let (begin, mut asked) = (clock.now(), 0_u64);
    let rate = u64::from(plan.rate / plan.threads).max(1);
    let mut tick = begin;
    while tick < end {
        clock.sleep_until(tick);
        // Whoever cannot keep up asks for what it can, and ends in time.
        while clock.now() < end && asked < (clock.now() - begin) * rate / 1_000_000_000 {
            asked += 1;
            let key = random.next() % u64::from(plan.keys);
            once(plan, region, counts, clock, u32::try_from(key).unwrap_or(0));
        }
        tick = clock.now() + TICK;
    }
}

fn once(plan: &Plan, region: &Region<u64>, counts: &Arc<Counts>, clock: Clock, key: u32) {
    let (began, own, takes) = (clock.now(), Arc::clone(counts), plan.creator);
    let create = move || {
        own.elected
            .fetch_add(IS_CALLER.get().into(), Ordering::Relaxed);
        own.creations.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(takes);
        Ok::<_, String>(clock.now())
    };
    counts.requests.fetch_add(1, Ordering::Relaxed);
    let Ok(created) = region.get_or_refresh(key.to_le_bytes(), create) else {
        counts.errors.fetch_add(1, Ordering::Relaxed);
        return;
    };
    let now = clock.now();
    // A value was looked at after the call began: its age then is what was served.
    let age = began.saturating_sub(created);
    counts.oldest_ns.fetch_max(age, Ordering::Relaxed);
    let waited = now - began >= nanos(plan.creator) / 2;
    counts.waits.fetch_add(waited.into(), Ordering::Relaxed);
}
