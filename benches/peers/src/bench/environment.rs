//! Where and with what a figure was measured; without this a figure is gossip.

use std::path::Path;
use std::process::Command;

use serde::Serialize;

use super::pinning::Cores;

/// The machine and the build. Every row carries it, so that a row can be quoted alone.
#[derive(Debug, Clone, Serialize)]
pub struct Environment {
    /// The commit of the working copy; ends in `-dirty` if something was changed since; `unknown` outside a repository.
    pub commit: String,
    /// Cores this process may use.
    pub cores: usize,
    /// The processor's own name for itself.
    pub processor: String,
    /// Where the measuring threads ran.
    pub pinning: String,
    /// The compiler.
    pub rustc: &'static str,
}

impl Environment {
    /// Asks the system.
    pub fn look(cores: &Cores, pinning: String) -> Self {
        Self {
            commit: commit(),
            cores: cores.count(),
            processor: processor(),
            pinning,
            rustc: env!("PEERS_RUSTC"),
        }
    }
}

/// The version of `package` that was linked in, as `Cargo.lock` has it; `std` for the standard library.
pub fn version_of(package: &str) -> &'static str {
    env!("PEERS_VERSIONS")
        .split(';')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(name, version)| (name == package).then_some(version))
        .unwrap_or("std")
}

fn commit() -> String {
    let Some(hash) = git(&["rev-parse", "HEAD"]) else {
        return "unknown".to_owned();
    };
    match git(&["status", "--porcelain"]) {
        Some(changes) if changes.is_empty() => hash,
        _ => format!("{hash}-dirty"),
    }
}

fn git(arguments: &[&str]) -> Option<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("git")
        .current_dir(here)
        .args(arguments)
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn processor() -> String {
    std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_lock_file() {
        assert!(version_of("moka").starts_with("0.12."));
        assert!(version_of("papaya").starts_with("0.2."));
        assert_eq!(version_of("no such crate"), "std");
    }
}
