//! The command line. `replay` and `stampede` are scenario files whose single fields the flags replace.

mod crash;
mod policies;
mod tiers;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::batch::keys_of_a_round;
use crate::crash::{Backend, Promise};
use crate::error::LabError;
use crate::sabotage;
use crate::scenario::{Arrivals, Callers, Fault, Keys, Mode, Scenario, WorkPlan};

/// The contention laboratory: scenarios against dogpile and its peers.
#[derive(Debug, Parser)]
#[command(name = "cargo lab", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Replays a recorded trace from many threads in front of a real database.
    Replay {
        #[command(flatten)]
        replay: ReplayFlags,
        #[command(flatten)]
        output: Output,
    },
    /// Everyone asks for one key at once.
    Stampede {
        #[command(flatten)]
        stampede: StampedeFlags,
        #[command(flatten)]
        output: Output,
    },
    /// Kills processes while they write, again and again, and looks for what they were answered. Exit code 1
    /// says that a promise was broken.
    Crash {
        #[command(flatten)]
        crash: crash::CrashFlags,
        /// Print one line of JSON on standard output and nothing else there.
        #[arg(long)]
        json: bool,
    },
    /// Measures what policies are worth: who waits for new values with and without early refresh and jitter, and
    /// how often a failing origin is called by processes that leave it alone. Exit code 1 says that it was
    /// called twice in one back-off.
    Policies {
        #[command(flatten)]
        policies: policies::PolicyFlags,
        /// Print one line of JSON on standard output and nothing else there.
        #[arg(long)]
        json: bool,
    },
    /// Measures how long processes still serve an old near copy after another process's write was acknowledged,
    /// with memory in front of a store that they share. Exit code 1 says that it was longer than 50 ms (p99), or
    /// that a reader saw an older value after a newer one.
    Tiers {
        #[command(flatten)]
        tiers: tiers::TierFlags,
        /// Print one line of JSON on standard output and nothing else there.
        #[arg(long)]
        json: bool,
    },
    /// Recomputes the counts of a run from its log; fails if they are not what the run counted.
    Check {
        /// A file written by --log.
        file: PathBuf,
        /// Print one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Runs anyone's scenario file.
    Run {
        /// A scenario in TOML.
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// One process of a crash; the run starts it.
    #[command(hide = true)]
    CrashWriter {
        backend: Backend,
        promise: Promise,
        folder: PathBuf,
        writer: u64,
    },
    /// One process that asks a failing origin; the run starts it.
    #[command(hide = true)]
    PolicyWorker,
    /// One process that reads through a near copy; the run starts it.
    #[command(hide = true)]
    TierReader,
    /// One process of a stampede of several; the run starts it.
    #[command(hide = true)]
    Worker {
        #[arg(long, value_enum)]
        sabotage: Option<sabotage::Fault>,
    },
}

/// What a run leaves.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Print one line of JSON on standard output and nothing else there.
    #[arg(long)]
    pub(crate) json: bool,
    /// Plot latency and creations.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Keep each creation's interval.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
    /// Build a fault into dogpile, to see the figures turn red.
    #[arg(long, value_enum, value_name = "FAULT")]
    pub(crate) sabotage: Option<sabotage::Fault>,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayFlags {
    /// web12 (bundled), or a file of 4-byte big-endian keys, plain or xz.
    #[arg(long, value_name = "FILE")]
    trace: Option<String>,
    /// Only so many requests of the trace.
    #[arg(long)]
    requests: Option<usize>,
    /// Requests per second.
    #[arg(long)]
    rate: Option<f64>,
    #[arg(long)]
    threads: Option<u32>,
    #[arg(long, value_parser = humantime::parse_duration)]
    fresh: Option<Duration>,
    #[arg(long, value_parser = humantime::parse_duration)]
    stale: Option<Duration>,
    #[arg(long)]
    seed: Option<u64>,
    /// The first is the subject of the report.
    #[arg(long, value_delimiter = ',')]
    contenders: Option<Vec<String>>,
    /// Where dogpile stores values: memory, file, sled, redis, valkey, memcached. The run makes the folder, or starts the server.
    #[arg(long)]
    backend: Option<String>,
    /// A call that takes longer is hung.
    #[arg(long, value_parser = humantime::parse_duration)]
    bound: Option<Duration>,
}

#[derive(Debug, Args)]
pub(crate) struct StampedeFlags {
    /// 64 unless said otherwise, or 8 in each of several processes.
    #[arg(long, conflicts_with = "async")]
    threads: Option<u32>,
    /// Callers are so many processes of so many threads, which share a store: --backend file, redis or memcached.
    #[arg(long, conflicts_with_all = ["async", "tasks"])]
    processes: Option<u32>,
    /// Callers are tasks on a multi-threaded runtime.
    #[arg(long, requires = "tasks")]
    r#async: bool,
    /// How many.
    #[arg(long, requires = "async")]
    tasks: Option<u32>,
    /// So many different keys at once, dealt to the callers in turn [default: 1].
    #[arg(long)]
    keys: Option<u32>,
    /// Each caller asks for so many keys in one call, in batches that overlap and orders of their own.
    #[arg(long, value_name = "KEYS", conflicts_with_all = ["keys", "async", "fault"])]
    many: Option<u32>,
    /// Fixes the orders of batches.
    #[arg(long)]
    seed: Option<u64>,
    /// sleep:300ms, or sqlite.
    #[arg(long, value_parser = work)]
    creator: Option<WorkPlan>,
    /// Whether there is no value, or one that has just gone stale.
    #[arg(long, value_enum, default_value = "cold")]
    mode: Mode,
    /// 5 cold ones, or 20 stale ones, unless said otherwise.
    #[arg(long)]
    rounds: Option<u32>,
    /// Where dogpile stores values: memory, file, sled, redis, valkey, memcached. The run makes the folder, or starts the server.
    #[arg(long)]
    backend: Option<String>,
    /// The first is the subject of the report.
    #[arg(long, value_delimiter = ',')]
    contenders: Option<Vec<String>>,
    /// A caller that waits longer after the last one returned is hung [default: 10s, and with several
    /// processes as much more as creator and fault take].
    #[arg(long, value_parser = humantime::parse_duration)]
    bound: Option<Duration>,
    /// What befalls each round of a stampede of several processes.
    #[arg(long, value_enum)]
    fault: Option<Fault>,
    /// How long the server keeps a lease whose holder has died [default: 5s].
    #[arg(long, value_parser = humantime::parse_duration)]
    lease: Option<Duration>,
    /// After how long another takes over from a creator at work [default: 30s].
    #[arg(long, value_parser = humantime::parse_duration)]
    creation_limit: Option<Duration>,
    /// How many last values each process keeps for when the server is away [default: 0, or 100 where the
    /// fault is the server's].
    #[arg(long, value_name = "VALUES")]
    keep_last: Option<usize>,
}

impl ReplayFlags {
    pub(crate) fn scenario(self) -> Result<Scenario, LabError> {
        let mut scenario = Scenario::replay()?;
        if let Keys::Trace { trace, requests } = &mut scenario.keys {
            replace(trace, self.trace);
            *requests = self.requests.or(*requests);
        }
        if let Arrivals::Open { rate, .. } = &mut scenario.arrivals {
            replace(rate, self.rate);
        }
        replace(&mut scenario.callers, self.threads.map(Callers::Threads));
        replace(&mut scenario.freshness.fresh, self.fresh);
        replace(&mut scenario.freshness.stale, self.stale);
        replace(&mut scenario.seed, self.seed);
        replace(&mut scenario.contenders, self.contenders);
        replace(&mut scenario.backend, self.backend);
        replace(&mut scenario.bound, self.bound);
        Ok(scenario)
    }
}

/// How many values are kept where the server is going to be away.
const KEPT: usize = 100;

impl StampedeFlags {
    pub(crate) fn scenario(self) -> Result<Scenario, LabError> {
        let mut scenario = Scenario::stampede(self.mode)?;
        if let Arrivals::Together { rounds, .. } = &mut scenario.arrivals {
            replace(rounds, self.rounds);
        }
        if let Keys::One { at_once, .. } = &mut scenario.keys {
            replace(at_once, self.keys);
        }
        let callers = match (self.processes, self.tasks) {
            (Some(processes), _) => Some(Callers::Processes {
                processes,
                threads: self.threads.unwrap_or(8),
            }),
            (None, Some(tasks)) => Some(Callers::Tasks(tasks)),
            (None, None) => self.threads.map(Callers::Threads),
        };
        replace(&mut scenario.callers, callers);
        if let (Keys::One { at_once, batch, .. }, Some(many)) = (&mut scenario.keys, self.many) {
            *batch = Some(many);
            *at_once = keys_of_a_round(many, scenario.callers);
        }
        replace(&mut scenario.seed, self.seed);
        replace(&mut scenario.creator.work, self.creator);
        replace(&mut scenario.contenders, self.contenders);
        replace(&mut scenario.backend, self.backend);
        replace(&mut scenario.region.lease, self.lease);
        replace(&mut scenario.region.creation_limit, self.creation_limit);
        scenario.faults.fault = self.fault;
        if self.fault.is_some_and(Fault::strikes_the_server) {
            scenario.region.keep_last = KEPT;
        }
        replace(&mut scenario.region.keep_last, self.keep_last);
        if self.processes.is_some() {
            scenario.bound += scenario.silence();
        }
        replace(&mut scenario.bound, self.bound);
        Ok(scenario)
    }
}

fn replace<T>(field: &mut T, flag: Option<T>) {
    if let Some(value) = flag {
        *field = value;
    }
}

fn work(text: &str) -> Result<WorkPlan, String> {
    match text.split_once(':') {
        Some(("sleep", time)) => {
            let time = humantime::parse_duration(time).map_err(|error| error.to_string())?;
            Ok(WorkPlan::Sleep { time })
        }
        None if text == "sqlite" => Ok(WorkPlan::Sqlite {
            at_least: Duration::from_millis(2),
            busy: Duration::from_micros(250),
            connections: None,
        }),
        _ => Err("write sleep:300ms or sqlite".into()),
    }
}
