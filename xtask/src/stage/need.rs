//! What stages need of a machine, and how it gets there.

use std::process::{Command, Stdio};

use super::Stage;
use super::machine::{has_program, said};
use crate::problem::Problem;

/// Something a stage cannot do without.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Need {
    /// A program on the path, and the Debian package that brings it.
    Program {
        /// The program.
        name: &'static str,
        /// Its package.
        package: &'static str,
    },
    /// A module of Python's, and the Debian package that brings it.
    Module {
        /// The module.
        name: &'static str,
        /// Its package.
        package: &'static str,
    },
    /// A component of the Rust toolchain, and the program that shows it is there.
    Component {
        /// The component.
        name: &'static str,
        /// Its program.
        program: &'static str,
    },
}

/// The C compiler that builds the laboratory's SQLite.
pub(crate) const CC: Need = Need::Program {
    name: "cc",
    package: "gcc",
};
/// The C++ compiler that builds the fuzzer's runtime.
pub(crate) const CXX: Need = Need::Program {
    name: "c++",
    package: "g++",
};
/// Python, which runs the reference port.
pub(crate) const PYTHON: Need = Need::Program {
    name: "python3",
    package: "python3",
};
/// Redis. Debian keeps the program in this package under this name; `redis-server` is a link to it
/// and a system service, which would hold Redis's usual port on a developer's machine.
pub(crate) const REDIS: Need = Need::Program {
    name: "redis-check-rdb",
    package: "redis-tools",
};
/// memcached. Its package starts a system service on memcached's usual port.
pub(crate) const MEMCACHED: Need = Need::Program {
    name: "memcached",
    package: "memcached",
};
/// pip, which brings Valkey.
pub(crate) const PIP: Need = Need::Program {
    name: "pip3",
    package: "python3-pip",
};
/// What makes environments of Python's packages; without this module they come without pip.
pub(crate) const VENV: Need = Need::Module {
    name: "ensurepip",
    package: "python3-venv",
};
/// OpenSSL, which makes the servers' certificates.
pub(crate) const OPENSSL: Need = Need::Program {
    name: "openssl",
    package: "openssl",
};
/// `cargo fmt`.
pub(crate) const RUSTFMT: Need = Need::Component {
    name: "rustfmt",
    program: "rustfmt",
};
/// `cargo clippy`.
pub(crate) const CLIPPY: Need = Need::Component {
    name: "clippy",
    program: "cargo-clippy",
};

impl Need {
    fn is_met(self) -> bool {
        match self {
            Self::Program { name, .. } => has_program(name),
            Self::Module { name, .. } => {
                let import = format!("import {name}");
                said("python3", &["-c", &import]).is_some()
            }
            // rustup puts a proxy on the path whether or not the component is there.
            Self::Component { program, .. } => said(program, &["--version"]).is_some(),
        }
    }

    /// The line that brings it.
    fn install_line(self) -> String {
        match self {
            Self::Program { package, .. } | Self::Module { package, .. } => {
                format!("apt-get install --yes {package}")
            }
            Self::Component { name, .. } => format!("rustup component add {name}"),
        }
    }
}

/// Who may install packages here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rights {
    Root,
    Sudo,
    None,
}

/// Brings what these stages lack, where this user may.
///
/// # Errors
/// [`Problem::Needs`] with the lines to run, if anything is still lacking then.
pub(crate) fn set_up<'s>(stages: impl IntoIterator<Item = &'s Stage>) -> Result<(), Problem> {
    let lacking = lacking(stages);
    if lacking.is_empty() {
        return Ok(());
    }
    let rights = rights();
    for line in lines(&lacking, rights) {
        eprintln!("setting up: {line}");
        let mut words = line.split_whitespace();
        let started = Command::new(words.next().unwrap_or_default())
            .args(words)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(std::io::stderr())
            .status();
        if let Err(error) = started {
            eprintln!("{line}: could not be started: {error}");
        }
    }
    let still: Vec<_> = lacking.into_iter().filter(|need| !need.is_met()).collect();
    if still.is_empty() {
        return Ok(());
    }
    let by_hand = if rights == Rights::Root {
        Rights::Root
    } else {
        Rights::Sudo
    };
    let lines: Vec<_> = still.iter().map(|need| line(*need, by_hand)).collect();
    Err(Problem::Needs(lines.join("\n")))
}

fn lacking<'s>(stages: impl IntoIterator<Item = &'s Stage>) -> Vec<Need> {
    let mut lacking = Vec::new();
    for need in stages.into_iter().flat_map(|stage| &stage.needs) {
        if !lacking.contains(need) && !need.is_met() {
            lacking.push(*need);
        }
    }
    lacking
}

/// The lines this user may run to bring what is lacking, the package list's renewal first.
fn lines(lacking: &[Need], rights: Rights) -> Vec<String> {
    let is_package = |need: &Need| !matches!(need, Need::Component { .. });
    let allowed = |need: &&Need| !is_package(need) || rights != Rights::None;
    let mut lines: Vec<_> = lacking
        .iter()
        .filter(allowed)
        .map(|need| line(*need, rights))
        .collect();
    if rights != Rights::None && lacking.iter().any(is_package) {
        lines.insert(0, with_rights("apt-get update", rights));
    }
    lines
}

fn line(need: Need, rights: Rights) -> String {
    match need {
        Need::Program { .. } | Need::Module { .. } => with_rights(&need.install_line(), rights),
        Need::Component { .. } => need.install_line(),
    }
}

fn with_rights(line: &str, rights: Rights) -> String {
    match rights {
        Rights::Sudo => format!("sudo -n {line}"),
        Rights::Root | Rights::None => line.to_owned(),
    }
}

fn rights() -> Rights {
    if !has_program("apt-get") {
        Rights::None
    } else if said("id", &["-u"]).is_some_and(|id| id.trim() == "0") {
        Rights::Root
    } else if said("sudo", &["-n", "true"]).is_some() {
        Rights::Sudo
    } else {
        Rights::None
    }
}

#[cfg(test)]
mod tests {
    use super::super::Work;
    use super::*;

    const ABSENT: Need = Need::Program {
        name: "no-such-program-anywhere",
        package: "nosuch",
    };

    #[test]
    fn only_what_is_lacking_is_asked_for_and_only_once() {
        let stage = || Stage::new("s", Work::Settled(String::new()));
        let stages = [
            stage().needing(&[ABSENT, RUSTFMT]),
            stage().needing(&[ABSENT]),
        ];
        assert_eq!(lacking(&stages), [ABSENT]);
    }

    #[test]
    fn lines_fit_who_may_do_what() {
        let both = [ABSENT, CLIPPY];
        assert_eq!(
            lines(&both, Rights::Root),
            [
                "apt-get update",
                "apt-get install --yes nosuch",
                "rustup component add clippy"
            ]
        );
        assert_eq!(
            lines(&both, Rights::Sudo)[1],
            "sudo -n apt-get install --yes nosuch"
        );
        assert_eq!(lines(&both, Rights::None), ["rustup component add clippy"]);
        assert_eq!(
            lines(&[CLIPPY], Rights::Root),
            ["rustup component add clippy"]
        );
    }
}
