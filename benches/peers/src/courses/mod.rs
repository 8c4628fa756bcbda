//! What is measured: one file per course, each with its options, its rows and its table.

pub mod file;
pub mod hit;
pub mod hit_ratio;
pub mod lap_time;
pub mod memcached;
pub mod memory;
pub mod redis;
pub mod wake;
pub mod wake_tasks;
pub mod wake_threads;

/// Whether `name` is asked for: every name is if `only` is empty, else those that contain one of its parts.
pub fn asked_for(name: &str, only: &[String]) -> bool {
    only.is_empty() || only.iter().any(|part| name.contains(part.as_str()))
}
