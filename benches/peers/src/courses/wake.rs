//! `wake`: how long after the creator's end the last of a crowd that waits for one cold key has its value.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use comfy_table::Table;
use indicatif::ProgressBar;
use serde::Serialize;

use super::{wake_tasks, wake_threads};
use crate::bench::environment::{Environment, version_of};
use crate::bench::pinning::Cores;
use crate::bench::report::{Against, progress, table};
use crate::bench::rounds::{least, median, order, rounded};
use crate::contender::Contender;
use crate::error::PeersError;

/// Whom threads and tasks are set against.
const BASELINES: [&str; 2] = ["mutex+condvar", "futures Shared"];

/// How long the creator goes on once everybody has called, so that they are all asleep when it ends.
pub const SETTLE: Duration = Duration::from_millis(SETTLE_MS);

const SETTLE_MS: u64 = 40;

/// How much to measure.
#[derive(Debug, Clone)]
pub struct WakeOptions {
    /// Rounds; each of them runs everybody.
    pub rounds: usize,
    /// Threads of the first crowd; 0 leaves it out.
    pub threads: usize,
    /// Tasks of the second crowd; 0 leaves it out.
    pub tasks: usize,
    /// Parts of the names of those who run; everybody if empty.
    pub only: Vec<String>,
}

/// Who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Crowd {
    /// Blocked threads.
    Threads,
    /// Tasks of a tokio runtime with one worker per core.
    Tasks,
}

/// One contender with one crowd.
#[derive(Debug, Serialize)]
pub struct WakeRow {
    crowd: Crowd,
    callers: usize,
    contender: &'static str,
    /// Median over the rounds, from the creator's end until the last caller has the value.
    last_waiter_us: f64,
    least_last_waiter_us: f64,
    /// The same from when that came which the creator waited for; nothing where its end is that.
    from_event_us: Option<f64>,
    least_from_event_us: Option<f64>,
    /// The most creators that ran in any round; more than one is no single flight.
    creators: usize,
    against: Vec<Against>,
    from_event_against: Vec<Against>,
    samples_us: Vec<f64>,
    from_event_samples_us: Vec<f64>,
    package: &'static str,
    version: &'static str,
    settle_ms: u64,
    rounds: usize,
    #[serde(flatten)]
    environment: Environment,
}

/// One round of one contender.
#[derive(Debug, Clone, Copy)]
pub struct Woken {
    /// From the creator's end until the last caller had the value.
    pub last: Duration,
    /// The same from when that came which the creator waited for.
    pub from_event: Option<Duration>,
    /// Creators that ran.
    pub creators: usize,
}

/// What the creator of a round and its callers tell each other.
#[derive(Debug, Default)]
pub struct Gathering {
    arrived: AtomicUsize,
    creators: AtomicUsize,
    event: OnceLock<Instant>,
    ended: OnceLock<Instant>,
}

