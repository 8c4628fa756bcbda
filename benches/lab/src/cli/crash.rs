//! The flags of `crash`.

use std::time::Duration;

use clap::Args;

use crate::crash::{Backend, Plan, Promise};

#[derive(Debug, Args)]
pub(crate) struct CrashFlags {
    /// Whose files are written.
    #[arg(long, value_enum, default_value = "file")]
    backend: Backend,
    /// What the store is opened to promise [default: process-crash, or background of sled].
    #[arg(long, value_enum)]
    durability: Option<Promise>,
    /// How often processes are started and killed; all rounds are played in one folder.
    #[arg(long, default_value_t = 50)]
    rounds: u32,
    /// How many write at once [default: 3, or 1 of sled].
    #[arg(long)]
    processes: Option<u32>,
    /// How many answers they get in a round at least.
    #[arg(long, default_value_t = 3_000)]
    answers: u64,
    /// Fixes when who is killed, as far as that can be fixed.
    #[arg(long, default_value_t = 12)]
    seed: u64,
    /// A store that takes longer is stuck.
    #[arg(long, value_parser = humantime::parse_duration, default_value = "10s")]
    bound: Duration,
}

impl CrashFlags {
    pub(crate) fn plan(self) -> Plan {
        Plan {
            backend: self.backend,
            promise: self.durability,
            rounds: self.rounds,
            processes: self.processes.unwrap_or(self.backend.usual_processes()),
            answers: self.answers,
            seed: self.seed,
            bound: self.bound,
        }
    }
}
