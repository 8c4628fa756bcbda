//! The flags of `policies`.

use std::time::Duration;

use clap::Args;

use crate::policies::Plan;

#[derive(Debug, Args)]
pub(crate) struct PolicyFlags {
    /// How many keys are asked for.
    #[arg(long, default_value_t = 50)]
    keys: u32,
    /// How many threads ask.
    #[arg(long, default_value_t = 4)]
    threads: u32,
    /// Requests per second, of all of them.
    #[arg(long, default_value_t = 20_000)]
    rate: u32,
    /// How long a value is fresh; nothing older is served.
    #[arg(long, value_parser = humantime::parse_duration, default_value = "500ms")]
    fresh: Duration,
    /// How long creating takes.
    #[arg(long, value_parser = humantime::parse_duration, default_value = "10ms")]
    creator: Duration,
    /// How eagerly chance refreshes early.
    #[arg(long, default_value_t = 3.0)]
    beta: f64,
    /// The share of its freshness over which values end early.
    #[arg(long, default_value_t = 0.2)]
    jitter: f64,
    /// How long each course takes.
    #[arg(long, value_parser = humantime::parse_duration, default_value = "10s")]
    time: Duration,
    /// Where the failing origin's processes store: redis, valkey or file.
    #[arg(long, default_value = "redis")]
    backend: String,
    /// How many processes ask a failing origin.
    #[arg(long, default_value_t = 8)]
    processes: u32,
    /// For how long a creator is left alone that failed.
    #[arg(long, value_parser = humantime::parse_duration, default_value = "500ms")]
    back_off: Duration,
    /// Fixes who asks for what.
    #[arg(long, default_value_t = 12)]
    seed: u64,
}

impl PolicyFlags {
    pub(crate) fn plan(self) -> Plan {
        Plan {
            keys: self.keys,
            threads: self.threads,
            rate: self.rate,
            fresh: self.fresh,
            creator: self.creator,
            beta: self.beta,
            jitter: self.jitter,
            time: self.time,
            backend: self.backend,
            processes: self.processes,
            back_off: self.back_off,
            seed: self.seed,
        }
    }
}
