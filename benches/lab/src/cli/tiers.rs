//! The flags of `tiers`.

use std::time::Duration;

use clap::Args;

use crate::tiers::Plan;

#[derive(Debug, Args)]
pub(crate) struct TierFlags {
    /// The store that the processes share: redis, valkey or file.
    #[arg(long, default_value = "redis")]
    backend: String,
    /// How many processes: one writes, the others read.
    #[arg(long, default_value_t = 4)]
    processes: u32,
    /// How long a near copy is used at most, also when messages are lost.
    #[arg(long, value_parser = humantime::parse_duration, default_value = "1s")]
    near_for: Duration,
    /// How long between two writes.
    #[arg(long, value_parser = humantime::parse_duration, default_value = "20ms")]
    pause: Duration,
    /// How long it goes on.
    #[arg(long, value_parser = humantime::parse_duration, default_value = "10s")]
    time: Duration,
}

impl TierFlags {
    pub(crate) fn plan(self) -> Plan {
        Plan {
            backend: self.backend,
            processes: self.processes,
            near_for: self.near_for,
            pause: self.pause,
            time: self.time,
        }
    }
}
