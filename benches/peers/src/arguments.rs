//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use dogpile_peers::courses::{
    file::FileOptions, hit::HitOptions, hit_ratio::HitRatioOptions, memcached::MemcachedOptions,
    memory::MemoryOptions, redis::RedisOptions, wake::WakeOptions,
};

/// Other caches beside dogpile, all in one run
///
/// Every command runs in interleaved rounds: everybody in every round, in another order each time, and the median counts. So a
/// slow minute of the machine falls on all alike, and the ratios between rows carry over to other machines; the absolute
/// figures do not. Every contender hashes with foldhash.
///
/// Without --json a table goes to standard output. With --json it is one line holding an array, one object per row, and nothing
/// else; raw samples, versions, commit, cores and pinning are in each object. A progress bar goes to standard error if that is
/// a terminal.
#[derive(Debug, Parser)]
#[command(
    name = "cargo peers",
    bin_name = "cargo peers",
    version,
    arg_required_else_help = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// What a call costs when the value is there
    ///
    /// Keys are strings of 20 bytes, values an Arc of 64 bytes, 10,000 of them. `hot` asks for one key only, `zipf` for all of
    /// them with exponent 1. Clones compare with clones and borrows with borrows; an unlike pair is marked by a star in the
    /// table and has a reason in the JSON. A run in which any call was no hit reports nothing.
    #[command(after_help = "Examples:\n  \
        cargo peers hit                          about a minute and a half\n  \
        cargo peers hit --quick                  a few seconds, rougher\n  \
        cargo peers hit --only papaya,dogpile --threads 1\n  \
        cargo peers hit --json | jq '.[] | select(.workload == \"hot\") | [.contender, .threads, .ns_per_op]'")]
    Hit(Hit),
    /// How fast a crowd gets the value that it waits for
    ///
    /// Everybody asks for one cold key; the creator goes on until all have called and for 40 ms more. Measured is the time from
    /// its end until the last caller has the value: blocked threads first, then tasks of a tokio runtime.
    #[command(after_help = "Examples:\n  \
        cargo peers wake\n  \
        cargo peers wake --threads 200 --tasks 0         threads only\n  \
        cargo peers wake --only Shared,dogpile --json")]
    Wake(Wake),
    /// How often a bounded cache still holds what is asked for
    ///
    /// Replays recorded traces, from one thread, each access a get-or-create. Two traces come with the project; --trace
    /// takes others: 4-byte big-endian keys one after the other, plain or xz.
    #[command(after_help = "Examples:\n  \
        cargo peers hitratio\n  \
        cargo peers hitratio --percent 0.5,1,5,20\n  \
        cargo peers hitratio --trace my.trace.xz --rounds 1\n\n\
        The bundled traces: Copyright headissue GmbH, Jens Wilke, CC BY 4.0, recorded for cache2k.")]
    Hitratio(HitRatio),
    /// What an entry costs in bytes
    ///
    /// A million entries of String -> u64 in a cache that keeps everything, each cache in a process of its own: bytes asked of
    /// the allocator, and by how much the resident size grew.
    #[command(after_help = "Examples:\n  \
        cargo peers memory\n  \
        cargo peers memory --entries 100000 --only papaya,dogpile")]
    Memory(Memory),
    /// What a hit costs when the value is in Redis
    ///
    /// A region, the client library by itself (GET, and the same decoding) and Python's dogpile.cache 1.5.0, all on one
    /// server that this command starts and ends: one thread of each, then tasks on a runtime of two workers beside as many
    /// Python threads. Values are JSON of about 130 bytes, 1,000 of them, all fresh. Each of dogpile's rows holds the ratio to
    /// the others of its crowd and what is promised of it. A run in which any call was no hit reports nothing.
    ///
    /// Needs Redis on the PATH (`apt-get install redis-tools`), and for dogpile.cache Python with `venv` and pip, which bring
    /// it into the target folder the first time. Without them its row holds null, and why.
    #[command(after_help = "Examples:
          cargo peers redis                        about a minute
          cargo peers redis --quick --only dogpile,bare
          cargo peers redis --json | jq '.[] | {callers, crowd, against: [.against[] | {contender, ratio}]}'")]
    Redis(Redis),
    /// What a hit costs when the value is in a memcached
    ///
    /// A region, and a socket by itself that asks for the same item (`mg`) and decodes what comes by the same steps, both on
    /// one server that this command starts and ends. Values are JSON of about 130 bytes, 1,000 of them, all fresh. Dogpile's row
    /// holds the ratio to the other and what is promised of it. A run in which any call was no hit reports nothing.
    ///
    /// Needs memcached on the PATH (`apt-get install memcached`).
    #[command(after_help = "Examples:
          cargo peers memcached                    about half a minute
          cargo peers memcached --quick --threads 1
          cargo peers memcached --json | jq '.[] | {contender, threads, hits_per_s, against}'")]
    Memcached(Memcached),
    /// What a hit and a write cost when values are in files
    ///
    /// A region on the file store, LMDB by itself (one transaction a call, a checksum, the same JSON) and Python's
    /// dogpile.cache 1.5.0 on `dbm.gnu`, each with its own files in a folder that is gone afterwards: 10,000 keys of 20 bytes,
    /// values of about 100 bytes of JSON, all fresh. Each of dogpile's rows holds the ratio to the others and what is promised
    /// of it. A run in which a hit was none reports nothing.
    ///
    /// For dogpile.cache it needs Python with `dbm.gnu`, `venv` and pip (`apt-get install python3-gdbm python3-venv`), which
    /// bring it into the target folder the first time. Without them its rows hold null, and why.
    #[command(after_help = "Examples:
          cargo peers file                         about half a minute
          cargo peers file --quick --threads 1 --only dogpile,lmdb
          cargo peers file --json | jq '.[] | {operation, threads, contender, against: [.against[] | {contender, ratio, promised}]}'")]
    File(File),
    /// Fills one cache and prints what it takes: what `memory` starts for each sample
    #[command(hide = true)]
    Footprint {
        /// Whose cache
        contender: String,
        /// How many entries
        entries: usize,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Print one line of JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Rounds; more of them steady the median
    #[arg(long, value_name = "N")]
    rounds: Option<NonZeroUsize>,
    /// Few and short rounds, for a first look
    #[arg(long)]
    quick: bool,
    /// Only contenders whose names contain one of these parts
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<String>,
}