impl Gathering {
    /// Says that one more caller is about to call.
    pub fn arrive(&self) {
        self.arrived.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether `callers` have arrived.
    pub fn complete(&self, callers: usize) -> bool {
        self.arrived.load(Ordering::SeqCst) >= callers
    }

    /// Says that a creator begins.
    pub fn begin(&self) {
        self.creators.fetch_add(1, Ordering::SeqCst);
    }

    /// Says that what the creator waits for comes now; the first time counts.
    pub fn event(&self) {
        self.event.get_or_init(Instant::now);
    }

    /// Says that a creator ends; the first one counts.
    pub fn end(&self) {
        self.ended.get_or_init(Instant::now);
    }

    /// The round's figures, from the time at which the last caller had its value.
    pub fn woken(&self, last: Instant) -> Woken {
        let since = |time: &Instant| last.saturating_duration_since(*time);
        Woken {
            last: self.ended.get().map(since).unwrap_or_default(),
            from_event: self.event.get().map(since),
            creators: self.creators.load(Ordering::SeqCst),
        }
    }
}

/// Someone whose callers can be woken: one round per call, each with a key that nobody asked for before.
pub struct Entrant {
    /// The contender.
    pub contender: &'static dyn Contender,
    /// Runs the round of this number.
    pub round: Box<dyn FnMut(usize) -> Result<Woken, PeersError>>,
}

/// Measures both crowds.
///
/// # Errors
/// If a caller panics, if no runtime can be had, or if the filter leaves nobody.
pub fn run(
    contenders: &[&'static dyn Contender],
    options: &WakeOptions,
) -> Result<Vec<WakeRow>, PeersError> {
    let threads = wake_threads::entrants(contenders, options);
    let tasks = wake_tasks::entrants(contenders, options)?;
    if threads.is_empty() && tasks.is_empty() {
        return Err(PeersError::NobodyLeft {
            only: options.only.clone(),
        });
    }
    let bar = progress((threads.len() + tasks.len()) * options.rounds, "wake");
    let mut rows = crowd(
        Crowd::Threads,
        options.threads,
        threads,
        options.rounds,
        &bar,
    )?;
    rows.extend(crowd(
        Crowd::Tasks,
        options.tasks,
        tasks,
        options.rounds,
        &bar,
    )?);
    bar.finish_and_clear();
    Ok(rows)
}

fn crowd(
    crowd: Crowd,
    callers: usize,
    mut entrants: Vec<Entrant>,
    rounds: usize,
    bar: &ProgressBar,
) -> Result<Vec<WakeRow>, PeersError> {
    let mut woken = vec![Vec::with_capacity(rounds); entrants.len()];
    for round in 0..rounds {
        for who in order(entrants.len(), round) {
            woken[who].push((entrants[who].round)(round)?);
            bar.inc(1);
        }
    }
    let cores = Cores::allowed();
    let environment = Environment::look(&cores, "not pinned".to_owned());
    let mut rows: Vec<WakeRow> = entrants
        .iter()
        .zip(woken)
        .map(|(entrant, woken)| {
            let samples_us: Vec<f64> = woken.iter().map(|woken| micros(woken.last)).collect();
            let from_event = woken.iter().filter_map(|woken| woken.from_event);
            let from_event_samples_us: Vec<f64> = from_event.map(micros).collect();
            let of_events = |figure: fn(&[f64]) -> f64| {
                let samples = &from_event_samples_us;
                (!samples.is_empty()).then(|| rounded(figure(samples)))
            };
            WakeRow {
                crowd,
                callers,
                contender: entrant.contender.name(),
                last_waiter_us: rounded(median(&samples_us)),
                least_last_waiter_us: least(&samples_us),
                from_event_us: of_events(median),
                least_from_event_us: of_events(least),
                creators: woken.iter().map(|woken| woken.creators).max().unwrap_or(0),
                against: Vec::new(),
                from_event_against: Vec::new(),
                samples_us,
                from_event_samples_us,
                package: entrant.contender.package(),
                version: version_of(entrant.contender.package()),
                settle_ms: SETTLE_MS,
                rounds,
                environment: environment.clone(),
            }
        })
        .collect();
    set_against_baseline(&mut rows);
    Ok(rows)
}

fn micros(span: Duration) -> f64 {
    rounded(span.as_secs_f64() * 1e6)
}

fn set_against_baseline(rows: &mut [WakeRow]) {
    let baseline = rows.iter().find(|row| BASELINES.contains(&row.contender));
    let Some((contender, last_waiter_us, from_event_us)) =
        baseline.map(|row| (row.contender, row.last_waiter_us, row.from_event_us))
    else {
        return;
    };
    let against = |ratio| Against {
        contender,
        ratio: rounded(ratio),
        unlike: None,
    };
    for row in rows {
        row.against = vec![against(row.last_waiter_us / last_waiter_us)];
        let both = row.from_event_us.zip(from_event_us);
        row.from_event_against = both
            .map(|(ours, theirs)| against(ours / theirs))
            .into_iter()
            .collect();
    }
}

/// The rows for people.
pub fn as_table(rows: &[WakeRow]) -> Table {
    let mut table = table(
        &[
            "callers",
            "contender",
            "last waiter, us",
            "least",
            "creators",
            "against the baseline",
            "from the event, us",
            "against the baseline",
        ],
        2,
    );
    for row in rows {
        let crowd = match row.crowd {
            Crowd::Threads => "threads",
            Crowd::Tasks => "tasks",
        };
        table.add_row([
            format!("{} {crowd}", row.callers),
            row.contender.to_owned(),
            format!("{:.0}", row.last_waiter_us),
            format!("{:.0}", row.least_last_waiter_us),
            row.creators.to_string(),
            cell(&row.against),
            row.from_event_us
                .map_or_else(|| "-".to_owned(), |us| format!("{us:.0}")),
            cell(&row.from_event_against),
        ]);
    }
    table
}

fn cell(against: &[Against]) -> String {
    against
        .first()
        .map_or_else(|| "-".to_owned(), Against::cell)
}

/// What has to be said below the table.
pub const NOTES: [&str; 3] = [
    "Last waiter: from the creator's end until the last caller has the value, median over the rounds. Least: the best round.",
    "From the event: from when that came which the tasks' creator waited for. It wakes all who wait in a futures Shared before the creator ends, and for all others the creator alone; so only this figure is like with like.",
    "Baselines: mutex+condvar for threads, futures Shared for tasks. More than one creator in a round: no single flight.",
];
