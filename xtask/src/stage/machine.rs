//! What this machine has, looked at once.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What this machine has.
pub(crate) struct Machine {
    /// The compiler's version, as `1.95.0`.
    pub(crate) rustc: String,
    /// rustup's toolchains; none without rustup.
    pub(crate) toolchains: Vec<String>,
    /// Whether `cargo nextest` answers.
    pub(crate) nextest: bool,
    /// Whether `cargo deny` answers.
    pub(crate) deny: bool,
    /// The target the compiler builds for by itself.
    pub(crate) host: String,
}

impl Machine {
    /// A machine for tests of the plan.
    #[cfg(test)]
    pub(crate) fn sample(rustc: &str, toolchains: &[&str]) -> Self {
        Self {
            rustc: rustc.to_owned(),
            toolchains: toolchains.iter().map(|&name| name.to_owned()).collect(),
            nextest: false,
            deny: false,
            host: "x86_64-unknown-linux-gnu".to_owned(),
        }
    }

    /// Looks.
    pub(crate) fn look() -> Self {
        let about = said("rustc", &["--version", "--verbose"]).unwrap_or_default();
        let toolchains = said("rustup", &["toolchain", "list"]).unwrap_or_default();
        Self {
            rustc: about
                .split_whitespace()
                .nth(1)
                .unwrap_or_default()
                .to_owned(),
            toolchains: toolchains
                .lines()
                .filter_map(|line| line.split_whitespace().next())
                .map(str::to_owned)
                .collect(),
            nextest: said("cargo", &["nextest", "--version"]).is_some(),
            deny: said("cargo", &["deny", "--version"]).is_some(),
            host: about
                .lines()
                .find_map(|line| line.strip_prefix("host: "))
                .unwrap_or_default()
                .to_owned(),
        }
    }

    /// The toolchain rustup knows for a Rust version given as `1.95` or `1.95.0`, if any.
    pub(crate) fn toolchain(&self, version: &str) -> Option<&str> {
        let mut names = self.toolchains.iter().map(String::as_str);
        names.find(|name| is_version(name.split('-').next().unwrap_or_default(), version))
    }
}

/// Whether `found`, a full version, is the one promised: `1.95` means any `1.95.x`.
pub(crate) fn is_version(found: &str, promised: &str) -> bool {
    found == promised
        || found
            .strip_prefix(promised)
            .is_some_and(|rest| rest.starts_with('.'))
}

/// What a program prints, if it can be run and succeeds.
pub(crate) fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program of this name can be found.
pub(crate) fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// Where cargo builds.
pub(crate) fn target_folder(root: &Path) -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").filter(|name| !name.is_empty());
    root.join(named.map_or_else(|| PathBuf::from("target"), PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_part_by_part() {
        assert!(is_version("1.95.0", "1.95") && is_version("1.95.0", "1.95.0"));
        assert!(!is_version("1.9.5", "1.95") && !is_version("1.950.0", "1.95"));
        assert!(!is_version("1.95.0", "1.9"));
    }

    #[test]
    fn programs_are_found_and_their_absence_too() {
        assert!(has_program("rustc") && !has_program("no-such-program-anywhere"));
        assert!(said("no-such-program-anywhere", &[]).is_none());
    }
}