impl Common {
    fn rounds(&self, usual: usize, quick: usize) -> usize {
        self.rounds
            .map_or(if self.quick { quick } else { usual }, NonZeroUsize::get)
    }
}

#[derive(Debug, Args)]
pub(crate) struct Hit {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Numbers of threads; more than there are cores is labelled oversubscribed
    #[arg(long, value_name = "N", value_delimiter = ',', default_values = ["1", "2", "4"])]
    threads: Vec<NonZeroUsize>,
    /// How long a sample takes, in milliseconds [default: 60; with --quick: 15]
    #[arg(long, value_name = "MS")]
    sample_ms: Option<u32>,
}

impl Hit {
    pub(crate) fn options(&self) -> HitOptions {
        let usual = if self.common.quick { 15 } else { 60 };
        HitOptions {
            rounds: self.common.rounds(21, 5),
            sample: Duration::from_millis(self.sample_ms.unwrap_or(usual).into()),
            threads: self.threads.iter().map(|threads| threads.get()).collect(),
            only: self.common.only.clone(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Wake {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Threads that ask at once; 0 leaves them out
    #[arg(long, value_name = "N", default_value_t = 64)]
    threads: usize,
    /// Tasks that ask at once; 0 leaves them out
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    tasks: usize,
}

impl Wake {
    pub(crate) fn options(&self) -> WakeOptions {
        WakeOptions {
            rounds: self.common.rounds(31, 7),
            threads: self.threads,
            tasks: self.tasks,
            only: self.common.only.clone(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct HitRatio {
    #[command(flatten)]
    pub(crate) common: Common,
    /// A trace to replay instead of the bundled ones; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Vec<PathBuf>,
    /// Capacities, in percent of the trace's distinct keys
    #[arg(long, value_name = "P", value_delimiter = ',', default_values = ["1", "10"])]
    percent: Vec<f64>,
}

impl HitRatio {
    pub(crate) fn options(&self) -> HitRatioOptions {
        HitRatioOptions {
            rounds: self.common.rounds(5, 1),
            percent: self.percent.clone(),
            only: self.common.only.clone(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Memory {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Entries to store
    #[arg(long, value_name = "N", default_value = "1000000")]
    entries: NonZeroUsize,
}

impl Memory {
    pub(crate) fn options(&self) -> MemoryOptions {
        MemoryOptions {
            rounds: self.common.rounds(3, 1),
            entries: self.entries.get(),
            only: self.common.only.clone(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Redis {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Tasks that ask at once, and threads of dogpile.cache beside them
    #[arg(long, value_name = "N", default_value = "64")]
    tasks: NonZeroUsize,
    /// Leave dogpile.cache out, and Python with it
    #[arg(long)]
    no_python: bool,
    /// How long a sample takes, in milliseconds [default: 200; with --quick: 50]
    #[arg(long, value_name = "MS")]
    sample_ms: Option<u32>,
}

impl Redis {
    pub(crate) fn options(&self) -> RedisOptions {
        let usual = if self.common.quick { 50 } else { 200 };
        RedisOptions {
            rounds: self.common.rounds(41, 7),
            sample: Duration::from_millis(self.sample_ms.unwrap_or(usual).into()),
            tasks: self.tasks.get(),
            python: !self.no_python,
            only: self.common.only.clone(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Memcached {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Numbers of threads that call
    #[arg(long, value_name = "N", value_delimiter = ',', default_values = ["1", "2"])]
    threads: Vec<NonZeroUsize>,
    /// How long a sample takes, in milliseconds [default: 100; with --quick: 30]
    #[arg(long, value_name = "MS")]
    sample_ms: Option<u32>,
}

impl Memcached {
    pub(crate) fn options(&self) -> MemcachedOptions {
        let usual = if self.common.quick { 30 } else { 100 };
        MemcachedOptions {
            rounds: self.common.rounds(41, 7),
            sample: Duration::from_millis(self.sample_ms.unwrap_or(usual).into()),
            threads: self.threads.iter().map(|threads| threads.get()).collect(),
            only: self.common.only.clone(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct File {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Numbers of threads that call
    #[arg(long, value_name = "N", value_delimiter = ',', default_values = ["1", "2"])]
    threads: Vec<NonZeroUsize>,
    /// Leave dogpile.cache out, and Python with it
    #[arg(long)]
    no_python: bool,
    /// Measure our store on sled too, whose thread writes behind everybody's back
    #[arg(long)]
    sled: bool,
    /// How long a sample takes, in milliseconds: so short that most are not interrupted
    #[arg(long, value_name = "MS", default_value_t = 5)]
    sample_ms: u32,
}

impl File {
    pub(crate) fn options(&self) -> FileOptions {
        FileOptions {
            rounds: self.common.rounds(201, 21),
            sample: Duration::from_millis(self.sample_ms.into()),
            threads: self.threads.iter().map(|threads| threads.get()).collect(),
            python: !self.no_python,
            sled: self.sled,
            only: self.common.only.clone(),
        }
    }
}
