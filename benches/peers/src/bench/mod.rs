//! The instruments that all courses share.

pub mod coarse_clock;
pub mod counting;
pub mod cpu_clock;
pub mod environment;
pub mod pinning;
pub mod promise;
pub mod python;
pub mod report;
pub mod rounds;
pub mod script;
pub mod trace;
pub mod user;
pub mod workload;
